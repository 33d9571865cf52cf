//! The nearest place on a road.
//!
//! An R*-tree holds all segments in one plane whose scale is right in the middle of the region, a few of a road at a time, so that
//! there is little to build. What it finds is measured again in a plane around the point asked for, so that the answer does not
//! depend on where in the region it is.

use rstar::primitives::Line;
use rstar::{AABB, Envelope, PointDistance, RTree, RTreeObject};

use super::Region;
use crate::geo::LatLon;
use crate::graph::num::row;
use crate::graph::roads::{Roads, between};
use crate::ids::RoadId;
use crate::oracle::Location;

/// Metres of one degree of latitude.
const DEGREE_M: f64 = 111_195.08;

/// A point brought onto a road.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Snap {
    /// The place on the road.
    pub location: Location,
    /// The same on the map.
    pub point: LatLon,
    /// Metres from the point asked for, as the crow flies.
    pub distance_m: f64,
}

/// Segments of one run.
const RUN: usize = 8;

/// Consecutive segments of one road, known to the tree by the box around them: moving and comparing boxes is most of the work of
/// building it.
pub(super) struct Run {
    first: u32,
    n_segments: u32,
    around: AABB<[f64; 2]>,
}

impl RTreeObject for Run {
    type Envelope = AABB<[f64; 2]>;

    fn envelope(&self) -> Self::Envelope {
        self.around
    }
}

impl PointDistance for Run {
    fn distance_2(&self, point: &[f64; 2]) -> f64 {
        self.around.distance_2(point)
    }
}

pub(super) struct SegmentIndex {
    tree: RTree<Run>,
    /// Length of a degree of longitude as a share of one of latitude.
    pub(super) shrink: f64,
}

impl SegmentIndex {
    pub(super) fn new(roads: &Roads) -> Self {
        let lats = || roads.points.iter().map(|point| point.lat());
        let middle = (lats().fold(90.0, f64::min) + lats().fold(-90.0, f64::max)) / 2.0;
        let shrink = middle.to_radians().cos();
        let mut runs = Vec::with_capacity(roads.n() + roads.points.len() / RUN);
        for ends in roads.first_point.windows(2) {
            let last = ends[1].saturating_sub(1);
            for first in (ends[0]..last).step_by(RUN) {
                let n_segments = (last - first).min(row(RUN));
                let mut around = AABB::new_empty();
                for &point in &roads.points[first as usize..=(first + n_segments) as usize] {
                    around.merge(&AABB::from_point(flat(point, shrink)));
                }
                runs.push(Run { first, n_segments, around });
            }
        }
        Self { tree: RTree::bulk_load(runs), shrink }
    }

    /// The square of the distance to the nearest segment, in the plane; `None` if there is no road.
    fn nearest_2(&self, roads: &Roads, target: [f64; 2]) -> Option<f64> {
        let mut least = None;
        for (run, at_least) in self.tree.nearest_neighbor_iter_with_distance_2(target) {
            if least.is_some_and(|least| at_least >= least) {
                break;
            }
            let points = &roads.points[run.first as usize..=(run.first + run.n_segments) as usize];
            let distance = points
                .windows(2)
                .map(|ends| Line::new(flat(ends[0], self.shrink), flat(ends[1], self.shrink)))
                .map(|segment| segment.distance_2(&target))
                .fold(f64::INFINITY, f64::min);
            least = Some(distance.min(least.unwrap_or(f64::INFINITY)));
        }
        least
    }

    /// The first points of all segments within `reach` metres of a place in the plane, and of some farther away.
    pub(super) fn around(&self, target: [f64; 2], reach: f64) -> impl Iterator<Item = u32> {
        let runs = self.tree.locate_within_distance(target, reach * reach);
        runs.flat_map(|run| run.first..run.first + run.n_segments)
    }
}

/// Metres in the plane.
pub(super) fn flat(point: LatLon, shrink: f64) -> [f64; 2] {
    [point.lon() * DEGREE_M * shrink, point.lat() * DEGREE_M]
}

/// The share of the way from `a` to `b` that is nearest to `to`, and the distance there in metres.
pub(super) fn nearest_share(a: LatLon, b: LatLon, to: LatLon) -> (f64, f64) {
    let shrink = to.lat().to_radians().cos();
    let ([ax, ay], [bx, by], [x, y]) = (flat(a, shrink), flat(b, shrink), flat(to, shrink));
    let (dx, dy) = (bx - ax, by - ay);
    let squared = dx * dx + dy * dy;
    let share = if squared > 0.0 {
        (((x - ax) * dx + (y - ay) * dy) / squared).clamp(0.0, 1.0)
    } else {
        0.0
    };
    (share, (ax + share * dx - x).hypot(ay + share * dy - y))
}

impl Region {
    /// The nearest place on a road that can be reached and left, either side of the road; `None` if there is none within
    /// `max_m` metres. Of equally near ones the road with the smallest id wins. O(log n).
    #[must_use]
    pub fn snap(&self, point: LatLon, max_m: f64) -> Option<Snap> {
        let roads = &self.contents.roads;
        let target = flat(point, self.index.shrink);
        let first = self.index.nearest_2(roads, target)?;
        if first.sqrt() > max_m * 1.5 + 10.0 {
            return None;
        }
        // The plane of the tree is wrong by a few per cent far from the middle; whatever could be nearer is looked at.
        let radius = first.sqrt() * 1.1 + 1.0;
        let nearest = self
            .index
            .around(target, radius)
            .map(|segment| {
                let i = segment as usize;
                let (share, distance) = nearest_share(roads.points[i], roads.points[i + 1], point);
                (distance, segment, share)
            })
            .min_by(|a, b| a.0.total_cmp(&b.0).then(a.1.cmp(&b.1)))?;
        let (_, i, share) = nearest;
        let road = roads.first_point.partition_point(|&first| first <= i) - 1;
        let i = i as usize;
        let whole = f64::from(roads.mm[i + 1] - roads.mm[i]);
        let along_mm = roads.mm[i] + crate::graph::num::mm_nearest(whole * share / 1000.0);
        let on_road = between(roads.points[i], roads.points[i + 1], share);
        let location = Location::Along { road: RoadId::new(row(road)), along_mm };
        let distance_m = point.distance_m(on_road);
        (distance_m <= max_m).then(|| Snap { location, point: self.point(location), distance_m })
    }

    /// Where a location is; the null island for one of another region.
    #[must_use]
    pub fn point(&self, location: Location) -> LatLon {
        match (location, self.on_road(location)) {
            (Location::Node(node), _) => self.node_point(node),
            (Location::Along { .. }, Some((_, road, along_mm))) => road.point(along_mm),
            (Location::Along { .. }, None) => LatLon::default(),
        }
    }
}
