//! What riders ask: requests, offers, cancellations.

use crate::demand::promise::Promise;
use crate::demand::request::{RideRequest, When};
use crate::demand::ride::{Actor, Ride, RideState};
use crate::dispatcher::command::CommandError;
use crate::dispatcher::event::{Alternative, EventKind, RejectReason};
use crate::dispatcher::reoptimise::Placed;
use crate::dispatcher::seek::{Seek, Way, promise_for};
use crate::dispatcher::state::{Due, State};
use crate::dispatcher::turn::Turn;
use crate::fleet::visit::Visit;
use crate::ids::{RequestId, VehicleId};
use crate::limits;
use crate::planning::insertion::{self, Goal, Insertion, Search};
use crate::units::EngineTime;

/// Alternatives are given in whole minutes.
const MINUTE_MS: i64 = 60_000;

impl Turn<'_> {
    pub(super) fn request_ride(&mut self, request: &RideRequest) -> Result<(), CommandError> {
        if self.state.ride_names.contains_key(&request.name) {
            return Err(CommandError::NameTaken(request.name.as_str().to_owned()));
        }
        let full = CommandError::Full { what: "open rides", limit: limits::RIDES_OPEN_MAX };
        if self.state.rides_open >= limits::RIDES_OPEN_MAX {
            return Err(full);
        }
        let too_many = [&request.pickups, &request.dropoffs].into_iter().any(|stops| {
            stops.len() > limits::WALK_STOPS_MAX
                || stops.iter().any(|stop| stop.walk > limits::WALK_MAX)
        });
        if too_many {
            let why = "a request names at most 16 stops at each end, half an hour's walk away";
            return Err(CommandError::Invalid(why));
        }
        let id = RequestId::new(self.state.n_rides);
        self.state.n_rides = self.state.n_rides.checked_add(1).ok_or(full)?;
        self.state.ride_names.insert(request.name.clone(), id);
        let ride = Ride {
            request: RideRequest { pickups: Vec::new(), dropoffs: Vec::new(), ..request.clone() },
            ends: request.doors(),
            stands_from: self.now(),
            requested_at: self.now(),
            promise: None,
            vehicle: None,
            state: RideState::Rejected,
            moves: 0,
            warned: false,
            broken: false,
        };
        self.state.rides.insert(id, ride);
        self.say(EventKind::Requested { request: id });
        let State { outlooks, forecast, .. } = &mut *self.state;
        let least = outlooks.from_spots(forecast.spots(), request.from, self.ctx);
        forecast.see(request.from, &least, self.ctx.oracle);
        match self.find_place(id, request) {
            Ok((way, placed)) => self.offer(id, request, &way, &placed),
            Err(reason) => {
                let alternative = self.alternative(id, request, reason);
                let doors = Way::new(self.ctx, id, request, request.doors()).ok();
                self.keep_refusal(id, reason, doors.map(|way| way.visits));
                self.state.note_end(self.ctx.now, id);
                self.say(EventKind::Rejected { request: id, reason, alternative });
            }
        }
        Ok(())
    }

    const fn seek(&self) -> Seek<'_> {
        Seek { state: self.state, ctx: self.ctx }
    }

    /// Finds a place and takes it: by plain insertion, from door to door or from the stops to which the rider could walk,
    /// else by changing the plans of several vehicles.
    fn find_place(
        &mut self,
        id: RequestId,
        request: &RideRequest,
    ) -> Result<(Way, Placed), RejectReason> {
        let ctx = self.ctx;
        let doors = Way::new(ctx, id, request, request.doors())?;
        self.seek().someone_fits(&doors.visits.0)?;
        self.look_out();
        if let Some((way, place)) = self.seek().best_way(id, request, doors) {
            self.take(way.visits, &place);
            let (pickup_at, dropoff_at) = (place.board.begin, place.alight.end);
            return Ok((way, Placed { vehicle: place.vehicle, pickup_at, dropoff_at }));
        }
        let placed = self.rescue(doors.visits).ok_or(RejectReason::NoVehicleInTime)?;
        Ok((doors, placed))
    }

    /// Puts two visits into the plan where the search said.
    pub(super) fn take(&mut self, visits: (Visit, Visit), place: &Insertion) {
        let ctx = self.ctx;
        if let Some(vehicle) = self.vehicle_mut(place.vehicle) {
            vehicle.insert(visits, place, ctx);
            self.touch(place.vehicle);
        }
    }

    /// Takes a ride out of a vehicle's plan.
    pub(super) fn release(&mut self, request: RequestId, from: VehicleId) {
        let ctx = self.ctx;
        if let Some(vehicle) = self.vehicle_mut(from)
            && vehicle.remove(request, ctx)
        {
            self.touch(from);
        }
    }

    /// Notes that another vehicle carries the ride, and says so if it is another one.
    pub(super) fn hand_over(&mut self, request: RequestId, from: VehicleId, to: VehicleId) {
        if let Some(ride) = self.ride_mut(request) {
            ride.vehicle = Some(to);
        }
        if from != to {
            if let Some(ride) = self.ride_mut(request) {
                ride.moves = ride.moves.saturating_add(1);
            }
            self.say(EventKind::Reassigned { request, from, to });
        }
    }

    /// Holds the place for the rider, or promises it at once.
    fn offer(&mut self, id: RequestId, request: &RideRequest, way: &Way, placed: &Placed) {
        let &Way { ends, promise, .. } = way;
        let expires_at = self.now() + self.ctx.policy.offer_ttl;
        let &Placed { vehicle, pickup_at, dropoff_at } = placed;
        self.state.rides_open += 1;
        if let Some(ride) = self.ride_mut(id) {
            ride.promise = Some(promise);
            ride.ends = ends;
            ride.stands_from = promise.ready_at();
            ride.vehicle = Some(vehicle);
            ride.state = if request.accept_at_once {
                RideState::Promised
            } else {
                RideState::Offered { expires_at }
            };
        }
        if request.accept_at_once {
            self.say(EventKind::Promised { request: id, vehicle, promise, pickup_at, dropoff_at });
        } else {
            self.state.due.insert((expires_at, Due::Offer(id)));
            self.say(EventKind::Offered {
                request: id,
                vehicle,
                promise,
                pickup_at,
                dropoff_at,
                expires_at,
            });
        }
    }

    /// The earliest pickup that could be promised to a rider who was refused.
    fn alternative(
        &self,
        id: RequestId,
        request: &RideRequest,
        reason: RejectReason,
    ) -> Option<Alternative> {
        if reason != RejectReason::NoVehicleInTime {
            return None;
        }
        let when = match request.when {
            When::ArriveBy(_) => {
                let promise = promise_for(self.ctx, request, &request.doors()).ok()?;
                When::DepartAt(promise.ready_at())
            }
            when => when,
        };
        let later = RideRequest { when, ..request.clone() };
        let promise = promise_for(self.ctx, &later, &request.doors()).ok()?;
        let visits =
            Visit::pair(id, (request.from, request.to), request.party, &promise, self.ctx.policy);
        let search = Search::new(self.ctx, Goal::EarliestPickup, visits);
        let place = insertion::best(&search, self.state.fleet(), None)?;
        let pickup_at = place.board.begin;
        // Rounded down to a minute, the pickup still lies inside the wait that starts then.
        let minute = pickup_at.unix_ms().div_euclid(MINUTE_MS) * MINUTE_MS;
        Some(Alternative { depart_at: EngineTime::from_unix_ms(minute).max(self.now()), pickup_at })
    }

    pub(super) fn accept_offer(&mut self, request: RequestId) -> Result<(), CommandError> {
        let command = "accept_offer";
        let ride = self.ride(request)?;
        let RideState::Offered { expires_at } = ride.state else {
            return Err(CommandError::NotNow { command, why: "there is no open offer" });
        };
        let (Some(promise), Some(vehicle)) = (ride.promise, ride.vehicle) else {
            return Err(CommandError::NotNow { command, why: "there is no open offer" });
        };
        if self.now() > expires_at {
            return Err(CommandError::NotNow { command, why: "the offer has expired" });
        }
        let ctx = self.ctx;
        // Nobody sets off or boards before the promise is given.
        let stands_from = promise.ready_at().max(ctx.now + ride.ends.pickup.walk);
        if let Some(ride) = self.ride_mut(request) {
            ride.state = RideState::Promised;
            ride.stands_from = stands_from;
        }
        if let Some(record) = self.vehicle_mut(vehicle) {
            record.accept(request, stands_from, ctx);
        }
        self.touch(vehicle);
        self.state.due.remove(&(expires_at, Due::Offer(request)));
        let (pickup_at, dropoff_at) = self.planned_times(request, vehicle, promise);
        self.say(EventKind::Promised { request, vehicle, promise, pickup_at, dropoff_at });
        // Who boards later because of it may make others late where traffic has made rides too long already.
        self.guard(vehicle);
        Ok(())
    }

    /// When the ride is planned to begin and end, as it looks now.
    fn planned_times(
        &self,
        request: RequestId,
        vehicle: VehicleId,
        promise: Promise,
    ) -> (EngineTime, EngineTime) {
        let planned = self
            .state
            .vehicles
            .get(vehicle.idx())
            .map(|vehicle| vehicle.planned(self.ctx.policy, self.now()))
            .unwrap_or_default();
        let mut own = planned.iter().filter(|visit| visit.request == request);
        let pickup = own.next().map_or(promise.pickup_by(), |visit| visit.begin);
        (pickup, own.next().map_or(promise.dropoff_by(), |visit| visit.end))
    }

    pub(super) fn decline_offer(&mut self, request: RequestId) -> Result<(), CommandError> {
        if !matches!(self.ride(request)?.state, RideState::Offered { .. }) {
            let command = "decline_offer";
            return Err(CommandError::NotNow { command, why: "there is no open offer" });
        }
        self.expire(request);
        Ok(())
    }

    /// Ends an offer that was not taken.
    pub(super) fn expire(&mut self, request: RequestId) {
        self.end_ride(request, RideState::Expired);
        self.say(EventKind::Expired { request });
    }

    pub(super) fn cancel_ride(
        &mut self,
        request: RequestId,
        by: Actor,
    ) -> Result<(), CommandError> {
        let why = match self.ride(request)?.state {
            RideState::Offered { .. } | RideState::Promised | RideState::Stranded { .. } => None,
            RideState::OnBoard { .. } => Some("the rider is on board"),
            _ => Some("the ride has ended"),
        };
        if let Some(why) = why {
            return Err(CommandError::NotNow { command: "cancel_ride", why });
        }
        self.end_ride(request, RideState::Cancelled(by));
        self.say(EventKind::Cancelled { request, by });
        Ok(())
    }
}
