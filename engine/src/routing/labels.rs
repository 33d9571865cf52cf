//! Dense tree labels: for every node its times to and from each of its ancestors, the root first.
//!
//! A fastest path goes up and comes down again, and its highest node is an ancestor of both ends; so a query is the
//! least sum over the common part of two rows. Slots below the common ancestor mean different nodes and must not be
//! looked at. Idea: H2H (Ouyang et al., SIGMOD 2018), on the hierarchy of arXiv 1402.0402.

use super::NEVER;
use super::topology::Topology;
use super::weights::Weights;
use crate::graph::num::row;

/// Rows of times for all nodes.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Labels {
    /// The row of node `v` is `[first[v]..first[v] + depth(v) + 1]` of both tables.
    first: Vec<u32>,
    /// To the ancestor at each depth; the last slot is the node itself, 0.
    up_ms: Vec<u32>,
    /// From the ancestor at each depth.
    down_ms: Vec<u32>,
}

impl Labels {
    /// Bytes that labels of this tree would take.
    pub(crate) fn bytes_needed(topology: &Topology) -> u64 {
        let slots: u64 = topology.depth.iter().map(|&depth| u64::from(depth) + 1).sum();
        slots * 8 + topology.n_nodes() as u64 * 4
    }

    /// Fills all rows from the root down. The caller has checked that slots can be numbered by `u32`.
    pub(crate) fn new(topology: &Topology, weights: &Weights) -> Self {
        let mut first = Vec::with_capacity(topology.n_nodes() + 1);
        let mut n_slots = 0;
        for &depth in &topology.depth {
            first.push(row(n_slots));
            n_slots += depth as usize + 1;
        }
        first.push(row(n_slots));
        let mut labels = Self { first, up_ms: vec![NEVER; n_slots], down_ms: vec![NEVER; n_slots] };
        for node in 0..topology.n_nodes() {
            labels.fill(topology, weights, row(node));
        }
        labels
    }

    /// The row of a node from those of its upper neighbours.
    fn fill(&mut self, topology: &Topology, weights: &Weights, node: u32) {
        let start = self.first[node as usize] as usize;
        let (up_above, up_below) = self.up_ms.split_at_mut(start);
        let (down_above, down_below) = self.down_ms.split_at_mut(start);
        for edge in topology.up_rows(node) {
            let upper = topology.up[edge];
            let slots = slots(&self.first, topology, upper);
            relax(up_below, &up_above[slots.clone()], weights.up_ms[edge]);
            relax(down_below, &down_above[slots], weights.down_ms[edge]);
        }
        let own = topology.depth[node as usize] as usize;
        up_below[own] = 0;
        down_below[own] = 0;
    }

    /// Times from `node` to its ancestors down to `depth`.
    pub(crate) fn up(&self, node: u32, depth: u32) -> &[u32] {
        let start = self.first[node as usize] as usize;
        &self.up_ms[start..=start + depth as usize]
    }

    /// Times to `node` from its ancestors down to `depth`.
    pub(crate) fn down(&self, node: u32, depth: u32) -> &[u32] {
        let start = self.first[node as usize] as usize;
        &self.down_ms[start..=start + depth as usize]
    }

    /// Bytes held.
    pub(crate) fn bytes(&self) -> usize {
        self.up_ms.len() * 8 + self.first.len() * 4
    }
}

fn slots(first: &[u32], topology: &Topology, node: u32) -> std::ops::Range<usize> {
    let start = first[node as usize] as usize;
    start..start + topology.depth[node as usize] as usize + 1
}

/// `to[i] = min(to[i], from[i] + ms)`; sums stay below 2 x [`NEVER`] and results never rise above it.
pub(crate) fn relax(to: &mut [u32], from: &[u32], ms: u32) {
    for (to, &from) in to.iter_mut().zip(from) {
        // Cannot wrap; said in a way that needs no check for each slot, so that the loop is vectorised.
        *to = (*to).min(from.wrapping_add(ms));
    }
}

/// The least `up[i] + down[i]`, possibly above [`NEVER`]; rows must be equally long and not empty.
///
/// Sums are below 2^31, so signed comparison is right, and the instruction sets that every machine has can do that.
#[inline]
pub(crate) fn least_sum(up: &[u32], down: &[u32]) -> u32 {
    let sums = up.iter().zip(down).map(|(up, down)| up.wrapping_add(*down).cast_signed());
    sums.fold(i32::MAX, i32::min).cast_unsigned()
}
