//! From messages to intents: ranges are checked, times read, points snapped to the road.

use std::hash::Hasher;

use serde::Serialize;
use sharxi_engine::demand::request::{Name, Party, RideRequest, When};
use sharxi_engine::fleet::vehicle::{Fittings, VehicleSpec};
use sharxi_engine::geo::LatLon;
use sharxi_engine::limits::{PLACES_MAX, WALK_MAX};
use sharxi_engine::oracle::Location;
use sharxi_engine::region::Fix;
use sharxi_engine::units::{EngineTime, Millis};
use siphasher::sip::SipHasher13;

use super::error::{Code, WireError};
use super::message::{Command, Kind, Point};
use super::time;
use crate::intent::{Asked, Fact, Intent, Order};
use crate::limits;
use crate::map::Map;
use crate::planted::{self, Bug};

/// How far the search for the nearest point that can be served goes; half the way around the earth.
const ANYWHERE_M: f64 = 20_100_000.0;

/// Checks a command and snaps its points to the map's roads.
///
/// # Errors
/// `bad_value` with the field's name, or `outside_area` with the nearest point that can be served.
pub fn order(command: &Command, map: &dyn Map) -> Result<Order, WireError> {
    let intent = match command {
        Command::Position { vehicle_id, at, position, heading, .. } => {
            if heading.is_some_and(|deg| !(0.0..=360.0).contains(&deg)) {
                return Err(WireError::bad_value("heading", "must be degrees from 0 to 360"));
            }
            let at = Some(moment("at", at)?);
            let vehicle = name("vehicle_id", vehicle_id)?;
            let fix = Fix { point: point("position", *position)?, at, heading_deg: *heading };
            return Ok(Order::Position { vehicle, fix });
        }
        Command::Subscribe { id, positions } => {
            return Ok(Order::Subscribe { id: id.clone(), positions: *positions });
        }
        Command::RequestRide { .. } => request_ride(command, map)?,
        Command::StartShift { .. } => start_shift(command, map)?,
        Command::AcceptOffer { request_id, .. } => Intent::AcceptOffer(ride_name(request_id)?),
        Command::DeclineOffer { request_id, .. } => Intent::DeclineOffer(ride_name(request_id)?),
        Command::CancelRide { request_id, .. } => Intent::CancelRide(ride_name(request_id)?),
        Command::EndShift { vehicle_id, .. } => Intent::EndShift(name("vehicle_id", vehicle_id)?),
        Command::Depart { vehicle_id, at, plan, .. } => {
            report(vehicle_id, at, Fact::Depart(*plan))?
        }
        Command::Arrive { vehicle_id, at, plan, .. } => {
            report(vehicle_id, at, Fact::Arrive(*plan))?
        }
        Command::Board { vehicle_id, request_id, at, .. } => {
            report(vehicle_id, at, Fact::Board(ride_name(request_id)?))?
        }
        Command::Alight { vehicle_id, request_id, at, .. } => {
            report(vehicle_id, at, Fact::Alight(ride_name(request_id)?))?
        }
        Command::NoShow { vehicle_id, request_id, at, .. } => {
            report(vehicle_id, at, Fact::NoShow(ride_name(request_id)?))?
        }
        Command::BreakDown { vehicle_id, at, position, .. } => {
            let stands = position.map(|given| snap("position", given, map)).transpose()?;
            report(vehicle_id, at, Fact::BreakDown(stands))?
        }
    };
    let id = command.id().unwrap_or_default().to_owned();
    Ok(Order::Lasting { id, body_digest: digest(command), intent })
}

fn request_ride(command: &Command, map: &dyn Map) -> Result<Intent, WireError> {
    let Command::RequestRide {
        request_id,
        from,
        to,
        kind,
        target_at,
        passengers,
        wheelchairs,
        child_seats,
        luggage,
        walk_max_s,
        accept,
        ..
    } = command
    else {
        return Err(WireError::new(Code::BadMessage, "not a request"));
    };
    let when = match (kind, target_at) {
        (Kind::Now, None) => When::Now,
        (Kind::DepartAt, Some(at)) => When::DepartAt(moment("target_at", at)?),
        (Kind::ArriveBy, Some(at)) => When::ArriveBy(moment("target_at", at)?),
        (Kind::Now, Some(_)) => {
            return Err(WireError::bad_value("target_at", "must be absent if kind is now"));
        }
        (Kind::DepartAt | Kind::ArriveBy, None) => {
            return Err(WireError::bad_value("target_at", "must be given unless kind is now"));
        }
    };
    let request = RideRequest {
        name: ride_name(request_id)?,
        from: snap("from", *from, map)?,
        to: snap("to", *to, map)?,
        pickups: Vec::new(),
        dropoffs: Vec::new(),
        party: needs(
            party(*passengers, if planted::is(Bug::IgnoreWheelchairs) { 0 } else { *wheelchairs })?,
            *child_seats,
            *luggage,
        )?,
        when,
        accept_at_once: *accept,
    };
    let doors = [point("from", *from)?, point("to", *to)?];
    let walk_max = walk_max_s.map(walk_max).transpose()?;
    Ok(Intent::RequestRide(Asked { request, doors, walk_max }))
}

fn start_shift(command: &Command, map: &dyn Map) -> Result<Intent, WireError> {
    let Command::StartShift {
        vehicle_id,
        vehicle_type,
        seats,
        wheelchairs,
        folding_seats,
        child_seats,
        luggage,
        at,
        shift_start,
        shift_end,
        ..
    } = command
    else {
        return Err(WireError::new(Code::BadMessage, "not a shift"));
    };
    let starts = shift_start.as_deref().map(|text| moment("shift_start", text)).transpose()?;
    let shift_end = moment("shift_end", shift_end)?;
    let spec = VehicleSpec {
        name: name("vehicle_id", vehicle_id)?,
        kind: name("vehicle_type", vehicle_type)?,
        seats: places("seats", *seats + i64::from(planted::is(Bug::OneSeatMore)))?,
        wheelchairs: places("wheelchairs", *wheelchairs)?,
        fittings: Fittings {
            fold: places("folding_seats", *folding_seats)?,
            child_seats: places("child_seats", *child_seats)?,
            luggage: places("luggage", *luggage)?,
        },
        start: snap("at", *at, map)?,
        shift_start: starts.unwrap_or_default(),
        shift_end,
    };
    Ok(Intent::StartShift { spec, starts })
}

fn report(vehicle_id: &str, at: &str, fact: Fact) -> Result<Intent, WireError> {
    Ok(Intent::Report { vehicle: name("vehicle_id", vehicle_id)?, at: moment("at", at)?, fact })
}

fn needs(party: Party, child_seats: i64, luggage: i64) -> Result<Party, WireError> {
    let count = |field, number, rule: &str| {
        u8::try_from(number).map_err(|_error| WireError::bad_value(field, rule))
    };
    let seats = "must be 0 to the number of passengers on seats";
    let pieces = "must be 0 to 32";
    let child_seats = count("child_seats", child_seats, seats)?;
    let luggage = count("luggage", luggage, pieces)?;
    party
        .with_needs(child_seats, 0)
        .map_err(|_error| WireError::bad_value("child_seats", seats))?
        .with_needs(child_seats, luggage)
        .map_err(|_error| WireError::bad_value("luggage", pieces))
}

/// Seconds up to the longest walk, as milliseconds.
#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "the range is checked")]
fn walk_max(seconds: f64) -> Result<Millis, WireError> {
    if (0.0..=WALK_MAX.as_secs_f64()).contains(&seconds) {
        Ok(Millis::new((seconds * 1000.0).round() as u32))
    } else {
        Err(WireError::bad_value("walk_max_s", "must be 0 to 1800"))
    }
}

/// A party of that many.
///
/// # Errors
/// `bad_value` naming `passengers` or `wheelchairs`.
pub fn party(passengers: i64, wheelchairs: i64) -> Result<Party, WireError> {
    let rule = "must be 1 to 16";
    let passengers =
        u8::try_from(passengers).map_err(|_error| WireError::bad_value("passengers", rule))?;
    // A party of nobody in a wheelchair fits whenever the number of passengers does.
    Party::new(passengers, 0).map_err(|_error| WireError::bad_value("passengers", rule))?;
    let refused = |_| WireError::bad_value("wheelchairs", "must be 0 to the number of passengers");
    let wheelchairs = u8::try_from(wheelchairs).map_err(|_error| refused(()))?;
    Party::new(passengers, wheelchairs).map_err(|_error| refused(()))
}

/// A point in the region, on the nearest road.
///
/// # Errors
/// `bad_value` if it is no point on the earth, `outside_area` if no road is near.
pub fn snap(field: &str, given: Point, map: &dyn Map) -> Result<Location, WireError> {
    let wanted = point(field, given)?;
    if let Some(found) = map.snap(wanted, limits::SNAP_MAX_M) {
        return Ok(found.location);
    }
    let limit = limits::SNAP_MAX_M;
    let nearest = map.snap(wanted, ANYWHERE_M).map_or_else(String::new, |found| {
        let (lat, lon) = (found.point.lat(), found.point.lon());
        format!("; the nearest point that can be served is [{lat:.6},{lon:.6}]")
    });
    let message = format!("{field}: no road that may be driven within {limit} m{nearest}");
    Err(WireError::new(Code::OutsideArea, message))
}

/// A point as given.
///
/// # Errors
/// [`WireError`] if it is none.
pub fn point(field: &str, [lat, lon]: Point) -> Result<LatLon, WireError> {
    LatLon::from_degrees(lat, lon).ok_or_else(|| {
        WireError::bad_value(field, "must be [latitude, longitude] within 90 and 180 degrees")
    })
}

fn moment(field: &str, text: &str) -> Result<EngineTime, WireError> {
    time::parse(text)
        .ok_or_else(|| WireError::bad_value(field, "must be an RFC 3339 time from 1970 to 9999"))
}

fn ride_name(text: &str) -> Result<Name, WireError> {
    name("request_id", text)
}

fn name(field: &str, text: &str) -> Result<Name, WireError> {
    Name::new(text).map_err(|error| WireError::bad_value(field, &error.to_string()))
}

fn places(field: &str, n: i64) -> Result<u8, WireError> {
    u8::try_from(n)
        .ok()
        .filter(|&n| n <= PLACES_MAX)
        .ok_or_else(|| WireError::bad_value(field, "must be 0 to 64"))
}

/// A digest of what the command says, whatever the order of its fields.
fn digest(command: &impl Serialize) -> u64 {
    let mut hasher = SipHasher13::new();
    hasher.write(&serde_json::to_vec(command).unwrap_or_default());
    hasher.finish()
}
