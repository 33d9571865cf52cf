//! The audit's own reading of `demand.csv` and `fleet.csv`.

use std::collections::BTreeMap;

use jiff::Timestamp;
use serde::Deserialize;

/// Why demand or fleet can't be read.
#[derive(Debug, thiserror::Error)]
pub enum AuditError {
    /// Not CSV, or not the right columns.
    #[error("audit: read the {file}")]
    Csv {
        /// Which.
        file: &'static str,
        /// What is wrong.
        source: csv::Error,
    },
    /// Not a time.
    #[error("audit: {file}: {text:?} is no RFC 3339 time")]
    Time {
        /// Which.
        file: &'static str,
        /// As found.
        text: String,
    },
    /// Two rows bear one name, so that no line of the log belongs to one of them.
    #[error("audit: {file}: {name} stands there twice")]
    Duplicate {
        /// Which.
        file: &'static str,
        /// The name.
        name: String,
    },
}

/// A row of the demand. Times in milliseconds since 1970.
#[derive(Clone, Debug, PartialEq)]
pub struct Ask {
    /// When it was asked.
    pub requested_at: i64,
    /// `now`, `depart_at` or `arrive_by`.
    pub kind: String,
    /// The time asked for, unless `now`.
    pub target_at: Option<i64>,
    /// `[lat, lon]`.
    pub from: [f64; 2],
    /// `[lat, lon]`.
    pub to: [f64; 2],
    /// People.
    pub passengers: u32,
    /// Of them in wheelchairs.
    pub wheelchairs: u32,
    /// Of them in child seats.
    pub child_seats: u32,
    /// Pieces of luggage.
    pub luggage: u32,
    /// How long they would walk, in seconds, if they say so.
    pub walk_max_s: Option<f64>,
}

/// A row of the fleet.
#[derive(Clone, Debug, PartialEq)]
pub struct Cab {
    /// Seats.
    pub seats: u32,
    /// Wheelchair places.
    pub wheelchairs: u32,
    /// Seats folded away for each wheelchair place that is taken.
    pub folding_seats: u32,
    /// Child seats.
    pub child_seats: u32,
    /// Room for luggage.
    pub luggage: u32,
    /// `[lat, lon]`.
    pub start: [f64; 2],
    /// Shift.
    pub shift_start: i64,
    /// Shift.
    pub shift_end: i64,
}

#[derive(Deserialize)]
struct AskRow {
    request_id: String,
    requested_at: String,
    kind: String,
    target_at: String,
    from_lat: f64,
    from_lon: f64,
    to_lat: f64,
    to_lon: f64,
    passengers: u32,
    wheelchairs: u32,
    #[serde(default)]
    child_seats: Option<u32>,
    #[serde(default)]
    luggage: Option<u32>,
    #[serde(default)]
    walk_max_s: Option<f64>,
}

#[derive(Deserialize)]
struct CabRow {
    vehicle_id: String,
    seats: u32,
    wheelchairs: u32,
    #[serde(default)]
    folding_seats: Option<u32>,
    #[serde(default)]
    child_seats: Option<u32>,
    #[serde(default)]
    luggage: Option<u32>,
    lat: f64,
    lon: f64,
    shift_start: String,
    shift_end: String,
}

/// The demand by name.
///
/// # Errors
/// [`AuditError`].
pub fn read_demand(text: &str) -> Result<BTreeMap<String, Ask>, AuditError> {
    let file = "demand";
    let mut asks = BTreeMap::new();
    for row in csv::Reader::from_reader(text.as_bytes()).deserialize() {
        let row: AskRow = row.map_err(|source| AuditError::Csv { file, source })?;
        let target_at = match row.target_at.as_str() {
            "" => None,
            text => Some(millis(file, text)?),
        };
        let ask = Ask {
            requested_at: millis(file, &row.requested_at)?,
            kind: row.kind,
            target_at,
            from: [row.from_lat, row.from_lon],
            to: [row.to_lat, row.to_lon],
            passengers: row.passengers,
            wheelchairs: row.wheelchairs,
            child_seats: row.child_seats.unwrap_or_default(),
            luggage: row.luggage.unwrap_or_default(),
            walk_max_s: row.walk_max_s,
        };
        add(file, &mut asks, row.request_id, ask)?;
    }
    Ok(asks)
}

/// The fleet by name.
///
/// # Errors
/// [`AuditError`].
pub fn read_fleet(text: &str) -> Result<BTreeMap<String, Cab>, AuditError> {
    let file = "fleet";
    let mut cabs = BTreeMap::new();
    for row in csv::Reader::from_reader(text.as_bytes()).deserialize() {
        let row: CabRow = row.map_err(|source| AuditError::Csv { file, source })?;
        let cab = Cab {
            seats: row.seats,
            wheelchairs: row.wheelchairs,
            folding_seats: row.folding_seats.unwrap_or_default(),
            child_seats: row.child_seats.unwrap_or_default(),
            luggage: row.luggage.unwrap_or_default(),
            start: [row.lat, row.lon],
            shift_start: millis(file, &row.shift_start)?,
            shift_end: millis(file, &row.shift_end)?,
        };
        add(file, &mut cabs, row.vehicle_id, cab)?;
    }
    Ok(cabs)
}

fn add<T>(
    file: &'static str,
    rows: &mut BTreeMap<String, T>,
    name: String,
    row: T,
) -> Result<(), AuditError> {
    if rows.contains_key(&name) {
        return Err(AuditError::Duplicate { file, name });
    }
    rows.insert(name, row);
    Ok(())
}

/// RFC 3339 to milliseconds since 1970; `None` if it is none.
#[must_use]
pub fn time_ms(text: &str) -> Option<i64> {
    text.parse::<Timestamp>().ok().map(Timestamp::as_millisecond)
}

fn millis(file: &'static str, text: &str) -> Result<i64, AuditError> {
    time_ms(text).ok_or_else(|| AuditError::Time { file, text: text.to_owned() })
}

/// Metres between two points given as `[lat, lon]` (great circle).
#[must_use]
pub fn meters(a: [f64; 2], b: [f64; 2]) -> f64 {
    let [lat_a, lon_a] = a.map(f64::to_radians);
    let [lat_b, lon_b] = b.map(f64::to_radians);
    let chord = ((lat_b - lat_a) / 2.0).sin().powi(2)
        + lat_a.cos() * lat_b.cos() * ((lon_b - lon_a) / 2.0).sin().powi(2);
    2.0 * 6_371_008.8 * chord.sqrt().min(1.0).asin()
}
