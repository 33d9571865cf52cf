//! Whether the pages of the file hang together: SQLite's own check, which reads all of them.
//!
//! Of a small file it is made before anything else. Of a large one it is made on a thread beside, since all that is read at
//! the start is guarded by checksums, numbers without gaps and the mark, whatever the pages are like. What it adds is damage in
//! what is not read, and lists of free pages that name pages in use. Until it has ended nothing in the file is
//! overwritten: its thread reads the file as it was, and SQLite copies no newer page of the log over what somebody still
//! reads. If it finds damage the service stops.

use std::path::Path;
use std::thread::JoinHandle;
use std::time::Duration;

use rusqlite::{Connection, InterruptHandle, OpenFlags};

use super::JournalError;
use super::sqlite::storage;

/// A check on its way.
pub(super) struct PageCheck {
    interrupt: InterruptHandle,
    thread: Option<JoinHandle<Result<(), JournalError>>>,
}

/// Reads all pages.
pub(super) fn check(connection: &Connection) -> Result<(), JournalError> {
    let verdict: String = connection
        .query_row("PRAGMA quick_check(1)", [], |row| row.get(0))
        .map_err(storage("check"))?;
    if verdict == "ok" { Ok(()) } else { Err(JournalError::Pages) }
}

/// A connection that only reads, beside whoever writes.
pub(super) fn reader(path: &Path) -> Result<Connection, JournalError> {
    let flags = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let connection = Connection::open_with_flags(path, flags).map_err(storage("open"))?;
    connection.busy_timeout(Duration::from_secs(5)).map_err(storage("open"))?;
    Ok(connection)
}

impl PageCheck {
    /// Begins to check the file as it is now.
    pub(super) fn begin(path: &Path) -> Result<Self, JournalError> {
        let connection = reader(path)?;
        // What is read first fixes what is read later.
        connection.execute_batch("BEGIN; SELECT count(*) FROM header").map_err(storage("check"))?;
        let interrupt = connection.get_interrupt_handle();
        let thread = std::thread::Builder::new()
            .name("pages".into())
            .spawn(move || check(&connection))
            .map_err(|source| JournalError::Thread { source })?;
        Ok(Self { interrupt, thread: Some(thread) })
    }

    /// What it has found, if it has ended since it was asked last.
    pub(super) fn verdict(&mut self) -> Result<(), JournalError> {
        match self.thread.take_if(|thread| thread.is_finished()) {
            // A panic is a bug, and no word that all is well.
            Some(thread) => thread.join().unwrap_or(Err(JournalError::Pages)),
            None => Ok(()),
        }
    }
}

impl Drop for PageCheck {
    fn drop(&mut self) {
        let Some(thread) = self.thread.take() else { return };
        while !thread.is_finished() {
            // One that has not begun to read yet would miss a single word.
            self.interrupt.interrupt();
            std::thread::sleep(Duration::from_millis(1));
        }
        // Nobody asks any more what it has found.
        drop(thread.join());
    }
}
