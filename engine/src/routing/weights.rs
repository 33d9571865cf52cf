//! Times of shortcuts: customisation for one set of arc times.
//!
//! Basic customisation (arXiv 1402.0402, section 5): every shortcut starts with the fastest arc between its ends, then
//! lower triangles are relaxed from the lowest node up. What made a shortcut as fast as it is (an arc or the node in the
//! middle) is kept, so that paths can be unpacked.

use super::NEVER;
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
    /// Two shortcuts that meet in a lower node.
    Middle(u32),
}

/// An [`Origin`] in four bytes: the highest bit marks a middle node.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Packed(u32);

impl Packed {
    const NOTHING: Self = Self(u32::MAX);
    const MIDDLE: u32 = 1 << 31;

    fn unpack(self) -> Origin {
        match self.0 {
            u32::MAX => Origin::Nothing,
            node if node & Self::MIDDLE != 0 => Origin::Middle(node & !Self::MIDDLE),
            arc => Origin::Arc(arc),
        }
    }
}

/// Times of all edges of a [`Topology`], by its rows.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Weights {
    /// From the lower node to the upper one; [`NEVER`] if there is no way.
    pub(crate) up_ms: Vec<u32>,
    /// From the upper node to the lower one.
    pub(crate) down_ms: Vec<u32>,
    up_origin: Vec<Packed>,
    down_origin: Vec<Packed>,
}

impl Weights {
    /// Customises. The arcs of `graph` must be among the edges that `topology` was made of.
    pub(crate) fn new(topology: &Topology, graph: &Graph) -> Self {
        let n_edges = topology.up.len();
        let mut weights = Self {
            up_ms: vec![NEVER; n_edges],
            down_ms: vec![NEVER; n_edges],
            up_origin: vec![Packed::NOTHING; n_edges],
            down_origin: vec![Packed::NOTHING; n_edges],
        };
        weights.take_arcs(topology, graph);
        for node in (0..topology.n_nodes()).rev() {
            weights.relax_triangles(topology, row(node));
        }
        weights
    }

    fn take_arcs(&mut self, topology: &Topology, graph: &Graph) {
        for (idx, arc) in graph.arcs().iter().enumerate() {
            let upward = arc.head < arc.tail;
            let (lower, upper) = if upward { (arc.tail, arc.head) } else { (arc.head, arc.tail) };
            let Some(edge) = topology.edge(lower, upper) else { continue };
            let (ms, origin) = if upward {
                (&mut self.up_ms, &mut self.up_origin)
            } else {
                (&mut self.down_ms, &mut self.down_origin)
            };
            // Strictly: of equal arcs the first in the order of the graph stays.
            if arc.time < ms[edge] {
                ms[edge] = arc.time;
                origin[edge] = Packed(row(idx));
            }
        }
    }

    /// Relaxes the edges between all pairs of upper neighbours of a node whose own edges are final.
    fn relax_triangles(&mut self, topology: &Topology, node: u32) {
        let rows = topology.up_rows(node);
        let middle = Packed(node | Packed::MIDDLE);
        for lower_row in rows.clone() {
            let (up_lower, down_lower) = (self.up_ms[lower_row], self.down_ms[lower_row]);
            let mut edge = topology.up_rows(topology.up[lower_row]).start;
            for upper_row in rows.start..lower_row {
                let upper = topology.up[upper_row];
                // Upper neighbours of a node are neighbours of one another, so this ends inside the list.
                while topology.up[edge] < upper {
                    edge += 1;
                }
                // lower -> node -> upper, and upper -> node -> lower.
                let up = down_lower + self.up_ms[upper_row];
                if up < self.up_ms[edge] {
                    self.up_ms[edge] = up;
                    self.up_origin[edge] = middle;
                }
                let down = self.down_ms[upper_row] + up_lower;
                if down < self.down_ms[edge] {
                    self.down_ms[edge] = down;
                    self.down_origin[edge] = middle;
                }
            }
        }
    }

    /// What the edge stands for from its lower to its upper node.
    pub(crate) fn up_origin(&self, edge: usize) -> Origin {
        self.up_origin[edge].unpack()
    }

    /// What the edge stands for from its upper to its lower node.
    pub(crate) fn down_origin(&self, edge: usize) -> Origin {
        self.down_origin[edge].unpack()
    }

    /// Bytes held.
    pub(crate) fn bytes(&self) -> usize {
        self.up_ms.len() * 16
    }
}
