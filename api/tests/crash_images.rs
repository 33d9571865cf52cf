//! What a crash can leave of a journal (I1, I6, I9): a run of 300 commands is cut, torn, written in another order and
//! bit-flipped at every storage call. What the service makes of each image either holds all that was acknowledged by then,
//! with the state that it was, or is refused with a word; what a crash alone can cause is never refused.
//!
//! The calls are read off the files after each commit: frames of the log (header and page), then pages that are copied into
//! the file, then the mark; syncs lie between the three. One image in ten is looked at; all of them with `SHARXI_IMAGES=all`.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test")]
#![allow(clippy::print_stdout, clippy::allow_attributes, reason = "a test")]
#![allow(clippy::cast_possible_truncation, reason = "a test")]

mod support;

use std::path::{Path, PathBuf};
use std::sync::Arc;

use serde_json::{Value, json};
use sharxi_api::executor::Sent;
use sharxi_api::intent::{Caller, Order};
use sharxi_api::journal::record::{Batch, Header, StateHash};
use sharxi_api::journal::recovery::recover;
use sharxi_api::journal::sqlite::SqliteJournal;
use sharxi_api::journal::{Journal, JournalError};
use sharxi_api::keeping::Keeping;
use sharxi_api::map::Map;
use sharxi_api::wire::message::{Role, read_command};
use sharxi_api::wire::{convert, time};
use sharxi_engine::planning::policy::Policy;
use sharxi_engine::units::Millis;
use support::{Street, request, shift};

const N_COMMANDS: u32 = 300;
/// Of the log, so that it is copied into the file many times in the run.
const LOG_PAGES: u32 = 120;
const FRAME_HEADER: usize = 24;
const LOG_HEADER: usize = 32;
const PAGE: usize = 4096;
const ENDINGS: [&str; 3] = ["", "-wal", ".mark"];
/// In `ENDINGS`.
const FILE: usize = 0;
const LOG: usize = 1;
const MARK: usize = 2;

struct Random(u64);

impl Random {
    fn below(&mut self, n: usize) -> usize {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let z = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        ((z ^ (z >> 31)) % n as u64) as usize
    }
}

/// The three files.
#[derive(Clone, Default, PartialEq, Eq)]
struct Image([Vec<u8>; 3]);

/// One storage call.
#[derive(Clone)]
struct Write {
    file: usize,
    at: usize,
    bytes: Vec<u8>,
    /// Writes of one phase may reach the disk in any order; between phases lies a sync.
    phase: usize,
}

impl Image {
    fn of(journal: &Path) -> Self {
        Self(ENDINGS.map(|ending| std::fs::read(with(journal, ending)).unwrap_or_default()))
    }

    fn put(&self, journal: &Path) {
        for (ending, bytes) in ENDINGS.iter().zip(&self.0) {
            std::fs::write(with(journal, ending), bytes).unwrap();
        }
    }

    fn apply(&mut self, write: &Write, n_bytes: usize) {
        let bytes = &mut self.0[write.file];
        bytes.resize(bytes.len().max(write.at + n_bytes), 0);
        bytes[write.at..write.at + n_bytes].copy_from_slice(&write.bytes[..n_bytes]);
    }

    /// The calls that led from this image to the next.
    fn calls(&self, next: &Self) -> Vec<Write> {
        let mut calls = Vec::new();
        let mut call = |file: usize, at: usize, end: usize, phase| {
            let new = &next.0[file][at..end.min(next.0[file].len())];
            if self.0[file].get(at..at + new.len()) != Some(new) && !new.is_empty() {
                calls.push(Write { file, at, bytes: new.to_vec(), phase });
            }
        };
        call(LOG, 0, LOG_HEADER, 0);
        let mut at = LOG_HEADER;
        while at < next.0[LOG].len() {
            call(LOG, at, at + FRAME_HEADER, 1);
            call(LOG, at + FRAME_HEADER, at + FRAME_HEADER + PAGE, 1);
            at += FRAME_HEADER + PAGE;
        }
        for at in (0..next.0[FILE].len()).step_by(PAGE) {
            call(FILE, at, at + PAGE, 2);
        }
        for at in (0..next.0[MARK].len()).step_by(512) {
            call(MARK, at, at + 512, 3);
        }
        calls
    }
}

fn with(journal: &Path, ending: &str) -> PathBuf {
    PathBuf::from(format!("{}{ending}", journal.display()))
}

fn header() -> Header {
    Header {
        region_name: "Street".into(),
        region_fingerprint: 7,
        policy: Policy::default(),
        spots: Vec::new(),
        start: time::parse("2026-01-05T06:00:00Z").unwrap(),
    }
}

/// What stands for all that was acknowledged.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct Stand {
    records: u64,
    hash: u64,
}

fn recovered(journal: &Path, map: &Arc<dyn Map>) -> Result<Stand, JournalError> {
    let journal = SqliteJournal::open(journal, header())?;
    let executor = recover(&journal, map)?.executor;
    Ok(Stand { records: executor.record_seq(), hash: executor.dispatcher().state_hash() })
}

fn command(n: u32) -> (Role, Value) {
    let id = n.to_string();
    if n < 3 {
        return (Role::Operator, shift(&id, &format!("v{n}")));
    }
    let ride = |n: u32| format!("r{n}");
    match n % 3 {
        0 => (Role::Rider, request(&id, &ride(n), n % 20, (n * 7 + 3) % 20, true)),
        1 => (Role::Rider, json!({"id": id, "type": "cancel_ride", "request_id": ride(n - 1)})),
        _ => (Role::Rider, request(&id, &ride(n), n % 19, (n * 5 + 1) % 20, false)),
    }
}

/// The run: the files and where things stood after each commit.
fn run(folder: &Path, map: &Arc<dyn Map>) -> Vec<(Image, Stand)> {
    let path = folder.join("run.sqlite");
    let mut journal =
        SqliteJournal::open(&path, header()).unwrap().with_log_pages(LOG_PAGES).unwrap();
    let mut back = recover(&journal, map).unwrap();
    let mut keeping = Keeping::new(40, None, 0);
    let mut images = vec![(
        Image::of(&path),
        Stand { hash: back.executor.dispatcher().state_hash(), ..Stand::default() },
    )];
    let mut now = header().start;
    for n in 0..N_COMMANDS {
        now = now + Millis::from_secs(20);
        let (role, message) = command(n);
        let order =
            convert::order(&read_command(&message.to_string()).unwrap(), map.as_ref()).unwrap();
        let Order::Lasting { id, body_digest, intent } = order else { panic!("{message}") };
        let caller = Caller { role, name: "anna".into() };
        let sent = Sent { at: now, caller: &caller, id: &id, body_digest };
        let executed = back.executor.execute(sent, intent, &journal).unwrap();
        let told = back.desk.note(&executed.events, &back.executor);
        back.desk.publisher.publish(told);
        let hash = back.executor.dispatcher().state_hash();
        let seq = back.executor.record_seq();
        let batch = Batch {
            records: executed.record.into_iter().collect(),
            hashes: vec![StateHash { seq, hash, clean: false }],
            ended: executed.ended,
            snapshot: keeping.next_step(),
        };
        journal.append(&batch).unwrap();
        keeping.begin_if_due(&back.executor, &back.desk).unwrap();
        images.push((Image::of(&path), Stand { records: seq, hash }));
    }
    images
}

#[derive(Default, Debug)]
struct Tally {
    images: usize,
    recovered: usize,
    refused: usize,
}

struct Bench {
    folder: tempfile::TempDir,
    map: Arc<dyn Map>,
    stands: Vec<Stand>,
    every: usize,
    random: Random,
}

impl Bench {
    /// Looks at one image: nothing acknowledged may be missing without a word.
    fn look(
        &mut self,
        image: &Image,
        acked: Stand,
        may_refuse: bool,
        what: &str,
        tally: &mut Tally,
    ) {
        if self.random.below(self.every) != 0 {
            return;
        }
        let path = self.folder.path().join("image.sqlite");
        image.put(&path);
        tally.images += 1;
        match recovered(&path, &self.map) {
            Ok(stand) => {
                assert!(acked.records <= stand.records, "I1 {what}: {stand:?} after {acked:?}");
                // The state is one that was, and the one of that record.
                assert_eq!(self.stands[stand.records as usize], stand, "I9 {what}");
                tally.recovered += 1;
            }
            Err(error) => {
                assert!(may_refuse, "{what}: refused though nothing is damaged: {error}");
                let mut said = error.to_string();
                let mut cause = std::error::Error::source(&error);
                while let Some(error) = cause {
                    said = format!("{said}: {error}");
                    cause = error.source();
                }
                assert!(said.len() > 20, "{what}: {said}");
                tally.refused += 1;
            }
        }
    }
}

#[test]
fn no_image_loses_what_was_acknowledged() {
    // Syncs that nobody needs here cost nothing in memory.
    let memory = Path::new("/dev/shm");
    let folder = if memory.is_dir() { tempfile::tempdir_in(memory) } else { tempfile::tempdir() };
    let folder = folder.unwrap();
    let map: Arc<dyn Map> = Arc::new(Street::new());
    let images = run(folder.path(), &map);
    let stands = images.iter().map(|(_, stand)| *stand).collect();
    let every = if std::env::var("SHARXI_IMAGES").is_ok_and(|all| all == "all") { 1 } else { 10 };
    let mut bench = Bench { folder, map, stands, every, random: Random(6) };
    let mut random = Random(5);
    let [mut cut, mut torn, mut mixed, mut flipped, mut middle] =
        [(); 5].map(|()| Tally::default());
    let mut n_calls = 0;
    for pair in images.windows(2) {
        let [(before, acked), (after, _)] = pair else { continue };
        let calls = before.calls(after);
        n_calls += calls.len();
        let mut image = before.clone();
        for (n, call) in calls.iter().enumerate() {
            bench.look(
                &image,
                *acked,
                false,
                &format!("cut at call {n} after {acked:?}"),
                &mut cut,
            );
            let mut half = image.clone();
            let n_bytes = random.below(call.bytes.len());
            half.apply(call, n_bytes);
            bench.look(
                &half,
                *acked,
                false,
                &format!("torn at byte {n_bytes} of call {n} after {acked:?}"),
                &mut torn,
            );
            let mut other = image.clone();
            for later in calls[n..].iter().filter(|later| later.phase == call.phase) {
                if random.below(2) == 0 {
                    other.apply(later, later.bytes.len());
                }
            }
            bench.look(
                &other,
                *acked,
                false,
                &format!("mixed from call {n} after {acked:?}"),
                &mut mixed,
            );
            let mut wrong = call.clone();
            let at = random.below(wrong.bytes.len());
            wrong.bytes[at] ^= 1 << random.below(8);
            let mut flip = image.clone();
            flip.apply(&wrong, wrong.bytes.len());
            bench.look(
                &flip,
                *acked,
                true,
                &format!("flipped in call {n} after {acked:?}"),
                &mut flipped,
            );
            image.apply(call, call.bytes.len());
        }
        assert!(image == *after, "the calls do not lead there");
        // At rest, everything synced, the mark too: what is damaged now is noticed wherever it lies.
        let acked = bench.stands[acked.records as usize + 1];
        for _ in 0..8 {
            let mut damaged = after.clone();
            let file = [FILE, LOG][random.below(2)];
            if damaged.0[file].is_empty() {
                continue;
            }
            let at = random.below(damaged.0[file].len());
            damaged.0[file][at] ^= 1 << random.below(8);
            bench.look(
                &damaged,
                acked,
                true,
                &format!("a bit of {file} at {at} after {acked:?}"),
                &mut middle,
            );
        }
    }
    let n_images: usize =
        [&cut, &torn, &mixed, &flipped, &middle].iter().map(|tally| tally.images).sum();
    println!("{n_calls} calls, {n_images} images");
    println!(
        "cut {cut:?}\ntorn {torn:?}\nmixed {mixed:?}\nflipped {flipped:?}\nat rest {middle:?}"
    );
    assert!(10_000 <= n_images * every, "too few images");
    // What is flipped in the last batch, before it is acknowledged, is the torn end of the log.
    assert!(0 < middle.refused, "no flip was noticed");
}
