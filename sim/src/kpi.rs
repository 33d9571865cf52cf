//! The figures of a study (`DESIGN.md`, section 4), from the event log, the drives, and how long decisions took.
//!
//! Percentiles are nearest-rank. Figures are rounded to thousandths. A figure without data is `null`.

use std::ops::RangeInclusive;
use std::time::Duration;

use serde::Serialize;

use crate::trips::{Answer, Ride, Story, Trip};
use crate::world::Leg;

/// `kpi.json`. What the wall clock measured stands last and can be left out, so that the rest is the same bytes always.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Kpi {
    /// Requests.
    pub requests: usize,
    /// Of them accepted.
    pub promised: usize,
    /// Of them refused.
    pub rejected: usize,
    /// Accepted and then called off, or nobody came.
    pub cancelled: usize,
    /// Brought to where they wanted to go.
    pub completed: usize,
    /// Promises broken.
    pub promises_broken: usize,
    /// Seconds from ready to boarding.
    pub wait_s: Spread,
    /// Seconds on board.
    pub ride_s: Spread,
    /// Seconds of the direct drive, of completed rides.
    pub direct_s: Spread,
    /// Time on board by direct drive.
    pub detour_factor: Spread,
    /// Seconds on foot at both ends, of completed rides whose riders walk.
    pub walk_s: Spread,
    /// Share of the requests that were refused, by who asked.
    pub refused_share: Groups,
    /// Vehicles on shift.
    pub vehicles: usize,
    /// Driven in all.
    pub vehicle_km: f64,
    /// Driven with nobody on board.
    pub empty_km: f64,
    /// Driven with somebody on board.
    pub occupied_km: f64,
    /// Kilometres by people on board.
    pub passenger_km: f64,
    /// Share of completed rides that shared the vehicle on part of the way.
    pub pooled_share: Option<f64>,
    /// Passenger kilometres by occupied kilometres.
    pub mean_occupancy: Option<f64>,
    /// Hours of all shifts.
    pub fleet_hours: f64,
    /// Of them driving.
    pub drive_hours: f64,
    /// Completed rides by hour of a shift.
    pub rides_per_vehicle_hour: Option<f64>,
    /// Demand-weighted share of spots within reach of a vehicle with a free seat, every quarter of an hour.
    pub coverage_15min: Coverage,
    /// Microseconds of wall time to answer a request.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub decision_us: Option<Decision>,
    /// Seconds of wall time that the study took.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub wall_s: Option<f64>,
}

/// Mean, percentiles, maximum.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize)]
pub struct Spread {
    /// Mean.
    pub mean: Option<f64>,
    /// Median.
    pub p50: Option<f64>,
    /// 95th percentile.
    pub p95: Option<f64>,
    /// 99th percentile.
    pub p99: Option<f64>,
    /// Largest.
    pub max: Option<f64>,
}

/// A figure by who asked. A party with a wheelchair user counts as such, whatever its size.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize)]
pub struct Groups {
    /// Who rides alone.
    pub single: Option<f64>,
    /// Two.
    pub pair: Option<f64>,
    /// Three or more.
    pub group: Option<f64>,
    /// With a wheelchair.
    pub wheelchair: Option<f64>,
}

/// Mean and minimum of coverage.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize)]
pub struct Coverage {
    /// Mean.
    pub mean: Option<f64>,
    /// Smallest.
    pub min: Option<f64>,
}

/// Percentiles of decision times in microseconds.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize)]
pub struct Decision {
    /// Median.
    pub p50: Option<f64>,
    /// 99th percentile.
    pub p99: Option<f64>,
    /// Largest.
    pub max: Option<f64>,
}

/// What the wall clock measured.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Timings {
    /// Of each decision about a request.
    pub decisions: Vec<Duration>,
    /// Of the whole study.
    pub wall: Duration,
}

/// The figures of a story; `legs` are its drives, `coverage_milli` its coverage in thousandths.
#[must_use]
pub fn figures(
    story: &Story,
    legs: &[Leg],
    coverage_milli: &[u32],
    timings: Option<&Timings>,
) -> Kpi {
    let rides: Vec<&Ride> = story.rides().collect();
    let rejected = |answer: &Answer| matches!(answer, Answer::Rejected { .. });
    let completed: Vec<&Ride> =
        rides.iter().copied().filter(|ride| ride.alighted_at.is_some()).collect();
    let n_pooled = completed.iter().filter(|ride| ride.pooled).count();
    let km = |fits: &dyn Fn(&Leg) -> bool| -> f64 {
        legs.iter().filter(|leg| fits(leg)).map(kilometers).sum()
    };
    let occupied_km = km(&|leg| leg.passengers > 0);
    let passenger_km = legs.iter().map(|leg| kilometers(leg) * f64::from(leg.passengers)).sum();
    let shifts = story.vehicles.iter();
    let fleet_hours =
        shifts.map(|day| day.shift_end.since(day.shift_start).as_secs_f64() / 3600.0).sum();
    let drives = story.vehicles.iter().flat_map(|day| &day.spans).filter(|span| span.driving);
    let drive_hours = drives.map(|span| span.end.since(span.begin).as_secs_f64() / 3600.0).sum();
    let refused_share = |fits: &dyn Fn(&Trip) -> bool| {
        let asked = || story.trips.iter().filter(|trip| fits(trip));
        let refused = asked().filter(|trip| rejected(&trip.answer)).count();
        ratio(count(refused), count(asked().count()))
    };
    let of_size = |sizes: RangeInclusive<u8>| {
        refused_share(&|trip| trip.wheelchairs == 0 && sizes.contains(&trip.passengers))
    };
    Kpi {
        requests: story.trips.len(),
        promised: rides.len(),
        rejected: story.trips.iter().filter(|trip| rejected(&trip.answer)).count(),
        cancelled: rides.iter().filter(|ride| ride.cancelled).count(),
        completed: completed.len(),
        promises_broken: rides.iter().filter(|ride| ride.broken).count(),
        wait_s: spread(rides.iter().filter_map(|ride| ride.wait_s())),
        ride_s: spread(completed.iter().filter_map(|ride| ride.ride_s())),
        direct_s: spread(completed.iter().map(|ride| ride.direct_s)),
        detour_factor: spread(completed.iter().filter_map(|ride| detour(ride))),
        walk_s: spread(completed.iter().map(|ride| ride.walk_s).filter(|&walk_s| walk_s > 0.0)),
        refused_share: Groups {
            single: of_size(1..=1),
            pair: of_size(2..=2),
            group: of_size(3..=u8::MAX),
            wheelchair: refused_share(&|trip| trip.wheelchairs > 0),
        },
        vehicles: story.vehicles.len(),
        vehicle_km: thousandth(km(&|_| true)),
        empty_km: thousandth(km(&|leg| leg.passengers == 0)),
        occupied_km: thousandth(occupied_km),
        passenger_km: thousandth(passenger_km),
        pooled_share: ratio(count(n_pooled), count(completed.len())),
        mean_occupancy: ratio(passenger_km, occupied_km),
        fleet_hours: thousandth(fleet_hours),
        drive_hours: thousandth(drive_hours),
        rides_per_vehicle_hour: ratio(count(completed.len()), fleet_hours),
        coverage_15min: coverage(coverage_milli),
        decision_us: timings.map(|timings| decision(&timings.decisions)),
        wall_s: timings.map(|timings| thousandth(timings.wall.as_secs_f64())),
    }
}

/// Mean, percentiles and maximum of values.
#[must_use]
pub fn spread(values: impl Iterator<Item = f64>) -> Spread {
    let mut values: Vec<f64> = values.collect();
    values.sort_by(f64::total_cmp);
    let sum: f64 = values.iter().sum();
    Spread {
        mean: ratio(sum, count(values.len())),
        p50: percentile(&values, 50),
        p95: percentile(&values, 95),
        p99: percentile(&values, 99),
        max: percentile(&values, 100),
    }
}

/// The smallest of `sorted` that at least `percent` % do not exceed.
fn percentile(sorted: &[f64], percent: usize) -> Option<f64> {
    let rank = (sorted.len() * percent).div_ceil(100).max(1);
    sorted.get(rank - 1).copied().map(thousandth)
}

fn detour(ride: &Ride) -> Option<f64> {
    let ride_s = ride.ride_s()?;
    (ride.direct_s > 0.0).then(|| ride_s / ride.direct_s)
}

fn coverage(milli: &[u32]) -> Coverage {
    let share = |&milli: &u32| f64::from(milli) / 1000.0;
    let sum: f64 = milli.iter().map(share).sum();
    Coverage { mean: ratio(sum, count(milli.len())), min: milli.iter().min().map(share) }
}

fn decision(decisions: &[Duration]) -> Decision {
    let mut micros: Vec<f64> = decisions.iter().map(|time| time.as_secs_f64() * 1e6).collect();
    micros.sort_by(f64::total_cmp);
    let at = |percent| percentile(&micros, percent);
    Decision { p50: at(50), p99: at(99), max: at(100) }
}

fn kilometers(leg: &Leg) -> f64 {
    leg.distance.as_meters_f64() / 1000.0
}

fn ratio(part: f64, whole: f64) -> Option<f64> {
    (whole > 0.0).then(|| thousandth(part / whole))
}

fn thousandth(value: f64) -> f64 {
    // An empty sum is -0.0; adding 0.0 takes the sign off.
    (value * 1000.0).round() / 1000.0 + 0.0
}

#[expect(clippy::cast_precision_loss, reason = "counts of rides are exact")]
fn count(n: usize) -> f64 {
    n as f64
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{testing, trips};

    #[test]
    fn percentiles_are_nearest_rank() {
        let spread = spread((1..=200).map(f64::from));
        let expected = [Some(100.5), Some(100.0), Some(190.0), Some(198.0), Some(200.0)];
        assert_eq!([spread.mean, spread.p50, spread.p95, spread.p99, spread.max], expected);
        assert_eq!(super::spread(std::iter::empty()), Spread::default());
    }

    #[test]
    fn nothing_is_not_minus_nothing() {
        let kpi = figures(&trips::read(&[]), &[], &[], None);
        let json = serde_json::to_string(&kpi).unwrap();
        assert!(json.contains("\"vehicle_km\":0.0") && !json.contains("-0"), "{json}");
    }

    #[test]
    fn figures_add_up() {
        let outcome = testing::play(&testing::demand(150, 5), &testing::fleet(10));
        let story = trips::read(&outcome.records);
        let kpi = figures(&story, &outcome.legs, &outcome.coverage_milli, None);
        assert_eq!(kpi.requests, kpi.promised + kpi.rejected);
        assert_eq!(kpi.promised, kpi.completed);
        assert!((kpi.vehicle_km - kpi.empty_km - kpi.occupied_km).abs() < 0.01);
        assert!(kpi.passenger_km >= kpi.occupied_km);
        assert!(kpi.wait_s.max <= Some(900.0), "{kpi:?}");
        assert!(kpi.pooled_share > Some(0.0) && kpi.coverage_15min.min > Some(0.0), "{kpi:?}");
        let json = serde_json::to_string(&kpi).unwrap();
        assert!(!json.contains("wall_s") && !json.contains("decision_us"), "{json}");
    }
}
