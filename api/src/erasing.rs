//! Erasing a rider while the service runs: from the journal and from memory, between two batches.
//!
//! The file is written anew meanwhile, for which everybody waits: about a second for each 100 MB.

use schemars::JsonSchema;
use serde::Serialize;

use crate::desk::Desk;
use crate::executor::Executor;
use crate::intent::Caller;
use crate::journal::person::{EraseError, Erased, erase_beside};
use crate::journal::{Journal, JournalError};
use crate::keeping::Keeping;
use crate::wire::error::{Code, WireError};
use crate::wire::message::Role;
use crate::wire::status::to_text;

/// What was erased.
#[derive(Serialize, JsonSchema)]
#[schemars(rename = "Erasure")]
pub(crate) struct Erasure<'a> {
    rider: &'a str,
    commands: usize,
    ended_rides: usize,
    /// Whether the file was written anew; if not, erase once more.
    rewritten: bool,
}

/// Erases the rider, or says why that can't be done now. Everything up to now must be durable.
///
/// # Errors
/// [`JournalError`] if the journal can't be written any more; then the service must end.
pub(crate) fn erase(
    (executor, desk, keeping): (&mut Executor, &mut Desk, &mut Keeping),
    journal: &mut dyn Journal,
    rider: &str,
) -> Result<Result<String, WireError>, JournalError> {
    let caller = Caller { role: Role::Rider, name: rider.to_owned() };
    match erase_beside(executor, desk, journal, &caller) {
        Ok(Erased { n_commands, n_rides, is_rewritten }) => {
            keeping.replaced(executor.record_seq());
            tracing::info!(n_commands, n_rides, is_rewritten, "a rider was erased");
            let (commands, ended_rides, rewritten) = (n_commands, n_rides, is_rewritten);
            Ok(Ok(to_text(&Erasure { rider, commands, ended_rides, rewritten })))
        }
        Err(EraseError::Journal(JournalError::Full { .. })) => {
            let message = "there is no room to erase; nothing was erased";
            Ok(Err(WireError::new(Code::StorageFull, message)))
        }
        Err(EraseError::Journal(error)) => Err(error),
        Err(error) => Ok(Err(WireError::new(Code::NotNow, error.to_string()))),
    }
}
