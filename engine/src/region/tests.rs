//! Queries with labels and without give the same answers, whatever the ticks.

use super::*;
use crate::graph::num::Tick;
use crate::graph::roads::Heading;
use crate::import::{Profile, import_pbf};
use crate::oracle::{Location, Oracle};

const ISLAND_PBF: &[u8] = include_bytes!("../../../data/regions/isle-of-man.osm.pbf");

fn island() -> Region {
    import_pbf(ISLAND_PBF, &Profile::default(), &|_, _| {}).unwrap().0
}

#[test]
fn answers_are_the_same_without_labels() {
    let (with, without) = (island(), island().with_label_limit(0));
    assert!(with.has_labels() && !without.has_labels());
    let bytes = [&with, &without].map(|region| region.index_bytes() / region.n_nodes());
    assert!(bytes[0] <= 400 && bytes[1] <= 80, "{bytes:?}");
    let (n, n_roads) = (with.n_nodes() as u64, with.roads().len() as u64);
    let mut state = 7_u64;
    let mut below = |n: u64| {
        state =
            state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        u32::try_from((state >> 33) % n).unwrap()
    };
    let mut places = Vec::new();
    for _ in 0..2_000 {
        places.push(Location::Node(NodeId::new(below(n))));
        let road = RoadId::new(below(n_roads));
        places.push(Location::Along { road, along_mm: below(100_000) });
    }
    for pair in places.windows(2) {
        let (from, to) = (pair[0], pair[1]);
        assert_eq!(with.time(from, to), without.time(from, to));
        assert_eq!(with.path(from, to), without.path(from, to));
    }
    // Between nodes alone, and between all kinds of places.
    let nodes: Vec<Location> = places.iter().copied().step_by(2).collect();
    for places in [&nodes[..150], &places[..150]] {
        let mut tables = [&with, &without].map(|region| {
            let mut cells = vec![Millis::ZERO; places.len() * places.len()];
            region.times(places, places, &mut cells);
            cells
        });
        assert!(tables[0] == tables[1]);
        for (cell, idx) in tables[0].iter_mut().zip(0..) {
            let (from, to) = (places[idx / places.len()], places[idx % places.len()]);
            assert_eq!(*cell, with.time(from, to));
        }
    }
}

#[test]
fn labels_are_kept_up_to_their_limit() {
    let mut region = island();
    let bytes = region.label_bytes_needed();
    for (limit, kept) in [(bytes - 1, false), (bytes, true), (bytes + 1, true), (0, false)] {
        region = region.with_label_limit(limit);
        assert_eq!(region.has_labels(), kept, "{limit}");
        let slower = TrafficChange {
            scope: Scope::All,
            directions: Directions::Both,
            effect: Effect::TimePercent(200),
        };
        assert_eq!(region.with_traffic(&[slower]).unwrap().has_labels(), kept, "{limit}");
    }
}

/// As in a region that is hours wide.
#[test]
fn coarse_ticks_are_kept_and_change_times_by_half_a_tick() {
    let fine = island();
    assert_eq!(fine.hierarchy.tick(), Tick::FINEST);
    let tick = Tick::COARSEST;
    let coarse = island().with_tick(tick).unwrap();
    for (fine, coarse) in fine.arcs().zip(coarse.arcs()) {
        let (fine, coarse) = (fine.time.get(), coarse.time.get());
        // A turn and a road, each at least a tick.
        assert!(fine.abs_diff(coarse) <= 2 * tick.ms(), "{fine} {coarse}");
        assert_eq!(coarse % tick.ms(), 0);
    }
    let again = Region::decode(&coarse.encode()).unwrap();
    assert_eq!(again.hierarchy.tick(), tick);
    assert_eq!(again.encode(), coarse.encode());
    assert_ne!(again.fingerprint(), fine.fingerprint());
    let nodes: Vec<Location> =
        (0..again.n_nodes()).step_by(97).map(|n| Location::Node(NodeId::new(row(n)))).collect();
    for (source, &from) in (0..).step_by(97).zip(&nodes) {
        let truth = again.reference_times_from(NodeId::new(source));
        for &to in &nodes {
            let Location::Node(node) = to else { continue };
            assert_eq!(again.time(from, to), truth[node.idx()]);
            let path = again.path(from, to);
            assert_eq!(path.map_or(Millis::INFINITE, |path| path.duration), again.time(from, to));
        }
    }
}

/// Ten times an hour and more: far beyond what labels hold.
#[test]
fn times_that_do_not_fit_labels_are_exact_all_the_same() {
    let slower = TrafficChange {
        scope: Scope::All,
        directions: Directions::Both,
        effect: Effect::TimePercent(2_000),
    };
    let closed = TrafficChange {
        scope: Scope::Class(RoadClass::Primary),
        directions: Directions::Forward,
        effect: Effect::Closed,
    };
    let changes = [vec![slower.clone()], vec![slower, closed]];
    for (changes, tick) in changes.iter().flat_map(|changes| Tick::ALL.map(|tick| (changes, tick)))
    {
        let region = island().with_tick(tick).unwrap().with_traffic(changes).unwrap();
        assert!(region.arcs().all(|arc| arc.time.is_infinite() || arc.time.get() % tick.ms() == 0));
        assert!(region.has_labels());
        let nodes: Vec<Location> = (0..region.n_nodes())
            .step_by(37)
            .map(|n| Location::Node(NodeId::new(row(n))))
            .collect();
        let from = &nodes[..20.min(nodes.len())];
        let mut cells = vec![Millis::ZERO; from.len() * nodes.len()];
        region.times(from, &nodes, &mut cells);
        let mut n_far = 0;
        for (source, cells) in (0..).step_by(37).zip(cells.chunks(nodes.len())) {
            let truth = region.reference_times_from(NodeId::new(source));
            for (&cell, &to) in cells.iter().zip(&nodes) {
                let Location::Node(node) = to else { continue };
                assert_eq!(cell, truth[node.idx()]);
                assert_eq!(region.time(Location::Node(NodeId::new(source)), to), cell);
                n_far += usize::from(cell > Millis::new(6_553_500) && !cell.is_infinite());
            }
        }
        assert!(n_far > 100, "{n_far}");
        let path = region.path(nodes[0], nodes[nodes.len() - 1]);
        let time = region.time(nodes[0], nodes[nodes.len() - 1]);
        assert_eq!(path.map_or(Millis::INFINITE, |path| path.duration), time);
    }
}

/// A change of ways changes the share of each road that they are: arc times made by hand, and a Dijkstra on them.
#[test]
fn a_change_of_ways_equals_arc_times_made_by_hand() {
    let (region, _) = import_pbf(ISLAND_PBF, &Profile::default(), &|_, _| {}).unwrap();
    let roads = &region.contents.roads;
    let mut state = 5_u64;
    let mut below = |n: u64| {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
        (state >> 33) % n
    };
    // Every third way of every road is slower along its direction, every fifth has another speed against it.
    let slow = |id: i64| id % 3 == 0;
    let fast = |id: i64| id % 5 == 0;
    let ids = |keep: &dyn Fn(i64) -> bool| -> Vec<i64> {
        roads.ways.iter().map(|piece| piece.id).filter(|&id| keep(id)).collect()
    };
    let change =
        |ways, directions, effect| TrafficChange { scope: Scope::Ways(ways), directions, effect };
    let changed = region
        .with_traffic(&[
            change(ids(&slow), Directions::Forward, Effect::TimePercent(250)),
            change(ids(&fast), Directions::Backward, Effect::Speed(37_000)),
        ])
        .unwrap();

    let by_hand = |course: u32| -> u32 {
        let (road, backward) = (course as usize / 2, course % 2 == 1);
        let first = roads.first_point[road] as usize;
        let last = roads.first_point[road + 1] as usize - 1;
        let whole_mm = roads.mm[last];
        let pieces = roads.ways(road);
        let mut sum = 0;
        for (nth, piece) in pieces.iter().enumerate() {
            let start = first + piece.start as usize;
            let end = pieces.get(nth + 1).map_or(last, |next| first + next.start as usize);
            let (ms, mm) = if backward {
                let ms = (roads.backward_ms[end], roads.backward_ms[start]);
                (ms, (whole_mm - roads.mm[end], whole_mm - roads.mm[start]))
            } else {
                ((roads.forward_ms[start], roads.forward_ms[end]), (roads.mm[start], roads.mm[end]))
            };
            let with_way = piece.along != backward;
            let up = |value: u32, by: u64, of: u64| (u64::from(value) * by).div_ceil(of);
            sum += if slow(piece.id) && with_way {
                up(ms.1, 250, 100) - up(ms.0, 250, 100)
            } else if fast(piece.id) && !with_way {
                (up(mm.1, 3_600, 37_000) - up(mm.0, 3_600, 37_000)).max(u64::from(ms.0 < ms.1))
            } else {
                u64::from(ms.1 - ms.0)
            };
        }
        // A whole road takes whole ticks.
        u32::try_from(((sum + 50) / 100).max(1) * 100).unwrap()
    };
    let mut graph = region.graph.clone();
    for (row, arc) in region.graph.arcs().iter().enumerate() {
        graph.set_time(row, by_hand(arc.course) + arc.turn);
    }
    assert_eq!(graph.arcs(), changed.graph.arcs());
    let n_changed =
        graph.arcs().iter().zip(region.graph.arcs()).filter(|(a, b)| a.time != b.time).count();
    assert!(n_changed * 4 > graph.arcs().len(), "{n_changed}");
    let mixed = (0..roads.n()).filter(|&road| {
        let n_slow = roads.ways(road).iter().filter(|piece| slow(piece.id)).count();
        0 < n_slow && n_slow < roads.ways(road).len()
    });
    assert!(mixed.count() > 100, "roads of which a part is slower");
    for _ in 0..20 {
        let from = NodeId::new(u32::try_from(below(region.n_nodes() as u64)).unwrap());
        let truth = dijkstra::times_from(&graph, from.get());
        for (to, &ms) in truth.iter().enumerate().step_by(7) {
            let to = NodeId::new(u32::try_from(to).unwrap());
            assert_eq!(changed.graph_time(from, to), oracle::millis(ms));
        }
    }
    // On the road, times run at the pace of each piece and end at the time of the arc.
    for road in 0..roads.n() {
        let now = changed.road_tables(road);
        for heading in [Heading::Forward, Heading::Backward] {
            let mut along: Vec<u32> =
                now.mm.iter().map(|&mm| now.elapsed_ms(heading, mm)).collect();
            if heading == Heading::Backward {
                along.reverse();
            }
            assert!(along.is_sorted() && along[0] == 0, "{road} {heading:?}");
            assert_eq!(along.last(), Some(&now.duration_ms(heading)), "{road} {heading:?}");
        }
    }
    let back = change(
        roads.ways.iter().map(|piece| piece.id).collect(),
        Directions::Both,
        Effect::AsImported,
    );
    let back = changed.with_traffic(&[back]).unwrap();
    assert_eq!(back.graph.arcs(), region.graph.arcs());
    assert_eq!((back.changed_ways(), back.version()), (Vec::new(), 2));
}
