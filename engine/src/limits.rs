//! The dispatcher's bounds in one place; those of import and routing stand beside their code.

use crate::units::Millis;

/// Stops to which a rider could walk that a request names at each end.
pub const WALK_STOPS_MAX: usize = 16;
/// Longest walk at either end.
pub const WALK_MAX: Millis = Millis::from_secs(1800);
/// Pieces of luggage of one party.
pub const LUGGAGE_MAX: u8 = 32;
/// Riders in one request (passengers, wheelchair users included).
pub const PARTY_MAX: u8 = 16;
/// Seats or wheelchair places of one vehicle.
pub const PLACES_MAX: u8 = 64;
/// Visits (pickups and drop-offs) that one vehicle may have planned at a time.
pub const VISITS_MAX: usize = 64;
/// Vehicles of one dispatcher.
pub const VEHICLES_MAX: usize = 20_000;
/// Rides of one dispatcher that are neither finished nor refused.
pub const RIDES_OPEN_MAX: usize = 100_000;
/// Milliseconds for which a ride that has ended stays known (an hour): reports that cross its end get a fitting answer.
pub const RIDE_KEPT_MS: u32 = 3_600 * 1000;
/// Milliseconds after which the row of a vehicle that has left may be another's (a day).
pub const VEHICLE_KEPT_MS: u32 = 24 * 3_600 * 1000;
/// How far ahead a ride may be booked, in milliseconds (14 days).
pub const BOOKING_AHEAD_MS: i64 = 14 * 24 * 3600 * 1000;
/// Bytes of an outside name (`request_id`, `vehicle_id`).
pub const NAME_BYTES_MAX: usize = 64;
/// From this many vehicles on, a search looks at groups of vehicles first; below, looking at each is as fast.
pub const GROUPED_VEHICLES_MIN: usize = 256;
/// Classes, corners, ways and roads that the changes of one traffic command name in all.
pub const TRAFFIC_ITEMS_MAX: usize = 200_000;
/// Vehicles that an explanation names of those that could take a rider, and of those that could not.
pub const EXPLAINED_VEHICLES_MAX: usize = 5;
/// Refusals whose explanations are kept, the newest.
pub const EXPLAINED_REFUSALS_MAX: usize = 256;
/// Of these, those of one second that keep what stood against them: nobody asks why in a flood, and it costs more than the decision.
pub const EXPLAINED_A_SECOND_MAX: usize = 16;
/// Spots of expected demand that a dispatcher keeps.
pub const SPOTS_MAX: usize = 128;
/// Vehicles whose plans are made better together.
pub const SNAPSHOT_VEHICLES_MAX: usize = 64;
/// How often a rider who is not on board may be given to another vehicle to make plans better.
pub const MOVES_MAX: u8 = 2;
/// Insertion tests that searches for riders whom nobody can take may spend in a second of command time, on average …
pub const RESCUE_TESTS_PER_S: u64 = 1_000_000;
/// … and at once, after a quiet while. More riders than that are answered by plain insertion. A million is about a tenth of a second, for
/// which whoever comes after them waits.
pub const RESCUE_TESTS_SAVED_MAX: u64 = 1_000_000;
