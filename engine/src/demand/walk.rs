//! Walking to and from a stop: how long it takes, and who may be asked to.
//!
//! A way on foot counts as 1.3 times the distance as the crow flies, walked at 1.2 metres a second, rounded up: the usual
//! figures for planning stops. Who uses a wheelchair walks only if they say so themselves.

use serde::{Deserialize, Serialize};

use crate::demand::request::Party;
use crate::limits::{WALK_MAX, WALK_STOPS_MAX};
use crate::oracle::Location;
use crate::units::Millis;

/// Stops that are tried at each end of a ride.
pub const CHOICES: usize = 8;
const _: () = assert!(CHOICES <= WALK_STOPS_MAX);

/// Metres a second.
const SPEED_M_S: f64 = 1.2;
/// Metres on foot for a metre as the crow flies.
const DETOUR: f64 = 1.3;

/// A place at which a rider boards or alights, and how long they walk between it and their door.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Stop {
    /// Where the vehicle stops.
    pub location: Location,
    /// Zero at the door.
    pub walk: Millis,
}

impl Stop {
    /// At the door.
    #[must_use]
    pub const fn door(location: Location) -> Self {
        Self { location, walk: Millis::ZERO }
    }

    /// At a place so far from the door as the crow flies, in metres.
    #[must_use]
    pub fn at(location: Location, beeline_m: f64) -> Self {
        Self { location, walk: walk(beeline_m) }
    }
}

/// Both ends of a ride as it is driven.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Ends {
    /// Where the rider boards.
    pub pickup: Stop,
    /// Where the rider alights.
    pub dropoff: Stop,
}

impl Ends {
    /// Both walks together.
    #[must_use]
    pub fn walk(&self) -> Millis {
        self.pickup.walk + self.dropoff.walk
    }
}

/// The time to walk so many metres as the crow flies.
#[must_use]
#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "clamped; what is no number is 0"
)]
pub fn walk(beeline_m: f64) -> Millis {
    let ms = (beeline_m * DETOUR / SPEED_M_S * 1000.0).ceil();
    Millis::new(ms.clamp(0.0, f64::from(Millis::INFINITE.get())) as u32)
}

/// How far one gets in that time as the crow flies, in metres.
#[must_use]
pub fn beeline_m(walk: Millis) -> f64 {
    walk.as_secs_f64() * SPEED_M_S / DETOUR
}

/// How long a party may be asked to walk at either end: as long as they say themselves, else as long as the agency says, but
/// wheelchair users not at all; never more than [`WALK_MAX`].
#[must_use]
pub fn allowed(asked: Option<Millis>, agency: Millis, party: Party) -> Millis {
    let usual = if party.wheelchairs() > 0 { Millis::ZERO } else { agency };
    asked.unwrap_or(usual).min(WALK_MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn five_minutes_are_277_metres() {
        let walked = Millis::from_secs(300);
        assert!((beeline_m(walked) - 276.9).abs() < 0.1);
        assert_eq!(walk(beeline_m(walked)), walked);
        assert_eq!((walk(0.0), walk(f64::NAN), walk(-1.0)), Default::default());
    }

    #[test]
    fn who_uses_a_wheelchair_walks_only_if_they_say_so() {
        let agency = Millis::from_secs(300);
        let (walker, chair) = (Party::new(1, 0), Party::new(2, 1));
        let (Ok(walker), Ok(chair)) = (walker, chair) else { return };
        assert_eq!(allowed(None, agency, walker), agency);
        assert_eq!(allowed(None, agency, chair), Millis::ZERO);
        let asked = Millis::from_secs(60);
        assert_eq!(allowed(Some(asked), agency, chair), asked);
        assert_eq!(allowed(Some(Millis::from_secs(9_999)), agency, walker), WALK_MAX);
    }
}
