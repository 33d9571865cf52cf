//! One function for each kind of bytes that come from outside. Whatever they are, it returns: what is refused gives an error, and
//! what is not refused can be worked with. Used by the fuzzer and, with the kept inputs, by `api/tests/corpora.rs`.

use std::hash::Hasher;
use std::io::Write as _;
use std::sync::{Arc, OnceLock};

use sharxi_api::desk::Desk;
use sharxi_api::executor::{Executor, Sent};
use sharxi_api::intent::{Asked, Caller, Fact, Intent};
use sharxi_api::journal::person::Erased;
use sharxi_api::journal::record::{Batch, EndedRide, Header, Record, Snapshot, StateHash};
use sharxi_api::journal::sqlite::SqliteJournal;
use sharxi_api::journal::{Journal, JournalError, Visit, recovery, snapshot};
use sharxi_api::map::Map;
use sharxi_api::spots::spots;
use sharxi_api::wire::convert;
use sharxi_api::wire::message::{Role, read_command, read_command_as, read_hello};
use sharxi_engine::demand::request::{Name, Party, RideRequest, When};
use sharxi_engine::dispatcher::Dispatcher;
use sharxi_engine::fleet::vehicle::{Fittings, VehicleSpec};
use sharxi_engine::geo::LatLon;
use sharxi_engine::import::{Profile, import_pbf};
use sharxi_engine::oracle::{Location, Oracle};
use sharxi_engine::planning::policy::Policy;
use sharxi_engine::region::{Region, TrafficChange};
use sharxi_engine::units::{EngineTime, Millis};
use siphasher::sip::SipHasher13;

#[path = "orders.rs"]
mod orders;

pub use orders::commands;

/// What is done with an input.
pub type Target = fn(&[u8]);

/// What a target is called and what it is.
pub const TARGETS: [(&str, Target); 6] = [
    ("pbf", pbf),
    ("region", region),
    ("journal", journal),
    ("wire", wire),
    ("config", config),
    ("commands", commands),
];

/// A map of sixteen junctions, see `seeds.py`.
const VILLAGE: &[u8] = include_bytes!("../village.osm.pbf");
/// 2026-01-05T06:00:00Z.
const SIX_MS: i64 = 1_767_592_800_000;

/// Takes the first byte off.
fn first(data: &[u8]) -> (u8, &[u8]) {
    data.split_first().map_or((0, data), |(&first, rest)| (first, rest))
}

fn import(bytes: &[u8]) -> Option<Region> {
    static PROFILE: OnceLock<Option<Profile>> = OnceLock::new();
    let profile = PROFILE.get_or_init(|| Profile::built_in("car")).as_ref()?;
    import_pbf(bytes, profile, &|_, _| {}).ok().map(|(region, _report)| region)
}

/// The village, to work on.
///
/// # Panics
/// If the village is no map, which is a mistake in this folder.
#[must_use]
pub fn village() -> Arc<Region> {
    static REGION: OnceLock<Arc<Region>> = OnceLock::new();
    let made = || Arc::new(import(VILLAGE).expect("the village is a map"));
    Arc::clone(REGION.get_or_init(made))
}

/// A map file; after an odd first byte the block of one, framed here as compression hides it from a fuzzer.
pub fn pbf(data: &[u8]) {
    let (mode, rest) = first(data);
    let region = if mode.is_multiple_of(2) { import(rest) } else { import(&framed(rest)) };
    if let Some(region) = region {
        use_region(&region);
    }
}

fn framed(block: &[u8]) -> Vec<u8> {
    // The header blob of the village ends where the next frame begins: length, then 11 and 2 bytes, then 2 and the blob.
    let header = VILLAGE.get(..header_len()).unwrap_or_default();
    let mut blob = vec![0x0a];
    varint(block.len(), &mut blob);
    blob.extend(block);
    let mut head = b"\x0a\x07OSMData\x18".to_vec();
    varint(blob.len(), &mut head);
    let length = u32::try_from(head.len()).unwrap_or(u32::MAX).to_be_bytes();
    [header, &length, &head, &blob].concat()
}

/// Bytes of the village's first frame.
fn header_len() -> usize {
    let at = VILLAGE.windows(7).position(|seven| seven == b"OSMData");
    at.map_or(0, |at| at - 6)
}

fn varint(mut n: usize, to: &mut Vec<u8>) {
    while n > 127 {
        to.push(u8::try_from(n % 128).unwrap_or_default() | 128);
        n /= 128;
    }
    to.push(u8::try_from(n).unwrap_or_default());
}

/// Whoever has a region asks it something; what it says of itself must come back.
fn use_region(region: &Region) {
    let (south_west, north_east) = region.bounds();
    let ends = [south_west, north_east].map(|corner| region.snap(corner, 1e7));
    if let [Some(from), Some(to)] = ends {
        let (from, to) = (from.location, to.location);
        let time = region.time(from, to);
        let path = region.path(from, to);
        assert_eq!(path.as_ref().map_or(Millis::INFINITE, |path| path.duration), time);
        if let Some(path) = path {
            drop(region.path_geometry(&path));
        }
    }
    // The same bytes and not only the same fingerprint: numbers may have been written longer than they need to be.
    let file = region.encode();
    assert_eq!(Region::decode(&file).map(|again| again.encode()).ok(), Some(file));
}

/// A region file; after an odd first byte one whose checksums are made right, as no fuzzer guesses them.
pub fn region(data: &[u8]) {
    let (mode, rest) = first(data);
    let file = if mode.is_multiple_of(2) { rest.to_vec() } else { summed(rest) };
    if let Ok(region) = Region::decode(&file) {
        use_region(&region);
    }
}

/// The file with right checksums, as far as its lengths hold.
fn summed(file: &[u8]) -> Vec<u8> {
    const SECTIONS: usize = 6;
    const HEADER: usize = 16 + 20 * SECTIONS + 8;
    let mut file = file.to_vec();
    if file.len() < HEADER {
        return file;
    }
    let mut start = HEADER;
    for section in 0..SECTIONS {
        let row = 16 + 20 * section;
        let length =
            file[row + 4..row + 12].iter().rev().fold(0_u64, |n, &b| n << 8 | u64::from(b));
        let end = usize::try_from(length).unwrap_or(usize::MAX).saturating_add(start);
        let Some(body) = file.get(start..end) else { break };
        let sum = checksum(body).to_le_bytes();
        file[row + 12..row + 20].copy_from_slice(&sum);
        start = end;
    }
    let sum = checksum(&file[..HEADER - 8]).to_le_bytes();
    file[HEADER - 8..HEADER].copy_from_slice(&sum);
    file
}

fn checksum(bytes: &[u8]) -> u64 {
    let mut hasher = SipHasher13::new();
    hasher.write(bytes);
    hasher.finish()
}

/// The header of journals in the village.
fn header() -> Header {
    let map = village();
    Header {
        region_name: "Village".into(),
        region_fingerprint: Map::fingerprint(map.as_ref()),
        policy: Policy::default(),
        spots: spots(map.as_ref()),
        start: EngineTime::from_unix_ms(SIX_MS),
    }
}

/// A whole journal of a few rides with a snapshot in it, as the bytes of its file.
///
/// # Errors
/// Whatever the journal or the disk says.
pub fn whole_journal() -> Result<Vec<u8>, Box<dyn std::error::Error>> {
    let folder = tempfile::tempdir()?;
    let path = folder.path().join("journal.sqlite");
    let map: Arc<dyn Map> = village();
    let mut journal = SqliteJournal::open(&path, header())?;
    let dispatcher =
        Dispatcher::new(map.clone(), Policy::default(), &journal.header().spots.clone());
    let mut executor = Executor::new(dispatcher, map.clone());
    let desk = Desk::new(map.clone());
    let caller = Caller { role: Role::Operator, name: "desk".into() };
    let place = |idx: usize| places()[idx % places().len()];
    for step in 0..12_u32 {
        let at = EngineTime::from_unix_ms(SIX_MS + i64::from(step) * 20_000);
        let name = |kind: &str| Name::new(format!("{kind}{step}"));
        let intent = match step {
            0 | 5 => Intent::StartShift { spec: taxi(name("v")?, place(0), at), starts: None },
            1..=4 | 6..=9 => Intent::RequestRide(Asked {
                request: RideRequest {
                    name: name("r")?,
                    from: place(step as usize),
                    to: place(step as usize + 7),
                    pickups: Vec::new(),
                    dropoffs: Vec::new(),
                    party: Party::new(1, 0)?,
                    when: When::Now,
                    accept_at_once: step.is_multiple_of(2),
                },
                doors: [place(step as usize), place(step as usize + 7)].map(|at| map.point(at)),
                walk_max: None,
            }),
            10 => Intent::CancelRide(Name::new("r2")?),
            _ => Intent::Report { vehicle: Name::new("v0")?, at, fact: Fact::Depart(None) },
        };
        let id = step.to_string();
        let sent = Sent { at, caller: &caller, id: &id, body_digest: u64::from(step) };
        let done = executor.execute(sent, intent, &journal)?;
        let hash = executor.dispatcher().state_hash();
        let hashes = vec![StateHash { seq: executor.record_seq(), hash, clean: false }];
        let snapshot = if step == 6 {
            snapshot::take(&executor, &desk)?.map(|taken| steps(&taken)).unwrap_or_default()
        } else {
            Vec::new()
        };
        let records = done.record.into_iter().collect();
        journal.append(&Batch { records, hashes, ended: done.ended, snapshot })?;
    }
    drop(journal);
    Ok(std::fs::read(&path)?)
}

fn steps(snapshot: &Snapshot) -> Vec<sharxi_api::journal::record::SnapshotStep> {
    use sharxi_api::journal::record::SnapshotStep::{Part, Seal};
    let (seq, at, crc) = (snapshot.seq, snapshot.at, snapshot.crc());
    let n_bytes = snapshot.body.len() as u64;
    vec![Part { seq, idx: 0, body: snapshot.body.clone() }, Seal { seq, at, n_bytes, crc }]
}

/// Places in the village that may be driven.
fn places() -> &'static [Location] {
    static PLACES: OnceLock<Vec<Location>> = OnceLock::new();
    PLACES.get_or_init(|| {
        let map = village();
        let (south_west, north_east) = Map::bounds(map.as_ref());
        let share = |from: f64, to: f64, part: u32| from + (to - from) * f64::from(part) / 4.0;
        let corner = |i: u32| {
            let lat = share(south_west.lat(), north_east.lat(), i / 5);
            LatLon::from_degrees(lat, share(south_west.lon(), north_east.lon(), i % 5))
        };
        let found =
            (0..25).filter_map(corner).filter_map(|point| Map::snap(map.as_ref(), point, 1e6));
        found.map(|snap| snap.location).collect()
    })
}

fn taxi(name: Name, start: Location, at: EngineTime) -> VehicleSpec {
    let kind = name.clone();
    let shift_end = at + Millis::from_secs(8 * 3600);
    let fittings = Fittings::default();
    let (seats, wheelchairs) = (4, 1);
    VehicleSpec { name, kind, seats, wheelchairs, fittings, start, shift_start: at, shift_end }
}

/// A journal. After an even first byte a whole one with bytes changed (offsets of three bytes, and the byte to set there), cut if the
/// second bit is set; after an odd one records and snapshots that no checksum guards.
pub fn journal(data: &[u8]) {
    let (mode, rest) = first(data);
    if mode.is_multiple_of(2) { changed_journal(mode, rest) } else { loose_journal(rest) }
}

fn changed_journal(mode: u8, edits: &[u8]) {
    static WHOLE: OnceLock<Vec<u8>> = OnceLock::new();
    let mut file = WHOLE.get_or_init(|| whole_journal().expect("a journal can be written")).clone();
    let offset = |edit: &[u8]| edit.iter().take(3).fold(0, |n, &b| n << 8 | usize::from(b));
    for edit in edits.chunks_exact(4).take(64) {
        let at = offset(edit) % file.len();
        file[at] = edit[3];
    }
    if mode & 2 != 0 {
        let cut = offset(edits) % (file.len() + 1);
        file.truncate(cut);
    }
    let folder = if std::path::Path::new("/dev/shm").is_dir() {
        "/dev/shm".into()
    } else {
        std::env::temp_dir()
    };
    let folder = tempfile::tempdir_in(folder).expect("a folder");
    let path = folder.path().join("j");
    std::fs::File::create(&path).and_then(|mut to| to.write_all(&file)).expect("a file");
    let map: Arc<dyn Map> = village();
    if let Ok(journal) = SqliteJournal::open(&path, header()) {
        drop(
            recovery::recover(&journal, &map).map(|found| found.executor.dispatcher().state_hash()),
        );
    }
}

/// Records and snapshots as they are.
struct Loose {
    header: Header,
    records: Vec<Record>,
    snapshots: Vec<Snapshot>,
}

fn loose_journal(data: &[u8]) {
    let Ok((records, snapshots)) = postcard::from_bytes(data) else { return };
    let journal = Loose { header: header(), records, snapshots };
    let map: Arc<dyn Map> = village();
    drop(recovery::recover(&journal, &map).map(|found| found.executor.dispatcher().state_hash()));
}

impl Journal for Loose {
    fn append(&mut self, _batch: &Batch) -> Result<(), JournalError> {
        Ok(())
    }

    fn replay(&self, after: u64, visit: &mut Visit<'_>) -> Result<(), JournalError> {
        let later = self.records.iter().filter(|record| after < record.seq);
        later.cloned().try_for_each(|record| visit(record, None))
    }

    fn answered(
        &self,
        _last: u64,
        _limit: usize,
        visit: &mut dyn FnMut(Record),
    ) -> Result<(), JournalError> {
        self.records.iter().cloned().for_each(visit);
        Ok(())
    }

    fn snapshots(&self) -> Result<Vec<u64>, JournalError> {
        Ok(self.snapshots.iter().map(|snapshot| snapshot.seq).collect())
    }

    fn snapshot(&self, seq: u64) -> Result<Snapshot, JournalError> {
        let found = self.snapshots.iter().find(|snapshot| snapshot.seq == seq);
        found.cloned().ok_or(JournalError::History)
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
        &self.header
    }
}

/// What clients send: messages of a socket, bodies of commands and of traffic.
pub fn wire(data: &[u8]) {
    let (mode, rest) = first(data);
    let map = village();
    match mode % 6 {
        0 => drop(read_hello(&String::from_utf8_lossy(rest))),
        1 => {
            if let Ok(command) = read_command(&String::from_utf8_lossy(rest)) {
                drop(convert::order(&command, map.as_ref()));
            }
        }
        2 => {
            if let Ok((_sender, command)) = read_command_as(rest) {
                drop(convert::order(&command, map.as_ref()));
            }
        }
        3 => traffic(
            sharxi_api::wire::traffic::read(rest, &map.way_ids())
                .ok()
                .map(|(_, feed)| feed.changes),
        ),
        4 => traffic(
            sharxi_api::traffic::table::read(rest, &map.way_ids()).ok().map(|feed| feed.changes),
        ),
        _ => traffic(sharxi_api::traffic::areas::read(rest).ok().map(|feed| feed.changes)),
    }
}

/// What could be read can be taken over, or is refused.
fn traffic(changes: Option<Vec<TrafficChange>>) {
    if let Some(changes) = changes {
        let oracle: Arc<dyn Oracle> = village();
        drop(oracle.with_traffic(&changes));
    }
}

/// What operators write: the configuration, zones, hours of the week, profiles.
pub fn config(data: &[u8]) {
    let (mode, rest) = first(data);
    let text = String::from_utf8_lossy(rest);
    match mode % 5 {
        0 => drop(sharxi_api::config::parse(&text)),
        1 => {
            let settings = text.lines().filter_map(|line| line.split_once('='));
            let settings = settings.map(|(key, value)| (key.to_owned(), value.to_owned()));
            drop(sharxi_api::config::load(None, settings));
        }
        2 => drop(sharxi_api::feeds::zones::parse(&text)),
        3 => drop(sharxi_engine::region::WeekProfile::parse(&text)),
        _ => drop(Profile::parse(&text)),
    }
}

/// For the fuzzer, whose own hook ends the process at any panic: those of the map decoder are caught by the import, and only one that gets
/// out is a finding.
pub fn guarded(target: Target, data: &[u8]) {
    static QUIET: OnceLock<()> = OnceLock::new();
    QUIET.get_or_init(|| {
        if std::env::var_os("LOUD").is_none() {
            std::panic::set_hook(Box::new(|_| {}));
        }
    });
    if std::panic::catch_unwind(|| target(data)).is_err() {
        eprintln!("a panic got out; run again with LOUD=1 to see it");
        std::process::abort();
    }
}
