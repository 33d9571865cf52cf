//! The import from end to end.

use std::collections::BTreeSet;
use std::io::{Cursor, Read, Seek};

use petgraph::graph::EdgeIndex;

use super::build::build;
use super::error::ImportError;
use super::ferries;
use super::map::MapData;
use super::pbf;
use super::poi;
use super::profile::Profile;
use super::report::ImportReport;
use super::side;
use super::tracks;
use super::turns;
use crate::graph::around;
use crate::graph::component;
use crate::graph::contract::{Contracted, contract};
use crate::graph::csr::{Arc, Graph};
use crate::graph::ends::Ends;
use crate::graph::expand::{Expanded, Forbidden, State, StateArc, TurnTable, expand};
use crate::graph::network::{Network, courses};
use crate::graph::num::{ARC_MS_MAX, row};
use crate::graph::roads::{Heading, Roads};
use crate::region::{Contents, Departure, Region, Twin};
use crate::routing::topology;

/// Rows of any table; leaves room for the marks that some tables put into the highest bits.
const ROWS_MAX: usize = 1 << 30;

/// Reads an `.osm.pbf` extract and prepares it for queries. `progress` is told (bytes done, bytes in all) from any thread; all is
/// read twice. Memory grows with the roads of the map and not with the file, of which a few blobs are held at a time.
///
/// The same bytes and profile give the same region on any machine and number of threads.
///
/// # Errors
/// [`ImportError`] for files that cannot be read, are damaged, foreign or too large, and for maps without roads. Never panics.
pub fn import_reader(
    reader: impl Read + Seek,
    profile: &Profile,
    progress: &(dyn Fn(u64, u64) + Sync),
) -> Result<(Region, ImportReport), ImportError> {
    let map = pbf::read(reader, &|key| profile.reads(key), progress)?;
    let (contents, report) = contents(&map, profile)?;
    // The index takes as much room again.
    drop(map);
    Ok((Region::new(contents)?, report))
}

/// The same from bytes in memory.
///
/// # Errors
/// Those of [`import_reader`].
pub fn import_pbf(
    bytes: &[u8],
    profile: &Profile,
    progress: &(dyn Fn(u64, u64) + Sync),
) -> Result<(Region, ImportReport), ImportError> {
    import_reader(Cursor::new(bytes), profile, progress)
}

/// The same from a map that is already decoded.
///
/// # Errors
/// [`ImportError::NoRoads`] if nothing is left, [`ImportError::TooManyRows`] if there is more than ids can count.
pub fn import_map(map: &MapData, profile: &Profile) -> Result<(Region, ImportReport), ImportError> {
    let (contents, report) = contents(map, profile)?;
    Ok((Region::new(contents)?, report))
}

/// All that a region is made of, without its index.
fn contents(map: &MapData, profile: &Profile) -> Result<(Contents, ImportReport), ImportError> {
    let mut report = ImportReport::default();
    check_rows("nodes", map.nodes().len())?;
    check_rows("shape points", map.ways().iter().map(|way| way.refs.len()).sum())?;
    let mut built = build(map, profile, &mut report);
    ferries::close_unconnected(&mut built.network, &mut report);
    let places = poi::places(map);
    tracks::close_needless(&mut built.network, &places, profile, &mut report);

    let network = &built.network;
    let open = courses(network)
        .filter_map(|course| course.ends(network))
        .map(|(tail, head)| (row(tail.index()), row(head.index())));
    let alive = component::largest(network.node_count(), open);
    count_junctions(network, &alive, &mut report);

    let turns = turns::resolve(map, &built, &alive, profile, &mut report);
    let contracted = contract(network, &alive, &turns.pinned);
    let mut table = TurnTable::default();
    let sequences = turns.forbidden.iter().filter_map(|sequence| translate(sequence, &contracted));
    table.forbidden.extend(sequences.filter(|sequence| sequence.len() > 1));
    report.drives_left = side::drives_left(map, profile);
    let turns_back = profile.turning(report.drives_left).complete(&contracted.network, &mut table);
    let ends = Ends::new(&contracted.network);
    let worth = around::worth_turning(&contracted.network, &table, &ends, &turns_back);
    for turn in turns_back.difference(&worth) {
        table.forbidden.remove(turn.as_slice());
        table.cost_ms.remove(turn);
    }
    let expanded = expand(&contracted.network, &table, &ends);
    if expanded.arcs.is_empty() {
        return Err(ImportError::NoRoads);
    }
    check_rows("arcs", expanded.arcs.len())?;
    let driven: BTreeSet<_> = expanded.arcs.iter().map(|arc| arc.course.edge).collect();
    report.cut_off += n_open(&contracted.network, |edge| !driven.contains(&edge));

    let mut contents = assemble(&contracted.network, &expanded, built.names.into_vec())?;
    contents.profile = profile.name().to_owned();
    contents.dropped = report.dropped_counts();
    contents.places = places;
    contents.attractors = poi::attractors(map);
    report.places = contents.places.len();
    report.attractors = contents.attractors.len();
    report.nodes = contents.graph.n_nodes();
    report.arcs = contents.graph.arcs().len();
    report.roads = contents.roads.n();
    count_states(&expanded, &mut report);
    report.end_pieces = ends.n_pieces();
    Ok((contents, report))
}

/// Counts the nodes that are there only because of turns, or of where trips may only end.
fn count_states(expanded: &Expanded, report: &mut ImportReport) {
    let spots = |phases: bool| {
        let spot = |state: &State| (state.junction, phases.then_some(state.phase));
        expanded.states.iter().map(spot).collect::<BTreeSet<_>>().len()
    };
    report.nodes_restricted = expanded.states.len() - spots(true);
    report.nodes_ends = spots(true) - spots(false);
}

fn check_rows(table: &'static str, rows: usize) -> Result<(), ImportError> {
    if rows <= ROWS_MAX { Ok(()) } else { Err(ImportError::TooManyRows { table, rows }) }
}

#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a length in metres")]
fn count_junctions(network: &Network, alive: &[bool], report: &mut ImportReport) {
    report.junction_nodes = alive.iter().filter(|&&inside| inside).count();
    let inside = |edge: EdgeIndex<u32>| {
        network.edge_endpoints(edge).is_some_and(|(a, b)| alive[a.index()] && alive[b.index()])
    };
    report.junction_arcs = courses(network).filter(|course| inside(course.edge)).count();
    let meters: f64 = network
        .edge_indices()
        .filter(|&edge| inside(edge))
        .map(|edge| network[edge].segment_m.iter().sum::<f64>())
        .sum();
    report.road_m = meters.round() as u64;
    report.cut_off = n_open(network, |edge| !inside(edge));
}

/// How many stretches of a kind are open in some direction.
fn n_open(network: &Network, is_kind: impl Fn(EdgeIndex<u32>) -> bool) -> usize {
    let open: BTreeSet<_> = courses(network).map(|course| course.edge).collect();
    open.into_iter().filter(|&edge| is_kind(edge)).count()
}

/// A forbidden sequence of stretches as one of roads; `None` if it leaves the network that is kept.
fn translate(sequence: &Forbidden, contracted: &Contracted) -> Option<Forbidden> {
    let mut roads: Forbidden =
        sequence.iter().map(|&course| contracted.course(course)).collect::<Option<_>>()?;
    // Junctions inside a via way may be gone; its pieces are then one road.
    roads.dedup();
    Some(roads)
}

/// Numbers nodes for the hierarchy, and writes all tables.
fn assemble(
    network: &Network,
    expanded: &Expanded,
    names: Vec<String>,
) -> Result<Contents, ImportError> {
    let points: Vec<_> =
        expanded.states.iter().map(|state| network[state.junction].point).collect();
    let edges: Vec<(u32, u32)> = expanded.arcs.iter().map(|arc| (arc.tail, arc.head)).collect();
    let number = topology::preorder(&points, &edges)?;
    let mut node_points = points.clone();
    for (old, &new) in number.iter().enumerate() {
        node_points[new as usize] = points[old];
    }

    // Only roads with an arc that is left are kept.
    let mut open = vec![[false; 2]; network.edge_count()];
    for arc in &expanded.arcs {
        open[arc.course.edge.index()][usize::from(!arc.course.forward)] = true;
    }
    let mut roads = Roads::new(names);
    let mut road_of = vec![0; network.edge_count()];
    for (stretch, edge) in network.edge_weights().zip(network.edge_indices()) {
        if open[edge.index()] != [false; 2] {
            road_of[edge.index()] = row(roads.n());
            roads.push(stretch, open[edge.index()]);
        }
    }
    let arc_of = |arc: &StateArc| {
        let road = road_of[arc.course.edge.index()];
        let heading = if arc.course.forward { Heading::Forward } else { Heading::Backward };
        let road_ms = roads.road(road as usize).duration_ms(heading);
        Arc {
            tail: number[arc.tail as usize],
            head: number[arc.head as usize],
            time: road_ms.saturating_add(arc.turn_ms).min(ARC_MS_MAX),
            course: road * 2 + u32::from(!arc.course.forward),
            turn: arc.turn_ms,
        }
    };
    let arcs = expanded.arcs.iter().map(arc_of).collect();
    let departures: Vec<Arc> = expanded.departures.iter().map(arc_of).collect();
    let graph = Graph::new(node_points, arcs);
    let twins = expanded.twins.iter().map(|twin| Twin {
        inward: number[twin.inward as usize],
        outward: number[twin.outward as usize],
        ..*twin
    });
    let mut twins: Vec<Twin> = twins.collect();
    twins.sort_unstable();
    let departures = departure_rows(&departures);
    Ok(Contents { graph, departures, twins, roads, ..Contents::default() })
}

/// The departures in order of course.
fn departure_rows(departures: &[Arc]) -> Vec<Departure> {
    let mut rows: Vec<_> = departures.iter().map(|arc| (arc.course, arc.tail, arc.head)).collect();
    rows.sort_unstable();
    rows
}
