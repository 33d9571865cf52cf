//! Queries without labels give the same answers as with them.

use super::*;
use crate::graph::roads::Heading;
use crate::import::{Profile, import_pbf};
use crate::oracle::{Location, Oracle};

const ISLAND_PBF: &[u8] = include_bytes!("../../../data/regions/isle-of-man.osm.pbf");

#[test]
fn answers_are_the_same_without_labels() {
    let (with, _) = import_pbf(ISLAND_PBF, &Profile::default(), &|_, _| {}).unwrap();
    let without = Region::with_label_limit(Contents::clone(&with.contents), 0).unwrap();
    assert!(with.has_labels() && !without.has_labels());
    let n = with.n_nodes() as u64;
    let mut state = 7_u64;
    let mut node = || {
        state =
            state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        Location::Node(NodeId::new(u32::try_from((state >> 33) % n).unwrap()))
    };
    for _ in 0..2_000 {
        let (from, to) = (node(), node());
        assert_eq!(with.time(from, to), without.time(from, to));
        assert_eq!(with.path(from, to), without.path(from, to));
    }
}

#[test]
fn labels_are_kept_up_to_their_limit() {
    let (region, _) = import_pbf(ISLAND_PBF, &Profile::default(), &|_, _| {}).unwrap();
    let bytes = region.hierarchy.label_bytes_needed();
    for (limit, kept) in [(bytes - 1, false), (bytes, true), (bytes + 1, true)] {
        let again = Region::with_label_limit(Contents::clone(&region.contents), limit).unwrap();
        assert_eq!(again.has_labels(), kept, "{limit}");
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
        u32::try_from(sum).unwrap()
    };
    let graph = region.graph.with_times(|course| Some(by_hand(course)));
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
            let to = Location::Node(NodeId::new(u32::try_from(to).unwrap()));
            assert_eq!(changed.time(Location::Node(from), to), oracle::millis(ms));
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
