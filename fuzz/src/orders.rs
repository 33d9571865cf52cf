//! Commands to a dispatcher, made of an input's bytes.

use std::sync::Arc;

use sharxi_api::stages::Stages;
use sharxi_engine::demand::request::{Name, Party, RideRequest, When};
use sharxi_engine::demand::ride::Actor;
use sharxi_engine::dispatcher::Dispatcher;
use sharxi_engine::dispatcher::command::Command;
use sharxi_engine::fleet::plan::NextAct;
use sharxi_engine::fleet::vehicle::VehicleSpec;
use sharxi_engine::ids::{RequestId, VehicleId};
use sharxi_engine::oracle::{Location, Oracle};
use sharxi_engine::planning::policy::Policy;
use sharxi_engine::region::{Directions, Effect, Scope, TrafficChange};
use sharxi_engine::units::{EngineTime, Millis};

use super::{SIX_MS, first, header, places, taxi, village};

/// Reads numbers off the input; zeros once it is used up.
struct Numbers<'a>(&'a [u8]);

impl Numbers<'_> {
    fn byte(&mut self) -> u8 {
        let (byte, rest) = first(self.0);
        self.0 = rest;
        byte
    }

    fn place(&mut self) -> Location {
        let idx = usize::from(self.byte());
        places()[idx % places().len()]
    }
}

/// Changes of traffic in one input. Each makes the bounds of the whole map anew, which takes as long as thirty other commands and is
/// the same every time: without a limit that is all that the fuzzer finds.
const TRAFFIC_MAX: u64 = 2;

/// Commands to a dispatcher in the village: any, in any order. One that is refused changes nothing; what is saved comes back.
pub fn commands(data: &[u8]) {
    const COMMANDS_MAX: usize = 100;
    let mut numbers = Numbers(data);
    let oracle: Arc<dyn Oracle> = village();
    // The searches are the same with few tests as with many, and take 20 ms each with those of the default.
    let policy = Policy { rescue_tests: 300, improvement_tests: 100, ..Policy::default() };
    let mut dispatcher = Dispatcher::new(oracle.clone(), policy.clone(), &header().spots);
    let mut stages = Stages::default();
    let mut now = EngineTime::from_unix_ms(SIX_MS);
    for n in 0..COMMANDS_MAX {
        if numbers.0.is_empty() {
            break;
        }
        let wait = numbers.byte();
        let pause = Millis::from_secs(u32::from(wait % 64) * if wait < 192 { 1 } else { 60 });
        now = now + pause;
        let Some(command) = command(&mut numbers, n, now, &dispatcher) else { continue };
        let before = (n % 8 == 0).then(|| dispatcher.state_hash());
        let done = dispatcher.apply(now, command);
        match (&done, before) {
            (Ok(events), _) => drop(stages.fold(events, &dispatcher)),
            (Err(_), Some(before)) => {
                assert_eq!(dispatcher.state_hash(), before, "a refused command changed something");
            }
            (Err(_), None) => {}
        }
    }
    assert_eq!(stages, Stages::of(&dispatcher), "a ride came nearer and no event said so");
    let (hash, saved) = (dispatcher.state_hash(), dispatcher.save().expect("a state can be saved"));
    let restored = Dispatcher::restore(oracle, policy, &saved, hash);
    assert_eq!(restored.map(|restored| restored.state_hash()).ok(), Some(hash));
}

fn command(
    numbers: &mut Numbers<'_>,
    n: usize,
    now: EngineTime,
    dispatcher: &Dispatcher,
) -> Option<Command> {
    let kind = numbers.byte();
    let vehicle = VehicleId::new(u32::from(kind) / 32);
    let name = |kind: &str| Name::new(format!("{kind}{n}")).ok();
    let back = |numbers: &mut Numbers<'_>| now - Millis::from_secs(u32::from(numbers.byte() % 32));
    let ride = |numbers: &mut Numbers<'_>| RequestId::new(u32::from(numbers.byte() % 64));
    Some(match kind % 16 {
        0 | 1 => {
            let (from, to) = (numbers.place(), numbers.place());
            let what = numbers.byte();
            let later = now + Millis::from_secs(60 * u32::from(numbers.byte()));
            let when = match what % 4 {
                0 | 1 => When::Now,
                2 => When::DepartAt(later),
                _ => When::ArriveBy(later),
            };
            let party = Party::new(what / 4 % 8, what / 32 % 4).ok()?;
            Command::RequestRide(RideRequest {
                name: name("r")?,
                from,
                to,
                pickups: Vec::new(),
                dropoffs: Vec::new(),
                party,
                when,
                accept_at_once: what < 128,
            })
        }
        2 => Command::StartShift(VehicleSpec {
            seats: kind / 16,
            ..taxi(name("v")?, numbers.place(), now + Millis::from_secs(u32::from(numbers.byte())))
        }),
        3 => Command::AcceptOffer(ride(numbers)),
        4 => Command::DeclineOffer(ride(numbers)),
        5 => Command::CancelRide(
            ride(numbers),
            if kind < 128 { Actor::Rider } else { Actor::Operator },
        ),
        6 => Command::EndShift(vehicle),
        7 => Command::Depart { vehicle, at: back(numbers) },
        8 => Command::Arrive { vehicle, at: back(numbers) },
        9 => Command::Board { vehicle, request: ride(numbers), at: back(numbers) },
        10 => Command::Alight { vehicle, request: ride(numbers), at: back(numbers) },
        11 => Command::ReportNoShow { vehicle, request: ride(numbers), at: back(numbers) },
        12 => {
            let location = numbers.byte().is_multiple_of(2).then(|| numbers.place());
            Command::BreakDown { vehicle, location, at: back(numbers) }
        }
        13 if dispatcher.oracle().traffic_version() < TRAFFIC_MAX => {
            Command::SetTraffic(vec![TrafficChange {
                scope: Scope::All,
                directions: Directions::Both,
                effect: Effect::SpeedPercent(u32::from(numbers.byte()) + 1),
            }])
        }
        // What the plan says, so that long rides are reached.
        14 => planned(vehicle, now, dispatcher)?,
        _ => Command::Tick,
    })
}

fn planned(vehicle: VehicleId, now: EngineTime, dispatcher: &Dispatcher) -> Option<Command> {
    dispatcher.vehicle(vehicle)?;
    Some(match dispatcher.next_act(vehicle) {
        NextAct::Idle => Command::Tick,
        NextAct::Depart { at, .. } => Command::Depart { vehicle, at: at.min(now) },
        NextAct::Arrive { at, .. } => Command::Arrive { vehicle, at: at.min(now) },
        NextAct::Board { request, at } => Command::Board { vehicle, request, at: at.min(now) },
        NextAct::Alight { request, at } => Command::Alight { vehicle, request, at: at.min(now) },
    })
}
