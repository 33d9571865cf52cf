//! The road network while it is being made: a petgraph of junctions and stretches of road.
//!
//! An edge is one stretch of road whatever the directions that may be driven; its shape runs from the edge's source to
//! its target. Times are still exact (floating milliseconds); they become integers once, when roads are final.

use petgraph::graph::{EdgeIndex, NodeIndex, UnGraph};

use crate::geo::LatLon;
use crate::import::RoadClass;

/// Where stretches meet.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Junction {
    pub(crate) point: LatLon,
}

/// A stretch of road between two junctions.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Stretch {
    pub(crate) class: RoadClass,
    /// Whether trips may only begin and end here.
    pub(crate) end_only: bool,
    /// A field track, which is only driven where there is no other way.
    pub(crate) track: bool,
    /// Shape, both ends included.
    pub(crate) points: Vec<LatLon>,
    /// Length of each segment in metres; one fewer than points.
    pub(crate) segment_m: Vec<f64>,
    /// Milliseconds for each segment from source to target, if that may be driven.
    pub(crate) forward_ms: Option<Vec<f64>>,
    /// Milliseconds for each segment from target to source.
    pub(crate) backward_ms: Option<Vec<f64>>,
    /// (first segment, name) wherever the name changes, from segment 0 on.
    pub(crate) parts: Vec<(usize, Option<u32>)>,
}

impl Stretch {
    /// The same stretch seen from its other end.
    pub(crate) fn reversed(mut self) -> Self {
        let n_segments = self.segment_m.len();
        self.points.reverse();
        self.segment_m.reverse();
        std::mem::swap(&mut self.forward_ms, &mut self.backward_ms);
        for times in [&mut self.forward_ms, &mut self.backward_ms].into_iter().flatten() {
            times.reverse();
        }
        let ends = self.parts.iter().skip(1).map(|&(first, _)| first).chain([n_segments]);
        let mut parts: Vec<_> =
            self.parts.iter().zip(ends).map(|(&(_, name), end)| (n_segments - end, name)).collect();
        parts.reverse();
        self.parts = parts;
        self
    }

    /// This stretch and then `next`, which begins where this one ends and is open in the same directions.
    pub(crate) fn append(&mut self, next: Self) {
        let n_segments = self.segment_m.len();
        self.points.extend(next.points.into_iter().skip(1));
        self.segment_m.extend(next.segment_m);
        for (mine, theirs) in
            [(&mut self.forward_ms, next.forward_ms), (&mut self.backward_ms, next.backward_ms)]
        {
            if let (Some(mine), Some(theirs)) = (mine, theirs) {
                mine.extend(theirs);
            }
        }
        for (first, name) in next.parts {
            if self.parts.last().is_none_or(|&(_, last)| last != name) {
                self.parts.push((first + n_segments, name));
            }
        }
    }
}

/// Junctions and stretches.
pub(crate) type Network = UnGraph<Junction, Stretch, u32>;

/// One direction of one stretch.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Course {
    pub(crate) edge: EdgeIndex<u32>,
    /// Along the shape (source to target), or against it.
    pub(crate) forward: bool,
}

impl Course {
    pub(crate) fn new(edge: EdgeIndex<u32>, forward: bool) -> Self {
        Self { edge, forward }
    }

    pub(crate) fn reverse(self) -> Self {
        Self { forward: !self.forward, ..self }
    }

    /// (tail, head), if the edge is there.
    pub(crate) fn ends(self, network: &Network) -> Option<(NodeIndex<u32>, NodeIndex<u32>)> {
        let (source, target) = network.edge_endpoints(self.edge)?;
        Some(if self.forward { (source, target) } else { (target, source) })
    }

    /// Whether it may be driven.
    pub(crate) fn is_open(self, network: &Network) -> bool {
        network.edge_weight(self.edge).is_some_and(|stretch| {
            if self.forward { stretch.forward_ms.is_some() } else { stretch.backward_ms.is_some() }
        })
    }
}

/// All open courses in order of edge, forward before backward.
pub(crate) fn courses(network: &Network) -> impl Iterator<Item = Course> {
    network
        .edge_indices()
        .flat_map(|edge| [Course::new(edge, true), Course::new(edge, false)])
        .filter(|course| course.is_open(network))
}
