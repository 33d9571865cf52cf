//! A region: the roads of one service area with everything that answers questions about them.
//!
//! Immutable and shared freely between threads. Made by [`crate::import`] or read by [`Region::decode`]; what is derived
//! (shortcuts, labels, the index of segments) is computed again in either case and never stored.

mod along;
mod differences;
mod directions;
mod distance;
mod file;
mod isochrone;
mod layers;
mod locate;
mod matching;
mod nearby;
mod oracle;
mod path;
mod pieces;
mod reach;
mod relaxed;
mod rings;
mod snap;
mod stops;
#[cfg(test)]
mod tests;
mod timed;
mod traffic;
mod twins;
mod week;

use std::sync::{Arc, OnceLock};

use crate::geo::LatLon;
use crate::graph::csr::{self, Graph, first_rows, rows_by_key};
use crate::graph::num::{ARC_MS_MAX, Tick, row};
use crate::graph::roads::{Road, Roads};
use crate::ids::{NodeId, RoadId};
use crate::import::{Attractor, Place, RoadClass};
use crate::routing::hierarchy::Hierarchy;
use crate::routing::{HierarchyError, NEVER, dijkstra, topology};
use crate::units::{Millimeters, Millis};

pub use crate::graph::roads::WayPiece;
pub use directions::{Maneuver, Side, Step, Turn};
pub use file::RegionError;
pub use isochrone::{Polygon, Sense};
pub use matching::{Fix, MatchOptions, Matched, Matcher, Settled, TRACE_FIXES_MAX};
pub use path::Leg;
pub use pieces::{ChangedPiece, ChangedWay};
pub use reach::Unreachable;
pub use snap::Snap;
pub use timed::{TimeOfWeek, TimedRegion};
pub use traffic::{Directions, Effect, LiveRegion, Scope, TrafficChange, TrafficError};
pub(crate) use twins::Twin;
pub use week::{HourOfWeek, WeekError, WeekProfile};

/// Labels larger than this are not kept; queries then walk the elimination tree, with the same answers.
const LABEL_BYTES_MAX: u64 = 6 << 30;
/// Who must be named wherever the map is shown.
const ATTRIBUTION: &str = "© OpenStreetMap contributors, ODbL";
/// No arc, in tables of arc rows.
const NO_ARC: u32 = u32::MAX;

/// A course and the tail and head of the arc on which a vehicle sets off that stands on it.
pub(crate) type Departure = (u32, u32, u32);

/// What a region is made of.
#[derive(Clone, Debug, Default)]
pub(crate) struct Contents {
    pub(crate) name: String,
    pub(crate) profile: String,
    /// What of the map was left out: kind and reason, and how many.
    pub(crate) dropped: Vec<(String, u32)>,
    pub(crate) graph: Graph,
    pub(crate) roads: Roads,
    /// One for each course that is driven, in order.
    pub(crate) departures: Vec<Departure>,
    /// In order.
    pub(crate) twins: Vec<Twin>,
    pub(crate) places: Vec<Place>,
    pub(crate) attractors: Vec<Attractor>,
}

impl Contents {
    /// The same with times of roads and turns in ticks of this size.
    fn with_tick(mut self, tick: Tick) -> Self {
        self.roads = self.roads.with_tick(tick);
        let arcs = self.graph.arcs().iter().map(|arc| {
            let turn = if arc.turn > 0 { tick.whole(arc.turn) } else { 0 };
            let road_ms = self
                .roads
                .road(arc.course as usize / 2)
                .duration_ms(locate::heading_of(arc.course));
            csr::Arc { turn, time: road_ms.saturating_add(turn).min(ARC_MS_MAX), ..*arc }
        });
        self.graph = Graph::new(self.graph.points().to_vec(), arcs.collect());
        self
    }
}

/// Roads, times, and what there is to go to.
///
/// A version with other times ([`Region::with_traffic`]) shares all that does not depend on them.
pub struct Region {
    /// As imported, whatever the traffic.
    contents: Arc<Contents>,
    fingerprint: u64,
    /// With the times of now.
    graph: Graph,
    traffic: traffic::Traffic,
    hierarchy: Hierarchy,
    index: Arc<snap::SegmentIndex>,
    /// Arc rows of course `c`, in order: `copies[first_copy[c]..first_copy[c + 1]]`.
    first_copy: Arc<[u32]>,
    copies: Arc<[u32]>,
    /// The arc row on which a vehicle leaves that stands on a course.
    departure: Arc<[u32]>,
    twins: Arc<twins::Twins>,
    /// Lengths by arc row.
    arc_mm: Arc<[u32]>,
    /// What bounds the times of this version, once somebody asks.
    relaxed: OnceLock<relaxed::Relaxed>,
}

/// One arc of the graph that queries run on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ArcView {
    /// Where it begins.
    pub tail: NodeId,
    /// Where it ends.
    pub head: NodeId,
    /// Driving time; infinite while the road is closed.
    pub time: Millis,
    /// Length.
    pub length: Millimeters,
    /// The road that it follows.
    pub road: RoadId,
}

/// One road.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct RoadView<'a> {
    /// Its id.
    pub id: RoadId,
    /// What kind of road it is.
    pub class: RoadClass,
    /// The name of its longest named part.
    pub name: Option<&'a str>,
    /// Its shape from start to end.
    pub geometry: &'a [LatLon],
    /// Whether it may be driven along its shape.
    pub forward: bool,
    /// Whether it may be driven against its shape.
    pub backward: bool,
    /// The OpenStreetMap ways that it is made of, from its start to its end; at least one.
    pub ways: &'a [WayPiece],
}

impl Region {
    /// Derives what queries need. If many drives take too long for labels, all times are made whole numbers of coarser ticks.
    pub(crate) fn new(contents: Contents) -> Result<Self, HierarchyError> {
        let fingerprint = file::fingerprint(&contents);
        let region = Self::derived(contents, fingerprint)?;
        match region.hierarchy.coarser_tick() {
            Some(tick) => region.with_tick(tick),
            None => Ok(region),
        }
    }

    /// The same map with times as imported, rounded to ticks of this size.
    fn with_tick(self, tick: Tick) -> Result<Self, HierarchyError> {
        let Self { contents, .. } = self;
        let contents = Arc::unwrap_or_clone(contents).with_tick(tick);
        let fingerprint = file::fingerprint(&contents);
        Self::derived(contents, fingerprint)
    }

    fn derived(contents: Contents, fingerprint: u64) -> Result<Self, HierarchyError> {
        let label_bytes_max = LABEL_BYTES_MAX;
        let (hierarchy, index) = rayon::join(
            || Hierarchy::new(&contents.graph, contents.roads.tick, label_bytes_max),
            || snap::SegmentIndex::new(&contents.roads),
        );
        let n_courses = contents.roads.n() * 2;
        let arcs = contents.graph.arcs();
        let first_copy = first_rows(n_courses, arcs.iter().map(|arc| arc.course));
        let copies = rows_by_key(&first_copy, arcs.iter().map(|arc| arc.course));
        let length = |course: u32| contents.roads.road(course as usize / 2).length_mm();
        let arc_mm: Vec<u32> = arcs.iter().map(|arc| length(arc.course)).collect();
        let mut departure = vec![NO_ARC; n_courses];
        for &(course, tail, head) in &contents.departures {
            let rows =
                first_copy[course as usize] as usize..first_copy[course as usize + 1] as usize;
            let is_it =
                |&&arc: &&u32| arcs[arc as usize].tail == tail && arcs[arc as usize].head == head;
            departure[course as usize] = copies[rows].iter().find(is_it).copied().unwrap_or(NO_ARC);
        }
        let twins = twins::Twins::new(contents.graph.n_nodes(), &contents.twins);
        Ok(Self {
            graph: contents.graph.clone(),
            contents: Arc::new(contents),
            fingerprint,
            traffic: traffic::Traffic::default(),
            hierarchy: hierarchy?,
            index: Arc::new(index),
            first_copy: first_copy.into(),
            copies: copies.into(),
            departure: departure.into(),
            twins: Arc::new(twins),
            arc_mm: arc_mm.into(),
            relaxed: OnceLock::new(),
        })
    }

    /// The same region with labels only if they take at most so many bytes. Without them queries walk the elimination tree: the same
    /// answers in microseconds instead of nanoseconds. Holds for all later versions with other times.
    #[must_use]
    pub fn with_label_limit(mut self, bytes: u64) -> Self {
        self.hierarchy.limit_labels(&self.graph, bytes);
        self
    }

    /// Bytes that labels take, or would take.
    #[must_use]
    pub fn label_bytes_needed(&self) -> u64 {
        self.hierarchy.label_bytes_needed()
    }

    /// The same region under another name.
    #[must_use]
    pub fn named(mut self, name: &str) -> Self {
        name.clone_into(&mut Arc::make_mut(&mut self.contents).name);
        self
    }

    /// Its name, empty if it was given none.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.contents.name
    }

    /// The name of the profile it was built with.
    #[must_use]
    pub fn profile(&self) -> &str {
        &self.contents.profile
    }

    /// How many elements of the map were left out, by kind and reason as `way access`, in order.
    #[must_use]
    pub fn dropped(&self) -> &[(String, u32)] {
        &self.contents.dropped
    }

    /// Who must be named wherever the map is shown.
    #[must_use]
    pub fn attribution(&self) -> &str {
        ATTRIBUTION
    }

    /// A number that differs between regions whose roads or imported times differ; the same whatever the traffic.
    #[must_use]
    pub fn fingerprint(&self) -> u64 {
        self.fingerprint
    }

    /// South-west and north-east corner of all roads.
    #[must_use]
    pub fn bounds(&self) -> (LatLon, LatLon) {
        let points = &self.contents.roads.points;
        let corner = |pick: fn(i32, i32) -> i32| {
            let lat = points.iter().map(|point| point.lat_e7()).reduce(pick);
            let lon = points.iter().map(|point| point.lon_e7()).reduce(pick);
            lat.zip(lon).and_then(|(lat, lon)| LatLon::from_e7(lat, lon)).unwrap_or_default()
        };
        (corner(i32::min), corner(i32::max))
    }

    /// Nodes of the routing graph.
    #[must_use]
    pub fn n_nodes(&self) -> usize {
        self.graph.n_nodes()
    }

    /// Arcs of the routing graph.
    #[must_use]
    pub fn n_arcs(&self) -> usize {
        self.graph.arcs().len()
    }

    /// Shortcuts of the hierarchy.
    #[must_use]
    pub fn n_shortcuts(&self) -> usize {
        self.hierarchy.n_shortcuts()
    }

    /// Whether queries are answered by labels, or there was no room for them.
    #[must_use]
    pub fn has_labels(&self) -> bool {
        self.hierarchy.has_labels()
    }

    /// Bytes of the index that queries read: shortcuts, times and labels.
    #[must_use]
    pub fn index_bytes(&self) -> usize {
        self.hierarchy.bytes()
    }

    /// Where a node is; the null island for a node of another region.
    #[must_use]
    pub fn node_point(&self, node: NodeId) -> LatLon {
        self.graph.points().get(node.idx()).copied().unwrap_or_default()
    }

    /// The graph that queries run on, in order of tail and head; loops and parallel arcs are among them.
    pub fn arcs(&self) -> impl ExactSizeIterator<Item = ArcView> {
        self.graph.arcs().iter().map(|arc| {
            let road = arc.course / 2;
            let length = self.contents.roads.road(road as usize).length_mm();
            ArcView {
                tail: NodeId::new(arc.tail),
                head: NodeId::new(arc.head),
                time: oracle::millis(arc.time),
                length: Millimeters::new(u64::from(length)),
                road: RoadId::new(road),
            }
        })
    }

    /// All roads in order of id.
    pub fn roads(&self) -> impl ExactSizeIterator<Item = RoadView<'_>> {
        (0..self.contents.roads.n()).map(|road| self.road_view(road))
    }

    /// One road; `None` for an id of another region.
    #[must_use]
    pub fn road(&self, id: RoadId) -> Option<RoadView<'_>> {
        (id.idx() < self.contents.roads.n()).then(|| self.road_view(id.idx()))
    }

    /// The tables of a road with the times of now.
    fn road_tables(&self, road: usize) -> Road<'_> {
        self.traffic.timed(&self.contents.roads, road)
    }

    fn road_view(&self, idx: usize) -> RoadView<'_> {
        let roads = &self.contents.roads;
        let road = roads.road(idx);
        RoadView {
            id: RoadId::new(row(idx)),
            class: roads.class[idx],
            name: roads.main_name(idx),
            geometry: road.points,
            forward: road.is_open(crate::graph::roads::Heading::Forward),
            backward: road.is_open(crate::graph::roads::Heading::Backward),
            ways: roads.ways(idx),
        }
    }

    /// Settlements.
    #[must_use]
    pub fn places(&self) -> &[Place] {
        &self.contents.places
    }

    /// Schools, shops, stops and the like.
    #[must_use]
    pub fn attractors(&self) -> &[Attractor] {
        &self.contents.attractors
    }

    /// Times from one node to all by plain Dijkstra: the slow reference, for tests and for doubt.
    #[must_use]
    pub fn reference_times_from(&self, node: NodeId) -> Vec<Millis> {
        if node.idx() >= self.n_nodes() {
            return Vec::new();
        }
        let times = dijkstra::times_from(&self.graph, self.start_node(node).get());
        let at = |idx: u32| self.end_nodes(NodeId::new(idx)).map(|end| times[end.idx()]).min();
        (0..row(self.n_nodes())).map(|idx| oracle::millis(at(idx).unwrap_or(NEVER))).collect()
    }

    /// Times from all nodes to one by plain Dijkstra.
    #[must_use]
    pub fn reference_times_to(&self, node: NodeId) -> Vec<Millis> {
        if node.idx() >= self.n_nodes() {
            return Vec::new();
        }
        let ends = self.end_nodes(node).map(|end| dijkstra::times_to(&self.graph, end.get()));
        let ends: Vec<Vec<u32>> = ends.collect();
        let from = |idx: u32| {
            let start = self.start_node(NodeId::new(idx)).idx();
            ends.iter().map(|times| times[start]).min()
        };
        (0..row(self.n_nodes())).map(|idx| oracle::millis(from(idx).unwrap_or(NEVER))).collect()
    }

    /// Orders the nodes and computes shortcuts and labels once more, and throws them away: what a new graph would cost.
    ///
    /// # Errors
    /// None for a graph that was prepared before.
    pub fn prepare_again(&self) -> Result<(), HierarchyError> {
        let edges: Vec<(u32, u32)> =
            self.graph.arcs().iter().map(|arc| (arc.tail, arc.head)).collect();
        std::hint::black_box(topology::preorder(self.graph.points(), &edges)?);
        std::hint::black_box(Hierarchy::new(&self.graph, self.hierarchy.tick(), LABEL_BYTES_MAX)?);
        Ok(())
    }

    /// Computes the times of shortcuts, and labels if there are any, once more, and throws them away: what new times would cost.
    pub fn customise_again(&self) {
        self.hierarchy.customise_again(&self.graph, true);
    }

    /// The same without labels.
    pub fn customise_shortcuts_again(&self) {
        self.hierarchy.customise_again(&self.graph, false);
    }
}
