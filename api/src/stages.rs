//! How far a promised ride has come, as riders see it: confirmed, assigned, arriving, waiting at the pickup.
//!
//! The engine knows rides that are promised and vehicles that follow plans; how near the vehicle is to a rider follows from both,
//! and from nothing else: a change is noticed after the command that brought it about, is numbered like any event, and comes
//! again in the same place when the journal is replayed.

use std::collections::{BTreeMap, BTreeSet};

use sharxi_engine::demand::ride::RideState;
use sharxi_engine::dispatcher::Dispatcher;
use sharxi_engine::dispatcher::event::{Event, EventKind};
use sharxi_engine::fleet::plan::{Action, NextAct};
use sharxi_engine::ids::{RequestId, VehicleId};

use crate::wire::ride_status::RideStatus;

/// A ride has come nearer to its vehicle, or farther from it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct StageChange {
    /// Whose.
    pub request: RequestId,
    /// The vehicle that is to come.
    pub vehicle: VehicleId,
    /// How far it is now.
    pub status: RideStatus,
}

/// What was told last of each ride that waits for its vehicle; those that are only confirmed are left out.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Stages {
    told: BTreeMap<RequestId, RideStatus>,
}

impl Stages {
    /// As they are after all that has happened.
    #[must_use]
    pub fn of(dispatcher: &Dispatcher) -> Self {
        let n_vehicles = u32::try_from(dispatcher.n_vehicles()).unwrap_or(u32::MAX);
        let mut stages = Self::default();
        for vehicle in (0..n_vehicles).map(VehicleId::new) {
            for (request, status) in waiting_for(vehicle, dispatcher) {
                stages.set(request, status);
            }
        }
        stages
    }

    /// What these events changed, in order of vehicle and stop; `dispatcher` is as it is after them.
    pub fn fold(&mut self, events: &[Event], dispatcher: &Dispatcher) -> Vec<StageChange> {
        let mut vehicles = BTreeSet::new();
        for event in events {
            vehicles.extend(concerned(&event.kind));
            // Who boards, or whose ride ends, waits no longer; who is promised a vehicle begins as confirmed.
            if let Some(request) = settled(&event.kind) {
                self.told.remove(&request);
            }
        }
        let mut changes = Vec::new();
        for vehicle in vehicles {
            for (request, status) in waiting_for(vehicle, dispatcher) {
                if self.get(request) != status {
                    self.set(request, status);
                    changes.push(StageChange { request, vehicle, status });
                }
            }
        }
        changes
    }

    fn get(&self, request: RequestId) -> RideStatus {
        self.told.get(&request).copied().unwrap_or(RideStatus::Confirmed)
    }

    fn set(&mut self, request: RequestId, status: RideStatus) {
        if status == RideStatus::Confirmed {
            self.told.remove(&request);
        } else {
            self.told.insert(request, status);
        }
    }
}

/// How far a ride that waits for its vehicle is; `None` for any other ride.
#[must_use]
pub fn waiting(request: RequestId, dispatcher: &Dispatcher) -> Option<RideStatus> {
    let ride = dispatcher.ride(request)?;
    let waits = is_waiting(ride.state);
    let found = ride.vehicle.filter(|_| waits).and_then(|vehicle| {
        waiting_for(vehicle, dispatcher).into_iter().find(|(of, _)| *of == request)
    });
    waits.then(|| found.map_or(RideStatus::Confirmed, |(_, status)| status))
}

/// The promised riders whom the vehicle is to pick up, in order of their stops, and how far it is.
fn waiting_for(vehicle: VehicleId, dispatcher: &Dispatcher) -> Vec<(RequestId, RideStatus)> {
    let visits = dispatcher.visits(vehicle);
    let Some(first) = visits.first() else { return Vec::new() };
    let near = match dispatcher.next_act(vehicle) {
        NextAct::Idle | NextAct::Depart { .. } => RideStatus::Assigned,
        NextAct::Arrive { .. } => RideStatus::Arriving,
        NextAct::Board { .. } | NextAct::Alight { .. } => RideStatus::WaitingAtPickup,
    };
    // Riders who board at the vehicle's next stop, before it goes on to another.
    let n_near = visits.iter().take_while(|visit| visit.location == first.location).count();
    let is_promised = |request| dispatcher.ride(request).is_some_and(|ride| is_waiting(ride.state));
    let boards = visits.iter().enumerate().filter(|(_, visit)| visit.action == Action::Board);
    boards
        .filter(|(_, visit)| is_promised(visit.request))
        .map(|(idx, visit)| {
            (visit.request, if idx < n_near { near } else { RideStatus::Confirmed })
        })
        .collect()
}

const fn is_waiting(state: RideState) -> bool {
    matches!(state, RideState::Promised | RideState::Stranded { .. })
}

/// The vehicles whose plan or place may be another after this event.
fn concerned(kind: &EventKind) -> Vec<VehicleId> {
    match kind {
        EventKind::Promised { vehicle, .. }
        | EventKind::NoShow { vehicle, .. }
        | EventKind::ShiftStarted { vehicle, .. }
        | EventKind::ShiftEnded { vehicle }
        | EventKind::PlanChanged { vehicle, .. }
        | EventKind::Departed { vehicle, .. }
        | EventKind::Arrived { vehicle, .. }
        | EventKind::Boarded { vehicle, .. }
        | EventKind::Alighted { vehicle, .. }
        | EventKind::Repositioning { vehicle, .. }
        | EventKind::BrokeDown { vehicle, .. } => vec![*vehicle],
        EventKind::Reassigned { from, to, .. } => vec![*from, *to],
        EventKind::Requested { .. }
        | EventKind::Offered { .. }
        | EventKind::Rejected { .. }
        | EventKind::Expired { .. }
        | EventKind::Cancelled { .. }
        | EventKind::PromiseAtRisk { .. }
        | EventKind::PromiseBroken { .. }
        | EventKind::Aborted { .. }
        | EventKind::TrafficChanged { .. } => Vec::new(),
    }
}

/// The ride of which something else is told by this event itself.
fn settled(kind: &EventKind) -> Option<RequestId> {
    match kind {
        EventKind::Promised { request, .. } | EventKind::Boarded { request, .. } => Some(*request),
        _ => kind.ends(),
    }
}
