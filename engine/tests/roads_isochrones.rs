//! Isochrones on the island: what they hold, and that they are polygons as GeoJSON (RFC 7946) and OGC have them.

mod roads_common;

use geo::{Contains, LineString, Validation, Winding};
use roads_common::island;
use sharxi_engine::geo::LatLon;
use sharxi_engine::ids::{NodeId, RoadId};
use sharxi_engine::oracle::{Location, Oracle};
use sharxi_engine::region::{Directions, Effect, Polygon, Region, Scope, Sense, TrafficChange};
use sharxi_engine::units::Millis;

const CELL_M: u32 = 100;
/// Metres between two places that are looked at.
const EVERY_M: u32 = 45;
const SENSES: [Sense; 2] = [Sense::Away, Sense::Towards];

fn at(node: u32) -> Location {
    Location::Node(NodeId::new(node))
}

fn places(region: &Region) -> Vec<Location> {
    let mut places = Vec::new();
    for road in region.roads() {
        let length_m: f64 = road.geometry.windows(2).map(|pair| pair[0].distance_m(pair[1])).sum();
        let along = (0_u32..).map(|nth| nth * EVERY_M).take_while(|&m| f64::from(m) < length_m);
        places.extend(along.map(|m| Location::Along { road: road.id, along_mm: m * 1000 }));
    }
    places
}

fn coordinates(point: LatLon) -> geo::Point {
    geo::Point::new(point.lon(), point.lat())
}

fn ring(points: &[LatLon]) -> LineString {
    points.iter().map(|&point| coordinates(point)).collect()
}

fn shapes(polygons: &[Polygon]) -> Vec<geo::Polygon> {
    let shape = |p: &Polygon| {
        geo::Polygon::new(ring(&p.outer), p.holes.iter().map(|hole| ring(hole)).collect())
    };
    polygons.iter().map(shape).collect()
}

fn is_inside(shapes: &[geo::Polygon], point: LatLon) -> bool {
    shapes.iter().filter(|shape| shape.contains(&coordinates(point))).count() == 1
}

fn times(region: &Region, centre: Location, sense: Sense, places: &[Location]) -> Vec<Millis> {
    let mut times = vec![Millis::ZERO; places.len()];
    match sense {
        Sense::Away => region.times_from(centre, places, &mut times),
        Sense::Towards => region.times_to(places, centre, &mut times),
    }
    times
}

/// All reached places lie inside, and what lies inside is at most four cells from a reached place.
fn check(region: &Region, places: &[Location], centre: Location, minutes: &[u32]) {
    let bounds: Vec<Millis> = minutes.iter().map(|&m| Millis::from_secs(m * 60)).collect();
    let points: Vec<LatLon> = places.iter().map(|&place| region.point(place)).collect();
    for sense in SENSES {
        let times = times(region, centre, sense, places);
        let areas = region.isochrones(centre, sense, &bounds, CELL_M);
        for (polygons, &bound) in areas.iter().zip(&bounds) {
            let shapes = shapes(polygons);
            let mut reached = vec![region.point(centre)];
            for (&point, &time) in points.iter().zip(&times) {
                if time <= bound {
                    assert!(is_inside(&shapes, point), "{sense:?} {bound}: {point:?} at {time}");
                    reached.push(point);
                }
            }
            for (&point, &time) in points.iter().zip(&times).step_by(23) {
                if time > bound && is_inside(&shapes, point) {
                    let nearest = reached.iter().map(|r| r.distance_m(point)).fold(1e9, f64::min);
                    assert!(
                        nearest < f64::from(4 * CELL_M + EVERY_M),
                        "{sense:?} {bound}: {nearest} m"
                    );
                }
            }
        }
    }
}

#[test]
fn an_isochrone_holds_all_road_that_is_reached_and_little_else() {
    let region = island();
    let places = places(&region);
    check(&region, &places, places[9_000], &[10, 5]);
    check(&region, &places, at(3_000), &[0, 1]);
    let foreign = at(u32::try_from(region.n_nodes()).unwrap());
    let areas = region.isochrones(foreign, Sense::Away, &[Millis::from_secs(900)], CELL_M);
    assert_eq!(areas, [[]]);
    assert!(region.isochrones(at(1), Sense::Away, &[], CELL_M).is_empty());
}

#[test]
fn a_closed_road_is_not_reached_and_can_be_left() {
    let region = island();
    let places = places(&region);
    let roads: Vec<RoadId> = (0..400).map(RoadId::new).collect();
    let scope = Scope::Roads(roads);
    let change = TrafficChange { scope, directions: Directions::Both, effect: Effect::Closed };
    let closed = region.with_traffic(&[change]).unwrap();
    let inside = Location::Along { road: RoadId::new(200), along_mm: 5_000 };
    check(&closed, &places, inside, &[6]);
}

#[test]
fn every_isochrone_is_valid_and_lies_in_the_next() {
    let region = island();
    let places = places(&region);
    let bounds = [3, 6, 12, 20].map(|minutes| Millis::from_secs(minutes * 60));
    for (nth, &centre) in places.iter().step_by(6_000).enumerate() {
        let cell_m = [50, 120, 400, 1_000][nth % 4];
        for sense in SENSES {
            let areas = region.isochrones(centre, sense, &bounds, cell_m);
            let mut n_holes = 0;
            for area in &areas {
                for shape in shapes(area) {
                    assert!(shape.exterior().is_closed() && shape.exterior().is_ccw());
                    assert!(shape.interiors().iter().all(|hole| hole.is_closed() && hole.is_cw()));
                    assert_eq!(shape.check_validation(), Ok(()));
                    n_holes += shape.interiors().len();
                }
                assert_eq!(geo::MultiPolygon::new(shapes(area)).check_validation(), Ok(()));
            }
            assert!(cell_m > 120 || n_holes > 0, "the island's fields are holes");
            for pair in areas.windows(2) {
                // A place in the smaller area: it must be in the larger one as well.
                let (smaller, larger) = (shapes(&pair[0]), shapes(&pair[1]));
                for point in places.iter().step_by(97).map(|&place| region.point(place)) {
                    assert!(!is_inside(&smaller, point) || is_inside(&larger, point));
                }
            }
        }
    }
}
