//! Several ends of one place as one row of times.
//!
//! A place along a road is left by its two ends, and neighbours are always ancestor and descendant in the elimination
//! tree. So the row of the lower one can take in that of the upper one, and the place then costs no more than a node.
//! Ends that are not related (rare: copies of restricted junctions) keep rows of their own.

use super::NEVER;
use super::hierarchy::Hierarchy;
use super::labels::least_sum;

/// The way that times run.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Flow {
    /// From the place to the ancestors.
    Up,
    /// From the ancestors to the place.
    Down,
}

/// Times between a place and all ancestors of a node, root first; never above [`NEVER`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Bundle {
    anchor: u32,
    ms: Vec<u32>,
}

impl Bundle {
    /// The rows of a place whose `ends` are (node, milliseconds from or to it). O(ends x depth).
    pub(crate) fn of(hierarchy: &Hierarchy, flow: Flow, ends: &mut [(u32, u32)]) -> Vec<Self> {
        // The deepest first: the others may be their ancestors.
        ends.sort_unstable_by_key(|&(node, _)| std::cmp::Reverse((hierarchy.depth(node), node)));
        let mut bundles: Vec<Self> = Vec::new();
        for &(node, extra) in &*ends {
            let known = bundles.iter().position(|b| hierarchy.is_ancestor(node, b.anchor));
            let idx = known.unwrap_or_else(|| {
                let ms = vec![NEVER; hierarchy.depth(node) as usize + 1];
                bundles.push(Self { anchor: node, ms });
                bundles.len() - 1
            });
            if let Some(bundle) = bundles.get_mut(idx) {
                bundle.take_in(hierarchy, flow, (node, extra));
            }
        }
        bundles
    }

    /// Takes in an end that is the anchor or one of its ancestors.
    fn take_in(&mut self, hierarchy: &Hierarchy, flow: Flow, (node, extra): (u32, u32)) {
        let row = hierarchy.row(flow, node);
        // Below 2^30 + 2^29, and then 2^30 more.
        let more = row.extra + extra;
        for (mine, &theirs) in self.ms.iter_mut().zip(&*row.ms) {
            *mine = (*mine).min(theirs.wrapping_add(more));
        }
        if let Some(own) = self.ms.get_mut(hierarchy.depth(node) as usize) {
            *own = (*own).min(extra);
        }
    }

    /// The node that all ends are ancestors of.
    pub(crate) fn anchor(&self) -> u32 {
        self.anchor
    }

    /// The row.
    pub(crate) fn ms(&self) -> &[u32] {
        &self.ms
    }

    /// The time from this place to a node, at most [`NEVER`].
    #[inline]
    pub(crate) fn time_to_node(&self, hierarchy: &Hierarchy, node: u32) -> u32 {
        self.join(hierarchy, Flow::Down, node)
    }

    /// The time from a node to this place, at most [`NEVER`].
    #[inline]
    pub(crate) fn time_from_node(&self, hierarchy: &Hierarchy, node: u32) -> u32 {
        self.join(hierarchy, Flow::Up, node)
    }

    #[inline]
    fn join(&self, hierarchy: &Hierarchy, flow: Flow, node: u32) -> u32 {
        if node == self.anchor {
            let row = hierarchy.row(flow, node);
            let over = least_sum(&self.ms[..row.ms.len()], &row.ms) + row.extra;
            // The last slot is the node itself; the row of a dead end does not have it.
            return self.ms.last().copied().unwrap_or(NEVER).min(over);
        }
        let n_common = hierarchy.common_depth(self.anchor, node) as usize + 1;
        if let Some((ms, extra)) = hierarchy.stored(flow, node, n_common) {
            return (least_sum(&self.ms[..n_common], ms) + extra).min(NEVER);
        }
        let row = hierarchy.row(flow, node);
        least_sum(&self.ms[..n_common], &row.ms[..n_common]).min(NEVER)
    }
}
