//! Who may do what: two tables, deny by default (I13).
//!
//! [`audience`] is asked for each HTTP request before any route sees it, [`authorise`] for each command by the core, which
//! knows whose ride it is.

use sharxi_engine::demand::request::Name;
use warp::http::Method;

use crate::intent::{Caller, Intent};
use crate::planted::{self, Bug};
use crate::wire::error::{Code, WireError};
use crate::wire::message::Role;

/// For whom an address is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Audience {
    /// For everybody.
    Everybody,
    /// For these.
    Roles(&'static [Role]),
    /// For these, and for whoever is on this machine.
    Here(&'static [Role]),
}

const ALL: &[Role] = &[Role::Rider, Role::Vehicle, Role::Operator, Role::Dispatcher, Role::Analyst];
const TALKERS: &[Role] = &[Role::Rider, Role::Vehicle, Role::Operator, Role::Dispatcher];
const DESK: &[Role] = &[Role::Operator, Role::Dispatcher];
const WITH_VEHICLE: &[Role] = &[Role::Operator, Role::Dispatcher, Role::Vehicle];
const FIGURES: &[Role] = &[Role::Operator, Role::Dispatcher, Role::Analyst];
const ROADS: &[Role] = &[Role::Operator, Role::Dispatcher, Role::Analyst, Role::Vehicle];

/// For whom an address is. What is not in the table is for operators under `/v1`, and for nobody's change elsewhere.
#[must_use]
pub fn audience(method: &Method, path: &str) -> Audience {
    use Audience::{Everybody, Here, Roles};
    let Some(under_v1) = path.strip_prefix("/v1/") else {
        return match (method.as_str(), path) {
            ("GET" | "HEAD", "/metrics") => Here(FIGURES),
            ("GET" | "HEAD", _) => Everybody,
            _ => Roles(&[]),
        };
    };
    let segment = under_v1.split('/').next().unwrap_or_default();
    let is_one = segment.len() < under_v1.len();
    match (method.as_str(), segment, is_one) {
        ("GET", "region" | "auth" | "quote" | "openapi.json" | "asyncapi.json", false)
        | ("POST", "login", false) => Everybody,
        ("POST", "token" | "ticket", false) => Roles(ALL),
        ("GET", "ws", false) | ("POST", "commands", false) => Roles(TALKERS),
        ("POST", "recurring", false) => Roles(TALKERS),
        // How the fleet is used is told to those who run it.
        ("GET", "rides" | "vehicles", true) if under_v1.ends_with("/why") => Roles(DESK),
        // Whose ride it is the core knows.
        ("GET", "rides", true) => Roles(TALKERS),
        ("GET", "vehicles", true) => Roles(WITH_VEHICLE),
        ("GET", "vehicles", false) => Roles(DESK),
        ("GET", "kpi", false) => Roles(FIGURES),
        ("GET", "traffic" | "route" | "isochrone", false) | ("POST", "matrix" | "match", false) => {
            Roles(ROADS)
        }
        _ => Roles(&[Role::Operator]),
    }
}

/// Whether `caller` may do `intent`; `owner` tells who asked for a ride.
///
/// # Errors
/// `not_allowed`.
pub fn authorise<'a>(
    caller: &Caller,
    intent: &Intent,
    owner: impl Fn(&Name) -> Option<&'a Caller>,
) -> Result<(), WireError> {
    let allowed = match caller.role {
        Role::Operator => true,
        Role::Dispatcher => matches!(intent, Intent::RequestRide(_)) || intent.ride().is_some(),
        Role::Vehicle => intent.vehicle().is_some_and(|name| name.as_str() == caller.name),
        Role::Rider => match (intent, intent.ride()) {
            (Intent::RequestRide(_), _) => true,
            (Intent::CancelRide(_), _) if planted::is(Bug::CancelForOthers) => true,
            // An unknown ride is nobody's: the core says so.
            (_, Some(ride)) => owner(ride).is_none_or(|asked| asked == caller),
            (_, None) => false,
        },
        Role::Analyst => false,
    };
    if allowed { Ok(()) } else { Err(refusal(caller)) }
}

/// Whether `caller` may look at a ride that `owner` asked for and that `vehicle` carries or is to carry.
#[must_use]
pub fn may_see_ride(caller: &Caller, owner: Option<&Caller>, vehicle: Option<&str>) -> bool {
    match caller.role {
        Role::Operator | Role::Dispatcher => true,
        Role::Rider => owner == Some(caller),
        Role::Vehicle => vehicle == Some(caller.name.as_str()),
        Role::Analyst => false,
    }
}

/// Whether `caller` may look at `vehicle`.
#[must_use]
pub fn may_see_vehicle(caller: &Caller, vehicle: &Name) -> bool {
    caller.role.sees_all() || may_report_position(caller, vehicle)
}

/// Whether `caller` may report positions of `vehicle`.
#[must_use]
pub fn may_report_position(caller: &Caller, vehicle: &Name) -> bool {
    caller.role == Role::Vehicle && vehicle.as_str() == caller.name
}

/// Whether `caller` may subscribe to positions.
///
/// # Errors
/// `not_allowed`.
pub fn may_subscribe(caller: &Caller) -> Result<(), WireError> {
    if caller.role.sees_all() { Ok(()) } else { Err(refusal(caller)) }
}

fn refusal(caller: &Caller) -> WireError {
    let message = match caller.role {
        Role::Rider => "a rider may act only on rides that it asked for",
        Role::Vehicle => "a vehicle may act only on itself",
        Role::Operator => "an operator does not report positions",
        Role::Dispatcher => "a dispatcher may act only on rides",
        Role::Analyst => "an analyst may only look at figures",
    };
    WireError::new(Code::NotAllowed, message)
}
