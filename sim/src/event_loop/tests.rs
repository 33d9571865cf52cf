//! The loop around the real dispatcher, in a made-up town.

use sharxi_engine::demand::request::{Name, When};

use crate::audit::{Case, Rules, audit};
use crate::clock::{DAY_MS, LocalClock, shifted};
use crate::demand::DemandRow;
use crate::event_log::{self, RecordKind};
use crate::fleet::FleetRow;
use crate::testing::{self, demand, fleet, play};

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

/// Four days with a shift of every vehicle each; half of the rides of the later days are booked on the first.
#[test]
fn rides_booked_days_ahead_are_kept_and_audited() {
    let mut vehicles = Vec::new();
    let mut asks = demand(60, 7);
    for day in 0..4i64 {
        let by_ms = day * DAY_MS;
        for row in fleet(8) {
            vehicles.push(FleetRow {
                name: Name::new(format!("{}_{day}", row.name.as_str())).unwrap(),
                shift_start: shifted(row.shift_start, by_ms),
                shift_end: shifted(row.shift_end, by_ms),
                ..row
            });
        }
        for (n, row) in
            demand(60, 7 + day.unsigned_abs()).into_iter().enumerate().filter(|_| day > 0)
        {
            let name = Name::new(format!("d{day}_{n}")).unwrap();
            let later = DemandRow { name, ..row.moved(by_ms) };
            asks.push(match n % 2 {
                0 => DemandRow {
                    when: When::DepartAt(later.travel_time()),
                    requested_at: asks[n].requested_at,
                    ..later
                },
                _ => later,
            });
        }
    }
    asks.sort_by_key(|row| row.requested_at);
    let outcome = play(&asks, &vehicles);
    let booked = |name: &str| name.starts_with('d') && name.ends_with(['0', '2', '4', '6', '8']);
    let kept = outcome.records.iter().filter(|record| {
        matches!(&record.kind, RecordKind::Alighted { request_id, .. } if booked(request_id))
    });
    assert!(kept.count() > 60);
    let (mut demand_csv, mut fleet_csv, mut log) = (Vec::new(), Vec::new(), Vec::new());
    crate::demand::write(&asks, LocalClock::UTC, &mut demand_csv).unwrap();
    crate::fleet::write(&vehicles, LocalClock::UTC, &mut fleet_csv).unwrap();
    event_log::write(&outcome.records, LocalClock::UTC, &mut log).unwrap();
    let text = |bytes| String::from_utf8(bytes).unwrap();
    let (demand, fleet, events) = (&text(demand_csv), &text(fleet_csv), &text(log));
    let (nodes, arcs) = &testing::graph();
    let rules = Rules::default();
    let verdict = audit(&Case { demand, fleet, events, nodes, arcs, rules }).unwrap();
    assert_eq!(verdict.breaches, []);
    assert_eq!(verdict.n_broken, 0);
}
