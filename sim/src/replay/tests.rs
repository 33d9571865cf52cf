//! A live day over real sockets, and then the same from its journal.

use std::collections::BTreeSet;
use std::net::SocketAddr;
use std::path::Path;
use std::sync::Arc;

use sharxi_api::{Service, ServiceConfig};
use sharxi_engine::demand::request::When;
use sharxi_engine::planning::policy::Policy;
use sharxi_engine::units::Millis;
use tokio::sync::watch;

use super::{ReplayError, as_it_was, open, settings};
use crate::clock::LocalClock;
use crate::drive::operator::View;
use crate::drive::play::{Cast, DriveSummary, Options, run};
use crate::kpi;
use crate::scenario::file::{Given, Period, parse};
use crate::testing::{self, Town, minute};
use crate::trips;

/// Ten minutes of the made-up town, live, with a journal.
async fn live(journal: &Path) -> DriveSummary {
    let config = ServiceConfig {
        listen: SocketAddr::from(([127, 0, 0, 1], 0)),
        journal: Some(journal.to_owned()),
        start: Some(minute(-10)),
        speed: 600.0,
        policy: Policy { react: Millis::from_secs(60), ..Policy::default() },
        ..ServiceConfig::default()
    };
    let service = Service::start(config, Arc::new(Town)).await.unwrap();
    let soon =
        |row: &crate::demand::DemandRow| row.when == When::Now && row.requested_at < minute(20);
    let demand = testing::demand(300, 6).into_iter().filter(soon).collect();
    let period = Period { start: minute(-5), end: minute(20), clock: LocalClock::UTC };
    let cast = Cast { demand, fleet: testing::fleet(8), period };
    let (view, _seen) = watch::channel(View::default());
    let (_stop, stopped) = watch::channel(false);
    let url = format!("http://{}", service.addr());
    let summary = run(&url, cast, &Options::default(), view, stopped).await.unwrap();
    service.shutdown().await.unwrap();
    summary
}

#[tokio::test(flavor = "multi_thread")]
async fn a_recorded_day_is_the_same_again() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("day.journal");
    let summary = live(&path).await;
    let journal = open(&path, &Town).unwrap();
    let replayed = as_it_was(&journal, Arc::new(Town), Arc::new(Town), LocalClock::UTC).unwrap();
    assert!(replayed.n_hashes > 0 && replayed.n_commands > 50, "{}", replayed.n_commands);
    assert_eq!(replayed.policy.react, Millis::from_secs(60));
    let story = trips::read(&replayed.outcome.records);
    let again = kpi::figures(&story, &replayed.outcome.legs, &[], None);
    assert_eq!(
        (again.requests, again.promised, again.completed, again.vehicles),
        (summary.kpi.requests, summary.kpi.promised, summary.kpi.completed, summary.kpi.vehicles)
    );
    let names = |rows: &[crate::demand::DemandRow]| -> BTreeSet<String> {
        rows.iter().map(|row| row.name.as_str().to_owned()).collect()
    };
    assert!(names(&replayed.demand).is_subset(&names(&summary.demand)));
    assert_eq!(replayed.fleet.len(), 8);
    // What if: the same riders with the same vehicles, played by virtual ones; and with two only.
    let served = |n: usize| {
        let outcome = testing::play(&replayed.demand, &replayed.fleet[..n]);
        trips::read(&outcome.records).rides().count()
    };
    assert!(served(2) < served(8), "{} {}", served(2), served(8));
}

#[test]
fn what_is_no_journal_is_said_and_not_made() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("none.journal");
    assert!(matches!(open(&path, &Town), Err(ReplayError::Missing { .. })));
    assert!(!path.exists());
    std::fs::write(&path, "no journal").unwrap();
    assert!(matches!(open(&path, &Town), Err(ReplayError::Journal(_))));
}

#[test]
fn rules_survive_as_settings() {
    let policy = Policy {
        max_wait: Millis::from_secs(601),
        ride_alpha_milli: 1750,
        react: Millis::new(1500),
        reoptimise: false,
        rescue_tests: 77,
        ..Policy::default()
    };
    let text = "region = \"r\"\ndemand = \"d\"\nfleet = \"f\"\n";
    let scenario = parse(text, Path::new(""), &settings(&policy), &Given::default()).unwrap();
    assert_eq!(scenario.policy, policy);
}
