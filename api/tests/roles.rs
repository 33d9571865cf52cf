//! Who may do what: every command and every address, tried by everybody (I13).

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test")]
#![allow(clippy::print_stdout, clippy::allow_attributes, reason = "a test")]

mod support;

use std::collections::BTreeSet;
use std::net::SocketAddr;

use serde_json::{Value, json};
use sharxi_api::wire::message::Command;
use support::guarded::{House, bearer, call, socket};
use support::{Client, at, request, shift};

/// Who tries, in the order of the columns below; nobody has no token.
const WHO: [&str; 7] = ["nobody", "anna", "bert", "carl", "desk", "boss", "stat"];

/// May: `x`; may not: `.`; one column for each of `WHO`.
type May = &'static str;

/// Anna's ride, an offer to Anna, and carl's vehicle v1 are there; everybody else's are not theirs.
fn commands() -> Vec<(Value, May)> {
    let time = "2026-01-05T06:00:00Z";
    let ride = |kind: &str| json!({"type": kind, "request_id": "r-anna"});
    let vehicle = |kind: &str| json!({"type": kind, "vehicle_id": "v1", "at": time});
    let rider =
        |kind: &str| json!({"type": kind, "vehicle_id": "v1", "request_id": "r-anna", "at": time});
    let change = |mut command: Value, field: &str, value: Value| {
        command[field] = value;
        command
    };
    vec![
        (request("", "r-new", 3, 8, false), ".xx.xx."),
        (ride("accept_offer"), ".x..xx."),
        (ride("decline_offer"), ".x..xx."),
        (shift("", "v1"), "...x.x."),
        (shift("", "v9"), ".....x."),
        (vehicle("depart"), "...x.x."),
        (change(vehicle("depart"), "vehicle_id", json!("v2")), ".....x."),
        (vehicle("arrive"), "...x.x."),
        (rider("board"), "...x.x."),
        (rider("alight"), "...x.x."),
        (rider("no_show"), "...x.x."),
        (change(vehicle("break_down"), "position", at(3)), "...x.x."),
        (json!({"type": "subscribe", "positions": false}), "....xx."),
        (json!({"type": "end_shift", "vehicle_id": "v1"}), "...x.x."),
        (ride("cancel_ride"), ".x..xx."),
    ]
}

/// The addresses but `/v1/commands` and `/v1/ws`, which the commands try. Each that the OpenAPI document has must be here:
/// [`no_address_is_forgotten`].
fn addresses() -> Vec<(&'static str, &'static str, &'static str, May)> {
    let traffic = r#"{"id":"t","changes":[]}"#;
    vec![
        ("GET", "/health", "", "xxxxxxx"),
        ("GET", "/ready", "", "xxxxxxx"),
        ("GET", "/", "", "xxxxxxx"),
        ("GET", "/tiles/10/499/328.mvt", "", "xxxxxxx"),
        ("GET", "/v1/auth", "", "xxxxxxx"),
        ("GET", "/v1/region", "", "xxxxxxx"),
        ("GET", "/v1/quote?from=54.15,-4.45&to=54.15,-4.4", "", "xxxxxxx"),
        // This machine may always look.
        ("GET", "/metrics", "", "x...xxx"),
        // Who says nothing gets no further than that.
        ("POST", "/v1/login", "{}", "xxxxxxx"),
        ("POST", "/v1/token", "", ".xxxxxx"),
        ("POST", "/v1/ticket", "", ".xxxxxx"),
        ("GET", "/v1/rides/r-anna", "", ".x.xxx."),
        ("GET", "/v1/rides/r-bert", "", "..xxxx."),
        // How the fleet is used is told to those who run it, of one's own ride as well.
        ("GET", "/v1/rides/r-anna/why", "", "....xx."),
        ("GET", "/v1/vehicles/v1/why", "", "....xx."),
        ("POST", "/v1/recurring", "{}", ".xxxxx."),
        ("DELETE", "/v1/riders/nobody-known", "", ".....x."),
        ("GET", "/v1/vehicles", "", "....xx."),
        ("GET", "/v1/vehicles/v1", "", "...xxx."),
        ("GET", "/v1/vehicles/v2", "", "....xx."),
        ("GET", "/v1/kpi", "", "....xxx"),
        ("GET", "/v1/traffic", "", "...xxxx"),
        ("POST", "/v1/traffic", traffic, ".....x."),
        ("DELETE", "/v1/traffic?id=d", "", ".....x."),
        ("GET", "/v1/route?from=54.15,-4.45&to=54.15,-4.4", "", "...xxxx"),
        ("GET", "/v1/isochrone?at=54.15,-4.45&minutes=5", "", "...xxxx"),
        ("POST", "/v1/matrix", r#"{"points":[[54.15,-4.45]]}"#, "...xxxx"),
        ("POST", "/v1/match", r#"{"positions":[]}"#, "...xxxx"),
        ("GET", "/v1/openapi.json", "", "xxxxxxx"),
        ("GET", "/openapi.json", "", "xxxxxxx"),
        ("GET", "/v1/asyncapi.json", "", "xxxxxxx"),
        ("GET", "/asyncapi.json", "", "xxxxxxx"),
        ("GET", "/feeds/gofs/gofs.json", "", "xxxxxxx"),
        ("GET", "/feeds/gofs/wait_time?pickup_lat=54.15&pickup_lon=-4.45", "", "xxxxxxx"),
        ("GET", "/feeds/gofs/realtime_booking?pickup_lat=54.15&pickup_lon=-4.45", "", "xxxxxxx"),
        ("GET", "/feeds/gtfs-flex.zip", "", "xxxxxxx"),
        ("GET", "/feeds/gtfs-rt/vehicle-positions.pb", "", "xxxxxxx"),
        ("GET", "/feeds/gtfs-rt/alerts.pb", "", "xxxxxxx"),
        ("GET", "/open-data", "", "xxxxxxx"),
        ("GET", "/open-data/waits.csv", "", "xxxxxxx"),
        // What is no address.
        ("GET", "/v1/secrets", "", ".....x."),
        ("POST", "/v1/secrets", "", ".....x."),
        ("POST", "/", "", "......."),
        ("DELETE", "/health", "", "......."),
    ]
}

fn is_refusal(answer: &Value) -> bool {
    answer["code"] == "not_allowed" || answer["code"] == "unauthenticated"
}

/// A service on which v1 carries Anna and Bert.
async fn town(house: &House) -> sharxi_api::Running {
    let running = house.start().await;
    let addr = running.addr();
    let boss = house.token("boss", 900);
    for (id, vehicle) in [("s1", "v1"), ("s2", "v2")] {
        // The other one is at the far end of the street.
        let mut command = shift(id, vehicle);
        command["at"] = at(if vehicle == "v1" { 0 } else { 20 });
        let (status, body) =
            call(addr, "POST", "/v1/commands", Some(&boss), "", &command.to_string()).await;
        assert_eq!(status, 200, "{body}");
    }
    for name in ["anna", "bert"] {
        let command = request("ask", &format!("r-{name}"), 1, 3, true).to_string();
        let token = house.token(name, 900);
        let (_, body) = call(addr, "POST", "/v1/commands", Some(&token), "", &command).await;
        assert_eq!(
            (&body["result"], &body["vehicle_id"]),
            (&json!("promised"), &json!("v1")),
            "{body}"
        );
    }
    running
}

#[tokio::test]
async fn every_address_by_everybody() {
    let house = House::new();
    let running = town(&house).await;
    for (method, path, body, may) in addresses() {
        for (who, may) in WHO.iter().zip(may.chars()) {
            let token = (*who != "nobody").then(|| house.token(who, 900));
            let json = "Content-Type: application/json\r\n";
            let (status, answer) =
                call(running.addr(), method, path, token.as_deref(), json, body).await;
            let is_refused = matches!(status, 401 | 403)
                // What one may not see is not there; that there is nothing to explain is an answer.
                || status == 404 && path.starts_with("/v1/rides") && !path.ends_with("/why")
                || status == 404 && path.starts_with("/v1/vehicles/") && !path.ends_with("/why");
            assert_eq!(!is_refused, may == 'x', "{who}: {method} {path}: {status} {answer}");
            // Who shows nothing is asked to, who shows the wrong thing is not.
            assert_eq!(
                status == 401,
                may == '.' && *who == "nobody",
                "{who}: {method} {path}: {status}"
            );
        }
    }
    running.shutdown().await.unwrap();
}

#[tokio::test]
async fn every_command_by_everybody_over_http_and_socket() {
    let house = House::new();
    let running = town(&house).await;
    let addr = running.addr();
    for who in WHO {
        let column = WHO.iter().position(|other| *other == who).unwrap();
        let token = (who != "nobody").then(|| house.token(who, 900));
        let mut client = connect(addr, token.as_deref(), who).await;
        for (n, (mut command, may)) in commands().into_iter().enumerate() {
            let may = may.chars().nth(column) == Some('x');
            command["id"] = json!(format!("http-{n}"));
            let (status, answer) =
                call(addr, "POST", "/v1/commands", token.as_deref(), "", &command.to_string())
                    .await;
            // Over HTTP nobody can subscribe.
            let may_here = may && command["type"] != "subscribe";
            assert_eq!(!is_refusal(&answer), may_here, "{who}: {command}: {status} {answer}");
            let Some(client) = &mut client else { continue };
            command["id"] = json!(format!("ws-{n}"));
            let answer = client.command(command.clone()).await;
            assert_eq!(!is_refusal(&answer), may, "{who}: {command}: {answer}");
        }
    }
    running.shutdown().await.unwrap();
}

/// A socket that has said hello, for those who may have one.
async fn connect(addr: SocketAddr, token: Option<&str>, who: &str) -> Option<Client> {
    let Some(token) = token else {
        assert_eq!(socket(addr, &[]).await.err(), Some(401));
        return None;
    };
    if who == "stat" {
        assert_eq!(socket(addr, &[bearer(token)]).await.err(), Some(403));
        return None;
    }
    let mut client = Client::over(socket(addr, &[bearer(token)]).await.unwrap());
    client.say(json!({"type": "hello"})).await;
    client.expect(|message| message["type"] == "welcome").await;
    Some(client)
}

#[test]
fn no_command_is_forgotten() {
    let said = serde_json::from_str::<Command>(r#"{"type":"?"}"#).unwrap_err().to_string();
    let (_, expected) = said.split_once("expected one of").unwrap();
    let known: BTreeSet<String> =
        expected.split('`').skip(1).step_by(2).map(str::to_owned).collect();
    let mut tried: BTreeSet<String> = commands()
        .iter()
        .map(|(command, _)| command["type"].as_str().unwrap().to_owned())
        .collect();
    // Positions have no answer; they are tried below.
    tried.insert("position".to_owned());
    assert_eq!(known, tried);
}

/// Whether a row tries an address of the document, whose parameters are in braces.
fn tries(path: &str, described: &str) -> bool {
    let path = path.split('?').next().unwrap();
    let segment = |(said, meant): (&str, &str)| {
        meant.split_once('{').map_or(said == meant, |(before, _)| said.starts_with(before))
    };
    path.split('/').count() == described.split('/').count()
        && path.split('/').zip(described.split('/')).all(segment)
}

/// The document has every route of the source, and nothing that is not there: `schema.rs`.
#[test]
fn no_address_is_forgotten() {
    let document = sharxi_api::schema::openapi::document();
    let rows = addresses();
    let mut n_found = 0;
    for (path, methods) in document["paths"].as_object().unwrap() {
        for method in methods.as_object().unwrap().keys() {
            if path == "/v1/commands" || path == "/v1/ws" {
                continue;
            }
            // A row of a longer address that is described itself does not count for a parameter.
            let exact = |row: &str| row.split('?').next() == Some(path.as_str());
            let own = rows.iter().any(|(said, row, ..)| {
                let is_others =
                    !exact(row) && document["paths"].get(row.split('?').next().unwrap()).is_some();
                said.eq_ignore_ascii_case(method) && tries(row, path) && !is_others
            });
            assert!(own, "nobody tries {method} {path}");
            n_found += 1;
        }
    }
    assert!(30 < n_found, "only {n_found} operations");
}

#[tokio::test]
async fn only_a_vehicle_says_where_it_is_and_only_the_desk_sees_it() {
    let house = House::new();
    let running = town(&house).await;
    let addr = running.addr();
    let position = |lat: f64| {
        json!({"id": "p", "type": "position", "vehicle_id": "v1", "at": "2026-01-05T06:00:00Z",
               "position": [lat, -4.499]})
    };
    for (who, may) in [("anna", false), ("desk", false), ("boss", false), ("carl", true)] {
        let mut client = connect(addr, Some(&house.token(who, 900)), who).await.unwrap();
        client.say(position(54.152)).await;
        if !may {
            let refused = client.expect(|message| message["type"] == "error").await;
            assert_eq!(refused["code"], "not_allowed", "{who}");
        }
    }
    for who in ["desk", "boss"] {
        let mut client = connect(addr, Some(&house.token(who, 900)), who).await.unwrap();
        let snapshot = client.expect(|message| message["type"] == "snapshot").await;
        assert_eq!(snapshot["rides"].as_array().unwrap().len(), 2, "{who}");
        client
            .expect(|message| {
                message["type"] == "positions" && message["vehicles"][0][1] == json!(54.152)
            })
            .await;
    }
    for (who, rides) in [("anna", vec!["r-anna"]), ("carl", vec!["r-anna", "r-bert"])] {
        let mut client = connect(addr, Some(&house.token(who, 900)), who).await.unwrap();
        let snapshot = client.expect(|message| message["type"] == "snapshot").await;
        let seen: Vec<&str> = snapshot["rides"]
            .as_array()
            .unwrap()
            .iter()
            .map(|ride| ride["request_id"].as_str().unwrap())
            .collect();
        assert_eq!(seen, rides, "{who}");
        assert!(snapshot["kpi"].is_null(), "{who}");
    }
    running.shutdown().await.unwrap();
}
