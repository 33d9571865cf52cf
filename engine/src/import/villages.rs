//! Where the built-up area is, for roads without a posted limit.
//!
//! The map is cut into squares of 200 m. A square is built up if it lies within the radius of a place, or if the nine
//! squares around it hold enough residential street. Limits of a village hold from sign to sign and the signs are rarely
//! mapped; the density of streets is what remains (as in the urban density of Valhalla's graph enhancer).

use std::collections::{BTreeMap, BTreeSet};

use super::map::MapData;
use super::poi;
use super::profile::Profile;
use crate::geo::LatLon;

/// Metres of one degree of latitude.
const DEGREE_M: f64 = 111_195.08;
/// Metres of a side of a square.
const SQUARE_M: f64 = 200.0;
/// Largest radius of a place in squares: 20 km.
const RADIUS_MAX: f64 = 100.0;

type Square = (i32, i32);

/// The built-up squares of a map.
#[derive(Default)]
pub(super) struct Villages {
    /// Length of a degree of longitude as a share of one of latitude.
    shrink: f64,
    squares: BTreeSet<Square>,
}

impl Villages {
    /// From the places of the map and the segments of its residential streets. Empty if the profile does not ask.
    pub(super) fn new(
        map: &MapData,
        profile: &Profile,
        streets: impl Iterator<Item = (LatLon, LatLon)>,
    ) -> Self {
        let rules = &profile.village;
        if !rules.enabled {
            return Self::default();
        }
        let middle = map.nodes().get(map.nodes().len() / 2).map_or(0.0, |node| node.point.lat());
        let mut villages = Self { shrink: middle.to_radians().cos(), squares: BTreeSet::new() };
        for place in poi::places(map) {
            let known = place.population.map(|people| {
                (f64::from(people) / rules.people_per_km2 / std::f64::consts::PI).sqrt() * 1000.0
            });
            let by_kind = rules.radius_m.get(place.kind.as_str()).copied();
            // A kind without a radius has no built-up area whatever its population.
            if let Some(radius_m) = by_kind.map(|radius_m| known.unwrap_or(radius_m)) {
                villages.add_circle(place.point, radius_m);
            }
        }
        let mut street_m: BTreeMap<Square, f64> = BTreeMap::new();
        for (a, b) in streets {
            *street_m.entry(villages.square(middle_of(a, b))).or_default() += a.distance_m(b);
        }
        for &(x, y) in street_m.keys().flat_map(neighbours).collect::<BTreeSet<_>>().iter() {
            let around: f64 = neighbours(&(x, y)).filter_map(|s| street_m.get(&s)).sum();
            if around >= rules.street_m {
                villages.squares.insert((x, y));
            }
        }
        villages
    }

    /// Whether the middle of a segment is in a built-up square.
    pub(super) fn contain(&self, a: LatLon, b: LatLon) -> bool {
        !self.squares.is_empty() && self.squares.contains(&self.square(middle_of(a, b)))
    }

    fn add_circle(&mut self, centre: LatLon, radius_m: f64) {
        let (x, y) = self.square(centre);
        let radius = (radius_m / SQUARE_M).min(RADIUS_MAX);
        let reach = whole(radius);
        for dx in -reach..=reach {
            for dy in -reach..=reach {
                if f64::from(dx * dx + dy * dy) <= radius * radius {
                    self.squares.insert((x + dx, y + dy));
                }
            }
        }
    }

    fn square(&self, point: LatLon) -> Square {
        let squares = |degrees: f64| whole(degrees * DEGREE_M / SQUARE_M);
        (squares(point.lon() * self.shrink), squares(point.lat()))
    }
}

fn neighbours(&(x, y): &Square) -> impl Iterator<Item = Square> {
    (-1..=1).flat_map(move |dx| (-1..=1).map(move |dy| (x + dx, y + dy)))
}

fn middle_of(a: LatLon, b: LatLon) -> LatLon {
    crate::graph::roads::between(a, b, 0.5)
}

#[expect(
    clippy::cast_possible_truncation,
    reason = "squares of the globe are numbered up to 200,000"
)]
fn whole(value: f64) -> i32 {
    value.floor() as i32
}
