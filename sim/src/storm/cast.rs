//! Who takes part: the fleet, the riders and what they want, all from the seed.

use std::collections::BTreeSet;
use std::sync::Arc;

use sharxi_api::wire::message::Role;

use super::checker::Checker;
use super::client::{Client, Part};
use super::rider::{Rider, Trip, Wanted};
use super::rides::{Asked, Cab};
use super::town::{N_NODES, Town};
use super::vehicle::{Fate, Vehicle};
use super::weather::{MINUTE_MS, Weather};
use super::world::EPOCH_MS;
use crate::rng::Rng;

/// Shifts end when every storm is long over, wall clocks that are set included.
const SHIFT_MS: i64 = 20 * 60 * MINUTE_MS;

/// A vehicle of the fleet.
#[derive(Clone, Debug, PartialEq)]
pub struct Cast {
    /// Its name.
    pub name: String,
    /// Seats.
    pub seats: u8,
    /// Wheelchair places.
    pub wheelchairs: u8,
    /// Where it starts, `[lat, lon]`.
    pub start: [f64; 2],
    /// When its shift ends, in milliseconds since 1970.
    pub shift_end_ms: i64,
}

fn small(n: usize) -> u8 {
    u8::try_from(n).unwrap_or(u8::MAX)
}

fn place(town: &Town, rng: &mut Rng) -> [f64; 2] {
    let node = rng.below(N_NODES as usize);
    town.degrees(u32::try_from(node).unwrap_or(0))
}

/// The vehicles of `seed`.
#[must_use]
pub fn fleet(seed: u64, weather: &Weather, town: &Town) -> Vec<Cast> {
    let mut rng = Rng::new(seed, 4);
    let cast = |n: u32| Cast {
        name: format!("v{n}"),
        seats: [2, 3, 4, 8][rng.below(4)],
        wheelchairs: small(rng.below(2)),
        start: place(town, &mut rng),
        shift_end_ms: EPOCH_MS + SHIFT_MS,
    };
    (0..weather.n_vehicles).map(cast).collect()
}

fn trip(n: u32, weather: &Weather, town: &Town, rng: &mut Rng) -> Trip {
    let from = place(town, rng);
    let to = place(town, rng);
    let passengers = 1 + small(rng.below(3));
    Trip {
        name: format!("r{n}"),
        from,
        to,
        passengers,
        wheelchairs: small(rng.below(6) / 5),
        wanted: match rng.below(8) {
            0 => Wanted::DepartIn(rng.between(2, 30) * MINUTE_MS),
            1 => Wanted::ArriveIn(rng.between(25, 60) * MINUTE_MS),
            _ => Wanted::Now,
        },
        ask_at: rng.between(0, weather.safety_ms),
        think_ms: match rng.below(6) {
            0 => Some(rng.between(1_000, 50_000)),
            1 => Some(rng.between(1_000, 300_000)),
            _ => None,
        },
        cancel_after_ms: (rng.below(8) == 0).then(|| rng.between(1_000, 20 * MINUTE_MS)),
    }
}

/// Everybody, with the desk first; the checker is told what they want.
#[must_use]
pub fn clients(
    seed: u64,
    weather: &Weather,
    (town, fleet): (&Arc<Town>, &[Cast]),
    checker: &mut Checker,
) -> Vec<Client> {
    let mut rng = Rng::new(seed, 5);
    let mut desk = Client::new(Role::Operator, "desk".to_owned(), Part::Desk, Rng::new(seed, 6));
    // It wants to be told everything from the first event on.
    desk.seen = Some(0);
    let mut clients = vec![desk];
    let n_riders = usize::try_from(weather.n_riders).unwrap_or(1);
    let mut wishes: Vec<Vec<Trip>> = vec![Vec::new(); n_riders];
    let mut absent = BTreeSet::new();
    for n in 0..weather.n_trips {
        let trip = trip(n, weather, town, &mut rng);
        let rider = rng.below(n_riders);
        if rng.below(15) == 0 {
            absent.insert(trip.name.clone());
        }
        let asked = Asked {
            rider: format!("rider{rider}"),
            from: trip.from,
            to: trip.to,
            passengers: trip.passengers,
            wheelchairs: trip.wheelchairs,
        };
        checker.will_ask(&trip.name, asked);
        wishes[rider].push(trip);
    }
    let others: Vec<Vec<(i64, String)>> = (0..n_riders)
        .map(|own| {
            let strangers = wishes.iter().enumerate().filter(|(rider, _)| *rider != own);
            let theirs = strangers.flat_map(|(_, trips)| trips).filter(|_| rng.below(12) == 0);
            theirs.map(|trip| (trip.ask_at + 30_000, trip.name.clone())).collect()
        })
        .collect();
    for (n, (trips, mischief)) in (0_u64..).zip(wishes.into_iter().zip(others)) {
        let part = Part::Rider(Rider::new(trips, mischief));
        clients.push(Client::new(Role::Rider, format!("rider{n}"), part, Rng::new(seed, 100 + n)));
    }
    for (n, cast) in (0_u64..).zip(fleet) {
        let cab = Cab {
            seats: cast.seats,
            wheelchairs: cast.wheelchairs,
            stands: None,
            is_on: false,
            fact_at: 0,
        };
        checker.will_join(&cast.name, cab);
        let silence = |rng: &mut Rng| {
            let from = rng.between(0, weather.safety_ms);
            (from, (from + rng.between(10_000, 10 * MINUTE_MS)).min(weather.safety_ms))
        };
        let fate = Fate {
            silences: (0..rng.below(3)).map(|_| silence(&mut rng)).collect(),
            breaks_at: (rng.below(6) == 0).then(|| rng.between(MINUTE_MS, weather.safety_ms)),
            absent: absent.clone(),
        };
        let places = (cast.seats, cast.wheelchairs);
        let vehicle = Vehicle::new(cast.name.clone(), places, cast.start, cast.shift_end_ms, fate);
        let rng = Rng::new(seed, 1_000 + n);
        clients.push(Client::new(Role::Vehicle, cast.name.clone(), Part::Vehicle(vehicle), rng));
    }
    clients
}
