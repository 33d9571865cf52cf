//! Isochrones as GeoJSON.

use serde_json::Value;
use sharxi_engine::geo::LatLon;
use sharxi_engine::region::{Polygon, Region, Sense};
use sharxi_engine::units::Millis;

use super::answers::{Area, AreaInfo, DirectionWord, Isochrones, LonLatPair, MultiPolygon};
use super::{NoAnswer, lon_lat, snap, snapped, value};
use crate::wire::words::{FeatureCollectionWord, FeatureWord, MultiPolygonWord};

/// Areas asked for at a time.
pub const BOUNDS_MAX: usize = 12;
/// Longest time.
pub const MINUTES_MAX: u32 = 240;

/// A GeoJSON `FeatureCollection` (RFC 7946) with one `MultiPolygon` for each of `minutes`, in that order: the area around
/// all road within that time of the road nearest to `at`. `properties.tolerance_m` says how far from reached road a place
/// in it may be.
///
/// # Errors
/// [`NoAnswer`] if there is no road within `max_m` metres.
pub fn find(
    region: &Region,
    at: LatLon,
    sense: Sense,
    minutes: &[u32],
    (cell_m, max_m): (u32, f64),
) -> Result<Value, NoAnswer> {
    let centre = snap(region, at, max_m)?;
    let bounds: Vec<Millis> = minutes.iter().map(|&m| Millis::from_secs(m * 60)).collect();
    let areas = region.isochrones(centre.location, sense, &bounds, cell_m);
    let direction = match sense {
        Sense::Away => DirectionWord::From,
        Sense::Towards => DirectionWord::To,
    };
    let area = |(polygons, &minutes): (&Vec<Polygon>, &u32)| Area {
        r#type: FeatureWord::It,
        properties: AreaInfo { minutes, direction, tolerance_m: 4 * cell_m },
        geometry: MultiPolygon {
            r#type: MultiPolygonWord::It,
            coordinates: polygons.iter().map(rings).collect(),
        },
    };
    Ok(value(&Isochrones {
        r#type: FeatureCollectionWord::It,
        center: snapped(region, &centre),
        attribution: region.attribution().to_owned(),
        features: areas.iter().zip(minutes).map(area).collect(),
    }))
}

fn rings(polygon: &Polygon) -> Vec<Vec<LonLatPair>> {
    let ring = |points: &Vec<LatLon>| points.iter().map(|&point| lon_lat(point)).collect();
    std::iter::once(&polygon.outer).chain(&polygon.holes).map(ring).collect()
}
