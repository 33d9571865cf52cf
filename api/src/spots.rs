//! Where demand is expected: the region's places, weighted by how many live there.

use sharxi_engine::dispatcher::Spot;
use sharxi_engine::geo::LatLon;
use sharxi_engine::oracle::Location;

use crate::limits::SNAP_MAX_M;
use crate::map::{Map, Place};

/// The spots of a region; places far from any road are left out.
#[must_use]
pub fn spots(map: &dyn Map) -> Vec<Spot> {
    let spot = |(_, location, weight)| Spot { location, weight };
    inhabited(map).into_iter().map(spot).collect()
}

/// Settlements with the place on the road that stands for them, and how many live there.
#[must_use]
pub fn inhabited(map: &dyn Map) -> Vec<(LatLon, Location, u32)> {
    let settlement = |place: Place| {
        let weight = weight(&place);
        let snap = map.snap(place.point, SNAP_MAX_M).filter(|_| 0 < weight)?;
        Some((place.point, snap.location, weight))
    };
    map.places().into_iter().filter_map(settlement).collect()
}

/// How many live there, or what is usual for such a place; 0 for what is no settlement.
fn weight(place: &Place) -> u32 {
    place.population.filter(|&n| 0 < n).unwrap_or(match place.kind.as_str() {
        "city" => 20_000,
        "town" => 5_000,
        "suburb" => 2_000,
        "village" => 800,
        "neighbourhood" | "quarter" => 500,
        "hamlet" => 100,
        "isolated_dwelling" | "farm" => 10,
        _ => 0,
    })
}
