//! Where people live: the inhabitants of each place, spread along the streets around its middle.
//!
//! A place of P inhabitants reaches 200 m + 11 m x sqrt(P) from its middle: 310 m for a hamlet of 100, 550 m for a
//! village of 1,000, 2 km for a town of 27,000. An assumption; the streets within do the rest.

use std::collections::BTreeMap;

use sharxi_engine::geo::LatLon;

use crate::demand_model::profile::{PlaceCount, Profile};
use crate::ground::{Landscape, Street};
use crate::rng::Rng;

/// Distance between two front doors on a street, in metres.
const DOOR_EVERY_M: f64 = 40.0;

/// A place and its front doors.
#[derive(Clone, Debug, PartialEq)]
pub struct Settled {
    /// Its name.
    pub name: String,
    /// Its middle.
    pub point: LatLon,
    /// Its inhabitants.
    pub population: u32,
    /// Where they may be picked up, each with its weight.
    doors: Vec<(LatLon, f64)>,
    door_weights: Vec<f64>,
}

impl Settled {
    /// Somebody's front door.
    pub fn door(&self, rng: &mut Rng) -> LatLon {
        rng.weighted(&self.door_weights).map_or(self.point, |idx| self.doors[idx].0)
    }
}

/// Inhabitants by kind of place for maps without a profile. An assumption.
const INHABITANTS_BY_KIND: [(&str, u32); 4] =
    [("city", 60_000), ("town", 6_000), ("village", 600), ("hamlet", 80)];

/// The settled places of `landscape`, in the order of the map, then those that only the profile knows.
#[must_use]
pub fn settle(landscape: &Landscape, profile: &Profile) -> Vec<Settled> {
    let by_kind = &profile.population_by_kind.inhabitants;
    along_streets(landscape, counted_places(landscape, &profile.places, by_kind))
}

/// The settled places of a map without a profile.
#[must_use]
pub fn settle_by_map(landscape: &Landscape) -> Vec<Settled> {
    let by_kind = INHABITANTS_BY_KIND.map(|(kind, n)| (kind.to_owned(), n)).into();
    along_streets(landscape, counted_places(landscape, &[], &by_kind))
}

/// Gives each place the front doors within its reach.
fn along_streets(landscape: &Landscape, mut places: Vec<Settled>) -> Vec<Settled> {
    let doors: Vec<(LatLon, f64)> = landscape.streets.iter().flat_map(doors_along).collect();
    for place in &mut places {
        let reach_m = 200.0 + 11.0 * f64::from(place.population).sqrt();
        let middle = place.point;
        place.doors =
            doors.iter().copied().filter(|(point, _)| is_near(*point, middle, reach_m)).collect();
        place.door_weights = place.doors.iter().map(|&(_, weight)| weight).collect();
    }
    places
}

/// Places with their inhabitants: from the profile, else from the map, else by kind of place.
fn counted_places(
    landscape: &Landscape,
    counts: &[PlaceCount],
    by_kind: &BTreeMap<String, u32>,
) -> Vec<Settled> {
    let settled = |name: &str, point, population| Settled {
        name: name.to_owned(),
        point,
        population,
        doors: Vec::new(),
        door_weights: Vec::new(),
    };
    let mut places = Vec::new();
    for place in &landscape.settlements {
        let counted = counts.iter().find(|counted| counted.name == place.name);
        let population = counted
            .map(|counted| counted.population)
            .or(place.population)
            .or_else(|| by_kind.get(&place.kind).copied());
        if let Some(population) = population.filter(|&population| population > 0) {
            places.push(settled(&place.name, place.point, population));
        }
    }
    for counted in counts {
        let is_mapped = landscape.settlements.iter().any(|place| place.name == counted.name);
        if is_mapped || counted.population == 0 {
            continue;
        }
        let point =
            counted.lat.zip(counted.lon).and_then(|(lat, lon)| LatLon::from_degrees(lat, lon));
        places.extend(point.map(|point| settled(&counted.name, point, counted.population)));
    }
    places
}

/// Front doors of a street: many on residential streets, some on lanes and minor roads, none elsewhere.
fn doors_along(street: &Street) -> Vec<(LatLon, f64)> {
    let weight = match street.class.as_str() {
        "residential" | "living_street" => 3.0,
        "unclassified" | "tertiary" => 1.0,
        _ => return Vec::new(),
    };
    let mut doors = Vec::new();
    let mut since_last_m = DOOR_EVERY_M / 2.0;
    for pair in street.geometry.windows(2) {
        let length_m = pair[0].distance_m(pair[1]);
        let mut along_m = DOOR_EVERY_M - since_last_m;
        while along_m <= length_m {
            doors.extend(between(pair[0], pair[1], along_m / length_m).map(|door| (door, weight)));
            along_m += DOOR_EVERY_M;
        }
        since_last_m = length_m - (along_m - DOOR_EVERY_M);
    }
    doors
}

fn between(a: LatLon, b: LatLon, share: f64) -> Option<LatLon> {
    let mix = |a: f64, b: f64| a + (b - a) * share;
    LatLon::from_degrees(mix(a.lat(), b.lat()), mix(a.lon(), b.lon()))
}

/// A cheap look at the latitude first: most doors are far away.
fn is_near(a: LatLon, b: LatLon, limit_m: f64) -> bool {
    (a.lat() - b.lat()).abs() * 111_000.0 <= limit_m && a.distance_m(b) <= limit_m
}

#[cfg(test)]
mod tests {
    use super::*;

    fn point(lat: f64, lon: f64) -> LatLon {
        LatLon::from_degrees(lat, lon).unwrap()
    }

    #[test]
    fn a_street_of_400_m_has_ten_doors_and_a_main_road_none() {
        let geometry = vec![point(54.0, -4.5), point(54.0018, -4.5), point(54.0036, -4.5)];
        let street = |class: &str| Street { class: class.into(), geometry: geometry.clone() };
        assert_eq!(doors_along(&street("residential")).len(), 10);
        assert_eq!(doors_along(&street("primary")).len(), 0);
    }
}
