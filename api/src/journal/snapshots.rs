//! Snapshots in the file: written part by part with the batches that come anyway, counted once they are sealed.
//!
//! - `snapshot_part`: `id` is the snapshot's record number times 4,096 plus the number of the part; `body`, at most 256 KiB.
//! - `snapshot`: `seq`, the record after which the state was that; `at_ms`, the time of the last command; `n_bytes` of all
//!   parts; `crc`, the CRC-32 of `seq` and `at_ms` (little-endian, 8 bytes each) and the parts. The row is written with the
//!   last part: what a crash leaves unsealed is nobody's, and goes when the next snapshot begins.
//!
//! The newest three are kept. Records, state hashes and ended rides older than the retention are removed a few thousand at
//! a time, but never a record after the oldest kept snapshot, nor one whose answer has to be remembered.

use rusqlite::{Connection, OptionalExtension, params};
use sharxi_engine::units::EngineTime;

use super::JournalError;
use super::record::{Snapshot, SnapshotStep};
use super::sqlite::{SqliteJournal, storage};
use crate::limits::{DEDUPE_IDS_MAX, PRUNE_ROWS_MAX, SNAPSHOT_PARTS_MAX, SNAPSHOTS_KEPT};

/// Parts of a snapshot have ids from here on.
fn first_part(seq: u64) -> i64 {
    seq.cast_signed().saturating_mul(i64::from(SNAPSHOT_PARTS_MAX))
}

/// Writes a part, or the seal.
pub(super) fn write(connection: &Connection, step: &SnapshotStep) -> Result<(), JournalError> {
    let execute = |sql: &str, values: &[&dyn rusqlite::ToSql]| {
        connection
            .prepare_cached(sql)
            .and_then(|mut statement| statement.execute(values))
            .map_err(storage("write"))
    };
    match step {
        SnapshotStep::Part { seq, idx, body } => {
            if *idx == 0 {
                execute(
                    "DELETE FROM snapshot_part WHERE id / ?1 NOT IN (SELECT seq FROM snapshot)",
                    &[&SNAPSHOT_PARTS_MAX],
                )?;
            }
            let id = first_part(*seq).saturating_add(i64::from(*idx));
            execute("INSERT OR REPLACE INTO snapshot_part VALUES (?1, ?2)", &[&id, body])?;
        }
        SnapshotStep::Seal { seq, at, n_bytes, crc } => {
            let (seq, n_bytes) = (seq.cast_signed(), n_bytes.cast_signed());
            execute(
                "INSERT OR REPLACE INTO snapshot VALUES (?1, ?2, ?3, ?4)",
                &[&seq, &at.unix_ms(), &n_bytes, crc],
            )?;
            let kept = i64::try_from(SNAPSHOTS_KEPT).unwrap_or(i64::MAX);
            execute(
                "DELETE FROM snapshot WHERE seq NOT IN (SELECT seq FROM snapshot ORDER BY seq DESC LIMIT ?1)",
                &[&kept],
            )?;
            execute(
                "DELETE FROM snapshot_part WHERE id / ?1 NOT IN (SELECT seq FROM snapshot)",
                &[&SNAPSHOT_PARTS_MAX],
            )?;
        }
    }
    Ok(())
}

impl SqliteJournal {
    /// Those that are sealed, newest first.
    pub(super) fn complete_snapshots(&self) -> Result<Vec<u64>, JournalError> {
        let mut select = self
            .connection
            .prepare("SELECT seq FROM snapshot ORDER BY seq DESC")
            .map_err(storage("read"))?;
        let rows = select.query_map([], |row| row.get::<_, i64>(0)).map_err(storage("read"))?;
        rows.map(|row| row.map(i64::cast_unsigned).map_err(storage("read"))).collect()
    }

    /// One of them, checked.
    pub(super) fn read_snapshot(&self, seq: u64) -> Result<Snapshot, JournalError> {
        let damaged = |what: &str| JournalError::Snapshot { seq, what: what.to_owned() };
        let (at_ms, n_bytes, crc) = self
            .connection
            .query_row(
                "SELECT at_ms, n_bytes, crc FROM snapshot WHERE seq = ?1",
                [seq.cast_signed()],
                |row| Ok((row.get::<_, i64>(0)?, row.get::<_, i64>(1)?, row.get::<_, i64>(2)?)),
            )
            .map_err(|error| damaged(&error.to_string()))?;
        let first = first_part(seq);
        let last = first.saturating_add(i64::from(SNAPSHOT_PARTS_MAX) - 1);
        let mut select = self
            .connection
            .prepare("SELECT body FROM snapshot_part WHERE id BETWEEN ?1 AND ?2 ORDER BY id")
            .map_err(storage("read"))?;
        let mut rows = select.query([first, last]).map_err(storage("read"))?;
        let mut body = Vec::new();
        while let Some(row) = rows.next().map_err(|error| damaged(&error.to_string()))? {
            let part: Vec<u8> = row.get(0).map_err(|error| damaged(&error.to_string()))?;
            body.extend_from_slice(&part);
        }
        let snapshot = Snapshot { seq, at: EngineTime::from_unix_ms(at_ms), body };
        if i64::try_from(snapshot.body.len()) != Ok(n_bytes) {
            return Err(damaged("a part of it is missing"));
        }
        if i64::from(snapshot.crc()) != crc {
            return Err(damaged("its checksum is wrong"));
        }
        Ok(snapshot)
    }

    /// Removes what is older than the retention and not needed; how many rows.
    pub(super) fn remove_old(&mut self, before: EngineTime) -> Result<usize, JournalError> {
        let last_needless = self
            .connection
            .query_row(
                "SELECT min((SELECT min(seq) FROM snapshot),
                    (SELECT seq FROM record WHERE caller IS NOT NULL ORDER BY seq DESC LIMIT 1 OFFSET ?1))",
                [i64::try_from(DEDUPE_IDS_MAX).unwrap_or(i64::MAX)],
                |row| row.get::<_, Option<i64>>(0),
            )
            .optional()
            .map_err(storage("read"))?
            .flatten();
        let at_most = i64::try_from(PRUNE_ROWS_MAX).unwrap_or(i64::MAX);
        let transaction = self.connection.transaction().map_err(storage("write"))?;
        let mut n_removed = 0;
        if let Some(last) = last_needless {
            n_removed += transaction
                .execute(
                    "DELETE FROM record WHERE seq IN (SELECT seq FROM record
                        WHERE seq <= ?1 AND at_ms < ?2 ORDER BY seq LIMIT ?3)",
                    params![last, before.unix_ms(), at_most],
                )
                .map_err(storage("write"))?;
            transaction
                .execute("DELETE FROM state_hash WHERE seq < (SELECT min(seq) FROM record)", [])
                .map_err(storage("write"))?;
        }
        n_removed += transaction
            .execute(
                "DELETE FROM ended_ride WHERE name IN (SELECT name FROM ended_ride
                    WHERE at_ms < ?1 ORDER BY at_ms LIMIT ?2)",
                params![before.unix_ms(), at_most],
            )
            .map_err(storage("write"))?;
        transaction.commit().map_err(storage("sync"))?;
        Ok(n_removed)
    }
}
