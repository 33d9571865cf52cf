//! The dispatcher's stories: what a town does, what it says, minute by minute.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::print_stderr,
    reason = "a test"
)]
#![allow(clippy::allow_attributes, clippy::cast_possible_truncation, reason = "a test")]

mod support;

use expect_test::expect;
use sharxi_engine::demand::request::{Party, RideRequest, When};
use sharxi_engine::demand::ride::Actor;
use sharxi_engine::dispatcher::command::Command;
use sharxi_engine::fleet::vehicle::VehicleSpec;
use sharxi_engine::ids::{RequestId, VehicleId};
use sharxi_engine::planning::policy::Policy;
use sharxi_engine::units::{EngineTime, Millis};
use support::{Town, minute};

fn policy() -> Policy {
    Policy { reposition: false, ..Policy::default() }
}

#[test]
fn one_ride() {
    let mut town = Town::new(20, policy());
    town.vehicle("v", (0, 0), 4, 0);
    let ride = town.request("anna", (3, 0), (8, 0));
    town.apply(minute(1), Command::RequestRide(ride));
    town.run_until(minute(60));
    expect![[r#"
        0.0 v starts
        1.0 anna is promised v at 4.0
        1.0 v departs
        4.0 v arrives at 3,0
        4.0 anna boards v
        4.5 v departs
        9.5 v arrives at 8,0
        10.0 anna alights from v
    "#]]
    .assert_eq(&town.story());
}

#[test]
fn two_riders_share() {
    let mut town = Town::new(20, policy());
    town.vehicle("v", (0, 0), 4, 0);
    let anna = town.request("anna", (3, 0), (12, 0));
    let ben = town.request("ben", (5, 0), (10, 0));
    town.apply(minute(1), Command::RequestRide(anna));
    town.run_until(minute(2));
    town.apply(minute(2), Command::RequestRide(ben));
    town.run_until(minute(60));
    expect![[r#"
        0.0 v starts
        1.0 anna is promised v at 4.0
        1.0 v departs
        2.0 ben is promised v at 6.5
        4.0 v arrives at 3,0
        4.0 anna boards v
        4.5 v departs
        6.5 v arrives at 5,0
        6.5 ben boards v
        7.0 v departs
        12.0 v arrives at 10,0
        12.5 ben alights from v
        12.5 v departs
        14.5 v arrives at 12,0
        15.0 anna alights from v
    "#]]
    .assert_eq(&town.story());
}

#[test]
fn too_far_is_refused_with_the_next_possible_time() {
    let mut town = Town::new(40, policy());
    town.vehicle("v", (0, 0), 4, 0);
    let ride = town.request("anna", (20, 0), (25, 0));
    town.apply(minute(1), Command::RequestRide(ride));
    let again = RideRequest {
        when: When::DepartAt(minute(21)),
        ..town.request("anna again", (20, 0), (25, 0))
    };
    town.apply(minute(1), Command::RequestRide(again));
    let many =
        RideRequest { party: Party::new(5, 0).unwrap(), ..town.request("club", (1, 0), (2, 0)) };
    town.apply(minute(1), Command::RequestRide(many));
    town.run_until(minute(60));
    expect![[r#"
        0.0 v starts
        1.0 anna is refused: no_vehicle_in_time, better at minute 21
        1.0 anna again is promised v at 21.0
        1.0 club is refused: no_vehicle_fits
        1.0 v departs
        21.0 v arrives at 20,0
        21.0 anna again boards v
        21.5 v departs
        26.5 v arrives at 25,0
        27.0 anna again alights from v
    "#]]
    .assert_eq(&town.story());
}

#[test]
fn arrive_by_is_kept_and_the_vehicle_does_not_come_too_early() {
    let mut town = Town::new(20, policy());
    town.vehicle("v", (0, 0), 4, 0);
    let ride =
        RideRequest { when: When::ArriveBy(minute(120)), ..town.request("pupil", (3, 0), (13, 0)) };
    let events = town.apply(minute(1), Command::RequestRide(ride));
    assert_eq!(events.len(), 3);
    town.run_until(minute(200));
    expect![[r#"
        0.0 v starts
        1.0 pupil is promised v at 86.5
        83.5 v departs
        86.5 v arrives at 3,0
        86.5 pupil boards v
        87.0 v departs
        97.0 v arrives at 13,0
        97.5 pupil alights from v
    "#]]
    .assert_eq(&town.story());
}

#[test]
fn offers_expire_and_can_be_taken() {
    let mut town = Town::new(20, policy());
    town.vehicle("v", (0, 0), 4, 0);
    for id in ["anna", "ben"] {
        let ride = RideRequest { accept_at_once: false, ..town.request(id, (3, 0), (8, 0)) };
        town.apply(minute(1), Command::RequestRide(ride));
    }
    let ben = town.dispatcher.find_ride(&support::name("ben")).unwrap();
    town.run_until(minute(1) + Millis::from_secs(30));
    town.apply(minute(1) + Millis::from_secs(30), Command::AcceptOffer(ben));
    town.run_until(minute(60));
    expect![[r#"
        0.0 v starts
        1.0 anna is offered v
        1.0 ben is offered v
        1.0 v departs
        1.5 ben is promised v at 4.5
        2.0 anna lets the offer go
        4.0 v arrives at 3,0
        4.0 ben boards v
        4.5 v departs
        9.5 v arrives at 8,0
        10.0 ben alights from v
    "#]]
    .assert_eq(&town.story());
}

#[test]
fn a_breakdown_gives_everybody_to_others() {
    let mut town = Town::new(20, policy());
    let first = town.vehicle("first", (0, 0), 4, 0);
    town.vehicle("second", (12, 0), 4, 0);
    for (id, from) in [("anna", (1, 0)), ("ben", (6, 0))] {
        let ride = town.request(id, from, (11, 0));
        town.apply(minute(1), Command::RequestRide(ride));
    }
    town.run_until(minute(5));
    town.apply(minute(5), Command::BreakDown { vehicle: first, location: None, at: minute(5) });
    town.run_until(minute(60));
    expect![[r#"
        0.0 first starts
        0.0 second starts
        1.0 anna is promised first at 2.0
        1.0 ben is promised first at 7.5
        1.0 first departs
        2.0 first arrives at 1,0
        2.0 anna boards first
        2.5 first departs
        5.0 first breaks down at 3,0
        5.0 ben changes from first to second
        5.0 anna changes from first to second
        5.0 second departs
        11.0 second arrives at 6,0
        11.0 ben boards second
        11.5 second departs
        14.5 second arrives at 3,0
        14.5 anna boards second
        15.0 second departs
        23.0 second arrives at 11,0
        23.5 ben alights from second
        24.0 anna alights from second
    "#]]
    .assert_eq(&town.story());
}

#[test]
fn a_late_vehicle_is_noticed_and_said_so() {
    let mut town = Town::new(20, policy());
    let late = town.vehicle("late", (0, 0), 4, 0);
    let ride = town.request("anna", (3, 0), (8, 0));
    town.apply(minute(1), Command::RequestRide(ride));
    town.run_until(minute(2));
    town.stuck.push(late);
    town.run_until(minute(25));
    town.stuck.clear();
    town.run_until(minute(60));
    expect![[r#"
        0.0 late starts
        1.0 anna is promised late at 4.0
        1.0 late departs
        10.3 anna is at risk, 2 s
        16.0 anna is broken, 690 s
        24.8 late arrives at 3,0
        24.8 anna boards late
        25.3 late departs
        30.3 late arrives at 8,0
        30.8 anna alights from late
    "#]]
    .assert_eq(&town.story());
}

#[test]
fn cancelling_and_not_showing_up_free_the_vehicle() {
    let mut town = Town::new(20, policy());
    let v = town.vehicle("v", (0, 0), 4, 0);
    for (id, from) in [("anna", (3, 0)), ("ben", (5, 0)), ("carl", (7, 0))] {
        let ride = town.request(id, from, (12, 0));
        town.apply(minute(1), Command::RequestRide(ride));
    }
    let id = |town: &Town, ride| town.dispatcher.find_ride(&support::name(ride)).unwrap();
    let (anna, ben) = (id(&town, "anna"), id(&town, "ben"));
    town.run_until(minute(2));
    town.apply(minute(2), Command::CancelRide(anna, Actor::Rider));
    town.run_until(minute(6) - Millis::new(1));
    town.apply(minute(6), Command::Arrive { vehicle: v, at: minute(6) });
    let early = Command::ReportNoShow { vehicle: v, request: ben, at: minute(7) };
    assert!(town.dispatcher.apply(minute(7), early).is_err());
    town.apply(minute(8), Command::ReportNoShow { vehicle: v, request: ben, at: minute(8) });
    town.run_until(minute(60));
    expect![[r#"
        0.0 v starts
        1.0 anna is promised v at 4.0
        1.0 ben is promised v at 6.5
        1.0 carl is promised v at 9.0
        1.0 v departs
        2.0 anna cancels
        6.0 v arrives at 5,0
        8.0 ben does not show up for v
        8.0 v departs
        10.0 v arrives at 7,0
        10.0 carl boards v
        10.5 v departs
        15.5 v arrives at 12,0
        16.0 carl alights from v
    "#]]
    .assert_eq(&town.story());
}

#[test]
fn a_rider_makes_room_for_another_in_need() {
    // Only the bus takes the wheelchair; Ben sits in it, though the taxi could carry him.
    let mut town = Town::new(20, Policy { wheelchair: Millis::from_secs(30), ..policy() });
    town.vehicle("bus", (5, 0), 1, 1);
    town.vehicle("taxi", (10, 0), 1, 0);
    let ben =
        RideRequest { party: Party::new(1, 0).unwrap(), ..town.request("ben", (2, 0), (2, 19)) };
    town.apply(minute(1), Command::RequestRide(ben));
    let pair =
        RideRequest { party: Party::new(2, 1).unwrap(), ..town.request("pair", (6, 0), (14, 12)) };
    town.apply(minute(1), Command::RequestRide(pair));
    town.run_until(minute(90));
    expect![[r#"
        0.0 bus starts
        0.0 taxi starts
        1.0 ben is promised bus at 4.0
        1.0 ben changes from bus to taxi
        1.0 pair is promised bus at 2.0
        1.0 bus departs
        1.0 taxi departs
        2.0 bus arrives at 6,0
        2.0 pair boards bus
        3.0 bus departs
        9.0 taxi arrives at 2,0
        9.0 ben boards taxi
        9.5 taxi departs
        23.0 bus arrives at 14,12
        24.0 pair alights from bus
        28.5 taxi arrives at 2,19
        29.0 ben alights from taxi
    "#]]
    .assert_eq(&town.story());
}

#[test]
fn idle_vehicles_spread_over_the_spots() {
    let mut town = Town::with_spots(
        60,
        Policy { reposition: true, ..Policy::default() },
        &[(9, 0, 300), (31, 0, 200)],
    );
    town.vehicle("a", (20, 0), 4, 0);
    town.vehicle("b", (20, 0), 4, 0);
    town.run_until(minute(40));
    expect![[r#"
        0.0 a starts
        0.0 b starts
        3.0 a goes to wait at 9,0
        3.0 b goes to wait at 31,0
        3.0 a departs
        3.0 b departs
        14.0 a arrives at 9,0
        14.0 b arrives at 31,0
    "#]]
    .assert_eq(&town.story());
    assert!((town.dispatcher.coverage().share - 1.0).abs() < 1e-9);
}

#[test]
fn impossible_commands_are_refused_and_change_nothing() {
    let mut town = Town::new(20, policy());
    let v = town.vehicle("v", (0, 0), 4, 0);
    let ride = town.request("anna", (3, 0), (8, 0));
    town.apply(minute(1), Command::RequestRide(ride.clone()));
    let anna = town.dispatcher.find_ride(&support::name("anna")).unwrap();
    let nobody = RequestId::new(77);
    let spec = town.dispatcher.vehicle(v).unwrap().clone();
    let other = VehicleSpec { name: support::name("w"), ..spec.clone() };
    let far = EngineTime::from_unix_ms(i64::MAX);
    let at = minute(2);
    let impossible = [
        (minute(0), Command::Tick),
        (far, Command::Tick),
        (at, Command::RequestRide(ride)),
        (at, Command::AcceptOffer(anna)),
        (at, Command::DeclineOffer(anna)),
        (at, Command::AcceptOffer(nobody)),
        (at, Command::CancelRide(nobody, Actor::Operator)),
        (at, Command::StartShift(spec)),
        (at, Command::StartShift(VehicleSpec { seats: 0, ..other.clone() })),
        (at, Command::StartShift(VehicleSpec { seats: 65, ..other.clone() })),
        (
            at,
            Command::StartShift(VehicleSpec { shift_start: far, shift_end: far, ..other.clone() }),
        ),
        (at, Command::StartShift(VehicleSpec { shift_end: far, ..other.clone() })),
        (at, Command::StartShift(VehicleSpec { shift_end: at, ..other })),
        (at, Command::EndShift(VehicleId::new(9))),
        (at, Command::Arrive { vehicle: v, at }),
        (at, Command::Depart { vehicle: v, at: minute(3) }),
        (at, Command::Depart { vehicle: v, at: minute(-3) }),
        (at, Command::Board { vehicle: v, request: anna, at }),
        (at, Command::Board { vehicle: v, request: nobody, at }),
        (at, Command::Alight { vehicle: v, request: anna, at }),
        (at, Command::ReportNoShow { vehicle: v, request: anna, at }),
        (at, Command::BreakDown { vehicle: v, location: None, at: minute(3) }),
    ];
    let before = town.dispatcher.state_hash();
    for (time, command) in impossible {
        assert!(town.dispatcher.apply(time, command.clone()).is_err(), "{command:?}");
        assert_eq!(town.dispatcher.state_hash(), before, "{command:?}");
    }
}

#[test]
fn rides_at_the_ends_of_time_are_refused() {
    let mut town = Town::new(20, policy());
    town.vehicle("v", (0, 0), 4, 0);
    for (n, ms) in [i64::MIN, i64::MIN / 2, 0, i64::MAX / 2, i64::MAX].into_iter().enumerate() {
        let time = EngineTime::from_unix_ms(ms);
        for (kind, when) in [("depart", When::DepartAt(time)), ("arrive", When::ArriveBy(time))] {
            let ride = RideRequest { when, ..town.request(&format!("{kind}{n}"), (3, 0), (8, 0)) };
            town.apply(minute(1), Command::RequestRide(ride));
        }
    }
    let story = town.story();
    assert_eq!(story.matches("time_out_of_range").count(), 7, "{story}");
    assert_eq!(story.matches("is promised").count(), 3, "a past departure means now: {story}");
}
