//! What the service needs to know of a region besides travel times: names, places, roads to draw, and the way between
//! points on the earth and locations on the road.
//!
//! A trait, so that tests can run the service on a street of their own making.

use sharxi_engine::geo::LatLon;
use sharxi_engine::oracle::{Location, Oracle, Path};
use sharxi_engine::units::Millis;

/// The nearest place on a road that may be driven.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Snap {
    /// On the road.
    pub location: Location,
    /// On the earth.
    pub point: LatLon,
    /// How far it is from where it was looked for.
    pub distance_m: f64,
}

/// A named place.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Place {
    /// What it is in OpenStreetMap's words: `town`, `village` …
    pub kind: String,
    /// Its name.
    pub name: String,
    /// Where.
    pub point: LatLon,
    /// How many live there, if known.
    pub population: Option<u32>,
}

/// A stretch of road to draw.
#[derive(Clone, Debug)]
pub struct RoadLine<'a> {
    /// Class in OpenStreetMap's words: `primary`, `residential` …
    pub class: &'a str,
    /// Its name, if it has one.
    pub name: Option<&'a str>,
    /// From junction to junction.
    pub geometry: &'a [LatLon],
}

/// A region as the service sees it.
pub trait Map: Oracle {
    /// What people call it.
    fn name(&self) -> &str;
    /// Who made the map data.
    fn attribution(&self) -> &str;
    /// Changes whenever the roads do; a journal belongs to one fingerprint.
    fn fingerprint(&self) -> u64;
    /// South-west and north-east corner.
    fn bounds(&self) -> (LatLon, LatLon);
    /// Named places.
    fn places(&self) -> Vec<Place>;
    /// Calls `visit` with each road, always in the same order.
    fn for_each_road(&self, visit: &mut dyn FnMut(RoadLine<'_>));
    /// The OpenStreetMap ids of the ways that are driven here, in order; for traffic feeds.
    fn way_ids(&self) -> Vec<i64>;
    /// The nearest drivable place within `max_m` metres.
    fn snap(&self, point: LatLon, max_m: f64) -> Option<Snap>;
    /// At most `count` places on roads within `radius_m` metres as the crow flies where a rider could be met, with their
    /// distances; none where nobody can walk.
    fn stops_near(&self, _point: LatLon, _radius_m: f64, _count: usize) -> Vec<(Location, f64)> {
        Vec::new()
    }
    /// Where a location is on the earth.
    fn point(&self, location: Location) -> LatLon;
    /// The points of a path, each with the time since its start, in order.
    fn path_geometry(&self, path: &Path) -> Vec<(LatLon, Millis)>;
}
