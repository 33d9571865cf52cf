//! Times of shortcuts: customisation for one set of arc times.
//!
//! Basic customisation (arXiv 1402.0402, section 5): every shortcut starts with the fastest arc between its ends, then
//! lower triangles are relaxed from the lowest node up. Here each node gathers the lower triangles of all its edges at
//! once, in a table by upper end: nothing has to be looked for, and what is written is written once. What made a
//! shortcut as fast as it is (an arc or the node in the middle) is kept, so that paths can be unpacked.

use super::NEVER;
use super::bundle::Flow;
use super::topology::{Below, Topology};
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

/// A time and what it comes from as one number: the least of several is the shortest, of equals the first arc or the
/// first row. One comparison does both.
#[inline(always)]
fn join(ms: u32, origin: Packed) -> u64 {
    u64::from(ms) << 32 | u64::from(origin.0)
}

#[expect(clippy::cast_possible_truncation, reason = "the two halves")]
fn split(joined: u64) -> (u32, Packed) {
    ((joined >> 32) as u32, Packed(joined as u32))
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
        let mut best = vec![[0; 2]; topology.n_nodes()];
        for node in (0..topology.n_nodes()).rev() {
            weights.settle(topology, row(node), &mut best);
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

    /// Makes the edges up from a node final, when those of all nodes below are. `best` is room for one entry a node.
    fn settle(&mut self, topology: &Topology, node: u32, best: &mut [[u64; 2]]) {
        let below = topology.below(node);
        if below.is_empty() {
            return;
        }
        let rows = topology.up_rows(node);
        let (own_ms, below_ms) = self.ms[rows.start..].split_at_mut(rows.len());
        let own_origin = &mut self.origin[rows.clone()];
        let uppers = &topology.up[rows.clone()];
        for ((&upper, ms), origin) in uppers.iter().zip(&*own_ms).zip(&*own_origin) {
            best[upper as usize] = [0, 1].map(|flow| join(ms[flow], origin[flow]));
        }
        for &Below { edge, first } in below {
            let (first, end) = (first as usize - rows.end, edge as usize - rows.end);
            let [up, down] = below_ms[end];
            // There are fewer than 2^31 edges.
            let via = Packed(edge | Packed::MIDDLE);
            let via = [join(down, via), join(up, via)];
            let higher = &topology.up[rows.end + first..rows.end + end];
            for (&upper, &[to_upper, from_upper]) in higher.iter().zip(&below_ms[first..end]) {
                // node -> lower -> upper, and upper -> lower -> node. Twice NEVER does not wrap.
                let best = &mut best[upper as usize];
                best[0] = best[0].min(via[0].wrapping_add(join(to_upper, Packed(0))));
                best[1] = best[1].min(via[1].wrapping_add(join(from_upper, Packed(0))));
            }
        }
        for ((&upper, ms), origin) in uppers.iter().zip(own_ms).zip(own_origin) {
            for (flow, best) in best[upper as usize].into_iter().enumerate() {
                (ms[flow], origin[flow]) = split(best);
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
