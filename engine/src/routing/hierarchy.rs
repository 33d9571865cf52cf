//! Queries: times by labels, paths by unpacking, and the elimination tree alone where labels are too large.
//!
//! A time is the least sum over the common ancestors of both ends. Without labels, or where a time does not fit them, the two
//! rows are computed on the way (the elimination tree query of arXiv 1402.0402, section 6), so answers are equal.

use std::sync::Arc;

use pulp::NullaryFnOnce;
use smallvec::SmallVec;

use super::NEVER;
use super::bundle::{Flow, least_sum};
use super::fill::Refilled;
use super::labels::Labels;
use super::lanes::{Instructions, far_ms, ms_of, n_blocks};
use super::topology::{HierarchyError, Topology};
use super::ways::Ways;
use super::weights::Weights;
use crate::graph::csr::Graph;
use crate::graph::num::{Tick, row};

/// Everything that queries on one graph need. Versions for other times share what does not depend on them.
#[derive(Clone, Debug, Default)]
pub(crate) struct Hierarchy {
    pub(super) topology: Arc<Topology>,
    ways: Arc<Ways>,
    pub(super) weights: Weights,
    pub(super) labels: Option<Labels>,
    /// What all times are multiples of.
    tick: Tick,
    instructions: Instructions,
}

/// Nodes from which, and to which, times are looked at to choose the size of ticks.
const SAMPLED: usize = 32;
/// Of these pairs at most one in so many may take too long for labels.
const FAR_SHARE: usize = 64;

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
    Few { settled: Vec<u32>, refilled: Vec<Refilled> },
}

/// Exact times between a place and the ancestors of a node, root first, at most [`NEVER`]. Most fit without the heap.
pub(crate) type Times = SmallVec<[u32; 256]>;

impl Hierarchy {
    /// Builds the hierarchy of a graph whose nodes are numbered by [`super::topology::preorder`]. Labels are kept if they
    /// take at most `label_bytes_max`. All arc times must be whole ticks of this size.
    ///
    /// # Errors
    /// [`HierarchyError`] if the numbering is not of that kind.
    pub(crate) fn new(
        graph: &Graph,
        tick: Tick,
        label_bytes_max: u64,
    ) -> Result<Self, HierarchyError> {
        let edges: Vec<(u32, u32)> = graph.arcs().iter().map(|arc| (arc.tail, arc.head)).collect();
        let topology = Topology::new(graph.n_nodes(), &edges)?;
        if !topology.is_preorder() {
            return Err(HierarchyError::NotPreorder);
        }
        let depth = topology.depth.iter().max().copied().unwrap_or(0);
        if depth >= u32::from(u16::MAX) {
            return Err(HierarchyError::TooDeep { depth });
        }
        let weights = Weights::new(&topology, graph);
        let (topology, ways) = (Arc::new(topology), Arc::new(Ways::new(graph)));
        let mut hierarchy = Self { topology, ways, weights, tick, ..Self::default() };
        hierarchy.limit_labels(graph, label_bytes_max);
        Ok(hierarchy)
    }

    /// The finest tick for which nearly all drives fit labels, if that is coarser than the one in use. Looks at some pairs of nodes.
    pub(crate) fn coarser_tick(&self) -> Option<Tick> {
        let n = self.topology.n_nodes();
        let sample: Vec<u32> = (0..n).step_by((n / SAMPLED).max(1)).map(row).collect();
        let rows =
            |flow| -> Vec<Times> { sample.iter().map(|&node| self.climb(node, flow)).collect() };
        let (up, down) = (rows(Flow::Up), rows(Flow::Down));
        let times: Vec<u32> = (sample.iter().zip(&up))
            .flat_map(|(&from, up)| {
                sample.iter().zip(&down).map(move |(&to, down)| {
                    let n_common = self.topology.common_depth(from, to) as usize + 1;
                    least_sum(&up[..n_common], down)
                })
            })
            .collect();
        let fits = |tick: &Tick| {
            let far = times.iter().filter(|ms| (far_ms(*tick)..NEVER).contains(ms));
            far.count() * FAR_SHARE <= times.len()
        };
        let fitting = Tick::ALL.into_iter().find(fits).unwrap_or(Tick::COARSEST);
        (fitting > self.tick).then_some(fitting)
    }

    /// Customises for the arc times of `graph` once more, and throws the result away; with labels if they are wanted and there are any.
    pub(crate) fn customise_again(&self, graph: &Graph, with_labels: bool) {
        let weights = Weights::new(&self.topology, graph);
        let labels = (with_labels && self.has_labels())
            .then(|| Labels::new(&self.topology, self.tick, &weights));
        std::hint::black_box((weights, labels));
    }

    /// Takes over the arc times of `graph`, whose arcs are otherwise the same, in place; with labels if there were any.
    pub(crate) fn renew(&mut self, graph: &Graph) -> Changed {
        self.weights.renew(&self.topology, graph);
        if let Some(labels) = &mut self.labels {
            labels.renew(&self.topology, &self.weights);
        }
        Changed::All
    }

    /// The same if only `arcs` have changed: faster if they are few.
    pub(crate) fn update(&mut self, graph: &Graph, arcs: &[u32]) -> Changed {
        let settled = self.weights.update(&self.topology, graph, arcs);
        let refill =
            |labels: &mut Labels| labels.refill(&self.topology, &self.weights, &settled.touched);
        let refilled = self.labels.as_mut().map(refill).unwrap_or_default();
        Changed::Few { settled: settled.all, refilled }
    }

    /// Becomes what `other` is, which differs in nothing but what was changed.
    pub(crate) fn catch_up(&mut self, other: &Self, changed: &Changed) {
        let Changed::Few { settled, refilled } = changed else { return self.clone_from(other) };
        self.weights.copy_from(&self.topology, &other.weights, settled);
        if let (Some(labels), Some(others)) = (&mut self.labels, &other.labels) {
            labels.copy_from(&self.topology, others, refilled);
        }
    }

    /// Keeps labels if they take at most so many bytes, and fills or drops them if need be. What shortcuts stand for is only kept beside
    /// labels.
    pub(crate) fn limit_labels(&mut self, graph: &Graph, bytes: u64) {
        if self.label_bytes_needed() > bytes {
            self.labels = None;
        } else if self.labels.is_none() {
            self.labels = Labels::new(&self.topology, self.tick, &self.weights);
        }
        self.weights.keep_origins(&self.topology, graph, self.labels.is_some());
    }

    /// Bytes held.
    pub(crate) fn bytes(&self) -> usize {
        let labels = self.labels.as_ref().map_or(0, Labels::bytes);
        labels + self.weights.bytes() + self.topology.bytes() + self.ways.bytes()
    }

    /// Bytes that labels take or would take.
    pub(crate) fn label_bytes_needed(&self) -> u64 {
        Labels::bytes_needed(&self.topology)
    }

    pub(crate) fn n_shortcuts(&self) -> usize {
        self.topology.up.len()
    }

    pub(crate) fn tick(&self) -> Tick {
        self.tick
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
        match self.label_time(from, to) {
            Some(ms) => ms,
            None => self.time_otherwise(from, to),
        }
    }

    /// The same, if labels know it and are quickly found.
    #[inline(always)]
    pub(crate) fn label_time(&self, from: u32, to: u32) -> Option<u32> {
        if from == to {
            return Some(0);
        }
        let labels = self.labels.as_ref()?;
        let depth = labels.ancestors().known_depth(from, to)?;
        labels.ms(from, to, depth as usize + 1)
    }

    /// The same for one of several targets of a node, whose row is made the first time that it is needed.
    #[cold]
    #[inline(never)]
    pub(crate) fn time_from(&self, from: u32, row: &mut Option<Times>, to: u32) -> u32 {
        if self.has_no_way(from, to) {
            return NEVER;
        }
        let n_common = self.common_depth(from, to) as usize + 1;
        let ms = self.labels.as_ref().and_then(|labels| labels.ms(from, to, n_common));
        ms.unwrap_or_else(|| {
            let up = row.get_or_insert_with(|| self.climb(from, Flow::Up));
            least_sum(&up[..n_common], &self.climb(to, Flow::Down))
        })
    }

    /// Whether there certainly is no way, whatever the times are; `false` says nothing.
    #[inline]
    pub(crate) fn has_no_way(&self, from: u32, to: u32) -> bool {
        self.ways.none(from, to)
    }

    /// The same where the quick way fails, or there are no labels.
    #[cold]
    #[inline(never)]
    fn time_otherwise(&self, from: u32, to: u32) -> u32 {
        self.time_from(from, &mut None, to)
    }

    /// The times between a node and its ancestors, the last of them itself: read from its label, or computed.
    pub(crate) fn times(&self, flow: Flow, node: u32) -> Times {
        let depth = self.depth(node) as usize;
        let known = self.labels.as_ref().and_then(|labels| {
            let tick = self.tick;
            let more = ms_of(labels.extra(flow, node), tick)?;
            let mut times = Times::with_capacity(depth + 1);
            for slot in labels.row(flow, node).iter().flat_map(|block| block.0).take(depth) {
                times.push(ms_of(slot, tick)? + more);
            }
            Some(times)
        });
        let Some(mut times) = known else { return self.climb(node, flow) };
        times.push(0);
        times
    }

    /// The same in ticks, [`super::lanes::FAR`] where they do not fit; only if there are labels.
    pub(crate) fn ticks(&self, flow: Flow, node: u32) -> Option<SmallVec<[u16; 256]>> {
        let labels = self.labels.as_ref()?;
        let extra = labels.extra(flow, node);
        let depth = self.depth(node) as usize;
        let mut ticks = SmallVec::<[u16; 256]>::new();
        for block in &labels.row(flow, node)[..n_blocks(depth)] {
            ticks.extend_from_slice(&block.0);
        }
        ticks.truncate(depth);
        ticks.iter_mut().for_each(|ticks| *ticks = ticks.saturating_add(extra));
        ticks.push(0);
        Some(ticks)
    }

    pub(crate) fn depth(&self, node: u32) -> u32 {
        self.topology.depth[node as usize]
    }

    #[inline]
    pub(crate) fn common_depth(&self, a: u32, b: u32) -> u32 {
        let known = self.labels.as_ref().and_then(|labels| labels.ancestors().known_depth(a, b));
        known.unwrap_or_else(|| self.topology.common_depth(a, b))
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
            node = self.topology.parent(node);
        }
        times
    }
}
