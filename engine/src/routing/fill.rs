//! Filling the rows of [`super::labels`], from the root down, independent subtrees on several threads.
//!
//! A row is made of those of the upper neighbours of its node, which are all ancestors. Subtrees have consecutive nodes and so
//! consecutive rows, and beside these they read only rows of nodes above them, of which each gets a copy.

use pulp::NullaryFnOnce;
use rayon::prelude::*;
use smallvec::SmallVec;

use super::ancestors::Ancestors;
use super::lanes::{self, Block, BlockSet, FAR, LANES, ticks, vectorised};
use super::topology::{Subtree, Topology};
use super::weights::Weights;
use crate::graph::num::{Tick, row};

/// Rows to be brought up to date after other times, to be compiled for several sets of instructions.
pub(super) struct Refill<'a, 'b> {
    pub(super) filling: Filling<'a>,
    pub(super) rows: [&'b mut [Block]; 2],
    /// The nodes of which an edge to an upper neighbour takes another time, ascending.
    pub(super) touched: &'a [u32],
}

/// The rows of the upper neighbours of a node and the times to them, one way.
type Ways<'a> = SmallVec<[(&'a [Block], u16); 24]>;

/// A node, and the blocks of its rows that differ, up and down.
pub(crate) type Refilled = (u32, [BlockSet; 2]);

impl NullaryFnOnce for Refill<'_, '_> {
    type Output = Vec<Refilled>;

    #[inline(always)]
    fn call(self) -> Vec<Refilled> {
        let Self { filling, rows: [up, down], touched } = self;
        let topology = filling.topology;
        let n = row(topology.n_nodes());
        // By node, for those that were looked at; what others hold is never read before it is written.
        let mut changed = vec![[BlockSet::NONE; 2]; topology.n_nodes()];
        let mut touched = touched.iter().copied().peekable();
        let mut refilled = Vec::new();
        let mut node = touched.peek().copied().unwrap_or(n);
        while node < n {
            let uppers = &topology.up[topology.up_rows(node)];
            let above = uppers.iter().fold([BlockSet::NONE; 2], |set, &upper| {
                let changed = changed[upper as usize];
                [set[0] | changed[0], set[1] | changed[1]]
            });
            let is_below_change = above.iter().any(|set| !set.is_empty());
            let is_touched = touched.next_if_eq(&node).is_some();
            let wanted = if is_touched { [BlockSet::ALL; 2] } else { above };
            let mut changes = false;
            if (is_touched || is_below_change) && !filling.ancestors.is_dead_end(node) {
                let place = filling.first_block(node);
                let (before, rows) = filling.split([&mut *up, &mut *down], node, place);
                let differ = filling.row_from(node, rows, wanted, |upper| {
                    let first = filling.first_block(upper);
                    before.map(|rows| &rows[first..first + filling.n_blocks(upper)])
                });
                changes = differ.iter().any(|set| !set.is_empty());
                if changes {
                    changed[node as usize] = differ;
                    refilled.push((node, differ));
                }
            }
            // Whoever is below this node has no upper neighbours but those of this node, the node itself, and nodes between.
            let may_go_on = is_below_change || changes;
            let depth = topology.depth[node as usize];
            node += 1;
            if !may_go_on {
                let next = touched.peek().copied().unwrap_or(n);
                while node < next && topology.depth[node as usize] > depth {
                    node += 1;
                }
            }
        }
        refilled
    }
}

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
            let (before, rows) = filling.split([&mut *up, &mut *down], node, place);
            filling.row_from(node, rows, [BlockSet::ALL; 2], |upper| {
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

    /// Fills those blocks of the rows of a node that is no dead end, from those `of` its upper neighbours. Which differ now.
    #[inline(always)]
    fn row_from<'b>(
        self,
        node: u32,
        rows: [&mut [Block]; 2],
        wanted: [BlockSet; 2],
        of: impl Fn(u32) -> [&'b [Block]; 2],
    ) -> [BlockSet; 2] {
        // From the parent up, so that rows get shorter. What cannot be driven is left out.
        let mut ways: [Ways<'_>; 2] = Default::default();
        for edge in self.topology.up_rows(node).rev() {
            let above = of(self.topology.up[edge]);
            for ((ways, above), ms) in ways.iter_mut().zip(above).zip(self.weights.both_ms(edge)) {
                let ticks = ticks(ms, self.tick);
                if ticks < FAR {
                    ways.push((above, ticks));
                }
            }
        }
        let depth = self.topology.depth[node as usize] as usize;
        let mut changed = [BlockSet::NONE; 2];
        for (((mine, ways), wanted), changed) in
            rows.into_iter().zip(&ways).zip(wanted).zip(&mut changed)
        {
            for (place, mine) in
                mine.iter_mut().enumerate().filter(|&(place, _)| wanted.contains(place))
            {
                let is_last = place == depth / LANES;
                let mut least = if is_last { Block::zero_at(depth) } else { Block::FAR };
                for (above, ticks) in ways {
                    let Some(above) = above.get(place) else { break };
                    least = least.relaxed(above, *ticks);
                }
                if *mine != least {
                    *mine = least;
                    changed.insert(place);
                }
            }
        }
        changed
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

    /// All rows before the one of a node, which begins at block `place`, and this one.
    #[inline(always)]
    fn split(
        self,
        [up, down]: [&mut [Block]; 2],
        node: u32,
        place: usize,
    ) -> ([&[Block]; 2], [&mut [Block]; 2]) {
        let (up_before, up) = up.split_at_mut(place);
        let (down_before, down) = down.split_at_mut(place);
        let n = self.n_blocks(node);
        ([up_before, down_before], [&mut up[..n], &mut down[..n]])
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
