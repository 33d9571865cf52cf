//! Tables of times: many places against many.
//!
//! The rows of all targets are copied behind one another in the order of their anchors. In that order the depth of the
//! common ancestor with a source can only fall with the distance from its own place, and falls to the least of what
//! neighbours have in common; so it costs one comparison a cell and no look-up.

use super::bundle::{Bundle, least_sum};
use super::hierarchy::Hierarchy;

/// The rows of all targets of a table.
#[derive(Debug, Default)]
pub(crate) struct Targets {
    /// In order of anchor.
    rows: Vec<TargetRow>,
    ms: Vec<u32>,
}

#[derive(Clone, Copy, Debug)]
struct TargetRow {
    anchor: u32,
    /// The number of the target.
    target: u32,
    first: u32,
    /// Ancestors in common with the row before.
    n_common: u32,
}

impl Targets {
    /// From the number of each target and its rows. O(size of the rows).
    pub(crate) fn new(hierarchy: &Hierarchy, mut bundles: Vec<(u32, Bundle)>) -> Self {
        bundles.sort_by_key(|(target, bundle)| (bundle.anchor(), *target));
        let mut targets = Self::default();
        for (target, bundle) in bundles {
            let before = targets.rows.last();
            let n_common =
                before.map_or(0, |b| hierarchy.common_depth(b.anchor, bundle.anchor()) + 1);
            let first = crate::graph::num::row(targets.ms.len());
            targets.rows.push(TargetRow { anchor: bundle.anchor(), target, first, n_common });
            targets.ms.extend(bundle.ms());
        }
        targets
    }

    /// Lowers `out[target]` to the time from `source` wherever that is less. O(targets x depth); allocates nothing.
    pub(crate) fn lower(
        &self,
        hierarchy: &Hierarchy,
        source: &Bundle,
        mut out: impl FnMut(u32, u32),
    ) {
        let start = self.rows.partition_point(|row| row.anchor < source.anchor());
        let with = |row: &TargetRow| hierarchy.common_depth(source.anchor(), row.anchor) + 1;
        let mut put = |row: &TargetRow, n_common: u32| {
            let n = n_common as usize;
            let theirs = &self.ms[row.first as usize..row.first as usize + n];
            out(row.target, least_sum(&source.ms()[..n], theirs));
        };
        let (before, after) = self.rows.split_at(start);
        let mut n_common = after.first().map_or(0, with);
        for (idx, row) in after.iter().enumerate() {
            n_common = if idx == 0 { n_common } else { n_common.min(row.n_common) };
            put(row, n_common);
        }
        let mut n_common = before.last().map_or(0, with);
        for row in before.iter().rev() {
            put(row, n_common);
            n_common = n_common.min(row.n_common);
        }
    }
}
