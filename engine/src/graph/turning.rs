//! What turning costs, and where turning round is looked at.
//!
//! A turn takes longer the sharper it is and if it crosses oncoming traffic: the sigmoid of OSRM's car profile. To keep the graph
//! small only junctions of large roads have such costs. Turning round at a junction is forbidden unless the road ends there,
//! and then takes its time. Nobody gains by turning round where no turn is forbidden or costly, so it is looked at only where
//! driving on, turning round and coming back would be quicker than the turn that is avoided.

use std::cmp::Reverse;
use std::collections::{BTreeMap, BTreeSet, BinaryHeap};

use petgraph::graph::NodeIndex;
use petgraph::visit::EdgeRef;

use super::expand::TurnTable;
use super::network::{Course, Network};
use super::num::ms_up;
use crate::geo::LatLon;
use crate::import::RoadClass;

/// The rules of a profile.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Turning {
    pub(crate) max_ms: f64,
    pub(crate) bias: f64,
    pub(crate) min_ms: f64,
    /// Roads smaller than this have no turn costs.
    pub(crate) class: RoadClass,
    pub(crate) u_turn_ms: u32,
    pub(crate) drives_left: bool,
}

impl Turning {
    /// Adds costs of turns, and then what keeps vehicles from avoiding turns by turning round, which is returned.
    pub(crate) fn complete(
        &self,
        network: &Network,
        table: &mut TurnTable,
    ) -> BTreeSet<[Course; 2]> {
        if self.max_ms >= self.min_ms {
            for node in network.node_indices() {
                self.add_costs(network, node, table);
            }
        }
        self.add_u_turns(network, table)
    }

    fn add_costs(&self, network: &Network, node: NodeIndex<u32>, table: &mut TurnTable) {
        let out = leaving(network, node);
        let is_large = |course: &Course| network[course.edge].class <= self.class;
        if out.len() < 3 || out.iter().filter(|course| is_large(course)).count() < 3 {
            return;
        }
        let large: Vec<Course> = out.into_iter().filter(is_large).collect();
        for from in large.iter().map(|course| course.reverse()).filter(|c| c.is_open(network)) {
            for &to in large.iter().filter(|to| **to != from.reverse() && to.is_open(network)) {
                let ms = self.cost_ms(turn_degrees(network, from, to));
                if ms >= self.min_ms && ms > 0.0 {
                    table.cost_ms.insert([from, to], ms_up((ms / 100.0).round() * 100.0));
                }
            }
        }
    }

    /// Milliseconds of a turn; degrees to the right.
    fn cost_ms(&self, degrees: f64) -> f64 {
        let crosses = (degrees < 0.0) != self.drives_left;
        let bias = if crosses { self.bias } else { 1.0 / self.bias };
        self.max_ms / (1.0 + (6.5 / bias - 13.0 * bias * degrees.abs() / 180.0).exp())
    }

    fn add_u_turns(&self, network: &Network, table: &mut TurnTable) -> BTreeSet<[Course; 2]> {
        let mut added = BTreeSet::new();
        // What avoiding a turn may save at most, by the junction where it is.
        let mut saved: BTreeMap<NodeIndex<u32>, u32> = BTreeMap::new();
        let forbidden = table.forbidden.iter().filter_map(|sequence| {
            Some((*sequence.get(sequence.len().checked_sub(2)?)?, self.u_turn_ms))
        });
        let costly = table.cost_ms.iter().map(|(turn, &ms)| (turn[0], ms.min(self.u_turn_ms)));
        for (course, ms) in forbidden.chain(costly) {
            if let Some((_, head)) = course.ends(network) {
                let most = saved.entry(head).or_default();
                *most = ms.max(*most);
            }
        }
        for (node, ms) in saved {
            for course in within(network, node, ms / 2) {
                let back = course.reverse();
                if !back.is_open(network) {
                    continue;
                }
                let is_new = if goes_on(network, course) {
                    table.forbidden.insert(vec![course, back])
                } else {
                    self.u_turn_ms > 0
                        && table.cost_ms.insert([course, back], self.u_turn_ms).is_none()
                };
                if is_new {
                    added.insert([course, back]);
                }
            }
        }
        added
    }
}

/// Whether there is another way on at the end of a course than back; for who may cross, one that may be crossed.
fn goes_on(network: &Network, course: Course) -> bool {
    let Some((_, head)) = course.ends(network) else { return false };
    let is_end = |course: Course| network[course.edge].end_only;
    leaving(network, head).into_iter().any(|next| {
        next != course.reverse() && next.is_open(network) && (is_end(course) || !is_end(next))
    })
}

/// Courses that leave a junction, open or not; a loop leaves it at both ends.
fn leaving(network: &Network, node: NodeIndex<u32>) -> Vec<Course> {
    let mut out = Vec::new();
    for edge in network.edges(node) {
        let both = [Course::new(edge.id(), true), Course::new(edge.id(), false)];
        out.extend(both.into_iter().filter(|c| c.ends(network).is_some_and(|(t, _)| t == node)));
    }
    out.sort_unstable();
    out.dedup();
    out
}

/// Open courses whose end is reached from a junction in time, in order.
fn within(network: &Network, start: NodeIndex<u32>, limit_ms: u32) -> Vec<Course> {
    let mut found = Vec::new();
    let mut best = BTreeMap::from([(start, 0_u32)]);
    let mut queue = BinaryHeap::from([Reverse((0_u32, start))]);
    while let Some(Reverse((ms, node))) = queue.pop() {
        if best.get(&node).is_some_and(|&known| known < ms) {
            continue;
        }
        for course in leaving(network, node).into_iter().filter(|c| c.is_open(network)) {
            let Some((_, head)) = course.ends(network) else { continue };
            let at_head = ms.saturating_add(duration_ms(network, course));
            if at_head > limit_ms {
                continue;
            }
            found.push(course);
            if best.get(&head).is_none_or(|&known| at_head < known) {
                best.insert(head, at_head);
                queue.push(Reverse((at_head, head)));
            }
        }
    }
    found.sort_unstable();
    found.dedup();
    found
}

fn duration_ms(network: &Network, course: Course) -> u32 {
    let stretch = &network[course.edge];
    let times = if course.forward { &stretch.forward_ms } else { &stretch.backward_ms };
    ms_up(times.iter().flatten().sum())
}

/// Degrees to the right between the end of one course and the beginning of the next, from -180 to 180.
fn turn_degrees(network: &Network, from: Course, to: Course) -> f64 {
    let points = |course: Course| {
        let mut points: Vec<LatLon> = network[course.edge].points.clone();
        if !course.forward {
            points.reverse();
        }
        points
    };
    let (before, after) = (points(from), points(to));
    let arriving = match before.as_slice() {
        [.., a, b] => bearing(*a, *b),
        _ => 0.0,
    };
    let leaving = match after.as_slice() {
        [a, b, ..] => bearing(*a, *b),
        _ => 0.0,
    };
    (leaving - arriving + 540.0).rem_euclid(360.0) - 180.0
}

/// Degrees clockwise from north.
fn bearing(a: LatLon, b: LatLon) -> f64 {
    let east = (b.lon() - a.lon()) * a.lat().to_radians().cos();
    east.atan2(b.lat() - a.lat()).to_degrees()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sharp_turns_and_turns_across_take_longer() {
        let mut turning = Turning {
            max_ms: 7_500.0,
            bias: 1.075,
            min_ms: 0.0,
            class: RoadClass::Secondary,
            u_turn_ms: 20_000,
            drives_left: false,
        };
        let costs = [0.0, 45.0, 90.0, 135.0, 180.0].map(|degrees| turning.cost_ms(degrees));
        assert!(costs.is_sorted() && costs[0] < 100.0 && costs[4] > 7_400.0, "{costs:?}");
        // By hand: 7.5 s / (1 + exp(6.5 * 1.075 - 6.5 / 1.075)) and with the signs changed.
        assert!((turning.cost_ms(90.0) - 2_103.8).abs() < 20.0, "{}", turning.cost_ms(90.0));
        assert!((turning.cost_ms(-90.0) - 5_396.2).abs() < 20.0, "{}", turning.cost_ms(-90.0));
        let right = turning.cost_ms(60.0);
        turning.drives_left = true;
        assert!((turning.cost_ms(-60.0) - right).abs() < 1e-9);
    }
}
