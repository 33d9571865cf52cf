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

use std::collections::BTreeMap;

use proptest::prelude::*;
use sharxi_engine::demand::promise::Promise;
use sharxi_engine::demand::request::Party;
use sharxi_engine::fleet::motion::Motion;
use sharxi_engine::fleet::plan::Action;
use sharxi_engine::fleet::reroute::Context;
use sharxi_engine::fleet::vehicle::{Fittings, Vehicle, VehicleSpec};
use sharxi_engine::fleet::visit::Visit;
use sharxi_engine::ids::{RequestId, VehicleId};
use sharxi_engine::oracle::{Location, Oracle};
use sharxi_engine::planning::explain::{self, Rule};
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
    /// Wheelchairs, child seats, luggage; as far as the party has people for them.
    needs: (u8, u8, u8),
    /// Ready this many minutes from now.
    ready_in: i64,
}

fn wish() -> impl Strategy<Value = Wish> {
    let corner = || (0..WIDTH, 0..WIDTH);
    let needs = (0u8..2, 0u8..2, 0u8..3);
    (corner(), corner(), 1u8..3, needs, prop_oneof![3 => Just(0i64), 1 => 0i64..40])
        .prop_filter("a ride goes somewhere", |(from, to, ..)| from != to)
        .prop_map(|(from, to, people, needs, ready_in)| Wish { from, to, people, needs, ready_in })
}

fn visits(grid: &Grid, policy: &Policy, id: u32, wish: Wish) -> (Visit, Visit) {
    let (from, to) = (grid.at(wish.from.0, wish.from.1), grid.at(wish.to.0, wish.to.1));
    let direct = grid.time(from, to);
    let ready = minute(100 + wish.ready_in);
    let by = ready + policy.max_wait;
    let ride_max = policy.ride_max(direct);
    let promise = Promise::new(ready, by, by + ride_max, ride_max, direct);
    let (wheelchairs, child_seats, luggage) = wish.needs;
    let party = Party::new(wish.people, wheelchairs.min(wish.people)).unwrap();
    let party = party.with_needs(child_seats.min(party.seats()), luggage).unwrap();
    Visit::pair(RequestId::new(id), (from, to), party, &promise, policy)
}

fn vehicle(grid: &Grid, id: usize, start: (u32, u32)) -> Vehicle {
    let start = grid.at(start.0, start.1);
    let spec = VehicleSpec {
        name: name(&format!("v{id}")),
        kind: name("taxi"),
        seats: 3,
        // Every second vehicle has a place that takes two of its seats, a child seat and room for two pieces.
        wheelchairs: u8::from(id.is_multiple_of(2)),
        fittings: if id.is_multiple_of(2) {
            Fittings { fold: 2, child_seats: 1, luggage: 2 }
        } else {
            Fittings::default()
        },
        start,
        shift_start: minute(100),
        shift_end: minute(220),
    };
    Vehicle::new(spec, grid.arc_at(start), minute(100))
}

/// What has to be kept in hand after legs with this sum of squares, in milliseconds.
fn reserve_ms(policy: &Policy, squares: u64) -> i64 {
    let share = u64::from(policy.time_sigma_milli * policy.reserve_z_milli);
    let unreported = if squares == 0 { 0 } else { 10_000 };
    if share == 0 { 0 } else { (squares.isqrt() * share / 1_000_000 + unreported).cast_signed() }
}

/// Visits and when they were to begin and end.
type Before<'a> = (&'a [Visit], &'a [(EngineTime, EngineTime)]);

/// Simulates visits in this order; `None` if a rule breaks. Returns (begin, end) of each and the minutes driven. What is no
/// later than it was before may have less in hand than it should.
fn simulate(
    grid: &Grid,
    policy: &Policy,
    mut at: Location,
    mut time: EngineTime,
    spec: &VehicleSpec,
    order: &[Visit],
    before: Option<Before<'_>>,
) -> Option<(Vec<(EngineTime, EngineTime)>, i64)> {
    let share = u64::from(policy.time_sigma_milli * policy.reserve_z_milli);
    let mut squares: Vec<u64> = vec![0];
    let was = |visit: &Visit| {
        let Some((visits, times)) = before else { return Some((spec.shift_end, spec.shift_end)) };
        let k = visits.iter().position(|v| (v.request, v.action) == (visit.request, visit.action));
        k.map(|k| times[k])
    };
    let mut driven = 0i64;
    // People, wheelchairs, child seats, luggage on board.
    let mut load = [0u8; 4];
    let mut times: Vec<(EngineTime, EngineTime)> = Vec::new();
    for (k, visit) in order.iter().enumerate() {
        let drive = grid.time(at, visit.location);
        driven += i64::from(drive.get());
        let mut begin = time + drive;
        if at != visit.location {
            begin = begin + policy.stop;
        }
        let party = visit.party;
        let needs = [party.passengers(), party.wheelchairs(), party.child_seats(), party.luggage()];
        match visit.action {
            Action::Board => {
                begin = begin.max(visit.earliest);
                (0..4).for_each(|k| load[k] += needs[k]);
                if begin > visit.latest || !has_room(spec, load) {
                    return None;
                }
            }
            Action::Alight => (0..4).for_each(|k| load[k] -= needs[k]),
        }
        let mut sum = squares[k] + u64::from(drive.get()).pow(2);
        let ready = time + drive + if at == visit.location { Millis::ZERO } else { policy.stop };
        let waits = begin.unix_ms() - ready.unix_ms();
        // Whoever stands sets off just in time for the first visit.
        if k > 0 && waits > 0 && share > 0 {
            let left = (reserve_ms(policy, sum) - waits - 10_000).max(0).cast_unsigned();
            sum = (left * 1_000_000 / share).pow(2);
        }
        squares.push(sum);
        let end = begin + visit.dwell;
        let counts = if visit.action == Action::Board { begin } else { end };
        let no_later = was(visit).is_some_and(|(old_begin, old_end)| {
            counts <= if visit.action == Action::Board { old_begin } else { old_end }
        });
        if !no_later && counts.unix_ms() + reserve_ms(policy, sum) > visit.latest.unix_ms() {
            return None;
        }
        if visit.action == Action::Alight {
            let boarded = order[..k].iter().position(|b| b.request == visit.request)?;
            let aboard = end.unix_ms() - times[boarded].0.unix_ms();
            let reserve = reserve_ms(policy, sum.saturating_sub(squares[boarded + 1]));
            let too_long = aboard + reserve > i64::from(visit.ride_max.get());
            if end > visit.latest || too_long && was(visit).is_none_or(|(_, old)| end > old) {
                return None;
            }
        }
        if end > spec.shift_end {
            return None;
        }
        times.push((begin, end));
        (at, time) = (visit.location, end);
    }
    Some((times, driven))
}

fn has_room(spec: &VehicleSpec, [people, wheelchairs, children, luggage]: [u8; 4]) -> bool {
    let there = spec.fittings;
    let seats = i32::from(spec.seats) - i32::from(there.fold) * i32::from(wheelchairs);
    i32::from(people) - i32::from(wheelchairs) <= seats
        && wheelchairs <= spec.wheelchairs
        && children <= there.child_seats
        && luggage <= there.luggage
}

/// The cost of the cheapest feasible place and the earliest pickup of any, by trying all.
fn brute_force(
    grid: &Grid,
    policy: &Policy,
    fleet: &[Vehicle],
    (board, alight): (Visit, Visit),
) -> Option<(i64, EngineTime)> {
    let mut best: Option<(i64, EngineTime)> = None;
    for vehicle in fleet {
        let Motion::Standing { at, .. } = vehicle.motion else { panic!("all stand") };
        let run = |order: &[Visit], before: Option<Before<'_>>| {
            simulate(grid, policy, at, minute(100), &vehicle.spec, order, before)
        };
        let planned = run(&vehicle.visits, None);
        let (old_times, old_driven) = planned.expect("what is planned is feasible");
        // Who is boarding already is not put off.
        let boarding = |first: &Visit| first.location == at && first.earliest <= minute(100);
        let first = usize::from(vehicle.visits.first().is_some_and(boarding));
        for i in first..=vehicle.visits.len() {
            for j in i..=vehicle.visits.len() {
                let mut order = vehicle.visits.clone();
                order.insert(j, alight);
                order.insert(i, board);
                let before = Some((&vehicle.visits[..], &old_times[..]));
                let Some((times, driven)) = run(&order, before) else { continue };
                let ms = |time: EngineTime| time.unix_ms();
                let wait = ms(times[i].0) - ms(board.earliest);
                let ride = ms(times[j + 1].1) - ms(times[i].0);
                let detour = (ride - i64::from(board.direct.get())).max(0);
                let others = (0..order.len()).filter(|&k| k != i && k != j + 1);
                let delay: i64 =
                    others.zip(&old_times).map(|(k, old)| ms(times[k].1) - ms(old.1)).sum();
                let cost = (driven - old_driven) + wait + detour + delay;
                let (least, soonest) = best.unwrap_or((cost, times[i].0));
                best = Some((least.min(cost), soonest.min(times[i].0)));
            }
        }
    }
    best
}

/// Begin and end of each visit in this order, whatever breaks.
fn timed(
    grid: &Grid,
    policy: &Policy,
    (mut at, mut time): (Location, EngineTime),
    order: &[Visit],
) -> Vec<(EngineTime, EngineTime)> {
    let mut times = Vec::new();
    for visit in order {
        let stop = if at == visit.location { Millis::ZERO } else { policy.stop };
        let ready = time + grid.time(at, visit.location) + stop;
        let begin = if visit.action == Action::Board { ready.max(visit.earliest) } else { ready };
        (at, time) = (visit.location, begin + visit.dwell);
        times.push((begin, time));
    }
    times
}

/// What stands against a vehicle: of all pairs of positions the first that breaks the fewest rules, by the least.
fn why_not(
    grid: &Grid,
    policy: &Policy,
    vehicle: &Vehicle,
    (board, alight): (Visit, Visit),
) -> Vec<(Rule, i64)> {
    let Motion::Standing { at, .. } = vehicle.motion else { panic!("all stand") };
    let begin = (at, minute(100));
    let planned = timed(grid, policy, begin, &vehicle.visits);
    let boarding = |first: &Visit| first.location == at && first.earliest <= minute(100);
    let first = usize::from(vehicle.visits.first().is_some_and(boarding));
    let mut best: Option<Vec<(Rule, i64)>> = None;
    let sum =
        |broken: &[(Rule, i64)]| (broken.len(), broken.iter().map(|rule| rule.1).sum::<i64>());
    for i in first..=vehicle.visits.len() {
        for j in i..=vehicle.visits.len() {
            let mut order = vehicle.visits.clone();
            order.insert(j, alight);
            order.insert(i, board);
            let times = timed(grid, policy, begin, &order);
            let mut broken: BTreeMap<Rule, i64> = BTreeMap::new();
            let mut note = |rule, by: i64, always: bool| {
                if always || by > 0 {
                    broken.entry(rule).and_modify(|most| *most = by.max(*most)).or_insert(by);
                }
            };
            let mut load = [0u8; 4];
            for (k, (visit, &(begins, ends))) in order.iter().zip(&times).enumerate() {
                let party = visit.party;
                let needs =
                    [party.passengers(), party.wheelchairs(), party.child_seats(), party.luggage()];
                let boards = visit.action == Action::Board;
                (0..4).for_each(|k| {
                    load[k] = if boards { load[k] + needs[k] } else { load[k] - needs[k] }
                });
                let (spec, [people, chairs, children, luggage]) = (&vehicle.spec, load);
                let seats =
                    i32::from(spec.seats) - i32::from(spec.fittings.fold) * i32::from(chairs);
                note(Rule::Seats, 0, i32::from(people) - i32::from(chairs) > seats);
                note(Rule::Wheelchairs, 0, chairs > spec.wheelchairs);
                note(Rule::ChildSeats, 0, children > spec.fittings.child_seats);
                note(Rule::Luggage, 0, luggage > spec.fittings.luggage);
                let counts = if boards { begins } else { ends };
                let late = counts.unix_ms() - visit.latest.unix_ms();
                let own = order[..k].iter().position(|other| other.request == visit.request);
                let over = own.filter(|_| !boards).map_or(0, |own| {
                    ends.unix_ms() - times[own].0.unix_ms() - i64::from(visit.ride_max.get())
                });
                if k == i || k == j + 1 {
                    note(if boards { Rule::Wait } else { Rule::DropOff }, late, false);
                    note(Rule::RideTime, over, false);
                } else {
                    let old = planned[k - usize::from(i < k) - usize::from(j + 1 < k)].1;
                    let longer = if ends <= old { 0 } else { over };
                    note(Rule::OthersPromise(visit.request), late.max(longer), false);
                }
            }
            let end = times.iter().map(|times| times.1).max().unwrap();
            note(Rule::ShiftEnd, end.unix_ms() - vehicle.spec.shift_end.unix_ms(), false);
            let broken: Vec<(Rule, i64)> = broken.into_iter().collect();
            if best.as_ref().is_none_or(|best| sum(&broken) < sum(best)) {
                best = Some(broken);
            }
        }
    }
    best.unwrap()
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
        sigma_milli in prop_oneof![Just(0u32), Just(150)],
    ) {
        let grid = Grid { width: WIDTH, step: Millis::from_secs(60), version: 0 };
        let policy = Policy {
            stop: Millis::from_secs(stop_s),
            max_wait: Millis::from_secs(wait_s),
            time_sigma_milli: sigma_milli,
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
            for vehicle in &fleet {
                // As planned, and with some of it late.
                for late_s in [0, 180, 720] {
                    let late = Millis::from_secs(late_s);
                    let mut vehicle = vehicle.clone();
                    vehicle.visits.iter_mut().step_by(3).for_each(|visit| visit.latest = visit.latest - late);
                    let told = explain::why_not(&search, &vehicle.schedule());
                    let told: Vec<(Rule, i64)> =
                        told.iter().map(|broken| (broken.rule, i64::from(broken.by.get()))).collect();
                    prop_assert_eq!(told, why_not(&grid, &policy, &vehicle, (board, alight)));
                }
            }
            prop_assert_eq!(found.map(|place| place.cost), expected.map(|(cost, _)| cost));
            // Whoever is refused is told the earliest pickup, without a reserve; the promise would be made for that.
            let whenever = |visit: Visit| Visit { latest: minute(10_000), ..visit };
            let whenever = (whenever(board), whenever(alight));
            if sigma_milli == 0 {
                let soonest = Search::new(ctx, Goal::EarliestPickup, whenever);
                prop_assert_eq!(
                    insertion::best(&soonest, vehicles, None).map(|place| place.board.begin),
                    brute_force(&grid, &policy, &fleet, whenever).map(|(_, begin)| begin)
                );
            }
            if let Some(place) = found {
                // A limit cuts off nothing below it.
                let below = |limit| insertion::best_below(&search, vehicles, None, limit);
                prop_assert_eq!(below(place.cost + 1), found);
                prop_assert_eq!(below(place.cost), None);
            }
            if let Some(place) = found {
                outlooks.touch(place.vehicle);
                fleet[place.vehicle.idx()].insert((board, alight), &place, ctx);
            }
        }
    }
}
