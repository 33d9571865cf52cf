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
