//! The files themselves.

use std::path::Path;

use crate::clock::HOUR_MS;
use crate::exports::rides::Known;
use crate::kpi::{self, Kpi};
use crate::scenario::file::Period;
use crate::study::{self, StudyError};
use crate::sweep::results::ResultsError;
use crate::table::{Cell, Table};

/// What is exported.
#[derive(Clone, Copy)]
pub struct Export<'a> {
    /// Name of the run.
    pub name: &'a str,
    /// Its requests.
    pub known: &'a [Known<'a>],
    /// Its figures.
    pub kpi: &'a Kpi,
    /// When.
    pub period: Period,
}

/// Writes all files into `folder`.
///
/// # Errors
/// [`ResultsError`].
pub fn write(folder: &Path, export: Export<'_>) -> Result<(), ResultsError> {
    let tables = [
        ("drt_customer_stats_drt.csv", b';', customers(export)),
        ("drt_vehicle_stats_drt.csv", b';', vehicles(export)),
        ("drt_legs_drt.csv", b';', legs(export)),
        ("drt_rejections_drt.csv", b';', rejections(export)),
        ("1_user-stats.csv", b',', user_stats(export)),
        ("waits_by_hour.csv", b',', waits_by_hour(export)),
    ];
    for (name, delimiter, table) in tables {
        table.write_csv(delimiter, study::create(&folder.join(name))?)?;
    }
    study::write_text(&folder.join("dashboard-sharxi.yaml"), DASHBOARD).map_err(StudyError::into)
}

/// SimWrapper: a folder with such a file is shown as a dashboard.
const DASHBOARD: &str = "\
header:
  tab: Sharxi
  title: A day of shared taxis
  description: Waits, requests and refusals by hour

layout:
  waits:
    - title: Waits by hour
      description: Minutes from ready to boarding
      type: bar
      props:
        dataset: waits_by_hour.csv
        x: hour
        columns: [wait_p50_min, wait_p95_min]
        usedCol: [wait_p50_min, wait_p95_min]
        legendName: [Median, 95 %]
        xAxisName: Hour
        yAxisName: Minutes
  requests:
    - title: Requests by hour
      type: bar
      props:
        dataset: waits_by_hour.csv
        x: hour
        columns: [promised, refused]
        usedCol: [promised, refused]
        legendName: [Promised, Refused]
        stacked: true
        xAxisName: Hour
        yAxisName: Requests
";

/// A row of cells by column; all tables here have fixed columns.
fn row<const N: usize>(table: &mut Table, cells: [(&str, Cell); N]) {
    table.push(cells.map(|(name, cell)| (name.to_owned(), cell)));
}

fn real(value: f64) -> Cell {
    Cell::Real((value * 1000.0).round() / 1000.0 + 0.0)
}

fn maybe(value: Option<f64>) -> Cell {
    value.map_or(Cell::Empty, real)
}

fn whole(n: usize) -> Cell {
    i64::try_from(n).map_or(Cell::Empty, Cell::Whole)
}

#[expect(clippy::cast_precision_loss, reason = "counts of riders are exact")]
fn count(n: usize) -> f64 {
    n as f64
}

impl Export<'_> {
    /// Seconds since the local midnight before the start.
    fn seconds(&self, time: sharxi_engine::units::EngineTime) -> f64 {
        let midnight = self.period.clock.midnight(self.period.start);
        time.since(midnight).as_secs_f64()
    }

    fn completed(&self) -> impl Iterator<Item = (&Known<'_>, &crate::trips::Ride)> {
        let done = |known: &'_ Known<'_>| known.ride.is_some_and(|ride| ride.alighted_at.is_some());
        self.known
            .iter()
            .filter(move |known| done(known))
            .filter_map(|known| Some((known, known.ride?)))
    }

    fn mean(&self, of: impl Fn(&Known<'_>, &crate::trips::Ride) -> Option<f64>) -> Option<f64> {
        kpi::spread(self.completed().filter_map(|(known, ride)| of(known, ride))).mean
    }
}

fn customers(export: Export<'_>) -> Table {
    let waits: Vec<f64> = export.completed().filter_map(|(_, ride)| ride.wait_s()).collect();
    let below = |minutes: f64| {
        let n = waits.iter().filter(|&&wait_s| wait_s < minutes * 60.0).count();
        (!waits.is_empty()).then(|| count(n) / count(waits.len()))
    };
    let p75 = {
        let mut sorted = waits.clone();
        sorted.sort_by(f64::total_cmp);
        sorted.get((sorted.len() * 3).div_ceil(4).saturating_sub(1)).copied()
    };
    let spread = kpi::spread(waits.iter().copied());
    let n_rejected = export.kpi.rejected;
    let mut table = Table::default();
    row(
        &mut table,
        [
            ("runId", Cell::Text(export.name.to_owned())),
            ("iteration", Cell::Whole(0)),
            ("rides", whole(waits.len())),
            ("wait_average", maybe(spread.mean)),
            ("wait_max", maybe(spread.max)),
            ("wait_p95", maybe(spread.p95)),
            ("wait_p75", maybe(p75)),
            ("wait_median", maybe(spread.p50)),
            ("percentage_WT_below_10", maybe(below(10.0))),
            ("percentage_WT_below_15", maybe(below(15.0))),
            ("inVehicleTravelTime_mean", maybe(export.mean(|_, ride| ride.ride_s()))),
            ("distance_m_mean", maybe(export.mean(|known, _| Some(known.travelled_m)))),
            (
                "directDistance_m_mean",
                maybe(export.mean(|known, _| known.direct.map(|direct| direct.distance_m))),
            ),
            (
                "totalTravelTime_mean",
                maybe(export.mean(|_, ride| Some(ride.wait_s()? + ride.ride_s()?))),
            ),
            ("fareAllReferences_mean", Cell::Empty),
            ("rejections", whole(n_rejected)),
            (
                "rejectionRate",
                maybe(
                    (export.kpi.requests > 0)
                        .then(|| count(n_rejected) / count(export.kpi.requests)),
                ),
            ),
        ],
    );
    table
}

fn vehicles(export: Export<'_>) -> Table {
    let kpi = export.kpi;
    let n = count(kpi.vehicles);
    let each = |km: f64| maybe((n > 0.0).then(|| km * 1000.0 / n));
    let of_all = |km: f64| maybe((kpi.vehicle_km > 0.0).then(|| km / kpi.vehicle_km));
    let mut table = Table::default();
    row(
        &mut table,
        [
            ("runId", Cell::Text(export.name.to_owned())),
            ("iteration", Cell::Whole(0)),
            ("vehicles", whole(kpi.vehicles)),
            ("totalDistance", real(kpi.vehicle_km * 1000.0)),
            ("totalEmptyDistance", real(kpi.empty_km * 1000.0)),
            ("emptyRatio", of_all(kpi.empty_km)),
            ("totalPassengerDistanceTraveled", real(kpi.passenger_km * 1000.0)),
            ("averageDrivenDistance", each(kpi.vehicle_km)),
            ("averageEmptyDistance", each(kpi.empty_km)),
            ("averagePassengerDistanceTraveled", each(kpi.passenger_km)),
            ("d_p/d_t", of_all(kpi.passenger_km)),
            ("l_det", Cell::Empty),
            ("minShareIdleVehicles", Cell::Empty),
            ("minCountIdleVehicles", Cell::Empty),
        ],
    );
    table
}

/// The columns of MATSim's `drt_legs`.
const LEGS: [&str; 17] = [
    "departureTime",
    "personId",
    "vehicleId",
    "fromLinkId",
    "fromX",
    "fromY",
    "toLinkId",
    "toX",
    "toY",
    "waitTime",
    "arrivalTime",
    "inVehicleTravelTime",
    "travelDistance_m",
    "directTravelDistance_m",
    "fareForLeg",
    "latestDepartureTime",
    "latestArrivalTime",
];

fn legs(export: Export<'_>) -> Table {
    let mut table = Table::new(LEGS);
    for (known, ride) in export.completed() {
        let at = |time| real(export.seconds(time));
        row(
            &mut table,
            [
                ("departureTime", at(ride.ready_at)),
                ("personId", Cell::Text(known.trip.name.clone())),
                ("vehicleId", Cell::Text(ride.vehicle.clone())),
                ("fromX", Cell::Real(known.trip.from[1])),
                ("fromY", Cell::Real(known.trip.from[0])),
                ("toX", Cell::Real(known.trip.to[1])),
                ("toY", Cell::Real(known.trip.to[0])),
                ("waitTime", maybe(ride.wait_s())),
                ("arrivalTime", ride.alighted_at.map_or(Cell::Empty, at)),
                ("inVehicleTravelTime", maybe(ride.ride_s())),
                ("travelDistance_m", real(known.travelled_m)),
                ("directTravelDistance_m", maybe(known.direct.map(|direct| direct.distance_m))),
                ("latestDepartureTime", at(ride.pickup_by)),
                ("latestArrivalTime", at(ride.dropoff_by)),
            ],
        );
    }
    table
}

fn rejections(export: Export<'_>) -> Table {
    let mut table =
        Table::new(["time", "personId", "fromLinkId", "toLinkId", "fromX", "fromY", "toX", "toY"]);
    for known in export.known.iter().filter(|known| known.ride.is_none()) {
        row(
            &mut table,
            [
                ("time", real(export.seconds(known.trip.requested_at))),
                ("personId", Cell::Text(known.trip.name.clone())),
                ("fromX", Cell::Real(known.trip.from[1])),
                ("fromY", Cell::Real(known.trip.from[0])),
                ("toX", Cell::Real(known.trip.to[1])),
                ("toY", Cell::Real(known.trip.to[0])),
            ],
        );
    }
    table
}

/// FleetPy's `1_user-stats.csv`; `start` and `end` are `lat lon` instead of nodes of its network.
fn user_stats(export: Export<'_>) -> Table {
    let mut table = Table::default();
    let place = |[lat, lon]: [f64; 2]| Cell::Text(format!("{lat:.6} {lon:.6}"));
    for known in export.known {
        let ride = known.ride;
        let at = |time: Option<_>| maybe(time.map(|time| export.seconds(time)));
        row(
            &mut table,
            [
                ("request_id", Cell::Text(known.trip.name.clone())),
                ("rq_time", at(Some(known.trip.requested_at))),
                ("start", place(known.trip.from)),
                ("end", place(known.trip.to)),
                ("number_passenger", Cell::Whole(known.passengers.into())),
                ("earliest_pickup_time", at(ride.map(|ride| ride.ready_at))),
                ("latest_pickup_time", at(ride.map(|ride| ride.pickup_by))),
                ("operator_id", ride.map_or(Cell::Empty, |_| Cell::Whole(0))),
                ("vehicle_id", ride.map_or(Cell::Empty, |ride| Cell::Text(ride.vehicle.clone()))),
                ("pickup_time", at(ride.and_then(|ride| ride.boarded_at))),
                ("dropoff_time", at(ride.and_then(|ride| ride.alighted_at))),
                (
                    "direct_route_travel_time",
                    maybe(known.direct.map(|direct| direct.duration.as_secs_f64())),
                ),
                ("direct_route_distance", maybe(known.direct.map(|direct| direct.distance_m))),
                (
                    "traveled_route_distance",
                    maybe(ride.and_then(|ride| ride.alighted_at).map(|_| known.travelled_m)),
                ),
            ],
        );
    }
    table
}

/// Requests, refusals and waits by the hour of the request.
fn waits_by_hour(export: Export<'_>) -> Table {
    let mut table =
        Table::new(["hour", "requests", "promised", "refused", "wait_p50_min", "wait_p95_min"]);
    let start_ms = export.period.start.unix_ms();
    let n_hours = (export.period.end.unix_ms() - start_ms + HOUR_MS - 1) / HOUR_MS;
    for hour in 0..n_hours {
        let from = start_ms + hour * HOUR_MS;
        let is_in = |known: &&Known<'_>| {
            (from..from + HOUR_MS).contains(&known.trip.requested_at.unix_ms())
        };
        let of_hour: Vec<&Known<'_>> = export.known.iter().filter(is_in).collect();
        let rides = of_hour.iter().filter_map(|known| known.ride);
        let waits = kpi::spread(rides.filter_map(|ride| Some(ride.wait_s()? / 60.0)));
        let refused = of_hour.iter().filter(|known| known.ride.is_none()).count();
        let name =
            export.period.clock.format_hm(sharxi_engine::units::EngineTime::from_unix_ms(from));
        row(
            &mut table,
            [
                ("hour", Cell::Text(name)),
                ("requests", whole(of_hour.len())),
                ("promised", whole(of_hour.len() - refused)),
                ("refused", whole(refused)),
                ("wait_p50_min", maybe(waits.p50)),
                ("wait_p95_min", maybe(waits.p95)),
            ],
        );
    }
    table
}
