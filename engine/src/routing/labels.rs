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
use super::fill::{Above, Filling, Refill, Refilled};
use super::lanes::{self, Block, BlockSet, ticks, vectorised};
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
    /// time, ascending. Only blocks that can differ are filled again, and below rows that come out equal nothing is looked at that no
    /// other change calls for. What differs now. O(nodes) and what the blocks cost.
    pub(crate) fn refill(
        &mut self,
        topology: &Topology,
        weights: &Weights,
        touched: &[u32],
    ) -> Vec<Refilled> {
        let mut refilled = Vec::new();
        for &node in touched {
            if !self.ancestors.is_dead_end(node) {
                continue;
            }
            let extra = extra(topology, weights, node, self.tick);
            if self.ancestors.extra(node) != extra {
                self.ancestors.set_extra(node, extra);
                refilled.push((node, [BlockSet::NONE; 2]));
            }
        }
        let filling = Filling { topology, ancestors: &self.ancestors, weights, tick: self.tick };
        let rows = [&mut *self.up, &mut *self.down];
        refilled.extend(vectorised(Refill { filling, rows, touched }));
        refilled
    }

    /// Takes over what differs in the rows of some nodes.
    pub(crate) fn copy_from(&mut self, topology: &Topology, other: &Self, refilled: &[Refilled]) {
        for &(node, differ) in refilled {
            if self.ancestors.is_dead_end(node) {
                self.ancestors.set_extra(node, other.ancestors.extra(node));
                continue;
            }
            let blocks = self.blocks(topology, node);
            let flows = [(&mut self.up, &other.up), (&mut self.down, &other.down)];
            for ((mine, others), differ) in flows.into_iter().zip(differ) {
                for (place, block) in blocks.clone().enumerate() {
                    if differ.contains(place) {
                        mine[block] = others[block];
                    }
                }
            }
        }
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
