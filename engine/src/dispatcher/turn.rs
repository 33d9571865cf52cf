//! One application of a command: what it reads, what it changes, what it says.

use std::collections::BTreeSet;

use crate::demand::ride::{Ride, RideState};
use crate::dispatcher::command::{Command, CommandError};
use crate::dispatcher::event::{Event, EventKind};
use crate::dispatcher::state::{Due, State};
use crate::fleet::plan::NextAct;
use crate::fleet::reroute::Context;
use crate::fleet::vehicle::{Duty, Vehicle};
use crate::ids::{RequestId, VehicleId};
use crate::oracle::Oracle;
use crate::planning::policy::Policy;
use crate::units::{EngineTime, Millis};

/// A vehicle that has not reported this long after its time is looked at …
const OVERDUE_AFTER: Millis = Millis::from_secs(2);
/// … again this long after its silence would cost somebody the promise …
const OVERDUE_AGAIN: Millis = Millis::from_secs(1);
/// … and at least this often.
const OVERDUE_AGAIN_MAX: Millis = Millis::from_secs(15);

/// Whoever was silent for this long has cost what there was to cost.
const OVERDUE_LONG: Millis = Millis::from_secs(900);

/// Far enough from the end of the integers that no sum of real durations gets there.
const TIME_MAX: EngineTime = EngineTime::from_unix_ms(900_000_000_000_000);

/// One command being applied.
pub(super) struct Turn<'a> {
    pub(super) ctx: Context<'a>,
    pub(super) state: &'a mut State,
    pub(super) events: Vec<Event>,
    /// Vehicles whose plan or next act has changed.
    dirty: BTreeSet<VehicleId>,
}

impl<'a> Turn<'a> {
    /// A turn at `now`.
    pub(super) fn new(
        oracle: &'a dyn Oracle,
        policy: &'a Policy,
        state: &'a mut State,
        now: EngineTime,
    ) -> Result<Self, CommandError> {
        if now < state.now {
            return Err(CommandError::TimeRunsBack { at: now, last: state.now });
        }
        if now > TIME_MAX {
            return Err(CommandError::Invalid("the time lies beyond the year 30,000"));
        }
        let ctx = Context { oracle, policy, now };
        Ok(Self { ctx, state, events: Vec::new(), dirty: BTreeSet::new() })
    }

    /// Applies the command. Each branch checks everything before it changes anything.
    pub(super) fn run(mut self, command: Command) -> Result<Vec<Event>, CommandError> {
        match command {
            Command::RequestRide(request) => self.request_ride(&request)?,
            Command::AcceptOffer(request) => self.accept_offer(request)?,
            Command::DeclineOffer(request) => self.decline_offer(request)?,
            Command::CancelRide(request, by) => self.cancel_ride(request, by)?,
            Command::StartShift(spec) => self.start_shift(spec)?,
            Command::EndShift(vehicle) => self.end_shift(vehicle)?,
            Command::Depart { vehicle, at } => self.depart(vehicle, at)?,
            Command::Arrive { vehicle, at } => self.arrive(vehicle, at)?,
            Command::Board { vehicle, request, at } => self.board(vehicle, request, at)?,
            Command::Alight { vehicle, request, at } => self.alight(vehicle, request, at)?,
            Command::ReportNoShow { vehicle, request, at } => self.no_show(vehicle, request, at)?,
            Command::BreakDown { vehicle, location, at } => {
                self.break_down(vehicle, location, at)?;
            }
            Command::Tick => self.tick(),
            Command::SetTraffic(_) | Command::SetHours(_) => self.take_traffic(),
            Command::AdoptPlan(improvement) => self.adopt_plan(&improvement)?,
            Command::Progress { vehicle, driven, at } => self.progress(vehicle, driven, at)?,
        }
        self.state.now = self.ctx.now;
        self.announce_plans();
        self.look_out();
        self.state.forget();
        Ok(self.events)
    }

    pub(super) const fn now(&self) -> EngineTime {
        self.ctx.now
    }

    /// Says something that happened at `at`.
    pub(super) fn say_at(&mut self, at: EngineTime, kind: EventKind) {
        self.events.push(Event { at, kind });
    }

    /// Says something that happens now.
    pub(super) fn say(&mut self, kind: EventKind) {
        self.say_at(self.ctx.now, kind);
    }

    /// Notes that the vehicle's plan has changed.
    pub(super) fn touch(&mut self, vehicle: VehicleId) {
        self.dirty.insert(vehicle);
    }

    pub(super) fn ride(&self, request: RequestId) -> Result<&Ride, CommandError> {
        self.state.rides.get(&request).ok_or(CommandError::UnknownRequest(request))
    }

    pub(super) fn ride_mut(&mut self, request: RequestId) -> Option<&mut Ride> {
        self.state.rides.get_mut(&request)
    }

    /// A vehicle on shift.
    pub(super) fn on_shift(
        &self,
        vehicle: VehicleId,
        command: &'static str,
    ) -> Result<&Vehicle, CommandError> {
        let record =
            self.state.vehicles.get(vehicle.idx()).ok_or(CommandError::UnknownVehicle(vehicle))?;
        if record.duty == Duty::OnShift {
            Ok(record)
        } else {
            Err(CommandError::NotNow { command, why: "the vehicle is not on shift" })
        }
    }

    /// The record of a vehicle that is about to change what it does.
    pub(super) fn vehicle_mut(&mut self, vehicle: VehicleId) -> Option<&mut Vehicle> {
        self.state.outlooks.touch(vehicle);
        self.state.vehicles.get_mut(vehicle.idx())
    }

    /// Looks again at the vehicles that have changed.
    pub(super) fn look_out(&mut self) {
        let State { vehicles, outlooks, .. } = &mut *self.state;
        outlooks.refresh(vehicles, self.ctx);
    }

    /// Ends a ride: it leaves its vehicle's plan, and nothing waits for it any more.
    pub(super) fn end_ride(&mut self, request: RequestId, state: RideState) {
        let ctx = self.ctx;
        let Some(ride) = self.ride_mut(request) else { return };
        let vehicle = ride.vehicle;
        let was_final = ride.state.is_final();
        let offer = match ride.state {
            RideState::Offered { expires_at } => Some(expires_at),
            _ => None,
        };
        ride.state = state;
        let watched = ride.promise.filter(|_| ride.warned);
        if !was_final {
            self.state.rides_open = self.state.rides_open.saturating_sub(1);
            self.state.note_end(ctx.now, request);
        }
        for by in
            watched.into_iter().flat_map(|promise| [promise.pickup_by(), promise.dropoff_by()])
        {
            self.state.due.remove(&(by + Millis::new(1), Due::Promise(request)));
        }
        if let Some(expires_at) = offer {
            self.state.due.remove(&(expires_at, Due::Offer(request)));
        }
        if let Some(id) = vehicle
            && let Some(record) = self.vehicle_mut(id)
            && record.remove(request, ctx)
        {
            self.touch(id);
            // Without the stop the others come no later, but for one case: turning round at a stop can be quicker than
            // a junction with a forbidden turn allows.
            self.guard(id);
        }
    }

    /// Numbers the changed plans and notes when to look at each vehicle again.
    fn announce_plans(&mut self) {
        for id in std::mem::take(&mut self.dirty) {
            self.watch(id);
            let Some(vehicle) = self.state.vehicles.get_mut(id.idx()) else { continue };
            vehicle.version += 1;
            let version = vehicle.version;
            self.say(EventKind::PlanChanged { vehicle: id, version });
        }
    }

    /// Notes when to look at a vehicle again if it does not report its next act.
    pub(super) fn watch(&mut self, id: VehicleId) {
        let (policy, now) = (self.ctx.policy, self.ctx.now);
        let Some(vehicle) = self.state.vehicles.get_mut(id.idx()) else { return };
        let before = vehicle.due.take();
        let act_at = match vehicle.next_act(policy) {
            NextAct::Idle => None,
            NextAct::Depart { at, .. }
            | NextAct::Arrive { at, .. }
            | NextAct::Board { at, .. }
            | NextAct::Alight { at, .. } => Some(at),
        };
        vehicle.due = act_at.map(|at| {
            if at + OVERDUE_AFTER > now {
                return at.max(now) + OVERDUE_AFTER;
            }
            if at + OVERDUE_LONG < now {
                return now + OVERDUE_AGAIN_MAX;
            }
            // A long silence makes the expected times grow twice as fast as time passes.
            let half = Millis::new(vehicle.schedule().slack(policy, now).get() / 2);
            now + (half + OVERDUE_AGAIN).min(OVERDUE_AGAIN_MAX)
        });
        let due = vehicle.due;
        if let Some(time) = before {
            self.state.due.remove(&(time, Due::Overdue(id)));
        }
        if let Some(time) = due {
            self.state.due.insert((time, Due::Overdue(id)));
        }
    }
}
