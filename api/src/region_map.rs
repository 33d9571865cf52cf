//! A region as the service's map.

use sharxi_engine::geo::LatLon;
use sharxi_engine::oracle::{Location, Path};
use sharxi_engine::region::Region;
use sharxi_engine::units::Millis;

use crate::map::{Map, Place, RoadLine, Snap};

impl Map for Region {
    fn name(&self) -> &str {
        self.name()
    }

    fn attribution(&self) -> &str {
        self.attribution()
    }

    fn fingerprint(&self) -> u64 {
        self.fingerprint()
    }

    fn bounds(&self) -> (LatLon, LatLon) {
        self.bounds()
    }

    fn places(&self) -> Vec<Place> {
        let named = self.places().iter().filter(|place| !place.name.is_empty());
        let place = |place: &sharxi_engine::import::Place| Place {
            kind: place.kind.as_str().to_owned(),
            name: place.name.clone(),
            point: place.point,
            population: place.population,
        };
        named.map(place).collect()
    }

    fn for_each_road(&self, visit: &mut dyn FnMut(RoadLine<'_>)) {
        for road in self.roads() {
            visit(RoadLine {
                class: road.class.as_str(),
                name: road.name,
                geometry: road.geometry,
            });
        }
    }

    fn way_ids(&self) -> Vec<i64> {
        self.way_ids()
    }

    fn snap(&self, point: LatLon, max_m: f64) -> Option<Snap> {
        let found = self.snap(point, max_m)?;
        let (location, point, distance_m) = (found.location, found.point, found.distance_m);
        Some(Snap { location, point, distance_m })
    }

    fn stops_near(&self, point: LatLon, radius_m: f64, count: usize) -> Vec<(Location, f64)> {
        self.stops_near(point, radius_m, count)
    }

    fn point(&self, location: Location) -> LatLon {
        self.point(location)
    }

    fn path_geometry(&self, path: &Path) -> Vec<(LatLon, Millis)> {
        self.path_geometry(path)
    }
}
