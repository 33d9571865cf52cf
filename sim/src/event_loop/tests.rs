//! The loop around the real dispatcher, in a made-up town.

use crate::clock::LocalClock;
use crate::event_log::{self, RecordKind};
use crate::testing::{demand, fleet, play};

fn log_of(n_requests: usize, n_vehicles: u32) -> String {
    let outcome = play(&demand(n_requests, 1), &fleet(n_vehicles));
    let mut out = Vec::new();
    event_log::write(&outcome.records, LocalClock::UTC, &mut out).unwrap();
    String::from_utf8(out).unwrap()
}

#[test]
fn the_same_cast_gives_the_same_bytes_on_any_number_of_threads() {
    let with_threads = |n| {
        let pool = rayon::ThreadPoolBuilder::new().num_threads(n).build().unwrap();
        pool.install(|| log_of(120, 12))
    };
    let one = with_threads(1);
    assert!(one.lines().count() > 500, "{}", one.lines().count());
    assert_eq!(one, with_threads(2));
}

#[test]
fn everybody_is_answered_and_every_promise_ends() {
    let outcome = play(&demand(200, 2), &fleet(10));
    let count = |is: &dyn Fn(&RecordKind) -> bool| {
        outcome.records.iter().filter(|record| is(&record.kind)).count()
    };
    let promised = count(&|kind| matches!(kind, RecordKind::Promised { .. }));
    let rejected = count(&|kind| matches!(kind, RecordKind::Rejected { .. }));
    let alighted = count(&|kind| matches!(kind, RecordKind::Alighted { .. }));
    let broken = count(&|kind| matches!(kind, RecordKind::PromiseBroken { .. }));
    assert_eq!(promised + rejected, 200);
    assert_eq!(alighted, promised);
    assert_eq!(broken, 0);
    assert!(promised > 100, "{promised}");
    assert!(!outcome.coverage_milli.is_empty());
}

#[test]
fn without_a_fleet_everybody_is_refused() {
    let outcome = play(&demand(20, 3), &[]);
    let refused = |kind: &RecordKind| matches!(kind, RecordKind::Rejected { .. });
    assert_eq!(outcome.records.iter().filter(|record| refused(&record.kind)).count(), 20);
}
