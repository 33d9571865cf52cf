//! Questions to the roads over real HTTP, on the bundled island; limits, and errors with codes.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test")]
#![allow(clippy::allow_attributes, reason = "a test")]

mod support;

use std::net::SocketAddr;
use std::sync::{Arc, OnceLock};

use serde_json::{Value, json};
use sharxi_api::limits::{
    ISOCHRONE_MINUTES_MAX, ISOCHRONES_MAX, MATCH_FIXES_MAX, QUERY_BYTES_MAX, TABLE_CELLS_MAX,
    TABLE_POINTS_MAX,
};
use sharxi_api::queries::route::{Format, find};
use sharxi_api::queries::{NoAnswer, Reason};
use sharxi_api::{Running, Service};
use sharxi_engine::geo::LatLon;
use sharxi_engine::ids::RoadId;
use sharxi_engine::import::{Profile, import_pbf};
use sharxi_engine::oracle::Location;
use sharxi_engine::region::{Directions, Effect, Scope, TrafficChange};
use support::{config, get, post, schemas, start};

const ISLAND_PBF: &[u8] = include_bytes!("../../data/regions/isle-of-man.osm.pbf");

async fn island() -> Running {
    let (region, _) = import_pbf(ISLAND_PBF, &Profile::default(), &|_, _| {}).unwrap();
    Service::start(config(), Arc::new(region)).await.unwrap()
}

async fn asked(addr: SocketAddr, path: &str) -> (u16, Value) {
    let (status, body) = get(addr, path).await;
    as_described("get", path, status, serde_json::from_str(&body).unwrap())
}

/// Every answer is as the OpenAPI document says.
fn as_described(method: &str, path: &str, status: u16, answer: Value) -> (u16, Value) {
    static DOCUMENT: OnceLock<Value> = OnceLock::new();
    let document = DOCUMENT.get_or_init(sharxi_api::schema::openapi::document);
    let path = path.split('?').next().unwrap();
    let answers = &document["paths"][path][method]["responses"];
    let described = answers.get(status.to_string()).unwrap_or(&answers["default"]);
    let schema = &described["content"]["application/json"]["schema"];
    assert!(schema.is_object(), "{method} {path} {status} has no schema");
    schemas::fits(schema, document, &answer)
        .unwrap_or_else(|fault| panic!("{path} {status}: {fault}: {answer}"));
    (status, answer)
}

async fn posted(addr: SocketAddr, path: &str, body: &Value) -> (u16, Value) {
    let (status, body) = post(addr, path, &body.to_string()).await;
    as_described("post", path, status, serde_json::from_str(&body).unwrap())
}

#[tokio::test]
async fn roads_answer_over_http() {
    let running = island().await;
    let addr = running.addr();
    let (status, route) = asked(addr, "/v1/route?from=54.15,-4.48&to=54.32,-4.38").await;
    assert_eq!(status, 200, "{route}");
    assert_eq!(route["steps"][0]["type"], "depart");
    let (_, short) = asked(addr, "/v1/route?from=54.15,-4.48&to=54.32,-4.38&format=polyline").await;
    assert!(short["geometry"].is_string() && short["duration_s"] == route["duration_s"]);
    let (_, feature) =
        asked(addr, "/v1/route?from=54.15,-4.48&to=54.32,-4.38&format=geojson").await;
    assert_eq!(feature["geometry"], route["geometry"]);

    let points = json!([[54.15, -4.48], [54.32, -4.38], [0.0, 0.0]]);
    let (status, table) =
        posted(addr, "/v1/matrix", &json!({"points": points, "distances": true})).await;
    assert_eq!(status, 200, "{table}");
    let seconds = table["durations_ms"][0][1].as_f64().unwrap() / 1000.0;
    assert!((seconds - route["duration_s"].as_f64().unwrap()).abs() < 1e-9);
    assert_eq!(table["distances_m"][0][1], route["distance_m"]);
    assert_eq!(table["unreachable_total"], 5);
    let body = json!({"pairs": [[points[0], points[1]]], "max_s": 60});
    let (_, pairs) = posted(addr, "/v1/matrix", &body).await;
    assert_eq!(pairs["durations_ms"], json!([null]));
    assert_eq!(pairs["unreachable"][0]["reason"], "beyond_bound");

    let (status, areas) =
        asked(addr, "/v1/isochrone?at=54.15,-4.48&minutes=5,10&reverse=true").await;
    assert_eq!((status, &areas["type"]), (200, &json!("FeatureCollection")), "{areas}");
    assert_eq!(areas["features"].as_array().unwrap().len(), 2);

    let positions: Vec<Value> = route["geometry"]["coordinates"]
        .as_array()
        .unwrap()
        .iter()
        .take(100)
        .map(|point| json!({"point": [point[1], point[0]]}))
        .collect();
    let (status, drive) = posted(addr, "/v1/match", &json!({"positions": positions})).await;
    assert_eq!((status, &drive["matched"]), (200, &json!(100)), "{drive}");
    running.shutdown().await.unwrap();
}

#[tokio::test]
async fn what_is_too_much_or_makes_no_sense_is_refused() {
    let running = island().await;
    let addr = running.addr();
    let refusals = [
        ("/v1/route?from=54.15,-4.48&to=0,0".to_owned(), 422, "no_road_near"),
        ("/v1/route?from=54.15&to=0,0".to_owned(), 400, "bad_value"),
        ("/v1/route?from=54.15,-4.48&to=54.32,-4.38&format=svg".to_owned(), 400, "bad_value"),
        ("/v1/route?from=54.15,-4.48".to_owned(), 400, "bad_message"),
        ("/v1/isochrone?at=0,0&minutes=5".to_owned(), 422, "no_road_near"),
        (
            format!("/v1/isochrone?at=54.15,-4.48&minutes={}", ISOCHRONE_MINUTES_MAX + 1),
            400,
            "bad_value",
        ),
        (
            format!("/v1/isochrone?at=54.15,-4.48&minutes={}1", "1,".repeat(ISOCHRONES_MAX)),
            400,
            "bad_value",
        ),
        ("/v1/isochrone?at=54.15,-4.48&minutes=5&cell_m=1".to_owned(), 400, "bad_value"),
    ];
    for (path, expected, code) in refusals {
        let (status, error) = asked(addr, &path).await;
        assert_eq!((status, &error["code"]), (expected, &json!(code)), "{path}: {error}");
    }
    let point = json!([54.15, -4.48]);
    let side = 501;
    assert!(side * side > TABLE_CELLS_MAX);
    let refusals = [
        ("/v1/matrix", json!({}), 400, "bad_message"),
        ("/v1/matrix", json!({"points": [point], "pairs": []}), 400, "bad_message"),
        ("/v1/matrix", json!({"points": [[91.0, 0.0]]}), 400, "bad_value"),
        ("/v1/matrix", json!({"points": vec![&point; side]}), 413, "too_large"),
        ("/v1/matrix", json!({"points": vec![&point; 200], "distances": true}), 413, "too_large"),
        (
            "/v1/matrix",
            json!({"sources": vec![&point; TABLE_POINTS_MAX + 1], "targets": [point]}),
            400,
            "bad_value",
        ),
        ("/v1/match", json!({"positions": [{"point": point, "at": "noon"}]}), 400, "bad_value"),
        ("/v1/match", json!({"positions": [], "noise_m": 0}), 400, "bad_value"),
        (
            "/v1/match",
            json!({"positions": vec![json!({"point": point}); MATCH_FIXES_MAX + 1]}),
            413,
            "too_large",
        ),
        ("/v1/match", json!({"points": []}), 400, "bad_message"),
    ];
    for (path, body, expected, code) in refusals {
        let (status, error) = posted(addr, path, &body).await;
        assert_eq!((status, &error["code"]), (expected, &json!(code)), "{path}: {error}");
    }
    let head = format!(
        "POST /v1/matrix HTTP/1.1\r\nHost: {addr}\r\nContent-Length: {}\r\n\r\n",
        QUERY_BYTES_MAX + 1
    );
    assert_eq!(support::status(addr, &head).await, 413);
    let (status, empty) = posted(addr, "/v1/matrix", &json!({"points": []})).await;
    assert_eq!((status, empty), (200, json!({"durations_ms": []})));
    running.shutdown().await.unwrap();
}

#[tokio::test]
async fn a_map_without_roads_says_so() {
    let running = start(config()).await;
    let (status, error) = asked(running.addr(), "/v1/route?from=54.15,-4.48&to=54.15,-4.4").await;
    assert_eq!((status, &error["code"]), (404, &json!("not_found")));
    running.shutdown().await.unwrap();
}

#[test]
fn closures_are_named_as_the_reason() {
    let (region, _) = import_pbf(ISLAND_PBF, &Profile::default(), &|_, _| {}).unwrap();
    let street = Location::Along { road: RoadId::new(300), along_mm: 2_000 };
    let ends = [LatLon::from_degrees(54.15, -4.48).unwrap(), region.point(street)];
    let ask = |closed: &dyn Fn(RoadId) -> bool| {
        let roads = region.roads().map(|road| road.id).filter(|&id| closed(id)).collect();
        let scope = Scope::Roads(roads);
        let change = TrafficChange { scope, directions: Directions::Both, effect: Effect::Closed };
        let now = region.with_traffic(&[change]).unwrap();
        find(&now, ends, Format::Json, 1_000.0).map(|route| route.json).map_err(|none| none.reason)
    };
    assert!(ask(&|_| false).is_ok());
    assert_eq!(ask(&|road| road == RoadId::new(300)), Err(Reason::Closed));
    let start = region.snap(ends[0], 1_000.0).unwrap().location;
    let around = |road: RoadId| {
        road != RoadId::new(300)
            && !matches!(start, Location::Along { road: own, .. } if own == road)
    };
    assert_eq!(ask(&around), Err(Reason::CutOff));
    let none = NoAnswer { reason: Reason::CutOff, message: "find a way".to_owned() };
    assert_eq!(none.to_string(), "find a way (cut_off_by_closures)");
}
