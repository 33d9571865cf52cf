//! The service clock: the only place that reads the wall.
//!
//! It starts at a given instant and runs at `speed` against the wall (1 in earnest, more in a demonstration). It is
//! driven by the monotonic clock, so that a wall clock that is set back moves nothing (I15). That clock stands still while
//! the machine is suspended: a service clock in earnest then catches up with the wall, and never goes back.
//! A clock set by hand, for simulated time, reads no clock of the machine at all.

use std::time::{Duration, Instant};

use sharxi_engine::units::EngineTime;

use crate::limits::CLOCK_BEHIND_MAX;

/// What drives a clock.
#[derive(Clone, Copy, Debug)]
enum Drive {
    /// The machine's monotonic clock, since then.
    Machine(Instant),
    /// Whoever holds the clock: so much has passed.
    Hand(Duration),
}

/// A clock that never runs backwards.
#[derive(Clone, Copy, Debug)]
pub struct Clock {
    drive: Drive,
    start: EngineTime,
    speed: f64,
    follows_wall: bool,
}

impl Clock {
    /// A clock that shows `start` now and runs `speed` times as fast as the wall; a speed that is not a positive
    /// number counts as 1.
    #[must_use]
    pub fn new(start: EngineTime, speed: f64) -> Self {
        let speed = if speed.is_finite() && speed > 0.0 { speed } else { 1.0 };
        Self { drive: Drive::Machine(Instant::now()), start, speed, follows_wall: false }
    }

    /// The clock of a service in earnest: it shows `start` now, runs as fast as the wall, and catches up with it.
    #[must_use]
    pub fn of_the_wall(start: EngineTime) -> Self {
        Self { follows_wall: true, ..Self::new(start, 1.0) }
    }

    /// A clock in earnest that shows `start` until [`Clock::advance`] says that time has passed.
    #[must_use]
    pub const fn by_hand(start: EngineTime) -> Self {
        Self { drive: Drive::Hand(Duration::ZERO), start, speed: 1.0, follows_wall: true }
    }

    /// Lets time pass on a clock set by hand; others need no such help.
    pub fn advance(&mut self, by: Duration) {
        if let Drive::Hand(passed) = &mut self.drive {
            *passed = passed.saturating_add(by);
        }
    }

    /// How long it has run, by the machine's monotonic clock or by hand.
    #[must_use]
    pub fn elapsed(&self) -> Duration {
        match self.drive {
            Drive::Machine(origin) => origin.elapsed(),
            Drive::Hand(passed) => passed,
        }
    }

    /// Goes on from `wall` if that is well ahead and the clock is one in earnest.
    pub fn catch_up(&mut self, wall: EngineTime) {
        let behind = wall.since(self.now());
        if self.follows_wall && CLOCK_BEHIND_MAX < behind {
            tracing::warn!(behind_ms = behind.get(), "the service clock catches up with the wall");
            let start_ms = wall.unix_ms().saturating_sub(self.elapsed_ms());
            self.start = EngineTime::from_unix_ms(start_ms);
        }
    }

    /// How fast it runs against the wall.
    #[must_use]
    pub const fn speed(&self) -> f64 {
        self.speed
    }

    /// What it shows; milliseconds are rounded down.
    #[must_use]
    pub fn now(&self) -> EngineTime {
        EngineTime::from_unix_ms(self.start.unix_ms().saturating_add(self.elapsed_ms()))
    }

    /// Of its own time, rounded down.
    #[expect(clippy::cast_possible_truncation, reason = "a float to integer cast saturates")]
    fn elapsed_ms(&self) -> i64 {
        (self.elapsed().as_secs_f64() * 1000.0 * self.speed) as i64
    }

    /// Wall time until it shows `at`; zero if it already does, a day if that is further off.
    #[must_use]
    #[expect(clippy::cast_precision_loss, reason = "a wait, not a decision")]
    pub fn until(&self, at: EngineTime) -> Duration {
        const LONGEST_S: f64 = 86_400.0;
        let ms = at.unix_ms().saturating_sub(self.now().unix_ms()).max(0) as f64;
        Duration::from_secs_f64((ms / 1000.0 / self.speed).min(LONGEST_S))
    }
}

/// The wall clock as engine time, for a service that runs in earnest.
#[must_use]
pub fn wall() -> EngineTime {
    EngineTime::from_unix_ms(jiff::Timestamp::now().as_millisecond())
}

#[cfg(test)]
mod tests {
    use super::*;
    use sharxi_engine::units::Millis;

    #[test]
    fn a_clock_in_earnest_catches_up_and_never_goes_back() {
        let start = EngineTime::from_unix_ms(1_767_592_800_000);
        let hour = Millis::from_secs(3600);
        let mut clock = Clock::of_the_wall(start);
        clock.catch_up(start + Millis::from_secs(1));
        assert!(clock.now() < start + Millis::from_secs(1), "drift moved it");
        clock.catch_up(start + hour);
        assert!(start + hour <= clock.now());
        clock.catch_up(start);
        assert!(start + hour <= clock.now(), "it went back");
        let mut by_hand = Clock::by_hand(start);
        by_hand.advance(Duration::from_secs(90));
        by_hand.catch_up(start + Millis::from_secs(3600));
        assert_eq!(by_hand.now(), start + Millis::from_secs(3600));
        by_hand.advance(Duration::from_millis(5));
        assert_eq!(by_hand.now(), start + Millis::from_secs(3600) + Millis::new(5));
        let mut demonstration = Clock::new(start, 1.0);
        demonstration.catch_up(start + hour);
        assert!(demonstration.now() < start + hour);
    }
}
