//! The shortcuts of the hierarchy and its elimination tree, the same for all weights.
//!
//! Nodes are eliminated from the largest number to the smallest; the neighbours left over become a clique. What a node
//! is connected to when it is eliminated are its *upper* neighbours, all of them its ancestors in the elimination tree.
//! Symbolic factorisation after George and Liu (1981); as hierarchies: arXiv 1402.0402, section 4.

use std::iter;
use std::ops::Range;

use thiserror::Error;

use super::order::nested_dissection;
use crate::geo::LatLon;
use crate::graph::csr::first_rows;
use crate::graph::num::row;

/// Shortcuts of any hierarchy: 2^28 take 4 GB with their weights. The last number is taken, see [`super::weights`].
const EDGES_MAX: usize = (1 << 28) - 1;
/// Shortcuts for each node beyond which something other than a road network was given.
const EDGES_PER_NODE_MAX: usize = 200;
/// Upper neighbours of one node; customisation takes their square. Road networks of whole countries need a few hundred.
const UPPER_MAX: usize = 2_000;
/// Shortcuts allowed whatever the number of nodes.
const EDGES_FREE: usize = 1 << 20;
/// Edges of a subtree that is worth a thread: more than half a millisecond of customisation, so that waiting for the other thread on a
/// busy machine costs less than it saves.
const LARGE_EDGES: usize = 1 << 15;
/// Large subtrees hold at least one so manyth of all edges.
const SUBTREES_MAX: usize = 64;

/// Why no hierarchy was built.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
pub enum HierarchyError {
    /// The order leads to far more shortcuts than any road network needs.
    #[error(
        "order the graph: more than {limit} shortcuts on {nodes} nodes: the graph does not separate, or its node order is damaged"
    )]
    TooDense {
        /// Nodes of the graph.
        nodes: usize,
        /// Shortcuts allowed.
        limit: usize,
    },
    /// The tree is deeper than any road network needs.
    #[error(
        "order the graph: a node has {depth} ancestors, more than 65,534: its node order is damaged"
    )]
    TooDeep {
        /// Ancestors of the deepest node.
        depth: u32,
    },
    /// Nodes are not numbered in the order of a tree.
    #[error("order the graph: nodes are not in the order of an elimination tree")]
    NotPreorder,
    /// A node has no way up to the root.
    #[error("order the graph: node {node} is not connected to the rest")]
    NotConnected {
        /// The node.
        node: u32,
    },
}

/// The elimination tree and the shortcuts.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Topology {
    /// Steps to the root.
    pub(crate) depth: Vec<u32>,
    /// Upper neighbours of `v`: `up[first_up[v]..first_up[v + 1]]`, ascending, that is from the root down.
    pub(crate) first_up: Vec<u32>,
    pub(crate) up: Vec<u32>,
    /// Lower triangles of `v`: `below[first_below[v]..first_below[v + 1]]`, from the highest lower neighbour down.
    first_below: Vec<u32>,
    below: Vec<Below>,
    /// The whole tree, with its large subtrees.
    pub(crate) subtrees: Subtree,
}

/// Nodes of a subtree, which have consecutive numbers, and those subtrees in it that are large enough for a thread each: two
/// or more, or none.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Subtree {
    pub(crate) nodes: Range<u32>,
    pub(crate) below: Vec<Subtree>,
}

impl Subtree {
    /// Nodes that are in none of the subtrees below.
    pub(crate) fn own_nodes(&self) -> impl DoubleEndedIterator<Item = u32> {
        let starts =
            iter::once(self.nodes.start).chain(self.below.iter().map(|part| part.nodes.end));
        let starts: Vec<u32> = starts.collect();
        let ends = self.below.iter().map(|part| part.nodes.start);
        let ends: Vec<u32> = ends.chain([self.nodes.end]).collect();
        starts.into_iter().zip(ends).flat_map(|(start, end)| start..end)
    }

    /// The tree from a root. `size` says how many nodes a subtree has, `is_large` whether it is.
    fn of(root: u32, size: &[u32], is_large: &impl Fn(&Range<u32>) -> bool) -> Self {
        let nodes = |root: u32| root..root + size[root as usize];
        let mut at = root;
        loop {
            let mut large = Vec::new();
            let mut child = at + 1;
            while child < nodes(at).end {
                large.extend(Some(child).filter(|&child| is_large(&nodes(child))));
                child = nodes(child).end;
            }
            match large.as_slice() {
                [] => return Self { nodes: nodes(root), below: Vec::new() },
                &[only] => at = only,
                several => {
                    let below = several.iter().map(|&child| Self::of(child, size, is_large));
                    return Self { nodes: nodes(root), below: below.collect() };
                }
            }
        }
    }
}

/// An edge up to a node from a lower neighbour that has edges to higher nodes too: each of them makes a triangle.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Below {
    /// Its row.
    pub(crate) edge: u32,
    /// The first row of the same lower neighbour; all before `edge` lead higher.
    pub(crate) first: u32,
}

impl Topology {
    /// Eliminates nodes from the largest to the smallest. `edges` as in [`nested_dissection`].
    pub(crate) fn new(n: usize, edges: &[(u32, u32)]) -> Result<Self, HierarchyError> {
        let limit = (n * EDGES_PER_NODE_MAX).clamp(EDGES_FREE, EDGES_MAX);
        let mut upper: Vec<Vec<u32>> = vec![Vec::new(); n];
        for &(a, b) in edges.iter().filter(|(a, b)| a != b) {
            upper[a.max(b) as usize].push(a.min(b));
        }
        let mut n_edges = 0;
        for node in (0..n).rev() {
            let mut mine = std::mem::take(&mut upper[node]);
            mine.sort_unstable();
            mine.dedup();
            mine.shrink_to_fit();
            n_edges += mine.len();
            if n_edges > limit || mine.len() > UPPER_MAX {
                return Err(HierarchyError::TooDense { nodes: n, limit });
            }
            match mine.split_last() {
                Some((&lowest, rest)) => {
                    upper[lowest as usize].extend(rest);
                }
                None if node > 0 => return Err(HierarchyError::NotConnected { node: row(node) }),
                None => {}
            }
            upper[node] = mine;
        }
        let mut depth: Vec<u32> = vec![0; n];
        let mut first_up = vec![0];
        let mut up = Vec::with_capacity(n_edges);
        for (node, mine) in upper.into_iter().enumerate() {
            depth[node] = mine.last().map_or(0, |&parent| depth[parent as usize] + 1);
            up.extend(mine);
            first_up.push(row(up.len()));
        }
        let (first_below, below) = lower_triangles(&first_up, &up);
        let mut topology =
            Self { depth, first_up, up, first_below, below, subtrees: Subtree::default() };
        if n > 0 && topology.is_preorder() {
            let large = (topology.up.len() / SUBTREES_MAX).max(LARGE_EDGES);
            let is_large = |nodes: &Range<u32>| topology.rows_of(nodes).len() >= large;
            topology.subtrees = Subtree::of(0, &topology.subtree_sizes(), &is_large);
        }
        Ok(topology)
    }

    /// Nodes in the subtree of each node.
    pub(crate) fn subtree_sizes(&self) -> Vec<u32> {
        let mut size = vec![1_u32; self.n_nodes()];
        for node in (1..self.n_nodes()).rev() {
            size[self.parent(row(node)) as usize] += size[node];
        }
        size
    }

    /// Rows of the edges up from consecutive nodes.
    pub(crate) fn rows_of(&self, nodes: &Range<u32>) -> Range<usize> {
        self.first_up[nodes.start as usize] as usize..self.first_up[nodes.end as usize] as usize
    }

    /// An entry for every depth.
    pub(crate) fn room(&self) -> Vec<[u64; 2]> {
        let deepest = self.depth.iter().max().copied().unwrap_or(0);
        vec![[0; 2]; deepest as usize + 1]
    }

    /// The depth of the lowest common ancestor, found step by step: for pairs that [`super::ancestors`] does not know.
    /// Needs a preorder. O(depth).
    #[cold]
    pub(crate) fn common_depth(&self, mut a: u32, mut b: u32) -> u32 {
        while a != b {
            // No ancestor has a larger number.
            (a, b) = (a.min(b), self.parent(a.max(b)));
        }
        self.depth[a as usize]
    }

    pub(crate) fn n_nodes(&self) -> usize {
        self.depth.len()
    }

    /// The parent in the tree: the lowest upper neighbour. The root is its own.
    #[inline]
    pub(crate) fn parent(&self, node: u32) -> u32 {
        self.up[self.up_rows(node)].last().copied().unwrap_or(0)
    }

    /// The node from which an edge leads up. O(log nodes).
    pub(crate) fn lower(&self, edge: usize) -> u32 {
        row(self.first_up.partition_point(|&first| first as usize <= edge)).saturating_sub(1)
    }

    /// Rows of the edges from a node to its upper neighbours.
    pub(crate) fn up_rows(&self, node: u32) -> Range<usize> {
        let node = node as usize;
        self.first_up[node] as usize..self.first_up[node + 1] as usize
    }

    /// What all lower triangles of the edges of a node are made of.
    #[inline]
    pub(crate) fn below(&self, node: u32) -> &[Below] {
        let node = node as usize;
        &self.below[self.first_below[node] as usize..self.first_below[node + 1] as usize]
    }

    /// Bytes held.
    pub(crate) fn bytes(&self) -> usize {
        (self.depth.len() * 3 + self.up.len()) * 4 + self.below.len() * size_of::<Below>()
    }

    /// Whether subtrees are contiguous, as [`super::ancestors`] needs it: each parent is on the path just left.
    pub(crate) fn is_preorder(&self) -> bool {
        (1..self.n_nodes()).all(|node| {
            let wanted = self.parent(row(node));
            let mut previous = row(node - 1);
            // Walking up costs as much as the depth lost, so this is linear in all.
            while previous > wanted {
                previous = self.parent(previous);
            }
            previous == wanted
        })
    }
}

/// Edges by upper end, without those that lead highest.
fn lower_triangles(first_up: &[u32], up: &[u32]) -> (Vec<u32>, Vec<Below>) {
    let rows = || first_up.windows(2).map(|pair| pair[0]..pair[1]);
    let not_highest =
        || rows().flat_map(|rows| rows.clone().skip(1).map(move |edge| (rows.start, edge)));
    let first_below =
        first_rows(first_up.len() - 1, not_highest().map(|(_, edge)| up[edge as usize]));
    let mut next = first_below.clone();
    let mut below =
        vec![Below::default(); up.len() - rows().filter(|rows| !rows.is_empty()).count()];
    for (first, edge) in not_highest() {
        let place = &mut next[up[edge as usize] as usize];
        below[*place as usize] = Below { edge, first };
        *place += 1;
    }
    (first_below, below)
}

/// New numbers of the nodes: a nested dissection order, made a preorder of its elimination tree with root 0.
///
/// # Errors
/// [`HierarchyError`] if the graph is not connected or does not separate.
pub(crate) fn preorder(
    points: &[LatLon],
    edges: &[(u32, u32)],
) -> Result<Vec<u32>, HierarchyError> {
    let n = points.len();
    let order = nested_dissection(points, edges);
    let mut eliminated = vec![0; n];
    for (position, &node) in order.iter().rev().enumerate() {
        eliminated[node as usize] = row(position);
    }
    let renumbered: Vec<(u32, u32)> =
        edges.iter().map(|&(a, b)| (eliminated[a as usize], eliminated[b as usize])).collect();
    let topology = Topology::new(n, &renumbered)?;

    // Sizes of subtrees give every node its place: after its parent and the siblings before it.
    let size = topology.subtree_sizes();
    let mut next_child = vec![1_u32; n];
    let mut place = vec![0_u32; n];
    for node in 1..n {
        let parent = topology.parent(row(node)) as usize;
        place[node] = place[parent] + next_child[parent];
        next_child[parent] += size[node];
    }
    Ok(eliminated.into_iter().map(|old| place[old as usize]).collect())
}
