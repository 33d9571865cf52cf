//! Events as messages, with the outside's names.

use serde_json::{Map as Fields, Value, json};
use sharxi_engine::demand::promise::Promise;
use sharxi_engine::demand::request::When;
use sharxi_engine::demand::ride::Actor;
use sharxi_engine::dispatcher::Dispatcher;
use sharxi_engine::dispatcher::event::{Event, EventKind, Standing};
use sharxi_engine::geo::LatLon;
use sharxi_engine::ids::{RequestId, VehicleId};
use sharxi_engine::oracle::Location;
use sharxi_engine::units::{EngineTime, Millis};

use super::time::format;
use crate::ledger::Ledger;
use crate::map::Map;
use crate::planted::{self, Bug};

/// What is needed to put names and places to an event's ids.
#[derive(Clone, Copy)]
pub struct Names<'a> {
    /// Rides and vehicles.
    pub dispatcher: &'a Dispatcher,
    /// Places.
    pub map: &'a dyn Map,
    /// Who carries whom.
    pub ledger: &'a Ledger,
}

/// The word for an event; `None` for those that are not numbered but told otherwise.
#[must_use]
pub const fn word(kind: &EventKind) -> Option<&'static str> {
    Some(match kind {
        EventKind::Requested { .. } => "requested",
        EventKind::Offered { .. } => "offered",
        EventKind::Promised { .. } => "promised",
        EventKind::Rejected { .. } => "rejected",
        EventKind::Expired { .. } => "expired",
        EventKind::Reassigned { .. } => "reassigned",
        EventKind::Cancelled { .. } => "cancelled",
        EventKind::NoShow { .. } => "no_show",
        EventKind::ShiftStarted { .. } => "shift_started",
        EventKind::ShiftEnded { .. } => "shift_ended",
        EventKind::PlanChanged { .. } => return None,
        EventKind::Departed { .. } => "departed",
        EventKind::Arrived { .. } => "arrived",
        EventKind::Boarded { .. } => "boarded",
        EventKind::Alighted { .. } => "alighted",
        EventKind::Repositioning { .. } => "repositioning",
        EventKind::BrokeDown { .. } => "broke_down",
        EventKind::PromiseAtRisk { .. } => "promise_at_risk",
        EventKind::PromiseBroken { .. } => "promise_broken",
        EventKind::Aborted { .. } => "aborted",
        EventKind::TrafficChanged { .. } => "traffic_changed",
    })
}

/// The message for event number `seq`, or `None` if its kind is not numbered.
#[must_use]
pub fn encode(seq: u64, event: &Event, names: Names<'_>) -> Option<String> {
    let word = word(&event.kind)?;
    let mut fields = names.fields(&event.kind);
    fields.insert("type".into(), "event".into());
    fields.insert("seq".into(), seq.into());
    fields.insert("t".into(), format(event.at).into());
    fields.insert("kind".into(), word.into());
    Some(Value::Object(fields).to_string())
}

/// The `ok` message; `result` is the event that answers a request, if it was one.
#[must_use]
pub fn encode_ok(id: &str, seq: u64, result: Option<&EventKind>, names: Names<'_>) -> String {
    let mut fields = result.map(|kind| names.fields(kind)).unwrap_or_default();
    if let Some(word) = result.and_then(word) {
        fields.insert("result".into(), word.into());
    }
    fields.insert("type".into(), "ok".into());
    fields.insert("id".into(), id.into());
    fields.insert("seq".into(), seq.into());
    Value::Object(fields).to_string()
}

/// Degrees of a point, as short as they can be written.
#[must_use]
pub fn degrees(point: LatLon) -> [f64; 2] {
    [f64::from(point.lat_e7()) / 1e7, f64::from(point.lon_e7()) / 1e7]
}

impl Names<'_> {
    /// The outside's name of a ride.
    #[must_use]
    pub fn ride(&self, request: RequestId) -> &str {
        self.dispatcher.ride(request).map_or("", |ride| ride.request.name.as_str())
    }

    /// The outside's name of a vehicle.
    #[must_use]
    pub fn vehicle(&self, vehicle: VehicleId) -> &str {
        self.dispatcher.vehicle(vehicle).map_or("", |spec| spec.name.as_str())
    }

    /// Degrees of a location.
    #[must_use]
    pub fn point(&self, location: Location) -> [f64; 2] {
        degrees(self.map.point(location))
    }

    fn fields(&self, kind: &EventKind) -> Fields<String, Value> {
        let mut fields = Fields::new();
        match kind {
            EventKind::Requested { request } => self.requested(&mut fields, *request),
            EventKind::Offered { request, vehicle, promise, pickup_at, dropoff_at, expires_at } => {
                self.both(&mut fields, *request, *vehicle);
                promised(&mut fields, *promise, *pickup_at, *dropoff_at);
                fields.insert("expires_at".into(), format(*expires_at).into());
            }
            EventKind::Promised { request, vehicle, promise, pickup_at, dropoff_at } => {
                self.both(&mut fields, *request, *vehicle);
                promised(&mut fields, *promise, *pickup_at, *dropoff_at);
            }
            EventKind::Rejected { request, reason, alternative } => {
                self.request(&mut fields, *request);
                fields.insert("reason".into(), reason.as_str().into());
                if let Some(other) = alternative {
                    let (depart_at, pickup_at) = (format(other.depart_at), format(other.pickup_at));
                    let value = json!({ "depart_at": depart_at, "pickup_at": pickup_at });
                    fields.insert("alternative".into(), value);
                }
            }
            EventKind::TrafficChanged { version } => {
                fields.insert("version".into(), (*version).into());
            }
            EventKind::Expired { request } | EventKind::Aborted { request } => {
                self.carried(&mut fields, *request);
            }
            EventKind::Cancelled { request, by } => {
                self.carried(&mut fields, *request);
                let by = match by {
                    Actor::Rider => "rider",
                    Actor::Operator => "operator",
                };
                fields.insert("by".into(), by.into());
            }
            EventKind::Reassigned { request, from, to } => {
                self.both(&mut fields, *request, *to);
                fields.insert("from_vehicle_id".into(), self.vehicle(*from).into());
            }
            EventKind::NoShow { request, vehicle }
            | EventKind::Boarded { request, vehicle }
            | EventKind::Alighted { request, vehicle } => {
                self.both(&mut fields, *request, *vehicle);
            }
            EventKind::ShiftStarted { vehicle, standing } => {
                self.standing(&mut fields, *vehicle, *standing);
                if let Some(spec) = self.dispatcher.vehicle(*vehicle) {
                    fields.insert("vehicle_type".into(), spec.kind.as_str().into());
                    fields.insert("seats".into(), spec.seats.into());
                    fields.insert("wheelchairs".into(), spec.wheelchairs.into());
                }
            }
            EventKind::Departed { vehicle, standing }
            | EventKind::Arrived { vehicle, standing }
            | EventKind::BrokeDown { vehicle, standing } => {
                self.standing(&mut fields, *vehicle, *standing);
            }
            EventKind::ShiftEnded { vehicle } | EventKind::PlanChanged { vehicle, .. } => {
                fields.insert("vehicle_id".into(), self.vehicle(*vehicle).into());
            }
            EventKind::Repositioning { vehicle, to } => {
                fields.insert("vehicle_id".into(), self.vehicle(*vehicle).into());
                fields.insert("to".into(), json!(self.point(*to)));
            }
            EventKind::PromiseAtRisk { request, late }
            | EventKind::PromiseBroken { request, late } => {
                self.carried(&mut fields, *request);
                fields.insert("late_s".into(), late.as_secs_f64().into());
            }
        }
        fields
    }

    fn requested(&self, fields: &mut Fields<String, Value>, request: RequestId) {
        self.request(fields, request);
        let Some(ride) = self.dispatcher.ride(request) else { return };
        let asked = &ride.request;
        fields.insert("from".into(), json!(self.point(asked.from)));
        fields.insert("to".into(), json!(self.point(asked.to)));
        let (kind, target_at) = match asked.when {
            When::Now => ("now", None),
            When::DepartAt(at) => ("depart_at", Some(at)),
            When::ArriveBy(at) => ("arrive_by", Some(at)),
        };
        fields.insert("request_kind".into(), kind.into());
        if let Some(at) = target_at {
            fields.insert("target_at".into(), format(at).into());
        }
        fields.insert("passengers".into(), asked.party.passengers().into());
        fields.insert("wheelchairs".into(), asked.party.wheelchairs().into());
    }

    fn request(&self, fields: &mut Fields<String, Value>, request: RequestId) {
        fields.insert("request_id".into(), self.ride(request).into());
    }

    fn both(&self, fields: &mut Fields<String, Value>, request: RequestId, vehicle: VehicleId) {
        self.request(fields, request);
        fields.insert("vehicle_id".into(), self.vehicle(vehicle).into());
    }

    fn carried(&self, fields: &mut Fields<String, Value>, request: RequestId) {
        self.request(fields, request);
        if let Some(vehicle) = self.ledger.vehicle(request) {
            fields.insert("vehicle_id".into(), self.vehicle(vehicle).into());
        }
    }

    fn standing(&self, fields: &mut Fields<String, Value>, vehicle: VehicleId, standing: Standing) {
        let [lat, lon] = self.point(standing.location);
        fields.insert("vehicle_id".into(), self.vehicle(vehicle).into());
        fields.insert("lat".into(), lat.into());
        fields.insert("lon".into(), lon.into());
        // Node ids of the exported graph begin at 1.
        let arc = standing.arc.map(|node| u64::from(node.get()) + 1);
        fields.insert("arc".into(), json!(arc));
    }
}

fn promised(
    fields: &mut Fields<String, Value>,
    promise: Promise,
    pickup_at: EngineTime,
    dropoff_at: EngineTime,
) {
    fields.insert("ready_at".into(), format(promise.ready_at()).into());
    let earlier = if planted::is(Bug::PromiseEarlier) { 120 } else { 0 };
    let pickup_by = (promise.pickup_by() - Millis::from_secs(earlier)).max(promise.ready_at());
    fields.insert("pickup_by".into(), format(pickup_by).into());
    fields.insert("dropoff_by".into(), format(promise.dropoff_by()).into());
    fields.insert("direct_s".into(), promise.direct().as_secs_f64().into());
    fields.insert("pickup_at".into(), format(pickup_at).into());
    fields.insert("dropoff_at".into(), format(dropoff_at).into());
}
