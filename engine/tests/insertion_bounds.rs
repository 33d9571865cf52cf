//! The search that bounds what vehicles can offer finds the very place that the search of all of them finds, while the fleet
//! drives, waits, is late, hears of decisions with a delay, and finds other travel times than those with which it set off.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test")]
#![allow(
    clippy::allow_attributes,
    clippy::print_stderr,
    clippy::cast_possible_truncation,
    reason = "a test"
)]

mod support;

use std::sync::Arc;

use proptest::prelude::*;
use sharxi_engine::demand::promise::Promise;
use sharxi_engine::demand::request::Party;
use sharxi_engine::fleet::plan::NextAct;
use sharxi_engine::fleet::reroute::Context;
use sharxi_engine::fleet::vehicle::{Fittings, Vehicle, VehicleSpec};
use sharxi_engine::fleet::visit::Visit;
use sharxi_engine::ids::{RequestId, VehicleId};
use sharxi_engine::oracle::Oracle;
use sharxi_engine::planning::insertion::{self, Fleet, Goal, Search};
use sharxi_engine::planning::objective::Scarcity;
use sharxi_engine::planning::outlook::Outlooks;
use sharxi_engine::planning::policy::Policy;
use sharxi_engine::planning::view::Load;
use sharxi_engine::units::{EngineTime, Millis};
use support::{Grid, config, minute, name};

const WIDTH: u32 = 12;

/// A request, what time passes before it, and who is late then.
#[derive(Clone, Copy, Debug)]
struct Step {
    after_s: u32,
    from: (u32, u32),
    to: (u32, u32),
    people: u8,
    /// Ready so many minutes from then.
    ready_in: u32,
    /// This vehicle does nothing until the next step.
    idler: usize,
    /// From now on all streets take so many per cent of their time.
    percent: Option<u32>,
}

fn step() -> impl Strategy<Value = Step> {
    let corner = || (0..WIDTH, 0..WIDTH);
    let ready_in = prop_oneof![3 => Just(0u32), 1 => 0u32..40];
    let percent = prop::option::weighted(0.1, 30u32..300);
    (0u32..400, corner(), corner(), 1u8..3, ready_in, 0usize..12, percent)
        .prop_filter("a ride goes somewhere", |(_, from, to, ..)| from != to)
        .prop_map(|(after_s, from, to, people, ready_in, idler, percent)| Step {
            after_s,
            from,
            to,
            people,
            ready_in,
            idler,
            percent,
        })
}

fn vehicle(grid: &Grid, id: usize, (x, y): (u32, u32)) -> Vehicle {
    let start = grid.at(x, y);
    let spec = VehicleSpec {
        name: name(&format!("v{id}")),
        kind: name("taxi"),
        seats: 3 + u8::from(id % 5 == 1),
        wheelchairs: u8::from(id % 3 == 1),
        fittings: Fittings::default(),
        start,
        shift_start: minute(100),
        shift_end: minute(220),
    };
    Vehicle::new(spec, grid.arc_at(start), minute(100))
}

fn visits(ctx: Context<'_>, grid: &Grid, id: u32, step: Step) -> (Visit, Visit) {
    let (from, to) = (grid.at(step.from.0, step.from.1), grid.at(step.to.0, step.to.1));
    let direct = grid.time(from, to);
    let ready = ctx.now + Millis::from_secs(step.ready_in * 60);
    let (by, ride_max) = (ready + ctx.policy.max_wait, ctx.policy.ride_max(direct));
    let promise = Promise::new(ready, by, by + ride_max, ride_max, direct);
    let party = Party::new(step.people, 0).unwrap();
    Visit::pair(RequestId::new(id), (from, to), party, &promise, ctx.policy)
}

/// The vehicle does what it should have done by `until`, one act; false if there is nothing.
fn act(vehicle: &mut Vehicle, until: EngineTime, ctx: Context<'_>) -> bool {
    let at = match vehicle.next_act(ctx.policy) {
        NextAct::Idle => return false,
        NextAct::Depart { at, .. }
        | NextAct::Arrive { at, .. }
        | NextAct::Board { at, .. }
        | NextAct::Alight { at, .. } => at,
    };
    if until < at {
        return false;
    }
    // Who was idle catches up from now on.
    let at = at.max(vehicle.last_fact);
    let ctx = Context { now: at.max(ctx.now), ..ctx };
    vehicle.last_fact = at;
    match vehicle.next_act(ctx.policy) {
        NextAct::Idle => return false,
        NextAct::Depart { path, .. } => vehicle.depart(Arc::clone(&path), at, ctx),
        NextAct::Arrive { .. } => vehicle.arrive(at, ctx),
        NextAct::Board { request, .. } => {
            let visit = *vehicle.visits.first().unwrap();
            vehicle.finish(0, at + visit.dwell, ctx);
            vehicle.taken = vehicle.taken.plus(Load::of(visit.party));
            for other in vehicle.visits.iter_mut().filter(|other| other.request == request) {
                other.boarded_at = Some(at);
                other.latest = other.latest.min(at + other.ride_max);
            }
        }
        NextAct::Alight { .. } => {
            let visit = *vehicle.visits.first().unwrap();
            vehicle.finish(0, at, ctx);
            vehicle.taken = vehicle.taken.minus(Load::of(visit.party));
        }
    }
    true
}

proptest! {
    #![proptest_config(config(500, "tests/insertion_bounds.regressions"))]

    #[test]
    fn bounds_lose_no_place(
        starts in prop::collection::vec((0..WIDTH, 0..WIDTH), 1..12),
        steps in prop::collection::vec(step(), 1..30),
        stop_s in prop_oneof![Just(0u32), Just(60)],
        wait_s in prop_oneof![Just(300u32), Just(900)],
        react_s in prop_oneof![2 => Just(0u32), 1 => Just(10), 1 => Just(90)],
        sigma_milli in prop_oneof![Just(0u32), Just(150)],
        goal in prop_oneof![
            4 => Just(Goal::Promise),
            1 => Just(Goal::EarliestPickup),
            1 => Just(Goal::LeastLate),
        ],
    ) {
        // As it is before the first step, and at each.
        let mut grid = Grid { width: WIDTH, step: Millis::from_secs(60), version: 0 };
        let streets = steps.iter().map(|step| {
            grid.step = step.percent.map_or(grid.step, |percent| Millis::new(600 * percent));
            Grid { ..grid }
        });
        let streets: Vec<Grid> = streets.collect();
        let grid = Grid { step: Millis::from_secs(60), ..grid };
        let policy = Policy {
            stop: Millis::from_secs(stop_s),
            max_wait: Millis::from_secs(wait_s),
            react: Millis::from_secs(react_s),
            time_sigma_milli: sigma_milli,
            ..Policy::default()
        };
        let mut ctx = Context { oracle: &grid, policy: &policy, now: minute(100) };
        let mut fleet: Vec<Vehicle> =
            starts.iter().enumerate().map(|(id, &start)| vehicle(&grid, id, start)).collect();
        let active: Vec<VehicleId> = (0..).take(fleet.len()).map(VehicleId::new).collect();
        let mut outlooks = Outlooks::of(&fleet, ctx);
        let none = Outlooks::default();
        for (id, (step, grid)) in (0u32..).zip(steps.into_iter().zip(&streets)) {
            let until = ctx.now + Millis::from_secs(step.after_s);
            for (&id, vehicle) in active.iter().zip(&mut fleet).filter(|(id, _)| id.idx() != step.idler) {
                while act(vehicle, until, ctx) {
                    outlooks.touch(id);
                }
            }
            ctx = Context { oracle: grid, now: until, ..ctx };
            if step.percent.is_some() {
                for vehicle in &mut fleet {
                    vehicle.retime(ctx);
                }
                outlooks = Outlooks::of(&fleet, ctx);
            }
            outlooks.refresh(&fleet, ctx);
            let pair = visits(ctx, grid, id, step);
            let all = Fleet { vehicles: &fleet, active: &active, outlooks: &none };
            let bounded = Fleet { outlooks: &outlooks, ..all };
            let search = Search::new(ctx, goal, pair);
            let found = insertion::best(&search, bounded, None);
            prop_assert_eq!(found, insertion::best(&search, all, None));
            let mut groups = outlooks.clone().in_groups();
            prop_assert_eq!(found, insertion::best(&search, Fleet { outlooks: &groups, ..all }, None));
            let scarcity = Scarcity::of(fleet.iter().map(Vehicle::capacity));
            let search = Search { scarcity, ..Search::new(ctx, Goal::Promise, pair) };
            let found = insertion::best(&search, bounded, None);
            prop_assert_eq!(found, insertion::best(&search, all, None));
            prop_assert_eq!(found, insertion::best(&search, Fleet { outlooks: &groups, ..all }, None));
            // One of which nothing is known.
            groups.touch(active[step.idler % active.len()]);
            prop_assert_eq!(found, insertion::best(&search, Fleet { outlooks: &groups, ..all }, None));
            if let Some(place) = found {
                outlooks.touch(place.vehicle);
                fleet[place.vehicle.idx()].insert(pair, &place, ctx);
            }
        }
    }
}
