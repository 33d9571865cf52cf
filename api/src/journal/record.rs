//! The contents of a journal, independent of where it is kept.

use serde::{Deserialize, Serialize};
use sharxi_engine::dispatcher::Spot;
use sharxi_engine::dispatcher::command::Command;
use sharxi_engine::dispatcher::event::Event;
use sharxi_engine::planning::policy::Policy;
use sharxi_engine::units::EngineTime;
use siphasher::sip::SipHasher13;
use std::hash::Hasher;

use super::JournalError;
use crate::intent::Caller;

/// Version of the encoding of commands: the first byte of each.
pub const COMMAND_VERSION: u8 = 1;
/// Version of the file as a whole.
pub const FORMAT_VERSION: u32 = 4;

/// What a journal belongs to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Header {
    /// The region's name, for messages.
    pub region_name: String,
    /// Of the region's roads.
    pub region_fingerprint: u64,
    /// The rules.
    pub policy: Policy,
    /// Where demand is expected.
    pub spots: Vec<Spot>,
    /// What the service clock showed when the journal was begun.
    pub start: EngineTime,
}

/// Who sent a command and what it was told.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Origin {
    /// Who.
    pub caller: Caller,
    /// The command id that the caller chose.
    pub command_id: String,
    /// Of the message, to notice that an id is used for something else.
    pub body_digest: u64,
    /// The answer, word for word.
    pub reply: String,
}

/// What the dispatcher made of it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Outcome {
    /// The state changed.
    Applied {
        /// Version byte and postcard of the engine's command.
        command: Vec<u8>,
        /// Of the events.
        events_digest: u64,
    },
    /// Nothing changed; kept so that a repeat gets the same answer.
    Refused,
    /// The personal data of a rider was erased, and with it all but the time; only a later snapshot leads past it.
    Erased,
}

/// One command.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Record {
    /// From 1, without gaps.
    pub seq: u64,
    /// The time at which it was applied.
    pub at: EngineTime,
    /// Who sent it; `None` for a tick of the service itself.
    pub origin: Option<Origin>,
    /// What came of it.
    pub outcome: Outcome,
}

/// The state hash after a record.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct StateHash {
    /// After which record.
    pub seq: u64,
    /// The hash.
    pub hash: u64,
    /// Whether the service stopped in good order here.
    pub clean: bool,
}

/// What is written under one sync.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Batch {
    /// In order.
    pub records: Vec<Record>,
    /// In order.
    pub hashes: Vec<StateHash>,
    /// Rides that have ended.
    pub ended: Vec<EndedRide>,
    /// What is written of a snapshot.
    pub snapshot: Vec<SnapshotStep>,
}

/// A ride that has ended, as it is told from now on: the dispatcher forgets it after an hour.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct EndedRide {
    /// The outside's name for it.
    pub name: String,
    /// Who asked for it.
    pub asked_by: Caller,
    /// The record by which it ended.
    pub seq: u64,
    /// When that was.
    pub at: EngineTime,
    /// The ride as in the protocol's snapshot, JSON.
    pub info: String,
}

/// Everything as it was after a record, to begin from.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Snapshot {
    /// After which record.
    pub seq: u64,
    /// The time of the last command that changed something.
    pub at: EngineTime,
    /// Version byte and contents, see [`super::snapshot`].
    pub body: Vec<u8>,
}

/// A piece of a snapshot on its way into the file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum SnapshotStep {
    /// One part of its body.
    Part {
        /// Of which snapshot.
        seq: u64,
        /// Which part, from 0.
        idx: u32,
        /// At most [`crate::limits::SNAPSHOT_PART_BYTES`].
        body: Vec<u8>,
    },
    /// All parts are written: it counts from now on.
    Seal {
        /// Which snapshot.
        seq: u64,
        /// Its time.
        at: EngineTime,
        /// Bytes of its body.
        n_bytes: u64,
        /// [`Snapshot::crc`].
        crc: u32,
    },
}

impl Batch {
    /// Whether there is nothing to write.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.records.is_empty()
            && self.hashes.is_empty()
            && self.ended.is_empty()
            && self.snapshot.is_empty()
    }
}

/// Checksum over every field of a row.
fn crc_of(row: &impl Serialize) -> Result<u32, JournalError> {
    let bytes = postcard::to_stdvec(row).map_err(JournalError::Encode)?;
    Ok(crc32fast::hash(&bytes))
}

impl EndedRide {
    /// Checksum over every field.
    ///
    /// # Errors
    /// [`JournalError::Encode`], which does not happen for these types.
    pub fn crc(&self) -> Result<u32, JournalError> {
        crc_of(self)
    }
}

impl Snapshot {
    /// Checksum over every field.
    #[must_use]
    pub fn crc(&self) -> u32 {
        let mut hasher = crc32fast::Hasher::new();
        hasher.update(&self.seq.to_le_bytes());
        hasher.update(&self.at.unix_ms().to_le_bytes());
        hasher.update(&self.body);
        hasher.finalize()
    }
}

impl Record {
    /// Checksum over every field.
    ///
    /// # Errors
    /// [`JournalError::Encode`], which does not happen for these types.
    pub fn crc(&self) -> Result<u32, JournalError> {
        crc_of(self)
    }

    /// The engine's command, or `None` if it was refused.
    ///
    /// # Errors
    /// [`JournalError::Corrupt`] if the bytes are no command of a known version, or were erased.
    pub fn command(&self) -> Result<Option<Command>, JournalError> {
        let corrupt = |what| JournalError::Corrupt { seq: self.seq, what };
        let command = match &self.outcome {
            Outcome::Applied { command, .. } => command,
            Outcome::Refused => return Ok(None),
            Outcome::Erased => {
                return Err(corrupt("it was erased, and no snapshot after it can be used"));
            }
        };
        match command.split_first() {
            Some((&COMMAND_VERSION, body)) => postcard::from_bytes(body)
                .map(Some)
                .map_err(|_error| corrupt("its command can't be decoded")),
            Some(_) => Err(corrupt("its command has an unknown version")),
            None => Err(corrupt("its command is empty")),
        }
    }
}

/// Version byte and postcard of a command.
///
/// # Errors
/// [`JournalError::Encode`], which does not happen for commands.
pub fn encode_command(command: &Command) -> Result<Vec<u8>, JournalError> {
    postcard::to_extend(command, vec![COMMAND_VERSION]).map_err(JournalError::Encode)
}

/// A digest of events, the same on every machine and in every build.
///
/// # Errors
/// [`JournalError::Encode`], which does not happen for events.
pub fn digest_events(events: &[Event]) -> Result<u64, JournalError> {
    let bytes = postcard::to_stdvec(events).map_err(JournalError::Encode)?;
    let mut hasher = SipHasher13::new();
    hasher.write(&bytes);
    Ok(hasher.finish())
}
