//! Many runs side by side, each on one thread; results come back in order, whoever was done first.
//!
//! Each worker is a rayon pool of its own with one thread. In one common pool a worker that waits for a decision would
//! begin a second day meanwhile, and a third within that, and hold them all in memory.

use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;

/// Threads that are used at most.
pub const THREADS_MAX: usize = 256;

/// As many threads as the machine has, at most [`THREADS_MAX`].
#[must_use]
pub fn threads_of_machine() -> usize {
    thread::available_parallelism().map_or(1, |n| n.get().min(THREADS_MAX))
}

/// Why the work could not be done.
#[derive(Debug, thiserror::Error)]
pub enum CrewError {
    /// No pool for a worker.
    #[error("start a thread")]
    Pool(#[from] rayon::ThreadPoolBuildError),
    /// A worker ended without its results; a bug.
    #[error("a thread ended before its work was done")]
    Lost,
}

/// `work` on each of `items`, on `n_threads` threads (at least 1, at most [`THREADS_MAX`]). The results are in the order of the items.
///
/// # Errors
/// [`CrewError`]; the first in order of the workers.
pub fn each<T: Sync, R: Send>(
    items: &[T],
    n_threads: usize,
    work: impl Fn(&T) -> R + Sync,
) -> Result<Vec<R>, CrewError> {
    let n_threads = n_threads.clamp(1, THREADS_MAX).min(items.len().max(1));
    let next = AtomicUsize::new(0);
    let results: Mutex<Vec<Option<R>>> = Mutex::new(items.iter().map(|_| None).collect());
    let worker = || -> Result<(), CrewError> {
        let pool = rayon::ThreadPoolBuilder::new().num_threads(1).build()?;
        loop {
            let idx = next.fetch_add(1, Ordering::Relaxed);
            let Some(item) = items.get(idx) else { return Ok(()) };
            let result = pool.install(|| work(item));
            let mut results = results.lock().map_err(|_poisoned| CrewError::Lost)?;
            results[idx] = Some(result);
        }
    };
    thread::scope(|scope| {
        let workers: Vec<_> = (0..n_threads).map(|_| scope.spawn(worker)).collect();
        workers
            .into_iter()
            .try_for_each(|worker| worker.join().map_err(|_panic| CrewError::Lost)?)
    })?;
    let results = results.into_inner().map_err(|_poisoned| CrewError::Lost)?;
    results.into_iter().map(|result| result.ok_or(CrewError::Lost)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn results_are_in_order_on_any_number_of_threads() {
        let items: Vec<u32> = (0..50).collect();
        let squares: Vec<u32> = items.iter().map(|n| n * n).collect();
        for n_threads in [0, 1, 3, 500] {
            assert_eq!(each(&items, n_threads, |n| n * n).unwrap(), squares);
        }
        assert!(each(&[] as &[u32], 2, |n| *n).unwrap().is_empty());
        let inside = each(&items, 2, |_| rayon::current_num_threads()).unwrap();
        assert!(inside.iter().all(|&n| n == 1));
    }
}
