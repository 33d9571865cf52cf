//! Plans of several vehicles changed together: what is taken over holds, what is stale is refused, riders notice little.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test")]
#![allow(clippy::allow_attributes, clippy::cast_possible_truncation, reason = "a test")]

mod support;

use std::collections::BTreeMap;

use sharxi_engine::dispatcher::command::{Command, CommandError};
use sharxi_engine::dispatcher::event::EventKind;
use sharxi_engine::dispatcher::{Dispatcher, Improvement};
use sharxi_engine::ids::RequestId;
use sharxi_engine::planning::policy::Policy;
use sharxi_engine::units::{EngineTime, Millis};
use support::{Town, minute};

const SIDE: u32 = 24;
const NOTICE: Millis = Millis::from_secs(120);

/// A pseudo-random corner of the town.
fn corner(n: u32) -> (u32, u32) {
    let mixed = n.wrapping_mul(2_654_435_761);
    ((mixed >> 8) % SIDE, (mixed >> 20) % SIDE)
}

fn town(n_vehicles: u32, reoptimise: bool) -> Town {
    let policy = Policy { reposition: false, reoptimise, ..Policy::default() };
    let mut town = Town::new(SIDE, policy);
    for id in 0..n_vehicles {
        town.vehicle(&format!("v{id}"), corner(id), 4, 0);
    }
    town
}

/// Asks for ride number `id`, then takes over what is found to be better; whether something was.
fn ask(town: &mut Town, id: u32) -> bool {
    let time = minute(1) + Millis::from_secs(id * 40);
    town.run_until(time);
    let ride = town.request(&format!("r{id}"), corner(id * 2 + 1000), corner(id * 2 + 7001));
    let place = ride.from;
    town.apply(time, Command::RequestRide(ride));
    let better = town.dispatcher.improvement(place, 5_000);
    let found = better.is_some();
    if let Some(better) = better {
        town.apply(time, Command::AdoptPlan(better));
    }
    found
}

fn n_promised(town: &Town) -> usize {
    town.log.iter().filter(|event| matches!(event.kind, EventKind::Promised { .. })).count()
}

/// When each rider was moved; nobody is moved within the notice before boarding, and no promise is at risk.
fn moves(town: &Town) -> BTreeMap<RequestId, Vec<EngineTime>> {
    let mut moves: BTreeMap<RequestId, Vec<EngineTime>> = BTreeMap::new();
    for event in &town.log {
        match event.kind {
            EventKind::Reassigned { request, .. } => {
                moves.entry(request).or_default().push(event.at);
            }
            EventKind::Boarded { request, .. } => {
                let last = moves.get(&request).and_then(|moves| moves.last());
                let in_time = last.is_none_or(|&last| last + NOTICE <= event.at);
                assert!(in_time, "{request:?} moved at {last:?} boards at {:?}", event.at);
            }
            EventKind::PromiseBroken { .. } | EventKind::PromiseAtRisk { .. } => {
                panic!("{event:?}\n{}", town.story())
            }
            _ => {}
        }
    }
    moves
}

#[test]
fn more_are_promised_and_nobody_is_moved_late_or_often() {
    let (mut with, mut without, mut adopted, mut moved) = (0, 0, 0, 0);
    for n_vehicles in [18, 22, 26] {
        let mut town = self::town(n_vehicles, true);
        adopted += (0..250).filter(|&id| ask(&mut town, id)).count();
        town.run_until(minute(24 * 60 - 1));
        let mut plain = self::town(n_vehicles, false);
        (0..250).for_each(|id| assert!(!ask(&mut plain, id), "the policy forbids it"));
        with += n_promised(&town);
        without += n_promised(&plain);
        let moves = moves(&town);
        assert!(moves.values().all(|moves| moves.len() <= 2), "{moves:?}");
        moved += moves.len();
    }
    assert!(adopted > 5, "{adopted} plans were adopted");
    assert!(moved > 5, "{moved} riders were moved");
    assert!(without < with, "{with} promised, {without} without");
}

/// Asks until something better is found and returns it, untaken.
fn found(town: &mut Town) -> (EngineTime, Improvement) {
    for id in 0..250 {
        let time = minute(1) + Millis::from_secs(id * 40);
        town.run_until(time);
        let ride = town.request(&format!("r{id}"), corner(id * 2 + 1000), corner(id * 2 + 7001));
        let place = ride.from;
        town.apply(time, Command::RequestRide(ride));
        let better = town.dispatcher.improvement(place, 5_000);
        if let Some(better) = better.filter(|better| better.plans.len() > 1) {
            return (time, better);
        }
    }
    panic!("nothing better was found");
}

fn refusal(dispatcher: &mut Dispatcher, time: EngineTime, plan: Improvement) -> CommandError {
    let before = dispatcher.state_hash();
    let refused = dispatcher.apply(time, Command::AdoptPlan(plan)).expect_err("is refused");
    assert_eq!(dispatcher.state_hash(), before, "nothing has changed");
    refused
}

#[test]
fn what_does_not_fit_any_more_is_refused_as_a_whole() {
    let mut town = town(16, true);
    let (time, better) = found(&mut town);
    let again = town.dispatcher.improvement(town.grid.at(0, 0), 5_000);
    assert_eq!(again, town.dispatcher.improvement(town.grid.at(0, 0), 5_000), "a pure function");

    let changed = |change: &dyn Fn(&mut Improvement)| {
        let mut plan = better.clone();
        change(&mut plan);
        plan
    };
    let wrong = [
        changed(&|plan| drop(plan.plans.pop())),
        changed(&|plan| plan.plans.push(plan.plans[0].clone())),
        changed(&|plan| plan.plans[0].visits.truncate(1)),
        changed(&|plan| plan.plans[0].visits.reverse()),
        changed(&|plan| plan.plans[0].vehicle = sharxi_engine::ids::VehicleId::new(99)),
    ];
    for plan in wrong {
        refusal(&mut town.dispatcher, time, plan);
    }
    let stale = changed(&|plan| plan.plans[1].version -= 1);
    let vehicle = stale.plans[1].vehicle;
    let said = refusal(&mut town.dispatcher, time, stale);
    assert!(
        matches!(said, CommandError::PlanChanged { vehicle: named, .. } if named == vehicle),
        "{said}"
    );

    town.apply(time, Command::AdoptPlan(better.clone()));
    let said = refusal(&mut town.dispatcher, time, better);
    assert!(matches!(said, CommandError::PlanChanged { .. }), "{said}");
}
