//! Small balanced vertex separators of road networks.
//!
//! Nodes are sorted along a direction; the first and the last few are where a [`FlowCutter`] begins, and the best cut of
//! several directions is taken. Gottesbueren, Hamann, Uhl, Wagner: "Faster and Better Nested Dissection Orders for Customizable
//! Contraction Hierarchies" (Algorithms 12(9), 2019).

use rayon::prelude::*;

use super::flow_cutter::FlowCutter;
use crate::graph::num::row;

/// Directions along which nodes are sorted, each cut from both ends.
const DIRECTIONS: [(i64, i64); 4] = [(1, 0), (0, 1), (1, 1), (1, -1)];
/// One over the share of nodes that are sources at first, and that are sinks.
const END_SHARE: usize = 20;
/// One over the share of nodes that the smaller side should have.
const FAIR_SHARE: usize = 5;
/// Parts of at least so many nodes are cut along several directions at once.
const PARALLEL_NODES: usize = 1_000;

/// A connected part of the graph with nodes of its own numbering.
pub(crate) struct Part {
    /// The nodes of the whole graph that these are.
    pub(crate) ids: Vec<u32>,
    /// Positions in a plane with about equal scales.
    pub(crate) positions: Vec<(i64, i64)>,
    /// Neighbours of node `v`: `neighbours[first[v]..first[v + 1]]`, each once, never `v` itself.
    pub(crate) first: Vec<u32>,
    pub(crate) neighbours: Vec<u32>,
}

impl Part {
    pub(crate) fn n(&self) -> usize {
        self.ids.len()
    }

    pub(crate) fn neighbours(&self, node: u32) -> &[u32] {
        let node = node as usize;
        &self.neighbours[self.first[node] as usize..self.first[node + 1] as usize]
    }
}

/// Where a node lies.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Side {
    Left,
    Right,
    Separator,
}

/// The best separator found: the side of each node. `None` if no direction gives two sides that are not
/// empty and a separator within bounds.
pub(crate) fn separate(part: &Part) -> Option<Vec<Side>> {
    let n_ends = (part.n() / END_SHARE).max(1);
    let along = |direction: (i64, i64)| {
        let mut nodes: Vec<u32> = (0..row(part.n())).collect();
        nodes.sort_by_key(|&node| {
            let (x, y) = part.positions[node as usize];
            (x * direction.0 + y * direction.1, node)
        });
        FlowCutter::new(part, &nodes, n_ends).run()
    };
    let found: Vec<_> = if part.n() >= PARALLEL_NODES {
        DIRECTIONS.into_par_iter().map(along).collect()
    } else {
        DIRECTIONS.into_iter().map(along).collect()
    };
    // Of equally good ones the first.
    let better = |a: Cut, b: Cut| if b.score.beats(a.score) { b } else { a };
    found.into_iter().flatten().reduce(better).map(|cut| cut.sides)
}

/// A cut and how good it is.
pub(super) struct Cut {
    pub(super) score: Score,
    pub(super) sides: Vec<Side>,
}

/// How bad a cut is: three times as many nodes in it are worth it if the smaller side is then 5.2 times as large. The exponent
/// 2/3 gave the smallest labels on the maps at hand, and fewer levels than 1.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Score(f64);

impl Score {
    /// Of a cut of `n_cut` of `n` nodes that leaves `n_smaller` on the smaller side.
    #[expect(clippy::cast_precision_loss, reason = "fewer than 2^32 nodes")]
    pub(super) fn of(n: usize, n_cut: usize, n_smaller: usize) -> Self {
        let (cut, smaller, fair) = (n_cut.max(1) as f64, n_smaller as f64, (n / FAIR_SHARE) as f64);
        // Only operations that are rounded alike on all machines. What is left of a lopsided cut has to be cut once more.
        let lopsided = (fair / smaller).max(1.0);
        let lopsided = lopsided * lopsided * lopsided;
        Self(cut * cut * cut / (smaller * smaller) * lopsided * lopsided)
    }

    pub(super) fn beats(self, other: Self) -> bool {
        self.0 < other.0
    }
}
