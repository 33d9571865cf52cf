//! One schedule: every pair of positions for one ride, except those that are bound to be worse than the best so far.
//!
//! Three cuts save work and never lose the best, all from the triangle rule of the oracle (what comes later in a schedule also
//! reaches a given place later, but for what the stops in between save, see [`Oracle::saves`](crate::oracle::Oracle::saves)):
//! - a vehicle that could not even drive straight to the pickup in time is skipped;
//! - once the pickup is too late behind visit i, it is too late behind every later one;
//! - once the drop-off is too late before visit j, it is too late before every later one.
//!
//! O(n²) pairs of O(n) each, for n visits; lazily 4 n travel times.

use crate::fleet::motion::Start;
use crate::fleet::visit::{Visit, VisitTimes};
use crate::ids::VehicleId;
use crate::limits::VISITS_MAX;
use crate::planning::bounded::{Bounds, Cells, From, Hope, Seen};
use crate::planning::caution::Spread;
use crate::planning::insertion::{Goal, Insertion, Search};
use crate::planning::objective::Effect;
use crate::planning::view::{Load, Schedule, View};
use crate::units::{EngineTime, Millis};

/// Buffers of one search.
#[derive(Default)]
pub struct Scratch {
    view: View,
    pub(super) cells: Cells,
}

/// The better of `best` and the best insertion into one schedule, whose costs nothing bounds.
#[must_use]
pub fn best_in(
    search: &Search<'_>,
    (vehicle, schedule): (VehicleId, &Schedule<'_>),
    scratch: &mut Scratch,
    best: Option<Insertion>,
) -> Option<Insertion> {
    let straight = schedule.motion.divert(search.now);
    let reach = search.oracle.time(straight.location, search.board.location);
    let saves = schedule.saves(search.oracle);
    let too_far =
        search.goal == Goal::Promise && straight.time + reach > search.board.latest + saves;
    let no_way = reach.is_infinite() && !saves.is_infinite();
    if no_way || too_far || straight.time > schedule.shift_end {
        return best;
    }
    if schedule.is_silent(search.policy, search.now) {
        return best;
    }
    schedule.view(search.policy, search.now, &mut scratch.view);
    let view = Seen { view: &scratch.view, saves };
    try_all(search, (vehicle, schedule), view, &mut scratch.cells, (None, best))
}

/// The better of `best` and the best insertion into a schedule whose costs are bounded.
pub(super) fn better_in(
    search: &Search<'_>,
    schedule: (VehicleId, &Schedule<'_>),
    bounds: Bounds<'_>,
    scratch: &mut Scratch,
    best: Option<Insertion>,
) -> Option<Insertion> {
    let Scratch { view, cells } = scratch;
    bounds.outlook.drop_offs(bounds.wish, &mut cells.own_ms, &mut cells.from_ms);
    let known = if search.policy.is_exact() {
        &bounds.outlook.view
    } else {
        // Times are the same, but less is uncertain, the less is left to drive.
        schedule.1.view(search.policy, search.now, view);
        view
    };
    let known = Seen { view: known, saves: bounds.outlook.saves };
    try_all(search, schedule, known, cells, (Some(bounds), best))
}

/// The better of what was found before and the best insertion into a schedule whose times are those of `view`.
fn try_all(
    search: &Search<'_>,
    (vehicle, schedule): (VehicleId, &Schedule<'_>),
    Seen { view, saves }: Seen<'_>,
    cells: &mut Cells,
    (bounds, best): (Option<Bounds<'_>>, Option<Insertion>),
) -> Option<Insertion> {
    let party = Load::default().after(&search.board);
    let n = schedule.visits.len();
    if !party.fits(schedule.capacity) || n + 2 > VISITS_MAX {
        return best;
    }
    let price = search.scarcity.price(schedule.capacity, party);
    cells.begins.clear();
    cells.begins.extend(view.times.iter().map(|times| times.begin));
    cells.spreads.clear();
    cells.spreads.extend_from_slice(&view.spreads);
    for drives in [&mut cells.to_dropoff, &mut cells.from_dropoff] {
        drives.clear();
        drives.resize(n + 1, None);
    }
    let mut trial =
        Trial { search, schedule, vehicle, view, saves, cells, party, price, bounds, best };
    for i in view.locked..=n {
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
    view: &'a View,
    saves: Millis,
    cells: &'b mut Cells,
    party: Load,
    /// See [`Scarcity`](crate::planning::objective::Scarcity).
    price: i64,
    bounds: Option<Bounds<'a>>,
    best: Option<Insertion>,
}

/// A boarding that is being tried.
#[derive(Clone, Copy)]
struct Boarding {
    at: usize,
    times: VisitTimes,
    spread: Spread,
    /// Additional driving so far, without the drop-off.
    drive_ms: i64,
}

impl Trial<'_, '_> {
    /// Tries all drop-offs for a boarding before visit `i`. False if no later boarding can do.
    fn board_before(&mut self, i: usize) -> bool {
        let search = self.search;
        self.restore_begin(i);
        let board = &search.board;
        if self.is_late_behind(i, board.earliest + board.dwell) || self.is_hopeless(i) {
            return true;
        }
        let Some(from) = self.from(i) else { return false };
        if self.is_later(from.time) {
            return i == 0;
        }
        let leg = search.oracle.time(from.location, search.board.location);
        let times = search.board.times(from.time + leg, self.pull_in(from, &search.board));
        if times.begin > search.board.latest && search.goal == Goal::Promise {
            // A vehicle that is sent elsewhere at once may lose time to hear of it: no cut from position 0.
            return i == 0 || times.begin <= search.board.latest + self.saves;
        }
        if self.is_later(times.begin) || self.is_late_behind(i, times.end) {
            return true;
        }
        let spread = self.spread_at(&search.board, times, (from, leg));
        let careful = !search.is_careful()
            || times.begin + search.policy.reserve(spread) <= search.board.latest;
        if careful && self.load(i).is_some_and(|load| load.fits(self.schedule.capacity)) {
            let drive_ms = ms(leg) - self.old_leg(i, from);
            self.walk(Boarding { at: i, times, spread, drive_ms });
        }
        true
    }

    /// Drives on from the boarding, trying the drop-off before each visit.
    fn walk(&mut self, boarding: Boarding) {
        let search = self.search;
        let mut from = From::visit(&search.board, boarding.times, boarding.spread);
        let mut delay_ms = 0;
        let mut drive_ms = boarding.drive_ms;
        for j in boarding.at..=self.schedule.visits.len() {
            let hope = self.hope(j, boarding, from, (drive_ms, delay_ms));
            if hope == Hope::Lost {
                return;
            }
            if hope == Hope::Here && !self.alight_before(j, boarding, from, drive_ms, delay_ms) {
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
            let spread = self.spread_at(visit, times, (from, leg));
            if full || !self.keeps(j, visit, times, spread) {
                return;
            }
            delay_ms += self.delay(j, times);
            self.set_begin(j, times, spread);
            from = From::visit(visit, times, spread);
        }
    }

    /// Whether visit `i` is bound to be late behind a boarding that ends then, however short the drive.
    fn is_late_behind(&self, i: usize, boarded: EngineTime) -> bool {
        self.schedule.visits.get(i).is_some_and(|visit| visit.latest < boarded)
    }

    /// Whether the rider could have been picked up before `time` by the best place so far, if that is what counts.
    fn is_later(&self, time: EngineTime) -> bool {
        self.search.goal == Goal::EarliestPickup
            && self.best.is_some_and(|best| best.board.begin < time)
    }

    /// Whether boarding before visit `i` is bound to break a window or to cost more than the best place so far.
    fn is_hopeless(&self, i: usize) -> bool {
        self.bounds.is_some_and(|bounds| match bounds.at(i, self.schedule, self.cells) {
            Some(cost) => self.best.is_some_and(|best| best.cost < cost),
            None => true,
        })
    }

    /// Whether a drop-off before visit `j`, or before a later one, can cost no more than the best place so far. `drive_ms` and
    /// `delay_ms` are what was added up to the visit before `j`.
    fn hope(
        &self,
        j: usize,
        boarding: Boarding,
        from: From,
        (drive_ms, delay_ms): (i64, i64),
    ) -> Hope {
        let (Some(bounds), Some(best)) = (self.bounds, self.best) else { return Hope::Here };
        let Some(before) = j.checked_sub(1).filter(|_| boarding.at < j) else { return Hope::Here };
        let wait_ms = ms(boarding.times.begin.since(self.search.board.earliest));
        let planned = self.view.times.get(before).map_or(from.time, |times| times.end);
        let later_ms = from.time.unix_ms() - planned.unix_ms();
        let delay_ms = delay_ms + bounds.outlook.least_delay(j, later_ms - bounds.wish.saves_ms.1);
        let rides_ms = (bounds.wish.detour_ms - ms(self.saves)).max(0);
        let least = |detours: &[i64]| {
            let detour_ms = detours.get(j).copied().unwrap_or(0);
            drive_ms + wait_ms + rides_ms + delay_ms + detour_ms
        };
        if best.cost < least(&self.cells.from_ms) {
            Hope::Lost
        } else if best.cost < least(&self.cells.own_ms) {
            Hope::Later
        } else {
            Hope::Here
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
        // Whether it is too late even for who is sooner by so much.
        let too_late = |sooner: Millis| {
            let too_long = ride > search.alight.ride_max + sooner;
            let late = times.end > search.alight.latest + sooner;
            (too_long && search.goal != Goal::LeastLate)
                || (late && search.goal == Goal::Promise)
                || times.end > self.schedule.shift_end + sooner
        };
        if too_late(Millis::ZERO) {
            return !too_late(self.saves);
        }
        let spread = self.spread_at(&search.alight, times, (from, leg_in));
        if search.is_careful() {
            let reserve = search.policy.reserve(spread);
            let on_the_way = search.policy.reserve(spread.since(boarding.spread));
            if times.end + reserve > search.alight.latest
                || ride + on_the_way > search.alight.ride_max
            {
                return true;
            }
        }
        let mut drive_ms = drive_ms + ms(leg_in);
        if let Some(next) = self.schedule.visits.get(j) {
            let leg_out = self.leg_out(j, next);
            drive_ms += ms(leg_out);
            if j > boarding.at {
                drive_ms -= ms(self.leg(j));
            }
            let Some(tail_delay_ms) = self.tail(j, (times, spread), leg_out) else { return true };
            self.offer(boarding, j, times, drive_ms, delay_ms + tail_delay_ms);
        } else {
            self.offer(boarding, j, times, drive_ms, delay_ms);
        }
        true
    }

    /// Delay of the visits from `j` on if the vehicle leaves the drop-off at `alight.end`; `None` if one breaks.
    fn tail(
        &mut self,
        j: usize,
        (alight, spread): (VisitTimes, Spread),
        leg_out: Millis,
    ) -> Option<i64> {
        let mut from = From::visit(&self.search.alight, alight, spread);
        let mut delay_ms = 0;
        for k in j..self.schedule.visits.len() {
            let visit = self.schedule.visits.get(k)?;
            let leg = if k == j { leg_out } else { self.leg(k) };
            let times = visit.times(from.time + leg, self.pull_in(from, visit));
            let spread = self.spread_at(visit, times, (from, leg));
            if !self.keeps(k, visit, times, spread) {
                return None;
            }
            let delay = self.delay(k, times);
            if delay == 0 {
                // Waiting has swallowed the detour: the rest is as it was.
                break;
            }
            delay_ms += delay;
            self.set_begin(k, times, spread);
            from = From::visit(visit, times, spread);
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
            cost: effect.cost() + self.price,
            drive_ms,
            board: boarding.times,
            alight,
        };
        self.best = Some(insertion.better(self.best));
    }

    /// Whether a visit at these times keeps its windows, its rider's time on board and the shift.
    fn keeps(&self, k: usize, visit: &Visit, times: VisitTimes, spread: Spread) -> bool {
        let policy = self.search.policy;
        let on_time = visit.late(times) == Millis::ZERO && times.end <= self.schedule.shift_end;
        // What has lost its reserve already, or rides too long, may stay as it is.
        let before = self.view.times.get(k).copied().unwrap_or(times);
        on_time
            && policy.is_careful(visit, (times, Some(before)), spread)
            && self.boarded(k).is_none_or(|(begin, since)| {
                let reserve =
                    since.map_or(Millis::ZERO, |since| policy.reserve(spread.since(since)));
                times.end.since(begin) + reserve <= visit.ride_max || times.end <= before.end
            })
    }

    /// When the rider who alights at visit `k` boards in this trial, and how uncertain that is, if the trial can change how long they
    /// ride.
    fn boarded(&self, k: usize) -> Option<(EngineTime, Option<Spread>)> {
        let visit = self.schedule.visits.get(k)?;
        match self.view.boarding.get(k)? {
            Some(position) => {
                let begin = self.cells.begins.get(*position).copied()?;
                Some((begin, self.cells.spreads.get(*position).copied()))
            }
            None => visit.boarded_at.map(|boarded_at| (boarded_at, None)),
        }
    }

    fn set_begin(&mut self, k: usize, times: VisitTimes, spread: Spread) {
        if let Some(begin) = self.cells.begins.get_mut(k) {
            *begin = times.begin;
        }
        if let Some(cell) = self.cells.spreads.get_mut(k) {
            *cell = spread;
        }
    }

    /// Visits before the boarding are as they were; the last trial may have moved the one before `i`.
    fn restore_begin(&mut self, i: usize) {
        let Some(previous) = i.checked_sub(1) else { return };
        let known = self.view.times.get(previous).zip(self.view.spreads.get(previous));
        if let Some((&times, &spread)) = known {
            self.set_begin(previous, times, spread);
        }
    }

    fn delay(&self, k: usize, times: VisitTimes) -> i64 {
        let before = self.view.times.get(k).map_or(times.end, |old| old.end);
        times.end.unix_ms() - before.unix_ms()
    }

    /// Where the vehicle comes from before visit `i`.
    fn from(&self, i: usize) -> Option<From> {
        match i.checked_sub(1) {
            None => {
                let start = self.schedule.divert(self.search.policy, self.search.now);
                let Start { location, time, moving } = start;
                Some(From { location, time, moving, holds: !moving, spread: Spread::default() })
            }
            Some(previous) => {
                let visit = self.schedule.visits.get(previous)?;
                let times = self.view.times.get(previous)?;
                Some(From::visit(visit, *times, *self.view.spreads.get(previous)?))
            }
        }
    }

    /// The drive into visit `i` that a boarding before it replaces, in milliseconds.
    fn old_leg(&self, i: usize, from: From) -> i64 {
        let Some(times) = self.view.times.get(i) else { return 0 };
        if i == 0 && from.moving {
            (times.arrive.unix_ms() - from.time.unix_ms()).max(0)
        } else {
            ms(self.leg(i))
        }
    }

    /// The spread at a visit behind `from`.
    fn spread_at(&self, visit: &Visit, times: VisitTimes, (from, leg): (From, Millis)) -> Spread {
        if self.search.policy.is_exact() {
            return Spread::default();
        }
        let ready = times.arrive + self.pull_in(from, visit);
        let wait = if from.holds { Millis::ZERO } else { times.begin.since(ready) };
        // What is left until it turns off belongs to the leg that it then drives.
        let leg = if from.moving { times.arrive.since(self.search.now) } else { leg };
        from.spread.over(leg).after_wait(wait, self.search.policy)
    }

    fn leg(&self, k: usize) -> Millis {
        self.schedule.legs.get(k).copied().unwrap_or(Millis::INFINITE)
    }

    /// Load before visit `k` with the new party, if that position exists.
    fn load(&self, k: usize) -> Option<Load> {
        self.view.loads.get(k).map(|load| load.plus(self.party))
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
        cached(&mut self.cells.to_dropoff, j, || {
            search.oracle.time(from.location, search.alight.location)
        })
    }

    fn leg_out(&mut self, j: usize, next: &Visit) -> Millis {
        let search = self.search;
        cached(&mut self.cells.from_dropoff, j, || {
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
