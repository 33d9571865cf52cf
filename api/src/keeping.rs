//! When snapshots are made and old records go: the upkeep of the journal while the service runs.
//!
//! A snapshot is encoded at once, between two batches, so that it is of one moment; it is written part by part with the
//! batches that follow, so that nobody waits for all of it. It counts once it is sealed.

use std::collections::VecDeque;
use std::time::{Duration, Instant};

use sharxi_engine::units::{EngineTime, Millis};

use crate::desk::Desk;
use crate::executor::Executor;
use crate::journal::record::SnapshotStep;
use crate::journal::{Journal, JournalError, snapshot};
use crate::limits::{REPLAY_MAX, SNAPSHOT_PART_BYTES, SNAPSHOT_PARTS_MAX, SNAPSHOT_RECORDS_MIN};

/// Milliseconds of a day.
const DAY_MS: u32 = 24 * 3600 * 1000;

/// The upkeep of one journal. The default makes no snapshots and keeps everything.
#[derive(Default)]
pub struct Keeping {
    /// Commands from one snapshot to the next; 0 for none.
    every: u64,
    /// Days for which records and ended rides are kept; `None`: for ever.
    keep_days: Option<u32>,
    /// The record of the newest snapshot.
    last: u64,
    /// What the commands since then took; a replay takes as long again.
    spent: Duration,
    /// What is still to be written of it.
    steps: VecDeque<SnapshotStep>,
    /// Whether there may be something that is old enough to go.
    removing: bool,
}

impl Keeping {
    /// A snapshot every `every` commands, if not 0, the last one having been after record `last`; records are kept for
    /// `keep_days`.
    #[must_use]
    pub fn new(every: u64, keep_days: Option<u32>, last: u64) -> Self {
        Self {
            every,
            keep_days,
            last,
            spent: Duration::ZERO,
            steps: VecDeque::new(),
            removing: true,
        }
    }

    /// A command took so long.
    pub fn count(&mut self, took: Duration) {
        self.spent += took;
    }

    /// Begins a snapshot if enough has happened since the last one. Everything up to now must be durable.
    ///
    /// # Errors
    /// [`JournalError`] if it can't be encoded, a bug.
    pub fn begin_if_due(&mut self, executor: &Executor, desk: &Desk) -> Result<(), JournalError> {
        let since = executor.record_seq().saturating_sub(self.last);
        let is_long = REPLAY_MAX <= self.spent && self.every.min(SNAPSHOT_RECORDS_MIN) <= since;
        let due = 0 < self.every && (self.every <= since || is_long);
        if due && self.steps.is_empty() { self.begin(executor, desk) } else { Ok(()) }
    }

    fn begin(&mut self, executor: &Executor, desk: &Desk) -> Result<(), JournalError> {
        let begun = Instant::now();
        let Some(taken) = snapshot::take(executor, desk)? else { return Ok(()) };
        let (seq, at, crc) = (taken.seq, taken.at, taken.crc());
        let n_bytes = taken.body.len();
        (self.last, self.spent) = (seq, Duration::ZERO);
        if n_bytes.div_ceil(SNAPSHOT_PART_BYTES) > SNAPSHOT_PARTS_MAX as usize {
            tracing::warn!(seq, n_bytes, "the state is too large for a snapshot");
            return Ok(());
        }
        let parts = taken.body.chunks(SNAPSHOT_PART_BYTES).zip(0..);
        self.steps =
            parts.map(|(part, idx)| SnapshotStep::Part { seq, idx, body: part.to_vec() }).collect();
        self.steps.push_back(SnapshotStep::Seal { seq, at, n_bytes: n_bytes as u64, crc });
        self.removing = true;
        let ms = begun.elapsed().as_secs_f64() * 1000.0;
        tracing::info!(seq, n_bytes, ms, "a snapshot begins");
        Ok(())
    }

    /// A snapshot of record `seq` was made by somebody else, and what is still to be written of an older one must not be.
    pub fn replaced(&mut self, seq: u64) {
        (self.last, self.spent, self.removing) = (seq, Duration::ZERO, true);
        self.steps.clear();
    }

    /// What goes into the next batch; the seal goes with the last part.
    #[must_use]
    pub fn next_step(&mut self) -> Vec<SnapshotStep> {
        let n_steps = if self.steps.len() <= 2 { 2 } else { 1 };
        self.steps.drain(..n_steps.min(self.steps.len())).collect()
    }

    /// All that is left of a snapshot, or one of now if something has happened since the last.
    ///
    /// # Errors
    /// As [`Keeping::begin_if_due`].
    pub fn last_steps(
        &mut self,
        executor: &Executor,
        desk: &Desk,
    ) -> Result<Vec<SnapshotStep>, JournalError> {
        if 0 < self.every && self.last < executor.record_seq() {
            self.begin(executor, desk)?;
        }
        Ok(self.steps.drain(..).collect())
    }

    /// Removes a little of what is older than the retention.
    ///
    /// # Errors
    /// [`JournalError::Storage`].
    pub fn remove_old(
        &mut self,
        journal: &mut dyn Journal,
        now: EngineTime,
    ) -> Result<(), JournalError> {
        let Some(days) = self.keep_days.filter(|_| self.removing && self.steps.is_empty()) else {
            return Ok(());
        };
        let before = (0..days).fold(now, |before, _| before - Millis::new(DAY_MS));
        self.removing = 0 < journal.prune(before)?;
        Ok(())
    }
}
