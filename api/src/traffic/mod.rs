//! Traffic feeds: files and messages that say where it goes slower, or not at all. Formats in `docs/formats.md`.
//!
//! A feed becomes changes of the engine. Ways that are not driven in this region are counted and listed, which is no error: a
//! feed of a whole country is as good as any.

pub mod areas;
pub mod table;

use sharxi_engine::import::RoadClass;
use sharxi_engine::region::{Directions, Effect, Scope, TrafficChange};

/// Unknown ways that are listed; all are counted.
pub const UNKNOWN_WAYS_SHOWN: usize = 20;
/// Rows of a table, and features of a collection.
pub const ROWS_MAX: usize = 100_000;

/// What a feed asks for.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Feed {
    /// In the order of the feed.
    pub changes: Vec<TrafficChange>,
    /// Rows or features read.
    pub rows: usize,
    /// Ways named that are not driven here, in order, each once.
    pub unknown_ways: Vec<i64>,
}

/// Why a feed was refused. The text fits after "failed to".
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum FeedError {
    /// The table has no such column, or lacks one.
    #[error("read traffic: line 1: {what}; columns are {}", table::COLUMNS.join(","))]
    Columns {
        /// What is wrong.
        what: String,
    },
    /// OSRM's table of speeds between neighbouring nodes.
    #[error(
        "read traffic: line 1: speeds between OpenStreetMap nodes (from_node,to_node,speed) cannot be used: a region keeps way ids, \
         no node ids; give a .csv with columns {}, a .geojson of areas, or hours of the week as .toml",
        table::COLUMNS.join(",")
    )]
    NodePairs,
    /// A value is not what it must be.
    #[error("read traffic: {place}: {found} is not {allowed}")]
    Value {
        /// Line and column, or the place in the document.
        place: String,
        /// What is there.
        found: String,
        /// What may be there.
        allowed: &'static str,
    },
    /// Values that do not go together.
    #[error("read traffic: {place}: {rule}")]
    Rule {
        /// Line, or the place in the document.
        place: String,
        /// What must hold.
        rule: &'static str,
    },
    /// Not of the format at all.
    #[error("read traffic: {what}")]
    Syntax {
        /// What the parser says.
        what: String,
    },
    /// Too long.
    #[error("read traffic: more than {limit} rows")]
    TooLong {
        /// Rows allowed.
        limit: usize,
    },
}

/// What may be said of a direction.
pub const DIRECTIONS: &str = "forward, backward or both";
/// What may be said of a speed.
pub const SPEED: &str = "a speed in km/h from 0.1 to 300";
/// What may be said of a share of the imported speed.
pub const PERCENT: &str = "a whole number of per cent of the imported speed from 1 to 1000";
/// What must be said.
pub const ONE_EFFECT: &str = "exactly one of speed_kmh, percent and closed must be given";

/// A direction along the way.
#[must_use]
pub fn directions(text: &str) -> Option<Directions> {
    match text {
        "" | "both" => Some(Directions::Both),
        "forward" => Some(Directions::Forward),
        "backward" => Some(Directions::Backward),
        _ => None,
    }
}

/// A road class in OpenStreetMap's words.
#[must_use]
pub fn class(text: &str) -> Option<RoadClass> {
    RoadClass::from_tag(text)
}

/// A speed, in the engine's metres an hour.
#[must_use]
#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "in range")]
pub fn speed(kmh: f64) -> Option<Effect> {
    (0.1..=300.0).contains(&kmh).then(|| Effect::Speed((kmh * 1000.0).round() as u32))
}

/// A share of the imported speed.
#[must_use]
pub fn percent(percent: u32) -> Option<Effect> {
    (1..=1000).contains(&percent).then_some(Effect::SpeedPercent(percent))
}

/// Closed, or as imported again.
#[must_use]
pub const fn closed(closed: bool) -> Effect {
    if closed { Effect::Closed } else { Effect::AsImported }
}

impl Feed {
    /// Adds a change; ways are joined to the change before if nothing but them differs, and left out if they are not among
    /// `known`, which must be in order.
    pub fn push(&mut self, mut change: TrafficChange, known: &[i64]) {
        if let Scope::Ways(ways) = &mut change.scope {
            ways.retain(|way| {
                let is_known = known.binary_search(way).is_ok();
                if !is_known && let Err(at) = self.unknown_ways.binary_search(way) {
                    self.unknown_ways.insert(at, *way);
                }
                is_known
            });
            if ways.is_empty() {
                return;
            }
            if let Some(last) = self.changes.last_mut()
                && let Scope::Ways(before) = &mut last.scope
                && (last.directions, last.effect) == (change.directions, change.effect)
            {
                before.append(ways);
                return;
            }
        }
        self.changes.push(change);
    }

    /// The first of the unknown ways.
    #[must_use]
    pub fn unknown_shown(&self) -> &[i64] {
        self.unknown_ways.get(..UNKNOWN_WAYS_SHOWN).unwrap_or(&self.unknown_ways)
    }
}
