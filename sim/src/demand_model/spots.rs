//! Where demand is expected, for coverage and repositioning; vehicles start there as well.

use std::collections::BTreeMap;

use sharxi_engine::dispatcher::Spot;
use sharxi_engine::geo::LatLon;

use crate::demand_model::homes::Settled;
use crate::ground::{Ground, Landscape};
use crate::rng::Rng;

/// A place has one spot for so many inhabitants.
const INHABITANTS_PER_SPOT: u32 = 800;
/// Side of the squares by which spots are found where the map has no places, in degrees of latitude (about 2 km).
const SQUARE_DEG: f64 = 0.018;
/// The seed of the doors at which spots stand: the same for every study.
const SEED: u64 = 15;

/// Spots at front doors of the settled places, each with the inhabitants that it stands for.
#[must_use]
pub fn of_places(places: &[Settled]) -> Vec<(LatLon, f64)> {
    let mut spots = Vec::new();
    for (stream, place) in (0u64..).zip(places) {
        let mut rng = Rng::new(SEED, stream);
        let n_spots = place.population.div_ceil(INHABITANTS_PER_SPOT);
        for number in 0..n_spots {
            let point = if number == 0 { place.point } else { place.door(&mut rng) };
            spots.push((point, f64::from(place.population) / f64::from(n_spots)));
        }
    }
    spots
}

/// Spots where the map knows no places: squares of about 2 km, by the length of their residential roads.
#[must_use]
pub fn of_streets(landscape: &Landscape) -> Vec<(LatLon, f64)> {
    let mut squares: BTreeMap<(i64, i64), (LatLon, f64)> = BTreeMap::new();
    let residential = |class: &str| matches!(class, "residential" | "living_street");
    for street in landscape.streets.iter().filter(|street| residential(&street.class)) {
        for pair in street.geometry.windows(2) {
            let square = (step(pair[0].lat() / SQUARE_DEG), step(pair[0].lon() / SQUARE_DEG));
            let length_m = pair[0].distance_m(pair[1]);
            squares.entry(square).or_insert((pair[0], 0.0)).1 += length_m;
        }
    }
    squares.into_values().filter(|&(_, length_m)| length_m >= 1.0).collect()
}

/// The spots on the road, for the dispatcher.
#[must_use]
pub fn snapped(spots: &[(LatLon, f64)], ground: &dyn Ground, snap_max_m: f64) -> Vec<Spot> {
    spots
        .iter()
        .filter_map(|&(point, weight)| {
            let location = ground.snap(point, snap_max_m)?;
            Some(Spot { location, weight: whole(weight).max(1) })
        })
        .collect()
}

#[expect(clippy::cast_possible_truncation, reason = "degrees by hundredths fit")]
fn step(value: f64) -> i64 {
    value.floor() as i64
}

#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "saturates")]
fn whole(value: f64) -> u32 {
    value.round() as u32
}
