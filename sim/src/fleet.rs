//! `fleet.csv`: the vehicles of a study, and a fleet made from counts by type.

use std::collections::{BTreeMap, BTreeSet};
use std::io::{Read, Write};

use sharxi_engine::demand::request::Name;
use sharxi_engine::fleet::vehicle::Fittings;
use sharxi_engine::geo::LatLon;
use sharxi_engine::limits;
use sharxi_engine::units::EngineTime;

use crate::clock::{self, LocalClock};
use crate::columns;

/// The columns, in order.
pub const COLUMNS: [&str; 8] =
    ["vehicle_id", "type", "seats", "wheelchairs", "lat", "lon", "shift_start", "shift_end"];

/// Columns that may follow in any order; each is left out if no vehicle has anything in it. `folding_seats` are the seats that
/// are folded away for each wheelchair place that is taken.
pub const EXTRAS: [&str; 3] = ["folding_seats", "child_seats", "luggage"];

/// The types that a fleet can be counted in: name and seats. Every fourth vehicle of a type has a wheelchair place.
pub const TYPES: [(&str, u8); 2] = [("taxi", 4), ("minibus", 8)];

/// One vehicle and its shift.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FleetRow {
    /// Its name.
    pub name: Name,
    /// Taxi, minibus …
    pub kind: Name,
    /// Ordinary seats for riders.
    pub seats: u8,
    /// Wheelchair places.
    pub wheelchairs: u8,
    /// Folding seats, child seats, room for luggage.
    pub fittings: Fittings,
    /// Where the shift starts.
    pub point: LatLon,
    /// When it starts.
    pub shift_start: EngineTime,
    /// When the last rider must be off.
    pub shift_end: EngineTime,
}

/// Why a fleet could not be read, made or written.
#[derive(Debug, thiserror::Error)]
pub enum FleetError {
    /// The file is no CSV, or ends too early.
    #[error("read or write the fleet")]
    Csv(#[from] csv::Error),
    /// The first line is not that of `fleet.csv`.
    #[error(
        "fleet: the first line must be {}, and may go on with any of {}",
        COLUMNS.join(","),
        EXTRAS.join(",")
    )]
    Columns,
    /// A field can't be used.
    #[error("fleet line {line}: {column} is {found:?}, which is not possible")]
    Field {
        /// Line in the file, from 1.
        line: u64,
        /// Its column.
        column: &'static str,
        /// What stands there.
        found: String,
    },
    /// Two rows bear one name.
    #[error("fleet line {line}: vehicle {name} stands there twice")]
    Duplicate {
        /// Line in the file, from 1.
        line: u64,
        /// The name.
        name: String,
    },
    /// A type that nobody knows.
    #[error("fleet: {found} is no type of vehicle; taxi and minibus are")]
    UnknownType {
        /// What was asked for.
        found: String,
    },
    /// More than a dispatcher can have.
    #[error("fleet: {n_vehicles} vehicles are too many; {} are possible", limits::VEHICLES_MAX)]
    TooMany {
        /// As asked for.
        n_vehicles: u64,
    },
    /// There is nowhere to put the vehicles.
    #[error("fleet: the region has no place where a vehicle could start")]
    NoPlace,
}

/// Reads `fleet.csv`, in the order of the file.
///
/// # Errors
/// [`FleetError`] names the line and the column.
pub fn read(input: impl Read) -> Result<Vec<FleetRow>, FleetError> {
    let mut reader = csv::Reader::from_reader(input);
    let extras = columns::extras(reader.headers()?, &COLUMNS, &EXTRAS);
    let extras = extras.ok_or(FleetError::Columns)?;
    let mut rows = Vec::new();
    let mut names = BTreeSet::new();
    for record in reader.records() {
        let record = record?;
        let row = parse_row(&record, &extras)?;
        if !names.insert(row.name.clone()) {
            let name = row.name.as_str().to_owned();
            return Err(FleetError::Duplicate { line: line_of(&record), name });
        }
        rows.push(row);
    }
    Ok(rows)
}

/// Writes `fleet.csv`.
///
/// # Errors
/// [`FleetError::Csv`] if the output fails.
pub fn write(rows: &[FleetRow], clock: LocalClock, output: impl Write) -> Result<(), FleetError> {
    let mut writer = csv::Writer::from_writer(output);
    let filled = columns::filled(EXTRAS, &rows.iter().map(extra_fields));
    writer.write_record(COLUMNS.into_iter().chain(filled.iter().map(|&idx| EXTRAS[idx])))?;
    for row in rows {
        let extra = extra_fields(row);
        let fields = [
            row.name.as_str().to_owned(),
            row.kind.as_str().to_owned(),
            row.seats.to_string(),
            row.wheelchairs.to_string(),
            format!("{:.6}", row.point.lat()),
            format!("{:.6}", row.point.lon()),
            clock.format_s(row.shift_start),
            clock.format_s(row.shift_end),
        ];
        writer.write_record(fields.iter().chain(filled.iter().map(|&idx| &extra[idx])))?;
    }
    writer.flush().map_err(csv::Error::from)?;
    Ok(())
}

/// A fleet of `counts` vehicles by type, all on one shift, spread over `starts` (point, weight) in proportion to
/// their weights: each vehicle goes to the start with the most weight per vehicle already there (D'Hondt); ties go
/// to the first.
///
/// # Errors
/// [`FleetError::UnknownType`], [`FleetError::TooMany`] and [`FleetError::NoPlace`].
pub fn make(
    counts: &BTreeMap<String, u32>,
    starts: &[(LatLon, f64)],
    shift: (EngineTime, EngineTime),
) -> Result<Vec<FleetRow>, FleetError> {
    let n_vehicles = total(counts)?;
    let mut taken = vec![0u32; starts.len()];
    let mut order = Vec::with_capacity(n_vehicles);
    for _ in 0..n_vehicles {
        let idx = next_start(starts, &taken).ok_or(FleetError::NoPlace)?;
        taken[idx] += 1;
        order.push(starts[idx].0);
    }
    place(counts, &order, shift)
}

/// A fleet of `counts` vehicles by type, all on one shift, the first at the first of `starts` and so on.
///
/// # Errors
/// [`FleetError::UnknownType`], [`FleetError::TooMany`], and [`FleetError::NoPlace`] if there are fewer starts than vehicles.
pub fn place(
    counts: &BTreeMap<String, u32>,
    starts: &[LatLon],
    shift: (EngineTime, EngineTime),
) -> Result<Vec<FleetRow>, FleetError> {
    let mut rows = Vec::with_capacity(total(counts)?);
    for (type_name, &count) in counts {
        let unknown = || FleetError::UnknownType { found: type_name.clone() };
        let (_, seats) = *TYPES.iter().find(|(name, _)| name == type_name).ok_or_else(unknown)?;
        for number in 0..count {
            rows.push(FleetRow {
                name: Name::new(format!("{type_name}_{number}")).map_err(|_invalid| unknown())?,
                kind: Name::new(type_name.as_str()).map_err(|_invalid| unknown())?,
                seats,
                wheelchairs: u8::from(number % 4 == 3),
                fittings: Fittings::default(),
                point: *starts.get(rows.len()).ok_or(FleetError::NoPlace)?,
                shift_start: shift.0,
                shift_end: shift.1,
            });
        }
    }
    Ok(rows)
}

/// Vehicles of all types.
fn total(counts: &BTreeMap<String, u32>) -> Result<usize, FleetError> {
    let n_vehicles: u64 = counts.values().map(|&count| u64::from(count)).sum();
    let n = usize::try_from(n_vehicles).ok().filter(|&n| n <= limits::VEHICLES_MAX);
    n.ok_or(FleetError::TooMany { n_vehicles })
}

fn next_start(starts: &[(LatLon, f64)], taken: &[u32]) -> Option<usize> {
    let mut best: Option<(usize, f64)> = None;
    for (idx, ((_, weight), &n_taken)) in starts.iter().zip(taken).enumerate() {
        let claim = weight / f64::from(n_taken + 1);
        if best.is_none_or(|(_, most)| most < claim) {
            best = Some((idx, claim));
        }
    }
    best.map(|(idx, _)| idx)
}

/// What stands in the columns of [`EXTRAS`]; empty where the vehicle has nothing.
fn extra_fields(row: &FleetRow) -> [String; 3] {
    let Fittings { fold, child_seats, luggage } = row.fittings;
    [fold, child_seats, luggage].map(|n| if n == 0 { String::new() } else { n.to_string() })
}

fn parse_row(
    record: &csv::StringRecord,
    extras: &[Option<usize>; 3],
) -> Result<FleetRow, FleetError> {
    let text = |idx: usize| record.get(idx).unwrap_or_default();
    let bad = |idx: usize| FleetError::Field {
        line: line_of(record),
        column: COLUMNS[idx],
        found: text(idx).to_owned(),
    };
    let name = |idx: usize| Name::new(text(idx)).map_err(|_invalid| bad(idx));
    let places = |idx: usize| match text(idx).parse::<u8>() {
        Ok(n) if n <= limits::PLACES_MAX => Ok(n),
        _ => Err(bad(idx)),
    };
    let extra = |k: usize| {
        let found = extras[k].map_or("", text);
        match found.parse::<u8>() {
            Ok(n) if n <= limits::PLACES_MAX => Ok(n),
            _ if found.is_empty() => Ok(0),
            _ => Err(FleetError::Field {
                line: line_of(record),
                column: EXTRAS[k],
                found: found.to_owned(),
            }),
        }
    };
    let number = |idx: usize| text(idx).parse::<f64>().map_err(|_unreadable| bad(idx));
    let time = |idx: usize| clock::parse(text(idx)).map_err(|_unreadable| bad(idx));
    let row = FleetRow {
        name: name(0)?,
        kind: name(1)?,
        seats: places(2)?,
        wheelchairs: places(3)?,
        fittings: Fittings { fold: extra(0)?, child_seats: extra(1)?, luggage: extra(2)? },
        point: LatLon::from_degrees(number(4)?, number(5)?).ok_or_else(|| bad(4))?,
        shift_start: time(6)?,
        shift_end: time(7)?,
    };
    if row.shift_start < row.shift_end { Ok(row) } else { Err(bad(7)) }
}

fn line_of(record: &csv::StringRecord) -> u64 {
    record.position().map_or(0, csv::Position::line)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn point(lat: f64) -> LatLon {
        LatLon::from_degrees(lat, 6.0).unwrap()
    }

    fn shift() -> (EngineTime, EngineTime) {
        (EngineTime::from_unix_ms(0), EngineTime::from_unix_ms(1000))
    }

    #[test]
    fn a_file_comes_back_as_it_was() {
        let text = "vehicle_id,type,seats,wheelchairs,lat,lon,shift_start,shift_end\n\
            drt_0,minibus,8,1,50.202855,6.831937,2026-11-24T00:00:00+01:00,2026-11-25T04:00:00+01:00\n";
        let rows = read(text.as_bytes()).unwrap();
        let mut out = Vec::new();
        write(&rows, LocalClock::of("2026-11-24T00:00:00+01:00").unwrap(), &mut out).unwrap();
        assert_eq!(String::from_utf8(out).unwrap(), text);
    }

    #[test]
    fn a_shift_that_ends_before_it_starts_is_refused() {
        let text = "vehicle_id,type,seats,wheelchairs,lat,lon,shift_start,shift_end\n\
            v,taxi,4,0,50,6,2026-11-24T05:00:00Z,2026-11-24T04:00:00Z\n";
        let error = read(text.as_bytes()).unwrap_err().to_string();
        assert!(error.starts_with("fleet line 2: shift_end"), "{error}");
    }

    #[test]
    fn vehicles_are_spread_by_weight_and_every_fourth_takes_a_wheelchair() {
        let counts = BTreeMap::from([("taxi".to_owned(), 8)]);
        let rows = make(&counts, &[(point(50.0), 3.0), (point(51.0), 1.0)], shift()).unwrap();
        assert_eq!(rows.iter().filter(|row| row.point == point(50.0)).count(), 6);
        assert_eq!(rows.iter().filter(|row| row.wheelchairs == 1).count(), 2);
        assert_eq!(rows[0].name.as_str(), "taxi_0");
    }

    #[test]
    fn no_more_vehicles_than_a_dispatcher_can_have() {
        let make =
            |n| make(&BTreeMap::from([("taxi".to_owned(), n)]), &[(point(50.0), 1.0)], shift());
        assert_eq!(make(20_000).unwrap().len(), 20_000);
        assert!(matches!(make(20_001), Err(FleetError::TooMany { n_vehicles: 20_001 })));
    }

    #[test]
    fn an_unknown_type_is_named() {
        let counts = BTreeMap::from([("tram".to_owned(), 1)]);
        let error = make(&counts, &[(point(50.0), 1.0)], shift()).unwrap_err().to_string();
        assert_eq!(error, "fleet: tram is no type of vehicle; taxi and minibus are");
    }
}
