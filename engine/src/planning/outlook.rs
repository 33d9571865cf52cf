//! What every vehicle of a fleet will do, kept from decision to decision, so that a search need not look at most vehicles.
//!
//! An [`Outlook`] is made anew when the vehicle's plan or motion changes. It holds the schedule's times as long as they do not
//! depend on the clock, how much later each visit may come, and the sights of all places, from which [`Outlook::least_cost`]
//! bounds what an insertion would cost.
//!
//! **Why no best place is lost.** A bound is only used to skip what would cost strictly more than a place that has been found,
//! so ties are still settled by the total order, whatever the order of looking. Bounds rest on two properties of travel times
//! (see [`crate::oracle`]): sights bound them, however they were come by, and by way of a stop no drive is shorter than without by more
//! than the stop `saves`, which is nothing but near forbidden turns:
//! - No boarding begins before the vehicle has driven straight from where it set off, `leaves` and the bound from there.
//! - A detour by way of a place is at least what the two legs take at least, less the leg that they replace, and never
//!   below zero less what the place saves; the drop-off adds at least its own detour behind one of the later visits.
//! - If a vehicle is ready for visit `i` later by `x`, then every visit from `i` on ends later by at least `x` less all waiting
//!   from `i` on, and less what a drop-off in between saves; and if that is more than the slack of `i`, one of them becomes late, or
//!   later. Who is earlier by `x` is earlier by no more from there on.
//! - The time on board is at least that of the straight drive with its dwells, less what the visits of the vehicle save.
//!
//! All this holds for a vehicle that is on time and takes a fastest way to its first visit. Whoever is not is searched in full; who
//! is farther on than the travel times of now allow ([`Vehicle::outruns`]) may even be anywhere.
//! Outlooks are a cache: no decision depends on them, and they are no part of the state that is hashed.

use std::hash::{Hash, Hasher};

use crate::fleet::motion::Motion;
use crate::fleet::plan::Action;
use crate::fleet::reroute::Context;
use crate::fleet::vehicle::{Duty, Vehicle};
use crate::fleet::visit::Visit;
use crate::ids::VehicleId;
use crate::limits::GROUPED_VEHICLES_MIN;
use crate::oracle::Location;
use crate::planning::groups::{Groups, Key};
use crate::planning::policy::Policy;
use crate::planning::view::{Capacity, View};
use crate::planning::wish::Wish;
use crate::sight::Sight;
use crate::units::{EngineTime, Millis};

/// Who left then is anywhere by now.
const LONG_AGO: EngineTime = EngineTime::from_unix_ms(i64::MIN / 4);

/// All that the first look at a vehicle needs: where it set off or stands.
#[derive(Clone, Copy, Debug)]
pub struct Start {
    sight: Sight,
    /// When it leaves there at the earliest, or left.
    leaves: EngineTime,
    /// Until when costs can be bounded, if nothing is reported.
    bounded_until: EngineTime,
    is_driving: bool,
    /// It has no visits.
    is_free: bool,
    n_visits: u32,
    /// What all its visits together can save of a drive.
    saves: Millis,
}

impl Start {
    fn arrives_after(&self, there_ms: i64, wish: &Wish<'_>) -> EngineTime {
        self.after(there_ms, wish.now, wish.informed)
    }

    fn after(&self, there_ms: i64, now: EngineTime, informed: EngineTime) -> EngineTime {
        if self.is_driving {
            ms_after(self.leaves, there_ms).max(informed)
        } else {
            // It may have set off before it hears of the decision.
            ms_after(self.leaves.max(now), there_ms)
        }
    }

    /// When the vehicle could be at a place at the earliest: by a decision at `now` of which it hears at `informed`.
    #[must_use]
    pub fn arrives(&self, place: &Sight, now: EngineTime, informed: EngineTime) -> EngineTime {
        self.after(self.sight.least_ms(place), now, informed)
    }

    /// When the vehicle could be at the pickup at the earliest, and a lower bound of the cost of any insertion, if there is one;
    /// it is never more than those of [`Outlook::least_cost`].
    #[must_use]
    pub fn look(&self, wish: &Wish<'_>) -> (EngineTime, Option<i64>) {
        let there_ms = self.sight.least_ms(&wish.sights.0);
        let arrives = self.arrives_after(there_ms, wish);
        let drive_ms = match (self.is_free, self.is_driving) {
            (true, false) => there_ms + wish.between_ms,
            (true, true) => wish.between_ms,
            (false, _) => 0,
        };
        let wait_ms = ms_between(wish.board.earliest, arrives.max(wish.board.earliest));
        let saved_ms =
            i64::from(self.n_visits.min(1) + self.n_visits) * (wish.saves_ms.0 + wish.saves_ms.1);
        let cost = wait_ms + self.detour_ms(wish) + drive_ms - saved_ms;
        (arrives, self.is_bounded(wish.now).then_some(cost))
    }

    /// The least detour of a rider who shares the ride.
    fn detour_ms(&self, wish: &Wish<'_>) -> i64 {
        (wish.detour_ms - i64::from(self.saves.get())).max(0)
    }

    /// What looks no worse than either of two vehicles that are free or not, and driving or not, alike.
    pub(super) fn least(&self, other: &Self) -> Self {
        Self {
            sight: self.sight.least(&other.sight),
            leaves: self.leaves.min(other.leaves),
            bounded_until: self.bounded_until.min(other.bounded_until),
            n_visits: self.n_visits.max(other.n_visits),
            saves: self.saves.max(other.saves),
            ..*self
        }
    }

    /// Vehicles of one key are worth a look together.
    fn key(&self) -> Key {
        let kind = u8::from(self.is_free) | u8::from(self.is_driving) << 1;
        let [first, second] = self.sight.cell();
        (kind | u8::from(LONG_AGO < self.bounded_until) << 2, first, second)
    }

    /// Whether costs can be bounded at `now`.
    #[must_use]
    pub fn is_bounded(&self, now: EngineTime) -> bool {
        now <= self.bounded_until
    }
}

/// One vehicle as it will go on if nothing changes.
#[derive(Clone, Debug)]
pub struct Outlook {
    /// Times, loads and what is locked.
    pub view: View,
    /// What all visits together can save of a drive by being stopped at.
    pub saves: Millis,
    start_at: Location,
    places: Vec<Location>,
    sights: Vec<Sight>,
    slots: Vec<Slot>,
}

/// How much room there is at a visit.
#[derive(Clone, Copy, Debug)]
struct Slot {
    /// The vehicle has driven there and pulled in.
    ready: EngineTime,
    /// The vehicle may be ready so much later, or a visit from here on is late.
    slack_ms: i64,
    /// Waiting for riders who are not due, from here to the last visit.
    waiting_ms: i64,
    /// Drive from the visit before.
    leg_ms: i64,
}

/// The outlooks of all vehicles.
#[derive(Clone, Debug, Default)]
pub struct Outlooks {
    /// Of the spots of demand, in their order.
    spots: Vec<Sight>,
    starts: Vec<Option<Start>>,
    outlooks: Vec<Option<Outlook>>,
    stale: Vec<VehicleId>,
    groups: Groups,
    is_grouped: bool,
}

/// A cache is no state.
impl Hash for Outlooks {
    fn hash<H: Hasher>(&self, _state: &mut H) {}
}

impl Outlooks {
    /// Outlooks of a whole fleet.
    #[must_use]
    pub fn of(fleet: &[Vehicle], ctx: Context<'_>) -> Self {
        let mut outlooks = Self::default();
        (0..).take(fleet.len()).for_each(|id| outlooks.touch(VehicleId::new(id)));
        outlooks.refresh(fleet, ctx);
        outlooks
    }

    /// Asks groups first in a fleet of any size, not only in large ones.
    #[must_use]
    pub fn in_groups(mut self) -> Self {
        self.is_grouped = true;
        self
    }

    /// Forgets what was known of a vehicle that is about to change.
    pub fn touch(&mut self, vehicle: VehicleId) {
        if let Some(start) = self.starts.get_mut(vehicle.idx())
            && start.take().is_none()
        {
            return;
        }
        self.groups.take(vehicle, &self.starts);
        self.stale.push(vehicle);
    }

    /// The vehicles whose start is known, near ones together, if a search of `n_vehicles` should ask groups first.
    pub(super) fn groups(&self, n_vehicles: usize) -> Option<&Groups> {
        (self.is_grouped || GROUPED_VEHICLES_MIN <= n_vehicles).then_some(&self.groups)
    }

    /// Those of `active`, which is ascending, that are in no group because they have changed since or are new.
    pub(super) fn ungrouped(&self, active: &[VehicleId]) -> Vec<VehicleId> {
        let is_known = |id: &VehicleId| id.idx() < self.starts.len();
        let new = active.get(active.partition_point(is_known)..).unwrap_or_default();
        let changed = self.stale.iter().filter(|&id| is_known(id));
        changed.filter(|id| active.binary_search(id).is_ok()).chain(new).copied().collect()
    }

    /// Expects a vehicle that has just joined, maybe in the row of one that left.
    pub fn join(&mut self, vehicle: VehicleId) {
        self.stale.push(vehicle);
    }

    /// Makes the outlooks of all vehicles that have changed. O(visits) for each.
    pub fn refresh(&mut self, fleet: &[Vehicle], ctx: Context<'_>) {
        self.starts.resize(fleet.len(), None);
        self.outlooks.resize(fleet.len(), None);
        while let Some(id) = self.stale.pop() {
            let Some(vehicle) = fleet.get(id.idx()) else { continue };
            self.make(id, vehicle, ctx);
        }
    }

    /// Where the vehicle starts; `None` for one that is not on shift or has changed since.
    #[must_use]
    pub fn start(&self, vehicle: VehicleId) -> Option<&Start> {
        self.starts.get(vehicle.idx())?.as_ref()
    }

    /// The outlook of a vehicle, if it has not changed since.
    #[must_use]
    pub fn get(&self, vehicle: VehicleId) -> Option<&Outlook> {
        self.start(vehicle)?;
        self.outlooks.get(vehicle.idx())?.as_ref()
    }

    /// Lower bounds of the times from each of `spots` to `place`. Spots are only ever added at the end.
    pub fn from_spots(
        &mut self,
        spots: &[Location],
        place: Location,
        ctx: Context<'_>,
    ) -> Vec<Millis> {
        let new = spots.get(self.spots.len()..).unwrap_or_default();
        self.spots.extend(new.iter().map(|&spot| ctx.oracle.sight(spot)));
        let sight = ctx.oracle.sight(place);
        let bound = |spot: &Sight| u32::try_from(spot.least_ms(&sight)).map(Millis::new);
        self.spots.iter().map(|spot| bound(spot).unwrap_or(Millis::ZERO)).collect()
    }

    fn make(&mut self, id: VehicleId, vehicle: &Vehicle, ctx: Context<'_>) {
        let Some(slot) = self.outlooks.get_mut(id.idx()) else { return };
        *slot = None;
        self.groups.take(id, &self.starts);
        if vehicle.duty != Duty::OnShift {
            return;
        }
        let (start_at, leaves) = match &vehicle.motion {
            Motion::Standing { at, ready_from, .. } => (*at, *ready_from),
            Motion::Driving { path, departed } => (path.from, *departed),
        };
        // The start goes last: so positions of visits are those of the schedule.
        let mut places: Vec<Location> = vehicle.visits.iter().map(|visit| visit.location).collect();
        places.push(start_at);
        let sights: Vec<Sight> = places.iter().map(|&place| ctx.oracle.sight(place)).collect();
        let saves = vehicle.schedule().saves(ctx.oracle);
        let mut view = View::default();
        vehicle.schedule().view(ctx.policy, ctx.now, &mut view);
        if let Some((cell, &sight)) = self.starts.get_mut(id.idx()).zip(sights.last()) {
            let is_driving = matches!(vehicle.motion, Motion::Driving { .. });
            let start = Start {
                sight,
                // Who is farther than times allow may be anywhere as soon as it hears of a decision.
                leaves: if vehicle.outruns { LONG_AGO } else { leaves },
                bounded_until: bounded_until(vehicle, &view, ctx),
                is_driving: is_driving || vehicle.outruns,
                is_free: vehicle.visits.is_empty(),
                n_visits: u32::try_from(vehicle.visits.len()).unwrap_or(u32::MAX),
                saves,
            };
            *cell = Some(start);
            self.groups.put(id, start.key(), &start);
        }
        let slots = slots(vehicle, &view, ctx.policy);
        *slot = Some(Outlook { view, saves, start_at, places, sights, slots });
    }
}

/// The room at each visit, from the last to the first.
fn slots(vehicle: &Vehicle, view: &View, policy: &Policy) -> Vec<Slot> {
    let mut slots = Vec::with_capacity(vehicle.visits.len());
    let (mut slack_ms, mut waiting_ms) = (i64::MAX / 4, 0);
    for (k, (visit, times)) in vehicle.visits.iter().zip(&view.times).enumerate().rev() {
        let before = k.checked_sub(1).and_then(|before| vehicle.visits.get(before));
        let joins = match (before, &vehicle.motion) {
            (Some(before), _) => before.location == visit.location,
            (None, Motion::Standing { at, .. }) => *at == visit.location,
            (None, Motion::Driving { .. }) => false,
        };
        let ready = times.arrive + if joins { Millis::ZERO } else { policy.stop };
        let waits_ms = ms_between(ready, times.begin).max(0);
        let left = match visit.action {
            Action::Board => ms_between(times.begin, visit.latest),
            Action::Alight => ms_between(times.end, visit.latest),
        };
        let left = left.min(ms_between(times.end, vehicle.spec.shift_end));
        // Who is late anyhow may stay so, if only waiting is used up.
        slack_ms = left.max(0).min(slack_ms) + waits_ms;
        waiting_ms += waits_ms;
        let leg_ms = vehicle.legs.get(k).map_or(0, |leg| i64::from(leg.get()));
        slots.push(Slot { ready, slack_ms, waiting_ms, leg_ms });
    }
    slots.reverse();
    slots
}

/// Until when the view of `now` is that of later times as well (nothing in it has been pushed on by the clock) and costs can
/// be bounded.
fn bounded_until(vehicle: &Vehicle, view: &View, ctx: Context<'_>) -> EngineTime {
    let schedule = vehicle.schedule();
    let first = vehicle.visits.first().zip(view.times.first());
    let acts = first.map(|(visit, times)| match visit.action {
        Action::Board => times.begin,
        Action::Alight => times.end,
    });
    let moves = match &vehicle.motion {
        Motion::Driving { path, departed } => Some(Motion::arrival(path, *departed)),
        Motion::Standing { .. } => schedule.departure(ctx.policy),
    };
    // From this time on the vehicle is busy with a rider who was not due before.
    let locks = first
        .filter(|_| view.locked == 0 && moves.is_none())
        .map(|(visit, _)| visit.earliest - ctx.policy.react - Millis::new(1));
    // The times of what is overdue are those of the clock, not of the plan.
    let due = schedule.due(ctx.policy);
    let until = [acts, moves, locks, due].into_iter().flatten().min().unwrap_or(EngineTime::NEVER);
    if ctx.now <= until && is_straight(vehicle, ctx) { until } else { LONG_AGO }
}

/// Whether the vehicle takes a fastest way to its first visit, and not later than it could.
fn is_straight(vehicle: &Vehicle, ctx: Context<'_>) -> bool {
    let Some((first, &leg)) = vehicle.visits.first().zip(vehicle.legs.first()) else {
        // Who is about to set off to wait elsewhere may be nearer by the time of a decision.
        return vehicle.next_path.is_none();
    };
    if vehicle.outruns || vehicle.hold > ctx.now + ctx.policy.react {
        return false;
    }
    match &vehicle.motion {
        Motion::Standing { at, .. } => ctx.oracle.time(*at, first.location) == leg,
        Motion::Driving { path, departed } => {
            let start = vehicle.motion.divert(ctx.now);
            let rest = Motion::arrival(path, *departed).since(start.time);
            path.to == first.location && ctx.oracle.time(start.location, path.to) == rest
        }
    }
}

impl Outlook {
    /// The least detour of a drop-off before each visit `j` and at the end (`own[j]`), and the least from `j` on (`from[j]`).
    pub fn drop_offs(&self, wish: &Wish<'_>, own: &mut Vec<i64>, from: &mut Vec<i64>) {
        let sight = &wish.sights.1;
        let n = self.slots.len();
        own.clear();
        own.extend((0..=n).map(|j| {
            let Some(before) = j.checked_sub(1).and_then(|before| self.sights.get(before)) else {
                return 0;
            };
            let there = before.least_ms(sight);
            match self.slots.get(j).zip(self.sights.get(j)) {
                Some((slot, next)) => {
                    (there + sight.least_ms(next) - slot.leg_ms).max(-wish.saves_ms.1)
                }
                None => there,
            }
        }));
        from.clear();
        from.extend_from_slice(own);
        for j in (0..n).rev() {
            if let [this, next, ..] = &mut from[j..] {
                *this = (*this).min(*next);
            }
        }
    }

    /// A lower bound of the cost of a boarding before visit `i` with its best drop-off; `None` if there is none that keeps all
    /// windows. Only while [`Start::is_bounded`]. `from` is that of [`Outlook::drop_offs`].
    #[must_use]
    pub fn least_cost(
        &self,
        wish: &Wish<'_>,
        start: &Start,
        (i, capacity): (usize, Capacity),
        from: &[i64],
    ) -> Option<i64> {
        let (pickup, drop_off) = &wish.sights;
        let load = self.view.loads.get(i)?;
        if !load.plus(wish.party).fits(capacity) {
            return None;
        }
        let slot = self.slots.get(i);
        let leg_ms = slot.map_or(0, |slot| slot.leg_ms);
        let (there_ms, arrive, stop_ms) = match i.checked_sub(1) {
            None => {
                let there_ms = start.sight.least_ms(pickup);
                let arrive = start.arrives_after(there_ms, wish);
                (there_ms, arrive, wish.stop_ms(self.start_at, wish.board.location))
            }
            Some(before) => {
                let there_ms = self.sights.get(before)?.least_ms(pickup);
                let arrive = ms_after(self.view.times.get(before)?.end, there_ms);
                (there_ms, arrive, wish.stop_ms(*self.places.get(before)?, wish.board.location))
            }
        };
        let begin = ms_after(arrive, stop_ms).max(wish.board.earliest);
        if begin > wish.board.latest {
            return None;
        }
        let (saves_on, saves_off) = wish.saves_ms;
        let waits = ms_between(wish.board.earliest, begin);
        // Of the two drives that replace a leg, the first less the leg.
        let drive_ms = match slot.zip(self.view.times.get(i)) {
            // Who is under way may have driven part of it: count from when it would arrive.
            Some((_, times)) if i == 0 && start.is_driving => {
                if times.arrive < wish.informed {
                    i64::MIN / 4
                } else {
                    ms_between(times.arrive, arrive)
                }
            }
            None if i == 0 && start.is_driving => 0,
            Some(_) | None => there_ms - leg_ms,
        };
        let Some((slot, next)) = slot.zip(self.sights.get(i)) else {
            return Some(waits + wish.detour_ms + drive_ms + wish.between_ms);
        };
        // `saved_ms`: what the stops before visit `i` can save, and one behind it.
        let begun = |at: EngineTime, leg_ms: i64, from: &Visit, saved_ms: (i64, i64)| {
            let stop_ms = self.places.get(i).map_or(0, |next| wish.stop_ms(from.location, *next));
            let later_ms = ms_between(slot.ready, ms_after(at, leg_ms + stop_ms));
            let later_ms = later_ms.max(-saved_ms.0) - saved_ms.1;
            (later_ms <= slot.slack_ms).then(|| self.least_delay(i, later_ms))
        };
        let (on, off) = (pickup.least_ms(next), drop_off.least_ms(next));
        let boarded = ms_after(begin, i64::from(wish.board.dwell.get()));
        let apart = begun(boarded, on, wish.board, (saves_on, saves_off)).map(|delay_ms| {
            let drive_ms = (drive_ms + on).max(-saves_on);
            start.detour_ms(wish) + drive_ms + delay_ms + from.get(i + 1).copied().unwrap_or(0)
        });
        let saves_both = saves_on + saves_off;
        let together =
            begun(ms_after(begin, wish.straight_ms()), off, wish.alight, (saves_both, 0)).map(
                |delay_ms| {
                    let drive_ms = (drive_ms + wish.between_ms + off).max(-saves_both);
                    wish.detour_ms + drive_ms + delay_ms
                },
            );
        let least = match (apart, together) {
            (Some(apart), Some(together)) => apart.min(together),
            (apart, together) => apart.or(together)?,
        };
        Some(waits + least)
    }

    /// How much the visits from `j` on are delayed at least if the vehicle leaves the one before later by `later_ms`. If it is
    /// earlier, that is less than zero.
    #[must_use]
    pub fn least_delay(&self, j: usize, later_ms: i64) -> i64 {
        let n_left = i64::try_from(self.slots.len().saturating_sub(j)).unwrap_or(0);
        let each = |slot: &Slot| (later_ms - slot.waiting_ms).max(later_ms.min(0));
        self.slots.get(j).map_or(0, |slot| each(slot).saturating_mul(n_left))
    }
}

fn ms_after(time: EngineTime, ms: i64) -> EngineTime {
    EngineTime::from_unix_ms(time.unix_ms() + ms)
}

fn ms_between(from: EngineTime, to: EngineTime) -> i64 {
    to.unix_ms() - from.unix_ms()
}
