//! The service's clock as a client knows it: what `welcome` said, and the wall since then.
//!
//! It lags behind the service's own by the time that the welcome took, so that nothing is ever reported from the future.

use std::time::{Duration, Instant};

use sharxi_engine::units::EngineTime;

use crate::clock::shifted;

/// How far the plan of a scenario may lie ahead of a service's clock and still be played at its own times.
const AHEAD_MS_MAX: i64 = 30 * 60 * 1000;

/// The service's clock.
#[derive(Clone, Copy, Debug)]
pub struct ServiceClock {
    at_welcome: EngineTime,
    welcomed: Instant,
    speed: f64,
}

impl ServiceClock {
    /// A clock that shows `now` and runs `speed` times as fast as the wall.
    #[must_use]
    pub fn new(now: EngineTime, speed: f64) -> Self {
        Self { at_welcome: now, welcomed: Instant::now(), speed }
    }

    /// What it shows.
    #[must_use]
    pub fn now(&self) -> EngineTime {
        let elapsed_ms = self.welcomed.elapsed().as_secs_f64() * 1000.0 * self.speed;
        shifted(self.at_welcome, whole(elapsed_ms))
    }

    /// Wall time until it shows `time`; a day at most.
    #[must_use]
    #[expect(clippy::cast_precision_loss, reason = "a wait, not a decision")]
    pub fn until(&self, time: EngineTime) -> Duration {
        let left_ms = (time.unix_ms() - self.now().unix_ms()).max(0) as f64;
        Duration::from_secs_f64((left_ms / 1000.0 / self.speed).min(86_400.0))
    }

    /// Returns once it shows `time`.
    pub async fn reach(&self, time: EngineTime) {
        // The timer has whole milliseconds of wall time; at sixty times that speed the last bit needs a second look.
        while self.now() < time {
            tokio::time::sleep(self.until(time)).await;
        }
    }

    /// By how many milliseconds the times of a scenario that starts at `start` must be moved to be played now: none if
    /// the clock stands shortly before it. Always whole seconds, as files have them.
    #[must_use]
    pub fn offset_ms(&self, start: EngineTime) -> i64 {
        let ahead_ms = start.unix_ms() - self.now().unix_ms();
        if (0..=AHEAD_MS_MAX).contains(&ahead_ms) { 0 } else { (-ahead_ms).div_euclid(1000) * 1000 }
    }
}

#[expect(clippy::cast_possible_truncation, reason = "saturates")]
fn whole(ms: f64) -> i64 {
    ms as i64
}
