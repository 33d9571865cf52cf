//! A ride request as it reaches the dispatcher: snapped to the road, checked, named.

use serde::{Deserialize, Serialize};

use crate::demand::walk::{Ends, Stop};
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
#[serde(try_from = "(u8, u8, u8, u8)")]
pub struct Party {
    passengers: u8,
    wheelchairs: u8,
    child_seats: u8,
    luggage: u8,
}

/// What is read back is checked like what is new; a journal can hold anything.
impl TryFrom<(u8, u8, u8, u8)> for Party {
    type Error = InvalidRequest;

    fn try_from(fields: (u8, u8, u8, u8)) -> Result<Self, Self::Error> {
        let (passengers, wheelchairs, child_seats, luggage) = fields;
        Self::new(passengers, wheelchairs)?.with_needs(child_seats, luggage)
    }
}

impl Party {
    /// `passengers` people in all, `wheelchairs` of them in a wheelchair place instead of a seat.
    ///
    /// # Errors
    /// [`InvalidRequest::Party`] unless 1 <= passengers <= 16 and wheelchairs <= passengers.
    pub fn new(passengers: u8, wheelchairs: u8) -> Result<Self, InvalidRequest> {
        if (1..=limits::PARTY_MAX).contains(&passengers) && wheelchairs <= passengers {
            Ok(Self { passengers, wheelchairs, child_seats: 0, luggage: 0 })
        } else {
            Err(InvalidRequest::Party { passengers, wheelchairs })
        }
    }

    /// The same party, of which so many sit in child seats, with so many pieces of luggage.
    ///
    /// # Errors
    /// [`InvalidRequest::Needs`] if more would sit in child seats than on seats, or there are more than 32 pieces.
    pub fn with_needs(self, child_seats: u8, luggage: u8) -> Result<Self, InvalidRequest> {
        if child_seats <= self.seats() && luggage <= limits::LUGGAGE_MAX {
            Ok(Self { child_seats, luggage, ..self })
        } else {
            Err(InvalidRequest::Needs { child_seats, luggage })
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

    /// Ordinary seats taken, those with a child seat included.
    #[must_use]
    pub const fn seats(self) -> u8 {
        self.passengers - self.wheelchairs
    }

    /// Seats that need a child seat.
    #[must_use]
    pub const fn child_seats(self) -> u8 {
        self.child_seats
    }

    /// Pieces of luggage that take a place of their own.
    #[must_use]
    pub const fn luggage(self) -> u8 {
        self.luggage
    }
}

/// A request for a ride.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct RideRequest {
    /// The outside's name for it, unique for ever.
    pub name: Name,
    /// The rider's door at the start; where they board unless they walk.
    pub from: Location,
    /// The door at the end.
    pub to: Location,
    /// Where else they could board, at most [`limits::WALK_STOPS_MAX`].
    pub pickups: Vec<Stop>,
    /// Where else they could alight, as many.
    pub dropoffs: Vec<Stop>,
    /// Who rides.
    pub party: Party,
    /// When.
    pub when: When,
    /// Whether an offer counts as accepted at once (a simulated rider, a telephone desk that has asked before).
    pub accept_at_once: bool,
}

impl RideRequest {
    /// From door to door.
    #[must_use]
    pub const fn doors(&self) -> Ends {
        Ends { pickup: Stop::door(self.from), dropoff: Stop::door(self.to) }
    }
}

/// Why a value is no request.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum InvalidRequest {
    /// Outside name.
    #[error("a name must have 1 to 64 bytes and no control characters")]
    Name,
    /// Needs out of range.
    #[error(
        "a party must have no more child seats than people on seats, and at most 32 pieces of luggage, \
         not {child_seats} and {luggage}"
    )]
    Needs {
        /// Child seats asked for.
        child_seats: u8,
        /// Pieces.
        luggage: u8,
    },
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
