//! [`Oracle`] for a region.
//!
//! A time is the least over: driving on along the road both ends are on; and every way to leave the one, between nodes,
//! and to reach the other. All that differs between the single query and a matrix is what is looked up once, so cells
//! are equal bit for bit. Rows of large matrices are shared out to threads.

use rayon::prelude::*;

use super::Region;
use super::locate::{Access, HEADINGS};
use crate::ids::NodeId;
use crate::oracle::{Location, Oracle, Path};
use crate::routing::NEVER;
use crate::units::Millis;

/// Matrices with fewer cells are not worth a second thread.
const PARALLEL_CELLS: usize = 8_192;

/// Milliseconds of a query to the unit of the engine.
pub(super) fn millis(ms: u32) -> Millis {
    if ms >= NEVER { Millis::INFINITE } else { Millis::new(ms) }
}

impl Region {
    /// The time by nodes, or driving on; [`NEVER`] or more if there is no way.
    fn time_between(&self, exits: &[Access], from: Location, to: Location) -> u32 {
        if from == to && !exits.is_empty() {
            return 0;
        }
        let direct = self.direct(from, to).map_or(u32::MAX, |(ms, _)| ms);
        self.entries(to).fold(direct, |best, entry| {
            exits.iter().fold(best, |best, exit| best.min(self.time_over(exit, &entry)))
        })
    }

    #[inline]
    pub(super) fn time_over(&self, exit: &Access, entry: &Access) -> u32 {
        // Below 2^31 + 2 x 2^29.
        self.hierarchy.time(exit.node, entry.node) + exit.ms + entry.ms
    }
}

impl Oracle for Region {
    fn time(&self, from: Location, to: Location) -> Millis {
        let exits: Vec<Access> = self.exits(from).collect();
        millis(self.time_between(&exits, from, to))
    }

    fn times_from(&self, from: Location, to: &[Location], out: &mut [Millis]) {
        let exits: Vec<Access> = self.exits(from).collect();
        for (cell, &target) in out.iter_mut().zip(to) {
            *cell = millis(self.time_between(&exits, from, target));
        }
    }

    fn times(&self, from: &[Location], to: &[Location], out: &mut [Millis]) {
        if to.is_empty() {
            return;
        }
        if from.len() * to.len() < PARALLEL_CELLS {
            let rows = out.chunks_mut(to.len()).zip(from);
            rows.for_each(|(row, &source)| self.times_from(source, to, row));
        } else {
            let rows = out.par_chunks_mut(to.len()).zip(from);
            rows.for_each(|(row, &source)| self.times_from(source, to, row));
        }
    }

    fn path(&self, from: Location, to: Location) -> Option<Path> {
        self.find_path(from, to)
    }

    fn arc_at(&self, at: Location) -> [NodeId; 2] {
        let arc = match (at, self.on_road(at)) {
            (Location::Node(node), _) => [node.get(); 2],
            (Location::Along { .. }, Some((road, _, _))) => HEADINGS
                .into_iter()
                .find_map(|heading| self.departure(road, heading))
                .map_or([0; 2], |arc| [arc.tail, arc.head]),
            // A road of another region: there is no right answer.
            (Location::Along { .. }, None) => [0; 2],
        };
        arc.map(NodeId::new)
    }
}
