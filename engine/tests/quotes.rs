//! A quote is what the next request is told, whatever it takes to find a place, and changes nothing.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test")]
#![allow(clippy::allow_attributes, clippy::cast_possible_truncation, reason = "a test")]

mod support;

use sharxi_engine::demand::request::RideRequest;
use sharxi_engine::dispatcher::command::Command;
use sharxi_engine::dispatcher::event::EventKind;
use sharxi_engine::planning::policy::Policy;
use sharxi_engine::units::{EngineTime, Millis};
use support::{Town, minute};

/// A small generator of trips (Steele et al. 2014, SplitMix64).
struct Random(u64);

impl Random {
    fn below(&mut self, n: u32) -> u32 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        ((z ^ (z >> 31)) % u64::from(n)) as u32
    }
}

/// Asks for a quote and then for the ride, until a small fleet is full and beyond.
fn busy_day(policy: &Policy, may_search: bool) -> [usize; 4] {
    let [mut n_offered, mut n_found, mut n_refused, mut n_apart] = [0; 4];
    for seed in 0..20 {
        let mut random = Random(seed);
        let mut town = Town::new(20, policy.clone());
        for n in 0..8 {
            let at = (random.below(20), random.below(20));
            town.vehicle(&format!("v{n}"), at, 4, 0);
        }
        for n in 0..80_u32 {
            let now = minute(1) + Millis::from_secs(15 * n);
            let mut place = || (random.below(20), random.below(20));
            let (from, to) = (place(), place());
            let accept_at_once = random.below(3) > 0;
            let ride = RideRequest { accept_at_once, ..town.request(&format!("r{n}"), from, to) };
            town.apply(now, Command::Tick);
            let hash = town.dispatcher.state_hash();
            let plain = town.dispatcher.quote(&ride, now, false);
            let quote = town.dispatcher.quote(&ride, now, may_search);
            assert_eq!(town.dispatcher.state_hash(), hash, "a quote changed something");
            let told = told(&town.apply(now, Command::RequestRide(ride)));
            n_offered += usize::from(told.is_some());
            n_found += usize::from(told.is_some() && plain.is_none());
            n_refused += usize::from(told.is_none());
            n_apart += usize::from(told != quote);
        }
    }
    [n_offered, n_found, n_refused, n_apart]
}

fn told(events: &[sharxi_engine::dispatcher::event::Event]) -> Option<(EngineTime, EngineTime)> {
    events.iter().find_map(|event| match event.kind {
        EventKind::Offered { pickup_at, dropoff_at, .. }
        | EventKind::Promised { pickup_at, dropoff_at, .. } => Some((pickup_at, dropoff_at)),
        _ => None,
    })
}

#[test]
fn a_quote_is_what_the_next_request_is_told() {
    let policy = Policy { reposition: false, rescue_tests: 20_000, ..Policy::default() };
    let [n_offered, n_found, n_refused, n_apart] = busy_day(&policy, true);
    assert!(100 < n_offered && 100 < n_refused, "{n_offered} offered, {n_refused} refused");
    assert!(0 < n_found, "no search was needed");
    assert_eq!(n_apart, 0, "quotes that were not what the request was told");
    let [_, n_found, _, n_apart] = busy_day(&policy, false);
    assert_eq!(n_apart, n_found, "without a search only what a search finds is missed");
}

#[test]
fn no_search_is_promised_that_a_request_would_not_get() {
    // The first search spends what there is for more than a second.
    let policy = Policy { reposition: false, rescue_tests: 1_000_000, ..Policy::default() };
    let mut town = Town::new(30, policy);
    town.vehicle("v", (0, 0), 1, 0);
    for n in 0..12_u32 {
        let ride = town.request(&format!("r{n}"), (n, 0), (29 - n, 3));
        let quote = town.dispatcher.quote(&ride, minute(1), true);
        assert_eq!(told(&town.apply(minute(1), Command::RequestRide(ride))), quote, "ride {n}");
    }
}
