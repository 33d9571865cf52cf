//! Everything that the dispatcher knows.

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use serde::{Deserialize, Serialize};

use crate::demand::request::Name;
use crate::demand::ride::Ride;
use crate::dispatcher::event::RejectReason;
use crate::fleet::vehicle::Vehicle;
use crate::ids::{RequestId, VehicleId};
use crate::limits;
use crate::oracle::Location;
use crate::planning::explain::Explanation;
use crate::planning::forecast::{Forecast, Reach};
use crate::planning::insertion::Fleet;
use crate::planning::objective::Scarcity;
use crate::planning::outlook::Outlooks;
use crate::units::{EngineTime, Millis};

/// A ride that has ended stays known for so long.
const RIDE_KEPT: Millis = Millis::new(limits::RIDE_KEPT_MS);
/// The row of a vehicle that has left stays its own for so long.
const VEHICLE_KEPT: Millis = Millis::new(limits::VEHICLE_KEPT_MS);

/// What time alone brings. The order decides who goes first at equal times.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub(super) enum Due {
    /// The offer lapses.
    Offer(RequestId),
    /// A vehicle has not reported what it was to do.
    Overdue(VehicleId),
    /// A promised point in time has passed.
    Promise(RequestId),
    /// Idle vehicles are looked at.
    Review,
}

/// A request that was refused.
#[derive(Clone, Debug, Hash, Serialize, Deserialize)]
pub(super) struct Refusal {
    pub(super) reason: RejectReason,
    /// Absent if no vehicle was looked at, or in a flood.
    pub(super) explanation: Option<Explanation>,
}

/// The state. All of it is saved in a snapshot but what is a cache.
#[derive(Clone, Debug, Hash, Serialize, Deserialize)]
pub(super) struct State {
    /// Time of the last command.
    pub(super) now: EngineTime,
    /// Rides that are open or ended lately; see [`State::forget`].
    pub(super) rides: BTreeMap<RequestId, Ride>,
    /// Rides ever asked for: the id of the next one.
    pub(super) n_rides: u32,
    /// Rides that have ended and when, the first to be forgotten in front.
    pub(super) ended: VecDeque<(EngineTime, RequestId)>,
    /// Rides that are not ended.
    pub(super) rides_open: usize,
    /// Outside names of rides.
    pub(super) ride_names: BTreeMap<Name, RequestId>,
    /// The newest refusals.
    pub(super) refusals: BTreeMap<RequestId, Refusal>,
    /// By vehicle id.
    pub(super) vehicles: Vec<Vehicle>,
    /// Vehicles that have left and when, the first in front; their rows are given to others after a day.
    pub(super) left: VecDeque<(EngineTime, VehicleId)>,
    /// Vehicles on shift, in order of id.
    pub(super) active: Vec<VehicleId>,
    /// Outside names of vehicles.
    pub(super) vehicle_names: BTreeMap<Name, VehicleId>,
    /// What waits for time to pass.
    pub(super) due: BTreeSet<(EngineTime, Due)>,
    /// Where riders are expected.
    pub(super) forecast: Forecast,
    /// Number of the version of the travel times.
    pub(super) traffic_version: u64,
    /// Insertion tests that searches for riders whom nobody can take may still spend, and since when that is so.
    pub(super) rescue_tests: (EngineTime, u64),
    /// What each vehicle reaches from where it will wait; kept while place and number of spots stay.
    pub(super) reaches: BTreeMap<VehicleId, (Location, usize, Reach)>,
    /// What few vehicles have; from [`State::active`].
    #[serde(skip)]
    pub(super) scarcity: Scarcity,
    #[serde(skip)]
    /// What each vehicle will do; [`Turn::vehicle_mut`](super::turn::Turn::vehicle_mut) forgets, `look_out` renews.
    pub(super) outlooks: Outlooks,
}

impl State {
    /// What the clock shows before the first command.
    pub(super) const BEFORE_ALL: EngineTime = EngineTime::from_unix_ms(i64::MIN / 4);

    pub(super) fn new(forecast: Forecast) -> Self {
        Self {
            now: Self::BEFORE_ALL,
            rides: BTreeMap::new(),
            n_rides: 0,
            ended: VecDeque::new(),
            rides_open: 0,
            ride_names: BTreeMap::new(),
            refusals: BTreeMap::new(),
            vehicles: Vec::new(),
            left: VecDeque::new(),
            active: Vec::new(),
            vehicle_names: BTreeMap::new(),
            due: BTreeSet::new(),
            forecast,
            traffic_version: 0,
            rescue_tests: (EngineTime::from_unix_ms(i64::MIN / 4), limits::RESCUE_TESTS_SAVED_MAX),
            reaches: BTreeMap::new(),
            scarcity: Scarcity::default(),
            outlooks: Outlooks::default(),
        }
    }

    /// Insertion tests that a search may still spend at `now`.
    pub(super) fn tests_left(&self, now: EngineTime) -> u64 {
        let (since, left) = self.rescue_tests;
        let earned = u64::from(now.since(since).get()) * (limits::RESCUE_TESTS_PER_S / 1000);
        (left + earned).min(limits::RESCUE_TESTS_SAVED_MAX)
    }

    /// Takes the tests of one search, if there are so many: by the time of commands and not by a clock, so that a flood of riders
    /// whom nobody can take costs no more than so much, and a replay finds the same.
    pub(super) fn allow_tests(&mut self, now: EngineTime, tests: u32) -> Option<u32> {
        let tests = self.tests_allowed(now, tests)?;
        self.rescue_tests = (now, self.tests_left(now).saturating_sub(u64::from(tests)));
        Some(tests)
    }

    /// How many of so many tests a search would get at `now`, if any.
    pub(super) fn tests_allowed(&self, now: EngineTime, tests: u32) -> Option<u32> {
        let tests = tests.min(u32::try_from(limits::RESCUE_TESTS_SAVED_MAX).unwrap_or(u32::MAX));
        (u64::from(tests) <= self.tests_left(now)).then_some(tests)
    }

    /// Notes that a ride has ended.
    pub(super) fn note_end(&mut self, at: EngineTime, request: RequestId) {
        self.ended.push_back((at, request));
    }

    /// Forgets the rides that ended long ago: nothing refers to them any more.
    pub(super) fn forget(&mut self) {
        while let Some(&(at, request)) = self.ended.front()
            && at + RIDE_KEPT <= self.now
        {
            self.ended.pop_front();
            if let Some(ride) = self.rides.remove(&request) {
                self.ride_names.remove(&ride.request.name);
            }
        }
    }

    /// A row for a vehicle that joins: that of one that left long ago and whom no ride knows, or none.
    pub(super) fn vacate_row(&mut self, now: EngineTime) -> Option<VehicleId> {
        let long_ago = |left: &&(EngineTime, VehicleId)| left.0 + VEHICLE_KEPT <= now;
        self.left.front().filter(long_ago)?;
        let known: BTreeSet<VehicleId> =
            self.rides.values().filter_map(|ride| ride.vehicle).collect();
        let position =
            self.left.iter().take_while(long_ago).position(|(_, id)| !known.contains(id))?;
        let (_, id) = self.left.remove(position)?;
        let name = &self.vehicles.get(id.idx())?.spec.name;
        if self.vehicle_names.get(name) == Some(&id) {
            self.vehicle_names.remove(name);
        }
        Some(id)
    }

    /// Looks again at what the vehicles on shift have.
    pub(super) fn weigh_needs(&mut self) {
        let on_shift = self.active.iter().filter_map(|id| self.vehicles.get(id.idx()));
        self.scarcity = Scarcity::of(on_shift.map(Vehicle::capacity));
    }

    /// All that a search looks at.
    pub(super) fn fleet(&self) -> Fleet<'_> {
        Fleet { vehicles: &self.vehicles, active: &self.active, outlooks: &self.outlooks }
    }
}
