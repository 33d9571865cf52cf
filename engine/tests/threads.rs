//! The same commands give the same events on any number of threads, with a fleet large enough to be searched in groups.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test")]
#![allow(clippy::allow_attributes, clippy::cast_possible_truncation, reason = "a test")]

mod support;

use sharxi_engine::dispatcher::command::Command;
use sharxi_engine::dispatcher::event::Event;
use sharxi_engine::limits::GROUPED_VEHICLES_MIN;
use sharxi_engine::planning::policy::Policy;
use sharxi_engine::units::Millis;
use support::{Town, minute};

const SIDE: u32 = 40;

/// A pseudo-random corner of the town.
fn corner(n: u32) -> (u32, u32) {
    let mixed = n.wrapping_mul(2_654_435_761);
    ((mixed >> 8) % SIDE, (mixed >> 20) % SIDE)
}

fn play(threads: usize) -> (Vec<Event>, u64) {
    let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
    pool.install(|| {
        // Reviews of so many idle vehicles take long, and on one thread.
        let policy = Policy { reposition: false, ..Policy::default() };
        let mut town = Town::new(SIDE, policy);
        for id in 0..2 * GROUPED_VEHICLES_MIN as u32 {
            town.vehicle(&format!("v{id}"), corner(id), 4, 0);
        }
        for id in 0..200 {
            let time = minute(1) + Millis::from_secs(id * 7);
            town.run_until(time);
            let ride =
                town.request(&format!("r{id}"), corner(id * 2 + 1000), corner(id * 2 + 7001));
            let place = ride.from;
            town.apply(time, Command::RequestRide(ride));
            if let Some(better) = town.dispatcher.improvement(place, 5_000) {
                town.apply(time, Command::AdoptPlan(better));
            }
        }
        (town.log, town.dispatcher.state_hash())
    })
}

#[test]
fn one_thread_and_many_say_the_same() {
    let alone = play(1);
    assert!(alone.0.len() > 1000, "something happened");
    for threads in [2, 5] {
        assert!(play(threads) == alone, "{threads} threads say something else than one");
    }
}
