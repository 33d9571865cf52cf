//! What can be reached from where: lists of pairs, bounded searches, and why something cannot be reached.

use super::Region;
use super::oracle::millis;
use crate::ids::NodeId;
use crate::oracle::{Location, Oracle};
use crate::routing::bundle::Flow;
use crate::routing::{NEVER, dijkstra};
use crate::units::Millis;

/// Why there is no way from one place to another.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Unreachable {
    /// The start is a node or road of another region.
    UnknownStart,
    /// The end is a node or road of another region.
    UnknownEnd,
    /// Every direction of the road of the end is closed by traffic.
    EndClosed,
    /// There is a way as imported, and closures cut it.
    CutOff,
    /// The map has no way.
    NoWay,
}

impl Region {
    /// `out[i]` = time of `pairs[i]`, the same as [`Oracle::time`]. Shapes must agree. Allocates nothing.
    pub fn times_of_pairs(&self, pairs: &[(Location, Location)], out: &mut [Millis]) {
        for (cell, &(from, to)) in out.iter_mut().zip(pairs) {
            *cell = self.time(from, to);
        }
    }

    /// `out[i]` = time from `from` to `to[i]` if that is at most `bound`, else [`Millis::INFINITE`]. Shapes must agree.
    pub fn times_within(&self, from: Location, to: &[Location], bound: Millis, out: &mut [Millis]) {
        self.times_from(from, to, out);
        for cell in out.iter_mut().filter(|cell| **cell > bound) {
            *cell = Millis::INFINITE;
        }
    }

    /// All nodes that are reached within `bound`, in order of id, with their times. O(shortcuts).
    #[must_use]
    pub fn nodes_within(&self, from: Location, bound: Millis) -> Vec<(NodeId, Millis)> {
        let times = self.times_to_all(from).into_iter().map(millis);
        let nodes = (0..).map(NodeId::new).zip(times);
        nodes.filter(|&(_, time)| time <= bound && !time.is_infinite()).collect()
    }

    /// Times to all nodes, [`NEVER`] where there is no way.
    pub(super) fn times_to_all(&self, from: Location) -> Vec<u32> {
        let mut times = self.hierarchy.times_to_all(&self.bundles(Flow::Up, from));
        self.twins.lower(&mut times);
        times
    }

    /// Times from all nodes, likewise.
    pub(super) fn times_from_all(&self, to: Location) -> Vec<u32> {
        self.hierarchy.times_from_all(&self.bundles(Flow::Down, to))
    }

    /// Why `to` cannot be reached from `from`; `None` if it can. Slow where closures are the reason: O(m log m).
    #[must_use]
    pub fn why_unreachable(&self, from: Location, to: Location) -> Option<Unreachable> {
        if !self.time(from, to).is_infinite() {
            return None;
        }
        let is_known = |place: Location| match place {
            Location::Node(node) => node.idx() < self.n_nodes(),
            Location::Along { road, .. } => road.idx() < self.contents.roads.n(),
        };
        Some(if !is_known(from) {
            Unreachable::UnknownStart
        } else if !is_known(to) {
            Unreachable::UnknownEnd
        } else if self.entries(to).next().is_none() {
            Unreachable::EndClosed
        } else if self.was_reachable(from, to) {
            Unreachable::CutOff
        } else {
            Unreachable::NoWay
        })
    }

    /// Whether there is a way between two places by arcs as imported.
    fn was_reachable(&self, from: Location, to: Location) -> bool {
        self.exits(from).any(|exit| {
            let times = dijkstra::times_from(&self.contents.graph, exit.node);
            self.entries(to).any(|entry| times[entry.node as usize] < NEVER)
        })
    }
}
