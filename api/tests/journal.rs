//! The journal: what was acknowledged is there after a crash (I1, I6, I7, I9), and what is damaged or of another
//! world is refused.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test")]
#![allow(clippy::print_stdout, clippy::allow_attributes, reason = "a test")]

mod support;

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use rusqlite::Connection;
use serde_json::{Value, json};
use sharxi_api::clock::{Clock, wall};
use sharxi_api::core_loop::Core;
use sharxi_api::desk::Desk;
use sharxi_api::executor::Executor;
use sharxi_api::inputs::{AnswerTo, Input, queue};
use sharxi_api::intent::{Caller, Order};
use sharxi_api::journal::person::Erased;
use sharxi_api::journal::record::{Batch, EndedRide, Header, Record, Snapshot};
use sharxi_api::journal::{Journal, JournalError, Visit};
use sharxi_api::map::Map;
use sharxi_api::policy_config::PolicyConfig;
use sharxi_api::wire::message::{Role, read_command};
use sharxi_api::wire::{convert, time};
use sharxi_api::{Running, Service, ServiceConfig, ServiceError};
use sharxi_engine::dispatcher::{Dispatcher, Spot};
use sharxi_engine::ids::NodeId;
use sharxi_engine::oracle::Location;
use sharxi_engine::planning::policy::Policy;
use sharxi_engine::units::{EngineTime, Millis};
use support::{Client, Street, config, get, request, shift, start};
use tokio::sync::oneshot;

fn on(journal: &Path) -> ServiceConfig {
    ServiceConfig { journal: Some(journal.to_owned()), ..config() }
}

async fn refusal(config: ServiceConfig, map: Street) -> String {
    let started: Result<Running, ServiceError> = Service::start(config, Arc::new(map)).await;
    match started {
        Ok(_running) => panic!("the service started"),
        Err(error) => error.to_string(),
    }
}

/// What a power cut would leave: the files as they are, without a word to the process that has them open.
fn crash_image(journal: &Path, to: &Path) -> PathBuf {
    let image = to.join("image.sqlite");
    for end in ["", "-wal"] {
        let of = |path: &Path| PathBuf::from(format!("{}{end}", path.display()));
        if of(journal).exists() {
            std::fs::copy(of(journal), of(&image)).unwrap();
        }
    }
    image
}

/// A journal with some rides in it, closed in good order; the answers that were given.
async fn journal_in(folder: &Path) -> (PathBuf, Vec<(Value, Value)>) {
    let journal = folder.join("journal.sqlite");
    let running = start(on(&journal)).await;
    let answers = rides(&running).await;
    running.shutdown().await.unwrap();
    (journal, answers)
}

/// Commands and their answers: rides promised, refused, cancelled, of a taken name.
async fn rides(running: &Running) -> Vec<(Value, Value)> {
    let mut desk = Client::hello(running.addr(), "operator", "desk").await;
    let mut answers = Vec::new();
    for command in [
        shift("1", "v1"),
        shift("2", "v2"),
        request("3", "r1", 3, 8, true),
        request("4", "r2", 4, 8, true),
        request("5", "r3", 20, 19, true),
        request("6", "r1", 5, 6, true),
        json!({"id": "7", "type": "cancel_ride", "request_id": "r2"}),
        request("8", "r4", 2, 9, false),
    ] {
        let answer = desk.command(command.clone()).await;
        answers.push((command, answer));
    }
    answers
}

#[tokio::test]
async fn after_a_crash_everything_acknowledged_is_there() {
    let folder = tempfile::tempdir().unwrap();
    let journal = folder.path().join("journal.sqlite");
    let running = start(on(&journal)).await;
    let answers = rides(&running).await;
    let image = crash_image(&journal, folder.path());
    running.shutdown().await.unwrap();

    // A start that succeeds has checked the state hash after every command.
    let recovered = start(on(&image)).await;
    let mut desk = Client::hello(recovered.addr(), "operator", "desk").await;
    for (command, answer) in answers {
        assert_eq!(desk.command(command).await, answer, "a repeat got another answer");
    }
    let (_, ride) = get(recovered.addr(), "/v1/rides/r1").await;
    assert!(ride.contains("\"promised\""), "{ride}");
    let (_, kpi) = get(recovered.addr(), "/v1/kpi").await;
    let kpi: Value = serde_json::from_str(&kpi).unwrap();
    assert_eq!((&kpi["requests"], &kpi["cancelled"]), (&json!(4), &json!(1)), "{kpi}");
    recovered.shutdown().await.unwrap();
}

#[tokio::test]
async fn events_go_on_counting_and_can_be_resumed_after_a_restart() {
    let folder = tempfile::tempdir().unwrap();
    let (journal, _) = journal_in(folder.path()).await;
    let running = start(on(&journal)).await;
    let mut desk = Client::resume(running.addr(), "operator", "desk", Some(0)).await;
    let mut seqs = Vec::new();
    while seqs.len() < 6 {
        let message = desk.next().await;
        if message["type"] == "event" {
            seqs.push(message["seq"].as_u64().unwrap());
        }
    }
    assert_eq!(seqs, [1, 2, 3, 4, 5, 6]);
    running.shutdown().await.unwrap();
}

#[tokio::test]
async fn damage_is_refused_and_named() {
    let folder = tempfile::tempdir().unwrap();
    let (journal, _) = journal_in(folder.path()).await;
    // What lies before a snapshot is not replayed.
    let connection = Connection::open(&journal).unwrap();
    assert_eq!(connection.execute("DELETE FROM snapshot", []).unwrap(), 1);
    connection.close().unwrap();
    let whole = std::fs::read(&journal).unwrap();
    for (damage, said) in [
        ("UPDATE record SET command = zeroblob(length(command)) WHERE seq = 3", "record 3"),
        (
            "UPDATE record SET reply = replace(reply, 'promised', 'rejected') WHERE seq = 4",
            "record 4",
        ),
        ("UPDATE record SET at_ms = at_ms + 1 WHERE seq = 5", "record 5"),
        ("UPDATE record SET events_digest = events_digest + 1 WHERE seq = 3", "record 3"),
        ("UPDATE record SET command_id = 'x' WHERE seq = 2", "record 2"),
        ("UPDATE record SET caller = NULL WHERE seq = 2", "record 2"),
        ("UPDATE record SET crc = 'x' WHERE seq = 2", "record 2"),
        ("DELETE FROM record WHERE seq = 2", "record 2"),
        ("DELETE FROM header WHERE key = 'policy'", "policy"),
        ("UPDATE header SET value = x'63000000' WHERE key = 'format_version'", "version 99"),
        (
            "UPDATE header SET value = CAST(x'00' || substr(value, 2) AS BLOB) WHERE key = 'policy'",
            "checksum",
        ),
        ("DELETE FROM header", "format_version"),
        ("UPDATE state_hash SET hash = hash + 1 WHERE seq = 4", "record 4"),
    ] {
        let damaged = folder.path().join("damaged.sqlite");
        std::fs::write(&damaged, &whole).unwrap();
        let connection = Connection::open(&damaged).unwrap();
        assert!(0 < connection.execute(damage, []).unwrap(), "{damage}");
        connection.close().unwrap();
        let said_so = refusal(on(&damaged), Street::new()).await;
        assert!(said_so.contains(said), "{damage}: {said_so}");
    }
}

#[tokio::test]
async fn no_flipped_bit_changes_what_is_recovered() {
    let folder = tempfile::tempdir().unwrap();
    let (journal, answers) = journal_in(folder.path()).await;
    let whole = std::fs::read(&journal).unwrap();
    let (mut refused, mut unharmed) = (0, 0);
    // A prime step, so that all columns and page structures are met.
    for position in (0..whole.len()).step_by(211) {
        let damaged = folder.path().join(format!("flipped-{position}.sqlite"));
        let mut bytes = whole.clone();
        bytes[position] ^= 1 << (position % 8);
        std::fs::write(&damaged, &bytes).unwrap();
        match Service::start(on(&damaged), Arc::new(Street::new())).await {
            Err(_) => refused += 1,
            Ok(running) => {
                // The bit was in unused space: everything must be as it was.
                let mut desk = Client::hello(running.addr(), "operator", "desk").await;
                for (command, answer) in &answers {
                    assert_eq!(&desk.command(command.clone()).await, answer, "byte {position}");
                }
                drop(desk);
                running.shutdown().await.unwrap();
                unharmed += 1;
            }
        }
    }
    assert!(0 < refused, "no flip was noticed, {unharmed} did no harm");
}

#[tokio::test]
async fn a_journal_of_another_world_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let (journal, _) = journal_in(folder.path()).await;
    let elsewhere = Street { fingerprint: 8, ..Street::new() };
    let said = refusal(on(&journal), elsewhere).await;
    assert!(said.contains("belongs to region Street (0000000000000007)"), "{said}");
    let policy_stated = PolicyConfig { max_wait_s: Some(600.0), ..PolicyConfig::default() };
    let said = refusal(ServiceConfig { policy_stated, ..on(&journal) }, Street::new()).await;
    assert!(said.contains("another policy.max_wait_s"), "{said}");
    let spots = Some(vec![Spot { location: Location::Node(NodeId::new(1)), weight: 1 }]);
    let said = refusal(ServiceConfig { spots, ..on(&journal) }, Street::new()).await;
    assert!(said.contains("another set of spots"), "{said}");
    let running = start(on(&journal)).await;
    let said = refusal(on(&journal), Street::new()).await;
    assert!(said.contains("another process has it open"), "{said}");
    running.shutdown().await.unwrap();
}

#[tokio::test]
async fn a_journal_keeps_the_rules_it_was_begun_under() {
    let folder = tempfile::tempdir().unwrap();
    let journal = folder.path().join("journal.sqlite");
    let policy = Policy { max_wait: Millis::from_secs(600), ..Policy::default() };
    let spots = vec![Spot { location: Location::Node(NodeId::new(4)), weight: 3 }];
    let begun = ServiceConfig { policy, spots: Some(spots), ..on(&journal) };
    let running = start(begun).await;
    let answers = rides(&running).await;
    running.shutdown().await.unwrap();

    // As after an upgrade: the program's own defaults and the region's spots are others by now.
    let running = start(on(&journal)).await;
    let mut desk = Client::connect(running.addr()).await;
    desk.say(json!({"type": "hello", "role": "operator", "name": "desk"})).await;
    let welcome = desk.next().await;
    assert_eq!(welcome["policy"]["max_wait_s"], json!(600.0), "{welcome}");
    for (command, answer) in answers {
        assert_eq!(desk.command(command).await, answer);
    }
    running.shutdown().await.unwrap();
    let policy_stated = PolicyConfig { max_wait_s: Some(600.0), ..PolicyConfig::default() };
    let running = start(ServiceConfig { policy_stated, ..on(&journal) }).await;
    running.shutdown().await.unwrap();
}

#[tokio::test]
async fn a_journal_ahead_of_the_wall_is_noticed_and_refusals_do_not_move_it() {
    let folder = tempfile::tempdir().unwrap();
    // Idle vehicles that are looked at would be a tick, which does move it.
    let policy = Policy { reposition: false, ..Policy::default() };
    let in_earnest = |file: &str| ServiceConfig {
        start: None,
        policy: policy.clone(),
        ..on(&folder.path().join(file))
    };
    let later = |s: u32| Some(wall() + Millis::from_secs(s));
    let running = start(ServiceConfig { start: later(3600), ..in_earnest("ahead") }).await;
    assert_eq!(running.ahead(), None, "asked for");
    let mut desk = Client::hello(running.addr(), "operator", "desk").await;
    let mut long = shift("1", "v1");
    long["shift_end"] = json!("2999-01-01T00:00:00Z");
    assert_eq!(desk.command(long.clone()).await["type"], "ok");
    running.shutdown().await.unwrap();
    let running = start(in_earnest("ahead")).await;
    let ahead = running.ahead().expect("nobody was warned");
    assert!(Millis::from_secs(3500) < ahead.since(wall()), "{ahead:?}");
    running.shutdown().await.unwrap();

    let running = start(in_earnest("refused")).await;
    let mut desk = Client::hello(running.addr(), "operator", "desk").await;
    assert_eq!(desk.command(long).await["type"], "ok");
    running.shutdown().await.unwrap();
    let running = start(ServiceConfig { start: later(3600), ..in_earnest("refused") }).await;
    let mut desk = Client::hello(running.addr(), "operator", "desk").await;
    let unknown = json!({"id": "2", "type": "end_shift", "vehicle_id": "nothing"});
    assert_eq!(desk.command(unknown).await["code"], "unknown_vehicle");
    running.shutdown().await.unwrap();
    let running = start(in_earnest("refused")).await;
    assert_eq!(running.ahead(), None, "a refused command moved the clock");
    running.shutdown().await.unwrap();
}

/// A disk that fails when it is to sync.
struct BadDisk(Header);

impl Journal for BadDisk {
    fn append(&mut self, _batch: &Batch) -> Result<(), JournalError> {
        let source = rusqlite::Error::InvalidQuery;
        Err(JournalError::Storage { action: "sync", source })
    }

    fn replay(&self, _after: u64, _visit: &mut Visit<'_>) -> Result<(), JournalError> {
        Ok(())
    }

    fn answered(
        &self,
        _last: u64,
        _limit: usize,
        _visit: &mut dyn FnMut(Record),
    ) -> Result<(), JournalError> {
        Ok(())
    }

    fn snapshots(&self) -> Result<Vec<u64>, JournalError> {
        Ok(Vec::new())
    }

    fn snapshot(&self, seq: u64) -> Result<Snapshot, JournalError> {
        Err(JournalError::Snapshot { seq, what: "there is none".into() })
    }

    fn ended(&self, _ride: &str) -> Result<Option<EndedRide>, JournalError> {
        Ok(None)
    }

    fn ended_of(&self, _caller: &Caller, _limit: usize) -> Result<Vec<EndedRide>, JournalError> {
        Ok(Vec::new())
    }

    fn prune(&mut self, _before: EngineTime) -> Result<usize, JournalError> {
        Ok(0)
    }

    fn erase(&mut self, _caller: &Caller, _now: &Snapshot) -> Result<Erased, JournalError> {
        Err(JournalError::History)
    }

    fn header(&self) -> &Header {
        &self.0
    }
}

#[tokio::test]
async fn a_failed_sync_ends_the_core_and_acknowledges_nothing() {
    let map: Arc<dyn Map> = Arc::new(Street::new());
    let begin = time::parse("2026-01-05T06:00:00Z").unwrap();
    let header = Header {
        region_name: "Street".into(),
        region_fingerprint: 7,
        policy: Policy::default(),
        spots: Vec::new(),
        start: begin,
    };
    let dispatcher = Dispatcher::new(map.clone(), Policy::default(), &[]);
    let executor = Executor::new(dispatcher, map.clone());
    let (desk, clock) = (Desk::new(map.clone()), Clock::new(begin, 1.0));
    let core = Core::new(executor, desk, Box::new(BadDisk(header)), clock, 64);
    let (handle, inputs) = queue();
    let command = read_command(&shift("1", "v1").to_string()).unwrap();
    let order: Order = convert::order(&command, map.as_ref()).unwrap();
    let caller = Arc::new(Caller { role: Role::Operator, name: "desk".into() });
    let (answer, answered) = oneshot::channel();
    handle.submit(Input::Order { caller, order, answer: AnswerTo::Once(answer) }).unwrap();
    let ended = tokio::time::timeout(Duration::from_secs(20), core.run(inputs)).await.unwrap();
    assert!(matches!(ended, Err(JournalError::Storage { action: "sync", .. })), "{ended:?}");
    let answer = answered.await.unwrap();
    let answer: Value = serde_json::from_str(&answer).unwrap();
    assert_eq!((&answer["type"], &answer["id"]), (&json!("error"), &json!("1")), "{answer}");
    assert_eq!(answer["code"], "storage", "acknowledged what is not durable: {answer}");
}
