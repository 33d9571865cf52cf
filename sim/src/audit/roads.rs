//! The audit's own Dijkstra (1959) on the exported graph.
//!
//! Turn restrictions are in the graph: a junction that has some is several nodes at one place.

use std::cmp::Reverse;
use std::collections::BinaryHeap;

/// A node of the exported graph, `[lat, lon]`.
pub type Node = [f64; 2];

/// An arc of the exported graph; node ids from 1.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Arc {
    /// Where it begins.
    pub tail: u32,
    /// Where it ends.
    pub head: u32,
    /// Travel time in milliseconds.
    pub time_ms: u32,
    /// Length in metres.
    pub length_m: f64,
}

/// The roads by the tail of their arcs.
#[derive(Debug)]
pub struct Roads {
    nodes: Vec<Node>,
    /// Node ids in order of their place.
    by_place: Vec<u32>,
    /// `arcs[first[n] .. first[n + 1]]` leave node n + 1.
    first: Vec<usize>,
    arcs: Vec<Arc>,
}

impl Roads {
    /// Arcs to or from nodes that do not exist are left out.
    #[must_use]
    pub fn new(nodes: &[Node], arcs: &[Arc]) -> Self {
        let exists = |id: u32| id >= 1 && (id as usize) <= nodes.len();
        let known = |arc: &&Arc| exists(arc.tail) && exists(arc.head);
        let mut arcs: Vec<Arc> = arcs.iter().filter(known).copied().collect();
        arcs.sort_by_key(|arc| (arc.tail, arc.head));
        let mut first = vec![0; nodes.len() + 1];
        for arc in &arcs {
            first[arc.tail as usize] += 1;
        }
        for idx in 1..first.len() {
            first[idx] += first[idx - 1];
        }
        let mut by_place: Vec<u32> = (1u32..).take(nodes.len()).collect();
        by_place.sort_by_key(|&id| nodes.get(id as usize - 1).map(place_key));
        Self { nodes: nodes.to_vec(), by_place, first, arcs }
    }

    /// All nodes at the places of `ids`.
    #[must_use]
    pub fn twins(&self, ids: &[u32]) -> Vec<u32> {
        let key = |&id: &u32| self.node(id).as_ref().map(place_key);
        let mut twins = Vec::new();
        for id in ids {
            let begin = self.by_place.partition_point(|other| key(other) < key(id));
            let same = self.by_place[begin..].iter().take_while(|other| key(other) == key(id));
            twins.extend(same);
        }
        twins
    }

    /// Where a node is; `None` if there is no such node.
    #[must_use]
    pub fn node(&self, id: u32) -> Option<Node> {
        self.nodes.get((id as usize).checked_sub(1)?).copied()
    }

    /// Length of the longest arc between two nodes in either direction; `None` if there is none.
    #[must_use]
    pub fn arc_length_m(&self, a: u32, b: u32) -> Option<f64> {
        self.between(a, b).map(|arc| arc.length_m).reduce(f64::max)
    }

    /// Time of the slowest arc between two nodes, in either direction; 0 from a node without loop to itself, `None` if
    /// there is no arc.
    #[must_use]
    pub fn arc_time_ms(&self, a: u32, b: u32) -> Option<u64> {
        let slowest = self.between(a, b).map(|arc| u64::from(arc.time_ms)).max();
        slowest.or_else(|| (a == b && self.node(a).is_some()).then_some(0))
    }

    /// Milliseconds per metre on the fastest arc between two nodes, in either direction; `None` if there is none.
    #[must_use]
    pub fn arc_pace(&self, a: u32, b: u32) -> Option<f64> {
        let pace = |arc: &Arc| f64::from(arc.time_ms) / arc.length_m.max(1.0);
        self.between(a, b).map(pace).reduce(f64::min)
    }

    /// Shortest time from any of `from` to any of `to`, if it is at most `limit_ms`. Stops at the limit.
    #[must_use]
    pub fn time_within(&self, from: &[u32], to: &[u32], limit_ms: u64) -> Option<u64> {
        let mut best = vec![u64::MAX; self.nodes.len() + 1];
        let mut queue = BinaryHeap::new();
        for &node in from.iter().filter(|&&node| self.node(node).is_some()) {
            best[node as usize] = 0;
            queue.push(Reverse((0u64, node)));
        }
        while let Some(Reverse((time_ms, node))) = queue.pop() {
            if limit_ms < time_ms {
                return None;
            }
            if to.contains(&node) {
                return Some(time_ms);
            }
            if best[node as usize] < time_ms {
                continue;
            }
            for arc in self.leaving(node) {
                let next_ms = time_ms + u64::from(arc.time_ms);
                if next_ms < best[arc.head as usize] {
                    best[arc.head as usize] = next_ms;
                    queue.push(Reverse((next_ms, arc.head)));
                }
            }
        }
        None
    }

    fn between(&self, a: u32, b: u32) -> impl Iterator<Item = &Arc> {
        let there = self.leaving(a).iter().filter(move |arc| arc.head == b);
        there.chain(self.leaving(b).iter().filter(move |arc| arc.head == a))
    }

    fn leaving(&self, node: u32) -> &[Arc] {
        let idx = node as usize;
        if idx == 0 || self.nodes.len() < idx {
            return &[];
        }
        &self.arcs[self.first[idx - 1]..self.first[idx]]
    }
}

/// Orders places exactly.
fn place_key(node: &Node) -> [u64; 2] {
    node.map(f64::to_bits)
}
