//! Filling the rows of [`super::labels`], from the root down, independent subtrees on several threads.
//!
//! A row is made of those of the upper neighbours of its node, which are all ancestors. Subtrees have consecutive nodes and so
//! consecutive rows, and beside these they read only rows of nodes above them, of which each gets a copy.

use pulp::NullaryFnOnce;
use rayon::prelude::*;

use super::ancestors::Ancestors;
use super::lanes::{self, Block, LANES, ticks, vectorised};
use super::topology::{Subtree, Topology};
use super::weights::Weights;
use crate::graph::num::Tick;

/// What rows are made of.
#[derive(Clone, Copy)]
pub(super) struct Filling<'a> {
    pub(super) topology: &'a Topology,
    pub(super) ancestors: &'a Ancestors,
    pub(super) weights: &'a Weights,
    pub(super) tick: Tick,
}

/// Copies of the rows of all nodes above a subtree.
#[derive(Default)]
pub(super) struct Above {
    /// By depth, where rows begin.
    first: Vec<usize>,
    rows: [Vec<Block>; 2],
}

/// The rows of a subtree's own nodes, to be compiled for several sets of instructions.
struct OwnNodes<'a, 'b> {
    filling: Filling<'a>,
    subtree: &'a Subtree,
    rows: [&'b mut [Block]; 2],
    above: &'a Above,
}

impl NullaryFnOnce for OwnNodes<'_, '_> {
    type Output = ();

    #[inline(always)]
    fn call(self) {
        let Self { filling, subtree, rows: [up, down], above } = self;
        let start = filling.first_block(subtree.nodes.start);
        for node in subtree.own_nodes().filter(|&node| !filling.ancestors.is_dead_end(node)) {
            let place = filling.first_block(node) - start;
            let (up_before, up) = up.split_at_mut(place);
            let (down_before, down) = down.split_at_mut(place);
            let n = filling.n_blocks(node);
            let before = [&*up_before, &*down_before];
            let rows = [&mut up[..n], &mut down[..n]];
            filling.row_from(node, rows, |upper| {
                let n = filling.n_blocks(upper);
                if upper < subtree.nodes.start {
                    let first = above.first[filling.topology.depth[upper as usize] as usize];
                    above.rows.each_ref().map(|rows| &rows[first..first + n])
                } else {
                    let first = filling.first_block(upper) - start;
                    before.map(|rows| &rows[first..first + n])
                }
            });
        }
    }
}

impl<'a> Filling<'a> {
    /// Fills the rows of a subtree, which are all that `rows` hold and maybe some after them.
    pub(super) fn subtree(self, subtree: &Subtree, rows: [&mut [Block]; 2], above: &Above) {
        let [mut up, mut down] = rows;
        if subtree.nodes.is_empty() {
            return;
        }
        vectorised(OwnNodes { filling: self, subtree, rows: [&mut *up, &mut *down], above });
        let Some(first) = subtree.below.first() else { return };
        let above = self.above(first.nodes.start, subtree.nodes.start, [&*up, &*down], above);
        let mut parts = Vec::with_capacity(subtree.below.len());
        let mut start = self.first_block(subtree.nodes.start);
        for part in &subtree.below {
            // The root of a large subtree is no dead end, so it has a row.
            let skipped = self.first_block(part.nodes.start) - start;
            let n: usize = part.nodes.clone().map(|node| self.n_own_blocks(node)).sum();
            let (part_up, part_down);
            (part_up, up) = up[skipped..].split_at_mut(n);
            (part_down, down) = down[skipped..].split_at_mut(n);
            start += skipped + n;
            parts.push((part, [part_up, part_down]));
        }
        parts.into_par_iter().for_each(|(part, rows)| self.subtree(part, rows, &above));
    }

    /// Fills the rows of one node, given all rows.
    #[inline(always)]
    pub(super) fn row(self, node: u32, all: [&[Block]; 2], rows: [&mut [Block]; 2]) {
        self.row_from(node, rows, |upper| {
            let first = self.first_block(upper);
            all.map(|rows| &rows[first..first + self.n_blocks(upper)])
        });
    }

    /// Fills the rows of a node that is no dead end, from those `of` its upper neighbours.
    #[inline(always)]
    fn row_from<'b>(
        self,
        node: u32,
        mut rows: [&mut [Block]; 2],
        of: impl Fn(u32) -> [&'b [Block]; 2],
    ) {
        // The lowest upper neighbour is the parent: its row is as long as that of the node but for the last slot.
        let mut edges = self.topology.up_rows(node).rev();
        if let Some(edge) = edges.next() {
            let above = of(self.topology.up[edge]);
            for ((mine, above), ms) in rows.iter_mut().zip(above).zip(self.weights.both_ms(edge)) {
                lanes::begin(mine, above, ticks(ms, self.tick));
                // Not reached by the row of the parent.
                mine.iter_mut().skip(above.len()).for_each(|block| *block = Block::FAR);
            }
        } else {
            rows.iter_mut().for_each(|mine| mine.fill(Block::FAR));
        }
        for edge in edges {
            let above = of(self.topology.up[edge]);
            for ((mine, above), ms) in rows.iter_mut().zip(above).zip(self.weights.both_ms(edge)) {
                lanes::relax(mine, above, ticks(ms, self.tick));
            }
        }
        let depth = self.topology.depth[node as usize] as usize;
        rows.into_iter().for_each(|mine| mine[depth / LANES].0[depth % LANES] = 0);
    }

    /// Copies of the rows of all nodes above `node`: of those from `start` on from `rows`, of others from the copies `above`.
    fn above(self, node: u32, start: u32, rows: [&[Block]; 2], above: &Above) -> Above {
        let mut line: Vec<u32> = Vec::new();
        let mut at = node;
        while at > 0 {
            at = self.topology.parent(at);
            line.push(at);
        }
        let mut copies = Above::default();
        for (depth, &node) in line.iter().rev().enumerate() {
            let (first, from) = if node < start {
                (above.first[depth], above.rows.each_ref().map(Vec::as_slice))
            } else {
                (self.first_block(node) - self.first_block(start), rows)
            };
            copies.first.push(copies.rows[0].len());
            for (copies, from) in copies.rows.iter_mut().zip(from) {
                copies.extend_from_slice(&from[first..first + self.n_blocks(node)]);
            }
        }
        copies
    }

    #[inline(always)]
    fn first_block(self, node: u32) -> usize {
        self.ancestors.first_block(node)
    }

    /// Blocks of the row of a node that is no dead end.
    #[inline(always)]
    fn n_blocks(self, node: u32) -> usize {
        lanes::n_blocks(self.topology.depth[node as usize] as usize + 1)
    }

    /// The same; none for a dead end.
    fn n_own_blocks(self, node: u32) -> usize {
        if self.ancestors.is_dead_end(node) { 0 } else { self.n_blocks(node) }
    }
}
