//! The journal in one SQLite file: WAL, `synchronous = FULL`, one transaction a batch, one writer.
//!
//! - `header`: `key` and `value` of `format_version` (u32), `region_name` (text), `region_fingerprint` (u64), `policy`
//!   and `spots` (postcard), `start_ms` (i64); numbers are little-endian.
//! - `record`: `seq` from 1 without gaps; `at_ms`, engine time; `caller` (postcard of role and name), `command_id`,
//!   `body_digest` and `reply`, null for a tick; `command` (version byte and postcard) and `events_digest`, null if the
//!   command was refused; `crc`.
//! - `state_hash`: `hash` of the state after record `seq`; `clean` is 1 where the service stopped in good order.
//!
//! 64-bit digests are stored as SQLite's signed integers of the same bits. `crc` is the CRC-32 of postcard of the whole
//! record, since SQLite itself does not notice a flipped bit in a value.

use std::path::Path;

use rusqlite::{Connection, ErrorCode, OptionalExtension, Row, params};
use sharxi_engine::units::EngineTime;

use super::record::{Batch, FORMAT_VERSION, Header, Origin, Outcome, Record};
use super::{Journal, JournalError, Visit};
use crate::intent::Caller;

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
";

/// A journal in an SQLite file, or in memory.
pub struct SqliteJournal {
    connection: Connection,
    header: Header,
}

impl SqliteJournal {
    /// Opens `path`, or begins it with `header` if it is new. The policy and the spots of a journal are those it was
    /// begun with, whatever `header` says: what is replayed must meet the rules under which it happened.
    ///
    /// # Errors
    /// If the file can't be used, is in use, or belongs to another region.
    pub fn open(path: &Path, header: Header) -> Result<Self, JournalError> {
        let connection = Connection::open(path).map_err(storage("open"))?;
        Self::prepare(connection, header)
    }

    /// A journal that ends with the process: for demonstrations and tests.
    ///
    /// # Errors
    /// If SQLite can't be started.
    pub fn in_memory(header: Header) -> Result<Self, JournalError> {
        let connection = Connection::open_in_memory().map_err(storage("open"))?;
        Self::prepare(connection, header)
    }

    fn prepare(connection: Connection, ours: Header) -> Result<Self, JournalError> {
        connection
            .execute_batch(
                "PRAGMA locking_mode = EXCLUSIVE; PRAGMA journal_mode = WAL;
                 PRAGMA synchronous = FULL; PRAGMA foreign_keys = OFF;",
            )
            .map_err(storage("open"))?;
        // The first write takes the lock that keeps other processes out.
        connection.execute_batch(SCHEMA).map_err(storage("open"))?;
        let mut journal = Self { connection, header: ours };
        journal.check_pages()?;
        if journal.read_value("format_version")?.is_some() {
            journal.header = journal.check_header()?;
        } else {
            journal.write_header()?;
        }
        Ok(journal)
    }

    fn check_pages(&self) -> Result<(), JournalError> {
        let verdict: String = self
            .connection
            .query_row("PRAGMA quick_check(1)", [], |row| row.get(0))
            .map_err(storage("check"))?;
        if verdict == "ok" { Ok(()) } else { Err(JournalError::Header("page structure")) }
    }

    fn write_header(&mut self) -> Result<(), JournalError> {
        let header = &self.header;
        let encode = |bytes: Result<Vec<u8>, _>| bytes.map_err(JournalError::Encode);
        let values: [(&str, Vec<u8>); 6] = [
            ("format_version", FORMAT_VERSION.to_le_bytes().to_vec()),
            ("region_name", header.region_name.clone().into_bytes()),
            ("region_fingerprint", header.region_fingerprint.to_le_bytes().to_vec()),
            ("policy", encode(postcard::to_stdvec(&header.policy))?),
            ("spots", encode(postcard::to_stdvec(&header.spots))?),
            ("start_ms", header.start.unix_ms().to_le_bytes().to_vec()),
        ];
        let transaction = self.connection.transaction().map_err(storage("begin"))?;
        for (key, value) in values {
            transaction
                .execute("INSERT INTO header (key, value) VALUES (?1, ?2)", params![key, value])
                .map_err(storage("begin"))?;
        }
        transaction.commit().map_err(storage("begin"))
    }

    /// The header in the file, if it is of the region given.
    fn check_header(&self) -> Result<Header, JournalError> {
        let found = u32::from_le_bytes(self.read_array("format_version")?);
        if found != FORMAT_VERSION {
            return Err(JournalError::Version { found, known: FORMAT_VERSION });
        }
        let theirs = Header {
            region_name: String::from_utf8_lossy(&self.require("region_name")?).into_owned(),
            region_fingerprint: u64::from_le_bytes(self.read_array("region_fingerprint")?),
            policy: postcard::from_bytes(&self.require("policy")?)
                .map_err(|_error| JournalError::Header("policy"))?,
            spots: postcard::from_bytes(&self.require("spots")?)
                .map_err(|_error| JournalError::Header("spots"))?,
            start: EngineTime::from_unix_ms(i64::from_le_bytes(self.read_array("start_ms")?)),
        };
        let ours = &self.header;
        if theirs.region_fingerprint != ours.region_fingerprint {
            let label =
                |of: &Header| format!("{} ({:016x})", of.region_name, of.region_fingerprint);
            return Err(JournalError::OtherRegion { theirs: label(&theirs), ours: label(ours) });
        }
        Ok(theirs)
    }

    fn read_value(&self, key: &str) -> Result<Option<Vec<u8>>, JournalError> {
        self.connection
            .query_row("SELECT value FROM header WHERE key = ?1", [key], |row| row.get(0))
            .optional()
            .map_err(storage("read"))
    }

    fn require(&self, key: &'static str) -> Result<Vec<u8>, JournalError> {
        self.read_value(key)?.ok_or(JournalError::Header(key))
    }

    fn read_array<const N: usize>(&self, key: &'static str) -> Result<[u8; N], JournalError> {
        let value = self.require(key)?;
        <[u8; N]>::try_from(value.as_slice()).map_err(|_error| JournalError::Header(key))
    }
}

impl Journal for SqliteJournal {
    fn append(&mut self, batch: &Batch) -> Result<(), JournalError> {
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
        transaction.commit().map_err(storage("sync"))
    }

    fn replay(&mut self, visit: &mut Visit<'_>) -> Result<(), JournalError> {
        let mut select = self
            .connection
            .prepare(
                "SELECT r.seq, at_ms, caller, command_id, body_digest, reply, command,
                    events_digest, crc, (SELECT hash FROM state_hash h WHERE h.seq = r.seq LIMIT 1)
                 FROM record r ORDER BY r.seq",
            )
            .map_err(storage("read"))?;
        let mut rows = select.query([]).map_err(storage("read"))?;
        let mut expected = 1_u64;
        while let Some(row) = rows.next().map_err(storage("read"))? {
            let seq = row.get::<_, i64>(0).map_err(storage("read"))?.cast_unsigned();
            if seq != expected {
                return Err(JournalError::Corrupt { seq: expected, what: "it is missing" });
            }
            let unreadable = |_| JournalError::Corrupt { seq, what: "a column has the wrong type" };
            let record = read(row, seq)?;
            let crc: i64 = row.get(8).map_err(unreadable)?;
            if i64::from(record.crc()?) != crc {
                return Err(JournalError::Corrupt { seq, what: "its checksum is wrong" });
            }
            let hash: Option<i64> = row.get(9).map_err(unreadable)?;
            visit(record, hash.map(i64::cast_unsigned))?;
            expected += 1;
        }
        Ok(())
    }

    fn header(&self) -> &Header {
        &self.header
    }
}

fn insert(connection: &Connection, record: &Record) -> Result<(), JournalError> {
    let origin = record.origin.as_ref();
    let caller = origin
        .map(|origin| postcard::to_stdvec(&origin.caller).map_err(JournalError::Encode))
        .transpose()?;
    let (command, events_digest) = match &record.outcome {
        Outcome::Applied { command, events_digest } => (Some(command), Some(*events_digest)),
        Outcome::Refused => (None, None),
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

fn read(row: &Row<'_>, seq: u64) -> Result<Record, JournalError> {
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
        Some(command) => Outcome::Applied {
            command,
            events_digest: row.get::<_, i64>(7).map_err(unreadable)?.cast_unsigned(),
        },
    };
    let at = EngineTime::from_unix_ms(row.get(1).map_err(unreadable)?);
    Ok(Record { seq, at, origin, outcome })
}

fn storage(action: &'static str) -> impl Fn(rusqlite::Error) -> JournalError {
    move |source| match source.sqlite_error_code() {
        Some(ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked) => JournalError::InUse,
        _ => JournalError::Storage { action, source },
    }
}
