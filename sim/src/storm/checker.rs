//! Every rule of the promise, looked at after every event that the service tells, from messages alone.
//!
//! It knows what clients wanted and the messages of `docs/protocol.md`; it shares no code with the dispatcher, the executor or the
//! journal. Rules bear the names of `ARCHITECTURE.md`.

use std::collections::{BTreeMap, BTreeSet};
use std::hash::Hasher;

use serde_json::Value;
use siphasher::sip::SipHasher13;

use super::client::{is_passing, ms_of};
use super::rides::{Asked, Cab, Ride, Stage, Terms};
use super::service::Stand;

/// Lateness is said at the latest so long after the promised time.
const NOTICED_MS: i64 = 60_000;
/// Times in messages are rounded to milliseconds.
const ROUNDING_MS: i64 = 2;
/// Longest wait that may be promised.
const WAIT_MAX_MS: i64 = 900_000;
/// Violations that are kept; one is enough.
const KEPT_MAX: usize = 20;

/// A broken rule.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Violation {
    /// Which, such as `I4`.
    pub rule: &'static str,
    /// What happened.
    pub text: String,
}

/// What a client was told.
#[derive(Clone, Debug, Default)]
struct Ear {
    last: u64,
    heard: BTreeSet<u64>,
    /// The event of the newest snapshot: what came before is in there.
    excused: u64,
    /// Vehicles of whose moves it was told, as a rider.
    followed: BTreeSet<String>,
}

/// The checker.
#[derive(Default)]
pub struct Checker {
    asked: BTreeMap<String, Asked>,
    rides: BTreeMap<String, Ride>,
    cabs: BTreeMap<String, Cab>,
    /// Of each event's text, in order: event n is `digests[n - 1]`.
    digests: Vec<u64>,
    /// Events that a client must hear of in the end.
    owed: BTreeMap<String, BTreeSet<u64>>,
    /// Who ever carried, or was to carry, a rider.
    carriers: BTreeSet<(String, String)>,
    ears: BTreeMap<String, Ear>,
    answers: BTreeMap<(String, String), String>,
    last_answered: u64,
    stands: BTreeMap<u64, u64>,
    durable: u64,
    /// Every event that was told, for the audit at the end.
    pub events: Vec<Value>,
    /// What is wrong.
    pub violations: Vec<Violation>,
}

fn digest(text: &str) -> u64 {
    let mut hasher = SipHasher13::new();
    hasher.write(text.as_bytes());
    hasher.finish()
}

fn point(value: &Value) -> Option<[f64; 2]> {
    Some([value.get(0)?.as_f64()?, value.get(1)?.as_f64()?])
}

fn same(a: [f64; 2], b: [f64; 2]) -> bool {
    (a[0] - b[0]).abs() < 1e-6 && (a[1] - b[1]).abs() < 1e-6
}

impl Checker {
    /// Somebody is going to ask for this ride.
    pub fn will_ask(&mut self, name: &str, asked: Asked) {
        self.asked.insert(name.to_owned(), asked);
    }

    /// This vehicle is going to join.
    pub fn will_join(&mut self, name: &str, cab: Cab) {
        self.cabs.insert(name.to_owned(), cab);
    }

    /// Rides that have not ended.
    pub fn open(&self) -> impl Iterator<Item = (&String, &Ride)> {
        self.rides.iter().filter(|(_, ride)| ride.stage != Stage::Ended)
    }

    /// How many events were told.
    #[must_use]
    pub fn n_events(&self) -> usize {
        self.digests.len()
    }

    /// Notes a violation.
    pub fn violate(&mut self, rule: &'static str, text: impl Into<String>) {
        if self.violations.len() < KEPT_MAX {
            self.violations.push(Violation { rule, text: text.into() });
        }
    }

    fn require(&mut self, holds: bool, rule: &'static str, text: impl FnOnce() -> String) {
        if !holds {
            self.violate(rule, text());
        }
    }

    /// After a turn of the core that ended well: how things stand, all of it durable.
    pub fn stood(&mut self, stand: Stand) {
        self.stands.insert(stand.0, stand.1);
        self.durable = stand.0;
    }

    /// After a turn that ended with the process: how things would have stood.
    pub fn would_stand(&mut self, stand: Stand) {
        self.stands.insert(stand.0, stand.1);
    }

    /// The service came back, and stands so; `event_seq` is its last event.
    pub fn came_back(&mut self, (records, hash): Stand, event_seq: u64) {
        let durable = self.durable;
        self.require(durable <= records, "I1", || {
            format!("of {durable} durable records {records} are left after a restart")
        });
        match self.stands.get(&records).copied() {
            None => {
                self.violate("I6", format!("half a batch is left: it ends at record {records}"));
            }
            Some(known) => self.require(known == hash, "I9", || {
                format!("after record {records} the state is another one than before the restart")
            }),
        }
        let heard = self.ears.values().map(|ear| ear.last).max().unwrap_or(0);
        let told = heard.max(self.last_answered).max(self.digests.len() as u64);
        self.require(told <= event_seq, "I6", || {
            format!("event {told} was told, but after a restart {event_seq} is the last")
        });
        self.stands.split_off(&(records + 1));
        self.stood((records, hash));
    }

    /// An answer reached `client`.
    pub fn answered(&mut self, client: &str, answer: &Value, text: &str) {
        let Some(id) = answer["id"].as_str().filter(|_| !is_passing(answer)) else { return };
        let is_ok = answer["type"] == "ok";
        self.require(!(is_ok && id.starts_with("mischief")), "I13", || {
            format!("{client} called off somebody else's ride: {text}")
        });
        if is_ok {
            self.last_answered = self.last_answered.max(answer["seq"].as_u64().unwrap_or(0));
        }
        // Refusals that are not remembered may differ.
        if ["not_allowed", "bad_value", "outside_area"].iter().any(|code| answer["code"] == *code) {
            return;
        }
        let key = (client.to_owned(), id.to_owned());
        match self.answers.get(&key) {
            Some(known) if known != text => {
                let text = format!("{client}'s {id} was answered {known}, then {text}");
                self.violate("I7", text);
            }
            Some(_) => {}
            None => {
                self.answers.insert(key, text.to_owned());
            }
        }
    }

    /// A client other than the desk was told an event.
    pub fn heard(&mut self, client: &str, event: &Value, text: &str) {
        let seq = event["seq"].as_u64().unwrap_or(0);
        let ear = self.ears.entry(client.to_owned()).or_default();
        let is_later = ear.last < seq;
        ear.last = ear.last.max(seq);
        ear.heard.insert(seq);
        let owner = event["request_id"].as_str().and_then(|name| self.asked.get(name));
        let vehicles = ["vehicle_id", "from_vehicle_id"].map(|key| event[key].as_str());
        let concerns = match owner {
            Some(asked) => asked.rider == client || vehicles.contains(&Some(client)),
            None if vehicles.contains(&Some(client)) => true,
            // Whether a rider may follow that vehicle is looked at in the end.
            None => {
                ear.followed.extend(vehicles[0].map(str::to_owned));
                vehicles[0].is_some()
            }
        };
        self.require(is_later, "I8", || format!("{client} was told event {seq} again: {text}"));
        self.require(concerns, "I14", || format!("{client} was told of others: {text}"));
        let known = usize::try_from(seq).ok().and_then(|seq| self.digests.get(seq.checked_sub(1)?));
        let is_same = known.is_none_or(|&known| known == digest(text));
        self.require(is_same, "I8", || format!("{client} was told another event {seq}: {text}"));
    }

    /// A client was told how all stands after event `seq`, instead of single events.
    pub fn shown(&mut self, client: &str, seq: u64) {
        let ear = self.ears.entry(client.to_owned()).or_default();
        (ear.excused, ear.last) = (ear.excused.max(seq), ear.last.max(seq));
    }

    /// The desk was told an event: it sees them all, in order, once each (I8).
    pub fn event(&mut self, event: &Value, text: &str) {
        let (seq, expected) = (event["seq"].as_u64().unwrap_or(0), self.digests.len() as u64 + 1);
        if seq != expected {
            self.violate("I8", format!("event {seq} came where {expected} was due: {text}"));
            return;
        }
        self.digests.push(digest(text));
        self.events.push(event.clone());
        let Some(at) = ms_of(&event["t"]) else {
            return self.violate("I8", "an event without a time");
        };
        let kind = event["kind"].as_str().unwrap_or_default();
        if let Some(name) = event["request_id"].as_str() {
            if let Some(asked) = self.asked.get(name) {
                self.owed.entry(asked.rider.clone()).or_default().insert(seq);
            }
            self.ride_event(kind, name, event, at);
        } else if let Some(name) = event["vehicle_id"].as_str() {
            self.cab_event(kind, name, event, at);
        }
    }

    fn ride_event(&mut self, kind: &str, name: &str, event: &Value, at: i64) {
        if kind == "requested" {
            return self.requested(name, event);
        }
        let Some(mut ride) = self.rides.remove(name) else {
            return self.violate("I10", format!("{kind} of {name}, which was not asked for"));
        };
        let stage = ride.stage;
        let wrong = |holds: bool| (!holds).then(|| format!("{kind} of {name}, which is {stage:?}"));
        let vehicle = event["vehicle_id"].as_str();
        let mut broken = Vec::new();
        let mut breach =
            |rule: &'static str, text: Option<String>| broken.extend(text.map(|text| (rule, text)));
        match kind {
            "offered" | "promised" => {
                let is_due =
                    stage == Stage::Requested || (kind == "promised" && stage == Stage::Offered);
                breach("I10", wrong(is_due));
                let terms = terms(event);
                breach("I2", terms.is_none().then(|| format!("{name} is {kind} without terms")));
                if let Some(terms) = terms {
                    breach(
                        "I2",
                        ride.terms.filter(|&offered| offered != terms).map(|offered| {
                            format!("{name} was offered {offered:?} and promised {terms:?}")
                        }),
                    );
                    breach("I2", unfair(name, terms));
                }
                (ride.terms, ride.vehicle) = (terms, vehicle.map(str::to_owned));
                ride.stage = if kind == "promised" { Stage::Promised } else { Stage::Offered };
            }
            "rejected" => {
                breach("I10", wrong(stage == Stage::Requested));
                ride.stage = Stage::Ended;
            }
            "expired" => {
                breach("I10", wrong(stage == Stage::Offered));
                ride.stage = Stage::Ended;
            }
            "reassigned" => {
                breach(
                    "I10",
                    wrong(matches!(stage, Stage::Offered | Stage::Promised | Stage::Stranded)),
                );
                let from = event["from_vehicle_id"].as_str();
                breach(
                    "I3",
                    (ride.vehicle.as_deref() != from).then(|| {
                        format!("{name} changes from {from:?}, but was {:?}'s", ride.vehicle)
                    }),
                );
                ride.vehicle = vehicle.map(str::to_owned);
            }
            "boarded" => {
                breach("I10", wrong(matches!(stage, Stage::Promised | Stage::Stranded)));
                breach(
                    "I3",
                    (ride.vehicle.as_deref() != vehicle)
                        .then(|| format!("{name} boards {vehicle:?}, but is {:?}'s", ride.vehicle)),
                );
                if let Some(terms) = ride.terms.filter(|_| stage == Stage::Promised) {
                    breach(
                        "I10",
                        (at < terms.ready_at).then(|| format!("{name} boards before it is ready")),
                    );
                    let late = at - terms.pickup_by;
                    if 0 < late && !ride.warned {
                        ride.unsaid = Some(format!("{name} boards {late} ms late, silently"));
                    }
                }
                ride.boarded_at = ride.boarded_at.or(Some(at));
                ride.stage = Stage::Aboard;
                breach("I5", self.elsewhere(vehicle, ride.waits_at, name));
            }
            "alighted" => {
                breach("I5", wrong(stage == Stage::Aboard));
                breach(
                    "I3",
                    (ride.vehicle.as_deref() != vehicle).then(|| {
                        format!("{name} alights from {vehicle:?}, but is {:?}'s", ride.vehicle)
                    }),
                );
                let late = ride.terms.map_or(0, |terms| at - terms.dropoff_by);
                if 0 < late && !ride.warned {
                    ride.unsaid = Some(format!("{name} is off {late} ms late, silently"));
                }
                breach("I5", self.elsewhere(vehicle, ride.asked.to, name));
                ride.stage = Stage::Ended;
            }
            "cancelled" | "no_show" | "aborted" => {
                breach("I10", wrong(!matches!(stage, Stage::Aboard | Stage::Ended)));
                ride.stage = Stage::Ended;
            }
            "promise_at_risk" | "promise_broken" => {
                breach("I10", wrong(ride.terms.is_some()));
                (ride.warned, ride.unsaid) = (true, None);
            }
            "ride_status" => {
                let is_hers = ride.vehicle.as_deref() == vehicle;
                breach("I10", wrong(is_hers && matches!(stage, Stage::Promised | Stage::Stranded)));
            }
            _ => breach("I10", Some(format!("{kind} is no kind of event"))),
        }
        let carrier = ride.vehicle.clone();
        if let Some(carrier) = &carrier {
            self.carriers.insert((ride.asked.rider.clone(), carrier.clone()));
        }
        self.rides.insert(name.to_owned(), ride);
        broken.into_iter().for_each(|(rule, text)| self.violate(rule, text));
        if let Some(carrier) = carrier.filter(|_| kind == "boarded") {
            self.check_load(&carrier);
        }
    }

    fn requested(&mut self, name: &str, event: &Value) {
        let Some(asked) = self.asked.get(name).cloned() else {
            return self.violate("I7", format!("{name} was asked for by nobody"));
        };
        let count = |key: &str| event[key].as_u64().unwrap_or(u64::MAX);
        let is_same = point(&event["from"]).is_some_and(|from| same(from, asked.from))
            && point(&event["to"]).is_some_and(|to| same(to, asked.to))
            && count("passengers") == u64::from(asked.passengers)
            && count("wheelchairs") == u64::from(asked.wheelchairs);
        self.require(is_same, "I10", || format!("{name} was asked for otherwise: {event}"));
        let (waits_at, stage) = (asked.from, Stage::Requested);
        let ride = Ride {
            asked,
            stage,
            terms: None,
            vehicle: None,
            warned: false,
            unsaid: None,
            boarded_at: None,
            waits_at,
        };
        let again = self.rides.insert(name.to_owned(), ride).is_some();
        self.require(!again, "I7", || format!("{name} was asked for twice"));
    }

    fn elsewhere(&self, vehicle: Option<&str>, wanted: [f64; 2], ride: &str) -> Option<String> {
        let stands = vehicle.and_then(|vehicle| self.cabs.get(vehicle)?.stands);
        let is_there = stands.is_some_and(|stands| same(stands, wanted));
        (!is_there).then(|| {
            format!("{ride} waits for or leaves {vehicle:?} at {wanted:?}, which is at {stands:?}")
        })
    }

    fn check_load(&mut self, vehicle: &str) {
        let Some(cab) = self.cabs.get(vehicle) else { return };
        let aboard = self
            .rides
            .values()
            .filter(|ride| ride.stage == Stage::Aboard && ride.vehicle.as_deref() == Some(vehicle));
        let (people, wheelchairs) = aboard.fold((0_u32, 0_u32), |(people, wheelchairs), ride| {
            let (n, w) = (u32::from(ride.asked.passengers), u32::from(ride.asked.wheelchairs));
            (people + n - w, wheelchairs + w)
        });
        let fits = people <= u32::from(cab.seats) && wheelchairs <= u32::from(cab.wheelchairs);
        let text = format!(
            "{vehicle} has {people} people on {} seats and {wheelchairs} wheelchairs on {} places",
            cab.seats, cab.wheelchairs
        );
        self.require(fits, "I4", || text);
    }

    fn cab_event(&mut self, kind: &str, name: &str, event: &Value, at: i64) {
        let Some(mut cab) = self.cabs.remove(name) else {
            return self.violate("I10", format!("{kind} of {name}, which nobody sent"));
        };
        let place = event["lat"].as_f64().zip(event["lon"].as_f64()).map(|(lat, lon)| [lat, lon]);
        let is_due = match kind {
            "shift_started" => !cab.is_on,
            "arrived" => cab.is_on && cab.stands.is_none(),
            "departed" => cab.is_on && cab.stands.is_some(),
            _ => cab.is_on,
        };
        self.require(is_due, "I10", || format!("{kind} of {name}, which is {cab:?}"));
        self.require(cab.fact_at <= at, "I15", || format!("{kind} of {name} before its last fact"));
        match kind {
            "shift_started" | "arrived" | "broke_down" => (cab.stands, cab.fact_at) = (place, at),
            "departed" => (cab.stands, cab.fact_at) = (None, at),
            _ => {}
        }
        cab.is_on = !matches!(kind, "shift_ended" | "broke_down");
        self.cabs.insert(name.to_owned(), cab);
        if let ("broke_down", Some(place)) = (kind, place) {
            let left = self.rides.values_mut().filter(|ride| {
                ride.stage == Stage::Aboard && ride.vehicle.as_deref() == Some(name)
            });
            for ride in left {
                (ride.stage, ride.waits_at) = (Stage::Stranded, place);
            }
        }
    }

    /// After all that one turn of the core told: who was late has been told so by now (I2).
    pub fn told_all(&mut self) {
        let unsaid: Vec<String> =
            self.rides.values_mut().filter_map(|ride| ride.unsaid.take()).collect();
        unsaid.into_iter().for_each(|text| self.violate("I2", text));
    }

    /// The service has been up for a while, its clock shows `now`: nobody may be late without having been told (I2).
    pub fn overdue(&mut self, now: i64) {
        let late = self.rides.iter().filter_map(|(name, ride)| {
            let terms = ride.terms.filter(|_| !ride.warned)?;
            let due = match ride.stage {
                Stage::Promised => terms.pickup_by,
                Stage::Aboard | Stage::Stranded => terms.dropoff_by,
                Stage::Requested | Stage::Offered | Stage::Ended => return None,
            };
            (due + NOTICED_MS < now).then(|| {
                format!("{name} is {:?}, late by {} ms, and was not told", ride.stage, now - due)
            })
        });
        let late: Vec<String> = late.collect();
        for (name, ride) in &mut self.rides {
            // One word of it is enough.
            ride.warned |= late.iter().any(|text| text.starts_with(&format!("{name} ")));
        }
        late.into_iter().for_each(|text| self.violate("I2", text));
    }

    /// When all is over: everybody was told everything that concerns them, and followed only their own vehicles.
    pub fn close(&mut self) {
        let mut broken = Vec::new();
        for (client, ear) in &self.ears {
            for vehicle in &ear.followed {
                if !self.carriers.contains(&(client.clone(), vehicle.clone())) {
                    broken.push((
                        "I14",
                        format!("{client} was told of {vehicle}, which never was theirs"),
                    ));
                }
            }
        }
        for (client, owed) in &self.owed {
            let ear = self.ears.get(client).cloned().unwrap_or_default();
            let missing = owed.iter().find(|&&seq| ear.excused < seq && !ear.heard.contains(&seq));
            broken
                .extend(missing.map(|seq| ("I8", format!("{client} was never told event {seq}"))));
        }
        broken.into_iter().for_each(|(rule, text)| self.violate(rule, text));
    }
}

fn terms(event: &Value) -> Option<Terms> {
    let direct = event["direct_s"].as_f64()?;
    Some(Terms {
        ready_at: ms_of(&event["ready_at"])?,
        pickup_by: ms_of(&event["pickup_by"])?,
        dropoff_by: ms_of(&event["dropoff_by"])?,
        direct_ms: whole(direct * 1_000.0),
    })
}

#[expect(clippy::cast_possible_truncation, reason = "saturates")]
fn whole(ms: f64) -> i64 {
    ms.round() as i64
}

/// What is wrong with a promise in itself.
fn unfair(name: &str, terms: Terms) -> Option<String> {
    let wait = terms.pickup_by - terms.ready_at;
    let is_fair =
        (0..=WAIT_MAX_MS + ROUNDING_MS).contains(&wait) && terms.pickup_by <= terms.dropoff_by;
    (!is_fair).then(|| format!("{name} is promised {terms:?}"))
}
