//! Everything that the dispatcher knows.

use std::collections::{BTreeMap, BTreeSet};

use crate::demand::request::Name;
use crate::demand::ride::Ride;
use crate::fleet::vehicle::Vehicle;
use crate::ids::{RequestId, VehicleId};
use crate::limits::{RESCUE_TESTS_PER_S, RESCUE_TESTS_SAVED_MAX};
use crate::oracle::Location;
use crate::planning::forecast::{Forecast, Reach};
use crate::planning::insertion::Fleet;
use crate::planning::outlook::Outlooks;
use crate::units::EngineTime;

/// What time alone brings. The order decides who goes first at equal times.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
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

/// The state.
#[derive(Clone, Debug, Hash)]
pub(super) struct State {
    /// Time of the last command.
    pub(super) now: EngineTime,
    /// By request id.
    pub(super) rides: Vec<Ride>,
    /// Rides that are not ended.
    pub(super) rides_open: usize,
    /// Outside names of rides.
    pub(super) ride_names: BTreeMap<Name, RequestId>,
    /// By vehicle id.
    pub(super) vehicles: Vec<Vehicle>,
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
    /// What each vehicle will do; [`Turn::vehicle_mut`](super::turn::Turn::vehicle_mut) forgets, `look_out` renews.
    pub(super) outlooks: Outlooks,
}

impl State {
    pub(super) fn new(forecast: Forecast) -> Self {
        Self {
            now: EngineTime::from_unix_ms(i64::MIN / 4),
            rides: Vec::new(),
            rides_open: 0,
            ride_names: BTreeMap::new(),
            vehicles: Vec::new(),
            active: Vec::new(),
            vehicle_names: BTreeMap::new(),
            due: BTreeSet::new(),
            forecast,
            traffic_version: 0,
            rescue_tests: (EngineTime::from_unix_ms(i64::MIN / 4), RESCUE_TESTS_SAVED_MAX),
            reaches: BTreeMap::new(),
            outlooks: Outlooks::default(),
        }
    }

    /// Insertion tests that a search may still spend at `now`.
    pub(super) fn tests_left(&self, now: EngineTime) -> u64 {
        let (since, left) = self.rescue_tests;
        let earned = u64::from(now.since(since).get()) * (RESCUE_TESTS_PER_S / 1000);
        (left + earned).min(RESCUE_TESTS_SAVED_MAX)
    }

    /// Takes the tests of one search, if there are so many: by the time of commands and not by a clock, so that a flood of riders
    /// whom nobody can take costs no more than so much, and a replay finds the same.
    pub(super) fn allow_tests(&mut self, now: EngineTime, tests: u32) -> Option<u32> {
        let tests = tests.min(u32::try_from(RESCUE_TESTS_SAVED_MAX).unwrap_or(u32::MAX));
        let left = self.tests_left(now).checked_sub(u64::from(tests))?;
        self.rescue_tests = (now, left);
        Some(tests)
    }

    /// All that a search looks at.
    pub(super) fn fleet(&self) -> Fleet<'_> {
        Fleet { vehicles: &self.vehicles, active: &self.active, outlooks: &self.outlooks }
    }
}
