//! Riders who walk to a stop: who is ready when, which stop is chosen, and what a bad request is.

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
use sharxi_engine::demand::request::{RideRequest, When};
use sharxi_engine::demand::ride::RideState;
use sharxi_engine::demand::walk::{Ends, Stop};
use sharxi_engine::dispatcher::command::{Command, CommandError};
use sharxi_engine::dispatcher::explain::RideReason;
use sharxi_engine::fleet::plan::NextAct;
use sharxi_engine::ids::{RequestId, VehicleId};
use sharxi_engine::limits::{WALK_MAX, WALK_STOPS_MAX};
use sharxi_engine::planning::explain::Verdict;
use sharxi_engine::planning::policy::Policy;
use sharxi_engine::units::{EngineTime, Millis};
use support::{Town, config, minute};

fn policy() -> Policy {
    Policy { reposition: false, reoptimise: false, ..Policy::default() }
}

fn minutes(minutes: u32) -> Millis {
    Millis::from_secs(60 * minutes)
}

fn stop(town: &Town, (x, y): (u32, u32), walk: u32) -> Stop {
    Stop { location: town.grid.at(x, y), walk: minutes(walk) }
}

#[test]
fn a_rider_walks_while_the_vehicle_is_on_its_way_and_waits_from_the_stop() {
    let mut town = Town::new(20, policy());
    town.vehicle("v", (0, 0), 4, 0);
    // Two blocks up a side street; the vehicle needs ten minutes to its mouth.
    let ride = RideRequest {
        pickups: vec![stop(&town, (10, 0), 5)],
        dropoffs: vec![stop(&town, (15, 0), 30)],
        ..town.request("anna", (10, 2), (15, 1))
    };
    town.apply(minute(1), Command::RequestRide(ride));
    let ride = town.dispatcher.ride(RequestId::new(0)).unwrap();
    assert_eq!(ride.ends.pickup, stop(&town, (10, 0), 5));
    assert_eq!(ride.ends.dropoff, Stop::door(town.grid.at(15, 1)), "half an hour is too far");
    assert!(ride.request.pickups.is_empty(), "nobody needs them any more");
    let promise = ride.promise.unwrap();
    assert_eq!(promise.ready_at(), minute(6));
    assert_eq!(promise.pickup_by(), minute(6) + policy().max_wait);
    assert_eq!(promise.direct(), minutes(6));
    town.run_until(minute(60));
    let state = town.dispatcher.ride(RequestId::new(0)).unwrap().state;
    assert!(matches!(state, RideState::Completed { .. }), "{}", town.story());
}

#[test]
fn who_arrives_by_a_time_walks_before_it() {
    let mut town = Town::new(20, policy());
    town.vehicle("v", (0, 0), 4, 0);
    let ride = RideRequest {
        when: When::ArriveBy(minute(100)),
        dropoffs: vec![stop(&town, (10, 0), 1)],
        ..town.request("anna", (5, 0), (10, 6))
    };
    town.apply(minute(1), Command::RequestRide(ride));
    let ride = town.dispatcher.ride(RequestId::new(0)).unwrap();
    assert_eq!(ride.ends.dropoff.walk, minutes(1));
    assert_eq!(ride.promise.unwrap().dropoff_by(), minute(99));
}

#[test]
fn who_takes_the_offer_late_is_not_expected_before_the_walk() {
    let mut town = Town::new(20, policy());
    town.vehicle("v", (0, 0), 4, 0);
    let ride = RideRequest {
        accept_at_once: false,
        pickups: vec![stop(&town, (2, 0), 5)],
        ..town.request("anna", (2, 6), (12, 0))
    };
    town.apply(minute(1), Command::RequestRide(ride));
    town.run_until(minute(1) + Millis::from_secs(50));
    town.apply(minute(1) + Millis::from_secs(50), Command::AcceptOffer(RequestId::new(0)));
    let ride = town.dispatcher.ride(RequestId::new(0)).unwrap();
    assert_eq!(ride.ends.pickup.walk, minutes(5));
    assert_eq!(ride.stands_from, minute(6) + Millis::from_secs(50));
    town.run_until(minute(60));
    assert!(town.story().contains("6.8 anna boards v"), "{}", town.story());
}

#[test]
fn too_many_or_too_far_stops_are_refused() {
    let mut town = Town::new(20, policy());
    town.vehicle("v", (0, 0), 4, 0);
    let near = stop(&town, (3, 0), 1);
    let far = Stop { walk: WALK_MAX + Millis::new(1), ..near };
    let with = |pickups: Vec<Stop>| RideRequest { pickups, ..town.request("a", (2, 0), (9, 0)) };
    let wrong = [with(vec![near; WALK_STOPS_MAX + 1]), with(vec![far])];
    let right = with(vec![Stop { walk: WALK_MAX, ..near }; WALK_STOPS_MAX]);
    for ride in wrong {
        let refused = town.dispatcher.apply(minute(1), Command::RequestRide(ride));
        assert!(matches!(refused, Err(CommandError::Invalid(_))), "{refused:?}");
    }
    town.apply(minute(1), Command::RequestRide(right));
}

/// What a ride takes of everybody's time from these ends, by a town of its own in which they are the only ones.
fn cost_from(
    history: &[(EngineTime, Command)],
    at: EngineTime,
    ride: &RideRequest,
    ends: Ends,
) -> Option<i64> {
    let replayed = || {
        let mut town = Town::new(14, policy());
        for (time, command) in history {
            town.apply(*time, command.clone());
        }
        town
    };
    let (mut town, mut without) = (replayed(), replayed());
    // Time goes on there too.
    without.apply(at, Command::Tick);
    let only = RideRequest {
        from: ends.pickup.location,
        to: ends.dropoff.location,
        pickups: Vec::new(),
        dropoffs: Vec::new(),
        // The same as now, after the walk.
        when: When::DepartAt(at + ends.pickup.walk),
        ..ride.clone()
    };
    let direct = i64::from(oracle_ms(&town, ends));
    town.apply(at, Command::RequestRide(only));
    let request = RequestId::new(town.dispatcher.n_rides() as u32 - 1);
    // Two visits more: what the vehicle drives more is the difference of its plan's length.
    match town.dispatcher.explain_ride(request)? {
        RideReason::Waits { explanation, vehicle } => {
            let drive = driven(&town, vehicle) - driven(&without, vehicle);
            match explanation.candidates[0].verdict {
                Verdict::Possible { cost, .. } => {
                    Some(cost + drive + direct + i64::from(ends.walk().get()))
                }
                Verdict::Fails(_) => panic!("{explanation:?}"),
            }
        }
        _ => None,
    }
}

/// What a vehicle drives from now to the end of its plan, in milliseconds.
fn driven(town: &Town, vehicle: VehicleId) -> i64 {
    let now = town.dispatcher.now();
    let legs = match town.dispatcher.next_act(vehicle) {
        NextAct::Arrive { at, path, .. } => Some((path.to, at.since(now))),
        _ => town.dispatcher.last_standing(vehicle).map(|at| (at.location, Millis::ZERO)),
    };
    let (mut at, first) = legs.unwrap();
    let mut driven = i64::from(first.get());
    for visit in town.dispatcher.visits(vehicle) {
        driven += i64::from(town.dispatcher.oracle().time(at, visit.location).get());
        at = visit.location;
    }
    driven
}

fn oracle_ms(town: &Town, ends: Ends) -> u32 {
    town.dispatcher.oracle().time(ends.pickup.location, ends.dropoff.location).get()
}

proptest! {
    #![proptest_config(config(200, "tests/walking.regressions"))]

    /// The ends that are chosen cost the least of all, each tried on its own without any bounds from the others.
    #[test]
    fn the_ends_are_the_best_of_all(
        starts in prop::collection::vec((0u32..14, 0u32..14), 1..4),
        rides in prop::collection::vec(((1u32..13, 1u32..13), (1u32..13, 1u32..13), 0i64..4, 1u32..4), 1..8),
    ) {
        let mut town = Town::new(14, policy());
        for (n, &start) in starts.iter().enumerate() {
            town.vehicle(&format!("v{n}"), start, 3, 0);
        }
        let mut now = 0;
        for (n, ((x, y), (to_x, to_y), gap, walk)) in rides.into_iter().enumerate() {
            prop_assume!(x.abs_diff(to_x) + y.abs_diff(to_y) > 2);
            now += gap;
            town.run_until(minute(now));
            let around = |x: u32, y: u32| {
                vec![stop(&town, (x + 1, y), walk), stop(&town, (x, y - 1), 2 * walk)]
            };
            let ride = RideRequest {
                pickups: around(x, y),
                dropoffs: around(to_x, to_y),
                ..town.request(&format!("r{n}"), (x, y), (to_x, to_y))
            };
            let history = town.commands.clone();
            // First the pickup, then the drop-off; of equal ones the first.
            let best = |ends: Vec<Ends>| {
                let costs = ends.into_iter().enumerate().filter_map(|(k, ends)| {
                    Some((cost_from(&history, minute(now), &ride, ends)?, k, ends.pickup))
                });
                costs.min_by_key(|&(cost, k, _)| (cost, k))
            };
            let doors = ride.doors();
            let pickups = ride.pickups.iter().map(|&pickup| Ends { pickup, ..doors });
            let first = best(std::iter::once(doors).chain(pickups).collect());
            let pickup = first.map_or(doors.pickup, |(.., pickup)| pickup);
            let dropoffs = ride.dropoffs.iter().map(|&dropoff| Ends { pickup, dropoff });
            let all = std::iter::once(Ends { pickup, ..doors }).chain(dropoffs);
            let least = best(all.collect()).map(|(cost, ..)| cost);
            town.apply(minute(now), Command::RequestRide(ride.clone()));
            let taken = town.dispatcher.ride(RequestId::new(n as u32)).unwrap();
            let found = taken
                .promise
                .and_then(|_| cost_from(&history, minute(now), &ride, taken.ends));
            prop_assert_eq!(found, least);
        }
    }
}
