//! Travel times on the island: labels beside petgraph's Dijkstra on the very same graph, in the same run.

#![allow(
    missing_docs,
    clippy::unwrap_used,
    clippy::expect_used,
    reason = "criterion's macros; a benchmark"
)]
#![allow(clippy::allow_attributes, reason = "a benchmark")]

use std::hint::black_box;

use criterion::{Criterion, criterion_group, criterion_main};
use petgraph::algo::dijkstra;
use petgraph::graph::{DiGraph, NodeIndex};
use sharxi_benches::{Picks, island};
use sharxi_engine::ids::NodeId;
use sharxi_engine::oracle::{Location, Oracle};
use sharxi_engine::region::Region;
use sharxi_engine::units::Millis;

fn routing(criterion: &mut Criterion) {
    let region = island();
    let mut peer: DiGraph<(), u32, u32> = DiGraph::with_capacity(region.n_nodes(), region.n_arcs());
    for _ in 0..region.n_nodes() {
        peer.add_node(());
    }
    for arc in region.arcs() {
        let index = |node: NodeId| NodeIndex::new(node.idx());
        peer.add_edge(index(arc.tail), index(arc.head), arc.time.get());
    }
    let mut picks = Picks::new(3, &region);
    let pairs: Vec<(NodeId, NodeId)> = (0..4096).map(|_| (picks.node(), picks.node())).collect();
    let along: Vec<(Location, Location)> =
        (0..4096).map(|_| (picks.location(), picks.location())).collect();
    let targets: Vec<Location> = (0..1000).map(|_| picks.location()).collect();
    let nodes: Vec<Location> = (0..1000).map(|_| Location::Node(picks.node())).collect();
    let local = local_pairs(&region, &mut picks);
    let mut next = 0;
    let mut turn = || {
        next = (next + 1) % pairs.len();
        next
    };

    let mut group = criterion.benchmark_group("one_to_one");
    group.bench_function("labels, node to node", |bencher| {
        bencher.iter(|| {
            let (from, to) = pairs[turn()];
            black_box(region.time(Location::Node(from), Location::Node(to)))
        });
    });
    group.bench_function("labels, node to node nearby", |bencher| {
        bencher.iter(|| {
            let (from, to) = local[turn()];
            black_box(region.time(from, to))
        });
    });
    group.bench_function("labels, along roads", |bencher| {
        bencher.iter(|| {
            let (from, to) = along[turn()];
            black_box(region.time(from, to))
        });
    });
    group.bench_function("path, along roads", |bencher| {
        bencher.iter(|| {
            let (from, to) = along[turn()];
            black_box(region.path(from, to))
        });
    });
    group.sample_size(20);
    group.bench_function("petgraph dijkstra, node to node", |bencher| {
        bencher.iter(|| {
            let (from, to) = pairs[turn()];
            let goal = NodeIndex::new(to.idx());
            let times =
                dijkstra(&peer, NodeIndex::new(from.idx()), Some(goal), |edge| *edge.weight());
            black_box(times.get(&goal).copied())
        });
    });
    group.finish();

    let mut out = vec![Millis::ZERO; targets.len()];
    let mut group = criterion.benchmark_group("one_to_1000");
    group.bench_function("nodes", |bencher| {
        bencher.iter(|| {
            let (from, _) = pairs[turn()];
            region.times_from(Location::Node(from), &nodes, &mut out);
            black_box(out.last().copied())
        });
    });
    group.bench_function("along roads", |bencher| {
        bencher.iter(|| {
            let (from, _) = along[turn()];
            region.times_from(from, &targets, &mut out);
            black_box(out.last().copied())
        });
    });
    group.bench_function("a list of pairs along roads", |bencher| {
        bencher.iter(|| {
            region.times_of_pairs(&along[..out.len()], &mut out);
            black_box(out.last().copied())
        });
    });
    group.finish();

    let mut cells = vec![Millis::ZERO; targets.len() * targets.len()];
    let mut group = criterion.benchmark_group("1000_to_1000");
    group.sample_size(20);
    for (name, places) in [("nodes", &nodes), ("along roads", &targets)] {
        group.bench_function(name, |bencher| {
            bencher.iter(|| {
                region.times(places, places, &mut cells);
                black_box(cells.last().copied())
            });
        });
    }
    group.finish();
}

/// Pairs whose end is among the 1,000 nodes nearest to the start.
fn local_pairs(region: &Region, picks: &mut Picks) -> Vec<(Location, Location)> {
    let mut pairs = Vec::new();
    for _ in 0..64 {
        let from = picks.node();
        let times = region.reference_times_from(from);
        let mut near: Vec<usize> = (0..times.len()).collect();
        near.sort_by_key(|&node| times[node]);
        let near = (0..64).map(|idx| near[idx * 997 % near.len().min(1_000)]);
        let node = |node: usize| Location::Node(NodeId::new(u32::try_from(node).unwrap()));
        pairs.extend(near.map(|to| (Location::Node(from), node(to))));
    }
    pairs
}

criterion_group!(benches, routing);
criterion_main!(benches);
