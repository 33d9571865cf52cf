//! A ride request as it reaches the dispatcher: snapped to the road, checked, named.

use serde::{Deserialize, Serialize};

use crate::limits;
use crate::oracle::Location;
use crate::units::EngineTime;

/// The name that the outside gave to a rider's request or a vehicle: 1 to 64 bytes, no control characters.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Name(String);

impl Name {
    /// Checks and takes a name.
    ///
    /// # Errors
    /// [`InvalidRequest::Name`] if it is empty, too long or holds control characters.
    pub fn new(text: impl Into<String>) -> Result<Self, InvalidRequest> {
        let text = text.into();
        let fits = !text.is_empty() && text.len() <= limits::NAME_BYTES_MAX;
        if fits && !text.chars().any(char::is_control) {
            Ok(Self(text))
        } else {
            Err(InvalidRequest::Name)
        }
    }

    /// The text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl TryFrom<String> for Name {
    type Error = InvalidRequest;
    fn try_from(text: String) -> Result<Self, InvalidRequest> {
        Self::new(text)
    }
}

impl From<Name> for String {
    fn from(name: Name) -> Self {
        name.0
    }
}

/// When a rider wants to travel.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum When {
    /// As soon as possible; the wait runs from the request.
    Now,
    /// Not before this time; the wait runs from then.
    DepartAt(EngineTime),
    /// Off the vehicle by this time; the engine names when to be ready.
    ArriveBy(EngineTime),
}

/// How many ride along and what they need.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(try_from = "(u8, u8)")]
pub struct Party {
    passengers: u8,
    wheelchairs: u8,
}

/// What is read back is checked like what is new; a journal can hold anything.
impl TryFrom<(u8, u8)> for Party {
    type Error = InvalidRequest;

    fn try_from((passengers, wheelchairs): (u8, u8)) -> Result<Self, Self::Error> {
        Self::new(passengers, wheelchairs)
    }
}

impl Party {
    /// `passengers` people in all, `wheelchairs` of them in a wheelchair place instead of a seat.
    ///
    /// # Errors
    /// [`InvalidRequest::Party`] unless 1 <= passengers <= 16 and wheelchairs <= passengers.
    pub fn new(passengers: u8, wheelchairs: u8) -> Result<Self, InvalidRequest> {
        if (1..=limits::PARTY_MAX).contains(&passengers) && wheelchairs <= passengers {
            Ok(Self { passengers, wheelchairs })
        } else {
            Err(InvalidRequest::Party { passengers, wheelchairs })
        }
    }

    /// People in all.
    #[must_use]
    pub const fn passengers(self) -> u8 {
        self.passengers
    }

    /// Of them in wheelchair places.
    #[must_use]
    pub const fn wheelchairs(self) -> u8 {
        self.wheelchairs
    }

    /// Ordinary seats taken.
    #[must_use]
    pub const fn seats(self) -> u8 {
        self.passengers - self.wheelchairs
    }
}

/// A request for a ride.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct RideRequest {
    /// The outside's name for it, unique for ever.
    pub name: Name,
    /// Pickup.
    pub from: Location,
    /// Drop-off.
    pub to: Location,
    /// Who rides.
    pub party: Party,
    /// When.
    pub when: When,
    /// Whether an offer counts as accepted at once (a simulated rider, a telephone desk that has asked before).
    pub accept_at_once: bool,
}

/// Why a value is no request.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum InvalidRequest {
    /// Outside name.
    #[error("a name must have 1 to 64 bytes and no control characters")]
    Name,
    /// Party out of range.
    #[error(
        "a party must have 1 to 16 passengers and no more wheelchairs than passengers, \
         not {passengers} and {wheelchairs}"
    )]
    Party {
        /// People asked for.
        passengers: u8,
        /// Wheelchair places asked for.
        wheelchairs: u8,
    },
}
