//! `events.jsonl`: one JSON object a line, in time order (`DESIGN.md`, section 4).
//!
//! Written from the dispatcher's events with outside names; everything else that a study reports (KPIs, audit) is
//! computed from these records.

use std::io::{self, Write};

use serde::Serialize;
use sharxi_engine::demand::ride::Actor;
use sharxi_engine::units::EngineTime;

use crate::clock::LocalClock;

/// A line of the log.
#[derive(Clone, Debug, PartialEq)]
pub struct Record {
    /// When.
    pub at: EngineTime,
    /// What.
    pub kind: RecordKind,
}

/// Where a vehicle stands.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct Stand {
    /// Latitude in degrees.
    pub lat: f64,
    /// Longitude in degrees.
    pub lon: f64,
    /// `[tail, head]` in node ids of the exported graph; both the same on a node.
    pub arc: [u32; 2],
}

/// Where the vehicle stops for a rider who walks at either end, and how long they walk.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct Walks {
    /// `[lat, lon]`.
    pub pickup: [f64; 2],
    /// `[lat, lon]`.
    pub dropoff: [f64; 2],
    /// From the door to the vehicle, in seconds.
    pub walk_to_s: f64,
    /// From the vehicle to the door, in seconds.
    pub walk_from_s: f64,
}

/// What happened. Field names are those of the file; times in it are text.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
#[expect(missing_docs, reason = "the fields are those of DESIGN.md, section 4")]
pub enum RecordKind {
    /// A rider asked.
    Requested {
        request_id: String,
        from: [f64; 2],
        to: [f64; 2],
        request_kind: &'static str,
        #[serde(skip_serializing_if = "Option::is_none")]
        target_at: Option<Stamp>,
        passengers: u8,
        wheelchairs: u8,
    },
    /// A promise was given.
    Promised {
        request_id: String,
        vehicle_id: String,
        ready_at: Stamp,
        pickup_by: Stamp,
        dropoff_by: Stamp,
        direct_s: f64,
        #[serde(flatten, skip_serializing_if = "Option::is_none")]
        walks: Option<Walks>,
    },
    /// No promise was possible.
    Rejected { request_id: String, reason: String },
    /// Another vehicle will come.
    Reassigned { request_id: String, vehicle_id: String, from_vehicle_id: String },
    /// Called off by the rider, the operator, or (`no_vehicle`) because nobody can come any more.
    Cancelled { request_id: String, by: &'static str },
    /// The rider did not come.
    NoShow { request_id: String, vehicle_id: String },
    /// A rider boards.
    Boarded { request_id: String, vehicle_id: String },
    /// A rider is off.
    Alighted { request_id: String, vehicle_id: String },
    /// A vehicle joined.
    ShiftStarted {
        vehicle_id: String,
        #[serde(flatten)]
        stand: Stand,
    },
    /// A vehicle left the fleet.
    ShiftEnded { vehicle_id: String },
    /// A vehicle stopped.
    Arrived {
        vehicle_id: String,
        #[serde(flatten)]
        stand: Stand,
    },
    /// A vehicle set off.
    Departed {
        vehicle_id: String,
        #[serde(flatten)]
        stand: Stand,
    },
    /// A vehicle can't go on.
    BrokeDown {
        vehicle_id: String,
        #[serde(flatten)]
        stand: Stand,
    },
    /// An idle vehicle is sent to where riders are expected.
    Repositioning { vehicle_id: String, to: [f64; 2] },
    /// A promise looks as if it can't be kept.
    PromiseAtRisk { request_id: String, late_s: f64 },
    /// A promise was not kept.
    PromiseBroken { request_id: String, late_s: f64 },
}

/// A point in time inside a record, with the clock that writes it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Stamp {
    /// When.
    pub time: EngineTime,
    /// Whose offset is written.
    pub clock: LocalClock,
}

impl Serialize for Stamp {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&self.clock.format_ms(self.time))
    }
}

/// The word for who ended a ride.
#[must_use]
pub const fn actor_word(actor: Actor) -> &'static str {
    match actor {
        Actor::Rider => "rider",
        Actor::Operator => "operator",
    }
}

#[derive(Serialize)]
struct Line<'a> {
    t: Stamp,
    #[serde(flatten)]
    kind: &'a RecordKind,
}

/// Writes the log.
///
/// # Errors
/// If the output fails.
pub fn write(records: &[Record], clock: LocalClock, mut output: impl Write) -> io::Result<()> {
    for record in records {
        let line = Line { t: Stamp { time: record.at, clock }, kind: &record.kind };
        serde_json::to_writer(&mut output, &line)?;
        output.write_all(b"\n")?;
    }
    output.flush()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_reads_as_the_design_says() {
        let stand = Stand { lat: 54.15, lon: -4.48, arc: [7, 9] };
        let records = [
            Record {
                at: EngineTime::from_unix_ms(250),
                kind: RecordKind::Arrived { vehicle_id: "drt_0".into(), stand },
            },
            Record {
                at: EngineTime::from_unix_ms(1250),
                kind: RecordKind::Boarded { request_id: "r0".into(), vehicle_id: "drt_0".into() },
            },
        ];
        let mut out = Vec::new();
        write(&records, LocalClock::UTC, &mut out).unwrap();
        let expected = concat!(
            r#"{"t":"1970-01-01T00:00:00.250+00:00","kind":"arrived","vehicle_id":"drt_0","lat":54.15,"lon":-4.48,"arc":[7,9]}"#,
            "\n",
            r#"{"t":"1970-01-01T00:00:01.250+00:00","kind":"boarded","request_id":"r0","vehicle_id":"drt_0"}"#,
            "\n"
        );
        assert_eq!(String::from_utf8(out).unwrap(), expected);
    }
}
