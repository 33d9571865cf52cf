//! Second opinion on the insertion search: every position pair of every vehicle, timed from scratch.
//!
//! Shares types with `planning`, no logic: schedules are simulated here visit by visit with plain loops.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::print_stderr,
    reason = "a test"
)]
#![allow(clippy::allow_attributes, clippy::cast_possible_truncation, reason = "a test")]

mod support;

use proptest::prelude::*;
use sharxi_engine::demand::promise::Promise;
use sharxi_engine::demand::request::Party;
use sharxi_engine::fleet::motion::Motion;
use sharxi_engine::fleet::plan::Action;
use sharxi_engine::fleet::reroute::Context;
use sharxi_engine::fleet::vehicle::{Vehicle, VehicleSpec};
use sharxi_engine::fleet::visit::Visit;
use sharxi_engine::ids::{RequestId, VehicleId};
use sharxi_engine::oracle::{Location, Oracle};
use sharxi_engine::planning::insertion::{self, Fleet, Goal, Search};
use sharxi_engine::planning::outlook::Outlooks;
use sharxi_engine::planning::policy::Policy;
use sharxi_engine::units::{EngineTime, Millis};
use support::{Grid, config, minute, name};

const WIDTH: u32 = 12;

/// A ride as the test thinks of it.
#[derive(Clone, Copy, Debug)]
struct Wish {
    from: (u32, u32),
    to: (u32, u32),
    people: u8,
    /// Ready this many minutes from now.
    ready_in: i64,
}

fn wish() -> impl Strategy<Value = Wish> {
    let corner = || (0..WIDTH, 0..WIDTH);
    (corner(), corner(), 1u8..3, prop_oneof![3 => Just(0i64), 1 => 0i64..40])
        .prop_filter("a ride goes somewhere", |(from, to, ..)| from != to)
        .prop_map(|(from, to, people, ready_in)| Wish { from, to, people, ready_in })
}

fn visits(grid: &Grid, policy: &Policy, id: u32, wish: Wish) -> (Visit, Visit) {
    let (from, to) = (grid.at(wish.from.0, wish.from.1), grid.at(wish.to.0, wish.to.1));
    let direct = grid.time(from, to);
    let ready = minute(100 + wish.ready_in);
    let by = ready + policy.max_wait;
    let ride_max = policy.ride_max(direct);
    let promise = Promise::new(ready, by, by + ride_max, ride_max, direct);
    let party = Party::new(wish.people, 0).unwrap();
    Visit::pair(RequestId::new(id), (from, to), party, &promise, policy)
}

fn vehicle(grid: &Grid, id: usize, start: (u32, u32)) -> Vehicle {
    let start = grid.at(start.0, start.1);
    let spec = VehicleSpec {
        name: name(&format!("v{id}")),
        kind: name("taxi"),
        seats: 3,
        wheelchairs: 0,
        start,
        shift_start: minute(100),
        shift_end: minute(220),
    };
    Vehicle::new(spec, grid.arc_at(start), minute(100))
}

/// Simulates visits in this order; `None` if a rule breaks. Returns (begin, end) of each and the minutes driven.
fn simulate(
    grid: &Grid,
    policy: &Policy,
    mut at: Location,
    mut time: EngineTime,
    shift_end: EngineTime,
    order: &[Visit],
) -> Option<(Vec<(EngineTime, EngineTime)>, i64)> {
    let (mut seats, mut driven) = (0i32, 0i64);
    let mut times: Vec<(EngineTime, EngineTime)> = Vec::new();
    for (k, visit) in order.iter().enumerate() {
        let drive = grid.time(at, visit.location);
        driven += i64::from(drive.get());
        let mut begin = time + drive;
        if at != visit.location {
            begin = begin + policy.stop;
        }
        let people = i32::from(visit.party.passengers());
        match visit.action {
            Action::Board => {
                begin = begin.max(visit.earliest);
                seats += people;
                if begin > visit.latest || seats > 3 {
                    return None;
                }
            }
            Action::Alight => seats -= people,
        }
        let end = begin + visit.dwell;
        if visit.action == Action::Alight {
            let boarded = order[..k].iter().position(|b| b.request == visit.request)?;
            let aboard = end.unix_ms() - times[boarded].0.unix_ms();
            if end > visit.latest || aboard > i64::from(visit.ride_max.get()) {
                return None;
            }
        }
        if end > shift_end {
            return None;
        }
        times.push((begin, end));
        (at, time) = (visit.location, end);
    }
    Some((times, driven))
}

/// The cost of the cheapest feasible place, by trying all.
fn brute_force(
    grid: &Grid,
    policy: &Policy,
    fleet: &[Vehicle],
    (board, alight): (Visit, Visit),
) -> Option<i64> {
    let mut best: Option<i64> = None;
    for vehicle in fleet {
        let Motion::Standing { at, .. } = vehicle.motion else { panic!("all stand") };
        let end = vehicle.spec.shift_end;
        let run = |order: &[Visit]| simulate(grid, policy, at, minute(100), end, order);
        let (old_times, old_driven) = run(&vehicle.visits).expect("what is planned is feasible");
        // Who is boarding already is not put off.
        let boarding = |first: &Visit| first.location == at && first.earliest <= minute(100);
        let first = usize::from(vehicle.visits.first().is_some_and(boarding));
        for i in first..=vehicle.visits.len() {
            for j in i..=vehicle.visits.len() {
                let mut order = vehicle.visits.clone();
                order.insert(j, alight);
                order.insert(i, board);
                let Some((times, driven)) = run(&order) else { continue };
                let ms = |time: EngineTime| time.unix_ms();
                let wait = ms(times[i].0) - ms(board.earliest);
                let ride = ms(times[j + 1].1) - ms(times[i].0);
                let detour = (ride - i64::from(board.direct.get())).max(0);
                let others = (0..order.len()).filter(|&k| k != i && k != j + 1);
                let delay: i64 =
                    others.zip(&old_times).map(|(k, old)| ms(times[k].1) - ms(old.1)).sum();
                let cost = (driven - old_driven) + wait + detour + delay;
                best = Some(best.map_or(cost, |best| best.min(cost)));
            }
        }
    }
    best
}

proptest! {
    #![proptest_config(config(2_000, "tests/insertion_brute_force.regressions"))]

    /// Riders come one after the other; each gets exactly the cheapest place that brute force finds, or none.
    #[test]
    fn finds_what_brute_force_finds(
        starts in prop::collection::vec((0..WIDTH, 0..WIDTH), 1..4),
        wishes in prop::collection::vec(wish(), 1..9),
        stop_s in prop_oneof![Just(0u32), Just(60)],
        wait_s in prop_oneof![Just(300u32), Just(900)],
    ) {
        let grid = Grid { width: WIDTH, step: Millis::from_secs(60), version: 0 };
        let policy = Policy {
            stop: Millis::from_secs(stop_s),
            max_wait: Millis::from_secs(wait_s),
            ..Policy::default()
        };
        let mut fleet: Vec<Vehicle> =
            starts.iter().enumerate().map(|(id, &start)| vehicle(&grid, id, start)).collect();
        let active: Vec<VehicleId> = (0..fleet.len() as u32).map(VehicleId::new).collect();
        let first = Context { oracle: &grid, policy: &policy, now: minute(100) };
        let mut outlooks = Outlooks::of(&fleet, first);
        for (id, wish) in (0u32..).zip(wishes) {
            let (board, alight) = visits(&grid, &policy, id, wish);
            let ctx = Context { oracle: &grid, policy: &policy, now: minute(100) };
            let search = Search::new(ctx, Goal::Promise, (board, alight));
            outlooks.refresh(&fleet, ctx);
            let vehicles = Fleet { vehicles: &fleet, active: &active, outlooks: &outlooks };
            let found = insertion::best(&search, vehicles, None);
            let expected = brute_force(&grid, &policy, &fleet, (board, alight));
            prop_assert_eq!(found.map(|place| place.cost), expected);
            if let Some(place) = found {
                outlooks.touch(place.vehicle);
                fleet[place.vehicle.idx()].insert((board, alight), &place, ctx);
            }
        }
    }
}
