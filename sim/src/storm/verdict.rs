//! The whole log of a storm before the audit that studies go through: speeds, places, times on board, shifts.

use serde_json::Value;
use sharxi_engine::units::EngineTime;

use super::cast::Cast;
use super::town::Town;
use super::world::EPOCH_MS;
use crate::audit::files::AuditError;
use crate::audit::{self, Case, Rules};
use crate::clock::LocalClock;
use crate::drive::messages;
use crate::event_log::{self, Record};

/// An offer is answered within its minute; a service that was down answers later.
const ANSWER_WITHIN_S: f64 = 1_800.0;

/// What the audit has against it.
///
/// # Errors
/// [`AuditError`] if the demand or the fleet made here can't be read, a bug.
pub fn audit(events: &[Value], town: &Town, fleet: &[Cast]) -> Result<Vec<String>, AuditError> {
    let mut records: Vec<Record> = events.iter().filter_map(messages::record).collect();
    records.sort_by_key(|record| record.at);
    let mut log = Vec::new();
    // Writing to memory does not fail.
    drop(event_log::write(&records, LocalClock::UTC, &mut log));
    let (nodes, arcs) = town.graph();
    let case = Case {
        demand: &demand(events),
        fleet: &fleet_text(fleet),
        events: &String::from_utf8_lossy(&log),
        nodes: &nodes,
        arcs: &arcs,
        rules: Rules { answer_within_s: ANSWER_WITHIN_S, ..Rules::default() },
    };
    let verdict = audit::audit(&case)?;
    // A vehicle that could not say in time that it was in time was late for all that anybody knew.
    let is_meant = |breach: &audit::Breach| breach.rule != "false_break";
    let told =
        |breach: audit::Breach| format!("{} at line {}: {}", breach.rule, breach.line, breach.text);
    Ok(verdict.breaches.into_iter().filter(is_meant).map(told).collect())
}

fn demand(events: &[Value]) -> String {
    let mut text = String::from(
        "request_id,requested_at,kind,target_at,from_lat,from_lon,to_lat,to_lon,passengers,wheelchairs\n",
    );
    let word = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    for event in events.iter().filter(|event| event["kind"] == "requested") {
        let (from, to) = (&event["from"], &event["to"]);
        text.push_str(&format!(
            "{},{},{},{},{},{},{},{},{},{}\n",
            word(&event["request_id"]),
            word(&event["t"]),
            word(&event["request_kind"]),
            word(&event["target_at"]),
            from[0],
            from[1],
            to[0],
            to[1],
            event["passengers"],
            event["wheelchairs"]
        ));
    }
    text
}

fn fleet_text(fleet: &[Cast]) -> String {
    let mut text =
        String::from("vehicle_id,type,seats,wheelchairs,lat,lon,shift_start,shift_end\n");
    let time = |ms: i64| LocalClock::UTC.format_s(EngineTime::from_unix_ms(ms));
    for cast in fleet {
        let [lat, lon] = cast.start;
        text.push_str(&format!(
            "{},taxi,{},{},{lat},{lon},{},{}\n",
            cast.name,
            cast.seats,
            cast.wheelchairs,
            time(EPOCH_MS),
            time(cast.shift_end_ms)
        ));
    }
    text
}
