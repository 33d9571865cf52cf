//! Compares travel times after changes of traffic with a Dijkstra that shares no code with the engine.
//!
//! `verify_traffic MAP [CHANGES] [PAIRS]`: MAP is a region file or an `.osm.pbf` extract. Random changes, small and large, closures
//! and reopenings among them, are applied one upon the other, in place and to a copy. After each, random pairs
//! are compared: single queries of both versions, rows, and of every tenth pair the path, arc by arc. Exit 1 if anything differs.

use std::cmp::Reverse;
use std::collections::BinaryHeap;
use std::io::Write as _;
use std::path::Path;
use std::process::ExitCode;

use anyhow::{Context, Result};
use sharxi_benches::{Picks, load};
use sharxi_engine::geo::LatLon;
use sharxi_engine::ids::{NodeId, RoadId};
use sharxi_engine::import::RoadClass;
use sharxi_engine::oracle::{Location, Oracle};
use sharxi_engine::region::{
    ArcView, Directions, Effect, LiveRegion, Region, Scope, TrafficChange,
};
use sharxi_engine::units::Millis;

/// Pairs that share a source.
const TARGETS: usize = 500;

fn main() -> Result<ExitCode> {
    let args: Vec<String> = std::env::args().skip(1).collect();
    let map = args.first().context("usage: verify_traffic MAP [CHANGES] [PAIRS]")?;
    let number = |idx: usize, default: usize| args.get(idx).map_or(Ok(default), |n| n.parse());
    let (n_changes, n_pairs) = (number(1, 20)?, number(2, 100_000)?);
    let region = load(Path::new(map))?;
    let mut copy = region.with_traffic(&[])?;
    let live = LiveRegion::new(region.with_traffic(&[])?);
    let mut picks = Picks::new(1, &region);
    let mut held = None;
    let mut n_wrong = 0;
    for nth in 1..=n_changes {
        let change = random_change(&region, &mut picks);
        copy = copy.with_traffic(std::slice::from_ref(&change))?;
        live.apply(std::slice::from_ref(&change))?;
        let current = live.current();
        let wrong = check(&current, &copy, &mut picks, n_pairs);
        let n_slow = current.arcs().zip(region.arcs()).filter(|(now, then)| now.time != then.time);
        writeln!(
            std::io::stdout(),
            "change {nth} ({:?} of {}): {} arcs differ from the map, {wrong} of {n_pairs} pairs wrong",
            change.effect,
            scope_name(&change.scope),
            n_slow.count(),
        )?;
        n_wrong += wrong;
        // Somebody who holds on to a version: the next but one has to be a copy.
        held = (nth % 4 == 0).then_some(current).or(held.filter(|_| nth % 4 != 1));
    }
    writeln!(std::io::stdout(), "{n_wrong} of {} pairs wrong", n_changes * n_pairs)?;
    Ok(if n_wrong == 0 { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

fn scope_name(scope: &Scope) -> String {
    match scope {
        Scope::All => "all roads".to_owned(),
        Scope::Class(class) => format!("class {class:?}"),
        Scope::Area(_) => "an area".to_owned(),
        Scope::Roads(roads) => format!("{} roads", roads.len()),
        Scope::Ways(ways) => format!("{} ways", ways.len()),
    }
}

fn random_change(region: &Region, picks: &mut Picks<'_>) -> TrafficChange {
    let classes = [RoadClass::Primary, RoadClass::Residential, RoadClass::Tertiary];
    let n_roads = region.roads().len();
    let road = |picks: &mut Picks<'_>| RoadId::new(picks.below(n_roads));
    let scope = match picks.below(10) {
        0 => Scope::All,
        1 => Scope::Class(classes[picks.below(classes.len()) as usize]),
        2 => {
            let middle = region.node_point(picks.node());
            let corner = |lat: i32, lon: i32| {
                LatLon::from_e7(middle.lat_e7() + lat, middle.lon_e7() + lon).unwrap_or(middle)
            };
            let side = 200_000;
            Scope::Area(vec![corner(-side, -side), corner(-side, side), corner(side, 0)])
        }
        3..6 => Scope::Roads((0..=picks.below(3)).map(|_| road(picks)).collect()),
        _ => Scope::Roads((0..picks.below(400)).map(|_| road(picks)).collect()),
    };
    let all = [Directions::Forward, Directions::Backward, Directions::Both];
    let effect = match picks.below(5) {
        // A whole map of closed roads has no times to compare.
        0 if scope != Scope::All => Effect::Closed,
        1 => Effect::Time(Millis::new(1 + picks.below(100_000))),
        2 => Effect::AsImported,
        _ => Effect::TimePercent(20 + picks.below(600)),
    };
    TrafficChange { scope, directions: all[picks.below(3) as usize], effect }
}

/// How many of so many random pairs are wrong in either version.
fn check(current: &Region, copy: &Region, picks: &mut Picks<'_>, n_pairs: usize) -> usize {
    let arcs: Vec<ArcView> = current.arcs().collect();
    let first: Vec<usize> = (0..=current.n_nodes())
        .map(|node| arcs.partition_point(|arc| arc.tail.idx() < node))
        .collect();
    let out = |node: NodeId| &arcs[first[node.idx()]..first[node.idx() + 1]];
    let mut n_wrong = 0;
    for start in (0..n_pairs).step_by(TARGETS) {
        let source = picks.node();
        let truth = dijkstra(current.n_nodes(), source, out);
        let targets: Vec<NodeId> =
            (start..n_pairs.min(start + TARGETS)).map(|_| picks.node()).collect();
        let places: Vec<Location> = targets.iter().map(|&node| Location::Node(node)).collect();
        let from = Location::Node(source);
        let mut row = vec![Millis::ZERO; places.len()];
        current.times_from(from, &places, &mut row);
        for (idx, (&to, &cell)) in places.iter().zip(&row).enumerate() {
            let time = current.time(from, to);
            let is_right = time == truth[targets[idx].idx()]
                && cell == time
                && copy.time(from, to) == time
                && (idx % 10 > 0 || path_adds_up(current, out, (source, targets[idx]), time));
            n_wrong += usize::from(!is_right);
        }
    }
    n_wrong
}

fn dijkstra<'a>(
    n_nodes: usize,
    source: NodeId,
    out: impl Fn(NodeId) -> &'a [ArcView],
) -> Vec<Millis> {
    let mut times = vec![Millis::INFINITE; n_nodes];
    let mut queue = BinaryHeap::from([Reverse((0, source))]);
    while let Some(Reverse((ms, node))) = queue.pop() {
        if times[node.idx()].is_infinite() {
            times[node.idx()] = Millis::new(ms);
            let open = out(node).iter().filter(|arc| !arc.time.is_infinite());
            queue.extend(open.map(|arc| Reverse((ms + arc.time.get(), arc.head))));
        }
    }
    times
}

/// Whether a path leads from end to end by open arcs and takes their times, at every node, and that of the query.
fn path_adds_up<'a>(
    region: &Region,
    out: impl Fn(NodeId) -> &'a [ArcView],
    (from, to): (NodeId, NodeId),
    time: Millis,
) -> bool {
    let Some(path) = region.path(Location::Node(from), Location::Node(to)) else {
        return time.is_infinite();
    };
    let steps = path.waypoints.windows(2).all(|pair| {
        let step = pair[1].elapsed.get() - pair[0].elapsed.get();
        out(pair[0].node).iter().any(|arc| arc.head == pair[1].node && arc.time.get() == step)
    });
    let [first, last] = [path.waypoints.first(), path.waypoints.last()];
    let ends = first.is_some_and(|w| w.node == from && w.elapsed == Millis::ZERO)
        && last.is_some_and(|w| w.node == to && w.elapsed == time);
    steps && ends && path.duration == time
}
