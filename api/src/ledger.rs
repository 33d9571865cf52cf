//! Who asked for which ride and who carries it: what access and visibility need beyond the dispatcher's own state.
//!
//! Folded from commands and events alone, hence the same after a replay.

use std::collections::{BTreeMap, BTreeSet};

use sharxi_engine::dispatcher::event::{Event, EventKind};
use sharxi_engine::ids::{RequestId, VehicleId};

use crate::intent::Caller;
use crate::wire::message::Role;

/// One ride as the outside's book keeps it.
#[derive(Clone, Debug)]
struct Entry {
    asked_by: Caller,
    vehicle: Option<VehicleId>,
}

/// The book.
#[derive(Default)]
pub struct Ledger {
    rides: BTreeMap<RequestId, Entry>,
    open: BTreeSet<RequestId>,
    by_rider: BTreeMap<String, Vec<RequestId>>,
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
                    self.by_rider.entry(caller.name.clone()).or_default().push(*request);
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
                self.open.remove(request);
            }
            EventKind::ShiftEnded { vehicle } => {
                self.gone.insert(*vehicle);
            }
            EventKind::ShiftStarted { vehicle, .. } => {
                self.gone.remove(vehicle);
            }
            EventKind::PlanChanged { .. }
            | EventKind::Departed { .. }
            | EventKind::Arrived { .. }
            | EventKind::Repositioning { .. }
            | EventKind::BrokeDown { .. }
            | EventKind::PromiseAtRisk { .. }
            | EventKind::PromiseBroken { .. } => {}
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

    /// All rides of a rider, ended ones as well, in order of id.
    #[must_use]
    pub fn rides_of(&self, rider: &str) -> &[RequestId] {
        self.by_rider.get(rider).map_or(&[], Vec::as_slice)
    }

    /// Whether the vehicle's shift has ended.
    #[must_use]
    pub fn has_left(&self, vehicle: VehicleId) -> bool {
        self.gone.contains(&vehicle)
    }
}
