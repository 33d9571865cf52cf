//! What the service says of itself: up to date, valid, complete, and true.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test")]
#![allow(clippy::print_stdout, clippy::print_stderr, clippy::allow_attributes, reason = "a test")]

mod support;

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use serde_json::{Value, json};
use support::driving::{drive, town};
use support::{Client, get, request, schemas, shift};

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap().to_owned()
}

#[test]
fn the_files_are_what_the_types_make() {
    for (path, text) in sharxi_api::schema::documents() {
        let kept = std::fs::read_to_string(root().join(path)).unwrap();
        assert!(kept == text, "{path} is not up to date: run `sharxi schema .`");
    }
}

#[test]
fn no_reference_leads_nowhere() {
    every_reference_leads_somewhere(&sharxi_api::schema::openapi::document());
    every_reference_leads_somewhere(&sharxi_api::schema::asyncapi::document());
    every_reference_leads_somewhere(&sharxi_api::schema::messages());
}

fn every_reference_leads_somewhere(document: &Value) {
    let mut left = vec![document];
    while let Some(value) = left.pop() {
        if let Some(reference) = value.get("$ref").and_then(Value::as_str) {
            let target = reference.strip_prefix('#').unwrap();
            assert!(document.pointer(target).is_some(), "{reference} leads nowhere");
        }
        match value {
            Value::Object(fields) => left.extend(fields.values()),
            Value::Array(items) => left.extend(items),
            _ => {}
        }
    }
}

/// A path of the document, its parameters without names.
fn shape(path: &str) -> String {
    let segment =
        |segment: &str| if segment.contains('{') { "{}".to_owned() } else { segment.to_owned() };
    path.split('/').map(segment).collect::<Vec<_>>().join("/")
}

#[test]
fn every_route_is_described() {
    let document = sharxi_api::schema::openapi::document();
    let paths = document["paths"].as_object().unwrap();
    let described: BTreeSet<String> = paths.keys().map(|path| shape(path)).collect();
    let mut n_found = 0;
    for entry in std::fs::read_dir(root().join("api/src/http")).unwrap() {
        let text = std::fs::read_to_string(entry.unwrap().path()).unwrap();
        for route in text.split("warp::path!(").skip(1) {
            let route = route.split(')').next().unwrap();
            let segment = |part: &str| match part.trim() {
                part if part.starts_with('"') => part.trim_matches('"').to_owned(),
                _ => "{}".to_owned(),
            };
            let path = format!("/{}", route.split('/').map(segment).collect::<Vec<_>>().join("/"));
            assert!(described.contains(&path), "{path} is a route and not in the OpenAPI document");
            n_found += 1;
        }
    }
    assert!(15 < n_found, "only {n_found} routes were found in the source");
}

#[tokio::test]
async fn every_address_described_is_there() {
    let (running, _vehicle) = town().await;
    let document = sharxi_api::schema::openapi::document();
    for (path, methods) in document["paths"].as_object().unwrap() {
        let path = path.replace("{file}", "gofs.json").replace("{table}", "waits.csv");
        let path = path.replace("{z}", "0").replace("{x}", "0").replace("{y}", "0");
        for method in methods.as_object().unwrap().keys() {
            let address = running.addr();
            let request = format!(
                "{} {path} HTTP/1.1\r\nHost: {address}\r\nConnection: close\r\nContent-Length: 2\r\n\r\n{{}}",
                method.to_uppercase()
            );
            let (status, body) = support::http(address, &request).await;
            assert!(
                !body.contains(r#""message":"no such address""#),
                "{method} {path}: {status} {body}"
            );
            assert!(status < 500, "{method} {path}: {status} {body}");
        }
    }
    running.shutdown().await.unwrap();
}

#[tokio::test]
async fn what_is_answered_over_http_is_as_described() {
    let (running, mut vehicle) = town().await;
    let addr = running.addr();
    let mut desk = Client::hello(addr, "operator", "desk").await;
    desk.command(request("1", "r1", 3, 8, true)).await;
    drive(&mut vehicle, "r1").await;
    desk.command(request("2", "r2", 3, 8, false)).await;
    let document = sharxi_api::schema::openapi::document();
    for (path, at) in [
        ("/v1/auth", "/v1/auth"),
        ("/v1/rides/{request_id}", "/v1/rides/r1"),
        ("/v1/rides/{request_id}", "/v1/rides/r2"),
        ("/v1/vehicles", "/v1/vehicles"),
        ("/v1/vehicles/{vehicle_id}", "/v1/vehicles/v1"),
        ("/v1/kpi", "/v1/kpi"),
        ("/v1/region", "/v1/region"),
        ("/v1/quote", "/v1/quote?from=54.15,-4.45&to=54.15,-4.4"),
        ("/v1/traffic", "/v1/traffic"),
        ("/v1/rides/{request_id}/why", "/v1/rides/r1/why"),
        ("/v1/rides/{request_id}/why", "/v1/rides/r2/why"),
        ("/feeds/gofs/{file}", "/feeds/gofs/gofs.json"),
        ("/feeds/gofs/wait_time", "/feeds/gofs/wait_time?pickup_lat=54.15&pickup_lon=-4.45"),
        (
            "/feeds/gofs/realtime_booking",
            "/feeds/gofs/realtime_booking?pickup_lat=54.15&pickup_lon=-4.45&drop_off_lat=54.15&drop_off_lon=-4.4",
        ),
        ("/health", "/health"),
        ("/ready", "/ready"),
    ] {
        let (status, body) = get(addr, at).await;
        assert_eq!(status, 200, "{at}: {body}");
        let schema = &document["paths"][path]["get"]["responses"]["200"]["content"]["application/json"]
            ["schema"];
        assert!(schema.is_object(), "{path} has no schema");
        let said = serde_json::from_str(&body).unwrap();
        schemas::fits(schema, &document, &said)
            .unwrap_or_else(|fault| panic!("{at}: {fault}: {body}"));
    }
    let (status, body) = get(addr, "/v1/rides/none").await;
    assert_eq!(status, 404);
    schemas::check(&serde_json::from_str(&body).unwrap());
    running.shutdown().await.unwrap();
}

#[test]
fn what_clients_send_is_as_described() {
    let published = sharxi_api::schema::messages();
    let command =
        |message: &Value| schemas::fits(&published["$defs"]["Command"], &published, message);
    for message in [
        request("1", "r1", 3, 8, true),
        shift("2", "v1"),
        json!({"id": "3", "type": "cancel_ride", "request_id": "r1"}),
        json!({"type": "position", "vehicle_id": "v1", "at": "2026-01-05T06:00:00Z", "position": [54.1, -4.5]}),
    ] {
        command(&message).unwrap();
    }
    for wrong in [
        json!({"id": "1", "type": "fly"}),
        json!({"id": "3", "type": "cancel_ride"}),
        json!({"id": 3, "type": "cancel_ride", "request_id": "r1"}),
        json!({"id": "3", "type": "cancel_ride", "request_id": "r1", "colour": 1}),
    ] {
        assert!(command(&wrong).is_err(), "{wrong}");
    }
}
