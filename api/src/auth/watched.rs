//! Files that are read again when they change: keys, users, certificates.
//!
//! A change that can't be read is told in the log and leaves what was there before in force.

use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant, SystemTime};

/// Shortest time between two looks at the files.
pub const LOOK_EVERY: Duration = Duration::from_secs(2);
/// Bytes that such a file may have.
const BYTES_MAX: u64 = 8 * 1024 * 1024;

/// A file that can't be used, and why.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("read {}: {reason}", path.display())]
pub struct FileError {
    /// The file.
    pub path: PathBuf,
    /// What is wrong with it; names key and value where there is one.
    pub reason: String,
}

/// Makes a value of the contents of the files.
type Parse<T> = Box<dyn Fn(&[Vec<u8>]) -> Result<T, String> + Send + Sync>;
/// When each file was written and how long it is: what changes with a change.
type Stamp = Vec<(SystemTime, u64)>;

/// A value made of one or more files.
pub struct Watched<T> {
    paths: Vec<PathBuf>,
    parse: Parse<T>,
    look_every: Duration,
    kept: Mutex<Kept<T>>,
}

struct Kept<T> {
    value: Arc<T>,
    stamp: Stamp,
    looked: Instant,
}

impl<T> Watched<T> {
    /// Reads the files for the first time.
    ///
    /// # Errors
    /// [`FileError`].
    pub fn open(
        paths: &[&Path],
        look_every: Duration,
        parse: impl Fn(&[Vec<u8>]) -> Result<T, String> + Send + Sync + 'static,
    ) -> Result<Self, FileError> {
        let paths: Vec<PathBuf> = paths.iter().map(|&path| path.to_owned()).collect();
        let parse: Parse<T> = Box::new(parse);
        let stamp = stamp(&paths)?;
        let value = Arc::new(read(&paths, &parse)?);
        let kept = Mutex::new(Kept { value, stamp, looked: Instant::now() });
        Ok(Self { paths, parse, look_every, kept })
    }

    /// The value of now.
    pub fn get(&self) -> Arc<T> {
        let mut kept = self.lock();
        if self.look_every <= kept.looked.elapsed() {
            kept.looked = Instant::now();
            if let Err(error) = self.look(&mut kept) {
                tracing::warn!(%error, "a changed file is not used");
            }
        }
        kept.value.clone()
    }

    fn look(&self, kept: &mut Kept<T>) -> Result<(), FileError> {
        let stamp = stamp(&self.paths)?;
        if stamp != kept.stamp {
            // Looked at once for each change, whatever comes of it.
            kept.stamp = stamp;
            kept.value = Arc::new(read(&self.paths, &self.parse)?);
            tracing::info!(file = %self.paths[0].display(), "read again");
        }
        Ok(())
    }

    fn lock(&self) -> MutexGuard<'_, Kept<T>> {
        // What is kept is replaced as a whole: a thread that fails leaves nothing half done.
        self.kept.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn failed(path: &Path, reason: impl Into<Box<dyn std::error::Error>>) -> FileError {
    FileError { path: path.to_owned(), reason: reason.into().to_string() }
}

fn stamp(paths: &[PathBuf]) -> Result<Stamp, FileError> {
    let of = |path: &PathBuf| {
        let meta = std::fs::metadata(path).map_err(|error| failed(path, error))?;
        if BYTES_MAX < meta.len() {
            return Err(failed(path, format!("has more than {BYTES_MAX} bytes")));
        }
        Ok((meta.modified().map_err(|error| failed(path, error))?, meta.len()))
    };
    paths.iter().map(of).collect()
}

fn read<T>(paths: &[PathBuf], parse: &Parse<T>) -> Result<T, FileError> {
    let bytes = |path: &PathBuf| std::fs::read(path).map_err(|error| failed(path, error));
    let contents: Vec<Vec<u8>> = paths.iter().map(bytes).collect::<Result<_, _>>()?;
    parse(&contents).map_err(|reason| failed(&paths[0], reason))
}

/// The text of the only file.
///
/// # Errors
/// If it is not UTF-8.
pub fn text(contents: &[Vec<u8>]) -> Result<&str, String> {
    let bytes = contents.first().map(Vec::as_slice).unwrap_or_default();
    std::str::from_utf8(bytes).map_err(|error| error.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_change_is_seen_and_a_bad_one_is_not_used() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("number");
        std::fs::write(&path, "1").unwrap();
        let number = |contents: &[Vec<u8>]| {
            text(contents)?.parse::<u32>().map_err(|error| error.to_string())
        };
        let watched = Watched::open(&[&path], Duration::ZERO, number).unwrap();
        assert_eq!(*watched.get(), 1);
        std::fs::write(&path, "22").unwrap();
        assert_eq!(*watched.get(), 22);
        std::fs::write(&path, "three").unwrap();
        assert_eq!(*watched.get(), 22);
        std::fs::remove_file(&path).unwrap();
        assert_eq!(*watched.get(), 22);
        std::fs::write(&path, "4444").unwrap();
        assert_eq!(*watched.get(), 4444);
        let error = Watched::open(&[&folder.path().join("none")], LOOK_EVERY, number).err();
        assert!(error.unwrap().to_string().contains("none"));
    }
}
