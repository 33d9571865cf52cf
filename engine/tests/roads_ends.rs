//! Roads where trips may only begin and end: small maps, and random towns against a search over how far a trip is.
//!
//! The reference knows streets as drawn, which of them are private, and the rule: a trip drives private streets only in the
//! piece where it begins and in the piece where it ends.
#![expect(
    clippy::unwrap_used,
    reason = "helpers of tests: small numbers, and a failure is a failed test"
)]

mod roads_common;

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write;

use roads_common::{Random, TextMap, map};
use sharxi_engine::ids::NodeId;
use sharxi_engine::oracle::{Location, Oracle};
use sharxi_engine::region::{Directions, Effect, Scope, TrafficChange};

/// km/h of `highway=residential` in the car profile.
const KMH: f64 = 25.0;

/// A short cut B-X-Y-C beside the long public road B-D-C.
fn shortcut(tags: &str) -> TextMap {
    map(&format!(
        "A -1000 0
        B 0 0
        X 300 0
        Y 600 0
        C 900 0
        E 1900 0
        D 450 3000
        Z 450 -300
        way 1 AB highway=residential
        way 2 CE highway=residential
        way 3 BDC highway=residential
        way 4 BXYC highway=residential {tags}
        way 5 XZ highway=residential {tags}
        way 6 YZ highway=residential {tags}"
    ))
}

#[test]
fn nobody_drives_through_and_everybody_gets_in_and_out() {
    assert_eq!(shortcut("").way("A", "E"), "ABXYCE");
    for tags in
        ["access=private", "motor_vehicle=destination", "access=customers", "service=driveway"]
    {
        let map = shortcut(tags);
        assert_eq!(map.way("A", "E"), "ABDCE", "{tags}");
        assert_eq!(map.way("E", "A"), "ECDBA", "{tags}");
        // In and out by the nearest side, and from one private street to another.
        assert_eq!(map.way("A", "XY"), "ABX", "{tags}");
        assert_eq!(map.way("XY", "A"), "XBA", "{tags}");
        assert_eq!(map.way("E", "Z"), "ECYZ", "{tags}");
        assert_eq!(map.way("Z", "E"), "ZYCE", "{tags}");
        assert_eq!(map.way("BX", "YC"), "XY", "{tags}");
        assert_eq!(map.report.end_pieces, 1);
        assert!(map.report.nodes_ends > 0);
    }
}

#[test]
fn a_piece_that_nobody_could_cross_needs_no_nodes() {
    let yard = map("A 0 0\nB 1000 0\nC 2000 0\nD 1000 500\nE 1400 500\nF 1400 900
        way 1 ABC highway=residential
        way 2 BDEFD highway=service access=private");
    assert_eq!((yard.report.end_pieces, yard.report.nodes_ends), (0, 0));
    assert_eq!(yard.way("A", "F"), "ABDF");
}

/// The public road is the quicker one as imported; what is changed later makes it a hundred times slower, or closes it.
#[test]
fn no_traffic_makes_a_trip_cross_a_piece() {
    let town = |more: &str| {
        map(&format!(
            "A -1000 0\nB 0 0\nX 300 600\nY 600 600\nC 900 0\nE 1900 0\nF 0 -900
            way 1 AB highway=residential
            way 2 CE highway=residential
            way 3 BC highway=residential
            way 4 BXYC highway=residential access=private
            way 5 BFC highway=residential
            {more}"
        ))
    };
    let slow = |ways: &[i64], effect| TrafficChange {
        scope: Scope::Ways(ways.to_vec()),
        directions: Directions::Both,
        effect,
    };
    let free = town("");
    assert_eq!(free.report.end_pieces, 1);
    assert_eq!(free.way("A", "E"), "ABCE");
    assert_eq!(town("rel no_straight_on 1 B 3").way("A", "E"), "ABFCE");
    for (changes, round) in [
        (vec![slow(&[3], Effect::TimePercent(10_000))], "ABFCE"),
        (vec![slow(&[3], Effect::Closed)], "ABFCE"),
        (vec![slow(&[3, 5], Effect::TimePercent(10_000))], "ABCE"),
        (vec![slow(&[3], Effect::Closed), slow(&[5], Effect::TimePercent(10_000))], "ABFCE"),
    ] {
        let mut town = town("");
        town.region = town.region.with_traffic(&changes).unwrap();
        assert_eq!(town.way("A", "E"), round, "{changes:?}");
        assert_eq!(town.way("A", "XY"), "ABX", "{changes:?}");
        assert_eq!(town.way("XY", "E"), "YCE", "{changes:?}");
    }
    let mut town = town("");
    town.region = town.region.with_traffic(&[slow(&[3, 5], Effect::Closed)]).unwrap();
    assert!(town.region.time(town.at("A"), town.at("E")).is_infinite(), "rather none than through");
}

#[test]
fn what_lies_behind_a_private_road_is_reached_over_it() {
    // X-Y is public, but every way there is private.
    let map = map("A 0 0\nB 1000 0\nC 1000 1000\nD 0 1000\nX 300 500\nY 700 500
        way 1 ABCDA highway=residential
        way 2 AX highway=residential access=private
        way 3 XY highway=residential
        way 4 YC highway=residential access=private");
    assert_eq!(map.way("A", "XY"), "AX");
    assert_eq!(map.way("XY", "C"), "YC");
    assert_eq!(map.way("A", "C").len(), 3);
    assert_ne!(map.way("A", "C"), "AXYC");
}

#[test]
fn a_private_gate_lets_in_and_not_through() {
    let map = map("A 0 0\nB 100 0\nG 500 0 barrier=gate access=private\nC 900 0\nD 500 4000
        way 1 AB highway=residential
        way 2 BGC highway=service
        way 3 BDC highway=residential
        way 4 CE highway=residential\nE 1000 0");
    assert_eq!(map.way("A", "E"), "ABDCE");
    assert_eq!(map.way("A", "GC"), "ABG");
    assert_eq!(map.report.barriers_end_only, 1);
}

#[test]
fn who_is_under_way_to_a_private_road_can_be_sent_elsewhere() {
    let map = shortcut("access=private");
    let path = map.region.path(map.at("A"), map.at("Z")).unwrap();
    for waypoint in &path.waypoints {
        let here = Location::Node(waypoint.node);
        for target in ["A", "E", "Z", "XY"] {
            let time = map.region.time(here, map.at(target));
            assert!(!time.is_infinite(), "{here:?} {target}");
            assert_eq!(map.region.path(here, map.at(target)).unwrap().duration, time);
        }
        // A vehicle that has broken down there can be reached.
        assert!(!map.region.time(map.at("E"), here).is_infinite());
        assert_eq!(map.region.time(here, here).get(), 0);
    }
    let n = u32::try_from(map.region.n_nodes()).unwrap();
    for node in (0..n).map(NodeId::new) {
        let truth = map.region.reference_times_from(node);
        for (other, &expected) in (0..n).map(NodeId::new).zip(&truth) {
            assert_eq!(map.region.time(Location::Node(node), Location::Node(other)), expected);
        }
    }
}

struct Street {
    ends: [char; 2],
    is_private: bool,
}

struct Town {
    streets: Vec<Street>,
    text: String,
}

fn town(seed: u64) -> Town {
    let mut random = Random(seed);
    let side = 5;
    let names: Vec<char> = ('A'..='Z').chain('a'..='z').take(side * side).collect();
    let mut text = String::new();
    for (idx, name) in names.iter().enumerate() {
        let (east, north) =
            (idx % side * 500 + random.below(300), idx / side * 500 + random.below(300));
        writeln!(text, "{name} {east} {north}").unwrap();
    }
    let mut streets = Vec::new();
    for idx in 0..names.len() {
        let right = (idx % side + 1 < side).then_some(idx + 1);
        let up = (idx + side < names.len()).then_some(idx + side);
        for other in right.into_iter().chain(up) {
            let street =
                Street { ends: [names[idx], names[other]], is_private: random.below(3) == 0 };
            let tag = if street.is_private { "access=private" } else { "" };
            let [a, b] = street.ends;
            writeln!(text, "way {} {a}{b} highway=residential {tag}", streets.len() + 1).unwrap();
            streets.push(street);
        }
    }
    Town { streets, text }
}

impl Town {
    /// Junctions joined by streets that pass a test.
    fn spread(&self, start: char, passes: impl Fn(&Street) -> bool) -> BTreeSet<char> {
        let mut found = BTreeSet::from([start]);
        loop {
            let n = found.len();
            for street in self.streets.iter().filter(|street| passes(street)) {
                if street.ends.iter().any(|end| found.contains(end)) {
                    found.extend(street.ends);
                }
            }
            if found.len() == n {
                return found;
            }
        }
    }

    /// The largest public part, if it is one for sure.
    fn core(&self) -> Option<BTreeSet<char>> {
        let all: BTreeSet<char> = self.streets.iter().flat_map(|street| street.ends).collect();
        let core =
            all.iter().map(|&c| self.spread(c, |s| !s.is_private)).max_by_key(BTreeSet::len)?;
        (core.len() * 2 > all.len()).then_some(core)
    }

    /// For each street its piece, `None` for those of the core.
    fn pieces(&self, core: &BTreeSet<char>) -> Vec<Option<usize>> {
        let is_outside =
            |street: &Street| street.is_private || !street.ends.iter().all(|e| core.contains(e));
        let mut piece: Vec<Option<usize>> = (0..)
            .zip(&self.streets)
            .map(|(idx, street)| is_outside(street).then_some(idx))
            .collect();
        loop {
            let mut changed = false;
            for i in 0..piece.len() {
                for j in 0..piece.len() {
                    let [a, b] = [&self.streets[i], &self.streets[j]];
                    let meet = a.ends.iter().any(|end| b.ends.contains(end) && !core.contains(end));
                    if meet && piece[i].is_some() && piece[i] < piece[j] {
                        (piece[j], changed) = (piece[i], true);
                    }
                }
            }
            if !changed {
                return piece;
            }
        }
    }
}

#[test]
fn times_in_random_towns_are_those_of_trips_that_cross_nothing() {
    let (mut n_checked, mut n_longer) = (0, 0);
    for seed in 0..40 {
        let town = town(seed);
        let Some(core) = town.core() else { continue };
        let pieces = town.pieces(&core);
        let map = map(&town.text);
        let ms: Vec<f64> = town
            .streets
            .iter()
            .map(|street| {
                let [a, b] = street.ends.map(|end| map.points[&end]);
                a.distance_m(b) / KMH * 3600.0
            })
            .collect();
        for from in (0..town.streets.len()).step_by(3) {
            // (junction, how far) -> time: 0 still in the first piece, 1 in the core, 2 in the last piece, by piece.
            for to in (0..town.streets.len()).filter(|&to| to != from) {
                let drive = |crossing: bool| {
                    let mut best: BTreeMap<(char, u8), f64> = BTreeMap::new();
                    let first = if pieces[from].is_some() { 0 } else { 1 };
                    for end in town.streets[from].ends {
                        let how_far = if core.contains(&end) { 1 } else { first };
                        best.insert((end, how_far), ms[from] / 2.0);
                    }
                    loop {
                        let mut changed = false;
                        for (&(at, how_far), &time) in &best.clone() {
                            for (idx, street) in town.streets.iter().enumerate() {
                                let Some(nth) = street.ends.iter().position(|&e| e == at) else {
                                    continue;
                                };
                                let other = street.ends[1 - nth];
                                let next = match (pieces[idx], how_far) {
                                    _ if crossing => 1,
                                    (None, 1) => 1,
                                    (Some(p), 0) if Some(p) == pieces[from] => {
                                        u8::from(core.contains(&other))
                                    }
                                    (Some(p), 1) if Some(p) == pieces[to] => 2,
                                    (Some(p), 2)
                                        if Some(p) == pieces[to] && !core.contains(&at) =>
                                    {
                                        2
                                    }
                                    _ => continue,
                                };
                                let arrival = time + ms[idx];
                                if best
                                    .get(&(other, next))
                                    .is_none_or(|&known| arrival < known - 1e-9)
                                {
                                    best.insert((other, next), arrival);
                                    changed = true;
                                }
                            }
                        }
                        if !changed {
                            break;
                        }
                    }
                    // Into the street from an end that a trip may be at.
                    let may = |&(at, how_far): &(char, u8)| match (pieces[to], how_far) {
                        _ if crossing => true,
                        (None, h) => h == 1,
                        (Some(p), 0) => Some(p) == pieces[from],
                        (Some(_), 1) => true,
                        (Some(_), _) => !core.contains(&at),
                    };
                    let ends =
                        best.iter().filter(|((at, _), _)| town.streets[to].ends.contains(at));
                    ends.filter(|(spot, _)| may(spot))
                        .map(|(_, t)| t + ms[to] / 2.0)
                        .fold(f64::INFINITY, f64::min)
                };
                let at =
                    |street: usize| map.at(&town.streets[street].ends.iter().collect::<String>());
                let found = f64::from(map.region.time(at(from), at(to)).get());
                let expected = drive(false);
                let text = &town.text;
                assert!(
                    (found - expected).abs() < 2_000.0,
                    "seed {seed} {from} {to}: {found}, not {expected}\n{text}"
                );
                n_checked += 1;
                n_longer += usize::from(expected > drive(true) + 2_000.0);
            }
        }
    }
    assert!(n_checked > 5_000 && n_longer > 500, "{n_checked} {n_longer}");
}
