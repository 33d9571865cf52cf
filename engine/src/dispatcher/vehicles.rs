//! What vehicles report: shifts and facts. A fact is taken as it happened; if it is late, riders are looked after.

use crate::demand::ride::RideState;
use crate::dispatcher::command::CommandError;
use crate::dispatcher::event::{EventKind, Standing};
use crate::dispatcher::turn::Turn;
use crate::fleet::motion::Motion;
use crate::fleet::plan::{Action, NextAct};
use crate::fleet::vehicle::{Duty, Fittings, Vehicle, VehicleSpec};
use crate::fleet::visit::Visit;
use crate::ids::{RequestId, VehicleId};
use crate::limits;
use crate::oracle::Location;
use crate::planning::view::Load;
use crate::units::{EngineTime, Millis};

impl Turn<'_> {
    pub(super) fn start_shift(&mut self, spec: VehicleSpec) -> Result<(), CommandError> {
        let working = self
            .state
            .vehicle_names
            .get(&spec.name)
            .and_then(|id| self.state.vehicles.get(id.idx()))
            .is_some_and(|vehicle| vehicle.duty == Duty::OnShift);
        if working {
            return Err(CommandError::NameTaken(spec.name.as_str().to_owned()));
        }
        let Fittings { fold, child_seats, luggage } = spec.fittings;
        let counts = [spec.seats, spec.wheelchairs, fold, child_seats, luggage];
        if counts.into_iter().any(|count| count > limits::PLACES_MAX) {
            return Err(CommandError::Invalid("a vehicle has at most 64 places of each kind"));
        }
        if spec.seats == 0 && spec.wheelchairs == 0 {
            return Err(CommandError::Invalid("a vehicle must have at least one place"));
        }
        if spec.shift_end <= spec.shift_start || spec.shift_end <= self.now() {
            return Err(CommandError::Invalid("a shift must end after it starts, and after now"));
        }
        let ahead = spec.shift_start.unix_ms().saturating_sub(self.now().unix_ms());
        if ahead > limits::BOOKING_AHEAD_MS || spec.shift_end > EngineTime::NEVER {
            return Err(CommandError::Invalid(
                "a shift starts at most 14 days ahead and has an end",
            ));
        }
        let full = CommandError::Full { what: "vehicles on shift", limit: limits::VEHICLES_MAX };
        if self.state.active.len() >= limits::VEHICLES_MAX {
            return Err(full);
        }
        let next = u32::try_from(self.state.vehicles.len()).map_err(|_too_many| full)?;
        let standing = Standing { location: spec.start, arc: self.ctx.oracle.arc_at(spec.start) };
        let vacant = self.state.vacate_row(self.now());
        let id = vacant.unwrap_or_else(|| VehicleId::new(next));
        self.state.vehicle_names.insert(spec.name.clone(), id);
        let mut vehicle = Vehicle::new(spec, standing.arc, self.now());
        match self.state.vehicles.get_mut(id.idx()) {
            Some(row) => {
                // Whoever still knows a plan of the vehicle before must not mistake it for one of this.
                vehicle.version = row.version;
                *row = vehicle;
            }
            None => self.state.vehicles.push(vehicle),
        }
        let place = self.state.active.partition_point(|&active| active < id);
        self.state.active.insert(place, id);
        self.state.outlooks.join(id);
        self.state.weigh_needs();
        self.say(EventKind::ShiftStarted { vehicle: id, standing });
        self.touch(id);
        self.plan_review();
        Ok(())
    }

    pub(super) fn end_shift(&mut self, id: VehicleId) -> Result<(), CommandError> {
        let command = "end_shift";
        let vehicle = self.on_shift(id, command)?;
        if vehicle.visits.iter().any(|visit| visit.boarded_at.is_some()) {
            return Err(CommandError::NotNow { command, why: "riders are on board" });
        }
        self.leave(id, Duty::Ended);
        self.say(EventKind::ShiftEnded { vehicle: id });
        self.place_again(id);
        Ok(())
    }

    /// Takes the vehicle off the list of those that can be given riders.
    fn leave(&mut self, id: VehicleId, duty: Duty) {
        if let Some(vehicle) = self.vehicle_mut(id) {
            vehicle.duty = duty;
            vehicle.errand = None;
        }
        self.state.active.retain(|&active| active != id);
        self.state.weigh_needs();
        self.state.left.push_back((self.ctx.now, id));
        self.state.reaches.remove(&id);
        self.touch(id);
    }

    /// Checks when a fact happened and returns the vehicle.
    fn check_fact(
        &self,
        id: VehicleId,
        at: EngineTime,
        command: &'static str,
    ) -> Result<&Vehicle, CommandError> {
        let vehicle = self.on_shift(id, command)?;
        let (earliest, latest) = (vehicle.last_fact, self.now());
        if at < earliest || at > latest {
            return Err(CommandError::FactOutOfTime { at, earliest, latest });
        }
        Ok(vehicle)
    }

    /// Notes the fact; if it came later than planned, looks after the riders.
    fn settle(&mut self, id: VehicleId, at: EngineTime, planned: EngineTime) {
        if let Some(vehicle) = self.vehicle_mut(id) {
            vehicle.last_fact = at;
        }
        self.touch(id);
        if at > planned {
            self.guard(id);
        }
    }

    pub(super) fn depart(&mut self, id: VehicleId, at: EngineTime) -> Result<(), CommandError> {
        let ctx = self.ctx;
        let command = "depart";
        let vehicle = self.check_fact(id, at, command)?;
        let NextAct::Depart { at: planned, path } = vehicle.next_act(self.ctx.policy) else {
            return Err(CommandError::NotNow {
                command,
                why: "the plan does not send it anywhere",
            });
        };
        let Motion::Standing { at: location, .. } = vehicle.motion else {
            return Err(CommandError::NotNow { command, why: "it is driving" });
        };
        let standing = Standing { location, arc: path.first_arc };
        if let Some(vehicle) = self.vehicle_mut(id) {
            vehicle.depart(path, at, ctx);
        }
        self.say_at(at, EventKind::Departed { vehicle: id, standing });
        self.settle(id, at, planned);
        Ok(())
    }

    pub(super) fn arrive(&mut self, id: VehicleId, at: EngineTime) -> Result<(), CommandError> {
        let ctx = self.ctx;
        let command = "arrive";
        let vehicle = self.check_fact(id, at, command)?;
        let Motion::Driving { path, departed } = &vehicle.motion else {
            return Err(CommandError::NotNow { command, why: "it is not driving" });
        };
        let planned = Motion::arrival(path, *departed);
        let standing = Standing { location: path.to, arc: path.last_arc };
        if let Some(vehicle) = self.vehicle_mut(id) {
            vehicle.arrive(at, ctx);
        }
        self.say_at(at, EventKind::Arrived { vehicle: id, standing });
        self.settle(id, at, planned);
        Ok(())
    }

    /// Shifts the leg under way to where the vehicle is, and looks at all windows behind it.
    pub(super) fn progress(
        &mut self,
        id: VehicleId,
        driven: Millis,
        at: EngineTime,
    ) -> Result<(), CommandError> {
        let command = "progress";
        let vehicle = self.check_fact(id, at, command)?;
        let Motion::Driving { path, .. } = &vehicle.motion else {
            return Err(CommandError::NotNow { command, why: "it is not driving" });
        };
        if driven > path.duration {
            return Err(CommandError::Invalid("nobody drives more of a leg than there is"));
        }
        if let Some(vehicle) = self.vehicle_mut(id)
            && let Motion::Driving { departed, .. } = &mut vehicle.motion
        {
            *departed = at - driven;
            vehicle.last_fact = at;
        }
        self.touch(id);
        self.guard(id);
        Ok(())
    }

    /// A visit that can be done where the vehicle stands (only visits at the same place come before it): its position, the
    /// visit, and when the vehicle is ready for it.
    fn visit_here(
        &self,
        id: VehicleId,
        request: RequestId,
        action: Action,
        command: &'static str,
    ) -> Result<(usize, Visit, EngineTime), CommandError> {
        let not_there = CommandError::NotNow { command, why: "the vehicle does not stand there" };
        let vehicle = self.on_shift(id, command)?;
        let Motion::Standing { at, ready_from, .. } = &vehicle.motion else {
            return Err(not_there);
        };
        let mut here = vehicle.visits.iter().take_while(|visit| visit.location == *at).enumerate();
        here.find(|(_, visit)| visit.request == request && visit.action == action)
            .map(|(position, visit)| (position, *visit, (*ready_from).max(vehicle.hold)))
            .ok_or(not_there)
    }

    pub(super) fn board(
        &mut self,
        id: VehicleId,
        request: RequestId,
        at: EngineTime,
    ) -> Result<(), CommandError> {
        let ctx = self.ctx;
        let command = "board";
        self.check_fact(id, at, command)?;
        let ride = self.ride(request)?;
        if !matches!(ride.state, RideState::Promised | RideState::Stranded { .. }) {
            return Err(CommandError::NotNow { command, why: "the ride is not promised" });
        }
        let (position, visit, ready) = self.visit_here(id, request, Action::Board, command)?;
        if at < visit.earliest {
            return Err(CommandError::NotNow { command, why: "the rider is not due yet" });
        }
        let boarded_at = match ride.state {
            // The time on board counts from the first vehicle.
            RideState::Stranded { boarded_at, .. } => boarded_at,
            _ => at,
        };
        let pickup_by = ride.promise.map(crate::demand::promise::Promise::pickup_by);
        let first_time = ride.state == RideState::Promised;
        if let Some(ride) = self.ride_mut(request) {
            ride.state = RideState::OnBoard { boarded_at };
        }
        if let Some(vehicle) = self.vehicle_mut(id) {
            vehicle.finish(position, at + visit.dwell, ctx);
            vehicle.taken = vehicle.taken.plus(Load::of(visit.party));
            for other in &mut vehicle.visits {
                if other.request == request {
                    other.boarded_at = Some(boarded_at);
                    other.latest = other.latest.min(boarded_at + other.ride_max);
                }
            }
        }
        self.say_at(at, EventKind::Boarded { request, vehicle: id });
        if first_time {
            self.check_kept(request, at, pickup_by);
        }
        self.settle(id, at, ready.max(visit.earliest));
        self.guard(id);
        Ok(())
    }

    pub(super) fn alight(
        &mut self,
        id: VehicleId,
        request: RequestId,
        at: EngineTime,
    ) -> Result<(), CommandError> {
        let ctx = self.ctx;
        let command = "alight";
        self.check_fact(id, at, command)?;
        if !matches!(self.ride(request)?.state, RideState::OnBoard { .. }) {
            return Err(CommandError::NotNow { command, why: "the rider is not on board" });
        }
        let (position, visit, ready) = self.visit_here(id, request, Action::Alight, command)?;
        let dropoff_by = self.ride(request)?.promise.map(|promise| {
            let since = visit.boarded_at.unwrap_or(at);
            promise.dropoff_by().min(since + promise.ride_max())
        });
        if let Some(vehicle) = self.vehicle_mut(id) {
            vehicle.finish(position, at, ctx);
            vehicle.taken = vehicle.taken.minus(Load::of(visit.party));
        }
        self.end_ride(request, RideState::Completed { alighted_at: at });
        self.say_at(at, EventKind::Alighted { request, vehicle: id });
        self.check_kept(request, at, dropoff_by);
        self.settle(id, at, ready + visit.dwell);
        self.find_work(id);
        Ok(())
    }

    pub(super) fn no_show(
        &mut self,
        id: VehicleId,
        request: RequestId,
        at: EngineTime,
    ) -> Result<(), CommandError> {
        let command = "no_show";
        self.check_fact(id, at, command)?;
        let waits =
            matches!(self.ride(request)?.state, RideState::Promised | RideState::Stranded { .. });
        if !waits {
            return Err(CommandError::NotNow { command, why: "the ride is not promised" });
        }
        let (_, visit, ready) = self.visit_here(id, request, Action::Board, command)?;
        let due = visit.earliest.max(ready);
        if at < due + self.ctx.policy.no_show_wait {
            return Err(CommandError::NotNow { command, why: "it has to wait longer" });
        }
        if let Some(vehicle) = self.vehicle_mut(id) {
            vehicle.last_fact = at;
            if let Motion::Standing { ready_from, .. } = &mut vehicle.motion {
                *ready_from = at;
            }
        }
        self.end_ride(request, RideState::NoShow);
        self.say_at(at, EventKind::NoShow { request, vehicle: id });
        self.touch(id);
        self.guard(id);
        self.find_work(id);
        Ok(())
    }

    pub(super) fn break_down(
        &mut self,
        id: VehicleId,
        location: Option<Location>,
        at: EngineTime,
    ) -> Result<(), CommandError> {
        let vehicle = self.check_fact(id, at, "break_down")?;
        let standing = match location {
            Some(location) => Standing { location, arc: self.ctx.oracle.arc_at(location) },
            None => stranded_at(&vehicle.motion, at),
        };
        if let Some(vehicle) = self.vehicle_mut(id) {
            vehicle.last_fact = at;
            vehicle.motion =
                Motion::Standing { at: standing.location, arc: standing.arc, ready_from: at };
            vehicle.next_path = None;
        }
        self.leave(id, Duty::BrokenDown);
        self.say_at(at, EventKind::BrokeDown { vehicle: id, standing });
        self.place_again(id);
        Ok(())
    }
}

/// The last place that a vehicle is known to have passed.
fn stranded_at(motion: &Motion, at: EngineTime) -> Standing {
    match motion {
        Motion::Standing { at: location, arc, .. } => Standing { location: *location, arc: *arc },
        Motion::Driving { path, departed } => {
            let driven_for = at.since(*departed);
            let passed = path.waypoints.partition_point(|w| w.elapsed <= driven_for);
            match passed.checked_sub(1).and_then(|last| path.waypoints.get(last)) {
                Some(last) => {
                    Standing { location: Location::Node(last.node), arc: [last.node, last.node] }
                }
                None => Standing { location: path.from, arc: path.first_arc },
            }
        }
    }
}
