//! What the core has applied and not yet made durable, and what is said once it is.

use std::collections::BTreeSet;

use sharxi_engine::dispatcher::event::EventKind;
use sharxi_engine::ids::VehicleId;

use crate::executor::Executed;
use crate::inputs::AnswerTo;
use crate::journal::record::Batch;
use crate::publish::Told;
use crate::wire::error::{Code, WireError};

/// What is said once a command is durable.
pub(crate) struct Done {
    pub(crate) answer: Option<(AnswerTo, String)>,
    pub(crate) told: Vec<Told>,
    /// Vehicles that are owed their plans.
    pub(crate) changed: BTreeSet<VehicleId>,
}

/// Commands applied but not yet durable.
#[derive(Default)]
pub(crate) struct Pending {
    pub(crate) batch: Batch,
    pub(crate) done: Vec<Done>,
}

/// What is said instead of `reply` if the journal could not be written.
pub(crate) fn unsaved(reply: &str) -> String {
    let reply: serde_json::Value = serde_json::from_str(reply).unwrap_or_default();
    let message = "the journal can't be written; the command may be lost";
    WireError::new(Code::Storage, message).encode(reply.get("id").and_then(|id| id.as_str()))
}

/// The vehicles whose plan may be another one now, or that have just reported.
pub(crate) fn changed(executed: &Executed) -> BTreeSet<VehicleId> {
    let events = executed.events.iter().filter_map(|(_, happening)| happening.event());
    let planned = events.filter_map(|event| match event.kind {
        EventKind::PlanChanged { vehicle, .. }
        | EventKind::ShiftStarted { vehicle, .. }
        | EventKind::ShiftEnded { vehicle }
        | EventKind::BrokeDown { vehicle, .. } => Some(vehicle),
        _ => None,
    });
    planned.chain(executed.reporter).collect()
}
