//! Events and answers as they go over the wire.

use schemars::JsonSchema;
use serde::Serialize;

use super::message::{Kind, Point};
use super::ride_status::RideStatus;
use super::words::{EventWord, OkWord, Time};

/// Something has happened. `seq` rises by one with every event of the service.
#[derive(Debug, Serialize, JsonSchema)]
#[schemars(rename = "Event")]
#[expect(missing_docs, reason = "fields are those of docs/protocol.md, word for word")]
pub struct EventMessage<'a> {
    pub r#type: EventWord,
    pub seq: u64,
    pub t: Time,
    #[serde(flatten)]
    pub fields: EventFields<'a>,
}

/// What has happened.
#[derive(Debug, Serialize, JsonSchema)]
#[serde(tag = "kind", rename_all = "snake_case")]
#[expect(missing_docs, reason = "fields and variants are those of docs/protocol.md, word for word")]
pub enum EventFields<'a> {
    Requested(Requested<'a>),
    Offered(Offer<'a>),
    Promised(Promised<'a>),
    Rejected(Rejected<'a>),
    RideStatus(Carried<'a>),
    Expired(Ended<'a>),
    Cancelled(Cancelled<'a>),
    NoShow(Carried<'a>),
    Aborted(Ended<'a>),
    Reassigned(Reassigned<'a>),
    Boarded(Carried<'a>),
    Alighted(Carried<'a>),
    ShiftStarted(ShiftStarted<'a>),
    Arrived(Stands<'a>),
    Departed(Stands<'a>),
    BrokeDown(Stands<'a>),
    ShiftEnded(OfVehicle<'a>),
    Repositioning(Repositioning<'a>),
    TrafficChanged(TrafficVersion),
    PromiseAtRisk(Late<'a>),
    PromiseBroken(Late<'a>),
}

/// A rider asked.
#[derive(Debug, Serialize, JsonSchema)]
#[expect(missing_docs, reason = "fields are those of docs/protocol.md, word for word")]
pub struct Requested<'a> {
    pub request_id: &'a str,
    pub status: RideStatus,
    pub from: Point,
    pub to: Point,
    pub request_kind: Kind,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub target_at: Option<Time>,
    pub passengers: u8,
    pub wheelchairs: u8,
    #[serde(skip_serializing_if = "is_zero")]
    pub child_seats: u8,
    #[serde(skip_serializing_if = "is_zero")]
    pub luggage: u8,
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde hands over a reference")]
const fn is_zero(number: &u8) -> bool {
    *number == 0
}

/// Where the vehicle stops for a rider who walks at either end, and how long they walk.
#[derive(Debug, Serialize, JsonSchema)]
#[expect(missing_docs, reason = "fields are those of docs/protocol.md, word for word")]
pub struct Walks {
    pub pickup: Point,
    pub dropoff: Point,
    pub walk_to_s: f64,
    pub walk_from_s: f64,
}

/// What is or would be promised, and how it looks now.
#[derive(Debug, Serialize, JsonSchema)]
#[expect(missing_docs, reason = "fields are those of docs/protocol.md, word for word")]
pub struct Promised<'a> {
    pub request_id: &'a str,
    pub vehicle_id: &'a str,
    pub status: RideStatus,
    pub ready_at: Time,
    pub pickup_by: Time,
    pub dropoff_by: Time,
    pub direct_s: f64,
    pub pickup_at: Time,
    pub dropoff_at: Time,
    #[serde(flatten, skip_serializing_if = "Option::is_none")]
    pub walks: Option<Walks>,
}

/// A plan is held until `expires_at`.
#[derive(Debug, Serialize, JsonSchema)]
#[expect(missing_docs, reason = "fields are those of docs/protocol.md, word for word")]
pub struct Offer<'a> {
    #[serde(flatten)]
    pub promised: Promised<'a>,
    pub expires_at: Time,
}

/// No promise is possible; `next_possible_at` is the `depart_at` of `alternative`.
#[derive(Debug, Serialize, JsonSchema)]
#[expect(missing_docs, reason = "fields are those of docs/protocol.md, word for word")]
pub struct Rejected<'a> {
    pub request_id: &'a str,
    pub status: RideStatus,
    pub reason: RejectWord,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub next_possible_at: Option<Time>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub alternative: Option<NextPossible>,
}

/// The same ride, asked for as depart-at.
#[derive(Debug, Serialize, JsonSchema)]
#[schemars(rename = "Alternative")]
#[expect(missing_docs, reason = "fields are those of docs/protocol.md, word for word")]
pub struct NextPossible {
    pub depart_at: Time,
    pub pickup_at: Time,
}

/// Why a request was refused.
#[derive(Clone, Copy, Debug, Serialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
#[schemars(rename = "RejectReason")]
#[expect(missing_docs, reason = "words are those of docs/protocol.md")]
pub enum RejectWord {
    NoVehicleOnShift,
    NoVehicleFits,
    NoVehicleInTime,
    NoWay,
    SamePlace,
    TimeOutOfRange,
}

/// A ride has ended, or how it goes on.
#[derive(Debug, Serialize, JsonSchema)]
#[expect(missing_docs, reason = "fields are those of docs/protocol.md, word for word")]
pub struct Ended<'a> {
    pub request_id: &'a str,
    pub status: RideStatus,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub vehicle_id: Option<&'a str>,
}

/// A ride was called off.
#[derive(Debug, Serialize, JsonSchema)]
#[expect(missing_docs, reason = "fields are those of docs/protocol.md, word for word")]
pub struct Cancelled<'a> {
    #[serde(flatten)]
    pub ended: Ended<'a>,
    pub by: By,
    pub reason: CancelReason,
}

/// Who called a ride off.
#[derive(Clone, Copy, Debug, Serialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
#[expect(missing_docs, reason = "words are those of docs/protocol.md")]
pub enum By {
    Rider,
    Operator,
}

/// How things stood when a ride was called off.
#[derive(Clone, Copy, Debug, Serialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum CancelReason {
    /// No promise was in danger.
    CalledOff,
    /// The rider had been told that the promise was at risk.
    PromiseAtRisk,
    /// The promise had been broken.
    PromiseBroken,
}

/// A ride and its vehicle.
#[derive(Debug, Serialize, JsonSchema)]
#[expect(missing_docs, reason = "fields are those of docs/protocol.md, word for word")]
pub struct Carried<'a> {
    pub request_id: &'a str,
    pub vehicle_id: &'a str,
    pub status: RideStatus,
}

/// Another vehicle will come.
#[derive(Debug, Serialize, JsonSchema)]
#[expect(missing_docs, reason = "fields are those of docs/protocol.md, word for word")]
pub struct Reassigned<'a> {
    pub request_id: &'a str,
    pub vehicle_id: &'a str,
    pub from_vehicle_id: &'a str,
}

/// A vehicle and where it stands; `arc` in node ids of the exported graph.
#[derive(Debug, Serialize, JsonSchema)]
#[expect(missing_docs, reason = "fields are those of docs/protocol.md, word for word")]
pub struct Stands<'a> {
    pub vehicle_id: &'a str,
    pub lat: f64,
    pub lon: f64,
    pub arc: [u64; 2],
}

/// A vehicle joined.
#[derive(Debug, Serialize, JsonSchema)]
#[expect(missing_docs, reason = "fields are those of docs/protocol.md, word for word")]
pub struct ShiftStarted<'a> {
    #[serde(flatten)]
    pub stands: Stands<'a>,
    pub vehicle_type: &'a str,
    pub seats: u8,
    pub wheelchairs: u8,
    #[serde(skip_serializing_if = "is_zero")]
    pub folding_seats: u8,
    #[serde(skip_serializing_if = "is_zero")]
    pub child_seats: u8,
    #[serde(skip_serializing_if = "is_zero")]
    pub luggage: u8,
}

/// A vehicle.
#[derive(Debug, Serialize, JsonSchema)]
#[expect(missing_docs, reason = "fields are those of docs/protocol.md, word for word")]
pub struct OfVehicle<'a> {
    pub vehicle_id: &'a str,
}

/// An idle vehicle goes where riders are expected.
#[derive(Debug, Serialize, JsonSchema)]
#[expect(missing_docs, reason = "fields are those of docs/protocol.md, word for word")]
pub struct Repositioning<'a> {
    pub vehicle_id: &'a str,
    pub to: Point,
}

/// The number of the travel times in force.
#[derive(Debug, Serialize, JsonSchema)]
#[expect(missing_docs, reason = "fields are those of docs/protocol.md, word for word")]
pub struct TrafficVersion {
    pub version: u64,
}

/// How late a promise looks, or is.
#[derive(Debug, Serialize, JsonSchema)]
#[expect(missing_docs, reason = "fields are those of docs/protocol.md, word for word")]
pub struct Late<'a> {
    pub request_id: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub vehicle_id: Option<&'a str>,
    pub late_s: f64,
}

/// The command `id` is durable; a request has the fields of the event that answers it.
#[derive(Debug, Serialize, JsonSchema)]
#[schemars(rename = "Ok")]
#[expect(missing_docs, reason = "fields are those of docs/protocol.md, word for word")]
pub struct OkMessage<'a> {
    pub r#type: OkWord,
    pub id: &'a str,
    pub seq: u64,
    #[serde(flatten)]
    pub result: Option<OkResult<'a>>,
}

/// What came of a request, or of a change of traffic.
#[derive(Debug, Serialize, JsonSchema)]
#[serde(tag = "result", rename_all = "snake_case")]
#[expect(missing_docs, reason = "fields and variants are those of docs/protocol.md, word for word")]
pub enum OkResult<'a> {
    Offered(Offer<'a>),
    Promised(Promised<'a>),
    Rejected(Rejected<'a>),
    TrafficChanged(TrafficTaken),
}

/// New travel times, and what was read of the feed that brought them.
#[derive(Debug, Serialize, JsonSchema)]
#[expect(missing_docs, reason = "fields are those of docs/protocol.md, word for word")]
pub struct TrafficTaken {
    pub version: u64,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub rows: Option<usize>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub unknown_ways: Option<usize>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub unknown_way_ids: Option<Vec<i64>>,
}
