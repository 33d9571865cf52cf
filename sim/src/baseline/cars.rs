//! How many cars the same trips need.
//!
//! A car stands where its last trip ended. If whoever leaves a place takes any car that stands there, the cars needed are
//! at each place the largest excess of departures over arrivals up to any moment; summed over the places that is exactly
//! the smallest number (the deficit function: Linis & Maksim 1967; Gertsbakh & Gurevich 1977). Owners do not swap cars
//! with strangers, so no private cars, however few, can do with less.

use std::collections::BTreeMap;

use sharxi_engine::geo::LatLon;

use crate::baseline::drives::Drive;

/// Metres of a degree of latitude.
const DEGREE_M: f64 = 111_320.0;

/// The fewest cars that can do all drives if a car is taken over by anybody who leaves the square of `swap_m` metres in
/// which it stands. Cars that arrive at the very time of a departure can be taken.
#[must_use]
pub fn fewest(drives: &[Drive], swap_m: f64) -> usize {
    // By square: time, then arrivals (false) before departures (true).
    let mut squares: BTreeMap<(i64, i64), Vec<(i64, bool)>> = BTreeMap::new();
    for drive in drives {
        let leaves = squares.entry(square(drive.from, swap_m)).or_default();
        leaves.push((drive.depart.unix_ms(), true));
        let comes = squares.entry(square(drive.to, swap_m)).or_default();
        comes.push((drive.arrive.unix_ms(), false));
    }
    squares.into_values().map(shortage).sum()
}

/// Cars that must stand in a square at the beginning.
fn shortage(mut moves: Vec<(i64, bool)>) -> usize {
    moves.sort_unstable();
    let (mut standing, mut brought) = (0usize, 0usize);
    for (_, leaves) in moves {
        if !leaves {
            standing += 1;
        } else if standing > 0 {
            standing -= 1;
        } else {
            brought += 1;
        }
    }
    brought
}

/// The most cars under way at one time.
#[must_use]
pub fn most_under_way(drives: &[Drive]) -> usize {
    let mut moves: Vec<(i64, i64)> = Vec::with_capacity(drives.len() * 2);
    for drive in drives {
        moves.push((drive.depart.unix_ms(), 1));
        moves.push((drive.arrive.unix_ms(), -1));
    }
    moves.sort_unstable();
    let (mut now, mut most) = (0i64, 0i64);
    for (_, change) in moves {
        now += change;
        most = most.max(now);
    }
    usize::try_from(most).unwrap_or(0)
}

/// The square of a point. Its width in degrees is that of its latitude, rounded to a degree, so that neighbours agree.
fn square(point: LatLon, side_m: f64) -> (i64, i64) {
    let shrink = point.lat().round().to_radians().cos().max(0.01);
    let row = (point.lat() * DEGREE_M / side_m).floor();
    let column = (point.lon() * DEGREE_M * shrink / side_m).floor();
    (whole(row), whole(column))
}

#[expect(clippy::cast_possible_truncation, reason = "the earth has 40 million metres around")]
fn whole(value: f64) -> i64 {
    value as i64
}
