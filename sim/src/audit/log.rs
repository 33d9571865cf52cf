//! The audit's own reading of `events.jsonl`.

use serde::Deserialize;

use super::Breaches;
use super::files::time_ms;

/// A line of the log.
#[derive(Clone, Debug)]
pub struct Entry {
    /// From 1.
    pub line: usize,
    /// Milliseconds since 1970.
    pub t: i64,
    /// What.
    pub kind: Kind,
}

/// Where a vehicle stands.
#[derive(Clone, Copy, Debug, PartialEq, Deserialize)]
pub struct Place {
    /// Latitude.
    pub lat: f64,
    /// Longitude.
    pub lon: f64,
    /// `[tail, head]`.
    pub arc: [u32; 2],
}

impl Place {
    /// `[lat, lon]`.
    #[must_use]
    pub fn point(self) -> [f64; 2] {
        [self.lat, self.lon]
    }
}

/// Where a rider who walks is met, and how long they walk, in seconds.
#[derive(Clone, Copy, Debug, PartialEq, Deserialize)]
pub struct Meeting {
    /// `[lat, lon]`.
    pub pickup: [f64; 2],
    /// `[lat, lon]`.
    pub dropoff: [f64; 2],
    /// From the door to the vehicle.
    pub walk_to_s: f64,
    /// From the vehicle to the door.
    pub walk_from_s: f64,
}

/// What happened, as written.
#[derive(Clone, Debug, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
#[expect(missing_docs, reason = "the fields are those of DESIGN.md, section 4")]
pub enum Kind {
    Requested {
        request_id: String,
        from: [f64; 2],
        to: [f64; 2],
        passengers: u32,
        wheelchairs: u32,
    },
    Promised {
        request_id: String,
        vehicle_id: String,
        ready_at: String,
        pickup_by: String,
        dropoff_by: String,
        direct_s: f64,
        #[serde(flatten)]
        meeting: Option<Meeting>,
    },
    Rejected {
        request_id: String,
        reason: String,
    },
    Reassigned {
        request_id: String,
        vehicle_id: String,
    },
    Cancelled {
        request_id: String,
        #[serde(default)]
        by: String,
    },
    NoShow {
        request_id: String,
        vehicle_id: String,
    },
    Boarded {
        request_id: String,
        vehicle_id: String,
    },
    Alighted {
        request_id: String,
        vehicle_id: String,
    },
    PromiseAtRisk {
        request_id: String,
    },
    PromiseBroken {
        request_id: String,
        late_s: f64,
    },
    ShiftStarted {
        vehicle_id: String,
        #[serde(flatten)]
        place: Place,
    },
    ShiftEnded {
        vehicle_id: String,
    },
    Arrived {
        vehicle_id: String,
        #[serde(flatten)]
        place: Place,
    },
    Departed {
        vehicle_id: String,
        #[serde(flatten)]
        place: Place,
    },
    BrokeDown {
        vehicle_id: String,
        #[serde(flatten)]
        place: Place,
    },
    Repositioning {
        vehicle_id: String,
    },
}

impl Kind {
    /// The ride that it is about.
    #[must_use]
    pub fn ride(&self) -> Option<&str> {
        match self {
            Self::Requested { request_id, .. }
            | Self::Promised { request_id, .. }
            | Self::Rejected { request_id, .. }
            | Self::Reassigned { request_id, .. }
            | Self::Cancelled { request_id, .. }
            | Self::NoShow { request_id, .. }
            | Self::Boarded { request_id, .. }
            | Self::Alighted { request_id, .. }
            | Self::PromiseAtRisk { request_id }
            | Self::PromiseBroken { request_id, .. } => Some(request_id),
            Self::ShiftStarted { .. }
            | Self::ShiftEnded { .. }
            | Self::Arrived { .. }
            | Self::Departed { .. }
            | Self::BrokeDown { .. }
            | Self::Repositioning { .. } => None,
        }
    }

    /// The vehicle that does it.
    #[must_use]
    pub fn vehicle(&self) -> Option<&str> {
        match self {
            Self::NoShow { vehicle_id, .. }
            | Self::Boarded { vehicle_id, .. }
            | Self::Alighted { vehicle_id, .. }
            | Self::ShiftStarted { vehicle_id, .. }
            | Self::ShiftEnded { vehicle_id }
            | Self::Arrived { vehicle_id, .. }
            | Self::Departed { vehicle_id, .. }
            | Self::BrokeDown { vehicle_id, .. }
            | Self::Repositioning { vehicle_id } => Some(vehicle_id),
            Self::Requested { .. }
            | Self::Promised { .. }
            | Self::Rejected { .. }
            | Self::Reassigned { .. }
            | Self::Cancelled { .. }
            | Self::PromiseAtRisk { .. }
            | Self::PromiseBroken { .. } => None,
        }
    }
}

#[derive(Deserialize)]
struct Line {
    t: String,
    #[serde(flatten)]
    kind: Kind,
}

/// All lines that can be read; the others are breaches.
pub fn read(text: &str, breaches: &mut Breaches) -> Vec<Entry> {
    let mut entries = Vec::new();
    for (idx, line_text) in text.lines().enumerate() {
        let line = idx + 1;
        match serde_json::from_str::<Line>(line_text) {
            Err(error) => breaches.add(line, "format", error.to_string()),
            Ok(Line { t, kind }) => match time_ms(&t) {
                None => breaches.add(line, "format", format!("{t:?} is no RFC 3339 time")),
                Some(t) => entries.push(Entry { line, t, kind }),
            },
        }
    }
    entries
}
