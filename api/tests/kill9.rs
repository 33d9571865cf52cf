//! The real process under load, killed at random moments: no ride that was acknowledged is lost, none is there twice.
//!
//! `SHARXI_KILLS` sets the number of kills (3 if not set), `SHARXI_SEED` the moments, `SHARXI_BIN` another program than the one
//! built with the test.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test")]
#![allow(clippy::print_stdout, clippy::allow_attributes, reason = "a test")]

mod support;

use std::collections::{BTreeMap, BTreeSet};
use std::io::{BufRead, BufReader};
use std::net::SocketAddr;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use futures_util::{SinkExt, StreamExt};
use serde_json::{Value, json};
use sharxi_engine::import::{Profile, import_pbf};
use support::{Client, get};
use tokio_tungstenite::tungstenite::Message;

const N_CLIENTS: u64 = 8;
const N_VEHICLES: usize = 150;
/// Commands of one client that wait for their answers.
const IN_FLIGHT: usize = 16;

/// A small generator of the moments and trips (Steele et al. 2014, SplitMix64).
struct Random(u64);

impl Random {
    fn below(&mut self, n: u64) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        (z ^ (z >> 31)) % n
    }
}

/// A server process; killed when dropped, so that a failed test leaves none behind.
struct Server {
    process: Child,
    addr: SocketAddr,
}

impl Server {
    /// Starts a process on what is in `folder` and waits until it listens.
    fn start(folder: &Path) -> Self {
        let built = env!("CARGO_BIN_EXE_sharxi").to_owned();
        let mut process = Command::new(std::env::var("SHARXI_BIN").unwrap_or(built))
            .args(["serve", "island.region", "--listen", "127.0.0.1:0", "--config", "config.toml"])
            .current_dir(folder)
            .stdout(Stdio::null())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let mut lines = BufReader::new(process.stderr.take().unwrap()).lines();
        let told = lines.find_map(|line| {
            let line = line.unwrap();
            let (_, rest) = line.split_once("http://")?;
            rest.split('/').next()?.parse().ok()
        });
        Self { process, addr: told.expect("the service did not start") }
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        drop(self.process.kill());
        drop(self.process.wait());
    }
}

/// Builds the bundled island into `folder`; its places.
fn island(folder: &Path) -> Vec<Value> {
    let map = Path::new(env!("CARGO_MANIFEST_DIR")).join("../data/regions/isle-of-man.osm.pbf");
    let bytes = std::fs::read(map).unwrap();
    let (region, _report) = import_pbf(&bytes, &Profile::default(), &|_, _| {}).unwrap();
    std::fs::write(folder.join("island.region"), region.encode()).unwrap();
    // The state is hashed after every command, and compared when it is recovered.
    // Searches before a refusal would only take time from what is tested.
    let config = "hash_every = 1\nsnapshot_every = 1000\n[policy]\nreoptimise = false\n";
    std::fs::write(folder.join("config.toml"), config).unwrap();
    let near = region.places().iter().filter(|place| region.snap(place.point, 400.0).is_some());
    near.map(|place| json!([place.point.lat(), place.point.lon()])).collect()
}

fn trip(random: &mut Random, places: &[Value], id: &str) -> Value {
    let mut place = || &places[usize::try_from(random.below(places.len() as u64)).unwrap()];
    let (from, to) = (place().clone(), place().clone());
    json!({"id": id, "type": "request_ride", "request_id": format!("ride-{id}"), "from": from,
           "to": to, "kind": "now", "accept": true})
}

/// Asks for rides, a few at a time, until the connection breaks; commands with their answers, if they got one.
async fn ride_on(
    addr: SocketAddr,
    name: String,
    mut random: Random,
    places: Vec<Value>,
    cycle: u64,
) -> Vec<(String, Value, Option<Value>)> {
    let mut history: Vec<(String, Value, Option<Value>)> = Vec::new();
    // The kill may come before the welcome.
    let Some(mut client) = Client::try_hello(addr, "rider", &name).await else { return history };
    let mut sent: BTreeMap<String, usize> = BTreeMap::new();
    let mut waiting = 0;
    for n in 0.. {
        let id = format!("{name}-{cycle}-{n}");
        let command = trip(&mut random, &places, &id);
        sent.insert(id, history.len());
        history.push((name.clone(), command.clone(), None));
        if client.socket.send(Message::text(command.to_string())).await.is_err() {
            break;
        }
        waiting += 1;
        while IN_FLIGHT <= waiting {
            let Some(Ok(frame)) = client.socket.next().await else { return history };
            let Message::Text(text) = frame else { continue };
            let message: Value = serde_json::from_str(&text).unwrap();
            if let Some(row) = message["id"].as_str().and_then(|id| sent.get(id)) {
                history[*row].2 = Some(message);
                waiting -= 1;
            }
        }
    }
    history
}

/// How much has been looked at.
#[derive(Clone, Copy)]
struct Tally {
    acknowledged: u64,
    promised: u32,
}

/// Everything acknowledged is there, and nothing is there twice. Each ride from number `asked_from` on is asked for by name, of
/// those before it every so many.
async fn check(
    addr: SocketAddr,
    history: &[(String, Value, Option<Value>)],
    asked_from: usize,
) -> Tally {
    let spread = asked_from / 200 + 1;
    let (_, kpi) = get(addr, "/v1/kpi").await;
    let kpi: Value = serde_json::from_str(&kpi).unwrap();
    let (mut acknowledged, mut promised) = (0_u64, 0_u32);
    for (n, (_, command, answer)) in history.iter().enumerate() {
        let Some(answer) = answer else { continue };
        assert_eq!(answer["type"], "ok", "{answer}");
        acknowledged += 1;
        promised += u32::from(answer["result"] == "promised");
        if n < asked_from && !n.is_multiple_of(spread) {
            continue;
        }
        let name = command["request_id"].as_str().unwrap();
        let (status, ride) = get(addr, &format!("/v1/rides/{name}")).await;
        assert_eq!(status, 200, "I1 ride {name} is lost");
        let ride: Value = serde_json::from_str(&ride).unwrap();
        if answer["result"] == "promised" {
            assert_eq!(ride["pickup_by"], answer["pickup_by"], "I2 {name}");
            assert_ne!(ride["state"], "rejected", "I1 {name}");
        }
    }
    let requests = kpi["requests"].as_u64().unwrap();
    let sent = history.len() as u64;
    assert!((acknowledged..=sent).contains(&requests), "I7 {requests} of {sent} requests");
    let (_, vehicles) = get(addr, "/v1/vehicles").await;
    let vehicles: Vec<Value> = serde_json::from_str(&vehicles).unwrap();
    assert_eq!(vehicles.len(), N_VEHICLES);
    let mut planned = BTreeSet::new();
    for visit in vehicles.iter().flat_map(|vehicle| vehicle["plan"]["visits"].as_array().unwrap()) {
        let visited = (visit["request_id"].to_string(), visit["action"].to_string());
        assert!(planned.insert(visited), "I3 {visit} is planned twice");
    }
    // No vehicle ever drives here, so whoever was promised a ride is still in somebody's plan, once.
    for (_, command, answer) in history {
        let promised = answer.as_ref().is_some_and(|answer| answer["result"] == "promised");
        for action in ["board", "alight"] {
            let visit = (command["request_id"].to_string(), json!(action).to_string());
            assert!(!promised || planned.contains(&visit), "I1 {visit:?} is in no plan");
        }
    }
    println!("{acknowledged} acknowledged of {sent} sent, {promised} promised, {requests} kept");
    Tally { acknowledged, promised }
}

/// A command sent again gets the answer it got before; one that got none gets one now.
async fn repeat(addr: SocketAddr, history: &mut [(String, Value, Option<Value>)]) {
    let mut clients: BTreeMap<String, Client> = BTreeMap::new();
    for (name, command, answer) in history {
        if !clients.contains_key(name) {
            clients.insert(name.clone(), Client::hello(addr, "rider", name).await);
        }
        let client = clients.get_mut(name).unwrap();
        let again = client.command(command.clone()).await;
        match answer {
            Some(answer) => assert_eq!(&again, answer, "I7 another answer"),
            None => *answer = Some(again),
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nothing_acknowledged_is_lost_by_kill_9() {
    let number = |name: &str| std::env::var(name).ok().and_then(|text| text.parse::<u64>().ok());
    let n_kills = number("SHARXI_KILLS").unwrap_or(3);
    let seed = number("SHARXI_SEED").unwrap_or(1);
    println!("seed {seed}, {n_kills} kills");
    let mut random = Random(seed);
    let folder = tempfile::tempdir().unwrap();
    let places = island(folder.path());
    let mut history = Vec::new();
    let mut n_before_kills = 0;
    let mut server = Server::start(folder.path());
    let mut desk = Client::hello(server.addr, "operator", "desk").await;
    for (n, place) in (0..N_VEHICLES).zip(places.iter().cycle()) {
        let shift = json!({"id": n.to_string(), "type": "start_shift", "vehicle_id": format!("v{n}"),
            "vehicle_type": "taxi", "seats": 6, "wheelchairs": 1, "at": place,
            "shift_end": "2100-01-01T00:00:00Z"});
        assert_eq!(desk.command(shift).await["type"], "ok");
    }
    for cycle in 0..n_kills {
        let riders = (0..N_CLIENTS).map(|n| {
            let own = Random(random.below(u64::MAX));
            let name = format!("rider-{n}");
            tokio::spawn(ride_on(server.addr, name, own, places.clone(), cycle))
        });
        let riders: Vec<_> = riders.collect();
        // The moment of the kill is what is tested.
        tokio::time::sleep(Duration::from_millis(200 + random.below(1_300))).await;
        server.process.kill().unwrap();
        let mut new = Vec::new();
        for rider in riders {
            new.extend(rider.await.unwrap());
        }
        drop(server);
        server = Server::start(folder.path());
        let first_new = history.len();
        history.extend(new);
        n_before_kills += history[first_new..].iter().filter(|row| row.2.is_some()).count();
        check(server.addr, &history, first_new).await;
        repeat(server.addr, &mut history[first_new..]).await;
        check(server.addr, &history, first_new).await;
    }
    // An order to stop is another thing: it is obeyed, and what was written is closed.
    let pid = server.process.id().to_string();
    assert!(Command::new("kill").args(["-TERM", &pid]).status().unwrap().success());
    assert_eq!(server.process.wait().unwrap().code(), Some(0));
    let server = Server::start(folder.path());
    let Tally { acknowledged, promised } = check(server.addr, &history, 0).await;
    println!(
        "{n_kills} kills, {n_before_kills} commands acknowledged before one of them ({acknowledged} with those sent again, \
         {promised} promised): 0 lost, 0 planned twice, 0 repeated; the state hash of every command was met at every start"
    );
}
