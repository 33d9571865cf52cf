//! What goes over the wire, from and to what the simulation works with.

use serde_json::{Value, json};
use sharxi_engine::demand::request::When;
use sharxi_engine::geo::LatLon;
use sharxi_engine::units::EngineTime;

use crate::clock::{self, LocalClock, shifted};
use crate::demand::DemandRow;
use crate::event_log::{Record, RecordKind, Stamp, Stand, Walks};
use crate::fleet::FleetRow;

/// The words of `request_kind`.
const KINDS: [&str; 3] = ["now", "depart_at", "arrive_by"];

fn time_text(time: EngineTime) -> String {
    LocalClock::UTC.format_ms(time)
}

/// A time in a message.
#[must_use]
pub fn time_of(value: &Value) -> Option<EngineTime> {
    clock::parse(value.as_str()?).ok()
}

/// The command that asks for a ride.
#[must_use]
pub fn request_ride(id: &str, row: &DemandRow, offset_ms: i64) -> Value {
    let (kind, target_at) = match row.when {
        When::Now => ("now", None),
        When::DepartAt(time) => ("depart_at", Some(time)),
        When::ArriveBy(time) => ("arrive_by", Some(time)),
    };
    let mut command = json!({
        "id": id,
        "type": "request_ride",
        "request_id": row.name.as_str(),
        "from": [row.from.lat(), row.from.lon()],
        "to": [row.to.lat(), row.to.lon()],
        "kind": kind,
        "passengers": row.party.passengers(),
        "wheelchairs": row.party.wheelchairs(),
    });
    for (need, count) in
        [("child_seats", row.party.child_seats()), ("luggage", row.party.luggage())]
    {
        if count > 0 {
            command[need] = count.into();
        }
    }
    if let Some(walk) = row.walk_max {
        command["walk_max_s"] = walk.as_secs_f64().into();
    }
    if let Some(time) = target_at {
        command["target_at"] = time_text(shifted(time, offset_ms)).into();
    }
    command
}

/// The command by which a vehicle joins.
#[must_use]
pub fn start_shift(id: &str, row: &FleetRow, offset_ms: i64) -> Value {
    json!({
        "id": id,
        "type": "start_shift",
        "vehicle_id": row.name.as_str(),
        "vehicle_type": row.kind.as_str(),
        "seats": row.seats,
        "wheelchairs": row.wheelchairs,
        "folding_seats": row.fittings.fold,
        "child_seats": row.fittings.child_seats,
        "luggage": row.fittings.luggage,
        "at": [row.point.lat(), row.point.lon()],
        "shift_end": time_text(shifted(row.shift_end, offset_ms)),
    })
}

/// What a vehicle is told to do.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Plan {
    /// The word of the next act; empty if there is none.
    pub act: String,
    /// When.
    pub at: EngineTime,
    /// With whom.
    pub request: Option<String>,
    /// Length of the leg under way, in metres.
    pub leg_m: f64,
    /// Who is on board.
    pub on_board: Vec<String>,
}

/// Reads a `plan` message; `None` if it is none.
#[must_use]
pub fn plan(message: &Value) -> Option<Plan> {
    let next = &message["next"];
    let act = next["act"].as_str()?;
    let on_board = message["on_board"].as_array()?.iter();
    let on_board = on_board.filter_map(|name| name.as_str().map(str::to_owned)).collect();
    if act == "idle" {
        return Some(Plan { on_board, ..Plan::default() });
    }
    let route: Vec<LatLon> = message["route"].as_array()?.iter().filter_map(point).collect();
    Some(Plan {
        act: act.to_owned(),
        at: time_of(&next["at"])?,
        request: next["request_id"].as_str().map(str::to_owned),
        leg_m: route.windows(2).map(|pair| pair[0].distance_m(pair[1])).sum(),
        on_board,
    })
}

fn point(value: &Value) -> Option<LatLon> {
    LatLon::from_degrees(value.get(0)?.as_f64()?, value.get(1)?.as_f64()?)
}

/// The command that reports the plan's next act as done at its planned time.
#[must_use]
pub fn report(id: &str, vehicle: &str, plan: &Plan) -> Value {
    let mut command =
        json!({ "id": id, "type": plan.act, "vehicle_id": vehicle, "at": time_text(plan.at) });
    if let Some(request) = &plan.request {
        command["request_id"] = request.as_str().into();
    }
    command
}

/// The records of a request that the service refused without making a ride of it.
#[must_use]
pub fn refusal(row: &DemandRow, at: EngineTime, reason: &str) -> [Record; 2] {
    let request_id = row.name.as_str().to_owned();
    let requested = RecordKind::Requested {
        request_id: request_id.clone(),
        from: [row.from.lat(), row.from.lon()],
        to: [row.to.lat(), row.to.lon()],
        request_kind: KINDS[0],
        target_at: None,
        passengers: row.party.passengers(),
        wheelchairs: row.party.wheelchairs(),
    };
    let rejected = RecordKind::Rejected { request_id, reason: reason.to_owned() };
    [Record { at, kind: requested }, Record { at, kind: rejected }]
}

/// The record of an `event` message; `None` for kinds that the log does not hold.
#[must_use]
pub fn record(event: &Value) -> Option<Record> {
    let text = |key: &str| event[key].as_str().map(str::to_owned);
    let stamp = |key: &str| Some(Stamp { time: time_of(&event[key])?, clock: LocalClock::UTC });
    let pair = |key: &str| Some([event[key].get(0)?.as_f64()?, event[key].get(1)?.as_f64()?]);
    let count = |key: &str| event[key].as_u64().and_then(|n| u8::try_from(n).ok());
    let (ride, vehicle) = (text("request_id"), text("vehicle_id"));
    let kind = match event["kind"].as_str()? {
        "requested" => RecordKind::Requested {
            request_id: ride?,
            from: pair("from")?,
            to: pair("to")?,
            request_kind: KINDS.into_iter().find(|&kind| event["request_kind"] == kind)?,
            target_at: stamp("target_at"),
            passengers: count("passengers")?,
            wheelchairs: count("wheelchairs")?,
        },
        "promised" => RecordKind::Promised {
            request_id: ride?,
            vehicle_id: vehicle?,
            ready_at: stamp("ready_at")?,
            pickup_by: stamp("pickup_by")?,
            dropoff_by: stamp("dropoff_by")?,
            direct_s: event["direct_s"].as_f64()?,
            walks: pair("pickup").zip(pair("dropoff")).and_then(|(pickup, dropoff)| {
                let seconds = |key: &str| event[key].as_f64();
                let (walk_to_s, walk_from_s) = (seconds("walk_to_s")?, seconds("walk_from_s")?);
                Some(Walks { pickup, dropoff, walk_to_s, walk_from_s })
            }),
        },
        "rejected" => RecordKind::Rejected { request_id: ride?, reason: text("reason")? },
        "expired" => RecordKind::Rejected { request_id: ride?, reason: "offer_expired".into() },
        "cancelled" => RecordKind::Cancelled { request_id: ride?, by: "rider" },
        "aborted" => RecordKind::Cancelled { request_id: ride?, by: "no_vehicle" },
        "no_show" => RecordKind::NoShow { request_id: ride?, vehicle_id: vehicle? },
        "boarded" => RecordKind::Boarded { request_id: ride?, vehicle_id: vehicle? },
        "alighted" => RecordKind::Alighted { request_id: ride?, vehicle_id: vehicle? },
        "shift_started" => RecordKind::ShiftStarted { vehicle_id: vehicle?, stand: stand(event)? },
        "shift_ended" => RecordKind::ShiftEnded { vehicle_id: vehicle? },
        "arrived" => RecordKind::Arrived { vehicle_id: vehicle?, stand: stand(event)? },
        "departed" => RecordKind::Departed { vehicle_id: vehicle?, stand: stand(event)? },
        "reassigned" => RecordKind::Reassigned {
            request_id: ride?,
            vehicle_id: vehicle?,
            from_vehicle_id: text("from_vehicle_id")?,
        },
        "broke_down" => RecordKind::BrokeDown { vehicle_id: vehicle?, stand: stand(event)? },
        "repositioning" => RecordKind::Repositioning { vehicle_id: vehicle?, to: pair("to")? },
        "promise_at_risk" => {
            RecordKind::PromiseAtRisk { request_id: ride?, late_s: event["late_s"].as_f64()? }
        }
        "promise_broken" => {
            RecordKind::PromiseBroken { request_id: ride?, late_s: event["late_s"].as_f64()? }
        }
        _ => return None,
    };
    Some(Record { at: time_of(&event["t"])?, kind })
}

fn stand(event: &Value) -> Option<Stand> {
    let node = |idx: usize| event["arc"].get(idx)?.as_u64().and_then(|id| u32::try_from(id).ok());
    Some(Stand {
        lat: event["lat"].as_f64()?,
        lon: event["lon"].as_f64()?,
        arc: [node(0)?, node(1)?],
    })
}
