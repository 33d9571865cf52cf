//! The plan under change: routes, who is in which, who is in none, and how to take the last changes back.
//!
//! Each content of a route has a version, so what a request costs in a route is looked up as long as the route's version
//! is the one for which it was computed. Taking changes back brings the old versions back.

use super::insertion::{Place, Scratch, best_place};
use super::problem::{NONE, Problem, StopId, Task, narrow};
use super::route::Route;

/// Version of an empty route.
const EMPTY: u32 = 0;
/// Version of the route of a vehicle that may not be used.
const CLOSED: u32 = u32::MAX;
/// Version of no route.
const UNKNOWN: u32 = u32::MAX - 1;

/// From so many routes on, what they need is read beforehand.
const TOUCHED_FROM: usize = 8;
/// A plan and the tools to change it.
#[derive(Clone, Debug)]
pub(super) struct Work<'p> {
    pub(super) problem: &'p Problem,
    pub(super) routes: Vec<Route>,
    versions: Vec<u32>,
    /// Vehicle of each request.
    pub(super) home: Vec<u32>,
    /// Who has no vehicle.
    pub(super) unserved: Vec<u32>,
    /// Cost of all routes and of all who are unserved.
    pub(super) cost: i64,
    /// Insertion tests so far, the unit of budgets.
    pub(super) tested: u64,
    next_version: u32,
    /// By request and vehicle: for which version of the route the entry of `known` holds.
    known_versions: Vec<u32>,
    /// What the request costs there.
    known: Vec<Place>,
    undo: Vec<(u32, Route)>,
    undo_unserved: Vec<u32>,
    undo_cost: i64,
    spare: Vec<Route>,
    position: Vec<u32>,
    stops: Vec<u32>,
    scratch: Scratch,
    unknown: Vec<u32>,
}

impl<'p> Work<'p> {
    /// All vehicles empty, all requests unserved.
    pub(super) fn new(problem: &'p Problem) -> Self {
        let (n_vehicles, n_requests) = (problem.n_vehicles(), problem.n_requests());
        let mut position = vec![NONE; 2 * n_requests];
        let mut routes = vec![Route::default(); n_vehicles];
        for (vehicle, route) in (0..).zip(&mut routes) {
            route.build(problem, vehicle, &[], &mut position);
            route.version = EMPTY;
        }
        let is_open = |&request: &u32| problem.tasks[request as usize] != Task::Done;
        let unserved: Vec<u32> = (0..narrow(n_requests)).filter(is_open).collect();
        let cost = unserved.iter().map(|&request| problem.penalty(request)).sum();
        Self {
            problem,
            routes,
            versions: vec![EMPTY; n_vehicles],
            home: vec![NONE; n_requests],
            unserved,
            cost,
            tested: 0,
            next_version: EMPTY + 1,
            known_versions: vec![UNKNOWN; n_vehicles * n_requests],
            known: vec![Place::NOWHERE; n_vehicles * n_requests],
            undo: Vec::new(),
            undo_unserved: Vec::new(),
            undo_cost: 0,
            spare: Vec::new(),
            position,
            stops: Vec::new(),
            scratch: Scratch::default(),
            unknown: Vec::new(),
        }
    }

    /// Whether the vehicle serves nobody.
    pub(super) fn is_empty(&self, vehicle: u32) -> bool {
        matches!(self.versions[vehicle as usize], EMPTY | CLOSED)
    }

    /// Whether the vehicle may not be used.
    pub(super) fn is_closed(&self, vehicle: u32) -> bool {
        self.versions[vehicle as usize] == CLOSED
    }

    /// Vehicles that serve somebody.
    pub(super) fn n_used(&self) -> usize {
        self.versions.iter().filter(|&&version| version != EMPTY && version != CLOSED).count()
    }

    /// Takes an empty vehicle out of use, or back into it.
    pub(super) fn set_closed(&mut self, vehicle: u32, is_closed: bool) {
        if self.is_empty(vehicle) {
            self.versions[vehicle as usize] = if is_closed { CLOSED } else { EMPTY };
        }
    }

    /// Takes all empty vehicles out of use, if nobody needs one.
    pub(super) fn close_empty(&mut self) {
        if self.unserved.is_empty() {
            for vehicle in 0..narrow(self.routes.len()) {
                self.set_closed(vehicle, true);
            }
        }
    }

    /// From here on changes can be taken back.
    pub(super) fn begin(&mut self) {
        self.spare.extend(self.undo.drain(..).map(|(_, route)| route));
        self.undo_unserved.clone_from(&self.unserved);
        self.undo_cost = self.cost;
    }

    /// Takes back all changes since [`Work::begin`].
    pub(super) fn roll_back(&mut self) {
        while let Some((vehicle, mut route)) = self.undo.pop() {
            std::mem::swap(&mut self.routes[vehicle as usize], &mut route);
            self.spare.push(route);
            let route = &self.routes[vehicle as usize];
            self.versions[vehicle as usize] = route.version;
            for stop in route.stops() {
                self.home[StopId(stop).request() as usize] = vehicle;
            }
        }
        std::mem::swap(&mut self.unserved, &mut self.undo_unserved);
        for &request in &self.unserved {
            self.home[request as usize] = NONE;
        }
        self.cost = self.undo_cost;
    }

    fn save(&mut self, vehicle: u32) {
        if self.undo.iter().any(|(saved, _)| *saved == vehicle) {
            return;
        }
        let mut copy = self.spare.pop().unwrap_or_default();
        copy.copy_from(&self.routes[vehicle as usize]);
        self.undo.push((vehicle, copy));
    }

    /// Lays the route of `vehicle` out as in `self.stops`; false if that is not feasible: roll back then.
    fn rebuild(&mut self, vehicle: u32) -> bool {
        self.save(vehicle);
        let route = &mut self.routes[vehicle as usize];
        self.cost -= route.cost;
        if !route.build(self.problem, vehicle, &self.stops, &mut self.position) {
            return false;
        }
        self.cost += route.cost;
        route.version = if self.stops.is_empty() { EMPTY } else { self.next_version };
        self.versions[vehicle as usize] = route.version;
        if !self.stops.is_empty() {
            self.next_version += 1;
        }
        true
    }

    /// Whether the numbers of versions are used up, after some thousand million changes.
    pub(super) fn is_exhausted(&self) -> bool {
        UNKNOWN - 100_000 < self.next_version
    }

    /// Gives a vehicle a route of these visits; false if that is not feasible: roll back then.
    pub(super) fn assign(&mut self, vehicle: u32, stops: &[u32]) -> bool {
        self.stops.clear();
        self.stops.extend_from_slice(stops);
        if !self.rebuild(vehicle) {
            return false;
        }
        for &stop in stops {
            let request = StopId(stop).request();
            if self.home[request as usize] == NONE {
                self.cost -= self.problem.penalty(request);
            }
            self.home[request as usize] = vehicle;
        }
        self.unserved.retain(|&request| self.home[request as usize] == NONE);
        true
    }

    /// Takes requests out of the route of `vehicle`; they become unserved. False: roll back.
    pub(super) fn remove(&mut self, vehicle: u32, requests: &[u32]) -> bool {
        self.stops.clear();
        let kept = |stop: &u32| !requests.contains(&StopId(*stop).request());
        self.stops.extend(self.routes[vehicle as usize].stops().filter(kept));
        for &request in requests {
            self.home[request as usize] = NONE;
            self.cost += self.problem.penalty(request);
            self.unserved.push(request);
        }
        self.rebuild(vehicle)
    }

    /// Puts an unserved request where [`Work::cost_in`] found its place. The caller takes it out of `unserved`.
    pub(super) fn insert(&mut self, request: u32, vehicle: u32, place: Place) -> bool {
        self.stops.clear();
        self.stops.extend(self.routes[vehicle as usize].stops());
        let (i, j) = (usize::from(place.pickup), usize::from(place.dropoff));
        self.stops.insert(j.min(self.stops.len()), 2 * request + 1);
        if self.problem.tasks[request as usize] == Task::Ride {
            self.stops.insert(i.min(self.stops.len()), 2 * request);
        }
        self.home[request as usize] = vehicle;
        self.cost -= self.problem.penalty(request);
        self.rebuild(vehicle)
    }

    /// The best place of `request` in the route of `vehicle` as it is.
    pub(super) fn place_in(&mut self, request: u32, vehicle: u32) -> Place {
        let at = request as usize * self.routes.len() + vehicle as usize;
        let known = self.known[at];
        if self.known_versions[at] == self.routes[vehicle as usize].version && known.is_exact() {
            return known;
        }
        self.look(request, vehicle, i64::MAX)
    }

    /// Looks for a place that costs less than `bound`, and remembers what it found.
    fn look(&mut self, request: u32, vehicle: u32, bound: i64) -> Place {
        let route = &self.routes[vehicle as usize];
        let place = best_place(self.problem, vehicle, route, request, bound, &mut self.scratch);
        self.tested += std::mem::take(&mut self.scratch.tested);
        let at = request as usize * self.routes.len() + vehicle as usize;
        self.known_versions[at] = route.version;
        self.known[at] = place;
        place
    }

    /// Reads what the search for these vehicles will need, in an order in which the waits for memory overlap; the search
    /// itself would wait for each piece. A third of the time of a large fleet.
    fn touch(&self, request: u32, vehicles: &[u32]) {
        let legs = self.problem.legs(request);
        let mut sum = 0;
        for &vehicle in vehicles {
            let nodes = &self.routes[vehicle as usize].nodes;
            sum ^= nodes.iter().fold(0, |sum, node| sum ^ legs[node.place as usize].to_pickup);
        }
        std::hint::black_box(sum);
    }

    /// The vehicle in which `request` costs least and its place there; `skip` is asked once for each vehicle whether to
    /// overlook it. Of vehicles that are alike and empty only the first is tried.
    pub(super) fn best_vehicle(
        &mut self,
        request: u32,
        mut skip: impl FnMut() -> bool,
    ) -> Option<(u32, Place)> {
        let problem = self.problem;
        let row = request as usize * self.routes.len();
        let (mut best, mut best_cost) = (None, i64::MAX);
        let mut empty_class = NONE;
        let mut unknown = std::mem::take(&mut self.unknown);
        unknown.clear();
        for &vehicle in &problem.allowed[request as usize] {
            let version = self.versions[vehicle as usize];
            if version == CLOSED {
                continue;
            }
            if version == EMPTY {
                let class = problem.classes[vehicle as usize];
                if class == empty_class {
                    continue;
                }
                empty_class = class;
            }
            if skip() {
                continue;
            }
            let at = row + vehicle as usize;
            if self.known_versions[at] != version || !self.known[at].is_exact() {
                unknown.push(vehicle);
            } else if self.known[at].cost < best_cost {
                best_cost = self.known[at].cost;
                best = Some((vehicle, self.known[at]));
            }
        }
        if TOUCHED_FROM <= unknown.len() {
            self.touch(request, &unknown);
        }
        // What is known bounds the search for what is not.
        for &vehicle in &unknown {
            let at = row + vehicle as usize;
            if self.known_versions[at] == self.versions[vehicle as usize]
                && best_cost <= self.known[at].cost
            {
                continue;
            }
            let place = self.look(request, vehicle, best_cost);
            if place.is_exact() && place.cost < best_cost {
                best_cost = place.cost;
                best = Some((vehicle, place));
            }
        }
        self.unknown = unknown;
        self.tested += 1 + problem.allowed[request as usize].len() as u64 / 64;
        best
    }
}

impl Work<'_> {
    /// Cost without the penalties of the unserved.
    pub(super) fn routes_cost(&self) -> i64 {
        let left: i64 = self.unserved.iter().map(|&request| self.problem.penalty(request)).sum();
        self.cost - left
    }

    /// Takes over the routes of another plan of the same problem; false if one is not feasible.
    pub(super) fn become_like(&mut self, other: &Work<'_>) -> bool {
        self.begin();
        let differs =
            |vehicle: &usize| !self.routes[*vehicle].stops().eq(other.routes[*vehicle].stops());
        let vehicles: Vec<usize> = (0..self.routes.len()).filter(differs).collect();
        for &vehicle in &vehicles {
            let mut riders: Vec<u32> = self.routes[vehicle].stops().map(|stop| stop / 2).collect();
            riders.sort_unstable();
            riders.dedup();
            if !self.remove(narrow(vehicle), &riders) {
                return false;
            }
        }
        vehicles.iter().all(|&vehicle| {
            let stops: Vec<u32> = other.routes[vehicle].stops().collect();
            self.assign(narrow(vehicle), &stops)
        })
    }

    /// Becomes the plan of these routes, in which all vehicles may be used.
    pub(super) fn restore(&mut self, best: &super::search::Best) {
        self.home.fill(NONE);
        for (vehicle, (own, route)) in (0..).zip(self.routes.iter_mut().zip(&best.routes)) {
            if own.version != route.version {
                own.copy_from(route);
            }
            self.versions[vehicle as usize] = own.version;
            for stop in own.stops() {
                self.home[StopId(stop).request() as usize] = vehicle;
            }
        }
        self.unserved.clone_from(&best.unserved);
        self.cost = best.cost;
        self.begin();
    }
}
