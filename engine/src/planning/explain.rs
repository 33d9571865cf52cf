//! Why a vehicle gets a rider, and why others do not: what each would have cost, or which rules stand against it.
//!
//! For people who ask; no decision depends on it. What a vehicle would cost is what the search of [`crate::planning::trial`] finds in
//! it. For a vehicle in which it finds nothing, the pair of positions that breaks the fewest rules, by the least, is told: found among
//! all pairs, with each drive looked up once, since every refusal pays for it. `insertion_brute_force` tries them all in the plain way.

use serde::{Deserialize, Serialize};
use smallvec::SmallVec;

use crate::fleet::motion::Start;
use crate::fleet::plan::Action;
use crate::fleet::visit::{Visit, VisitTimes};
use crate::ids::{RequestId, VehicleId};
use crate::limits::{EXPLAINED_VEHICLES_MAX, VISITS_MAX};
use crate::oracle::Location;
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
        match trial::best_in(search, (id, &vehicle.schedule()), &mut scratch, None) {
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

/// The rules that the least bad place in `schedule` breaks; empty if there is a place that breaks none. Of places that are equally
/// bad, the first. 5 n travel times and at most O(n³) additions for n visits; what is bound to be worse than the best so far, or
/// changes nothing any more, is not looked at to its end.
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
    let places = Places::new(search, schedule, &view);
    let mut best: Option<Breach> = None;
    for i in view.locked..=schedule.visits.len() {
        places.board_before(i, &mut best);
    }
    best.map(|best| best.broken).unwrap_or_default()
}

/// What a place breaks, each rule once.
#[derive(Clone, Default)]
struct Breach {
    broken: Vec<Broken>,
    /// All together.
    by: u64,
}

impl Breach {
    /// Notes a broken rule; of one that is broken more than once, the most.
    fn add(&mut self, rule: Rule, by: Millis) {
        match self.broken.iter_mut().find(|other| other.rule == rule) {
            Some(other) => {
                self.by += u64::from(by.get().saturating_sub(other.by.get()));
                other.by = other.by.max(by);
            }
            None => {
                self.by += u64::from(by.get());
                self.broken.push(Broken { rule, by });
            }
        }
    }

    /// The fewest rules, then by the least. It only grows with what is added.
    fn badness(&self) -> (usize, u64) {
        (self.broken.len(), self.by)
    }

    fn is_worse(&self, best: Option<&Self>) -> bool {
        best.is_some_and(|best| best.badness() < self.badness())
    }
}

/// A visit of a plan that is tried, with its times.
#[derive(Clone, Copy)]
struct Timed<'a> {
    visit: &'a Visit,
    times: VisitTimes,
    /// As planned before; `None` for the new rider.
    before: Option<VisitTimes>,
    /// Its number among all places: the visits in order, then the new rider's two.
    place: usize,
}

/// All places for the new rider in one schedule, and how far it is to them from each visit.
struct Places<'a> {
    search: &'a Search<'a>,
    schedule: &'a Schedule<'a>,
    view: &'a View,
    start: Start,
    /// From the start, each visit and the boarding: to the boarding, and to the alighting.
    to_new: [Vec<Millis>; 2],
    /// From the boarding and from the alighting: to each visit.
    from_new: [Vec<Millis>; 2],
    /// To each visit from the one before it; to the first from the start.
    legs: Vec<Millis>,
    /// What is late already, from each visit on.
    late_from: Vec<Breach>,
}

impl<'a> Places<'a> {
    fn new(search: &'a Search<'a>, schedule: &'a Schedule<'a>, view: &'a View) -> Self {
        let start = schedule.divert(search.policy, search.now);
        let visits: Vec<Location> = schedule.visits.iter().map(|visit| visit.location).collect();
        let ends = [search.board.location, search.alight.location];
        let from: Vec<Location> =
            [start.location].into_iter().chain(visits.iter().copied()).chain([ends[0]]).collect();
        let to_new = ends.map(|end| {
            let mut times = vec![Millis::INFINITE; from.len()];
            search.oracle.times_to(&from, end, &mut times);
            times
        });
        let from_new = ends.map(|end| {
            let mut times = vec![Millis::INFINITE; visits.len()];
            search.oracle.times_from(end, &visits, &mut times);
            times
        });
        let legs = from.iter().zip(&visits).map(|(&from, &to)| search.oracle.time(from, to));
        let legs = legs.collect();
        let mut late_from = vec![Breach::default()];
        for (visit, &times) in schedule.visits.iter().zip(&view.times).rev() {
            let mut breach = late_from.last().cloned().unwrap_or_default();
            if visit.late(times) > Millis::ZERO {
                breach.add(Rule::OthersPromise(visit.request), visit.late(times));
            }
            late_from.push(breach);
        }
        late_from.reverse();
        Self { search, schedule, view, start, to_new, from_new, legs, late_from }
    }

    /// The drive to place `to` from the one that is driven to before it; `None`: from where the vehicle starts.
    fn drive(&self, from: Option<usize>, to: usize) -> Millis {
        let n = self.schedule.visits.len();
        let time = match (from, to.checked_sub(n)) {
            (_, Some(end)) => {
                self.to_new.get(end).and_then(|times| times.get(from.map_or(0, |from| from + 1)))
            }
            (Some(from), None) if n <= from => {
                self.from_new.get(from - n).and_then(|times| times.get(to))
            }
            (_, None) => self.legs.get(to),
        };
        time.copied().unwrap_or(Millis::INFINITE)
    }

    /// When a visit is made behind the `previous` one.
    fn times(&self, previous: Option<&Timed<'_>>, visit: &Visit, place: usize) -> VisitTimes {
        let drive = self.drive(previous.map(|previous| previous.place), place);
        if let Some(previous) = previous {
            let pull_in = pull_in_at(previous.visit, visit, self.search.policy);
            return visit.times(previous.times.end + drive, pull_in);
        }
        let stands = !self.start.moving && self.start.location == visit.location;
        let pull_in = if stands { Millis::ZERO } else { self.search.policy.stop };
        visit.times(self.start.time + drive, pull_in)
    }

    /// Tries all drop-offs for a boarding before visit `i`.
    fn board_before(&self, i: usize, best: &mut Option<Breach>) {
        let n = self.schedule.visits.len();
        let begins = std::iter::repeat_n(self.search.now, n + 2).collect();
        let load = self.schedule.on_board;
        let mut tried = Tried { places: self, begins, last: None, load };
        let mut breach = Breach::default();
        for (k, (visit, &times)) in self.schedule.visits.iter().zip(&self.view.times).enumerate() {
            if i <= k {
                break;
            }
            // Up to the boarding everything is as it was.
            tried.push(Timed { visit, times, before: Some(times), place: k }, &mut breach);
        }
        tried.make(n, &mut breach);
        for j in i..=n {
            // A later drop-off breaks all this as well.
            if breach.is_worse(best.as_ref()) {
                return;
            }
            let (last, load) = (tried.last, tried.load);
            let mut whole = breach.clone();
            tried.make(n + 1, &mut whole);
            if tried.finish(j, &mut whole, best.as_ref())
                && best.as_ref().is_none_or(|best| whole.badness() < best.badness())
            {
                whole.broken.sort_by_key(|broken| broken.rule);
                *best = Some(whole);
            }
            (tried.last, tried.load) = (last, load);
            if j < n {
                tried.make(j, &mut breach);
            }
        }
    }
}

/// A plan that is tried, as far as it has been made.
struct Tried<'a> {
    places: &'a Places<'a>,
    /// When the visit of each place begins, as it was made last.
    begins: SmallVec<[EngineTime; VISITS_MAX]>,
    last: Option<Timed<'a>>,
    load: Load,
}

impl<'a> Tried<'a> {
    /// Goes on to a place and makes its visit there.
    fn make(&mut self, place: usize, breach: &mut Breach) {
        let Places { search, schedule, view, .. } = self.places;
        let (visit, before) = match schedule.visits.get(place) {
            Some(visit) => (visit, view.times.get(place).copied()),
            None if place == schedule.visits.len() => (&search.board, None),
            None => (&search.alight, None),
        };
        let times = self.places.times(self.last.as_ref(), visit, place);
        self.push(Timed { visit, times, before, place }, breach);
    }

    /// Makes all visits from `j` on; false if that is worse than the best.
    fn finish(&mut self, j: usize, breach: &mut Breach, best: Option<&Breach>) -> bool {
        let Places { schedule, view, late_from, .. } = self.places;
        let end = |timed: &Timed<'_>| timed.times.end;
        let mut last = self.last.as_ref().map(end);
        for k in j..schedule.visits.len() {
            if breach.is_worse(best) {
                return false;
            }
            self.make(k, breach);
            last = self.last.as_ref().map(end);
            if last == view.times.get(k).map(|times| times.end) {
                // Waiting has swallowed the detour: the rest is as it was.
                for broken in late_from.get(k + 1).into_iter().flat_map(|late| &late.broken) {
                    breach.add(broken.rule, broken.by);
                }
                last = view.times.last().map(|times| times.end);
                break;
            }
        }
        let after_shift = last.map_or(Millis::ZERO, |last| last.since(schedule.shift_end));
        if after_shift > Millis::ZERO {
            breach.add(Rule::ShiftEnd, after_shift);
        }
        true
    }

    /// Adds a visit and what it breaks behind those before it.
    fn push(&mut self, timed: Timed<'a>, breach: &mut Breach) {
        let Timed { visit, times, before, place } = timed;
        let Places { schedule, view, .. } = self.places;
        self.load = self.load.after(visit);
        for rule in too_few(self.load, schedule.capacity) {
            breach.add(rule, Millis::ZERO);
        }
        if let Some(begin) = self.begins.get_mut(place) {
            *begin = times.begin;
        }
        let late = visit.late(times);
        let boarded = match (visit.action, before) {
            (Action::Board, _) => None,
            (Action::Alight, None) => self.begins.get(schedule.visits.len()).copied(),
            (Action::Alight, Some(_)) => {
                let board = view.boarding.get(place).copied().flatten();
                let begin = board.and_then(|board| self.begins.get(board).copied());
                begin.or(visit.boarded_at)
            }
        };
        let over = boarded
            .map_or(Millis::ZERO, |begin| times.end.since(begin).saturating_sub(visit.ride_max));
        match before {
            None => {
                let rule = if visit.action == Action::Board { Rule::Wait } else { Rule::DropOff };
                if late > Millis::ZERO {
                    breach.add(rule, late);
                }
                if over > Millis::ZERO {
                    breach.add(Rule::RideTime, over);
                }
            }
            Some(before) => {
                // A ride that is too long already may not get longer.
                let longer = if times.end <= before.end { Millis::ZERO } else { over };
                if late.max(longer) > Millis::ZERO {
                    breach.add(Rule::OthersPromise(visit.request), late.max(longer));
                }
            }
        }
        self.last = Some(timed);
    }
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
