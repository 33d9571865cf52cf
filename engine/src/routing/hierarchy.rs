//! Queries: times by labels, paths by unpacking, and the elimination tree alone where labels are too large.
//!
//! A time is the least sum over the common ancestors of both ends. Without labels the two rows are computed on the way
//! (the elimination tree query of arXiv 1402.0402, section 6) and then treated the same, so answers are equal.

use std::borrow::Cow;
use std::sync::Arc;

use super::NEVER;
use super::ancestors::Ancestors;
use super::bundle::Flow;
use super::labels::{Labels, least_sum};
use super::topology::{HierarchyError, Topology};
use super::weights::{ArcEdges, Weights};
use crate::graph::csr::Graph;

/// Everything that queries on one graph need. Versions for other times share what does not depend on them.
#[derive(Clone, Debug, Default)]
pub(crate) struct Hierarchy {
    pub(super) topology: Arc<Topology>,
    pub(super) ancestors: Arc<Ancestors>,
    arc_edges: Arc<ArcEdges>,
    pub(super) weights: Weights,
    pub(super) labels: Option<Labels>,
}

/// The times between a node and its ancestors, root first.
///
/// `ms[d] + extra` is the time for the ancestor at depth `d`. The slot of the node itself, 0, is missing if it is a dead end.
pub(crate) struct Row<'a> {
    pub(crate) ms: Cow<'a, [u32]>,
    pub(crate) extra: u32,
}

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
        let ancestors = Arc::new(Ancestors::new(&topology));
        let arc_edges = Arc::new(ArcEdges::new(&topology, graph));
        let topology = Arc::new(topology);
        let unweighted = Self { topology, ancestors, arc_edges, ..Self::default() };
        Ok(unweighted.customised(graph, label_bytes_max))
    }

    /// The same nodes and shortcuts with the arc times of `graph`, whose arcs are otherwise the same.
    pub(crate) fn customised(&self, graph: &Graph, label_bytes_max: u64) -> Self {
        let weights = Weights::new(&self.topology, graph, &self.arc_edges);
        let needed = self.label_bytes_needed();
        let has_labels = needed <= label_bytes_max && needed / 8 < u64::from(u32::MAX);
        let labels = has_labels.then(|| Labels::new(&self.topology, &self.ancestors, &weights));
        self.with(weights, labels)
    }

    /// The same as [`Hierarchy::customised`], faster if few times changed; and the number of labels filled again.
    pub(crate) fn updated(&self, graph: &Graph) -> (Self, usize) {
        let weights = Weights::new(&self.topology, graph, &self.arc_edges);
        let Some(labels) = &self.labels else { return (self.with(weights, None), 0) };
        let both = (&self.weights, &weights);
        let (labels, n_filled) = labels.updated(&self.topology, &self.ancestors, both);
        (self.with(weights, Some(labels)), n_filled)
    }

    fn with(&self, weights: Weights, labels: Option<Labels>) -> Self {
        let (topology, ancestors) = (Arc::clone(&self.topology), Arc::clone(&self.ancestors));
        Self { topology, ancestors, arc_edges: Arc::clone(&self.arc_edges), weights, labels }
    }

    /// Bytes held.
    pub(crate) fn bytes(&self) -> usize {
        let labels = self.labels.as_ref().map_or(0, Labels::bytes);
        let tree = self.topology.bytes() + self.ancestors.bytes() + self.arc_edges.bytes();
        labels + self.weights.bytes() + tree
    }

    /// Bytes that labels take or would take.
    pub(crate) fn label_bytes_needed(&self) -> u64 {
        Labels::bytes_needed(&self.topology, &self.ancestors)
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
        if from == to {
            return 0;
        }
        let n_common = self.ancestors.common_depth(from, to) as usize + 1;
        match &self.labels {
            // Of two different nodes none is a dead end and a common ancestor, so both rows are long enough.
            Some(labels) => {
                let up = labels.slots(Flow::Up, self.ancestors.first_slot(from), n_common);
                let down = labels.slots(Flow::Down, self.ancestors.first_slot(to), n_common);
                let extra = labels.extra_ms(Flow::Up, from) + labels.extra_ms(Flow::Down, to);
                (least_sum(up, down) + extra).min(NEVER)
            }
            None => {
                let (up, down) = (self.climb(from, Flow::Up), self.climb(to, Flow::Down));
                least_sum(&up[..n_common], &down[..n_common]).min(NEVER)
            }
        }
    }

    /// The times between a node and its ancestors: read from its label, or computed.
    #[inline]
    pub(crate) fn row(&self, flow: Flow, node: u32) -> Row<'_> {
        let Some(labels) = &self.labels else {
            return Row { ms: Cow::Owned(self.climb(node, flow)), extra: 0 };
        };
        let own = usize::from(!self.ancestors.is_dead_end(node));
        let n_slots = self.ancestors.depth(node) as usize + own;
        let ms = Cow::Borrowed(labels.slots(flow, self.ancestors.first_slot(node), n_slots));
        Row { ms, extra: labels.extra_ms(flow, node) }
    }

    /// The first `n` slots of a node's label and what to add to them, if there are labels; `n` is at most its depth, or one
    /// more if it is no dead end.
    #[inline]
    pub(crate) fn stored(&self, flow: Flow, node: u32, n: usize) -> Option<(&[u32], u32)> {
        let labels = self.labels.as_ref()?;
        let first = self.ancestors.first_slot(node);
        Some((labels.slots(flow, first, n), labels.extra_ms(flow, node)))
    }

    pub(crate) fn depth(&self, node: u32) -> u32 {
        self.ancestors.depth(node)
    }

    #[inline]
    pub(crate) fn common_depth(&self, a: u32, b: u32) -> u32 {
        self.ancestors.common_depth(a, b)
    }

    /// Whether `upper` is an ancestor of `lower`, or the same.
    pub(crate) fn is_ancestor(&self, upper: u32, lower: u32) -> bool {
        self.ancestors.common_depth(upper, lower) == self.ancestors.depth(upper)
    }

    /// The row of a node without labels: the elimination tree query.
    fn climb(&self, start: u32, flow: Flow) -> Vec<u32> {
        let n_slots = self.ancestors.depth(start) as usize + 1;
        let mut row = vec![NEVER; n_slots];
        row[n_slots - 1] = 0;
        let mut node = start;
        for slot in (1..n_slots).rev() {
            for edge in self.topology.up_rows(node) {
                let upper_slot = self.ancestors.depth(self.topology.up[edge]) as usize;
                let ms = row[slot].wrapping_add(self.weights.ms(flow, edge));
                row[upper_slot] = row[upper_slot].min(ms);
            }
            node = self.topology.parent[node as usize];
        }
        row
    }
}
