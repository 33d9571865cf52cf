//! Long work beside the interpreter: its lock is free meanwhile, Ctrl-C is heard, progress is told.

use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::mpsc::{self, RecvTimeoutError};
use std::thread;
use std::time::Duration;

use pyo3::create_exception;
use pyo3::exceptions::PyException;
use pyo3::prelude::*;
use sharxi_sim::toml_text::one_line;

create_exception!(sharxi, Error, PyException, "What could not be done, and why, in one line.");

/// How often Ctrl-C is looked for and progress told.
const LOOK: Duration = Duration::from_millis(100);

/// What work and the thread that waits for it tell each other.
#[derive(Default)]
pub(crate) struct Signals {
    /// Whether the work should end early.
    pub(crate) stop: AtomicBool,
    /// Steps that are done.
    pub(crate) done: AtomicUsize,
}

/// Whom to tell of progress: a callable that takes steps done and steps in all.
pub(crate) struct Told<'py> {
    pub(crate) to: Bound<'py, PyAny>,
    pub(crate) all: usize,
}

/// The error as the command line says it.
pub(crate) fn error(error: &anyhow::Error) -> PyErr {
    Error::new_err(one_line(&format!("{error:#}")))
}

/// `work` on a thread of its own, waited for without the interpreter's lock. After Ctrl-C, or if the callable raises,
/// the work is asked to stop and the exception is raised once it has.
///
/// # Errors
/// The work's own, the interrupt, or what the callable raised.
pub(crate) fn patiently<T: Send>(
    py: Python<'_>,
    told: Option<&Told<'_>>,
    work: impl FnOnce(&Signals) -> anyhow::Result<T> + Send,
) -> PyResult<T> {
    let signals = Signals::default();
    thread::scope(|scope| {
        // Nothing is ever sent: the end of the work closes the channel, and that wakes the one who waits.
        let (end, ended) = mpsc::channel::<()>();
        let ended = Mutex::new(ended);
        let worker = scope.spawn(|| {
            let result = work(&signals);
            drop(end);
            result
        });
        let mut raised = None;
        let mut seen = 0;
        loop {
            let is_over = py.detach(|| match ended.lock() {
                Ok(ended) => ended.recv_timeout(LOOK) != Err(RecvTimeoutError::Timeout),
                Err(_poisoned) => true,
            });
            if let (Some(told), None) = (told, &raised) {
                let done = signals.done.load(Ordering::Relaxed);
                if done != seen {
                    seen = done;
                    raised = told.to.call1((done, told.all)).err();
                }
            }
            if raised.is_none() {
                raised = py.check_signals().err();
            }
            if raised.is_some() {
                signals.stop.store(true, Ordering::Relaxed);
            }
            if is_over {
                break;
            }
        }
        let result = py.detach(|| worker.join());
        match (raised, result) {
            (Some(raised), _) => Err(raised),
            (None, Ok(result)) => result.map_err(|problem| error(&problem)),
            (None, Err(_panic)) => Err(Error::new_err("a thread ended before its work was done")),
        }
    })
}
