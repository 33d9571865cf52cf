//! A simulated rider: asks once, takes what is offered.

use sharxi_engine::demand::request::{Party, RideRequest};
use sharxi_engine::demand::walk::{self, Stop};
use sharxi_engine::geo::LatLon;
use sharxi_engine::units::Millis;

use crate::demand::DemandRow;
use crate::ground::Ground;

/// Longest distance from a road at which a ride can begin or end, in metres.
pub const SNAP_MAX_M: f64 = 1_000.0;

/// The request of `row` on the roads of `ground`, with the stops to which the party may be asked to walk if the agency's limit is
/// `agency_walk_max`; `None` if either end is more than `snap_max_m` from a road.
#[must_use]
pub fn request(
    row: &DemandRow,
    ground: &dyn Ground,
    snap_max_m: f64,
    agency_walk_max: Millis,
) -> Option<RideRequest> {
    let walk_max = walk::allowed(row.walk_max, agency_walk_max, row.party);
    let stops = |door: LatLon| -> Vec<Stop> {
        if walk_max == Millis::ZERO {
            return Vec::new();
        }
        let near = ground.stops_near(door, walk::beeline_m(walk_max), walk::CHOICES);
        near.into_iter().map(|(location, beeline_m)| Stop::at(location, beeline_m)).collect()
    };
    Some(RideRequest {
        name: row.name.clone(),
        from: ground.snap(row.from, snap_max_m)?,
        to: ground.snap(row.to, snap_max_m)?,
        pickups: stops(row.from),
        dropoffs: stops(row.to),
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
        let full = Party::new(seats.saturating_add(party.wheelchairs()), party.wheelchairs());
        full.and_then(|full| full.with_needs(party.child_seats(), party.luggage())).ok()
    });
    RideRequest { party: claimed.unwrap_or(party), ..request }
}
