//! A part of the fleet as an open problem of the optimiser, and its answer as new plans.
//!
//! A snapshot holds a few vehicles with all that they have promised. Who is on board, under way to boarding, or has been moved
//! often enough stays with the vehicle, though the order of its visits may change; all others may be exchanged. The travel
//! times between all places are looked up once. Times are milliseconds from the snapshot.
//!
//! An answer is a proposal: whoever takes it over checks it with the dispatcher's own view of each vehicle.

use std::borrow::Cow;
use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::demand::ride::{Ride, RideState};
use crate::fleet::plan::Action;
use crate::fleet::reroute::Context;
use crate::fleet::vehicle::Vehicle;
use crate::fleet::visit::{Visit, VisitTimes};
use crate::ids::{RequestId, VehicleId};
use crate::limits::MOVES_MAX;
use crate::optimiser::chains::{Effort, optimise};
use crate::optimiser::plan::PlanError;
use crate::optimiser::problem::{self, NEVER, Problem, Request, StopId, Unserved};
use crate::optimiser::search::Settings;
use crate::oracle::Location;
use crate::planning::objective::{Scarcity, is_needy};
use crate::planning::view::{Load, View};
use crate::units::{EngineTime, Millis};

/// A rider is not moved to another vehicle within this time before boarding.
pub const NOTICE: Millis = Millis::from_secs(120);
/// Plans that reach farther into the future than this stay as they are.
const HORIZON: Millis = Millis::from_secs(24 * 3600);
/// What it costs to leave the newcomer out: more than any detours.
const LEFT_OUT: u32 = u32::MAX;
/// What a millisecond by which a rider alights later is worth, driving being 1. On the Vulkaneifel day with 150 vehicles a weight
/// of 0 drives 6 % less, but the median ride takes 1.62 instead of 1.30 times the direct drive; to count pickups as well as
/// drop-offs drives 1 % more.
const RIDER: i32 = 1;
/// Plans are changed to save so many milliseconds at least …
const WORTH_A_PLAN: i64 = 1_000;
/// … and so many for each rider who changes vehicles.
const WORTH_A_CHANGE: i64 = 10_000;
/// Vehicles that are left out one after the other because the optimiser finds their plan infeasible.
const MISFITS_MAX: usize = 4;

/// Another order of visits for one vehicle.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct NewPlan {
    /// Whose.
    pub vehicle: VehicleId,
    /// Number of the plan that it replaces.
    pub version: u32,
    /// All its visits in order.
    pub visits: Vec<(RequestId, Action)>,
}

/// New plans of some vehicles that belong together: riders who leave one are in another.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Improvement {
    /// Of which vehicles, each once.
    pub plans: Vec<NewPlan>,
}

/// Whether the rider may be given to another vehicle as far as the ride itself is concerned.
#[must_use]
pub fn may_move(ride: &Ride) -> bool {
    ride.state == RideState::Promised && ride.moves < MOVES_MAX
}

/// When the boarding of a rider can begin at the earliest in any plan: a plan may have put it off.
#[must_use]
pub fn boards_from(ride: &Ride, board: &Visit) -> EngineTime {
    if ride.state == RideState::Promised { ride.stands_from } else { board.earliest }
}

/// A search over some vehicles.
pub struct Snapshot<'a> {
    ctx: Context<'a>,
    rides: &'a BTreeMap<RequestId, Ride>,
    vehicles: Vec<(VehicleId, &'a Vehicle)>,
    newcomer: Option<(Visit, Visit)>,
    scarcity: Scarcity,
}

impl<'a> Snapshot<'a> {
    /// Of these vehicles; whoever is late or silent among them is left out. `newcomer` has no vehicle yet.
    #[must_use]
    pub fn new(
        ctx: Context<'a>,
        rides: &'a BTreeMap<RequestId, Ride>,
        mut vehicles: Vec<(VehicleId, &'a Vehicle)>,
        newcomer: Option<(Visit, Visit)>,
    ) -> Self {
        vehicles.retain(|(_, vehicle)| {
            let schedule = vehicle.schedule();
            let far = vehicle.visits.iter().any(|visit| visit.latest > ctx.now + HORIZON);
            !far && !schedule.is_silent(ctx.policy, ctx.now)
                && schedule.is_kept(ctx.policy, ctx.now)
        });
        Self { ctx, rides, vehicles, newcomer, scarcity: Scarcity::default() }
    }

    /// Nobody who has no need of it is moved into a vehicle that is to be spared.
    #[must_use]
    pub fn sparing(self, scarcity: Scarcity) -> Self {
        Self { scarcity, ..self }
    }

    /// New plans that serve the newcomer as well, or that cost less; `None` if there are none within `tests`.
    #[must_use]
    pub fn improve(mut self, tests: u32, seed: u64) -> Option<Improvement> {
        for _ in 0..MISFITS_MAX {
            if self.vehicles.is_empty() {
                return None;
            }
            let draft = Draft::new(&self);
            match draft.improve(&self, tests, seed) {
                Ok(improvement) => return improvement,
                Err(PlanError::Infeasible { vehicle }) if vehicle < self.vehicles.len() => {
                    self.vehicles.remove(vehicle);
                }
                Err(_) => return None,
            }
        }
        None
    }
}

/// The problem under construction.
#[derive(Default)]
struct Draft {
    places: Vec<Location>,
    index: BTreeMap<Location, u32>,
    requests: Vec<Request>,
    /// Whose.
    names: Vec<RequestId>,
    vehicles: Vec<problem::Vehicle>,
    routes: Vec<Vec<StopId>>,
    /// Vehicles that are spared for who needs them.
    spared: Vec<bool>,
    /// Riders who are not moved to those, and where they are.
    keep_out: Vec<(u32, u32)>,
}

impl Draft {
    fn new(snapshot: &Snapshot<'_>) -> Self {
        let mut draft = Self::default();
        for &(_, vehicle) in &snapshot.vehicles {
            draft.add_vehicle(snapshot, vehicle);
        }
        if let Some((board, alight)) = snapshot.newcomer {
            let pickup = draft.pickup(snapshot, &board, board.earliest);
            draft.add_request(snapshot, Some(pickup), &alight, None, Unserved::Costs(LEFT_OUT));
        }
        draft
    }

    fn place(&mut self, location: Location) -> u32 {
        let places = &mut self.places;
        *self.index.entry(location).or_insert_with(|| {
            places.push(location);
            narrow(places.len() - 1)
        })
    }

    /// A vehicle, from the first moment at which it can be told otherwise.
    fn add_vehicle(&mut self, snapshot: &Snapshot<'_>, vehicle: &Vehicle) {
        let ctx = snapshot.ctx;
        let schedule = vehicle.schedule();
        let mut view = View::default();
        schedule.view(ctx.policy, ctx.now, &mut view);
        let id = narrow(self.vehicles.len());
        let under_way = vehicle.visits.first().zip(view.times.first()).filter(|_| view.locked > 0);
        let (start, ready) = match under_way {
            Some((visit, times)) => (self.place(visit.location), times.end),
            None => {
                let start = schedule.divert(ctx.policy, ctx.now);
                let place = if start.moving {
                    // Even a stop at this very place costs the time of a stop.
                    self.places.push(start.location);
                    narrow(self.places.len() - 1)
                } else {
                    self.place(start.location)
                };
                (place, start.time)
            }
        };
        let visits = with_bounds(vehicle, &view, ctx);
        let boards_now = under_way.filter(|(visit, _)| visit.action == Action::Board);
        let mut route = Vec::new();
        let mut begun: Vec<(RequestId, u32)> = Vec::new();
        for (k, visit) in visits.iter().enumerate().skip(view.locked) {
            let known = begun.iter().find(|(request, _)| *request == visit.request);
            match (visit.action, known) {
                (Action::Board, _) => {
                    let alight = visits
                        .iter()
                        .find(|v| v.request == visit.request && v.action == Action::Alight);
                    let (Some(alight), Some(ride)) = (alight, snapshot.rides.get(&visit.request))
                    else {
                        continue;
                    };
                    let begin = view.times.get(k).map_or(ctx.now, |times| times.begin);
                    let is_free = may_move(ride) && begin > ctx.now + NOTICE;
                    let earliest = boards_from(ride, visit);
                    // Whoever changes vehicles is not picked up within the notice either.
                    let notice = if is_free { ctx.now + NOTICE } else { earliest };
                    let pickup = self.pickup(snapshot, visit, earliest.max(notice));
                    let only = (!is_free).then_some(id);
                    let request =
                        self.add_request(snapshot, Some(pickup), alight, only, Unserved::Never);
                    if is_free && !is_needy(Load::of(visit.party)) {
                        self.keep_out.push((request, id));
                    }
                    begun.push((visit.request, request));
                    route.push(StopId::pickup(request));
                }
                (Action::Alight, Some(&(_, request))) => route.push(StopId::dropoff(request)),
                (Action::Alight, None) => {
                    let mut alight = *visit;
                    if let Some((board, times)) = boards_now
                        && board.request == visit.request
                    {
                        alight.latest = alight.latest.min(times.begin + alight.ride_max);
                    }
                    let request =
                        self.add_request(snapshot, None, &alight, Some(id), Unserved::Never);
                    route.push(StopId::dropoff(request));
                }
            }
        }
        self.spared.push(snapshot.scarcity.spares(vehicle.capacity(), Load::default()));
        self.vehicles.push(problem::Vehicle {
            start,
            ready: since(ready, ctx.now),
            end: None,
            shift_end: since(vehicle.spec.shift_end, ctx.now),
            capacity: load(vehicle.capacity().places),
            duration_max: None,
            fixed_cost: 0,
            locked: Vec::new(),
        });
        self.routes.push(route);
    }

    fn pickup(
        &mut self,
        snapshot: &Snapshot<'_>,
        board: &Visit,
        earliest: EngineTime,
    ) -> problem::Visit {
        let now = snapshot.ctx.now;
        problem::Visit {
            place: self.place(board.location),
            earliest: since(earliest, now),
            latest: since(board.latest, now),
            service: whole(board.dwell),
            pull_in: whole(snapshot.ctx.policy.stop),
            weight: 0,
        }
    }

    fn add_request(
        &mut self,
        snapshot: &Snapshot<'_>,
        pickup: Option<problem::Visit>,
        alight: &Visit,
        vehicle: Option<u32>,
        unserved: Unserved,
    ) -> u32 {
        let dropoff = problem::Visit {
            place: self.place(alight.location),
            earliest: -NEVER,
            latest: since(alight.latest - alight.dwell, snapshot.ctx.now),
            service: whole(alight.dwell),
            pull_in: whole(snapshot.ctx.policy.stop),
            weight: RIDER,
        };
        let dwells = alight.dwell
            + pickup.map_or(Millis::ZERO, |pickup| {
                Millis::new(u32::try_from(pickup.service).unwrap_or(0))
            });
        self.requests.push(Request {
            pickup,
            dropoff,
            load: load(Load::of(alight.party)),
            ride_max: pickup.map(|_| whole(alight.ride_max.saturating_sub(dwells))),
            unserved,
            vehicle,
        });
        self.names.push(alight.request);
        narrow(self.requests.len() - 1)
    }

    fn improve(
        self,
        snapshot: &Snapshot<'_>,
        tests: u32,
        seed: u64,
    ) -> Result<Option<Improvement>, PlanError> {
        let n = self.places.len();
        let mut times = vec![Millis::INFINITE; n * n];
        snapshot.ctx.oracle.times(&self.places, &self.places, &mut times);
        let drives: Vec<u32> = times.into_iter().map(Millis::get).collect();
        let Ok(mut problem) = Problem::new(n, &drives, self.vehicles, self.requests) else {
            return Ok(None);
        };
        self.keep_out.iter().for_each(|&(request, home)| {
            problem.restrict(request, |vehicle| {
                vehicle == home || !self.spared.get(vehicle as usize).is_some_and(|&spared| spared)
            });
        });
        let settings = Settings { seed, heat: 0.0, ..Settings::default() };
        let before = problem.plan(&self.routes)?.cost;
        let effort = Effort { tests: u64::from(tests), chains: 1, settings };
        let plan = optimise(&problem, &self.routes, effort)?;
        if !plan.unserved.is_empty() {
            return Ok(None);
        }
        let changed = || {
            let routes = snapshot.vehicles.iter().zip(self.routes.iter().zip(&plan.routes));
            routes.filter(|(_, (old, new))| old != new)
        };
        if snapshot.newcomer.is_none() {
            let came = |old: &[StopId], new: &[StopId]| {
                let came = new.iter().filter(|stop| stop.is_pickup() && !old.contains(stop));
                came.map(|_| WORTH_A_CHANGE).sum::<i64>()
            };
            let changes: i64 = changed().map(|(_, (old, new))| came(old, new)).sum();
            if before - plan.cost < WORTH_A_PLAN + changes {
                return Ok(None);
            }
        }
        let plans = changed().map(|(&(id, vehicle), (old, new))| {
            let locked = vehicle.visits.len().saturating_sub(old.len());
            let locked = vehicle.visits.iter().take(locked).map(|v| (v.request, v.action));
            let visit = |stop: &StopId| {
                let action = if stop.is_pickup() { Action::Board } else { Action::Alight };
                self.names.get(stop.request() as usize).map(|&request| (request, action))
            };
            let visits = locked.chain(new.iter().filter_map(visit)).collect();
            NewPlan { vehicle: id, version: vehicle.version, visits }
        });
        Ok(Some(Improvement { plans: plans.collect() }).filter(|found| !found.plans.is_empty()))
    }
}

/// The visits with the bounds that keep their reserve; what has lost some of it already may stay as it is.
fn with_bounds<'v>(vehicle: &'v Vehicle, view: &View, ctx: Context<'_>) -> Cow<'v, [Visit]> {
    let policy = ctx.policy;
    if policy.is_exact() {
        return Cow::Borrowed(&vehicle.visits);
    }
    let spread_of = |k: usize| view.spreads.get(k).copied().unwrap_or_default();
    let bounded = |(k, (visit, &times)): (usize, (&Visit, &VisitTimes))| {
        let boarding = view.boarding.get(k).copied().flatten();
        let begin = boarding.and_then(|board| view.times.get(board)).map(|times| times.begin);
        let ride_max = begin.map_or(visit.ride_max, |begin| {
            let reserve =
                policy.reserve(spread_of(k).since(boarding.map_or(spread_of(k), spread_of)));
            let least = visit.ride_max.saturating_sub(reserve);
            least.max(times.end.since(begin)).min(visit.ride_max)
        });
        Visit { latest: policy.bound_of(visit, times, spread_of(k)), ride_max, ..*visit }
    };
    vehicle.visits.iter().zip(&view.times).enumerate().map(bounded).collect()
}

/// Folding seats are left to the check of the answer.
fn load(load: Load) -> problem::Load {
    let Load { seats, wheelchairs, child_seats, luggage } = load;
    problem::Load::new([seats, wheelchairs, child_seats, luggage]).unwrap_or_default()
}

fn narrow(index: usize) -> u32 {
    u32::try_from(index).unwrap_or(u32::MAX)
}

fn whole(duration: Millis) -> i32 {
    i32::try_from(duration.get()).map_or(NEVER / 2, |ms| ms.min(NEVER / 2))
}

fn since(time: EngineTime, origin: EngineTime) -> i32 {
    let limit = i64::from(NEVER);
    let ms = time.unix_ms().saturating_sub(origin.unix_ms()).clamp(-limit, limit);
    i32::try_from(ms).unwrap_or(NEVER)
}
