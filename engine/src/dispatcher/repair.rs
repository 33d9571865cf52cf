//! When the world breaks a plan: riders get another vehicle, or the least lateness, and are told.
//!
//! Order of means: the cheapest insertion inside the promise; other plans for several vehicles; the least late insertion,
//! announced as at risk; at last the end of the ride, counted as a broken promise. Lateness once accepted becomes the
//! new bound of the visit, so that nothing later makes it worse.

use crate::demand::ride::{Ride, RideState};
use crate::dispatcher::event::EventKind;
use crate::dispatcher::state::{Due, State};
use crate::dispatcher::turn::Turn;
use crate::fleet::plan::Action;
use crate::fleet::visit::Visit;
use crate::ids::{RequestId, VehicleId};
use crate::planning::insertion::{self, Goal, Insertion, Search};
use crate::planning::view::{Load, View};
use crate::units::{EngineTime, Millis};

/// A rider who will be late anyway changes vehicles only to be this much less late.
const WORTH_A_CHANGE_MS: i64 = 60_000;

impl Turn<'_> {
    /// Gives all riders of a vehicle that is out of service to others.
    pub(super) fn place_again(&mut self, id: VehicleId) {
        let now = self.now();
        let Some(vehicle) = self.vehicle_mut(id) else { return };
        let at = vehicle.end_of_motion();
        let visits = std::mem::take(&mut vehicle.visits);
        vehicle.legs.clear();
        vehicle.next_path = None;
        vehicle.taken = Load::default();
        let mut pairs: Vec<(Visit, Visit)> = Vec::new();
        for alight in visits.iter().filter(|visit| visit.action == Action::Alight) {
            let board = match alight.boarded_at {
                Some(boarded_at) => {
                    if let Some(ride) = self.ride_mut(alight.request) {
                        ride.state = RideState::Stranded { at, boarded_at };
                    }
                    let dwell = self.ctx.policy.boarding(alight.party);
                    Some(Visit {
                        action: Action::Board,
                        // `alight.latest` holds the time on board since the first boarding.
                        location: at,
                        earliest: now,
                        dwell,
                        boarded_at: None,
                        ..*alight
                    })
                }
                None => visits
                    .iter()
                    .find(|v| v.request == alight.request && v.action == Action::Board)
                    .copied(),
            };
            if let Some(board) = board {
                pairs.push((board, Visit { boarded_at: None, ..*alight }));
            }
        }
        pairs.sort_by_key(|(board, _)| (board.latest, board.request));
        for pair in pairs {
            self.place_one(pair, id);
        }
    }

    /// Finds the best place for a rider whose vehicle `from` can't carry them.
    fn place_one(&mut self, (board, alight): (Visit, Visit), from: VehicleId) {
        let ctx = self.ctx;
        let request = board.request;
        if let Some(ride) = self.ride_mut(request) {
            ride.vehicle = None;
        }
        self.look_out();
        if let Some(place) = self.place_in_time((board, alight), None, true) {
            self.take((board, alight), &place);
            self.hand_over(request, from, place.vehicle);
            return;
        }
        if let Some(placed) = self.rescue((board, alight)) {
            self.hand_over(request, from, placed.vehicle);
            return;
        }
        if self.ride(request).is_ok_and(|ride| matches!(ride.state, RideState::Offered { .. })) {
            self.expire(request);
            return;
        }
        let search = Search::new(ctx, Goal::LeastLate, (board, alight));
        match insertion::best(&search, self.state.fleet(), None) {
            Some(place) => self.place_late((board, alight), from, &place),
            None => self.abort(request),
        }
    }

    /// Takes a late place and says so.
    fn place_late(&mut self, (board, alight): (Visit, Visit), from: VehicleId, place: &Insertion) {
        let late = Millis::new(u32::try_from(place.first).unwrap_or(u32::MAX));
        let ride = place.alight.end.since(place.board.begin);
        let visits = (
            Visit { latest: board.latest.max(place.board.begin), ..board },
            Visit {
                latest: alight.latest.max(place.alight.end),
                ride_max: alight.ride_max.max(ride),
                ..alight
            },
        );
        self.take(visits, place);
        self.hand_over(board.request, from, place.vehicle);
        self.warn(board.request, late);
    }

    /// Tells rider and operator once that the promise is at risk; the promised times are watched from now on.
    fn warn(&mut self, request: RequestId, late: Millis) {
        let Some(ride) = self.ride_mut(request) else { return };
        if matches!(ride.state, RideState::Offered { .. }) {
            // Nothing was promised yet: the offer is taken back.
            self.expire(request);
            return;
        }
        if ride.warned || late == Millis::ZERO {
            return;
        }
        ride.warned = true;
        let watched = ride.promise.map(|promise| [promise.pickup_by(), promise.dropoff_by()]);
        for by in watched.into_iter().flatten() {
            let past = by + Millis::new(1);
            self.state.due.insert((past.max(self.now()), Due::Promise(request)));
        }
        self.say(EventKind::PromiseAtRisk { request, late });
    }

    /// No vehicle will come any more.
    fn abort(&mut self, request: RequestId) {
        self.end_ride(request, RideState::Aborted);
        self.break_promise(request, Millis::INFINITE, self.now());
        self.say(EventKind::Aborted { request });
    }

    /// Counts a broken promise, once a ride.
    fn break_promise(&mut self, request: RequestId, late: Millis, at: EngineTime) {
        let Some(ride) = self.ride_mut(request) else { return };
        if !std::mem::replace(&mut ride.broken, true) {
            self.say_at(at, EventKind::PromiseBroken { request, late });
        }
    }

    /// Says so if a promised point in time was missed by a fact at `at`.
    pub(super) fn check_kept(
        &mut self,
        request: RequestId,
        at: EngineTime,
        by: Option<EngineTime>,
    ) {
        let late = by.map_or(Millis::ZERO, |by| at.since(by));
        if late > Millis::ZERO {
            self.break_promise(request, late, self.now());
        }
    }

    /// A promised point in time has passed for a ride at risk.
    pub(super) fn promise_due(&mut self, request: RequestId) {
        let now = self.now();
        let Ok(ride) = self.ride(request) else { return };
        let Some(promise) = ride.promise else { return };
        let missed = match ride.state {
            RideState::Promised => promise.pickup_by(),
            RideState::OnBoard { .. } | RideState::Stranded { .. } => promise.dropoff_by(),
            _ => return,
        };
        if now > missed {
            let late = self.foreseen_late(ride, request).max(now.since(missed));
            self.break_promise(request, late, now);
        }
    }

    /// How late the ride looks by its vehicle's plan.
    fn foreseen_late(&self, ride: &Ride, request: RequestId) -> Millis {
        let (Some(promise), Some(id)) = (ride.promise, ride.vehicle) else { return Millis::ZERO };
        let Some(vehicle) = self.state.vehicles.get(id.idx()) else { return Millis::ZERO };
        let planned = vehicle.planned(self.ctx.policy, self.now());
        let own = planned.iter().filter(|visit| visit.request == request);
        let late = own.map(|visit| match visit.action {
            Action::Board => visit.begin.since(promise.pickup_by()),
            Action::Alight => visit.end.since(promise.dropoff_by()),
        });
        late.max().unwrap_or(Millis::ZERO)
    }

    /// Looks at all windows of a vehicle that is late: riders who would be late, or are in danger of it, go to another vehicle if
    /// that keeps their promise; lateness that is left is accepted and announced.
    pub(super) fn guard(&mut self, id: VehicleId) {
        self.expect_promises(id);
        let mut tried = Vec::new();
        while let Some(request) = self.first_in_danger(id, &tried) {
            tried.push(request);
            self.move_away(id, request);
        }
        self.relieve(id);
        self.accept_lateness(id);
    }

    /// Where times are uncertain, lateness that was accepted may be made good: what was put off is bound by the promise again,
    /// as far as it looks now.
    fn expect_promises(&mut self, id: VehicleId) {
        let ctx = self.ctx;
        let State { vehicles, rides, .. } = &mut *self.state;
        let Some(vehicle) = vehicles.get_mut(id.idx()).filter(|_| !ctx.policy.is_exact()) else {
            return;
        };
        let mut view = View::default();
        vehicle.schedule().view(ctx.policy, ctx.now, &mut view);
        for (visit, &times) in vehicle.visits.iter_mut().zip(&view.times) {
            if let Some(by) = rides.get(&visit.request).and_then(|ride| ride.due(visit)) {
                visit.latest = visit.latest.min(by.max(visit.counts(times)));
            }
        }
    }

    /// The first rider who would be late, or has little reserve left, is not on board and was not tried yet.
    fn first_in_danger(&self, id: VehicleId, tried: &[RequestId]) -> Option<RequestId> {
        let ctx = self.ctx;
        let vehicle = self.state.vehicles.get(id.idx())?;
        let mut view = View::default();
        vehicle.schedule().view(ctx.policy, ctx.now, &mut view);
        let mut timed = vehicle.visits.iter().zip(view.times.iter().zip(&view.spreads));
        timed
            .find(|(visit, (times, spread))| {
                ctx.policy.danger(visit, **times, **spread) > Millis::ZERO
                    && visit.boarded_at.is_none()
                    && !tried.contains(&visit.request)
            })
            .map(|(visit, _)| visit.request)
    }

    /// Gives a rider who is not on board to another vehicle, if one can keep the promise or is much less late.
    fn move_away(&mut self, id: VehicleId, request: RequestId) {
        let ctx = self.ctx;
        let Some((board, alight)) = self.visits_of(id, request) else { return };
        let Ok(ride) = self.ride(request) else { return };
        let (late, warned) = (i64::from(self.foreseen_late(ride, request).get()), ride.warned);
        if late == 0 && !self.may_leave(request, id) {
            return;
        }
        self.look_out();
        if let Some(place) = self.place_in_time((board, alight), Some(id), late > 0) {
            self.release(request, id);
            self.take((board, alight), &place);
            self.hand_over(request, id, place.vehicle);
            return;
        }
        // Once a ride: a vehicle that stays silent is looked at every few seconds.
        if late == 0 || !warned && self.exchange((board, alight), id) {
            return;
        }
        let search = Search::new(ctx, Goal::LeastLate, (board, alight));
        let place = insertion::best(&search, self.state.fleet(), Some(id));
        if let Some(place) = place.filter(|place| place.first + WORTH_A_CHANGE_MS < late) {
            self.release(request, id);
            self.place_late((board, alight), id, &place);
        }
    }

    /// The visits of a rider of vehicle `id` that another vehicle could make, bound by the promise and not by lateness that was
    /// accepted before; `None` if the vehicle is busy with the first one.
    pub(super) fn visits_of(&self, id: VehicleId, request: RequestId) -> Option<(Visit, Visit)> {
        let ctx = self.ctx;
        let vehicle = self.state.vehicles.get(id.idx())?;
        let first_locked = vehicle.schedule().first_is_under_way(ctx.now + ctx.policy.react);
        let mut own = vehicle.visits.iter().enumerate().filter(|(_, v)| v.request == request);
        let ((position, board), (_, alight)) = (own.next()?, own.next()?);
        if first_locked && position == 0 {
            return None;
        }
        let ride = self.ride(request).ok()?;
        let bound =
            |visit: &Visit| Visit { latest: ride.due(visit).unwrap_or(visit.latest), ..*visit };
        Some((bound(board), bound(alight)))
    }

    /// The best place that keeps the promise: with the reserve, or if need be with what is left of the window.
    pub(super) fn place_in_time(
        &self,
        visits: (Visit, Visit),
        except: Option<VehicleId>,
        need: bool,
    ) -> Option<Insertion> {
        let careful = Search::new(self.ctx, Goal::Promise, visits);
        let careful = Search { scarcity: self.state.scarcity, ..careful };
        let best = |search: &Search<'_>| insertion::best(search, self.state.fleet(), except);
        let dares = need && !self.ctx.policy.is_exact();
        best(&careful).or_else(|| dares.then(|| best(&Search { reserve: false, ..careful }))?)
    }

    /// Finds a place for a rider of vehicle `from` by changing several plans; false if there is none: then nothing has changed.
    fn exchange(&mut self, visits: (Visit, Visit), from: VehicleId) -> bool {
        let request = visits.0.request;
        let Some(before) = self.state.vehicles.get(from.idx()).cloned() else { return false };
        self.release(request, from);
        if let Some(placed) = self.rescue(visits) {
            self.hand_over(request, from, placed.vehicle);
            return true;
        }
        if let Some(vehicle) = self.vehicle_mut(from) {
            *vehicle = before;
        }
        false
    }

    /// Makes the lateness that is left the bound of each late visit, and tells the riders.
    fn accept_lateness(&mut self, id: VehicleId) {
        let ctx = self.ctx;
        let Some(vehicle) = self.vehicle_mut(id) else { return };
        let mut view = View::default();
        vehicle.schedule().view(ctx.policy, ctx.now, &mut view);
        let mut warnings = Vec::new();
        for (visit, times) in vehicle.visits.iter_mut().zip(&view.times) {
            let late = visit.late(*times);
            if late > Millis::ZERO {
                visit.latest = visit.latest + late;
                warnings.push((visit.request, late));
            }
        }
        for (request, late) in warnings {
            self.warn(request, late);
        }
    }
}
