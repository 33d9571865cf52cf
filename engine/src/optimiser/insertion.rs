//! The best place of a request in a route, each pair of positions in constant time.
//!
//! For a fixed pickup position the drop-off position walks forward and carries the push that the pickup gives to the
//! visits in between; the stored earliest and latest begins of the route say at once what is too late (Savelsbergh
//! 1985). Where a ride limit, a route duration or the value of time is in play, that test is only a filter: a candidate
//! that would be the best so far is laid out in full and settled exactly.

use super::problem::{NEVER, NONE, Problem, Task, narrow};
use super::route::{Node, Route, cost, settle};

/// Where a request goes in a route and what it costs there.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Place {
    /// Additional cost of the route; `i64::MAX`: it does not fit.
    pub(super) cost: i64,
    /// The pickup comes behind the node at this position. [`Place::UNSEEN`]: all that is known is that the cost is no less
    /// than this.
    pub(super) pickup: u16,
    /// The drop-off comes behind the node at this position of the route without the pickup.
    pub(super) dropoff: u16,
}

impl Place {
    /// It does not fit.
    pub(super) const NOWHERE: Self = Self { cost: i64::MAX, pickup: 0, dropoff: 0 };
    const UNSEEN: u16 = u16::MAX;

    /// Whether the cost is exact.
    pub(super) fn is_exact(self) -> bool {
        self.pickup != Self::UNSEEN
    }
}

/// Room for one search at a time.
#[derive(Clone, Debug, Default)]
pub(super) struct Scratch {
    /// What passed the filter: cost or a lower bound of it, and the positions.
    candidates: Vec<(i64, usize, usize)>,
    layout: Vec<Node>,
    /// Pairs of positions tried so far.
    pub(super) tested: u64,
}

/// One request in one route.
struct Trial<'a> {
    problem: &'a Problem,
    vehicle: u32,
    route: &'a Route,
    pickup: Node,
    dropoff: Node,
    fixed: i64,
    best: Place,
    scratch: &'a mut Scratch,
}

/// The best place of `request` in `route` of `vehicle` that costs less than `bound`; ties go to the first in order of
/// positions.
pub(super) fn best_place(
    problem: &Problem,
    vehicle: u32,
    route: &Route,
    request: u32,
    bound: i64,
    scratch: &mut Scratch,
) -> Place {
    let node = |stop: u32| {
        let stop_data = &problem.stops[stop as usize];
        Node::of(stop, &stop_data.visit, stop_data.ride_max)
    };
    let is_first = route.len() == 0;
    let fixed = if is_first { i64::from(problem.vehicles[vehicle as usize].fixed_cost) } else { 0 };
    let mut trial = Trial {
        problem,
        vehicle,
        route,
        pickup: node(2 * request),
        dropoff: node(2 * request + 1),
        fixed,
        best: if bound == i64::MAX {
            Place::NOWHERE
        } else {
            Place { cost: bound, pickup: Place::UNSEEN, dropoff: 0 }
        },
        scratch,
    };
    trial.scratch.candidates.clear();
    match problem.tasks[request as usize] {
        Task::Ride => trial.try_rides(),
        Task::Alight => trial.try_alighting(),
        Task::Done => {}
    }
    trial.settle_cheapest();
    trial.best
}

impl Trial<'_> {
    fn try_rides(&mut self) {
        let problem = self.problem;
        let (p, d) = (self.pickup, self.dropoff);
        let legs = problem.legs(p.stop / 2);
        let direct = legs[d.place as usize].from_pickup;
        let direct_link = direct + if p.place == d.place { 0 } else { d.pull_in };
        let capacity = problem.vehicles[self.vehicle as usize].capacity;
        let load = problem.stops[p.stop as usize].load;
        // The pickup may still be put off to shorten the ride, but not for ever.
        let latest_d = d.latest.min(p.latest.saturating_add(p.service).saturating_add(d.ride_max));
        let route = self.route;
        let nodes = &route.nodes[..];
        let (wp, wd) = (i64::from(p.weight), i64::from(d.weight));
        let Some(first) = nodes.first() else { return };
        let mut legs_b = legs[first.place as usize];
        for i in 0..nodes.len() - 1 {
            let (a, b) = (&nodes[i], &nodes[i + 1]);
            let legs_a = std::mem::replace(&mut legs_b, legs[b.place as usize]);
            if p.latest < a.leave() {
                break;
            }
            self.scratch.tested += 1;
            let (to, onward_p) = (legs_a.to_pickup, legs_b.from_pickup);
            // The drop-off costs no less than nothing, by the triangle rule.
            let detour = i64::from(to) + i64::from(onward_p) - i64::from(b.drive);
            if self.best.cost <= detour + self.fixed || !a.load.with(load).fits(capacity) {
                continue;
            }
            let pull_in = if a.place == p.place { 0 } else { p.pull_in };
            let begin_p = (a.leave() + to + pull_in).max(p.earliest);
            if p.latest < begin_p {
                continue;
            }
            let leave_p = begin_p + p.service;
            let base = i64::from(to) - i64::from(b.drive) + wp * i64::from(begin_p);
            // Straight on to the drop-off.
            let begin_d = (leave_p + direct_link).max(d.earliest);
            if begin_d <= latest_d {
                let onward = legs_b.from_dropoff;
                let pull_in = if b.place == d.place { 0 } else { b.pull_in };
                if begin_d + d.service + onward + pull_in <= b.late {
                    let cost =
                        base + i64::from(direct) + i64::from(onward) + wd * i64::from(begin_d);
                    self.offer(cost, i, i);
                }
            }
            // With others in between.
            let base = base + i64::from(onward_p);
            let pull_in = if b.place == p.place { 0 } else { b.pull_in };
            let mut begin = (leave_p + onward_p + pull_in).max(b.begin);
            let mut delay = 0;
            for j in i + 1..nodes.len() - 1 {
                let (node, next) = (&nodes[j], &nodes[j + 1]);
                let leave = begin + node.service;
                delay += i64::from(node.weight) * i64::from(begin - node.begin);
                if node.late < begin
                    || latest_d < leave
                    || self.best.cost <= base + delay + self.fixed
                    || !node.load.with(load).fits(capacity)
                {
                    break;
                }
                self.scratch.tested += 1;
                let to = legs[node.place as usize].to_dropoff;
                let pull_in = if node.place == d.place { 0 } else { d.pull_in };
                let begin_d = (leave + to + pull_in).max(d.earliest);
                if begin_d <= latest_d {
                    let onward = legs[next.place as usize].from_dropoff;
                    let pull_in = if next.place == d.place { 0 } else { next.pull_in };
                    if begin_d + d.service + onward + pull_in <= next.late {
                        let cost = base + delay + i64::from(to) + i64::from(onward)
                            - i64::from(next.drive)
                            + wd * i64::from(begin_d);
                        self.offer(cost, i, j);
                    }
                }
                begin = (leave + next.link).max(next.begin);
            }
        }
    }

    fn try_alighting(&mut self) {
        let d = self.dropoff;
        let legs = self.problem.legs(d.stop / 2);
        let route = self.route;
        for (j, pair) in route.nodes.windows(2).enumerate() {
            let [a, b] = pair else { return };
            self.scratch.tested += 1;
            let to = legs[a.place as usize].to_dropoff;
            let pull_in = if a.place == d.place { 0 } else { d.pull_in };
            let begin = (a.leave() + to + pull_in).max(d.earliest);
            let onward = legs[b.place as usize].from_dropoff;
            let pull_in = if b.place == d.place { 0 } else { b.pull_in };
            if begin <= d.latest && begin + d.service + onward + pull_in <= b.late {
                let cost = i64::from(to) + i64::from(onward) - i64::from(b.drive)
                    + i64::from(d.weight) * i64::from(begin);
                self.offer(cost, NONE as usize, j);
            }
        }
    }

    /// Takes a candidate that passed the filter. `least` is its cost or, where times have a cost, a lower bound.
    fn offer(&mut self, least: i64, i: usize, j: usize) {
        let cost = least + self.fixed;
        if self.best.cost <= cost {
            return;
        }
        if self.problem.needs_schedule {
            self.scratch.candidates.push((cost, i, j));
        } else {
            self.take(cost, i, j);
        }
    }

    fn take(&mut self, cost: i64, i: usize, j: usize) {
        let small = |position: usize| u16::try_from(position).unwrap_or(0);
        self.best = Place { cost, pickup: small(i), dropoff: small(j) };
    }

    /// Lays candidates out exactly, the cheapest first, until none that is left can be better.
    fn settle_cheapest(&mut self) {
        let vehicle = &self.problem.vehicles[self.vehicle as usize];
        let duration_max = vehicle.duration_max.unwrap_or(NEVER);
        let own_cost = self.own_cost();
        let mut layout = std::mem::take(&mut self.scratch.layout);
        let cheapest = |candidates: &[(i64, usize, usize)]| {
            candidates.iter().enumerate().min_by_key(|(_, candidate)| **candidate).map(|(at, _)| at)
        };
        while let Some(at) = cheapest(&self.scratch.candidates) {
            let (least, i, j) = self.scratch.candidates.swap_remove(at);
            if self.best.cost <= least {
                break;
            }
            self.lay_out(i, j, &mut layout);
            self.scratch.tested += 1;
            if settle(&mut layout, duration_max) {
                let cost = cost(&layout) + self.fixed - own_cost;
                if cost < self.best.cost {
                    self.take(cost, i, j);
                }
            }
        }
        self.scratch.layout = layout;
    }

    /// Cost of the route as it is, without the fixed part.
    fn own_cost(&self) -> i64 {
        let is_used = self.route.len() != 0;
        let fixed = i64::from(self.problem.vehicles[self.vehicle as usize].fixed_cost);
        self.route.cost - if is_used { fixed } else { 0 }
    }

    /// The route with the request in it.
    fn lay_out(&self, i: usize, j: usize, layout: &mut Vec<Node>) {
        let nodes = &self.route.nodes;
        let is_ride = i != NONE as usize;
        layout.clear();
        let ahead = if is_ride { i } else { j };
        layout.extend_from_slice(&nodes[..=ahead]);
        let mut dropoff = self.dropoff;
        let first_new = layout.len();
        if is_ride {
            dropoff.mate = narrow(layout.len());
            layout.push(self.pickup);
            layout.extend_from_slice(&nodes[i + 1..=j]);
        }
        let second_new = layout.len();
        layout.push(dropoff);
        layout.extend_from_slice(&nodes[j + 1..]);
        for at in [first_new, first_new + 1, second_new, second_new + 1] {
            if let (Some(place), Some(node)) =
                (layout.get(at - 1).map(|node| node.place), layout.get_mut(at))
            {
                node.follow(place, self.problem);
            }
        }
        let (i, j) = (narrow(ahead), narrow(j));
        for node in layout.iter_mut().skip(first_new + 1) {
            if node.mate != NONE && node.stop != dropoff.stop {
                node.mate += u32::from(is_ride && i < node.mate) + u32::from(j < node.mate);
            }
        }
    }
}
