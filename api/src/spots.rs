//! Where demand is expected: the region's places, weighted by how many live there.

use sharxi_engine::dispatcher::Spot;

use crate::limits::SNAP_MAX_M;
use crate::map::{Map, Place};

/// The spots of a region; places far from any road are left out.
#[must_use]
pub fn spots(map: &dyn Map) -> Vec<Spot> {
    let spot = |place: Place| {
        let weight = weight(&place);
        let snap = map.snap(place.point, SNAP_MAX_M)?;
        (0 < weight).then_some(Spot { location: snap.location, weight })
    };
    map.places().into_iter().filter_map(spot).collect()
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
