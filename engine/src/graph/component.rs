//! The largest strongly connected component: the part of a network where every place reaches every other.
//!
//! Kosaraju's algorithm of petgraph (iterative, so deep maps cannot exhaust the stack). Of several components of the
//! same size the one with the smallest node wins.

use petgraph::algo::kosaraju_scc;
use petgraph::graph::{DiGraph, NodeIndex};

/// `inside[node]` for the nodes of the largest strongly connected component of `n` nodes and these arcs.
pub(crate) fn largest(n: usize, arcs: impl Iterator<Item = (u32, u32)>) -> Vec<bool> {
    let mut graph: DiGraph<(), (), u32> = DiGraph::new();
    for _ in 0..n {
        graph.add_node(());
    }
    for (tail, head) in arcs {
        graph.add_edge(NodeIndex::from(tail), NodeIndex::from(head), ());
    }
    let components = kosaraju_scc(&graph);
    let largest =
        components.iter().max_by_key(|nodes| (nodes.len(), std::cmp::Reverse(nodes.iter().min())));
    let mut inside = vec![false; n];
    for &node in largest.into_iter().flatten() {
        inside[node.index()] = true;
    }
    inside
}
