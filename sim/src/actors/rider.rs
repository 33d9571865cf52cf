//! A simulated rider: asks once, takes what is offered.

use sharxi_engine::demand::request::{Party, RideRequest};

use crate::demand::DemandRow;
use crate::ground::Ground;

/// Longest distance from a road at which a ride can begin or end, in metres.
pub const SNAP_MAX_M: f64 = 1_000.0;

/// The request of `row` on the roads of `ground`; `None` if either end is more than `snap_max_m` from a road.
#[must_use]
pub fn request(row: &DemandRow, ground: &dyn Ground, snap_max_m: f64) -> Option<RideRequest> {
    Some(RideRequest {
        name: row.name.clone(),
        from: ground.snap(row.from, snap_max_m)?,
        to: ground.snap(row.to, snap_max_m)?,
        party: row.party,
        when: row.when,
        accept_at_once: true,
    })
}

/// The same request by a party that takes `seats` ordinary seats, however few it needs, so that nobody else fits in.
#[must_use]
pub fn claiming(request: RideRequest, seats: Option<u8>) -> RideRequest {
    let party = request.party;
    let claimed = seats.filter(|&seats| party.seats() < seats).and_then(|seats| {
        Party::new(seats.saturating_add(party.wheelchairs()), party.wheelchairs()).ok()
    });
    RideRequest { party: claimed.unwrap_or(party), ..request }
}
