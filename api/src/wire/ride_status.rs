//! The states of a ride as everybody outside sees them, in the order of its life.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use sharxi_engine::demand::ride::RideState;
use sharxi_engine::dispatcher::Dispatcher;
use sharxi_engine::dispatcher::event::EventKind;
use sharxi_engine::ids::RequestId;

use crate::stages;

/// Where a ride stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum RideStatus {
    /// A plan is looked for.
    Searching,
    /// A plan is held for the rider.
    Offered,
    /// The promise is given; the vehicle has other stops before.
    Confirmed,
    /// The rider is the vehicle's next stop.
    Assigned,
    /// The vehicle is on its way there.
    Arriving,
    /// The vehicle stands there.
    WaitingAtPickup,
    /// The rider is in the vehicle.
    OnBoard,
    /// The rider is off.
    Completed,
    /// Called off.
    Cancelled,
    /// No promise was possible.
    Rejected,
    /// The vehicle waited in vain.
    NoShow,
    /// The offer lapsed or was declined.
    Expired,
    /// No vehicle could take the rider any more.
    Aborted,
}

impl RideStatus {
    /// Of a ride as it is now; `None` if there is none of that id.
    #[must_use]
    pub fn of(request: RequestId, dispatcher: &Dispatcher) -> Option<Self> {
        Some(match dispatcher.ride(request)?.state {
            RideState::Offered { .. } => Self::Offered,
            RideState::Promised | RideState::Stranded { .. } => {
                stages::waiting(request, dispatcher)?
            }
            RideState::OnBoard { .. } => Self::OnBoard,
            RideState::Completed { .. } => Self::Completed,
            RideState::Rejected => Self::Rejected,
            RideState::Expired => Self::Expired,
            RideState::Cancelled(_) => Self::Cancelled,
            RideState::NoShow => Self::NoShow,
            RideState::Aborted => Self::Aborted,
        })
    }

    /// What an event says of its ride; `None` if that stays as it is.
    #[must_use]
    pub const fn after(kind: &EventKind) -> Option<Self> {
        Some(match kind {
            EventKind::Requested { .. } => Self::Searching,
            EventKind::Offered { .. } => Self::Offered,
            EventKind::Promised { .. } => Self::Confirmed,
            EventKind::Boarded { .. } => Self::OnBoard,
            EventKind::Alighted { .. } => Self::Completed,
            EventKind::Cancelled { .. } => Self::Cancelled,
            EventKind::Rejected { .. } => Self::Rejected,
            EventKind::NoShow { .. } => Self::NoShow,
            EventKind::Expired { .. } => Self::Expired,
            EventKind::Aborted { .. } => Self::Aborted,
            _ => return None,
        })
    }
}
