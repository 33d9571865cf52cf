//! The operator's seat: sees everything, keeps the log, counts rides under way.

use std::collections::BTreeSet;

use serde_json::Value;
use tokio::sync::watch;

use super::link::{DriveError, Link};
use super::messages;
use super::play::{Phase, reached};
use crate::event_log::{Record, RecordKind};

/// Wall seconds between two samples of coverage.
const COVERAGE_EVERY: u32 = 5;

/// What the operator sees just now.
#[derive(Clone, Debug, Default)]
pub struct View {
    /// The last `kpi` message.
    pub kpi: Option<Value>,
    /// Promised rides that have not ended.
    pub under_way: usize,
}

/// What the operator has noted.
#[derive(Debug, Default)]
pub struct Notes {
    /// Everything that happened.
    pub records: Vec<Record>,
    /// Coverage in thousandths.
    pub coverage_milli: Vec<u32>,
}

/// Notes everything until the drive is over.
///
/// # Errors
/// [`DriveError`] if the service is gone.
pub async fn run(
    mut link: Link,
    view: watch::Sender<View>,
    mut phase: watch::Receiver<Phase>,
) -> Result<Notes, DriveError> {
    let mut notes = Notes::default();
    let mut under_way: BTreeSet<String> = BTreeSet::new();
    let mut n_kpi = 0u32;
    loop {
        let message = tokio::select! {
            message = link.receive() => message?,
            _ = reached(&mut phase, Phase::Done) => break,
        };
        match message["type"].as_str() {
            Some("event") => {
                let Some(record) = messages::record(&message) else { continue };
                count(&record.kind, &mut under_way);
                notes.records.push(record);
                view.send_modify(|view| view.under_way = under_way.len());
            }
            Some("kpi") => {
                n_kpi += 1;
                if n_kpi.is_multiple_of(COVERAGE_EVERY)
                    && let Some(share) = message["coverage_15min"].as_f64()
                {
                    notes.coverage_milli.push(thousandths(share));
                }
                view.send_modify(|view| view.kpi = Some(message));
            }
            Some("closing") => break,
            _ => {}
        }
    }
    Ok(notes)
}

fn count(kind: &RecordKind, under_way: &mut BTreeSet<String>) {
    match kind {
        RecordKind::Promised { request_id, .. } => {
            under_way.insert(request_id.clone());
        }
        RecordKind::Alighted { request_id, .. }
        | RecordKind::Cancelled { request_id, .. }
        | RecordKind::NoShow { request_id, .. } => {
            under_way.remove(request_id);
        }
        _ => {}
    }
}

#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "0 to 1000")]
fn thousandths(share: f64) -> u32 {
    (share.clamp(0.0, 1.0) * 1000.0).round() as u32
}
