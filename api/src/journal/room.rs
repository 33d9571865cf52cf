//! Room on the disk: a file that only takes up space, given back when there is no other, so that rides that were accepted can
//! be carried to their end while new ones are refused.
//!
//! `JOURNAL.reserve` has [`RESERVE_BYTES`]. Below [`ROOM_BYTES_MIN`] of free space, or without the reserve, there is no room for
//! new rides; there is again once space for both is back.

use std::fs::{File, OpenOptions};
use std::io::Write;
use std::path::{Path, PathBuf};

use crate::limits::{RESERVE_BYTES, ROOM_BYTES_MIN};

/// The reserve of one journal.
pub(super) struct Room {
    path: PathBuf,
    is_low: bool,
}

fn path_of(journal: &Path) -> PathBuf {
    let mut path = journal.as_os_str().to_owned();
    path.push(".reserve");
    PathBuf::from(path)
}

/// Free space for this process where the file lies, in bytes.
fn free_bytes(path: &Path) -> std::io::Result<u64> {
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty());
    let figures = rustix::fs::statvfs(folder.unwrap_or_else(|| Path::new(".")))?;
    Ok(figures.f_bavail.saturating_mul(figures.f_frsize))
}

/// Takes up the space, in blocks and not as a promise.
fn take_up(path: &Path) -> std::io::Result<()> {
    let mut file = OpenOptions::new().write(true).create(true).truncate(true).open(path)?;
    let flags = rustix::fs::FallocateFlags::empty();
    if rustix::fs::fallocate(&file, flags, 0, RESERVE_BYTES).is_ok() {
        return Ok(());
    }
    // Not every file system can; zeros are blocks everywhere else.
    let zeros = vec![0; 1 << 20];
    let mut left = RESERVE_BYTES;
    while 0 < left {
        let n = zeros.len().min(usize::try_from(left).unwrap_or(zeros.len()));
        file.write_all(&zeros[..n])?;
        left -= n as u64;
    }
    file.sync_all()
}

/// Gives the reserve of a journal back; whether there was one.
pub(super) fn release(journal: &Path) -> bool {
    let path = path_of(journal);
    // Removed names free blocks only once nobody has the file open; shortened ones at once.
    let emptied = File::options().write(true).open(&path).and_then(|file| {
        let n_bytes = file.metadata()?.len();
        file.set_len(0)?;
        Ok(0 < n_bytes)
    });
    emptied.unwrap_or(false)
}

impl Room {
    /// The room of a journal, as it is now.
    pub(super) fn of(journal: &Path) -> Self {
        let mut room = Self { path: path_of(journal), is_low: false };
        room.look();
        room
    }

    /// Gives the reserve back; whether there was one. From now on there is no room for new rides.
    pub(super) fn release(&mut self, journal: &Path) -> bool {
        let released = release(journal);
        if released {
            self.is_low = true;
            tracing::error!("the disk is full: new rides are refused, accepted ones go on");
        }
        released
    }

    /// Whether there is room for new rides; takes up the reserve again if there is room for it.
    pub(super) fn look(&mut self) -> bool {
        let Ok(free) = free_bytes(&self.path) else { return !self.is_low };
        let n_kept = std::fs::metadata(&self.path).map_or(0, |file| file.len());
        let missing = RESERVE_BYTES.saturating_sub(n_kept);
        // A little more than the least, so that the answer does not change with every command.
        let more = if self.is_low { ROOM_BYTES_MIN / 4 } else { 0 };
        let mut has_room = ROOM_BYTES_MIN + more + missing <= free;
        if has_room && 0 < missing {
            has_room = take_up(&self.path).is_ok();
        }
        match (self.is_low, has_room) {
            (false, false) => {
                tracing::error!(free, "the disk is nearly full: new rides are refused");
            }
            (true, true) => tracing::info!(free, "there is room on the disk again"),
            _ => {}
        }
        self.is_low = !has_room;
        has_room
    }
}
