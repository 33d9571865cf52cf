//! Dense tree labels: for every node its times to and from each of its ancestors, the root first.
//!
//! A fastest path goes up and comes down again, and its highest node is an ancestor of both ends; so a query is the
//! least sum over the common part of two rows. Slots below the common ancestor mean different nodes and must not be
//! looked at. Idea: H2H (Ouyang et al., SIGMOD 2018), on the hierarchy of arXiv 1402.0402.
//!
//! Times are ticks in 16 bits (see [`super::lanes`]); what does not fit is [`FAR`], and then the hierarchy answers instead.
//!
//! Dead ends (leaves with one way up) have no row: theirs is that of the parent, and a time that is added. Only a query
//! from such a node to itself would need more, and that is zero.

use std::ops::Range;

use super::ancestors::Ancestors;
use super::bundle::Flow;
use super::lanes::{Block, LANES, begin, least_sum, n_blocks, relax, ticks};
use super::topology::Topology;
use super::weights::Weights;
use crate::graph::num::row;

/// Rows of times for all nodes.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Labels {
    /// The row of a node has as many slots as it has ancestors, one more for the node itself, always 0, and then fills up its last
    /// block. Rows are in order of node.
    up: Vec<Block>,
    /// From the ancestor at each depth.
    down: Vec<Block>,
}

/// Room for the rows of one node.
#[derive(Default)]
struct Scratch {
    up: Vec<Block>,
    down: Vec<Block>,
}

impl Labels {
    /// Bytes that labels of this tree would take.
    pub(crate) fn bytes_needed(ancestors: &Ancestors) -> u64 {
        ((ancestors.n_blocks() + 1) * 2 * size_of::<Block>()) as u64
    }

    /// Fills all rows from the root down. The caller has checked that blocks can be numbered by `u32`.
    pub(crate) fn new(topology: &Topology, ancestors: &mut Ancestors, weights: &Weights) -> Self {
        let mut labels = Self {
            // Queries may look a block too far.
            up: vec![Block::FAR; ancestors.n_blocks() + 1],
            down: vec![Block::FAR; ancestors.n_blocks() + 1],
        };
        labels.renew(topology, ancestors, weights);
        labels
    }

    /// Fills all rows in place, whatever was in them before.
    pub(crate) fn renew(
        &mut self,
        topology: &Topology,
        ancestors: &mut Ancestors,
        weights: &Weights,
    ) {
        for node in 0..row(topology.n_nodes()) {
            if ancestors.is_dead_end(node) {
                ancestors.set_extra(node, extra(topology, weights, node));
                continue;
            }
            let blocks = blocks(topology, ancestors, node);
            let (up_above, up) = self.up.split_at_mut(blocks.start);
            let (down_above, down) = self.down.split_at_mut(blocks.start);
            let (up, down) = (&mut up[..blocks.len()], &mut down[..blocks.len()]);
            fill(topology, ancestors, weights, node, [(up_above, up), (down_above, down)]);
        }
    }

    /// Brings rows up to date after other times. `touched` are the nodes of which an edge to an upper neighbour takes another
    /// time, ascending. Only rows that can differ are filled again, and below rows that come out equal nothing is looked at that no
    /// other change calls for. The nodes whose rows differ now. O(nodes) and what the rows cost.
    pub(crate) fn refill(
        &mut self,
        topology: &Topology,
        ancestors: &mut Ancestors,
        weights: &Weights,
        touched: &[u32],
    ) -> Vec<u32> {
        let n = row(topology.n_nodes());
        let mut has_changed = vec![false; topology.n_nodes()];
        let mut scratch = Scratch::default();
        let mut touched = touched.iter().copied().peekable();
        let mut changed = Vec::new();
        let mut node = touched.peek().copied().unwrap_or(n);
        while node < n {
            let is_touched = touched.next_if_eq(&node).is_some();
            let above = &topology.up[topology.up_rows(node)];
            let is_below_change = above.iter().any(|&upper| has_changed[upper as usize]);
            if is_touched || is_below_change {
                let changes = self.refill_row(topology, ancestors, weights, node, &mut scratch);
                has_changed[node as usize] = changes && !ancestors.is_dead_end(node);
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
    pub(crate) fn copy_from(
        &mut self,
        topology: &Topology,
        other: &Self,
        (ancestors, others): (&mut Ancestors, &Ancestors),
        nodes: &[u32],
    ) {
        for &node in nodes {
            if ancestors.is_dead_end(node) {
                ancestors.set_extra(node, others.extra(node));
            } else {
                let blocks = blocks(topology, ancestors, node);
                self.up[blocks.clone()].copy_from_slice(&other.up[blocks.clone()]);
                self.down[blocks.clone()].copy_from_slice(&other.down[blocks]);
            }
        }
    }

    /// Fills the rows of one node again; whether they differ.
    fn refill_row(
        &mut self,
        topology: &Topology,
        ancestors: &mut Ancestors,
        weights: &Weights,
        node: u32,
        scratch: &mut Scratch,
    ) -> bool {
        if ancestors.is_dead_end(node) {
            let extra = extra(topology, weights, node);
            let changes = ancestors.extra(node) != extra;
            ancestors.set_extra(node, extra);
            return changes;
        }
        let blocks = blocks(topology, ancestors, node);
        scratch.up.resize(blocks.len(), Block::FAR);
        scratch.down.resize(blocks.len(), Block::FAR);
        let rows = [(&*self.up, &mut *scratch.up), (&*self.down, &mut *scratch.down)];
        fill(topology, ancestors, weights, node, rows);
        let (up, down) = (&mut self.up[blocks.clone()], &mut self.down[blocks]);
        if *up == *scratch.up && *down == *scratch.down {
            return false;
        }
        up.copy_from_slice(&scratch.up);
        down.copy_from_slice(&scratch.down);
        true
    }

    /// The ticks between two different nodes that have so many ancestors in common; [`FAR`] if there is no way or they do not fit.
    #[inline(always)]
    pub(crate) fn ticks(&self, ancestors: &Ancestors, from: u32, to: u32, n_common: usize) -> u16 {
        let [extra, _] = ancestors.extra(from);
        let [_, more] = ancestors.extra(to);
        // Of two different nodes none is a dead end and a common ancestor, so both rows are long enough.
        let up = self.row(ancestors, Flow::Up, from);
        let down = self.row(ancestors, Flow::Down, to);
        least_sum(up, down, n_common).saturating_add(extra).saturating_add(more)
    }

    /// The row of a node without what to add to it, and whatever comes after it.
    #[inline(always)]
    pub(crate) fn row(&self, ancestors: &Ancestors, flow: Flow, node: u32) -> &[Block] {
        let blocks = match flow {
            Flow::Up => &self.up,
            Flow::Down => &self.down,
        };
        blocks.get(ancestors.first_block(node)..).unwrap_or_default()
    }

    /// Bytes held.
    pub(crate) fn bytes(&self) -> usize {
        (self.up.len() + self.down.len()) * size_of::<Block>()
    }
}

/// The blocks of the row of a node that is no dead end.
fn blocks(topology: &Topology, ancestors: &Ancestors, node: u32) -> Range<usize> {
    let first = ancestors.first_block(node);
    first..first + n_blocks(topology.depth[node as usize] as usize + 1)
}

/// The way between a dead end and its parent.
fn extra(topology: &Topology, weights: &Weights, node: u32) -> [u16; 2] {
    weights.both_ms(topology.up_rows(node).start).map(ticks)
}

/// Fills the rows of a node that is no dead end, from those of its upper neighbours: for each flow the rows above it, and its own,
/// which are as long as they must be.
fn fill(
    topology: &Topology,
    ancestors: &Ancestors,
    weights: &Weights,
    node: u32,
    mut flows: [(&[Block], &mut [Block]); 2],
) {
    let own = topology.depth[node as usize] as usize;
    // The lowest upper neighbour is the parent: its row is as long as that of the node but for the last slot.
    let mut is_first = true;
    for edge in topology.up_rows(node).rev() {
        let blocks = blocks(topology, ancestors, topology.up[edge]);
        for ((above, mine), ms) in flows.iter_mut().zip(weights.both_ms(edge)) {
            let relax = if is_first { begin } else { relax };
            relax(mine, &above[blocks.clone()], ticks(ms));
        }
        is_first = false;
    }
    for (_, mine) in flows {
        if own.is_multiple_of(LANES) {
            // Not reached by the row of the parent.
            mine[own / LANES] = Block::FAR;
        }
        mine[own / LANES].0[own % LANES] = 0;
    }
}
