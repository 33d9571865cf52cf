//! Nodes at one junction that differ in how far a trip is.
//!
//! Roads where trips may only begin and end are left over nodes of their own and entered over others (see `graph::ends`). As a
//! place, such a junction is one: a trip that begins there begins on the node that leads out, and one that ends there may
//! end on either. So a vehicle on its way in that is sent elsewhere sets off like any other.

use serde::{Deserialize, Serialize};

use super::Region;
use super::oracle::millis;
use crate::ids::NodeId;
use crate::units::Millis;

/// A node where trips may only end, and the one at the same junction where they begin.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub(crate) struct Twin {
    pub(crate) inward: u32,
    pub(crate) outward: u32,
    /// Whether the junction is one that no public road meets. At others the second node is that of the public roads.
    pub(crate) is_inside: bool,
}

/// All twins of a region.
#[derive(Debug, Default)]
pub(super) struct Twins {
    /// In order of `inward`.
    by_inward: Vec<Twin>,
    /// Those inside, in order of `outward`.
    by_outward: Vec<Twin>,
    /// A bit for each node that is one of two at its junction.
    is_split: Vec<u64>,
}

impl Twins {
    /// `twins` in order, one for each inward node.
    pub(super) fn new(n_nodes: usize, twins: &[Twin]) -> Self {
        let mut is_split = vec![0; n_nodes.div_ceil(64)];
        let mut by_outward: Vec<Twin> = twins.iter().filter(|t| t.is_inside).copied().collect();
        by_outward.sort_unstable_by_key(|twin| (twin.outward, twin.inward));
        let inward = twins.iter().map(|twin| twin.inward);
        for node in inward.chain(by_outward.iter().map(|twin| twin.outward)) {
            if let Some(bits) = is_split.get_mut(node as usize / 64) {
                *bits |= 1_u64 << (node % 64);
            }
        }
        Self { by_inward: twins.to_vec(), by_outward, is_split }
    }

    /// Whether a node is one of two at its junction.
    #[inline]
    pub(super) fn is_split(&self, node: u32) -> bool {
        self.is_split.get(node as usize / 64).is_some_and(|bits| bits >> (node % 64) & 1 == 1)
    }

    /// The node where a trip begins that begins at this one.
    #[inline]
    pub(super) fn start(&self, node: u32) -> u32 {
        if !self.is_split(node) {
            return node;
        }
        let found = self.by_inward.binary_search_by_key(&node, |twin| twin.inward);
        found.map_or(node, |idx| self.by_inward[idx].outward)
    }

    /// The nodes where a trip may end that ends at this one; itself first.
    pub(super) fn ends(&self, node: u32) -> impl Iterator<Item = u32> {
        let start = Some(self.start(node)).filter(|&start| start != node);
        let first = if self.is_split(node) {
            self.by_outward.partition_point(|twin| twin.outward < node)
        } else {
            self.by_outward.len()
        };
        let inward = self.by_outward[first..].iter().take_while(move |t| t.outward == node);
        [node].into_iter().chain(start).chain(inward.map(|twin| twin.inward))
    }

    /// Lowers times to all nodes to those of the nodes at the same junction.
    pub(super) fn lower(&self, times: &mut [u32]) {
        for twin in &self.by_inward {
            let (inward, outward) = (twin.inward as usize, twin.outward as usize);
            let least = times[inward].min(times[outward]);
            times[inward] = least;
            if twin.is_inside {
                times[outward] = least;
            }
        }
    }
}

impl Region {
    /// The time from node to node on the exported graph, that of a Dijkstra on [`Region::arcs`]. It differs from that of a trip
    /// ([`crate::oracle::Oracle::time`]) only at junctions that are two nodes, see [`Region::start_node`].
    /// [`Millis::INFINITE`] if there is no way or no such node.
    #[must_use]
    pub fn graph_time(&self, from: NodeId, to: NodeId) -> Millis {
        let is_node = |node: NodeId| node.idx() < self.n_nodes();
        if is_node(from) && is_node(to) {
            millis(self.hierarchy.time(from.get(), to.get()))
        } else {
            Millis::INFINITE
        }
    }

    /// The node of the graph from which a trip sets off that begins at `node`: another one where a road that trips may not cross
    /// was entered.
    #[must_use]
    pub fn start_node(&self, node: NodeId) -> NodeId {
        NodeId::new(self.twins.start(node.get()))
    }

    /// The nodes of the graph where a trip may end that ends at `node`: itself, and others at the same junction of roads that
    /// trips may not cross.
    pub fn end_nodes(&self, node: NodeId) -> impl Iterator<Item = NodeId> {
        self.twins.ends(node.get()).map(NodeId::new)
    }
}
