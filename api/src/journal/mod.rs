//! What was decided, durably, before anybody hears of it (I6); and the way back from it after a crash (I1, I9).
//!
//! One record a command: when, who, what, a digest of the events that came of it, and the reply. Every so many
//! commands the hash of the whole state. [`sqlite`] says how that looks in a file.

pub mod record;
pub mod recovery;
pub mod sqlite;

use record::{Batch, Header, Record};

/// Where records are kept.
pub trait Journal: Send {
    /// Writes and syncs a batch, all or nothing; durable when it returns.
    ///
    /// # Errors
    /// [`JournalError::Storage`]; then nothing may be acknowledged and the process must end, since a sync that failed
    /// once proves nothing when it is repeated.
    fn append(&mut self, batch: &Batch) -> Result<(), JournalError>;

    /// Calls `visit` with every record in order and the state hash recorded after it.
    ///
    /// # Errors
    /// What `visit` returns, [`JournalError::Corrupt`] for a record that is not what was written.
    fn replay(&mut self, visit: &mut Visit<'_>) -> Result<(), JournalError>;

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
