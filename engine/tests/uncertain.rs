//! Late vehicles say so, riders are looked after before they are late, and a flood of refusals can't slow the dispatcher.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test")]
#![allow(clippy::allow_attributes, clippy::cast_possible_truncation, reason = "a test")]

mod support;

use sharxi_engine::dispatcher::command::{Command, CommandError};
use sharxi_engine::dispatcher::event::EventKind;
use sharxi_engine::limits::{RESCUE_TESTS_PER_S, RESCUE_TESTS_SAVED_MAX};
use sharxi_engine::planning::policy::Policy;
use sharxi_engine::units::Millis;
use support::{Town, minute};

fn town(time_sigma_milli: u32) -> Town {
    Town::new(30, Policy { reposition: false, time_sigma_milli, ..Policy::default() })
}

/// A vehicle eight minutes away is held up for seven; meanwhile another one starts nearby.
fn held_up(time_sigma_milli: u32) -> Town {
    let mut town = town(time_sigma_milli);
    let slow = town.vehicle("slow", (0, 0), 4, 0);
    let ride = town.request("r", (8, 0), (20, 0));
    town.apply(minute(0), Command::RequestRide(ride));
    town.run_until(minute(0));
    town.stuck.push(slow);
    town.run_until(minute(7));
    town.vehicle("near", (12, 0), 4, 0);
    let driven = Millis::from_secs(60);
    // One minute of eight is behind it: fifteen minutes after the request it would just be there.
    town.apply(minute(8), Command::Progress { vehicle: slow, driven, at: minute(8) });
    town
}

#[test]
fn a_rider_in_danger_changes_vehicles_before_anybody_is_late() {
    let careful = held_up(150);
    let story = careful.story();
    assert!(story.contains("8.0 r changes from slow to near"), "{story}");
    assert!(!story.contains("risk"), "{story}");
    // With exact times nothing is wrong yet.
    let exact = held_up(0);
    assert!(!exact.story().contains("changes"), "{}", exact.story());
    let slow = exact.dispatcher.find_vehicle(&support::name("slow")).unwrap();
    assert_eq!(exact.dispatcher.visits(slow)[0].begin, minute(15));
}

#[test]
fn progress_needs_a_leg_and_no_more_of_it_than_there_is() {
    let mut town = town(0);
    let taxi = town.vehicle("taxi", (0, 0), 4, 0);
    let ride = town.request("r", (8, 0), (20, 0));
    let progress =
        |driven_s, at| Command::Progress { vehicle: taxi, driven: Millis::from_secs(driven_s), at };
    let refused = town.dispatcher.apply(minute(0), progress(0, minute(0)));
    assert!(matches!(refused, Err(CommandError::NotNow { .. })), "{refused:?}");
    town.apply(minute(0), Command::RequestRide(ride));
    town.run_until(minute(1));
    let refused = town.dispatcher.apply(minute(1), progress(481, minute(1)));
    assert!(matches!(refused, Err(CommandError::Invalid(_))), "{refused:?}");
    // Early is fine: it is there a minute sooner, and the rider may board.
    town.apply(minute(1), progress(120, minute(1)));
    assert_eq!(town.dispatcher.visits(taxi)[0].begin, minute(7));
}

#[test]
fn promises_keep_more_in_hand_where_times_are_uncertain() {
    // Fourteen minutes away: 840 s, and 0.3 x 840 s more in hand is more than there is.
    let promised = |time_sigma_milli| {
        let mut town = town(time_sigma_milli);
        town.vehicle("taxi", (0, 0), 4, 0);
        let ride = town.request("r", (14, 0), (20, 0));
        let events = town.apply(minute(0), Command::RequestRide(ride));
        events.iter().any(|event| matches!(event.kind, EventKind::Promised { .. }))
    };
    assert!(promised(0));
    assert!(!promised(150));
}

#[test]
fn a_flood_of_refusals_spends_no_more_tests_than_time_earns() {
    let mut town = town(0);
    for n in 0..4 {
        town.vehicle(&format!("v{n}"), (n, 0), 2, 0);
    }
    let search = u64::from(Policy::default().rescue_tests);
    let (mut refused, mut spent) = (0, 0);
    let mut left = town.dispatcher.rescue_tests_left();
    assert_eq!(left, RESCUE_TESTS_SAVED_MAX);
    // A hundred riders in one second, all from one corner to another: the vehicles are full after a few.
    for n in 0..100 {
        let ride = town.request(&format!("r{n}"), (2, 2), (25, 25));
        let time = minute(1) + Millis::new(n * 10);
        let events = town.apply(time, Command::RequestRide(ride));
        refused += usize::from(
            events.iter().any(|event| matches!(event.kind, EventKind::Rejected { .. })),
        );
        let now_left = town.dispatcher.rescue_tests_left();
        spent += u64::from(now_left < left) * search;
        left = now_left;
    }
    assert!(refused > 80, "{refused}");
    assert!(left < search, "the flood left {left} tests");
    assert!(spent <= RESCUE_TESTS_SAVED_MAX + RESCUE_TESTS_PER_S, "{spent}");
    assert!(spent >= RESCUE_TESTS_SAVED_MAX, "{spent}");
    // After a quiet while riders get searches again.
    town.run_until(minute(2));
    let ride = town.request("late", (2, 2), (25, 25));
    town.apply(minute(2), Command::RequestRide(ride));
    assert!(town.dispatcher.rescue_tests_left() >= RESCUE_TESTS_SAVED_MAX - search);
}
