//! Questions to the roads, answered the same on the command line and over HTTP: routes, tables, isochrones, map matching.
//!
//! Each answer is one JSON object. Latitude comes before longitude but in GeoJSON. A question that has no answer says why
//! with a code that programs can act on ([`Reason`]).

pub mod answers;
pub mod desk;
pub mod isochrone;
pub mod matching;
pub mod matrix;
pub mod route;
pub mod trace;

use schemars::JsonSchema;
use serde::Serialize;
use serde_json::Value;
use sharxi_engine::geo::LatLon;
use sharxi_engine::oracle::Location;
use sharxi_engine::region::{Region, Snap, Unreachable};

use self::answers::{NoAnswerMessage, Snapped};

/// Why there is no answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
#[schemars(rename = "NoAnswerCode")]
pub enum Reason {
    /// No road that may be driven is near the point.
    NoRoadNear,
    /// Every direction of the road of the destination is closed now.
    Closed,
    /// There is a way, and it is closed somewhere now.
    #[serde(rename = "cut_off_by_closures")]
    CutOff,
    /// No way leads from the start to the destination.
    UnreachableFromStart,
    /// The way takes longer than asked for.
    BeyondBound,
    /// A node or road that is not of this region.
    UnknownPlace,
}

impl Reason {
    /// The code.
    #[must_use]
    pub const fn code(self) -> &'static str {
        match self {
            Self::NoRoadNear => "no_road_near",
            Self::Closed => "closed",
            Self::CutOff => "cut_off_by_closures",
            Self::UnreachableFromStart => "unreachable_from_start",
            Self::BeyondBound => "beyond_bound",
            Self::UnknownPlace => "unknown_place",
        }
    }
}

impl From<Unreachable> for Reason {
    fn from(why: Unreachable) -> Self {
        match why {
            Unreachable::UnknownStart | Unreachable::UnknownEnd => Self::UnknownPlace,
            Unreachable::EndClosed => Self::Closed,
            Unreachable::CutOff => Self::CutOff,
            Unreachable::NoWay => Self::UnreachableFromStart,
        }
    }
}

/// A question that has no answer.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{message} ({})", .reason.code())]
pub struct NoAnswer {
    /// Why, for programs.
    pub reason: Reason,
    /// Why, for people: fits after "failed to".
    pub message: String,
}

impl NoAnswer {
    /// The object that says so.
    #[must_use]
    pub fn to_json(&self) -> Value {
        value(&NoAnswerMessage::from(self))
    }
}

/// Brings a point onto the nearest road that may be driven.
///
/// # Errors
/// [`Reason::NoRoadNear`] if there is none within `max_m` metres.
pub fn snap(region: &Region, point: LatLon, max_m: f64) -> Result<Snap, NoAnswer> {
    region.snap(point, max_m).ok_or_else(|| NoAnswer {
        reason: Reason::NoRoadNear,
        message: format!("snap {},{}: no road within {max_m} m", point.lat(), point.lon()),
    })
}

/// Why there is no way between two places.
#[must_use]
pub fn why(region: &Region, from: Location, to: Location) -> Reason {
    region.why_unreachable(from, to).map_or(Reason::UnreachableFromStart, Reason::from)
}

/// A snapped point: where on the road, how far from the point asked for, and the name of the road.
fn snapped(region: &Region, snap: &Snap) -> Snapped {
    let road = match snap.location {
        Location::Along { road, .. } => region.road(road),
        Location::Node(_) => None,
    };
    Snapped {
        point: lat_lon(snap.point),
        distance_m: rounded(snap.distance_m, 10.0),
        name: road.and_then(|road| road.name).map(str::to_owned),
    }
}

/// The answer as JSON. None of them has a map whose keys are no text, so there is always one.
fn value(answer: &impl Serialize) -> Value {
    serde_json::to_value(answer).unwrap_or_default()
}

/// `[lat, lon]`.
fn lat_lon(point: LatLon) -> [f64; 2] {
    [point.lat(), point.lon()]
}

/// `[lon, lat]`, as GeoJSON has it.
fn lon_lat(point: LatLon) -> [f64; 2] {
    [point.lon(), point.lat()]
}

/// To so many parts of one.
fn rounded(value: f64, parts: f64) -> f64 {
    (value * parts).round() / parts
}
