//! Events as messages, with the outside's names.

use sharxi_engine::demand::promise::Promise;
use sharxi_engine::demand::request::When;
use sharxi_engine::demand::ride::Actor;
use sharxi_engine::demand::walk::Ends;
use sharxi_engine::dispatcher::Dispatcher;
use sharxi_engine::dispatcher::event::{Event, EventKind, RejectReason, Standing};
use sharxi_engine::fleet::vehicle::Fittings;
use sharxi_engine::geo::LatLon;
use sharxi_engine::ids::{RequestId, VehicleId};
use sharxi_engine::oracle::Location;
use sharxi_engine::units::{EngineTime, Millis};

use super::message::Kind;
use super::ride_status::RideStatus;
use super::status::to_text;
use super::told::{
    By, CancelReason, Cancelled, Carried, Ended, EventFields, EventMessage, Late, NextPossible,
    OfVehicle, Offer, OkMessage, OkResult, Promised, Reassigned, RejectWord, Rejected,
    Repositioning, Requested, ShiftStarted, Stands, TrafficTaken, TrafficVersion, Walks,
};
use super::words::{EventWord, OkWord};
use crate::ledger::Ledger;
use crate::map::Map;
use crate::planted::{self, Bug};
use crate::stages::StageChange;

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
    let fields = names.fields(&event.kind)?;
    Some(to_text(&EventMessage { r#type: EventWord::It, seq, t: event.at.into(), fields }))
}

/// The message for event number `seq`, by which a ride has come nearer.
#[must_use]
pub fn encode_stage(seq: u64, at: EngineTime, change: &StageChange, names: Names<'_>) -> String {
    let fields = EventFields::RideStatus(Carried {
        request_id: names.ride(change.request),
        vehicle_id: names.vehicle(change.vehicle),
        status: change.status,
    });
    to_text(&EventMessage { r#type: EventWord::It, seq, t: at.into(), fields })
}

/// The `ok` message; `result` is the event that answers a request, if it was one.
#[must_use]
pub fn encode_ok(id: &str, seq: u64, result: Option<&EventKind>, names: Names<'_>) -> String {
    let result = result.and_then(|kind| names.fields(kind)).and_then(|fields| match fields {
        EventFields::Offered(offer) => Some(OkResult::Offered(offer)),
        EventFields::Promised(promised) => Some(OkResult::Promised(promised)),
        EventFields::Rejected(rejected) => Some(OkResult::Rejected(rejected)),
        EventFields::TrafficChanged(TrafficVersion { version }) => {
            Some(OkResult::TrafficChanged(TrafficTaken {
                version,
                rows: None,
                unknown_ways: None,
                unknown_way_ids: None,
            }))
        }
        _ => None,
    });
    to_text(&OkMessage { r#type: OkWord::It, id, seq, result })
}

/// Degrees of a point, as short as they can be written.
#[must_use]
pub fn degrees(point: LatLon) -> [f64; 2] {
    [f64::from(point.lat_e7()) / 1e7, f64::from(point.lon_e7()) / 1e7]
}

impl<'a> Names<'a> {
    /// The outside's name of a ride.
    #[must_use]
    pub fn ride(self, request: RequestId) -> &'a str {
        self.dispatcher.ride(request).map_or("", |ride| ride.request.name.as_str())
    }

    /// The outside's name of a vehicle.
    #[must_use]
    pub fn vehicle(self, vehicle: VehicleId) -> &'a str {
        self.dispatcher.vehicle(vehicle).map_or("", |spec| spec.name.as_str())
    }

    /// Degrees of a location.
    #[must_use]
    pub fn point(self, location: Location) -> [f64; 2] {
        degrees(self.map.point(location))
    }

    fn fields(self, kind: &EventKind) -> Option<EventFields<'a>> {
        let status = RideStatus::after(kind);
        let carried = |request, vehicle| self.carried(request, vehicle, status);
        Some(match kind {
            EventKind::Requested { request } => EventFields::Requested(self.requested(*request)?),
            EventKind::Offered { request, vehicle, promise, pickup_at, dropoff_at, expires_at } => {
                let looks = (*pickup_at, *dropoff_at, self.walks(*request));
                let promised = self.promised(carried(*request, *vehicle)?, *promise, looks);
                EventFields::Offered(Offer { promised, expires_at: (*expires_at).into() })
            }
            EventKind::Promised { request, vehicle, promise, pickup_at, dropoff_at } => {
                let looks = (*pickup_at, *dropoff_at, self.walks(*request));
                EventFields::Promised(self.promised(carried(*request, *vehicle)?, *promise, looks))
            }
            EventKind::Rejected { request, reason, alternative } => {
                let other = alternative.as_ref();
                EventFields::Rejected(Rejected {
                    request_id: self.ride(*request),
                    status: status?,
                    reason: reject_word(*reason),
                    next_possible_at: other.map(|other| other.depart_at.into()),
                    alternative: other.map(|other| NextPossible {
                        depart_at: other.depart_at.into(),
                        pickup_at: other.pickup_at.into(),
                    }),
                })
            }
            EventKind::TrafficChanged { version } => {
                EventFields::TrafficChanged(TrafficVersion { version: *version })
            }
            EventKind::Expired { request } => EventFields::Expired(self.ended(*request, status)?),
            EventKind::Aborted { request } => EventFields::Aborted(self.ended(*request, status)?),
            EventKind::Cancelled { request, by } => EventFields::Cancelled(Cancelled {
                ended: self.ended(*request, status)?,
                by: match by {
                    Actor::Rider => By::Rider,
                    Actor::Operator => By::Operator,
                },
                reason: self.cancel_reason(*request),
            }),
            EventKind::Reassigned { request, from, to } => EventFields::Reassigned(Reassigned {
                request_id: self.ride(*request),
                vehicle_id: self.vehicle(*to),
                from_vehicle_id: self.vehicle(*from),
            }),
            EventKind::NoShow { request, vehicle } => {
                EventFields::NoShow(carried(*request, *vehicle)?)
            }
            EventKind::Boarded { request, vehicle } => {
                EventFields::Boarded(carried(*request, *vehicle)?)
            }
            EventKind::Alighted { request, vehicle } => {
                EventFields::Alighted(carried(*request, *vehicle)?)
            }
            EventKind::ShiftStarted { vehicle, standing } => {
                let spec = self.dispatcher.vehicle(*vehicle)?;
                let Fittings { fold, child_seats, luggage } = spec.fittings;
                EventFields::ShiftStarted(ShiftStarted {
                    stands: self.stands(*vehicle, *standing),
                    vehicle_type: spec.kind.as_str(),
                    seats: spec.seats,
                    wheelchairs: spec.wheelchairs,
                    folding_seats: fold,
                    child_seats,
                    luggage,
                })
            }
            EventKind::Departed { vehicle, standing } => {
                EventFields::Departed(self.stands(*vehicle, *standing))
            }
            EventKind::Arrived { vehicle, standing } => {
                EventFields::Arrived(self.stands(*vehicle, *standing))
            }
            EventKind::BrokeDown { vehicle, standing } => {
                EventFields::BrokeDown(self.stands(*vehicle, *standing))
            }
            EventKind::ShiftEnded { vehicle } => {
                EventFields::ShiftEnded(OfVehicle { vehicle_id: self.vehicle(*vehicle) })
            }
            EventKind::PlanChanged { .. } => return None,
            EventKind::Repositioning { vehicle, to } => EventFields::Repositioning(Repositioning {
                vehicle_id: self.vehicle(*vehicle),
                to: self.point(*to),
            }),
            EventKind::PromiseAtRisk { request, late } => {
                EventFields::PromiseAtRisk(self.late(*request, late.as_secs_f64()))
            }
            EventKind::PromiseBroken { request, late } => {
                EventFields::PromiseBroken(self.late(*request, late.as_secs_f64()))
            }
        })
    }

    fn requested(self, request: RequestId) -> Option<Requested<'a>> {
        let asked = &self.dispatcher.ride(request)?.request;
        let (request_kind, target_at) = match asked.when {
            When::Now => (Kind::Now, None),
            When::DepartAt(at) => (Kind::DepartAt, Some(at)),
            When::ArriveBy(at) => (Kind::ArriveBy, Some(at)),
        };
        Some(Requested {
            request_id: asked.name.as_str(),
            status: RideStatus::Searching,
            from: self.point(asked.from),
            to: self.point(asked.to),
            request_kind,
            target_at: target_at.map(Into::into),
            passengers: asked.party.passengers(),
            wheelchairs: asked.party.wheelchairs(),
            child_seats: asked.party.child_seats(),
            luggage: asked.party.luggage(),
        })
    }

    /// Where the vehicle stops, if the rider walks at either end, and how long they walk.
    fn walks(self, request: RequestId) -> Option<Walks> {
        let ends = self.dispatcher.ride(request).map(|ride| ride.ends);
        let Ends { pickup, dropoff } = ends.filter(|ends| ends.walk() > Millis::ZERO)?;
        Some(Walks {
            pickup: self.point(pickup.location),
            dropoff: self.point(dropoff.location),
            walk_to_s: pickup.walk.as_secs_f64(),
            walk_from_s: dropoff.walk.as_secs_f64(),
        })
    }

    fn carried(
        self,
        request: RequestId,
        vehicle: VehicleId,
        status: Option<RideStatus>,
    ) -> Option<Carried<'a>> {
        let (request_id, vehicle_id) = (self.ride(request), self.vehicle(vehicle));
        Some(Carried { request_id, vehicle_id, status: status? })
    }

    fn promised(
        self,
        Carried { request_id, vehicle_id, status }: Carried<'a>,
        promise: Promise,
        (pickup_at, dropoff_at, walks): (EngineTime, EngineTime, Option<Walks>),
    ) -> Promised<'a> {
        let earlier = Millis::from_secs(if planted::is(Bug::PromiseEarlier) { 120 } else { 0 });
        Promised {
            request_id,
            vehicle_id,
            status,
            ready_at: promise.ready_at().into(),
            pickup_by: (promise.pickup_by() - earlier).max(promise.ready_at()).into(),
            dropoff_by: promise.dropoff_by().into(),
            direct_s: promise.direct().as_secs_f64(),
            pickup_at: pickup_at.into(),
            dropoff_at: dropoff_at.into(),
            walks,
        }
    }

    fn ended(self, request: RequestId, status: Option<RideStatus>) -> Option<Ended<'a>> {
        let vehicle_id = self.carrier(request);
        Some(Ended { request_id: self.ride(request), status: status?, vehicle_id })
    }

    fn late(self, request: RequestId, late_s: f64) -> Late<'a> {
        Late { request_id: self.ride(request), vehicle_id: self.carrier(request), late_s }
    }

    /// The vehicle that carries or was to carry the ride.
    fn carrier(self, request: RequestId) -> Option<&'a str> {
        self.ledger.vehicle(request).map(|vehicle| self.vehicle(vehicle))
    }

    fn cancel_reason(self, request: RequestId) -> CancelReason {
        match self.dispatcher.ride(request) {
            Some(ride) if ride.broken => CancelReason::PromiseBroken,
            Some(ride) if ride.warned => CancelReason::PromiseAtRisk,
            _ => CancelReason::CalledOff,
        }
    }

    fn stands(self, vehicle: VehicleId, standing: Standing) -> Stands<'a> {
        let [lat, lon] = self.point(standing.location);
        // Node ids of the exported graph begin at 1.
        let arc = standing.arc.map(|node| u64::from(node.get()) + 1);
        Stands { vehicle_id: self.vehicle(vehicle), lat, lon, arc }
    }
}

pub(super) const fn reject_word(reason: RejectReason) -> RejectWord {
    match reason {
        RejectReason::NoVehicleOnShift => RejectWord::NoVehicleOnShift,
        RejectReason::NoVehicleFits => RejectWord::NoVehicleFits,
        RejectReason::NoVehicleInTime => RejectWord::NoVehicleInTime,
        RejectReason::NoWay => RejectWord::NoWay,
        RejectReason::SamePlace => RejectWord::SamePlace,
        RejectReason::TimeOutOfRange => RejectWord::TimeOutOfRange,
    }
}
