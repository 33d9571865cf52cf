//! A vehicle: joins, does what its newest plan says and reports it; falls silent, breaks down, waits for who never comes.

use std::collections::BTreeSet;

use serde_json::{Value, json};
use sharxi_engine::units::EngineTime;

use super::client::ms_of;
use super::rider::Wish;
use crate::clock::LocalClock;
use crate::rng::Rng;

/// How long a rider who does not come is waited for; the policy's `no_show_wait` and a second.
const NO_SHOW_MS: i64 = 121_000;

/// What the plan says comes next. Times of the service's clock.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Next {
    act: String,
    at_ms: i64,
    ride: Option<String>,
}

/// What is to become of a vehicle.
#[derive(Clone, Debug, Default)]
pub struct Fate {
    /// When it says nothing: from, until.
    pub silences: Vec<(i64, i64)>,
    /// When it breaks down.
    pub breaks_at: Option<i64>,
    /// Rides whose riders do not come.
    pub absent: BTreeSet<String>,
}

/// A vehicle.
pub struct Vehicle {
    name: String,
    seats: u8,
    wheelchairs: u8,
    start: [f64; 2],
    shift_end_ms: i64,
    fate: Fate,
    joined: bool,
    version: u64,
    next: Option<Next>,
    /// The report under way: its id once it has one, and of which act.
    reported: Option<(Option<String>, Option<Next>)>,
    not_before: i64,
}

impl Vehicle {
    /// A vehicle that has not joined.
    #[must_use]
    pub const fn new(
        name: String,
        (seats, wheelchairs): (u8, u8),
        start: [f64; 2],
        shift_end_ms: i64,
        fate: Fate,
    ) -> Self {
        Self {
            name,
            seats,
            wheelchairs,
            start,
            shift_end_ms,
            fate,
            joined: false,
            version: 0,
            next: None,
            reported: None,
            not_before: 0,
        }
    }

    /// When there is something to do, if the service's clock is `ahead_ms` ahead.
    #[must_use]
    pub fn next_wake(&self, ahead_ms: i64) -> Option<i64> {
        if self.reported.is_some() {
            return None;
        }
        let due = match &self.next {
            _ if !self.joined => Some(0),
            Some(next) => Some(next.at_ms - ahead_ms + self.patience(next)),
            None => None,
        };
        let due = due.into_iter().chain(self.fate.breaks_at).min()?.max(self.not_before);
        let silence =
            self.fate.silences.iter().find(|(from, until)| (*from..*until).contains(&due));
        Some(silence.map_or(due, |(_, until)| *until))
    }

    /// How much longer than planned the act takes.
    fn patience(&self, next: &Next) -> i64 {
        if self.is_in_vain(next) { NO_SHOW_MS } else { 0 }
    }

    fn is_in_vain(&self, next: &Next) -> bool {
        next.act == "board"
            && next.ride.as_ref().is_some_and(|ride| self.fate.absent.contains(ride))
    }

    /// What is due at `now`, when the service's clock shows `service_ms`.
    pub fn wake(&mut self, now: i64, service_ms: i64, rng: &mut Rng) -> Vec<Wish> {
        if self.next_wake(service_ms - now).is_none_or(|at| now < at) {
            return Vec::new();
        }
        let time = |ms: i64| LocalClock::UTC.format_ms(EngineTime::from_unix_ms(ms));
        let report =
            |act: &str, at: i64| json!({ "type": act, "vehicle_id": self.name, "at": time(at) });
        let (word, command, act) = if !self.joined {
            let command = json!({
                "type": "start_shift", "vehicle_id": self.name, "vehicle_type": "taxi",
                "seats": self.seats, "wheelchairs": self.wheelchairs, "at": self.start,
                "shift_end": time(self.shift_end_ms),
            });
            ("join", command, None)
        } else if self.fate.breaks_at.is_some_and(|at| at <= now) {
            self.fate.breaks_at = None;
            ("break", report("break_down", service_ms), None)
        } else if let Some(next) = self.next.clone() {
            let is_in_vain = self.is_in_vain(&next);
            // Some say when it was planned, as a computer would; some when they did it.
            let at = if is_in_vain || rng.below(4) == 0 { service_ms } else { next.at_ms };
            let mut command = report(if is_in_vain { "no_show" } else { &next.act }, at);
            match &next.ride {
                Some(ride) => command["request_id"] = ride.as_str().into(),
                None => command["plan"] = self.version.into(),
            }
            ("act", command, Some(next))
        } else {
            return Vec::new();
        };
        self.reported = Some((None, act));
        vec![(word, command)]
    }

    /// The id under which the last wish was sent.
    pub fn sent(&mut self, id: &str) {
        if let Some((known, _)) = &mut self.reported {
            *known = Some(id.to_owned());
        }
    }

    /// A plan has come.
    pub fn told(&mut self, plan: &Value) {
        let version = plan["version"].as_u64().unwrap_or(0);
        if version < self.version || plan["vehicle_id"] != self.name.as_str() {
            return;
        }
        self.version = version;
        let next = &plan["next"];
        self.next = ms_of(&next["at"]).zip(next["act"].as_str()).map(|(at_ms, act)| Next {
            act: act.to_owned(),
            at_ms,
            ride: next["request_id"].as_str().map(str::to_owned),
        });
    }

    /// A report was answered.
    pub fn answered(&mut self, id: &str, message: &Value, now: i64) {
        let is_own = |(known, _): &mut (Option<String>, _)| known.as_deref() == Some(id);
        let Some((_, act)) = self.reported.take_if(is_own) else { return };
        if message["type"] == "ok" {
            self.joined = true;
            // A newer plan may have come before the answer.
            if act == self.next {
                self.next = None;
            }
        } else {
            // The plan changed meanwhile, or the service's clock is not that far: look again in a moment.
            self.not_before = now + 3_000;
        }
    }
}
