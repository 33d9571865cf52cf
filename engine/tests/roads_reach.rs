//! Bounded searches and reasons on the island, beside single queries.

mod roads_common;

use roads_common::island;
use sharxi_engine::ids::{NodeId, RoadId};
use sharxi_engine::oracle::{Location, Oracle};
use sharxi_engine::region::{Directions, Effect, Region, Scope, TrafficChange, Unreachable};
use sharxi_engine::units::Millis;

const QUARTER: Millis = Millis::from_secs(900);

fn at(node: u32) -> Location {
    Location::Node(NodeId::new(node))
}

/// Places every 45 metres along all roads.
fn places(region: &Region) -> Vec<Location> {
    let mut places = Vec::new();
    for road in region.roads() {
        let length_m: f64 = road.geometry.windows(2).map(|pair| pair[0].distance_m(pair[1])).sum();
        let along = (0_u32..).map(|nth| nth * 45).take_while(|&m| f64::from(m) < length_m);
        places.extend(along.map(|m| Location::Along { road: road.id, along_mm: m * 1000 }));
    }
    places
}

fn close(roads: Vec<RoadId>) -> TrafficChange {
    let scope = Scope::Roads(roads);
    TrafficChange { scope, directions: Directions::Both, effect: Effect::Closed }
}

#[test]
fn nodes_within_a_bound_are_those_that_single_queries_find() {
    let region = island();
    let starts = places(&region).into_iter().step_by(4_000).chain([at(0), at(700)]);
    let all: Vec<Location> = (0..u32::try_from(region.n_nodes()).unwrap()).map(at).collect();
    for from in starts {
        let mut within = vec![Millis::ZERO; all.len()];
        region.times_within(from, &all, QUARTER, &mut within);
        let mut expected = Vec::new();
        for (node, (&place, &cell)) in (0..).zip(all.iter().zip(&within)) {
            let time = region.time(from, place);
            assert_eq!(cell, if time <= QUARTER { time } else { Millis::INFINITE });
            expected.extend((time <= QUARTER).then_some((NodeId::new(node), time)));
        }
        assert_eq!(region.nodes_within(from, QUARTER), expected);
    }
}

#[test]
fn a_list_of_pairs_is_so_many_single_queries() {
    let region = island();
    let places = places(&region);
    let pairs: Vec<_> =
        places.iter().step_by(97).copied().zip(places.iter().rev().copied()).collect();
    let mut out = vec![Millis::ZERO; pairs.len()];
    region.times_of_pairs(&pairs, &mut out);
    assert!(pairs.iter().zip(&out).all(|(&(from, to), &time)| region.time(from, to) == time));
}

#[test]
fn each_reason_for_no_way_is_told() {
    let region = island();
    let foreign = at(u32::try_from(region.n_nodes()).unwrap());
    let road = RoadId::new(u32::try_from(region.roads().len()).unwrap());
    let nowhere = Location::Along { road, along_mm: 0 };
    assert_eq!(region.why_unreachable(at(1), at(2)), None);
    assert_eq!(region.why_unreachable(foreign, nowhere), Some(Unreachable::UnknownStart));
    assert_eq!(region.why_unreachable(at(1), nowhere), Some(Unreachable::UnknownEnd));

    // A road from which there is one way on at each end, and the roads around it.
    let street = region.roads().nth(300).unwrap().id;
    let ends: Vec<NodeId> =
        region.arcs().filter(|arc| arc.road == street).flat_map(|a| [a.tail, a.head]).collect();
    let touches = |arc: &sharxi_engine::region::ArcView| {
        arc.road != street && (ends.contains(&arc.tail) || ends.contains(&arc.head))
    };
    let around: Vec<RoadId> = region.arcs().filter(touches).map(|arc| arc.road).collect();
    let inside = Location::Along { road: street, along_mm: 500 };
    let far = at(5_000);
    let closed = region.with_traffic(&[close(vec![street])]).unwrap();
    assert_eq!(closed.why_unreachable(far, inside), Some(Unreachable::EndClosed));
    assert_eq!(closed.why_unreachable(inside, far), None);
    let cut_off = region.with_traffic(&[close(around)]).unwrap();
    assert_eq!(cut_off.why_unreachable(far, inside), Some(Unreachable::CutOff));
    assert_eq!(cut_off.why_unreachable(inside, far), Some(Unreachable::CutOff));
}
