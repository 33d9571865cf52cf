//! Compares a region's travel times with a Dijkstra that shares no code with the engine.
//!
//! `verify_routing REGION GRAPH.gr [SOURCES] [TARGETS] [MAP.osm.pbf]`: reads the graph that `sharxi region export` wrote, runs
//! a plain Dijkstra on it from random nodes, and compares with queries from node to node, trips, rows of trips, and the sums of
//! unpacked paths. A trip sets off and ends at other nodes of the same junction where that is two: see `Region::start_node`.
//! With the map it also looks at every turn of these paths: none may break a turn restriction of the map. Exit 1 if anything
//! differs.

mod restrictions;

use std::cmp::Reverse;
use std::collections::BinaryHeap;
use std::fmt::Write as _;
use std::io::Write as _;
use std::process::ExitCode;

use anyhow::{Context, Result};
use sharxi_engine::ids::NodeId;
use sharxi_engine::import::read_pbf;
use sharxi_engine::oracle::{Location, Oracle, Path};
use sharxi_engine::region::Region;
use sharxi_engine::units::Millis;

use restrictions::{Restrictions, Seen};

/// Arcs of the exported file by tail: (head, milliseconds).
type Exported = Vec<Vec<(usize, u64)>>;

fn main() -> Result<ExitCode> {
    let args: Vec<String> = std::env::args().skip(1).collect();
    let arg = |idx: usize| {
        args.get(idx)
            .context("usage: verify_routing REGION GRAPH.gr [SOURCES] [TARGETS] [MAP.osm.pbf]")
    };
    let bytes = std::fs::read(arg(0)?).with_context(|| format!("read {}", args[0]))?;
    let region = Region::decode(&bytes)?;
    let graph = read_graph(&std::fs::read_to_string(arg(1)?).context("read the graph")?)?;
    let n_sources: usize = args.get(2).map_or(Ok(200), |n| n.parse())?;
    let n_targets: usize = args.get(3).map_or(Ok(100), |n| n.parse())?;

    let restrictions = match args.get(4) {
        Some(map) => {
            let bytes = std::fs::read(map).with_context(|| format!("read {map}"))?;
            Some(Restrictions::of(&read_pbf(&bytes, &|_, _| {})?))
        }
        None => None,
    };
    let mut seen = Seen::default();
    let mut random = 1_u64;
    let mut draw = || -> usize {
        random =
            random.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        usize::try_from(random >> 33).unwrap_or(0) % graph.len()
    };
    let (mut n_pairs, mut n_equal, mut n_paths, mut n_path_faults) = (0_usize, 0, 0_usize, 0);
    let mut n_twins = 0_usize;
    for _ in 0..n_sources {
        let source = draw();
        let truth = dijkstra(&graph, source);
        let start = region.start_node(node(source)).idx();
        let trips = if start == source { None } else { Some(dijkstra(&graph, start)) };
        let trips = trips.as_ref().unwrap_or(&truth);
        let targets: Vec<usize> = (0..n_targets).map(|_| draw()).collect();
        let locations: Vec<Location> = targets.iter().map(|&t| location(t)).collect();
        let mut row = vec![Millis::ZERO; n_targets];
        region.times_from(location(source), &locations, &mut row);
        for (idx, (&target, &cell)) in targets.iter().zip(&row).enumerate() {
            let single = region.time(location(source), locations[idx]);
            let on_graph = region.graph_time(node(source), node(target));
            let ends = || region.end_nodes(node(target)).map(NodeId::idx);
            let nearest = ends().filter_map(|end| trips[end]).min();
            n_pairs += 1;
            n_twins += usize::from(start != source || ends().count() > 1);
            n_equal += usize::from(
                is_time(on_graph, truth[target]) && is_time(single, nearest) && cell == single,
            );
            if idx % 10 == 0 {
                let path = region.path(location(source), location(target));
                let adds_up = match &path {
                    Some(path) => {
                        let end = path.waypoints.last().map(|w| w.node.idx());
                        let is_end = ends().any(|one| Some(one) == end);
                        is_end && path_adds_up(path, &graph, start, single)
                    }
                    None => single.is_infinite(),
                };
                n_paths += 1;
                n_path_faults += usize::from(!adds_up);
                if let (Some(path), Some(restrictions)) = (&path, &restrictions) {
                    let shape = region.path_geometry(path).into_iter().map(|(point, _)| point);
                    restrictions.check(shape, &mut seen);
                }
            }
        }
    }
    let mut report = format!(
        "{n_equal} of {n_pairs} pairs equal ({n_twins} at junctions of two nodes), {n_path_faults} of {n_paths} paths wrong"
    );
    if let Some(restrictions) = restrictions {
        let (n, n_roads, n_met) = (restrictions.n(), seen.met.len(), seen.n_met);
        let _ = write!(report, ", {n} restrictions of which {n_roads} were met {n_met} times");
        let _ = write!(report, ", broken: {:?}", seen.broken);
    }
    writeln!(std::io::stdout(), "{report}")?;
    let is_right = n_equal == n_pairs && n_path_faults == 0 && seen.broken.is_empty();
    Ok(if is_right { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

fn node(idx: usize) -> NodeId {
    NodeId::new(u32::try_from(idx).unwrap_or(u32::MAX))
}

fn location(idx: usize) -> Location {
    Location::Node(node(idx))
}

/// Whether a time is the one that was found, or there is none.
fn is_time(time: Millis, found: Option<u64>) -> bool {
    (!time.is_infinite()).then(|| u64::from(time.get())) == found
}

fn read_graph(text: &str) -> Result<Exported> {
    let mut graph: Exported = Vec::new();
    for line in text.lines() {
        let fields: Vec<&str> = line.split(' ').collect();
        match fields.as_slice() {
            ["p", "sp", nodes, _] => graph = vec![Vec::new(); nodes.parse()?],
            ["a", tail, head, ms] => {
                let (tail, head): (usize, usize) = (tail.parse()?, head.parse()?);
                graph
                    .get_mut(tail - 1)
                    .context("a tail out of range")?
                    .push((head - 1, ms.parse()?));
            }
            _ => {}
        }
    }
    Ok(graph)
}

fn dijkstra(graph: &Exported, source: usize) -> Vec<Option<u64>> {
    let mut done: Vec<Option<u64>> = vec![None; graph.len()];
    let mut queue = BinaryHeap::from([Reverse((0, source))]);
    while let Some(Reverse((ms, node))) = queue.pop() {
        if done[node].is_none() {
            done[node] = Some(ms);
            queue.extend(graph[node].iter().map(|&(head, arc)| Reverse((ms + arc, head))));
        }
    }
    done
}

/// Whether the path uses arcs of the exported graph from a node on and takes as long as the query said, at every node.
fn path_adds_up(path: &Path, graph: &Exported, from: usize, time: Millis) -> bool {
    let steps = path.waypoints.windows(2).all(|pair| {
        let step = u64::from(pair[1].elapsed.get() - pair[0].elapsed.get());
        graph[pair[0].node.idx()].contains(&(pair[1].node.idx(), step))
    });
    let starts = path.waypoints.first().map(|w| w.node.idx()) == Some(from);
    steps
        && starts
        && path.duration == time
        && path.waypoints.last().map(|w| w.elapsed) == Some(time)
}
