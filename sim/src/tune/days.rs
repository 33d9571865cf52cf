//! The same days for every fleet.

use std::collections::BTreeMap;

use serde::Serialize;
use sharxi_engine::geo::LatLon;
use sharxi_engine::limits;
use sharxi_engine::oracle::{Location, Oracle};

use crate::crew;
use crate::demand::DemandRow;
use crate::fleet::{self, FleetRow};
use crate::inspect;
use crate::kpi::{Kpi, Spread};
use crate::scenario::file::Scenario;
use crate::stations;
use crate::study::{self, Land, Prepared, StudyError};
use crate::sweep::inputs::Base;
use crate::sweep::runner::SweepError;

/// Vehicles stand so that they are everywhere within this share of the longest wait: the rest is for the way within a
/// square of 2 km, and for the doors.
const REACH_SHARE: (u64, u64) = (7, 10);

/// One day, ready to be played with any fleet.
struct Day {
    scenario: Scenario,
    prepared: Prepared,
}

/// The days of some seeds.
pub struct Days {
    days: Vec<Day>,
}

/// How a day went with a fleet.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct DayResult {
    /// Which day.
    pub seed: u64,
    /// Riders who asked.
    pub requests: usize,
    /// Riders who were refused; of a day cut short, until then.
    pub refused: usize,
    /// Promises broken.
    pub broken: usize,
    /// Brought to where they wanted to go, inside the promise.
    pub served: usize,
    /// Whether the day was cut short because too many had been refused.
    pub cut_short: bool,
    /// Breaches that the audit found; a day cut short has none to find.
    pub audit_breaches: Option<usize>,
    /// Waits.
    pub wait_s: Spread,
    /// Driven.
    pub vehicle_km: f64,
    /// Driven with nobody on board.
    pub empty_km: f64,
}

/// How days are played.
#[derive(Clone, Copy, Debug)]
pub struct Rule {
    /// Share of the riders that must be served inside the promise.
    pub served: f64,
    /// Whether a day that can't reach it any more is cut short.
    pub cut_short: bool,
    /// Days side by side.
    pub n_threads: usize,
}

impl DayResult {
    /// Whether at least the share `served` of the riders was served inside the promise, and the audit has no objection.
    #[must_use]
    pub fn is_good(&self, served: f64) -> bool {
        let enough =
            self.requests.saturating_sub(refusals_allowed(self.requests, served)) <= self.served;
        !self.cut_short && enough && self.audit_breaches == Some(0)
    }
}

/// How many of `requests` riders may be left unserved if the share `served` must be served.
#[must_use]
#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    clippy::cast_precision_loss,
    reason = "counts of riders; saturates"
)]
fn refusals_allowed(requests: usize, served: f64) -> usize {
    // A little more, so that 0.9 of 10 leaves 1 and not 0.
    ((1.0 - served.clamp(0.0, 1.0)) * requests as f64 + 1e-9).floor() as usize
}

impl Days {
    /// The days of `seeds`.
    ///
    /// # Errors
    /// [`SweepError`].
    pub fn prepare(base: &Base, seeds: &[u64], land: &Land) -> Result<Self, SweepError> {
        let mut days = Vec::with_capacity(seeds.len());
        for &seed in seeds {
            let scenario = base.scenario(&[], seed)?;
            let prepared = study::prepare_on(land, &scenario)?;
            days.push(Day { scenario, prepared });
        }
        Ok(Self { days })
    }

    /// Requests of all days.
    #[must_use]
    pub fn n_requests(&self) -> usize {
        self.days.iter().map(|day| day.prepared.demand.len()).sum()
    }

    /// Stations from the demand of all days, each with the most riders that its square has within 15 minutes.
    #[must_use]
    pub fn stations(&self) -> Vec<(LatLon, f64)> {
        let days: Vec<&[DemandRow]> =
            self.days.iter().map(|day| day.prepared.demand.as_slice()).collect();
        stations::of_peaks(&days)
    }

    /// A fleet of `counts` on the shift of the first day. The first vehicles stand so that every station is reached within
    /// `REACH_SHARE` of the longest wait, the others where most is needed.
    ///
    /// # Errors
    /// [`StudyError::Fleet`]; [`StudyError::NoDemand`] without days.
    pub fn fleet(
        &self,
        counts: &BTreeMap<String, u32>,
        stations: &[(LatLon, f64)],
    ) -> Result<Vec<FleetRow>, StudyError> {
        let first = self.days.first().ok_or(StudyError::NoDemand)?;
        let (region, scenario) = (&first.prepared.region, &first.scenario);
        let snapped: Vec<Option<Location>> = stations
            .iter()
            .map(|&(point, _)| region.snap(point, scenario.snap_max_m).map(|snap| snap.location))
            .collect();
        let reach_ms = u64::from(scenario.policy.max_wait.get()) * REACH_SHARE.0 / REACH_SHARE.1;
        let reaches = |a: usize, b: usize| {
            let ends = snapped[a].zip(snapped[b]);
            ends.is_some_and(|(a, b)| u64::from(region.time(a, b).get()) <= reach_ms)
        };
        let n: u64 = counts.values().map(|&count| u64::from(count)).sum();
        let n = usize::try_from(n).unwrap_or(usize::MAX).min(limits::VEHICLES_MAX + 1);
        let places = stations::places(stations, n, reaches);
        Ok(fleet::place(counts, &places, study::shift(first.prepared.period))?)
    }

    /// Plays every day with `fleet` under the policy of `change`; in the order of the seeds.
    ///
    /// # Errors
    /// [`SweepError`].
    pub fn play(
        &self,
        fleet: &[FleetRow],
        change: &(dyn Fn(&mut Scenario) + Sync),
        rule: Rule,
    ) -> Result<Vec<DayResult>, SweepError> {
        let results = crew::each(&self.days, rule.n_threads, |day| {
            let mut scenario = day.scenario.clone();
            change(&mut scenario);
            let prepared = Prepared { fleet: fleet.to_vec(), ..day.prepared.clone() };
            play_day(&scenario, &prepared, rule)
        })?;
        results.into_iter().collect()
    }
}

fn play_day(scenario: &Scenario, prepared: &Prepared, rule: Rule) -> Result<DayResult, SweepError> {
    let requests = prepared.demand.len();
    let allowed = u32::try_from(refusals_allowed(requests, rule.served)).unwrap_or(u32::MAX);
    let refusals_max = if rule.cut_short { allowed } else { u32::MAX };
    let study = study::play_until(scenario, prepared, refusals_max, &|_| {})?;
    let kpi: Kpi = study.kpi(false);
    let cut_short = usize::try_from(refusals_max).is_ok_and(|max| max < kpi.rejected);
    let audit_breaches = if cut_short {
        None
    } else {
        Some(inspect::inspect(scenario, prepared, &study)?.breaches.len())
    };
    let kept = study.story.rides().filter(|ride| ride.alighted_at.is_some() && !ride.broken);
    Ok(DayResult {
        seed: scenario.seed,
        requests,
        refused: kpi.rejected,
        broken: kpi.promises_broken,
        served: kept.count(),
        cut_short,
        audit_breaches,
        wait_s: kpi.wait_s,
        vehicle_km: kpi.vehicle_km,
        empty_km: kpi.empty_km,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_share_leaves_so_many_riders() {
        let cases =
            [(10, 1.0, 0), (10, 0.9, 1), (10, 0.91, 0), (1000, 0.995, 5), (0, 0.5, 0), (3, 0.0, 3)];
        for (requests, served, allowed) in cases {
            assert_eq!(refusals_allowed(requests, served), allowed, "{requests} {served}");
        }
    }
}
