//! What lies between clients and the service: messages that take their time, get lost, come twice and overtake each other, and
//! connections that break. Over a connection all come in order, or it breaks; over HTTP anything may happen.

use std::hash::Hasher;

use serde_json::Value;

use super::client::{Link, Part};
use super::weather::MINUTE_MS;
use super::world::{Happening, World};

impl World {
    /// How long a message takes.
    pub(super) fn delay(&mut self) -> i64 {
        let is_late = !self.is_calm() && self.rng.unit() < self.weather.late;
        if is_late { self.rng.between(1_000, 60_000) } else { self.rng.between(5, 300) }
    }

    pub(super) fn fails(&mut self, share: f64) -> bool {
        !self.is_calm() && self.rng.unit() < share
    }

    /// Over the connection, in order; or over HTTP, where anything may happen to it.
    pub(super) fn send(&mut self, client: usize, link: Link, text: String) {
        self.outcome.sent += 1;
        if let (Link::Up(conn), true) = (link, self.rng.below(2) == 0) {
            if self.fails(self.weather.breaks) {
                return self.break_off(conn);
            }
            let arrives = self.now + self.delay();
            let Some((_, last, _)) = self.conns.get_mut(&conn) else { return };
            *last = arrives.max(*last);
            let arrives = *last;
            return self.at(arrives, Happening::Command { client, conn: Some(conn), text });
        }
        if self.fails(self.weather.doubled) {
            self.outcome.doubled += 1;
            let arrives = self.now + self.delay();
            let text = text.clone();
            self.at(arrives, Happening::Command { client, conn: None, text });
        }
        if self.fails(self.weather.lost) {
            self.outcome.lost += 1;
            return;
        }
        let arrives = self.now + self.delay();
        self.at(arrives, Happening::Command { client, conn: None, text });
    }

    pub(super) fn break_off(&mut self, conn: u64) {
        let Some((idx, ..)) = self.conns.remove(&conn) else { return };
        self.outcome.broken += 1;
        if let Some(service) = &mut self.service {
            service.leave(conn);
            self.turn_soon();
        }
        let pause = self.rng.between(100, 20_000);
        if let Some(client) =
            self.clients.get_mut(idx).filter(|client| client.link == Link::Up(conn))
        {
            (client.link, client.connect_at) = (Link::Down, self.now + pause);
        }
        self.plan_wake(idx);
    }

    pub(super) fn hello(&mut self, idx: usize, conn: u64) {
        let (Some(service), Some(client)) = (&mut self.service, self.clients.get_mut(idx)) else {
            return;
        };
        let is_desk = matches!(client.part, Part::Desk);
        if client.link != Link::Down || !service.join(conn, &client.caller, client.seen, is_desk) {
            return;
        }
        client.link = Link::Up(conn);
        self.conns.insert(conn, (idx, self.now, self.now));
        let is_stalled = !is_desk && self.fails(0.05);
        let until = self.now + self.rng.between(1, 10) * MINUTE_MS;
        if let (true, Some(service)) = (is_stalled, &mut self.service) {
            service.stall(conn, until);
        }
        self.turn_soon();
    }

    pub(super) fn command(&mut self, idx: usize, conn: Option<u64>, text: &str) {
        if conn.is_some_and(|conn| !self.conns.contains_key(&conn)) {
            return;
        }
        let (Some(service), Some(client)) = (&mut self.service, self.clients.get(idx)) else {
            return;
        };
        let at_once = service.command(text, &client.caller, conn, idx);
        self.note(&format!("{} says {text}", self.clients[idx].caller));
        match at_once {
            Some(answer) => self.answer(idx, answer),
            None => self.turn_soon(),
        }
    }

    pub(super) fn answer(&mut self, client: usize, text: String) {
        if !self.fails(self.weather.lost) {
            let arrives = self.now + self.delay();
            self.at(arrives, Happening::Answer { client, text });
        }
    }

    /// A message has reached its client.
    pub(super) fn told(&mut self, idx: usize, conn: u64, text: &str) {
        let Ok(message) = serde_json::from_str::<Value>(text) else {
            return self.checker.violate("wire", format!("no JSON: {text}"));
        };
        let Some(client) = self.clients.get_mut(idx) else { return };
        let name = client.caller.name.clone();
        match message["type"].as_str() {
            Some("event") => {
                self.last_news = self.now;
                self.checker.heard(&name, &message, text);
            }
            Some("snapshot") => {
                self.checker.shown(&name, message["seq"].as_u64().unwrap_or(0));
            }
            Some("ok" | "error") => {
                self.last_news = self.now;
                self.hasher.write(text.as_bytes());
                self.checker.answered(&name, &message, text);
            }
            Some("closing") if 0 < conn => return self.break_off(conn),
            _ => {}
        }
        client.hear(&message, self.now);
        self.plan_wake(idx);
    }

    pub(super) fn tell(&mut self, conn: u64, text: String) {
        let Some(&(client, _, last)) = self.conns.get(&conn) else { return };
        // The desk sits beside the service: what it is told is looked at at once.
        if self.clients.get(client).is_some_and(|client| matches!(client.part, Part::Desk)) {
            return self.desk(client, &text);
        }
        if self.fails(self.weather.breaks) {
            return self.break_off(conn);
        }
        let arrives = (self.now + self.delay()).max(last);
        if let Some((_, _, last)) = self.conns.get_mut(&conn) {
            *last = arrives;
        }
        // Nothing is over while something is on its way.
        self.last_news = self.now;
        self.at(arrives, Happening::Told { client, conn, text });
    }

    pub(super) fn desk(&mut self, idx: usize, text: &str) {
        let Ok(message) = serde_json::from_str::<Value>(text) else {
            return self.checker.violate("wire", format!("no JSON: {text}"));
        };
        if message["type"] == "event" {
            self.last_news = self.now;
            self.checker.event(&message, text);
            self.note(text);
        }
        if message["type"] == "gap" {
            self.checker.violate("I8", "the desk was told of a gap");
        }
        if let Some(client) = self.clients.get_mut(idx) {
            client.hear(&message, self.now);
        }
    }
}
