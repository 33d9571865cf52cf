//! The words that say what a message is, and times, as types: so that the schemas made of them are exact.

use schemars::JsonSchema;
use serde::Serialize;
use sharxi_engine::units::EngineTime;

use super::time::format;

/// A word that is always the same.
macro_rules! word {
    ($($(#[$doc:meta])* $name:ident = $word:literal;)*) => {
        $(
            $(#[$doc])*
            #[derive(Clone, Copy, Debug, Default, Serialize, JsonSchema)]
            pub enum $name {
                /// The only one.
                #[default]
                #[serde(rename = $word)]
                It,
            }
        )*
    };
}

word! {
    /// `"event"`.
    EventWord = "event";
    /// `"ok"`.
    OkWord = "ok";
    /// `"error"`.
    ErrorWord = "error";
    /// `"plan"`.
    PlanWord = "plan";
    /// `"snapshot"`.
    SnapshotWord = "snapshot";
    /// `"kpi"`.
    KpiWord = "kpi";
    /// `"positions"`.
    PositionsWord = "positions";
    /// `"welcome"`.
    WelcomeWord = "welcome";
    /// `"gap"`.
    GapWord = "gap";
    /// `"closing"`.
    ClosingWord = "closing";
    /// `"recurring"`.
    RecurringWord = "recurring";
    /// `"waits_where_riders_are_expected"`.
    ExpectedWord = "waits_where_riders_are_expected";
    /// `"Feature"`, of GeoJSON.
    FeatureWord = "Feature";
    /// `"FeatureCollection"`, of GeoJSON.
    FeatureCollectionWord = "FeatureCollection";
    /// `"LineString"`, of GeoJSON.
    LineStringWord = "LineString";
    /// `"MultiPolygon"`, of GeoJSON.
    MultiPolygonWord = "MultiPolygon";
}

/// RFC 3339 with milliseconds, in UTC.
#[derive(Clone, Debug, Serialize, JsonSchema)]
#[schemars(inline)]
pub struct Time(#[schemars(extend("format" = "date-time"))] String);

impl From<EngineTime> for Time {
    fn from(at: EngineTime) -> Self {
        Self(format(at))
    }
}

/// The next act of a vehicle.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
#[schemars(rename = "Act")]
#[expect(missing_docs, reason = "words are those of docs/protocol.md")]
pub enum ActWord {
    Idle,
    Depart,
    Arrive,
    Board,
    Alight,
}

/// What happens at a visit.
#[derive(Clone, Copy, Debug, Serialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
#[schemars(rename = "Action")]
#[expect(missing_docs, reason = "words are those of docs/protocol.md")]
pub enum ActionWord {
    Board,
    Alight,
}

/// Where a ride stands for the dispatcher; `status` says it for people.
#[derive(Clone, Copy, Debug, Serialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
#[schemars(rename = "RideState")]
#[expect(missing_docs, reason = "words are those of docs/protocol.md")]
pub enum StateWord {
    Offered,
    Promised,
    OnBoard,
    Stranded,
    Completed,
    Rejected,
    Expired,
    Cancelled,
    NoShow,
    Aborted,
}

/// What a vehicle does.
#[derive(Clone, Copy, Debug, Serialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
#[expect(missing_docs, reason = "words are those of docs/protocol.md")]
pub enum VehicleState {
    Idle,
    Driving,
    Serving,
    Repositioning,
    Out,
}

/// How the place of a vehicle is known.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
#[schemars(rename = "PositionSource")]
pub enum SourceWord {
    /// On the road that its reports fit.
    Matched,
    /// As reported.
    Reported,
    /// By its plan.
    Planned,
}
