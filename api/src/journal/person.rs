//! What a journal holds of one rider: told on request, and erased.
//!
//! Of a rider there are: the commands (name, ids, places, times, the answers), the rides that have ended, and as long as the
//! dispatcher knows a ride, its state in snapshots and the newest events. Erasing leaves of each command its number and time,
//! removes rides and all snapshots, and writes one snapshot of now, from which recovery goes on: what was erased
//! can't be replayed, and need not be. Then the file is written anew, so that no page, free or in the log, holds the bytes.

use std::sync::Arc;

use rusqlite::params;
use sharxi_engine::units::EngineTime;

use super::record::{Batch, EndedRide, Outcome, Record, Snapshot, SnapshotStep};
use super::recovery::{Recovered, recover};
use super::sqlite::{ERASED, RECORD, SqliteJournal, read, storage};
use super::{Journal, JournalError, history, snapshot, snapshots};
use crate::desk::Desk;
use crate::executor::Executor;
use crate::intent::Caller;
use crate::limits::SNAPSHOT_PART_BYTES;
use crate::map::Map;

/// What was erased.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Erased {
    /// Commands.
    pub n_commands: usize,
    /// Rides that had ended.
    pub n_rides: usize,
    /// Whether the file was written anew as well, so that no free page and no log holds the bytes. Somebody who reads the file, or a
    /// full disk, prevents it; erasing once more tries again.
    pub is_rewritten: bool,
}

/// Why nothing was erased.
#[derive(Debug, thiserror::Error)]
pub enum EraseError {
    /// The journal.
    #[error(transparent)]
    Journal(#[from] JournalError),
    /// A ride is open.
    #[error("erase {name}: a ride is open; cancel it or let it end first")]
    Open {
        /// Whose.
        name: String,
    },
    /// A ride has ended too lately.
    #[error("erase {name}: a ride ended less than an hour ago; try again after that")]
    JustEnded {
        /// Whose.
        name: String,
    },
    /// The rows are gone, and their bytes may not be.
    #[error(
        "erase {name}: done, but the file could not be written anew while somebody reads it or the disk is full; erase once more"
    )]
    Left {
        /// Whose.
        name: String,
    },
    /// Nothing has happened yet.
    #[error("erase: the journal is empty")]
    Empty,
}

/// Everything that the journal holds of a caller: commands in order, then rides that have ended.
///
/// # Errors
/// [`JournalError`] if something is not as it was written.
pub fn export(
    journal: &SqliteJournal,
    caller: &Caller,
) -> Result<(Vec<Record>, Vec<EndedRide>), JournalError> {
    let mut select = journal
        .connection
        .prepare(&format!("SELECT {RECORD} FROM record r WHERE caller = ?1 ORDER BY seq"))
        .map_err(storage("read"))?;
    let mut rows = select.query([history::encode(caller)]).map_err(storage("read"))?;
    let mut records = Vec::new();
    while let Some(row) = rows.next().map_err(storage("read"))? {
        records.push(read(row)?);
    }
    Ok((records, journal.ended_of(caller, usize::MAX)?))
}

/// Erases a rider from a journal that no service has open. The time is brought up to `now` first, so that rides that ended an
/// hour before that are forgotten.
///
/// # Errors
/// [`EraseError`]; then nothing was erased.
pub fn erase(
    journal: &mut SqliteJournal,
    map: &Arc<dyn Map>,
    caller: &Caller,
    now: EngineTime,
) -> Result<Erased, EraseError> {
    let Recovered { mut executor, mut desk, .. } = recover(journal, map)?;
    let now = executor.dispatcher().last_command_at().map_or(now, |last| last.max(now));
    let executed = executor.tick(now)?;
    let told = desk.note(&executed.events, &executor);
    desk.publisher.publish(told);
    let records = executed.record.into_iter().collect();
    journal.append(&Batch { records, ended: executed.ended, ..Batch::default() })?;
    let erased = erase_beside(&mut executor, &mut desk, journal, caller)?;
    if !erased.is_rewritten {
        return Err(EraseError::Left { name: caller.name.clone() });
    }
    Ok(erased)
}

/// Erases a rider from a journal and from what stands in memory. Everything up to now must be durable.
///
/// # Errors
/// [`EraseError`]; then nothing was erased.
pub fn erase_beside(
    executor: &mut Executor,
    desk: &mut Desk,
    journal: &mut dyn Journal,
    caller: &Caller,
) -> Result<Erased, EraseError> {
    let name = || caller.name.clone();
    if !executor.ledger().open_of(&caller.name).is_empty() {
        return Err(EraseError::Open { name: name() });
    }
    if executor.ledger().knows(caller) {
        return Err(EraseError::JustEnded { name: name() });
    }
    // Who comes back gets a snapshot, and is told that there was a gap.
    desk.publisher.forget_events();
    executor.forget_answers(caller);
    let taken = snapshot::take(executor, desk)?.ok_or(EraseError::Empty)?;
    Ok(journal.erase(caller, &taken)?)
}

impl SqliteJournal {
    /// All in one transaction, and then the file anew.
    pub(super) fn erase_rider(
        &mut self,
        caller: &Caller,
        now: &Snapshot,
    ) -> Result<Erased, JournalError> {
        let caller = history::encode(caller);
        self.connection
            .pragma_update(None, "secure_delete", true)
            .map_err(storage("erase from"))?;
        let transaction = self.connection.transaction().map_err(storage("erase from"))?;
        let rows: Vec<(i64, i64)> = {
            let mut select = transaction
                .prepare("SELECT seq, at_ms FROM record WHERE caller = ?1")
                .map_err(storage("erase from"))?;
            let rows = select.query_map([&caller], |row| Ok((row.get(0)?, row.get(1)?)));
            rows.and_then(Iterator::collect).map_err(storage("erase from"))?
        };
        for &(seq, at_ms) in &rows {
            let at = EngineTime::from_unix_ms(at_ms);
            let left =
                Record { seq: seq.cast_unsigned(), at, origin: None, outcome: Outcome::Erased };
            transaction
                .execute(
                    "UPDATE record SET caller = NULL, command_id = NULL, body_digest = NULL, reply = NULL, command = ?2,
                        events_digest = NULL, crc = ?3 WHERE seq = ?1",
                    params![seq, ERASED, left.crc()?],
                )
                .map_err(storage("erase from"))?;
        }
        let n_rides = transaction
            .execute("DELETE FROM ended_ride WHERE asked_by = ?1", [&caller])
            .map_err(storage("erase from"))?;
        transaction
            .execute_batch("DELETE FROM snapshot; DELETE FROM snapshot_part")
            .map_err(storage("erase from"))?;
        let (seq, n_bytes) = (now.seq, now.body.len() as u64);
        for (idx, part) in (0..).zip(now.body.chunks(SNAPSHOT_PART_BYTES)) {
            snapshots::write(&transaction, &SnapshotStep::Part { seq, idx, body: part.to_vec() })?;
        }
        let seal = SnapshotStep::Seal { seq, at: now.at, n_bytes, crc: now.crc() };
        snapshots::write(&transaction, &seal)?;
        transaction.commit().map_err(storage("sync"))?;
        let rewritten = self.rewrite();
        if let Err(error) = &rewritten {
            tracing::warn!(%error, "the journal was not written anew after erasing");
        }
        Ok(Erased { n_commands: rows.len(), n_rides, is_rewritten: rewritten == Ok(true) })
    }

    /// Writes the file anew and empties the log; `false` if a reader kept the log.
    fn rewrite(&self) -> Result<bool, rusqlite::Error> {
        let truncate = || {
            let busy = |row: &rusqlite::Row<'_>| row.get::<_, i64>(0);
            self.connection.query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], busy)
        };
        truncate()?;
        self.connection.execute_batch("VACUUM")?;
        Ok(truncate()? == 0)
    }
}
