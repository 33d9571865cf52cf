//! A street of a town, a service on it, and clients over real sockets.
#![allow(dead_code, unreachable_pub, missing_docs, reason = "shared by several test binaries")]

pub mod driving;
pub mod guarded;
pub mod schemas;

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use futures_util::{SinkExt, StreamExt};
use serde_json::{Value, json};
use sharxi_api::map::{Map, Place, RoadLine, Snap};
use sharxi_api::{Running, Service, ServiceConfig};
use sharxi_engine::geo::LatLon;
use sharxi_engine::ids::NodeId;
use sharxi_engine::oracle::{Location, Oracle, Path, Waypoint};
use sharxi_engine::units::{Millimeters, Millis};
use tokio::net::TcpStream;
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::{WebSocketStream, client_async};

/// Nodes of the street.
pub const N_NODES: u32 = 21;
/// Latitude of the street.
pub const LAT: f64 = 54.15;
/// Longitude of its first node.
pub const LON: f64 = -4.5;
/// Degrees from node to node, about 650 m.
pub const STEP: f64 = 0.01;
/// Time from node to node.
pub const STEP_MS: u32 = 60_000;

/// One straight street, a minute from node to node.
pub struct Street {
    pub fingerprint: u64,
    pub geometry: Vec<LatLon>,
}

impl Street {
    pub fn new() -> Self {
        let node = |idx: u32| LatLon::from_degrees(LAT, LON + STEP * f64::from(idx)).unwrap();
        Self { fingerprint: 7, geometry: (0..N_NODES).map(node).collect() }
    }
}

/// The point of a node.
pub fn at(node: u32) -> Value {
    json!([LAT, LON + STEP * f64::from(node)])
}

fn row(location: Location) -> u32 {
    match location {
        Location::Node(node) => node.get(),
        Location::Along { .. } => panic!("the street has nodes only"),
    }
}

impl Oracle for Street {
    fn time(&self, from: Location, to: Location) -> Millis {
        Millis::new(row(from).abs_diff(row(to)) * STEP_MS)
    }

    fn path(&self, from: Location, to: Location) -> Option<Path> {
        let (first, last) = (row(from), row(to));
        let steps = first.abs_diff(last);
        let node = |step: u32| if first < last { first + step } else { first - step };
        let waypoint = |step: u32| Waypoint {
            node: NodeId::new(node(step)),
            elapsed: Millis::new(step * STEP_MS),
            driven: Millimeters::new(u64::from(step) * 650_000),
        };
        Some(Path {
            from,
            to,
            waypoints: (0..=steps).map(waypoint).collect(),
            duration: Millis::new(steps * STEP_MS),
            distance: Millimeters::new(u64::from(steps) * 650_000),
            first_arc: self.arc_at(from),
            last_arc: self.arc_at(to),
        })
    }

    fn arc_at(&self, at: Location) -> [NodeId; 2] {
        [NodeId::new(row(at)); 2]
    }
}

impl Map for Street {
    fn name(&self) -> &'static str {
        "Street"
    }

    fn attribution(&self) -> &'static str {
        "nobody"
    }

    fn fingerprint(&self) -> u64 {
        self.fingerprint
    }

    fn bounds(&self) -> (LatLon, LatLon) {
        (self.geometry[0], self.geometry[self.geometry.len() - 1])
    }

    fn places(&self) -> Vec<Place> {
        vec![Place {
            kind: "village".into(),
            name: "Streetend".into(),
            point: self.geometry[0],
            population: Some(300),
        }]
    }

    fn for_each_road(&self, visit: &mut dyn FnMut(RoadLine<'_>)) {
        visit(RoadLine { class: "primary", name: Some("Street"), geometry: &self.geometry });
    }

    fn way_ids(&self) -> Vec<i64> {
        Vec::new()
    }

    fn snap(&self, point: LatLon, max_m: f64) -> Option<Snap> {
        let distances = (0..N_NODES).zip(&self.geometry);
        distances
            .map(|(idx, &node)| Snap {
                location: Location::Node(NodeId::new(idx)),
                point: node,
                distance_m: node.distance_m(point),
            })
            .min_by(|a, b| a.distance_m.total_cmp(&b.distance_m))
            .filter(|snap| snap.distance_m <= max_m)
    }

    fn stops_near(&self, point: LatLon, radius_m: f64, count: usize) -> Vec<(Location, f64)> {
        let nodes = (0..N_NODES).zip(&self.geometry);
        let away =
            nodes.map(|(idx, node)| (Location::Node(NodeId::new(idx)), node.distance_m(point)));
        away.filter(|&(_, m)| 60.0 < m && m <= radius_m).take(count).collect()
    }

    fn point(&self, location: Location) -> LatLon {
        self.geometry[row(location) as usize]
    }

    fn path_geometry(&self, path: &Path) -> Vec<(LatLon, Millis)> {
        let point = |waypoint: &Waypoint| self.geometry[waypoint.node.idx()];
        path.waypoints.iter().map(|waypoint| (point(waypoint), waypoint.elapsed)).collect()
    }
}

/// A configuration for tests: any port, a fixed start, a state hash after every command.
pub fn config() -> ServiceConfig {
    ServiceConfig {
        listen: SocketAddr::from(([127, 0, 0, 1], 0)),
        start: sharxi_api::wire::time::parse("2026-01-05T06:00:00Z"),
        hash_every: 1,
        ..ServiceConfig::default()
    }
}

pub async fn start(config: ServiceConfig) -> Running {
    Service::start(config, Arc::new(Street::new())).await.unwrap()
}

/// A client that fails the test if nothing comes for a while.
pub struct Client {
    pub socket: WebSocketStream<TcpStream>,
    seen: Vec<Value>,
}

impl Client {
    /// Connects without saying anything.
    pub async fn connect(addr: SocketAddr) -> Self {
        let stream = TcpStream::connect(addr).await.unwrap();
        let (socket, _response) = client_async(format!("ws://{addr}/v1/ws"), stream).await.unwrap();
        Self::over(socket)
    }

    /// A client over a socket that is open already.
    pub const fn over(socket: WebSocketStream<TcpStream>) -> Self {
        Self { socket, seen: Vec::new() }
    }

    /// Connects and says hello; the welcome is read already.
    pub async fn hello(addr: SocketAddr, role: &str, name: &str) -> Self {
        Self::resume(addr, role, name, None).await
    }

    /// The same, but `None` if the service goes away meanwhile.
    pub async fn try_hello(addr: SocketAddr, role: &str, name: &str) -> Option<Self> {
        let stream = TcpStream::connect(addr).await.ok()?;
        let (mut socket, _) = client_async(format!("ws://{addr}/v1/ws"), stream).await.ok()?;
        let hello = json!({"type": "hello", "role": role, "name": name}).to_string();
        socket.send(Message::text(hello)).await.ok()?;
        while let Some(Ok(frame)) = socket.next().await {
            if frame.to_text().is_ok_and(|text| text.contains("\"welcome\"")) {
                return Some(Self::over(socket));
            }
        }
        None
    }

    pub async fn resume(addr: SocketAddr, role: &str, name: &str, seq: Option<u64>) -> Self {
        let mut client = Self::connect(addr).await;
        client.say(json!({"type": "hello", "role": role, "name": name, "resume": seq})).await;
        client.expect(|message| message["type"] == "welcome").await;
        client
    }

    pub async fn say(&mut self, message: Value) {
        self.say_text(&message.to_string()).await;
    }

    pub async fn say_text(&mut self, text: &str) {
        self.socket.send(Message::text(text)).await.unwrap();
    }

    /// The next frame, whatever it is; `None` once the connection has ended.
    pub async fn frame(&mut self) -> Option<Message> {
        let frame = tokio::time::timeout(Duration::from_secs(20), self.socket.next()).await;
        frame.expect("nothing came for 20 s").and_then(Result::ok)
    }

    /// The next message.
    pub async fn next(&mut self) -> Value {
        loop {
            match self.frame().await {
                Some(Message::Text(text)) => {
                    let message: Value = serde_json::from_str(&text).unwrap();
                    schemas::check(&message);
                    self.seen.push(message.clone());
                    return message;
                }
                Some(Message::Ping(_) | Message::Pong(_)) => {}
                other => panic!("{other:?} after {:#?}", self.seen),
            }
        }
    }

    /// The next message of that kind; others are passed over.
    pub async fn expect(&mut self, is_it: impl Fn(&Value) -> bool) -> Value {
        loop {
            let message = self.next().await;
            if is_it(&message) {
                return message;
            }
        }
    }

    pub async fn event(&mut self, kind: &str) -> Value {
        self.expect(|message| message["type"] == "event" && message["kind"] == kind).await
    }

    /// Sends a command and waits for its answer.
    pub async fn command(&mut self, message: Value) -> Value {
        let id = message["id"].clone();
        self.say(message).await;
        self.expect(|answer| {
            (answer["type"] == "ok" || answer["type"] == "error") && answer["id"] == id
        })
        .await
    }

    /// The close frame's code.
    pub async fn closed(&mut self) -> Option<u16> {
        loop {
            match self.frame().await {
                Some(Message::Close(frame)) => return frame.map(|frame| frame.code.into()),
                Some(_) => {}
                None => return None,
            }
        }
    }
}

/// A plain HTTP request; head and body of the answer.
pub async fn answer(addr: SocketAddr, request: &str) -> (String, String) {
    use tokio::io::{AsyncReadExt, AsyncWriteExt};
    let mut stream = TcpStream::connect(addr).await.unwrap();
    stream.write_all(request.as_bytes()).await.unwrap();
    let mut answer = Vec::new();
    tokio::time::timeout(Duration::from_secs(20), stream.read_to_end(&mut answer))
        .await
        .unwrap()
        .unwrap();
    let answer = String::from_utf8_lossy(&answer).into_owned();
    let (head, body) = answer.split_once("\r\n\r\n").unwrap_or((&answer, ""));
    (head.to_owned(), body.to_owned())
}

/// The same; status and body.
pub async fn http(addr: SocketAddr, request: &str) -> (u16, String) {
    let (head, body) = answer(addr, request).await;
    let status = head.split(' ').nth(1).and_then(|status| status.parse().ok()).unwrap_or(0);
    (status, body)
}

pub async fn get(addr: SocketAddr, path: &str) -> (u16, String) {
    let request = format!("GET {path} HTTP/1.1\r\nHost: {addr}\r\nConnection: close\r\n\r\n");
    http(addr, &request).await
}

/// A GET whose answer is no text.
pub async fn get_bytes(addr: SocketAddr, path: &str) -> (u16, Vec<u8>) {
    use tokio::io::{AsyncReadExt, AsyncWriteExt};
    let mut stream = TcpStream::connect(addr).await.unwrap();
    let request = format!("GET {path} HTTP/1.1\r\nHost: {addr}\r\nConnection: close\r\n\r\n");
    stream.write_all(request.as_bytes()).await.unwrap();
    let mut answer = Vec::new();
    tokio::time::timeout(Duration::from_secs(20), stream.read_to_end(&mut answer))
        .await
        .unwrap()
        .unwrap();
    let end = answer.windows(4).position(|four| four == b"\r\n\r\n").unwrap();
    let status = std::str::from_utf8(&answer[9..12]).unwrap().parse().unwrap();
    (status, answer.split_off(end + 4))
}

pub async fn post(addr: SocketAddr, path: &str, body: &str) -> (u16, String) {
    let length = body.len();
    let request = format!(
        "POST {path} HTTP/1.1\r\nHost: {addr}\r\nConnection: close\r\nContent-Length: {length}\r\n\r\n{body}"
    );
    http(addr, &request).await
}

/// A vehicle's shift, from node 0, until the evening.
pub fn shift(id: &str, vehicle: &str) -> Value {
    json!({"id": id, "type": "start_shift", "vehicle_id": vehicle, "vehicle_type": "taxi", "seats": 4,
           "wheelchairs": 1, "at": at(0), "shift_end": "2026-01-05T20:00:00Z"})
}

/// A request to go from node to node now.
pub fn request(id: &str, ride: &str, from: u32, to: u32, accept: bool) -> Value {
    json!({"id": id, "type": "request_ride", "request_id": ride, "from": at(from), "to": at(to),
           "kind": "now", "accept": accept})
}

/// The status of the answer to a raw request, whatever comes after it.
pub async fn status(addr: SocketAddr, head: &str) -> u16 {
    use tokio::io::{AsyncReadExt, AsyncWriteExt};
    let mut stream = TcpStream::connect(addr).await.unwrap();
    stream.write_all(head.as_bytes()).await.unwrap();
    let mut line = [0; 12];
    let read = stream.read_exact(&mut line);
    tokio::time::timeout(Duration::from_secs(20), read).await.unwrap().unwrap();
    std::str::from_utf8(&line[9..]).unwrap().parse().unwrap()
}
