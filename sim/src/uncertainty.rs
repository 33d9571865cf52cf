//! What goes otherwise than planned: slow drives and slow days, late and missing riders, cancellations, drivers who pause,
//! breakdowns, closed roads, and position reports that are lost or late.
//!
//! Every knob is off by default. Everything is drawn from the seed, by vehicle, leg, stop or rider, each knob from a stream of its own: one
//! that is off draws nothing, and turning one on leaves the draws of the others as they were. Drives are in [`legs`].

use std::f64::consts::TAU;

use sharxi_engine::ids::{RequestId, VehicleId};
use sharxi_engine::units::{EngineTime, Millis};

use crate::clock;
use crate::rng::Rng;

pub mod legs;

/// No draw is farther from the mean than so many deviations.
const DEVIATIONS_MAX: f64 = 3.0;
/// No draw of an exponential time is longer than so many times its mean.
const MEANS_MAX: f64 = 5.0;
/// Streams of random numbers, apart from those of demand and fleet.
const LEGS: u64 = 1 << 40;
const RIDERS: u64 = 1 << 41;
const LATE_RIDERS: u64 = 1 << 42;
const CANCELLATIONS: u64 = 1 << 43;
const PAUSES: u64 = 1 << 44;
const BREAKDOWNS: u64 = 1 << 45;
const STOPS: u64 = 1 << 46;
const REPORTS: u64 = 1 << 47;
const CLOSURES: u64 = 1 << 48;

/// The `[uncertainty]` table. The default is a day on which all goes as planned.
#[derive(Clone, Debug, PartialEq)]
pub struct Uncertainty {
    /// Deviation of the logarithm of a leg's time, 0 to 1.
    pub travel_time: f64,
    /// All drives take this share longer than planned, 0 to 1.
    pub slow_day: f64,
    /// Mean of the time, exponentially distributed, that each boarding and alighting takes longer than planned, in seconds.
    pub boarding_s: f64,
    /// Share of riders who do not come.
    pub no_show: f64,
    /// Share of riders who come late.
    pub late_rider: f64,
    /// Mean of how late they come, exponentially distributed, in seconds. Nobody waits longer for them than for one who never comes.
    pub late_rider_s: f64,
    /// Share of riders who call their ride off, at any time between being promised it and the latest pickup.
    pub cancel: f64,
    /// Share of drivers who pause once a shift, untold: a vehicle that stands does not set off.
    pub pause: f64,
    /// How long they pause, in seconds.
    pub pause_s: f64,
    /// When which vehicle breaks down.
    pub breakdown: Option<(EngineTime, String)>,
    /// Share of vehicles that break down, at any time of their shift.
    pub breakdowns: f64,
    /// Share of position reports that are lost; the vehicle sends another one half a minute later.
    pub report_loss: f64,
    /// Position reports come late, by any time up to so many seconds.
    pub report_delay_s: f64,
    /// So many roads of the way of some rider are closed, at any time.
    pub closures: u32,
    /// For so many seconds each.
    pub closure_s: f64,
}

impl Default for Uncertainty {
    fn default() -> Self {
        Self {
            travel_time: 0.0,
            slow_day: 0.0,
            boarding_s: 0.0,
            no_show: 0.0,
            late_rider: 0.0,
            late_rider_s: 180.0,
            cancel: 0.0,
            pause: 0.0,
            pause_s: 900.0,
            breakdown: None,
            breakdowns: 0.0,
            report_loss: 0.0,
            report_delay_s: 0.0,
            closures: 0,
            closure_s: 7_200.0,
        }
    }
}

/// When a rider is where they are met.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Coming {
    /// When the ride was promised from, or before.
    OnTime,
    /// So much later.
    Late(Millis),
    /// Not at all.
    Never,
}

impl Uncertainty {
    /// The least share of its planned time that a leg can take.
    #[must_use]
    pub fn least_factor(&self) -> f64 {
        factor(self.travel_time, -DEVIATIONS_MAX)
    }

    /// When a rider comes.
    #[must_use]
    pub fn coming(&self, seed: u64, request: RequestId) -> Coming {
        let rider = u64::from(request.get());
        if happens(self.no_show, &mut Rng::new(seed, RIDERS + rider)) {
            return Coming::Never;
        }
        let mut rng = Rng::new(seed, LATE_RIDERS + rider);
        if happens(self.late_rider, &mut rng) {
            return Coming::Late(exponential(self.late_rider_s, &mut rng));
        }
        Coming::OnTime
    }

    /// When a rider who was promised a ride at `promised_at` calls it off, if they do; before `pickup_by`.
    #[must_use]
    pub fn cancels_at(
        &self,
        seed: u64,
        request: RequestId,
        (promised_at, pickup_by): (EngineTime, EngineTime),
    ) -> Option<EngineTime> {
        let mut rng = Rng::new(seed, CANCELLATIONS + u64::from(request.get()));
        happens(self.cancel, &mut rng).then(|| between(promised_at, pickup_by, &mut rng))
    }

    /// When a driver pauses, from and to, if they do.
    #[must_use]
    pub fn pause_of(
        &self,
        seed: u64,
        vehicle: VehicleId,
        (start, end): (EngineTime, EngineTime),
    ) -> Option<(EngineTime, EngineTime)> {
        let mut rng = Rng::new(seed, PAUSES + u64::from(vehicle.get()));
        happens(self.pause, &mut rng).then(|| {
            let begin = between(start, end, &mut rng);
            (begin, begin + millis(self.pause_s * 1000.0))
        })
    }

    /// When a vehicle breaks down, if it does.
    #[must_use]
    pub fn breaks_at(
        &self,
        seed: u64,
        vehicle: VehicleId,
        (start, end): (EngineTime, EngineTime),
    ) -> Option<EngineTime> {
        let mut rng = Rng::new(seed, BREAKDOWNS + u64::from(vehicle.get()));
        happens(self.breakdowns, &mut rng).then(|| between(start, end, &mut rng))
    }

    /// How much longer than planned the `n`th boarding or alighting of a vehicle takes.
    #[must_use]
    pub fn stop_longer(&self, seed: u64, vehicle: VehicleId, n: u64) -> Millis {
        if self.boarding_s <= 0.0 {
            return Millis::ZERO;
        }
        exponential(self.boarding_s, &mut Rng::new(seed ^ n, STOPS + u64::from(vehicle.get())))
    }

    /// How late the `n`th position report of a vehicle comes; `None` if it is lost.
    #[must_use]
    pub fn report_late(&self, seed: u64, vehicle: VehicleId, n: u64) -> Option<Millis> {
        let mut rng = Rng::new(seed ^ n, REPORTS + u64::from(vehicle.get()));
        let is_lost = happens(self.report_loss, &mut rng);
        (!is_lost).then(|| millis(self.report_delay_s * 1000.0 * rng.unit()))
    }

    /// For each road that is closed: numbers that say where, and from when to when.
    #[must_use]
    pub fn closures(
        &self,
        seed: u64,
        (start, end): (EngineTime, EngineTime),
    ) -> Vec<(Rng, EngineTime, EngineTime)> {
        let closure = |n| {
            let mut rng = Rng::new(seed, CLOSURES + u64::from(n));
            let from = between(start, end, &mut rng);
            (rng, from, from + millis(self.closure_s * 1000.0))
        };
        (0..self.closures).map(closure).collect()
    }
}

/// Draws, unless the knob is off.
fn happens(share: f64, rng: &mut Rng) -> bool {
    0.0 < share && rng.unit() < share
}

/// Any time from `start` to `end`.
fn between(start: EngineTime, end: EngineTime, rng: &mut Rng) -> EngineTime {
    clock::shifted(start, rng.between(0, end.unix_ms().saturating_sub(start.unix_ms()).max(0)))
}

/// An exponentially distributed time of so many seconds in the mean, before the longest are cut.
fn exponential(mean_s: f64, rng: &mut Rng) -> Millis {
    millis(mean_s * 1000.0 * (-(1.0 - rng.unit()).ln()).min(MEANS_MAX))
}

fn millis(ms: f64) -> Millis {
    Millis::new(u32::try_from(whole(ms)).unwrap_or(0))
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
