//! Snapshots and what they allow: recovery that need not begin at the beginning, rides that are told after the dispatcher has
//! forgotten them, records that go.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test")]
#![allow(clippy::print_stdout, clippy::allow_attributes, reason = "a test")]

mod support;

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Instant;

use rusqlite::Connection;
use serde_json::{Value, json};
use sharxi_api::executor::Sent;
use sharxi_api::intent::{Caller, Order};
use sharxi_api::journal::Journal;
use sharxi_api::journal::record::{Batch, Header};
use sharxi_api::journal::recovery::{Recovered, recover};
use sharxi_api::journal::sqlite::SqliteJournal;
use sharxi_api::keeping::Keeping;
use sharxi_api::map::Map;
use sharxi_api::wire::message::{Role, read_command};
use sharxi_api::wire::{convert, time};
use sharxi_api::{Service, ServiceConfig};
use sharxi_engine::planning::policy::Policy;
use sharxi_engine::units::Millis;
use support::{Client, Street, config, get, request, shift, start};

const ON_THE_DAY: &str = "2026-01-05T06:00:00Z";

fn on(journal: &Path) -> ServiceConfig {
    ServiceConfig { journal: Some(journal.to_owned()), ..config() }
}

fn recovered(journal: &Path) -> Recovered {
    let map: Arc<dyn Map> = Arc::new(Street::new());
    let header = Header {
        region_name: map.name().into(),
        region_fingerprint: map.fingerprint(),
        policy: Policy::default(),
        spots: Vec::new(),
        start: time::parse(ON_THE_DAY).unwrap(),
    };
    recover(&SqliteJournal::open(journal, header).unwrap(), &map).unwrap()
}

fn sql(journal: &Path, statement: &str) -> usize {
    let connection = Connection::open(journal).unwrap();
    let n_rows = connection.execute(statement, []).unwrap();
    connection.close().unwrap();
    n_rows
}

fn count(journal: &Path, what: &str) -> i64 {
    let connection = Connection::open(journal).unwrap();
    connection.query_row(&format!("SELECT count(*) FROM {what}"), [], |row| row.get(0)).unwrap()
}

fn copy_of(journal: &Path, name: &str) -> PathBuf {
    let copy = journal.with_file_name(name);
    std::fs::copy(journal, &copy).unwrap();
    copy
}

/// Rides of two riders, some refused, some cancelled, one open; with a snapshot every `every` commands.
async fn day_in(folder: &Path, every: u64) -> (PathBuf, Vec<(String, Value, Value)>) {
    let journal = folder.join("journal.sqlite");
    let running = start(ServiceConfig { snapshot_every: every, ..on(&journal) }).await;
    let mut desk = Client::hello(running.addr(), "operator", "desk").await;
    let mut anna = Client::hello(running.addr(), "rider", "anna").await;
    let mut answers = Vec::new();
    for (n, command) in [shift("1", "v1"), shift("2", "v2")].into_iter().enumerate() {
        let answer = desk.command(command.clone()).await;
        assert_eq!(answer["type"], "ok", "{n}");
        answers.push(("desk".to_owned(), command, answer));
    }
    for n in 0..40_u32 {
        let name = format!("r{n}");
        let command = request(&format!("q{n}"), &name, n % 20, (n + 5) % 20, n % 3 == 0);
        let answer = anna.command(command.clone()).await;
        answers.push(("anna".to_owned(), command, answer));
        if n % 2 == 0 && n < 38 {
            let command = json!({"id": format!("c{n}"), "type": "cancel_ride", "request_id": name});
            let answer = anna.command(command.clone()).await;
            answers.push(("anna".to_owned(), command, answer));
        }
    }
    running.shutdown().await.unwrap();
    (journal, answers)
}

#[tokio::test]
async fn from_a_snapshot_the_same_comes_back_as_from_the_beginning() {
    let folder = tempfile::tempdir().unwrap();
    let (journal, answers) = day_in(folder.path(), 10).await;
    let full = copy_of(&journal, "full.sqlite");
    assert!(3 <= sql(&full, "DELETE FROM snapshot"), "too few snapshots were made");
    // As after a crash: the last snapshot lies some records back.
    let older = copy_of(&journal, "older.sqlite");
    assert_eq!(sql(&older, "DELETE FROM snapshot WHERE seq = (SELECT max(seq) FROM snapshot)"), 1);

    let whole = recovered(&full);
    assert_eq!(whole.snapshot_seq, 0);
    for (path, is_last) in [(&journal, true), (&older, false)] {
        let short = recovered(path);
        assert_eq!(short.snapshot_seq == short.executor.record_seq(), is_last);
        assert!(0 < short.snapshot_seq && short.skipped.is_empty());
        let of = |recovered: &Recovered| {
            let executor = &recovered.executor;
            (executor.record_seq(), executor.event_seq(), executor.dispatcher().state_hash())
        };
        assert_eq!(of(&short), of(&whole), "I9");
        assert_eq!(short.desk.publisher.kept(), whole.desk.publisher.kept(), "I8");
    }
    for path in [&journal, &full, &older] {
        let running = start(on(path)).await;
        let addr = running.addr();
        let mut desk = Client::hello(addr, "operator", "desk").await;
        let mut anna = Client::hello(addr, "rider", "anna").await;
        for (name, command, answer) in &answers {
            let client = if name == "desk" { &mut desk } else { &mut anna };
            assert_eq!(&client.command(command.clone()).await, answer, "I7");
        }
        let (_, kpi) = get(addr, "/v1/kpi").await;
        let kpi: Value = serde_json::from_str(&kpi).unwrap();
        assert_eq!(kpi["requests"], 40, "{kpi}");
        running.shutdown().await.unwrap();
    }
}

#[tokio::test]
async fn a_damaged_snapshot_is_passed_over_for_an_older_one_and_in_the_end_for_all_records() {
    let folder = tempfile::tempdir().unwrap();
    let (journal, _) = day_in(folder.path(), 10).await;
    let hash = recovered(&journal).executor.dispatcher().state_hash();
    let newest = "(SELECT max(seq) FROM snapshot)";
    for (damage, said) in [
        (format!("UPDATE snapshot SET crc = crc + 1 WHERE seq = {newest}"), "checksum"),
        (format!("UPDATE snapshot SET at_ms = at_ms + 1 WHERE seq = {newest}"), "checksum"),
        (format!("DELETE FROM snapshot_part WHERE id / 4096 = {newest}"), "missing"),
        (format!("UPDATE snapshot SET crc = 'x' WHERE seq = {newest}"), "column"),
        (format!("UPDATE snapshot_part SET body = 7 WHERE id / 4096 = {newest}"), "column"),
    ] {
        let damaged = copy_of(&journal, "damaged.sqlite");
        assert!(0 < sql(&damaged, &damage), "{damage}");
        let back = recovered(&damaged);
        assert_eq!(back.executor.dispatcher().state_hash(), hash, "{damage}");
        assert_eq!(back.skipped.len(), 1, "{damage}");
        assert!(back.skipped[0].to_string().contains(said), "{damage}: {}", back.skipped[0]);
        assert!(0 < back.snapshot_seq && back.snapshot_seq < back.executor.record_seq());
    }
    let damaged = copy_of(&journal, "damaged.sqlite");
    sql(&damaged, "UPDATE snapshot SET crc = crc + 1");
    let back = recovered(&damaged);
    assert_eq!((back.snapshot_seq, back.skipped.len()), (0, 3));
    assert_eq!(back.executor.dispatcher().state_hash(), hash);
    // Without the first records that is no way out: it is said so.
    sql(&damaged, "DELETE FROM record WHERE seq = 1");
    let refused = Service::start(on(&damaged), Arc::new(Street::new())).await;
    let said = refused.err().unwrap().to_string();
    assert!(said.contains("record 1 of the journal: it is missing"), "{said}");
}

#[tokio::test]
async fn old_records_go_and_recovery_goes_on_from_the_snapshot() {
    let folder = tempfile::tempdir().unwrap();
    let (journal, answers) = day_in(folder.path(), 10).await;
    let n_records = count(&journal, "record");
    let later = time::parse("2026-01-09T06:00:00Z");
    let kept = ServiceConfig { keep_days: Some(2), ..on(&journal) };
    let running = start(ServiceConfig { start: later, ..kept.clone() }).await;
    let addr = running.addr();
    // What is told does not depend on the records: a ride that ended is still known, by name and to its rider.
    let (status, ride) = get(addr, "/v1/rides/r2").await;
    assert_eq!(status, 200, "{ride}");
    assert!(ride.contains("\"cancelled\""), "{ride}");
    let mut anna = Client::connect(addr).await;
    anna.say(json!({"type": "hello", "role": "rider", "name": "anna"})).await;
    let snapshot = anna.expect(|message| message["type"] == "snapshot").await;
    let told: Vec<&str> = snapshot["rides"]
        .as_array()
        .unwrap()
        .iter()
        .map(|ride| ride["request_id"].as_str().unwrap())
        .collect();
    assert!(told.contains(&"r2") && told.contains(&"r38"), "{told:?}");
    // Time has passed, so the dispatcher forgets; the name stays taken all the same, and its end is known.
    assert_eq!(anna.command(request("n1", "fresh", 1, 2, true)).await["type"], "ok");
    assert_eq!(anna.command(request("n2", "r2", 1, 2, true)).await["code"], "name_taken");
    let cancel = json!({"id": "n3", "type": "cancel_ride", "request_id": "r2"});
    assert_eq!(anna.command(cancel).await["code"], "not_now");
    let mut bert = Client::hello(addr, "rider", "bert").await;
    let cancel = json!({"id": "n4", "type": "cancel_ride", "request_id": "r2"});
    assert_eq!(bert.command(cancel).await["code"], "unknown_ride");
    drop((anna, bert));
    running.shutdown().await.unwrap();
    // Two days later nobody needs them any more, but for the answers to be remembered.
    assert_eq!(count(&journal, "ended_ride WHERE name = 'r2'"), 1, "younger than the retention");
    let running = start(ServiceConfig { start: later, ..kept.clone() }).await;
    tokio::time::sleep(std::time::Duration::from_millis(2_500)).await;
    running.shutdown().await.unwrap();
    assert_eq!(count(&journal, "ended_ride WHERE name = 'r2'"), 0, "older than the retention");
    assert!(n_records < count(&journal, "record"), "answers that are remembered went");
    sql(&journal, "DELETE FROM record WHERE seq <= (SELECT min(seq) - 3 FROM snapshot)");
    let running = start(ServiceConfig { start: later, ..kept }).await;
    let mut anna = Client::hello(running.addr(), "rider", "anna").await;
    let (_, command, answer) = answers.last().unwrap();
    assert_eq!(&anna.command(command.clone()).await, answer);
    running.shutdown().await.unwrap();
    sql(&journal, "DELETE FROM record WHERE seq = (SELECT max(seq) - 1 FROM snapshot)");
    let refused = Service::start(on(&journal), Arc::new(Street::new())).await;
    let said = refused.err().unwrap().to_string();
    assert!(said.contains("it is missing"), "{said}");
}

/// `SHARXI_RECORDS` commands (20,000 if not set), then a crash 5,000 commands after the last snapshot.
#[test]
fn a_long_journal_is_recovered_from_its_snapshot() {
    let n_records: u64 =
        std::env::var("SHARXI_RECORDS").ok().and_then(|text| text.parse().ok()).unwrap_or(20_000);
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("journal.sqlite");
    let map: Arc<dyn Map> = Arc::new(Street::new());
    let header = Header {
        region_name: map.name().into(),
        region_fingerprint: map.fingerprint(),
        policy: Policy { reoptimise: false, ..Policy::default() },
        spots: Vec::new(),
        start: time::parse(ON_THE_DAY).unwrap(),
    };
    let mut journal = SqliteJournal::open(&path, header.clone()).unwrap();
    let mut back = recover(&journal, &map).unwrap();
    let mut keeping = Keeping::new(10_000, None, 0);
    let caller = Caller { role: Role::Operator, name: "desk".into() };
    let mut now = header.start;
    let mut batch = Batch::default();
    let begun = Instant::now();
    for n in 0..n_records {
        now = now + Millis::from_secs(5);
        let id = n.to_string();
        let message = match n {
            0..20 => {
                let mut long = shift(&id, &format!("v{n}"));
                long["shift_end"] = json!("2999-01-01T00:00:00Z");
                long
            }
            _ if n % 2 == 0 => {
                let at = |x: u64| u32::try_from(x % 20).unwrap();
                request(&id, &format!("r{n}"), at(n), at(n * 7 + 3), true)
            }
            _ => json!({"id": id, "type": "cancel_ride", "request_id": format!("r{}", n - 1)}),
        };
        let command = read_command(&message.to_string()).unwrap();
        let Order::Lasting { id, body_digest, intent } =
            convert::order(&command, map.as_ref()).unwrap()
        else {
            panic!("{message}")
        };
        let sent = Sent { at: now, caller: &caller, id: &id, body_digest };
        let executed = back.executor.execute(sent, intent, &journal).unwrap();
        let told = back.desk.note(&executed.events, &back.executor);
        back.desk.publisher.publish(told);
        batch.records.extend(executed.record);
        batch.ended.extend(executed.ended);
        if batch.records.len() == 500 || n + 1 == n_records {
            batch.snapshot = keeping.next_step();
            journal.append(&std::mem::take(&mut batch)).unwrap();
            if n + 5_000 < n_records {
                keeping.begin_if_due(&back.executor, &back.desk).unwrap();
            }
        }
    }
    let written = begun.elapsed();
    let live = back.executor.dispatcher().state_hash();
    drop(journal);
    let begun = Instant::now();
    let opened = SqliteJournal::open(&path, header).unwrap();
    let opening = begun.elapsed();
    let again = recover(&opened, &map).unwrap();
    let elapsed = begun.elapsed();
    drop(opened);
    let closed = begun.elapsed();
    assert_eq!(again.executor.dispatcher().state_hash(), live, "I9");
    assert_eq!(again.executor.record_seq(), n_records);
    assert!(0 < again.snapshot_seq && again.snapshot_seq < n_records);
    let bytes = std::fs::metadata(&path).unwrap().len();
    println!(
        "{n_records} records, {bytes} bytes, written in {written:.1?}; recovered from the snapshot after {} in {elapsed:.2?} \
         ({opening:.2?} to open the file); closed after {closed:.2?}",
        again.snapshot_seq
    );
    assert!(elapsed.as_secs_f64() < 5.0 + n_records as f64 / 1e6 * 10.0, "{elapsed:?}");
}
