//! Where on its path a vehicle is at a given time.

use super::Region;
use crate::graph::roads::Heading;
use crate::ids::RoadId;
use crate::oracle::{Location, Path};
use crate::units::Millis;

impl Region {
    /// The place on a road that is reached `elapsed` after the start of a path, and whether the road is driven along its
    /// shape; the last place if the path takes less. `None` for a path that drives on no road.
    #[must_use]
    pub fn place_at(&self, path: &Path, elapsed: Millis) -> Option<(Location, bool)> {
        let mut rest = elapsed.get();
        let mut last = None;
        for drive in self.drives(path) {
            let road = self.road_tables(drive.road as usize);
            let before = road.elapsed_ms(drive.heading, drive.from_mm);
            let whole = road.elapsed_ms(drive.heading, drive.to_mm) - before;
            let forward = drive.heading == Heading::Forward;
            let at =
                |along_mm| (Location::Along { road: RoadId::new(drive.road), along_mm }, forward);
            if rest <= whole {
                let reached = |mm: u32| road.elapsed_ms(drive.heading, mm) - before >= rest;
                return Some(at(first_reached(drive.from_mm, drive.to_mm, reached)));
            }
            rest -= whole;
            last = Some(at(drive.to_mm));
        }
        last
    }
}

/// The first position from `from` to `to`, either way, that is reached; `to` must be.
fn first_reached(from: u32, to: u32, reached: impl Fn(u32) -> bool) -> u32 {
    let position = |steps: u32| if from < to { from + steps } else { from - steps };
    let (mut low, mut high) = (0, from.abs_diff(to));
    while low < high {
        let middle = low + (high - low) / 2;
        if reached(position(middle)) {
            high = middle;
        } else {
            low = middle + 1;
        }
    }
    position(high)
}
