//! Where there certainly is no way, whatever the times are.
//!
//! Labels do not tell "no way" from "too far", and the elimination tree, which does, takes a hundred times as long. Nearly all pairs
//! without a way have an end on a stub of road that can be entered and not left, or left and not entered. So for every node is noted
//! whether it reaches one node in the middle of the map, and whether that one reaches it. Who does not reach it reaches nobody who
//! does, and whom it does not reach is reached by nobody whom it does reach. Changed times open no way that the graph does not have.

use crate::graph::csr::Graph;

/// By node: the bits [`REACHES`] and [`REACHED`].
#[derive(Debug, Default)]
pub(super) struct Ways(Vec<u8>);

/// Reaches the middle.
const REACHES: u8 = 1;
/// Is reached from the middle.
const REACHED: u8 = 2;
/// The top of the elimination tree: in the middle of the largest separator.
const MIDDLE: u32 = 0;

impl Ways {
    /// O(nodes + arcs).
    pub(super) fn new(graph: &Graph) -> Self {
        let mut ways = Self(vec![0; graph.n_nodes()]);
        if graph.n_nodes() > 0 {
            ways.mark(REACHES, |node, open| open.extend(graph.in_arcs(node).map(|arc| arc.tail)));
            ways.mark(REACHED, |node, open| {
                open.extend(graph.out_arcs(node).iter().map(|arc| arc.head));
            });
        }
        ways
    }

    /// Sets a bit for all nodes that the middle leads to by `neighbours`, which appends those of a node.
    fn mark(&mut self, bit: u8, neighbours: impl Fn(u32, &mut Vec<u32>)) {
        let mut open = vec![MIDDLE];
        while let Some(node) = open.pop() {
            let bits = &mut self.0[node as usize];
            if *bits & bit == 0 {
                *bits |= bit;
                neighbours(node, &mut open);
            }
        }
    }

    /// Whether there certainly is no way. `false` says nothing.
    pub(super) fn none(&self, from: u32, to: u32) -> bool {
        let (from, to) = (self.0[from as usize], self.0[to as usize]);
        (!from & to & REACHES) != 0 || (from & !to & REACHED) != 0
    }

    /// Bytes held.
    pub(super) const fn bytes(&self) -> usize {
        self.0.len()
    }
}
