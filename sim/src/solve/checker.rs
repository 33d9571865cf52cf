//! Judges routes by the instance alone, in doubles, the slow and obvious way; shares nothing with the optimiser.
//!
//! Every rule is looked at by itself: each request once and in one vehicle, pickup before delivery, load on every leg,
//! and a schedule for the whole route by the difference constraints of windows, drives, ride limits and duration.

use super::instance::Instance;

/// What is forgiven for rounding in sums of doubles.
const SLACK: f64 = 1e-6;

/// What was found.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Verdict {
    /// Vehicles that drive.
    pub vehicles: usize,
    /// Distance of all.
    pub distance: f64,
    /// Requests that nobody serves.
    pub unserved: usize,
    /// Everything that is wrong.
    pub faults: Vec<String>,
}

impl Verdict {
    /// Whether all is well and everybody served.
    #[must_use]
    pub fn is_good(&self) -> bool {
        self.faults.is_empty() && self.unserved == 0
    }
}

/// Judges `routes`, nodes by vehicle.
#[must_use]
pub fn check(instance: &Instance, routes: &[Vec<usize>]) -> Verdict {
    let mut verdict = Verdict::default();
    if instance.cars.len() < routes.len() {
        verdict.faults.push(format!(
            "{} routes for {} vehicles",
            routes.len(),
            instance.cars.len()
        ));
    }
    let mut vehicle_of: Vec<Option<usize>> = vec![None; instance.nodes.len()];
    for (vehicle, route) in routes.iter().enumerate().filter(|(_, route)| !route.is_empty()) {
        verdict.vehicles += 1;
        for &node in route {
            match vehicle_of.get_mut(node) {
                Some(seen @ None) => *seen = Some(vehicle),
                Some(Some(_)) => verdict.faults.push(format!("node {node} is visited twice")),
                None => verdict.faults.push(format!("node {node} does not exist")),
            }
        }
        if let Some(car) = instance.cars.get(vehicle)
            && route.iter().all(|&node| node < instance.nodes.len())
        {
            let mut walk = vec![car.start];
            walk.extend(route);
            walk.extend(car.end);
            verdict.distance +=
                walk.windows(2).map(|leg| instance.time(leg[0], leg[1])).sum::<f64>();
            loads(instance, vehicle, route, &mut verdict.faults);
            if !has_schedule(instance, vehicle, route) {
                let what = "windows, ride limits or duration cannot be kept";
                verdict.faults.push(format!("vehicle {vehicle}: {what}"));
            }
        }
    }
    for ride in &instance.rides {
        let (pickup, delivery) = (vehicle_of[ride.pickup], vehicle_of[ride.delivery]);
        match (pickup, delivery) {
            (None, None) => verdict.unserved += 1,
            (Some(a), Some(b)) if a == b => {
                let at = |node| routes[a].iter().position(|&other| other == node);
                if at(ride.delivery) < at(ride.pickup) {
                    verdict.faults.push(format!("delivery {} is before its pickup", ride.delivery));
                }
            }
            _ => verdict.faults.push(format!("pickup {} and its delivery are apart", ride.pickup)),
        }
    }
    let is_of_a_ride = |node: usize| {
        instance.rides.iter().any(|ride| ride.pickup == node || ride.delivery == node)
    };
    for (node, _) in vehicle_of.iter().enumerate().filter(|(_, vehicle)| vehicle.is_some()) {
        if !is_of_a_ride(node) {
            verdict.faults.push(format!("node {node} is of no request"));
        }
    }
    verdict
}

fn loads(instance: &Instance, vehicle: usize, route: &[usize], faults: &mut Vec<String>) {
    let capacity = i32::from(instance.cars[vehicle].capacity);
    let mut load = 0;
    for &node in route {
        load += instance.nodes[node].load;
        if !(0..=capacity).contains(&load) {
            faults.push(format!("vehicle {vehicle}: load {load} of {capacity} after node {node}"));
        }
    }
}

/// Whether some schedule keeps everything: no cycle of negative weight among `t[b] - t[a] <= w` (Bellman and Ford).
#[must_use]
pub fn has_schedule(instance: &Instance, vehicle: usize, route: &[usize]) -> bool {
    let Some(car) = instance.cars.get(vehicle) else { return false };
    // Variables: start, visits, end, and the origin of time.
    let (end, origin) = (route.len() + 1, route.len() + 2);
    let mut edges = vec![(origin, end, car.until), (0, origin, -car.ready)];
    if let Some(duration) = car.duration_max {
        edges.push((0, end, duration));
    }
    let mut after = |from: usize, to: usize, least: f64| edges.push((to, from, -least));
    let (mut place, mut service) = (car.start, 0.0);
    for (k, &node) in (1..).zip(route) {
        after(k - 1, k, service + instance.time(place, node));
        (place, service) = (node, instance.nodes[node].service);
    }
    let home = car.end.map_or(0.0, |home| instance.time(place, home));
    after(end - 1, end, service + home);
    for (k, &node) in (1..).zip(route) {
        edges.push((origin, k, instance.nodes[node].latest));
        edges.push((k, origin, -instance.nodes[node].earliest));
    }
    for ride in &instance.rides {
        let at = |wanted| route.iter().position(|&node| node == wanted).map(|at| at + 1);
        if let (Some(limit), Some(pickup), Some(delivery)) =
            (ride.ride_max, at(ride.pickup), at(ride.delivery))
        {
            edges.push((pickup, delivery, limit + instance.nodes[ride.pickup].service));
        }
    }
    let mut bound = vec![0.0_f64; origin + 1];
    for _ in 0..=bound.len() {
        let mut is_still = true;
        for &(from, to, weight) in &edges {
            let least = bound[from] + weight;
            if least < bound[to] - SLACK {
                bound[to] = least;
                is_still = false;
            }
        }
        if is_still {
            return true;
        }
    }
    false
}
