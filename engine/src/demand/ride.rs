//! A ride from request to end: one closed enum, with the data that only that state has.

use serde::{Deserialize, Serialize};

use crate::demand::promise::Promise;
use crate::demand::request::RideRequest;
use crate::demand::walk::Ends;
use crate::fleet::plan::Action;
use crate::fleet::visit::Visit;
use crate::ids::VehicleId;
use crate::oracle::Location;
use crate::units::EngineTime;

/// Who ended a ride.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum Actor {
    /// The rider.
    Rider,
    /// Whoever runs the fleet.
    Operator,
}

/// Where a ride stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum RideState {
    /// A plan is held for the rider until `expires_at`.
    Offered {
        /// Last moment to accept.
        expires_at: EngineTime,
    },
    /// Accepted, and not yet picked up.
    Promised,
    /// In the vehicle since `boarded_at`.
    OnBoard {
        /// Ready to board.
        boarded_at: EngineTime,
    },
    /// Left on the road by a vehicle that broke down; another one comes to `at`.
    Stranded {
        /// Where the rider stands.
        at: Location,
        /// When the first vehicle picked them up.
        boarded_at: EngineTime,
    },
    /// Off the vehicle.
    Completed {
        /// When.
        alighted_at: EngineTime,
    },
    /// Refused.
    Rejected,
    /// The offer was not taken in time, or declined.
    Expired,
    /// Called off.
    Cancelled(Actor),
    /// The vehicle waited in vain.
    NoShow,
    /// The promise broke and no vehicle could be found any more.
    Aborted,
}

impl RideState {
    /// Whether nothing can happen to this ride any more.
    #[must_use]
    pub const fn is_final(self) -> bool {
        matches!(
            self,
            Self::Completed { .. }
                | Self::Rejected
                | Self::Expired
                | Self::Cancelled(_)
                | Self::NoShow
                | Self::Aborted
        )
    }
}

/// A ride that the dispatcher knows.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Ride {
    /// What was asked for, without the stops to which the rider could have walked.
    pub request: RideRequest,
    /// Where the rider boards and alights; the doors if refused.
    pub ends: Ends,
    /// From when on the rider can stand at the pickup: [`Promise::ready_at`], or later if the offer was taken so late.
    pub stands_from: EngineTime,
    /// When it was asked.
    pub requested_at: EngineTime,
    /// What was promised; absent only on a refused ride.
    pub promise: Option<Promise>,
    /// Who carries it now.
    pub vehicle: Option<VehicleId>,
    /// Where it stands.
    pub state: RideState,
    /// How often another vehicle than the one before was announced.
    pub moves: u8,
    /// Whether the rider has been told that the promise is at risk.
    pub warned: bool,
    /// Whether the promise has been broken and said so.
    pub broken: bool,
}

impl Ride {
    /// By when a visit of this ride has to be made to keep the promise; `None` if nothing is promised.
    #[must_use]
    pub fn due(&self, visit: &Visit) -> Option<EngineTime> {
        let promise = self.promise?;
        Some(match (visit.action, visit.boarded_at) {
            (Action::Board, _) => promise.pickup_by().max(visit.earliest),
            (Action::Alight, None) => promise.dropoff_by(),
            (Action::Alight, Some(since)) => promise.dropoff_by().min(since + visit.ride_max),
        })
    }
}
