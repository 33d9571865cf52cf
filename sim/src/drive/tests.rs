//! A drive against a real service over real sockets, in a made-up town.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use sharxi_api::{Service, ServiceConfig};
use sharxi_engine::demand::request::When;
use sharxi_engine::geo::LatLon;
use sharxi_engine::planning::policy::Policy;
use sharxi_engine::units::Millis;
use tokio::sync::watch;

use super::link::DriveError;
use super::operator::View;
use super::play::{Cast, DriveSummary, Options, run};
use crate::clock::LocalClock;
use crate::demand::DemandRow;
use crate::scenario::file::Period;
use crate::testing::{Town, demand, fleet, minute};

/// Half an hour of the made-up town in three seconds.
const SPEED: f64 = 600.0;

fn rows() -> Vec<DemandRow> {
    let soon = |row: &DemandRow| row.when == When::Now && row.requested_at < minute(20);
    let mut rows: Vec<DemandRow> = demand(300, 6).into_iter().filter(soon).collect();
    // One who stands where no road is.
    rows[0].from = LatLon::from_degrees(51.0, 7.0).unwrap();
    rows
}

async fn drive(speed: f64, options: Options) -> Result<DriveSummary, DriveError> {
    let config = ServiceConfig {
        listen: SocketAddr::from(([127, 0, 0, 1], 0)),
        start: Some(minute(-10)),
        speed,
        policy: Policy { react: Millis::from_secs(60), ..Policy::default() },
        ..ServiceConfig::default()
    };
    let service = Service::start(config, Arc::new(Town)).await.unwrap();
    let period = Period { start: minute(-5), end: minute(20), clock: LocalClock::UTC };
    let cast = Cast { demand: rows(), fleet: fleet(8), period };
    let (view, _seen) = watch::channel(View::default());
    let (_stop, stopped) = watch::channel(false);
    let url = format!("http://{}", service.addr());
    let summary = run(&url, cast, &options, view, stopped).await;
    service.shutdown().await.unwrap();
    summary
}

#[tokio::test(flavor = "multi_thread")]
async fn every_rider_is_answered_over_the_wire_and_every_ride_ends() {
    let summary = drive(SPEED, Options { speed: Some(SPEED), ..Options::default() }).await.unwrap();
    let kpi = &summary.kpi;
    assert_eq!((summary.asked, summary.under_way), (rows().len(), 0));
    assert_eq!(summary.answered, summary.asked);
    assert_eq!(kpi.promised + kpi.rejected, summary.asked);
    assert_eq!(kpi.completed, kpi.promised);
    assert!(kpi.promised > 10 && kpi.rejected >= 1 && kpi.occupied_km > 1.0, "{kpi:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_drive_that_is_cut_short_says_what_is_under_way() {
    let end = Duration::from_millis(1500);
    let options = Options { ask_for: Some(end / 2), end_after: Some(end), ..Options::default() };
    let summary = drive(SPEED, options).await.unwrap();
    assert_eq!(summary.answered, summary.asked);
    assert_eq!(summary.kpi.promised, summary.kpi.completed + summary.under_way);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_service_of_another_speed_is_refused() {
    let error = drive(2.0, Options { speed: Some(60.0), ..Options::default() }).await.unwrap_err();
    assert!(error.to_string().contains("start it with --speed 60"), "{error}");
}
