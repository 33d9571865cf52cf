//! What a good insertion is, in one place.
//!
//! The cost of an insertion is a sum of milliseconds: what the vehicle drives more, what the new rider waits and detours, and
//! what the others are delayed. Everybody's time counts alike. Weighing the driving more saves kilometres and costs promises:
//! on the Vulkaneifel day with 150 vehicles, weights of 4, 2 and 1 drove 88,600, 92,700 and 99,600 km and could not
//! promise 68, 23 and 8 of 10,577 riders near a road, for tight schedules leave no room for the next rider.

use crate::planning::view::{Capacity, Load};
use crate::units::Millis;

/// Weight of a millisecond that a vehicle drives more.
const DRIVE: i64 = 1;
/// Weight of a millisecond that the new rider waits.
const WAIT: i64 = 1;
/// Weight of a millisecond on board beyond the direct drive.
const DETOUR: i64 = 1;
/// Weight of a millisecond by which a visit of somebody else comes later.
const DELAY: i64 = 1;

/// Weight of a millisecond on foot.
const WALK: i64 = 1;
/// Weight of a millisecond that a vehicle drives more, when ways of riding from other stops are compared. On the island day with
/// 75 vehicles and walks of up to five minutes a weight of 1 drove 737 hours and of 2 694, from door to door 801.
const DRIVE_FROM_STOPS: i64 = 2;

/// What a way of riding costs, given the insertion that it takes, the drive without detours and the walks: all the time that it
/// takes from the rider, and the vehicle's at the weight that makes walking worth while.
#[must_use]
pub fn journey(cost: i64, drive_ms: i64, direct: Millis, walk: Millis) -> i64 {
    cost + (DRIVE_FROM_STOPS - DRIVE) * drive_ms
        + DETOUR * i64::from(direct.get())
        + WALK * i64::from(walk.get())
}

/// The parts of an insertion's cost.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Effect {
    /// Additional driving, milliseconds; negative if the new legs are shorter: a stop near a forbidden turn can be a way
    /// round it, and a vehicle under way may lose less than it gains.
    pub drive_ms: i64,
    /// Wait of the new rider.
    pub wait: Millis,
    /// Time on board of the new rider beyond the direct drive.
    pub detour: Millis,
    /// Sum over the visits of others of how much later they end.
    pub delay_ms: i64,
}

impl Effect {
    /// The cost; smaller is better.
    #[must_use]
    pub fn cost(&self) -> i64 {
        DRIVE * self.drive_ms
            + WAIT * i64::from(self.wait.get())
            + DETOUR * i64::from(self.detour.get())
            + DELAY * self.delay_ms
    }
}

/// What it costs to give one of the few vehicles with a wheelchair place to riders without a wheelchair, in milliseconds, were it the
/// only one of the fleet.
const SPARE_WHEELCHAIR: i64 = 300_000;
/// The same for one of the largest vehicles and a party that is not large.
const SPARE_SEATS: i64 = 100_000;
/// Parties of so many are large.
const LARGE_PARTY: u16 = 3;

/// What is to be spared for those who need it, by how few of the fleet have it: nothing in a fleet of equal vehicles.
///
/// On four days of the island with 66 vehicles, of which one in four takes a wheelchair, this left 109 riders refused, without it 180,
/// for 0.3 % more hours driven: of parties of three and more 0.8 instead of 1.6 %, of single riders 0.4 instead of 0.7 %. Prices four
/// times as high left 142. Wheelchair users were refused as often as before (8 %): what stands against them are riders on
/// board whom three minutes of boarding and three of alighting would make late.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct Scarcity {
    wheelchair: i64,
    large: i64,
    /// Seats of the largest vehicles.
    large_seats: u16,
}

impl Scarcity {
    /// In a fleet of vehicles with these places.
    #[must_use]
    pub fn of(fleet: impl Iterator<Item = Capacity>) -> Self {
        let (mut n, mut n_wheelchair, mut n_large, mut large_seats) = (0, 0, 0, 0);
        for Capacity { places, .. } in fleet {
            n += 1;
            n_wheelchair += i64::from(places.wheelchairs > 0);
            if large_seats < places.seats {
                (large_seats, n_large) = (places.seats, 0);
            }
            n_large += i64::from(places.seats == large_seats);
        }
        let price = |whole: i64, n_having: i64| {
            if n_having == 0 { 0 } else { whole * (n - n_having) / n }
        };
        Self {
            wheelchair: price(SPARE_WHEELCHAIR, n_wheelchair),
            large: price(SPARE_SEATS, n_large),
            large_seats,
        }
    }

    /// What it costs to give a vehicle with these places to a party, beyond [`Effect::cost`]; zero or more.
    #[must_use]
    pub fn price(&self, capacity: Capacity, party: Load) -> i64 {
        let wheelchair = if self.spares(capacity, party) { self.wheelchair } else { 0 };
        let is_large = capacity.places.seats == self.large_seats;
        wheelchair + if is_large && !is_needy(party) { self.large } else { 0 }
    }

    /// Whether a vehicle has a wheelchair place that few have and the party does not need.
    #[must_use]
    pub const fn spares(&self, capacity: Capacity, party: Load) -> bool {
        0 < self.wheelchair && capacity.places.wheelchairs > 0 && party.wheelchairs == 0
    }
}

/// Whether few vehicles will do for a party.
#[must_use]
pub const fn is_needy(party: Load) -> bool {
    party.wheelchairs > 0 || party.seats >= LARGE_PARTY
}

#[cfg(test)]
mod tests {
    use super::*;

    fn places(seats: u16, wheelchairs: u16) -> Capacity {
        Capacity { places: Load { seats, wheelchairs, ..Load::default() }, fold: 0 }
    }

    fn party(seats: u16, wheelchairs: u16) -> Load {
        Load { seats, wheelchairs, ..Load::default() }
    }

    #[test]
    fn what_few_have_has_a_price_for_those_who_do_not_need_it() {
        let fleet = [places(4, 0), places(4, 0), places(8, 0), places(4, 1)];
        let scarcity = Scarcity::of(fleet.into_iter());
        let price = |capacity, party| scarcity.price(capacity, party);
        assert_eq!(price(places(4, 0), party(1, 0)), 0);
        assert_eq!(price(places(4, 1), party(1, 0)), 225_000);
        assert_eq!(price(places(4, 1), party(0, 1)), 0);
        assert_eq!(price(places(8, 0), party(2, 0)), 75_000);
        assert_eq!(price(places(8, 0), party(3, 0)), 0);
        assert_eq!(price(places(4, 1), party(3, 0)), 225_000);
        assert!(
            scarcity.spares(places(4, 1), party(1, 0))
                && !scarcity.spares(places(4, 0), party(1, 0))
        );
    }

    #[test]
    fn equal_vehicles_have_no_price() {
        for vehicle in [places(8, 0), places(4, 1)] {
            let scarcity = Scarcity::of([vehicle; 3].into_iter());
            assert_eq!(scarcity.price(vehicle, party(1, 0)), 0);
            assert!(!scarcity.spares(vehicle, party(1, 0)));
        }
        assert_eq!(Scarcity::of(std::iter::empty()).price(places(4, 1), party(1, 0)), 0);
    }
}
