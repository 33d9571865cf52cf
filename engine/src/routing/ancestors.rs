//! The depth of the lowest common ancestor in constant time.
//!
//! Schieber and Vishkin, "On Finding Lowest Common Ancestors" (SIAM J. Comput. 17, 1988): the tree is mapped to a
//! complete binary tree by *inlabel* numbers so that bit operations find the ancestor. Needs a preorder numbering.

use super::topology::Topology;

/// What one node needs to know; also where its label is, so that a query reads one record for each end.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Lineage {
    /// The number with most trailing zeros among the preorder numbers (from 1) of its subtree.
    inlabel: u32,
    /// A bit for the trailing zeros of every inlabel on the way to the root.
    ascendant: u32,
    depth: u32,
    /// Where its label begins; that of its parent if it is a dead end.
    first: u32,
}

/// Lineages of all nodes.
#[derive(Clone, Debug, Default)]
pub(crate) struct Ancestors {
    nodes: Vec<Lineage>,
    /// By inlabel: the depth of the parent of the topmost node with that inlabel.
    depth_above: Vec<u32>,
    /// Of all labels.
    n_slots: usize,
    dead_end: Vec<bool>,
}

impl Ancestors {
    /// For a tree whose nodes are numbered in preorder.
    pub(crate) fn new(topology: &Topology) -> Self {
        let n = topology.n_nodes();
        let mut size = vec![1_u32; n];
        for node in (1..n).rev() {
            size[topology.parent[node] as usize] += size[node];
        }
        let mut nodes = vec![Lineage::default(); n];
        let mut depth_above = vec![0; n + 1];
        let mut n_slots = 0;
        let mut dead_end = vec![false; n];
        for node in 0..n {
            let first = crate::graph::num::row(node) + 1;
            let last = first + size[node] - 1;
            // The common high bits of first - 1 and last, then a one: most trailing zeros in [first, last].
            let height = ((first - 1) ^ last).ilog2();
            let inlabel = last >> height << height;
            let parent = nodes[topology.parent[node] as usize];
            let ascendant = if node == 0 { 0 } else { parent.ascendant };
            let is_dead_end = is_dead_end(topology, &size, node);
            nodes[node] = Lineage {
                inlabel,
                ascendant: ascendant | 1 << inlabel.trailing_zeros(),
                depth: topology.depth[node],
                first: if is_dead_end { parent.first } else { crate::graph::num::row(n_slots) },
            };
            dead_end[node] = is_dead_end;
            n_slots += if is_dead_end { 0 } else { topology.depth[node] as usize + 1 };
            if node == 0 || parent.inlabel != inlabel {
                depth_above[inlabel as usize] = topology.depth[node].saturating_sub(1);
            }
        }
        Self { nodes, depth_above, n_slots, dead_end }
    }

    /// Slots of all labels.
    pub(crate) fn n_slots(&self) -> usize {
        self.n_slots
    }

    /// The first slot of a node's label.
    #[inline]
    pub(crate) fn first_slot(&self, node: u32) -> usize {
        self.nodes[node as usize].first as usize
    }

    /// Whether a node has no label of its own.
    #[inline]
    pub(crate) fn is_dead_end(&self, node: u32) -> bool {
        self.dead_end[node as usize]
    }

    /// Bytes held.
    pub(crate) fn bytes(&self) -> usize {
        self.nodes.len() * (size_of::<Lineage>() + 1) + self.depth_above.len() * 4
    }

    pub(crate) fn depth(&self, node: u32) -> u32 {
        self.nodes[node as usize].depth
    }

    /// The depth of the lowest common ancestor.
    #[inline(always)]
    pub(crate) fn common_depth(&self, a: u32, b: u32) -> u32 {
        let (a, b) = (self.nodes[a as usize], self.nodes[b as usize]);
        if a.inlabel == b.inlabel {
            return a.depth.min(b.depth);
        }
        let highest = (a.inlabel ^ b.inlabel).ilog2();
        let common = a.ascendant & b.ascendant & (u32::MAX << highest);
        let height = common.trailing_zeros();
        self.climb(a, height).min(self.climb(b, height))
    }

    /// The depth of the lowest ancestor whose inlabel has so many trailing zeros.
    #[inline(always)]
    fn climb(&self, from: Lineage, height: u32) -> u32 {
        if from.inlabel.trailing_zeros() == height {
            return from.depth;
        }
        let below = (from.ascendant & ((1 << height) - 1)).ilog2();
        let inlabel = (from.inlabel >> below | 1) << below;
        self.depth_above[inlabel as usize]
    }
}

/// A leaf with a single way up. It needs no label of its own: its times are those of its parent and the way there.
fn is_dead_end(topology: &Topology, size: &[u32], node: usize) -> bool {
    node > 0 && size[node] == 1 && topology.up_rows(crate::graph::num::row(node)).len() == 1
}
