//! Whatever a client sends: a clear error each, and the service goes on.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test")]
#![allow(clippy::print_stdout, clippy::allow_attributes, reason = "a test")]

mod support;

use std::time::Duration;

use futures_util::SinkExt;
use serde_json::{Value, json};
use sharxi_api::ServiceConfig;
use sharxi_api::limits::Deadlines;
use support::{Client, config, get, request, shift, start};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio_tungstenite::tungstenite::Message;

/// A request with one field replaced by raw text.
fn with(field: &str, raw: &str) -> String {
    let mut message = request("1", "r1", 3, 8, true);
    message[field] = json!("@@");
    message.to_string().replace("\"@@\"", raw)
}

/// A shift with one field replaced by raw text.
fn shift_with(field: &str, raw: &str) -> String {
    let mut message = shift("1", "v1");
    message[field] = json!("@@");
    message.to_string().replace("\"@@\"", raw)
}

#[tokio::test]
async fn every_bad_message_gets_its_error() {
    let running = start(config()).await;
    let mut desk = Client::hello(running.addr(), "operator", "desk").await;
    let deep = "[".repeat(30_000);
    let long = format!("\"{}\"", "x".repeat(65));
    let numbers = format!("[{}]", vec!["1"; 20_000].join(","));
    let table: Vec<(String, &str, &str)> = vec![
        ("".into(), "bad_message", ""),
        ("nonsense".into(), "bad_message", ""),
        ("{\"type\":".into(), "bad_message", ""),
        ("[]".into(), "bad_message", "object"),
        ("[\"hello\",\"rider\",\"anna\",null]".into(), "bad_message", "object"),
        ("null".into(), "bad_message", ""),
        ("17".into(), "bad_message", ""),
        ("{}".into(), "bad_message", "type"),
        (deep, "bad_message", ""),
        ("{\"a\":".repeat(5_000), "bad_message", ""),
        ("{\"id\":\"1\",\"type\":\"fly\"}".into(), "bad_message", "fly"),
        ("{\"id\":\"1\",\"type\":\"hello\"}".into(), "bad_message", "hello"),
        ("{\"id\":7,\"type\":\"end_shift\",\"vehicle_id\":\"v1\"}".into(), "bad_message", ""),
        ("{\"type\":\"end_shift\",\"vehicle_id\":\"v1\"}".into(), "bad_message", "id"),
        ("{\"id\":\"\",\"type\":\"end_shift\",\"vehicle_id\":\"v1\"}".into(), "bad_value", "id"),
        ("{\"id\":\"\\ud800\",\"type\":\"end_shift\",\"vehicle_id\":\"v1\"}".into(), "bad_message", ""),
        ("{\"id\":\"a\\u0000\",\"type\":\"end_shift\",\"vehicle_id\":\"v1\"}".into(), "bad_value", "id"),
        ("{\"id\":\"1\",\"id\":\"2\",\"type\":\"end_shift\",\"vehicle_id\":\"v1\"}".into(), "bad_message", "id"),
        (format!("{{\"id\":{long},\"type\":\"end_shift\",\"vehicle_id\":\"v1\"}}"), "bad_value", "id"),
        ("{\"id\":\"1\",\"type\":\"end_shift\",\"vehicle_id\":\"v1\",\"now\":1}".into(), "bad_message", "now"),
        (with("from", "[NaN,1]"), "bad_message", ""),
        (with("from", "[1e999,1]"), "bad_message", "out of range"),
        (with("from", "[Infinity,1]"), "bad_message", ""),
        (with("from", "\"here\""), "bad_message", ""),
        (with("from", "[54.15]"), "bad_message", ""),
        (with("from", "[54.15,-4.4,0]"), "bad_message", ""),
        (with("from", &numbers), "bad_message", ""),
        (with("from", "[91,0]"), "bad_value", "from"),
        (with("to", "[54.15,-181]"), "bad_value", "to"),
        (with("from", "[1e300,1e300]"), "bad_value", "from"),
        (with("from", "[-4.45,54.15]"), "outside_area", "from"),
        (with("to", "[40.7,-74.0]"), "outside_area", "54.150000,-4.500000"),
        (with("passengers", "0"), "bad_value", "passengers"),
        (with("passengers", "17"), "bad_value", "passengers"),
        (with("passengers", "-1"), "bad_value", "passengers"),
        (with("passengers", "9000000000000"), "bad_value", "passengers"),
        (with("passengers", "99999999999999999999999"), "bad_message", ""),
        (with("passengers", "1.5"), "bad_message", ""),
        (with("passengers", "\"2\""), "bad_message", ""),
        (with("wheelchairs", "2"), "bad_value", "wheelchairs"),
        (with("wheelchairs", "-1"), "bad_value", "wheelchairs"),
        (with("kind", "\"soon\""), "bad_message", "soon"),
        (with("kind", "\"depart_at\""), "bad_value", "target_at"),
        (with("target_at", "\"2026-01-05T07:00:00Z\""), "bad_value", "target_at"),
        (with("request_id", "\"\""), "bad_value", "request_id"),
        (with("request_id", &long), "bad_value", "request_id"),
        (with("request_id", "\"a\\nb\""), "bad_value", "request_id"),
        (with("accept", "\"yes\""), "bad_message", ""),
        (shift_with("seats", "65"), "bad_value", "seats"),
        (shift_with("wheelchairs", "-1"), "bad_value", "wheelchairs"),
        (shift_with("at", "[0,0]"), "outside_area", "at"),
        (shift_with("shift_end", "\"tonight\""), "bad_value", "shift_end"),
        (shift_with("shift_end", "\"+999999-01-01T00:00:00Z\""), "bad_value", "shift_end"),
        (shift_with("shift_end", "1767650000"), "bad_message", ""),
        (shift_with("vehicle_type", "\"\""), "bad_value", "vehicle_type"),
        ("{\"id\":\"1\",\"type\":\"depart\",\"vehicle_id\":\"v9\",\"at\":\"2026-01-05T06:00:00Z\"}".into(), "unknown_vehicle", ""),
        ("{\"id\":\"2\",\"type\":\"accept_offer\",\"request_id\":\"r9\"}".into(), "unknown_ride", ""),
    ];
    for (text, code, said) in table {
        desk.say_text(&text).await;
        let answer = desk.expect(|message| message["type"] == "error").await;
        let shown: String = text.chars().take(200).collect();
        assert_eq!(answer["code"], code, "{shown}: {answer}");
        assert!(answer["message"].as_str().unwrap().contains(said), "{shown}: {answer}");
    }
    let answer = desk.command(shift("good", "v1")).await;
    assert_eq!(answer["type"], "ok", "{answer}");
    running.shutdown().await.unwrap();
}

#[tokio::test]
async fn hello_comes_first() {
    let running = start(config()).await;
    let mut client = Client::connect(running.addr()).await;
    for (message, code) in [
        (request("1", "r1", 3, 8, true), "hello_expected"),
        (json!({"type": "hello", "role": "king", "name": "x"}), "bad_message"),
        (json!({"type": "hello", "role": "rider", "name": ""}), "bad_value"),
        (json!({"type": "hello", "role": "rider", "name": "x", "colour": 1}), "bad_message"),
        (json!({"type": "hello", "role": "rider", "name": "x", "resume": -1}), "bad_message"),
    ] {
        client.say(message.clone()).await;
        let answer = client.next().await;
        assert_eq!(answer["code"], code, "{message}: {answer}");
    }
    client.say(json!({"type": "hello", "role": "rider", "name": "anna"})).await;
    assert_eq!(client.next().await["type"], "welcome");
    running.shutdown().await.unwrap();
}

#[tokio::test]
async fn binary_and_huge_messages_end_only_their_connection() {
    let running = start(config()).await;
    let addr = running.addr();
    let mut well_behaved = Client::hello(addr, "operator", "desk").await;

    let mut client = Client::hello(addr, "rider", "anna").await;
    client.socket.send(Message::binary(vec![1, 2, 3])).await.unwrap();
    let answer = client.expect(|message| message["type"] == "error").await;
    assert_eq!(answer["code"], "binary");
    assert_eq!(client.closed().await, Some(1003));

    // One byte below, at, and above the limit.
    for (length, code) in [(65_535, "bad_message"), (65_536, "bad_message"), (65_537, "too_large")]
    {
        let mut client = Client::hello(addr, "rider", "anna").await;
        client.say_text(&"x".repeat(length)).await;
        let answer = client.expect(|message| message["type"] == "error").await;
        assert_eq!(answer["code"], code, "{length}");
    }

    let mut client = Client::hello(addr, "rider", "anna").await;
    let huge = Message::text("x".repeat(100_000_000));
    // The service may hang up in the middle of it.
    drop(client.socket.send(huge).await);
    let answer = client.expect(|message| message["type"] == "error").await;
    assert_eq!(answer["code"], "too_large");
    assert_eq!(client.closed().await, Some(1009));

    let answer = well_behaved.command(shift("1", "v1")).await;
    assert_eq!(answer["type"], "ok", "{answer}");
    running.shutdown().await.unwrap();
}

/// Reads until the peer closes; fails the test if it does not.
async fn until_closed(stream: &mut TcpStream) {
    let mut rest = Vec::new();
    let read = tokio::time::timeout(Duration::from_secs(20), stream.read_to_end(&mut rest)).await;
    // Closed or reset: both are an end.
    drop(read.expect("the connection stayed open"));
}

#[tokio::test]
async fn who_says_nothing_is_hung_up_on() {
    let short = Duration::from_millis(200);
    let deadlines = Deadlines {
        first_byte: short,
        header: short,
        request: short,
        hello: short,
        ping_every: short / 4,
        silence: short,
        ..Deadlines::default()
    };
    let running = start(ServiceConfig { deadlines, connections_max: 4, ..config() }).await;
    let addr = running.addr();
    let mut silent = TcpStream::connect(addr).await.unwrap();
    until_closed(&mut silent).await;
    let mut half = TcpStream::connect(addr).await.unwrap();
    half.write_all(b"GET /health HTTP/1.1\r\nHost:").await.unwrap();
    until_closed(&mut half).await;
    let mut body = TcpStream::connect(addr).await.unwrap();
    body.write_all(b"POST /v1/commands HTTP/1.1\r\nHost: x\r\nContent-Length: 10\r\n\r\n{")
        .await
        .unwrap();
    until_closed(&mut body).await;
    let mut no_hello = Client::connect(addr).await;
    assert_eq!(no_hello.closed().await, Some(1008));
    // More connections than there is room for: all are served in turn.
    let asked: Vec<_> = (0..20).map(|_| tokio::spawn(get(addr, "/health"))).collect();
    for answer in asked {
        assert_eq!(answer.await.unwrap().0, 200);
    }
    // A client that answers pings stays, however long it says nothing itself.
    let mut quiet = Client::hello(addr, "operator", "desk").await;
    for _ in 0..3 {
        quiet.expect(|message| message["type"] == "kpi").await;
    }
    running.shutdown().await.unwrap();
}

#[tokio::test]
async fn who_asks_and_does_not_read_is_given_up() {
    let deadlines = Deadlines { write: Duration::from_millis(300), ..Deadlines::default() };
    let running = start(ServiceConfig { deadlines, connections_max: 1, ..config() }).await;
    let addr = running.addr();
    let mut greedy = TcpStream::connect(addr).await.unwrap();
    // Asks on and on in one connection and never reads, until the service can't write any more.
    let ask = b"GET /v1/region HTTP/1.1\r\nHost: x\r\n\r\n".repeat(1000);
    let given_up = async { while greedy.write_all(&ask).await.is_ok() {} };
    let given_up = tokio::time::timeout(Duration::from_secs(20), given_up).await;
    assert!(given_up.is_ok(), "the connection was kept");
    // The only place is free again, though the greedy one still has its end open.
    assert_eq!(get(addr, "/health").await.0, 200);
    drop(greedy);
    running.shutdown().await.unwrap();
}

#[tokio::test]
async fn a_large_header_is_refused() {
    let running = start(config()).await;
    let addr = running.addr();
    let head =
        format!("GET /health HTTP/1.1\r\nHost: x\r\nX-Large: {}\r\n\r\n", "x".repeat(1_000_000));
    let mut stream = TcpStream::connect(addr).await.unwrap();
    // It may hang up in the middle of it.
    drop(stream.write_all(head.as_bytes()).await);
    until_closed(&mut stream).await;
    assert_eq!(get(addr, "/health").await.0, 200);
    running.shutdown().await.unwrap();
}

#[tokio::test]
async fn a_reader_too_slow_is_dropped_and_the_others_are_not() {
    let running = start(config()).await;
    let addr = running.addr();
    let mut slow = Client::hello(addr, "operator", "slow").await;
    let mut busy = Client::hello(addr, "operator", "busy").await;
    // Every answer repeats an id of 64 bytes; nobody reads them at the slow end.
    let text = json!({"id": "x".repeat(64), "type": "end_shift", "vehicle_id": "v"}).to_string();
    let flood = async {
        for _ in 0..200_000_u32 {
            if slow.socket.feed(Message::text(text.clone())).await.is_err() {
                return true;
            }
        }
        // The service may have taken it all while it waited for the goodbye to be heard.
        slow.socket.flush().await.is_err() || matches!(slow.closed().await, Some(1008) | None)
    };
    let dropped = tokio::time::timeout(Duration::from_secs(60), flood).await;
    assert!(dropped.expect("the flood was neither taken nor refused"), "the slow reader was kept");
    let answer = busy.command(shift("1", "v1")).await;
    assert_eq!(answer["type"], "ok", "{answer}");
    let (_, vehicles) = get(addr, "/v1/vehicles").await;
    let vehicles: Value = serde_json::from_str(&vehicles).unwrap();
    assert_eq!(vehicles[0]["vehicle_id"], "v1");
    assert_eq!(busy.command(request("2", "r1", 1, 2, true)).await["result"], "promised");
    running.shutdown().await.unwrap();
}
