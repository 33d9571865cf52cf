//! Corners in which a promise could be lost by the dispatcher itself, each once found by reading.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test")]
#![allow(clippy::allow_attributes, clippy::cast_possible_truncation, reason = "a test")]

mod support;

use sharxi_engine::demand::request::{RideRequest, When};
use sharxi_engine::demand::ride::{Actor, RideState};
use sharxi_engine::dispatcher::command::Command;
use sharxi_engine::dispatcher::event::EventKind;
use sharxi_engine::fleet::plan::NextAct;
use sharxi_engine::planning::policy::Policy;
use sharxi_engine::units::{EngineTime, Millis};
use support::{Town, minute, name};

fn policy() -> Policy {
    Policy { reposition: false, ..Policy::default() }
}

/// A late rider on board hides one who could be saved.
#[test]
fn guard_saves_whom_it_can() {
    let mut town = Town::new(60, policy());
    let v = town.vehicle("v", (0, 0), 4, 0);
    let anna = town.request("anna", (0, 0), (4, 0)); // ride_max 16, dropoff_by 1+15+16=32
    town.apply(minute(1), Command::RequestRide(anna));
    town.run_until(minute(2)); // anna on board, driving
    let ben =
        RideRequest { when: When::DepartAt(minute(40)), ..town.request("ben", (10, 0), (20, 0)) };
    town.apply(minute(2), Command::RequestRide(ben)); // promised: pickup 20..35
    // A second vehicle starts next to Ben.
    town.vehicle("w", (10, 1), 4, 0);
    town.stuck.push(v);
    town.run_until(minute(70));
    let req = town.dispatcher.find_ride(&name("ben")).unwrap();
    town.run_until(minute(90));
    assert!(!town.dispatcher.ride(req).unwrap().broken, "w stands a minute from Ben");
}

/// Removal makes another ride longer than promised.
#[test]
fn removal_keeps_ride_max() {
    let mut town = Town::new(60, policy());
    town.vehicle("v", (0, 0), 4, 0);
    let at = |ms: i64| EngineTime::from_unix_ms(minute(0).unix_ms() + ms);
    for (id, from, to, when) in [
        ("ben", (10, 0), (20, 0), minute(60)),
        ("carl", (8, 0), (0, 0), at(39 * 60_000 + 30_000)),
        ("anna", (9, 0), (13, 0), minute(45)),
    ] {
        let ride = RideRequest { when: When::DepartAt(when), ..town.request(id, from, to) };
        town.apply(minute(1), Command::RequestRide(ride));
    }
    let carl = town.dispatcher.find_ride(&name("carl")).unwrap();
    town.apply(minute(10), Command::CancelRide(carl, Actor::Rider));
    town.run_until(minute(100));
    let anna = town.dispatcher.find_ride(&name("anna")).unwrap();
    let on = town
        .log
        .iter()
        .find(|e| matches!(e.kind, EventKind::Boarded { request, .. } if request == anna))
        .unwrap()
        .at;
    let off = town
        .log
        .iter()
        .find(|e| matches!(e.kind, EventKind::Alighted { request, .. } if request == anna))
        .unwrap()
        .at;
    let max = town.dispatcher.ride(anna).unwrap().promise.unwrap().ride_max();
    assert!(off.since(on) <= max, "{} > {}", off.since(on), max);
}

/// An offer whose plan broke can still be accepted.
#[test]
fn a_lost_offer_is_not_promised() {
    let mut town = Town::new(60, policy());
    let v = town.vehicle("v", (0, 0), 4, 0);
    town.vehicle("w", (40, 0), 4, 0);
    let ride = RideRequest { accept_at_once: false, ..town.request("anna", (3, 0), (8, 0)) };
    town.apply(minute(1), Command::RequestRide(ride));
    let anna = town.dispatcher.find_ride(&name("anna")).unwrap();
    let t = minute(1) + Millis::from_secs(20);
    town.apply(t, Command::BreakDown { vehicle: v, location: None, at: t });
    let r = town.dispatcher.apply(t + Millis::from_secs(10), Command::AcceptOffer(anna));
    assert!(r.is_err(), "{r:?}");
    assert!(!town.story().contains("at risk"), "nothing was promised yet: {}", town.story());
}

/// The plan says Board, the report is refused.
#[test]
fn the_plan_never_asks_for_what_is_refused() {
    let mut town = Town::new(60, policy());
    town.vehicle("v", (3, 0), 4, 0);
    let ride = RideRequest { accept_at_once: false, ..town.request("anna", (3, 0), (8, 0)) };
    town.apply(minute(1), Command::RequestRide(ride));
    town.run_until(minute(2));
}

/// Waiting for the answer costs a rider on board the promise.
#[test]
fn an_offer_does_not_cost_others_their_promise() {
    let mut town = Town::new(
        60,
        Policy {
            max_wait: Millis::from_secs(300),
            ride_alpha_milli: 1000,
            ride_beta: Millis::from_secs(120),
            ..policy()
        },
    );
    town.vehicle("v", (0, 0), 4, 0);
    let by = town.request("anna", (5, 0), (11, 0));
    town.apply(minute(1), Command::RequestRide(by));
    town.run_until(minute(7)); // anna boards at 6, leaves 6.5
    let t = minute(7) + Millis::from_secs(15);
    town.run_until(t);
    let ben = RideRequest { accept_at_once: false, ..town.request("ben", (6, 0), (11, 0)) };
    town.apply(t, Command::RequestRide(ben));
    let ben = town.dispatcher.find_ride(&name("ben")).unwrap();
    let accept = t + Millis::from_secs(59);
    town.run_until(accept);
    // Either Ben was refused, or his offer can be taken at the last moment.
    if matches!(town.dispatcher.ride(ben).unwrap().state, RideState::Offered { .. }) {
        town.apply(accept, Command::AcceptOffer(ben));
    }
    town.run_until(minute(60));
    assert!(!town.story().contains("at risk"), "{}", town.story());
}

/// A rider who is due is left at the door.
#[test]
fn nobody_is_left_at_the_door() {
    let mut town = Town::new(60, Policy { react: Millis::from_secs(10), ..policy() });
    let v = town.vehicle("v", (3, 0), 1, 0);
    let ride =
        RideRequest { when: When::DepartAt(minute(10)), ..town.request("anna", (3, 0), (50, 0)) };
    town.apply(minute(1), Command::RequestRide(ride));
    town.run_until(minute(9));
    let anna = town.dispatcher.find_ride(&name("anna")).unwrap();
    let t = minute(10);
    town.apply(t, Command::RequestRide(town.request("ben", (2, 0), (0, 0))));
    let late = t + Millis::from_secs(1);
    let r = town.dispatcher.apply(late, Command::Board { vehicle: v, request: anna, at: t });
    assert!(r.is_ok(), "{r:?}");
}

/// Alternative earlier than asked.
#[test]
fn alternative_is_not_before_the_time_asked_for() {
    let mut town = Town::new(60, policy());
    town.vehicle("v", (0, 0), 1, 0);
    let a =
        RideRequest { when: When::DepartAt(minute(100)), ..town.request("anna", (0, 0), (50, 0)) };
    town.apply(minute(1), Command::RequestRide(a));
    let b =
        RideRequest { when: When::DepartAt(minute(110)), ..town.request("ben", (0, 0), (20, 0)) };
    town.apply(minute(1), Command::RequestRide(b));
    let alt = town
        .log
        .iter()
        .find_map(|e| match e.kind {
            EventKind::Rejected { alternative, .. } => Some(alternative),
            _ => None,
        })
        .unwrap();
    assert!(alt.unwrap().depart_at >= minute(110), "{alt:?}");
}

/// A silent vehicle keeps its rider although another one stands near.
#[test]
fn a_silent_vehicle_does_not_keep_its_rider_for_ever() {
    let mut town = Town::new(60, policy());
    let v = town.vehicle("v", (0, 0), 4, 0);
    town.apply(minute(1), Command::RequestRide(town.request("anna", (3, 0), (8, 0))));
    town.vehicle("w", (3, 1), 4, 0);
    town.run_until(minute(2));
    town.stuck.push(v);
    town.run_until(minute(40));
    assert!(town.story().contains("anna boards w"));
}

/// A rider on its way would be its; once it is known to be silent it gets nobody new.
#[test]
fn a_silent_vehicle_gets_no_new_rider() {
    for silent in [false, true] {
        let mut town = Town::new(60, policy());
        let v = town.vehicle("v", (0, 0), 4, 0);
        town.apply(minute(1), Command::RequestRide(town.request("anna", (6, 0), (9, 0))));
        town.vehicle("w", (12, 0), 4, 0);
        if silent {
            town.stuck.push(v);
        }
        town.run_until(minute(3));
        town.apply(minute(3), Command::RequestRide(town.request("ben", (4, 0), (9, 0))));
        let ben = town.dispatcher.find_ride(&name("ben")).unwrap();
        let is_its = town.dispatcher.visits(v).iter().any(|visit| visit.request == ben);
        assert_eq!(is_its, !silent, "{}", town.story());
        town.run_until(minute(40));
        let boards = if silent { "ben boards w" } else { "ben boards v" };
        assert!(town.story().contains(boards), "{}", town.story());
    }
}

/// No-show of a stranded rider.
#[test]
fn stranded_and_gone() {
    let mut town = Town::new(60, policy());
    let v = town.vehicle("v", (0, 0), 4, 0);
    let w = town.vehicle("w", (5, 0), 4, 0);
    town.apply(minute(1), Command::RequestRide(town.request("anna", (0, 0), (20, 0))));
    town.run_until(minute(4));
    town.apply(minute(4), Command::BreakDown { vehicle: v, location: None, at: minute(4) });
    let anna = town.dispatcher.find_ride(&name("anna")).unwrap();
    while !matches!(town.dispatcher.next_act(w), NextAct::Board { .. }) {
        let t = town.dispatcher.now() + Millis::from_secs(1);
        if let NextAct::Depart { at, .. } = town.dispatcher.next_act(w)
            && at <= t
        {
            town.apply(t, Command::Depart { vehicle: w, at: t });
            continue;
        }
        if let NextAct::Arrive { at, .. } = town.dispatcher.next_act(w) {
            town.apply(at, Command::Arrive { vehicle: w, at });
            continue;
        }
    }
    let t = town.dispatcher.now() + Millis::from_secs(600);
    let r = town.dispatcher.apply(t, Command::ReportNoShow { vehicle: w, request: anna, at: t });
    assert!(r.is_ok(), "{r:?}");
}

/// A standing vehicle that is due to leave before the message reaches it.
#[test]
fn a_departure_before_the_message_is_what_it_was() {
    let mut town = Town::new(60, Policy { react: Millis::from_secs(10), ..policy() });
    let v = town.vehicle("v", (10, 0), 1, 0);
    let ride =
        RideRequest { when: When::DepartAt(minute(15)), ..town.request("anna", (20, 0), (50, 0)) };
    town.apply(minute(1), Command::RequestRide(ride)); // leaves at 5 towards x = 20
    let leaves = minute(5);
    let t = EngineTime::from_unix_ms(leaves.unix_ms() - 5_000);
    town.run_until(t);
    town.apply(t, Command::RequestRide(town.request("ben", (9, 0), (8, 0)))); // the other way; told at 5:05
    town.apply(leaves, Command::Depart { vehicle: v, at: leaves }); // it has left as its plan said
    let NextAct::Arrive { path, .. } = town.dispatcher.next_act(v) else { panic!() };
    assert_eq!(
        path.waypoints[1].node,
        match town.grid.at(11, 0) {
            sharxi_engine::oracle::Location::Node(n) => n,
            _ => panic!(),
        },
        "it left towards x = 11"
    );
}

/// Equal places once.
#[test]
fn spots_once() {
    let town = Town::with_spots(60, policy(), &[(5, 0, 300), (6, 0, 250), (5, 0, 200)]);
    let f = sharxi_engine::planning::forecast::Forecast::new(
        &[
            sharxi_engine::dispatcher::Spot { location: town.grid.at(5, 0), weight: 300 },
            sharxi_engine::dispatcher::Spot { location: town.grid.at(6, 0), weight: 250 },
            sharxi_engine::dispatcher::Spot { location: town.grid.at(5, 0), weight: 200 },
        ],
        sharxi_engine::units::Millis::from_secs(600),
        &*town.grid,
    );
    assert_eq!(f.spots().len(), 2);
}
