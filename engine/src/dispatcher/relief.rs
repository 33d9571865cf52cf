//! Where times are uncertain: a vehicle that has lost much of the reserve of its riders gets some of it back before anybody is late.
//!
//! First its visits are put into another order, which nobody notices; then riders go elsewhere whose visits come before those of the
//! endangered, though they themselves are in no danger: who is on board can't be moved, but those in the way can. The danger of a
//! plan is the sum of those of its visits, see [`Policy::danger`](crate::planning::policy::Policy::danger). Each step lessens it and
//! makes nobody late or later.

use crate::dispatcher::turn::Turn;
use crate::fleet::plan::Action;
use crate::fleet::reroute::Context;
use crate::fleet::vehicle::Vehicle;
use crate::fleet::visit::Visit;
use crate::ids::{RequestId, VehicleId};
use crate::planning::view::View;
use crate::units::Millis;

/// Less is not worth another plan.
const WORTH_A_PLAN_MS: u64 = 5_000;
/// Steps for one vehicle at a time.
const STEPS_MAX: usize = 4;

/// A plan as far as relief is concerned.
struct Outcome {
    danger_ms: u64,
    /// Of each visit: whose, what, how late, and how long the ride of an alighting rider is.
    visits: Vec<(RequestId, Action, Millis, Millis)>,
}

impl Outcome {
    fn of(vehicle: &Vehicle, ctx: Context<'_>) -> Self {
        let mut view = View::default();
        vehicle.schedule().view(ctx.policy, ctx.now, &mut view);
        let mut danger_ms = 0;
        let mut visits = Vec::with_capacity(vehicle.visits.len());
        let timed = view.times.iter().zip(&view.spreads);
        for (k, (visit, (&times, &spread))) in vehicle.visits.iter().zip(timed).enumerate() {
            danger_ms += u64::from(ctx.policy.danger(visit, times, spread).get());
            let boarding = view.boarding.get(k).copied().flatten();
            let begin = boarding.and_then(|board| view.times.get(board)).map(|times| times.begin);
            let ride = begin.map_or(Millis::ZERO, |begin| times.end.since(begin));
            let too_long = ride.saturating_sub(visit.ride_max);
            visits.push((visit.request, visit.action, visit.late(times), too_long));
        }
        Self { danger_ms, visits }
    }

    /// Whether nobody is late or rides too long who was not before, or more so.
    fn spares_all(&self, before: &Self) -> bool {
        self.visits.iter().all(|&(request, action, late, too_long)| {
            let known = before.visits.iter().find(|&&(r, a, ..)| (r, a) == (request, action));
            let (was_late, was_long) =
                known.map_or((Millis::ZERO, Millis::ZERO), |&(_, _, late, long)| (late, long));
            late <= was_late && too_long <= was_long
        })
    }
}

impl Turn<'_> {
    /// Gives a vehicle's riders back some of their reserve.
    pub(super) fn relieve(&mut self, id: VehicleId) {
        if self.ctx.policy.is_exact() {
            return;
        }
        for _ in 0..STEPS_MAX {
            let Some(vehicle) = self.state.vehicles.get(id.idx()) else { return };
            let now = Outcome::of(vehicle, self.ctx);
            if now.danger_ms < WORTH_A_PLAN_MS {
                return;
            }
            if !self.reorder(id, &now) && !self.clear_way(id, &now) {
                return;
            }
        }
    }

    /// The best plan that has one visit elsewhere.
    fn reorder(&mut self, id: VehicleId, before: &Outcome) -> bool {
        let ctx = self.ctx;
        let Some(vehicle) = self.state.vehicles.get(id.idx()) else { return false };
        let schedule = vehicle.schedule();
        let locked = usize::from(schedule.first_is_under_way(ctx.now + ctx.policy.react));
        let n = vehicle.visits.len();
        let mut best: Option<(u64, Vehicle)> = None;
        for (from, to) in (locked..n).flat_map(|from| (locked..n).map(move |to| (from, to))) {
            if from == to || from + 1 == to {
                continue;
            }
            let mut order = vehicle.visits.clone();
            let visit = order.remove(from);
            order.insert(to, visit);
            if !boards_first(&order) {
                continue;
            }
            let mut other = vehicle.clone();
            other.follow(order, ctx);
            let outcome = Outcome::of(&other, ctx);
            let least = best.as_ref().map_or(before.danger_ms, |(danger_ms, _)| *danger_ms);
            if outcome.danger_ms < least && outcome.spares_all(before) && has_room(&other, ctx) {
                best = Some((outcome.danger_ms, other));
            }
        }
        match best {
            Some((danger_ms, other)) if danger_ms + WORTH_A_PLAN_MS <= before.danger_ms => {
                if let Some(vehicle) = self.vehicle_mut(id) {
                    *vehicle = other;
                }
                self.touch(id);
                true
            }
            _ => false,
        }
    }

    /// Gives one rider to another vehicle so that those who stay are in less danger.
    fn clear_way(&mut self, id: VehicleId, before: &Outcome) -> bool {
        let ctx = self.ctx;
        let Some(vehicle) = self.state.vehicles.get(id.idx()) else { return false };
        let waits =
            |visit: &&Visit| visit.action == Action::Board && self.may_leave(visit.request, id);
        let mut gains: Vec<(u64, RequestId)> = Vec::new();
        for board in vehicle.visits.iter().filter(waits) {
            let mut other = vehicle.clone();
            other.remove(board.request, ctx);
            let outcome = Outcome::of(&other, ctx);
            if outcome.danger_ms + WORTH_A_PLAN_MS <= before.danger_ms && outcome.spares_all(before)
            {
                gains.push((outcome.danger_ms, board.request));
            }
        }
        gains.sort_unstable();
        self.look_out();
        for (_, request) in gains {
            let Some(visits) = self.visits_of(id, request) else { continue };
            if let Some(place) = self.place_in_time(visits, Some(id), false) {
                self.release(request, id);
                self.take(visits, &place);
                self.hand_over(request, id, place.vehicle);
                return true;
            }
        }
        false
    }
}

/// Whether everybody boards before they alight.
fn boards_first(order: &[Visit]) -> bool {
    order.iter().enumerate().all(|(k, visit)| {
        let boards =
            |other: &&Visit| other.request == visit.request && other.action == Action::Board;
        visit.action == Action::Board || !order.iter().skip(k).any(|other| boards(&other))
    })
}

/// Whether everybody has a place, and the last one is off by the end of the shift.
fn has_room(vehicle: &Vehicle, ctx: Context<'_>) -> bool {
    let mut view = View::default();
    let schedule = vehicle.schedule();
    schedule.view(ctx.policy, ctx.now, &mut view);
    view.loads.iter().all(|load| load.fits(schedule.capacity))
        && view.times.last().is_none_or(|last| last.end <= schedule.shift_end)
}
