//! What goes otherwise than planned: drives that take longer or shorter, riders who do not come, a vehicle that breaks down.
//!
//! Each leg, from one stop of the vehicle to the next, takes a time of its own: the planned one times a factor of mean 1 whose
//! logarithm is normal with the given deviation. The vehicle does not know the factor. It reports how far it has got whenever it is
//! `DRIFT_MS` earlier or later than it last said, and what is left of the leg counts as average again. A vehicle that is sent
//! elsewhere was never faster than to the place at which it turns off, so nobody jumps.
//!
//! Everything is drawn from the seed by vehicle and leg or by rider, so a knob that is off draws nothing.

use std::collections::BTreeMap;
use std::f64::consts::TAU;
use std::sync::Arc;

use sharxi_engine::ids::{RequestId, VehicleId};
use sharxi_engine::oracle::Path;
use sharxi_engine::units::{EngineTime, Millis};

use crate::clock;
use crate::rng::Rng;

/// Earlier or later by so much is worth a report.
const DRIFT_MS: f64 = 10_000.0;
/// No draw is farther from the mean than so many deviations.
const DEVIATIONS_MAX: f64 = 3.0;
/// Streams of random numbers, apart from those of demand and fleet.
const LEGS: u64 = 1 << 40;
const RIDERS: u64 = 1 << 41;

/// The `[uncertainty]` table. The default is a day on which all goes as planned.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Uncertainty {
    /// Deviation of the logarithm of a leg's time, 0 to 1.
    pub travel_time: f64,
    /// Share of riders who do not come.
    pub no_show: f64,
    /// When which vehicle breaks down.
    pub breakdown: Option<(EngineTime, String)>,
}

impl Uncertainty {
    /// The least share of its planned time that a leg can take.
    #[must_use]
    pub fn least_factor(&self) -> f64 {
        factor(self.travel_time, -DEVIATIONS_MAX)
    }

    /// Whether a rider does not come.
    #[must_use]
    pub fn is_absent(&self, seed: u64, request: RequestId) -> bool {
        0.0 < self.no_show
            && Rng::new(seed, RIDERS + u64::from(request.get())).unit() < self.no_show
    }
}

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
    under_way: BTreeMap<VehicleId, Leg>,
    n_drawn: BTreeMap<VehicleId, u64>,
}

impl Legs {
    /// None yet. `sigma` is [`Uncertainty::travel_time`].
    #[must_use]
    pub fn new(seed: u64, sigma: f64) -> Self {
        Self { seed, sigma, under_way: BTreeMap::new(), n_drawn: BTreeMap::new() }
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
        if self.sigma == 0.0 {
            return (departed + path.duration, Report::Arrived);
        }
        let leg = match self.under_way.remove(&vehicle) {
            Some(leg) => follow(leg, path, now),
            None => {
                let driven_ms = as_ms(now.unix_ms() - departed.unix_ms());
                Leg { path: Arc::clone(path), factor: self.draw(vehicle), driven_ms, at: now }
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
    if next_ms < duration_ms {
        let driven = Millis::new(u32::try_from(whole(next_ms)).unwrap_or(0));
        (at(next_ms), Report::Progress(driven))
    } else {
        (at(duration_ms), Report::Arrived)
    }
}

/// A factor of mean 1, `deviations` from the middle.
fn factor(sigma: f64, deviations: f64) -> f64 {
    (sigma * deviations - sigma * sigma / 2.0).exp()
}

/// Box and Muller 1958.
fn normal(rng: &mut Rng) -> f64 {
    let radius = (-2.0 * (1.0 - rng.unit()).ln()).sqrt();
    radius * (TAU * rng.unit()).cos()
}

#[expect(clippy::cast_precision_loss, reason = "differences of a few days are exact")]
fn as_ms(ms: i64) -> f64 {
    ms as f64
}

#[expect(clippy::cast_possible_truncation, reason = "a few days")]
fn whole(ms: f64) -> i64 {
    ms.round() as i64
}

#[cfg(test)]
mod tests;
