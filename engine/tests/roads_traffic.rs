//! Traffic on the island: every version equals a Dijkstra of this test's own on the arcs that it shows.

#![expect(clippy::unwrap_used, reason = "a test")]

mod roads_common;

use std::cmp::Reverse;
use std::collections::{BTreeMap, BinaryHeap};
use std::sync::atomic::{AtomicBool, Ordering};

use sharxi_engine::geo::LatLon;
use sharxi_engine::ids::{NodeId, RoadId};
use sharxi_engine::import::{Profile, RoadClass, import_pbf};
use sharxi_engine::oracle::{Location, Oracle};
use sharxi_engine::region::{
    Directions, Effect, LiveRegion, Region, Scope, TrafficChange, TrafficError,
};
use sharxi_engine::units::Millis;

/// Roads that all trips may pass and turns that take no time: the reference looks at arcs only.
fn profile() -> Profile {
    let text = format!("{}[turns]\nmax_s = 0\nu_turn_s = 0", roads_common::PLAIN_CAR);
    Profile::parse(&text).unwrap()
}

const ISLAND_PBF: &[u8] = include_bytes!("../../data/regions/isle-of-man.osm.pbf");

fn island() -> Region {
    import_pbf(ISLAND_PBF, &profile(), &|_, _| {}).unwrap().0
}

/// SplitMix64.
struct Random(u64);

impl Random {
    fn below(&mut self, n: usize) -> u32 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let z = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        u32::try_from((z ^ (z >> 31)) % n as u64).unwrap()
    }
}

fn at(node: u32) -> Location {
    Location::Node(NodeId::new(node))
}

/// Times from a node to all; infinite arcs cannot be driven.
fn dijkstra(region: &Region, source: u32) -> Vec<Option<u32>> {
    let mut out = vec![Vec::new(); region.n_nodes()];
    for arc in region.arcs().filter(|arc| !arc.time.is_infinite()) {
        out[arc.tail.idx()].push((arc.head.get(), arc.time.get()));
    }
    let mut done = vec![None; region.n_nodes()];
    let mut queue = BinaryHeap::from([Reverse((0, source))]);
    while let Some(Reverse((ms, node))) = queue.pop() {
        if done[node as usize].is_none() {
            done[node as usize] = Some(ms);
            queue.extend(out[node as usize].iter().map(|&(head, arc)| Reverse((ms + arc, head))));
        }
    }
    done
}

/// 2,000 pairs, and the paths of some of them.
fn check(region: &Region, random: &mut Random, context: &str) {
    for _ in 0..20 {
        let from = random.below(region.n_nodes());
        let truth = dijkstra(region, from);
        for nth in 0..100 {
            let to = random.below(region.n_nodes());
            let time = region.time(at(from), at(to));
            let expected = truth[to as usize].map_or(Millis::INFINITE, Millis::new);
            assert_eq!(time, expected, "{context}: {from} to {to}");
            if nth % 10 == 0 {
                check_path(region, at(from), at(to), context);
            }
        }
    }
}

fn check_path(region: &Region, from: Location, to: Location, context: &str) {
    let time = region.time(from, to);
    let Some(path) = region.path(from, to) else {
        return assert!(time.is_infinite(), "{context}");
    };
    assert_eq!(path.duration, time, "{context}");
    let legs = region.legs(&path).iter().map(|leg| u64::from(leg.duration.get())).sum::<u64>();
    assert_eq!(legs, u64::from(time.get()), "{context}");
    let shape = region.path_geometry(&path);
    assert!(shape.is_sorted_by_key(|(_, elapsed)| *elapsed), "{context}");
}

fn random_change(region: &Region, random: &mut Random) -> TrafficChange {
    let classes = [RoadClass::Primary, RoadClass::Residential, RoadClass::Tertiary];
    let n_roads = region.roads().len();
    let scope = match random.below(8) {
        0 => Scope::Class(classes[random.below(classes.len()) as usize]),
        1 => {
            let middle = region.node_point(NodeId::new(random.below(region.n_nodes())));
            let corner = |lat: i32, lon: i32| {
                LatLon::from_e7(middle.lat_e7() + lat, middle.lon_e7() + lon).unwrap()
            };
            let side = 200_000;
            Scope::Area(vec![corner(-side, -side), corner(-side, side), corner(side, 0)])
        }
        _ => Scope::Roads(
            (0..=random.below(100)).map(|_| RoadId::new(random.below(n_roads))).collect(),
        ),
    };
    let all = [Directions::Forward, Directions::Backward, Directions::Both];
    let effect = match random.below(5) {
        0 => Effect::Closed,
        1 => Effect::Time(Millis::new(1 + random.below(100_000))),
        2 => Effect::AsImported,
        _ => Effect::TimePercent(20 + random.below(600)),
    };
    TrafficChange { scope, directions: all[random.below(3) as usize], effect }
}

/// Every step is an open arc of the region, with its time.
fn check_steps(region: &Region, from: Location, to: Location, context: &str) {
    let Some(path) = region.path(from, to) else { return };
    let mut arcs = BTreeMap::new();
    for arc in region.arcs() {
        let least = arcs.entry((arc.tail, arc.head)).or_insert(arc.time);
        *least = arc.time.min(*least);
    }
    for pair in path.waypoints.windows(2) {
        let time = arcs[&(pair[0].node, pair[1].node)];
        assert!(!time.is_infinite(), "{context}");
        assert_eq!(pair[0].elapsed.get() + time.get(), pair[1].elapsed.get(), "{context}");
    }
}

/// Versions in place and by copying, with somebody who now and then holds on to one.
#[test]
fn after_each_of_twenty_changes_times_equal_dijkstra() {
    let mut random = Random(17);
    let first = island();
    let mut region = island();
    let live = LiveRegion::new(island());
    let mut held = Vec::new();
    for round in 1..=20 {
        let change = random_change(&region, &mut random);
        let context = format!("round {round}");
        region = region.with_traffic(std::slice::from_ref(&change)).unwrap();
        assert_eq!(live.apply(&[change]).unwrap(), round);
        let current = live.current();
        check(&current, &mut random, &context);
        assert_eq!((region.version(), current.version()), (round, round));
        assert!(region.arcs().eq(current.arcs()), "{context}");
        for _ in 0..500 {
            let [from, to] =
                [random.below(region.n_nodes()), random.below(region.n_nodes())].map(at);
            assert_eq!(region.time(from, to), current.time(from, to), "{context}");
            assert_eq!(region.path(from, to), current.path(from, to), "{context}");
        }
        for _ in 0..3 {
            let [from, to] =
                [random.below(region.n_nodes()), random.below(region.n_nodes())].map(at);
            check_steps(&current, from, to, &context);
        }
        if random.below(3) == 0 {
            let time = current.time(at(11), at(3_000));
            held.push((current, time));
        }
        assert_eq!(region.fingerprint(), first.fingerprint(), "a journal belongs to the map");
    }
    assert!(held.len() > 2);
    let is_as_it_was = held.iter().all(|(old, time)| old.time(at(11), at(3_000)) == *time);
    assert!(is_as_it_was, "versions do not change under one's feet");
    assert_eq!(region.encode(), first.encode(), "the file is the map as imported");
    // All of it taken back at once.
    let back = TrafficChange {
        scope: Scope::All,
        directions: Directions::Both,
        effect: Effect::AsImported,
    };
    region = region.with_traffic(&[back]).unwrap();
    assert!(region.arcs().eq(first.arcs()));
    for _ in 0..2_000 {
        let [from, to] = [random.below(region.n_nodes()), random.below(region.n_nodes())].map(at);
        assert_eq!(region.path(from, to), first.path(from, to));
    }
}

#[test]
fn places_along_slower_roads_take_their_share_and_matrices_agree() {
    let region = island();
    let slower = TrafficChange {
        scope: Scope::All,
        directions: Directions::Both,
        effect: Effect::TimePercent(300),
    };
    let slow = region.with_traffic(&[slower]).unwrap();
    let mut random = Random(3);
    let n_roads = region.roads().len();
    let mut place = || Location::Along {
        road: RoadId::new(random.below(n_roads)),
        along_mm: random.below(200_000),
    };
    let (from, to): (Vec<_>, Vec<_>) = (0..60).map(|_| (place(), place())).unzip();
    let mut cells = vec![Millis::ZERO; from.len() * to.len()];
    slow.times(&from, &to, &mut cells);
    for (idx, &cell) in cells.iter().enumerate() {
        let (from, to) = (from[idx / to.len()], to[idx % to.len()]);
        assert_eq!(cell, slow.time(from, to));
        check_path(&slow, from, to, "three times as slow");
        // Up to what is rounded at the two ends.
        let before = region.time(from, to).get();
        assert!(cell.get().abs_diff(3 * before) <= 8, "{cell:?} {before}");
    }
}

#[test]
fn a_closed_road_can_be_left_but_not_entered() {
    let region = island();
    let two_way = |road: &&sharxi_engine::region::RoadView<'_>| road.forward && road.backward;
    let roads: Vec<_> = region.roads().collect();
    let road = roads.iter().filter(two_way).nth(500).unwrap().id;
    let closed = TrafficChange {
        scope: Scope::Roads(vec![road]),
        directions: Directions::Both,
        effect: Effect::Closed,
    };
    let region = region.with_traffic(&[closed]).unwrap();
    let inside = Location::Along { road, along_mm: 1_000 };
    let beside = Location::Along { road, along_mm: 2_000 };
    assert!(region.time(at(0), inside).is_infinite());
    assert!(region.path(at(0), inside).is_none());
    assert!(region.time(inside, beside).is_infinite());
    assert_eq!(region.time(inside, inside), Millis::ZERO);
    assert!(!region.time(inside, at(0)).is_infinite());
    check_path(&region, inside, at(0), "leaving a closed road");
}

#[test]
fn changes_that_make_no_sense_are_refused_and_change_nothing() {
    let region = LiveRegion::new(island());
    let n_roads = region.current().roads().len();
    let road = u32::try_from(n_roads).unwrap();
    let refused = |scope, effect, error| {
        let change = TrafficChange { scope, directions: Directions::Both, effect };
        assert_eq!(region.apply(&[change]), Err(error));
        assert_eq!(region.current().version(), 0);
    };
    let unknown = TrafficError::UnknownRoad { road, n_roads };
    refused(Scope::Roads(vec![RoadId::new(road)]), Effect::Closed, unknown);
    let corners = vec![LatLon::default(); 2];
    refused(Scope::Area(corners), Effect::Closed, TrafficError::Area { corners: 2 });
    for percent in [0, 100_001] {
        refused(Scope::All, Effect::TimePercent(percent), TrafficError::Percent { percent });
    }
    for ms in [0, (1 << 29) + 1] {
        refused(Scope::All, Effect::Time(Millis::new(ms)), TrafficError::Time { ms });
    }
}

#[test]
fn versions_are_swapped_while_queries_run_and_never_mixed() {
    let live = LiveRegion::new(island());
    let done = AtomicBool::new(false);
    let (from, to) = (at(11), at(3_000));
    let usual = live.current().time(from, to).get();
    std::thread::scope(|scope| {
        scope.spawn(|| {
            for percent in [200, 300, 400, 100] {
                let change = TrafficChange {
                    scope: Scope::All,
                    directions: Directions::Both,
                    effect: Effect::TimePercent(percent),
                };
                live.apply(&[change]).unwrap();
            }
            done.store(true, Ordering::Release);
        });
        let mut last = 0;
        while !done.load(Ordering::Acquire) {
            let region = live.current();
            assert!(last <= region.version());
            last = region.version();
            let factor = [1, 2, 3, 4, 1][usize::try_from(last).unwrap()];
            assert_eq!(region.time(from, to).get(), usual * factor);
        }
    });
    assert_eq!(live.current().version(), 4);
}

/// What the hour says lies below what is told, goes when the next hour comes, and shows again where traffic is taken back.
#[test]
fn hours_lie_below_what_is_told() {
    let island = island();
    let change = |scope, effect| TrafficChange { scope, directions: Directions::Both, effect };
    let hour = [
        change(Scope::All, Effect::SpeedPercent(80)),
        change(Scope::Class(RoadClass::Primary), Effect::SpeedPercent(50)),
    ];
    let next = [change(Scope::Class(RoadClass::Secondary), Effect::SpeedPercent(70))];
    let told = [
        change(Scope::Class(RoadClass::Secondary), Effect::SpeedPercent(25)),
        change(Scope::Class(RoadClass::Residential), Effect::Closed),
    ];
    let back = [change(Scope::All, Effect::AsImported)];
    let times = |region: &Region| region.arcs().map(|arc| arc.time).collect::<Vec<_>>();
    let with =
        |changes: &[&[TrafficChange]]| times(&island.with_traffic(&changes.concat()).unwrap());
    let same = |region: &Region, changes: &[&[TrafficChange]], context: &str| {
        assert!(times(region) == with(changes), "{context}");
    };

    let first = island.with_hours(&hour).unwrap();
    same(&first, &[&hour], "an hour alone");
    check(&first, &mut Random(5), "an hour alone");
    let both = first.with_traffic(&told).unwrap();
    same(&both, &[&hour, &told], "told above an hour");
    let later = both.with_hours(&next).unwrap();
    same(&later, &[&next, &told], "the next hour below what was told");
    check(&later, &mut Random(6), "the next hour");
    same(&later.with_traffic(&back).unwrap(), &[&next], "taken back");
    same(&later.with_hours(&[]).unwrap(), &[&told], "an hour that says nothing");
    let after = island.with_traffic(&told).unwrap().with_hours(&hour).unwrap();
    same(&after, &[&hour, &told], "an hour below what was told before");
    assert_eq!(after.version(), 2);

    // The two buffers keep the layers as well.
    let live = LiveRegion::new(first);
    for nth in 0..4_u32 {
        let one = change(Scope::Roads(vec![RoadId::new(nth)]), Effect::TimePercent(300));
        live.apply(&[one]).unwrap();
    }
    live.apply(&back).unwrap();
    same(&live.current(), &[&hour], "taken back from the buffers");
}

#[test]
fn a_version_comes_back_from_what_differs_in_it() {
    let island = island();
    let on = |class, directions, effect| TrafficChange {
        scope: Scope::Class(class),
        directions,
        effect,
    };
    let told = [
        on(RoadClass::Residential, Directions::Both, Effect::SpeedPercent(60)),
        on(RoadClass::Tertiary, Directions::Forward, Effect::Closed),
    ];
    let hour = [
        on(RoadClass::Primary, Directions::Both, Effect::SpeedPercent(70)),
        on(RoadClass::Residential, Directions::Forward, Effect::SpeedPercent(50)),
    ];
    let both = island.with_traffic(&told).unwrap().with_hours(&hour).unwrap();
    let mut random = Random(8);
    for version in [both, island.with_traffic(&told).unwrap(), island.with_hours(&hour).unwrap()] {
        let pieces = version.changed_pieces();
        let back = island.with_pieces(version.version(), &pieces).unwrap();
        assert!(!pieces.is_empty() && back.changed_pieces() == pieces);
        assert_eq!(back.version(), version.version());
        let same = |a: &Region, b: &Region, random: &mut Random| {
            assert!(a.arcs().eq(b.arcs()));
            assert_eq!(a.changed_ways(), b.changed_ways());
            for _ in 0..300 {
                let n = a.n_nodes();
                let (from, to) = (at(random.below(n)), at(random.below(n)));
                assert_eq!(a.path(from, to), b.path(from, to), "{from:?} to {to:?}");
            }
        };
        same(&back, &version, &mut random);
        // And it goes on like the other.
        let again = [on(RoadClass::Residential, Directions::Both, Effect::AsImported)];
        let (back, version) =
            (back.with_traffic(&again).unwrap(), version.with_traffic(&again).unwrap());
        same(&back, &version, &mut random);
        same(&back.with_hours(&[]).unwrap(), &version.with_hours(&[]).unwrap(), &mut random);
    }
    let mut wrong = island.with_traffic(&told).unwrap().changed_pieces();
    wrong[0].piece = u32::MAX;
    assert!(matches!(island.with_pieces(1, &wrong), Err(TrafficError::UnknownRoad { .. })));
}
