//! Everything that can be said to the dispatcher. One closed enum; what is journaled is exactly this.

use serde::{Deserialize, Serialize};

use crate::demand::request::RideRequest;
use crate::demand::ride::Actor;
use crate::fleet::vehicle::VehicleSpec;
use crate::ids::{RequestId, VehicleId};
use crate::oracle::Location;
use crate::planning::snapshot::Improvement;
use crate::region::{TrafficChange, TrafficError};
use crate::units::{EngineTime, Millis};

/// A command. Times inside (`at`) are when a reported fact happened: never after the time of the command itself and
/// never before the vehicle's last fact; anything else is refused.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum Command {
    /// A rider asks for a ride. Answered by `Offered`, `Promised` or `Rejected`.
    RequestRide(RideRequest),
    /// The rider takes the offer.
    AcceptOffer(RequestId),
    /// The rider declines the offer.
    DeclineOffer(RequestId),
    /// The ride is called off; possible until boarding begins.
    CancelRide(RequestId, Actor),
    /// A vehicle joins the fleet.
    StartShift(VehicleSpec),
    /// A vehicle leaves the fleet; refused while it has riders on board. Its promised riders are given to others.
    EndShift(VehicleId),
    /// The vehicle has set off as planned.
    Depart {
        /// Which vehicle.
        vehicle: VehicleId,
        /// When.
        at: EngineTime,
    },
    /// The vehicle stands where its plan sent it.
    Arrive {
        /// Which vehicle.
        vehicle: VehicleId,
        /// When.
        at: EngineTime,
    },
    /// Boarding begins; from now on the rider belongs to the vehicle.
    Board {
        /// Which vehicle.
        vehicle: VehicleId,
        /// Who.
        request: RequestId,
        /// When.
        at: EngineTime,
    },
    /// The rider is off.
    Alight {
        /// Which vehicle.
        vehicle: VehicleId,
        /// Who.
        request: RequestId,
        /// When.
        at: EngineTime,
    },
    /// The rider did not come; possible from `no_show_wait` after the vehicle stood ready (and the rider had to be).
    ReportNoShow {
        /// Which vehicle.
        vehicle: VehicleId,
        /// Who.
        request: RequestId,
        /// When.
        at: EngineTime,
    },
    /// The vehicle can't go on. Its riders are given to others; those on board wait at `location`.
    BreakDown {
        /// Which vehicle.
        vehicle: VehicleId,
        /// Where it stands; `None`: where its plan says.
        location: Option<Location>,
        /// When.
        at: EngineTime,
    },
    /// Time has passed: offers expire, late vehicles are noticed, idle ones move.
    Tick,
    /// Traffic: from now on travel times are those of the next version of the map, with these changes on top of what is changed.
    SetTraffic(Vec<TrafficChange>),
    /// Plans that `Dispatcher::improvement` found are taken over, all of them or none.
    AdoptPlan(Improvement),
    /// Another hour of the week: its changes take the place of those of the hour before, below what [`Command::SetTraffic`] says.
    SetHours(Vec<TrafficChange>),
    /// Under way, the vehicle has got as far as it should `driven` after it set off: it is early or late, and what comes
    /// behind is expected so much earlier or later.
    Progress {
        /// Which vehicle.
        vehicle: VehicleId,
        /// The planned driving time of what it has driven of this leg.
        driven: Millis,
        /// When.
        at: EngineTime,
    },
}

/// Why a command was refused. A refused command changes nothing, not even the time.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum CommandError {
    /// Time would run backwards.
    #[error("command at {at:?} is before the last one at {last:?}")]
    TimeRunsBack {
        /// Of the command.
        at: EngineTime,
        /// Of the last one.
        last: EngineTime,
    },
    /// No such vehicle.
    #[error("vehicle {0:?} is unknown")]
    UnknownVehicle(VehicleId),
    /// No such ride.
    #[error("request {0:?} is unknown")]
    UnknownRequest(RequestId),
    /// A ride or vehicle of that name exists already.
    #[error("the name {0} is taken")]
    NameTaken(String),
    /// The state of the ride or vehicle does not allow it.
    #[error("{command} is not possible now: {why}")]
    NotNow {
        /// What was asked.
        command: &'static str,
        /// What stands against it.
        why: &'static str,
    },
    /// A fact from the future or from before the last fact.
    #[error("a fact at {at:?} must lie between {earliest:?} and {latest:?}")]
    FactOutOfTime {
        /// As reported.
        at: EngineTime,
        /// The vehicle's last fact.
        earliest: EngineTime,
        /// The time of the command.
        latest: EngineTime,
    },
    /// A plan that was to be replaced is another one by now.
    #[error("vehicle {vehicle:?} follows plan {current} by now, not {known}: search again")]
    PlanChanged {
        /// Whose.
        vehicle: VehicleId,
        /// Which one was to be replaced.
        known: u32,
        /// Which one it follows.
        current: u32,
    },
    /// A bound of `limits.rs` was reached.
    #[error("no more than {limit} {what}")]
    Full {
        /// Of what.
        what: &'static str,
        /// How many.
        limit: usize,
    },
    /// Traffic that makes no sense.
    #[error(transparent)]
    Traffic(#[from] TrafficError),
    /// A value in the command makes no sense.
    #[error("{0}")]
    Invalid(&'static str),
}
