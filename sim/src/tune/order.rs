//! What is asked of a tuning, and what comes of it.

use std::collections::BTreeMap;

use serde::Serialize;

use crate::fleet::FleetRow;
use crate::scenario::file::Scenario;
use crate::stats::{self, Interval};
use crate::study::Land;
use crate::sweep::inputs::Base;
use crate::sweep::runner::SweepError;
use crate::tune::days::{DayResult, Days, Rule};
use crate::tune::search;

/// What is asked.
#[derive(Clone, Debug)]
pub struct Order {
    /// Share of the riders that must be served inside the promise, on every day.
    pub served: f64,
    /// Shares of minibuses in the fleet that are tried, in percent.
    pub minibus_percents: Vec<u32>,
    /// Days of the search.
    pub seeds: Vec<u64>,
    /// Days on which the winner is tried afterwards.
    pub fresh_seeds: Vec<u64>,
    /// Vehicles of the first try.
    pub guess: u32,
    /// The most vehicles that are tried.
    pub vehicles_max: u32,
    /// Confidence of the bounds.
    pub confidence: f64,
    /// Days side by side.
    pub n_threads: usize,
}

/// One way to run the fleet.
#[derive(Clone, Copy)]
pub struct Variant {
    /// Its name in tables.
    pub name: &'static str,
    /// What it changes in a scenario.
    pub change: fn(&mut Scenario),
}

/// The dispatcher as the scenario has it.
pub const AS_IS: Variant = Variant { name: "as_is", change: |_| {} };
/// Plans of several vehicles are not changed together.
pub const NO_REOPTIMISE: Variant =
    Variant { name: "no_reoptimise", change: |scenario| scenario.policy.reoptimise = false };
/// Idle vehicles stay where they are.
pub const NO_REPOSITION: Variant =
    Variant { name: "no_reposition", change: |scenario| scenario.policy.reposition = false };
/// Neither: each rider goes where there is room, and that is all.
pub const PLAIN: Variant = Variant { name: "plain", change: plain };
/// Taxis: nobody shares.
pub const ALONE: Variant = Variant { name: "alone", change: |scenario| scenario.pooling = false };

fn plain(scenario: &mut Scenario) {
    scenario.policy.reoptimise = false;
    scenario.policy.reposition = false;
}

/// A fleet that was tried in the search.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Probe {
    /// Minibuses, in percent.
    pub minibus_percent: u32,
    /// Vehicles.
    pub vehicles: u32,
    /// Whether every day was good.
    pub good: bool,
    /// Each day.
    pub days: Vec<DayResult>,
}

/// The smallest fleet of one mix.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Mix {
    /// Minibuses, in percent.
    pub minibus_percent: u32,
    /// The smallest number of vehicles that was good on every day; `None` if not even the largest was.
    pub vehicles: Option<u32>,
    /// Its vehicles by type.
    pub counts: BTreeMap<String, u32>,
    /// Its seats.
    pub seats: u32,
}

/// What days that the search has not seen say about the winner.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Fresh {
    /// Each day, played to its end.
    pub days: Vec<DayResult>,
    /// Good ones.
    pub n_good: u32,
    /// With the confidence asked for, at least this share of all days of this demand is good (exact, one-sided).
    pub good_days_at_least: f64,
    /// Two-sided interval of that share (exact).
    pub good_days_exact: Interval,
    /// Two-sided interval of that share (Wilson).
    pub good_days_wilson: Interval,
    /// Riders of all days.
    pub requests: usize,
    /// Of them served inside the promise.
    pub served: usize,
}

/// What came of a tuning.
#[derive(Clone, Debug, Serialize)]
pub struct Tuned {
    /// The variant.
    pub variant: &'static str,
    /// Asked for.
    pub served: f64,
    /// Of the bounds.
    pub confidence: f64,
    /// The smallest fleet of each mix.
    pub mixes: Vec<Mix>,
    /// Of the mixes the one with the fewest vehicles, among equals with the fewest seats.
    pub best: Option<Mix>,
    /// Breaches over all days that were played to their end.
    pub audit_breaches: usize,
    /// The winner on fresh days.
    pub fresh: Option<Fresh>,
    /// Everything that was tried.
    pub probes: Vec<Probe>,
    /// The winner's vehicles and where they stand.
    #[serde(skip)]
    pub fleet: Vec<FleetRow>,
}

/// Finds the smallest fleet. `progress` is told of each fleet that was tried.
///
/// # Errors
/// [`SweepError`].
pub fn tune(
    base: &Base,
    land: &Land,
    order: &Order,
    variant: Variant,
    progress: &dyn Fn(&Probe),
) -> Result<Tuned, SweepError> {
    let days = Days::prepare(base, &order.seeds, land)?;
    let starts = days.stations();
    let mut probes: Vec<Probe> = Vec::new();
    let mut mixes: Vec<Mix> = Vec::new();
    let mut guess = order.guess;
    for &percent in &order.minibus_percents {
        let rule = Rule { served: order.served, cut_short: true, n_threads: order.n_threads };
        let vehicles = search::smallest(guess, order.vehicles_max, |vehicles| {
            let fleet = days.fleet(&counts(vehicles, percent), &starts)?;
            let results = days.play(&fleet, &variant.change, rule)?;
            let good = results.iter().all(|day| day.is_good(order.served));
            let probe = Probe { minibus_percent: percent, vehicles, good, days: results };
            progress(&probe);
            probes.push(probe);
            Ok::<bool, SweepError>(good)
        })?;
        guess = vehicles.unwrap_or(guess);
        mixes.push(mix(percent, vehicles));
    }
    let best = mixes.iter().filter(|mix| mix.vehicles.is_some());
    let best = best.min_by_key(|mix| (mix.vehicles, mix.seats)).cloned();
    let (mut fleet, mut fresh) = (Vec::new(), None);
    if let Some(best) = &best {
        fleet = days.fleet(&best.counts, &starts)?;
        if !order.fresh_seeds.is_empty() {
            let days = Days::prepare(base, &order.fresh_seeds, land)?;
            // The same stations, but on the shifts of the fresh days.
            let fleet = days.fleet(&best.counts, &starts)?;
            let rule = Rule { served: order.served, cut_short: false, n_threads: order.n_threads };
            fresh = Some(judge(days.play(&fleet, &variant.change, rule)?, order));
        }
    }
    let all_days = probes.iter().flat_map(|probe| &probe.days);
    let all_days = all_days.chain(fresh.iter().flat_map(|fresh| &fresh.days));
    let audit_breaches = all_days.filter_map(|day| day.audit_breaches).sum();
    Ok(Tuned {
        variant: variant.name,
        served: order.served,
        confidence: order.confidence,
        mixes,
        best,
        audit_breaches,
        fresh,
        probes,
        fleet,
    })
}

fn judge(days: Vec<DayResult>, order: &Order) -> Fresh {
    let n = u32::try_from(days.len()).unwrap_or(u32::MAX);
    let good = days.iter().filter(|day| day.is_good(order.served)).count();
    let n_good = u32::try_from(good).unwrap_or(u32::MAX);
    Fresh {
        n_good,
        good_days_at_least: stats::at_least(n_good, n, order.confidence),
        good_days_exact: stats::exact(n_good, n, order.confidence),
        good_days_wilson: stats::wilson(n_good, n, order.confidence),
        requests: days.iter().map(|day| day.requests).sum(),
        served: days.iter().map(|day| day.served).sum(),
        days,
    }
}

/// So many vehicles of each type; the share of minibuses is rounded to the nearest vehicle.
fn counts(vehicles: u32, minibus_percent: u32) -> BTreeMap<String, u32> {
    let minibuses = (u64::from(vehicles) * u64::from(minibus_percent.min(100)) + 50) / 100;
    let minibuses = u32::try_from(minibuses).unwrap_or(vehicles);
    [("minibus".to_owned(), minibuses), ("taxi".to_owned(), vehicles - minibuses)].into()
}

fn mix(minibus_percent: u32, vehicles: Option<u32>) -> Mix {
    let counts = vehicles.map(|n| counts(n, minibus_percent)).unwrap_or_default();
    let seats_of = |kind: &str| {
        let of_type = crate::fleet::TYPES.iter().find(|(name, _)| *name == kind);
        of_type.map_or(0, |&(_, seats)| u32::from(seats))
    };
    let seats = counts.iter().map(|(kind, n)| seats_of(kind).saturating_mul(*n)).sum();
    Mix { minibus_percent, vehicles, counts, seats }
}
