//! From intents to engine commands and their records: names become ids, repeats are recognised, rights are checked.
//!
//! Nothing in here leaves the process: the core loop writes the records first and publishes afterwards.

use std::sync::Arc;

use sharxi_engine::demand::request::{Name, RideRequest};
use sharxi_engine::demand::ride::Actor;
use sharxi_engine::demand::walk::{self, Stop};
use sharxi_engine::dispatcher::command::Command;
use sharxi_engine::dispatcher::event::{Event, EventKind};
use sharxi_engine::dispatcher::{Dispatcher, Improvement};
use sharxi_engine::ids::{RequestId, VehicleId};
use sharxi_engine::region::TrafficChange;
use sharxi_engine::units::{EngineTime, Millis};

use crate::access;
use crate::dedupe::{Dedupe, Known};
use crate::intent::{Asked, Caller, Fact, Intent};
use crate::journal::record::{EndedRide, Origin, Outcome, Record, digest_events, encode_command};
use crate::journal::{Journal, JournalError};
use crate::ledger::Ledger;
use crate::map::Map;
use crate::planted::{self, Bug};
use crate::stages::{StageChange, Stages};
use crate::wire::error::{Code, WireError};
use crate::wire::event::{Names, encode_ok, word};
use crate::wire::message::Role;
use crate::wire::status::{self, to_text};

/// Something to be told, and its number; kinds that are not numbered have none.
pub type Numbered = (Option<u64>, Happening);

/// Something to be told.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Happening {
    /// What the dispatcher said.
    Event(Event),
    /// What follows from it: a ride has come nearer to its vehicle, at this time.
    Stage(EngineTime, StageChange),
}

impl Happening {
    /// What the dispatcher said, if it is that.
    #[must_use]
    pub const fn event(&self) -> Option<&Event> {
        match self {
            Self::Event(event) => Some(event),
            Self::Stage(..) => None,
        }
    }
}

/// What came of one command.
#[derive(Default)]
pub struct Executed {
    /// The answer.
    pub reply: String,
    /// In order.
    pub events: Vec<Numbered>,
    /// The vehicle that reported, which is owed its next plan.
    pub reporter: Option<VehicleId>,
    /// To be written before anything is said; `None` if there was no effect to remember.
    pub record: Option<Record>,
    /// To be written with it: rides that have ended.
    pub ended: Vec<EndedRide>,
}

/// Who sends which command, when.
#[derive(Clone, Copy)]
pub struct Sent<'a> {
    /// The time of the command.
    pub at: EngineTime,
    /// Who.
    pub caller: &'a Caller,
    /// Under which id.
    pub id: &'a str,
    /// Of the message.
    pub body_digest: u64,
}

/// The dispatcher and everything that grows with it.
pub struct Executor {
    dispatcher: Dispatcher,
    map: Arc<dyn Map>,
    ledger: Ledger,
    dedupe: Dedupe,
    stages: Stages,
    /// What the hour of the week says, as applied last.
    hours: Vec<TrafficChange>,
    event_seq: u64,
    record_seq: u64,
    takes_rides: bool,
}

impl Executor {
    /// Around a fresh dispatcher.
    #[must_use]
    pub fn new(dispatcher: Dispatcher, map: Arc<dyn Map>) -> Self {
        let (ledger, dedupe) = (Ledger::default(), Dedupe::default());
        let stages = Stages::of(&dispatcher);
        let hours = Vec::new();
        Self {
            dispatcher,
            map,
            ledger,
            dedupe,
            stages,
            hours,
            event_seq: 0,
            record_seq: 0,
            takes_rides: true,
        }
    }

    /// From now on new rides are taken, or refused with `storage_full`; what is under way goes on.
    pub const fn take_rides(&mut self, has_room: bool) {
        self.takes_rides = has_room;
    }

    /// Whether new rides are taken.
    #[must_use]
    pub const fn takes_rides(&self) -> bool {
        self.takes_rides
    }

    /// Around a dispatcher that has come this far: who asked for what, what the hour said last, and the numbers of the last
    /// record and event.
    #[must_use]
    pub fn go_on(
        dispatcher: Dispatcher,
        map: Arc<dyn Map>,
        (ledger, hours): (Ledger, Vec<TrafficChange>),
        (record_seq, event_seq): (u64, u64),
    ) -> Self {
        Self { ledger, hours, event_seq, record_seq, ..Self::new(dispatcher, map) }
    }

    /// The dispatcher, to look at.
    #[must_use]
    pub const fn dispatcher(&self) -> &Dispatcher {
        &self.dispatcher
    }

    /// Who asked for what.
    #[must_use]
    pub const fn ledger(&self) -> &Ledger {
        &self.ledger
    }

    /// The number of the last event.
    #[must_use]
    pub const fn event_seq(&self) -> u64 {
        self.event_seq
    }

    /// The number of the last record.
    #[must_use]
    pub const fn record_seq(&self) -> u64 {
        self.record_seq
    }

    /// Names for ids.
    #[must_use]
    pub fn names(&self) -> Names<'_> {
        Names { dispatcher: &self.dispatcher, map: self.map.as_ref(), ledger: &self.ledger }
    }

    /// Carries out one command of a client; `past` knows the rides that the dispatcher has forgotten.
    ///
    /// # Errors
    /// [`JournalError::Encode`], a bug, or what `past` says.
    pub fn execute(
        &mut self,
        sent: Sent<'_>,
        intent: Intent,
        past: &dyn Journal,
    ) -> Result<Executed, JournalError> {
        let unrecorded = |reply: String| Ok(Executed { reply, ..Executed::default() });
        match self.dedupe.look_up(sent.caller, sent.id, sent.body_digest) {
            Known::No => {}
            Known::Repeat(reply) => return unrecorded(reply.as_ref().to_owned()),
            Known::Reused => {
                let message = "this id was used for another command";
                return unrecorded(WireError::new(Code::IdReused, message).encode(Some(sent.id)));
            }
        }
        let owner = |name: &Name| {
            self.dispatcher.find_ride(name).and_then(|ride| self.ledger.asked_by(ride))
        };
        if let Err(error) = access::authorise(sent.caller, &intent, owner) {
            return unrecorded(error.encode(Some(sent.id)));
        }
        if intent.is_request() && !self.takes_rides {
            let message = "there is no room to keep a new ride; those that were accepted go on";
            return unrecorded(WireError::new(Code::StorageFull, message).encode(Some(sent.id)));
        }
        let reports = matches!(intent, Intent::Report { .. } | Intent::StartShift { .. });
        let reporter = intent.vehicle().filter(|_| reports).cloned();
        let decided = match self.is_past(sent.caller, &intent, past)? {
            Some(error) => Err(error),
            None => self.command(sent, intent).and_then(|command| {
                let bytes = encode_command(&command);
                let events = self.dispatcher.apply(sent.at, command)?;
                Ok((bytes, events))
            }),
        };
        let (reply, outcome, events) = match decided {
            Ok((bytes, events)) => {
                let outcome =
                    Outcome::Applied { command: bytes?, events_digest: digest_events(&events)? };
                let events = self.take_in(Some(sent.caller), events);
                (self.encode_ok(sent.id, &events), outcome, events)
            }
            Err(error) => (error.encode(Some(sent.id)), Outcome::Refused, Vec::new()),
        };
        self.dedupe.remember(sent.caller, sent.id, sent.body_digest, &reply);
        let origin = Origin {
            caller: sent.caller.clone(),
            command_id: sent.id.to_owned(),
            body_digest: sent.body_digest,
            reply: reply.clone(),
        };
        let record = Some(self.record(sent.at, Some(origin), outcome));
        let ended = self.ended(sent.at, &events);
        let reporter = reporter.and_then(|name| self.dispatcher.find_vehicle(&name));
        Ok(Executed { reply, events, reporter, record, ended })
    }

    /// Why a command can't be carried out on a ride that ended long ago, or under its name.
    fn is_past(
        &self,
        caller: &Caller,
        intent: &Intent,
        past: &dyn Journal,
    ) -> Result<Option<WireError>, JournalError> {
        let (name, is_new) = match (intent, intent.ride()) {
            (Intent::RequestRide(asked), _) => (&asked.request.name, true),
            (_, Some(name)) => (name, false),
            _ => return Ok(None),
        };
        if self.dispatcher.find_ride(name).is_some() {
            return Ok(None);
        }
        let Some(ended) = past.ended(name.as_str())? else { return Ok(None) };
        let is_own = caller.role.sees_all() || ended.asked_by == *caller;
        Ok(match (is_new, is_own) {
            (true, _) => Some(WireError::new(Code::NameTaken, "request_id: the name is taken")),
            (false, true) => Some(WireError::new(Code::NotNow, "the ride has ended")),
            (false, false) => None,
        })
    }

    /// The rides that have ended by the last command, as they are told from now on.
    fn ended(&self, at: EngineTime, events: &[Numbered]) -> Vec<EndedRide> {
        let ended = events.iter().filter_map(|(_, happening)| happening.event()?.kind.ends());
        let row = |request| {
            Some(EndedRide {
                name: self.names().ride(request).to_owned(),
                asked_by: self.ledger.asked_by(request)?.clone(),
                seq: self.record_seq,
                at,
                info: to_text(&status::ride(request, self.names())?),
            })
        };
        ended.filter_map(row).collect()
    }

    /// Lets time pass.
    ///
    /// # Errors
    /// [`JournalError::Encode`], a bug.
    pub fn tick(&mut self, at: EngineTime) -> Result<Executed, JournalError> {
        self.own(at, Command::Tick)
    }

    /// Takes better plans over that [`Dispatcher::improvement_at`] has found for this very time.
    ///
    /// # Errors
    /// [`JournalError::Encode`], a bug.
    pub fn adopt(&mut self, at: EngineTime, better: Improvement) -> Result<Executed, JournalError> {
        self.own(at, Command::AdoptPlan(better))
    }

    /// What the hour of the week says, as applied last.
    #[must_use]
    pub fn hours(&self) -> &[TrafficChange] {
        &self.hours
    }

    /// From now on the hour of the week says this.
    ///
    /// # Errors
    /// [`JournalError::Encode`], a bug.
    pub fn set_hours(
        &mut self,
        at: EngineTime,
        changes: Vec<TrafficChange>,
    ) -> Result<Executed, JournalError> {
        let executed = self.own(at, Command::SetHours(changes.clone()))?;
        if executed.record.is_some() {
            self.hours = changes;
        }
        Ok(executed)
    }

    /// A command of the service itself.
    fn own(&mut self, at: EngineTime, command: Command) -> Result<Executed, JournalError> {
        let bytes = encode_command(&command)?;
        let events = match self.dispatcher.apply(at, command) {
            Ok(events) => events,
            Err(error) => {
                tracing::error!(%error, "a command of the service itself was refused");
                return Ok(Executed::default());
            }
        };
        let outcome = Outcome::Applied { command: bytes, events_digest: digest_events(&events)? };
        let events = self.take_in(None, events);
        let record = Some(self.record(at, None, outcome));
        let ended = self.ended(at, &events);
        Ok(Executed { events, record, ended, ..Executed::default() })
    }

    /// Carries out a record of the journal again and checks that the same comes of it.
    ///
    /// # Errors
    /// [`JournalError::Corrupt`] or [`JournalError::Diverged`], naming the record.
    pub fn replay(&mut self, record: &Record) -> Result<Vec<Numbered>, JournalError> {
        let diverged = |what| JournalError::Diverged { seq: record.seq, what };
        self.record_seq = record.seq;
        let caller = record.origin.as_ref().map(|origin| &origin.caller);
        self.remember(record);
        let (Some(command), Outcome::Applied { events_digest, .. }) =
            (record.command()?, &record.outcome)
        else {
            return Ok(Vec::new());
        };
        if let Command::SetHours(changes) = &command {
            self.hours.clone_from(changes);
        }
        let events = self
            .dispatcher
            .apply(record.at, command)
            .map_err(|_error| diverged("its command is refused now"))?;
        if digest_events(&events)? != *events_digest {
            return Err(diverged("other events come of it"));
        }
        Ok(self.take_in(caller, events))
    }

    /// Remembers the answer in a record.
    pub fn remember(&mut self, record: &Record) {
        if planted::is(Bug::ForgetAnswersAtRestart) {
            return;
        }
        if let Some(origin) = &record.origin {
            let (id, digest) = (&origin.command_id, origin.body_digest);
            self.dedupe.remember(&origin.caller, id, digest, &origin.reply);
        }
    }

    /// Forgets what was answered to a caller.
    pub fn forget_answers(&mut self, caller: &Caller) {
        self.dedupe.forget(caller);
    }

    /// Numbers events and what follows from them, and enters them in the book.
    fn take_in(&mut self, caller: Option<&Caller>, mut events: Vec<Event>) -> Vec<Numbered> {
        events.retain(|event| !is_hidden(&event.kind));
        self.ledger.fold(caller, &events);
        self.ledger.forget(|request| self.dispatcher.ride(request).is_some());
        let changes = self.stages.fold(&events, &self.dispatcher);
        let now = self.dispatcher.now();
        let mut next_seq = || {
            self.event_seq += 1;
            self.event_seq
        };
        let mut numbered = Vec::with_capacity(events.len() + changes.len());
        for event in events {
            let seq = word(&event.kind).map(|_| next_seq());
            numbered.push((seq, Happening::Event(event)));
        }
        for change in changes {
            numbered.push((Some(next_seq()), Happening::Stage(now, change)));
        }
        numbered
    }

    fn record(&mut self, at: EngineTime, origin: Option<Origin>, outcome: Outcome) -> Record {
        self.record_seq += 1;
        Record { seq: self.record_seq, at, origin, outcome }
    }

    fn encode_ok(&self, id: &str, events: &[Numbered]) -> String {
        // A request is answered by its last event of these kinds: an offer taken at once is promised.
        let kinds = || events.iter().filter_map(|(_, happening)| Some(&happening.event()?.kind));
        let result = kinds().rev().find(|kind| {
            matches!(
                kind,
                EventKind::Offered { .. }
                    | EventKind::Promised { .. }
                    | EventKind::Rejected { .. }
                    | EventKind::TrafficChanged { .. }
            )
        });
        let asked = kinds().any(|kind| {
            matches!(kind, EventKind::Requested { .. } | EventKind::TrafficChanged { .. })
        });
        encode_ok(id, self.event_seq, result.filter(|_| asked), self.names())
    }

    fn command(&self, sent: Sent<'_>, intent: Intent) -> Result<Command, WireError> {
        let (vehicle, at, fact) = match intent {
            Intent::RequestRide(asked) => return Ok(Command::RequestRide(self.with_stops(asked))),
            Intent::AcceptOffer(name) => return Ok(Command::AcceptOffer(self.ride(&name)?)),
            Intent::DeclineOffer(name) => return Ok(Command::DeclineOffer(self.ride(&name)?)),
            Intent::CancelRide(name) => {
                let by = match sent.caller.role {
                    Role::Rider => Actor::Rider,
                    Role::Vehicle | Role::Operator | Role::Dispatcher | Role::Analyst => {
                        Actor::Operator
                    }
                };
                return Ok(Command::CancelRide(self.ride(&name)?, by));
            }
            Intent::StartShift { mut spec, starts } => {
                // A start that has passed on its way here is now.
                spec.shift_start = starts.unwrap_or(sent.at).max(sent.at);
                return Ok(Command::StartShift(spec));
            }
            Intent::EndShift(name) => return Ok(Command::EndShift(self.vehicle(&name)?)),
            Intent::SetTraffic(changes) => return Ok(Command::SetTraffic(changes)),
            Intent::Report { vehicle, at, fact } => (self.vehicle(&vehicle)?, at, fact),
        };
        if let Fact::Depart(Some(plan)) | Fact::Arrive(Some(plan)) = fact {
            self.check_plan(vehicle, plan)?;
        }
        Ok(match fact {
            Fact::Depart(_) => Command::Depart { vehicle, at },
            Fact::Arrive(_) => Command::Arrive { vehicle, at },
            Fact::Board(ride) => Command::Board { vehicle, request: self.ride(&ride)?, at },
            Fact::Alight(ride) => Command::Alight { vehicle, request: self.ride(&ride)?, at },
            Fact::NoShow(ride) => Command::ReportNoShow { vehicle, request: self.ride(&ride)?, at },
            Fact::BreakDown(location) => Command::BreakDown { vehicle, location, at },
        })
    }

    /// The request with the stops to which the party may be asked to walk.
    pub(crate) fn with_stops(&self, Asked { mut request, doors, walk_max }: Asked) -> RideRequest {
        let agency = self.dispatcher.policy().walk_max;
        let walk_max = walk::allowed(walk_max, agency, request.party);
        if walk_max > Millis::ZERO {
            let [pickups, dropoffs] = doors.map(|door| {
                let near = self.map.stops_near(door, walk::beeline_m(walk_max), walk::CHOICES);
                near.into_iter()
                    .map(|(location, beeline_m)| Stop::at(location, beeline_m))
                    .collect()
            });
            (request.pickups, request.dropoffs) = (pickups, dropoffs);
        }
        request
    }

    /// Who drives by an old plan is not where the new one leads.
    fn check_plan(&self, vehicle: VehicleId, plan: u32) -> Result<(), WireError> {
        let current = self.dispatcher.plan_version(vehicle);
        if current == plan {
            return Ok(());
        }
        let message = format!("plan: it is version {current} by now, not {plan}");
        Err(WireError::new(Code::NotNow, message))
    }

    fn ride(&self, name: &Name) -> Result<RequestId, WireError> {
        self.dispatcher
            .find_ride(name)
            .ok_or_else(|| WireError::new(Code::UnknownRide, "request_id: no such ride"))
    }

    fn vehicle(&self, name: &Name) -> Result<VehicleId, WireError> {
        self.dispatcher
            .find_vehicle(name)
            .ok_or_else(|| WireError::new(Code::UnknownVehicle, "vehicle_id: no such vehicle"))
    }
}

/// Lateness, if it is planted that nobody hears of it.
fn is_hidden(kind: &EventKind) -> bool {
    let is_late = matches!(kind, EventKind::PromiseAtRisk { .. } | EventKind::PromiseBroken { .. });
    is_late && planted::is(Bug::SilentLateness)
}
