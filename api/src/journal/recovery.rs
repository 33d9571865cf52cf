//! From a journal back to the state it stands for.

use sharxi_engine::units::EngineTime;

use super::record::Outcome;
use super::{Journal, JournalError};
use crate::desk::Desk;
use crate::executor::Executor;

/// Replays every record, checking event digests and state hashes on the way; the time of the last record that
/// changed something, if there was one.
///
/// # Errors
/// [`JournalError`] naming the first record that is not as it was; then the service must not start.
pub fn recover(
    journal: &mut dyn Journal,
    executor: &mut Executor,
    desk: &mut Desk,
) -> Result<Option<EngineTime>, JournalError> {
    let mut last = None;
    journal.replay(&mut |record, recorded_hash| {
        let events = executor.replay(&record)?;
        let told = desk.note(&events, executor);
        desk.publisher.publish(told);
        if let Some(recorded) = recorded_hash
            && recorded != executor.dispatcher().state_hash()
        {
            let what = "the state is another one";
            return Err(JournalError::Diverged { seq: record.seq, what });
        }
        // What was refused left no trace in the state, not even its time.
        if matches!(record.outcome, Outcome::Applied { .. }) {
            last = Some(record.at);
        }
        Ok(())
    })?;
    Ok(last)
}
