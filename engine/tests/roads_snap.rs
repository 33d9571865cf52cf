//! Snapping: never to a road that no trip can use, with the place and its distance.

#![expect(clippy::unwrap_used, reason = "a test")]

mod roads_common;

use roads_common::map;
use sharxi_engine::geo::LatLon;
use sharxi_engine::oracle::{Location, Oracle};

/// A street; beside it a yard without a way out to it, a one-way street into nowhere, and one out of nowhere.
const TOWN: &str = "
    A 0 0
    B 500 0
    C 1000 0
    P 100 50
    Q 200 50
    R 400 50
    S 600 -50
    way 1 ABC highway=residential name=Street
    way 2 PQ highway=service
    way 3 BR highway=residential oneway=yes
    way 4 SB highway=residential oneway=yes
";

fn at_meters(east_m: f64, north_m: f64) -> LatLon {
    LatLon::from_degrees(north_m / 111_195.08, east_m / 111_195.08).unwrap()
}

#[test]
fn islands_and_dead_ends_are_never_snapped_to() {
    let town = map(TOWN);
    let region = &town.region;
    let main = town.at("A");
    for east_m in (0..=1_000).step_by(25) {
        for north_m in [-60.0, -20.0, 0.0, 20.0, 60.0] {
            let asked = at_meters(f64::from(east_m), north_m);
            let snap = region.snap(asked, 1_000.0).unwrap();
            assert!(snap.point.distance_m(at_meters(f64::from(east_m), 0.0)) < 0.1, "{snap:?}");
            assert!((snap.distance_m - snap.point.distance_m(asked)).abs() < 0.1, "{snap:?}");
            assert_eq!(region.point(snap.location), snap.point);
            assert!(!region.time(main, snap.location).is_infinite());
            assert!(!region.time(snap.location, main).is_infinite());
        }
    }
    // A point in the yard is 50 m from the street and says so.
    let yard = region.snap(at_meters(150.0, 50.0), 1_000.0).unwrap();
    assert!((yard.distance_m - 50.0).abs() < 0.1);
    assert_eq!(region.snap(at_meters(150.0, 50.0), 49.0), None);
}

#[test]
fn partial_times_along_a_road_are_exact() {
    let town = map(TOWN);
    let snapped = |east_m: f64| town.region.snap(at_meters(east_m, 8.0), 20.0).unwrap().location;
    let whole = town.region.time(snapped(0.0), snapped(1_000.0)).get();
    for (from, to) in [(100.0, 350.0), (350.0, 100.0), (640.0, 910.0), (0.0, 1_000.0)] {
        let ms = town.region.time(snapped(from), snapped(to)).get();
        let share = (to - from).abs() / 1_000.0;
        assert!(
            (f64::from(ms) - f64::from(whole) * share).abs() <= 2.0,
            "{from} to {to}: {ms} of {whole}"
        );
    }
}

#[test]
fn either_carriageway_is_snapped_to_from_its_own_side() {
    let town = map("
        E -500 0
        A 0 0
        B 1000 0
        C 1000 15
        D 0 15
        F 1500 0
        way 1 AB highway=primary oneway=yes
        way 2 CD highway=primary oneway=yes
        way 3 BC highway=primary oneway=yes
        way 4 DA highway=primary oneway=yes
        way 5 EA highway=primary
        way 6 BF highway=primary
    ");
    // A vehicle comes by eastbound on the southern one, westbound on the northern one.
    for (north_m, on_m) in [(-10.0, 0.0), (5.0, 0.0), (9.0, 15.0), (30.0, 15.0)] {
        let snap = town.region.snap(at_meters(400.0, north_m), 100.0).unwrap();
        assert!((snap.point.distance_m(at_meters(400.0, on_m))) < 0.1, "{north_m}: {snap:?}");
        let path = town.region.path(town.at("E"), snap.location).unwrap();
        let expected_m = if on_m < 1.0 { 900.0 } else { 500.0 + 1_000.0 + 15.0 + 600.0 };
        assert!((path.distance.as_meters_f64() - expected_m).abs() < 1.0, "{path:?}");
        assert!(matches!(snap.location, Location::Along { .. }));
    }
}
