//! Travel times by hour of the week against a Dijkstra of this test's own that drives every arc piece by piece.

#![expect(
    clippy::unwrap_used,
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "a test: small numbers"
)]

mod roads_common;

use std::cmp::Reverse;
use std::collections::BinaryHeap;
use std::sync::Arc;

use roads_common::map;
use sharxi_engine::ids::{NodeId, RoadId};
use sharxi_engine::import::{Profile, import_pbf};
use sharxi_engine::oracle::{Location, Oracle};
use sharxi_engine::region::{HourOfWeek, Region, TimeOfWeek, TimedRegion, WeekProfile};
use sharxi_engine::units::Millis;

const ISLAND_PBF: &[u8] = include_bytes!("../../data/regions/isle-of-man.osm.pbf");
/// Slow from seven on, slower on main roads from eight on, and every night a little faster.
const WEEK: &str = r#"
[[rule]]
speed_percent = { "mon-fri 07-09" = 40, "mon-sun 00-05" = 110 }

[[rule]]
class = "primary"
speed_percent = { "mon-fri 08-09" = 15, "sat 08-09" = 90 }
"#;
const HOUR: u32 = 3_600_000;

fn at(node: u32) -> Location {
    Location::Node(NodeId::new(node))
}

fn timed(region: Region, kept_max: usize) -> TimedRegion {
    TimedRegion::new(Arc::new(region), WeekProfile::parse(WEEK).unwrap(), kept_max)
}

/// Arrival at every node in milliseconds since departure at `start`, without any rounding but that of arcs.
fn by_hand(versions: &[Arc<Region>], source: u32, start: u32) -> Vec<f64> {
    let times: Vec<Vec<f64>> = versions
        .iter()
        .map(|region| region.arcs().map(|arc| f64::from(arc.time.get())).collect())
        .collect();
    let ends: Vec<(u32, u32)> =
        versions[0].arcs().map(|arc| (arc.tail.get(), arc.head.get())).collect();
    let mut out = vec![Vec::new(); versions[0].n_nodes()];
    ends.iter().enumerate().for_each(|(row, (tail, _))| out[*tail as usize].push(row));
    let drive = |begin: f64, row: usize| {
        let (mut now, mut left) = (begin, 1.0);
        loop {
            let clock = f64::from(start) + now;
            let hour = (clock / f64::from(HOUR)).floor();
            let room = (hour + 1.0) * f64::from(HOUR) - clock;
            let whole = times[hour as usize % 168][row];
            if whole * left <= room {
                return now + whole * left;
            }
            left -= room / whole;
            now += room;
        }
    };
    let mut done = vec![f64::INFINITY; versions[0].n_nodes()];
    // Bits of positive floats are in the order of their values.
    let mut queue = BinaryHeap::from([Reverse((0_u64, source))]);
    while let Some(Reverse((bits, node))) = queue.pop() {
        let now = f64::from_bits(bits);
        if done[node as usize] <= now {
            continue;
        }
        done[node as usize] = now;
        queue.extend(
            out[node as usize].iter().map(|&row| Reverse((drive(now, row).to_bits(), ends[row].1))),
        );
    }
    done
}

#[test]
fn a_slot_is_the_region_with_its_speeds() {
    let (region, _) = import_pbf(ISLAND_PBF, &Profile::default(), &|_, _| {}).unwrap();
    let week = WeekProfile::parse(WEEK).unwrap();
    let timed = timed(region, 2);
    for hour in [0, 6, 7, 8, 128] {
        let hour = HourOfWeek::new(hour);
        let slot = timed.at(hour).unwrap();
        let (again, _) = import_pbf(ISLAND_PBF, &Profile::default(), &|_, _| {}).unwrap();
        let expected = again.with_traffic(&week.changes_at(hour)).unwrap();
        assert!(slot.arcs().eq(expected.arcs()), "{hour:?}");
        let truth = slot.reference_times_from(NodeId::new(77));
        for to in (0..slot.n_nodes()).step_by(37) {
            let to = u32::try_from(to).unwrap();
            let departure = TimeOfWeek::new(u32::from(hour.get()) * HOUR + 1_000);
            let time = timed.time_in_slot(at(77), at(to), departure).unwrap();
            assert_eq!(time, truth[to as usize], "{hour:?}");
        }
        assert!(timed.n_kept() <= 2, "no more than there is room for");
    }
    // The same slot is the same version.
    let nights = [3, 24 + 3].map(|hour| timed.at(HourOfWeek::new(hour)).unwrap());
    assert!(Arc::ptr_eq(&nights[0], &nights[1]));
}

#[test]
fn drives_across_a_change_equal_dijkstra_piece_by_piece() {
    let (region, _) = import_pbf(ISLAND_PBF, &Profile::default(), &|_, _| {}).unwrap();
    let timed = timed(region, 8);
    let versions: Vec<_> = (0..168).map(|hour| timed.at(HourOfWeek::new(hour)).unwrap()).collect();
    let n = versions[0].n_nodes();
    // From these nodes a trip is what a search on the graph finds.
    let is_alone = |node: usize| {
        let node = NodeId::new(u32::try_from(node).unwrap());
        versions[0].start_node(node) == node && versions[0].end_nodes(node).count() == 1
    };
    let mut n_across = 0;
    for (nth, minutes_before) in [1, 5, 12, 30].into_iter().enumerate() {
        // Into the slow hours, into the slower ones, out of them, and from Sunday into Monday.
        for change in [7, 8, 9, 168] {
            let start = change * HOUR - minutes_before * 60_000;
            let first = nth * 1_811 + change as usize * 97;
            let source = (first..first + n).map(|node| node % n).find(|&node| is_alone(node));
            let source = u32::try_from(source.unwrap()).unwrap();
            let truth = by_hand(&versions, source, start);
            for to in (0..n).step_by(401).filter(|&node| is_alone(node)) {
                let target = at(u32::try_from(to).unwrap());
                let time = timed.time_at(at(source), target, TimeOfWeek::new(start)).unwrap();
                assert!((f64::from(time.get()) - truth[to]).abs() < 3.0, "{time:?} {}", truth[to]);
                n_across += usize::from(truth[to] > f64::from(minutes_before * 60_000));
            }
        }
    }
    assert!(n_across > 100, "{n_across}");
}

#[test]
fn who_leaves_later_never_arrives_earlier_wherever_the_places_are() {
    let (region, _) = import_pbf(ISLAND_PBF, &Profile::default(), &|_, _| {}).unwrap();
    let n_roads = u32::try_from(region.roads().len()).unwrap();
    let timed = timed(region, 8);
    for pair in 0..8_u32 {
        let place = |seed: u32| Location::Along {
            road: RoadId::new(seed * 769 % n_roads),
            along_mm: seed * 3_001 % 90_000,
        };
        let (from, to) = (place(2 * pair + 1), place(2 * pair + 2));
        let mut last = 0;
        for start in (6 * HOUR + 1_800_000..9 * HOUR + 600_000).step_by(300_000) {
            let time = timed.time_at(from, to, TimeOfWeek::new(start)).unwrap();
            assert!(last <= start + time.get(), "{pair}: {start}");
            last = start + time.get();
        }
    }
}

/// One road of four kilometres at 50 km/h: half of it before seven, the other half at 40 per cent of the speed.
#[test]
fn the_rest_of_a_road_is_driven_at_the_new_speed() {
    let map = map("
        A 0 0
        B 4000 0
        way 1 AB highway=residential maxspeed=50");
    let (from, to) = (map.at("A"), map.at("B"));
    let usual = map.region.time(from, to).get();
    let timed = timed(map.region, 8);
    let start = TimeOfWeek::new(7 * HOUR - usual / 2);
    let time = timed.time_at(from, to, start).unwrap();
    let expected = usual / 2 + usual * 5 / 4;
    assert!(time.get().abs_diff(expected) <= 2, "{time:?} {expected}");
    assert_eq!(timed.time_in_slot(from, to, start).unwrap(), Millis::new(usual));
}
