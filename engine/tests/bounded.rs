//! I12: what has ended is forgotten, and rows are used again; a saved state is taken up only if it is that state.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test")]
#![allow(clippy::allow_attributes, clippy::cast_possible_truncation, reason = "a test")]
#![allow(clippy::cast_sign_loss, reason = "a test")]

mod support;

use std::sync::Arc;

use sharxi_engine::demand::ride::Actor;
use sharxi_engine::dispatcher::command::{Command, CommandError};
use sharxi_engine::dispatcher::{Dispatcher, SavedError};
use sharxi_engine::ids::{RequestId, VehicleId};
use sharxi_engine::limits::RIDE_KEPT_MS;
use sharxi_engine::oracle::Oracle;
use sharxi_engine::planning::policy::Policy;
use sharxi_engine::units::Millis;
use support::{Grid, Town, minute, name};

#[test]
fn a_ride_is_known_for_an_hour_after_its_end_and_then_forgotten() {
    let mut town = Town::new(15, Policy::default());
    town.vehicle("v", (3, 3), 4, 0);
    let ride = town.request("anna", (3, 4), (3, 9));
    town.apply(minute(1), Command::RequestRide(ride));
    // Refused: there is no way from a place to itself.
    let nowhere = town.request("ben", (5, 5), (5, 5));
    town.apply(minute(1), Command::RequestRide(nowhere));
    let anna = RequestId::new(0);
    town.apply(minute(2), Command::CancelRide(anna, Actor::Rider));
    let last = minute(2) + Millis::new(RIDE_KEPT_MS - 1);
    town.apply(last, Command::Tick);
    assert!(town.dispatcher.ride(anna).is_some());
    assert_eq!(town.dispatcher.find_ride(&name("anna")), Some(anna));
    assert!(town.dispatcher.ride(RequestId::new(1)).is_none(), "the refused one ended first");
    town.apply(last + Millis::new(1), Command::Tick);
    assert!(town.dispatcher.ride(anna).is_none());
    assert_eq!(town.dispatcher.find_ride(&name("anna")), None);
    let refused = town.dispatcher.apply(minute(300), Command::CancelRide(anna, Actor::Rider));
    assert_eq!(refused, Err(CommandError::UnknownRequest(anna)));
    assert_eq!(town.dispatcher.n_rides(), 2, "ids are not given again");
}

#[test]
fn days_of_shifts_and_rides_do_not_make_the_state_grow() {
    let mut town = Town::new(15, Policy::default());
    let mut sizes = Vec::new();
    for day in 0..12 {
        let begin = day * 24 * 60;
        for n in 0..4 {
            let shift = sharxi_engine::fleet::vehicle::VehicleSpec {
                name: name(&format!("v{day}-{n}")),
                kind: name("taxi"),
                seats: 4,
                wheelchairs: 0,
                fittings: Default::default(),
                start: town.grid.at(n, n),
                shift_start: minute(begin),
                shift_end: minute(begin + 700),
            };
            town.apply(minute(begin), Command::StartShift(shift));
        }
        for n in 0..20 {
            let at = minute(begin + 1 + n * 20);
            town.run_until(at);
            let ride = town.request(&format!("r{day}-{n}"), (n as u32 % 15, 2), (7, n as u32 % 15));
            town.apply(at, Command::RequestRide(ride));
        }
        town.run_until(minute(begin + 800));
        for id in (0..town.dispatcher.n_vehicles()).map(|id| VehicleId::new(id as u32)) {
            if town.dispatcher.in_service(id) {
                town.apply(minute(begin + 800), Command::EndShift(id));
            }
        }
        town.apply(minute(begin + 1000), Command::Tick);
        sizes.push((town.dispatcher.n_vehicles(), town.dispatcher.save().unwrap().len()));
    }
    assert_eq!(town.dispatcher.n_rides(), 240);
    assert!(town.log.len() > 1_000, "the days were empty");
    let (rows, bytes) = sizes[3];
    for &(n_rows, n_bytes) in &sizes[4..] {
        assert!(n_rows <= rows, "rows of vehicles grow: {sizes:?}");
        assert!(n_bytes < bytes + bytes / 4, "the state grows: {sizes:?}");
    }
    assert!(rows <= 12, "{sizes:?}");
    assert_eq!(town.dispatcher.find_vehicle(&name("v0-0")), None);
}

#[test]
fn only_the_state_that_was_saved_is_taken_up() {
    let mut town = Town::new(15, Policy::default());
    town.vehicle("v", (3, 3), 4, 0);
    let ride = town.request("anna", (3, 4), (3, 9));
    town.apply(minute(1), Command::RequestRide(ride));
    let (bytes, hash) = (town.dispatcher.save().unwrap(), town.dispatcher.state_hash());
    let restore = |bytes: &[u8], hash| {
        let oracle: Arc<dyn Oracle> = Arc::<Grid>::clone(&town.grid);
        Dispatcher::restore(oracle, Policy::default(), bytes, hash)
    };
    assert_eq!(restore(&bytes, hash).unwrap().save().unwrap(), bytes);
    assert!(matches!(restore(&bytes, hash + 1), Err(SavedError::OtherState { .. })));
    let longer = [bytes.as_slice(), &[0]].concat();
    assert_eq!(restore(&longer, hash).err(), Some(SavedError::LeftOver(1)));
    for end in 0..bytes.len() {
        assert!(restore(&bytes[..end], hash).is_err(), "{end} bytes of {}", bytes.len());
    }
    for at in 0..bytes.len() {
        let mut flipped = bytes.clone();
        flipped[at] ^= 1 << (at % 8);
        // Whatever it is read as, it is refused or the very same state (a longer way to write the same number).
        if let Ok(other) = restore(&flipped, hash) {
            assert_eq!(other.state_hash(), hash);
        }
    }
}
