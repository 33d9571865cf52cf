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
use super::weights::{Origin, Weights};
use crate::graph::csr::Graph;

/// Everything that queries on one graph need.
#[derive(Clone, Debug, Default)]
pub(crate) struct Hierarchy {
    topology: Arc<Topology>,
    ancestors: Arc<Ancestors>,
    weights: Weights,
    labels: Option<Labels>,
}

/// How a row reached one of its slots: by this edge from this node.
type Step = (usize, u32);

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
        let unweighted = Self { topology: Arc::new(topology), ancestors, ..Self::default() };
        Ok(unweighted.customised(graph, label_bytes_max))
    }

    /// The same nodes and shortcuts with the arc times of `graph`, which has the same ends of arcs.
    pub(crate) fn customised(&self, graph: &Graph, label_bytes_max: u64) -> Self {
        let weights = Weights::new(&self.topology, graph);
        let needed = self.label_bytes_needed();
        let has_labels = needed <= label_bytes_max && needed / 8 < u64::from(u32::MAX);
        let labels = has_labels.then(|| Labels::new(&self.topology, &weights));
        let (topology, ancestors) = (Arc::clone(&self.topology), Arc::clone(&self.ancestors));
        Self { topology, ancestors, weights, labels }
    }

    /// Bytes held.
    pub(crate) fn bytes(&self) -> usize {
        let labels = self.labels.as_ref().map_or(0, Labels::bytes);
        labels + self.weights.bytes() + self.topology.up.len() * 4 + self.topology.parent.len() * 28
    }

    /// Bytes that labels take or would take.
    pub(crate) fn label_bytes_needed(&self) -> u64 {
        Labels::bytes_needed(&self.topology)
    }

    pub(crate) fn n_shortcuts(&self) -> usize {
        self.topology.up.len()
    }

    pub(crate) fn has_labels(&self) -> bool {
        self.labels.is_some()
    }

    /// The time between two nodes; [`NEVER`] or more if there is no way.
    #[inline]
    pub(crate) fn time(&self, from: u32, to: u32) -> u32 {
        let depth = self.ancestors.common_depth(from, to);
        match &self.labels {
            Some(labels) => least_sum(labels.up(from, depth), labels.down(to, depth)),
            None => {
                let (up, _) = self.climb(from, &self.weights.up_ms);
                let (down, _) = self.climb(to, &self.weights.down_ms);
                let common = depth as usize + 1;
                least_sum(&up[..common], &down[..common])
            }
        }
    }

    /// The times between a node and its ancestors, root first: read from its label, or computed.
    #[inline]
    pub(crate) fn row(&self, flow: Flow, node: u32) -> Cow<'_, [u32]> {
        let depth = self.ancestors.depth(node);
        match (&self.labels, flow) {
            (Some(labels), Flow::Up) => Cow::Borrowed(labels.up(node, depth)),
            (Some(labels), Flow::Down) => Cow::Borrowed(labels.down(node, depth)),
            (None, Flow::Up) => Cow::Owned(self.climb(node, &self.weights.up_ms).0),
            (None, Flow::Down) => Cow::Owned(self.climb(node, &self.weights.down_ms).0),
        }
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

    /// The row of a node: its times to (or from) all ancestors, and how each was reached.
    fn climb(&self, start: u32, edge_ms: &[u32]) -> (Vec<u32>, Vec<Step>) {
        let n_slots = self.ancestors.depth(start) as usize + 1;
        let mut row = vec![NEVER; n_slots];
        let mut steps = vec![(usize::MAX, start); n_slots];
        row[n_slots - 1] = 0;
        let mut node = start;
        for slot in (1..n_slots).rev() {
            for edge in self.topology.up_rows(node) {
                let upper_slot = self.ancestors.depth(self.topology.up[edge]) as usize;
                let ms = row[slot] + edge_ms[edge];
                if ms < row[upper_slot] {
                    row[upper_slot] = ms;
                    steps[upper_slot] = (edge, node);
                }
            }
            node = self.topology.parent[node as usize];
        }
        (row, steps)
    }

    /// The arcs of a fastest path in order, `None` if there is no way. Of several meeting nodes the highest is taken.
    /// O(search space + length of the path); allocates.
    pub(crate) fn path(&self, from: u32, to: u32) -> Option<Vec<u32>> {
        let (up, up_steps) = self.climb(from, &self.weights.up_ms);
        let (down, down_steps) = self.climb(to, &self.weights.down_ms);
        let common = self.ancestors.common_depth(from, to) as usize + 1;
        let sums = up.iter().zip(&down).take(common).map(|(up, down)| up + down);
        let (meeting, ms) = sums.enumerate().min_by_key(|&(slot, ms)| (ms, slot))?;
        if ms >= NEVER {
            return None;
        }
        let mut arcs = Vec::new();
        let climb = self.steps_to(&up_steps, meeting);
        for &(edge, _) in climb.iter().rev() {
            self.unpack(edge, true, &mut arcs);
        }
        for &(edge, _) in &self.steps_to(&down_steps, meeting) {
            self.unpack(edge, false, &mut arcs);
        }
        Some(arcs)
    }

    /// The steps of a row to one slot, from the slot back to the start.
    fn steps_to(&self, steps: &[Step], slot: usize) -> Vec<Step> {
        let mut trail = Vec::new();
        let mut slot = slot;
        while let Some(&(edge, node)) = steps.get(slot).filter(|(edge, _)| *edge != usize::MAX) {
            trail.push((edge, node));
            slot = self.ancestors.depth(node) as usize;
        }
        trail
    }

    /// Appends the arcs that a shortcut stands for, in order of driving.
    fn unpack(&self, edge: usize, upward: bool, arcs: &mut Vec<u32>) {
        let mut stack = vec![(edge, upward)];
        while let Some((edge, upward)) = stack.pop() {
            let origin =
                if upward { self.weights.up_origin(edge) } else { self.weights.down_origin(edge) };
            match origin {
                Origin::Nothing => {}
                Origin::Arc(arc) => arcs.push(arc),
                Origin::Middle(middle) => {
                    let (lower, upper) = self.ends(edge);
                    let (tail, head) = if upward { (lower, upper) } else { (upper, lower) };
                    // tail -> middle goes down, middle -> head goes up; the stack turns them round.
                    let halves = [(head, true), (tail, false)];
                    for (end, upward) in halves {
                        stack.extend(self.topology.edge(middle, end).map(|half| (half, upward)));
                    }
                }
            }
        }
    }

    /// (lower, upper) node of an edge.
    fn ends(&self, edge: usize) -> (u32, u32) {
        let after = self.topology.first_up.partition_point(|&first| first as usize <= edge);
        (crate::graph::num::row(after - 1), self.topology.up[edge])
    }
}
