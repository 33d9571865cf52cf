//! `demand.csv`: who asks for which ride, and when (`DESIGN.md`, section 4).

use std::collections::BTreeSet;
use std::io::{Read, Write};

use sharxi_engine::demand::request::{Name, Party, When};
use sharxi_engine::geo::LatLon;
use sharxi_engine::limits::WALK_MAX;
use sharxi_engine::units::{EngineTime, Millis};

use crate::clock::{self, LocalClock};
use crate::columns;

/// The columns, in order.
pub const COLUMNS: [&str; 10] = [
    "request_id",
    "requested_at",
    "kind",
    "target_at",
    "from_lat",
    "from_lon",
    "to_lat",
    "to_lon",
    "passengers",
    "wheelchairs",
];

/// Columns that may follow in any order; each is left out if no row has anything in it.
pub const EXTRAS: [&str; 3] = ["child_seats", "luggage", "walk_max_s"];

/// One ride that somebody asks for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DemandRow {
    /// The rider's name for it.
    pub name: Name,
    /// When the rider asks.
    pub requested_at: EngineTime,
    /// When the rider wants to travel.
    pub when: When,
    /// Where the rider stands.
    pub from: LatLon,
    /// Where the rider wants to go.
    pub to: LatLon,
    /// Who rides along.
    pub party: Party,
    /// How long they would walk at either end, if they say so themselves.
    pub walk_max: Option<Millis>,
}

impl DemandRow {
    /// The point in time about which the ride is: of the request, of the departure, or of the arrival.
    #[must_use]
    pub fn travel_time(&self) -> EngineTime {
        match self.when {
            When::Now => self.requested_at,
            When::DepartAt(time) | When::ArriveBy(time) => time,
        }
    }

    /// The same ride so many milliseconds later.
    #[must_use]
    pub fn moved(&self, by_ms: i64) -> Self {
        let when = match self.when {
            When::Now => When::Now,
            When::DepartAt(time) => When::DepartAt(clock::shifted(time, by_ms)),
            When::ArriveBy(time) => When::ArriveBy(clock::shifted(time, by_ms)),
        };
        Self { requested_at: clock::shifted(self.requested_at, by_ms), when, ..self.clone() }
    }
}

/// Why a demand file could not be read or written.
#[derive(Debug, thiserror::Error)]
pub enum DemandError {
    /// The file is no CSV, or ends too early.
    #[error("read or write the demand")]
    Csv(#[from] csv::Error),
    /// The first line is not that of `demand.csv`.
    #[error(
        "demand: the first line must be {}, and may go on with any of {}",
        COLUMNS.join(","),
        EXTRAS.join(",")
    )]
    Columns,
    /// A field can't be used.
    #[error("demand line {line}: {column} is {found:?}, which is not possible")]
    Field {
        /// Line in the file, from 1.
        line: u64,
        /// Its column.
        column: &'static str,
        /// What stands there.
        found: String,
    },
    /// Two rows bear one name.
    #[error("demand line {line}: request {name} stands there twice")]
    Duplicate {
        /// Line in the file, from 1.
        line: u64,
        /// The name.
        name: String,
    },
}

/// Reads `demand.csv`; rows come back in order of `requested_at`, those of one time in the order of the file.
///
/// # Errors
/// [`DemandError`] names the line and the column.
pub fn read(input: impl Read) -> Result<Vec<DemandRow>, DemandError> {
    let mut reader = csv::Reader::from_reader(input);
    let extras = columns::extras(reader.headers()?, &COLUMNS, &EXTRAS);
    let extras = extras.ok_or(DemandError::Columns)?;
    let mut rows = Vec::new();
    let mut names = BTreeSet::new();
    for record in reader.records() {
        let record = record?;
        let row = parse_row(&record, &extras)?;
        if !names.insert(row.name.clone()) {
            let name = row.name.as_str().to_owned();
            return Err(DemandError::Duplicate { line: line_of(&record), name });
        }
        rows.push(row);
    }
    rows.sort_by_key(|row| row.requested_at);
    Ok(rows)
}

/// The clock of the first time in a demand file, if it has one.
#[must_use]
pub fn clock_of(text: &str) -> Option<LocalClock> {
    let first = csv::Reader::from_reader(text.as_bytes()).records().next()?.ok()?;
    LocalClock::of(first.get(1)?).ok()
}

/// Writes `demand.csv`: times with the clock's offset, coordinates with six decimals.
///
/// # Errors
/// [`DemandError::Csv`] if the output fails.
pub fn write(rows: &[DemandRow], clock: LocalClock, output: impl Write) -> Result<(), DemandError> {
    let mut writer = csv::Writer::from_writer(output);
    let filled = columns::filled(EXTRAS, &rows.iter().map(extra_fields));
    writer.write_record(COLUMNS.into_iter().chain(filled.iter().map(|&idx| EXTRAS[idx])))?;
    for row in rows {
        let extra = extra_fields(row);
        let (kind, target_at) = match row.when {
            When::Now => ("now", String::new()),
            When::DepartAt(time) => ("depart_at", clock.format_s(time)),
            When::ArriveBy(time) => ("arrive_by", clock.format_s(time)),
        };
        let fields = [
            row.name.as_str().to_owned(),
            clock.format_s(row.requested_at),
            kind.to_owned(),
            target_at,
            format!("{:.6}", row.from.lat()),
            format!("{:.6}", row.from.lon()),
            format!("{:.6}", row.to.lat()),
            format!("{:.6}", row.to.lon()),
            row.party.passengers().to_string(),
            row.party.wheelchairs().to_string(),
        ];
        writer.write_record(fields.iter().chain(filled.iter().map(|&idx| &extra[idx])))?;
    }
    writer.flush().map_err(csv::Error::from)?;
    Ok(())
}

/// What stands in the columns of [`EXTRAS`]; empty where the row has nothing.
fn extra_fields(row: &DemandRow) -> [String; 3] {
    let count = |n: u8| if n == 0 { String::new() } else { n.to_string() };
    let walk = row.walk_max.map_or_else(String::new, |walk| walk.as_secs_f64().to_string());
    [count(row.party.child_seats()), count(row.party.luggage()), walk]
}

fn parse_row(
    record: &csv::StringRecord,
    extras: &[Option<usize>; 3],
) -> Result<DemandRow, DemandError> {
    let text = |idx: usize| record.get(idx).unwrap_or_default();
    let bad = |idx: usize| DemandError::Field {
        line: line_of(record),
        column: COLUMNS[idx],
        found: text(idx).to_owned(),
    };
    let time = |idx: usize| clock::parse(text(idx)).map_err(|_unreadable| bad(idx));
    let number = |idx: usize| text(idx).parse::<f64>().map_err(|_unreadable| bad(idx));
    let count = |idx: usize| text(idx).parse::<u8>().map_err(|_unreadable| bad(idx));
    let extra = |k: usize| extras[k].map_or("", text);
    let bad_extra = |k: usize| DemandError::Field {
        line: line_of(record),
        column: EXTRAS[k],
        found: extra(k).to_owned(),
    };
    let need = |k: usize| match extra(k) {
        "" => Ok(0),
        text => text.parse::<u8>().map_err(|_unreadable| bad_extra(k)),
    };
    let party = Party::new(count(8)?, count(9)?).map_err(|_invalid| bad(8))?;
    let party = party.with_needs(need(0)?, 0).map_err(|_invalid| bad_extra(0))?;
    let party = party.with_needs(need(0)?, need(1)?).map_err(|_invalid| bad_extra(1))?;
    let walk_max = match extra(2) {
        "" => None,
        text => Some(columns::seconds(text, WALK_MAX).ok_or_else(|| bad_extra(2))?),
    };
    let when = match text(2) {
        "now" if text(3).is_empty() => When::Now,
        "now" => return Err(bad(3)),
        "depart_at" => When::DepartAt(time(3)?),
        "arrive_by" => When::ArriveBy(time(3)?),
        _ => return Err(bad(2)),
    };
    Ok(DemandRow {
        name: Name::new(text(0)).map_err(|_invalid| bad(0))?,
        requested_at: time(1)?,
        when,
        from: LatLon::from_degrees(number(4)?, number(5)?).ok_or_else(|| bad(4))?,
        to: LatLon::from_degrees(number(6)?, number(7)?).ok_or_else(|| bad(6))?,
        party,
        walk_max,
    })
}

fn line_of(record: &csv::StringRecord) -> u64 {
    record.position().map_or(0, csv::Position::line)
}

#[cfg(test)]
mod tests {
    use super::*;

    const HEAD: &str = "request_id,requested_at,kind,target_at,from_lat,from_lon,to_lat,to_lon,passengers,wheelchairs\n";

    #[test]
    fn what_is_written_is_what_was_read() {
        let text = format!(
            "{HEAD}r0,2026-11-24T06:00:00+01:00,now,,50.205120,6.847910,50.165798,6.859690,1,0\n\
             r1,2026-11-24T06:00:05+01:00,arrive_by,2026-11-24T07:50:00+01:00,50.200000,6.800000,50.100000,6.700000,2,1\n"
        );
        let rows = read(text.as_bytes()).unwrap();
        let mut out = Vec::new();
        write(&rows, LocalClock::of("2026-11-24T06:00:00+01:00").unwrap(), &mut out).unwrap();
        assert_eq!(String::from_utf8(out).unwrap(), text);
    }

    #[test]
    fn further_columns_may_follow_in_any_order() {
        let head = HEAD.trim_end();
        let text = format!(
            "{head},walk_max_s,child_seats\n\
             r0,2026-11-24T06:00:00+01:00,now,,50,6,50,6.1,2,0,,1\n\
             r1,2026-11-24T06:00:05+01:00,now,,50,6,50,6.1,1,0,300,\n"
        );
        let rows = read(text.as_bytes()).unwrap();
        assert_eq!((rows[0].party.child_seats(), rows[0].walk_max), (1, None));
        assert_eq!(rows[1].walk_max, Some(Millis::from_secs(300)));
        let mut out = Vec::new();
        write(&rows, LocalClock::UTC, &mut out).unwrap();
        assert_eq!(read(out.as_slice()).unwrap(), rows);
        for wrong in [",luggage,luggage", ",pets"] {
            let found = read(format!("{head}{wrong}\n").as_bytes());
            assert!(matches!(found, Err(DemandError::Columns)), "{wrong}");
        }
        let bad = text.replace(",,1\n", ",,3\n");
        let error = read(bad.as_bytes()).unwrap_err().to_string();
        assert!(error.starts_with("demand line 2: child_seats is \"3\""), "{error}");
    }

    #[test]
    fn an_error_names_line_and_column() {
        let cases = [
            ("r0,2026-11-24T06:00:00+01:00,soon,,50,6,50,6,1,0", "demand line 2: kind is \"soon\""),
            ("r0,yesterday,now,,50,6,50,6,1,0", "demand line 2: requested_at is \"yesterday\""),
            (
                "r0,2026-11-24T06:00:00+01:00,now,,91,6,50,6,1,0",
                "demand line 2: from_lat is \"91\"",
            ),
            (
                "r0,2026-11-24T06:00:00+01:00,now,,50,6,50,6,17,0",
                "demand line 2: passengers is \"17\"",
            ),
            (
                "r0,2026-11-24T06:00:00+01:00,depart_at,,50,6,50,6,1,0",
                "demand line 2: target_at is \"\"",
            ),
        ];
        for (line, expected) in cases {
            let error = read(format!("{HEAD}{line}\n").as_bytes()).unwrap_err().to_string();
            assert!(error.starts_with(expected), "{error}");
        }
        assert!(matches!(read("a,b\n".as_bytes()), Err(DemandError::Columns)));
    }

    #[test]
    fn two_rows_of_one_name_are_refused() {
        let line = "r0,2026-11-24T06:00:00+01:00,now,,50,6,50,6.1,1,0\n";
        let error = read(format!("{HEAD}{line}{line}").as_bytes()).unwrap_err();
        assert!(matches!(error, DemandError::Duplicate { line: 3, .. }), "{error}");
    }
}
