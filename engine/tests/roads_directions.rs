//! What a driver is told, on maps as text and, as a whole, on the island.

#![expect(clippy::unwrap_used, reason = "a test")]

mod roads_common;

use expect_test::{Expect, expect};
use roads_common::{TextMap, map};
use sharxi_engine::geo::LatLon;
use sharxi_engine::ids::{NodeId, RoadId};
use sharxi_engine::import::{Profile, import_pbf};
use sharxi_engine::oracle::{Location, Oracle};
use sharxi_engine::region::{Maneuver, Side};
use sharxi_engine::units::{Millimeters, Millis};

const ISLAND_PBF: &[u8] = include_bytes!("../../data/regions/isle-of-man.osm.pbf");

const TOWN: &str = "
    A 0 0
    B 500 0
    C 500 500
    D 1000 0
    E 1400 150
    F 1400 -300
    G 1800 150
    way 1 AB highway=primary name=High
    way 2 BD highway=primary name=High
    way 3 BC highway=residential name=North
    way 4 DE highway=primary name=High
    way 5 DF highway=residential ref=B7
    way 6 EG highway=primary name=Low
";

/// Right-hand traffic: round against the clock.
const ROUNDABOUT: &str = "
    A 0 0
    W 980 0
    p 985.9 -14.1
    S 1000 -20
    q 1014.1 -14.1
    E 1020 0
    r 1014.1 14.1
    N 1000 20
    s 985.9 14.1
    X 1000 -500
    Y 2000 0
    Z 1000 500
    way 1 AW highway=primary name=West
    way 2 WpSqErNsW highway=primary junction=roundabout
    way 3 SX highway=primary name=South
    way 4 EY highway=primary name=East
    way 5 NZ highway=primary name=North
";

/// A block of one-way streets, which is no roundabout.
const BLOCK: &str = "
    A 0 0
    B 100 0
    C 200 0
    D 200 100
    E 100 100
    F 300 100
    way 1 AB highway=residential name=One
    way 2 BC highway=residential name=Two oneway=yes
    way 3 CD highway=residential name=Three oneway=yes
    way 4 DE highway=residential name=Four oneway=yes
    way 5 EB highway=residential name=Five oneway=yes
    way 6 DF highway=residential name=Six
";

fn told(town: &TextMap, from: &str, to: &str) -> String {
    let path = town.region.path(town.at(from), town.at(to)).unwrap();
    let steps = town.region.directions(&path);
    let line = |step: &sharxi_engine::region::Step| {
        let name = step.name.as_deref().unwrap_or("-");
        format!(
            "{:?} {name} {:.0} m {:.0} deg\n",
            step.maneuver,
            step.distance.as_meters_f64(),
            step.bearing_deg
        )
    };
    steps.iter().map(line).collect()
}

fn check(town: &str, from: &str, to: &str, expected: &Expect) {
    expected.assert_eq(&told(&map(town), from, to));
}

#[test]
fn turns_are_told_where_there_is_a_choice() {
    check(
        TOWN,
        "A",
        "C",
        &expect![[r#"
        Depart High 500 m 90 deg
        Turn(Left) North 500 m 0 deg
        Arrive North 0 m 0 deg
    "#]],
    );
    check(
        TOWN,
        "C",
        "D",
        &expect![[r#"
        Depart North 500 m 180 deg
        Turn(Left) High 500 m 90 deg
        Arrive High 0 m 90 deg
    "#]],
    );
    // Past a side street, a fork at which the street bends away, and a new name without a choice.
    check(
        TOWN,
        "A",
        "G",
        &expect![[r#"
        Depart High 1000 m 90 deg
        Turn(SlightLeft) High 427 m 69 deg
        Continue Low 400 m 90 deg
        Arrive Low 0 m 90 deg
    "#]],
    );
    check(
        TOWN,
        "A",
        "F",
        &expect![[r#"
        Depart High 1000 m 90 deg
        Turn(SlightRight) B7 500 m 127 deg
        Arrive B7 0 m 127 deg
    "#]],
    );
    check(
        TOWN,
        "AB",
        "A",
        &expect![[r#"
        Depart High 250 m 270 deg
        Arrive High 0 m 270 deg
    "#]],
    );
}

#[test]
fn a_roundabout_is_one_step() {
    check(
        ROUNDABOUT,
        "A",
        "X",
        &expect![[r#"
        Depart West 980 m 90 deg
        Roundabout(Some(1)) South 511 m 157 deg
        Arrive South 0 m 180 deg
    "#]],
    );
    check(
        ROUNDABOUT,
        "A",
        "Y",
        &expect![[r#"
        Depart West 980 m 90 deg
        Roundabout(Some(2)) East 1041 m 157 deg
        Arrive East 0 m 90 deg
    "#]],
    );
    check(
        ROUNDABOUT,
        "A",
        "Z",
        &expect![[r#"
        Depart West 980 m 90 deg
        Roundabout(Some(3)) North 572 m 157 deg
        Arrive North 0 m 0 deg
    "#]],
    );
    check(
        ROUNDABOUT,
        "X",
        "A",
        &expect![[r#"
        Depart South 480 m 0 deg
        Roundabout(Some(3)) West 1072 m 67 deg
        Arrive West 0 m 270 deg
    "#]],
    );
    check(
        ROUNDABOUT,
        "q",
        "Z",
        &expect![[r#"
        Depart - 46 m 23 deg
        Roundabout(Some(2)) North 480 m 0 deg
        Arrive North 0 m 0 deg
    "#]],
    );
    check(
        ROUNDABOUT,
        "A",
        "q",
        &expect![[r#"
        Depart West 980 m 90 deg
        Roundabout(None) - 46 m 157 deg
        Arrive - 0 m 67 deg
    "#]],
    );
}

#[test]
fn a_block_of_one_way_streets_is_no_roundabout() {
    check(
        BLOCK,
        "A",
        "F",
        &expect![[r#"
        Depart One 100 m 90 deg
        Continue Two 100 m 90 deg
        Continue Three 100 m 0 deg
        Turn(Right) Six 100 m 90 deg
        Arrive Six 0 m 90 deg
    "#]],
    );
}

#[test]
fn the_side_of_arrival_is_that_of_the_point() {
    let town = map(TOWN);
    let shifted =
        |north_m: f64| LatLon::from_degrees(north_m / 111_195.08, 250.0 / 111_195.08).unwrap();
    let target = town.region.snap(shifted(10.0), 50.0).unwrap();
    let east = town.region.path(town.at("A"), target.location).unwrap();
    let west = town.region.path(town.at("D"), target.location).unwrap();
    assert_eq!(town.region.arrival_side(&east, shifted(10.0)), Some(Side::Left));
    assert_eq!(town.region.arrival_side(&east, shifted(-10.0)), Some(Side::Right));
    assert_eq!(town.region.arrival_side(&west, shifted(10.0)), Some(Side::Right));
    assert_eq!(town.region.arrival_side(&east, shifted(0.5)), None);
}

#[test]
fn steps_add_up_to_the_path() {
    let (region, _) = import_pbf(ISLAND_PBF, &Profile::default(), &|_, _| {}).unwrap();
    let n_roads = u32::try_from(region.roads().len()).unwrap();
    let mut n_steps = 0;
    for nth in 0..600_u32 {
        let along = |nth: u32| Location::Along {
            road: RoadId::new(nth * 7_919 % n_roads),
            along_mm: nth * 131,
        };
        let from = if nth % 3 == 0 { Location::Node(NodeId::new(nth * 5)) } else { along(nth) };
        let path = region.path(from, along(nth + 1_000)).unwrap();
        let steps = region.directions(&path);
        n_steps += steps.len();
        assert_eq!(steps.iter().map(|step| step.distance).sum::<Millimeters>(), path.distance);
        assert_eq!(steps.iter().map(|step| step.duration).sum::<Millis>(), path.duration);
        let kinds = [steps[0].maneuver, steps[steps.len() - 1].maneuver];
        assert_eq!(kinds, [Maneuver::Depart, Maneuver::Arrive]);
        assert!(steps.iter().all(|step| (0.0..360.0).contains(&step.bearing_deg)));
        assert!(steps.iter().skip(1).all(|step| step.maneuver != Maneuver::Depart));
        // No step between is empty.
        let within = &steps[1..steps.len() - 1];
        assert!(within.iter().all(|step| step.duration > Millis::ZERO || step.distance < Millimeters::new(2_000)));
    }
    assert!((600 * 6..600 * 30).contains(&n_steps), "{n_steps} steps");
    let foreign = Location::Node(NodeId::new(u32::MAX));
    assert!(region.path(foreign, foreign).is_none());
    let here = Location::Node(NodeId::new(1));
    assert_eq!(region.directions(&region.path(here, here).unwrap()).len(), 2);
}
