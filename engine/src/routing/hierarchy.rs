//! Queries: times by labels, paths by unpacking, and the elimination tree alone where labels are too large.
//!
//! A time is the least sum over the common ancestors of both ends. Without labels, or where a time does not fit them, the two
//! rows are computed on the way (the elimination tree query of arXiv 1402.0402, section 6), so answers are equal.

use std::sync::Arc;

use pulp::NullaryFnOnce;
use smallvec::SmallVec;

use super::NEVER;
use super::ancestors::Ancestors;
use super::bundle::Flow;
use super::labels::Labels;
use super::lanes::{Block, Instructions, ms_of, n_blocks, slots, ticks};
use super::topology::{HierarchyError, Topology};
use super::weights::Weights;
use crate::graph::csr::Graph;

/// Everything that queries on one graph need. Versions for other times share what does not depend on them.
#[derive(Clone, Debug, Default)]
pub(crate) struct Hierarchy {
    pub(super) topology: Arc<Topology>,
    pub(super) ancestors: Ancestors,
    pub(super) weights: Weights,
    pub(super) labels: Option<Labels>,
    instructions: Instructions,
}

/// A single query, to be compiled for several sets of instructions.
struct Query<'a> {
    hierarchy: &'a Hierarchy,
    from: u32,
    to: u32,
}

impl NullaryFnOnce for Query<'_> {
    type Output = u32;

    #[inline(always)]
    fn call(self) -> u32 {
        self.hierarchy.time_within(self.from, self.to)
    }
}

/// What differs after times have changed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Changed {
    /// Anything.
    All,
    /// Edges up from some nodes, and labels of some.
    Few { settled: Vec<u32>, refilled: Vec<u32> },
}

/// Exact times between a place and the ancestors of a node, root first, at most [`NEVER`]. Most fit without the heap.
pub(crate) type Times = SmallVec<[u32; 256]>;

impl Hierarchy {
    /// Builds the hierarchy of a graph whose nodes are numbered by [`super::topology::preorder`]. Labels are kept if they
    /// take at most `label_bytes_max`.
    ///
    /// # Errors
    /// [`HierarchyError`] if the numbering is not of that kind.
    pub(crate) fn new(graph: &Graph, label_bytes_max: u64) -> Result<Self, HierarchyError> {
        let edges: Vec<(u32, u32)> = graph.arcs().iter().map(|arc| (arc.tail, arc.head)).collect();
        let topology = Topology::new(graph.n_nodes(), &edges)?;
        if !topology.is_preorder() {
            return Err(HierarchyError::NotPreorder);
        }
        let ancestors = Ancestors::new(&topology)?;
        let topology = Arc::new(topology);
        let unweighted = Self { topology, ancestors, ..Self::default() };
        Ok(unweighted.customised(graph, label_bytes_max))
    }

    /// The same nodes and shortcuts with the arc times of `graph`, whose arcs are otherwise the same.
    pub(crate) fn customised(&self, graph: &Graph, label_bytes_max: u64) -> Self {
        let weights = Weights::new(&self.topology, graph);
        let needed = self.label_bytes_needed();
        let has_labels = needed <= label_bytes_max && self.ancestors.n_blocks() < u32::MAX as usize;
        let (topology, mut ancestors) = (Arc::clone(&self.topology), self.ancestors.clone());
        let labels = has_labels.then(|| Labels::new(&topology, &mut ancestors, &weights));
        Self { topology, ancestors, weights, labels, instructions: self.instructions }
    }

    /// Takes over the arc times of `graph` in place, with labels if there were any.
    pub(crate) fn renew(&mut self, graph: &Graph) -> Changed {
        self.weights.renew(&self.topology, graph);
        if let Some(labels) = &mut self.labels {
            labels.renew(&self.topology, &mut self.ancestors, &self.weights);
        }
        Changed::All
    }

    /// The same if only `arcs` have changed: faster if they are few.
    pub(crate) fn update(&mut self, graph: &Graph, arcs: &[u32]) -> Changed {
        let settled = self.weights.update(&self.topology, graph, arcs);
        let refilled = self.labels.as_mut().map(|labels| {
            labels.refill(&self.topology, &mut self.ancestors, &self.weights, &settled.touched)
        });
        Changed::Few { settled: settled.all, refilled: refilled.unwrap_or_default() }
    }

    /// Becomes what `other` is, which differs in nothing but what was changed.
    pub(crate) fn catch_up(&mut self, other: &Self, changed: &Changed) {
        let Changed::Few { settled, refilled } = changed else { return self.clone_from(other) };
        self.weights.copy_from(&self.topology, &other.weights, settled);
        if let (Some(labels), Some(others)) = (&mut self.labels, &other.labels) {
            let ancestors = (&mut self.ancestors, &other.ancestors);
            labels.copy_from(&self.topology, others, ancestors, refilled);
        }
    }

    /// Keeps labels if they take at most so many bytes, and fills or drops them if need be.
    pub(crate) fn limit_labels(&mut self, bytes: u64) {
        if self.label_bytes_needed() > bytes {
            self.labels = None;
        } else if self.labels.is_none() && self.ancestors.n_blocks() < u32::MAX as usize {
            self.labels = Some(Labels::new(&self.topology, &mut self.ancestors, &self.weights));
        }
    }

    /// Bytes held.
    pub(crate) fn bytes(&self) -> usize {
        let labels = self.labels.as_ref().map_or(0, Labels::bytes);
        let tree = self.topology.bytes() + self.ancestors.bytes();
        labels + self.weights.bytes() + tree
    }

    /// Bytes that labels take or would take.
    pub(crate) fn label_bytes_needed(&self) -> u64 {
        Labels::bytes_needed(&self.ancestors)
    }

    pub(crate) fn n_shortcuts(&self) -> usize {
        self.topology.up.len()
    }

    pub(crate) fn has_labels(&self) -> bool {
        self.labels.is_some()
    }

    /// The time between two nodes; [`NEVER`] if there is no way.
    #[inline]
    pub(crate) fn time(&self, from: u32, to: u32) -> u32 {
        self.instructions.run(Query { hierarchy: self, from, to })
    }

    /// The same, to be compiled into a loop that is itself made for what the processor has.
    #[inline(always)]
    pub(crate) fn time_within(&self, from: u32, to: u32) -> u32 {
        if from == to {
            return 0;
        }
        if let (Some(labels), Some(depth)) = (&self.labels, self.ancestors.known_depth(from, to)) {
            let ticks = labels.ticks(&self.ancestors, from, to, depth as usize + 1);
            if let Some(ms) = ms_of(ticks) {
                return ms;
            }
        }
        self.time_otherwise(from, to)
    }

    /// The same where the quick way fails, or there are no labels.
    #[cold]
    #[inline(never)]
    fn time_otherwise(&self, from: u32, to: u32) -> u32 {
        let n_common = self.common_depth(from, to) as usize + 1;
        let ticks = |labels: &Labels| labels.ticks(&self.ancestors, from, to, n_common);
        let ms = self.labels.as_ref().and_then(|labels| ms_of(ticks(labels)));
        ms.unwrap_or_else(|| self.time_by_tree(from, to))
    }

    /// The same without labels. O(search space).
    fn time_by_tree(&self, from: u32, to: u32) -> u32 {
        let n_common = self.common_depth(from, to) as usize + 1;
        let (up, down) = (self.climb(from, Flow::Up), self.climb(to, Flow::Down));
        let sums = up.iter().zip(&*down).take(n_common).map(|(up, down)| up.wrapping_add(*down));
        sums.fold(NEVER, u32::min)
    }

    /// The times between a node and its ancestors, the last of them itself: read from its label, or computed.
    pub(crate) fn times(&self, flow: Flow, node: u32) -> Times {
        let Some((row, extra)) = self.label(flow, node) else { return self.climb(node, flow) };
        let depth = self.depth(node) as usize;
        let ticks = slots(row).take(depth).map(|ticks| ticks.saturating_add(extra));
        let mut times: Times = ticks.map_while(ms_of).collect();
        if times.len() < depth {
            return self.climb(node, flow);
        }
        times.push(0);
        times
    }

    /// The same in ticks, [`FAR`] where they do not fit.
    pub(crate) fn ticks(&self, flow: Flow, node: u32) -> SmallVec<[u16; 256]> {
        let Some((row, extra)) = self.label(flow, node) else {
            return self.climb(node, flow).into_iter().map(ticks).collect();
        };
        let depth = self.depth(node) as usize;
        let mut ticks = SmallVec::<[u16; 256]>::new();
        for block in &row[..n_blocks(depth)] {
            ticks.extend_from_slice(&block.0);
        }
        ticks.truncate(depth);
        ticks.iter_mut().for_each(|ticks| *ticks = ticks.saturating_add(extra));
        ticks.push(0);
        ticks
    }

    /// The label of a node, with whatever comes after it, and what to add to it, if there are labels.
    #[inline]
    pub(crate) fn label(&self, flow: Flow, node: u32) -> Option<(&[Block], u16)> {
        let labels = self.labels.as_ref()?;
        let extra = self.ancestors.extra(node)[flow as usize];
        Some((labels.row(&self.ancestors, flow, node), extra))
    }

    pub(crate) fn depth(&self, node: u32) -> u32 {
        self.topology.depth[node as usize]
    }

    #[inline]
    pub(crate) fn common_depth(&self, a: u32, b: u32) -> u32 {
        self.ancestors.common_depth(&self.topology, a, b)
    }

    /// Whether `upper` is an ancestor of `lower`, or the same.
    pub(crate) fn is_ancestor(&self, upper: u32, lower: u32) -> bool {
        self.common_depth(upper, lower) == self.depth(upper)
    }

    /// The row of a node without labels: the elimination tree query.
    pub(super) fn climb(&self, start: u32, flow: Flow) -> Times {
        let n_slots = self.depth(start) as usize + 1;
        let mut times = Times::from_elem(NEVER, n_slots);
        times[n_slots - 1] = 0;
        let mut node = start;
        for slot in (1..n_slots).rev() {
            for edge in self.topology.up_rows(node) {
                let upper_slot = self.depth(self.topology.up[edge]) as usize;
                let ms = times[slot].wrapping_add(self.weights.ms(flow, edge));
                times[upper_slot] = times[upper_slot].min(ms);
            }
            node = self.topology.parent[node as usize];
        }
        times
    }
}
