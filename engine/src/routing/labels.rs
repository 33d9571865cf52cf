//! Dense tree labels: for every node its times to and from each of its ancestors, the root first.
//!
//! A fastest path goes up and comes down again, and its highest node is an ancestor of both ends; so a query is the
//! least sum over the common part of two rows. Slots below the common ancestor mean different nodes and must not be
//! looked at. Idea: H2H (Ouyang et al., SIGMOD 2018), on the hierarchy of arXiv 1402.0402.
//!
//! Dead ends (leaves with one way up) have no row: theirs is that of the parent, and a time that is added. Only a query
//! from such a node to itself would need more, and that is zero.

use super::NEVER;
use super::ancestors::Ancestors;
use super::bundle::Flow;
use super::topology::Topology;
use super::weights::Weights;
use crate::graph::num::row;

/// Rows of times for all nodes.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Labels {
    /// The row of node `v` begins at its first slot and has as many slots as it has ancestors; one more for the node
    /// itself, always 0, unless it is a dead end.
    up_ms: Vec<u32>,
    /// From the ancestor at each depth.
    down_ms: Vec<u32>,
    /// What to add to all slots, up and down: the way to the parent of a dead end, 0 for other nodes.
    extra_ms: Vec<[u32; 2]>,
}

impl Labels {
    /// Bytes that labels of this tree would take.
    pub(crate) fn bytes_needed(topology: &Topology, ancestors: &Ancestors) -> u64 {
        (ancestors.n_slots() as u64 + topology.n_nodes() as u64) * 8
    }

    /// Fills all rows from the root down. The caller has checked that slots can be numbered by `u32`.
    pub(crate) fn new(topology: &Topology, ancestors: &Ancestors, weights: &Weights) -> Self {
        let n_slots = ancestors.n_slots();
        let mut labels = Self {
            up_ms: vec![0; n_slots],
            down_ms: vec![0; n_slots],
            extra_ms: vec![[0; 2]; topology.n_nodes()],
        };
        for node in 0..row(topology.n_nodes()) {
            labels.fill(topology, ancestors, weights, node);
        }
        labels
    }

    /// The labels of other weights, from those of these: only rows that can have changed are filled again. Cost: a copy, and
    /// what [`Labels::new`] costs for the nodes below the changes. Also the number of rows filled.
    pub(crate) fn updated(
        &self,
        topology: &Topology,
        ancestors: &Ancestors,
        (old, new): (&Weights, &Weights),
    ) -> (Self, usize) {
        let mut labels = Self {
            up_ms: vec![0; self.up_ms.len()],
            down_ms: vec![0; self.down_ms.len()],
            extra_ms: self.extra_ms.clone(),
        };
        let mut n_filled = 0;
        let mut has_changed = vec![false; topology.n_nodes()];
        for node in 0..topology.n_nodes() {
            let rows = topology.up_rows(row(node));
            let mut above = topology.up[rows.clone()].iter();
            let slots = slots(topology, ancestors, row(node));
            if !new.differ(old, rows) && !above.any(|&upper| has_changed[upper as usize]) {
                labels.up_ms[slots.clone()].copy_from_slice(&self.up_ms[slots.clone()]);
                labels.down_ms[slots.clone()].copy_from_slice(&self.down_ms[slots]);
                continue;
            }
            n_filled += 1;
            labels.fill(topology, ancestors, new, row(node));
            // Dead ends have nobody below them.
            has_changed[node] = labels.up_ms[slots.clone()] != self.up_ms[slots.clone()]
                || labels.down_ms[slots.clone()] != self.down_ms[slots];
        }
        (labels, n_filled)
    }

    /// The row of a node from those of its upper neighbours.
    fn fill(&mut self, topology: &Topology, ancestors: &Ancestors, weights: &Weights, node: u32) {
        let edges = topology.up_rows(node);
        if ancestors.is_dead_end(node) {
            self.extra_ms[node as usize] = weights.both_ms(edges.start);
            return;
        }
        let start = ancestors.first_slot(node);
        let (up_above, up_below) = self.up_ms.split_at_mut(start);
        let (down_above, down_below) = self.down_ms.split_at_mut(start);
        let own = topology.depth[node as usize] as usize;
        // The lowest upper neighbour is the parent: its row is as long as that of the node but for the last slot.
        let mut is_first = true;
        for edge in edges.rev() {
            let slots = slots(topology, ancestors, topology.up[edge]);
            let [up, down] = weights.both_ms(edge);
            let relax: fn(&mut [u32], &[u32], u32) = if is_first { begin } else { relax };
            relax(&mut up_below[..own], &up_above[slots.clone()], up);
            relax(&mut down_below[..own], &down_above[slots], down);
            is_first = false;
        }
        up_below[own] = 0;
        down_below[own] = 0;
    }

    /// The first `n` slots from `first` on.
    #[inline]
    pub(crate) fn slots(&self, flow: Flow, first: usize, n: usize) -> &[u32] {
        match flow {
            Flow::Up => &self.up_ms[first..first + n],
            Flow::Down => &self.down_ms[first..first + n],
        }
    }

    /// What to add to the slots of a node.
    #[inline]
    pub(crate) fn extra_ms(&self, flow: Flow, node: u32) -> u32 {
        self.extra_ms[node as usize][flow as usize]
    }

    /// Bytes held.
    pub(crate) fn bytes(&self) -> usize {
        (self.up_ms.len() + self.extra_ms.len()) * 8
    }
}

/// The slots of a node that has a row; none for a dead end.
fn slots(topology: &Topology, ancestors: &Ancestors, node: u32) -> std::ops::Range<usize> {
    let start = ancestors.first_slot(node);
    if ancestors.is_dead_end(node) {
        return start..start;
    }
    start..start + topology.depth[node as usize] as usize + 1
}

/// `to[i] = from[i] + ms`, cut at [`NEVER`].
fn begin(to: &mut [u32], from: &[u32], ms: u32) {
    for (to, &from) in to.iter_mut().zip(from) {
        *to = from.wrapping_add(ms).cast_signed().min(NEVER.cast_signed()).cast_unsigned();
    }
}

/// `to[i] = min(to[i], from[i] + ms)`; sums stay below 2 x [`NEVER`] and results never rise above it.
fn relax(to: &mut [u32], from: &[u32], ms: u32) {
    for (to, &from) in to.iter_mut().zip(from) {
        // Cannot wrap; said in a way that needs no check for each slot, so that the loop is vectorised.
        let sum = from.wrapping_add(ms).cast_signed();
        *to = to.cast_signed().min(sum).cast_unsigned();
    }
}

/// Slots that are looked at together.
const BLOCK: usize = 8;

/// The least `up[i] + down[i]`, possibly above [`NEVER`]; rows must be equally long and not empty.
///
/// Sums are below 2^31, so signed comparison is right, and the instruction sets that every machine has can do that. The
/// last slots that fill no block are looked at as part of a block that overlaps the one before: no loop over single slots,
/// whose length would be guessed wrong.
#[inline]
pub(crate) fn least_sum(up: &[u32], down: &[u32]) -> u32 {
    let (Some(last_up), Some(last_down)) = (up.last_chunk(), down.last_chunk()) else {
        let sums = up.iter().zip(down).map(|(up, down)| up.wrapping_add(*down).cast_signed());
        return sums.fold(i32::MAX, i32::min).cast_unsigned();
    };
    let mut least = sums(last_up, last_down);
    for (up, down) in up.as_chunks().0.iter().zip(down.as_chunks().0) {
        let sums = sums(up, down);
        for lane in 0..BLOCK {
            least[lane] = least[lane].min(sums[lane]);
        }
    }
    let [a, b, c, d, e, f, g, h] = least;
    let halves = [a.min(e), b.min(f), c.min(g), d.min(h)];
    halves[0].min(halves[2]).min(halves[1].min(halves[3])).cast_unsigned()
}

#[inline(always)]
fn sums(up: &[u32; BLOCK], down: &[u32; BLOCK]) -> [i32; BLOCK] {
    std::array::from_fn(|lane| up[lane].wrapping_add(down[lane]).cast_signed())
}
