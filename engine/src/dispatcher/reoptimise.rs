//! Making the plans of several vehicles better together: for a rider whom nobody can take, and without need.
//!
//! A few vehicles around a place are handed to the optimiser as a snapshot, see [`crate::planning::snapshot`]. What comes back is
//! taken over all at once or not at all: each vehicle still follows the plan that was looked at, nobody changes vehicles who may
//! not, and by the dispatcher's own view all promises hold. Riders notice little: a change of vehicles is announced, never
//! within [`NOTICE`] before boarding, and at most [`MOVES_MAX`] times a ride.

use std::cmp::Reverse;
use std::collections::{BTreeMap, BinaryHeap};

use crate::dispatcher::command::CommandError;
use crate::dispatcher::state::State;
use crate::dispatcher::turn::Turn;
use crate::fleet::plan::Action;
use crate::fleet::reroute::Context;
use crate::fleet::vehicle::{Duty, Vehicle};
use crate::fleet::visit::Visit;
use crate::ids::{RequestId, VehicleId};
use crate::limits::SNAPSHOT_VEHICLES_MAX;
use crate::oracle::Location;
use crate::planning::objective::is_needy;
use crate::planning::snapshot::{Improvement, NOTICE, Snapshot, boards_from, may_move};
use crate::planning::view::{Load, View};
use crate::units::EngineTime;

/// Vehicles that are asked to make room for a rider.
const RESCUE_VEHICLES: usize = 48;
/// For a party for which few vehicles will do, a search may spend so many times the insertion tests.
const NEEDY_TESTS: u32 = 4;
/// Vehicles whose plans are made better at a time.
const IMPROVED_VEHICLES: usize = 12;

const _: () = assert!(RESCUE_VEHICLES <= SNAPSHOT_VEHICLES_MAX);

const COMMAND: &str = "adopt_plan";

/// Where a rider has been placed, with the times as they look now.
pub(super) struct Placed {
    pub(super) vehicle: VehicleId,
    pub(super) pickup_at: EngineTime,
    pub(super) dropoff_at: EngineTime,
}

/// The vehicles with room for `need` when empty that could be at `place` soonest, with the time of the soonest. Lower bounds say whom
/// not to look at; the answer does not depend on how good they are.
fn nearest(
    state: &State,
    ctx: Context<'_>,
    place: Location,
    (count, need): (usize, Load),
) -> (Vec<VehicleId>, EngineTime) {
    let sight = ctx.oracle.sight(place);
    let informed = ctx.now + ctx.policy.react;
    let bound = |&id: &VehicleId| {
        let bound = state.outlooks.start(id).map(|start| start.arrives(&sight, ctx.now, informed));
        Reverse((bound.unwrap_or(ctx.now), false, id))
    };
    let fits = |id: &&VehicleId| {
        state.vehicles.get(id.idx()).is_some_and(|vehicle| need.fits(vehicle.capacity()))
    };
    let mut queue: BinaryHeap<_> = state.active.iter().filter(fits).map(bound).collect();
    let (mut found, mut soonest) = (Vec::new(), EngineTime::NEVER);
    while let Some(Reverse((arrives, is_exact, id))) = queue.pop() {
        if is_exact {
            soonest = soonest.min(arrives);
            found.push(id);
            if found.len() == count {
                break;
            }
        } else if let Some(vehicle) = state.vehicles.get(id.idx()) {
            let start = vehicle.schedule().divert(ctx.policy, ctx.now);
            let drive = ctx.oracle.time(start.location, place);
            if !drive.is_infinite() {
                queue.push(Reverse((start.time + drive, true, id)));
            }
        }
    }
    found.sort_unstable();
    (found, soonest)
}

fn snapshot<'a>(
    state: &'a State,
    ctx: Context<'a>,
    ids: &[VehicleId],
    newcomer: Option<(Visit, Visit)>,
) -> Snapshot<'a> {
    let record = |id: &VehicleId| Some((*id, state.vehicles.get(id.idx())?));
    let vehicles = ids.iter().filter_map(record).collect();
    Snapshot::new(ctx, &state.rides, vehicles, newcomer).sparing(state.scarcity)
}

/// Better plans for the vehicles around `place` that can be taken over as they are.
pub(super) fn improvement(
    state: &State,
    ctx: Context<'_>,
    place: Location,
    tests: u32,
) -> Option<Improvement> {
    let (ids, _) = nearest(state, ctx, place, (IMPROVED_VEHICLES, Load::default()));
    let found = snapshot(state, ctx, &ids, None).improve(tests, u64::from(state.n_rides))?;
    Check { state, ctx }.drafts(&found, None).is_ok().then_some(found)
}

/// A vehicle with its new plan, and who came to it from where.
pub(super) struct Draft {
    id: VehicleId,
    vehicle: Vehicle,
    came: Vec<(RequestId, VehicleId)>,
}

/// Whether a rider who is new to the fleet gets the reserve of a promise. The bounds within which the optimiser worked see to the others.
fn is_careful(draft: &Draft, newcomer: RequestId, ctx: Context<'_>) -> bool {
    let mut view = View::default();
    draft.vehicle.schedule().view(ctx.policy, ctx.now, &mut view);
    let timed = view.times.iter().zip(&view.spreads);
    let mut visits = draft.vehicle.visits.iter().zip(timed);
    visits.all(|(visit, (&times, &spread))| {
        visit.request != newcomer || ctx.policy.is_careful(visit, (times, None), spread)
    })
}

/// Old visits that no new plan has yet, and in which vehicle they are.
type Pool = BTreeMap<(RequestId, Action), (Visit, Option<VehicleId>)>;

/// Looks whether new plans can be taken over. Changes nothing.
struct Check<'a> {
    state: &'a State,
    ctx: Context<'a>,
}

impl Check<'_> {
    /// The vehicles as they would be, or why they can't.
    fn drafts(
        &self,
        improvement: &Improvement,
        newcomer: Option<(Visit, Visit)>,
    ) -> Result<Vec<Draft>, CommandError> {
        let limit = SNAPSHOT_VEHICLES_MAX;
        if improvement.plans.len() > limit {
            return Err(CommandError::Full { what: "new plans in one command", limit });
        }
        let mut pool = Pool::new();
        for plan in &improvement.plans {
            let vehicle = self.on_shift(plan.vehicle)?;
            if vehicle.version != plan.version {
                return Err(CommandError::PlanChanged {
                    vehicle: plan.vehicle,
                    known: plan.version,
                    current: vehicle.version,
                });
            }
            for visit in &vehicle.visits {
                pool.insert((visit.request, visit.action), (*visit, Some(plan.vehicle)));
            }
        }
        for visit in newcomer.iter().flat_map(|(board, alight)| [board, alight]) {
            pool.insert((visit.request, visit.action), (*visit, None));
        }
        let mut drafts: Vec<Draft> = Vec::with_capacity(improvement.plans.len());
        for plan in &improvement.plans {
            if drafts.iter().any(|draft| draft.id == plan.vehicle) {
                return Err(CommandError::Invalid("a vehicle has two new plans"));
            }
            drafts.push(self.draft(plan.vehicle, &plan.visits, &mut pool)?);
        }
        if pool.is_empty() {
            Ok(drafts)
        } else {
            Err(CommandError::Invalid("the new plans leave somebody out"))
        }
    }

    fn draft(
        &self,
        id: VehicleId,
        order: &[(RequestId, Action)],
        pool: &mut Pool,
    ) -> Result<Draft, CommandError> {
        let not_now = |why| CommandError::NotNow { command: COMMAND, why };
        let ctx = self.ctx;
        let old = self.on_shift(id)?;
        let first = old.visits.first().copied();
        let under_way =
            first.filter(|_| old.schedule().first_is_under_way(ctx.now + ctx.policy.react));
        let (mut visits, mut came) = (Vec::with_capacity(order.len()), Vec::new());
        for &key in order {
            let (visit, from) = pool
                .remove(&key)
                .ok_or(CommandError::Invalid("a new plan has a visit that is in no old one"))?;
            if under_way == Some(visit) {
                visits.push(visit);
                continue;
            }
            let comes_from = from.filter(|&from| from != id);
            if comes_from.is_some_and(|from| !self.may_leave(visit.request, from)) {
                return Err(not_now("a rider may not change vehicles any more"));
            }
            let board = visit.action == Action::Board;
            visits.push(if board { self.boarding(visit, comes_from.is_some()) } else { visit });
            came.extend(comes_from.filter(|_| board).map(|from| (visit.request, from)));
        }
        if under_way.is_some() && visits.first().copied() != under_way {
            return Err(not_now("a vehicle is busy with its first visit"));
        }
        let mut vehicle = old.clone();
        vehicle.follow(visits, ctx);
        if !vehicle.schedule().is_feasible(ctx.policy, ctx.now) {
            return Err(not_now("a plan would break a promise, the shift, or have too few places"));
        }
        Ok(Draft { id, vehicle, came })
    }

    /// A boarding that an old plan may have put off. Whoever changes vehicles is not picked up within the notice.
    fn boarding(&self, visit: Visit, is_moved: bool) -> Visit {
        let ride = self.state.rides.get(&visit.request);
        let earliest = ride.map_or(visit.earliest, |ride| boards_from(ride, &visit));
        let notice = if is_moved { self.ctx.now + NOTICE } else { earliest };
        Visit { earliest: earliest.max(notice), ..visit }
    }

    /// Whether a rider may be taken away from vehicle `from`: promised, not moved too often, and not about to board.
    fn may_leave(&self, request: RequestId, from: VehicleId) -> bool {
        let ctx = self.ctx;
        let Some(vehicle) = self.state.vehicles.get(from.idx()) else { return false };
        let mut view = View::default();
        vehicle.schedule().view(ctx.policy, ctx.now, &mut view);
        let own = |visit: &Visit| visit.request == request && visit.action == Action::Board;
        let mut boards = vehicle.visits.iter().zip(&view.times);
        boards
            .find(|(visit, _)| own(visit))
            .is_some_and(|(_, times)| times.begin > ctx.now + NOTICE)
            && self.state.rides.get(&request).is_some_and(may_move)
    }

    fn on_shift(&self, id: VehicleId) -> Result<&Vehicle, CommandError> {
        let vehicle = self.state.vehicles.get(id.idx()).ok_or(CommandError::UnknownVehicle(id))?;
        let why = "a vehicle is not on shift";
        let not_now = CommandError::NotNow { command: COMMAND, why };
        (vehicle.duty == Duty::OnShift).then_some(vehicle).ok_or(not_now)
    }
}

/// A search for a rider whom no vehicle can take as it is. Changes nothing.
pub(super) struct Rescue<'a> {
    pub(super) state: &'a State,
    pub(super) ctx: Context<'a>,
    pub(super) visits: (Visit, Visit),
}

impl Rescue<'_> {
    /// The vehicles that are asked to make room; `None` if searches are off, or none of them could be there in time.
    pub(super) fn vehicles(&self) -> Option<Vec<VehicleId>> {
        let &Self { state, ctx, visits: (board, _) } = self;
        if !ctx.policy.reoptimise || ctx.policy.rescue_tests == 0 {
            return None;
        }
        let need = Load::of(board.party);
        let count = if is_needy(need) { RESCUE_VEHICLES / 2 } else { RESCUE_VEHICLES };
        let (mut ids, soonest) = nearest(state, ctx, board.location, (count, need));
        if is_needy(need) {
            // Others take over whoever has to leave the few that fit.
            let all = (RESCUE_VEHICLES, Load::default());
            let (mut others, _) = nearest(state, ctx, board.location, all);
            others.retain(|id| !ids.contains(id));
            others.truncate(RESCUE_VEHICLES - ids.len());
            ids.extend(others);
            ids.sort_unstable();
        }
        (soonest <= board.latest).then_some(ids)
    }

    /// Insertion tests that the search may spend, if so many are left.
    pub(super) fn tests(&self) -> u32 {
        let times = if is_needy(Load::of(self.visits.0.party)) { NEEDY_TESTS } else { 1 };
        self.ctx.policy.rescue_tests.saturating_mul(times)
    }

    /// The place found, and the vehicles as they would be then.
    pub(super) fn search(&self, ids: &[VehicleId], tests: u32) -> Option<(Placed, Vec<Draft>)> {
        let &Self { state, ctx, visits } = self;
        let (board, _) = visits;
        let careful = ctx.policy.with_reserve(visits);
        let found = snapshot(state, ctx, ids, Some(careful));
        let found = found.improve(tests, u64::from(board.request.get()))?;
        let drafts = Check { state, ctx }.drafts(&found, Some(visits)).ok()?;
        if !drafts.iter().all(|draft| is_careful(draft, board.request, ctx)) {
            return None;
        }
        let placed = drafts.iter().find_map(|draft| {
            let planned = draft.vehicle.planned(ctx.policy, ctx.now);
            let mut own = planned.iter().filter(|visit| visit.request == board.request);
            let (pickup_at, dropoff_at) = (own.next()?.begin, own.next()?.end);
            Some(Placed { vehicle: draft.id, pickup_at, dropoff_at })
        })?;
        Some((placed, drafts))
    }
}

impl Turn<'_> {
    /// Finds a place for a rider whom no vehicle can take as it is, by changing the plans of several, and takes it.
    pub(super) fn rescue(&mut self, visits: (Visit, Visit)) -> Option<Placed> {
        let ctx = self.ctx;
        self.look_out();
        let ids = Rescue { state: self.state, ctx, visits }.vehicles()?;
        let tests = Rescue { state: self.state, ctx, visits }.tests();
        let tests = self.state.allow_tests(ctx.now, tests)?;
        let (placed, drafts) = Rescue { state: self.state, ctx, visits }.search(&ids, tests)?;
        self.take_over(drafts);
        Some(placed)
    }

    /// Whether a rider may be taken away from vehicle `from`.
    pub(super) fn may_leave(&self, request: RequestId, from: VehicleId) -> bool {
        Check { state: self.state, ctx: self.ctx }.may_leave(request, from)
    }

    /// Takes over new plans, if all that they rest on still holds.
    pub(super) fn adopt_plan(&mut self, improvement: &Improvement) -> Result<(), CommandError> {
        let drafts = Check { state: self.state, ctx: self.ctx }.drafts(improvement, None)?;
        self.take_over(drafts);
        Ok(())
    }

    fn take_over(&mut self, drafts: Vec<Draft>) {
        for Draft { id, vehicle, came } in drafts {
            if let Some(record) = self.vehicle_mut(id) {
                *record = vehicle;
            }
            self.touch(id);
            for (request, from) in came {
                self.hand_over(request, from, id);
            }
        }
    }
}
