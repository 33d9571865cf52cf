//! The header of a journal: what it belongs to and under which rules it was begun.

use rusqlite::{Connection, OptionalExtension, params};
use sharxi_engine::units::EngineTime;

use super::JournalError;
use super::record::{FORMAT_VERSION, Header};
use super::sqlite::{SqliteJournal, storage};

/// Keys of the header in the order in which its checksum covers them.
const HEADER: [&str; 6] =
    ["format_version", "region_name", "region_fingerprint", "policy", "spots", "start_ms"];

fn header_crc<'a>(values: impl Iterator<Item = &'a Vec<u8>>) -> u32 {
    let mut hasher = crc32fast::Hasher::new();
    values.for_each(|value| hasher.update(value));
    hasher.finalize()
}

impl SqliteJournal {
    pub(super) fn write_header(&mut self) -> Result<(), JournalError> {
        let header = &self.header;
        let encode = |bytes: Result<Vec<u8>, _>| bytes.map_err(JournalError::Encode);
        let mut values: Vec<(&str, Vec<u8>)> = vec![
            ("format_version", FORMAT_VERSION.to_le_bytes().to_vec()),
            ("region_name", header.region_name.clone().into_bytes()),
            ("region_fingerprint", header.region_fingerprint.to_le_bytes().to_vec()),
            ("policy", encode(postcard::to_stdvec(&header.policy))?),
            ("spots", encode(postcard::to_stdvec(&header.spots))?),
            ("start_ms", header.start.unix_ms().to_le_bytes().to_vec()),
        ];
        let crc = header_crc(values.iter().map(|(_, value)| value));
        values.push(("crc", crc.to_le_bytes().to_vec()));
        let transaction = self.connection.transaction().map_err(storage("begin"))?;
        for (key, value) in values {
            transaction
                .execute("INSERT INTO header (key, value) VALUES (?1, ?2)", params![key, value])
                .map_err(storage("begin"))?;
        }
        transaction.commit().map_err(storage("begin"))
    }

    /// The header in the file, if it is of the region that this journal was opened for.
    pub(super) fn check_header(&self) -> Result<Header, JournalError> {
        let theirs = read_header(&self.connection)?;
        let ours = &self.header;
        if theirs.region_fingerprint != ours.region_fingerprint {
            let label =
                |of: &Header| format!("{} ({:016x})", of.region_name, of.region_fingerprint);
            return Err(JournalError::OtherRegion { theirs: label(&theirs), ours: label(ours) });
        }
        Ok(theirs)
    }
}

/// The header in a file.
pub(super) fn read_header(connection: &Connection) -> Result<Header, JournalError> {
    let found = u32::from_le_bytes(read_array(connection, "format_version")?);
    if found != FORMAT_VERSION {
        return Err(JournalError::Version { found, known: FORMAT_VERSION });
    }
    let values: Vec<Vec<u8>> =
        HEADER.into_iter().map(|key| require(connection, key)).collect::<Result<_, _>>()?;
    if u32::from_le_bytes(read_array(connection, "crc")?) != header_crc(values.iter()) {
        return Err(JournalError::Header("checksum"));
    }
    Ok(Header {
        region_name: String::from_utf8_lossy(&require(connection, "region_name")?).into_owned(),
        region_fingerprint: u64::from_le_bytes(read_array(connection, "region_fingerprint")?),
        policy: postcard::from_bytes(&require(connection, "policy")?)
            .map_err(|_error| JournalError::Header("policy"))?,
        spots: postcard::from_bytes(&require(connection, "spots")?)
            .map_err(|_error| JournalError::Header("spots"))?,
        start: EngineTime::from_unix_ms(i64::from_le_bytes(read_array(connection, "start_ms")?)),
    })
}

pub(super) fn read_value(
    connection: &Connection,
    key: &str,
) -> Result<Option<Vec<u8>>, JournalError> {
    connection
        .query_row("SELECT value FROM header WHERE key = ?1", [key], |row| row.get(0))
        .optional()
        .map_err(storage("read"))
}

fn require(connection: &Connection, key: &'static str) -> Result<Vec<u8>, JournalError> {
    read_value(connection, key)?.ok_or(JournalError::Header(key))
}

pub(super) fn read_array<const N: usize>(
    connection: &Connection,
    key: &'static str,
) -> Result<[u8; N], JournalError> {
    let value = require(connection, key)?;
    <[u8; N]>::try_from(value.as_slice()).map_err(|_error| JournalError::Header(key))
}
