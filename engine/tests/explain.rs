//! Explanations say what the search says, and name the rule that stands against a vehicle.

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
use sharxi_engine::demand::request::{Party, RideRequest, When};
use sharxi_engine::dispatcher::command::Command;
use sharxi_engine::dispatcher::explain::RideReason;
use sharxi_engine::ids::RequestId;
use sharxi_engine::limits::{EXPLAINED_A_SECOND_MAX, EXPLAINED_REFUSALS_MAX};
use sharxi_engine::planning::explain::{Broken, Explanation, Rule, Verdict};
use sharxi_engine::planning::policy::Policy;
use sharxi_engine::units::{EngineTime, Millis};
use support::{Town, config, minute};

fn policy() -> Policy {
    Policy { reposition: false, reoptimise: false, ..Policy::default() }
}

fn refused(town: &Town, request: u32) -> Explanation {
    match town.dispatcher.explain_ride(RequestId::new(request)) {
        Some(RideReason::Refused { explanation: Some(explanation), .. }) => explanation,
        other => panic!("{other:?}"),
    }
}

/// What stands against the only vehicle.
fn broken(town: &Town, request: u32) -> Vec<Broken> {
    let explanation = refused(town, request);
    match &explanation.candidates[..] {
        [candidate] => match &candidate.verdict {
            Verdict::Fails(broken) => broken.clone(),
            Verdict::Possible { .. } => panic!("{explanation:?}"),
        },
        _ => panic!("{explanation:?}"),
    }
}

fn ask(town: &mut Town, at: EngineTime, ride: RideRequest) {
    town.run_until(at);
    town.apply(at, Command::RequestRide(ride));
}

#[test]
fn each_rule_is_named_with_its_amount() {
    let mut town = Town::new(40, policy());
    town.vehicle("v", (0, 0), 4, 0);
    let far = town.request("far", (20, 0), (25, 0));
    ask(&mut town, minute(1), far);
    let minutes = |rule, minutes: u32| vec![Broken { rule, by: Millis::from_secs(60 * minutes) }];
    assert_eq!(broken(&town, 0), minutes(Rule::Wait, 5));
    let chair =
        RideRequest { party: Party::new(1, 1).unwrap(), ..town.request("chair", (1, 0), (5, 0)) };
    ask(&mut town, minute(1), chair);
    assert_eq!(broken(&town, 1), minutes(Rule::Wheelchairs, 0));
    let club =
        RideRequest { party: Party::new(5, 0).unwrap(), ..town.request("club", (1, 0), (5, 0)) };
    ask(&mut town, minute(1), club);
    assert_eq!(broken(&town, 2), minutes(Rule::Seats, 0));
    let late = RideRequest {
        when: When::DepartAt(minute(24 * 60 - 10)),
        ..town.request("late", (0, 0), (30, 0))
    };
    ask(&mut town, minute(1), late);
    // Half a minute to board, half an hour's drive and half a minute to alight.
    assert_eq!(broken(&town, 3), minutes(Rule::ShiftEnd, 21));
    let anna = town.request("anna", (1, 0), (20, 0));
    ask(&mut town, minute(1), anna);
    let ben = town.request("ben", (1, 12), (1, 30));
    ask(&mut town, minute(1), ben);
    let rules: Vec<Rule> = broken(&town, 5).iter().map(|broken| broken.rule).collect();
    assert_eq!(rules, [Rule::OthersPromise(RequestId::new(4))]);
}

#[test]
fn the_runner_up_is_named_with_what_it_would_have_cost() {
    let mut town = Town::new(20, policy());
    let near = town.vehicle("near", (3, 0), 4, 0);
    let next = town.vehicle("next", (0, 0), 4, 0);
    let far = town.vehicle("far", (19, 5), 4, 0);
    let ride = town.request("anna", (4, 0), (9, 0));
    ask(&mut town, minute(1), ride);
    let Some(RideReason::Waits { vehicle, explanation }) =
        town.dispatcher.explain_ride(RequestId::new(0))
    else {
        panic!("anna waits");
    };
    assert_eq!(vehicle, near);
    assert_eq!((explanation.n_possible, explanation.n_vehicles), (2, 3));
    let named: Vec<_> = explanation.candidates.iter().map(|c| c.vehicle).collect();
    assert_eq!(named, [near, next, far]);
    let cost = |k: usize| match explanation.candidates[k].verdict {
        Verdict::Possible { cost, .. } => cost,
        Verdict::Fails(_) => panic!("{explanation:?}"),
    };
    // Three more minutes to drive, and three more to wait.
    assert_eq!(cost(1) - cost(0), 6 * 60_000);
    town.run_until(minute(3));
    let carried = town.dispatcher.explain_ride(RequestId::new(0));
    assert_eq!(carried, Some(RideReason::Carried { vehicle: near }));
}

#[test]
fn only_the_newest_refusals_are_kept() {
    let mut town = Town::new(40, policy());
    town.vehicle("v", (0, 0), 4, 0);
    for n in 0..=EXPLAINED_REFUSALS_MAX {
        let ride = town.request(&format!("r{n}"), (30, 0), (35, 0));
        ask(&mut town, minute(1) + Millis::new(n as u32 * 100), ride);
    }
    assert_eq!(town.dispatcher.explain_ride(RequestId::new(0)), None);
    refused(&town, 1);
    refused(&town, EXPLAINED_REFUSALS_MAX as u32);
}

#[test]
fn in_a_flood_some_are_told_what_stood_against_them_and_all_are_told_the_reason() {
    let mut town = Town::new(40, policy());
    town.vehicle("v", (0, 0), 4, 0);
    let last = EXPLAINED_A_SECOND_MAX as u32;
    for n in 0..=last {
        let ride = town.request(&format!("r{n}"), (30, 0), (35, 0));
        ask(&mut town, minute(1), ride);
    }
    refused(&town, last - 1);
    let flooded = town.dispatcher.explain_ride(RequestId::new(last));
    assert!(matches!(flooded, Some(RideReason::Refused { explanation: None, .. })), "{flooded:?}");
    let ride = town.request("later", (30, 0), (35, 0));
    ask(&mut town, minute(1) + Millis::from_secs(1), ride);
    refused(&town, last + 1);
}

#[test]
fn a_move_is_explained_by_the_demand_that_it_covers() {
    let policy = Policy { reposition: true, ..policy() };
    let mut town = Town::with_spots(40, policy, &[(0, 0, 1), (15, 0, 100)]);
    let vehicle = town.vehicle("v", (0, 0), 4, 0);
    assert_eq!(town.dispatcher.explain_move(vehicle), None);
    town.run_until(minute(6));
    let why = town.dispatcher.explain_move(vehicle).expect("it moves");
    assert_eq!(why.to, town.grid.at(15, 0));
    assert!(why.more_milli > 0 && why.worth > why.drive, "{why:?}");
}

proptest! {
    #![proptest_config(config(300, "tests/explain.regressions"))]

    /// Whoever is refused finds a broken rule at every vehicle; whoever is promised a vehicle finds it the cheapest.
    #[test]
    fn explanations_agree_with_decisions(
        starts in prop::collection::vec((0u32..14, 0u32..14), 1..5),
        rides in prop::collection::vec(((0u32..14, 0u32..14), (0u32..14, 0u32..14), 1u8..4, 0i64..4), 1..12),
    ) {
        let mut town = Town::new(14, policy());
        for (n, &start) in starts.iter().enumerate() {
            town.vehicle(&format!("v{n}"), start, 3, 0);
        }
        let mut now = 0;
        for (n, (from, to, people, gap)) in rides.into_iter().enumerate() {
            prop_assume!(from != to);
            now += gap;
            town.run_until(minute(now));
            let party = Party::new(people, 0).unwrap();
            let ride = RideRequest { party, ..town.request(&format!("r{n}"), from, to) };
            town.apply(minute(now), Command::RequestRide(ride));
            match town.dispatcher.explain_ride(RequestId::new(n as u32)) {
                Some(RideReason::Refused { explanation, .. }) => {
                    for candidate in explanation.unwrap().candidates {
                        let fails = matches!(&candidate.verdict, Verdict::Fails(b) if !b.is_empty());
                        prop_assert!(fails, "{candidate:?}");
                    }
                }
                Some(RideReason::Waits { vehicle, explanation }) => {
                    prop_assert_eq!(explanation.candidates[0].vehicle, vehicle);
                    let empty = |verdict: &Verdict| matches!(verdict, Verdict::Fails(b) if b.is_empty());
                    prop_assert!(!explanation.candidates.iter().any(|c| empty(&c.verdict)));
                }
                other => prop_assert!(false, "{other:?}"),
            }
        }
    }
}
