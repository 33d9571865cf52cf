//! Who asked for which ride and who carries it: what access and visibility need beyond the dispatcher's own state.
//!
//! Folded from commands and events alone, hence the same after a replay. It knows the rides that the dispatcher knows.

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use serde::{Deserialize, Serialize};
use sharxi_engine::dispatcher::event::{Event, EventKind};
use sharxi_engine::ids::{RequestId, VehicleId};

use crate::intent::Caller;
use crate::wire::message::Role;

/// One ride as the outside's book keeps it.
#[derive(Clone, Debug, Serialize, Deserialize)]
struct Entry {
    asked_by: Caller,
    vehicle: Option<VehicleId>,
}

/// The book.
#[derive(Default, Serialize, Deserialize)]
pub struct Ledger {
    rides: BTreeMap<RequestId, Entry>,
    open: BTreeSet<RequestId>,
    open_of: BTreeMap<String, BTreeSet<RequestId>>,
    /// In the order of their ends, which is that in which the dispatcher forgets them.
    ended: VecDeque<RequestId>,
    gone: BTreeSet<VehicleId>,
}

impl Ledger {
    /// Enters what came of a command of `caller`.
    pub fn fold(&mut self, caller: Option<&Caller>, events: &[Event]) {
        for event in events {
            self.fold_one(caller, &event.kind);
        }
    }

    fn fold_one(&mut self, caller: Option<&Caller>, kind: &EventKind) {
        match kind {
            EventKind::Requested { request } => {
                let Some(caller) = caller else { return };
                let entry = Entry { asked_by: caller.clone(), vehicle: None };
                self.rides.insert(*request, entry);
                self.open.insert(*request);
                if caller.role == Role::Rider {
                    self.open_of.entry(caller.name.clone()).or_default().insert(*request);
                }
            }
            EventKind::Offered { request, vehicle, .. }
            | EventKind::Promised { request, vehicle, .. }
            | EventKind::Reassigned { request, to: vehicle, .. }
            | EventKind::Boarded { request, vehicle } => {
                if let Some(entry) = self.rides.get_mut(request) {
                    entry.vehicle = Some(*vehicle);
                }
            }
            EventKind::Rejected { request, .. }
            | EventKind::Expired { request }
            | EventKind::Cancelled { request, .. }
            | EventKind::NoShow { request, .. }
            | EventKind::Alighted { request, .. }
            | EventKind::Aborted { request } => {
                self.end(*request);
            }
            EventKind::ShiftEnded { vehicle } => {
                self.gone.insert(*vehicle);
            }
            EventKind::ShiftStarted { vehicle, .. } => {
                self.gone.remove(vehicle);
            }
            EventKind::PlanChanged { .. }
            | EventKind::TrafficChanged { .. }
            | EventKind::Departed { .. }
            | EventKind::Arrived { .. }
            | EventKind::Repositioning { .. }
            | EventKind::BrokeDown { .. }
            | EventKind::PromiseAtRisk { .. }
            | EventKind::PromiseBroken { .. } => {}
        }
    }

    fn end(&mut self, request: RequestId) {
        if !self.open.remove(&request) {
            return;
        }
        self.ended.push_back(request);
        let Some(entry) = self.rides.get(&request) else { return };
        if let Some(own) = self.open_of.get_mut(&entry.asked_by.name) {
            own.remove(&request);
            if own.is_empty() {
                self.open_of.remove(&entry.asked_by.name);
            }
        }
    }

    /// Forgets the ended rides that the dispatcher has forgotten.
    pub fn forget(&mut self, is_known: impl Fn(RequestId) -> bool) {
        while let Some(&request) = self.ended.front()
            && !is_known(request)
        {
            self.ended.pop_front();
            self.rides.remove(&request);
        }
    }

    /// Who asked for the ride.
    #[must_use]
    pub fn asked_by(&self, request: RequestId) -> Option<&Caller> {
        self.rides.get(&request).map(|entry| &entry.asked_by)
    }

    /// Whether a ride of this caller is known.
    #[must_use]
    pub fn knows(&self, caller: &Caller) -> bool {
        self.rides.values().any(|entry| entry.asked_by == *caller)
    }

    /// The rider who asked for it, if it was a rider.
    #[must_use]
    pub fn rider(&self, request: RequestId) -> Option<&str> {
        self.asked_by(request)
            .filter(|caller| caller.role == Role::Rider)
            .map(|caller| caller.name.as_str())
    }

    /// The vehicle that carries, or last was to carry, the ride.
    #[must_use]
    pub fn vehicle(&self, request: RequestId) -> Option<VehicleId> {
        self.rides.get(&request).and_then(|entry| entry.vehicle)
    }

    /// Rides that have not ended, in order of id.
    pub fn open(&self) -> impl Iterator<Item = RequestId> + '_ {
        self.open.iter().copied()
    }

    /// Whether the ride has not ended.
    #[must_use]
    pub fn is_open(&self, request: RequestId) -> bool {
        self.open.contains(&request)
    }

    /// The open rides of a rider, in order of id.
    #[must_use]
    pub fn open_of(&self, rider: &str) -> BTreeSet<RequestId> {
        self.open_of.get(rider).cloned().unwrap_or_default()
    }

    /// Whether the vehicle's shift has ended.
    #[must_use]
    pub fn has_left(&self, vehicle: VehicleId) -> bool {
        self.gone.contains(&vehicle)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use sharxi_engine::units::EngineTime;

    #[test]
    fn a_rider_has_what_is_open_and_what_the_dispatcher_forgot_is_gone() {
        let anna = Caller { role: Role::Rider, name: "anna".into() };
        let mut ledger = Ledger::default();
        for id in 0..3 {
            let request = RequestId::new(id);
            let mut kinds = vec![EventKind::Requested { request }];
            // The first one goes on.
            if 0 < id {
                kinds.push(EventKind::Expired { request });
            }
            let event = |kind| Event { at: EngineTime::default(), kind };
            let events: Vec<Event> = kinds.into_iter().map(event).collect();
            ledger.fold(Some(&anna), &events);
        }
        let first = RequestId::new(0);
        assert_eq!(ledger.open_of("anna"), BTreeSet::from([first]));
        assert!(ledger.open_of("bert").is_empty());
        ledger.forget(|request| request != RequestId::new(1));
        assert_eq!(ledger.asked_by(RequestId::new(1)), None);
        assert_eq!(ledger.asked_by(RequestId::new(2)), Some(&anna));
        ledger.fold(
            None,
            &[Event { at: EngineTime::default(), kind: EventKind::Expired { request: first } }],
        );
        ledger.forget(|_| false);
        assert_eq!(ledger.asked_by(first), None);
        assert!(ledger.open_of.is_empty() && ledger.open.is_empty() && ledger.ended.is_empty());
    }
}
