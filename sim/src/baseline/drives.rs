//! The direct drive of each rider: what a car would do.

use sharxi_engine::demand::request::When;
use sharxi_engine::geo::LatLon;
use sharxi_engine::oracle::Oracle;
use sharxi_engine::units::{EngineTime, Millis};

use crate::clock;
use crate::demand::DemandRow;
use crate::study::Prepared;

/// A rider's direct drive.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Drive {
    /// From.
    pub from: LatLon,
    /// To.
    pub to: LatLon,
    /// Not before.
    pub depart: EngineTime,
    /// `depart` and the drive; of an arrive-by ride the time asked for.
    pub arrive: EngineTime,
    /// Whether `arrive` is what counts.
    pub is_arrive_by: bool,
    /// How long it takes.
    pub duration: Millis,
    /// How far it is, in metres.
    pub distance_m: f64,
    /// Riders.
    pub passengers: u8,
}

/// The direct drives of all requests that begin and end on roads that are connected; the others are left out.
#[must_use]
pub fn of_demand(prepared: &Prepared, snap_max_m: f64) -> Vec<Drive> {
    prepared.demand.iter().filter_map(|row| of_row(prepared, row, snap_max_m)).collect()
}

/// The direct drive of one request; `None` if there is none.
#[must_use]
pub fn of_row(prepared: &Prepared, row: &DemandRow, snap_max_m: f64) -> Option<Drive> {
    let snapped = |point| prepared.region.snap(point, snap_max_m).map(|snap| snap.location);
    let path = Oracle::path(prepared.region.as_ref(), snapped(row.from)?, snapped(row.to)?)?;
    let ms = i64::from(path.duration.get());
    let (depart, arrive) = match row.when {
        When::ArriveBy(time) => (clock::shifted(time, -ms), time),
        When::Now | When::DepartAt(_) => (row.travel_time(), clock::shifted(row.travel_time(), ms)),
    };
    Some(Drive {
        from: row.from,
        to: row.to,
        depart,
        arrive,
        is_arrive_by: matches!(row.when, When::ArriveBy(_)),
        duration: path.duration,
        distance_m: path.distance.as_meters_f64(),
        passengers: row.party.passengers(),
    })
}
