//! Drives that take longer or shorter than planned.
//!
//! Each leg, from one stop of the vehicle to the next, takes a time of its own: the planned one times that of the day times a factor of
//! mean 1 whose logarithm is normal with the given deviation. The vehicle does not know the factor. It reports how far it has got
//! whenever it is `DRIFT_MS` earlier or later than it last said, and what is left of the leg counts as average again. A vehicle that
//! is sent elsewhere was never faster than to the place at which it turns off, so nobody jumps.

use std::collections::BTreeMap;
use std::sync::Arc;

use sharxi_engine::ids::VehicleId;
use sharxi_engine::oracle::Path;
use sharxi_engine::units::{EngineTime, Millis};

use super::{DEVIATIONS_MAX, LEGS, Uncertainty, as_ms, factor, millis, normal, whole};
use crate::clock;
use crate::rng::Rng;

/// Earlier or later by so much is worth a report.
const DRIFT_MS: f64 = 10_000.0;

/// What a vehicle under way has to say next.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Report {
    /// It is there.
    Arrived,
    /// It has got as far as it should after so much driving.
    Progress(Millis),
}

/// Where a vehicle really is on its leg.
#[derive(Clone, Debug)]
struct Leg {
    path: Arc<Path>,
    factor: f64,
    /// At `at` it had driven so much of the leg's planned time, in milliseconds.
    driven_ms: f64,
    at: EngineTime,
    /// Nothing is reported before.
    quiet_until: EngineTime,
}

impl Leg {
    fn driven_at(&self, now: EngineTime) -> f64 {
        let elapsed_ms = as_ms(now.unix_ms() - self.at.unix_ms());
        (self.driven_ms + elapsed_ms / self.factor).min(f64::from(self.path.duration.get()))
    }
}

/// The legs that are being driven.
#[derive(Clone, Debug)]
pub struct Legs {
    seed: u64,
    sigma: f64,
    /// Every leg takes so many times as long.
    slowness: f64,
    under_way: BTreeMap<VehicleId, Leg>,
    n_drawn: BTreeMap<VehicleId, u64>,
}

impl Legs {
    /// None yet.
    #[must_use]
    pub fn new(seed: u64, uncertainty: &Uncertainty) -> Self {
        Self {
            seed,
            sigma: uncertainty.travel_time,
            slowness: 1.0 + uncertainty.slow_day,
            under_way: BTreeMap::new(),
            n_drawn: BTreeMap::new(),
        }
    }

    /// The vehicle's last report has not come through yet, or never will: it sends no other before `until`.
    pub fn be_quiet(&mut self, vehicle: VehicleId, until: EngineTime) {
        if let Some(leg) = self.under_way.get_mut(&vehicle) {
            leg.quiet_until = until;
        }
    }

    /// The vehicle has stopped.
    pub fn stopped(&mut self, vehicle: VehicleId) {
        self.under_way.remove(&vehicle);
    }

    /// When the vehicle, which is believed to be on `path` since `departed`, says something next, and what.
    pub fn next(
        &mut self,
        vehicle: VehicleId,
        (path, departed): (&Arc<Path>, EngineTime),
        now: EngineTime,
    ) -> (EngineTime, Report) {
        if self.sigma <= 0.0 && self.slowness <= 1.0 {
            return (departed + path.duration, Report::Arrived);
        }
        let leg = match self.under_way.remove(&vehicle) {
            Some(leg) => follow(leg, path, now),
            None => {
                let driven_ms = as_ms(now.unix_ms() - departed.unix_ms());
                let factor = self.draw(vehicle) * self.slowness;
                Leg { path: Arc::clone(path), factor, driven_ms, at: now, quiet_until: departed }
            }
        };
        let next = report(&leg, departed);
        self.under_way.insert(vehicle, leg);
        next
    }

    fn draw(&mut self, vehicle: VehicleId) -> f64 {
        let n = self.n_drawn.entry(vehicle).or_default();
        *n += 1;
        let mut rng = Rng::new(self.seed ^ *n, LEGS + u64::from(vehicle.get()));
        factor(self.sigma, normal(&mut rng).clamp(-DEVIATIONS_MAX, DEVIATIONS_MAX))
    }
}

/// The same leg, perhaps another way by now. What had been driven behind the place where it turns off is taken back.
fn follow(mut leg: Leg, path: &Arc<Path>, now: EngineTime) -> Leg {
    leg.driven_ms = leg.driven_at(now);
    leg.at = now;
    if leg.path != *path {
        let pairs = leg.path.waypoints.iter().zip(&path.waypoints);
        let shared = pairs.take_while(|(old, new)| old == new).last();
        let turns_off = shared.map_or(0, |(_, waypoint)| waypoint.elapsed.get());
        leg.driven_ms = leg.driven_ms.min(f64::from(turns_off));
        leg.path = Arc::clone(path);
    }
    leg
}

/// When it is too early or too late by what was last said, or there.
fn report(leg: &Leg, departed: EngineTime) -> (EngineTime, Report) {
    let duration_ms = f64::from(leg.path.duration.get());
    let at = |driven_ms: f64| {
        let ms = whole((driven_ms - leg.driven_ms) * leg.factor);
        clock::shifted(leg.at, ms.max(0))
    };
    let late_ms = as_ms(leg.at.unix_ms() - departed.unix_ms()) - leg.driven_ms;
    let drift = leg.factor - 1.0;
    let room_ms = DRIFT_MS - late_ms * drift.signum();
    let next_ms = if DRIFT_MS <= late_ms.abs() {
        leg.driven_ms
    } else {
        leg.driven_ms + room_ms / drift.abs().max(1e-6)
    };
    let quiet_ms = as_ms(leg.quiet_until.unix_ms() - leg.at.unix_ms()) / leg.factor;
    let next_ms = next_ms.max(leg.driven_ms + quiet_ms);
    if next_ms < duration_ms {
        let driven = millis(next_ms);
        (at(next_ms), Report::Progress(driven))
    } else {
        (at(duration_ms), Report::Arrived)
    }
}

#[cfg(test)]
mod tests;
