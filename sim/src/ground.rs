//! What a study needs to know about the land besides travel times: where points are, and where people live and go.
//!
//! [`Ground`] is what vehicles and riders move on; [`Landscape`] is what the demand model draws from; [`ArcRow`] is what
//! the audit drives on. All three come from a region file, or from a small made-up map in tests.

use sharxi_engine::geo::LatLon;
use sharxi_engine::oracle::{Location, Oracle};

/// Roads with places on them.
pub trait Ground: Oracle {
    /// The nearest place on a road that a vehicle can reach, at most `max_m` metres away.
    fn snap(&self, point: LatLon, max_m: f64) -> Option<Location>;

    /// Where a place is.
    fn point(&self, location: Location) -> LatLon;
}

/// One arc of the exported graph, with its node ids (from 1) and travel time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ArcRow {
    /// Where it begins.
    pub tail: u32,
    /// Where it ends.
    pub head: u32,
    /// Travel time in milliseconds.
    pub time_ms: u32,
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
    /// `school`, `shop`, `doctor`, `work`, `leisure`, `bus_stop` or `station`.
    pub kind: String,
    /// Where.
    pub point: LatLon,
}
