//! Explanations as JSON: why this vehicle, why nobody, why an idle vehicle moves.

use serde_json::{Value, json};
use sharxi_engine::dispatcher::explain::RideReason;
use sharxi_engine::dispatcher::{Dispatcher, Worth};
use sharxi_engine::ids::{RequestId, VehicleId};
use sharxi_engine::planning::explain::{Broken, Candidate, Explanation, Rule, Verdict};
use sharxi_engine::units::Millis;

use super::time::format;

/// Why a ride has its vehicle, or none; `None` if nothing is known of it any more.
#[must_use]
pub fn ride(request: RequestId, dispatcher: &Dispatcher) -> Option<Value> {
    let reason = dispatcher.explain_ride(request)?;
    let mut told = json!({ "request_id": ride_name(request, dispatcher) });
    let (why, vehicle, explanation) = match &reason {
        RideReason::Refused { reason, explanation } => {
            told["reason"] = reason.as_str().into();
            ("refused", None, explanation.as_ref())
        }
        RideReason::Waits { vehicle, explanation } => ("waits", Some(*vehicle), Some(explanation)),
        RideReason::Carried { vehicle } => ("carried", Some(*vehicle), None),
    };
    told["why"] = why.into();
    if let Some(vehicle) = vehicle {
        told["vehicle_id"] = vehicle_name(vehicle, dispatcher).into();
    }
    if let Some(Explanation { at, candidates, n_possible, n_vehicles }) = explanation {
        told["at"] = format(*at).into();
        told["possible"] = (*n_possible).into();
        told["vehicles"] = (*n_vehicles).into();
        let candidates = candidates.iter().map(|candidate| candidate_json(candidate, dispatcher));
        told["candidates"] = candidates.collect();
    }
    Some(told)
}

/// What an idle vehicle's move is for, with its goal at `to`.
#[must_use]
pub fn idle_move(vehicle: VehicleId, why: &Worth, to: [f64; 2], dispatcher: &Dispatcher) -> Value {
    json!({
        "vehicle_id": vehicle_name(vehicle, dispatcher),
        "why": "waits_where_riders_are_expected",
        "to": to,
        "drive_s": why.drive.as_secs_f64(),
        "worth_s": why.worth.as_secs_f64(),
        "more_requests": thousandths(why.more_milli),
    })
}

fn candidate_json(candidate: &Candidate, dispatcher: &Dispatcher) -> Value {
    let mut told = json!({ "vehicle_id": vehicle_name(candidate.vehicle, dispatcher) });
    match &candidate.verdict {
        Verdict::Possible { cost, pickup_at, dropoff_at } => {
            told["cost_s"] = thousandths(*cost).into();
            told["pickup_at"] = format(*pickup_at).into();
            told["dropoff_at"] = format(*dropoff_at).into();
        }
        Verdict::Fails(broken) => {
            told["fails"] = broken.iter().map(|broken| broken_json(broken, dispatcher)).collect();
        }
    }
    told
}

fn broken_json(&Broken { rule, by }: &Broken, dispatcher: &Dispatcher) -> Value {
    let mut told = json!({ "rule": rule.as_str() });
    if by > Millis::ZERO {
        // A place that can't be reached at all is late for ever.
        told["by_s"] = if by.is_infinite() { Value::Null } else { by.as_secs_f64().into() };
    }
    if let Rule::OthersPromise(request) = rule {
        told["request_id"] = ride_name(request, dispatcher).into();
    }
    told
}

fn ride_name(request: RequestId, dispatcher: &Dispatcher) -> &str {
    dispatcher.ride(request).map_or("", |ride| ride.request.name.as_str())
}

fn vehicle_name(vehicle: VehicleId, dispatcher: &Dispatcher) -> &str {
    dispatcher.vehicle(vehicle).map_or("", |spec| spec.name.as_str())
}

#[expect(clippy::cast_precision_loss, reason = "for people")]
fn thousandths(milli: i64) -> f64 {
    milli as f64 / 1000.0
}
