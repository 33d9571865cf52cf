//! Short messages of the service: gaps, goodbyes, positions, how it is.

use schemars::JsonSchema;
use serde::Serialize;

use super::words::{ClosingWord, GapWord, PositionsWord, SourceWord, Time};

/// Events up to `seq` that the client has not seen are not told any more: a snapshot follows.
#[derive(Serialize, JsonSchema)]
#[expect(missing_docs, reason = "fields are those of docs/protocol.md, word for word")]
pub struct Gap {
    pub r#type: GapWord,
    pub seq: u64,
}

/// The service goes down.
#[derive(Serialize, JsonSchema)]
#[expect(missing_docs, reason = "fields are those of docs/protocol.md, word for word")]
pub struct Closing<'a> {
    pub r#type: ClosingWord,
    pub reason: &'a str,
}

/// A vehicle, its latitude and longitude, how many people are on board, and how that is known.
pub type Position<'a> = (&'a str, f64, f64, u32, SourceWord);

/// Where the vehicles are.
#[derive(Serialize, JsonSchema)]
#[expect(missing_docs, reason = "fields are those of docs/protocol.md, word for word")]
pub struct Positions<'a> {
    pub r#type: PositionsWord,
    pub t: Time,
    pub vehicles: Vec<Position<'a>>,
}

/// `GET /ready`: where the journal stands, if it has been replayed.
#[derive(Serialize, JsonSchema)]
#[expect(missing_docs, reason = "fields are those of docs/protocol.md, word for word")]
pub struct Ready<'a> {
    pub ready: bool,
    #[serde(flatten)]
    pub standing: Option<Standing<'a>>,
}

/// Numbers of the last event and record, and the hash of the state.
#[derive(Serialize, JsonSchema)]
#[expect(missing_docs, reason = "fields are those of docs/protocol.md, word for word")]
pub struct Standing<'a> {
    pub seq: u64,
    pub records: u64,
    pub state_hash: &'a str,
    pub now: Time,
}

/// `GET /health`.
#[derive(Serialize, JsonSchema)]
#[expect(missing_docs, reason = "fields are those of docs/protocol.md, word for word")]
pub struct Health {
    pub alive: bool,
}
