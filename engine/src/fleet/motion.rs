//! Where a vehicle is and from where its plan may still be changed.

use std::sync::Arc;

use serde::{Deserialize, Serialize};

use crate::ids::NodeId;
use crate::oracle::{Location, Oracle, Path, Waypoint};
use crate::units::{EngineTime, Millis};

/// What a vehicle is doing.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum Motion {
    /// It stands.
    Standing {
        /// Where.
        at: Location,
        /// The arc `[tail, head]` by which it came.
        arc: [NodeId; 2],
        /// When it is done with what it does there and may serve the next rider or drive on.
        ready_from: EngineTime,
    },
    /// It drives.
    Driving {
        /// The leg from where it set off to where it will stop.
        path: Arc<Path>,
        /// When it set off.
        departed: EngineTime,
    },
}

/// Where and when a vehicle is free to follow another plan.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Start {
    /// The place.
    pub location: Location,
    /// The time.
    pub time: EngineTime,
    /// Whether it is driving: then even a stop at this very place costs the time of a stop.
    pub moving: bool,
}

impl Motion {
    /// The first place at which a decision can take effect that reaches the vehicle at `informed`.
    #[must_use]
    pub fn divert(&self, informed: EngineTime) -> Start {
        match self {
            Self::Standing { at, ready_from, .. } => {
                Start { location: *at, time: (*ready_from).max(informed), moving: false }
            }
            Self::Driving { path, departed } => Self::divert_from(path, *departed, informed),
        }
    }

    /// The same for a vehicle that set off, or will, along `path` at `departed`: the next node, else the end of the path.
    #[must_use]
    pub fn divert_from(path: &Path, departed: EngineTime, informed: EngineTime) -> Start {
        let start = |location, elapsed| Start { location, time: departed + elapsed, moving: true };
        match path.waypoints.get(next_waypoint(path, departed, informed)) {
            Some(waypoint) => start(Location::Node(waypoint.node), waypoint.elapsed),
            None => {
                let end = start(path.to, path.duration);
                Start { time: end.time.max(informed), ..end }
            }
        }
    }

    /// Whether a vehicle on `path` is at a place, where a decision that it hears from `now` on could take effect, sooner than the
    /// times of `oracle` allow. Looks at the nodes up to the first not passed before `until`, or at all, and at the end.
    #[must_use]
    pub fn outruns(
        path: &Path,
        departed: EngineTime,
        (now, until): (EngineTime, Option<EngineTime>),
        oracle: &dyn Oracle,
    ) -> bool {
        let first = next_waypoint(path, departed, now);
        let last = until.map_or(usize::MAX, |until| next_waypoint(path, departed, until));
        let nodes = path.waypoints.iter().enumerate().skip(first).take_while(|(at, _)| *at <= last);
        let places = nodes.map(|(_, waypoint)| (Location::Node(waypoint.node), waypoint.elapsed));
        let mut places = places.chain(std::iter::once((path.to, path.duration)));
        places.any(|(place, elapsed)| elapsed < oracle.time(path.from, place))
    }

    /// The path of a vehicle under way that is sent elsewhere along `onward`, which begins at [`Motion::divert`].
    #[must_use]
    pub fn diverted(
        path: &Path,
        departed: EngineTime,
        informed: EngineTime,
        onward: &Path,
    ) -> Path {
        let kept = next_waypoint(path, departed, informed);
        let (elapsed, driven) = path
            .waypoints
            .get(kept)
            .map_or((path.duration, path.distance), |waypoint| (waypoint.elapsed, waypoint.driven));
        let mut waypoints: Vec<Waypoint> = path.waypoints.iter().take(kept).copied().collect();
        waypoints.extend(onward.waypoints.iter().map(|waypoint| Waypoint {
            node: waypoint.node,
            elapsed: elapsed + waypoint.elapsed,
            driven: driven + waypoint.driven,
        }));
        // Whoever starts on a node passes it: an oracle may leave it out of the waypoints, a leg may not.
        if let Some(&at) = path.waypoints.get(kept)
            && waypoints.get(kept).is_none_or(|next| next.node != at.node)
        {
            waypoints.insert(kept, at);
        }
        Path {
            from: path.from,
            to: onward.to,
            waypoints,
            duration: elapsed + onward.duration,
            distance: driven + onward.distance,
            first_arc: path.first_arc,
            last_arc: onward.last_arc,
        }
    }

    /// When a vehicle under way arrives.
    #[must_use]
    pub fn arrival(path: &Path, departed: EngineTime) -> EngineTime {
        departed + path.duration
    }
}

/// Index of the first waypoint not passed before `informed`.
fn next_waypoint(path: &Path, departed: EngineTime, informed: EngineTime) -> usize {
    let driven_for: Millis = informed.since(departed);
    path.waypoints.partition_point(|waypoint| waypoint.elapsed < driven_for)
}
