//! The disk under the journal, and what a crash leaves on it.
//!
//! A crash in the middle of a write: the files before and after it tell which calls the journal made, as in
//! `api/tests/crash_images.rs`: the header of the log, its frames, pages copied into the file, the mark, with a sync between each.
//! The disk has all calls up to some point, and of the phase that was under way any others, the last one perhaps in part.

use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

use sharxi_api::intent::Caller;
use sharxi_api::journal::person::Erased;
use sharxi_api::journal::record::{Batch, EndedRide, Header, Record, Snapshot};
use sharxi_api::journal::sqlite::SqliteJournal;
use sharxi_api::journal::{Journal, JournalError, Visit};
use sharxi_engine::units::EngineTime;

use crate::rng::Rng;

const FRAME_HEADER: usize = 24;
const LOG_HEADER: usize = 32;
const PAGE: usize = 4096;
const MARK_SLOT: usize = 512;
const ENDINGS: [&str; 3] = ["", "-wal", ".mark"];
/// In `ENDINGS`.
const FILE: usize = 0;
const LOG: usize = 1;
const MARK: usize = 2;

/// The three files of a journal.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Image([Vec<u8>; 3]);

/// One storage call.
struct Call {
    file: usize,
    at: usize,
    bytes: Vec<u8>,
    phase: usize,
}

impl Image {
    /// As the files are now; one that is not there is empty.
    ///
    /// # Errors
    /// If a file can't be read.
    pub fn of(journal: &Path) -> std::io::Result<Self> {
        let mut image = Self::default();
        for (ending, bytes) in ENDINGS.iter().zip(&mut image.0) {
            match std::fs::read(with(journal, ending)) {
                Ok(read) => *bytes = read,
                Err(error) if error.kind() == std::io::ErrorKind::NotFound => {}
                Err(error) => return Err(error),
            }
        }
        Ok(image)
    }

    /// Puts the files there.
    ///
    /// # Errors
    /// If a file can't be written.
    pub fn put(&self, journal: &Path) -> std::io::Result<()> {
        let mut files = ENDINGS.iter().zip(&self.0);
        files.try_for_each(|(ending, bytes)| std::fs::write(with(journal, ending), bytes))
    }

    fn apply(&mut self, call: &Call, n_bytes: usize) {
        let file = &mut self.0[call.file];
        file.resize(file.len().max(call.at + n_bytes), 0);
        file[call.at..call.at + n_bytes].copy_from_slice(&call.bytes[..n_bytes]);
    }

    /// The calls that lead from this image to the next.
    fn calls(&self, next: &Self) -> Vec<Call> {
        let mut calls = Vec::new();
        let mut call = |file: usize, at: usize, end: usize, phase| {
            let new = &next.0[file][at.min(next.0[file].len())..end.min(next.0[file].len())];
            if self.0[file].get(at..at + new.len()) != Some(new) && !new.is_empty() {
                calls.push(Call { file, at, bytes: new.to_vec(), phase });
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
        for at in (0..next.0[MARK].len()).step_by(MARK_SLOT) {
            call(MARK, at, at + MARK_SLOT, 3);
        }
        calls
    }

    /// What a crash on the way to `next` may leave.
    fn crashed(mut self, next: &Self, rng: &mut Rng) -> Self {
        let calls = self.calls(next);
        let n_done = rng.below(calls.len() + 1);
        for call in &calls[..n_done] {
            self.apply(call, call.bytes.len());
        }
        let Some(torn) = calls.get(n_done) else { return self };
        if rng.below(2) == 0 {
            let others = calls[n_done + 1..].iter().filter(|call| call.phase == torn.phase);
            for other in others {
                if rng.below(2) == 0 {
                    self.apply(other, other.bytes.len());
                }
            }
        }
        self.apply(torn, rng.below(torn.bytes.len()));
        self
    }
}

fn with(journal: &Path, ending: &str) -> PathBuf {
    let mut path = journal.as_os_str().to_owned();
    path.push(ending);
    PathBuf::from(path)
}

/// What happens to the next write.
#[derive(Debug)]
pub enum Fault {
    /// It fails, and nothing of it is written.
    Full,
    /// The process is killed in its course.
    Killed(Rng),
}

/// What the storm and the journal have in common.
#[derive(Debug, Default)]
pub struct Shared {
    /// What happens to the next write.
    pub fault: Option<Fault>,
    /// What the disk has after the process was killed.
    pub image: Option<Image>,
}

/// The service's journal on a disk that may fail.
pub struct FaultyJournal {
    inner: SqliteJournal,
    path: PathBuf,
    shared: Arc<Mutex<Shared>>,
}

impl FaultyJournal {
    /// The journal at `path`, with the word from the storm.
    #[must_use]
    pub const fn new(inner: SqliteJournal, path: PathBuf, shared: Arc<Mutex<Shared>>) -> Self {
        Self { inner, path, shared }
    }

    fn killed(&mut self, batch: &Batch, mut rng: Rng) -> Result<Image, JournalError> {
        let unread = |source| JournalError::Mark { action: "look at", source };
        let before = Image::of(&self.path).map_err(unread)?;
        self.inner.append(batch)?;
        let after = Image::of(&self.path).map_err(unread)?;
        Ok(before.crashed(&after, &mut rng))
    }
}

/// Why a write failed.
fn struck(what: &'static str) -> JournalError {
    JournalError::Mark { action: "write", source: std::io::Error::other(what) }
}

impl Journal for FaultyJournal {
    fn append(&mut self, batch: &Batch) -> Result<(), JournalError> {
        let fault = lock(&self.shared).fault.take();
        match fault {
            None => self.inner.append(batch),
            Some(Fault::Full) => Err(struck("the disk is full")),
            Some(Fault::Killed(rng)) => {
                let image = self.killed(batch, rng)?;
                lock(&self.shared).image = Some(image);
                Err(struck("the process was killed"))
            }
        }
    }

    fn replay(&self, after: u64, visit: &mut Visit<'_>) -> Result<(), JournalError> {
        self.inner.replay(after, visit)
    }

    fn answered(
        &self,
        last: u64,
        limit: usize,
        visit: &mut dyn FnMut(Record),
    ) -> Result<(), JournalError> {
        self.inner.answered(last, limit, visit)
    }

    fn snapshots(&self) -> Result<Vec<u64>, JournalError> {
        self.inner.snapshots()
    }

    fn snapshot(&self, seq: u64) -> Result<Snapshot, JournalError> {
        self.inner.snapshot(seq)
    }

    fn ended(&self, ride: &str) -> Result<Option<EndedRide>, JournalError> {
        self.inner.ended(ride)
    }

    fn ended_of(&self, caller: &Caller, limit: usize) -> Result<Vec<EndedRide>, JournalError> {
        self.inner.ended_of(caller, limit)
    }

    fn prune(&mut self, before: EngineTime) -> Result<usize, JournalError> {
        self.inner.prune(before)
    }

    fn erase(&mut self, caller: &Caller, now: &Snapshot) -> Result<Erased, JournalError> {
        self.inner.erase(caller, now)
    }

    fn header(&self) -> &Header {
        self.inner.header()
    }
}

/// A poisoned lock is taken all the same: nothing in here is half done when a thread panics.
pub fn lock(shared: &Mutex<Shared>) -> std::sync::MutexGuard<'_, Shared> {
    shared.lock().unwrap_or_else(PoisonError::into_inner)
}
