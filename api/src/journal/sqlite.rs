//! The journal in one SQLite file: WAL, `synchronous = FULL`, one transaction a batch, one writer.
//!
//! - `header`: `key` and `value` of `format_version` (u32), `region_name` (text), `region_fingerprint` (u64), `policy`
//!   and `spots` (postcard), `start_ms` (i64); numbers are little-endian.
//! - `record`: `seq` from 1 without gaps; `at_ms`, engine time; `caller` (postcard of role and name), `command_id`,
//!   `body_digest` and `reply`, null for a tick; `command` (version byte and postcard) and `events_digest`, null if the
//!   command was refused; `crc`.
//! - `state_hash`: `hash` of the state after record `seq`; `clean` is 1 where the service stopped in good order.
//! - `ended_ride`: rides that have ended, see `history`; `snapshot` and `snapshot_part`, see `snapshots`.
//!
//! 64-bit digests are stored as SQLite's signed integers of the same bits. `crc` is the CRC-32 of postcard of the whole
//! record, since SQLite itself does not notice a flipped bit in a value.

use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use rusqlite::{Connection, ErrorCode, Row, params};
use sharxi_engine::units::EngineTime;

use super::heading::{read_array, read_header, read_value};
use super::mark::Mark;
use super::pages::{self, PageCheck, reader};
use super::person::Erased;
use super::record::{Batch, EndedRide, Header, Origin, Outcome, Record, Snapshot};
use super::room::{self, Room};
use super::{Journal, JournalError, Visit, history, snapshots};
use crate::intent::Caller;
use crate::limits::{CHECK_BYTES_MAX, ROOM_PATIENCE, ROOM_PAUSE};
use crate::planted::{self, Bug};

const SCHEMA: &str = "
    CREATE TABLE IF NOT EXISTS header (
        key TEXT PRIMARY KEY, value BLOB NOT NULL) WITHOUT ROWID;
    CREATE TABLE IF NOT EXISTS record (
        seq INTEGER PRIMARY KEY,
        at_ms INTEGER NOT NULL,
        caller BLOB,
        command_id TEXT,
        body_digest INTEGER,
        reply TEXT,
        command BLOB,
        events_digest INTEGER,
        crc INTEGER NOT NULL);
    CREATE TABLE IF NOT EXISTS state_hash (
        seq INTEGER NOT NULL, hash INTEGER NOT NULL, clean INTEGER NOT NULL,
        PRIMARY KEY (seq, clean)) WITHOUT ROWID;
    CREATE TABLE IF NOT EXISTS ended_ride (
        name TEXT PRIMARY KEY,
        asked_by BLOB NOT NULL,
        seq INTEGER NOT NULL,
        at_ms INTEGER NOT NULL,
        info TEXT NOT NULL,
        crc INTEGER NOT NULL);
    CREATE INDEX IF NOT EXISTS ended_ride_of ON ended_ride (asked_by, seq);
    CREATE INDEX IF NOT EXISTS ended_ride_at ON ended_ride (at_ms);
    CREATE TABLE IF NOT EXISTS snapshot (
        seq INTEGER PRIMARY KEY, at_ms INTEGER NOT NULL, n_bytes INTEGER NOT NULL, crc INTEGER NOT NULL);
    CREATE TABLE IF NOT EXISTS snapshot_part (id INTEGER PRIMARY KEY, body BLOB NOT NULL);
";

/// A journal in an SQLite file, or in memory.
pub struct SqliteJournal {
    /// Before the connection, so that it ends before that is closed.
    check: Option<PageCheck>,
    pub(super) connection: Connection,
    pub(super) header: Header,
    /// `None` in memory.
    file: Option<Beside>,
}

/// What lies beside a journal in a file.
struct Beside {
    path: PathBuf,
    mark: Mark,
    room: Room,
}

impl SqliteJournal {
    /// Opens `path`, or begins it with `header` if it is new. The policy and the spots of a journal are those it was
    /// begun with, whatever `header` says: what is replayed must meet the rules under which it happened.
    ///
    /// # Errors
    /// If the file can't be used, is in use, or belongs to another region.
    pub fn open(path: &Path, header: Header) -> Result<Self, JournalError> {
        let connection = Connection::open(path).map_err(storage("open"))?;
        let unopened = |source| JournalError::Mark { action: "open", source };
        let mut mark = Mark::lock(path).map_err(unopened)?.ok_or(JournalError::InUse)?;
        let mut journal = match Self::prepare(connection, header.clone(), Some(path)) {
            // Where the disk is full the reserve is what one can begin with.
            Err(JournalError::Storage { .. } | JournalError::Full { .. })
                if room::release(path) =>
            {
                let connection = Connection::open(path).map_err(storage("open"))?;
                Self::prepare(connection, header, Some(path))?
            }
            prepared => prepared?,
        };
        let of = u32::from_le_bytes(read_array(&journal.connection, "crc")?);
        let acknowledged = mark.read(of).map_err(unopened)?;
        let ends = journal.last_record()?;
        if let Some(acknowledged) = acknowledged.filter(|&seq| ends < seq) {
            return Err(JournalError::Lost { ends, acknowledged });
        }
        journal.file = Some(Beside { path: path.to_owned(), mark, room: Room::of(path) });
        Ok(journal)
    }

    /// Opens `path` to read it, beside whoever writes.
    ///
    /// # Errors
    /// If it can't be read or is no journal.
    pub fn read_only(path: &Path) -> Result<Self, JournalError> {
        let connection = reader(path)?;
        let header = read_header(&connection)?;
        Ok(Self { check: None, connection, header, file: None })
    }

    /// Copies the log into the file whenever it has so many pages (1,000 if not said): less makes both smaller, more makes
    /// commits cheaper.
    ///
    /// # Errors
    /// If SQLite refuses.
    pub fn with_log_pages(self, n_pages: u32) -> Result<Self, JournalError> {
        self.connection
            .pragma_update(None, "wal_autocheckpoint", n_pages)
            .map_err(storage("open"))?;
        Ok(self)
    }

    /// The number of the last record, 0 if there is none.
    pub(super) fn last_record(&self) -> Result<u64, JournalError> {
        self.connection
            .query_row("SELECT coalesce(max(seq), 0) FROM record", [], |row| row.get::<_, i64>(0))
            .map(i64::cast_unsigned)
            .map_err(storage("read"))
    }

    /// The numbers of the first record that is kept and of the last; 0 if there is none.
    pub(super) fn first_and_last(&self) -> Result<(u64, u64), JournalError> {
        let first = "SELECT coalesce(min(seq), 0) FROM record";
        let first: i64 =
            self.connection.query_row(first, [], |row| row.get(0)).map_err(storage("read"))?;
        Ok((first.cast_unsigned(), self.last_record()?))
    }

    /// A journal that ends with the process: for demonstrations and tests.
    ///
    /// # Errors
    /// If SQLite can't be started.
    pub fn in_memory(header: Header) -> Result<Self, JournalError> {
        let connection = Connection::open_in_memory().map_err(storage("open"))?;
        Self::prepare(connection, header, None)
    }

    fn prepare(
        connection: Connection,
        header: Header,
        path: Option<&Path>,
    ) -> Result<Self, JournalError> {
        // Readers never make the writer wait; only the first of all takes a moment to bring the log up.
        connection.busy_timeout(Duration::from_secs(2)).map_err(storage("open"))?;
        connection
            .execute_batch(
                "PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; PRAGMA foreign_keys = OFF;",
            )
            .map_err(storage("open"))?;
        connection.execute_batch(SCHEMA).map_err(storage("open"))?;
        let mut journal = Self { check: None, connection, header, file: None };
        match path.filter(|path| std::fs::metadata(path).is_ok_and(|of| CHECK_BYTES_MAX < of.len()))
        {
            Some(path) => journal.check = Some(PageCheck::begin(path)?),
            None => pages::check(&journal.connection)?,
        }
        if read_value(&journal.connection, "format_version")?.is_some() {
            journal.header = journal.check_header()?;
        } else if journal.is_begun()? {
            return Err(JournalError::Header("format_version"));
        } else {
            journal.write_header()?;
        }
        Ok(journal)
    }

    fn is_begun(&self) -> Result<bool, JournalError> {
        self.connection
            .query_row("SELECT EXISTS (SELECT 1 FROM record)", [], |row| row.get(0))
            .map_err(storage("read"))
    }

    /// Writes and syncs a batch; all of it or nothing.
    fn write(&mut self, batch: &Batch) -> Result<(), JournalError> {
        let transaction = self.connection.transaction().map_err(storage("write"))?;
        for record in &batch.records {
            insert(&transaction, record)?;
        }
        for mark in &batch.hashes {
            let hash = mark.hash.cast_signed();
            transaction
                .prepare_cached("INSERT OR REPLACE INTO state_hash VALUES (?1, ?2, ?3)")
                .and_then(|mut insert| {
                    insert.execute(params![mark.seq.cast_signed(), hash, mark.clean])
                })
                .map_err(storage("write"))?;
        }
        for ride in &batch.ended {
            history::insert(&transaction, ride)?;
        }
        for step in &batch.snapshot {
            snapshots::write(&transaction, step)?;
        }
        transaction.commit().map_err(storage("sync"))
    }
}

impl Journal for SqliteJournal {
    fn append(&mut self, batch: &Batch) -> Result<(), JournalError> {
        let begun = Instant::now();
        while let Err(error) = self.write(batch) {
            // Nothing of a batch that did not fit is there: it can be written again.
            match (&error, &mut self.file) {
                (JournalError::Full { .. }, Some(file)) => {
                    if !file.room.release(&file.path) {
                        if ROOM_PATIENCE < begun.elapsed() {
                            return Err(error);
                        }
                        std::thread::sleep(ROOM_PAUSE);
                    }
                }
                _ => return Err(error),
            }
        }
        let last = batch.records.last().map(|record| record.seq);
        let stops = batch.hashes.iter().rfind(|mark| mark.clean).map(|mark| mark.seq);
        if let (Some(file), Some(seq)) = (&mut self.file, last.max(stops)) {
            let unwritten = |source| JournalError::Mark { action: "write", source };
            file.mark.write(seq, stops.is_some()).map_err(unwritten)?;
        }
        Ok(())
    }

    fn look_after(&mut self) -> Result<bool, JournalError> {
        if let Some(check) = &mut self.check {
            check.verdict()?;
        }
        Ok(self.file.as_mut().is_none_or(|file| file.room.look()))
    }

    fn replay(&self, after: u64, visit: &mut Visit<'_>) -> Result<(), JournalError> {
        let mut select = self
            .connection
            .prepare(&format!(
                "SELECT {RECORD}, (SELECT hash FROM state_hash h WHERE h.seq = r.seq LIMIT 1)
                 FROM record r WHERE ?1 < r.seq ORDER BY r.seq"
            ))
            .map_err(storage("read"))?;
        let mut rows = select.query([after.cast_signed()]).map_err(storage("read"))?;
        let planted = planted::is(Bug::LoseLastRecord).then(|| self.last_record()).transpose()?;
        let mut expected = after + 1;
        while let Some(row) = rows.next().map_err(storage("read"))? {
            let record = read(row)?;
            let seq = record.seq;
            if seq != expected {
                return Err(JournalError::Corrupt { seq: expected, what: "it is missing" });
            }
            if planted == Some(seq) {
                break;
            }
            let unreadable = |_| JournalError::Corrupt { seq, what: "a column has the wrong type" };
            let hash: Option<i64> = row.get(9).map_err(unreadable)?;
            visit(record, hash.map(i64::cast_unsigned))?;
            expected += 1;
        }
        Ok(())
    }

    fn answered(
        &self,
        last: u64,
        limit: usize,
        visit: &mut dyn FnMut(Record),
    ) -> Result<(), JournalError> {
        let first = self
            .connection
            .query_row(
                "SELECT coalesce((SELECT seq FROM record WHERE caller IS NOT NULL AND seq <= ?1
                    ORDER BY seq DESC LIMIT 1 OFFSET ?2), (SELECT min(seq) FROM record))",
                params![last.cast_signed(), i64::try_from(limit).unwrap_or(i64::MAX)],
                |row| row.get::<_, Option<i64>>(0),
            )
            .map_err(storage("read"))?;
        let mut select = self
            .connection
            .prepare(&format!(
                "SELECT {RECORD} FROM record r WHERE seq BETWEEN ?1 AND ?2 ORDER BY seq"
            ))
            .map_err(storage("read"))?;
        let mut rows = select.query([first, Some(last.cast_signed())]).map_err(storage("read"))?;
        let mut expected = first.unwrap_or_default().cast_unsigned();
        while let Some(row) = rows.next().map_err(storage("read"))? {
            let record = read(row)?;
            if record.seq != expected {
                return Err(JournalError::Corrupt { seq: expected, what: "it is missing" });
            }
            expected += 1;
            visit(record);
        }
        if 0 < last && expected != last + 1 {
            return Err(JournalError::Corrupt { seq: expected, what: "it is missing" });
        }
        Ok(())
    }

    fn snapshots(&self) -> Result<Vec<u64>, JournalError> {
        self.complete_snapshots()
    }

    fn snapshot(&self, seq: u64) -> Result<Snapshot, JournalError> {
        self.read_snapshot(seq)
    }

    fn ended(&self, ride: &str) -> Result<Option<EndedRide>, JournalError> {
        self.ended_ride(ride)
    }

    fn ended_of(&self, caller: &Caller, limit: usize) -> Result<Vec<EndedRide>, JournalError> {
        self.ended_rides_of(caller, limit)
    }

    fn prune(&mut self, before: EngineTime) -> Result<usize, JournalError> {
        self.remove_old(before)
    }

    fn erase(&mut self, caller: &Caller, now: &Snapshot) -> Result<Erased, JournalError> {
        self.erase_rider(caller, now)
    }

    fn header(&self) -> &Header {
        &self.header
    }
}

/// The columns of a record in the order in which [`read`] takes them.
pub(super) const RECORD: &str =
    "r.seq, at_ms, caller, command_id, body_digest, reply, command, events_digest, crc";

/// An erased record has no column but its number, time and checksum, and this in place of its command.
pub(super) const ERASED: &[u8] = &[];

pub(super) fn insert(connection: &Connection, record: &Record) -> Result<(), JournalError> {
    let origin = record.origin.as_ref();
    let caller = origin
        .map(|origin| postcard::to_stdvec(&origin.caller).map_err(JournalError::Encode))
        .transpose()?;
    let (command, events_digest) = match &record.outcome {
        Outcome::Applied { command, events_digest } => {
            (Some(command.as_slice()), Some(*events_digest))
        }
        Outcome::Refused => (None, None),
        Outcome::Erased => (Some(ERASED), None),
    };
    let crc = record.crc()?;
    connection
        .prepare_cached("INSERT INTO record VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9)")
        .and_then(|mut insert| {
            insert.execute(params![
                record.seq.cast_signed(),
                record.at.unix_ms(),
                caller,
                origin.map(|origin| &origin.command_id),
                origin.map(|origin| origin.body_digest.cast_signed()),
                origin.map(|origin| &origin.reply),
                command,
                events_digest.map(u64::cast_signed),
                crc,
            ])
        })
        .map_err(storage("write"))?;
    Ok(())
}

/// The record in a row, as it was written.
pub(super) fn read(row: &Row<'_>) -> Result<Record, JournalError> {
    let seq = row.get::<_, i64>(0).map_err(storage("read"))?.cast_unsigned();
    let corrupt = |what| JournalError::Corrupt { seq, what };
    let unreadable = |_| corrupt("a column has the wrong type");
    let caller: Option<Vec<u8>> = row.get(2).map_err(unreadable)?;
    let origin = match caller {
        None => None,
        Some(caller) => Some(Origin {
            caller: postcard::from_bytes::<Caller>(&caller)
                .map_err(|_error| corrupt("its caller can't be decoded"))?,
            command_id: row.get(3).map_err(unreadable)?,
            body_digest: row.get::<_, i64>(4).map_err(unreadable)?.cast_unsigned(),
            reply: row.get(5).map_err(unreadable)?,
        }),
    };
    let command: Option<Vec<u8>> = row.get(6).map_err(unreadable)?;
    let outcome = match command {
        None => Outcome::Refused,
        Some(command) if command.as_slice() == ERASED => Outcome::Erased,
        Some(command) => Outcome::Applied {
            command,
            events_digest: row.get::<_, i64>(7).map_err(unreadable)?.cast_unsigned(),
        },
    };
    let at = EngineTime::from_unix_ms(row.get(1).map_err(unreadable)?);
    let record = Record { seq, at, origin, outcome };
    let crc: i64 = row.get(8).map_err(unreadable)?;
    if i64::from(record.crc()?) == crc { Ok(record) } else { Err(corrupt("its checksum is wrong")) }
}

pub(super) fn storage(action: &'static str) -> impl Fn(rusqlite::Error) -> JournalError {
    move |source| match source.sqlite_error_code() {
        Some(ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked) => JournalError::InUse,
        Some(ErrorCode::DiskFull) => JournalError::Full { action, source },
        _ => JournalError::Storage { action, source },
    }
}
