//! Disks that are full, damaged files that are large, copies while the service runs.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test")]
#![allow(clippy::print_stdout, clippy::allow_attributes, reason = "a test")]

mod support;

use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::Arc;
use std::time::Duration;

use rusqlite::Connection;
use serde_json::{Value, json};
use sharxi_api::intent::Caller;
use sharxi_api::journal::record::Header;
use sharxi_api::journal::sqlite::SqliteJournal;
use sharxi_api::journal::{JournalError, copies, person};
use sharxi_api::limits::{CHECK_BYTES_MAX, RESERVE_BYTES, ROOM_BYTES_MIN};
use sharxi_api::map::Map;
use sharxi_api::wire::message::Role;
use sharxi_api::wire::time;
use sharxi_api::{ServiceConfig, ServiceError};
use sharxi_engine::planning::policy::Policy;
use sharxi_engine::units::Millis;
use support::{Client, Street, config, get, request, shift, start};

fn on(journal: &Path) -> ServiceConfig {
    ServiceConfig { journal: Some(journal.to_owned()), ..config() }
}

/// A small disk of its own; gone when dropped.
struct Disk(tempfile::TempDir);

impl Disk {
    /// `None` if this user may not mount one.
    fn new(n_bytes: u64) -> Option<Self> {
        let folder = tempfile::tempdir().unwrap();
        let size = format!("size={n_bytes}");
        let mount = Command::new("mount")
            .args(["-t", "tmpfs", "-o", &size, "tmpfs"])
            .arg(folder.path())
            .output();
        mount.is_ok_and(|mount| mount.status.success()).then_some(Self(folder))
    }

    fn journal(&self) -> PathBuf {
        self.0.path().join("journal.sqlite")
    }

    fn reserve(&self) -> u64 {
        std::fs::metadata(self.0.path().join("journal.sqlite.reserve")).map_or(0, |of| of.len())
    }

    /// Something else takes space: so much, or all that is left.
    fn fill(&self, name: &str, n_bytes: u64) {
        let mut file = std::fs::File::create(self.0.path().join(name)).unwrap();
        let block = vec![7; 4096];
        for _ in 0..n_bytes / 4096 {
            if file.write_all(&block).is_err() {
                break;
            }
        }
    }

    fn empty(&self, name: &str) {
        std::fs::remove_file(self.0.path().join(name)).unwrap();
    }
}

impl Drop for Disk {
    fn drop(&mut self) {
        drop(Command::new("umount").arg("-l").arg(self.0.path()).status());
    }
}

/// Asks for new rides until the answer is that one; the id that it had.
async fn until(client: &mut Client, what: &str, is_it: impl Fn(&Value) -> bool) -> Value {
    for n in 0..40 {
        let answer = client
            .command(request(&format!("{what}-{n}"), &format!("{what}-{n}"), 2, 6, false))
            .await;
        if is_it(&answer) {
            return answer;
        }
        tokio::time::sleep(Duration::from_millis(250)).await;
    }
    panic!("{what} never came");
}

#[tokio::test]
async fn on_a_full_disk_accepted_rides_go_on_and_new_ones_wait_for_room() {
    let Some(disk) = Disk::new(RESERVE_BYTES + ROOM_BYTES_MIN + (16 << 20)) else {
        println!("no small disk can be mounted here: not looked at");
        return;
    };
    let journal = disk.journal();
    let running = start(on(&journal)).await;
    let addr = running.addr();
    let mut vehicle = Client::hello(addr, "vehicle", "v1").await;
    let mut desk = Client::hello(addr, "operator", "desk").await;
    let mut anna = Client::hello(addr, "rider", "anna").await;
    assert_eq!(vehicle.command(shift("1", "v1")).await["type"], "ok");
    let asked = request("1", "r1", 0, 8, true);
    let promised = anna.command(asked.clone()).await;
    assert_eq!(promised["result"], "promised", "{promised}");
    assert_eq!(disk.reserve(), RESERVE_BYTES);

    disk.fill("some", 24 << 20);
    let refused = until(&mut anna, "low", |answer| answer["code"] == "storage_full").await;
    assert_eq!(refused["retry_after_s"], 30, "{refused}");
    // Nothing is left but the reserve; every command that is carried out takes a little.
    disk.fill("rest", 1 << 30);
    for n in 0..3_000 {
        let nothing = json!({"id": format!("n{n}"), "type": "cancel_ride", "request_id": "none"});
        assert_eq!(desk.command(nothing).await["code"], "unknown_ride");
    }
    let now: Value = serde_json::from_str(&get(addr, "/ready").await.1).unwrap();
    let board = json!({"id": "2", "type": "board", "vehicle_id": "v1", "request_id": "r1",
                       "at": now["now"]});
    let boards = vehicle.command(board.clone()).await;
    assert_eq!(boards["type"], "ok", "an accepted ride does not go on: {boards}");
    assert_eq!(disk.reserve(), 0, "the disk was not full");
    let refused = anna.command(request("2", "r2", 3, 9, true)).await;
    assert_eq!(refused["code"], "storage_full", "{refused}");
    assert_eq!(anna.command(asked.clone()).await, promised, "I7");
    // Where nothing is left a restart works as well.
    drop((vehicle, desk, anna));
    running.shutdown().await.unwrap();
    let running = start(on(&journal)).await;
    let addr = running.addr();
    let mut vehicle = Client::hello(addr, "vehicle", "v1").await;
    let mut anna = Client::hello(addr, "rider", "anna").await;
    assert_eq!(vehicle.command(board).await, boards, "I7");
    let refused = until(&mut anna, "still", |answer| answer["code"] == "storage_full").await;
    assert_eq!(refused["type"], "error");

    disk.empty("some");
    disk.empty("rest");
    let answer = until(&mut anna, "again", |answer| answer["type"] == "ok").await;
    assert!(answer["result"].is_string(), "{answer}");
    assert_eq!(disk.reserve(), RESERVE_BYTES);
    assert_eq!(anna.command(asked).await, promised, "I7");
    drop((vehicle, anna));
    running.shutdown().await.unwrap();
}

#[tokio::test]
async fn damage_in_a_large_journal_is_found_while_the_service_runs() {
    let folder = tempfile::tempdir().unwrap();
    let journal = folder.path().join("journal.sqlite");
    let running = start(on(&journal)).await;
    let mut desk = Client::hello(running.addr(), "operator", "desk").await;
    assert_eq!(desk.command(shift("1", "v1")).await["type"], "ok");
    drop(desk);
    running.shutdown().await.unwrap();
    // What is not read at the start: old rides.
    let connection = Connection::open(&journal).unwrap();
    let info = "x".repeat(12_000);
    connection.execute_batch("BEGIN").unwrap();
    for n in 0..=CHECK_BYTES_MAX / 12_000 {
        let row = (format!("old-{n}"), info.as_str());
        connection.execute("INSERT INTO ended_ride VALUES (?1, x'00', 1, 0, ?2, 0)", row).unwrap();
    }
    connection.execute_batch("COMMIT").unwrap();
    connection.close().unwrap();
    let mut running = start(ServiceConfig { keep_days: None, ..on(&journal) }).await;
    let patience = Duration::from_secs(2);
    let ended = tokio::time::timeout(patience, running.ended()).await;
    assert!(ended.is_err(), "nothing is damaged: {:?}", ended.ok());
    running.shutdown().await.unwrap();
    // The first four bytes of a page that a long value goes on in name the next such page.
    let mut bytes = std::fs::read(&journal).unwrap();
    let pages = bytes.chunks_exact_mut(4096).skip(1_000);
    let page =
        pages.into_iter().find(|page| page[..4] != [0; 4] && page[4..] == info.as_bytes()[..4092]);
    page.unwrap()[3] ^= 1;
    std::fs::write(&journal, &bytes).unwrap();
    let mut running = start(ServiceConfig { keep_days: None, ..on(&journal) }).await;
    let ended = tokio::time::timeout(Duration::from_secs(60), running.ended()).await.unwrap();
    assert!(matches!(ended, ServiceError::Journal(JournalError::Pages)), "{ended}");
}

#[tokio::test]
async fn a_copy_is_made_while_the_service_runs_and_put_back() {
    let folder = tempfile::tempdir().unwrap();
    let journal = folder.path().join("journal.sqlite");
    let copy = folder.path().join("copy.sqlite");
    let running = start(on(&journal)).await;
    let addr = running.addr();
    let mut desk = Client::hello(addr, "operator", "desk").await;
    assert_eq!(desk.command(shift("1", "v1")).await["type"], "ok");
    let before = desk.command(request("2", "r1", 3, 8, true)).await;
    let busy = tokio::spawn(async move {
        let mut anna = Client::hello(addr, "rider", "anna").await;
        for n in 0..200 {
            let name = format!("b{n}");
            assert_eq!(anna.command(request(&name, &name, 4, 9, false)).await["type"], "ok");
        }
    });
    let (from, to) = (journal.clone(), copy.clone());
    let contents =
        tokio::task::spawn_blocking(move || copies::backup(&from, &to)).await.unwrap().unwrap();
    assert!(2 <= contents.records.1, "{contents:?}");
    assert_eq!(copies::look_through(&copy).unwrap(), contents);
    busy.await.unwrap();
    let after = desk.command(request("3", "r2", 4, 9, true)).await;
    assert_eq!(after["type"], "ok");
    let (from, to) = (copy.clone(), journal.clone());
    let refused = tokio::task::spawn_blocking(move || copies::restore(&from, &to)).await.unwrap();
    assert!(matches!(refused, Err(JournalError::InUse)), "{refused:?}");
    drop(desk);
    running.shutdown().await.unwrap();

    let (restored, kept) = copies::restore(&copy, &journal).unwrap();
    assert_eq!(restored.records, contents.records);
    assert!(contents.records.1 < copies::look_through(&kept.unwrap()).unwrap().records.1);
    let running = start(on(&journal)).await;
    let mut desk = Client::hello(running.addr(), "operator", "desk").await;
    assert_eq!(desk.command(request("2", "r1", 3, 8, true)).await, before, "I7");
    // What came after the copy was made is gone, and can be done again.
    let (status, _) = get(running.addr(), "/v1/rides/r2").await;
    assert_eq!(status, 404);
    assert_eq!(desk.command(request("3", "r2", 4, 9, true)).await["type"], "ok");
    drop(desk);
    running.shutdown().await.unwrap();

    let mut bytes = std::fs::read(&copy).unwrap();
    let place = bytes.windows(6).position(|six| six == b"romise").unwrap();
    bytes[place] ^= 1;
    std::fs::write(&copy, bytes).unwrap();
    let refused = copies::restore(&copy, &journal).unwrap_err();
    assert!(refused.to_string().contains("checksum"), "{refused}");
    assert!(copies::look_through(&journal).is_ok());
}

#[tokio::test]
async fn a_rider_is_told_and_erased_and_nobody_else_is() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("journal.sqlite");
    let service = ServiceConfig { snapshot_every: 20, ..on(&path) };
    let running = start(service.clone()).await;
    let addr = running.addr();
    let mut desk = Client::hello(addr, "operator", "desk").await;
    assert_eq!(desk.command(shift("1", "v1")).await["type"], "ok");
    for who in ["annabel", "bertram"] {
        let mut rider = Client::hello(addr, "rider", who).await;
        for n in 0..30 {
            let name = format!("ride-of-{who}-{n}");
            let asked = rider.command(request(&format!("q{n}"), &name, 3, 8, true)).await;
            assert_eq!(asked["type"], "ok", "{asked}");
            if who == "annabel" || n < 29 {
                let cancel =
                    json!({"id": format!("c{n}"), "type": "cancel_ride", "request_id": name});
                rider.command(cancel).await;
            }
        }
    }
    drop(desk);
    running.shutdown().await.unwrap();

    let map: Arc<dyn Map> = Arc::new(Street::new());
    let header = Header {
        region_name: map.name().into(),
        region_fingerprint: map.fingerprint(),
        policy: Policy::default(),
        spots: Vec::new(),
        start: config().start.unwrap(),
    };
    let rider = |name: &str| Caller { role: Role::Rider, name: name.into() };
    let held = |who: &str| {
        let journal = SqliteJournal::read_only(&path).unwrap();
        let (records, rides) = person::export(&journal, &rider(who)).unwrap();
        (records.len(), rides.len())
    };
    let (others, (n_commands, n_rides)) = (held("bertram"), held("annabel"));
    assert_eq!(n_commands, 60);
    assert!(20 < n_rides, "{n_rides}");
    let mut journal = SqliteJournal::open(&path, header.clone()).unwrap();
    let begun = time::parse("2026-01-05T06:00:00Z").unwrap();
    let later = |minutes: u32| begun + Millis::from_secs(60 * minutes);
    let early = person::erase(&mut journal, &map, &rider("annabel"), later(30)).unwrap_err();
    assert!(matches!(early, person::EraseError::JustEnded { .. }), "{early}");
    let erased = person::erase(&mut journal, &map, &rider("annabel"), later(70)).unwrap();
    assert_eq!((erased.n_commands, erased.n_rides), (n_commands, n_rides));
    let open = person::erase(&mut journal, &map, &rider("bertram"), later(70));
    let is_over = !matches!(open, Err(person::EraseError::Open { .. }));
    drop(journal);
    assert!(!is_over, "{open:?}");

    assert_eq!((held("annabel"), held("bertram")), ((0, 0), others));
    for file in std::fs::read_dir(folder.path()).unwrap() {
        let file = file.unwrap().path();
        let bytes = std::fs::read(&file).unwrap();
        let found = bytes.windows(7).position(|seven| seven == b"annabel");
        assert_eq!(found, None, "{} still knows", file.display());
    }
    // The journal is whole, the service goes on from its snapshot, and the names are free again.
    assert!(copies::look_through(&path).is_ok());
    let start_at = Some(later(71));
    let running = start(ServiceConfig { start: start_at, ..service.clone() }).await;
    let addr = running.addr();
    assert_eq!(get(addr, "/v1/rides/ride-of-annabel-3").await.0, 404);
    assert_eq!(get(addr, "/v1/rides/ride-of-bertram-3").await.0, 200);
    let mut anew = Client::hello(addr, "rider", "annabel").await;
    let asked = anew.command(request("q3", "ride-of-annabel-3", 3, 8, true)).await;
    assert_eq!(asked["type"], "ok", "{asked}");
    drop(anew);
    running.shutdown().await.unwrap();
    let running = start(ServiceConfig { start: start_at, ..service }).await;
    running.shutdown().await.unwrap();
}

#[tokio::test]
async fn a_rider_is_erased_while_the_service_runs() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("journal.sqlite");
    // An hour passes in a good second.
    let service = ServiceConfig { snapshot_every: 20, speed: 3_000.0, ..on(&path) };
    let running = start(service.clone()).await;
    let addr = running.addr();
    let mut desk = Client::hello(addr, "operator", "desk").await;
    assert_eq!(desk.command(shift("1", "v1")).await["type"], "ok");
    let mut rider = Client::hello(addr, "rider", "annabel").await;
    let asked = request("q", "ride-of-annabel", 3, 8, true);
    assert_eq!(rider.command(asked.clone()).await["result"], "promised");
    let (status, body) = delete(addr, "/v1/riders/annabel").await;
    assert_eq!((status, body.contains("is open")), (409, true), "{body}");
    let cancel = json!({"id": "c", "type": "cancel_ride", "request_id": "ride-of-annabel"});
    assert_eq!(rider.command(cancel).await["type"], "ok");
    let (status, body) = delete(addr, "/v1/riders/annabel").await;
    assert_eq!((status, body.contains("an hour ago")), (409, true), "{body}");
    drop(rider);
    tokio::time::sleep(Duration::from_millis(1_500)).await;
    let mut other = Client::hello(addr, "rider", "bertram").await;
    assert_eq!(other.command(request("q", "ride-of-bertram", 3, 8, true)).await["type"], "ok");
    let (status, body) = delete(addr, "/v1/riders/annabel").await;
    assert_eq!(status, 200, "{body}");
    let erased: Value = serde_json::from_str(&body).unwrap();
    let all = json!({"rider": "annabel", "commands": 2, "ended_rides": 1, "rewritten": true});
    assert_eq!(erased, all);
    for file in std::fs::read_dir(folder.path()).unwrap() {
        let file = file.unwrap().path();
        let bytes = std::fs::read(&file).unwrap();
        let found = bytes.windows(7).position(|seven| seven == b"annabel");
        assert_eq!(found, None, "{} still knows", file.display());
    }
    // Who comes back is somebody new: the ids and names are free again, and everybody else goes on.
    let mut anew = Client::hello(addr, "rider", "annabel").await;
    assert_eq!(anew.command(asked).await["type"], "ok");
    assert_eq!(get(addr, "/v1/rides/ride-of-bertram").await.0, 200);
    drop((desk, other, anew));
    running.shutdown().await.unwrap();
    assert!(copies::look_through(&path).is_ok());
    start(service).await.shutdown().await.unwrap();
}

async fn delete(addr: std::net::SocketAddr, path: &str) -> (u16, String) {
    let request = format!("DELETE {path} HTTP/1.1\r\nHost: {addr}\r\nConnection: close\r\n\r\n");
    support::http(addr, &request).await
}
