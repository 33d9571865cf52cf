//! Coming in: passwords, tokens, tickets, origins, proxies, and what of them is refused.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test")]
#![allow(clippy::print_stdout, clippy::allow_attributes, reason = "a test")]

mod support;

use std::time::Duration;

use serde_json::json;
use sharxi_api::auth::keys::add_key;
use sharxi_api::auth::users::Users;
use sharxi_api::limits::{Rate, Rates};
use sharxi_api::{Service, ServiceConfig};
use support::guarded::{House, PASSWORD, bearer, call, login, socket, ticket, with_ticket};
use support::{Client, Street, config, http, request, start};

#[tokio::test]
async fn a_password_becomes_a_token_and_that_a_socket() {
    let house = House::new();
    let running = house.start().await;
    let addr = running.addr();
    for (name, password) in [("anna", "wrong horse battery"), ("nemo", PASSWORD), ("anna", "")] {
        let (status, body) = login(addr, name, password).await;
        assert_eq!((status, &body["code"]), (401, &json!("unauthenticated")), "{name}");
    }
    let (status, body) = login(addr, "carl", PASSWORD).await;
    assert_eq!(
        (status, &body["role"], &body["name"]),
        (200, &json!("vehicle"), &json!("v1")),
        "{body}"
    );
    let token = body["token"].as_str().unwrap();
    let (status, renewed) = call(addr, "POST", "/v1/token", Some(token), "", "").await;
    assert_eq!((status, &renewed["role"]), (200, &json!("vehicle")), "{renewed}");
    let shown = ticket(addr, renewed["token"].as_str().unwrap()).await;
    let mut client = Client::over(socket(addr, &[with_ticket(&shown)]).await.unwrap());
    // One may say who one is, but nobody else.
    for wrong in [
        json!({"type": "hello", "role": "operator", "name": "v1"}),
        json!({"type": "hello", "role": "vehicle", "name": "v2"}),
    ] {
        client.say(wrong).await;
        assert_eq!(client.next().await["code"], "not_allowed");
    }
    client.say(json!({"type": "hello", "role": "driver", "name": "v1"})).await;
    assert_eq!(client.next().await["type"], "welcome");
    running.shutdown().await.unwrap();
}

#[tokio::test]
async fn what_is_old_used_or_foreign_is_refused() {
    let house = House::new();
    let origins = vec!["https://desk.example".to_owned()];
    let running = start(ServiceConfig { origins, ..house.config() }).await;
    let addr = running.addr();
    let good = house.token("anna", 900);
    let old = house.token("anna", -1);
    for (token, status) in [(good.as_str(), 200), (old.as_str(), 401), ("nonsense", 401), ("", 401)]
    {
        assert_eq!(
            call(addr, "POST", "/v1/ticket", Some(token), "", "").await.0,
            status,
            "{token}"
        );
        // Bad credentials are refused even where none are needed.
        assert_eq!(call(addr, "GET", "/v1/region", Some(token), "", "").await.0, status, "{token}");
        let found = socket(addr, &[bearer(token)]).await.err();
        assert_eq!(found, (status != 200).then_some(401), "{token}");
    }
    let shown = ticket(addr, &good).await;
    assert!(socket(addr, &[with_ticket(&shown)]).await.is_ok());
    assert_eq!(
        socket(addr, &[with_ticket(&shown)]).await.err(),
        Some(401),
        "a ticket was taken twice"
    );
    assert_eq!(socket(addr, &[with_ticket("0123456789abcdef")]).await.err(), Some(401));
    for (origin, status) in [
        ("https://desk.example", None),
        ("https://evil.example", Some(403)),
        ("null", Some(403)),
        ("https://desk.example.evil.example", Some(403)),
    ] {
        let headers = [bearer(&good), ("origin", origin.to_owned())];
        assert_eq!(socket(addr, &headers).await.err(), status, "{origin}");
        let header = format!("Origin: {origin}\r\n");
        let (found, _) = call(addr, "POST", "/v1/ticket", Some(&good), &header, "").await;
        assert_eq!(found, status.unwrap_or(200), "{origin}");
    }
    let other = ("sec-websocket-protocol", "sharxi.v9".to_owned());
    assert_eq!(socket(addr, &[bearer(&good), other]).await.err(), Some(400));
    running.shutdown().await.unwrap();
}

#[tokio::test]
async fn other_peoples_rides_are_theirs() {
    let house = House::new();
    let running = house.start().await;
    let addr = running.addr();
    let (anna, bert, desk) =
        (house.token("anna", 900), house.token("bert", 900), house.token("desk", 900));
    let ask = request("1", "r1", 3, 8, false).to_string();
    assert_eq!(call(addr, "POST", "/v1/commands", Some(&anna), "", &ask).await.0, 200);
    assert_eq!(call(addr, "GET", "/v1/rides/r1", Some(&anna), "", "").await.0, 200);
    assert_eq!(call(addr, "GET", "/v1/rides/r1", Some(&desk), "", "").await.0, 200);
    assert_eq!(call(addr, "GET", "/v1/rides/r1", Some(&bert), "", "").await.0, 404);
    let cancel = json!({"id": "2", "type": "cancel_ride", "request_id": "r1"}).to_string();
    let (status, body) = call(addr, "POST", "/v1/commands", Some(&bert), "", &cancel).await;
    assert_eq!((status, &body["code"]), (403, &json!("not_allowed")));
    // Not even by saying that one is somebody else.
    let mut posing = request("3", "r3", 3, 8, false);
    posing["as"] = json!({"role": "rider", "name": "anna"});
    let (status, _) =
        call(addr, "POST", "/v1/commands", Some(&bert), "", &posing.to_string()).await;
    assert_eq!(status, 403);
    running.shutdown().await.unwrap();
}

#[tokio::test]
async fn rides_of_the_past_are_theirs_as_well() {
    let house = House::new();
    // An hour passes in a second: the dispatcher forgets the ride, the journal does not.
    let running = start(ServiceConfig { speed: 3600.0, ..house.config() }).await;
    let addr = running.addr();
    let anna = house.token("anna", 900);
    let ask = request("1", "r1", 3, 8, false).to_string();
    let (status, body) = call(addr, "POST", "/v1/commands", Some(&anna), "", &ask).await;
    assert_eq!((status, &body["result"]), (200, &json!("rejected")), "{body}");
    tokio::time::sleep(Duration::from_secs(3)).await;
    for (who, status) in [("anna", 200), ("bert", 404), ("carl", 404), ("desk", 200), ("boss", 200)]
    {
        let token = house.token(who, 900);
        assert_eq!(
            call(addr, "GET", "/v1/rides/r1", Some(&token), "", "").await.0,
            status,
            "{who}"
        );
    }
    running.shutdown().await.unwrap();
}

#[tokio::test]
async fn who_is_removed_or_late_is_out() {
    let house = House::new();
    let running = house.start().await;
    let addr = running.addr();
    let (anna, bert) = (house.token("anna", 900), house.token("bert", 3));
    let mut client = Client::over(socket(addr, &[bearer(&bert)]).await.unwrap());
    client.say(json!({"type": "hello"})).await;
    let mut users = Users::load(&house.users()).unwrap();
    assert!(users.remove("anna"));
    users.save(&house.users()).unwrap();
    // A new key signs from now on; what the old one signed is still good.
    add_key(&house.keys()).unwrap();
    let carl = house.token("carl", 900);
    assert_eq!(client.closed().await, Some(1008), "a socket outlived its token");
    // Files are looked at every two seconds, and tokens count whole seconds.
    tokio::time::sleep(Duration::from_millis(1_600)).await;
    assert_eq!(call(addr, "POST", "/v1/ticket", Some(&anna), "", "").await.0, 401);
    assert_eq!(call(addr, "POST", "/v1/token", Some(&bert), "", "").await.0, 401);
    assert_eq!(call(addr, "POST", "/v1/ticket", Some(&carl), "", "").await.0, 200);
    running.shutdown().await.unwrap();
}

#[tokio::test]
async fn nobody_tries_or_asks_too_often() {
    let house = House::new();
    let slow = Rate { one_per: Duration::from_secs(600), burst: 3 };
    let rates = Rates { login: slow, rider: slow, stranger: slow, ..Rates::default() };
    let running = start(ServiceConfig { rates, ..house.config() }).await;
    let addr = running.addr();
    let good = house.token("anna", 900);
    for n in 0..5 {
        let command = request(&n.to_string(), &format!("r{n}"), 3, 8, false).to_string();
        let (status, body) = call(addr, "POST", "/v1/commands", Some(&good), "", &command).await;
        assert_eq!(status, if n < 3 { 200 } else { 429 }, "{body}");
    }
    let mut client = Client::over(socket(addr, &[bearer(&good)]).await.unwrap());
    client.say(json!({"type": "hello"})).await;
    let answer =
        client.command(json!({"id": "x", "type": "cancel_ride", "request_id": "r1"})).await;
    assert_eq!(answer["code"], "overloaded", "a socket has another pace than HTTP");
    for n in 0..5 {
        let (status, _) = login(addr, "bert", "wrong horse battery").await;
        assert_eq!(status, if n < 3 { 401 } else { 429 });
    }
    // Whoever can prove it is not kept out by those who can't.
    assert_eq!(call(addr, "POST", "/v1/ticket", Some(&good), "", "").await.0, 200);
    running.shutdown().await.unwrap();
}

#[tokio::test]
async fn an_open_service_is_for_this_machine_alone() {
    let street = || std::sync::Arc::new(Street::new());
    let open = ServiceConfig { listen: ([0, 0, 0, 0], 0).into(), ..config() };
    let error = Service::start(open, street()).await.err().unwrap().to_string();
    assert!(error.contains("auth.keys"), "{error}");
    let proxied = ServiceConfig { proxies: vec![[127, 0, 0, 1].into()], ..config() };
    let error = Service::start(proxied, street()).await.err().unwrap().to_string();
    assert!(error.contains("trusted_proxies"), "{error}");
    let house = House::new();
    let locked = ServiceConfig { listen: ([0, 0, 0, 0], 0).into(), ..house.config() };
    start(locked).await.shutdown().await.unwrap();
    std::fs::remove_file(house.keys()).unwrap();
    let error = Service::start(house.config(), street()).await.err().unwrap().to_string();
    assert!(error.contains("keys.toml"), "{error}");
}

#[tokio::test]
async fn figures_and_request_ids_are_there_for_whoever_watches() {
    let house = House::new();
    let running =
        start(ServiceConfig { proxies: vec![[127, 0, 0, 1].into()], ..house.config() }).await;
    let addr = running.addr();
    let get = |more: &str| {
        format!("GET /metrics HTTP/1.1\r\nHost: {addr}\r\nConnection: close\r\n{more}\r\n")
    };
    let (status, text) = http(addr, &get("")).await;
    assert_eq!(status, 200);
    for name in [
        "sharxi_sockets 0",
        "sharxi_connections 1",
        "sharxi_ready 1",
        "sharxi_rides{outcome=\"promised\"} 0",
        "# EOF",
    ] {
        assert!(text.contains(name), "{name}: {text}");
    }
    // A proxy says that it is somebody from elsewhere.
    assert_eq!(http(addr, &get("X-Forwarded-For: 192.0.2.1\r\n")).await.0, 401);
    assert_eq!(http(addr, &get("X-Forwarded-For: 127.0.0.1, 192.0.2.1\r\n")).await.0, 401);
    let (_, text) = http(addr, &get("")).await;
    assert!(text.contains("sharxi_refusals_total{code=\"unauthenticated\"} 2"), "{text}");
    assert!(text.contains("sharxi_responses_total{status=\"4xx\"} 2"), "{text}");
    let (head, _) = support::answer(addr, &get("X-Request-Id: watch-7\r\n")).await;
    assert!(head.contains("x-request-id: watch-7"), "{head}");
    running.shutdown().await.unwrap();
    let open = start(config()).await;
    let (head, _) = support::answer(open.addr(), &get("X-Request-Id: watch-7\r\n")).await;
    assert!(head.contains("x-request-id: ") && !head.contains("watch-7"), "{head}");
    open.shutdown().await.unwrap();
}
