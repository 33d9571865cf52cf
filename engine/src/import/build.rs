//! Driven ways are cut at junctions and become the stretches of a [`Network`].
//!
//! A junction is a node that ends a driven way or that driven ways use more than once. A blocking barrier cuts the way:
//! each side ends at a junction of its own. A slow barrier adds half of its delay to either segment beside it.

use std::collections::BTreeMap;

use petgraph::graph::NodeIndex;

use super::map::{MapData, MapWay, Tags};
use super::profile::Profile;
use super::report::ImportReport;
use super::rules::{Carriage, Passage, WayRefusal};
use crate::graph::network::{Junction, Network, Stretch};
use crate::graph::num::row;
use crate::graph::roads::WayPiece;

/// Names of roads, each stored once.
#[derive(Default)]
pub(super) struct Names {
    rows: BTreeMap<String, u32>,
}

impl Names {
    fn intern(&mut self, name: String) -> u32 {
        let next = row(self.rows.len());
        *self.rows.entry(name).or_insert(next)
    }

    /// All names in order of row.
    pub(super) fn into_vec(self) -> Vec<String> {
        let mut rows: Vec<(u32, String)> =
            self.rows.into_iter().map(|(name, r)| (r, name)).collect();
        rows.sort_unstable();
        rows.into_iter().map(|(_, name)| name).collect()
    }
}

/// The network, and where its ways went.
#[derive(Default)]
pub(super) struct Built {
    pub(super) network: Network,
    pub(super) names: Names,
    /// The stretches of each way of the map in its direction: `edges[first[way]..first[way + 1]]`, edge numbers.
    pub(super) first_edge: Vec<usize>,
    /// The junction of each node of the map, if it is one that is not cut.
    pub(super) junction_of: Vec<Option<NodeIndex<u32>>>,
}

/// A driven way with its nodes that are in the map.
struct Line {
    id: i64,
    carriage: Carriage,
    nodes: Vec<usize>,
    name: Option<u32>,
}

/// Cuts all driven ways.
pub(super) fn build(map: &MapData, profile: &Profile, report: &mut ImportReport) -> Built {
    let mut built = Built { junction_of: vec![None; map.nodes().len()], ..Built::default() };
    let lines: Vec<Option<Line>> =
        map.ways().iter().map(|way| line(map, way, profile, &mut built.names, report)).collect();

    // Ends count double: they are junctions whoever else comes by.
    let mut n_uses = vec![0_u32; map.nodes().len()];
    for line in lines.iter().flatten() {
        for ends in [line.nodes.first(), line.nodes.last()] {
            ends.into_iter().for_each(|&node| n_uses[node] += 1);
        }
        line.nodes.iter().for_each(|&node| n_uses[node] += 1);
    }
    let passages: Vec<Passage> = map
        .nodes()
        .iter()
        .zip(&n_uses)
        .map(|(node, &uses)| if uses > 0 { profile.passage(&node.tags) } else { Passage::Free })
        .collect();
    for passage in &passages {
        report.barriers_blocking += usize::from(*passage == Passage::Blocked);
        report.barriers_slow += usize::from(matches!(passage, Passage::Delay { .. }));
    }

    for line in &lines {
        built.first_edge.push(built.network.edge_count());
        if let Some(line) = line {
            Cutter { map, n_uses: &n_uses, passages: &passages }.cut(line, &mut built);
        }
    }
    built.first_edge.push(built.network.edge_count());
    built
}

/// Decides on one way and counts the decision.
fn line(
    map: &MapData,
    way: &MapWay,
    profile: &Profile,
    names: &mut Names,
    report: &mut ImportReport,
) -> Option<Line> {
    if way.tags.get("highway").is_none() && !way.tags.is("route", "ferry") {
        return None;
    }
    report.ways += 1;
    let mut nodes: Vec<usize> = way.refs.iter().filter_map(|&id| map.node_idx(id)).collect();
    nodes.dedup();
    let carriage = profile.carriage(&way.tags).and_then(|carriage| {
        if nodes.len() >= 2 { Ok(carriage) } else { Err(WayRefusal::Incomplete) }
    });
    match carriage {
        Ok(carriage) => {
            report.ways_driven += 1;
            let name = road_name(&way.tags).map(|name| names.intern(name));
            Some(Line { id: way.id, carriage, nodes, name })
        }
        Err(reason) => {
            *report.ways_refused.entry(reason).or_default() += 1;
            None
        }
    }
}

fn road_name(tags: &Tags) -> Option<String> {
    super::poi::name(tags).or_else(|| tags.get("ref").map(|text| text.chars().take(40).collect()))
}

struct Cutter<'a> {
    map: &'a MapData,
    n_uses: &'a [u32],
    passages: &'a [Passage],
}

impl Cutter<'_> {
    /// Adds the stretches of one way.
    fn cut(&self, line: &Line, built: &mut Built) {
        let nodes = &line.nodes;
        let segment_m: Vec<f64> = nodes.windows(2).map(|w| self.distance_m(w[0], w[1])).collect();
        let drawn_m: f64 = segment_m.iter().sum();
        let scale = match line.carriage.length_m {
            Some(length) if drawn_m > 0.0 => length / drawn_m,
            _ => 1.0,
        };
        let segment_m: Vec<f64> = segment_m.into_iter().map(|m| m * scale).collect();
        let mut first = 0;
        for last in 1..nodes.len() {
            let is_end = last + 1 == nodes.len();
            let is_cut = self.passages[nodes[last]] == Passage::Blocked;
            if is_end || is_cut || self.n_uses[nodes[last]] > 1 {
                let stretch = self.stretch(line, &segment_m, first, last);
                let tail = self.junction(nodes[first], built);
                let head = self.junction(nodes[last], built);
                built.network.add_edge(tail, head, stretch);
                first = last;
            }
        }
    }

    fn distance_m(&self, a: usize, b: usize) -> f64 {
        self.map.nodes()[a].point.distance_m(self.map.nodes()[b].point)
    }

    /// The junction at a node; a fresh one every time where the road is blocked.
    fn junction(&self, node: usize, built: &mut Built) -> NodeIndex<u32> {
        let junction = Junction { point: self.map.nodes()[node].point };
        if self.passages[node] == Passage::Blocked {
            return built.network.add_node(junction);
        }
        *built.junction_of[node].get_or_insert_with(|| built.network.add_node(junction))
    }

    /// The stretch of a way from its node `first` to its node `last`.
    fn stretch(&self, line: &Line, segment_m: &[f64], first: usize, last: usize) -> Stretch {
        let whole_m: f64 = segment_m.iter().sum();
        let lengths = segment_m[first..last].to_vec();
        let delays = |segment: usize| {
            let half = |node: usize| match self.passages[node] {
                Passage::Delay { seconds } => seconds * 500.0,
                Passage::Free | Passage::Blocked => 0.0,
            };
            half(line.nodes[segment]) + half(line.nodes[segment + 1])
        };
        let carriage = &line.carriage;
        let times = |kmh: f64| -> Vec<f64> {
            let drive_ms = |m: f64| match carriage.duration_s {
                Some(whole_s) if whole_m > 0.0 => whole_s * 1000.0 * m / whole_m,
                _ => m / kmh * 3600.0,
            };
            let wait_ms =
                |m: f64| if whole_m > 0.0 { carriage.wait_s * 1e3 * m / whole_m } else { 0.0 };
            (first..last)
                .zip(&lengths)
                .map(|(segment, &m)| drive_ms(m) + wait_ms(m) + delays(segment))
                .collect()
        };
        Stretch {
            class: carriage.class,
            points: line.nodes[first..=last].iter().map(|&n| self.map.nodes()[n].point).collect(),
            forward_ms: carriage.forward.map(times),
            backward_ms: carriage.backward.map(times),
            parts: vec![(0, line.name)],
            ways: vec![WayPiece { start: 0, id: line.id, along: true }],
            segment_m: lengths,
        }
    }
}
