//! The core's front desk: answers, greetings, snapshots and regular reports, all from the durable state.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Instant;

use sharxi_engine::demand::request::Name;
use sharxi_engine::dispatcher::Dispatcher;
use sharxi_engine::dispatcher::event::{Event, EventKind};
use sharxi_engine::ids::{RequestId, VehicleId};
use sharxi_engine::planning::policy::Policy;
use sharxi_engine::region::Fix;
use sharxi_engine::units::EngineTime;
use tokio_tungstenite::tungstenite::Utf8Bytes;

use crate::access;
use crate::executor::{Executor, Numbered};
use crate::feeds::live::{Live, LiveVehicle, Public, load};
use crate::inputs::AnswerTo;
use crate::intent::Caller;
use crate::journal::record::EndedRide;
use crate::journal::{Journal, JournalError};
use crate::kpi::{Kpi, first_wait};
use crate::limits::{BEAT, ENDED_RIDES_SHOWN_MAX};
use crate::map::Map;
use crate::publish::{ClientId, KeptEvent, Publisher, Told, word_events};
use crate::quotes::{Quotes, Wondered};
use crate::tracker::{Place, Tracker};
use crate::wire;
use crate::wire::event::degrees;
use crate::wire::message::Role;
use crate::wire::notices::{Gap, Positions, Ready, Standing};
use crate::wire::status::{self, Figures, RideEntry, Snapshot, to_text};
use crate::wire::welcome::{RegionInfo, region_info, welcome};
use crate::wire::words::{GapWord, PositionsWord, SnapshotWord};

/// What can be asked over HTTP.
#[derive(Clone, Debug)]
pub enum Question {
    /// One ride, as far as the caller may see it; without one, whoever asks may.
    Ride(Name, Option<Caller>),
    /// Why a ride has its vehicle, or none.
    WhyRide(Name),
    /// What the move of an idle vehicle is for.
    WhyMove(Name),
    /// All vehicles.
    Vehicles,
    /// One vehicle.
    Vehicle(Name),
    /// The live figures.
    Kpi,
    /// What a request would be told.
    Quote(Wondered),
    /// What the public may see; no vehicle nearer to a rider's stop than this many metres.
    Public {
        /// See [`Public::is_near_stop`].
        near_m: f64,
    },
    /// Where the journal stands.
    Standing,
    /// What traffic is changed.
    Traffic,
}

/// Everything that only tells and never decides.
pub struct Desk {
    /// The clients.
    pub publisher: Publisher,
    map: Arc<dyn Map>,
    region: RegionInfo,
    kpi: Kpi,
    tracker: Tracker,
    public: Public,
    coverage: Option<(Instant, f64)>,
    quotes: Quotes,
}

impl Desk {
    /// A desk that has not told anybody anything.
    #[must_use]
    pub fn new(map: Arc<dyn Map>) -> Self {
        Self {
            publisher: Publisher::default(),
            region: region_info(map.as_ref(), false),
            public: Public::new(map.as_ref()),
            map,
            kpi: Kpi::default(),
            tracker: Tracker::default(),
            coverage: None,
            quotes: Quotes::default(),
        }
    }

    /// A desk that has told and counted this much.
    #[must_use]
    pub fn go_on(map: Arc<dyn Map>, kpi: Kpi, events: Vec<KeptEvent>) -> Self {
        Self { kpi, publisher: Publisher::keeping(events), ..Self::new(map) }
    }

    /// What has been counted.
    #[must_use]
    pub const fn kpi(&self) -> &Kpi {
        &self.kpi
    }

    /// Gives an answer to whoever waits for it.
    pub fn answer(&mut self, to: AnswerTo, reply: String) {
        match to {
            AnswerTo::Client(client) => self.publisher.tell(client, reply.into()),
            // Who no longer waits needs no answer.
            AnswerTo::Once(sender) => drop(sender.send(reply)),
        }
    }

    /// Counts events and puts them into words, while the state is that right after them. Nobody hears of them yet:
    /// that is for [`Publisher::publish`], once they are durable.
    #[must_use]
    pub fn note(&mut self, events: &[Numbered], executor: &Executor) -> Vec<Told> {
        for event in events.iter().filter_map(|(_, happening)| happening.event()) {
            self.kpi.fold(event, executor.dispatcher());
            self.public.note(event, executor.dispatcher());
            self.count_wait(event, executor);
        }
        word_events(events, executor.names())
    }

    /// Tells the plans of these vehicles.
    pub fn plans(&mut self, of: &BTreeSet<VehicleId>, executor: &Executor, now: EngineTime) {
        for &vehicle in of {
            self.tracker.replan(vehicle);
            let names = executor.names();
            let name = names.vehicle(vehicle);
            if self.publisher.wants_plan(name) {
                let text = to_text(&status::plan(vehicle, now, names));
                self.publisher.tell_plan(name, &text.into());
            }
        }
    }

    /// A vehicle says where it is.
    pub fn position(&mut self, executor: &Executor, vehicle: &Name, fix: Fix) {
        if let Some(id) = executor.dispatcher().find_vehicle(vehicle) {
            self.tracker.report(id, fix, executor.dispatcher().oracle().region());
        }
    }

    /// Welcomes a client and tells it how things stand, or what it has missed.
    ///
    /// # Errors
    /// [`JournalError`] if rides that have ended can't be read.
    pub fn greet(
        &mut self,
        client: ClientId,
        caller: &Caller,
        resume: Option<u64>,
        speed: f64,
        (executor, journal): (&Executor, &dyn Journal),
        now: EngineTime,
    ) -> Result<(), JournalError> {
        let seq = executor.event_seq();
        let policy: &Policy = executor.dispatcher().policy();
        let text = welcome(now, speed, seq, &self.region, policy);
        self.publisher.tell(client, text.into());
        if let Some(seen) = resume {
            if let Some(events) = self.publisher.missed(caller, seen, seq) {
                for text in events {
                    self.publisher.tell(client, text);
                }
                self.own_plan(client, caller, executor, now);
                return Ok(());
            }
            let gap = Gap { r#type: GapWord::It, seq };
            self.publisher.tell(client, to_text(&gap).into());
        }
        // Only riders are shown what has ended.
        let ended = match caller.role {
            Role::Rider => journal.ended_of(caller, ENDED_RIDES_SHOWN_MAX)?,
            Role::Vehicle | Role::Operator | Role::Dispatcher | Role::Analyst => Vec::new(),
        };
        let text = self.snapshot(caller, &ended, executor, now);
        self.publisher.tell(client, text.into());
        self.own_plan(client, caller, executor, now);
        Ok(())
    }

    /// A vehicle that connects gets its plan as a message of its own as well.
    fn own_plan(
        &mut self,
        client: ClientId,
        caller: &Caller,
        executor: &Executor,
        now: EngineTime,
    ) {
        if let Some(vehicle) = own_vehicle(caller, executor) {
            let text = to_text(&status::plan(vehicle, now, executor.names()));
            self.publisher.tell(client, text.into());
        }
    }

    fn snapshot(
        &mut self,
        caller: &Caller,
        ended: &[EndedRide],
        executor: &Executor,
        now: EngineTime,
    ) -> String {
        let (rides, vehicles): (Vec<RequestId>, _) = match caller.role {
            Role::Operator | Role::Dispatcher => {
                (executor.ledger().open().collect(), present(executor))
            }
            Role::Analyst => (Vec::new(), Vec::new()),
            Role::Rider => {
                (executor.ledger().open_of(&caller.name).into_iter().collect(), Vec::new())
            }
            Role::Vehicle => {
                let own = own_vehicle(caller, executor);
                let carried = |vehicle| {
                    let of_own = |&ride: &_| executor.ledger().vehicle(ride) == Some(vehicle);
                    executor.ledger().open().filter(of_own).collect()
                };
                (own.map(carried).unwrap_or_default(), own.into_iter().collect())
            }
        };
        let kpi = caller.role.sees_all().then(|| self.figures(executor, now));
        let names = executor.names();
        let snapshot = Snapshot {
            r#type: SnapshotWord::It,
            seq: executor.event_seq(),
            t: now.into(),
            rides: (ended.iter().filter_map(|ride| RideEntry::ended(&ride.info)))
                .chain(
                    rides
                        .into_iter()
                        .filter_map(|id| Some(RideEntry::Open(Box::new(status::ride(id, names)?)))),
                )
                .collect(),
            vehicles: vehicles
                .into_iter()
                .filter_map(|id| status::vehicle(id, self.locate(id, executor, now)?, now, names))
                .collect(),
            kpi,
        };
        to_text(&snapshot)
    }

    /// Answers a question; `None` if there is no such thing.
    pub fn tell(
        &mut self,
        question: &Question,
        executor: &Executor,
        now: EngineTime,
    ) -> Option<String> {
        let names = executor.names();
        let dispatcher = executor.dispatcher();
        match question {
            Question::Ride(name, caller) => {
                let ride = dispatcher.find_ride(name)?;
                if let Some(caller) = caller {
                    let (owner, vehicle) =
                        (names.ledger.asked_by(ride), names.ledger.vehicle(ride));
                    let vehicle = vehicle.map(|vehicle| names.vehicle(vehicle));
                    // What one may not see is not there.
                    access::may_see_ride(caller, owner, vehicle).then_some(())?;
                }
                status::ride(ride, names).map(|ride| to_text(&ride))
            }
            Question::WhyRide(name) => {
                let ride = dispatcher.find_ride(name)?;
                let reason = dispatcher.explain_ride(ride)?;
                Some(to_text(&wire::explain::ride(ride, &reason, dispatcher)))
            }
            Question::WhyMove(name) => {
                let id = dispatcher.find_vehicle(name)?;
                let why = dispatcher.explain_move(id)?;
                let to = names.point(why.to);
                Some(to_text(&wire::explain::idle_move(id, &why, to, dispatcher)))
            }
            Question::Vehicle(name) => {
                let id = dispatcher.find_vehicle(name)?;
                let at = self.locate(id, executor, now)?;
                status::vehicle(id, at, now, names).map(|vehicle| to_text(&vehicle))
            }
            Question::Vehicles => {
                let located = present(executor).into_iter().filter_map(|id| {
                    status::vehicle(id, self.locate(id, executor, now)?, now, names)
                });
                Some(to_text(&located.collect::<Vec<_>>()))
            }
            Question::Kpi => Some(to_text(&self.figures(executor, now))),
            Question::Quote(ride) => {
                self.quotes.make(ride, executor, now).map(|quote| to_text(&quote))
            }
            Question::Public { near_m } => Some(to_text(&self.live(*near_m, executor, now))),
            Question::Traffic => {
                let oracle = dispatcher.oracle();
                Some(wire::traffic::traffic(oracle.traffic_version(), &oracle.changed_ways()))
            }
            Question::Standing => {
                let hash = format!("{:016x}", dispatcher.state_hash());
                let (records, seq) = (executor.record_seq(), executor.event_seq());
                let standing = Standing { seq, records, state_hash: &hash, now: now.into() };
                Some(to_text(&Ready { ready: true, standing: Some(standing) }))
            }
        }
    }

    /// What operators get once a second.
    pub fn beat(&mut self, executor: &Executor, now: EngineTime) {
        self.public.sample(executor.dispatcher(), now);
        if !self.publisher.has_operators() {
            return;
        }
        if self.publisher.wants_positions() {
            let text = self.positions(executor, now);
            self.publisher.tell_positions(&Utf8Bytes::from(text));
        }
        let text = to_text(&self.figures(executor, now));
        self.publisher.tell_operators(&Utf8Bytes::from(text));
    }

    fn positions(&mut self, executor: &Executor, now: EngineTime) -> String {
        let names = executor.names();
        let mut vehicles = Vec::new();
        for id in present(executor) {
            if let Some(place) = self.locate(id, executor, now) {
                let [lat, lon] = degrees(place.point);
                vehicles.push((
                    names.vehicle(id),
                    lat,
                    lon,
                    people(executor.dispatcher(), id),
                    place.source.word(),
                ));
            }
        }
        to_text(&Positions { r#type: PositionsWord::It, t: now.into(), vehicles })
    }

    /// The wait of a rider who has boarded goes into the book of its cell.
    fn count_wait(&mut self, event: &Event, executor: &Executor) {
        let EventKind::Boarded { request, .. } = event.kind else { return };
        let ride = executor.dispatcher().ride(request);
        let rider = executor.ledger().asked_by(request);
        let wait = ride.and_then(|ride| first_wait(ride, event.at));
        if let (Some(ride), Some(rider), Some(wait)) = (ride, rider, wait) {
            let cell = self.public.grid.cell(self.map.point(ride.request.from));
            self.kpi.waits_by_cell.count(cell, rider, wait);
        }
    }

    /// What the public may see.
    fn live(&mut self, near_m: f64, executor: &Executor, now: EngineTime) -> Live {
        let dispatcher = executor.dispatcher();
        let mut vehicles = Vec::new();
        for id in present(executor).into_iter().filter(|&id| dispatcher.in_service(id)) {
            let Some(spec) = dispatcher.vehicle(id) else { continue };
            let place = self.locate(id, executor, now).filter(|place| {
                let map = self.map.as_ref();
                !self.public.is_near_stop(id, place.point, near_m, dispatcher, map)
            });
            let places = u32::from(spec.seats) + u32::from(spec.wheelchairs);
            vehicles.push(LiveVehicle {
                id: spec.name.as_str().to_owned(),
                kind: spec.kind.as_str().to_owned(),
                seats: spec.seats,
                wheelchairs: spec.wheelchairs,
                place: place.map(|place| degrees(place.point)),
                bearing_deg: place.and_then(|place| place.bearing_deg),
                load: load(people(dispatcher, id), places),
            });
        }
        vehicles.sort_by(|a, b| a.id.cmp(&b.id));
        let policy = dispatcher.policy();
        Live {
            now_ms: now.unix_ms(),
            vehicles,
            coverage: self.figures(executor, now).coverage_15min,
            max_wait_s: policy.max_wait.as_secs_f64(),
            ride_alpha: f64::from(policy.ride_alpha_milli) / 1000.0,
            ride_beta_s: policy.ride_beta.as_secs_f64(),
            waits: self.kpi.waits_by_cell.published().collect(),
            covered: self.public.covered(),
        }
    }

    fn figures(&mut self, executor: &Executor, now: EngineTime) -> Figures {
        let dispatcher = executor.dispatcher();
        if !dispatcher.policy().coverage {
            return self.kpi.figures(dispatcher, executor.ledger(), None, now);
        }
        let fresh = self.coverage.filter(|(computed, _)| computed.elapsed() < BEAT / 2);
        let share = fresh.map_or_else(|| dispatcher.coverage().share, |(_, share)| share);
        if fresh.is_none() {
            self.coverage = Some((Instant::now(), share));
        }
        self.kpi.figures(dispatcher, executor.ledger(), Some(share), now)
    }

    fn locate(
        &mut self,
        vehicle: VehicleId,
        executor: &Executor,
        now: EngineTime,
    ) -> Option<Place> {
        let dispatcher = executor.dispatcher();
        self.tracker.locate(vehicle, now, dispatcher, self.map.as_ref())
    }
}

/// How many people are on board.
fn people(dispatcher: &Dispatcher, vehicle: VehicleId) -> u32 {
    let rides = dispatcher.on_board(vehicle).into_iter().filter_map(|id| dispatcher.ride(id));
    rides.map(|ride| u32::from(ride.request.party.passengers())).sum()
}

fn own_vehicle(caller: &Caller, executor: &Executor) -> Option<VehicleId> {
    let name = Name::new(caller.name.as_str()).ok().filter(|_| caller.role == Role::Vehicle)?;
    executor.dispatcher().find_vehicle(&name)
}

/// Vehicles whose shift has not ended, in order of id.
fn present(executor: &Executor) -> Vec<VehicleId> {
    let n_vehicles = u32::try_from(executor.dispatcher().n_vehicles()).unwrap_or(u32::MAX);
    let ids = (0..n_vehicles).map(VehicleId::new);
    ids.filter(|&id| !executor.ledger().has_left(id)).collect()
}
