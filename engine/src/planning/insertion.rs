//! The best place for one ride: every vehicle, every pair of positions.
//!
//! A position pair (i, j) means: board before visit i, alight before visit j of the schedule as it is. Three cuts save
//! work and never lose the best, all from the triangle rule of the oracle (what comes later in a schedule also
//! reaches a given place later):
//! - a vehicle that could not even drive straight to the pickup in time is skipped after one query;
//! - once the pickup is too late behind visit i, it is too late behind every later one;
//! - once the drop-off is too late before visit j, it is too late before every later one.
//!
//! (Where a stop lets a vehicle turn round that a forbidden turn would send farther, the rule is off by that detour, and a
//! cut may lose a place that it makes possible. No place that is found is ever wrong.)
//!
//! Ties are broken by (cost, vehicle, i, j). O(n²) pairs of O(n) each, for n visits; lazily 4 n travel times a vehicle.

use rayon::iter::{IndexedParallelIterator, IntoParallelRefIterator, ParallelIterator};

use crate::fleet::reroute::Context;
use crate::fleet::vehicle::Vehicle;
use crate::fleet::visit::{Visit, VisitTimes};
use crate::ids::VehicleId;
use crate::limits::{PARALLEL_VEHICLES_MIN, VISITS_MAX};
use crate::oracle::{Location, Oracle};
use crate::planning::objective::Effect;
use crate::planning::policy::Policy;
use crate::planning::view::{Load, Schedule, View};
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
}

impl<'a> Search<'a> {
    /// A search for a place for two visits.
    #[must_use]
    pub fn new(ctx: Context<'a>, goal: Goal, (board, alight): (Visit, Visit)) -> Self {
        let Context { oracle, policy, now } = ctx;
        let between = oracle.time(board.location, alight.location);
        Self { oracle, policy, now, board, alight, between, goal }
    }
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
    fn better(self, other: Option<Self>) -> Self {
        match other {
            Some(other) if other.rank() < self.rank() => other,
            _ => self,
        }
    }
}

/// Buffers of one searching thread.
#[derive(Default)]
pub struct Scratch {
    view: View,
    begins: Vec<EngineTime>,
    to_dropoff: Vec<Option<Millis>>,
    from_dropoff: Vec<Option<Millis>>,
}

/// The best insertion over the vehicles `active` of `fleet`, but not `except`.
///
/// In parallel from [`PARALLEL_VEHICLES_MIN`] vehicles on; the answer is the same on any number of threads.
#[must_use]
pub fn best(
    search: &Search<'_>,
    fleet: &[Vehicle],
    active: &[VehicleId],
    except: Option<VehicleId>,
) -> Option<Insertion> {
    let one = |scratch: &mut Scratch, &vehicle: &VehicleId| -> Option<Insertion> {
        if Some(vehicle) == except {
            return None;
        }
        best_in(search, vehicle, &fleet.get(vehicle.idx())?.schedule(), scratch)
    };
    let better = |a: Insertion, b: Insertion| a.better(Some(b));
    if active.len() < PARALLEL_VEHICLES_MIN {
        let mut scratch = Scratch::default();
        active.iter().filter_map(|vehicle| one(&mut scratch, vehicle)).reduce(better)
    } else {
        active
            .par_iter()
            .with_min_len(PARALLEL_VEHICLES_MIN / 4)
            .map_init(Scratch::default, one)
            .flatten()
            .reduce_with(better)
    }
}

/// The best insertion into one schedule.
#[must_use]
pub fn best_in(
    search: &Search<'_>,
    vehicle: VehicleId,
    schedule: &Schedule<'_>,
    scratch: &mut Scratch,
) -> Option<Insertion> {
    let alone = Load::default().after(&search.board);
    if !alone.fits(schedule.capacity) || schedule.visits.len() + 2 > VISITS_MAX {
        return None;
    }
    let straight = schedule.motion.divert(search.now);
    let reach = search.oracle.time(straight.location, search.board.location);
    let too_far = search.goal == Goal::Promise && straight.time + reach > search.board.latest;
    if reach.is_infinite() || too_far || straight.time > schedule.shift_end {
        return None;
    }
    if schedule.is_silent(search.policy, search.now) {
        return None;
    }
    schedule.view(search.policy, search.now, &mut scratch.view);
    let n = schedule.visits.len();
    scratch.begins.clear();
    scratch.begins.extend(scratch.view.times.iter().map(|times| times.begin));
    scratch.to_dropoff.clear();
    scratch.to_dropoff.resize(n + 1, None);
    scratch.from_dropoff.clear();
    scratch.from_dropoff.resize(n + 1, None);
    let mut trial = Trial { search, schedule, vehicle, scratch, party: alone, best: None };
    for i in trial.scratch.view.locked..=n {
        if !trial.board_before(i) {
            break;
        }
    }
    trial.best
}

/// The search in one schedule.
struct Trial<'a, 'b> {
    search: &'a Search<'a>,
    schedule: &'a Schedule<'a>,
    vehicle: VehicleId,
    scratch: &'b mut Scratch,
    party: Load,
    best: Option<Insertion>,
}

/// Where the vehicle comes from: place, when it may leave, whether it is driving.
#[derive(Clone, Copy)]
struct From {
    location: Location,
    time: EngineTime,
    moving: bool,
}

/// A boarding that is being tried.
#[derive(Clone, Copy)]
struct Boarding {
    at: usize,
    times: VisitTimes,
    /// Additional driving so far, without the drop-off.
    drive_ms: i64,
}

impl Trial<'_, '_> {
    /// Tries all drop-offs for a boarding before visit `i`. False if no later boarding can do.
    fn board_before(&mut self, i: usize) -> bool {
        let search = self.search;
        let Some(from) = self.from(i) else { return false };
        self.restore_begin(i);
        let leg = search.oracle.time(from.location, search.board.location);
        let times = search.board.times(from.time + leg, self.pull_in(from, &search.board));
        if times.begin > search.board.latest && search.goal == Goal::Promise {
            // A vehicle that is sent elsewhere at once may lose time to hear of it: no cut from position 0.
            return i == 0;
        }
        if self.load(i).is_some_and(|load| load.fits(self.schedule.capacity)) {
            let drive_ms = ms(leg) - self.old_leg(i, from);
            self.walk(Boarding { at: i, times, drive_ms });
        }
        true
    }

    /// Drives on from the boarding, trying the drop-off before each visit.
    fn walk(&mut self, boarding: Boarding) {
        let search = self.search;
        let mut from =
            From { location: search.board.location, time: boarding.times.end, moving: false };
        let mut delay_ms = 0;
        let mut drive_ms = boarding.drive_ms;
        for j in boarding.at..=self.schedule.visits.len() {
            if !self.alight_before(j, boarding, from, drive_ms, delay_ms) {
                return;
            }
            let Some(visit) = self.schedule.visits.get(j) else { return };
            let leg = if j == boarding.at {
                let leg = search.oracle.time(search.board.location, visit.location);
                drive_ms += ms(leg);
                leg
            } else {
                self.leg(j)
            };
            let times = visit.times(from.time + leg, self.pull_in(from, visit));
            let full = self.load(j + 1).is_none_or(|load| !load.fits(self.schedule.capacity));
            if full || !self.keeps(j, visit, times) {
                return;
            }
            delay_ms += self.delay(j, times);
            self.set_begin(j, times);
            from = From { location: visit.location, time: times.end, moving: false };
        }
    }

    /// Tries the drop-off before visit `j`. False if no later drop-off can do.
    fn alight_before(
        &mut self,
        j: usize,
        boarding: Boarding,
        from: From,
        drive_ms: i64,
        delay_ms: i64,
    ) -> bool {
        let search = self.search;
        let leg_in = if j == boarding.at { search.between } else { self.leg_in(j, from) };
        let times = search.alight.times(from.time + leg_in, self.pull_in(from, &search.alight));
        let ride = times.end.since(boarding.times.begin);
        let rides_too_long = ride > search.alight.ride_max && search.goal != Goal::LeastLate;
        let too_late = times.end > search.alight.latest && search.goal == Goal::Promise;
        if rides_too_long || too_late || times.end > self.schedule.shift_end {
            return false;
        }
        let mut drive_ms = drive_ms + ms(leg_in);
        if let Some(next) = self.schedule.visits.get(j) {
            let leg_out = self.leg_out(j, next);
            drive_ms += ms(leg_out);
            if j > boarding.at {
                drive_ms -= ms(self.leg(j));
            }
            let Some(tail_delay_ms) = self.tail(j, times, leg_out) else { return true };
            self.offer(boarding, j, times, drive_ms, delay_ms + tail_delay_ms);
        } else {
            self.offer(boarding, j, times, drive_ms, delay_ms);
        }
        true
    }

    /// Delay of the visits from `j` on if the vehicle leaves the drop-off at `alight.end`; `None` if one breaks.
    fn tail(&mut self, j: usize, alight: VisitTimes, leg_out: Millis) -> Option<i64> {
        let mut from =
            From { location: self.search.alight.location, time: alight.end, moving: false };
        let mut delay_ms = 0;
        for k in j..self.schedule.visits.len() {
            let visit = self.schedule.visits.get(k)?;
            let leg = if k == j { leg_out } else { self.leg(k) };
            let times = visit.times(from.time + leg, self.pull_in(from, visit));
            if !self.keeps(k, visit, times) {
                return None;
            }
            let delay = self.delay(k, times);
            if delay <= 0 {
                // Waiting has swallowed the detour: the rest is as it was.
                break;
            }
            delay_ms += delay;
            self.set_begin(k, times);
            from = From { location: visit.location, time: times.end, moving: false };
        }
        Some(delay_ms)
    }

    /// Takes a feasible pair if it is the best so far.
    fn offer(
        &mut self,
        boarding: Boarding,
        j: usize,
        alight: VisitTimes,
        drive_ms: i64,
        delay_ms: i64,
    ) {
        let search = self.search;
        let ride = alight.end.since(boarding.times.begin);
        let effect = Effect {
            drive_ms,
            wait: boarding.times.begin.since(search.board.earliest),
            detour: ride.saturating_sub(search.board.direct),
            delay_ms,
        };
        let first = match search.goal {
            Goal::Promise => 0,
            Goal::LeastLate => {
                let pickup_late = boarding.times.begin.since(search.board.latest);
                ms(pickup_late.max(alight.end.since(search.alight.latest)))
            }
            Goal::EarliestPickup => boarding.times.begin.unix_ms(),
        };
        let insertion = Insertion {
            vehicle: self.vehicle,
            board_at: boarding.at,
            alight_at: j,
            first,
            cost: effect.cost(),
            board: boarding.times,
            alight,
        };
        self.best = Some(insertion.better(self.best));
    }

    /// Whether a visit at these times keeps its windows, its rider's time on board and the shift.
    fn keeps(&self, k: usize, visit: &Visit, times: VisitTimes) -> bool {
        let on_time = visit.late(times) == Millis::ZERO && times.end <= self.schedule.shift_end;
        on_time
            && self.boarded(k).is_none_or(|begin| {
                // A ride that is too long already may not get longer.
                let before = self.scratch.view.times.get(k).map_or(times.end, |old| old.end);
                times.end.since(begin) <= visit.ride_max || times.end <= before
            })
    }

    /// When the rider who alights at visit `k` boards in this trial, if the trial can change how long they ride.
    fn boarded(&self, k: usize) -> Option<EngineTime> {
        let visit = self.schedule.visits.get(k)?;
        match self.scratch.view.boarding.get(k)? {
            Some(position) => self.scratch.begins.get(*position).copied(),
            None => visit.boarded_at,
        }
    }

    fn set_begin(&mut self, k: usize, times: VisitTimes) {
        if let Some(begin) = self.scratch.begins.get_mut(k) {
            *begin = times.begin;
        }
    }

    /// Visits before the boarding are as they were; the last trial may have moved the one before `i`.
    fn restore_begin(&mut self, i: usize) {
        let Some(previous) = i.checked_sub(1) else { return };
        if let Some(&times) = self.scratch.view.times.get(previous) {
            self.set_begin(previous, times);
        }
    }

    fn delay(&self, k: usize, times: VisitTimes) -> i64 {
        let before = self.scratch.view.times.get(k).map_or(times.end, |old| old.end);
        times.end.unix_ms() - before.unix_ms()
    }

    /// Where the vehicle comes from before visit `i`.
    fn from(&self, i: usize) -> Option<From> {
        match i.checked_sub(1) {
            None => {
                let start = self.schedule.divert(self.search.policy, self.search.now);
                Some(From { location: start.location, time: start.time, moving: start.moving })
            }
            Some(previous) => {
                let visit = self.schedule.visits.get(previous)?;
                let times = self.scratch.view.times.get(previous)?;
                Some(From { location: visit.location, time: times.end, moving: false })
            }
        }
    }

    /// The drive into visit `i` that a boarding before it replaces, in milliseconds.
    fn old_leg(&self, i: usize, from: From) -> i64 {
        let Some(times) = self.scratch.view.times.get(i) else { return 0 };
        if i == 0 && from.moving {
            (times.arrive.unix_ms() - from.time.unix_ms()).max(0)
        } else {
            ms(self.leg(i))
        }
    }

    fn leg(&self, k: usize) -> Millis {
        self.schedule.legs.get(k).copied().unwrap_or(Millis::INFINITE)
    }

    /// Load before visit `k` with the new party, if that position exists.
    fn load(&self, k: usize) -> Option<Load> {
        self.scratch.view.loads.get(k).map(|load| Load {
            seats: load.seats + self.party.seats,
            wheelchairs: load.wheelchairs + self.party.wheelchairs,
        })
    }

    fn pull_in(&self, from: From, visit: &Visit) -> Millis {
        if !from.moving && from.location == visit.location {
            Millis::ZERO
        } else {
            self.search.policy.stop
        }
    }

    fn leg_in(&mut self, j: usize, from: From) -> Millis {
        let search = self.search;
        cached(&mut self.scratch.to_dropoff, j, || {
            search.oracle.time(from.location, search.alight.location)
        })
    }

    fn leg_out(&mut self, j: usize, next: &Visit) -> Millis {
        let search = self.search;
        cached(&mut self.scratch.from_dropoff, j, || {
            search.oracle.time(search.alight.location, next.location)
        })
    }
}

fn cached(cells: &mut [Option<Millis>], idx: usize, time: impl FnOnce() -> Millis) -> Millis {
    match cells.get_mut(idx) {
        Some(cell) => *cell.get_or_insert_with(time),
        None => time(),
    }
}

fn ms(duration: Millis) -> i64 {
    i64::from(duration.get())
}
