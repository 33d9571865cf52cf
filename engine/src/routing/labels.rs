//! Dense tree labels: for every node its times to and from each of its ancestors, the root first.
//!
//! A fastest path goes up and comes down again, and its highest node is an ancestor of both ends; so a query is the
//! least sum over the common part of two rows. Slots below the common ancestor mean different nodes and must not be
//! looked at. Idea: H2H (Ouyang et al., SIGMOD 2018), on the hierarchy of arXiv 1402.0402.
//!
//! Times are ticks in 16 bits; where they do not fit the hierarchy answers instead.
//!
//! Dead ends (leaves with one way up) have no row: theirs is that of the parent, and a time that is added. Only a query
//! from such a node to itself would need more, and that is zero.

use std::ops::Range;

use super::ancestors::Ancestors;
use super::bundle::Flow;
use super::fill::{Above, Filling};
use super::lanes::{self, Block, ticks, vectorised};
use super::topology::Topology;
use super::weights::Weights;
use crate::graph::num::{Tick, row};

/// Rows of times for all nodes.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Labels {
    /// Where rows are, and what queries need besides.
    ancestors: Ancestors,
    tick: Tick,
    /// The row of a node has as many slots as it has ancestors, one more for the node itself, always 0, and then fills up its last
    /// block. Rows are in order of node.
    up: Vec<Block>,
    /// From the ancestor at each depth.
    down: Vec<Block>,
}

impl Labels {
    /// Bytes that labels of this tree would take.
    pub(crate) fn bytes_needed(topology: &Topology) -> u64 {
        let blocks = (Ancestors::n_blocks_of(topology) + 1) * 2 * size_of::<Block>();
        (blocks + topology.n_nodes() * Ancestors::BYTES_PER_NODE) as u64
    }

    /// Fills all rows from the root down; `None` if there are more blocks than can be numbered.
    pub(crate) fn new(topology: &Topology, tick: Tick, weights: &Weights) -> Option<Self> {
        let ancestors = Ancestors::new(topology);
        u32::try_from(ancestors.n_blocks()).ok()?;
        // Queries may look a block too far.
        let rows = || vec![Block::FAR; ancestors.n_blocks() + 1];
        let (up, down) = (rows(), rows());
        let mut labels = Self { ancestors, tick, up, down };
        labels.renew(topology, weights);
        Some(labels)
    }

    /// Fills all rows in place, whatever was in them before; large subtrees on several threads.
    pub(crate) fn renew(&mut self, topology: &Topology, weights: &Weights) {
        for node in 0..row(topology.n_nodes()) {
            if self.ancestors.is_dead_end(node) {
                self.ancestors.set_extra(node, extra(topology, weights, node, self.tick));
            }
        }
        let ancestors = &self.ancestors;
        let filling = Filling { topology, ancestors, weights, tick: self.tick };
        filling.subtree(&topology.subtrees, [&mut self.up, &mut self.down], &Above::default());
    }

    /// Brings rows up to date after other times. `touched` are the nodes of which an edge to an upper neighbour takes another
    /// time, ascending. Only rows that can differ are filled again, and below rows that come out equal nothing is looked at that no
    /// other change calls for. The nodes whose rows differ now. O(nodes) and what the rows cost.
    pub(crate) fn refill(
        &mut self,
        topology: &Topology,
        weights: &Weights,
        touched: &[u32],
    ) -> Vec<u32> {
        let n = row(topology.n_nodes());
        let mut has_changed = vec![false; topology.n_nodes()];
        let mut scratch = [Vec::new(), Vec::new()];
        let mut touched = touched.iter().copied().peekable();
        let mut changed = Vec::new();
        let mut node = touched.peek().copied().unwrap_or(n);
        while node < n {
            let is_touched = touched.next_if_eq(&node).is_some();
            let above = &topology.up[topology.up_rows(node)];
            let is_below_change = above.iter().any(|&upper| has_changed[upper as usize]);
            if is_touched || is_below_change {
                let changes = self.refill_row(topology, weights, node, &mut scratch);
                has_changed[node as usize] = changes && !self.ancestors.is_dead_end(node);
                changed.extend(changes.then_some(node));
            }
            // Whoever is below this node has no upper neighbours but those of this node, the node itself, and nodes between.
            let may_go_on = is_below_change || has_changed[node as usize];
            let depth = topology.depth[node as usize];
            node += 1;
            if !may_go_on {
                let next = touched.peek().copied().unwrap_or(n);
                while node < next && topology.depth[node as usize] > depth {
                    node += 1;
                }
            }
        }
        changed
    }

    /// Takes over the rows of some nodes.
    pub(crate) fn copy_from(&mut self, topology: &Topology, other: &Self, nodes: &[u32]) {
        for &node in nodes {
            if self.ancestors.is_dead_end(node) {
                self.ancestors.set_extra(node, other.ancestors.extra(node));
            } else {
                let blocks = self.blocks(topology, node);
                self.up[blocks.clone()].copy_from_slice(&other.up[blocks.clone()]);
                self.down[blocks.clone()].copy_from_slice(&other.down[blocks]);
            }
        }
    }

    /// Fills the rows of one node again; whether they differ.
    fn refill_row(
        &mut self,
        topology: &Topology,
        weights: &Weights,
        node: u32,
        scratch: &mut [Vec<Block>; 2],
    ) -> bool {
        if self.ancestors.is_dead_end(node) {
            let extra = extra(topology, weights, node, self.tick);
            let changes = self.ancestors.extra(node) != extra;
            self.ancestors.set_extra(node, extra);
            return changes;
        }
        let blocks = self.blocks(topology, node);
        let ancestors = &self.ancestors;
        let filling = Filling { topology, ancestors, weights, tick: self.tick };
        let [new_up, new_down] = scratch;
        new_up.resize(blocks.len(), Block::FAR);
        new_down.resize(blocks.len(), Block::FAR);
        vectorised(|| filling.row(node, [&self.up, &self.down], [&mut *new_up, &mut *new_down]));
        let (up, down) = (&mut self.up[blocks.clone()], &mut self.down[blocks]);
        if *up == **new_up && *down == **new_down {
            return false;
        }
        up.copy_from_slice(new_up);
        down.copy_from_slice(new_down);
        true
    }

    /// The milliseconds between two different nodes that have so many ancestors in common, at most [`super::NEVER`]; `None` if they
    /// are not known.
    #[inline(always)]
    pub(crate) fn ms(&self, from: u32, to: u32, n_common: usize) -> Option<u32> {
        let extra = [self.ancestors.extra(from)[0], self.ancestors.extra(to)[1]];
        // Of two different nodes none is a dead end and a common ancestor, so both rows are long enough.
        let (up, down) = (self.row(Flow::Up, from), self.row(Flow::Down, to));
        let least = lanes::least_sum(up, down, n_common);
        lanes::ms_of(least.saturating_add(extra[0]).saturating_add(extra[1]), self.tick)
    }

    /// The row of a node without what to add to it, and whatever comes after it.
    #[inline(always)]
    pub(crate) fn row(&self, flow: Flow, node: u32) -> &[Block] {
        let blocks = match flow {
            Flow::Up => &self.up,
            Flow::Down => &self.down,
        };
        blocks.get(self.ancestors.first_block(node)..).unwrap_or_default()
    }

    /// What to add to all slots of the row of a node.
    #[inline(always)]
    pub(crate) fn extra(&self, flow: Flow, node: u32) -> u16 {
        self.ancestors.extra(node)[flow as usize]
    }

    #[inline(always)]
    pub(crate) fn ancestors(&self) -> &Ancestors {
        &self.ancestors
    }

    #[inline(always)]
    pub(crate) fn tick(&self) -> Tick {
        self.tick
    }

    /// The least `ms[i] + row[i] + extra` in milliseconds, for a row of a node and what is to add to it; `None` if it is not known.
    #[inline]
    pub(crate) fn least_ms(&self, ms: &[u32], row: &[Block], extra: u16) -> Option<u32> {
        let least = lanes::least_ms(ms, row, self.tick) + lanes::ms_of(extra, self.tick)?;
        (least < lanes::far_ms(self.tick)).then_some(least)
    }

    /// Bytes held.
    pub(crate) fn bytes(&self) -> usize {
        (self.up.len() + self.down.len()) * size_of::<Block>() + self.ancestors.bytes()
    }

    /// The blocks of the row of a node that is no dead end.
    fn blocks(&self, topology: &Topology, node: u32) -> Range<usize> {
        let first = self.ancestors.first_block(node);
        first..first + lanes::n_blocks(topology.depth[node as usize] as usize + 1)
    }
}

/// The way between a dead end and its parent.
fn extra(topology: &Topology, weights: &Weights, node: u32, tick: Tick) -> [u16; 2] {
    weights.both_ms(topology.up_rows(node).start).map(|ms| ticks(ms, tick))
}
