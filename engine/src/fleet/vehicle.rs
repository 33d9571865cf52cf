//! A vehicle: what it is, what it is doing, what it will do.

use std::sync::Arc;

use serde::{Deserialize, Serialize};

use crate::demand::request::Name;
use crate::fleet::motion::Motion;
use crate::fleet::visit::Visit;
use crate::oracle::{Location, Path};
use crate::planning::view::{Capacity, Load, Schedule};
use crate::units::{EngineTime, Millis};

/// A vehicle that joins the fleet for one shift.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct VehicleSpec {
    /// The outside's name for it.
    pub name: Name,
    /// What kind it is (taxi, minibus …); free text for people.
    pub kind: Name,
    /// Ordinary seats for riders, at most 64, folding ones included.
    pub seats: u8,
    /// Wheelchair places, at most 64.
    pub wheelchairs: u8,
    /// What else it has.
    pub fittings: Fittings,
    /// Where the shift starts.
    pub start: Location,
    /// When it starts; not before the command.
    pub shift_start: EngineTime,
    /// When the last rider must be off.
    pub shift_end: EngineTime,
}

/// What a vehicle has besides seats and wheelchair places. Each number is at most 64.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Fittings {
    /// Seats that are folded away for each wheelchair place that is taken.
    pub fold: u8,
    /// Child seats; each takes a seat while it is used.
    pub child_seats: u8,
    /// Pieces of luggage for which there is room.
    pub luggage: u8,
}

/// Whether a vehicle works.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum Duty {
    /// It can be given riders.
    OnShift,
    /// It went home.
    Ended,
    /// It broke down.
    BrokenDown,
}

/// The dispatcher's record of a vehicle.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Vehicle {
    /// What it is.
    pub spec: VehicleSpec,
    /// Whether it works.
    pub duty: Duty,
    /// What it is doing.
    pub motion: Motion,
    /// What it will do, in order.
    pub visits: Vec<Visit>,
    /// Drives between visits, see [`Schedule::legs`].
    pub legs: Vec<Millis>,
    /// It does not set off on its next leg before this.
    pub hold: EngineTime,
    /// The way of the next leg, while it stands and has to drive.
    pub next_path: Option<Arc<Path>>,
    /// Its way was begun with other travel times, and along it it gets somewhere sooner than those of now allow.
    pub outruns: bool,
    /// Where it goes to wait, while it has no visits.
    pub errand: Option<Location>,
    /// Number of its plan.
    pub version: u32,
    /// Time of its last reported fact.
    pub last_fact: EngineTime,
    /// Places taken.
    pub taken: Load,
    /// When it is looked at again if it does not report its next act.
    pub due: Option<EngineTime>,
}

impl Vehicle {
    /// A vehicle at the start of its shift.
    #[must_use]
    pub fn new(spec: VehicleSpec, arc: [crate::ids::NodeId; 2], now: EngineTime) -> Self {
        let ready_from = spec.shift_start.max(now);
        Self {
            motion: Motion::Standing { at: spec.start, arc, ready_from },
            duty: Duty::OnShift,
            visits: Vec::new(),
            legs: Vec::new(),
            hold: ready_from,
            next_path: None,
            outruns: false,
            errand: None,
            version: 0,
            last_fact: now,
            taken: Load::default(),
            due: None,
            spec,
        }
    }

    /// Places.
    #[must_use]
    pub fn capacity(&self) -> Capacity {
        let Fittings { fold, child_seats, luggage } = self.spec.fittings;
        let places = Load {
            seats: self.spec.seats.into(),
            wheelchairs: self.spec.wheelchairs.into(),
            child_seats: child_seats.into(),
            luggage: luggage.into(),
        };
        Capacity { places, fold: fold.into() }
    }

    /// What a search needs to know.
    #[must_use]
    pub fn schedule(&self) -> Schedule<'_> {
        Schedule {
            motion: &self.motion,
            visits: &self.visits,
            legs: &self.legs,
            hold: self.hold,
            next_path: self.next_path.as_deref(),
            on_board: self.taken,
            capacity: self.capacity(),
            shift_end: self.spec.shift_end,
        }
    }

    /// Whether it has nothing to do and goes nowhere to do it.
    #[must_use]
    pub fn is_idle(&self) -> bool {
        self.duty == Duty::OnShift && self.visits.is_empty()
    }

    /// Where it stands, or will stop next.
    #[must_use]
    pub fn end_of_motion(&self) -> Location {
        match &self.motion {
            Motion::Standing { at, .. } => *at,
            Motion::Driving { path, .. } => path.to,
        }
    }

    /// Where it will stand when all is done.
    #[must_use]
    pub fn end_of_plan(&self) -> Location {
        let last = self.visits.last().map(|visit| visit.location);
        last.or(self.errand).unwrap_or_else(|| self.end_of_motion())
    }
}
