//! Where people go: gravity, that is what a place offers times exp(-distance / gravity length).

use sharxi_engine::geo::LatLon;

use crate::demand_model::homes::Settled;
use crate::demand_model::profile::{Profile, Purpose};
use crate::ground::Landscape;
use crate::rng::Rng;

/// So many inhabitants of a place draw visitors as strongly as one attraction.
const INHABITANTS_PER_HOME: f64 = 1000.0;

/// Something that people go to.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Goal {
    At(LatLon),
    InPlace(usize),
}

/// All that draws people for one purpose.
#[derive(Clone, Debug)]
pub struct Destinations {
    goals: Vec<(Goal, LatLon, f64)>,
    gravity_m: f64,
    trip_min_m: f64,
}

impl Destinations {
    /// What draws people for `purpose`.
    #[must_use]
    pub fn new(
        purpose: &Purpose,
        profile: &Profile,
        landscape: &Landscape,
        places: &[Settled],
    ) -> Self {
        let weight_of = |kind: &str| purpose.attractions.get(kind).copied().unwrap_or(0.0);
        let mut goals = Vec::new();
        for attraction in &landscape.attractions {
            let weight = weight_of(&attraction.kind);
            if weight > 0.0 {
                goals.push((Goal::At(attraction.point), attraction.point, weight));
            }
        }
        let home_weight = weight_of("home");
        for (idx, place) in places.iter().enumerate() {
            let weight = home_weight * f64::from(place.population) / INHABITANTS_PER_HOME;
            if weight > 0.0 {
                goals.push((Goal::InPlace(idx), place.point, weight));
            }
        }
        Self { goals, gravity_m: profile.gravity_m, trip_min_m: profile.trip_min_m }
    }

    /// Somewhere to go from `home`; `None` if nothing is far enough away, or there is nothing at all.
    pub fn draw(&self, home: LatLon, places: &[Settled], rng: &mut Rng) -> Option<LatLon> {
        let pull = |&(_, point, weight): &(Goal, LatLon, f64)| {
            let distance_m = home.distance_m(point);
            if distance_m < self.trip_min_m {
                0.0
            } else {
                weight * (-distance_m / self.gravity_m).exp()
            }
        };
        let pulls: Vec<f64> = self.goals.iter().map(pull).collect();
        match self.goals[rng.weighted(&pulls)?].0 {
            Goal::At(point) => Some(point),
            Goal::InPlace(idx) => Some(places[idx].door(rng)),
        }
    }
}
