//! The nearest place on a road.
//!
//! An R*-tree holds all segments in one plane whose scale is right in the middle of the region. What it finds is
//! measured again in a plane around the point asked for, so that the answer does not depend on where in the region it is.

use rstar::primitives::{GeomWithData, Line};
use rstar::{PointDistance, RTree};

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

/// A segment and the row of its first point.
pub(super) type Segment = GeomWithData<Line<[f64; 2]>, u32>;

pub(super) struct SegmentIndex {
    pub(super) tree: RTree<Segment>,
    /// Length of a degree of longitude as a share of one of latitude.
    pub(super) shrink: f64,
}

impl SegmentIndex {
    pub(super) fn new(roads: &Roads) -> Self {
        let lats = || roads.points.iter().map(|point| point.lat());
        let middle = (lats().fold(90.0, f64::min) + lats().fold(-90.0, f64::max)) / 2.0;
        let shrink = middle.to_radians().cos();
        let mut segments = Vec::with_capacity(roads.points.len());
        for road in 0..roads.n() {
            let (first, end) = (roads.first_point[road], roads.first_point[road + 1]);
            for point in first..end - 1 {
                let from = flat(roads.points[point as usize], shrink);
                let to = flat(roads.points[point as usize + 1], shrink);
                segments.push(GeomWithData::new(Line::new(from, to), point));
            }
        }
        Self { tree: RTree::bulk_load(segments), shrink }
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
        let first = self.index.tree.nearest_neighbor(target)?.distance_2(&target);
        if first.sqrt() > max_m * 1.5 + 10.0 {
            return None;
        }
        // The plane of the tree is wrong by a few per cent far from the middle; whatever could be nearer is looked at.
        let radius = first.sqrt() * 1.1 + 1.0;
        let nearest = self
            .index
            .tree
            .locate_within_distance(target, radius * radius)
            .map(|segment| {
                let i = segment.data as usize;
                let (share, distance) = nearest_share(roads.points[i], roads.points[i + 1], point);
                (distance, segment.data, share)
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
