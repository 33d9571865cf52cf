//! What a good insertion is, in one place.
//!
//! The cost of an insertion is a sum of milliseconds: what the vehicle drives more, what the new rider waits and detours, and
//! what the others are delayed. Everybody's time counts alike. Weighing the driving more saves kilometres and costs promises:
//! on the Vulkaneifel day with 150 vehicles, weights of 4, 2 and 1 drove 88,600, 92,700 and 99,600 km and could not
//! promise 68, 23 and 8 of 10,577 riders near a road, for tight schedules leave no room for the next rider.

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
    /// Additional driving, milliseconds; negative if the new legs are shorter (they never are, by the triangle rule,
    /// except that a vehicle under way may lose less than it gains).
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
