//! The best place for one ride: every vehicle, every pair of positions.
//!
//! A position pair (i, j) means: board before visit i, alight before visit j of the schedule as it is. Most vehicles are never
//! looked at: a queue holds a lower bound for each (see [`crate::planning::outlook`]), and the search ends when the least one
//! costs more than the best place found. In a large fleet it first holds one for each group of vehicles that are near one
//! another. What is left is tried pair by pair, see [`crate::planning::trial`].
//!
//! Ties are broken by (cost, vehicle, i, j), in whatever order vehicles are tried. One look of a few nanoseconds at every
//! group or vehicle, then O(n³) for n visits in those that are tried.

use std::cmp::Reverse;
use std::collections::BinaryHeap;

use crate::fleet::reroute::Context;
use crate::fleet::vehicle::Vehicle;
use crate::fleet::visit::{Visit, VisitTimes};
use crate::ids::VehicleId;
use crate::oracle::Oracle;
use crate::planning::bounded::Bounds;
use crate::planning::objective::Scarcity;
use crate::planning::outlook::{Outlooks, Start};
use crate::planning::policy::Policy;
use crate::planning::trial::{self, Scratch};
use crate::planning::view::Load;
use crate::planning::wish::Wish;
use crate::units::{EngineTime, Millis};

/// What is searched for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Goal {
    /// The cheapest insertion inside the new rider's windows.
    Promise,
    /// The least late one for a rider whose promise can't be kept; then the cheapest.
    LeastLate,
    /// The earliest pickup that would keep the limit on the time on board; then the cheapest.
    EarliestPickup,
}

/// A ride that wants a place.
#[derive(Clone, Copy)]
pub struct Search<'a> {
    /// Travel times.
    pub oracle: &'a dyn Oracle,
    /// Rules.
    pub policy: &'a Policy,
    /// The time of the decision.
    pub now: EngineTime,
    /// Boarding with its window.
    pub board: Visit,
    /// Alighting with its window.
    pub alight: Visit,
    /// Drive between the two: not always the direct drive, for a rider may have been left on the way.
    pub between: Millis,
    /// What counts.
    pub goal: Goal,
    /// Whether the new rider needs a reserve, see [`crate::planning::caution`]; the others keep theirs anyhow.
    pub reserve: bool,
    /// What other riders need more.
    pub scarcity: Scarcity,
}

impl<'a> Search<'a> {
    /// A search for a place for two visits.
    #[must_use]
    pub fn new(ctx: Context<'a>, goal: Goal, (board, alight): (Visit, Visit)) -> Self {
        let Context { oracle, policy, now } = ctx;
        let between = oracle.time(board.location, alight.location);
        Self {
            oracle,
            policy,
            now,
            board,
            alight,
            between,
            goal,
            reserve: true,
            scarcity: Scarcity::default(),
        }
    }

    /// Whether a place must leave the new rider a reserve.
    pub(super) fn is_careful(&self) -> bool {
        self.reserve && self.goal == Goal::Promise && !self.policy.is_exact()
    }

    fn wish(&self) -> Wish<'_> {
        let (board, alight) = (&self.board, &self.alight);
        let ends = (board.location, alight.location);
        let saves_ms = (ms(self.oracle.saves(ends.0)), ms(self.oracle.saves(ends.1)));
        let mut wish = Wish {
            board,
            alight,
            sights: (self.oracle.sight(ends.0), self.oracle.sight(ends.1)),
            saves_ms,
            between_ms: ms(self.between),
            detour_ms: 0,
            party: Load::default().after(board),
            stop: self.policy.stop,
            now: self.now,
            informed: self.now + self.policy.react,
        };
        wish.detour_ms = (wish.straight_ms() - ms(board.direct)).max(0);
        wish
    }
}

/// Vehicles to search.
#[derive(Clone, Copy)]
pub struct Fleet<'a> {
    /// By id.
    pub vehicles: &'a [Vehicle],
    /// Those on shift, ascending.
    pub active: &'a [VehicleId],
    /// What they will do. A vehicle whose outlook is missing is searched in full.
    pub outlooks: &'a Outlooks,
}

/// A place in a schedule.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Insertion {
    /// Whose schedule.
    pub vehicle: VehicleId,
    /// Board before this visit.
    pub board_at: usize,
    /// Alight before this visit (positions of the schedule as it was).
    pub alight_at: usize,
    /// What the goal puts first: zero, lateness in ms, or the time of pickup.
    pub first: i64,
    /// Cost by the objective.
    pub cost: i64,
    /// Of it, what the vehicle drives more.
    pub drive_ms: i64,
    /// Times of boarding.
    pub board: VisitTimes,
    /// Times of alighting.
    pub alight: VisitTimes,
}

impl Insertion {
    fn rank(&self) -> (i64, i64, VehicleId, usize, usize) {
        (self.first, self.cost, self.vehicle, self.board_at, self.alight_at)
    }

    /// The better of two by the total order.
    pub(super) fn better(self, other: Option<Self>) -> Self {
        match other {
            Some(other) if other.rank() < self.rank() => other,
            _ => self,
        }
    }
}

/// Whom a bound is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Whom {
    /// All vehicles of a group.
    Group(usize),
    /// A vehicle, seen from afar.
    Far(VehicleId),
    /// A vehicle of which all positions were considered.
    Close(VehicleId),
}

/// What a vehicle or a group of them can offer at best. The least is looked at first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Candidate {
    /// At least what [`Insertion::first`] would be.
    first: i64,
    /// At least what [`Insertion::cost`] would be.
    cost: i64,
    whom: Whom,
}

impl Candidate {
    /// From a first look. `None` if nobody can be there in time.
    fn new(search: &Search<'_>, wish: &Wish<'_>, start: &Start, whom: Whom) -> Option<Self> {
        let (arrives, cost) = start.look(wish);
        let first = match search.goal {
            Goal::Promise if search.board.latest < arrives => return None,
            Goal::Promise => 0,
            Goal::LeastLate => ms(arrives.since(search.board.latest)),
            Goal::EarliestPickup => arrives.max(search.board.earliest).unix_ms(),
        };
        let cost = cost.filter(|_| search.goal == Goal::Promise).unwrap_or(i64::MIN);
        Some(Self { first, cost, whom })
    }
}

/// The first looks of a search.
struct Looks<'a> {
    search: &'a Search<'a>,
    wish: &'a Wish<'a>,
    fleet: Fleet<'a>,
    except: Option<VehicleId>,
}

impl Looks<'_> {
    fn vehicle(&self, vehicle: VehicleId) -> Option<Reverse<Candidate>> {
        if Some(vehicle) == self.except {
            return None;
        }
        let whom = Whom::Far(vehicle);
        match self.fleet.outlooks.start(vehicle) {
            Some(start) => Candidate::new(self.search, self.wish, start, whom).map(Reverse),
            None => Some(Reverse(Candidate { first: i64::MIN, cost: i64::MIN, whom })),
        }
    }

    /// All vehicles of a small fleet; of a large one its groups and who is in none.
    fn begin(&self) -> BinaryHeap<Reverse<Candidate>> {
        let Fleet { active, outlooks, .. } = self.fleet;
        let Some(groups) = outlooks.groups(active.len()) else {
            return active.iter().filter_map(|&id| self.vehicle(id)).collect();
        };
        let group = |(at, start): (usize, &Start)| {
            Candidate::new(self.search, self.wish, start, Whom::Group(at)).map(Reverse)
        };
        let ungrouped = outlooks.ungrouped(active).into_iter().filter_map(|id| self.vehicle(id));
        groups.iter().filter_map(group).chain(ungrouped).collect()
    }

    fn members(&self, at: usize) -> impl Iterator<Item = Reverse<Candidate>> {
        let Fleet { active, outlooks, .. } = self.fleet;
        let members = outlooks.groups(active.len()).map_or(&[][..], |groups| groups.members(at));
        let on_shift = members.iter().filter(|id| active.binary_search(id).is_ok());
        on_shift.filter_map(|&id| self.vehicle(id))
    }
}

/// The best insertion over the active vehicles of `fleet`, but not `except`.
#[must_use]
pub fn best(search: &Search<'_>, fleet: Fleet<'_>, except: Option<VehicleId>) -> Option<Insertion> {
    best_below(search, fleet, except, i64::MAX)
}

/// The same, if it costs less than `limit`; most vehicles are then ruled out by their bounds.
#[must_use]
pub fn best_below(
    search: &Search<'_>,
    fleet: Fleet<'_>,
    except: Option<VehicleId>,
    limit: i64,
) -> Option<Insertion> {
    let wish = search.wish();
    let looks = Looks { search, wish: &wish, fleet, except };
    let mut queue = looks.begin();
    let mut scratch = Scratch::default();
    let mut best: Option<Insertion> = None;
    while let Some(Reverse(candidate)) = queue.pop() {
        if best.is_some_and(|best| (best.first, best.cost) < (candidate.first, candidate.cost)) {
            break;
        }
        if limit <= candidate.cost && search.goal == Goal::Promise {
            break;
        }
        let (id, is_close) = match candidate.whom {
            Whom::Group(at) => {
                queue.extend(looks.members(at));
                continue;
            }
            Whom::Far(id) => (id, false),
            Whom::Close(id) => (id, true),
        };
        let Some(vehicle) = fleet.vehicles.get(id.idx()) else { continue };
        let schedule = vehicle.schedule();
        match Bounds::new(search, &wish, fleet.outlooks, id) {
            None => {
                best = trial::best_in(search, (id, &schedule), &mut scratch, best);
            }
            Some(bounds) if is_close => {
                best = trial::better_in(search, (id, &schedule), bounds, &mut scratch, best);
            }
            Some(bounds) => {
                let cost = bounds.least_cost(&schedule, &mut scratch.cells);
                let whom = Whom::Close(id);
                queue.extend(cost.map(|cost| Reverse(Candidate { cost, whom, ..candidate })));
            }
        }
    }
    best.filter(|best| best.cost < limit)
}

fn ms(duration: Millis) -> i64 {
    i64::from(duration.get())
}
