//! The answers to questions to the roads as they are written, on the command line and over HTTP; OpenAPI is made from these types.

use schemars::JsonSchema;
use serde::Serialize;

use super::{NoAnswer, Reason};
use crate::wire::words::{
    ErrorWord, FeatureCollectionWord, FeatureWord, LineStringWord, MultiPolygonWord,
};

/// Latitude and longitude, degrees.
pub type LatLonPair = [f64; 2];
/// Longitude and latitude, degrees, as GeoJSON has it.
pub type LonLatPair = [f64; 2];

/// Why there is no answer.
#[derive(Debug, Serialize, JsonSchema)]
#[schemars(rename = "NoAnswer")]
#[expect(missing_docs, reason = "fields are those of docs/protocol.md, word for word")]
pub struct NoAnswerMessage<'a> {
    pub r#type: ErrorWord,
    pub code: Reason,
    pub message: &'a str,
}

impl<'a> From<&'a NoAnswer> for NoAnswerMessage<'a> {
    fn from(none: &'a NoAnswer) -> Self {
        Self { r#type: ErrorWord::It, code: none.reason, message: &none.message }
    }
}

/// A point brought onto the nearest road.
#[derive(Debug, Serialize, JsonSchema)]
#[schemars(rename = "RoadPoint")]
#[expect(missing_docs, reason = "fields are those of docs/protocol.md, word for word")]
pub struct Snapped {
    pub point: LatLonPair,
    /// From the point asked for.
    pub distance_m: f64,
    /// Of the road.
    pub name: Option<String>,
}

/// Where a route ends.
#[derive(Debug, Serialize, JsonSchema)]
#[expect(missing_docs, reason = "fields are those of docs/protocol.md, word for word")]
pub struct Arrival {
    #[serde(flatten)]
    pub at: Snapped,
    /// Of the road, as one arrives.
    pub side: Option<SideWord>,
}

/// A side of the road.
#[derive(Clone, Copy, Debug, Serialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
#[schemars(rename = "Side")]
#[expect(missing_docs, reason = "words are those of docs/protocol.md")]
pub enum SideWord {
    Left,
    Right,
}

/// A part of a route under one name.
#[derive(Debug, Serialize, JsonSchema)]
#[expect(missing_docs, reason = "fields are those of docs/protocol.md, word for word")]
pub struct Leg {
    pub name: Option<String>,
    pub distance_m: f64,
    pub duration_s: f64,
    /// Of OpenStreetMap.
    pub way_ids: Vec<i64>,
}

/// What the driver is told.
#[derive(Debug, Serialize, JsonSchema)]
#[schemars(rename = "Step")]
#[expect(missing_docs, reason = "fields are those of docs/protocol.md, word for word")]
pub struct StepInfo {
    pub r#type: StepWord,
    pub name: Option<String>,
    pub distance_m: f64,
    pub duration_s: f64,
    pub bearing_deg: f64,
    pub point: LatLonPair,
    /// Of a turn.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub modifier: Option<TurnWord>,
    /// Of a roundabout, counted from 1.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub exit: Option<u32>,
}

/// What kind of step.
#[derive(Clone, Copy, Debug, Serialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
#[schemars(rename = "StepKind")]
#[expect(missing_docs, reason = "words are those of docs/protocol.md")]
pub enum StepWord {
    Depart,
    Continue,
    Turn,
    Roundabout,
    Arrive,
}

/// Which way.
#[derive(Clone, Copy, Debug, Serialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
#[schemars(rename = "Turn")]
#[expect(missing_docs, reason = "words are those of docs/protocol.md")]
pub enum TurnWord {
    Straight,
    SlightLeft,
    Left,
    SharpLeft,
    SlightRight,
    Right,
    SharpRight,
    UTurn,
}

/// A route without its shape.
#[derive(Debug, Serialize, JsonSchema)]
#[expect(missing_docs, reason = "fields are those of docs/protocol.md, word for word")]
pub struct RouteInfo {
    pub duration_s: f64,
    pub distance_m: f64,
    pub from: Snapped,
    pub to: Arrival,
    pub legs: Vec<Leg>,
    pub steps: Vec<StepInfo>,
}

/// A route: one object, or a GeoJSON feature.
#[derive(Debug, Serialize, JsonSchema)]
#[serde(untagged)]
#[schemars(rename = "Route")]
#[expect(missing_docs, reason = "fields are those of docs/protocol.md, word for word")]
pub enum RouteAnswer {
    /// The shape as the format asked for has it.
    Object {
        #[serde(flatten)]
        info: RouteInfo,
        geometry: Shape,
    },
    /// RFC 7946.
    Feature { r#type: FeatureWord, geometry: LineString, properties: RouteInfo },
}

/// The shape of a route.
#[derive(Debug, Serialize, JsonSchema)]
#[serde(untagged)]
#[schemars(inline)]
pub enum Shape {
    /// GeoJSON.
    Line(LineString),
    /// An encoded polyline.
    Encoded(String),
}

/// RFC 7946.
#[derive(Debug, Serialize, JsonSchema)]
#[expect(missing_docs, reason = "fields are those of RFC 7946")]
pub struct LineString {
    pub r#type: LineStringWord,
    pub coordinates: Vec<LonLatPair>,
}

/// A table of times and distances.
#[derive(Debug, Serialize, JsonSchema)]
#[schemars(rename = "Matrix")]
#[expect(missing_docs, reason = "fields are those of docs/protocol.md, word for word")]
pub struct Table {
    pub durations_ms: Rows<u32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub distances_m: Option<Rows<f64>>,
    /// The first nulls of `durations_ms`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub unreachable: Option<Vec<Missing>>,
    /// All of them.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub unreachable_total: Option<usize>,
}

/// One row for each start, or one cell for each pair; null where there is no way.
#[derive(Debug, Serialize, JsonSchema)]
#[serde(untagged)]
#[schemars(inline)]
pub enum Rows<T> {
    /// Of a table.
    Table(Vec<Vec<Option<T>>>),
    /// Of pairs.
    List(Vec<Option<T>>),
}

/// Why a cell is null.
#[derive(Debug, Serialize, JsonSchema)]
#[serde(untagged)]
#[schemars(rename = "MissingCell")]
#[expect(missing_docs, reason = "fields are those of docs/protocol.md, word for word")]
pub enum Missing {
    /// Of a list of pairs.
    Pair { pair: usize, reason: Reason },
    /// Of a table.
    Cell { from: usize, to: usize, reason: Reason },
}

/// A GeoJSON `FeatureCollection`, one feature for each time.
#[derive(Debug, Serialize, JsonSchema)]
#[expect(missing_docs, reason = "fields are those of docs/protocol.md, word for word")]
pub struct Isochrones {
    pub r#type: FeatureCollectionWord,
    pub center: Snapped,
    pub attribution: String,
    pub features: Vec<Area>,
}

/// The area within one time.
#[derive(Debug, Serialize, JsonSchema)]
#[schemars(rename = "IsochroneArea")]
#[expect(missing_docs, reason = "fields are those of docs/protocol.md, word for word")]
pub struct Area {
    pub r#type: FeatureWord,
    pub properties: AreaInfo,
    pub geometry: MultiPolygon,
}

/// What is said of an area.
#[derive(Debug, Serialize, JsonSchema)]
#[schemars(rename = "IsochroneInfo")]
#[expect(missing_docs, reason = "fields are those of docs/protocol.md, word for word")]
pub struct AreaInfo {
    pub minutes: u32,
    pub direction: DirectionWord,
    /// How far from a reached road a place in it may be.
    pub tolerance_m: u32,
}

/// From the centre or to it.
#[derive(Clone, Copy, Debug, Serialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
#[schemars(rename = "IsochroneDirection")]
#[expect(missing_docs, reason = "words are those of docs/protocol.md")]
pub enum DirectionWord {
    From,
    To,
}

/// RFC 7946.
#[derive(Debug, Serialize, JsonSchema)]
#[expect(missing_docs, reason = "fields are those of RFC 7946")]
pub struct MultiPolygon {
    pub r#type: MultiPolygonWord,
    /// Polygons, their rings, the points of those.
    pub coordinates: Vec<Vec<Vec<LonLatPair>>>,
}

/// Positions on roads.
#[derive(Debug, Serialize, JsonSchema)]
#[schemars(rename = "Match")]
#[expect(missing_docs, reason = "fields are those of docs/protocol.md, word for word")]
pub struct Matches {
    pub positions: usize,
    pub matched: usize,
    /// One for each position; null off the roads and for outliers.
    pub matches: Vec<Option<OnRoad>>,
}

/// A position on a road.
#[derive(Debug, Serialize, JsonSchema)]
#[expect(missing_docs, reason = "fields are those of docs/protocol.md, word for word")]
pub struct OnRoad {
    pub road: Option<u32>,
    pub name: Option<String>,
    pub direction: Forward,
    pub along_m: f64,
    pub point: LatLonPair,
    pub bearing_deg: f64,
    pub distance_m: f64,
    /// From 0 to 1.
    pub confidence: f64,
}

/// As the road is drawn, or against that.
#[derive(Clone, Copy, Debug, Serialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
#[schemars(rename = "RoadDirection")]
#[expect(missing_docs, reason = "words are those of docs/protocol.md")]
pub enum Forward {
    Forward,
    Backward,
}
