//! On a real map with turn restrictions, sights never say more than a drive takes, and what a stop saves is never more than was said:
//! as imported, and with roads slow and closed.

mod roads_common;

use roads_common::{Random, island};
use sharxi_engine::ids::{NodeId, RoadId};
use sharxi_engine::oracle::{Location, Oracle};
use sharxi_engine::region::{Directions, Effect, Region, Scope, TrafficChange};
use sharxi_engine::units::Millis;

const PAIRS: usize = 200_000;
const TRIPLES: usize = 200_000;

/// Mostly along a road, at its ends and in between; at times on a node.
fn place(region: &Region, random: &mut Random) -> Location {
    let below = |n: usize, random: &mut Random| u32::try_from(random.below(n)).unwrap_or(0);
    if random.below(20) == 0 {
        return Location::Node(NodeId::new(below(region.n_nodes(), random)));
    }
    let road = RoadId::new(below(region.roads().len(), random));
    along(road, random)
}

fn along(road: RoadId, random: &mut Random) -> Location {
    let along_mm = match random.below(4) {
        0 => 0,
        1 => u32::MAX,
        _ => u32::try_from(random.below(400_000)).unwrap_or(0),
    };
    Location::Along { road, along_mm }
}

/// How good bounds are: the sum of them and of the times.
fn check_bounds(region: &Region, what: &str) -> (u64, u64) {
    let mut random = Random(7);
    let (mut bounds, mut times) = (0, 0);
    for _ in 0..PAIRS {
        let (a, b) = (place(region, &mut random), place(region, &mut random));
        let (least, time) = (region.sight(a).least_ms(&region.sight(b)), region.time(a, b));
        assert!(least <= i64::from(time.get()), "{what}: {a:?} to {b:?}: {least} > {time:?}");
        if !time.is_infinite() {
            bounds += u64::try_from(least).unwrap_or(0);
            times += u64::from(time.get());
        }
    }
    (bounds, times)
}

/// How many triples break the triangle rule by more than a second. Half of them are close to one another.
fn check_savings(region: &Region, what: &str) -> usize {
    let mut random = Random(11);
    let tails: Vec<(NodeId, RoadId)> = region.arcs().map(|arc| (arc.tail, arc.road)).collect();
    let heads: Vec<(NodeId, RoadId)> = region.arcs().map(|arc| (arc.head, arc.road)).collect();
    let near = |stop: RoadId, random: &mut Random| {
        let of: Vec<NodeId> = tails
            .iter()
            .chain(&heads)
            .filter(|(_, road)| *road == stop)
            .map(|(node, _)| *node)
            .collect();
        let Some(&node) = of.get(random.below(of.len().max(1))) else { return stop };
        let out = tails.partition_point(|&(tail, _)| tail < node)
            ..tails.partition_point(|&(tail, _)| tail <= node);
        let roads = tails.get(out.clone()).unwrap_or_default();
        roads.get(random.below(roads.len().max(1))).map_or(stop, |&(_, road)| road)
    };
    let mut broken = 0;
    for nth in 0..TRIPLES {
        let b = place(region, &mut random);
        let (a, c) = match b {
            // Looking for neighbours is slow.
            Location::Along { road, .. } if nth.is_multiple_of(20) => {
                let (before, after) = (near(road, &mut random), near(road, &mut random));
                (along(before, &mut random), along(after, &mut random))
            }
            _ => (place(region, &mut random), place(region, &mut random)),
        };
        let over = region.time(a, b) + region.time(b, c);
        let straight = region.time(a, c);
        let most = over + region.saves(b);
        assert!(
            straight <= most,
            "{what}: {a:?} by {b:?} to {c:?}: {straight:?}, {over:?} by way of it"
        );
        broken += usize::from(straight > over + Millis::from_secs(1));
    }
    broken
}

fn check(region: &Region, what: &str) -> (u64, usize) {
    let (bounds, times) = check_bounds(region, what);
    (bounds * 100 / times, check_savings(region, what))
}

fn change(scope: Scope, effect: Effect) -> TrafficChange {
    TrafficChange { scope, directions: Directions::Both, effect }
}

#[test]
fn no_bound_is_above_the_time_and_no_stop_saves_more_than_was_said() {
    let island = island();
    let (percent, broken) = check(&island, "as imported");
    assert!(75 <= percent, "bounds are {percent} per cent of the times");
    assert!(0 < broken, "no stop saved anything: the map is not the one to try this on");
    let n_roads = u32::try_from(island.roads().len()).unwrap_or(0);
    let saved = (0..n_roads)
        .map(|road| island.saves(Location::Along { road: RoadId::new(road), along_mm: 0 }));
    let plain = saved.filter(|saves| *saves == Millis::ZERO).count();
    assert!(island.roads().len() * 9 / 10 < plain, "{plain} roads of {n_roads} save nothing");

    let mut random = Random(3);
    let mut roads = |n: usize| -> Vec<RoadId> {
        let road = |_| RoadId::new(u32::try_from(random.below(n_roads as usize)).unwrap_or(0));
        (0..n).map(road).collect()
    };
    let slow = change(Scope::Roads(roads(2_000)), Effect::TimePercent(350));
    let fast = change(Scope::Roads(roads(1_000)), Effect::TimePercent(40));
    let jam = island.with_traffic(&[slow, fast]).expect("roads of the island");
    let (percent, _) = check(&jam, "slow and fast");
    assert!(70 <= percent, "bounds are {percent} per cent of the times");
    let ways: Vec<i64> = roads(150)
        .into_iter()
        .filter_map(|road| Some(island.road(road)?.ways.first()?.id))
        .collect();
    let shut = jam.with_traffic(&[change(Scope::Ways(ways), Effect::Closed)]).expect("ways");
    check(&shut, "closed");
    let open = shut.with_traffic(&[change(Scope::All, Effect::AsImported)]).expect("all");
    let spot = Location::Along { road: RoadId::new(5), along_mm: 10_000 };
    assert_eq!(open.sight(spot), island.sight(spot), "the same times, the same landmarks");
}
