//! What is in a snapshot: everything that replaying all commands up to a record would bring back.
//!
//! A version byte, then postcard of `Contents`: numbers of the last record and event, the dispatcher's state
//! (`Dispatcher::save`) and its hash, who asked for what, the live figures, what the hour of the
//! week said last, and the newest events for clients that resume.
//! Not in it are the answers that repeats get: they are read from the records again.

use std::sync::Arc;

use serde::{Deserialize, Serialize};
use sharxi_engine::dispatcher::Dispatcher;
use sharxi_engine::planning::policy::Policy;
use sharxi_engine::region::TrafficChange;

use super::JournalError;
use super::record::Snapshot;
use crate::desk::Desk;
use crate::executor::Executor;
use crate::kpi::Kpi;
use crate::ledger::Ledger;
use crate::map::Map;
use crate::planted::{self, Bug};
use crate::publish::KeptEvent;

/// Version of the contents: the first byte.
const VERSION: u8 = 2;

#[derive(Serialize, Deserialize)]
struct Contents<D, L, K, H> {
    record_seq: u64,
    event_seq: u64,
    hash: u64,
    dispatcher: D,
    ledger: L,
    kpi: K,
    hours: H,
    events: Vec<KeptEvent>,
}

/// A snapshot of how things stand; `None` before the first command that changed something.
///
/// # Errors
/// [`JournalError::Encode`] or [`JournalError::Snapshot`], which do not happen for these types.
pub fn take(executor: &Executor, desk: &Desk) -> Result<Option<Snapshot>, JournalError> {
    let dispatcher = executor.dispatcher();
    let Some(at) = dispatcher.last_command_at() else { return Ok(None) };
    let seq = executor.record_seq();
    let unsaved = |error: sharxi_engine::dispatcher::SavedError| JournalError::Snapshot {
        seq,
        what: error.to_string(),
    };
    let contents = Contents {
        record_seq: seq,
        event_seq: executor.event_seq(),
        hash: dispatcher.state_hash(),
        dispatcher: dispatcher.save().map_err(unsaved)?,
        ledger: executor.ledger(),
        kpi: desk.kpi(),
        hours: executor.hours(),
        events: desk.publisher.kept(),
    };
    let body = postcard::to_extend(&contents, vec![VERSION]).map_err(JournalError::Encode)?;
    Ok(Some(Snapshot { seq, at, body }))
}

/// Executor and desk as they were.
///
/// # Errors
/// [`JournalError::Snapshot`] if it is of another version, or not what it says.
pub fn take_up(
    snapshot: &Snapshot,
    map: &Arc<dyn Map>,
    policy: Policy,
) -> Result<(Executor, Desk), JournalError> {
    let unusable = |what: String| JournalError::Snapshot { seq: snapshot.seq, what };
    let body = match snapshot.body.split_first() {
        Some((&VERSION, body)) => body,
        Some((version, _)) => {
            return Err(unusable(format!(
                "its contents are version {version}, this program knows version {VERSION}"
            )));
        }
        None => return Err(unusable("it is empty".to_owned())),
    };
    let contents: Contents<Vec<u8>, Ledger, Kpi, Vec<TrafficChange>> =
        postcard::from_bytes(body).map_err(|error| unusable(error.to_string()))?;
    if contents.record_seq != snapshot.seq {
        return Err(unusable(format!("it is one after record {}", contents.record_seq)));
    }
    let (bytes, hash) = (&contents.dispatcher, contents.hash);
    let dispatcher = Dispatcher::restore(map.clone(), policy, bytes, hash)
        .map_err(|error| unusable(error.to_string()))?;
    let n_reused = u64::from(planted::is(Bug::ReuseEventNumbers));
    let seqs = (contents.record_seq, contents.event_seq - n_reused);
    let ledger = if planted::is(Bug::ForgetOwners) { Ledger::default() } else { contents.ledger };
    let books = (ledger, contents.hours);
    let executor = Executor::go_on(dispatcher, map.clone(), books, seqs);
    Ok((executor, Desk::go_on(map.clone(), contents.kpi, contents.events)))
}
