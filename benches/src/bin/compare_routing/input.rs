//! The graph that all engines get, and the questions that all are asked.

use std::cmp::Reverse;
use std::collections::BinaryHeap;

use anyhow::{Result, bail};
use sharxi_benches::is_alone_at_junction;
use sharxi_engine::ids::NodeId;
use sharxi_engine::oracle::Location;
use sharxi_engine::region::Region;

/// Targets and sources of matrices.
pub(crate) const MANY: usize = 1_000;
/// "Local": among so many nodes nearest in time.
const NEAR: usize = 16_384;
/// Sources of single queries.
const SOURCES: usize = 200;

/// "No way".
pub(crate) const NEVER: u32 = u32::MAX;

/// The graph as `sharxi region export` writes it.
pub(crate) struct Exported {
    pub(crate) tail: Vec<u32>,
    pub(crate) head: Vec<u32>,
    pub(crate) ms: Vec<u32>,
    pub(crate) lat: Vec<f32>,
    pub(crate) lon: Vec<f32>,
    /// Arcs by tail: `first[v]..first[v + 1]`.
    first: Vec<usize>,
}

/// From, to, and the right answer.
pub(crate) type Query = (u32, u32, u32);

/// What is asked.
pub(crate) struct Questions {
    pub(crate) random: Vec<Query>,
    pub(crate) local: Vec<Query>,
    /// Sources and targets of the matrices, by name.
    pub(crate) matrices: [(&'static str, Vec<u32>, Vec<u32>); 2],
}

impl Exported {
    #[expect(clippy::cast_possible_truncation, reason = "degrees as the peers want them")]
    pub(crate) fn of(region: &Region) -> Self {
        let points = (0..region.n_nodes()).map(|node| region.node_point(node_id(node)));
        let (lat, lon) = points.map(|p| (p.lat() as f32, p.lon() as f32)).unzip();
        let tail: Vec<u32> = region.arcs().map(|arc| arc.tail.get()).collect();
        let first = (0..=region.n_nodes()).map(|v| tail.partition_point(|&t| (t as usize) < v));
        Self {
            first: first.collect(),
            head: region.arcs().map(|arc| arc.head.get()).collect(),
            ms: region.arcs().map(|arc| arc.time.get()).collect(),
            tail,
            lat,
            lon,
        }
    }

    pub(crate) fn n(&self) -> usize {
        self.lat.len()
    }

    /// Times from a node to all, and the nodes in order of time.
    pub(crate) fn dijkstra(&self, source: u32) -> (Vec<u32>, Vec<u32>) {
        let mut times = vec![NEVER; self.n()];
        let mut settled = Vec::new();
        let mut queue = BinaryHeap::from([Reverse((0, source))]);
        while let Some(Reverse((ms, node))) = queue.pop() {
            if times[node as usize] != NEVER {
                continue;
            }
            times[node as usize] = ms;
            settled.push(node);
            for arc in self.first[node as usize]..self.first[node as usize + 1] {
                queue.push(Reverse((ms + self.ms[arc], self.head[arc])));
            }
        }
        (times, settled)
    }
}

impl Questions {
    /// So many single queries of each kind, from 200 sources, in random order. Nodes that share a junction with another one are not
    /// asked for: as ends of a trip they mean more than one node of the graph, see [`Region::start_node`].
    pub(crate) fn new(region: &Region, graph: &Exported, n_queries: usize) -> Self {
        let is_alone = |&node: &u32| is_alone_at_junction(region, node_id(node as usize));
        let alone: Vec<u32> =
            (0..region.n_nodes()).map(|n| node_id(n).get()).filter(is_alone).collect();
        let mut random = Random(0x9E37_79B9_7F4A_7C15);
        let (mut far, mut near) = (Vec::new(), Vec::new());
        let n_sources = SOURCES.min(n_queries.max(1));
        for _ in 0..n_sources {
            let source = alone[random.below(alone.len()) as usize];
            let (times, mut settled) = graph.dijkstra(source);
            settled.retain(is_alone);
            for _ in 0..n_queries / n_sources {
                let to = alone[random.below(alone.len()) as usize];
                far.push((source, to, times[to as usize]));
                let to = settled[random.below(settled.len().min(NEAR)) as usize];
                near.push((source, to, times[to as usize]));
            }
        }
        for queries in [&mut far, &mut near] {
            for i in (1..queries.len()).rev() {
                queries.swap(i, random.below(i + 1) as usize);
            }
        }
        let anywhere: Vec<u32> =
            (0..2 * MANY).map(|_| alone[random.below(alone.len()) as usize]).collect();
        let (_, mut settled) = graph.dijkstra(anywhere[0]);
        settled.retain(is_alone);
        let around = &settled[..settled.len().min(NEAR)];
        let close: Vec<u32> =
            (0..2 * MANY).map(|_| around[random.below(around.len()) as usize]).collect();
        let halves = |nodes: &[u32]| (nodes[..MANY].to_vec(), nodes[MANY..].to_vec());
        let ((far_s, far_t), (near_s, near_t)) = (halves(&anywhere), halves(&close));
        let matrices = [("random", far_s, far_t), ("local", near_s, near_t)];
        Self { random: far, local: near, matrices }
    }
}

/// Seeded numbers (SplitMix64, Steele et al. 2014).
pub(crate) struct Random(pub(crate) u64);

impl Random {
    pub(crate) fn below(&mut self, n: usize) -> u32 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let z = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        let z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        u32::try_from((z ^ (z >> 31)) % n.max(1) as u64).unwrap_or(0)
    }
}

/// A node as the engine calls it.
pub(crate) fn node_id(node: usize) -> NodeId {
    NodeId::new(u32::try_from(node).unwrap_or(u32::MAX))
}

/// A node as a place.
pub(crate) fn at(node: u32) -> Location {
    Location::Node(NodeId::new(node))
}

/// Stops with a message unless every answer is right.
pub(crate) fn check(
    who: &str,
    queries: &[Query],
    mut answer: impl FnMut(u32, u32) -> u32,
) -> Result<()> {
    let wrong = queries.iter().filter(|&&(from, to, ms)| answer(from, to) != ms).count();
    if wrong > 0 {
        bail!("{who}: {wrong} of {} answers differ from Dijkstra's", queries.len());
    }
    Ok(())
}
