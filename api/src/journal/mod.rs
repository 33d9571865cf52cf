//! What was decided, durably, before anybody hears of it (I6); and the way back from it after a crash (I1, I9).
//!
//! One record a command: when, who, what, a digest of the events that came of it, and the reply. Every so many
//! commands the hash of the whole state. [`sqlite`] says how that looks in a file.

pub mod copies;
pub mod mark;
pub mod person;
pub mod record;
pub mod recovery;
pub mod snapshot;
pub mod sqlite;

mod heading;
mod history;
mod pages;
mod room;
mod snapshots;

use record::{Batch, EndedRide, Header, Record, Snapshot};
use sharxi_engine::units::EngineTime;

use self::person::Erased;
use crate::intent::Caller;

/// Where records are kept.
pub trait Journal: Send {
    /// Writes and syncs a batch, all or nothing; durable when it returns.
    ///
    /// # Errors
    /// [`JournalError::Storage`]; then nothing may be acknowledged and the process must end, since a sync that failed
    /// once proves nothing when it is repeated.
    fn append(&mut self, batch: &Batch) -> Result<(), JournalError>;

    /// Calls `visit` with every record after number `after` in order and the state hash recorded after it.
    ///
    /// # Errors
    /// What `visit` returns, [`JournalError::Corrupt`] for a record that is not what was written or is missing.
    fn replay(&self, after: u64, visit: &mut Visit<'_>) -> Result<(), JournalError>;

    /// Calls `visit` with the records up to number `last` in order, from where on `limit` of them bear a command id.
    ///
    /// # Errors
    /// As [`Journal::replay`].
    fn answered(
        &self,
        last: u64,
        limit: usize,
        visit: &mut dyn FnMut(Record),
    ) -> Result<(), JournalError>;

    /// The snapshots that are complete, newest first.
    ///
    /// # Errors
    /// [`JournalError::Storage`].
    fn snapshots(&self) -> Result<Vec<u64>, JournalError>;

    /// A snapshot as it was written.
    ///
    /// # Errors
    /// [`JournalError::Snapshot`] if it is not.
    fn snapshot(&self, seq: u64) -> Result<Snapshot, JournalError>;

    /// A ride that has ended, if its row is still kept.
    ///
    /// # Errors
    /// [`JournalError::History`] if it is not what was written.
    fn ended(&self, ride: &str) -> Result<Option<EndedRide>, JournalError>;

    /// The newest `limit` rides of a caller that have ended, oldest first.
    ///
    /// # Errors
    /// As [`Journal::ended`].
    fn ended_of(&self, caller: &Caller, limit: usize) -> Result<Vec<EndedRide>, JournalError>;

    /// Removes some records and ended rides that are older than `before` and that no kept snapshot needs; how many.
    ///
    /// # Errors
    /// As [`Journal::append`].
    fn prune(&mut self, before: EngineTime) -> Result<usize, JournalError>;

    /// Looks after the file, about once a second; whether there is room for new rides.
    ///
    /// # Errors
    /// [`JournalError::Pages`] if damage has been found meanwhile.
    fn look_after(&mut self) -> Result<bool, JournalError> {
        Ok(true)
    }

    /// Erases a caller of whom no ride is known any more; recovery goes on from `now`, which must be of this moment.
    ///
    /// # Errors
    /// [`JournalError`]; then nothing was erased.
    fn erase(&mut self, caller: &Caller, now: &Snapshot) -> Result<Erased, JournalError>;

    /// What the journal was opened with first.
    fn header(&self) -> &Header;
}

/// Called with each record and the state hash after it, if one was recorded.
pub type Visit<'a> = dyn FnMut(Record, Option<u64>) -> Result<(), JournalError> + 'a;

/// Why a journal can't be used.
#[derive(Debug, thiserror::Error)]
pub enum JournalError {
    /// The file or the disk under it.
    #[error("{action} the journal")]
    Storage {
        /// What was tried.
        action: &'static str,
        /// What came of it.
        #[source]
        source: rusqlite::Error,
    },
    /// There is no room for it.
    #[error("{action} the journal: the disk is full")]
    Full {
        /// What was tried.
        action: &'static str,
        /// What came of it.
        #[source]
        source: rusqlite::Error,
    },
    /// The file is damaged.
    #[error("read the journal: its pages do not hang together; restore the file from a copy")]
    Pages,
    /// No thread to check it with.
    #[error("check the journal")]
    Thread {
        /// What came of it.
        #[source]
        source: std::io::Error,
    },
    /// Another process writes to it.
    #[error("open the journal: another process has it open")]
    InUse,
    /// Written by a later version.
    #[error("read the journal: its format is version {found}, this program knows version {known}")]
    Version {
        /// In the file.
        found: u32,
        /// Here.
        known: u32,
    },
    /// Made for other roads.
    #[error("use the journal: it belongs to region {theirs}, not to {ours}; give another file")]
    OtherRegion {
        /// Name and fingerprint in the file.
        theirs: String,
        /// Name and fingerprint given.
        ours: String,
    },
    /// Made under other rules than those asked for.
    #[error(
        "use the journal: it was begun under another {what}; leave that out to go on with it, or give another file"
    )]
    OtherRules {
        /// `policy.KEY` or `set of spots`.
        what: String,
    },
    /// The header is not what was written.
    #[error("read the journal: its header lacks a valid {0}")]
    Header(&'static str),
    /// A record is not what was written.
    #[error("read record {seq} of the journal: {what}; restore the file from a copy")]
    Corrupt {
        /// Which record.
        seq: u64,
        /// What is wrong with it.
        what: &'static str,
    },
    /// Files of copies.
    #[error("{action} the journal")]
    File {
        /// What was tried.
        action: &'static str,
        /// What came of it.
        #[source]
        source: std::io::Error,
    },
    /// The mark beside the journal.
    #[error("{action} the mark of the journal")]
    Mark {
        /// What was tried.
        action: &'static str,
        /// What came of it.
        #[source]
        source: std::io::Error,
    },
    /// Commands that were acknowledged are gone.
    #[error(
        "use the journal: it ends at record {ends}, but {acknowledged} were acknowledged; the file or its -wal is damaged: restore \
         it from a copy (if it is a copy put here by hand, remove the file with the ending .mark)"
    )]
    Lost {
        /// The last record there is.
        ends: u64,
        /// The last one that was acknowledged.
        acknowledged: u64,
    },
    /// A snapshot is not what was written.
    #[error("use the snapshot after record {seq}: {what}")]
    Snapshot {
        /// Which.
        seq: u64,
        /// What is wrong with it.
        what: String,
    },
    /// The row of a ride that has ended is not what was written.
    #[error(
        "read the journal: an ended ride is not as it was written; restore the file from a copy"
    )]
    History,
    /// Replaying gives something else than what happened.
    #[error(
        "replay record {seq} of the journal: {what}; it was written by another version or changed since"
    )]
    Diverged {
        /// Which record.
        seq: u64,
        /// What differs.
        what: &'static str,
    },
    /// A value can't be encoded; a bug.
    #[error("encode a record of the journal")]
    Encode(#[source] postcard::Error),
}
