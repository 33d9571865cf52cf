//! OpenStreetMap ways are kept from the map to the legs of a path, with the direction in which they run.

#![expect(clippy::unwrap_used, reason = "a test")]

mod roads_common;

use std::collections::BTreeMap;

use roads_common::{map, parse};
use sharxi_engine::geo::LatLon;
use sharxi_engine::import::{Profile, import_map};
use sharxi_engine::oracle::Oracle;
use sharxi_engine::region::{Directions, Effect, Region, Scope, TrafficChange};
use sharxi_engine::units::Millis;

/// A chain of three ways, the middle one drawn the other way round, between two triangles.
const CHAIN: &str = "
    A 0 0
    B 100 0
    C 200 0
    D 300 0
    E 400 0
    F 500 0
    P -100 100
    Q -100 -100
    R 600 100
    S 600 -100
    way 11 ABC highway=residential name=Low
    way 12 EDC highway=residential name=Low
    way 13 EF highway=residential name=High
    way 21 APQA highway=residential
    way 22 FRSF highway=residential";

#[test]
fn legs_name_the_ways_driven_in_their_order() {
    let map = map(CHAIN);
    let ways = |from: &str, to: &str| -> Vec<Vec<i64>> {
        let path = map.region.path(map.at(from), map.at(to)).unwrap();
        map.region.legs(&path).into_iter().map(|leg| leg.ways).collect()
    };
    assert_eq!(ways("A", "F"), [vec![11, 12], vec![13]]);
    assert_eq!(ways("F", "A"), [vec![13], vec![12, 11]]);
    assert_eq!(ways("AB", "BC"), [[11]]);
    assert_eq!(ways("DE", "CD"), [[12]]);
    assert_eq!(ways("CD", "B"), [[12, 11]]);
}

/// Every segment of every road lies on the way that it is said to be, in the direction that it is said to have.
#[test]
fn every_segment_lies_on_its_way() {
    let (data, _) = parse(CHAIN);
    let (region, _) = import_map(&data, &Profile::default()).unwrap();
    let again = Region::decode(&region.encode()).unwrap();
    assert!(region.roads().eq(again.roads()), "a file keeps the ways");
    let point_of: BTreeMap<i64, LatLon> = data.nodes().iter().map(|n| (n.id, n.point)).collect();
    let mut n_pieces = BTreeMap::new();
    for road in again.roads() {
        for (idx, segment) in road.geometry.windows(2).enumerate() {
            let piece = road.ways.iter().rev().find(|piece| piece.start as usize <= idx).unwrap();
            let way = data.ways().iter().find(|way| way.id == piece.id).unwrap();
            let points: Vec<LatLon> = way.refs.iter().map(|id| point_of[id]).collect();
            let (a, b) = if piece.along { (0, 1) } else { (1, 0) };
            let runs = points.windows(2).any(|pair| (pair[a], pair[b]) == (segment[0], segment[1]));
            assert!(runs, "road {:?} segment {idx}: {piece:?}", road.id);
        }
        *n_pieces.entry(road.ways.len()).or_insert(0) += 1;
    }
    assert_eq!(n_pieces, BTreeMap::from([(1, 2), (3, 1)]), "the triangles, and the chain");
}

/// The middle of a road is closed: both ends go on being served, each from its own side, and nobody passes.
#[test]
fn a_closed_way_leaves_the_rest_of_its_road_open() {
    let map = map(CHAIN);
    let closed = TrafficChange {
        scope: Scope::Ways(vec![12]),
        directions: Directions::Both,
        effect: Effect::Closed,
    };
    let region = map.region.with_traffic(&[closed]).unwrap();
    let time = |from: &str, to: &str| {
        let (from, to) = (map.at(from), map.at(to));
        let path = region.path(from, to).map(|path| path.duration);
        let time = Some(region.time(from, to)).filter(|time| !time.is_infinite());
        assert_eq!(path, time);
        let mut cell = [Millis::ZERO];
        region.times_from(from, &[to], &mut cell);
        assert_eq!(cell[0], time.unwrap_or(Millis::INFINITE));
        region.times_to(&[from], to, &mut cell);
        assert_eq!(cell[0], time.unwrap_or(Millis::INFINITE));
        time
    };
    let as_imported = |from: &str, to: &str| Some(map.region.time(map.at(from), map.at(to)));
    for (from, to) in [("A", "BC"), ("AB", "P"), ("S", "EF"), ("EF", "R"), ("BC", "AB")] {
        assert_eq!(time(from, to), as_imported(from, to), "{from} {to}");
    }
    for (from, to) in [("A", "F"), ("AB", "EF"), ("R", "B"), ("A", "D"), ("CD", "DE"), ("BC", "CD")]
    {
        assert_eq!(time(from, to), None, "{from} {to}");
    }
    // Who stands on it leaves it either way.
    for to in ["A", "F", "P", "S"] {
        assert_eq!(time("CD", to), as_imported("CD", to), "{to}");
    }
    let ways: Vec<_> =
        region.changed_ways().iter().map(|way| (way.id, way.along, way.time_percent)).collect();
    assert_eq!(ways, [(12, false, None), (12, true, None)]);
}

#[test]
fn directions_of_a_way_are_those_in_which_it_was_drawn() {
    let map = map(CHAIN);
    let (there, back) = (map.seconds("C", "E"), map.seconds("E", "C"));
    let slower = |directions| {
        let scope = Scope::Ways(vec![12, 999]);
        let change = TrafficChange { scope, directions, effect: Effect::TimePercent(300) };
        let region = map.region.with_traffic(&[change]).unwrap();
        let seconds = |from, to| region.time(map.at(from), map.at(to)).as_secs_f64();
        [seconds("C", "E") / there, seconds("E", "C") / back].map(|factor| (factor * 10.0).round())
    };
    // The way runs from E to C.
    assert_eq!(slower(Directions::Forward), [10.0, 30.0]);
    assert_eq!(slower(Directions::Backward), [30.0, 10.0]);
    assert_eq!(slower(Directions::Both), [30.0, 30.0]);
    assert!(map.region.has_way(12) && !map.region.has_way(999));
}
