//! The comparison: every way to move the same riders, in one table.

use serde::Serialize;

use crate::baseline::assumptions::{Assumptions, Costs};
use crate::baseline::bus::{Journey, Line};
use crate::baseline::cars;
use crate::baseline::drives::{self, Drive};
use crate::crew;
use crate::kpi::{self, Spread};
use crate::scenario::file::Scenario;
use crate::study::{self, Prepared, Study};
use crate::sweep::runner::SweepError;
use crate::table::{Cell, Table};
use crate::tune::order::{ALONE, AS_IS, NO_REOPTIMISE, NO_REPOSITION, PLAIN, Variant};

/// The dispatcher in all ways that are compared; the first is what the others are compared with.
pub const VARIANTS: [Variant; 5] = [AS_IS, NO_REOPTIMISE, NO_REPOSITION, PLAIN, ALONE];

/// One way to move the riders.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Row {
    /// `as_is`, `no_reoptimise`, `no_reposition`, `plain`, `alone`, `cars_swapped`, `cars_owned`, `bus_line`.
    pub way: &'static str,
    /// Vehicles.
    pub vehicles: usize,
    /// Riders who asked.
    pub requests: usize,
    /// Of them moved inside the promise (wait and time on board).
    pub served: usize,
    /// The same as a share.
    pub served_share: f64,
    /// Of them moved at all.
    pub moved: usize,
    /// Seconds of waiting.
    pub wait_s: Spread,
    /// Seconds on board.
    pub ride_s: Spread,
    /// Driven.
    pub vehicle_km: f64,
    /// Driven with nobody but the driver; of cars none.
    pub empty_km: f64,
    /// Carbon dioxide.
    pub co2_kg: f64,
    /// Costs in Euro.
    pub cost_eur: f64,
    /// Costs by request that was moved.
    pub cost_per_ride_eur: Option<f64>,
    /// Share of this way's vehicles that the first row does without; less than 0: it needs more.
    pub vehicles_saved: Option<f64>,
}

/// What a day costs and emits.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize)]
pub struct Price {
    /// Euro.
    pub cost_eur: f64,
    /// Kilograms of carbon dioxide.
    pub co2_kg: f64,
}

impl Price {
    fn add(&mut self, costs: &Costs, vehicle_days: f64, hours: f64, km: f64) {
        self.cost_eur += costs.cost_per_vehicle_day * vehicle_days
            + costs.cost_per_hour * hours
            + costs.cost_per_km * km;
        self.co2_kg += costs.co2_g_per_km * km / 1000.0;
    }
}

/// What the fleet of a study costs and emits, by the types of its vehicles.
#[must_use]
pub fn price(assumptions: &Assumptions, prepared: &Prepared, study: &Study) -> Price {
    let mut price = Price::default();
    for (idx, day) in study.story.vehicles.iter().enumerate() {
        let row = prepared.fleet.iter().find(|row| row.name.as_str() == day.name);
        let costs = assumptions.of_kind(row.map_or("", |row| row.kind.as_str()));
        // Vehicles are numbered in the order in which their shifts start, and so are the days of the story.
        let legs = study.outcome.legs.iter().filter(|leg| leg.vehicle.idx() == idx);
        let km: f64 = legs.map(|leg| leg.distance.as_meters_f64() / 1000.0).sum();
        let hours = day.shift_end.since(day.shift_start).as_secs_f64() / 3600.0;
        price.add(costs, 1.0, hours, km);
    }
    price
}

/// Plays and computes all ways. The scenario's own study has been played already.
///
/// # Errors
/// [`SweepError`].
pub fn compare(
    scenario: &Scenario,
    prepared: &Prepared,
    study: &Study,
    assumptions: &Assumptions,
    n_threads: usize,
) -> Result<Vec<Row>, SweepError> {
    let played = crew::each(&VARIANTS[1..], n_threads, |variant| {
        let mut scenario = scenario.clone();
        (variant.change)(&mut scenario);
        let study = study::play(&scenario, prepared, &|_| {})?;
        Ok::<Row, SweepError>(of_study(variant.name, prepared, &study, assumptions))
    })?;
    let mut rows = vec![of_study(AS_IS.name, prepared, study, assumptions)];
    rows.extend(played.into_iter().collect::<Result<Vec<_>, _>>()?);
    let drives = drives::of_demand(prepared, scenario.snap_max_m);
    rows.extend(of_cars(prepared, &drives, assumptions));
    rows.extend(of_bus(scenario, prepared, &drives, assumptions));
    let ours = rows.first().map_or(0, |row| row.vehicles);
    for row in rows.iter_mut().skip(1) {
        row.vehicles_saved =
            (row.vehicles > 0).then(|| rounded(1.0 - count(ours) / count(row.vehicles)));
    }
    Ok(rows)
}

fn of_study(
    way: &'static str,
    prepared: &Prepared,
    study: &Study,
    assumptions: &Assumptions,
) -> Row {
    let kpi = study.kpi(false);
    let kept = study.story.rides().filter(|ride| ride.alighted_at.is_some() && !ride.broken);
    let served = kept.count();
    let price = price(assumptions, prepared, study);
    Row {
        way,
        vehicles: kpi.vehicles,
        requests: kpi.requests,
        served,
        served_share: ratio(served, kpi.requests).unwrap_or(0.0),
        moved: kpi.completed,
        wait_s: kpi.wait_s,
        ride_s: kpi.ride_s,
        vehicle_km: kpi.vehicle_km,
        empty_km: kpi.empty_km,
        co2_kg: rounded(price.co2_kg),
        cost_eur: rounded(price.cost_eur),
        cost_per_ride_eur: (kpi.completed > 0)
            .then(|| rounded(price.cost_eur / count(kpi.completed))),
        vehicles_saved: None,
    }
}

/// Cars as if anybody took any car that stands near, and one for each traveller.
fn of_cars(prepared: &Prepared, drives: &[Drive], assumptions: &Assumptions) -> [Row; 2] {
    let km: f64 = drives.iter().map(|drive| drive.distance_m / 1000.0).sum();
    let travellers: usize = drives.iter().map(|drive| usize::from(drive.passengers)).sum();
    let owned = up(count(travellers) / assumptions.people.trips_per_day);
    let row = |way, vehicles: usize| {
        let car = &assumptions.car;
        let cost = car.cost_per_km * km + car.cost_per_vehicle_day * count(vehicles);
        let n = drives.len();
        Row {
            way,
            vehicles,
            requests: prepared.demand.len(),
            served: n,
            served_share: ratio(n, prepared.demand.len()).unwrap_or(0.0),
            moved: n,
            wait_s: kpi::spread(drives.iter().map(|_| 0.0)),
            ride_s: kpi::spread(drives.iter().map(|drive| drive.duration.as_secs_f64())),
            vehicle_km: rounded(km),
            empty_km: 0.0,
            co2_kg: rounded(car.co2_g_per_km * km / 1000.0),
            cost_eur: rounded(cost),
            cost_per_ride_eur: (n > 0).then(|| rounded(cost / count(n))),
            vehicles_saved: None,
        }
    };
    [row("cars_swapped", cars::fewest(drives, assumptions.car.swap_m)), row("cars_owned", owned)]
}

fn of_bus(
    scenario: &Scenario,
    prepared: &Prepared,
    drives: &[Drive],
    assumptions: &Assumptions,
) -> Option<Row> {
    let bus = &assumptions.bus;
    let line = Line::plan(prepared, bus, scenario.snap_max_m)?;
    let journeys: Vec<(&Drive, Journey)> =
        drives.iter().filter_map(|drive| Some((drive, line.journey(drive, bus)?))).collect();
    let policy = &scenario.policy;
    let max_wait_ms = i64::from(policy.max_wait.get());
    let is_kept = |(drive, journey): &&(&Drive, Journey)| {
        journey.wait_ms <= max_wait_ms
            && journey.ride_ms <= i64::from(policy.ride_max(drive.duration).get())
    };
    let served = journeys.iter().filter(is_kept).count();
    let buses = line.n_buses(bus);
    let km = line.kilometers();
    let hours_a_day = f64::from(bus.last_hour - bus.first_hour + 1);
    let days = (prepared.period.end.unix_ms() - prepared.period.start.unix_ms())
        .div_euclid(crate::clock::DAY_MS)
        .max(1);
    let vehicles = usize::try_from(buses).unwrap_or(0);
    let vehicle_days = count(vehicles) * count(usize::try_from(days).unwrap_or(1));
    let cost = bus.cost_per_km * km
        + bus.cost_per_vehicle_day * vehicle_days
        + bus.cost_per_hour * vehicle_days * hours_a_day;
    let seconds = |ms: i64| count(usize::try_from(ms).unwrap_or(0)) / 1000.0;
    Some(Row {
        way: "bus_line",
        vehicles,
        requests: prepared.demand.len(),
        served,
        served_share: ratio(served, prepared.demand.len()).unwrap_or(0.0),
        moved: journeys.len(),
        wait_s: kpi::spread(journeys.iter().map(|(_, journey)| seconds(journey.wait_ms))),
        ride_s: kpi::spread(journeys.iter().map(|(_, journey)| seconds(journey.ride_ms))),
        vehicle_km: rounded(km),
        empty_km: 0.0,
        co2_kg: rounded(bus.co2_g_per_km * km / 1000.0),
        cost_eur: rounded(cost),
        cost_per_ride_eur: (!journeys.is_empty()).then(|| rounded(cost / count(journeys.len()))),
        vehicles_saved: None,
    })
}

/// The rows as a table; spreads have a column for each part.
#[must_use]
pub fn table(rows: &[Row]) -> Table {
    let mut table = Table::new(["way", "vehicles", "vehicles_saved", "requests", "served"]);
    for row in rows {
        // Plain numbers and text always make JSON.
        let value = serde_json::to_value(row).unwrap_or_default();
        table.push(crate::sweep::results::figures(&value).collect::<Vec<(String, Cell)>>());
    }
    table
}

fn ratio(part: usize, whole: usize) -> Option<f64> {
    (whole > 0).then(|| rounded(count(part) / count(whole)))
}

fn rounded(value: f64) -> f64 {
    (value * 1e4).round() / 1e4 + 0.0
}

#[expect(clippy::cast_precision_loss, reason = "counts of riders and vehicles are exact")]
fn count(n: usize) -> f64 {
    n as f64
}

#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "saturates")]
fn up(value: f64) -> usize {
    value.ceil() as usize
}
