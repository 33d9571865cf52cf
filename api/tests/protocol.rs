//! The protocol over real sockets: a ride from request to drop-off, repeats, resuming, rights, HTTP.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test")]
#![allow(clippy::print_stdout, clippy::allow_attributes, reason = "a test")]

mod support;

use serde_json::{Value, json};
use support::driving::{drive, town};
use support::{Client, at, config, get, http, post, request, shift, start};

#[tokio::test]
async fn a_ride_from_request_to_drop_off() {
    let (running, mut vehicle) = town().await;
    let mut operator = Client::hello(running.addr(), "operator", "desk").await;
    let mut rider = Client::hello(running.addr(), "rider", "anna").await;

    let offer = rider.command(request("1", "r1", 3, 8, false)).await;
    assert_eq!(offer["result"], "offered", "{offer}");
    assert_eq!(offer["vehicle_id"], "v1");
    assert!(offer["seq"].as_u64().unwrap() >= 2);
    let accepted =
        rider.command(json!({"id": "2", "type": "accept_offer", "request_id": "r1"})).await;
    assert_eq!(accepted["type"], "ok", "{accepted}");
    let promised = rider.event("promised").await;
    assert_eq!(promised["pickup_by"], offer["pickup_by"]);

    drive(&mut vehicle, "r1").await;
    let arrived = rider.event("arrived").await;
    assert_eq!(arrived["vehicle_id"], "v1");
    let boarded = rider.event("boarded").await;
    assert!(boarded["t"].as_str().unwrap() <= promised["pickup_by"].as_str().unwrap());
    let alighted = rider.event("alighted").await;
    assert!(alighted["t"].as_str().unwrap() <= promised["dropoff_by"].as_str().unwrap());

    let mut last = 0;
    for kind in ["requested", "offered", "promised", "departed", "arrived", "boarded", "alighted"] {
        let event = operator.event(kind).await;
        assert!(event["seq"].as_u64().unwrap() > last, "{event}");
        last = event["seq"].as_u64().unwrap();
    }
    let kpi =
        operator.expect(|message| message["type"] == "kpi" && message["completed"] == 1).await;
    assert_eq!(kpi["promises_broken"], 0);
    assert_eq!(kpi["wait_histogram"].as_array().unwrap().len(), 16);
    operator.expect(|message| message["type"] == "positions").await;
    let (status, ride) = get(running.addr(), "/v1/rides/r1").await;
    let ride: Value = serde_json::from_str(&ride).unwrap();
    assert_eq!((status, &ride["state"]), (200, &json!("completed")), "{ride}");
    assert_eq!(ride["wheelchairs"], 0, "{ride}");
    assert!(ride.get("at_risk").is_none() && ride.get("broken").is_none(), "{ride}");
    running.shutdown().await.unwrap();
}

#[tokio::test]
async fn a_repeat_has_no_second_effect_and_the_same_answer() {
    let (running, _vehicle) = town().await;
    let mut rider = Client::hello(running.addr(), "rider", "anna").await;
    let first = rider.command(request("1", "r1", 3, 8, true)).await;
    assert_eq!(first["result"], "promised", "{first}");
    assert_eq!(rider.command(request("1", "r1", 3, 8, true)).await, first);
    let mut again = Client::hello(running.addr(), "rider", "anna").await;
    assert_eq!(again.command(request("1", "r1", 3, 8, true)).await, first);
    let reused = again.command(request("1", "r2", 3, 8, true)).await;
    assert_eq!(reused["code"], "id_reused", "{reused}");
    let taken = again.command(request("2", "r1", 3, 8, true)).await;
    assert_eq!(taken["code"], "name_taken", "{taken}");
    assert_eq!(again.command(request("2", "r1", 3, 8, true)).await, taken);
    let (_, kpi) = get(running.addr(), "/v1/kpi").await;
    let kpi: Value = serde_json::from_str(&kpi).unwrap();
    assert_eq!(kpi["requests"], 1, "{kpi}");
    running.shutdown().await.unwrap();
}

#[tokio::test]
async fn who_comes_back_gets_what_was_missed() {
    let (running, _vehicle) = town().await;
    let mut rider = Client::hello(running.addr(), "rider", "anna").await;
    let snapshot = rider.expect(|message| message["type"] == "snapshot").await;
    let seq = snapshot["seq"].as_u64().unwrap();
    drop(rider);
    let mut operator = Client::hello(running.addr(), "operator", "desk").await;
    operator.command(request("1", "desk-1", 9, 2, true)).await;
    let mut other = Client::hello(running.addr(), "rider", "anna").await;
    other.command(request("1", "r1", 3, 8, true)).await;
    let mut rider = Client::resume(running.addr(), "rider", "anna", Some(seq)).await;
    let requested = rider.event("requested").await;
    assert_eq!(requested["request_id"], "r1", "an event of somebody else's ride was told");
    rider.event("promised").await;
    let mut late = Client::resume(running.addr(), "operator", "desk", Some(1_000_000)).await;
    assert_eq!(late.next().await["type"], "gap");
    let snapshot = late.next().await;
    assert_eq!(snapshot["type"], "snapshot");
    assert_eq!(snapshot["rides"].as_array().unwrap().len(), 2, "{snapshot}");
    assert_eq!(snapshot["vehicles"][0]["vehicle_id"], "v1");
    running.shutdown().await.unwrap();
}

#[tokio::test]
async fn nobody_acts_for_another() {
    let (running, mut vehicle) = town().await;
    let mut anna = Client::hello(running.addr(), "rider", "anna").await;
    let mut bert = Client::hello(running.addr(), "rider", "bert").await;
    anna.command(request("1", "r1", 3, 8, true)).await;
    let cancel = json!({"id": "9", "type": "cancel_ride", "request_id": "r1"});
    let end = json!({"id": "10", "type": "end_shift", "vehicle_id": "v1"});
    let subscribe = json!({"id": "11", "type": "subscribe", "positions": true});
    for (client, forbidden) in [
        (&mut bert, vec![cancel.clone(), end, subscribe, shift("14", "v2")]),
        (&mut vehicle, vec![cancel.clone(), request("12", "r2", 1, 2, true), shift("13", "v2")]),
    ] {
        for command in forbidden {
            let answer = client.command(command).await;
            assert_eq!(answer["code"], "not_allowed", "{answer}");
        }
    }
    let unknown = json!({"id": "15", "type": "cancel_ride", "request_id": "nothing"});
    assert_eq!(bert.command(unknown).await["code"], "unknown_ride");
    assert_eq!(anna.command(cancel).await["type"], "ok");
    assert_eq!(anna.event("cancelled").await["by"], "rider");
    running.shutdown().await.unwrap();
}

#[tokio::test]
async fn the_same_over_http() {
    let (running, _vehicle) = town().await;
    let addr = running.addr();
    let mut command = request("1", "r1", 3, 8, true);
    command["as"] = json!({"role": "operator", "name": "desk"});
    let (status, body) = post(addr, "/v1/commands", &command.to_string()).await;
    let answer: Value = serde_json::from_str(&body).unwrap();
    assert_eq!((status, &answer["result"]), (200, &json!("promised")), "{answer}");
    assert_eq!(post(addr, "/v1/commands", &command.to_string()).await, (200, body));
    command["request_id"] = json!("r2");
    assert_eq!(post(addr, "/v1/commands", &command.to_string()).await.0, 409);
    assert_eq!(post(addr, "/v1/commands", "{}").await.0, 400);
    assert_eq!(post(addr, "/v1/commands", &"x".repeat(70_000)).await.0, 413);

    for (path, status, said) in [
        ("/v1/region", 200, "Streetend"),
        ("/v1/vehicles", 200, "\"v1\""),
        ("/v1/vehicles/v1", 200, "\"plan\""),
        ("/v1/vehicles/v9", 404, "not_found"),
        ("/v1/rides/r1", 200, "\"promised\""),
        ("/v1/rides/r9", 404, "not_found"),
        ("/v1/kpi", 200, "wait_histogram"),
        ("/v1/quote?from=54.15,-4.45&to=54.15,-4.4&passengers=1", 200, "pickup_at"),
        ("/v1/quote?from=54.15,-4.45&to=54.15", 400, "LAT,LON"),
        ("/v1/quote?from=54.15,-4.45", 400, "bad_message"),
        (
            "/v1/quote?from=54.15,-4.45&to=54.15,-4.4&passengers=99999999999999999999",
            400,
            "1 to 16",
        ),
        ("/v1/quote?from=54.15,-4.45&to=54.15,-4.4&wheelchairs=2", 400, "wheelchairs"),
        ("/v1/quote?from=0,0&to=54.15,-4.4", 422, "nearest point"),
        ("/health", 200, "alive"),
        ("/ready", 200, "state_hash"),
        ("/", 200, "Sharxi"),
        ("/nothing", 404, "not_found"),
        ("/tiles/10/499/328.mvt", 200, "roads"),
        ("/tiles/10/0/0.mvt", 204, ""),
        ("/tiles/1/2/0.mvt", 404, "no such tile"),
        ("/tiles/1/0/0.png", 404, "no such tile"),
        ("/tiles/99/0/0.mvt", 404, "no such tile"),
    ] {
        let (found, body) = get(addr, path).await;
        assert_eq!(found, status, "{path}: {body}");
        assert!(body.contains(said), "{path}: {body}");
    }
    running.shutdown().await.unwrap();
}

#[tokio::test]
async fn pages_of_other_sites_are_refused() {
    let origins = vec!["https://desk.example".to_owned()];
    let running = start(sharxi_api::ServiceConfig { origins, ..config() }).await;
    let addr = running.addr();
    for (origin, status) in [
        (String::new(), 101),
        (format!("Origin: http://{addr}\r\n"), 101),
        ("Origin: https://desk.example\r\n".into(), 101),
        ("Origin: https://evil.example\r\n".into(), 403),
        ("Origin: null\r\n".into(), 403),
    ] {
        let head = format!(
            "GET /v1/ws HTTP/1.1\r\nHost: {addr}\r\n{origin}Connection: Upgrade\r\nUpgrade: websocket\r\n\
             Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n"
        );
        assert_eq!(support::status(addr, &head).await, status, "{origin}");
    }
    let plain = format!("GET /v1/ws HTTP/1.1\r\nHost: {addr}\r\nConnection: close\r\n\r\n");
    assert_eq!(http(addr, &plain).await.0, 426);
    running.shutdown().await.unwrap();
}

#[tokio::test]
async fn a_shutdown_is_announced() {
    let running = start(config()).await;
    let mut client = Client::hello(running.addr(), "operator", "desk").await;
    client.expect(|message| message["type"] == "snapshot").await;
    let stopping = tokio::spawn(running.shutdown());
    client.expect(|message| message["type"] == "closing").await;
    assert_eq!(client.closed().await, Some(1001));
    stopping.await.unwrap().unwrap();
}

#[tokio::test]
async fn where_a_vehicle_says_it_is_the_operator_sees_it() {
    let (running, mut vehicle) = town().await;
    let mut operator = Client::hello(running.addr(), "operator", "desk").await;
    vehicle
        .say(json!({"type": "position", "vehicle_id": "v1", "at": "2026-01-05T06:00:00Z",
                    "position": [54.151, -4.499]}))
        .await;
    let moved = operator
        .expect(|message| {
            message["type"] == "positions" && message["vehicles"][0][1] == json!(54.151)
        })
        .await;
    assert_eq!(moved["vehicles"][0], json!(["v1", 54.151, -4.499, 0, "reported"]));
    let mut other = Client::hello(running.addr(), "rider", "anna").await;
    other
        .say(
            json!({"id": "1", "type": "position", "vehicle_id": "v1", "at": "2026-01-05T06:00:00Z",
                    "position": at(1)}),
        )
        .await;
    let refused = other.expect(|message| message["type"] == "error").await;
    assert_eq!(refused["code"], "not_allowed");
    running.shutdown().await.unwrap();
}
