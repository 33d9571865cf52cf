//! Lengths of fastest paths for lists of pairs.

use rayon::prelude::*;

use super::Region;
use crate::oracle::Location;
use crate::units::Millimeters;

impl Region {
    /// The length of the fastest path of each pair, the same as that of [`crate::oracle::Oracle::path`]; `None` where there
    /// is no way. Shared out to threads; a few microseconds a pair, for each path is unpacked.
    #[must_use]
    pub fn distances_of_pairs(&self, pairs: &[(Location, Location)]) -> Vec<Option<Millimeters>> {
        let distance =
            |&(from, to): &(Location, Location)| self.find_path(from, to).map(|path| path.distance);
        pairs.par_iter().with_min_len(256).map(distance).collect()
    }
}
