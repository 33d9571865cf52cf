//! The rules of the road on maps small enough to see: turns, one-way streets, barriers, lengths, speeds, ferries.

mod roads_common;

use roads_common::{TextMap, map, map_for, parse};
use sharxi_engine::import::{ImportError, Profile, RestrictionRefusal, WayRefusal, import_map};
use sharxi_engine::oracle::Oracle;

/// ```text
/// A --1-- B --2-- C      A to D is shortest over B; the other way is over C and E.
///          \      |
///           3     4
///            \    E
///             `-- D
/// ```
const CROSSING: &str = "
    A -1000 0
    B 0 0
    C 1000 0
    E 1000 -1000
    D 1000 -3000
    way 1 AB highway=residential
    way 2 BC highway=residential
    way 3 BD highway=residential
    way 4 CED highway=residential";

fn crossing(relation: &str) -> TextMap {
    map(&format!("{CROSSING}\n{relation}"))
}

#[test]
fn a_turn_is_free_unless_it_is_forbidden() {
    assert_eq!(crossing("").way("A", "D"), "ABD");
    let forbidden = crossing("rel no_right_turn 1 B 3");
    assert_eq!(forbidden.way("A", "D"), "ABCED");
    // Only that turn: others at the same junction and the way back stay open.
    assert_eq!(forbidden.way("D", "A"), "DBA");
    assert_eq!(forbidden.way("C", "D"), "CED");
    assert_eq!(forbidden.way("A", "C"), "ABC");
    assert_eq!((forbidden.report.restrictions_used, forbidden.report.nodes_restricted), (1, 1));
}

#[test]
fn who_stops_behind_the_junction_may_turn_round() {
    let forbidden = crossing("rel no_right_turn 1 B 3");
    let from_stop = forbidden.seconds("AB", "D");
    assert!(from_stop > forbidden.seconds("B", "D"));
    assert_eq!(forbidden.way("BC", "D"), "CED");
}

#[test]
fn only_forbids_all_other_turns() {
    assert_eq!(crossing("rel only_straight_on 1 B 2").way("A", "D"), "ABCED");
    assert_eq!(crossing("rel only_right_turn 1 B 3").way("A", "C"), "ABDEC");
}

#[test]
fn restrictions_for_others_do_not_bind() {
    let free = |relation: &str| {
        let map = crossing(relation);
        assert_eq!(map.way("A", "D"), "ABD", "{relation}");
        map.report.restrictions_refused
    };
    let refused = free("rel no_right_turn 1 B 3 except=bus;motorcar");
    assert_eq!(refused[&RestrictionRefusal::OtherTraffic], 1);
    let refused = free("rel - 1 B 3 restriction:hgv=no_right_turn");
    assert_eq!(refused[&RestrictionRefusal::OtherTraffic], 1);
    let refused = free("rel - 1 B 3 restriction:conditional=no_right_turn@(Sa,Su)");
    assert_eq!(refused[&RestrictionRefusal::Conditional], 1);
    let refused = free("rel no_way_jose 1 B 3");
    assert_eq!(refused[&RestrictionRefusal::UnknownKind], 1);
    let refused = free("rel no_right_turn 1 E 3");
    assert_eq!(refused[&RestrictionRefusal::Broken], 1);
    let refused = free("rel no_right_turn 1 B 77");
    assert_eq!(refused[&RestrictionRefusal::Broken], 1);
    let refused = free("rel no_right_turn 1 B+C 3");
    assert_eq!(refused[&RestrictionRefusal::Members], 1);
}

#[test]
fn the_restriction_for_cars_goes_before_the_general_one() {
    let map = crossing("rel no_left_turn 1 B 2 restriction:motorcar=no_right_turn");
    // The tag says which kind; the members say where. Both kinds forbid the same members.
    assert_eq!(map.report.restrictions_used, 1);
    let map = crossing("rel only_right_turn 1 B 3 restriction:motorcar=no_right_turn");
    assert_eq!(map.way("A", "D"), "ABCED");
}

#[test]
fn a_restriction_over_a_way_binds_only_who_came_from_the_first() {
    // Left into B-C and left again is forbidden: no turning round over the short link.
    let text = "
        A -2000 0
        B 0 0
        X 3000 0
        C 0 300
        D -2000 300
        Y 3000 900
        way 1 AB highway=residential
        way 2 BX highway=residential
        way 3 BC highway=residential
        way 4 CD highway=residential
        way 5 CY highway=residential
        way 6 XY highway=residential
        rel no_u_turn 1 3 4";
    let map = map(text);
    assert_eq!(map.report.restrictions_used, 1);
    assert_ne!(map.way("A", "D"), "ABCD");
    assert_eq!(map.way("X", "D"), "XBCD");
    assert_eq!(map.way("A", "Y"), "ABCY");
    assert!(map.seconds("A", "D") > map.seconds("D", "A"));
}

#[test]
fn one_way_streets() {
    let ring = |tags: &str| {
        map(&format!(
            "A 0 0
             B 100 0
             C 100 500
             D 0 500
             way 1 AB highway=residential {tags}
             way 2 BCDA highway=residential"
        ))
    };
    for open in ["", "oneway=no", "oneway=0"] {
        assert_eq!(ring(open).way("B", "A"), "BA", "{open}");
        assert_eq!(ring(open).way("A", "B"), "AB", "{open}");
    }
    for along in [
        "oneway=yes",
        "oneway=1",
        "oneway=true",
        "junction=roundabout",
        "junction=circular",
        "motor_vehicle:backward=no",
    ] {
        assert_eq!(ring(along).way("A", "B"), "AB", "{along}");
        assert_eq!(ring(along).way("B", "A"), "BCDA", "{along}");
    }
    for against in ["oneway=-1", "oneway=reverse"] {
        assert_eq!(ring(against).way("B", "A"), "BA", "{against}");
        assert_eq!(ring(against).way("A", "B"), "ADCB", "{against}");
    }
    assert_eq!(ring("oneway=reversible").way("A", "B"), "ADCB");
    assert_eq!(ring("oneway=yes oneway:motorcar=no").way("B", "A"), "BA");
    assert_eq!(ring("junction=roundabout oneway=no").way("B", "A"), "BA");
}

#[test]
fn the_more_specific_access_tag_wins() {
    let through = |tags: &str| {
        let map = map(&format!(
            "A 0 0
             B 100 0
             C 50 500
             D -100 0
             E 200 0
             way 1 AB highway=residential {tags}
             way 2 ACB highway=residential
             way 3 DA highway=residential
             way 4 BE highway=residential"
        ));
        map.way("D", "E") == "DABE"
    };
    for open in [
        "access=no motor_vehicle=yes",
        "vehicle=no motorcar=designated",
        "motor_vehicle=destination;yes",
        "motor_vehicle=yes;no",
    ] {
        assert!(through(open), "{open}");
    }
    for closed in [
        "access=no",
        "access=private",
        "motor_vehicle=agricultural;forestry",
        "motor_vehicle=delivery",
        "motor_vehicle=destination",
        "maxheight=1.9",
        "maxweight=1.5",
        "access=yes motorcar=no",
        "area=yes",
        "service=driveway",
        "smoothness=impassable",
    ] {
        assert!(!through(closed), "{closed}");
    }
}

#[test]
fn barriers_block_or_slow_down() {
    let lane = |tags: &str| {
        map_for(
            "base = \"shared-taxi\"",
            &format!(
                "A 0 0
             G 500 0 {tags}
             B 1000 0
             C 500 3000
             D -100 0
             E 1100 0
             way 1 AGB highway=residential
             way 2 ACB highway=residential
             way 3 DA highway=residential
             way 4 BE highway=residential"
            ),
        )
    };
    let free = lane("").seconds("A", "B");
    let through = |tags| lane(tags).way("D", "E") == "DAGBE";
    assert!(through("barrier=bollard access=yes"));
    assert!(through("barrier=entrance"));
    assert!(!through("barrier=bollard"));
    assert!(!through("barrier=gate access=private"));
    assert!(through("barrier=gate access=private motor_vehicle=yes"));
    let gate = lane("barrier=gate").seconds("A", "B");
    assert!((gate - free - 30.0).abs() < 0.01, "{gate} {free}");
    // Both sides of a bollard can still be reached.
    assert_eq!(lane("barrier=bollard").report.barriers_blocking, 1);
    assert!(lane("barrier=bollard").seconds("AG", "GB") > free);
}

#[test]
fn the_length_tag_is_the_length() {
    let map = map("A 0 0
        B 600 0
        C 1000 0
        way 1 ABC highway=residential matsim:length_m=2000");
    let path = map.region.path(map.at("A"), map.at("C"));
    let meters = path.map_or(0.0, |path| path.distance.as_meters_f64());
    assert!((meters - 2000.0).abs() < 0.01, "{meters}");
    assert!((map.seconds("A", "B") / map.seconds("A", "C") - 0.6).abs() < 0.001);
}

#[test]
fn speeds_come_from_limits_zones_and_surface() {
    let kmh = |tags: &str| {
        let map = map_for("", &format!("A 0 0\nB 10000 0\nway 1 AB {tags}"));
        10.0 / (map.seconds("A", "B") / 3600.0)
    };
    let cases = [
        ("highway=residential", 28.0),
        ("highway=primary maxspeed=50", 45.0),
        ("highway=primary maxspeed=30mph", 43.452),
        ("highway=primary maxspeed=30fps", 68.0),
        ("highway=primary maxspeed=10knots", 16.668),
        ("highway=primary maxspeed=walk", 5.4),
        ("highway=primary maxspeed=none", 68.0),
        ("highway=motorway maxspeed=none oneway=no", 126.0),
        ("highway=primary maxspeed=DE:urban", 45.0),
        ("highway=primary maxspeed=GB:nsl_single", 86.904),
        ("highway=primary maxspeed=FR:rural", 72.0),
        ("highway=primary maxspeed=XX:rural", 81.0),
        ("highway=primary maxspeed:type=DE:zone:30", 27.0),
        ("highway=primary maxspeed=80;60", 54.0),
        ("highway=primary maxspeed=0", 68.0),
        ("highway=primary maxspeed=nonsense", 68.0),
        ("highway=primary maxspeed:forward=40 maxspeed=80", 36.0),
        ("highway=tertiary surface=gravel", 40.0),
        ("highway=tertiary surface=cobblestone:flattened", 30.0),
        ("highway=tertiary tracktype=grade5 maxspeed=100", 20.0),
        ("highway=tertiary smoothness=very_bad", 20.0),
    ];
    for (tags, expected) in cases {
        let found = kmh(tags);
        assert!((found - expected).abs() < 0.02, "{tags}: {found}, not {expected}");
    }
}

#[test]
fn ferries_take_as_long_as_they_say() {
    let crossing = |tags: &str| {
        map_for(
            "base = \"shared-taxi\"",
            &format!(
                "A 0 0\nB 100 0\nC 5100 0\nD 5200 0
             way 1 AB highway=residential
             way 2 CD highway=residential
             way 3 BC route=ferry {tags}
             way 4 BX route=ferry\nX 0 900"
            ),
        )
    };
    let seconds = crossing("duration=00:25").seconds("B", "C");
    assert!((seconds - (25.0 + 10.0) * 60.0).abs() < 0.1, "{seconds}");
    assert!((crossing("duration=PT1H5M").seconds("B", "C") - 75.0 * 60.0).abs() < 0.1);
    assert!((crossing("").seconds("B", "C") - (5.0 / 15.0 * 3600.0 + 600.0)).abs() < 1.0);
    let refused = crossing("foot=yes").report.ways_refused;
    assert_eq!(refused[&WayRefusal::Ferry], 1);
    // The one that ends nowhere is left out, or one could wait there for ever.
    assert_eq!(crossing("").report.ferries_unconnected, 1);
}

#[test]
fn names_and_legs() {
    let map = map("A 0 0\nB 1000 0\nC 2000 0\nD 2000 1000
        way 1 AB highway=residential name=Hauptstr.
        way 2 BC highway=residential name=Hauptstr.
        way 3 CD highway=residential ref=L12");
    let path = map.region.path(map.at("A"), map.at("D")).unwrap();
    let legs = map.region.legs(&path);
    let names: Vec<_> = legs.iter().map(|leg| leg.name.as_deref().unwrap_or("-")).collect();
    assert_eq!(names, ["Hauptstr.", "L12"]);
    assert_eq!(
        legs.iter().map(|leg| leg.duration).sum::<sharxi_engine::units::Millis>(),
        path.duration
    );
    assert_eq!(legs.iter().map(|leg| leg.distance.get()).sum::<u64>(), path.distance.get());
    // The whole chain is one road.
    assert_eq!((map.report.junction_nodes, map.report.nodes, map.report.roads), (4, 2, 1));
}

#[test]
fn loops_and_parallel_roads_stay_apart() {
    let map = map("A 0 0\nB 1000 0\nC 1500 400\nD 1500 -400\nE 500 300\nF -500 0
        way 1 AB highway=residential
        way 4 FA highway=residential
        way 2 BCDB highway=residential
        way 3 AEB highway=residential");
    assert_eq!(map.way("C", "D"), "CD");
    assert_eq!(map.way("A", "C"), "ABC");
    assert_eq!(map.way("A", "D"), "ABD");
    assert_eq!(map.way("C", "AE"), "CBE");
    assert_eq!((map.report.nodes, map.report.roads), (3, 4));
}

#[test]
fn a_map_without_roads_is_an_error() {
    for text in [
        "",
        "A 0 0\nB 9 9\nway 1 AB highway=footway",
        "A 0 0\nB 9 9\nway 1 AB highway=primary oneway=yes",
    ] {
        let (data, _) = parse(text);
        let result = import_map(&data, &Profile::default());
        assert!(matches!(result, Err(ImportError::NoRoads)), "{text}");
    }
}
