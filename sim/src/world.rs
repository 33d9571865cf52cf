//! The simulated world around one dispatcher: every command goes through here, every event comes out as a record.
//!
//! Decides nothing about rides or vehicles. It measures what the dispatcher takes for a request (wall clock, a report
//! only) and how far the vehicles drive.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::{Duration, Instant};

use serde_json::Value;
use sharxi_api::wire::explain;
use sharxi_engine::demand::request::{RideRequest, When};
use sharxi_engine::demand::walk::Ends;
use sharxi_engine::dispatcher::Dispatcher;
use sharxi_engine::dispatcher::command::{Command, CommandError};
use sharxi_engine::dispatcher::event::{Event, EventKind, Standing};
use sharxi_engine::fleet::plan::NextAct;
use sharxi_engine::geo::LatLon;
use sharxi_engine::ids::{RequestId, VehicleId};
use sharxi_engine::units::{EngineTime, Millimeters, Millis};

use crate::clock::LocalClock;
use crate::demand::DemandRow;
use crate::event_log::{Record, RecordKind, Stamp, Stand, Walks, actor_word};
use crate::ground::Ground;
use crate::tracks::Track;

/// A drive from one stop to the next.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Leg {
    /// Who drove.
    pub vehicle: VehicleId,
    /// When it stopped.
    pub arrived: EngineTime,
    /// How far it had driven since it set off.
    pub distance: Millimeters,
    /// People on board, wheelchair users included.
    pub passengers: u32,
    /// Rides on board.
    pub rides: u32,
}

/// A dispatcher with its surroundings, and all that was seen of it.
pub struct World {
    ground: Arc<dyn Ground>,
    dispatcher: Dispatcher,
    clock: LocalClock,
    records: Vec<Record>,
    legs: Vec<Leg>,
    decisions: Vec<Duration>,
    n_refused: u32,
    /// By ride: people on board, which are fewer than it has seats if it has the vehicle for itself.
    passengers: Vec<u32>,
    plans_changed: BTreeSet<VehicleId>,
    /// Shifts that the dispatcher knows and that have not begun.
    announced: BTreeMap<(EngineTime, VehicleId), RecordKind>,
    /// Why, for each answer and each idle move, if wanted.
    reasons: Option<Vec<Value>>,
    /// The course of every drive, if wanted.
    tracks: Option<Vec<Track>>,
}

/// What remains of a world when the study is over.
#[derive(Debug)]
pub struct Outcome {
    /// The event log.
    pub records: Vec<Record>,
    /// Every drive.
    pub legs: Vec<Leg>,
    /// Wall time of each decision about a request.
    pub decisions: Vec<Duration>,
    /// Coverage in thousandths, sampled through the study.
    pub coverage_milli: Vec<u32>,
    /// Explanations, in order of time; empty unless asked for.
    pub reasons: Vec<Value>,
    /// The course of every drive, in order of arrival; empty unless asked for.
    pub tracks: Vec<Track>,
    /// Hash of the dispatcher's last state.
    pub state_hash: u64,
}

impl World {
    /// A world in which nothing has happened.
    #[must_use]
    pub fn new(ground: Arc<dyn Ground>, dispatcher: Dispatcher, clock: LocalClock) -> Self {
        Self {
            ground,
            dispatcher,
            clock,
            records: Vec::new(),
            legs: Vec::new(),
            decisions: Vec::new(),
            n_refused: 0,
            passengers: Vec::new(),
            plans_changed: BTreeSet::new(),
            announced: BTreeMap::new(),
            reasons: None,
            tracks: None,
        }
    }

    /// The same world, which notes as well where each drive led.
    #[must_use]
    pub fn tracking(self) -> Self {
        Self { tracks: Some(Vec::new()), ..self }
    }

    /// The same world, which notes as well why each request was answered as it was and what each idle move is for.
    #[must_use]
    pub fn explaining(self) -> Self {
        Self { reasons: Some(Vec::new()), ..self }
    }

    /// The dispatcher, for reading.
    #[must_use]
    pub fn dispatcher(&self) -> &Dispatcher {
        &self.dispatcher
    }

    /// The land.
    #[must_use]
    pub fn ground(&self) -> &dyn Ground {
        self.ground.as_ref()
    }

    /// Riders who were refused so far.
    #[must_use]
    pub const fn n_refused(&self) -> u32 {
        self.n_refused
    }

    /// Vehicles whose plan has changed since the last call, in order of id.
    pub fn take_plans_changed(&mut self) -> BTreeSet<VehicleId> {
        std::mem::take(&mut self.plans_changed)
    }

    /// Says `command` to the dispatcher and notes what comes of it.
    ///
    /// # Errors
    /// The dispatcher's refusal; then nothing has changed.
    pub fn apply(&mut self, time: EngineTime, command: Command) -> Result<(), CommandError> {
        let (leg, track) = match command {
            Command::Arrive { vehicle, .. } => self.leg_of(vehicle, time).unzip(),
            _ => (None, None),
        };
        let events = self.dispatcher.apply(time, command)?;
        self.legs.extend(leg);
        if let Some(tracks) = &mut self.tracks {
            tracks.extend(track.flatten());
        }
        for event in &events {
            self.note(event);
            self.explain(event);
        }
        Ok(())
    }

    /// Asks the dispatcher for the ride of `row`, whose ends are on the road in `request`, and notes how long it took.
    ///
    /// # Errors
    /// The dispatcher's refusal; then nothing has changed.
    pub fn ask(&mut self, row: &DemandRow, request: RideRequest) -> Result<(), CommandError> {
        let begin = Instant::now();
        let events = self.dispatcher.apply(row.requested_at, Command::RequestRide(request))?;
        self.decisions.push(begin.elapsed());
        self.passengers.push(u32::from(row.party.passengers()));
        self.begin_shifts(row.requested_at);
        self.records.push(Record { at: row.requested_at, kind: requested(row, self.clock) });
        for event in &events {
            self.note(event);
            self.explain(event);
        }
        Ok(())
    }

    /// Notes why, while the state is that right after the event.
    fn explain(&mut self, event: &Event) {
        let Some(reasons) = &mut self.reasons else { return };
        let dispatcher = &self.dispatcher;
        let reason = match event.kind {
            EventKind::Promised { request, .. } | EventKind::Rejected { request, .. } => {
                let reason = dispatcher.explain_ride(request);
                reason.map(|reason| written(&explain::ride(request, &reason, dispatcher)))
            }
            EventKind::Repositioning { vehicle, .. } => {
                dispatcher.explain_move(vehicle).map(|why| {
                    let to = degrees(self.ground.point(why.to));
                    written(&explain::idle_move(vehicle, &why, to, dispatcher))
                })
            }
            _ => None,
        };
        if let Some(mut reason) = reason {
            reason["t"] = self.clock.format_ms(event.at).into();
            reasons.push(reason);
        }
    }

    /// Notes a request that never reaches the dispatcher, and its refusal.
    pub fn refuse(&mut self, row: &DemandRow, reason: String) {
        let at = row.requested_at;
        let request_id = row.name.as_str().to_owned();
        let kind = requested(row, self.clock);
        self.begin_shifts(at);
        self.records.push(Record { at, kind });
        self.records.push(Record { at, kind: RecordKind::Rejected { request_id, reason } });
        self.n_refused += 1;
    }

    /// Ends the study.
    #[must_use]
    pub fn finish(self, coverage_milli: Vec<u32>) -> Outcome {
        Outcome {
            state_hash: self.dispatcher.state_hash(),
            records: self.records,
            legs: self.legs,
            decisions: self.decisions,
            reasons: self.reasons.unwrap_or_default(),
            tracks: self.tracks.unwrap_or_default(),
            coverage_milli,
        }
    }

    fn leg_of(&self, vehicle: VehicleId, arrived: EngineTime) -> Option<(Leg, Option<Track>)> {
        let NextAct::Arrive { path, departed, .. } = self.dispatcher.next_act(vehicle) else {
            return None;
        };
        let on_board = self.dispatcher.on_board(vehicle);
        let party =
            |request: &RequestId| self.passengers.get(request.idx()).copied().unwrap_or_default();
        let leg = Leg {
            vehicle,
            arrived,
            distance: path.distance,
            passengers: on_board.iter().map(party).sum(),
            rides: u32::try_from(on_board.len()).unwrap_or(u32::MAX),
        };
        let track = self.tracks.is_some().then(|| {
            let course = self.ground.course(&path);
            Track::new(vehicle, leg.passengers, (departed, arrived), &course)
        });
        Some((leg, track))
    }

    /// Notes the shifts that have begun by `time`.
    fn begin_shifts(&mut self, time: EngineTime) {
        while let Some(entry) = self.announced.first_entry().filter(|entry| entry.key().0 <= time) {
            let ((at, _), kind) = entry.remove_entry();
            self.records.push(Record { at, kind });
        }
    }

    fn note(&mut self, event: &Event) {
        if let EventKind::ShiftStarted { vehicle, .. } = event.kind
            && let Some(begins) = self.dispatcher.vehicle(vehicle).map(|spec| spec.shift_start)
            && event.at < begins
        {
            let kind = self.record_of(&event.kind);
            self.announced.extend(kind.map(|kind| ((begins, vehicle), kind)));
            return;
        }
        self.begin_shifts(event.at);
        if let EventKind::PlanChanged { vehicle, .. } = event.kind {
            self.plans_changed.insert(vehicle);
        }
        if let EventKind::Rejected { .. } = event.kind {
            self.n_refused += 1;
        }
        if let Some(kind) = self.record_of(&event.kind) {
            self.records.push(Record { at: event.at, kind });
        }
    }

    /// The record of an event; `None` for changed plans, offers (taken at once), and requests (written by [`Self::ask`]
    /// as they stand in the demand).
    fn record_of(&self, kind: &EventKind) -> Option<RecordKind> {
        Some(match *kind {
            EventKind::Offered { .. }
            | EventKind::PlanChanged { .. }
            | EventKind::TrafficChanged { .. }
            | EventKind::Requested { .. } => return None,
            EventKind::Promised { request, vehicle, promise, .. } => RecordKind::Promised {
                request_id: self.ride_name(request),
                vehicle_id: self.vehicle_name(vehicle),
                ready_at: self.stamp(promise.ready_at()),
                pickup_by: self.stamp(promise.pickup_by()),
                dropoff_by: self.stamp(promise.dropoff_by()),
                direct_s: promise.direct().as_secs_f64(),
                walks: self.walks(request),
            },
            EventKind::Rejected { request, reason, .. } => RecordKind::Rejected {
                request_id: self.ride_name(request),
                reason: reason.as_str().to_owned(),
            },
            EventKind::Expired { request } => RecordKind::Rejected {
                request_id: self.ride_name(request),
                reason: "offer_expired".to_owned(),
            },
            EventKind::Reassigned { request, from, to } => RecordKind::Reassigned {
                request_id: self.ride_name(request),
                vehicle_id: self.vehicle_name(to),
                from_vehicle_id: self.vehicle_name(from),
            },
            EventKind::Cancelled { request, by } => {
                RecordKind::Cancelled { request_id: self.ride_name(request), by: actor_word(by) }
            }
            EventKind::Aborted { request } => {
                RecordKind::Cancelled { request_id: self.ride_name(request), by: "no_vehicle" }
            }
            EventKind::NoShow { request, vehicle } => RecordKind::NoShow {
                request_id: self.ride_name(request),
                vehicle_id: self.vehicle_name(vehicle),
            },
            EventKind::Boarded { request, vehicle } => RecordKind::Boarded {
                request_id: self.ride_name(request),
                vehicle_id: self.vehicle_name(vehicle),
            },
            EventKind::Alighted { request, vehicle } => RecordKind::Alighted {
                request_id: self.ride_name(request),
                vehicle_id: self.vehicle_name(vehicle),
            },
            EventKind::ShiftStarted { vehicle, standing } => RecordKind::ShiftStarted {
                vehicle_id: self.vehicle_name(vehicle),
                stand: self.stand(standing),
            },
            EventKind::ShiftEnded { vehicle } => {
                RecordKind::ShiftEnded { vehicle_id: self.vehicle_name(vehicle) }
            }
            EventKind::Departed { vehicle, standing } => RecordKind::Departed {
                vehicle_id: self.vehicle_name(vehicle),
                stand: self.stand(standing),
            },
            EventKind::Arrived { vehicle, standing } => RecordKind::Arrived {
                vehicle_id: self.vehicle_name(vehicle),
                stand: self.stand(standing),
            },
            EventKind::BrokeDown { vehicle, standing } => RecordKind::BrokeDown {
                vehicle_id: self.vehicle_name(vehicle),
                stand: self.stand(standing),
            },
            EventKind::Repositioning { vehicle, to } => {
                let point = self.ground.point(to);
                let to = [point.lat(), point.lon()];
                RecordKind::Repositioning { vehicle_id: self.vehicle_name(vehicle), to }
            }
            EventKind::PromiseAtRisk { request, late } => RecordKind::PromiseAtRisk {
                request_id: self.ride_name(request),
                late_s: late.as_secs_f64(),
            },
            EventKind::PromiseBroken { request, late } => RecordKind::PromiseBroken {
                request_id: self.ride_name(request),
                late_s: late.as_secs_f64(),
            },
        })
    }

    /// Where the rider is met, if they walk.
    fn walks(&self, request: RequestId) -> Option<Walks> {
        let Ends { pickup, dropoff } = self.dispatcher.ride(request)?.ends;
        let walks = Walks {
            pickup: degrees(self.ground.point(pickup.location)),
            dropoff: degrees(self.ground.point(dropoff.location)),
            walk_to_s: pickup.walk.as_secs_f64(),
            walk_from_s: dropoff.walk.as_secs_f64(),
        };
        (pickup.walk + dropoff.walk > Millis::ZERO).then_some(walks)
    }

    fn stand(&self, standing: Standing) -> Stand {
        let point = self.ground.point(standing.location);
        let arc = standing.arc.map(|node| node.get() + 1);
        Stand { lat: point.lat(), lon: point.lon(), arc }
    }

    fn stamp(&self, time: EngineTime) -> Stamp {
        Stamp { time, clock: self.clock }
    }

    fn ride_name(&self, request: RequestId) -> String {
        self.dispatcher
            .ride(request)
            .map_or_else(String::new, |ride| ride.request.name.as_str().to_owned())
    }

    fn vehicle_name(&self, vehicle: VehicleId) -> String {
        self.dispatcher
            .vehicle(vehicle)
            .map_or_else(String::new, |spec| spec.name.as_str().to_owned())
    }
}

fn degrees(point: LatLon) -> [f64; 2] {
    [point.lat(), point.lon()]
}

/// A reason as JSON. Its keys are all text, so there always is one.
fn written(reason: &impl serde::Serialize) -> serde_json::Value {
    serde_json::to_value(reason).unwrap_or_default()
}

fn requested(row: &DemandRow, clock: LocalClock) -> RecordKind {
    let stamp = |time| Some(Stamp { time, clock });
    let (request_kind, target_at) = match row.when {
        When::Now => ("now", None),
        When::DepartAt(time) => ("depart_at", stamp(time)),
        When::ArriveBy(time) => ("arrive_by", stamp(time)),
    };
    RecordKind::Requested {
        request_id: row.name.as_str().to_owned(),
        from: [row.from.lat(), row.from.lon()],
        to: [row.to.lat(), row.to.lon()],
        request_kind,
        target_at,
        passengers: row.party.passengers(),
        wheelchairs: row.party.wheelchairs(),
    }
}
