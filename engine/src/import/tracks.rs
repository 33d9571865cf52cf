//! Field tracks: driven only where they are the only way to something.
//!
//! What other roads reach is the largest connected part of the network without tracks. Needed are the shortest tracks from
//! there to each part of the network that is not reached, and to each farm or hamlet that lies apart. All others are closed:
//! a forest is full of them, and nobody is to wait for a taxi there.

use std::cmp::Reverse;
use std::collections::{BTreeMap, BTreeSet, BinaryHeap};

use petgraph::graph::{EdgeIndex, NodeIndex};
use petgraph::unionfind::UnionFind;
use petgraph::visit::EdgeRef;

use super::poi::{Place, PlaceKind};
use super::profile::Profile;
use super::report::{Element, ImportReport};
use crate::geo::LatLon;
use crate::graph::network::{Network, Stretch};
use crate::graph::num::mm_nearest;

/// Metres of one degree of latitude.
const DEGREE_M: f64 = 111_195.08;

/// Closes the tracks that nobody needs; the report counts the stretches and lists the ways.
pub(super) fn close_needless(
    network: &mut Network,
    places: &[Place],
    profile: &Profile,
    report: &mut ImportReport,
) {
    if network.edge_weights().all(|stretch| !stretch.track) {
        return;
    }
    let parts = Parts::new(network);
    let arrivals = arrivals(network, &parts);
    let mut needed = BTreeSet::new();
    let mut ends = parts.entrances(&arrivals);
    for edge in farms(network, places, profile.tracks.place_m) {
        needed.insert(edge);
        let nodes = network.edge_endpoints(edge).map(|(a, b)| [a, b]);
        let arrived = nodes
            .into_iter()
            .flatten()
            .filter_map(|node| arrivals[node.index()].map(|(mm, _)| (mm, node)));
        ends.extend(arrived.min().map(|(_, node)| node));
    }
    for mut node in ends {
        while let Some((edge, before)) = arrivals[node.index()].and_then(|(_, from)| from) {
            if !needed.insert(edge) {
                break;
            }
            node = before;
        }
    }
    let mut closed: BTreeMap<i64, LatLon> = BTreeMap::new();
    for edge in network.edge_indices() {
        let stretch = &mut network[edge];
        if stretch.track && is_open(stretch) && !needed.contains(&edge) {
            (stretch.forward_ms, stretch.backward_ms) = (None, None);
            report.tracks_needless += 1;
            let first = stretch.ways.first().zip(stretch.points.first());
            closed.extend(first.map(|(way, &point)| (way.id, point)));
        }
    }
    for (id, point) in closed {
        report.drop(Element::Way, id, "track_needless", Some(point));
    }
}

fn is_open(stretch: &Stretch) -> bool {
    stretch.forward_ms.is_some() || stretch.backward_ms.is_some()
}

/// The connected parts of the network without tracks.
struct Parts {
    /// The part of each junction; `None` where only tracks meet.
    of: Vec<Option<u32>>,
    /// The largest part.
    largest: Option<u32>,
}

impl Parts {
    fn new(network: &Network) -> Self {
        let mut sets = UnionFind::<u32>::new(network.node_count());
        let mut is_on_road = vec![false; network.node_count()];
        for edge in network.edge_references() {
            if !edge.weight().track && is_open(edge.weight()) {
                let (a, b) = (edge.source().index(), edge.target().index());
                sets.union(crate::graph::num::row(a), crate::graph::num::row(b));
                (is_on_road[a], is_on_road[b]) = (true, true);
            }
        }
        let label = |node: usize| sets.find(crate::graph::num::row(node));
        let of: Vec<Option<u32>> =
            (0..network.node_count()).map(|n| is_on_road[n].then(|| label(n))).collect();
        let mut sizes: BTreeMap<u32, usize> = BTreeMap::new();
        for &part in of.iter().flatten() {
            *sizes.entry(part).or_default() += 1;
        }
        let largest = sizes.iter().max_by_key(|&(&part, &n)| (n, Reverse(part)));
        Self { largest: largest.map(|(&part, _)| part), of }
    }

    fn is_reached(&self, node: NodeIndex<u32>) -> bool {
        self.largest.is_some() && self.of[node.index()] == self.largest
    }

    /// Of every other part the junction that is reached first over tracks.
    fn entrances(&self, arrivals: &[Option<Arrival>]) -> Vec<NodeIndex<u32>> {
        let mut first: BTreeMap<u32, (u32, usize)> = BTreeMap::new();
        for (node, part) in self.of.iter().enumerate().filter(|&(_, part)| *part != self.largest) {
            if let (&Some(part), Some((mm, _))) = (part, arrivals[node]) {
                let best = first.entry(part).or_insert((mm, node));
                *best = (*best).min((mm, node));
            }
        }
        first.into_values().map(|(_, node)| NodeIndex::new(node)).collect()
    }
}

/// Millimetres driven, and the stretch and junction before.
type Arrival = (u32, Option<(EdgeIndex<u32>, NodeIndex<u32>)>);

/// The shortest ways from the largest part to all junctions, whatever the direction.
fn arrivals(network: &Network, parts: &Parts) -> Vec<Option<Arrival>> {
    let mut arrivals: Vec<Option<Arrival>> = vec![None; network.node_count()];
    let mut queue = BinaryHeap::new();
    for node in network.node_indices().filter(|&node| parts.is_reached(node)) {
        arrivals[node.index()] = Some((0, None));
        queue.push(Reverse((0_u32, node)));
    }
    while let Some(Reverse((mm, node))) = queue.pop() {
        if arrivals[node.index()].is_some_and(|(best, _)| best < mm) {
            continue;
        }
        for edge in network.edges(node).filter(|edge| is_open(edge.weight())) {
            let meters: f64 = edge.weight().segment_m.iter().sum();
            let next = mm.saturating_add(mm_nearest(meters));
            let slot = &mut arrivals[edge.target().index()];
            if slot.is_none_or(|(best, _)| next < best) {
                *slot = Some((next, Some((edge.id(), node))));
                queue.push(Reverse((next, edge.target())));
            }
        }
    }
    arrivals
}

/// The tracks that are nearest to farms and hamlets which no other road comes near.
fn farms(network: &Network, places: &[Place], place_m: f64) -> Vec<EdgeIndex<u32>> {
    let mut places: Vec<LatLon> =
        places.iter().filter(|p| p.kind <= PlaceKind::Hamlet).map(|p| p.point).collect();
    places.sort_by(|a, b| a.lat().total_cmp(&b.lat()));
    let degrees = place_m / DEGREE_M;
    // The nearest track of each place; no distance at all once another road is near.
    let mut nearest: Vec<(f64, Option<EdgeIndex<u32>>)> = vec![(place_m, None); places.len()];
    for edge in network.edge_references().filter(|edge| is_open(edge.weight())) {
        for &point in &edge.weight().points {
            let first = places.partition_point(|place| place.lat() < point.lat() - degrees);
            let near = places.iter().zip(&mut nearest).skip(first);
            for (place, nearest) in near.take_while(|(p, _)| p.lat() <= point.lat() + degrees) {
                let distance_m = place.distance_m(point);
                if distance_m < place_m && !edge.weight().track {
                    *nearest = (0.0, None);
                } else if distance_m < nearest.0 {
                    *nearest = (distance_m, Some(edge.id()));
                }
            }
        }
    }
    nearest.into_iter().filter_map(|(_, edge)| edge).collect()
}
