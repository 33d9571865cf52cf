//! Explanations as JSON: why this vehicle, why nobody, why an idle vehicle moves.

use schemars::JsonSchema;
use serde::Serialize;
use sharxi_engine::dispatcher::explain::RideReason;
use sharxi_engine::dispatcher::{Dispatcher, Worth};
use sharxi_engine::ids::{RequestId, VehicleId};
use sharxi_engine::planning::explain::{Broken, Candidate, Explanation, Rule, Verdict};
use sharxi_engine::units::Millis;

use super::event::reject_word;
use super::message::Point;
use super::told::RejectWord;
use super::words::{ExpectedWord, Time};

/// Why a ride has its vehicle, or none.
#[derive(Debug, Serialize, JsonSchema)]
#[schemars(rename = "RideWhy")]
pub struct RideWhy<'a> {
    request_id: &'a str,
    why: WhyWord,
    /// Of a refusal.
    #[serde(skip_serializing_if = "Option::is_none")]
    reason: Option<RejectWord>,
    #[serde(skip_serializing_if = "Option::is_none")]
    vehicle_id: Option<&'a str>,
    #[serde(flatten, skip_serializing_if = "Option::is_none")]
    compared: Option<Compared<'a>>,
}

/// In a word.
#[derive(Clone, Copy, Debug, Serialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
#[schemars(rename = "Why")]
enum WhyWord {
    Refused,
    Waits,
    Carried,
}

/// How the vehicles compare.
#[derive(Debug, Serialize, JsonSchema)]
struct Compared<'a> {
    /// As things stood then.
    at: Time,
    /// Vehicles on shift that could.
    possible: usize,
    /// Vehicles on shift.
    vehicles: usize,
    candidates: Vec<CandidateInfo<'a>>,
}

/// What a vehicle could have done: times and a cost, or what stands against it.
#[derive(Debug, Serialize, JsonSchema)]
#[schemars(rename = "Candidate")]
struct CandidateInfo<'a> {
    vehicle_id: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    cost_s: Option<f64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pickup_at: Option<Time>,
    #[serde(skip_serializing_if = "Option::is_none")]
    dropoff_at: Option<Time>,
    #[serde(skip_serializing_if = "Option::is_none")]
    fails: Option<Vec<BrokenRule<'a>>>,
}

/// A rule that the least bad place would break.
#[derive(Debug, Serialize, JsonSchema)]
struct BrokenRule<'a> {
    rule: RuleWord,
    /// By how much; null: for ever.
    #[serde(skip_serializing_if = "Option::is_none")]
    by_s: Option<Option<f64>>,
    /// Whose promise.
    #[serde(skip_serializing_if = "Option::is_none")]
    request_id: Option<&'a str>,
}

/// What can stand against a vehicle.
#[derive(Clone, Copy, Debug, Serialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
#[schemars(rename = "Rule")]
enum RuleWord {
    Silent,
    PlanFull,
    Seats,
    Wheelchairs,
    ChildSeats,
    Luggage,
    Wait,
    #[serde(rename = "dropoff")]
    DropOff,
    RideTime,
    OthersPromise,
    ShiftEnd,
}

/// What an idle vehicle's move is for.
#[derive(Debug, Serialize, JsonSchema)]
#[schemars(rename = "MoveWhy")]
pub struct MoveWhy<'a> {
    vehicle_id: &'a str,
    why: ExpectedWord,
    to: Point,
    drive_s: f64,
    worth_s: f64,
    more_requests: f64,
}

/// Why a ride has its vehicle, or none.
#[must_use]
pub fn ride<'a>(
    request: RequestId,
    reason: &RideReason,
    dispatcher: &'a Dispatcher,
) -> RideWhy<'a> {
    let (why, vehicle, explanation) = match reason {
        RideReason::Refused { explanation, .. } => (WhyWord::Refused, None, explanation.as_ref()),
        RideReason::Waits { vehicle, explanation } => {
            (WhyWord::Waits, Some(*vehicle), Some(explanation))
        }
        RideReason::Carried { vehicle } => (WhyWord::Carried, Some(*vehicle), None),
    };
    let refused = match reason {
        RideReason::Refused { reason, .. } => Some(reject_word(*reason)),
        RideReason::Waits { .. } | RideReason::Carried { .. } => None,
    };
    RideWhy {
        request_id: ride_name(request, dispatcher),
        why,
        reason: refused,
        vehicle_id: vehicle.map(|vehicle| vehicle_name(vehicle, dispatcher)),
        compared: explanation.map(|explanation| compared(explanation, dispatcher)),
    }
}

/// What an idle vehicle's move is for, with its goal at `to`.
#[must_use]
pub fn idle_move<'a>(
    vehicle: VehicleId,
    why: &Worth,
    to: Point,
    dispatcher: &'a Dispatcher,
) -> MoveWhy<'a> {
    MoveWhy {
        vehicle_id: vehicle_name(vehicle, dispatcher),
        why: ExpectedWord::It,
        to,
        drive_s: why.drive.as_secs_f64(),
        worth_s: why.worth.as_secs_f64(),
        more_requests: thousandths(why.more_milli),
    }
}

fn compared<'a>(explanation: &Explanation, dispatcher: &'a Dispatcher) -> Compared<'a> {
    let candidates = explanation.candidates.iter();
    Compared {
        at: explanation.at.into(),
        possible: explanation.n_possible,
        vehicles: explanation.n_vehicles,
        candidates: candidates.map(|candidate| candidate_info(candidate, dispatcher)).collect(),
    }
}

fn candidate_info<'a>(candidate: &Candidate, dispatcher: &'a Dispatcher) -> CandidateInfo<'a> {
    let vehicle_id = vehicle_name(candidate.vehicle, dispatcher);
    match &candidate.verdict {
        Verdict::Possible { cost, pickup_at, dropoff_at } => CandidateInfo {
            vehicle_id,
            cost_s: Some(thousandths(*cost)),
            pickup_at: Some((*pickup_at).into()),
            dropoff_at: Some((*dropoff_at).into()),
            fails: None,
        },
        Verdict::Fails(broken) => CandidateInfo {
            vehicle_id,
            cost_s: None,
            pickup_at: None,
            dropoff_at: None,
            fails: Some(broken.iter().map(|broken| broken_rule(broken, dispatcher)).collect()),
        },
    }
}

fn broken_rule<'a>(&Broken { rule, by }: &Broken, dispatcher: &'a Dispatcher) -> BrokenRule<'a> {
    let request_id = match rule {
        Rule::OthersPromise(request) => Some(ride_name(request, dispatcher)),
        _ => None,
    };
    // A place that can't be reached at all is late for ever.
    let by_s = (Millis::ZERO < by).then(|| (!by.is_infinite()).then(|| by.as_secs_f64()));
    BrokenRule { rule: rule_word(rule), by_s, request_id }
}

const fn rule_word(rule: Rule) -> RuleWord {
    match rule {
        Rule::Silent => RuleWord::Silent,
        Rule::PlanFull => RuleWord::PlanFull,
        Rule::Seats => RuleWord::Seats,
        Rule::Wheelchairs => RuleWord::Wheelchairs,
        Rule::ChildSeats => RuleWord::ChildSeats,
        Rule::Luggage => RuleWord::Luggage,
        Rule::Wait => RuleWord::Wait,
        Rule::DropOff => RuleWord::DropOff,
        Rule::RideTime => RuleWord::RideTime,
        Rule::OthersPromise(_) => RuleWord::OthersPromise,
        Rule::ShiftEnd => RuleWord::ShiftEnd,
    }
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
