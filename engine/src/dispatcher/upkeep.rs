//! What time alone brings: offers that lapse, vehicles that stay silent, idle ones that move, coverage.

use crate::dispatcher::Coverage;
use crate::dispatcher::event::EventKind;
use crate::dispatcher::state::{Due, State};
use crate::dispatcher::turn::Turn;
use crate::fleet::motion::Motion;
use crate::fleet::vehicle::{Duty, Vehicle};
use crate::ids::VehicleId;
use crate::oracle::Location;
use crate::oracle::Oracle;
use crate::planning::forecast::{Cover, Reach};
use crate::planning::policy::Policy;
use crate::planning::view::{Load, View};
use crate::units::{EngineTime, Millis};

/// Idle vehicles are looked at this often.
const REVIEW_EVERY: Millis = Millis::from_secs(300);
/// A busy vehicle that is done within this time counts as waiting where its plan ends.
const SOON: Millis = Millis::from_secs(600);
/// Nobody is sent anywhere in the last part of a shift.
const SHIFT_REST: Millis = Millis::from_secs(1800);

impl Turn<'_> {
    /// Handles all that is due.
    pub(super) fn tick(&mut self) {
        while let Some(&(time, due)) = self.state.due.first() {
            if time > self.now() {
                return;
            }
            self.state.due.pop_first();
            match due {
                Due::Offer(request) => self.expire(request),
                Due::Promise(request) => self.promise_due(request),
                Due::Review => self.review(),
                Due::Overdue(id) => {
                    if let Some(vehicle) = self.vehicle_mut(id) {
                        vehicle.due = None;
                    }
                    self.guard(id);
                    // Again after a while, as long as it stays silent.
                    self.watch(id);
                }
            }
        }
    }

    /// Makes sure that a review is due.
    pub(super) fn plan_review(&mut self) {
        let planned = self.state.due.iter().any(|&(_, due)| due == Due::Review);
        if self.ctx.policy.reposition && !planned && !self.state.active.is_empty() {
            let every = i64::from(REVIEW_EVERY.get());
            let next = (self.now().unix_ms().div_euclid(every) + 1) * every;
            self.state.due.insert((EngineTime::from_unix_ms(next), Due::Review));
        }
    }

    /// Looks at each idle vehicle in turn.
    fn review(&mut self) {
        self.state.forecast.fade();
        let mut cover = self.cover();
        for id in self.state.active.clone() {
            self.find_wait(id, &mut cover);
        }
        self.plan_review();
    }

    /// Sends a vehicle that stands idle to where it is worth most, if that is elsewhere.
    pub(super) fn find_work(&mut self, id: VehicleId) {
        if self.may_move(id).is_some() {
            let mut cover = self.cover();
            self.find_wait(id, &mut cover);
        }
    }

    /// Where a vehicle stands that may be sent elsewhere to wait.
    fn may_move(&self, id: VehicleId) -> Option<Location> {
        let vehicle = self.state.vehicles.get(id.idx())?;
        let Motion::Standing { at, .. } = vehicle.motion else { return None };
        let now = self.ctx.now;
        let in_shift =
            vehicle.spec.shift_start <= now && now + SHIFT_REST <= vehicle.spec.shift_end;
        let may = self.ctx.policy.reposition && vehicle.is_idle() && vehicle.errand.is_none();
        (may && in_shift).then_some(at)
    }

    /// The same as [`Turn::find_work`], given how the free vehicles cover the spots, this one included.
    fn find_wait(&mut self, id: VehicleId, cover: &mut Cover) {
        let ctx = self.ctx;
        let Some(at) = self.may_move(id) else { return };
        let here = self.reach_of(id);
        cover.remove(here);
        let n_vehicles = n_at_work(self.state, ctx.now);
        let target = self.state.forecast.best_wait(at, cover, n_vehicles, ctx.oracle);
        if let Some(to) = target
            && let Some(vehicle) = self.vehicle_mut(id)
        {
            vehicle.send(to, ctx);
            self.touch(id);
            self.say(EventKind::Repositioning { vehicle: id, to });
        }
        let there = self.reach_of(id);
        cover.add(there);
    }

    /// How the vehicles that are or will soon be free cover the spots.
    fn cover(&mut self) -> Cover {
        let mut cover = Cover::default();
        for id in self.state.active.clone() {
            let vehicle = self.state.vehicles.get(id.idx());
            if vehicle.is_some_and(|vehicle| done_soon(vehicle, self.ctx.policy, self.ctx.now)) {
                cover.add(self.reach_of(id));
            }
        }
        cover
    }

    /// What a vehicle covers from where its plan ends.
    fn reach_of(&mut self, id: VehicleId) -> Reach {
        let ctx = self.ctx;
        let State { vehicles, forecast, reaches, .. } = &mut *self.state;
        let Some(vehicle) = vehicles.get(id.idx()) else { return 0 };
        let place = vehicle.end_of_plan();
        let n_spots = forecast.spots().len();
        let known = reaches.get(&id).filter(|&&(at, n, _)| at == place && n == n_spots);
        let reach = match known {
            Some(&(_, _, reach)) => return reach,
            None => forecast.reach(place, ctx.oracle),
        };
        reaches.insert(id, (place, n_spots, reach));
        reach
    }
}

/// A vehicle covers what it reaches in two thirds of the longest wait: the rest is for answering and stopping.
pub(super) fn reach_limit(policy: &Policy) -> Millis {
    Millis::new(policy.max_wait.get() / 3 * 2)
}

/// Vehicles whose shift has begun or is about to; the others are there for bookings only.
pub(super) fn n_at_work(state: &State, now: EngineTime) -> usize {
    let active = state.active.iter().filter_map(|id| state.vehicles.get(id.idx()));
    active.filter(|vehicle| vehicle.spec.shift_start <= now + SOON).count()
}

pub(super) fn done_soon(vehicle: &Vehicle, policy: &Policy, now: EngineTime) -> bool {
    if now + SOON < vehicle.spec.shift_start {
        return false;
    }
    if vehicle.visits.is_empty() {
        return true;
    }
    let mut view = View::default();
    vehicle.schedule().view(policy, now, &mut view);
    view.times.last().is_none_or(|times| times.end <= now + SOON)
}

/// How soon a vehicle with a free seat could be at each spot, from where it could turn off now.
pub(super) fn coverage(state: &State, oracle: &dyn Oracle, policy: &Policy) -> Coverage {
    let spots = state.forecast.spots();
    let nearest = soonest(state, oracle, policy, spots);
    let weighted = |within: bool| -> u64 {
        let spots = state.forecast.weights().zip(&nearest);
        spots
            .filter(|&(_, &time)| !within || time <= policy.max_wait)
            .map(|(weight, _)| weight)
            .sum()
    };
    let total = weighted(false);
    #[expect(clippy::cast_precision_loss, reason = "a share for reports")]
    let share = if total == 0 { 0.0 } else { weighted(true) as f64 / total as f64 };
    Coverage { share, worst: nearest.iter().copied().max().unwrap_or(Millis::INFINITE) }
}

/// The time until a vehicle with a free seat could be at each of these places.
pub(super) fn soonest(
    state: &State,
    oracle: &dyn Oracle,
    policy: &Policy,
    places: &[Location],
) -> Vec<Millis> {
    let mut nearest = vec![Millis::INFINITE; places.len()];
    let mut starts = Vec::new();
    for vehicle in state.active.iter().filter_map(|id| state.vehicles.get(id.idx())) {
        let free_seat =
            Load { seats: 1, ..Load::default() }.plus(vehicle.taken).fits(vehicle.capacity());
        if vehicle.duty != Duty::OnShift || !free_seat {
            continue;
        }
        let start = vehicle.schedule().divert(policy, state.now);
        starts.push((start.location, start.time.since(state.now)));
    }
    let from: Vec<Location> = starts.iter().map(|(place, _)| *place).collect();
    let mut times = vec![Millis::INFINITE; starts.len() * places.len()];
    oracle.times(&from, places, &mut times);
    for (row, &(_, until_free)) in times.chunks(places.len().max(1)).zip(&starts) {
        for (best, &time) in nearest.iter_mut().zip(row) {
            *best = (*best).min(until_free + time);
        }
    }
    nearest
}
