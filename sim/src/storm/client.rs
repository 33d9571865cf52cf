//! What all clients have in common: a connection that breaks, commands that are sent until they are answered, a notion of what time
//! it is for the service.

use std::collections::BTreeMap;

use serde_json::Value;
use sharxi_api::intent::Caller;
use sharxi_api::wire::message::Role;

use super::rider::Rider;
use super::vehicle::Vehicle;
use crate::clock;
use crate::rng::Rng;

/// Time without an answer after which a command is sent again: from … to, in milliseconds.
const AGAIN_MS: (i64, i64) = (4_000, 15_000);

/// Who the client is.
pub enum Part {
    /// People with the app.
    Rider(Rider),
    /// A vehicle.
    Vehicle(Vehicle),
    /// The operator: only looks on, and is told everything.
    Desk,
}

/// A connection as the client knows it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Link {
    /// None; the next one is tried at that time.
    #[default]
    Down,
    /// It has said hello.
    Up(u64),
}

struct Pending {
    text: String,
    next_try: i64,
}

/// A client.
pub struct Client {
    /// Role and name.
    pub caller: Caller,
    /// Its connection.
    pub link: Link,
    /// When it connects, if it is not.
    pub connect_at: i64,
    /// The last event that it was told.
    pub seen: Option<u64>,
    /// How far the service's clock is ahead of the storm's.
    pub ahead_ms: i64,
    /// What it is.
    pub part: Part,
    pending: BTreeMap<String, Pending>,
    n_ids: u32,
    rng: Rng,
}

impl Client {
    /// A client that connects at once.
    #[must_use]
    pub fn new(role: Role, name: String, part: Part, rng: Rng) -> Self {
        let caller = Caller { role, name };
        let (link, pending) = (Link::Down, BTreeMap::new());
        Self { caller, link, connect_at: 0, seen: None, ahead_ms: 0, part, pending, n_ids: 0, rng }
    }

    /// What the service's clock shows at `now` of the storm, as far as this client knows.
    #[must_use]
    pub const fn service_ms(&self, now: i64) -> i64 {
        now + self.ahead_ms
    }

    /// Whether nothing is unanswered and nothing left to do.
    #[must_use]
    pub fn is_done(&self) -> bool {
        self.pending.is_empty()
            && match &self.part {
                Part::Rider(rider) => rider.is_done(),
                Part::Vehicle(_) | Part::Desk => true,
            }
    }

    /// What is unanswered, for people.
    #[must_use]
    pub fn waits_for(&self) -> Vec<&str> {
        self.pending.keys().map(String::as_str).collect()
    }

    /// When there is something to do, connecting aside.
    #[must_use]
    pub fn next_wake(&self) -> Option<i64> {
        let own = match &self.part {
            Part::Rider(rider) => rider.next_wake(),
            Part::Vehicle(vehicle) => vehicle.next_wake(self.ahead_ms),
            Part::Desk => None,
        };
        let again = self.pending.values().map(|pending| pending.next_try).min();
        let connect = (self.link == Link::Down).then_some(self.connect_at);
        own.into_iter().chain(again).chain(connect).min()
    }

    /// What it sends at `now`: its new commands, and those that nobody has answered.
    pub fn wake(&mut self, now: i64) -> Vec<String> {
        let service_ms = self.service_ms(now);
        let wishes = match &mut self.part {
            Part::Rider(rider) => rider.wake(now, service_ms),
            Part::Vehicle(vehicle) => vehicle.wake(now, service_ms, &mut self.rng),
            Part::Desk => Vec::new(),
        };
        for (word, mut command) in wishes {
            self.n_ids += 1;
            let id = format!("{word}:{}", self.n_ids);
            command["id"] = id.as_str().into();
            if let Part::Vehicle(vehicle) = &mut self.part {
                vehicle.sent(&id);
            }
            self.pending.insert(id, Pending { text: command.to_string(), next_try: now });
        }
        let mut texts = Vec::new();
        for pending in self.pending.values_mut().filter(|pending| pending.next_try <= now) {
            pending.next_try = now + self.rng.between(AGAIN_MS.0, AGAIN_MS.1);
            texts.push(pending.text.clone());
        }
        texts
    }

    /// A message has come. Answers that are to be asked for again are passed over.
    pub fn hear(&mut self, message: &Value, now: i64) {
        let kind = message["type"].as_str().unwrap_or_default();
        let told = ["now", "t"].iter().find_map(|key| ms_of(&message[*key]));
        if let Some(told) = told.filter(|_| kind != "ok" && kind != "error") {
            let ahead = told - now;
            self.ahead_ms = if kind == "welcome" { ahead } else { self.ahead_ms.max(ahead) };
        }
        match kind {
            "ok" | "error" => self.answered(message, now),
            "event" => self.seen = message["seq"].as_u64().or(self.seen),
            "snapshot" | "gap" => self.seen = message["seq"].as_u64().max(self.seen),
            "plan" => {
                if let Part::Vehicle(vehicle) = &mut self.part {
                    vehicle.told(message);
                }
            }
            _ => {}
        }
    }

    fn answered(&mut self, message: &Value, now: i64) {
        let Some(id) = message["id"].as_str() else { return };
        if is_passing(message) {
            return;
        }
        // An answer that comes twice is no answer the second time.
        if self.pending.remove(id).is_none() {
            return;
        }
        match &mut self.part {
            Part::Rider(rider) => rider.answered(id, message, now),
            Part::Vehicle(vehicle) => vehicle.answered(id, message, now),
            Part::Desk => {}
        }
    }
}

/// Whether the command may be sent again under its id, as `docs/protocol.md` says.
#[must_use]
pub fn is_passing(answer: &Value) -> bool {
    let code = answer["code"].as_str().unwrap_or_default();
    ["overloaded", "closing", "storage"].contains(&code)
}

/// Milliseconds since 1970 of a time in a message.
#[must_use]
pub fn ms_of(value: &Value) -> Option<i64> {
    clock::parse(value.as_str()?).ok().map(|time| time.unix_ms())
}
