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
            let row = hierarchy.row(flow, node);
            match bundles.iter_mut().find(|b| hierarchy.is_ancestor(node, b.anchor)) {
                Some(bundle) => bundle.take_in(&row, extra),
                None => {
                    let mut bundle = Self { anchor: node, ms: vec![NEVER; row.len()] };
                    bundle.take_in(&row, extra);
                    bundles.push(bundle);
                }
            }
        }
        bundles
    }

    fn take_in(&mut self, row: &[u32], extra: u32) {
        for (mine, &theirs) in self.ms.iter_mut().zip(row) {
            *mine = (*mine).min(theirs.wrapping_add(extra));
        }
    }

    /// The time from this place to that one; [`NEVER`] or more if there is no way over nodes.
    #[inline]
    pub(crate) fn time_to(&self, hierarchy: &Hierarchy, to: &Self) -> u32 {
        let common = hierarchy.common_depth(self.anchor, to.anchor) as usize;
        least_sum(&self.ms[..=common], &to.ms[..=common])
    }

    /// The time from this place to a node.
    #[inline]
    pub(crate) fn time_to_node(&self, hierarchy: &Hierarchy, node: u32) -> u32 {
        let common = hierarchy.common_depth(self.anchor, node) as usize;
        least_sum(&self.ms[..=common], &hierarchy.row(Flow::Down, node)[..=common])
    }

    /// The time from a node to this place.
    #[inline]
    pub(crate) fn time_from_node(&self, hierarchy: &Hierarchy, node: u32) -> u32 {
        let common = hierarchy.common_depth(self.anchor, node) as usize;
        least_sum(&hierarchy.row(Flow::Up, node)[..=common], &self.ms[..=common])
    }
}
