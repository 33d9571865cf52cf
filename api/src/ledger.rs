//! Who asked for which ride and who carries it: what access and visibility need beyond the dispatcher's own state.
//!
//! Folded from commands and events alone, hence the same after a replay.

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use sharxi_engine::dispatcher::event::{Event, EventKind};
use sharxi_engine::ids::{RequestId, VehicleId};

use crate::intent::Caller;
use crate::limits::ENDED_RIDES_SHOWN_MAX;
use crate::wire::message::Role;

/// One ride as the outside's book keeps it.
#[derive(Clone, Debug)]
struct Entry {
    asked_by: Caller,
    vehicle: Option<VehicleId>,
}

/// The rides of one rider.
#[derive(Default)]
struct Own {
    open: BTreeSet<RequestId>,
    /// The newest ones, the first to end in front.
    ended: VecDeque<RequestId>,
}

/// The book.
#[derive(Default)]
pub struct Ledger {
    rides: BTreeMap<RequestId, Entry>,
    open: BTreeSet<RequestId>,
    by_rider: BTreeMap<String, Own>,
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
                    self.by_rider.entry(caller.name.clone()).or_default().open.insert(*request);
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
        self.open.remove(&request);
        let rider = self.rides.get(&request).map(|entry| entry.asked_by.name.as_str());
        let Some(own) = rider.and_then(|rider| self.by_rider.get_mut(rider)) else { return };
        if own.open.remove(&request) {
            own.ended.push_back(request);
            if ENDED_RIDES_SHOWN_MAX < own.ended.len() {
                own.ended.pop_front();
            }
        }
    }

    /// Who asked for the ride.
    #[must_use]
    pub fn asked_by(&self, request: RequestId) -> Option<&Caller> {
        self.rides.get(&request).map(|entry| &entry.asked_by)
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

    /// The open rides of a rider and those that ended last, in order of id.
    #[must_use]
    pub fn rides_of(&self, rider: &str) -> BTreeSet<RequestId> {
        let own = self.by_rider.get(rider);
        own.map(|own| own.open.iter().chain(&own.ended).copied().collect()).unwrap_or_default()
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
    fn a_rider_keeps_what_is_open_and_the_newest_that_ended() {
        let anna = Caller { role: Role::Rider, name: "anna".into() };
        let mut ledger = Ledger::default();
        let n_rides = u32::try_from(ENDED_RIDES_SHOWN_MAX).unwrap() + 2;
        for id in 0..n_rides {
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
        let kept = ledger.rides_of("anna");
        assert_eq!(kept.len(), 1 + ENDED_RIDES_SHOWN_MAX);
        assert!(kept.contains(&RequestId::new(0)), "an open ride was forgotten");
        assert!(!kept.contains(&RequestId::new(1)), "the oldest ended ride is still there");
        assert!(ledger.rides_of("bert").is_empty());
    }
}
