//! Second opinion on the optimiser: random fleets whose plans are judged by plain loops over the raw data.
//!
//! Whether a route can be driven is asked of Bellman and Ford on its difference constraints; where a request goes best, of
//! every pair of positions in every vehicle. Nothing here is shared with the optimiser but the types of its input.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::cast_possible_truncation,
    clippy::cast_possible_wrap,
    clippy::cast_sign_loss,
    clippy::allow_attributes,
    reason = "a test"
)]

use proptest::prelude::*;
use sharxi_engine::optimiser::chains::{Effort, optimise};
use sharxi_engine::optimiser::plan::Plan;
use sharxi_engine::optimiser::problem::{Load, Problem, Request, StopId, Unserved, Vehicle, Visit};
use sharxi_engine::optimiser::search::{Search, Settings};

/// A random fleet, raw.
struct Fleet {
    places: Vec<[i32; 2]>,
    vehicles: Vec<Vehicle>,
    requests: Vec<Request>,
}

struct Dice(u64);

impl Dice {
    fn below(&mut self, n: i32) -> i32 {
        self.0 =
            self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        ((self.0 >> 33) % n as u64) as i32
    }
}

fn load(seats: u16, wheelchairs: u16) -> Load {
    Load::new([seats, wheelchairs, 0, 0]).unwrap()
}

impl Fleet {
    /// `n_riders` riders, some on board, and a few vehicles on a grid; with `weight`, time costs.
    fn random(seed: u64, n_riders: usize, n_vehicles: usize, weight: i32) -> Self {
        let mut dice = Dice(seed);
        let mut places = Vec::new();
        let mut place = |dice: &mut Dice| {
            places.push([dice.below(60), dice.below(60)]);
            places.len() as u32 - 1
        };
        let vehicles: Vec<Vehicle> = (0..n_vehicles)
            .map(|_| Vehicle {
                start: place(&mut dice),
                ready: dice.below(20),
                end: (dice.below(2) == 0).then(|| place(&mut dice)),
                shift_end: 400 + dice.below(400),
                capacity: load(3, 1),
                duration_max: (dice.below(3) == 0).then(|| 200 + dice.below(300)),
                fixed_cost: 0,
                locked: Vec::new(),
            })
            .collect();
        let mut requests = Vec::new();
        for index in 0..n_riders {
            let visit = |place: u32, earliest: i32, latest: i32| Visit {
                place,
                earliest,
                latest,
                service: 2,
                pull_in: 1,
                weight,
            };
            let (from, to) = (place(&mut dice), place(&mut dice));
            let ready = dice.below(300);
            let is_aboard = index < n_vehicles && dice.below(2) == 0;
            let pickup = visit(from, ready, ready + 40 + dice.below(80));
            let dropoff = visit(to, 0, if is_aboard { 300 } else { ready + 260 });
            requests.push(Request {
                pickup: (!is_aboard).then_some(pickup),
                dropoff,
                load: load(1 + dice.below(2) as u16, dice.below(4) as u16 / 3),
                ride_max: (dice.below(3) != 0).then(|| 60 + dice.below(100)),
                unserved: if dice.below(2) == 0 { Unserved::Never } else { Unserved::Costs(5_000) },
                vehicle: is_aboard.then_some(index as u32),
            });
        }
        Self { places, vehicles, requests }
    }

    fn drive(&self, a: u32, b: u32) -> i32 {
        let ([ax, ay], [bx, by]) = (self.places[a as usize], self.places[b as usize]);
        (ax - bx).abs() + (ay - by).abs()
    }

    fn problem(&self) -> Problem {
        let n = self.places.len() as u32;
        let drives: Vec<u32> = (0..n)
            .flat_map(|a| (0..n).map(move |b| (a, b)))
            .map(|(a, b)| self.drive(a, b) as u32)
            .collect();
        Problem::new(n as usize, &drives, self.vehicles.clone(), self.requests.clone()).unwrap()
    }

    fn visit(&self, stop: StopId) -> &Visit {
        let request = &self.requests[stop.request() as usize];
        if stop.is_pickup() { request.pickup.as_ref().unwrap() } else { &request.dropoff }
    }

    /// Earliest begins of start, visits and end by longest paths; `None`: a cycle that never ends, or too late.
    fn begins(&self, vehicle: usize, route: &[StopId]) -> Option<Vec<i32>> {
        let spec = &self.vehicles[vehicle];
        let end = route.len() + 1;
        let mut least: Vec<i32> = vec![spec.ready];
        let mut most: Vec<i32> = vec![i32::MAX];
        let mut edges: Vec<(usize, usize, i32)> = Vec::new();
        let (mut place, mut service) = (spec.start, 0);
        for (k, &stop) in (1..).zip(route) {
            let visit = self.visit(stop);
            let pull_in = if place == visit.place { 0 } else { visit.pull_in };
            edges.push((k - 1, k, service + self.drive(place, visit.place) + pull_in));
            least.push(visit.earliest);
            most.push(visit.latest);
            (place, service) = (visit.place, visit.service);
            let boarded = route.iter().position(|&other| other == StopId::pickup(stop.request()));
            let ride_max = self.requests[stop.request() as usize].ride_max;
            if let (false, Some(at), Some(ride_max)) = (stop.is_pickup(), boarded, ride_max) {
                edges.push((k, at + 1, -ride_max - self.visit(route[at]).service));
            }
        }
        edges.push((end - 1, end, service + spec.end.map_or(0, |home| self.drive(place, home))));
        least.push(i32::MIN / 2);
        most.push(spec.shift_end);
        if let Some(duration) = spec.duration_max {
            edges.push((end, 0, -duration));
        }
        for round in 0..=edges.len() + 2 {
            let mut is_still = true;
            for &(from, to, gap) in &edges {
                if least[to] < least[from] + gap {
                    least[to] = least[from] + gap;
                    is_still = false;
                }
            }
            if is_still {
                break;
            }
            if round == edges.len() + 2 {
                return None;
            }
        }
        least.iter().zip(&most).all(|(begin, latest)| begin <= latest).then_some(least)
    }

    fn fits(&self, vehicle: usize, route: &[StopId]) -> bool {
        let mut aboard: Vec<u32> = (0..self.requests.len() as u32)
            .filter(|&r| {
                let request = &self.requests[r as usize];
                request.pickup.is_none() && request.vehicle == Some(vehicle as u32)
            })
            .collect();
        let fits = |aboard: &[u32]| {
            let sum = aboard
                .iter()
                .fold(Load::default(), |sum, &r| sum.with(self.requests[r as usize].load));
            sum.fits(self.vehicles[vehicle].capacity)
        };
        route.iter().all(|stop| {
            if stop.is_pickup() {
                aboard.push(stop.request());
            } else {
                aboard.retain(|&other| other != stop.request());
            }
            fits(&aboard)
        })
    }

    /// Cost of a route, `None` if it cannot be driven.
    fn cost(&self, vehicle: usize, route: &[StopId]) -> Option<i64> {
        if route.is_empty() {
            return Some(0);
        }
        let begins = self.begins(vehicle, route).filter(|_| self.fits(vehicle, route))?;
        let (mut place, mut cost) = (self.vehicles[vehicle].start, 0);
        for (stop, begin) in route.iter().zip(&begins[1..]) {
            let visit = self.visit(*stop);
            cost += i64::from(self.drive(place, visit.place)) + i64::from(visit.weight * begin);
            place = visit.place;
        }
        Some(cost + self.vehicles[vehicle].end.map_or(0, |home| i64::from(self.drive(place, home))))
    }

    /// Everything that a plan must keep, and its cost without the unserved.
    fn judge(&self, plan: &Plan) -> i64 {
        let mut cost = 0;
        let mut served = vec![0; self.requests.len()];
        for (vehicle, route) in plan.routes.iter().enumerate() {
            cost += self.cost(vehicle, route).expect("a route that can be driven");
            for (k, stop) in route.iter().enumerate() {
                let request = &self.requests[stop.request() as usize];
                served[stop.request() as usize] += 1;
                assert!(request.vehicle.is_none_or(|own| own as usize == vehicle));
                let boards = route[..k].contains(&StopId::pickup(stop.request()));
                assert_eq!(!stop.is_pickup() && request.pickup.is_some(), boards);
            }
        }
        for (r, &visits) in served.iter().enumerate() {
            let whole = if self.requests[r].pickup.is_some() { 2 } else { 1 };
            assert_eq!(visits, if plan.unserved.contains(&(r as u32)) { 0 } else { whole });
        }
        cost
    }
}

fn effort(tests: u64, chains: usize, seed: u64) -> Effort {
    Effort { tests, chains, settings: Settings { seed, ..Settings::default() } }
}

/// Cost that the unserved add, two different ones: whoever must be served costs more than anything else.
fn penalty(fleet: &Fleet, plan: &Plan) -> i64 {
    let penalty = |&r: &u32| match fleet.requests[r as usize].unserved {
        Unserved::Never => 1_i64 << 48,
        Unserved::Costs(cost) => i64::from(cost),
    };
    plan.unserved.iter().map(penalty).sum()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(60))]

    #[test]
    fn no_plan_breaks_a_limit(seed: u64, weight in 0..3_i32) {
        let fleet = Fleet::random(seed, 14, 4, weight);
        let problem = fleet.problem();
        let cold = optimise(&problem, &[], effort(3_000, 1, seed)).unwrap();
        prop_assert_eq!(fleet.judge(&cold) + penalty(&fleet, &cold), cold.cost);
        let warm = optimise(&problem, &cold.routes, effort(3_000, 2, seed + 1)).unwrap();
        prop_assert_eq!(fleet.judge(&warm) + penalty(&fleet, &warm), warm.cost);
        prop_assert!(warm.cost <= cold.cost);
        let is_promised = |r: &&u32| fleet.requests[**r as usize].unserved == Unserved::Never;
        let broken = |plan: &Plan| plan.unserved.iter().filter(is_promised).count();
        prop_assert!(broken(&warm) <= broken(&cold));
    }

    #[test]
    fn a_request_goes_where_brute_force_puts_it(seed: u64, weight in 0..3_i32) {
        let mut fleet = Fleet::random(seed, 9, 3, weight);
        fleet.requests[8].unserved = Unserved::Costs(1_000_000);
        let problem = fleet.problem();
        let mut start = optimise(&problem, &[], effort(500, 1, seed)).unwrap();
        start.routes.iter_mut().for_each(|route| route.retain(|stop| stop.request() != 8));
        // Only one is left out, so that there is one right answer.
        start.unserved.retain(|&r| r != 8);
        prop_assume!(start.unserved.is_empty());
        let before: i64 = (0..3).map(|v| fleet.cost(v, &start.routes[v]).unwrap()).sum();
        let mut best = before + 1_000_000;
        for v in 0..3 {
            let route = &start.routes[v];
            let rest = before - fleet.cost(v, route).unwrap();
            for i in 0..=route.len() {
                for j in i..=route.len() {
                    let mut tried = route.clone();
                    tried.insert(j, StopId::dropoff(8));
                    tried.insert(i, StopId::pickup(8));
                    best = best.min(fleet.cost(v, &tried).map_or(i64::MAX, |cost| rest + cost));
                }
            }
        }
        let found = Search::new(&problem, &start.routes, Settings::default()).unwrap().best();
        prop_assert_eq!(fleet.judge(&found) + penalty(&fleet, &found), found.cost);
        prop_assert_eq!(found.cost, best);
    }

    #[test]
    fn the_schedule_is_the_longest_path(seed: u64, order: u64) {
        let mut fleet = Fleet::random(seed, 4, 1, 0);
        for request in &mut fleet.requests {
            if let Some(pickup) = &mut request.pickup {
                pickup.latest += 100;
            }
            request.dropoff.latest += 200;
        }
        let problem = fleet.problem();
        let mut dice = Dice(order);
        let mut route: Vec<StopId> = Vec::new();
        for r in 0..4_u32 {
            let boards = fleet.requests[r as usize].pickup.is_some();
            let i = dice.below(route.len() as i32 + 1) as usize;
            let j = i + dice.below((route.len() - i) as i32 + 1) as usize;
            route.insert(j, StopId::dropoff(r));
            if boards {
                route.insert(i, StopId::pickup(r));
            }
        }
        let expected = fleet.begins(0, &route).filter(|_| fleet.fits(0, &route));
        let found = problem.schedule(0, &route).ok();
        prop_assert_eq!(found.is_some(), expected.is_some());
        if let (Some(found), Some(expected)) = (found, expected) {
            let found: Vec<i32> = found.iter().map(|(_, begin)| *begin).collect();
            prop_assert_eq!(&found[..], &expected[1..=route.len()]);
        }
    }
}

#[test]
fn threads_change_nothing() {
    let fleet = Fleet::random(7, 30, 6, 1);
    let problem = fleet.problem();
    let on = |threads: usize| {
        let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
        pool.install(|| optimise(&problem, &[], effort(20_000, 2, 3)).unwrap())
    };
    let (one, two) = (on(1), on(2));
    assert_eq!(one, two);
    assert_eq!(one, on(2));
    fleet.judge(&one);
}

#[test]
fn locked_visits_stay() {
    let fleet = Fleet::random(11, 10, 3, 0);
    let plan = optimise(&fleet.problem(), &[], effort(2_000, 1, 1)).unwrap();
    let mut locked = Fleet { ..fleet };
    for (vehicle, route) in locked.vehicles.iter_mut().zip(&plan.routes) {
        vehicle.locked = route.iter().take(2).copied().collect();
    }
    let problem = locked.problem();
    let again = optimise(&problem, &plan.routes, effort(5_000, 1, 2)).unwrap();
    for (vehicle, route) in locked.vehicles.iter().zip(&again.routes) {
        assert!(route.starts_with(&vehicle.locked));
    }
    assert!(problem.plan(&[vec![StopId::dropoff(0), StopId::pickup(0)]]).is_err());
    let mut vehicles = locked.vehicles.clone();
    vehicles[0].locked = vec![StopId::dropoff(9), StopId::pickup(9)];
    assert!(Problem::new(0, &[], vehicles, Vec::new()).is_err());
}

#[test]
fn what_makes_no_problem_is_an_error() {
    let fleet = Fleet::random(5, 3, 1, 0);
    let wrong = |change: &dyn Fn(&mut Vec<Vehicle>, &mut Vec<Request>)| {
        let (mut vehicles, mut requests) = (fleet.vehicles.clone(), fleet.requests.clone());
        change(&mut vehicles, &mut requests);
        let n = fleet.places.len();
        Problem::new(n, &vec![1; n * n], vehicles, requests).is_err()
    };
    assert!(!wrong(&|_, _| {}));
    assert!(wrong(&|vehicles, _| vehicles[0].start = 1_000));
    assert!(wrong(&|vehicles, _| vehicles[0].ready = i32::MAX));
    assert!(wrong(&|_, requests| requests[0].dropoff.place = 1_000));
    assert!(wrong(&|_, requests| requests[1].dropoff.service = -1));
    assert!(wrong(&|_, requests| requests[1].vehicle = Some(9)));
    assert!(Problem::new(2, &[0, 1, 2], Vec::new(), Vec::new()).is_err());
}
