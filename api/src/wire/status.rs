//! How things stand, as messages: plans, snapshots, figures.

use schemars::JsonSchema;
use serde::Serialize;
use serde_json::value::RawValue;
use sharxi_engine::demand::ride::RideState;
use sharxi_engine::dispatcher::Dispatcher;
use sharxi_engine::fleet::plan::{Action, NextAct};
use sharxi_engine::ids::{RequestId, VehicleId};
use sharxi_engine::units::{EngineTime, Millis};

use super::event::{Names, degrees};
use super::ride_status::RideStatus;
use super::words::{
    ActWord, ActionWord, KpiWord, PlanWord, SnapshotWord, SourceWord, StateWord, Time, VehicleState,
};
use crate::map::Map;
use crate::tracker::Place;

#[derive(Serialize, JsonSchema)]
struct Next<'a> {
    act: ActWord,
    #[serde(skip_serializing_if = "Option::is_none")]
    at: Option<Time>,
    #[serde(skip_serializing_if = "Option::is_none")]
    request_id: Option<&'a str>,
}

#[derive(Serialize, JsonSchema)]
struct Visit<'a> {
    request_id: &'a str,
    action: ActionWord,
    lat: f64,
    lon: f64,
    arrive_at: Time,
    begin_at: Time,
    end_at: Time,
}

/// The plan of a vehicle.
#[derive(Serialize, JsonSchema)]
pub struct Plan<'a> {
    r#type: PlanWord,
    vehicle_id: &'a str,
    version: u32,
    now: Time,
    next: Next<'a>,
    visits: Vec<Visit<'a>>,
    route: Vec<(f64, f64, i64)>,
    on_board: Vec<&'a str>,
}

/// A ride as in the snapshot.
#[derive(Serialize, JsonSchema)]
#[schemars(rename = "Ride")]
pub struct RideInfo<'a> {
    request_id: &'a str,
    state: StateWord,
    status: RideStatus,
    from: [f64; 2],
    to: [f64; 2],
    passengers: u8,
    wheelchairs: u8,
    #[serde(skip_serializing_if = "Option::is_none")]
    pickup: Option<[f64; 2]>,
    #[serde(skip_serializing_if = "Option::is_none")]
    dropoff: Option<[f64; 2]>,
    #[serde(skip_serializing_if = "is_false")]
    at_risk: bool,
    #[serde(skip_serializing_if = "is_false")]
    broken: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    vehicle_id: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    ready_at: Option<Time>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pickup_by: Option<Time>,
    #[serde(skip_serializing_if = "Option::is_none")]
    dropoff_by: Option<Time>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pickup_at: Option<Time>,
    #[serde(skip_serializing_if = "Option::is_none")]
    dropoff_at: Option<Time>,
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde hands over a reference")]
const fn is_false(flag: &bool) -> bool {
    !*flag
}

/// A vehicle as in the snapshot.
#[derive(Serialize, JsonSchema)]
#[schemars(rename = "Vehicle")]
pub struct VehicleInfo<'a> {
    vehicle_id: &'a str,
    vehicle_type: &'a str,
    seats: u8,
    wheelchairs: u8,
    lat: f64,
    lon: f64,
    position: SourceWord,
    #[serde(skip_serializing_if = "Option::is_none")]
    bearing_deg: Option<f64>,
    state: VehicleState,
    on_board: Vec<&'a str>,
    plan: Plan<'a>,
}

/// A ride in a snapshot.
#[derive(Serialize, JsonSchema)]
#[serde(untagged)]
#[schemars(with = "RideInfo<'static>")]
pub enum RideEntry<'a> {
    /// As it stands now.
    Open(Box<RideInfo<'a>>),
    /// As it ended.
    Ended(&'a RawValue),
}

impl<'a> RideEntry<'a> {
    /// A ride that has ended, from its JSON.
    #[must_use]
    pub fn ended(info: &'a str) -> Option<Self> {
        // Written by this service and covered by a checksum: there is nothing else in it.
        serde_json::from_str(info).ok().map(Self::Ended)
    }
}

/// Everything that a client may see at one moment.
#[derive(Serialize, JsonSchema)]
#[expect(missing_docs, reason = "fields are those of docs/protocol.md, word for word")]
pub struct Snapshot<'a> {
    pub r#type: SnapshotWord,
    pub seq: u64,
    pub t: Time,
    pub rides: Vec<RideEntry<'a>>,
    pub vehicles: Vec<VehicleInfo<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub kpi: Option<Figures>,
}

/// Waits of those who boarded.
#[derive(Clone, Copy, Debug, Default, Serialize, JsonSchema)]
#[expect(missing_docs, reason = "fields are those of docs/protocol.md, word for word")]
pub struct Waits {
    pub mean: f64,
    pub p50: f64,
    pub p95: f64,
    pub max: f64,
}

/// The `kpi` message.
#[derive(Clone, Debug, Serialize, JsonSchema)]
#[schemars(rename = "Kpi")]
#[expect(missing_docs, reason = "fields are those of docs/protocol.md, word for word")]
pub struct Figures {
    pub r#type: KpiWord,
    pub t: Time,
    pub requests: u64,
    pub promised: u64,
    pub rejected: u64,
    pub cancelled: u64,
    pub completed: u64,
    pub promises_broken: u64,
    pub promises_at_risk: u64,
    pub on_board: usize,
    pub waiting: usize,
    pub vehicles: usize,
    pub wait_s: Waits,
    pub wait_histogram: [u64; 16],
    pub pooled_share: f64,
    pub coverage_15min: Option<f64>,
}

/// The plan of a vehicle as it is now.
#[must_use]
pub fn plan<'a>(vehicle: VehicleId, now: EngineTime, names: Names<'a>) -> Plan<'a> {
    let dispatcher = names.dispatcher;
    let next = dispatcher.next_act(vehicle);
    let visits = dispatcher.visits(vehicle).into_iter().map(|visit| {
        let [lat, lon] = names.point(visit.location);
        Visit {
            request_id: ride_name(dispatcher, visit.request),
            action: match visit.action {
                Action::Board => ActionWord::Board,
                Action::Alight => ActionWord::Alight,
            },
            lat,
            lon,
            arrive_at: visit.arrive.into(),
            begin_at: visit.begin.into(),
            end_at: visit.end.into(),
        }
    });
    Plan {
        r#type: PlanWord::It,
        vehicle_id: vehicle_name(dispatcher, vehicle),
        version: dispatcher.plan_version(vehicle),
        now: now.into(),
        visits: visits.collect(),
        route: route(&next, names.map),
        next: describe(&next, dispatcher),
        on_board: riders(dispatcher, vehicle),
    }
}

fn describe<'a>(next: &NextAct, dispatcher: &'a Dispatcher) -> Next<'a> {
    let (act, at, request) = match next {
        NextAct::Idle => (ActWord::Idle, None, None),
        NextAct::Depart { at, .. } => (ActWord::Depart, Some(at), None),
        NextAct::Arrive { at, .. } => (ActWord::Arrive, Some(at), None),
        NextAct::Board { request, at } => (ActWord::Board, Some(at), Some(*request)),
        NextAct::Alight { request, at } => (ActWord::Alight, Some(at), Some(*request)),
    };
    let request_id = request.map(|request| ride_name(dispatcher, request));
    Next { act, at: at.copied().map(Into::into), request_id }
}

/// The leg under way or next to begin, each point with its time in milliseconds since 1970.
fn route(next: &NextAct, map: &dyn Map) -> Vec<(f64, f64, i64)> {
    let (begun, path) = match next {
        NextAct::Depart { at, path } => (at, path),
        NextAct::Arrive { departed, path, .. } => (departed, path),
        NextAct::Idle | NextAct::Board { .. } | NextAct::Alight { .. } => return Vec::new(),
    };
    let stamped = map.path_geometry(path).into_iter().map(|(point, elapsed)| {
        let [lat, lon] = degrees(point);
        (lat, lon, (*begun + elapsed).unix_ms())
    });
    stamped.collect()
}

/// A ride with its times as they look now, or `None` if there is none of that id.
#[must_use]
pub fn ride<'a>(request: RequestId, names: Names<'a>) -> Option<RideInfo<'a>> {
    let ride = names.dispatcher.ride(request)?;
    let (state, boarded_at, alighted_at) = match ride.state {
        RideState::Offered { .. } => (StateWord::Offered, None, None),
        RideState::Promised => (StateWord::Promised, None, None),
        RideState::OnBoard { boarded_at } => (StateWord::OnBoard, Some(boarded_at), None),
        RideState::Stranded { boarded_at, .. } => (StateWord::Stranded, Some(boarded_at), None),
        RideState::Completed { alighted_at } => (StateWord::Completed, None, Some(alighted_at)),
        RideState::Rejected => (StateWord::Rejected, None, None),
        RideState::Expired => (StateWord::Expired, None, None),
        RideState::Cancelled(_) => (StateWord::Cancelled, None, None),
        RideState::NoShow => (StateWord::NoShow, None, None),
        RideState::Aborted => (StateWord::Aborted, None, None),
    };
    let visits = match ride.vehicle {
        Some(vehicle) if !ride.state.is_final() => names.dispatcher.visits(vehicle),
        _ => Vec::new(),
    };
    let planned =
        |action| visits.iter().find(|visit| visit.request == request && visit.action == action);
    let pickup_at = boarded_at.or_else(|| planned(Action::Board).map(|visit| visit.begin));
    let dropoff_at = alighted_at.or_else(|| planned(Action::Alight).map(|visit| visit.end));
    let walks = ride.ends.walk() > Millis::ZERO;
    let carrier = ride.vehicle.or_else(|| names.ledger.vehicle(request));
    Some(RideInfo {
        request_id: ride.request.name.as_str(),
        state,
        status: RideStatus::of(request, names.dispatcher)?,
        from: names.point(ride.request.from),
        to: names.point(ride.request.to),
        passengers: ride.request.party.passengers(),
        wheelchairs: ride.request.party.wheelchairs(),
        pickup: walks.then(|| names.point(ride.ends.pickup.location)),
        dropoff: walks.then(|| names.point(ride.ends.dropoff.location)),
        at_risk: ride.warned,
        broken: ride.broken,
        vehicle_id: carrier.map(|vehicle| vehicle_name(names.dispatcher, vehicle)),
        ready_at: ride.promise.map(|promise| promise.ready_at().into()),
        pickup_by: ride.promise.map(|promise| promise.pickup_by().into()),
        dropoff_by: ride.promise.map(|promise| promise.dropoff_by().into()),
        pickup_at: pickup_at.map(Into::into),
        dropoff_at: dropoff_at.map(Into::into),
    })
}

/// A vehicle that stands or drives at `[lat, lon]`, or `None` if there is none of that id.
#[must_use]
pub fn vehicle<'a>(
    vehicle: VehicleId,
    place: Place,
    now: EngineTime,
    names: Names<'a>,
) -> Option<VehicleInfo<'a>> {
    let [lat, lon] = degrees(place.point);
    let spec = names.dispatcher.vehicle(vehicle)?;
    let plan = plan(vehicle, now, names);
    let state = match (names.dispatcher.in_service(vehicle), plan.next.act) {
        (false, _) => VehicleState::Out,
        (true, ActWord::Board | ActWord::Alight) => VehicleState::Serving,
        (true, ActWord::Depart | ActWord::Arrive) if plan.visits.is_empty() => {
            VehicleState::Repositioning
        }
        (true, ActWord::Depart | ActWord::Arrive) => VehicleState::Driving,
        (true, ActWord::Idle) => VehicleState::Idle,
    };
    Some(VehicleInfo {
        vehicle_id: spec.name.as_str(),
        vehicle_type: spec.kind.as_str(),
        seats: spec.seats,
        wheelchairs: spec.wheelchairs,
        lat,
        lon,
        position: place.source.word(),
        bearing_deg: place.bearing_deg.map(|deg| (deg * 10.0).round() / 10.0),
        state,
        on_board: riders(names.dispatcher, vehicle),
        plan,
    })
}

/// JSON of a message; these types have no value that JSON lacks.
#[must_use]
pub fn to_text(message: &impl Serialize) -> String {
    serde_json::to_string(message).unwrap_or_default()
}

fn riders(dispatcher: &Dispatcher, vehicle: VehicleId) -> Vec<&str> {
    let on_board = dispatcher.on_board(vehicle).into_iter();
    on_board.map(|request| ride_name(dispatcher, request)).collect()
}

fn ride_name(dispatcher: &Dispatcher, request: RequestId) -> &str {
    dispatcher.ride(request).map_or("", |ride| ride.request.name.as_str())
}

fn vehicle_name(dispatcher: &Dispatcher, vehicle: VehicleId) -> &str {
    dispatcher.vehicle(vehicle).map_or("", |spec| spec.name.as_str())
}
