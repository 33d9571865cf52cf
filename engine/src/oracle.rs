//! The one interface to travel times. The dispatcher knows roads only through it.
//!
//! Contract, the same for every implementation: times are exact earliest arrivals under turn restrictions on the
//! region's graph; `time(a, c) <= time(a, b) + time(b, c) + saves(b)`, for stopping at `b` near a junction with a
//! forbidden turn can be quicker than that junction allows: who stops may turn round; a matrix cell equals the
//! single query bit for bit; a path adds up to the time of its query.

use std::sync::Arc;

use serde::{Deserialize, Serialize};

use crate::ids::{NodeId, RoadId};
use crate::region::{ChangedPiece, ChangedWay, Region, TrafficChange, TrafficError};
use crate::sight::Sight;
use crate::units::{Millimeters, Millis};

/// A point where a vehicle can be: on a node, or along a road.
///
/// Along a two-way road it may be reached and left in either direction: who has stopped may set off both ways.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum Location {
    /// On a node of the routing graph, heading wherever that node allows.
    Node(NodeId),
    /// `along_mm` millimetres from the start of a road, measured on its geometry.
    Along {
        /// The stretch of road.
        road: RoadId,
        /// From its start, in millimetres.
        along_mm: u32,
    },
}

/// A node passed on the way, with the time since the start of the path.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Waypoint {
    /// The node.
    pub node: NodeId,
    /// Since the start of the path.
    pub elapsed: Millis,
    /// Driven since the start of the path.
    pub driven: Millimeters,
}

/// A fastest path.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Path {
    /// Where it begins.
    pub from: Location,
    /// Where it ends.
    pub to: Location,
    /// The nodes on the way in order; empty if both ends lie on the same arc.
    pub waypoints: Vec<Waypoint>,
    /// Travel time, equal to [`Oracle::time`].
    pub duration: Millis,
    /// Length.
    pub distance: Millimeters,
    /// The arc `[tail, head]` on which it sets off; the same node twice if it starts on a node.
    pub first_arc: [NodeId; 2],
    /// The arc `[tail, head]` on which it ends; the same node twice if it ends on a node.
    pub last_arc: [NodeId; 2],
}

/// Exact travel times and paths on one region.
pub trait Oracle: Send + Sync {
    /// Earliest arrival from `from` to `to`; [`Millis::INFINITE`] if there is no way. Zero if they are equal.
    fn time(&self, from: Location, to: Location) -> Millis;

    /// `out[i]` = time from `from` to `to[i]`. Shapes must agree.
    fn times_from(&self, from: Location, to: &[Location], out: &mut [Millis]) {
        for (cell, &target) in out.iter_mut().zip(to) {
            *cell = self.time(from, target);
        }
    }

    /// `out[i]` = time from `from[i]` to `to`. Shapes must agree.
    fn times_to(&self, from: &[Location], to: Location, out: &mut [Millis]) {
        for (cell, &source) in out.iter_mut().zip(from) {
            *cell = self.time(source, to);
        }
    }

    /// `out[s * to.len() + t]` = time from `from[s]` to `to[t]`. Shapes must agree.
    fn times(&self, from: &[Location], to: &[Location], out: &mut [Millis]) {
        if to.is_empty() {
            return;
        }
        for (row, &source) in out.chunks_mut(to.len()).zip(from) {
            self.times_from(source, to, row);
        }
    }

    /// A fastest path, or `None` if there is no way.
    fn path(&self, from: Location, to: Location) -> Option<Path>;

    /// What bounds times from and to a place: `time(a, b) >= sight(a).least_ms(sight(b))`, whatever lies near them. Without more
    /// knowledge all bounds are zero.
    fn sight(&self, _place: Location) -> Sight {
        Sight::default()
    }

    /// How much longer than by way of a stop at `place` a drive takes at most; infinite if there is no saying.
    fn saves(&self, _place: Location) -> Millis {
        Millis::ZERO
    }

    /// The number of this version of the travel times: 0 as imported, one more with every [`Oracle::with_traffic`].
    fn traffic_version(&self) -> u64 {
        0
    }

    /// The next version, with these changes on top of what is already changed. This one is not touched.
    ///
    /// # Errors
    /// [`TrafficError`] if a change makes no sense, or if this oracle has no roads that could change.
    fn with_traffic(&self, _changes: &[TrafficChange]) -> Result<Arc<dyn Oracle>, TrafficError> {
        Err(TrafficError::Fixed)
    }

    /// All that differs from the map as imported, for [`Oracle::with_pieces`].
    fn changed_pieces(&self) -> Vec<ChangedPiece> {
        Vec::new()
    }

    /// Of an oracle as imported: the version in which these pieces differ.
    ///
    /// # Errors
    /// [`TrafficError`] if they are no pieces of this oracle.
    fn with_pieces(
        &self,
        _version: u64,
        _pieces: &[ChangedPiece],
    ) -> Result<Arc<dyn Oracle>, TrafficError> {
        Err(TrafficError::Fixed)
    }

    /// The next version, with these changes in the place of what the hour of the week said before; see [`Region::with_hours`].
    ///
    /// # Errors
    /// [`TrafficError`] if a change makes no sense, or if this oracle has no roads that could change.
    fn with_hours(&self, _changes: &[TrafficChange]) -> Result<Arc<dyn Oracle>, TrafficError> {
        Err(TrafficError::Fixed)
    }

    /// The ways whose traffic differs from the map as imported.
    fn changed_ways(&self) -> Vec<ChangedWay> {
        Vec::new()
    }

    /// The roads behind it, if there are any.
    fn region(&self) -> Option<&Region> {
        None
    }

    /// The arc `[tail, head]` of a vehicle that stands at `at` without having driven there yet.
    fn arc_at(&self, at: Location) -> [NodeId; 2];
}
