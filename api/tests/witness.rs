//! The order of system calls seen from outside (I6): of 500 acknowledgements each was written to its socket after a sync of
//! the log had ended that came after the write of its record. Needs strace; says so if it is missing.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test")]
#![allow(clippy::print_stdout, clippy::allow_attributes, reason = "a test")]

mod support;

use std::collections::{BTreeMap, BTreeSet};
use std::io::{BufRead, BufReader};
use std::net::SocketAddr;
use std::path::Path;
use std::process::{Command, Stdio};

use serde_json::json;
use sharxi_engine::import::{Profile, import_pbf};
use support::Client;

const N_COMMANDS: usize = 500;

fn id(n: usize) -> String {
    format!("witness-{n:04}")
}

/// Ids that occur in a line of the trace.
fn ids_in(line: &str) -> BTreeSet<usize> {
    let after = line
        .match_indices("witness-")
        .filter_map(|(at, found)| line.get(at + found.len()..at + found.len() + 4)?.parse().ok());
    after.collect()
}

fn is_sync(call: &str) -> bool {
    call.starts_with("fdatasync(") || call.starts_with("fsync(")
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_record_is_synced_before_its_acknowledgement_is_written() {
    if Command::new("strace").arg("--version").stdout(Stdio::null()).status().is_err() {
        println!("strace is missing: nothing was looked at");
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    let map = Path::new(env!("CARGO_MANIFEST_DIR")).join("../data/regions/isle-of-man.osm.pbf");
    let bytes = std::fs::read(map).unwrap();
    let (region, _report) = import_pbf(&bytes, &Profile::default(), &|_, _| {}).unwrap();
    std::fs::write(folder.path().join("island.region"), region.encode()).unwrap();
    let calls = "trace=pwrite64,fdatasync,fsync,write,writev,sendto,sendmsg";
    let mut traced = Command::new("strace")
        .args(["-f", "-y", "-s", "5000", "-e", calls, "-o", "trace.txt"])
        .arg(env!("CARGO_BIN_EXE_sharxi"))
        .args(["serve", "island.region", "--listen", "127.0.0.1:0"])
        .current_dir(folder.path())
        .stdout(Stdio::null())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let mut lines = BufReader::new(traced.stderr.take().unwrap()).lines();
    let addr: SocketAddr = lines
        .find_map(|line| line.unwrap().split_once("http://")?.1.split('/').next()?.parse().ok())
        .expect("the service did not start");
    let mut desk = Client::hello(addr, "operator", "desk").await;
    for n in 0..N_COMMANDS {
        // What is refused is recorded and acknowledged like anything else.
        let end = json!({"id": id(n), "type": "end_shift", "vehicle_id": "nobody"});
        assert_eq!(desk.command(end).await["code"], "unknown_vehicle");
    }
    drop(desk);
    // The order goes to the service itself, whose number begins the trace; strace ends with it.
    let begin = std::fs::read(folder.path().join("trace.txt")).unwrap();
    let begin = String::from_utf8_lossy(&begin);
    let pid = begin.split_whitespace().next().unwrap();
    assert!(Command::new("kill").args(["-TERM", pid]).status().unwrap().success());
    traced.wait().unwrap();

    let trace = std::fs::read(folder.path().join("trace.txt")).unwrap();
    let trace = String::from_utf8_lossy(&trace);
    let mut written: BTreeSet<usize> = BTreeSet::new();
    let mut synced: BTreeSet<usize> = BTreeSet::new();
    // Records that a sync under way has found written.
    let mut syncing: BTreeMap<String, BTreeSet<usize>> = BTreeMap::new();
    let mut witnesses = 0;
    for line in trace.lines() {
        let Some((thread, call)) = line.split_once(' ') else { continue };
        let call = call.trim_start();
        if call.starts_with("pwrite64(") && call.contains("-wal>") {
            written.extend(ids_in(call));
        } else if is_sync(call) && call.contains("-wal>") {
            syncing.insert(thread.to_owned(), written.clone());
            if call.ends_with("= 0") {
                synced.extend(syncing.remove(thread).unwrap());
            }
        } else if call.contains("sync resumed>") && call.ends_with("= 0") {
            synced.extend(syncing.remove(thread).unwrap_or_default());
        } else if call.contains("\\\"type\\\":\\\"error\\\"") && call.contains("<socket:") {
            for n in ids_in(call) {
                assert!(written.contains(&n), "command {n} was acknowledged before it was written");
                assert!(synced.contains(&n), "command {n} was acknowledged before its sync ended");
                witnesses += 1;
            }
        }
    }
    assert_eq!(witnesses, N_COMMANDS, "acknowledgements were missed");
    println!("{witnesses} acknowledgements, each after the sync of its record");
}
