//! People with the app: ask, take what is offered or let it go, call off; and try what they may not.

use std::collections::BTreeMap;

use serde_json::{Value, json};
use sharxi_engine::units::EngineTime;

use crate::clock::LocalClock;

/// A command without its id, and the word that its id begins with.
pub type Wish = (&'static str, Value);

/// When a rider wants to travel.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Wanted {
    /// At once.
    Now,
    /// So many milliseconds later.
    DepartIn(i64),
    /// To be there after so many milliseconds.
    ArriveIn(i64),
}

/// A ride that somebody wants.
#[derive(Clone, Debug)]
pub struct Trip {
    /// Its name.
    pub name: String,
    /// From where, `[lat, lon]`.
    pub from: [f64; 2],
    /// To where.
    pub to: [f64; 2],
    /// People.
    pub passengers: u8,
    /// Of them in wheelchairs.
    pub wheelchairs: u8,
    /// When.
    pub wanted: Wanted,
    /// When they ask.
    pub ask_at: i64,
    /// `None`: they take what is offered at once; else so long after the offer, if at all.
    pub think_ms: Option<i64>,
    /// So long after the promise they call it off.
    pub cancel_after_ms: Option<i64>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Step {
    /// Nobody has been asked.
    Before,
    /// A command is on its way.
    Waiting,
    /// There is an offer; it is taken then.
    Offered(i64),
    /// There is a promise; it is called off then.
    Promised(i64),
    /// Nothing is left to do.
    Done,
}

/// A rider.
pub struct Rider {
    trips: Vec<(Trip, Step)>,
    /// Rides of others that this one tries to call off, and when.
    mischief: Vec<(i64, String)>,
    /// What a sent command was about; by the words of the command's `id` in order.
    about: BTreeMap<String, usize>,
    n_sent: u32,
}

impl Rider {
    /// A rider with these wishes.
    #[must_use]
    pub fn new(trips: Vec<Trip>, mischief: Vec<(i64, String)>) -> Self {
        let trips = trips.into_iter().map(|trip| (trip, Step::Before)).collect();
        Self { trips, mischief, about: BTreeMap::new(), n_sent: 0 }
    }

    /// Whether nothing is left to do.
    #[must_use]
    pub fn is_done(&self) -> bool {
        self.mischief.is_empty()
            && self.trips.iter().all(|(_, step)| matches!(step, Step::Done | Step::Promised(_)))
    }

    /// When there is something to do.
    #[must_use]
    pub fn next_wake(&self) -> Option<i64> {
        let steps = self.trips.iter().filter_map(|(trip, step)| match *step {
            Step::Before => Some(trip.ask_at),
            Step::Offered(at) | Step::Promised(at) => Some(at).filter(|&at| at < i64::MAX),
            Step::Waiting | Step::Done => None,
        });
        steps.chain(self.mischief.iter().map(|(at, _)| *at)).min()
    }

    /// What is due at `now`; the service's clock shows `service_ms`.
    pub fn wake(&mut self, now: i64, service_ms: i64) -> Vec<Wish> {
        let mut wishes = Vec::new();
        let mut note = |idx: usize, word: &'static str, command: Value, wishes: &mut Vec<Wish>| {
            self.n_sent += 1;
            self.about.insert(format!("{word}:{}", self.n_sent), idx);
            wishes.push((word, command));
        };
        for (idx, (trip, step)) in self.trips.iter_mut().enumerate() {
            match *step {
                Step::Before if trip.ask_at <= now => {
                    note(idx, "ask", ask(trip, service_ms), &mut wishes);
                    *step = Step::Waiting;
                }
                Step::Offered(at) if at <= now => {
                    let command = json!({ "type": "accept_offer", "request_id": trip.name });
                    note(idx, "take", command, &mut wishes);
                    *step = Step::Waiting;
                }
                Step::Promised(at) if at <= now => {
                    let command = json!({ "type": "cancel_ride", "request_id": trip.name });
                    note(idx, "cancel", command, &mut wishes);
                    *step = Step::Waiting;
                }
                _ => {}
            }
        }
        self.mischief.retain(|(at, ride)| {
            if *at <= now {
                let command = json!({ "type": "cancel_ride", "request_id": ride });
                self.n_sent += 1;
                wishes.push(("mischief", command));
            }
            now < *at
        });
        wishes
    }

    /// A command was answered.
    pub fn answered(&mut self, id: &str, message: &Value, now: i64) {
        let Some((trip, step)) = self.about.remove(id).and_then(|idx| self.trips.get_mut(idx))
        else {
            return;
        };
        let promised = Step::Promised(trip.cancel_after_ms.map_or(i64::MAX, |ms| now + ms));
        let is_ok = message["type"] == "ok";
        *step = match (id.split(':').next(), message["result"].as_str()) {
            (Some("ask"), Some("promised")) => promised,
            // Who never takes the offer has nothing left to do.
            (Some("ask"), Some("offered")) => {
                trip.think_ms.map_or(Step::Done, |ms| Step::Offered(now + ms))
            }
            (Some("take"), _) if is_ok => promised,
            _ => Step::Done,
        };
    }
}

fn ask(trip: &Trip, service_ms: i64) -> Value {
    let mut command = json!({
        "type": "request_ride",
        "request_id": trip.name,
        "from": trip.from,
        "to": trip.to,
        "passengers": trip.passengers,
        "wheelchairs": trip.wheelchairs,
        "accept": trip.think_ms.is_none(),
    });
    let at = |ms: i64| LocalClock::UTC.format_ms(EngineTime::from_unix_ms(service_ms + ms));
    match trip.wanted {
        Wanted::Now => command["kind"] = "now".into(),
        Wanted::DepartIn(ms) => {
            command["kind"] = "depart_at".into();
            command["target_at"] = at(ms).into();
        }
        Wanted::ArriveIn(ms) => {
            command["kind"] = "arrive_by".into();
            command["target_at"] = at(ms).into();
        }
    }
    command
}
