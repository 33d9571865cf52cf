//! OpenStreetMap ways are kept from the map to the legs of a path, with the direction in which they run.

#![expect(clippy::unwrap_used, reason = "a test")]

mod roads_common;

use std::collections::BTreeMap;

use roads_common::{map, parse};
use sharxi_engine::geo::LatLon;
use sharxi_engine::import::{Profile, import_map};
use sharxi_engine::oracle::Oracle;
use sharxi_engine::region::Region;

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
