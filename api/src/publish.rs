//! What is told to whom, once it is durable: numbered events, plans, positions, figures.
//!
//! Holds the connected clients and the newest events for those who come back. Never waits for a client.

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use serde::{Deserialize, Serialize};
use sharxi_engine::dispatcher::event::{Event, EventKind};
use sharxi_engine::ids::VehicleId;
use tokio_tungstenite::tungstenite::{Message, Utf8Bytes};

use crate::executor::{Happening, Numbered};
use crate::intent::Caller;
use crate::limits::{RESUME_BYTES_MAX, RESUME_EVENTS_MAX, RING_EVENTS_MAX};
use crate::outbox::Outbox;
use crate::planted::{self, Bug};
use crate::wire::event::{Names, encode, encode_stage};
use crate::wire::message::Role;

/// A connection, numbered by the service.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ClientId(pub u64);

/// Who may see an event besides operators.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
struct Audience {
    riders: Vec<String>,
    vehicles: Vec<String>,
}

/// An event as it will be told: words and audience are those of the moment at which it happened, whatever happens
/// before it is durable.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Told {
    seq: u64,
    text: Utf8Bytes,
    audience: Audience,
}

/// Puts events into words, right after the command that they came of; kinds that are not numbered are left out.
#[must_use]
pub fn word_events(events: &[Numbered], names: Names<'_>) -> Vec<Told> {
    let told = |(seq, happening): &Numbered| {
        let seq = (*seq)?;
        let (text, audience) = match happening {
            Happening::Event(event) => (encode(seq, event, names)?, audience(event, names)),
            Happening::Stage(at, change) => {
                let riders = names.ledger.rider(change.request).map(str::to_owned);
                let vehicles = vec![names.vehicle(change.vehicle).to_owned()];
                let audience = Audience { riders: riders.into_iter().collect(), vehicles };
                (encode_stage(seq, *at, change, names), audience)
            }
        };
        Some(Told { seq, text: Utf8Bytes::from(text), audience })
    };
    events.iter().filter_map(told).collect()
}

/// An event as a snapshot keeps it for those who come back.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct KeptEvent {
    seq: u64,
    text: String,
    riders: Vec<String>,
    vehicles: Vec<String>,
}

struct Client {
    caller: Caller,
    outbox: Outbox,
    positions: bool,
}

/// Clients and the newest events.
#[derive(Default)]
pub struct Publisher {
    clients: BTreeMap<ClientId, Client>,
    by_caller: BTreeMap<Caller, BTreeSet<ClientId>>,
    operators: BTreeSet<ClientId>,
    ring: VecDeque<Told>,
}

impl Publisher {
    /// A client has said hello.
    pub fn join(&mut self, id: ClientId, caller: Caller, outbox: Outbox) {
        if caller.role.sees_all() {
            self.operators.insert(id);
        } else {
            self.by_caller.entry(caller.clone()).or_default().insert(id);
        }
        self.clients.insert(id, Client { caller, outbox, positions: true });
    }

    /// A client is gone.
    pub fn leave(&mut self, id: ClientId) {
        self.operators.remove(&id);
        let Some(client) = self.clients.remove(&id) else { return };
        if let Some(ids) = self.by_caller.get_mut(&client.caller) {
            ids.remove(&id);
            if ids.is_empty() {
                self.by_caller.remove(&client.caller);
            }
        }
    }

    /// Everybody is told `text` and let go.
    pub fn close(&mut self, text: &Utf8Bytes) {
        let ids: Vec<ClientId> = self.clients.keys().copied().collect();
        for id in ids {
            self.tell(id, text.clone());
            if let Some(client) = self.clients.get(&id) {
                client.outbox.finish();
            }
            self.leave(id);
        }
    }

    /// Whether an operator is connected.
    #[must_use]
    pub fn has_operators(&self) -> bool {
        !self.operators.is_empty()
    }

    /// Whether somebody wants positions.
    #[must_use]
    pub fn wants_positions(&self) -> bool {
        self.operators.iter().any(|id| self.clients.get(id).is_some_and(|client| client.positions))
    }

    /// Switches positions on or off for one client.
    pub fn subscribe(&mut self, id: ClientId, positions: bool) {
        if let Some(client) = self.clients.get_mut(&id) {
            client.positions = positions;
        }
    }

    /// Forgets what has happened: who comes back is told that there was a gap.
    pub fn forget_events(&mut self) {
        self.ring.clear();
    }

    /// Sends to one client; one that can't be reached is let go.
    pub fn tell(&mut self, id: ClientId, text: Utf8Bytes) {
        let reached = self
            .clients
            .get(&id)
            .is_none_or(|client| client.outbox.push(Message::Text(text)).is_ok());
        if !reached {
            tracing::info!(client = id.0, "a slow reader was dropped");
            self.leave(id);
        }
    }

    /// Sends to every operator.
    pub fn tell_operators(&mut self, text: &Utf8Bytes) {
        for id in self.operators.clone() {
            self.tell(id, text.clone());
        }
    }

    /// Sends to every operator that wants positions.
    pub fn tell_positions(&mut self, text: &Utf8Bytes) {
        for id in self.operators.clone() {
            if self.clients.get(&id).is_some_and(|client| client.positions) {
                self.tell(id, text.clone());
            }
        }
    }

    /// Sends a plan to its vehicle and to operators.
    pub fn tell_plan(&mut self, vehicle: &str, text: &Utf8Bytes) {
        self.tell_named(Role::Vehicle, vehicle, text);
        self.tell_operators(text);
    }

    /// Whether anybody would get the plan of this vehicle.
    #[must_use]
    pub fn wants_plan(&self, vehicle: &str) -> bool {
        let caller = Caller { role: Role::Vehicle, name: vehicle.to_owned() };
        self.has_operators() || self.by_caller.contains_key(&caller)
    }

    fn tell_named(&mut self, role: Role, name: &str, text: &Utf8Bytes) {
        let caller = Caller { role, name: name.to_owned() };
        let ids = self.by_caller.get(&caller).cloned().unwrap_or_default();
        for id in ids {
            self.tell(id, text.clone());
        }
    }

    /// Tells events to those who may see them and keeps them for those who come back.
    pub fn publish(&mut self, events: Vec<Told>) {
        for told in events {
            if planted::is(Bug::TellTwice) {
                self.tell_operators(&told.text);
            }
            for rider in &told.audience.riders {
                self.tell_named(Role::Rider, rider, &told.text);
            }
            for vehicle in &told.audience.vehicles {
                self.tell_named(Role::Vehicle, vehicle, &told.text);
            }
            self.tell_operators(&told.text);
            self.ring.push_back(told);
            if self.ring.len() > RING_EVENTS_MAX {
                self.ring.pop_front();
            }
        }
    }

    /// The newest events, for a snapshot.
    #[must_use]
    pub fn kept(&self) -> Vec<KeptEvent> {
        let keep = |told: &Told| KeptEvent {
            seq: told.seq,
            text: told.text.as_str().to_owned(),
            riders: told.audience.riders.clone(),
            vehicles: told.audience.vehicles.clone(),
        };
        self.ring.iter().map(keep).collect()
    }

    /// A publisher without clients that keeps these events.
    #[must_use]
    pub fn keeping(events: Vec<KeptEvent>) -> Self {
        let told = |kept: KeptEvent| Told {
            seq: kept.seq,
            text: kept.text.into(),
            audience: Audience { riders: kept.riders, vehicles: kept.vehicles },
        };
        Self { ring: events.into_iter().map(told).collect(), ..Self::default() }
    }

    /// The events after `seen` that `caller` may see, or `None` if some of them are no longer kept or they are more
    /// than a client takes at once. `last` is the number of the newest event.
    #[must_use]
    pub fn missed(&self, caller: &Caller, seen: u64, last: u64) -> Option<Vec<Utf8Bytes>> {
        let oldest = self.ring.front().map_or(last + 1, |kept| kept.seq);
        if seen > last || seen + 1 < oldest {
            return None;
        }
        let visible = |kept: &&Told| match caller.role {
            Role::Operator | Role::Dispatcher => true,
            Role::Analyst => false,
            Role::Rider => kept.audience.riders.contains(&caller.name),
            Role::Vehicle => kept.audience.vehicles.contains(&caller.name),
        };
        let from = self.ring.partition_point(|kept| kept.seq <= seen);
        let from = from + usize::from(planted::is(Bug::SkipMissedEvent) && from < self.ring.len());
        let mut missed = Vec::new();
        let mut n_bytes = 0;
        for kept in self.ring.range(from..).filter(visible) {
            n_bytes += kept.text.len();
            if RESUME_EVENTS_MAX <= missed.len() || RESUME_BYTES_MAX < n_bytes {
                return None;
            }
            missed.push(kept.text.clone());
        }
        Some(missed)
    }
}

/// Who may see an event, as in the table of `docs/protocol.md`; operators see all.
fn audience(event: &Event, names: Names<'_>) -> Audience {
    let mut audience = Audience::default();
    let rider = |request| names.ledger.rider(request).map(str::to_owned);
    let vehicle = |vehicle: VehicleId| names.vehicle(vehicle).to_owned();
    match &event.kind {
        EventKind::Requested { request }
        | EventKind::Offered { request, .. }
        | EventKind::Rejected { request, .. }
        | EventKind::PromiseAtRisk { request, .. }
        | EventKind::PromiseBroken { request, .. } => {
            audience.riders.extend(rider(*request));
            if planted::is(Bug::TellEverybody) {
                let open = names.ledger.open().filter_map(rider);
                audience.riders.extend(open);
            }
        }
        EventKind::Expired { request }
        | EventKind::Cancelled { request, .. }
        | EventKind::Aborted { request } => {
            audience.riders.extend(rider(*request));
            audience.vehicles.extend(names.ledger.vehicle(*request).map(vehicle));
        }
        EventKind::Promised { request, vehicle: by, .. }
        | EventKind::NoShow { request, vehicle: by }
        | EventKind::Boarded { request, vehicle: by }
        | EventKind::Alighted { request, vehicle: by } => {
            audience.riders.extend(rider(*request));
            audience.vehicles.push(vehicle(*by));
        }
        EventKind::Reassigned { request, from, to } => {
            audience.riders.extend(rider(*request));
            audience.vehicles.extend([vehicle(*from), vehicle(*to)]);
        }
        EventKind::ShiftStarted { vehicle: by, .. }
        | EventKind::Arrived { vehicle: by, .. }
        | EventKind::Departed { vehicle: by, .. }
        | EventKind::BrokeDown { vehicle: by, .. } => {
            audience.vehicles.push(vehicle(*by));
            let planned = names.dispatcher.visits(*by).into_iter().map(|visit| visit.request);
            let riders: BTreeSet<String> = planned.filter_map(rider).collect();
            audience.riders.extend(riders);
        }
        EventKind::ShiftEnded { vehicle: by } | EventKind::Repositioning { vehicle: by, .. } => {
            audience.vehicles.push(vehicle(*by));
        }
        EventKind::PlanChanged { .. } | EventKind::TrafficChanged { .. } => {}
    }
    audience
}
