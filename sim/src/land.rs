//! A region as a study uses it: the roads to move on, where people live and go, the exported graph for the audit.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use sharxi_engine::geo::LatLon;
use sharxi_engine::ids::NodeId;
use sharxi_engine::import::{ImportError, Profile, import_pbf};
use sharxi_engine::oracle::{self, Location};
use sharxi_engine::region::{Region, RegionError};
use sharxi_engine::units::Millis;

use crate::audit::roads::{Arc as AuditArc, Node};
use crate::ground::{Attraction, Ground, Landscape, Settlement, Street};

/// Farthest from a road at which a settlement or an attraction still counts, in metres.
const NEAR_ROAD_M: f64 = 300.0;

/// Why a region can't be used.
#[derive(Debug, thiserror::Error)]
pub enum LandError {
    /// Not readable.
    #[error("read {path}")]
    Read {
        /// Which file.
        path: PathBuf,
        /// Why.
        source: std::io::Error,
    },
    /// No region file.
    #[error("use {path}")]
    Region {
        /// Which file.
        path: PathBuf,
        /// Why.
        source: RegionError,
    },
    /// No map.
    #[error("import {path}")]
    Map {
        /// Which file.
        path: PathBuf,
        /// Why.
        source: ImportError,
    },
}

impl Ground for Region {
    fn snap(&self, point: LatLon, max_m: f64) -> Option<Location> {
        Self::snap(self, point, max_m).map(|snap| snap.location)
    }

    fn stops_near(&self, point: LatLon, radius_m: f64, count: usize) -> Vec<(Location, f64)> {
        Self::stops_near(self, point, radius_m, count)
    }

    fn point(&self, location: Location) -> LatLon {
        Self::point(self, location)
    }

    fn course(&self, path: &oracle::Path) -> Vec<(LatLon, Millis)> {
        self.path_geometry(path)
    }
}

/// Reads a `.region` file, or builds a region in memory from an `.osm.pbf` extract.
///
/// # Errors
/// [`LandError`].
pub fn load(path: &Path, progress: &(dyn Fn(u64, u64) + Sync)) -> Result<Arc<Region>, LandError> {
    let path_buf = || path.to_owned();
    let bytes =
        std::fs::read(path).map_err(|source| LandError::Read { path: path_buf(), source })?;
    let name = path.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
    let region = if let Some(stem) = name.strip_suffix(".osm.pbf") {
        let (region, _report) = import_pbf(&bytes, &Profile::default(), progress)
            .map_err(|source| LandError::Map { path: path_buf(), source })?;
        region.named(stem)
    } else {
        Region::decode(&bytes).map_err(|source| LandError::Region { path: path_buf(), source })?
    };
    Ok(Arc::new(region))
}

/// Where people live and go in `region`; what is away from any road is left out.
#[must_use]
pub fn landscape(region: &Region) -> Landscape {
    let near_road = |point| Region::snap(region, point, NEAR_ROAD_M).is_some();
    let places = region.places().iter().filter(|place| near_road(place.point));
    let settlements = places.map(|place| Settlement {
        name: place.name.clone(),
        kind: place.kind.as_str().to_owned(),
        point: place.point,
        population: place.population,
    });
    let streets = region.roads().map(|road| Street {
        class: road.class.as_str().to_owned(),
        geometry: road.geometry.to_vec(),
    });
    let attractions =
        region.attractors().iter().filter(|attractor| near_road(attractor.point)).map(
            |attractor| Attraction {
                kind: attractor.kind.as_str().to_owned(),
                point: attractor.point,
            },
        );
    Landscape {
        settlements: settlements.collect(),
        streets: streets.collect(),
        attractions: attractions.collect(),
    }
}

/// The exported graph of `region`: its nodes in order of id, and its arcs.
#[must_use]
pub fn graph(region: &Region) -> (Vec<Node>, Vec<AuditArc>) {
    let n_nodes = u32::try_from(region.n_nodes()).unwrap_or(u32::MAX);
    let point = |node| {
        let point = region.node_point(NodeId::new(node));
        [point.lat(), point.lon()]
    };
    let arcs = region.arcs().map(|arc| AuditArc {
        tail: arc.tail.get() + 1,
        head: arc.head.get() + 1,
        time_ms: arc.time.get(),
        length_m: arc.length.as_meters_f64(),
    });
    ((0..n_nodes).map(point).collect(), arcs.collect())
}
