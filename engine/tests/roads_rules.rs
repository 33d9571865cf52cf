//! The rules of the shared taxi on maps small enough to see: licences, lanes, sizes, delays, villages, tracks, turns.

mod roads_common;

use roads_common::{TextMap, map, map_for};
use sharxi_engine::import::RestrictionRefusal;

/// A street A-B of 100 m, and a way round over C.
fn ring(profile: &str, tags: &str) -> TextMap {
    map_for(
        profile,
        &format!(
            "A 0 0\nB 100 0\nC 50 900\nD -900 0\nE 1000 0
            way 1 AB {tags}
            way 2 ACB highway=residential
            way 3 DA highway=residential
            way 4 BE highway=residential"
        ),
    )
}

#[test]
fn a_taxi_drives_where_a_car_may_not() {
    for (tags, taxi, car) in [
        ("highway=residential motor_vehicle=no taxi=yes", true, false),
        ("highway=residential motor_vehicle=no psv=yes", true, false),
        ("highway=residential motor_vehicle=no share_taxi=designated", true, false),
        ("highway=residential access=no minibus=yes", true, false),
        ("highway=residential psv=yes taxi=no", false, true),
        ("highway=residential motor_vehicle=no bus=yes", false, false),
        ("highway=residential motor_vehicle=psv", true, false),
        ("highway=busway psv=yes", true, false),
        ("highway=busway", false, false),
        ("highway=pedestrian taxi=yes", true, false),
        ("highway=pedestrian", false, false),
    ] {
        assert_eq!(ring("", tags).way("D", "E") == "DABE", taxi, "taxi: {tags}");
        assert_eq!(ring("base = \"car\"", tags).way("D", "E") == "DABE", car, "car: {tags}");
    }
    // With a licence for buses.
    let bus = "[access]\nkeys = [\"access\", \"vehicle\", \"motor_vehicle\", \"psv\", \"bus\"]";
    assert_eq!(ring(bus, "highway=residential motor_vehicle=no bus=yes").way("D", "E"), "DABE");
}

#[test]
fn lanes_against_one_way_streets() {
    for (tags, open) in [
        ("oneway=yes", false),
        ("oneway=yes oneway:psv=no", true),
        ("oneway=yes oneway:taxi=no", true),
        ("oneway=yes oneway:bus=no", false),
        ("oneway=yes lanes:psv:backward=1", true),
        ("oneway=yes busway=opposite_lane", true),
        ("oneway=yes taxi:backward=yes", true),
        ("oneway=yes motor_vehicle:backward=no psv:backward=yes", true),
        ("oneway=no motor_vehicle:backward=no", false),
        ("oneway=no motor_vehicle:backward=no taxi:backward=yes", true),
    ] {
        let way = ring("", &format!("highway=residential {tags}")).way("E", "D");
        assert_eq!(way == "EBAD", open, "{tags}: {way}");
    }
}

#[test]
fn a_vehicle_must_fit() {
    for (tags, fits) in [
        ("maxheight=2.7", false),
        ("maxheight=9'6\"", true),
        ("maxheight=default", true),
        ("maxwidth=2", false),
        ("maxlength=5", false),
        ("maxweight=3", false),
        ("maxweight=3500kg", true),
        ("maxweight=7.5", true),
    ] {
        let tags = format!("highway=residential {tags}");
        assert_eq!(ring("", &tags).way("D", "E") == "DABE", fits, "{tags}");
        let small = "[vehicle]\nheight_m = 2\nwidth_m = 1.9\nlength_m = 4.8\nweight_t = 2";
        assert_eq!(ring(small, &tags).way("D", "E"), "DABE", "{tags}");
    }
}

#[test]
fn lights_signs_and_crossings_take_time_in_their_direction() {
    let profile = "base = \"car\"\n[delays]\ntraffic_signals = 10\nstop = 4\ngive_way = 2\ncrossing = 1\ncrossing_signals = 3\nlevel_crossing = 6\nminor_road = 0";
    let road = |tags: &str| {
        map_for(profile, &format!("A 0 0\nS 700 0 {tags}\nB 1000 0\nway 1 ASB highway=residential"))
    };
    let free = road("").seconds("A", "B");
    for (tags, there, back) in [
        ("highway=traffic_signals", 10.0, 0.0),
        ("highway=traffic_signals traffic_signals:direction=both", 10.0, 10.0),
        ("highway=traffic_signals traffic_signals:direction=backward", 0.0, 10.0),
        ("highway=stop direction=forward", 4.0, 0.0),
        ("highway=stop direction=backward", 0.0, 4.0),
        ("highway=stop", 4.0, 0.0),
        ("highway=give_way", 2.0, 0.0),
        ("highway=crossing", 1.0, 1.0),
        ("highway=crossing crossing=traffic_signals", 3.0, 3.0),
        ("railway=level_crossing", 6.0, 6.0),
    ] {
        let map = road(tags);
        let lost = [map.seconds("A", "B") - free, map.seconds("B", "A") - free];
        assert!(
            (lost[0] - there).abs() < 0.25 && (lost[1] - back).abs() < 0.25,
            "{tags}: {lost:?}"
        );
    }
}

#[test]
fn minor_roads_give_way() {
    let text = "A -500 0\nB 0 0\nC 500 0\nD 0 -500
        way 1 ABC highway=primary maxspeed=50
        way 2 DB highway=residential maxspeed=50";
    let lost = |from: &str, to: &str| {
        let seconds = |s: f64| {
            let profile = format!("base = \"car\"\n[turns]\nmax_s = 0\n[delays]\nminor_road = {s}");
            map_for(&profile, text).seconds(from, to)
        };
        seconds(5.0) - seconds(0.0)
    };
    assert!((lost("D", "BC") - 5.0).abs() < 0.25);
    assert!(lost("A", "BC").abs() < 0.25 && lost("C", "DB").abs() < 0.25);
}

#[test]
fn roads_through_villages_are_slow_where_nothing_is_posted() {
    let kmh = |tags: &str, place: &str| {
        let text = format!("A 0 0\nB 1000 0\nV 500 300 {place}\nway 1 AB highway=primary {tags}");
        1.0 / (map_for("", &text).seconds("A", "B") / 3600.0)
    };
    assert!((kmh("", "") - 68.0).abs() < 0.5);
    assert!((kmh("", "place=town") - 45.0).abs() < 0.5);
    assert!((kmh("maxspeed=70", "place=town") - 63.0).abs() < 0.5);
    assert!((kmh("", "place=town population=2") - 68.0).abs() < 0.5);
}

#[test]
fn tracks_only_where_there_is_no_other_way() {
    let text = |farm: &str| {
        format!(
            "A 0 0\nB 2000 0\nC 0 900\nD 2000 900\nF 1000 900 {farm}
            way 1 AB highway=residential
            way 2 AC highway=track tracktype=grade2
            way 3 BD highway=track
            way 4 CF highway=track
            way 5 DG highway=residential\nG 2500 900"
        )
    };
    let map = |text: &str| map_for("base = \"car\"\n[tracks]\nenabled = true", text);
    let without = map(&text(""));
    // To the street D-G, and not to where nobody lives.
    assert_eq!(without.way("A", "G"), "ABDG");
    assert_eq!(without.report.tracks_needless, 2);
    let listed = without.report.dropped.iter().filter(|one| one.reason == "track_needless");
    assert_eq!(listed.map(|one| one.id).collect::<Vec<_>>(), [2, 4]);
    let with = map(&text("place=farm name=Hof"));
    assert_eq!(with.way("B", "F"), "BACF");
    assert_eq!(with.report.tracks_needless, 0);
}

/// B-D is the short way while its condition allows it.
#[test]
fn access_under_a_condition_holds_as_the_week_does() {
    let way = |tags: &str| {
        let text = format!(
            "A 0 0\nB 500 0\nD 1000 0\nE 1500 0\nC 750 900
            way 1 AB highway=residential
            way 2 BD highway=residential {tags}
            way 3 BCD highway=residential
            way 4 DE highway=residential"
        );
        map(&text).way("A", "E")
    };
    for (tags, expected) in [
        ("access:conditional=no@(06:00-22:00)", "ABCDE"),
        ("access:conditional=no@(22:00-06:00)", "ABDE"),
        ("motor_vehicle=no motor_vehicle:conditional=yes@(05:00-23:00)", "ABDE"),
        ("motor_vehicle=no motor_vehicle:conditional=yes@(07:00-09:00)", "ABCDE"),
        ("motor_vehicle:conditional=destination@(00:00-20:00)", "ABCDE"),
        ("vehicle:conditional=no@(weight>7.5)", "ABDE"),
        ("vehicle:conditional=no@(weight>1.5)", "ABCDE"),
        ("motorcar:forward:conditional=no@(06:00-22:00)", "ABCDE"),
        ("motorcar:backward:conditional=no@(06:00-22:00)", "ABDE"),
        ("access=no access:conditional=no@(22:00-06:00) motorcar=yes", "ABDE"),
        ("access:conditional=no@(sunset-sunrise)", "ABDE"),
    ] {
        assert_eq!(way(tags), expected, "{tags}");
    }
}

/// Left into C-E takes time; without it the way over D is longer.
#[test]
fn turns_across_take_time_and_the_way_round_is_no_cheaper() {
    let text = "A -2000 0\nB 0 0\nC 2000 0\nD 0 2000
        way 1 ABC highway=primary maxspeed=50
        way 2 BD highway=primary maxspeed=50";
    let lost = |more: &str, from: &str, to: &str| {
        let profile =
            |max_s: f64| format!("base = \"car\"\n{more}\n[turns]\nmax_s = {max_s}\nmin_s = 1");
        map_for(&profile(7.5), text).seconds(from, to)
            - map_for(&profile(0.0), text).seconds(from, to)
    };
    for (side, across, near) in
        [("right", ("A", "D"), ("D", "A")), ("left", ("D", "A"), ("A", "D"))]
    {
        let side = format!("driving_side = \"{side}\"");
        assert!((lost(&side, across.0, across.1) - 5.4).abs() < 0.2, "{side}");
        assert!((lost(&side, near.0, near.1) - 2.1).abs() < 0.2, "{side}");
        assert!(lost(&side, "A", "C").abs() < 0.2, "{side}");
    }
}

/// Left from A to D is forbidden; C is a stone's throw behind the junction.
#[test]
fn turning_round_is_no_way_round_a_restriction() {
    let text = |end: &str| {
        format!(
            "A -1000 0\nB 0 0\nC 40 0\nD 0 1000\nE 3000 0\nF 3000 1000
            way 1 AB highway=residential
            way 2 BC highway=residential
            way 3 BD highway=residential
            {end}
            rel no_left_turn 1 B 3"
        )
    };
    let through = "way 4 CE highway=residential\nway 5 EFD highway=residential\nway 6 CG highway=residential\nG 40 -3000";
    let free = map_for("base = \"car\"\n[turns]\nu_turn_s = 0", &text(through));
    assert_eq!(free.way("A", "D"), "ABCBD");
    assert_eq!(map(&text(through)).way("A", "D"), "ABCEFD");
    // At the end of a road one turns round, and it takes its time.
    let end = map(&text(""));
    assert_eq!(end.way("A", "D"), "ABCBD");
    let free = map_for("base = \"car\"\n[turns]\nu_turn_s = 0", &text(""));
    assert!((end.seconds("A", "D") - free.seconds("A", "D") - 20.0).abs() < 0.25);
}

#[test]
fn restrictions_by_time_and_kind() {
    let way = |relation: &str| {
        let text = format!(
            "A -1000 0\nB 0 0\nC 1000 0\nE 1000 -1000\nD 1000 -3000
            way 1 AB highway=residential
            way 2 BC highway=residential
            way 3 BD highway=residential
            way 4 CED highway=residential
            {relation}"
        );
        let map = map_for("", &text);
        (map.way("A", "D"), map.report)
    };
    for (relation, holds) in [
        ("rel no_right_turn 1 B 3 except=psv", false),
        ("rel no_right_turn 1 B 3 except=bus", true),
        ("rel - 1 B 3 restriction:taxi=no_right_turn", true),
        ("rel - 1 B 3 restriction:hgv=no_right_turn", false),
        ("rel - 1 B 3 restriction:conditional=no_right_turn@(06:00-20:00)", true),
        ("rel - 1 B 3 restriction:conditional=no_right_turn@(07:00-09:00)", false),
        ("rel - 1 B 3 restriction:conditional=no_right_turn@(weight>2)", true),
        ("rel no_right_turn 1 B 3 restriction:conditional=none@(06:00-20:00)", false),
        ("rel no_right_turn 1 B 3 hour_on=07:00 hour_off=09:00", false),
        ("rel no_entry 1 B 3", true),
        ("rel no_exit 1 B 3", true),
    ] {
        let (way, report) = way(relation);
        assert_eq!(way != "ABD", holds, "{relation}: {way}");
        assert_eq!(report.restrictions_used, usize::from(holds), "{relation}");
        assert_eq!(report.dropped.len(), usize::from(!holds), "{relation}");
    }
    let refused = way("rel - 1 B 3 restriction:conditional=no_right_turn@(07:00-09:00)").1;
    assert_eq!(refused.restrictions_refused[&RestrictionRefusal::Conditional], 1);
    assert_eq!(
        (refused.dropped[0].element.as_str(), refused.dropped[0].reason),
        ("relation", "conditional")
    );
}
