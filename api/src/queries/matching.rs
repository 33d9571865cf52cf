//! Map matching of a recorded drive.

use serde_json::Value;
use sharxi_engine::oracle::Location;
use sharxi_engine::region::{Fix, MatchOptions, Matched, Region};

use super::answers::{Forward, Matches, OnRoad};
use super::{lat_lon, rounded, value};

/// One entry for each position: the road, its direction, how far along, and how sure; null off the roads and for
/// outliers.
#[must_use]
pub fn find(region: &Region, fixes: &[Fix], noise_m: f64) -> Value {
    let options = MatchOptions { noise_m, ..MatchOptions::default() };
    let matched = region.match_trace(fixes, options);
    let entry = |found: Option<Matched>| found.map(|found| on_road(region, &found));
    value(&Matches {
        positions: fixes.len(),
        matched: matched.iter().flatten().count(),
        matches: matched.into_iter().map(entry).collect(),
    })
}

fn on_road(region: &Region, found: &Matched) -> OnRoad {
    let (road, along_mm) = match found.location {
        Location::Along { road, along_mm } => (region.road(road), along_mm),
        Location::Node(_) => (None, 0),
    };
    OnRoad {
        road: road.map(|road| road.id.get()),
        name: road.and_then(|road| road.name).map(str::to_owned),
        direction: if found.forward { Forward::Forward } else { Forward::Backward },
        along_m: f64::from(along_mm) / 1000.0,
        point: lat_lon(found.point),
        bearing_deg: rounded(found.bearing_deg, 1.0) % 360.0,
        distance_m: rounded(found.distance_m, 10.0),
        confidence: rounded(found.confidence, 1000.0),
    }
}
