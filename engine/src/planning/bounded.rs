//! The buffers of a trial, what it knows before it begins, and what bounds the costs that it finds: one vehicle's [`Outlook`]
//! as one search sees it.

use crate::fleet::visit::{Visit, VisitTimes};
use crate::ids::VehicleId;
use crate::oracle::Location;
use crate::planning::caution::Spread;
use crate::planning::insertion::{Goal, Search};
use crate::planning::outlook::{Outlook, Outlooks, Start};
use crate::planning::view::{Schedule, View};
use crate::planning::wish::Wish;
use crate::units::{EngineTime, Millis};

/// Buffers of a trial.
#[derive(Default)]
pub(super) struct Cells {
    pub(super) begins: Vec<EngineTime>,
    /// As in [`View::spreads`](crate::planning::view::View::spreads), with what is tried.
    pub(super) spreads: Vec<Spread>,
    pub(super) to_dropoff: Vec<Option<Millis>>,
    pub(super) from_dropoff: Vec<Option<Millis>>,
    /// See [`Outlook::drop_offs`].
    pub(super) own_ms: Vec<i64>,
    pub(super) from_ms: Vec<i64>,
}

/// What is known of a schedule before anything is tried.
#[derive(Clone, Copy)]
pub(super) struct Seen<'a> {
    pub(super) view: &'a View,
    /// See [`Schedule::saves`].
    pub(super) saves: Millis,
}

/// Where the vehicle comes from: place, when it may leave, whether it is driving.
#[derive(Clone, Copy)]
pub(super) struct From {
    pub(super) location: Location,
    pub(super) time: EngineTime,
    pub(super) moving: bool,
    /// It stands and sets off just in time for its first visit, so it waits there for nobody.
    pub(super) holds: bool,
    pub(super) spread: Spread,
}

impl From {
    /// The place of a visit, when it is done.
    pub(super) fn visit(visit: &Visit, times: VisitTimes, spread: Spread) -> Self {
        Self { location: visit.location, time: times.end, moving: false, holds: false, spread }
    }
}

/// Where a drop-off can still be better than the best place so far.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Hope {
    /// Here or farther on.
    Here,
    /// Not here.
    Later,
    /// Nowhere.
    Lost,
}

/// What bounds the cost of insertions into a schedule.
#[derive(Clone, Copy)]
pub(super) struct Bounds<'a> {
    pub(super) wish: &'a Wish<'a>,
    start: &'a Start,
    pub(super) outlook: &'a Outlook,
}

impl<'a> Bounds<'a> {
    /// `None` if nothing bounds them.
    pub(super) fn new(
        search: &Search<'_>,
        wish: &'a Wish<'a>,
        outlooks: &'a Outlooks,
        vehicle: VehicleId,
    ) -> Option<Self> {
        let start = outlooks.start(vehicle)?;
        let is_bounded = search.goal == Goal::Promise && start.is_bounded(search.now);
        is_bounded.then_some(Self { wish, start, outlook: outlooks.get(vehicle)? })
    }

    /// The least cost of any position; `None` if no position will do.
    pub(super) fn least_cost(&self, schedule: &Schedule<'_>, cells: &mut Cells) -> Option<i64> {
        self.outlook.drop_offs(self.wish, &mut cells.own_ms, &mut cells.from_ms);
        let positions = self.outlook.view.locked..=schedule.visits.len();
        positions.filter_map(|i| self.at(i, schedule, cells)).min()
    }

    /// The least cost of a boarding before visit `i`.
    pub(super) fn at(&self, i: usize, schedule: &Schedule<'_>, cells: &Cells) -> Option<i64> {
        self.outlook.least_cost(self.wish, self.start, (i, schedule.capacity), &cells.from_ms)
    }
}
