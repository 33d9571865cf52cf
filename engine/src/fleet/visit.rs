//! A visit: one rider boards or alights at one place, inside a window. A schedule is a list of visits.
//!
//! Visits at the same place that follow each other are one stop of the vehicle: no drive between them, no second
//! pull-in. Times follow one rule, written once in [`Visit::times`].

use serde::{Deserialize, Serialize};

use crate::demand::promise::Promise;
use crate::demand::request::Party;
use crate::fleet::plan::Action;
use crate::ids::RequestId;
use crate::oracle::Location;
use crate::planning::policy::Policy;
use crate::units::{EngineTime, Millis};

/// A planned visit with all that a feasibility test needs to know.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Visit {
    /// Whose.
    pub request: RequestId,
    /// Board or alight.
    pub action: Action,
    /// Where.
    pub location: Location,
    /// Boarding does not begin before this; meaningless for alighting.
    pub earliest: EngineTime,
    /// Latest begin of boarding, or latest end of alighting. Equal to the promise unless the promise is already lost:
    /// then it is the least lateness that was found, so that nothing later makes it worse.
    pub latest: EngineTime,
    /// How long boarding or alighting takes.
    pub dwell: Millis,
    /// Who.
    pub party: Party,
    /// Longest time on board.
    pub ride_max: Millis,
    /// Drive from pickup to drop-off without detours.
    pub direct: Millis,
    /// Since when the rider is on board, for alighting only.
    pub boarded_at: Option<EngineTime>,
}

/// When a visit happens.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct VisitTimes {
    /// The vehicle is there.
    pub arrive: EngineTime,
    /// It stands ready: boarding or alighting begins.
    pub begin: EngineTime,
    /// Done; it may drive on.
    pub end: EngineTime,
}

impl Visit {
    /// The two visits of a ride that is to be carried under `promise`.
    #[must_use]
    pub fn pair(
        request: RequestId,
        (from, to): (Location, Location),
        party: Party,
        promise: &Promise,
        policy: &Policy,
    ) -> (Self, Self) {
        let board = Self {
            request,
            action: Action::Board,
            location: from,
            earliest: promise.ready_at(),
            latest: promise.pickup_by(),
            dwell: policy.boarding(party),
            party,
            ride_max: promise.ride_max(),
            direct: promise.direct(),
            boarded_at: None,
        };
        let alight = Self {
            action: Action::Alight,
            location: to,
            latest: promise.dropoff_by(),
            dwell: policy.alighting(party),
            ..board
        };
        (board, alight)
    }

    /// Times of this visit for a vehicle that arrives at `arrive`; `pull_in` is the time of a stop, zero if the vehicle
    /// already stands there.
    #[must_use]
    pub fn times(&self, arrive: EngineTime, pull_in: Millis) -> VisitTimes {
        let ready = arrive + pull_in;
        let begin = match self.action {
            Action::Board => ready.max(self.earliest),
            Action::Alight => ready,
        };
        VisitTimes { arrive, begin, end: begin + self.dwell }
    }

    /// How much later than `latest` a visit at these times is.
    #[must_use]
    pub fn late(&self, times: VisitTimes) -> Millis {
        match self.action {
            Action::Board => times.begin.since(self.latest),
            Action::Alight => times.end.since(self.latest),
        }
    }
}
