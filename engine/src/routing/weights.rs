//! Times of shortcuts: customisation for one set of arc times.
//!
//! Basic customisation (arXiv 1402.0402, section 5): every shortcut starts with the fastest arc between its ends, then
//! lower triangles are relaxed from the lowest node up. What made a shortcut as fast as it is (an arc or the node in the
//! middle) is kept, so that paths can be unpacked.

use super::NEVER;
use super::bundle::Flow;
use super::topology::Topology;
use crate::graph::csr::Graph;
use crate::graph::num::row;

/// What a shortcut stands for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Origin {
    /// Nothing: it cannot be driven.
    Nothing,
    /// An arc of the graph.
    Arc(u32),
    /// Two shortcuts that meet in a lower node: the row of the one from there to the lower end. That to the upper end is a
    /// few rows before it.
    Middle(u32),
}

/// An [`Origin`] in four bytes: the highest bit marks a middle.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Packed(u32);

impl Packed {
    const NOTHING: Self = Self(u32::MAX);
    const MIDDLE: u32 = 1 << 31;

    fn unpack(self) -> Origin {
        match self.0 {
            u32::MAX => Origin::Nothing,
            row if row & Self::MIDDLE != 0 => Origin::Middle(row & !Self::MIDDLE),
            arc => Origin::Arc(arc),
        }
    }
}

/// The edge of every arc of a graph; loops have none. The same for all times.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct ArcEdges(Vec<u32>);

impl ArcEdges {
    const NONE: u32 = u32::MAX;

    pub(crate) fn new(topology: &Topology, graph: &Graph) -> Self {
        let edge = |tail: u32, head: u32| topology.edge(tail.max(head), tail.min(head));
        let arcs = graph.arcs().iter();
        Self(arcs.map(|arc| edge(arc.tail, arc.head).map_or(Self::NONE, row)).collect())
    }

    /// Bytes held.
    pub(crate) fn bytes(&self) -> usize {
        self.0.len() * 4
    }
}

/// Times of all edges of a [`Topology`], by its rows; both directions side by side, [`Flow::Up`] first.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Weights {
    /// [`NEVER`] if there is no way.
    ms: Vec<[u32; 2]>,
    origin: Vec<[Packed; 2]>,
}

impl Weights {
    /// Customises. The arcs of `graph` must be among the edges that `topology` was made of. O(triangles).
    pub(crate) fn new(topology: &Topology, graph: &Graph, arc_edges: &ArcEdges) -> Self {
        let n_edges = topology.up.len();
        let mut weights =
            Self { ms: vec![[NEVER; 2]; n_edges], origin: vec![[Packed::NOTHING; 2]; n_edges] };
        weights.take_arcs(graph, arc_edges);
        for node in (0..topology.n_nodes()).rev() {
            weights.relax_triangles(topology, row(node));
        }
        weights
    }

    fn take_arcs(&mut self, graph: &Graph, arc_edges: &ArcEdges) {
        for (idx, (arc, &edge)) in graph.arcs().iter().zip(&arc_edges.0).enumerate() {
            let Some(ms) = self.ms.get_mut(edge as usize) else { continue };
            let flow = usize::from(arc.head > arc.tail);
            // Strictly: of equal arcs the first in the order of the graph stays.
            if arc.time < ms[flow] {
                ms[flow] = arc.time;
                self.origin[edge as usize][flow] = Packed(row(idx));
            }
        }
    }

    /// Relaxes the edges between all pairs of upper neighbours of a node whose own edges are final.
    fn relax_triangles(&mut self, topology: &Topology, node: u32) {
        let rows = topology.up_rows(node);
        // Edges of upper neighbours come before those of the node.
        let (above_ms, own_ms) = self.ms.split_at_mut(rows.start);
        let own_ms = &own_ms[..rows.len()];
        let uppers = &topology.up[rows.clone()];
        for (idx, (&lower, &[to_lower, from_lower])) in
            uppers.iter().zip(own_ms).enumerate().skip(1)
        {
            let beside = topology.up_rows(lower);
            let heads = &topology.up[beside.clone()];
            let ms = &mut above_ms[beside.clone()];
            let origin = &mut self.origin[beside];
            // There are fewer than 2^31 edges.
            let middle = Packed(row(rows.start + idx) | Packed::MIDDLE);
            let mut edge = 0;
            for (&upper, &[to_upper, from_upper]) in uppers[..idx].iter().zip(own_ms) {
                // Upper neighbours of a node are neighbours of one another, so this ends inside the list.
                while heads[edge] < upper {
                    edge += 1;
                }
                // lower -> node -> upper, and upper -> node -> lower. Twice NEVER does not wrap.
                let sums = [from_lower.wrapping_add(to_upper), from_upper.wrapping_add(to_lower)];
                let (ms, origin) = (&mut ms[edge], &mut origin[edge]);
                for flow in 0..2 {
                    if sums[flow] < ms[flow] {
                        ms[flow] = sums[flow];
                        origin[flow] = middle;
                    }
                }
            }
        }
    }

    /// The time along an edge; [`NEVER`] if there is no way.
    #[inline]
    pub(crate) fn ms(&self, flow: Flow, edge: usize) -> u32 {
        self.ms[edge][flow as usize]
    }

    /// The times of an edge, up and down.
    #[inline]
    pub(crate) fn both_ms(&self, edge: usize) -> [u32; 2] {
        self.ms[edge]
    }

    /// What the edge stands for.
    #[inline]
    pub(crate) fn origin(&self, flow: Flow, edge: usize) -> Origin {
        self.origin[edge][flow as usize].unpack()
    }

    /// Whether some edge of these rows takes another time than in `other`.
    pub(crate) fn differ(&self, other: &Self, rows: std::ops::Range<usize>) -> bool {
        self.ms[rows.clone()] != other.ms[rows]
    }

    /// Bytes held.
    pub(crate) fn bytes(&self) -> usize {
        self.ms.len() * 16
    }
}
