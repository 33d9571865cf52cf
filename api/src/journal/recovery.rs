//! From a journal back to the state it stands for: the newest snapshot that can be used, and the records after it.

use std::sync::Arc;
use std::time::Instant;

use sharxi_engine::dispatcher::Dispatcher;

use super::{Journal, JournalError, snapshot};
use crate::desk::Desk;
use crate::executor::Executor;
use crate::limits::DEDUPE_IDS_MAX;
use crate::map::Map;

/// Everything as it was after the last record, and how that came about.
pub struct Recovered {
    /// The dispatcher and what grows with it.
    pub executor: Executor,
    /// What is told.
    pub desk: Desk,
    /// The record of the snapshot that was taken up, 0 for none.
    pub snapshot_seq: u64,
    /// Snapshots that could not be used, newest first.
    pub skipped: Vec<JournalError>,
}

/// Takes up the newest usable snapshot and replays every record after it, checking event digests and state hashes on
/// the way. A snapshot that can't be used is passed over with a word, for an older one or for the very beginning.
///
/// # Errors
/// [`JournalError`] naming the first record that is missing or not as it was; then the service must not start.
pub fn recover(journal: &dyn Journal, map: &Arc<dyn Map>) -> Result<Recovered, JournalError> {
    let (begun, mut skipped, mut begin) = (Instant::now(), Vec::new(), None);
    for seq in journal.snapshots()? {
        let policy = journal.header().policy.clone();
        match journal.snapshot(seq).and_then(|found| snapshot::take_up(&found, map, policy)) {
            Ok(taken_up) => {
                begin = Some((seq, taken_up));
                break;
            }
            Err(error) => {
                tracing::warn!(%error, "a snapshot is passed over");
                skipped.push(error);
            }
        }
    }
    let (snapshot_seq, (mut executor, mut desk)) = begin.unwrap_or_else(|| {
        let header = journal.header();
        let dispatcher = Dispatcher::new(map.clone(), header.policy.clone(), &header.spots);
        (0, (Executor::new(dispatcher, map.clone()), Desk::new(map.clone())))
    });
    let taken_up = begun.elapsed();
    journal.answered(snapshot_seq, DEDUPE_IDS_MAX, &mut |record| executor.remember(&record))?;
    let remembered = begun.elapsed();
    journal.replay(snapshot_seq, &mut |record, recorded_hash| {
        let events = executor.replay(&record)?;
        let told = desk.note(&events, &executor);
        desk.publisher.publish(told);
        if let Some(recorded) = recorded_hash
            && recorded != executor.dispatcher().state_hash()
        {
            let what = "the state is another one";
            return Err(JournalError::Diverged { seq: record.seq, what });
        }
        Ok(())
    })?;
    let replayed = begun.elapsed();
    let seq = executor.record_seq();
    tracing::info!(snapshot_seq, seq, ?taken_up, ?remembered, ?replayed, "the journal was read");
    Ok(Recovered { executor, desk, snapshot_seq, skipped })
}
