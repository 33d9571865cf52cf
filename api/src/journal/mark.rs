//! A small file beside the journal that says how far commands were acknowledged.
//!
//! SQLite takes a damaged frame of its write-ahead log for the end of the log, and would go on without what was acknowledged
//! after it. The mark notices: it is written after the sync of a batch, so it is never ahead of what is durable, and a journal
//! that ends before it has lost something. It is itself synced about once a second and when the service stops; what a
//! power cut leaves of it may be older, and then only says less. Who writes the journal holds the lock of this file, so that
//! nobody else does; readers need none.
//!
//! `JOURNAL.mark`: two slots of 512 bytes, written in turn: `seq` (u64, little-endian), the CRC-32 of the journal's header
//! checksum and `seq` (u32), zeros. The greater valid one counts. A mark of another journal, or none, says nothing.

use std::fs::{File, OpenOptions, TryLockError};
use std::io::{Read, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

const SLOT_BYTES: usize = 512;
const SYNC_EVERY: Duration = Duration::from_secs(1);

/// The file.
pub(super) struct Mark {
    file: File,
    /// Tells one journal's mark from another's; 0 before the journal is known.
    journal: u32,
    slot: bool,
    synced: Instant,
}

/// Where the mark of a journal is.
#[must_use]
pub fn path_of(journal: &Path) -> PathBuf {
    let mut path = journal.as_os_str().to_owned();
    path.push(".mark");
    PathBuf::from(path)
}

fn crc(journal: u32, seq: u64) -> u32 {
    let mut hasher = crc32fast::Hasher::new();
    hasher.update(&journal.to_le_bytes());
    hasher.update(&seq.to_le_bytes());
    hasher.finalize()
}

fn seq_in(slot: &[u8], journal: u32) -> Option<u64> {
    let seq = u64::from_le_bytes(*slot.first_chunk()?);
    let found = u32::from_le_bytes(*slot.get(8..)?.first_chunk()?);
    (found == crc(journal, seq)).then_some(seq)
}

impl Mark {
    /// Opens the mark of a journal, or begins it, and takes its lock; `None` if another has it.
    pub(super) fn lock(journal_path: &Path) -> std::io::Result<Option<Self>> {
        let mut options = OpenOptions::new();
        options.read(true).write(true).create(true).truncate(false);
        let file = options.open(path_of(journal_path))?;
        match file.try_lock() {
            Ok(()) => Ok(Some(Self { file, journal: 0, slot: false, synced: Instant::now() })),
            Err(TryLockError::WouldBlock) => Ok(None),
            Err(TryLockError::Error(error)) => Err(error),
        }
    }

    /// The number that it bears, if it is of this journal; from now on it is.
    pub(super) fn read(&mut self, journal: u32) -> std::io::Result<Option<u64>> {
        let mut bytes = Vec::new();
        self.file.seek(SeekFrom::Start(0))?;
        Read::by_ref(&mut self.file).take(2 * SLOT_BYTES as u64).read_to_end(&mut bytes)?;
        let slots: Vec<Option<u64>> =
            bytes.chunks(SLOT_BYTES).map(|slot| seq_in(slot, journal)).collect();
        if bytes.len() < 2 * SLOT_BYTES {
            // Room is taken now, so that a full disk does not matter later.
            self.file.write_all(&vec![0; 2 * SLOT_BYTES - bytes.len()])?;
            self.file.sync_all()?;
        }
        let newest = slots.iter().copied().flatten().max();
        // The older slot is written next.
        self.slot = newest.is_some() && slots.first().copied().flatten() == newest;
        self.journal = journal;
        Ok(newest)
    }

    /// From now on it says nothing.
    pub(super) fn clear(&mut self) -> std::io::Result<()> {
        self.file.set_len(0)?;
        self.file.sync_all()
    }

    /// Notes that everything up to record `seq` is durable.
    pub(super) fn write(&mut self, seq: u64, sync: bool) -> std::io::Result<()> {
        let mut slot = [0; 12];
        slot[..8].copy_from_slice(&seq.to_le_bytes());
        slot[8..].copy_from_slice(&crc(self.journal, seq).to_le_bytes());
        self.file.seek(SeekFrom::Start(if self.slot { SLOT_BYTES as u64 } else { 0 }))?;
        self.file.write_all(&slot)?;
        self.slot = !self.slot;
        if sync || SYNC_EVERY <= self.synced.elapsed() {
            self.file.sync_data()?;
            self.synced = Instant::now();
        }
        Ok(())
    }
}
