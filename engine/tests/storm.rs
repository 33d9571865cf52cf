//! Random days in a grid town. After every event a checker that knows only the events looks at the promises.
//!
//! I2 no promise silently broken, I3 one vehicle per ride, I4 capacity, I5 precedence, I9 replay equals live.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::print_stderr,
    reason = "a test"
)]
#![allow(
    clippy::allow_attributes,
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "a test"
)]

mod support;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use proptest::prelude::*;
use sharxi_engine::demand::promise::Promise;
use sharxi_engine::demand::request::{Party, RideRequest, When};
use sharxi_engine::demand::ride::{Actor, RideState};
use sharxi_engine::demand::walk::Stop;
use sharxi_engine::dispatcher::Dispatcher;
use sharxi_engine::dispatcher::command::Command;
use sharxi_engine::dispatcher::event::{Event, EventKind};
use sharxi_engine::fleet::vehicle::Fittings;
use sharxi_engine::ids::{RequestId, VehicleId};
use sharxi_engine::oracle::Oracle;
use sharxi_engine::planning::policy::Policy;
use sharxi_engine::region::{Directions, Effect, Scope, TrafficChange};
use sharxi_engine::units::{EngineTime, Millis};
use support::{Grid, Town, config, minute};

const SPOTS: &[(u32, u32, u32)] = &[(3, 3, 500), (11, 11, 400), (3, 11, 20)];

/// What a rider or the world does.
#[derive(Clone, Copy, Debug)]
enum Happening {
    Ask {
        from: (u32, u32),
        to: (u32, u32),
        people: u8,
        wheelchairs: u8,
        when: i64,
        answer: Answer,
    },
    Cancel {
        ride: usize,
    },
    BreakDown {
        vehicle: usize,
    },
    /// The vehicle does and says nothing for a while.
    Silence {
        vehicle: usize,
    },
    /// All streets take so many per cent of their time, or are closed.
    Traffic {
        percent: Option<u32>,
    },
}

/// What a rider does with an offer.
#[derive(Clone, Copy, Debug)]
enum Answer {
    AtOnce,
    After(u32),
    Never,
}

fn happening() -> impl Strategy<Value = Happening> {
    let corner = || (0u32..15, 0u32..15);
    let answer = prop_oneof![
        3 => Just(Answer::AtOnce),
        2 => (0u32..60).prop_map(Answer::After),
        1 => Just(Answer::Never),
    ];
    let when = prop_oneof![6 => Just(0i64), 1 => 5i64..60, 1 => -90i64..-20];
    prop_oneof![
        12 => (corner(), corner(), 1u8..4, 0u8..2, when, answer).prop_map(
            |(from, to, people, wheelchairs, when, answer)| Happening::Ask {
                from, to, people, wheelchairs, when, answer
            }
        ),
        1 => (0usize..60).prop_map(|ride| Happening::Cancel { ride }),
        1 => (0usize..6).prop_map(|vehicle| Happening::BreakDown { vehicle }),
        1 => (0usize..6).prop_map(|vehicle| Happening::Silence { vehicle }),
        1 => prop::option::weighted(0.7, 30u32..300).prop_map(|percent| Happening::Traffic { percent }),
    ]
}

/// Looks at events only.
#[derive(Default)]
struct Checker {
    promises: BTreeMap<RequestId, (Promise, Party)>,
    promised_at: BTreeMap<RequestId, EngineTime>,
    aboard: BTreeMap<RequestId, VehicleId>,
    carrier: BTreeMap<RequestId, VehicleId>,
    /// Boarded for the first time: a rider whose vehicle broke down on the way boards again, without a new promise.
    picked_up: Vec<RequestId>,
    /// On board since, counted from the first vehicle.
    since: BTreeMap<RequestId, EngineTime>,
    broken: Vec<RequestId>,
    done: Vec<RequestId>,
}

impl Checker {
    fn look(&mut self, town: &Town, event: &Event) {
        match event.kind {
            EventKind::Offered { request, vehicle, .. } => {
                self.carrier.insert(request, vehicle);
            }
            EventKind::Promised { request, vehicle, promise, .. } => {
                let party = town.ride(request).unwrap().request.party;
                assert!(self.promises.insert(request, (promise, party)).is_none(), "promised once");
                self.promised_at.insert(request, event.at);
                self.carrier.insert(request, vehicle);
            }
            EventKind::Reassigned { request, from, to } => {
                assert_eq!(self.carrier.insert(request, to), Some(from), "I3 one vehicle per ride");
                self.aboard.remove(&request);
            }
            EventKind::Boarded { request, vehicle } => {
                assert_eq!(self.carrier.get(&request), Some(&vehicle), "I3 its own vehicle");
                assert!(self.aboard.insert(request, vehicle).is_none(), "I5 boards once");
                let (promise, promised_at) =
                    (self.promises[&request].0, self.promised_at[&request]);
                assert!(event.at >= promised_at, "nobody boards before the promise");
                assert!(event.at >= promise.ready_at(), "nobody boards before they are ready");
                let first = !self.picked_up.contains(&request);
                self.picked_up.push(request);
                if first && event.at > promise.pickup_by() {
                    assert!(
                        town.ride(request).unwrap().warned,
                        "I2 {request:?} boards late without a warning"
                    );
                }
                self.since.entry(request).or_insert(event.at);
                self.check_capacity(town, vehicle);
            }
            EventKind::Alighted { request, vehicle } => {
                assert_eq!(self.aboard.remove(&request), Some(vehicle), "I5 on board before off");
                let promise = self.promises[&request].0;
                let late = event.at > promise.dropoff_by();
                assert!(
                    !late || town.ride(request).unwrap().warned,
                    "I2 {request:?} is off late without a warning"
                );
                let ride = town.ride(request).unwrap();
                let aboard = event.at.since(self.since[&request]);
                let told = ride.warned || ride.broken;
                assert!(
                    aboard <= promise.ride_max() || told,
                    "{request:?} rides {aboard}, silently"
                );
                self.done.push(request);
            }
            EventKind::PromiseBroken { request, .. } => {
                assert!(!self.broken.contains(&request), "broken is said once");
                self.broken.push(request);
            }
            _ => {}
        }
    }

    fn check_capacity(&self, town: &Town, vehicle: VehicleId) {
        let riders = self.aboard.iter().filter(|(_, carrier)| **carrier == vehicle);
        let parties: Vec<Party> = riders.map(|(ride, _)| self.promises[ride].1).collect();
        let taken = |of: fn(Party) -> u8| parties.iter().map(|party| of(*party)).sum::<u8>();
        let spec = town.dispatcher.vehicle(vehicle).unwrap();
        let wheelchairs = taken(Party::wheelchairs);
        let seats = taken(Party::seats) + wheelchairs * spec.fittings.fold;
        assert!(seats <= spec.seats, "I4 seats");
        assert!(wheelchairs <= spec.wheelchairs, "I4 wheelchair places");
        assert!(taken(Party::child_seats) <= spec.fittings.child_seats, "I4 child seats");
        assert!(taken(Party::luggage) <= spec.fittings.luggage, "I4 luggage");
    }
}

/// Riders take their offers when their time comes, if they still stand.
fn answer_until(
    town: &mut Town,
    answers: &mut BTreeSet<(EngineTime, RequestId)>,
    until: EngineTime,
) {
    while let Some(&(time, request)) = answers.first().filter(|(time, _)| *time <= until) {
        answers.pop_first();
        town.run_until(time);
        let ride = town.ride(request).unwrap();
        if matches!(ride.state, RideState::Offered { .. }) {
            town.apply(time, Command::AcceptOffer(request));
        }
    }
}

fn play(
    happenings: &[(u32, Happening)],
    react_s: u32,
    reoptimise: bool,
    time_sigma_milli: u32,
) -> (Town, Checker) {
    let policy = Policy {
        react: Millis::from_secs(react_s),
        stop: Millis::from_secs(20),
        reoptimise,
        time_sigma_milli,
        ..Policy::default()
    };
    let mut town = Town::with_spots(15, policy, SPOTS);
    for (id, (at, seats, wheelchairs)) in
        [((2, 2), 4, 1), ((10, 10), 4, 0), ((7, 7), 8, 1), ((12, 3), 3, 0), ((0, 14), 4, 0)]
            .into_iter()
            .enumerate()
    {
        let fittings = match id {
            0 => Fittings { fold: 2, child_seats: 1, luggage: 1 },
            2 => Fittings { fold: 1, child_seats: 2, luggage: 4 },
            _ => Fittings::default(),
        };
        town.vehicle_with(&format!("v{id}"), at, (seats, wheelchairs), fittings);
    }
    let mut time = minute(1);
    let mut answers = BTreeSet::new();
    for (n, &(gap_s, happening)) in happenings.iter().enumerate() {
        time = time + Millis::from_secs(gap_s);
        answer_until(&mut town, &mut answers, time);
        town.run_until(time);
        match happening {
            Happening::Ask { from, to, people, wheelchairs, when, answer } => {
                let when = match when {
                    0 => When::Now,
                    ahead if ahead > 0 => {
                        When::DepartAt(time + Millis::from_secs(ahead as u32 * 60))
                    }
                    by => When::ArriveBy(time + Millis::from_secs(by.unsigned_abs() as u32 * 60)),
                };
                let party = Party::new(people.max(wheelchairs), wheelchairs).unwrap();
                // Every third party has needs, every second one would walk a block or two at either end.
                let party = match n % 3 {
                    0 => party.with_needs(party.seats().min(1), 1).unwrap(),
                    _ => party,
                };
                let stops = |(x, y): (u32, u32)| -> Vec<Stop> {
                    let blocks = [(x + 1, y, 1), (x, y + 1, 1), (x + 1, y + 1, 2)];
                    let inside =
                        blocks.into_iter().filter(|(x, y, _)| n % 2 == 0 && x.max(y) < &15);
                    let stop = |(x, y, minutes): (u32, u32, u32)| Stop {
                        location: town.grid.at(x, y),
                        walk: Millis::from_secs(240 * minutes),
                    };
                    inside.map(stop).collect()
                };
                let ride = RideRequest {
                    party,
                    pickups: stops(from),
                    dropoffs: stops(to),
                    when,
                    accept_at_once: matches!(answer, Answer::AtOnce),
                    ..town.request(&format!("r{n}"), from, to)
                };
                let place = ride.from;
                town.apply(time, Command::RequestRide(ride));
                if let Some(better) = town.dispatcher.improvement(place, 1_000) {
                    town.apply(time, Command::AdoptPlan(better));
                }
                if let Answer::After(seconds) = answer {
                    let request = town.dispatcher.n_rides() as u32 - 1;
                    answers.insert((time + Millis::from_secs(seconds), RequestId::new(request)));
                }
            }
            Happening::Silence { vehicle } => {
                let vehicle = VehicleId::new(vehicle as u32);
                match town.stuck.iter().position(|&stuck| stuck == vehicle) {
                    Some(position) => drop(town.stuck.remove(position)),
                    None => town.stuck.push(vehicle),
                }
            }
            Happening::Traffic { percent } => {
                let effect = percent.map_or(Effect::Closed, Effect::TimePercent);
                town.apply(time, traffic(effect));
            }
            Happening::Cancel { ride } => {
                let request = RequestId::new(ride as u32);
                let open = town.dispatcher.ride(request).is_some_and(|ride| {
                    matches!(ride.state, RideState::Promised | RideState::Stranded { .. })
                });
                if open {
                    town.apply(time, Command::CancelRide(request, Actor::Rider));
                }
            }
            Happening::BreakDown { vehicle } => {
                let vehicle = VehicleId::new(vehicle as u32);
                if town.dispatcher.in_service(vehicle) {
                    town.apply(time, Command::BreakDown { vehicle, location: None, at: time });
                }
            }
        }
    }
    answer_until(&mut town, &mut answers, time + Millis::from_secs(60));
    town.stuck.clear();
    // The way home is open.
    town.run_until(time + Millis::from_secs(60));
    town.apply(time + Millis::from_secs(60), traffic(Effect::AsImported));
    town.run_until(minute(24 * 60));
    let mut checker = Checker::default();
    for event in &town.log {
        let looked = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| {
            checker.look(&town, event);
        }));
        if let Err(reason) = looked {
            eprintln!("{}", town.story());
            std::panic::resume_unwind(reason);
        }
    }
    (town, checker)
}

fn traffic(effect: Effect) -> Command {
    let (scope, directions) = (Scope::All, Directions::Both);
    Command::SetTraffic(vec![TrafficChange { scope, directions, effect }])
}

fn disturbed(happenings: &[(u32, Happening)]) -> bool {
    let outside = |h: &Happening| !matches!(h, Happening::Ask { .. } | Happening::Cancel { .. });
    happenings.iter().any(|(_, h)| outside(h))
}

/// The dispatcher as it comes back from a snapshot.
fn saved(dispatcher: &Dispatcher, town: &Town) -> Dispatcher {
    let oracle: Arc<dyn Oracle> = Arc::<Grid>::clone(&town.grid);
    let bytes = dispatcher.save().unwrap();
    let policy = dispatcher.policy().clone();
    Dispatcher::restore(oracle, policy, &bytes, dispatcher.state_hash()).unwrap()
}

proptest! {
    #![proptest_config(config(300, "tests/storm.regressions"))]

    #[test]
    fn promises_hold(
        happenings in prop::collection::vec((0u32..240, happening()), 1..60),
        react_s in prop_oneof![Just(0u32), Just(10)],
        reoptimise in any::<bool>(),
        // Every third is saved after each command.
        saved_every in prop_oneof![1 => Just(1usize), 2 => 2usize..60],
        time_sigma_milli in prop_oneof![Just(0u32), Just(150)],
    ) {
        let (town, checker) = play(&happenings, react_s, reoptimise, time_sigma_milli);
        // Only the world can break a promise; then it is said.
        if !disturbed(&happenings) {
            prop_assert!(checker.broken.is_empty(), "broken: {:?}\n{}", checker.broken, town.story());
        }
        for id in 0..town.dispatcher.n_rides() {
            let ride = town.ride(RequestId::new(id as u32)).unwrap();
            prop_assert!(ride.state.is_final(), "I11 every ride ends: {:?}\n{}", ride, town.story());
        }
        prop_assert_eq!(town.dispatcher.n_rides_open(), 0);
        let mut again = Town::with_spots(15, town.dispatcher.policy().clone(), SPOTS).dispatcher;
        let mut log = Vec::new();
        for (n, (time, command)) in town.commands.iter().enumerate() {
            log.extend(again.apply(*time, command.clone()).unwrap());
            if n % saved_every == saved_every - 1 {
                again = saved(&again, &town);
            }
        }
        prop_assert_eq!(&log, &town.log, "I9 replay equals live");
        prop_assert_eq!(again.state_hash(), town.dispatcher.state_hash());
    }
}
