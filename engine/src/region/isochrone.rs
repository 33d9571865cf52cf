//! Isochrones: the area around all road that is reached within a time, as polygons.
//!
//! Roads are looked at every half cell of a square grid; cells with reached road in them or next to them are filled, and
//! their outlines are the polygons. So every reached place lies inside, and nothing inside is farther than three cells from
//! reached road. Exact times, an honest outline, no smoothing.

use super::Region;
use super::locate::HEADINGS;
use super::rings::{Cell, outlines};
use crate::geo::LatLon;
use crate::graph::num::row;
use crate::ids::RoadId;
use crate::oracle::Location;
use crate::routing::NEVER;
use crate::units::Millis;

/// The finest and the coarsest grid, in metres.
const CELL_M: std::ops::RangeInclusive<u32> = 10..=10_000;
/// 1e-7 degrees of latitude in a metre.
const E7_PER_M: f64 = 1e7 / 111_195.08;

/// An area with holes. Rings end where they begin; the outer one runs against the clock, holes with it, as RFC 7946 has it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Polygon {
    /// Its outline.
    pub outer: Vec<LatLon>,
    /// What is left out.
    pub holes: Vec<Vec<LatLon>>,
}

/// A grid of about square cells over the plane of degrees.
#[derive(Clone, Copy)]
struct Grid {
    /// 1e-7 degrees.
    height: i32,
    width: i32,
}

impl Grid {
    #[expect(clippy::cast_possible_truncation, reason = "at most 10 km; the width is cut to range")]
    fn new(at: LatLon, cell_m: u32) -> Self {
        let height = f64::from(cell_m) * E7_PER_M;
        let shrink = at.lat().to_radians().cos().max(0.01);
        Self { height: height as i32, width: (height / shrink) as i32 }
    }

    fn cell(self, point: LatLon) -> Cell {
        (point.lon_e7().div_euclid(self.width), point.lat_e7().div_euclid(self.height))
    }

    /// The south-west corner of a cell; cut at the poles and at 180 degrees.
    fn corner(self, (x, y): Cell) -> LatLon {
        let lat = y.saturating_mul(self.height).clamp(-900_000_000, 900_000_000);
        let lon = x.saturating_mul(self.width).clamp(-1_800_000_000, 1_800_000_000);
        LatLon::from_e7(lat, lon).unwrap_or_default()
    }
}

impl Region {
    /// The area around all road that can be reached from `from` within `bound`, on a grid of `cell_m` metres (from 10 to
    /// 10,000, cut to that). Empty for a place of another region. Larger polygons are not before smaller ones: they come
    /// from west to east. O(shortcuts + length of all roads / cell).
    #[must_use]
    pub fn isochrone(&self, from: Location, bound: Millis, cell_m: u32) -> Vec<Polygon> {
        let cell_m = cell_m.clamp(*CELL_M.start(), *CELL_M.end());
        let grid = Grid::new(self.point(from), cell_m);
        let times = self.times_to_all(from);
        let mut cells = Vec::new();
        let mut fill = |point: LatLon| {
            let (x, y) = grid.cell(point);
            let around = (x - 1..=x + 1).flat_map(|x| (y - 1..=y + 1).map(move |y| (x, y)));
            // Neighbours along a road are mostly in the same cell.
            if cells.last() != Some(&(x + 1, y + 1)) {
                cells.extend(around);
            }
        };
        if self.exits(from).next().is_some() {
            fill(self.point(from));
        }
        for road in 0..row(self.contents.roads.n()) {
            self.reached_along(road, (from, bound), &times, cell_m * 500, &mut fill);
        }
        cells.sort_unstable();
        cells.dedup();
        let ring = |cells: Vec<Cell>| cells.into_iter().map(|cell| grid.corner(cell)).collect();
        let shapes = outlines(&cells).into_iter();
        shapes
            .map(|shape| Polygon {
                outer: ring(shape.outer),
                holes: shape.holes.into_iter().map(ring).collect(),
            })
            .collect()
    }

    /// Calls `found` with every looked-at point of a road that is reached within the bound: both ends, and one every
    /// `step_mm`.
    fn reached_along(
        &self,
        road: u32,
        (from, bound): (Location, Millis),
        times: &[u32],
        step_mm: u32,
        found: &mut impl FnMut(LatLon),
    ) {
        let tables = self.road_tables(road as usize);
        let is_here = matches!(from, Location::Along { road: other, .. } if other.get() == road);
        let begins = HEADINGS.map(|heading| {
            let tails = self.open_tails(road, heading);
            tails.map(|tail| times[tail as usize]).fold(NEVER, u32::min)
        });
        if !is_here && begins.iter().all(|&ms| Millis::new(ms) > bound) {
            return;
        }
        let end = tables.length_mm();
        let steps = (0..=end / step_mm).map(|nth| nth * step_mm).chain([end]);
        for along_mm in steps {
            let over = HEADINGS.iter().zip(begins).filter(|(_, begin)| *begin < NEVER);
            let arrivals = over.map(|(&heading, ms)| ms + tables.elapsed_ms(heading, along_mm));
            let to = Location::Along { road: RoadId::new(road), along_mm };
            let beside = is_here.then(|| self.direct(from, to)).flatten().map(|(ms, _)| ms);
            if arrivals.chain(beside).min().is_some_and(|ms| Millis::new(ms) <= bound) {
                found(tables.point(along_mm));
            }
        }
    }
}
