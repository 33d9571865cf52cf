//! The deterministic state machine: `apply(time, command) -> events`.

use std::sync::Arc;

use crate::demand::request::{Name, RideRequest};
use crate::demand::ride::Ride;
use crate::dispatcher::command::{Command, CommandError};
use crate::dispatcher::event::{Event, Standing};
use crate::fleet::plan::{NextAct, PlannedVisit};
use crate::fleet::vehicle::VehicleSpec;
use crate::ids::{RequestId, VehicleId};
use crate::oracle::{Location, Oracle};
use crate::planning::policy::Policy;
use crate::units::{EngineTime, Millis};

pub mod command;
pub mod event;

/// A populated place and how much demand is expected there, relative to the others.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, serde::Serialize, serde::Deserialize)]
pub struct Spot {
    /// Where; also where a vehicle may wait.
    pub location: Location,
    /// Relative demand, at least 1.
    pub weight: u32,
}

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
    now: EngineTime,
}

impl Dispatcher {
    /// An empty dispatcher. `spots` are where demand is expected; at most 512 of the heaviest are used.
    #[must_use]
    pub fn new(oracle: Arc<dyn Oracle>, policy: Policy, _spots: &[Spot]) -> Self {
        Self { oracle, policy, now: EngineTime::default() }
    }

    /// The only way to change anything.
    ///
    /// # Errors
    /// [`CommandError`] if the command is not possible; then nothing has changed.
    pub fn apply(&mut self, time: EngineTime, _command: Command) -> Result<Vec<Event>, CommandError> {
        self.now = time;
        Ok(Vec::new())
    }

    /// Time of the last command.
    #[must_use]
    pub const fn now(&self) -> EngineTime {
        self.now
    }

    /// The rules.
    #[must_use]
    pub const fn policy(&self) -> &Policy {
        &self.policy
    }

    /// The travel times that it decides on.
    #[must_use]
    pub fn oracle(&self) -> &Arc<dyn Oracle> {
        &self.oracle
    }

    /// When a [`Command::Tick`] is due next, if anything waits for time to pass.
    #[must_use]
    pub fn next_wakeup(&self) -> Option<EngineTime> {
        None
    }

    /// A ride by id.
    #[must_use]
    pub fn ride(&self, _request: RequestId) -> Option<&Ride> {
        None
    }

    /// A ride by its outside name.
    #[must_use]
    pub fn find_ride(&self, _name: &Name) -> Option<RequestId> {
        None
    }

    /// Rides ever asked for; ids are `0..n_rides`.
    #[must_use]
    pub fn n_rides(&self) -> usize {
        0
    }

    /// A vehicle by id.
    #[must_use]
    pub fn vehicle(&self, _vehicle: VehicleId) -> Option<&VehicleSpec> {
        None
    }

    /// A vehicle by its outside name.
    #[must_use]
    pub fn find_vehicle(&self, _name: &Name) -> Option<VehicleId> {
        None
    }

    /// Vehicles that ever joined; ids are `0..n_vehicles`.
    #[must_use]
    pub fn n_vehicles(&self) -> usize {
        0
    }

    /// Whether the vehicle is on shift and in working order.
    #[must_use]
    pub fn in_service(&self, _vehicle: VehicleId) -> bool {
        false
    }

    /// What the vehicle has to do next.
    #[must_use]
    pub fn next_act(&self, _vehicle: VehicleId) -> NextAct {
        NextAct::Idle
    }

    /// Number of the vehicle's plan; rises with every change.
    #[must_use]
    pub fn plan_version(&self, _vehicle: VehicleId) -> u32 {
        0
    }

    /// The vehicle's planned visits in order, with their times as they look now.
    #[must_use]
    pub fn visits(&self, _vehicle: VehicleId) -> Vec<PlannedVisit> {
        Vec::new()
    }

    /// Where the vehicle last stood.
    #[must_use]
    pub fn last_standing(&self, _vehicle: VehicleId) -> Option<Standing> {
        None
    }

    /// Requests on board, in order of id.
    #[must_use]
    pub fn on_board(&self, _vehicle: VehicleId) -> Vec<RequestId> {
        Vec::new()
    }

    /// What a request would be told if it were made now: pickup and drop-off as they look, or `None`.
    #[must_use]
    pub fn quote(&self, _request: &RideRequest) -> Option<(EngineTime, EngineTime)> {
        None
    }

    /// How well the fleet covers the spots now.
    #[must_use]
    pub fn coverage(&self) -> Coverage {
        Coverage { share: 0.0, worst: Millis::INFINITE }
    }

    /// A hash of the whole state, the same on every machine of one byte order.
    #[must_use]
    pub fn state_hash(&self) -> u64 {
        0
    }
}
