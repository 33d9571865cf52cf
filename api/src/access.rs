//! Who may do what: one function, deny by default (I13).
//!
//! Thin in this version: a client is who it says it is. What it says is then held to.

use sharxi_engine::demand::request::Name;

use crate::intent::{Caller, Intent};
use crate::wire::error::{Code, WireError};
use crate::wire::message::Role;

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
        Role::Vehicle => intent.vehicle().is_some_and(|name| name.as_str() == caller.name),
        Role::Rider => match (intent, intent.ride()) {
            (Intent::RequestRide(_), _) => true,
            // An unknown ride is nobody's: the core says so.
            (_, Some(ride)) => owner(ride).is_none_or(|asked| asked == caller),
            (_, None) => false,
        },
    };
    if allowed { Ok(()) } else { Err(refusal(caller)) }
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
    if caller.role == Role::Operator { Ok(()) } else { Err(refusal(caller)) }
}

fn refusal(caller: &Caller) -> WireError {
    let message = match caller.role {
        Role::Rider => "a rider may act only on rides that it asked for",
        Role::Vehicle => "a vehicle may act only on itself",
        Role::Operator => "an operator does not report positions",
    };
    WireError::new(Code::NotAllowed, message)
}
