//! What the service knows of the roads while it runs: speeds by hour of the week, and where its vehicles are.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test")]
#![allow(clippy::allow_attributes, reason = "a test")]

mod support;

use std::sync::Arc;

use serde_json::{Value, json};
use sharxi_api::hours::Hours;
use sharxi_api::wire::time;
use sharxi_api::{Running, Service, ServiceConfig};
use sharxi_engine::geo::LatLon;
use sharxi_engine::import::{Profile, import_pbf};
use sharxi_engine::oracle::Oracle;
use sharxi_engine::region::{Region, WeekProfile};
use sharxi_engine::units::Millis;
use support::{Client, config, get};

const ISLAND_PBF: &[u8] = include_bytes!("../../data/regions/isle-of-man.osm.pbf");
const DOUGLAS: [f64; 2] = [54.15, -4.48];
const RAMSEY: [f64; 2] = [54.32, -4.38];
const WEEK: &str = "[[rule]]\nspeed_percent = { \"mon 07-08\" = 10 }";

fn island() -> Arc<Region> {
    Arc::new(import_pbf(ISLAND_PBF, &Profile::default(), &|_, _| {}).unwrap().0)
}

async fn shown(running: &Running, path: &str) -> Value {
    serde_json::from_str(&get(running.addr(), path).await.1).unwrap()
}

async fn route_s(running: &Running) -> f64 {
    let path = "/v1/route?from=54.15,-4.48&to=54.32,-4.38";
    shown(running, path).await["duration_s"].as_f64().unwrap()
}

async fn vehicle(running: &Running) -> Client {
    let mut vehicle = Client::hello(running.addr(), "vehicle", "v1").await;
    let start = json!({"id": "1", "type": "start_shift", "vehicle_id": "v1", "vehicle_type": "taxi",
        "seats": 4, "wheelchairs": 0, "at": DOUGLAS, "shift_end": "2100-01-01T00:00:00Z"});
    assert_eq!(vehicle.command(start).await["type"], "ok");
    vehicle
}

/// At seven on a Monday in Berlin everything goes at a tenth of its speed: routes follow, who would be late is told, the journal
/// holds it, and a service without the file takes it back.
#[tokio::test]
async fn speeds_change_at_the_border_of_an_hour() {
    let region = island();
    let folder = tempfile::tempdir().unwrap();
    let hours = Hours::new(WeekProfile::parse(WEEK).unwrap(), "Europe/Berlin").unwrap();
    let on = |hours: Option<Hours>| ServiceConfig {
        journal: Some(folder.path().join("journal")),
        start: time::parse("2026-01-05T05:59:56Z"),
        hours,
        ..config()
    };
    let running = Service::start(on(Some(hours.clone())), region.clone()).await.unwrap();
    assert_eq!(shown(&running, "/v1/traffic").await["version"], 0);
    let imported_s = route_s(&running).await;
    let _vehicle = vehicle(&running).await;
    let mut rider = Client::hello(running.addr(), "rider", "anna").await;
    let ask = json!({"id": "1", "type": "request_ride", "request_id": "r1", "from": [54.17, -4.47],
        "to": RAMSEY, "kind": "now", "accept": true});
    let promised = rider.command(ask).await;
    assert_eq!(promised["result"], "promised", "{promised}");
    let risk = rider.expect(|message| message["kind"] == "promise_at_risk").await;
    assert!(risk["late_s"].as_f64().unwrap() > 600.0, "{risk}");
    assert!(risk["t"].as_str().unwrap() >= "2026-01-05T06:00:00", "{risk}");
    let ride = shown(&running, "/v1/rides/r1").await;
    assert_eq!(ride["pickup_by"], promised["pickup_by"], "a promise stays what it was");
    let slow_s = route_s(&running).await;
    assert!(slow_s > 7.0 * imported_s, "routes follow: {slow_s} and {imported_s}");
    let at_seven = shown(&running, "/v1/traffic").await;
    assert_eq!(at_seven["version"], 1);
    running.shutdown().await.unwrap();

    let running = Service::start(on(Some(hours)), region.clone()).await.unwrap();
    assert_eq!(shown(&running, "/v1/traffic").await, at_seven, "nothing new has to be said");
    assert!((route_s(&running).await - slow_s).abs() < 1e-9);
    running.shutdown().await.unwrap();

    let running = Service::start(on(None), region).await.unwrap();
    let now = shown(&running, "/v1/traffic").await;
    assert_eq!(now, json!({"version": 2, "changed_ways": 0, "changed": []}));
    assert!((route_s(&running).await - imported_s).abs() < 1e-9);
    running.shutdown().await.unwrap();
}

/// Twelve metres in degrees of latitude.
const OFF: f64 = 12.0 / 111_195.0;

/// Reports 12 metres beside the road along a drive: shown on the road, in the direction driven; off the roads, as reported.
#[tokio::test]
async fn reported_positions_are_taken_to_the_road() {
    let region = island();
    let running = Service::start(config(), region.clone()).await.unwrap();
    let mut vehicle = vehicle(&running).await;
    let addr = running.addr();
    // The answer to a command that is refused says that the report before it has arrived.
    let seen = async |vehicle: &mut Client, fix: Value, told: &mut u32| -> Value {
        vehicle.say(fix).await;
        *told += 1;
        let other = json!({"id": format!("n{told}"), "type": "end_shift", "vehicle_id": "v9"});
        assert_eq!(vehicle.command(other).await["code"], "not_allowed");
        serde_json::from_str(&get(addr, "/v1/vehicles/v1").await.1).unwrap()
    };
    let at = |[lat, lon]: [f64; 2]| {
        region.snap(LatLon::from_degrees(lat, lon).unwrap(), 1e3).unwrap().location
    };
    assert_eq!(shown(&running, "/v1/vehicles/v1").await["position"], "planned");
    let path = region.path(at(DOUGLAS), at(RAMSEY)).unwrap();
    let shape = region.path_geometry(&path);
    let fix = |elapsed: Millis, lat: f64, lon: f64| {
        let at = time::parse("2026-01-05T05:40:00Z").unwrap() + elapsed;
        json!({"type": "position", "vehicle_id": "v1", "at": time::format(at), "position": [lat, lon]})
    };
    let mut told = 0;
    let mut last = Millis::from_secs(120);
    let [mut n, mut n_near, mut n_right, mut n_wrong] = [0; 4];
    for three in shape.windows(3) {
        let [(behind, _), (point, elapsed), (ahead, _)] = [three[0], three[1], three[2]];
        // Some ten seconds apart, and not at the corner of a road.
        if elapsed < last + Millis::from_secs(10) || point.distance_m(ahead) < 15.0 {
            continue;
        }
        last = elapsed;
        let seen =
            seen(&mut vehicle, fix(elapsed, point.lat() + OFF, point.lon()), &mut told).await;
        let [lat, lon] = ["lat", "lon"].map(|key| seen[key].as_f64().unwrap());
        let off_m = LatLon::from_degrees(lat, lon).unwrap().distance_m(point);
        assert_eq!(seen["position"], "matched", "{seen}");
        assert!(off_m < 80.0, "{off_m} {seen}");
        n_near += usize::from(off_m < 20.0);
        // At a corner the direction before it is as good as the one behind it.
        let bearings = [behind.bearing_deg(point), point.bearing_deg(ahead)];
        let turned = |b: f64, seen: f64| ((seen - b + 540.0).rem_euclid(360.0) - 180.0).abs();
        let is_right = |seen: f64| bearings.iter().any(|&b| turned(b, seen) < 60.0);
        n += 1;
        let told_deg = seen["bearing_deg"].as_f64();
        n_right += usize::from(told_deg.is_some_and(is_right));
        n_wrong += usize::from(told_deg.is_some_and(|deg| !is_right(deg)));
    }
    println!("{n_near} of {n} near, {n_right} headings, {n_wrong} wrong ones");
    assert!(n > 50 && n_near * 20 >= n * 19, "{n_near} of {n} near");
    // A direction that the reports do not tell is not told.
    assert!(n_wrong * 50 <= n && n_right * 4 >= n * 3, "{n_right} {n_wrong} of {n}");
    // Out at sea.
    let at_sea = fix(last + Millis::from_secs(10), 54.25, -4.2);
    let seen = seen(&mut vehicle, at_sea, &mut told).await;
    assert_eq!((&seen["position"], &seen["lat"]), (&json!("reported"), &json!(54.25)), "{seen}");
    assert_eq!(seen.get("bearing_deg"), None);
    running.shutdown().await.unwrap();
}
