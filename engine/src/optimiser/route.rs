//! One vehicle's route with its times, loads and cost.
//!
//! The times are the **least fixpoint** of the difference constraints of the route: windows, drives, ride limits and
//! the longest duration are all lower bounds on later or earlier visits, so raising every time to the least that they
//! ask for, again and again until nothing moves, gives the earliest schedule there is, or shows that there is none.
//! After as many rounds as there are visits a time that still moves will move for ever (Bellman and Ford).
//! `late` is the same backwards: no schedule of this route begins the visit after it.

use super::problem::{Load, NEVER, NONE, Problem, StopId, Task, Visit, narrow};

/// A visit within a route; the first is the start of the vehicle and the last its end.
#[derive(Clone, Copy, Debug)]
pub(super) struct Node {
    /// Which visit; [`NONE`] at start and end.
    pub(super) stop: u32,
    pub(super) place: u32,
    pub(super) earliest: i32,
    pub(super) latest: i32,
    pub(super) service: i32,
    pub(super) pull_in: i32,
    /// The drive from the node before.
    pub(super) drive: i32,
    /// The drive and the stop.
    pub(super) link: i32,
    /// Begin in the earliest schedule.
    pub(super) begin: i32,
    /// No schedule begins it later.
    pub(super) late: i32,
    /// Position of the pickup that belongs to this drop-off, else [`NONE`].
    pub(super) mate: u32,
    pub(super) ride_max: i32,
    pub(super) weight: i32,
    /// After the visit.
    pub(super) load: Load,
}

impl Node {
    /// When the vehicle is free to leave.
    pub(super) fn leave(&self) -> i32 {
        self.begin + self.service
    }

    /// The node of a visit, not yet placed.
    pub(super) fn of(stop: u32, visit: &Visit, ride_max: i32) -> Self {
        Self {
            stop,
            place: visit.place,
            earliest: visit.earliest,
            latest: visit.latest,
            service: visit.service,
            pull_in: visit.pull_in,
            drive: 0,
            link: 0,
            begin: visit.earliest,
            late: visit.latest,
            mate: NONE,
            ride_max,
            weight: visit.weight,
            load: Load::default(),
        }
    }

    /// Start or end of a route.
    fn bare(place: u32, earliest: i32, latest: i32) -> Self {
        let visit = Visit { place, earliest, latest, service: 0, pull_in: 0, weight: 0 };
        Self::of(NONE, &visit, NEVER)
    }

    /// Puts it behind `before`.
    pub(super) fn follow(&mut self, before: u32, problem: &Problem) {
        self.drive = problem.drive(before, self.place);
        self.link = self.drive + if before == self.place { 0 } else { self.pull_in };
    }
}

/// A feasible route.
#[derive(Clone, Debug, Default)]
pub(super) struct Route {
    pub(super) nodes: Vec<Node>,
    /// Driving, weighted times and the vehicle's fixed cost.
    pub(super) cost: i64,
    /// Differs whenever the content differs; of this vehicle only.
    pub(super) version: u32,
}

impl Route {
    /// Number of visits.
    pub(super) fn len(&self) -> usize {
        self.nodes.len().saturating_sub(2)
    }

    /// Its visits in order.
    pub(super) fn stops(&self) -> impl Iterator<Item = u32> + '_ {
        self.nodes.iter().map(|node| node.stop).filter(|&stop| stop != NONE)
    }

    /// Takes over another route without a new allocation.
    pub(super) fn copy_from(&mut self, other: &Self) {
        self.nodes.clone_from(&other.nodes);
        self.cost = other.cost;
        self.version = other.version;
    }

    /// Lays out `stops` for `vehicle`; false, and nothing to be used, if no schedule keeps all limits.
    pub(super) fn build(
        &mut self,
        problem: &Problem,
        vehicle: u32,
        stops: &[u32],
        position: &mut [u32],
    ) -> bool {
        let spec = &problem.vehicles[vehicle as usize];
        let nodes = &mut self.nodes;
        nodes.clear();
        let mut start = Node::bare(spec.start, spec.ready, NEVER);
        start.load = problem.on_board[vehicle as usize];
        let (mut place, mut load) = (start.place, start.load);
        nodes.push(start);
        for &id in stops {
            let stop = &problem.stops[id as usize];
            let mut node = Node::of(id, &stop.visit, stop.ride_max);
            position[id as usize] = narrow(nodes.len());
            if StopId(id).is_pickup() {
                load = load.with(stop.load);
            } else {
                load = load.without(stop.load);
                if problem.tasks[id as usize / 2] == Task::Ride {
                    node.mate = position[id as usize - 1];
                }
            }
            node.load = load;
            if !load.fits(spec.capacity) {
                return false;
            }
            node.follow(place, problem);
            place = node.place;
            nodes.push(node);
        }
        let mut end = Node::bare(spec.end.unwrap_or(problem.nowhere()), -NEVER, spec.shift_end);
        end.follow(place, problem);
        // Whoever has nothing to do does not drive to the end.
        if stops.is_empty() {
            (end.drive, end.link) = (0, 0);
        }
        nodes.push(end);
        let duration_max = spec.duration_max.unwrap_or(NEVER);
        if !settle(nodes, duration_max) && !stops.is_empty() {
            return false;
        }
        latest(nodes, duration_max);
        self.cost = cost(nodes);
        if !stops.is_empty() {
            self.cost += i64::from(spec.fixed_cost);
        }
        true
    }
}

/// Driving and weighted times.
pub(super) fn cost(nodes: &[Node]) -> i64 {
    nodes
        .iter()
        .map(|node| i64::from(node.drive) + i64::from(node.weight) * i64::from(node.begin))
        .sum()
}

/// Raises every `begin` to the earliest schedule; false if there is none. Each round costs O(n); one to three are usual.
pub(super) fn settle(nodes: &mut [Node], duration_max: i32) -> bool {
    for node in nodes.iter_mut() {
        node.begin = node.earliest;
    }
    for _ in 0..=nodes.len() {
        let mut is_still = true;
        let mut leave = nodes.first().map_or(0, Node::leave);
        for k in 1..nodes.len() {
            let node = &mut nodes[k];
            let begin = node.begin.max(leave + node.link);
            if node.latest < begin {
                return false;
            }
            node.begin = begin;
            leave = begin + node.service;
            let (mate, ride_max) = (node.mate as usize, node.ride_max);
            if let Some(pickup) = nodes.get_mut(mate) {
                let least = begin - ride_max - pickup.service;
                if pickup.begin < least {
                    if pickup.latest < least {
                        return false;
                    }
                    pickup.begin = least;
                    is_still = false;
                }
            }
        }
        if let [start, .., end] = nodes {
            let least = end.begin - duration_max;
            if start.begin < least {
                start.begin = least;
                is_still = false;
            }
        }
        if is_still {
            return true;
        }
    }
    false
}

/// Lowers every `late` towards the latest schedule; stopping after some rounds leaves a valid upper bound.
fn latest(nodes: &mut [Node], duration_max: i32) {
    for node in nodes.iter_mut() {
        node.late = node.latest;
    }
    for _ in 0..3 {
        let mut is_still = true;
        for k in (1..nodes.len()).rev() {
            let before = nodes[k].late - nodes[k].link;
            let node = &mut nodes[k - 1];
            node.late = node.late.min(before - node.service);
        }
        for k in 1..nodes.len() {
            let (mate, ride_max) = (nodes[k].mate as usize, nodes[k].ride_max);
            if let Some(pickup) = nodes.get(mate) {
                let most = pickup.late + pickup.service + ride_max;
                if most < nodes[k].late {
                    nodes[k].late = most;
                    is_still = false;
                }
            }
        }
        if let [start, .., end] = nodes {
            let most = start.late.saturating_add(duration_max);
            if most < end.late {
                end.late = most;
                is_still = false;
            }
        }
        if is_still {
            return;
        }
    }
}
