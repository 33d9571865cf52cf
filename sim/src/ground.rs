//! What a study needs to know about the land besides travel times: where points are, and where people live and go.
//!
//! [`Ground`] is what vehicles and riders move on; [`Landscape`] is what the demand model draws from. Both come
//! from a region file, or from a small made-up map in tests.

use sharxi_engine::geo::LatLon;
use sharxi_engine::oracle::{Location, Oracle, Path};
use sharxi_engine::units::Millis;

/// Roads with places on them.
pub trait Ground: Oracle {
    /// The nearest place on a road that a vehicle can reach, at most `max_m` metres away.
    fn snap(&self, point: LatLon, max_m: f64) -> Option<Location>;

    /// At most `count` places within `radius_m` metres as the crow flies where a rider could be met, with their distances.
    fn stops_near(&self, point: LatLon, radius_m: f64, count: usize) -> Vec<(Location, f64)>;

    /// Where a place is.
    fn point(&self, location: Location) -> LatLon;

    /// Where a vehicle on `path` is, and when since it set off; from the first place to the last.
    fn course(&self, path: &Path) -> Vec<(LatLon, Millis)> {
        let nodes = path.waypoints.iter();
        let passed = nodes.map(|passed| (Location::Node(passed.node), passed.elapsed));
        let ends = ([(path.from, Millis::ZERO)], [(path.to, path.duration)]);
        let stops = ends.0.into_iter().chain(passed).chain(ends.1);
        stops.map(|(place, elapsed)| (self.point(place), elapsed)).collect()
    }
}

/// Where people live and go.
#[derive(Clone, Debug, Default)]
pub struct Landscape {
    /// Settlements.
    pub settlements: Vec<Settlement>,
    /// Streets with houses along them, or other roads.
    pub streets: Vec<Street>,
    /// Where people go.
    pub attractions: Vec<Attraction>,
}

/// A settlement of the map.
#[derive(Clone, Debug, PartialEq)]
pub struct Settlement {
    /// Its name.
    pub name: String,
    /// `town`, `village`, `hamlet` …
    pub kind: String,
    /// Its middle.
    pub point: LatLon,
    /// Inhabitants, if the map says so.
    pub population: Option<u32>,
}

/// A road of the map.
#[derive(Clone, Debug, PartialEq)]
pub struct Street {
    /// `residential`, `tertiary`, `primary` …
    pub class: String,
    /// Its course.
    pub geometry: Vec<LatLon>,
}

/// Something that people go to.
#[derive(Clone, Debug, PartialEq)]
pub struct Attraction {
    /// One of [`crate::demand_model::profile::ATTRACTIONS`].
    pub kind: String,
    /// Where.
    pub point: LatLon,
}
