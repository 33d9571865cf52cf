//! What a client wants, checked and snapped to the road, with outside names: between the wire and the core.
//!
//! Only the core knows which ids the names stand for and what time it is, so only the core makes engine commands.

use std::fmt;

use serde::{Deserialize, Serialize};
use sharxi_engine::demand::request::{Name, RideRequest};
use sharxi_engine::fleet::vehicle::VehicleSpec;
use sharxi_engine::geo::LatLon;
use sharxi_engine::oracle::Location;
use sharxi_engine::region::{Fix, TrafficChange};
use sharxi_engine::units::{EngineTime, Millis};

use crate::wire::message::Role;

/// Who sends a command. Command ids belong to a caller: two callers may use the same one.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Caller {
    /// In which role.
    pub role: Role,
    /// Under which name.
    pub name: String,
}

impl fmt::Display for Caller {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:?} {}", self.role, self.name)
    }
}

/// What a vehicle reports about itself.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Fact {
    /// It has set off, as the plan of this version says.
    Depart(Option<u32>),
    /// It stands where the plan of this version sent it.
    Arrive(Option<u32>),
    /// The rider boards.
    Board(Name),
    /// The rider is off.
    Alight(Name),
    /// The rider did not come.
    NoShow(Name),
    /// It can't go on; where it stands, if it says so.
    BreakDown(Option<Location>),
}

/// A ride as it was asked for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Asked {
    /// From door to door.
    pub request: RideRequest,
    /// Both doors as given.
    pub doors: [LatLon; 2],
    /// How long the party would walk at either end, if they say so.
    pub walk_max: Option<Millis>,
}

/// What a command is to bring about.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Intent {
    /// A ride, without the stops to which the rider could walk: the core adds them.
    RequestRide(Asked),
    /// The rider takes the offer.
    AcceptOffer(Name),
    /// The rider does not.
    DeclineOffer(Name),
    /// The ride is called off.
    CancelRide(Name),
    /// A vehicle joins; `starts` is `None` if it starts at once.
    StartShift {
        /// The vehicle; its `shift_start` is set by the core.
        spec: VehicleSpec,
        /// When the shift starts.
        starts: Option<EngineTime>,
    },
    /// A vehicle leaves.
    EndShift(Name),
    /// Other travel times.
    SetTraffic(Vec<TrafficChange>),
    /// Something has happened to a vehicle.
    Report {
        /// Which vehicle.
        vehicle: Name,
        /// When it happened.
        at: EngineTime,
        /// What.
        fact: Fact,
    },
}

impl Intent {
    /// The vehicle that it is about, if it is about one.
    #[must_use]
    pub fn vehicle(&self) -> Option<&Name> {
        match self {
            Self::StartShift { spec, .. } => Some(&spec.name),
            Self::EndShift(vehicle) | Self::Report { vehicle, .. } => Some(vehicle),
            Self::RequestRide(_)
            | Self::AcceptOffer(_)
            | Self::DeclineOffer(_)
            | Self::CancelRide(_)
            | Self::SetTraffic(_) => None,
        }
    }

    /// Whether it asks for a ride that there was not before.
    #[must_use]
    pub const fn is_request(&self) -> bool {
        matches!(self, Self::RequestRide(_))
    }

    /// The existing ride that it is about, if it is a rider's command about one.
    #[must_use]
    pub const fn ride(&self) -> Option<&Name> {
        match self {
            Self::AcceptOffer(name) | Self::DeclineOffer(name) | Self::CancelRide(name) => {
                Some(name)
            }
            Self::RequestRide(_)
            | Self::StartShift { .. }
            | Self::EndShift(_)
            | Self::SetTraffic(_)
            | Self::Report { .. } => None,
        }
    }
}

/// A command as the connections hand it on.
#[derive(Clone, Debug, PartialEq)]
pub enum Order {
    /// To be decided, journaled and answered.
    Lasting {
        /// Chosen by the caller.
        id: String,
        /// Of the message's content, to notice a reused id.
        body_digest: u64,
        /// What to do.
        intent: Intent,
    },
    /// Where a vehicle is; forgotten with the next one.
    Position {
        /// Which vehicle.
        vehicle: Name,
        /// Where, when, and which way if it knows.
        fix: Fix,
    },
    /// Whether this connection wants positions.
    Subscribe {
        /// For the answer.
        id: String,
        /// Yes or no.
        positions: bool,
    },
}

impl Order {
    /// Whether it asks for a ride that there was not before.
    #[must_use]
    pub const fn is_request(&self) -> bool {
        matches!(self, Self::Lasting { intent, .. } if intent.is_request())
    }
}
