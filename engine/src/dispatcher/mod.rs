//! The deterministic state machine: `apply(time, command) -> events`.
//!
//! `turn` is one application of a command; `rides` answers riders, `seek` looks for their places, `vehicles` takes reported facts, `repair`
//! finds new vehicles for riders whose plan broke, `reoptimise` changes the plans of several vehicles at once, `traffic` takes
//! over other travel times, `upkeep` does what time alone brings, `explain` says why. Everything it knows is in `state`. A refused command
//! changes nothing.
//!
//! Not here: clocks, names of the outside beyond what it was given, and any decision that depends on how fast this
//! machine is.

use std::sync::Arc;

use crate::demand::request::{Name, RideRequest};
use crate::demand::ride::Ride;
use crate::dispatcher::command::{Command, CommandError};
use crate::dispatcher::event::{Event, Standing};
use crate::dispatcher::explain::RideReason;
use crate::dispatcher::seek::Seek;
use crate::dispatcher::state::State;
use crate::dispatcher::turn::Turn;
use crate::fleet::motion::Motion;
use crate::fleet::plan::{NextAct, PlannedVisit};
use crate::fleet::reroute::Context;
use crate::fleet::vehicle::{Duty, Vehicle, VehicleSpec};
use crate::fleet::visit::Visit;
use crate::ids::{RequestId, VehicleId};
use crate::oracle::{Location, Oracle};
use crate::planning::forecast::Forecast;
pub use crate::planning::forecast::{Spot, Worth};
use crate::planning::policy::Policy;
pub use crate::planning::snapshot::Improvement;
use crate::units::{EngineTime, Millis};
pub use saved::SavedError;

pub mod command;
pub mod event;
pub mod explain;

mod hash;
mod relief;
mod reoptimise;
mod repair;
mod rides;
mod saved;
mod seek;
mod state;
mod traffic;
mod turn;
mod upkeep;
mod vehicles;

/// How well the fleet in place covers the spots.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Coverage {
    /// Demand-weighted share of spots that a vehicle with a free seat could reach within the wait limit, 0 to 1.
    pub share: f64,
    /// Longest time to a spot's nearest vehicle with a free seat.
    pub worst: Millis,
}

/// The dispatcher: all rides, all vehicles, one clock that only commands move.
pub struct Dispatcher {
    oracle: Arc<dyn Oracle>,
    policy: Policy,
    state: State,
}

impl Dispatcher {
    /// An empty dispatcher. `spots` are where demand is expected; the 128 heaviest are used.
    #[must_use]
    pub fn new(oracle: Arc<dyn Oracle>, policy: Policy, spots: &[Spot]) -> Self {
        let state = State::new(Forecast::new(spots, upkeep::reach_limit(&policy), oracle.as_ref()));
        Self { oracle, policy, state }
    }

    /// The only way to change anything.
    ///
    /// # Errors
    /// [`CommandError`] if the command is not possible; then nothing has changed.
    pub fn apply(
        &mut self,
        time: EngineTime,
        command: Command,
    ) -> Result<Vec<Event>, CommandError> {
        let next = match &command {
            Command::SetTraffic(changes) => {
                traffic::check_size(changes)?;
                Some(self.oracle.with_traffic(changes)?)
            }
            Command::SetHours(changes) => {
                traffic::check_size(changes)?;
                Some(self.oracle.with_hours(changes)?)
            }
            _ => None,
        };
        let oracle = next.as_ref().unwrap_or(&self.oracle);
        let events =
            Turn::new(oracle.as_ref(), &self.policy, &mut self.state, time)?.run(command)?;
        if let Some(next) = next {
            self.oracle = next;
        }
        Ok(events)
    }

    /// Time of the last command.
    #[must_use]
    pub const fn now(&self) -> EngineTime {
        self.state.now
    }

    /// Time of the last command, if there has been one.
    #[must_use]
    pub fn last_command_at(&self) -> Option<EngineTime> {
        Some(self.state.now).filter(|&now| State::BEFORE_ALL < now)
    }

    /// The rules.
    #[must_use]
    pub const fn policy(&self) -> &Policy {
        &self.policy
    }

    /// The travel times that it decides on, with the traffic of now.
    #[must_use]
    pub fn oracle(&self) -> &Arc<dyn Oracle> {
        &self.oracle
    }

    /// When a [`Command::Tick`] is due next, if anything waits for time to pass.
    #[must_use]
    pub fn next_wakeup(&self) -> Option<EngineTime> {
        self.state.due.first().map(|(time, _)| *time)
    }

    /// A ride by id; one that ended more than an hour ago is forgotten.
    #[must_use]
    pub fn ride(&self, request: RequestId) -> Option<&Ride> {
        self.state.rides.get(&request)
    }

    /// A ride by its outside name.
    #[must_use]
    pub fn find_ride(&self, name: &Name) -> Option<RequestId> {
        self.state.ride_names.get(name).copied()
    }

    /// Rides ever asked for; their ids are `0..n_rides`.
    #[must_use]
    pub const fn n_rides(&self) -> usize {
        self.state.n_rides as usize
    }

    /// Rides that have not ended.
    #[must_use]
    pub const fn n_rides_open(&self) -> usize {
        self.state.rides_open
    }

    /// A vehicle by id.
    #[must_use]
    pub fn vehicle(&self, vehicle: VehicleId) -> Option<&VehicleSpec> {
        self.state.vehicles.get(vehicle.idx()).map(|vehicle| &vehicle.spec)
    }

    /// A vehicle by its outside name; the latest one that had it.
    #[must_use]
    pub fn find_vehicle(&self, name: &Name) -> Option<VehicleId> {
        self.state.vehicle_names.get(name).copied()
    }

    /// Rows of vehicles; ids are `0..n_vehicles`. The row of a vehicle that left more than a day ago may be another's.
    #[must_use]
    pub fn n_vehicles(&self) -> usize {
        self.state.vehicles.len()
    }

    /// Whether the vehicle is on shift and in working order.
    #[must_use]
    pub fn in_service(&self, vehicle: VehicleId) -> bool {
        self.record(vehicle).is_some_and(|vehicle| vehicle.duty == Duty::OnShift)
    }

    /// Whether the vehicle has no rider to serve; it may be on its way to a place to wait.
    #[must_use]
    pub fn is_idle(&self, vehicle: VehicleId) -> bool {
        self.record(vehicle).is_some_and(Vehicle::is_idle)
    }

    /// What the vehicle has to do next.
    #[must_use]
    pub fn next_act(&self, vehicle: VehicleId) -> NextAct {
        self.record(vehicle).map_or(NextAct::Idle, |vehicle| vehicle.next_act(&self.policy))
    }

    /// Number of the vehicle's plan; rises with every change.
    #[must_use]
    pub fn plan_version(&self, vehicle: VehicleId) -> u32 {
        self.record(vehicle).map_or(0, |vehicle| vehicle.version)
    }

    /// The vehicle's planned visits in order, with their times as they look now.
    #[must_use]
    pub fn visits(&self, vehicle: VehicleId) -> Vec<PlannedVisit> {
        self.record(vehicle)
            .map_or_else(Vec::new, |vehicle| vehicle.planned(&self.policy, self.state.now))
    }

    /// Where the vehicle stands, or stood before it set off.
    #[must_use]
    pub fn last_standing(&self, vehicle: VehicleId) -> Option<Standing> {
        self.record(vehicle).map(|vehicle| match &vehicle.motion {
            Motion::Standing { at, arc, .. } => Standing { location: *at, arc: *arc },
            Motion::Driving { path, .. } => Standing { location: path.from, arc: path.first_arc },
        })
    }

    /// Requests on board, in order of id.
    #[must_use]
    pub fn on_board(&self, vehicle: VehicleId) -> Vec<RequestId> {
        let aboard = |visit: &&Visit| visit.boarded_at.is_some();
        let mut on_board: Vec<RequestId> = self
            .record(vehicle)
            .map(|vehicle| {
                vehicle.visits.iter().filter(aboard).map(|visit| visit.request).collect()
            })
            .unwrap_or_default();
        on_board.sort_unstable();
        on_board
    }

    /// What a request would be told if it were made at `now`: pickup and drop-off as they look, or `None`. Plans of several vehicles
    /// are only changed in thought, which takes as long as in earnest, if `may_search`.
    #[must_use]
    pub fn quote(
        &self,
        request: &RideRequest,
        now: EngineTime,
        may_search: bool,
    ) -> Option<(EngineTime, EngineTime)> {
        let ctx = Context { oracle: self.oracle.as_ref(), policy: &self.policy, now };
        Seek { state: &self.state, ctx }.quote(request, may_search)
    }

    /// Better plans for the vehicles around a place, as far as `tests` insertion tests find any, to be handed to
    /// [`Command::AdoptPlan`]. `None` too if the policy forbids it. A function of the state alone.
    #[must_use]
    pub fn improvement(&self, around: Location, tests: u32) -> Option<Improvement> {
        self.improvement_at(self.state.now, around, tests)
    }

    /// The same for a command at `now`, not before the last one: vehicles have driven on since.
    #[must_use]
    pub fn improvement_at(
        &self,
        now: EngineTime,
        around: Location,
        tests: u32,
    ) -> Option<Improvement> {
        let now = now.max(self.state.now);
        let ctx = Context { oracle: self.oracle.as_ref(), policy: &self.policy, now };
        let may = ctx.policy.reoptimise && tests > 0;
        may.then(|| reoptimise::improvement(&self.state, ctx, around, tests))?
    }

    /// Why a ride has the vehicle that it has, or none, as things stand; `None` for a ride that is unknown, ended without a
    /// vehicle, or was refused long ago. O(vehicles) insertions; changes nothing.
    #[must_use]
    pub fn explain_ride(&self, request: RequestId) -> Option<RideReason> {
        explain::ride(&self.state, self.context(), request)
    }

    /// What an idle vehicle's move is for; `None` if it makes none. O(vehicles x spots) queries; changes nothing.
    #[must_use]
    pub fn explain_move(&self, vehicle: VehicleId) -> Option<Worth> {
        explain::errand(&self.state, self.context(), vehicle)
    }

    /// Insertion tests that searches for riders whom nobody can take may still spend at the time of the last command.
    #[must_use]
    pub fn rescue_tests_left(&self) -> u64 {
        self.state.tests_left(self.state.now)
    }

    /// How well the fleet covers the spots at the time of the last command. O(spots x vehicles) queries.
    #[must_use]
    pub fn coverage(&self) -> Coverage {
        upkeep::coverage(&self.state, self.oracle.as_ref(), &self.policy)
    }

    /// For each place the time until a vehicle with a free seat could be there, at the time of the last command; infinite if none could.
    /// O(places x vehicles) queries.
    #[must_use]
    pub fn soonest(&self, places: &[Location]) -> Vec<Millis> {
        upkeep::soonest(&self.state, self.oracle.as_ref(), &self.policy, places)
    }

    /// A hash of the whole state, the same on every machine and in every build of one version.
    #[must_use]
    pub fn state_hash(&self) -> u64 {
        hash::of(&self.state)
    }

    fn context(&self) -> Context<'_> {
        Context { oracle: self.oracle.as_ref(), policy: &self.policy, now: self.state.now }
    }

    fn record(&self, vehicle: VehicleId) -> Option<&Vehicle> {
        self.state.vehicles.get(vehicle.idx())
    }
}
