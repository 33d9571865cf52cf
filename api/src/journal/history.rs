//! Rides that have ended: one row each, written with the record by which they ended.
//!
//! `ended_ride`: `name` of the ride; `asked_by` (postcard of role and name); `seq` and `at_ms` of the record by which it ended;
//! `info`, the ride as in the protocol's snapshot, JSON; `crc`, the CRC-32 of postcard of the whole row. So the dispatcher may
//! forget what has ended, and the service still tells it until the retention is over. A name is not given again before that.

use rusqlite::{Connection, OptionalExtension, Row, params};
use sharxi_engine::units::EngineTime;

use super::JournalError;
use super::record::EndedRide;
use super::sqlite::{SqliteJournal, storage};
use crate::intent::Caller;

/// The columns in the order in which [`read`] takes them.
const COLUMNS: &str = "name, asked_by, seq, at_ms, info, crc";

/// Writes a row.
pub(super) fn insert(connection: &Connection, ride: &EndedRide) -> Result<(), JournalError> {
    let crc = ride.crc()?;
    connection
        .prepare_cached("INSERT OR REPLACE INTO ended_ride VALUES (?1, ?2, ?3, ?4, ?5, ?6)")
        .and_then(|mut insert| {
            insert.execute(params![
                ride.name,
                encode(&ride.asked_by),
                ride.seq.cast_signed(),
                ride.at.unix_ms(),
                ride.info,
                crc
            ])
        })
        .map_err(storage("write"))?;
    Ok(())
}

/// Bytes of a caller: role and name.
pub(super) fn encode(caller: &Caller) -> Vec<u8> {
    // Neither field has a value that postcard lacks.
    postcard::to_stdvec(caller).unwrap_or_default()
}

fn read(row: &Row<'_>) -> Result<EndedRide, JournalError> {
    let wrong = |_| JournalError::History;
    let asked_by: Vec<u8> = row.get(1).map_err(wrong)?;
    let ride = EndedRide {
        name: row.get(0).map_err(wrong)?,
        asked_by: postcard::from_bytes(&asked_by).map_err(|_error| JournalError::History)?,
        seq: row.get::<_, i64>(2).map_err(wrong)?.cast_unsigned(),
        at: EngineTime::from_unix_ms(row.get(3).map_err(wrong)?),
        info: row.get(4).map_err(wrong)?,
    };
    let crc: i64 = row.get(5).map_err(wrong)?;
    if i64::from(ride.crc()?) == crc { Ok(ride) } else { Err(JournalError::History) }
}

impl SqliteJournal {
    /// The row of a ride.
    pub(super) fn ended_ride(&self, name: &str) -> Result<Option<EndedRide>, JournalError> {
        self.connection
            .prepare_cached(&format!("SELECT {COLUMNS} FROM ended_ride WHERE name = ?1"))
            .and_then(|mut select| select.query_row([name], |row| Ok(read(row))).optional())
            .map_err(storage("read"))?
            .transpose()
    }

    /// Reads all rows; how many there are.
    pub(super) fn check_ended(&self) -> Result<u64, JournalError> {
        let mut select = self
            .connection
            .prepare(&format!("SELECT {COLUMNS} FROM ended_ride"))
            .map_err(storage("read"))?;
        let rows = select.query_map([], |row| Ok(read(row))).map_err(storage("read"))?;
        let mut n_rows = 0;
        for row in rows {
            row.map_err(storage("read"))??;
            n_rows += 1;
        }
        Ok(n_rows)
    }

    /// The newest rows of a caller, oldest first.
    pub(super) fn ended_rides_of(
        &self,
        caller: &Caller,
        limit: usize,
    ) -> Result<Vec<EndedRide>, JournalError> {
        let mut select = self
            .connection
            .prepare_cached(&format!(
                "SELECT {COLUMNS} FROM ended_ride WHERE asked_by = ?1 ORDER BY seq DESC LIMIT ?2"
            ))
            .map_err(storage("read"))?;
        let limit = i64::try_from(limit).unwrap_or(i64::MAX);
        let rows = select
            .query_map(params![encode(caller), limit], |row| Ok(read(row)))
            .map_err(storage("read"))?;
        let mut rides = Vec::new();
        for row in rows {
            rides.push(row.map_err(storage("read"))??);
        }
        rides.reverse();
        Ok(rides)
    }
}
