//! Several ends of one place as one row of times.
//!
//! A place along a road is left by its two ends, and neighbours are always ancestor and descendant in the elimination
//! tree. So the row of the lower one can take in that of the upper one, and the place then costs no more than a node.
//! Ends that are not related (rare: copies of restricted junctions) keep rows of their own.

use smallvec::SmallVec;

use super::NEVER;
use super::hierarchy::{Hierarchy, Times};

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
    ms: Times,
}

/// The bundles of one place: nearly always one.
pub(crate) type Bundles = SmallVec<[Bundle; 1]>;

impl Bundle {
    /// The rows of a place whose `ends` are (node, milliseconds from or to it). O(ends x depth).
    pub(crate) fn of(hierarchy: &Hierarchy, flow: Flow, ends: &mut [(u32, u32)]) -> Bundles {
        // The deepest first: the others may be their ancestors.
        ends.sort_unstable_by_key(|&(node, _)| std::cmp::Reverse((hierarchy.depth(node), node)));
        let mut bundles = Bundles::new();
        for &(node, extra) in &*ends {
            let known = bundles.iter().position(|b| hierarchy.is_ancestor(node, b.anchor));
            let idx = known.unwrap_or_else(|| {
                let ms = Times::from_elem(NEVER, hierarchy.depth(node) as usize + 1);
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
        let times = hierarchy.times(flow, node);
        for (mine, &theirs) in self.ms.iter_mut().zip(&times) {
            // Below 2^30 + 2^29.
            *mine = (*mine).min(theirs.wrapping_add(extra));
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
        let n_common = hierarchy.common_depth(self.anchor, node) as usize + 1;
        let mine = &self.ms[..n_common];
        if let Some(labels) = &hierarchy.labels {
            // The label of a dead end does not have the node itself.
            let (own, above) = match mine.split_last() {
                Some((&own, above)) if node == self.anchor => (own, above),
                _ => (NEVER, mine),
            };
            let (row, extra) = (labels.row(flow, node), labels.extra(flow, node));
            if let Some(least) = labels.least_ms(above, row, extra) {
                return own.min(least);
            }
        }
        least_sum(mine, &hierarchy.climb(node, flow))
    }
}

/// The least `a[i] + b[i]`, at most [`NEVER`]; the longer row is cut.
#[inline]
pub(crate) fn least_sum(a: &[u32], b: &[u32]) -> u32 {
    // Below 2^31, so signed comparison is right, and the instruction sets that every machine has can do that.
    let sums = a.iter().zip(b).map(|(a, b)| a.wrapping_add(*b).cast_signed());
    sums.fold(NEVER.cast_signed(), i32::min).cast_unsigned()
}
