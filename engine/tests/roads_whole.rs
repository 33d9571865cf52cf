//! Whatever pieces a map falls into, its import succeeds or says that nothing is left: random towns with one-way streets,
//! restrictions over nodes and ways, roads where trips only end, large roads with turn costs, and gates.
#![expect(clippy::unwrap_used, reason = "a failure is a failed test")]

mod roads_common;

use std::fmt::Write;

use proptest::prelude::*;
use roads_common::parse;
use sharxi_engine::ids::NodeId;
use sharxi_engine::import::{ImportError, Profile, import_map};
use sharxi_engine::oracle::{Location, Oracle};

const SIDE: usize = 4;
const TAGS: [&str; 12] = [
    "highway=residential",
    "highway=residential",
    "highway=residential oneway=yes",
    "highway=residential oneway=-1",
    "highway=primary",
    "highway=primary",
    "highway=trunk oneway=yes",
    "highway=residential access=private",
    "highway=residential access=private",
    "highway=residential access=private oneway=yes",
    "highway=service service=driveway",
    "highway=track",
];
const KINDS: [&str; 5] =
    ["no_left_turn", "no_u_turn", "only_straight_on", "no_entry", "only_u_turn"];
const NODES: [&str; 6] =
    ["", "", "", "barrier=gate access=private", "highway=stop", "barrier=bollard"];

/// Rows into the tables above and ways to combine: two streets a junction, restrictions as (from, via, to).
type Draw = (Vec<(usize, usize)>, Vec<usize>, Vec<(usize, usize, usize, usize)>);

fn draw() -> impl Strategy<Value = Draw> {
    let streets = prop::collection::vec((0..TAGS.len() + 2, 0..TAGS.len() + 2), SIDE * SIDE);
    let nodes = prop::collection::vec(0..NODES.len(), SIDE * SIDE);
    let restriction = (0..64_usize, 0..SIDE * SIDE, 0..64_usize, 0..KINDS.len());
    (streets, nodes, prop::collection::vec(restriction, 0..12))
}

/// The town as text; streets without tags are not there.
fn town((streets, nodes, restrictions): &Draw) -> String {
    let name = |idx: usize| char::from(b'A' + u8::try_from(idx).unwrap());
    let mut text = String::new();
    for (idx, node) in nodes.iter().enumerate() {
        let (east, north) = (idx % SIDE * 200 + idx * 7 % 50, idx / SIDE * 150 + idx * 11 % 60);
        writeln!(text, "{} {east} {north} {}", name(idx), NODES[*node]).unwrap();
    }
    let mut at: Vec<Vec<usize>> = vec![Vec::new(); nodes.len()];
    let mut n_ways = 0;
    for (idx, &(right, up)) in streets.iter().enumerate() {
        let others =
            [(right, idx % SIDE + 1 < SIDE, idx + 1), (up, idx + SIDE < nodes.len(), idx + SIDE)];
        for (kind, is_inside, other) in others {
            if let (Some(tags), true) = (TAGS.get(kind), is_inside) {
                n_ways += 1;
                writeln!(text, "way {n_ways} {}{} {tags}", name(idx), name(other)).unwrap();
                at[idx].push(n_ways);
                at[other].push(n_ways);
            }
        }
    }
    for &(from, via, to, kind) in restrictions {
        let pick = |ways: &[usize], nth: usize| ways.get(nth % ways.len().max(1)).copied();
        if let (Some(from), Some(to)) = (pick(&at[via], from), pick(&at[via], to)) {
            writeln!(text, "rel {} {from} {} {to}", KINDS[kind], name(via)).unwrap();
        }
    }
    text
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(400))]

    #[test]
    fn every_town_is_imported(draw in draw(), is_taxi: bool) {
        let text = town(&draw);
        let (data, _) = parse(&text);
        let profile = Profile::built_in(if is_taxi { "shared-taxi" } else { "car" }).unwrap();
        match import_map(&data, &profile) {
            Ok((region, report)) => {
                let n = u32::try_from(region.n_nodes()).unwrap();
                for node in (0..n).map(NodeId::new) {
                    let truth = region.reference_times_from(node);
                    for (other, &expected) in (0..n).map(NodeId::new).zip(&truth) {
                        let time = region.time(Location::Node(node), Location::Node(other));
                        prop_assert_eq!(time, expected, "{}", &text);
                    }
                }
                // Every road that is left is reached, and left.
                let here = Location::Along { road: region.arcs().next().unwrap().road, along_mm: 0 };
                for arc in region.arcs() {
                    let there = Location::Along { road: arc.road, along_mm: 1 };
                    prop_assert!(!region.time(here, there).is_infinite(), "{}", &text);
                    prop_assert!(!region.time(there, here).is_infinite(), "{}", &text);
                }
                prop_assert!(report.cut_off < 100);
            }
            Err(ImportError::NoRoads) => {}
            Err(other) => prop_assert!(false, "{other}\n{text}"),
        }
    }
}
