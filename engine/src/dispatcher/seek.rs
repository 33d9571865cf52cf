//! Where a new rider could ride: looks for a place and changes nothing, so that a quote is what the request would be told.

use crate::demand::promise::Promise;
use crate::demand::request::{RideRequest, When};
use crate::demand::walk::Ends;
use crate::dispatcher::event::RejectReason;
use crate::dispatcher::reoptimise::Rescue;
use crate::dispatcher::state::State;
use crate::fleet::reroute::Context;
use crate::fleet::visit::Visit;
use crate::ids::RequestId;
use crate::limits;
use crate::planning::insertion::{self, Goal, Insertion, Search};
use crate::planning::objective;
use crate::planning::view::Load;
use crate::units::{EngineTime, Millis};

/// What would be promised for `request` between `ends` if it were made at `now`. The wait runs from when the rider stands at the
/// stop; who leaves the door at the time of the request, or at the time asked for, is there then.
pub(super) fn promise_for(
    ctx: Context<'_>,
    request: &RideRequest,
    ends: &Ends,
) -> Result<Promise, RejectReason> {
    let (from, to) = (ends.pickup.location, ends.dropoff.location);
    let direct = ctx.oracle.time(from, to);
    if from == to {
        return Err(RejectReason::SamePlace);
    }
    if direct.is_infinite() {
        return Err(RejectReason::NoWay);
    }
    let policy = ctx.policy;
    let ride_max = policy.ride_max(direct);
    let from_then_on = |ready_at: EngineTime| {
        let pickup_by = ready_at + policy.max_wait;
        Promise::new(ready_at, pickup_by, pickup_by + ride_max, ride_max, direct)
    };
    let ahead = |time: EngineTime| time.unix_ms().saturating_sub(ctx.now.unix_ms());
    match request.when {
        When::Now => Ok(from_then_on(ctx.now + ends.pickup.walk)),
        When::DepartAt(time) if ahead(time) > limits::BOOKING_AHEAD_MS => {
            Err(RejectReason::TimeOutOfRange)
        }
        When::DepartAt(time) => Ok(from_then_on(time.max(ctx.now) + ends.pickup.walk)),
        When::ArriveBy(time) => {
            let (time, soonest) = (time - ends.dropoff.walk, ctx.now + ends.pickup.walk);
            // Ready early enough for the longest wait, the drive, and half of the detour that pooling may take.
            let dwell = policy.boarding(request.party) + policy.alighting(request.party);
            let detour = ride_max.saturating_sub(direct).get() / 2;
            let least = direct + dwell + policy.stop;
            let lead = least + Millis::new(detour) + policy.max_wait;
            if soonest + least > time || ahead(time) > limits::BOOKING_AHEAD_MS {
                return Err(RejectReason::TimeOutOfRange);
            }
            let ready_at = (time - lead).max(soonest);
            let pickup_by = (ready_at + policy.max_wait).min(time);
            Ok(Promise::new(ready_at, pickup_by, time, ride_max, direct))
        }
    }
}

/// A way of riding: where the rider boards and alights, and what would be promised.
#[derive(Clone, Copy)]
pub(super) struct Way {
    pub(super) ends: Ends,
    pub(super) promise: Promise,
    pub(super) visits: (Visit, Visit),
}

impl Way {
    pub(super) fn new(
        ctx: Context<'_>,
        id: RequestId,
        request: &RideRequest,
        ends: Ends,
    ) -> Result<Self, RejectReason> {
        let promise = promise_for(ctx, request, &ends)?;
        let places = (ends.pickup.location, ends.dropoff.location);
        let mut visits = Visit::pair(id, places, request.party, &promise, ctx.policy);
        if !request.accept_at_once {
            // Nobody sets off or boards before they have answered; like this the plan holds whenever they do.
            let answered = ctx.now + ctx.policy.offer_ttl + Millis::new(1) + ends.pickup.walk;
            visits.0.earliest = visits.0.earliest.max(answered);
        }
        Ok(Self { ends, promise, visits })
    }

    /// What it costs with an insertion of this cost and drive.
    fn cost(&self, cost: i64, drive_ms: i64) -> i64 {
        objective::journey(cost, drive_ms, self.promise.direct(), self.ends.walk())
    }
}

/// A look at the state.
#[derive(Clone, Copy)]
pub(super) struct Seek<'a> {
    pub(super) state: &'a State,
    pub(super) ctx: Context<'a>,
}

impl Seek<'_> {
    /// What the next request would be told: pickup and drop-off as they look. Without `may_search` only by plain insertion, else
    /// also by a search over several vehicles, if a request would get one now.
    pub(super) fn quote(
        self,
        request: &RideRequest,
        may_search: bool,
    ) -> Option<(EngineTime, EngineTime)> {
        let Self { state, ctx } = self;
        // The seed of a search, too, is that of the next request.
        let id = RequestId::new(state.n_rides);
        let doors = Way::new(ctx, id, request, request.doors()).ok()?;
        self.someone_fits(&doors.visits.0).ok()?;
        if let Some((_, place)) = self.best_way(id, request, doors) {
            return Some((place.board.begin, place.alight.end));
        }
        let rescue = Rescue { state, ctx, visits: doors.visits };
        let ids = rescue.vehicles().filter(|_| may_search)?;
        let tests = state.tests_allowed(ctx.now, rescue.tests())?;
        let (placed, _) = rescue.search(&ids, tests)?;
        Some((placed.pickup_at, placed.dropoff_at))
    }

    /// The best way of riding: of all pickups with the drop-off at the door, then of all drop-offs with that pickup; of equally
    /// good ones the first, the doors before all. One search a stop, most of which end early.
    pub(super) fn best_way(
        &self,
        id: RequestId,
        request: &RideRequest,
        doors: Way,
    ) -> Option<(Way, Insertion)> {
        let mut best = None;
        self.consider(doors, &mut best);
        for &pickup in &request.pickups {
            let ends = Ends { pickup, ..doors.ends };
            self.consider_ends(id, request, ends, &mut best);
        }
        let pickup = best.as_ref().map_or(doors.ends.pickup, |(_, way, _)| way.ends.pickup);
        for &dropoff in &request.dropoffs {
            self.consider_ends(id, request, Ends { pickup, dropoff }, &mut best);
        }
        best.map(|(_, way, place)| (way, place))
    }

    fn consider_ends(
        &self,
        id: RequestId,
        request: &RideRequest,
        ends: Ends,
        best: &mut Option<(i64, Way, Insertion)>,
    ) {
        if let Ok(way) = Way::new(self.ctx, id, request, ends) {
            self.consider(way, best);
        }
    }

    /// Takes the way if it has a place and costs less than the best so far.
    fn consider(&self, way: Way, best: &mut Option<(i64, Way, Insertion)>) {
        let least = best.as_ref().map(|(cost, ..)| *cost);
        // Nothing is driven less for another rider.
        let limit = least.map_or(i64::MAX, |least| least - way.cost(0, 0));
        let search = Search::new(self.ctx, Goal::Promise, way.visits);
        let search = Search { scarcity: self.state.scarcity, ..search };
        let place = insertion::best_below(&search, self.state.fleet(), None, limit);
        if let Some((cost, place)) = place.map(|at| (way.cost(at.cost, at.drive_ms), at))
            && least.is_none_or(|least| cost < least)
        {
            *best = Some((cost, way, place));
        }
    }

    /// Whether any vehicle on shift is large enough.
    pub(super) fn someone_fits(&self, board: &Visit) -> Result<(), RejectReason> {
        let need = Load::default().after(board);
        let mut on_shift = self
            .state
            .active
            .iter()
            .filter_map(|id| self.state.vehicles.get(id.idx()))
            .filter(|vehicle| vehicle.spec.shift_end >= board.earliest)
            .peekable();
        if on_shift.peek().is_none() {
            return Err(RejectReason::NoVehicleOnShift);
        }
        if on_shift.any(|vehicle| need.fits(vehicle.capacity())) {
            Ok(())
        } else {
            Err(RejectReason::NoVehicleFits)
        }
    }
}
