//! Copies of a journal: made while the service writes it, looked through record by record, and put back.

use std::fs::File;
use std::path::{Path, PathBuf};

use rusqlite::Connection;
use rusqlite::backup::{Backup, StepResult};
use sharxi_engine::units::EngineTime;

use super::mark::Mark;
use super::pages;
use super::sqlite::{SqliteJournal, storage};
use super::{Journal, JournalError};

/// What is in a journal that has been looked through.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Contents {
    /// The first record that is kept and the last; 0 if there is none.
    pub records: (u64, u64),
    /// When the last one was written.
    pub last_at: Option<EngineTime>,
    /// Rides that have ended.
    pub n_ended: u64,
    /// Of the file.
    pub n_bytes: u64,
}

fn with(path: &Path, ending: &str) -> PathBuf {
    let mut path = path.as_os_str().to_owned();
    path.push(ending);
    PathBuf::from(path)
}

const fn file(action: &'static str) -> impl Fn(std::io::Error) -> JournalError {
    move |source| JournalError::File { action, source }
}

/// Makes renames in the folder of a file durable.
fn sync_folder(path: &Path) -> std::io::Result<()> {
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty());
    File::open(folder.unwrap_or_else(|| Path::new(".")))?.sync_all()
}

/// Looks through all of a journal: pages, every record and ended ride, and that there is a way to begin.
///
/// # Errors
/// [`JournalError`] naming what is not as it was written.
pub fn look_through(path: &Path) -> Result<Contents, JournalError> {
    let journal = SqliteJournal::read_only(path)?;
    pages::check(&journal.connection)?;
    let (first, last) = journal.first_and_last()?;
    let mut last_at = None;
    if 0 < last {
        journal.replay(first - 1, &mut |record, _| {
            last_at = Some(record.at);
            Ok(())
        })?;
    }
    let has_snapshot = || -> Result<bool, JournalError> {
        let reaches = |seq: &u64| first <= seq + 1 && journal.snapshot(*seq).is_ok();
        Ok(journal.snapshots()?.iter().any(reaches))
    };
    if 1 < first && !has_snapshot()? {
        return Err(JournalError::Corrupt {
            seq: 1,
            what: "it is missing, and no snapshot goes past it",
        });
    }
    let n_ended = journal.check_ended()?;
    let n_bytes = std::fs::metadata(path).map_err(file("read"))?.len();
    Ok(Contents { records: (first, last), last_at, n_ended, n_bytes })
}

/// Copies a journal as it is at one moment, whether a service writes it or not, and looks the copy through. A file that is at
/// `to` is replaced once the copy is whole.
///
/// # Errors
/// [`JournalError`] if it can't be read or written, or is damaged.
pub fn backup(journal: &Path, to: &Path) -> Result<Contents, JournalError> {
    let beside = with(to, ".part");
    let copied = copy(journal, &beside).and_then(|()| look_through(&beside));
    let contents = copied.inspect_err(|_| {
        // What is left of it is of no use.
        drop(std::fs::remove_file(&beside));
    })?;
    std::fs::rename(&beside, to)
        .and_then(|()| sync_folder(to))
        .map_err(file("name the copy of"))?;
    Ok(contents)
}

fn copy(journal: &Path, to: &Path) -> Result<(), JournalError> {
    let source = SqliteJournal::read_only(journal)?;
    match std::fs::remove_file(to) {
        Err(error) if error.kind() != std::io::ErrorKind::NotFound => {
            return Err(file("copy")(error));
        }
        _ => {}
    }
    let mut copy = Connection::open(to).map_err(storage("copy"))?;
    // All pages in one step, hence of one moment: a reader does not make the writer wait.
    let step = Backup::new(&source.connection, &mut copy).and_then(|backup| backup.step(-1));
    match step.map_err(storage("copy"))? {
        StepResult::Done => {}
        _ => return Err(JournalError::InUse),
    }
    // One file, with no log beside it.
    copy.pragma_update(None, "journal_mode", "DELETE").map_err(storage("copy"))?;
    copy.close().map_err(|(_, error)| storage("copy")(error))?;
    File::open(to).and_then(|file| file.sync_all()).map_err(file("copy"))
}

/// Puts a copy in the place of a journal that nobody has open; what was there is kept under another name, which is returned.
///
/// # Errors
/// [`JournalError`] if the copy is damaged, somebody has the journal open, or files can't be written.
pub fn restore(copy: &Path, journal: &Path) -> Result<(Contents, Option<PathBuf>), JournalError> {
    let contents = look_through(copy)?;
    let moved = file("put a copy in the place of");
    let mut mark = Mark::lock(journal).map_err(&moved)?.ok_or(JournalError::InUse)?;
    let beside = with(journal, ".part");
    std::fs::copy(copy, &beside).and_then(|_| File::open(&beside)?.sync_all()).map_err(&moved)?;
    let kept = journal.exists().then(|| with(journal, &format!(".before-{}", now_s())));
    if let Some(kept) = &kept {
        std::fs::rename(journal, kept).map_err(&moved)?;
        let log = with(journal, "-wal");
        if log.exists() {
            std::fs::rename(log, with(kept, "-wal")).map_err(&moved)?;
        }
    }
    // What was acknowledged after the copy was made is gone, and that is meant.
    mark.clear().map_err(&moved)?;
    std::fs::rename(&beside, journal).and_then(|()| sync_folder(journal)).map_err(&moved)?;
    Ok((contents, kept))
}

fn now_s() -> u64 {
    let since = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH);
    since.map_or(0, |since| since.as_secs())
}
