//! Traffic through the service: set, shown, taken back, journaled, and told to those whose promise is at risk.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test")]
#![allow(clippy::allow_attributes, reason = "a test")]

mod support;

use std::sync::Arc;

use serde_json::{Value, json};
use sharxi_api::{Running, Service, ServiceConfig};
use sharxi_engine::geo::LatLon;
use sharxi_engine::import::{Profile, import_pbf};
use sharxi_engine::oracle::Oracle;
use sharxi_engine::region::Region;
use support::{Client, config, http};

const ISLAND_PBF: &[u8] = include_bytes!("../../data/regions/isle-of-man.osm.pbf");
const DOUGLAS: [f64; 2] = [54.15, -4.48];
const RAMSEY: [f64; 2] = [54.32, -4.38];

fn island() -> Arc<Region> {
    Arc::new(import_pbf(ISLAND_PBF, &Profile::default(), &|_, _| {}).unwrap().0)
}

async fn send(running: &Running, method: &str, path: &str, kind: &str, body: &str) -> (u16, Value) {
    let length = body.len();
    let text = format!(
        "{method} {path} HTTP/1.1\r\nHost: {}\r\nContent-Type: {kind}\r\nContent-Length: {length}\r\nConnection: close\r\n\r\n{body}",
        running.addr()
    );
    let (status, body) = http(running.addr(), &text).await;
    (status, serde_json::from_slice(body.as_bytes()).unwrap())
}

async fn json(running: &Running, id: &str, role: &str, changes: Value) -> (u16, Value) {
    let body = json!({"as": {"role": role, "name": "desk"}, "id": id, "changes": changes});
    send(running, "POST", "/v1/traffic", "application/json", &body.to_string()).await
}

async fn shown(running: &Running) -> Value {
    send(running, "GET", "/v1/traffic", "application/json", "").await.1
}

/// Seconds from town to town as `/v1/route` says.
async fn route_s(running: &Running) -> f64 {
    let path = "/v1/route?from=54.15,-4.48&to=54.32,-4.38";
    send(running, "GET", path, "application/json", "").await.1["duration_s"].as_f64().unwrap()
}

/// The ways of the fastest path between two towns.
fn ways(region: &Region) -> Vec<i64> {
    let at = |[lat, lon]: [f64; 2]| {
        region.snap(LatLon::from_degrees(lat, lon).unwrap(), 1e3).unwrap().location
    };
    let path = region.path(at(DOUGLAS), at(RAMSEY)).unwrap();
    region.legs(&path).into_iter().flat_map(|leg| leg.ways).collect()
}

#[tokio::test]
async fn traffic_is_set_shown_and_taken_back_and_survives_a_restart() {
    let region = island();
    let ways = ways(&region);
    let folder = tempfile::tempdir().unwrap();
    let config = || ServiceConfig { journal: Some(folder.path().join("journal")), ..config() };
    let running = Service::start(config(), region.clone()).await.unwrap();
    assert_eq!(shown(&running).await, json!({"version": 0, "changed_ways": 0, "changed": []}));

    let imported_s = route_s(&running).await;
    let (status, answer) = json(&running, "1", "rider", json!([{"closed": true}])).await;
    assert_eq!((status, &answer["code"]), (403, &json!("not_allowed")), "{answer}");
    let slower =
        json!([{"way_ids": [ways[0], 1], "percent": 50}, {"class": "primary", "speed_kmh": 20.5}]);
    let (status, answer) = json(&running, "2", "operator", slower.clone()).await;
    assert_eq!(status, 200, "{answer}");
    assert_eq!((&answer["result"], &answer["version"]), (&json!("traffic_changed"), &json!(1)));
    assert_eq!((&answer["rows"], &answer["unknown_way_ids"]), (&json!(2), &json!([1])));
    // The same command again is the same command.
    let (_, again) = json(&running, "2", "operator", slower).await;
    assert_eq!(again["version"], 1);
    let csv = format!("way_id,direction,closed\n{},both,true\n7,,true\n", ways[3]);
    let path = "/v1/traffic?role=operator&name=desk&id=3";
    let (status, answer) = send(&running, "POST", path, "text/csv", &csv).await;
    assert_eq!((status, &answer["version"], &answer["unknown_ways"]), (200, &json!(2), &json!(1)));
    let now = shown(&running).await;
    let closed = |now: &Value| {
        let all = now["changed"].as_array().unwrap();
        all.iter().filter(|way| way["closed"] == true).map(|way| way["way_id"].clone()).next()
    };
    assert_eq!((&now["version"], closed(&now)), (&json!(2), Some(json!(ways[3]))));

    // Refused with the place, and nothing changes.
    for (kind, body, expected) in [
        (
            "text/csv",
            "way_id,speed_kmh\n1,20\n1,fast\n",
            "line 3 column speed_kmh: \"fast\" is not a speed in km/h",
        ),
        (
            "text/csv",
            "way,speed_kmh\n1,20\n",
            "there is no column \"way\"; columns are way_id,class",
        ),
        (
            "text/csv",
            "way_id,speed_kmh,closed\n1,20,true\n",
            "line 2: exactly one of speed_kmh, percent and closed",
        ),
        (
            "text/csv",
            "class,percent\npath,20\n",
            "line 2 column class: \"path\" is not a class of roads",
        ),
        (
            "text/csv",
            "100,200,30\n",
            "a region keeps way ids, no node ids; give a .csv with columns",
        ),
        ("text/csv", "from_node,to_node,speed,rate\n1,2,30,1.5\n", "no node ids"),
        ("application/geo+json", "{}", "this is not a GeoJSON FeatureCollection"),
        ("text/plain", "", "must be application/json, text/csv or application/geo+json"),
    ] {
        let path = "/v1/traffic?role=operator&name=desk&id=4";
        let (status, answer) = send(&running, "POST", path, kind, body).await;
        assert_eq!(status, 400, "{answer}");
        assert!(answer["message"].as_str().unwrap().contains(expected), "{answer}");
    }
    for (changes, expected) in [
        (json!([{"percent": 0}]), "changes[0].percent: 0 is not a whole number of per cent"),
        (json!([{"percent": 50, "speed": 3}]), "changes[0].speed: 3 is not allowed"),
        (json!([{"area": [[54, -4], [54, -5]], "closed": true}]), "changes[0].area"),
    ] {
        let (status, answer) = json(&running, "5", "operator", changes).await;
        assert_eq!(status, 400, "{answer}");
        assert!(answer["message"].as_str().unwrap().contains(expected), "{answer}");
    }
    assert_eq!(shown(&running).await, now);
    let slower_s = route_s(&running).await;
    assert!(slower_s > imported_s, "routes follow: {slower_s} and {imported_s}");
    running.shutdown().await.unwrap();

    let running = Service::start(config(), region).await.unwrap();
    assert_eq!(shown(&running).await, now, "replay swaps the same times");
    assert!((route_s(&running).await - slower_s).abs() < 1e-9);
    let path = "/v1/traffic?role=operator&name=desk&id=6";
    let (status, answer) = send(&running, "DELETE", path, "application/json", "").await;
    assert_eq!((status, &answer["version"]), (200, &json!(3)));
    assert_eq!(shown(&running).await, json!({"version": 3, "changed_ways": 0, "changed": []}));
    assert!((route_s(&running).await - imported_s).abs() < 1e-9);
    running.shutdown().await.unwrap();
}

/// Everything at a tenth of its speed: the rider hears of it, the vehicle gets another plan, quotes take longer.
#[tokio::test]
async fn who_would_be_late_is_told_at_once() {
    let running = Service::start(config(), island()).await.unwrap();
    let mut vehicle = Client::hello(running.addr(), "vehicle", "v1").await;
    let start = json!({"id": "1", "type": "start_shift", "vehicle_id": "v1", "vehicle_type": "taxi",
        "seats": 4, "wheelchairs": 0, "at": DOUGLAS, "shift_end": "2100-01-01T00:00:00Z"});
    assert_eq!(vehicle.command(start).await["type"], "ok");
    let mut rider = Client::hello(running.addr(), "rider", "anna").await;
    let ask = json!({"id": "1", "type": "request_ride", "request_id": "r1", "from": [54.17, -4.47],
        "to": RAMSEY, "kind": "now", "accept": true});
    let promised = rider.command(ask).await;
    assert_eq!(promised["result"], "promised", "{promised}");
    let (status, answer) = json(&running, "1", "operator", json!([{"percent": 10}])).await;
    assert_eq!(status, 200, "{answer}");
    let risk = loop {
        let message = rider.next().await;
        if message["kind"] == "promise_at_risk" {
            break message;
        }
    };
    assert!(risk["late_s"].as_f64().unwrap() > 600.0, "{risk}");
    let (_, ride) = send(&running, "GET", "/v1/rides/r1", "application/json", "").await;
    assert_eq!(ride["at_risk"], true, "{ride}");
    assert_eq!(ride["pickup_by"], promised["pickup_by"], "a promise stays what it was");
    assert!(ride["dropoff_at"].as_str().unwrap() > promised["dropoff_by"].as_str().unwrap());
    running.shutdown().await.unwrap();
}
