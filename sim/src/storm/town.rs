//! The town that storms go over: a grid of streets, slower uphill than along, every junction a node.

use std::sync::Arc;

use sharxi_api::map::{Map, Place, RoadLine, Snap};
use sharxi_engine::geo::LatLon;
use sharxi_engine::ids::NodeId;
use sharxi_engine::oracle::{Location, Oracle, Path, Waypoint};
use sharxi_engine::sight::Sight;
use sharxi_engine::units::{Millimeters, Millis};

use crate::audit::roads;

/// Junctions from west to east, and from south to north.
pub const WIDTH: u32 = 14;
/// Junctions in all.
pub const N_NODES: u32 = WIDTH * WIDTH;
const SOUTH: f64 = 54.15;
const WEST: f64 = -4.5;
const STEP_LAT: f64 = 0.004;
const STEP_LON: f64 = 0.006;
/// From a junction to the next one east or west.
const ALONG: Millis = Millis::from_secs(40);
/// To the next one north or south.
const UPHILL: Millis = Millis::from_secs(55);

/// The town.
pub struct Town {
    points: Vec<LatLon>,
}

impl Town {
    /// The town; there is only one.
    #[must_use]
    pub fn new() -> Arc<Self> {
        let point = |node: u32| {
            let (x, y) = (f64::from(node % WIDTH), f64::from(node / WIDTH));
            LatLon::from_degrees(SOUTH + STEP_LAT * y, WEST + STEP_LON * x)
        };
        Arc::new(Self { points: (0..N_NODES).filter_map(point).collect() })
    }

    /// Where a junction is, `[lat, lon]` in degrees as messages have it.
    #[must_use]
    pub fn degrees(&self, node: u32) -> [f64; 2] {
        let point = self.at(node);
        [f64::from(point.lat_e7()) / 1e7, f64::from(point.lon_e7()) / 1e7]
    }

    /// The graph as the audit wants it.
    #[must_use]
    pub fn graph(&self) -> (Vec<roads::Node>, Vec<roads::Arc>) {
        let nodes = (0..N_NODES).map(|node| self.degrees(node)).collect();
        let mut arcs = Vec::new();
        for tail in 0..N_NODES {
            for head in (0..N_NODES).filter(|&head| steps(tail, head) == 1) {
                let time_ms = drive(tail, head).get();
                let length_m = self.at(tail).distance_m(self.at(head));
                arcs.push(roads::Arc { tail: tail + 1, head: head + 1, time_ms, length_m });
            }
        }
        (nodes, arcs)
    }

    fn at(&self, node: u32) -> LatLon {
        self.points.get(node as usize).copied().unwrap_or_default()
    }
}

/// The junction; the town has no other locations.
const fn node_of(location: Location) -> u32 {
    match location {
        Location::Node(node) => node.get(),
        Location::Along { .. } => 0,
    }
}

const fn steps(from: u32, to: u32) -> u32 {
    (from % WIDTH).abs_diff(to % WIDTH) + (from / WIDTH).abs_diff(to / WIDTH)
}

const fn drive(from: u32, to: u32) -> Millis {
    let (x, y) = ((from % WIDTH).abs_diff(to % WIDTH), (from / WIDTH).abs_diff(to / WIDTH));
    Millis::new(x * ALONG.get() + y * UPHILL.get())
}

/// The next junction on the way: along first, then up or down.
const fn next(from: u32, to: u32) -> u32 {
    let (x, tx) = (from % WIDTH, to % WIDTH);
    if x < tx {
        from + 1
    } else if tx < x {
        from - 1
    } else if from < to {
        from + WIDTH
    } else {
        from - WIDTH
    }
}

/// Millimetres between neighbours; the same everywhere, as the clock is what matters.
const STEP_MM: u64 = 420_000;

impl Oracle for Town {
    fn time(&self, from: Location, to: Location) -> Millis {
        drive(node_of(from), node_of(to))
    }

    fn path(&self, from: Location, to: Location) -> Option<Path> {
        let (first, last) = (node_of(from), node_of(to));
        let mut at = first;
        let mut waypoints = Vec::new();
        loop {
            waypoints.push(Waypoint {
                node: NodeId::new(at),
                elapsed: drive(first, at),
                driven: Millimeters::new(u64::from(steps(first, at)) * STEP_MM),
            });
            if at == last {
                break;
            }
            at = next(at, last);
        }
        Some(Path {
            from,
            to,
            waypoints,
            duration: drive(first, last),
            distance: Millimeters::new(u64::from(steps(first, last)) * STEP_MM),
            first_arc: self.arc_at(from),
            last_arc: self.arc_at(to),
        })
    }

    /// From the corners.
    fn sight(&self, place: Location) -> Sight {
        let corners = [0, WIDTH - 1, N_NODES - WIDTH, N_NODES - 1];
        let to = corners.map(|corner| drive(node_of(place), corner));
        Sight::new(to, corners.map(|corner| drive(corner, node_of(place))))
    }

    fn arc_at(&self, at: Location) -> [NodeId; 2] {
        [NodeId::new(node_of(at)); 2]
    }
}

impl Map for Town {
    fn name(&self) -> &'static str {
        "Storm town"
    }

    fn attribution(&self) -> &'static str {
        "nobody"
    }

    fn fingerprint(&self) -> u64 {
        1
    }

    fn bounds(&self) -> (LatLon, LatLon) {
        (self.at(0), self.at(N_NODES - 1))
    }

    fn places(&self) -> Vec<Place> {
        Vec::new()
    }

    fn for_each_road(&self, visit: &mut dyn FnMut(RoadLine<'_>)) {
        visit(RoadLine { class: "residential", name: None, geometry: &self.points });
    }

    fn way_ids(&self) -> Vec<i64> {
        Vec::new()
    }

    fn snap(&self, point: LatLon, max_m: f64) -> Option<Snap> {
        let snap = |(node, &at): (u32, &LatLon)| Snap {
            location: Location::Node(NodeId::new(node)),
            point: at,
            distance_m: at.distance_m(point),
        };
        let all = (0..N_NODES).zip(&self.points).map(snap);
        all.min_by(|a, b| a.distance_m.total_cmp(&b.distance_m))
            .filter(|snap| snap.distance_m <= max_m)
    }

    fn point(&self, location: Location) -> LatLon {
        self.at(node_of(location))
    }

    fn path_geometry(&self, path: &Path) -> Vec<(LatLon, Millis)> {
        let point = |waypoint: &Waypoint| (self.at(waypoint.node.get()), waypoint.elapsed);
        path.waypoints.iter().map(point).collect()
    }
}
