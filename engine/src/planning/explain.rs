//! Why a vehicle gets a rider, and why others do not: what each would have cost, or which rules stand against it.
//!
//! Slow and plain, for people who ask; no decision depends on it. What a vehicle would cost is what the search of
//! [`crate::planning::trial`] finds in it. For a vehicle in which it finds nothing, every pair of positions is timed from scratch,
//! and the pair that breaks the fewest rules, by the least, is told.

use serde::{Deserialize, Serialize};

use crate::fleet::plan::Action;
use crate::fleet::visit::{Visit, VisitTimes};
use crate::ids::{RequestId, VehicleId};
use crate::limits::{EXPLAINED_VEHICLES_MAX, VISITS_MAX};
use crate::planning::insertion::{Fleet, Search};
use crate::planning::trial::{self, Scratch};
use crate::planning::view::{Capacity, Load, Schedule, View, pull_in_at};
use crate::units::{EngineTime, Millis};

/// What can stand against a place.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum Rule {
    /// The vehicle has not reported when it should have; nobody knows where it is.
    Silent,
    /// Its plan has no room for another two visits.
    PlanFull,
    /// Not enough seats on some leg.
    Seats,
    /// Not enough wheelchair places on some leg.
    Wheelchairs,
    /// Not enough child seats on some leg.
    ChildSeats,
    /// No room for luggage on some leg.
    Luggage,
    /// It would stand at the pickup too late.
    Wait,
    /// The rider would be off too late.
    DropOff,
    /// The rider would be on board too long.
    RideTime,
    /// The promise to somebody else would break.
    OthersPromise(RequestId),
    /// The last rider would be off after the end of the shift.
    ShiftEnd,
}

impl Rule {
    /// The word used in logs and messages.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Silent => "silent",
            Self::PlanFull => "plan_full",
            Self::Seats => "seats",
            Self::Wheelchairs => "wheelchairs",
            Self::ChildSeats => "child_seats",
            Self::Luggage => "luggage",
            Self::Wait => "wait",
            Self::DropOff => "dropoff",
            Self::RideTime => "ride_time",
            Self::OthersPromise(_) => "others_promise",
            Self::ShiftEnd => "shift_end",
        }
    }
}

/// A rule that a place would break.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Broken {
    /// Which.
    pub rule: Rule,
    /// By how much; zero where it is no matter of time.
    pub by: Millis,
}

/// What a vehicle could have done for the rider.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum Verdict {
    /// It could take the rider.
    Possible {
        /// By the objective, in milliseconds; the least is chosen.
        cost: i64,
        /// When it would stand ready.
        pickup_at: EngineTime,
        /// When the rider would be off.
        dropoff_at: EngineTime,
    },
    /// It could not: the rules that its least bad place breaks, in the order of [`Rule`].
    Fails(Vec<Broken>),
}

/// A vehicle and what it could have done.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Candidate {
    /// Which.
    pub vehicle: VehicleId,
    /// What.
    pub verdict: Verdict,
}

/// Why a rider was given to a vehicle, or to none.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Explanation {
    /// As things stood at this time.
    pub at: EngineTime,
    /// The cheapest that could take the rider, cheapest first; then the nearest of those that could not.
    /// At most [`EXPLAINED_VEHICLES_MAX`] of either.
    pub candidates: Vec<Candidate>,
    /// How many of the vehicles on shift could take the rider.
    pub n_possible: usize,
    /// Vehicles on shift.
    pub n_vehicles: usize,
}

/// Looks at every vehicle of `fleet`. O(vehicles) insertions and, for the nearest few that can't, O(n³) for n visits.
#[must_use]
pub fn explain(search: &Search<'_>, fleet: Fleet<'_>) -> Explanation {
    let mut scratch = Scratch::default();
    let (mut possible, mut others) = (Vec::new(), Vec::new());
    for &id in fleet.active {
        let Some(vehicle) = fleet.vehicles.get(id.idx()) else { continue };
        match trial::best_in(search, id, &vehicle.schedule(), &mut scratch) {
            Some(place) => possible.push((place.cost, id, place.board.begin, place.alight.end)),
            None => others.push(id),
        }
    }
    possible.sort_unstable();
    let n_possible = possible.len();
    let can = possible.into_iter().map(|(cost, vehicle, pickup_at, dropoff_at)| Candidate {
        vehicle,
        verdict: Verdict::Possible { cost, pickup_at, dropoff_at },
    });
    let can_not = nearest_that_fail(search, fleet, others.into_iter());
    let candidates = can.take(EXPLAINED_VEHICLES_MAX).chain(can_not).collect();
    Explanation { at: search.now, candidates, n_possible, n_vehicles: fleet.active.len() }
}

/// The same for a rider whom no vehicle can take. One query a vehicle.
#[must_use]
pub fn refusal(search: &Search<'_>, fleet: Fleet<'_>) -> Explanation {
    let candidates = nearest_that_fail(search, fleet, fleet.active.iter().copied());
    let (n_possible, n_vehicles) = (0, fleet.active.len());
    Explanation { at: search.now, candidates, n_possible, n_vehicles }
}

/// What stands against those of `vehicles` that could be at the pickup soonest.
fn nearest_that_fail(
    search: &Search<'_>,
    fleet: Fleet<'_>,
    vehicles: impl Iterator<Item = VehicleId>,
) -> Vec<Candidate> {
    let arrival = |id: VehicleId| {
        let start = fleet.vehicles.get(id.idx())?.schedule().divert(search.policy, search.now);
        Some((start.time + search.oracle.time(start.location, search.board.location), id))
    };
    let mut arrivals: Vec<(EngineTime, VehicleId)> = vehicles.filter_map(arrival).collect();
    arrivals.sort_unstable();
    let candidate = |(_, vehicle): (EngineTime, VehicleId)| {
        let schedule = fleet.vehicles.get(vehicle.idx())?.schedule();
        Some(Candidate { vehicle, verdict: Verdict::Fails(why_not(search, &schedule)) })
    };
    arrivals.into_iter().take(EXPLAINED_VEHICLES_MAX).filter_map(candidate).collect()
}

/// The rules that the least bad place in `schedule` breaks; empty if there is a place that breaks none.
#[must_use]
pub fn why_not(search: &Search<'_>, schedule: &Schedule<'_>) -> Vec<Broken> {
    let without = |rule| vec![Broken { rule, by: Millis::ZERO }];
    if schedule.is_silent(search.policy, search.now) {
        return without(Rule::Silent);
    }
    if schedule.visits.len() + 2 > VISITS_MAX {
        return without(Rule::PlanFull);
    }
    let mut view = View::default();
    schedule.view(search.policy, search.now, &mut view);
    let n = schedule.visits.len();
    let pairs = (view.locked..=n).flat_map(|i| (i..=n).map(move |j| (i, j)));
    let broken = pairs.map(|pair| broken_at(search, schedule, &view, pair));
    let badness = |broken: &Vec<Broken>| {
        let by: u64 = broken.iter().map(|broken| u64::from(broken.by.get())).sum();
        (broken.len(), by)
    };
    broken.min_by_key(badness).unwrap_or_default()
}

/// A visit of a plan that is tried, with its times.
struct Timed<'a> {
    visit: &'a Visit,
    times: VisitTimes,
    /// As planned before; `None` for the new rider.
    before: Option<VisitTimes>,
}

/// The rules that boarding before visit `i` and alighting before visit `j` breaks, each once.
fn broken_at(
    search: &Search<'_>,
    schedule: &Schedule<'_>,
    view: &View,
    (i, j): (usize, usize),
) -> Vec<Broken> {
    let plan = timed(search, schedule, view, (i, j));
    let mut broken: Vec<Broken> = Vec::new();
    let mut add = |rule, by: Millis| match broken.iter_mut().find(|other| other.rule == rule) {
        Some(other) => other.by = other.by.max(by),
        None => broken.push(Broken { rule, by }),
    };
    let mut load = schedule.on_board;
    for (k, Timed { visit, times, before }) in plan.iter().enumerate() {
        load = load.after(visit);
        for rule in too_few(load, schedule.capacity) {
            add(rule, Millis::ZERO);
        }
        let late = visit.late(*times);
        let boarded = match visit.action {
            Action::Board => None,
            Action::Alight => plan
                .iter()
                .take(k)
                .find(|other| other.visit.request == visit.request)
                .map(|other| other.times.begin)
                .or(visit.boarded_at),
        };
        let over = boarded
            .map_or(Millis::ZERO, |begin| times.end.since(begin).saturating_sub(visit.ride_max));
        match before {
            None => {
                let rule = if visit.action == Action::Board { Rule::Wait } else { Rule::DropOff };
                if late > Millis::ZERO {
                    add(rule, late);
                }
                if over > Millis::ZERO {
                    add(Rule::RideTime, over);
                }
            }
            Some(before) => {
                // A ride that is too long already may not get longer.
                let longer = if times.end <= before.end { Millis::ZERO } else { over };
                if late.max(longer) > Millis::ZERO {
                    add(Rule::OthersPromise(visit.request), late.max(longer));
                }
            }
        }
    }
    let last = plan.iter().map(|timed| timed.times.end).max();
    let after_shift = last.map_or(Millis::ZERO, |last| last.since(schedule.shift_end));
    if after_shift > Millis::ZERO {
        add(Rule::ShiftEnd, after_shift);
    }
    broken.sort_by_key(|broken| broken.rule);
    broken
}

/// The visits of `schedule` with the new rider's before `i` and `j`, and when each would be.
fn timed<'a>(
    search: &'a Search<'_>,
    schedule: &Schedule<'a>,
    view: &View,
    (i, j): (usize, usize),
) -> Vec<Timed<'a>> {
    let mut order: Vec<(&Visit, Option<VisitTimes>)> =
        schedule.visits.iter().zip(view.times.iter().copied().map(Some)).collect();
    order.insert(j, (&search.alight, None));
    order.insert(i, (&search.board, None));
    let mut plan: Vec<Timed<'_>> = Vec::with_capacity(order.len());
    for (k, (visit, before)) in order.into_iter().enumerate() {
        let times = match (before, plan.last()) {
            // Up to the boarding everything is as it was.
            (Some(before), _) if k < i => before,
            (_, Some(previous)) => {
                let drive = search.oracle.time(previous.visit.location, visit.location);
                let pull_in = pull_in_at(previous.visit, visit, search.policy);
                visit.times(previous.times.end + drive, pull_in)
            }
            (_, None) => {
                let start = schedule.divert(search.policy, search.now);
                let stands = !start.moving && start.location == visit.location;
                let pull_in = if stands { Millis::ZERO } else { search.policy.stop };
                let drive = search.oracle.time(start.location, visit.location);
                visit.times(start.time + drive, pull_in)
            }
        };
        plan.push(Timed { visit, times, before });
    }
    plan
}

/// What there is too little of.
fn too_few(load: Load, Capacity { places, fold }: Capacity) -> impl Iterator<Item = Rule> {
    let places = [
        (
            Rule::Seats,
            load.seats.saturating_add(fold.saturating_mul(load.wheelchairs)),
            places.seats,
        ),
        (Rule::Wheelchairs, load.wheelchairs, places.wheelchairs),
        (Rule::ChildSeats, load.child_seats, places.child_seats),
        (Rule::Luggage, load.luggage, places.luggage),
    ];
    places.into_iter().filter(|(_, taken, there)| taken > there).map(|(rule, ..)| rule)
}
