//! Driven ways are cut at junctions and become the stretches of a [`Network`].
//!
//! A junction is a node that ends a driven way or that driven ways use more than once. A blocking barrier cuts the way:
//! each side ends at a junction of its own. One that only lets in who has business behind it makes the smaller roads beside it
//! ones where trips only begin and end. A slow barrier adds half of its delay to either segment beside it.

use std::collections::BTreeMap;

use petgraph::graph::NodeIndex;

use super::access::Along;
use super::map::{MapData, MapWay, Tags};
use super::profile::{Profile, RoadClass};
use super::report::{Element, ImportReport};
use super::rules::{Carriage, Passage, WayRefusal};
use super::speed::Speed;
use super::villages::Villages;
use super::waits::{self, Waits};
use crate::graph::network::{Junction, Network, Stretch};
use crate::graph::num::row;

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
    carriage: Carriage,
    nodes: Vec<usize>,
    name: Option<u32>,
}

/// Cuts all driven ways.
pub(super) fn build(map: &MapData, profile: &Profile, report: &mut ImportReport) -> Built {
    let mut built = Built { junction_of: vec![None; map.nodes().len()], ..Built::default() };
    let lines: Vec<Option<Line>> =
        map.ways().iter().map(|way| line(map, way, profile, &mut built.names, report)).collect();

    let driven = || lines.iter().flatten().map(|line| (line.carriage.class, &*line.nodes));
    let waits = Waits::new(map, profile, driven());
    let passages = passages(map, profile, &waits, report);
    let is_street =
        |class: RoadClass| matches!(class, RoadClass::Residential | RoadClass::LivingStreet);
    let point = |node: usize| map.nodes()[node].point;
    let streets = driven()
        .filter(|&(class, _)| is_street(class))
        .flat_map(|(_, nodes)| nodes.windows(2).map(|pair| (point(pair[0]), point(pair[1]))));
    let villages = Villages::new(map, profile, streets);

    let cutter = Cutter { map, waits: &waits, passages: &passages, villages: &villages };
    for line in &lines {
        built.first_edge.push(built.network.edge_count());
        if let Some(line) = line {
            cutter.cut(line, &mut built);
        }
    }
    built.first_edge.push(built.network.edge_count());
    built
}

/// What stands in the way at each node, counted.
fn passages(
    map: &MapData,
    profile: &Profile,
    waits: &Waits,
    report: &mut ImportReport,
) -> Vec<Passage> {
    let mut passages = Vec::with_capacity(map.nodes().len());
    for (idx, node) in map.nodes().iter().enumerate() {
        let passage = match waits.is_driven(idx) {
            true => profile.passage(&node.tags),
            false => Passage::Free { delay_ms: 0.0 },
        };
        match passage {
            Passage::Blocked => {
                report.barriers_blocking += 1;
                report.drop(Element::Node, node.id, "barrier", Some(node.point));
            }
            Passage::EndOnly { .. } => report.barriers_end_only += 1,
            Passage::Free { delay_ms } => report.barriers_slow += usize::from(delay_ms > 0.0),
        }
        passages.push(passage);
    }
    passages
}

/// Decides on one way and counts the decision.
fn line(
    map: &MapData,
    way: &MapWay,
    profile: &Profile,
    names: &mut Names,
    report: &mut ImportReport,
) -> Option<Line> {
    let is_crossing = || matches!(way.tags.get("route"), Some("ferry" | "shuttle_train"));
    if way.tags.get("highway").is_none() && !is_crossing() {
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
            report.ways_end_only += usize::from(carriage.end_only);
            let name = road_name(&way.tags).map(|name| names.intern(name));
            Some(Line { carriage, nodes, name })
        }
        Err(reason) => {
            *report.ways_refused.entry(reason).or_default() += 1;
            let point = nodes.first().map(|&node| map.nodes()[node].point);
            report.drop(Element::Way, way.id, reason.as_str(), point);
            None
        }
    }
}

fn road_name(tags: &Tags) -> Option<String> {
    super::poi::name(tags).or_else(|| tags.get("ref").map(|text| text.chars().take(40).collect()))
}

struct Cutter<'a> {
    map: &'a MapData,
    waits: &'a Waits,
    passages: &'a [Passage],
    villages: &'a Villages,
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
            let is_cut = !matches!(self.passages[nodes[last]], Passage::Free { .. });
            if is_end || is_cut || self.waits.is_met(nodes[last]) {
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
        let carriage = &line.carriage;
        let nodes = &line.nodes[first..=last];
        let times = |speed: Option<Speed>, along: Along| {
            speed.map(|speed| self.times_ms(line, segment_m, (first, last), (speed, along)))
        };
        let is_gated = [nodes.first(), nodes.last()]
            .into_iter()
            .flatten()
            .any(|&node| matches!(self.passages[node], Passage::EndOnly { .. }));
        Stretch {
            class: carriage.class,
            end_only: carriage.end_only || (is_gated && carriage.class >= RoadClass::Unclassified),
            track: carriage.track,
            points: nodes.iter().map(|&n| self.map.nodes()[n].point).collect(),
            forward_ms: times(carriage.forward, Along::Forward),
            backward_ms: times(carriage.backward, Along::Backward),
            parts: vec![(0, line.name)],
            segment_m: segment_m[first..last].to_vec(),
        }
    }

    /// Milliseconds for each segment of a stretch in one direction.
    fn times_ms(
        &self,
        line: &Line,
        segment_m: &[f64],
        (first, last): (usize, usize),
        (speed, along): (Speed, Along),
    ) -> Vec<f64> {
        let carriage = &line.carriage;
        let whole_m: f64 = segment_m.iter().sum();
        let (nodes, lengths) = (&line.nodes[first..=last], &segment_m[first..last]);
        let point = |node: usize| self.map.nodes()[node].point;
        let drive_ms = |a: usize, b: usize, m: f64| match carriage.duration_s {
            Some(whole_s) if whole_m > 0.0 => whole_s * 1000.0 * m / whole_m,
            _ if self.villages.contain(point(a), point(b)) => m / speed.village_kmh * 3600.0,
            _ => m / speed.kmh * 3600.0,
        };
        let board_ms =
            |m: f64| if whole_m > 0.0 { carriage.wait_s * 1e3 * m / whole_m } else { 0.0 };
        let half_ms = |node: usize| match self.passages[node] {
            Passage::Free { delay_ms } | Passage::EndOnly { delay_ms } => delay_ms / 2.0,
            Passage::Blocked => 0.0,
        };
        let waits_ms =
            self.waits.ms(&waits::Line { class: carriage.class, nodes, segment_m: lengths }, along);
        let pairs = nodes.windows(2).map(|pair| (pair[0], pair[1]));
        pairs
            .zip(lengths)
            .zip(waits_ms)
            .map(|(((a, b), &m), wait)| {
                drive_ms(a, b, m) + board_ms(m) + half_ms(a) + half_ms(b) + wait
            })
            .collect()
    }
}
