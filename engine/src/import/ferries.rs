//! Ferries whose far shore is not in the extract.
//!
//! They would be roads to nowhere, driven both ways like any dead end. One is closed if nothing else meets it at one of
//! its ends; that may leave another one without a shore, and so on.

use petgraph::graph::NodeIndex;

use super::profile::RoadClass;
use super::report::ImportReport;
use crate::graph::network::Network;

/// Closes them. Linear in the size of the network.
pub(super) fn close_unconnected(network: &mut Network, report: &mut ImportReport) {
    let mut queue: Vec<_> = network
        .edge_indices()
        .filter(|&edge| network[edge].class == RoadClass::Ferry)
        .rev()
        .collect();
    let mut n_edges: Vec<usize> =
        network.node_indices().map(|node| network.edges(node).count()).collect();
    while let Some(edge) = queue.pop() {
        let Some((a, b)) = network.edge_endpoints(edge) else { continue };
        let stretch = &mut network[edge];
        let is_open = stretch.forward_ms.is_some() || stretch.backward_ms.is_some();
        let has_shores = n_edges[a.index()] > 1 && n_edges[b.index()] > 1;
        if stretch.class != RoadClass::Ferry || !is_open || has_shores {
            continue;
        }
        (stretch.forward_ms, stretch.backward_ms) = (None, None);
        report.ferries_unconnected += 1;
        for end in [a, b] {
            let left: &mut usize = &mut n_edges[end.index()];
            *left = left.saturating_sub(1);
            if *left == 1 {
                queue.extend(edges_at(network, end));
            }
        }
    }
}

fn edges_at(network: &Network, node: NodeIndex<u32>) -> Vec<petgraph::graph::EdgeIndex<u32>> {
    network.edges(node).map(|edge| petgraph::visit::EdgeRef::id(&edge)).collect()
}
