//! The depth of the lowest common ancestor in constant time.
//!
//! Schieber and Vishkin, "On Finding Lowest Common Ancestors" (SIAM J. Comput. 17, 1988): the tree is mapped to a
//! complete binary tree by *inlabel* numbers so that bit operations find the height at which both ways up meet. Needs a preorder
//! numbering. What they look up by inlabel every node knows itself here, height by height: one record for each end is all that is read.
//! Where labels begin stands in a small table beside the records, which stays in the caches, so that a query need not wait for a record
//! before it fetches a label.

use super::lanes;
use super::topology::Topology;
use crate::graph::num::row;

/// Heights for which a node knows the depth of its ancestors. Larger trees do without the lowest.
const HEIGHTS: usize = 20;
/// A depth that does not fit, and all below.
const DEEP: u8 = u8::MAX;

/// What a query needs to know of one of its ends, in half a cache line.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[repr(align(32))]
struct Lineage {
    /// The number with most trailing zeros among the preorder numbers (from 1) of its subtree; so many are its height.
    inlabel: u32,
    /// A bit for the height of every inlabel on the way to the root; and [`Lineage::DEAD_END`].
    ascendant: u32,
    /// What to add to all slots, up and down: the ticks to the parent of a dead end, 0 for other nodes.
    extra: [u16; 2],
    /// By height, from [`Ancestors::least_height`] on: the depth of the lowest ancestor of at least that height, or [`DEEP`].
    depths: [u8; HEIGHTS],
}

impl Lineage {
    /// Set if a node has no label of its own. There are fewer than 2^31 nodes, so no height is 31.
    const DEAD_END: u32 = 1 << 31;
}

/// Lineages of all nodes.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Ancestors {
    nodes: Vec<Lineage>,
    /// The first block of the label of each node; of that of its parent if it is a dead end.
    first: Vec<u32>,
    /// The height that `depths` begin with.
    least_height: u32,
    /// Of all labels, one way.
    n_blocks: usize,
}

impl Ancestors {
    /// Bytes for each node.
    pub(crate) const BYTES_PER_NODE: usize = size_of::<Lineage>() + size_of::<u32>();

    /// For a tree whose nodes are numbered in preorder.
    pub(crate) fn new(topology: &Topology) -> Self {
        let n = topology.n_nodes();
        let size = topology.subtree_sizes();
        let greatest_height = row(n).checked_ilog2().unwrap_or(0);
        let least_height = (greatest_height + 1).saturating_sub(row(HEIGHTS));
        let mut nodes = vec![Lineage::default(); n];
        let mut first_blocks = vec![0; n];
        let mut n_label_blocks = 0;
        for node in 0..n {
            let first = row(node) + 1;
            let last = first + size[node] - 1;
            // The common high bits of first - 1 and last, then a one: most trailing zeros in [first, last].
            let height = ((first - 1) ^ last).ilog2();
            let inlabel = last >> height << height;
            let height = inlabel.trailing_zeros();
            let parent_node = topology.parent(row(node)) as usize;
            let parent = nodes[parent_node];
            let is_dead_end = is_dead_end(topology, &size, node);
            // The parent of a node is no dead end.
            let mut ascendant = parent.ascendant | 1 << height;
            let mut depths = parent.depths;
            let own_depth = u8::try_from(topology.depth[node]).unwrap_or(DEEP);
            let n_own = (height + 1).saturating_sub(least_height);
            depths[..n_own as usize].fill(own_depth);
            if is_dead_end {
                ascendant |= Lineage::DEAD_END;
                first_blocks[node] = first_blocks[parent_node];
            } else {
                first_blocks[node] = row(n_label_blocks);
                n_label_blocks += lanes::n_blocks(topology.depth[node] as usize + 1);
            }
            nodes[node] = Lineage { inlabel, ascendant, extra: [0; 2], depths };
        }
        Self { nodes, first: first_blocks, least_height, n_blocks: n_label_blocks }
    }

    /// Blocks of all labels, one way, for a tree as in [`Self::new`].
    pub(crate) fn n_blocks_of(topology: &Topology) -> usize {
        let size = topology.subtree_sizes();
        let labelled = (0..topology.n_nodes()).filter(|&node| !is_dead_end(topology, &size, node));
        labelled.map(|node| lanes::n_blocks(topology.depth[node] as usize + 1)).sum()
    }

    /// Blocks of all labels, one way.
    pub(crate) fn n_blocks(&self) -> usize {
        self.n_blocks
    }

    /// The first block of a node's label, or of that of its parent if it is a dead end.
    #[inline(always)]
    pub(crate) fn first_block(&self, node: u32) -> usize {
        self.first[node as usize] as usize
    }

    /// What to add to its slots, up and down.
    #[inline(always)]
    pub(crate) fn extra(&self, node: u32) -> [u16; 2] {
        self.nodes[node as usize].extra
    }

    pub(crate) fn set_extra(&mut self, node: u32, extra: [u16; 2]) {
        self.nodes[node as usize].extra = extra;
    }

    /// Whether a node has no label of its own.
    #[inline]
    pub(crate) fn is_dead_end(&self, node: u32) -> bool {
        self.nodes[node as usize].ascendant & Lineage::DEAD_END != 0
    }

    /// Bytes held.
    pub(crate) fn bytes(&self) -> usize {
        size_of_val(&*self.nodes) + size_of_val(&*self.first)
    }

    /// The depth of the lowest common ancestor, unless it is too great or too low in a large tree: hardly ever.
    #[inline(always)]
    pub(crate) fn known_depth(&self, a: u32, b: u32) -> Option<u32> {
        let (one, other) = (&self.nodes[a as usize], &self.nodes[b as usize]);
        // Without branches that would have to be guessed. The same inlabel twice counts as a difference in the lowest bit.
        let highest = ((one.inlabel ^ other.inlabel) | 1).ilog2();
        let common = one.ascendant & other.ascendant & (u32::MAX << highest);
        let height = common.trailing_zeros().wrapping_sub(self.least_height) as usize;
        let least = (*one.depths.get(height)?).min(*other.depths.get(height)?);
        (least < DEEP).then_some(u32::from(least))
    }
}

/// A leaf with a single way up. It needs no label of its own: its times are those of its parent and the way there.
fn is_dead_end(topology: &Topology, size: &[u32], node: usize) -> bool {
    node > 0 && size[node] == 1 && topology.up_rows(row(node)).len() == 1
}
