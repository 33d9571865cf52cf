//! Everything that the dispatcher knows.

use std::collections::{BTreeMap, BTreeSet};

use crate::demand::request::Name;
use crate::demand::ride::Ride;
use crate::dispatcher::event::RejectReason;
use crate::fleet::vehicle::Vehicle;
use crate::ids::{RequestId, VehicleId};
use crate::oracle::Location;
use crate::planning::explain::Explanation;
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

/// A request that was refused.
#[derive(Clone, Debug, Hash)]
pub(super) struct Refusal {
    pub(super) reason: RejectReason,
    /// Absent if no vehicle was looked at.
    pub(super) explanation: Option<Explanation>,
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
    /// The newest refusals.
    pub(super) refusals: BTreeMap<RequestId, Refusal>,
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
            refusals: BTreeMap::new(),
            vehicles: Vec::new(),
            active: Vec::new(),
            vehicle_names: BTreeMap::new(),
            due: BTreeSet::new(),
            forecast,
            traffic_version: 0,
            reaches: BTreeMap::new(),
            outlooks: Outlooks::default(),
        }
    }

    /// All that a search looks at.
    pub(super) fn fleet(&self) -> Fleet<'_> {
        Fleet { vehicles: &self.vehicles, active: &self.active, outlooks: &self.outlooks }
    }
}
