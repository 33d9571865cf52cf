//! The pieces of the hierarchy on graphs that are no maps: random, dense, long, unconnected.

use super::NEVER;
use super::dijkstra;
use super::hierarchy::{Changed, Hierarchy};
use super::topology::{HierarchyError, Topology, preorder};
use crate::geo::LatLon;
use crate::graph::csr::{Arc, Graph};
use crate::graph::num::{Tick, row};

/// SplitMix64.
struct Random(u64);

impl Random {
    fn below(&mut self, n: u32) -> u32 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let z = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        u32::try_from((z ^ (z >> 31)) % u64::from(n)).unwrap()
    }
}

fn ticks(n: u32) -> u32 {
    n * Tick::FINEST.ms()
}

/// A connected graph: a random tree, both ways or one, and some arcs more, loops and parallels among them.
fn random_graph(seed: u64) -> (Vec<LatLon>, Vec<Arc>) {
    let mut random = Random(seed);
    let n = 1 + random.below(60);
    let mut coordinate = || i32::try_from(random.below(100_000)).unwrap();
    let points = (0..n).map(|_| LatLon::from_e7(coordinate(), coordinate()).unwrap()).collect();
    let mut arcs = Vec::new();
    for head in 1..n {
        let tail = random.below(head);
        for (tail, head) in [(tail, head), (head, tail)] {
            if random.below(6) > 0 || arcs.is_empty() {
                arcs.push(Arc {
                    tail,
                    head,
                    time: ticks(1 + random.below(10)),
                    course: 0,
                    turn: 0,
                });
            }
        }
        arcs.push(Arc { tail, head, time: ticks(1 + random.below(10)), course: 0, turn: 0 });
    }
    for _ in 0..random.below(40) {
        let (tail, head) = (random.below(n), random.below(n));
        arcs.push(Arc { tail, head, time: ticks(1 + random.below(10)), course: 0, turn: 0 });
    }
    (0..).zip(&mut arcs).for_each(|(course, arc)| arc.course = course);
    (points, arcs)
}

fn numbered(points: &[LatLon], arcs: &[Arc]) -> Graph {
    let edges: Vec<_> = arcs.iter().map(|arc| (arc.tail, arc.head)).collect();
    let number = preorder(points, &edges).unwrap();
    let renumbered = arcs.iter().map(|arc| Arc {
        tail: number[arc.tail as usize],
        head: number[arc.head as usize],
        ..*arc
    });
    let mut moved = points.to_vec();
    points.iter().zip(&number).for_each(|(&point, &new)| moved[new as usize] = point);
    Graph::new(moved, renumbered.collect())
}

#[test]
fn times_and_paths_equal_dijkstra_with_and_without_labels() {
    // From drives of seconds to such as no labels hold, and arcs as long as can be.
    let scales = [1, 700, 6_553, 6_554, 65_534, 65_535, 65_536, 530_000];
    for seed in 0..300 {
        let (points, mut arcs) = random_graph(seed);
        let scale = scales[usize::try_from(seed).unwrap() % scales.len()];
        // A mixture of short and long arcs.
        for (idx, arc) in arcs.iter_mut().enumerate().filter(|(idx, _)| seed % 3 > 0 || idx % 3 > 0)
        {
            arc.time = arc.time * scale + ticks(row(idx));
        }
        let tick = Tick::ALL[usize::try_from(seed / 8).unwrap() % 4];
        arcs.iter_mut().for_each(|arc| arc.time = tick.whole(arc.time));
        let graph = numbered(&points, &arcs);
        for limit in [u64::MAX, 0] {
            let hierarchy = Hierarchy::new(&graph, tick, limit).unwrap();
            for from in 0..row(graph.n_nodes()) {
                let truth = dijkstra::times_from(&graph, from);
                for to in 0..row(graph.n_nodes()) {
                    let expected = truth[to as usize];
                    assert_eq!(hierarchy.time(from, to).min(NEVER), expected, "seed {seed}");
                    check_path(&graph, &hierarchy, (from, to), expected, seed);
                }
            }
        }
    }
}

#[test]
fn where_there_certainly_is_no_way_there_is_none() {
    let (mut n_none, mut n_told) = (0, 0);
    for seed in 0..300 {
        let (points, arcs) = random_graph(seed);
        let graph = numbered(&points, &arcs);
        let hierarchy = Hierarchy::new(&graph, Tick::FINEST, u64::MAX).unwrap();
        for from in 0..row(graph.n_nodes()) {
            for (to, ms) in (0..).zip(dijkstra::times_from(&graph, from)) {
                let told = hierarchy.has_no_way(from, to);
                assert!(ms == NEVER || !told, "seed {seed}, {from} to {to}");
                n_none += u32::from(ms == NEVER);
                n_told += u32::from(told);
            }
        }
    }
    assert!(n_told * 2 > n_none && n_none > 1_000, "{n_told} of {n_none}");
}

fn check_path(
    graph: &Graph,
    hierarchy: &Hierarchy,
    (from, to): (u32, u32),
    expected: u32,
    seed: u64,
) {
    let Some(path) = hierarchy.path(graph, from, to) else {
        return assert_eq!(expected, NEVER, "seed {seed}");
    };
    let (mut at, mut ms) = (from, 0);
    for arc in path {
        let arc = graph.arcs()[arc as usize];
        assert_eq!(arc.tail, at, "seed {seed}");
        (at, ms) = (arc.head, ms + arc.time);
    }
    assert_eq!((at, ms), (to, expected), "seed {seed}");
}

#[test]
fn the_common_depth_is_that_of_the_lowest_common_ancestor() {
    let mut n_known = 0;
    for seed in 0..100 {
        let (points, arcs) = random_graph(seed);
        let graph = numbered(&points, &arcs);
        let edges: Vec<_> = graph.arcs().iter().map(|arc| (arc.tail, arc.head)).collect();
        let topology = Topology::new(graph.n_nodes(), &edges).unwrap();
        let ancestors = super::ancestors::Ancestors::new(&topology);
        let line = |node: u32| {
            let up = |&node: &u32| (node > 0).then(|| topology.parent(node));
            std::iter::successors(Some(node), up).collect::<Vec<u32>>()
        };
        for a in 0..row(graph.n_nodes()) {
            for b in 0..row(graph.n_nodes()) {
                let of_b = line(b);
                let common = line(a).into_iter().find(|node| of_b.contains(node)).unwrap();
                let expected = topology.depth[common as usize];
                let known = ancestors.known_depth(a, b);
                assert_eq!(known.unwrap_or(expected), expected, "seed {seed}: {a} {b}");
                assert_eq!(topology.common_depth(a, b), expected, "seed {seed}: {a} {b}");
                n_known += u32::from(known.is_some());
            }
        }
    }
    assert!(n_known > 1_000, "{n_known}");
}

#[test]
fn separators_stay_small_on_a_grid() {
    let side = 40;
    let id = |x: u32, y: u32| y * side + x;
    let mut points = Vec::new();
    let mut edges = Vec::new();
    for y in 0..side {
        for x in 0..side {
            let e7 = |n: u32| i32::try_from(n * 1000).unwrap();
            points.push(LatLon::from_e7(e7(y), e7(x)).unwrap());
            edges.extend((x + 1 < side).then(|| (id(x, y), id(x + 1, y))));
            edges.extend((y + 1 < side).then(|| (id(x, y), id(x, y + 1))));
        }
    }
    let number = preorder(&points, &edges).unwrap();
    let renumbered: Vec<_> =
        edges.iter().map(|&(a, b)| (number[a as usize], number[b as usize])).collect();
    let topology = Topology::new(points.len(), &renumbered).unwrap();
    assert!(topology.is_preorder());
    // A perfect order has a depth of about 3 sides; this one may be somewhat worse.
    let depth = topology.depth.iter().max().copied().unwrap();
    assert!(depth < 5 * side, "{depth}");
}

#[test]
fn graphs_that_are_no_road_networks_are_refused_in_time() {
    // Two parts.
    let points = vec![LatLon::default(); 4];
    assert_eq!(preorder(&points, &[(0, 1), (2, 3)]), Err(HierarchyError::NotConnected { node: 2 }));
    // A clique and a long tail, so that the bound on all shortcuts is not what is hit.
    let with_tail = |n: u32| -> Vec<(u32, u32)> {
        let clique = (0..n).flat_map(|a| (0..a).map(move |b| (a, b)));
        clique.chain((n..12_000).map(|node| (node, node - 1))).collect()
    };
    assert!(Topology::new(12_000, &with_tail(2_001)).is_ok());
    let refused = Topology::new(12_000, &with_tail(2_002));
    assert!(matches!(refused, Err(HierarchyError::TooDense { .. })));
}

#[test]
fn a_hierarchy_brought_up_to_date_is_the_one_made_anew() {
    for seed in 0..300 {
        let (points, arcs) = random_graph(seed);
        let graph = numbered(&points, &arcs);
        let mut random = Random(seed + 1_000);
        let made = |graph: &Graph| Hierarchy::new(graph, Tick::FINEST, u64::MAX).unwrap();
        let mut hierarchy = made(&graph);
        let mut graph_now = graph.clone();
        for round in 0..4 {
            let n_arcs = row(graph.arcs().len());
            let courses: Vec<u32> = (0..random.below(5)).map(|_| random.below(n_arcs)).collect();
            let ms = if random.below(3) == 0 { NEVER } else { ticks(1 + random.below(30)) };
            let mut changed = graph.clone();
            for arc in 0..n_arcs as usize {
                if courses.contains(&graph.arcs()[arc].course) {
                    changed.set_time(arc, ms);
                }
            }
            let arcs: Vec<u32> = (0..n_arcs)
                .filter(|&arc| graph_now.arcs()[arc as usize] != changed.arcs()[arc as usize])
                .collect();
            let mut updated = hierarchy.clone();
            let what = updated.update(&changed, &arcs);
            let mut behind = hierarchy.clone();
            behind.catch_up(&updated, &what);
            assert!(behind.weights == updated.weights, "seed {seed}, round {round}");
            assert!(behind.labels == updated.labels, "seed {seed}, round {round}");
            let anew = made(&changed);
            assert!(updated.weights == anew.weights, "seed {seed}, round {round}");
            assert!(updated.labels == anew.labels, "seed {seed}, round {round}");
            for from in 0..row(graph.n_nodes()) {
                let truth = dijkstra::times_from(&changed, from);
                for to in 0..row(graph.n_nodes()) {
                    let expected = truth[to as usize];
                    assert_eq!(updated.time(from, to).min(NEVER), expected, "seed {seed}");
                    check_path(&changed, &updated, (from, to), expected, seed);
                }
            }
            match updated.update(&changed, &arcs) {
                Changed::Few { refilled, .. } => assert_eq!(refilled, [], "nothing changed"),
                Changed::All => panic!("few arcs"),
            }
            (hierarchy, graph_now) = (updated, changed);
        }
    }
}

#[test]
fn ticks_are_as_coarse_as_drives_are_long() {
    // A street with a junction every so many seconds.
    for (seconds, doublings) in [(1, 0), (30, 0), (60, 1), (120, 2), (240, 3), (480, 3)] {
        let points: Vec<LatLon> =
            (0..200).map(|n| LatLon::from_e7(0, n * 1_000).unwrap()).collect();
        let time = seconds * 1_000;
        let arcs: Vec<Arc> = (1..200)
            .flat_map(|n| [(n - 1, n), (n, n - 1)])
            .map(|(tail, head)| Arc { tail, head, time, course: 0, turn: 0 })
            .collect();
        let graph = numbered(&points, &arcs);
        let hierarchy = Hierarchy::new(&graph, Tick::FINEST, u64::MAX).unwrap();
        let tick = hierarchy.coarser_tick().unwrap_or_default();
        assert_eq!(tick.doublings(), doublings, "{seconds} s");
    }
}
