//! Everything that the dispatcher says. Numbered and dated by the shell that publishes it.

use serde::{Deserialize, Serialize};

use crate::demand::promise::Promise;
use crate::demand::ride::Actor;
use crate::ids::{NodeId, RequestId, VehicleId};
use crate::oracle::Location;
use crate::units::{EngineTime, Millis};

/// An event and when it happened (for reported facts: when the vehicle says it did).
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Event {
    /// When.
    pub at: EngineTime,
    /// What.
    pub kind: EventKind,
}

/// Where a vehicle stands: the place and the arc `[tail, head]` by which it came or leaves.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Standing {
    /// The place.
    pub location: Location,
    /// Both the same on a node.
    pub arc: [NodeId; 2],
}

/// What happened.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum EventKind {
    /// A rider asked.
    Requested {
        /// Who.
        request: RequestId,
    },
    /// A plan is held for the rider.
    Offered {
        /// Who.
        request: RequestId,
        /// By whom it would be carried.
        vehicle: VehicleId,
        /// What would be promised.
        promise: Promise,
        /// As it looks now: ready to board.
        pickup_at: EngineTime,
        /// As it looks now: off.
        dropoff_at: EngineTime,
        /// Last moment to accept.
        expires_at: EngineTime,
    },
    /// The promise is given.
    Promised {
        /// Who.
        request: RequestId,
        /// By whom it is carried.
        vehicle: VehicleId,
        /// What is promised.
        promise: Promise,
        /// As it looks now: ready to board.
        pickup_at: EngineTime,
        /// As it looks now: off.
        dropoff_at: EngineTime,
    },
    /// No promise is possible.
    Rejected {
        /// Who.
        request: RequestId,
        /// Why not.
        reason: RejectReason,
        /// The best that could be promised instead.
        alternative: Option<Alternative>,
    },
    /// The offer lapsed or was declined.
    Expired {
        /// Who.
        request: RequestId,
    },
    /// Another vehicle will come.
    Reassigned {
        /// Who.
        request: RequestId,
        /// From whom.
        from: VehicleId,
        /// To whom.
        to: VehicleId,
    },
    /// Called off.
    Cancelled {
        /// Who.
        request: RequestId,
        /// By whom.
        by: Actor,
    },
    /// The rider did not come.
    NoShow {
        /// Who.
        request: RequestId,
        /// Which vehicle waited.
        vehicle: VehicleId,
    },
    /// A vehicle joined.
    ShiftStarted {
        /// Which.
        vehicle: VehicleId,
        /// Where.
        standing: Standing,
    },
    /// A vehicle left the fleet.
    ShiftEnded {
        /// Which.
        vehicle: VehicleId,
    },
    /// The vehicle's plan is another one: read it with `Dispatcher::visits` and `Dispatcher::next_act`.
    PlanChanged {
        /// Whose.
        vehicle: VehicleId,
        /// Its number, rising by one.
        version: u32,
    },
    /// A vehicle set off.
    Departed {
        /// Which.
        vehicle: VehicleId,
        /// From where.
        standing: Standing,
    },
    /// A vehicle stopped.
    Arrived {
        /// Which.
        vehicle: VehicleId,
        /// Where.
        standing: Standing,
    },
    /// A rider boards.
    Boarded {
        /// Who.
        request: RequestId,
        /// What.
        vehicle: VehicleId,
    },
    /// A rider is off.
    Alighted {
        /// Who.
        request: RequestId,
        /// What.
        vehicle: VehicleId,
    },
    /// An idle vehicle is sent to where riders are expected.
    Repositioning {
        /// Which.
        vehicle: VehicleId,
        /// Where to.
        to: Location,
    },
    /// A vehicle can't go on.
    BrokeDown {
        /// Which.
        vehicle: VehicleId,
        /// Where.
        standing: Standing,
    },
    /// As things stand the promise can't be kept; everything is done to keep the lateness small.
    PromiseAtRisk {
        /// Whose.
        request: RequestId,
        /// How late it looks.
        late: Millis,
    },
    /// A promised point in time has passed.
    PromiseBroken {
        /// Whose.
        request: RequestId,
        /// How late it is, as far as known.
        late: Millis,
    },
    /// No vehicle can take the rider any more.
    Aborted {
        /// Who.
        request: RequestId,
    },
    /// Travel times are others from now on.
    TrafficChanged {
        /// The number of their version; 0 is the map as imported.
        version: u64,
    },
}

/// Why a request was refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum RejectReason {
    /// No vehicle is on shift at that time.
    NoVehicleOnShift,
    /// No vehicle has that many seats or wheelchair places.
    NoVehicleFits,
    /// Every vehicle that fits would come too late, or break a promise to somebody else.
    NoVehicleInTime,
    /// There is no way from the pickup to the drop-off.
    NoWay,
    /// Pickup and drop-off are the same place.
    SamePlace,
    /// The time asked for has passed, is too near, or too far ahead.
    TimeOutOfRange,
}

impl EventKind {
    /// The ride that ends with it, if one does.
    #[must_use]
    pub const fn ends(&self) -> Option<RequestId> {
        match self {
            Self::Rejected { request, .. }
            | Self::Expired { request }
            | Self::Cancelled { request, .. }
            | Self::NoShow { request, .. }
            | Self::Alighted { request, .. }
            | Self::Aborted { request } => Some(*request),
            _ => None,
        }
    }
}

impl RejectReason {
    /// The word used in logs and messages.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::NoVehicleOnShift => "no_vehicle_on_shift",
            Self::NoVehicleFits => "no_vehicle_fits",
            Self::NoVehicleInTime => "no_vehicle_in_time",
            Self::NoWay => "no_way",
            Self::SamePlace => "same_place",
            Self::TimeOutOfRange => "time_out_of_range",
        }
    }
}

/// What could be promised instead: the same ride, asked for as depart-at `depart_at`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Alternative {
    /// The time to ask for.
    pub depart_at: EngineTime,
    /// When the vehicle would then stand ready, as it looks now.
    pub pickup_at: EngineTime,
}
