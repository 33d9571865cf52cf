//! A drive against a real service over real sockets, in a made-up town.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use sharxi_api::auth::config::AuthConfig;
use sharxi_api::auth::keys::{KeyRing, add_key};
use sharxi_api::auth::password::hash;
use sharxi_api::auth::token::{Identity, issue, unix_now};
use sharxi_api::auth::users::{User, Users};
use sharxi_api::limits::{Rate, Rates};
use sharxi_api::wire::message::Role;
use sharxi_api::{Service, ServiceConfig};
use sharxi_engine::demand::request::When;
use sharxi_engine::geo::LatLon;
use sharxi_engine::planning::policy::Policy;
use sharxi_engine::units::Millis;
use tokio::sync::watch;

use super::link::{DriveError, Pass};
use super::operator::View;
use super::play::{Cast, DriveSummary, Options, run};
use crate::audit::{Case, Rules, Verdict, audit};
use crate::clock::LocalClock;
use crate::demand::{self, DemandRow};
use crate::scenario::file::Period;
use crate::testing::{self, Town, minute};
use crate::{event_log, fleet};

/// Half an hour of the made-up town in three seconds.
const SPEED: f64 = 600.0;
/// For how long a token is good; a drive takes longer.
const TOKEN_S: u64 = 2;

fn rows() -> Vec<DemandRow> {
    let soon = |row: &DemandRow| row.when == When::Now && row.requested_at < minute(20);
    let mut rows: Vec<DemandRow> = testing::demand(300, 6).into_iter().filter(soon).collect();
    // One who stands where no road is.
    rows[0].from = LatLon::from_degrees(51.0, 7.0).unwrap();
    rows
}

async fn drive(speed: f64, options: Options) -> Result<DriveSummary, DriveError> {
    drive_guarded(speed, options, None).await
}

async fn drive_guarded(
    speed: f64,
    options: Options,
    auth: Option<AuthConfig>,
) -> Result<DriveSummary, DriveError> {
    let free = Rate { one_per: Duration::from_micros(1), burst: 10_000 };
    let config = ServiceConfig {
        auth,
        rates: Rates { staff: free, ..Rates::default() },
        listen: SocketAddr::from(([127, 0, 0, 1], 0)),
        start: Some(minute(-10)),
        speed,
        policy: Policy { react: Millis::from_secs(60), ..Policy::default() },
        ..ServiceConfig::default()
    };
    let service = Service::start(config, Arc::new(Town)).await.unwrap();
    let period = Period { start: minute(-5), end: minute(20), clock: LocalClock::UTC };
    let cast = Cast { demand: rows(), fleet: testing::fleet(8), period };
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
    let n_asked = summary.demand.len();
    assert_eq!((n_asked, summary.under_way), (rows().len(), 0));
    assert_eq!(summary.answered, n_asked);
    assert_eq!(kpi.promised + kpi.rejected, n_asked);
    assert_eq!(kpi.completed, kpi.promised);
    assert!(kpi.promised > 10 && kpi.rejected >= 1 && kpi.occupied_km > 1.0, "{kpi:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_service_that_asks_for_proof_is_driven_with_one_token_that_is_renewed() {
    let folder = tempfile::tempdir().unwrap();
    let [keys, accounts] = ["keys.toml", "users.toml"].map(|name| folder.path().join(name));
    add_key(&keys).unwrap();
    let password = hash("correct horse battery").unwrap();
    let mut users = Users::default();
    let user = User { name: "boss".into(), role: Role::Operator, vehicle: None, password };
    users.put(user).unwrap();
    users.save(&accounts).unwrap();
    let now = unix_now();
    let boss = Identity {
        account: "boss".into(),
        role: Role::Operator,
        name: "boss".into(),
        expires: now + TOKEN_S,
        auth_at: Some(now),
    };
    let ring = KeyRing::parse(&std::fs::read_to_string(&keys).unwrap()).unwrap();
    let token = issue(&ring, &boss, now).unwrap();
    let auth =
        AuthConfig { keys, users: Some(accounts), token_s: TOKEN_S, session_s: 3600, oidc: None };
    let pass = Some(Pass::new(token, "7".into()));
    let options = Options { speed: Some(SPEED), pass, ..Options::default() };
    let summary = drive_guarded(SPEED, options, Some(auth.clone())).await.unwrap();
    assert!(now + TOKEN_S < unix_now(), "the first token would have done");
    assert_eq!((summary.answered, summary.under_way), (summary.demand.len(), 0));
    assert_eq!(summary.kpi.completed, summary.kpi.promised);
    assert!(summary.kpi.promised > 10, "{:?}", summary.kpi);
    let wrong = Some(Pass::new("none".into(), "8".into()));
    let refused = drive_guarded(SPEED, Options { pass: wrong, ..Options::default() }, Some(auth));
    let said = refused.await.unwrap_err().to_string();
    assert!(said.contains("401"), "{said}");
}

/// Audits a drive by its files; a service on a busy machine may be so many seconds of its clock late.
fn audited(summary: &DriveSummary, within_s: f64) -> Verdict {
    let clock = LocalClock::UTC;
    let (mut demand, mut fleet, mut events) = (Vec::new(), Vec::new(), Vec::new());
    demand::write(&summary.demand, clock, &mut demand).unwrap();
    fleet::write(&summary.fleet, clock, &mut fleet).unwrap();
    event_log::write(&summary.records, clock, &mut events).unwrap();
    let [demand, fleet, events] =
        [demand, fleet, events].map(|bytes| String::from_utf8(bytes).unwrap());
    let (nodes, arcs) = testing::graph();
    let rules =
        Rules { requested_within_s: within_s, answer_within_s: within_s, ..Rules::default() };
    let (demand, fleet, events) = (&demand, &fleet, &events);
    audit(&Case { demand, fleet, events, nodes: &nodes, arcs: &arcs, rules }).unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_drive_stands_up_to_the_audit() {
    let summary = drive(SPEED, Options::default()).await.unwrap();
    let verdict = audited(&summary, 1800.0);
    assert_eq!(verdict.breaches, []);
    assert!(verdict.n_promised > 10 && verdict.n_drives > 10, "{verdict:?}");
    let strict = audited(&summary, 0.0).breaches;
    assert!(strict.iter().any(|breach| breach.rule == "requested_as_asked"), "{strict:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_drive_that_is_cut_short_says_what_is_under_way() {
    let end = Duration::from_millis(1500);
    let options = Options { ask_for: Some(end / 2), end_after: Some(end), ..Options::default() };
    let summary = drive(SPEED, options).await.unwrap();
    assert_eq!(summary.answered, summary.demand.len());
    assert_eq!(summary.kpi.promised, summary.kpi.completed + summary.under_way);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_service_of_another_speed_is_refused() {
    let error = drive(2.0, Options { speed: Some(60.0), ..Options::default() }).await.unwrap_err();
    assert!(error.to_string().contains("start it with --speed 60"), "{error}");
}
