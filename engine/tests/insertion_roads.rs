//! The insertion search against trying everything, on a real map: places along roads around forbidden turns, where stopping saves
//! detours and so the triangle rule fails.
//!
//! Shares types with `planning`, no logic: schedules are simulated here visit by visit with plain loops.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test")]
#![allow(
    clippy::allow_attributes,
    clippy::print_stderr,
    clippy::cast_possible_truncation,
    reason = "a test"
)]

mod roads_common;
mod support;

use roads_common::{Random, island};
use sharxi_engine::demand::promise::Promise;
use sharxi_engine::demand::request::Party;
use sharxi_engine::fleet::motion::Motion;
use sharxi_engine::fleet::plan::Action;
use sharxi_engine::fleet::reroute::Context;
use sharxi_engine::fleet::vehicle::{Fittings, Vehicle, VehicleSpec};
use sharxi_engine::fleet::visit::Visit;
use sharxi_engine::ids::{RequestId, RoadId, VehicleId};
use sharxi_engine::oracle::{Location, Oracle};
use sharxi_engine::planning::insertion::{self, Fleet, Goal, Search};
use sharxi_engine::planning::outlook::Outlooks;
use sharxi_engine::planning::policy::Policy;
use sharxi_engine::region::Region;
use sharxi_engine::units::{EngineTime, Millis};
use support::{minute, name};

const TOWNS: usize = 600;
const RIDERS: u32 = 10;
/// How far places are from the middle of a town, at most.
const RADIUS_M: f64 = 900.0;

/// Roads near one where stopping saves something.
struct Town {
    roads: Vec<RoadId>,
}

impl Town {
    fn place(&self, random: &mut Random) -> Location {
        let road = self.roads[random.below(self.roads.len())];
        Location::Along { road, along_mm: u32::try_from(random.below(300_000)).unwrap() }
    }
}

fn towns(region: &Region) -> Vec<Town> {
    let at = |road: RoadId| region.road(road).unwrap().geometry[0];
    let roads: Vec<RoadId> = region.roads().map(|road| road.id).collect();
    let saves = |&&road: &&RoadId| {
        let saves = region.saves(Location::Along { road, along_mm: 0 });
        Millis::from_secs(5) < saves
    };
    let middles: Vec<RoadId> = roads.iter().filter(saves).copied().collect();
    assert!(20 < middles.len(), "the map has no forbidden turns");
    let mut random = Random(1);
    let town = |_| {
        let middle = middles[random.below(middles.len())];
        let near = |&&road: &&RoadId| at(road).distance_m(at(middle)) < RADIUS_M;
        let mut roads: Vec<RoadId> = roads.iter().filter(near).copied().collect();
        // Every second place is one where stopping counts.
        let special: Vec<RoadId> = roads.iter().filter(saves).copied().collect();
        roads.extend(special.iter().copied().cycle().take(roads.len()));
        Town { roads }
    };
    (0..TOWNS).map(town).collect()
}

fn vehicle(region: &Region, id: usize, start: Location, shift_end: EngineTime) -> Vehicle {
    let spec = VehicleSpec {
        name: name(&format!("v{id}")),
        kind: name("taxi"),
        seats: 3,
        wheelchairs: 0,
        fittings: Fittings::default(),
        start,
        shift_start: minute(100),
        shift_end,
    };
    Vehicle::new(spec, region.arc_at(start), minute(100))
}

/// Begin and end of each visit in this order and the milliseconds driven; `None` if a rule breaks.
fn simulate(
    region: &Region,
    policy: &Policy,
    vehicle: &Vehicle,
    order: &[Visit],
) -> Option<(Vec<(EngineTime, EngineTime)>, i64)> {
    let Motion::Standing { at, .. } = vehicle.motion else { panic!("all stand") };
    let (mut at, mut time) = (at, minute(100));
    let (mut driven, mut on_board) = (0, 0);
    let mut times: Vec<(EngineTime, EngineTime)> = Vec::new();
    for (k, visit) in order.iter().enumerate() {
        let drive = region.time(at, visit.location);
        if drive.is_infinite() {
            return None;
        }
        driven += i64::from(drive.get());
        let mut begin = time + drive;
        if at != visit.location {
            begin = begin + policy.stop;
        }
        let end = match visit.action {
            Action::Board => {
                begin = begin.max(visit.earliest);
                on_board += visit.party.passengers();
                if begin > visit.latest || on_board > vehicle.spec.seats {
                    return None;
                }
                begin + visit.dwell
            }
            Action::Alight => {
                on_board -= visit.party.passengers();
                let boarded = order[..k].iter().position(|b| b.request == visit.request)?;
                let end = begin + visit.dwell;
                if end > visit.latest || end.since(times[boarded].0) > visit.ride_max {
                    return None;
                }
                end
            }
        };
        if end > vehicle.spec.shift_end {
            return None;
        }
        times.push((begin, end));
        (at, time) = (visit.location, end);
    }
    Some((times, driven))
}

/// The cost of the cheapest feasible place, by trying all.
fn brute_force(
    region: &Region,
    policy: &Policy,
    fleet: &[Vehicle],
    (board, alight): (Visit, Visit),
) -> Option<i64> {
    let mut best: Option<i64> = None;
    for vehicle in fleet {
        let (old, old_driven) = simulate(region, policy, vehicle, &vehicle.visits)
            .expect("what is planned is feasible");
        let Motion::Standing { at, .. } = vehicle.motion else { panic!("all stand") };
        // Who is boarding already is not put off.
        let boarding = |first: &Visit| first.location == at && first.earliest <= minute(100);
        let first = usize::from(vehicle.visits.first().is_some_and(boarding));
        for i in first..=vehicle.visits.len() {
            for j in i..=vehicle.visits.len() {
                let mut order = vehicle.visits.clone();
                order.insert(j, alight);
                order.insert(i, board);
                let Some((times, driven)) = simulate(region, policy, vehicle, &order) else {
                    continue;
                };
                let ms = |time: EngineTime| time.unix_ms();
                let ride = ms(times[j + 1].1) - ms(times[i].0);
                let others = (0..order.len()).filter(|&k| k != i && k != j + 1);
                let delay: i64 = others.zip(&old).map(|(k, old)| ms(times[k].1) - ms(old.1)).sum();
                let cost = (driven - old_driven)
                    + (ms(times[i].0) - ms(board.earliest))
                    + (ride - i64::from(board.direct.get())).max(0)
                    + delay;
                best = Some(best.unwrap_or(cost).min(cost));
            }
        }
    }
    best
}

#[test]
fn the_best_insertion_is_found_around_forbidden_turns() {
    let region = island();
    let mut random = Random(5);
    let (mut found_any, mut refused) = (0, 0);
    for (nth, town) in towns(&region).iter().enumerate() {
        // Tight windows and hardly any dwell, so that a detour saved decides.
        let policy = Policy {
            stop: Millis::from_secs([0, 20][nth % 2]),
            max_wait: Millis::from_secs([120, 240, 600][nth % 3]),
            ..Policy::default()
        };
        let shift_end = minute([115, 220][nth % 2]);
        let mut fleet: Vec<Vehicle> =
            (0..3).map(|id| vehicle(&region, id, town.place(&mut random), shift_end)).collect();
        let active: Vec<VehicleId> = (0..3).map(VehicleId::new).collect();
        let ctx = Context { oracle: &region, policy: &policy, now: minute(100) };
        let mut outlooks = Outlooks::of(&fleet, ctx);
        let none = Outlooks::default();
        for id in 0..RIDERS {
            let (from, to) = (town.place(&mut random), town.place(&mut random));
            let direct = region.time(from, to);
            if from == to || direct.is_infinite() {
                continue;
            }
            let ready = minute(100) + Millis::from_secs(u32::try_from(random.below(300)).unwrap());
            let (by, ride_max) = (ready + policy.max_wait, policy.ride_max(direct));
            let promise = Promise::new(ready, by, by + ride_max, ride_max, direct);
            let party = Party::new(1, 0).unwrap();
            let pair = Visit::pair(RequestId::new(id), (from, to), party, &promise, &policy);
            outlooks.refresh(&fleet, ctx);
            let search = Search::new(ctx, Goal::Promise, pair);
            let all = Fleet { vehicles: &fleet, active: &active, outlooks: &none };
            let found = insertion::best(&search, Fleet { outlooks: &outlooks, ..all }, None);
            let expected = brute_force(&region, &policy, &fleet, pair);
            assert_eq!(found.map(|place| place.cost), expected, "town {nth}, rider {id}");
            assert_eq!(found, insertion::best(&search, all, None), "town {nth}, rider {id}");
            let groups = outlooks.clone().in_groups();
            assert_eq!(found, insertion::best(&search, Fleet { outlooks: &groups, ..all }, None));
            match found {
                Some(place) => {
                    found_any += 1;
                    outlooks.touch(place.vehicle);
                    fleet[place.vehicle.idx()].insert(pair, &place, ctx);
                }
                None => refused += 1,
            }
        }
    }
    assert!(1_000 < found_any && 200 < refused, "{found_any} found, {refused} refused");
}
