//! The depth of the lowest common ancestor in constant time.
//!
//! Schieber and Vishkin, "On Finding Lowest Common Ancestors" (SIAM J. Comput. 17, 1988): the tree is mapped to a
//! complete binary tree by *inlabel* numbers so that bit operations find the ancestor. Needs a preorder numbering.

use super::lanes::n_blocks;
use super::topology::{HierarchyError, Topology};
use crate::graph::num::row;

/// What one node needs to know; also where its label is, so that a query reads one record for each end.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Lineage {
    /// The number with most trailing zeros among the preorder numbers (from 1) of its subtree.
    inlabel: u32,
    /// A bit for the trailing zeros of every inlabel on the way to the root.
    ascendant: u32,
    /// The first block of its label; of that of its parent if it is a dead end.
    first: u32,
    depth: u16,
    is_dead_end: bool,
}

/// Lineages of all nodes.
#[derive(Clone, Debug, Default)]
pub(crate) struct Ancestors {
    nodes: Vec<Lineage>,
    /// By inlabel: the depth of the parent of the topmost node with that inlabel.
    depth_above: Vec<u16>,
    /// Of all labels, one way.
    n_blocks: usize,
}

impl Ancestors {
    /// For a tree whose nodes are numbered in preorder.
    ///
    /// # Errors
    /// [`HierarchyError::TooDeep`] if depths do not fit 16 bits.
    pub(crate) fn new(topology: &Topology) -> Result<Self, HierarchyError> {
        let n = topology.n_nodes();
        let deepest = topology.depth.iter().max().copied().unwrap_or(0);
        if deepest >= u32::from(u16::MAX) {
            return Err(HierarchyError::TooDeep { depth: deepest });
        }
        let depth_of = |node: usize| u16::try_from(topology.depth[node]).unwrap_or(u16::MAX);
        let mut size = vec![1_u32; n];
        for node in (1..n).rev() {
            size[topology.parent[node] as usize] += size[node];
        }
        let mut nodes = vec![Lineage::default(); n];
        // One more than there are numbers: whoever needs no entry looks at one all the same.
        let mut depth_above = vec![0; n + 2];
        let mut n_label_blocks = 0;
        for node in 0..n {
            let first = row(node) + 1;
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
                first: if is_dead_end { parent.first } else { row(n_label_blocks) },
                depth: depth_of(node),
                is_dead_end,
            };
            n_label_blocks +=
                if is_dead_end { 0 } else { n_blocks(usize::from(depth_of(node)) + 1) };
            if node == 0 || parent.inlabel != inlabel {
                depth_above[inlabel as usize] = depth_of(node).saturating_sub(1);
            }
        }
        Ok(Self { nodes, depth_above, n_blocks: n_label_blocks })
    }

    /// Blocks of all labels, one way.
    pub(crate) fn n_blocks(&self) -> usize {
        self.n_blocks
    }

    /// The blocks of a node's label, or of that of its parent if it is a dead end.
    #[inline]
    pub(crate) fn blocks(&self, node: u32) -> std::ops::Range<usize> {
        let node = &self.nodes[node as usize];
        let first = node.first as usize;
        first..first + n_blocks(usize::from(node.depth) + usize::from(!node.is_dead_end))
    }

    /// The first of them.
    #[inline(always)]
    pub(crate) fn first_block(&self, node: u32) -> usize {
        self.nodes[node as usize].first as usize
    }

    /// Whether a node has no label of its own.
    #[inline]
    pub(crate) fn is_dead_end(&self, node: u32) -> bool {
        self.nodes[node as usize].is_dead_end
    }

    /// Bytes held.
    pub(crate) fn bytes(&self) -> usize {
        self.nodes.len() * size_of::<Lineage>() + self.depth_above.len() * 2
    }

    pub(crate) fn depth(&self, node: u32) -> u32 {
        u32::from(self.nodes[node as usize].depth)
    }

    /// The depth of the lowest common ancestor.
    #[inline(always)]
    pub(crate) fn common_depth(&self, a: u32, b: u32) -> u32 {
        let (a, b) = (self.nodes[a as usize], self.nodes[b as usize]);
        // Without branches, since nobody could guess them. The same inlabel twice counts as a difference in the lowest bit.
        let highest = ((a.inlabel ^ b.inlabel) | 1).ilog2();
        let common = a.ascendant & b.ascendant & (u32::MAX << highest);
        let lower = below_lowest_bit(common);
        u32::from(self.climb(a, lower).min(self.climb(b, lower)))
    }

    /// The depth of the lowest ancestor whose inlabel has none of these trailing zeros, given as ones, and one more at most.
    #[inline(always)]
    fn climb(&self, from: Lineage, lower: u32) -> u16 {
        let below = from.ascendant & lower;
        let height = (below | 1).ilog2();
        let inlabel = (from.inlabel >> height | 1) << height;
        let above = self.depth_above[inlabel as usize];
        if below == 0 { from.depth } else { above }
    }
}

/// Ones below the lowest one.
#[inline(always)]
fn below_lowest_bit(bits: u32) -> u32 {
    bits.wrapping_sub(1) & !bits
}

/// A leaf with a single way up. It needs no label of its own: its times are those of its parent and the way there.
fn is_dead_end(topology: &Topology, size: &[u32], node: usize) -> bool {
    node > 0 && size[node] == 1 && topology.up_rows(row(node)).len() == 1
}
