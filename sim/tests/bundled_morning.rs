//! The bundled morning on the bundled map, from the scenario file to the audit.

#![expect(clippy::unwrap_used, reason = "helpers of tests")]

use std::path::{Path, PathBuf};

use sharxi_sim::scenario::file::{Given, Scenario, read};
use sharxi_sim::study::{self, Prepared, Study};
use sharxi_sim::{event_log, inspect};

fn scenario(name: &str, sets: &[&str]) -> Scenario {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../data/scenarios");
    let path: PathBuf = folder.join(name);
    let sets: Vec<String> = sets.iter().map(|&set| set.to_owned()).collect();
    read(Some(&path), &sets, &Given::default()).unwrap()
}

fn play(scenario: &Scenario, prepared: &Prepared, n_threads: usize) -> Study {
    let pool = rayon::ThreadPoolBuilder::new().num_threads(n_threads).build().unwrap();
    pool.install(|| study::play(scenario, prepared, &|_| {}).unwrap())
}

fn log(prepared: &Prepared, study: &Study) -> Vec<u8> {
    let mut out = Vec::new();
    event_log::write(&study.outcome.records, prepared.period.clock, &mut out).unwrap();
    out
}

#[test]
fn the_morning_keeps_every_promise_and_is_the_same_on_one_thread_and_two() {
    let scenario = scenario("isle-of-man-morning.toml", &[]);
    let prepared = study::prepare(&scenario, &|_, _| {}).unwrap();
    let (one, two) = (play(&scenario, &prepared, 1), play(&scenario, &prepared, 2));
    assert!(log(&prepared, &one) == log(&prepared, &two), "the logs differ");
    assert_eq!(one.outcome.state_hash, two.outcome.state_hash);
    let kpi = one.kpi(false);
    assert!(kpi.requests > 1200, "{}", kpi.requests);
    assert!(kpi.promised * 100 >= kpi.requests * 98, "{kpi:?}");
    assert_eq!((kpi.promises_broken, kpi.completed), (0, kpi.promised));
    let verdict = inspect::inspect(&scenario, &prepared, &one).unwrap();
    assert_eq!(verdict.breaches, []);
}

#[test]
fn a_small_fleet_refuses_but_never_breaks_a_promise() {
    let sets = ["fleet.taxi=12", "fleet.minibus=8", "policy.stop_s=30", "policy.max_wait_s=600"];
    let scenario = scenario("isle-of-man-morning.toml", &sets);
    let prepared = study::prepare(&scenario, &|_, _| {}).unwrap();
    let study = play(&scenario, &prepared, 2);
    let kpi = study.kpi(false);
    assert!(kpi.rejected > kpi.requests / 4 && kpi.promised > 100, "{kpi:?}");
    assert!(kpi.wait_s.max <= Some(600.0), "{kpi:?}");
    assert_eq!(inspect::inspect(&scenario, &prepared, &study).unwrap().breaches, []);
}

/// Every knob of uncertainty changes the day, and whatever breaks is said: the audit finds nothing. Only where roads close it takes
/// a few drives for too fast, which is an open question (docs/studies.md), so that its other rules are looked at there.
#[test]
fn each_knob_has_an_effect_and_the_audit_stays_clean() {
    let knobs: [(&[&str], &str); 9] = [
        (&["slow_day=0.2"], "promise_at_risk"),
        (&["boarding_s=60"], "promise_at_risk"),
        (&["late_rider=0.3"], "no_show"),
        (&["no_show=0.05"], "no_show"),
        (&["cancel=0.2"], "cancelled"),
        (&["pause=0.8"], "promise_at_risk"),
        (&["breakdowns=0.2"], "broke_down"),
        (&["closures=30"], ""),
        (&["travel_time=0.2", "report_loss=0.5", "report_delay_s=300"], "promise_at_risk"),
    ];
    let as_planned = scenario("isle-of-man-morning.toml", &[]);
    let prepared = study::prepare(&as_planned, &|_, _| {}).unwrap();
    let calm = String::from_utf8(log(&prepared, &play(&as_planned, &prepared, 2))).unwrap();
    for (sets, kind) in knobs {
        let sets: Vec<String> = sets.iter().map(|set| format!("uncertainty.{set}")).collect();
        let sets: Vec<&str> = sets.iter().map(String::as_str).collect();
        let rough = scenario("isle-of-man-morning.toml", &sets);
        let study = play(&rough, &prepared, 2);
        let told = String::from_utf8(log(&prepared, &study)).unwrap();
        assert!(told != calm, "{sets:?} changed nothing");
        let count = |log: &str| log.matches(&format!("\"kind\":\"{kind}\"")).count();
        assert!(kind.is_empty() || count(&calm) < count(&told), "{sets:?}: no {kind}");
        let verdict = inspect::inspect(&rough, &prepared, &study).unwrap();
        let breaches = verdict.breaches.into_iter();
        let is_open = |rule: &str| 0 < rough.uncertainty.closures && rule == "speed";
        let breaches: Vec<_> = breaches.filter(|breach| !is_open(breach.rule)).collect();
        assert_eq!(breaches, [], "{sets:?}");
        assert!(told == String::from_utf8(log(&prepared, &play(&rough, &prepared, 1))).unwrap());
    }
}

#[test]
fn the_bundled_day_has_more_than_five_thousand_requests() {
    let scenario = scenario("isle-of-man-day.toml", &[]);
    let prepared = study::prepare(&scenario, &|_, _| {}).unwrap();
    assert!(prepared.demand.len() >= 5000, "{}", prepared.demand.len());
    let near = |point| prepared.region.snap(point, scenario.snap_max_m).is_some();
    assert!(prepared.demand.iter().all(|row| near(row.from) && near(row.to)));
}
