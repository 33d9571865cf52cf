//! Isochrones: the area around all road that is reached within a time, as polygons.
//!
//! Roads are looked at every half cell of a square grid; cells with reached road in them or next to them are filled, and
//! their outlines are the polygons. Where filled cells touch at a corner only, one more is filled, so that no ring touches
//! itself or another. So every reached place lies inside, and nothing inside is farther than four cells from reached road.
//! Exact times, an honest outline, no smoothing.

use super::Region;
use super::locate::{HEADINGS, end_mm};
use super::rings::{Cell, outlines};
use crate::geo::LatLon;
use crate::graph::num::row;
use crate::graph::roads::Heading;
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

/// Which way an isochrone is driven.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Sense {
    /// From the centre: where one can be in time.
    Away,
    /// To the centre: from where one can be there in time.
    Towards,
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
    /// For each bound the area around all road that can be reached from `centre` within it, or from which `centre` can be
    /// reached, on a grid of `cell_m` metres (from 10 to 10,000, cut to that). Areas of larger bounds contain those of smaller
    /// ones. Polygons come from west to east; empty for a place of another region. Of a road that traffic has closed nothing
    /// is reached, and it can be left. O(shortcuts + length of all roads / cell) for each bound.
    #[must_use]
    pub fn isochrones(
        &self,
        centre: Location,
        sense: Sense,
        bounds: &[Millis],
        cell_m: u32,
    ) -> Vec<Vec<Polygon>> {
        let cell_m = cell_m.clamp(*CELL_M.start(), *CELL_M.end());
        let grid = Grid::new(self.point(centre), cell_m);
        let times = match sense {
            Sense::Away => self.times_to_all(centre),
            Sense::Towards => self.times_from_all(centre),
        };
        let mut in_order: Vec<usize> = (0..bounds.len()).collect();
        in_order.sort_by_key(|&idx| bounds[idx]);
        let mut areas = vec![Vec::new(); bounds.len()];
        let mut cells: Vec<Cell> = Vec::new();
        for idx in in_order {
            let search = Search { centre, sense, bound: bounds[idx], times: &times };
            // What a smaller bound has filled stays filled.
            self.fill(&search, grid, cell_m * 500, &mut cells);
            join_corners(&mut cells);
            let ring = |cells: Vec<Cell>| cells.into_iter().map(|cell| grid.corner(cell)).collect();
            let shapes = outlines(&cells).into_iter();
            areas[idx] = shapes
                .map(|shape| Polygon {
                    outer: ring(shape.outer),
                    holes: shape.holes.into_iter().map(ring).collect(),
                })
                .collect();
        }
        areas
    }

    /// Adds the cells in and next to which there is reached road; leaves all in order, each once.
    fn fill(&self, search: &Search<'_>, grid: Grid, step_mm: u32, cells: &mut Vec<Cell>) {
        let mut last = None;
        let mut found = |point: LatLon| {
            let cell = grid.cell(point);
            // Neighbours along a road are mostly in the same cell.
            if last.replace(cell) != Some(cell) {
                cells.extend(around(cell));
            }
        };
        let is_known = match search.sense {
            Sense::Away => self.exits(search.centre).next().is_some(),
            Sense::Towards => self.entries(search.centre).next().is_some(),
        };
        if is_known {
            found(self.point(search.centre));
        }
        for road in 0..row(self.contents.roads.n()) {
            self.reached_along(road, search, step_mm, &mut found);
        }
        cells.sort_unstable();
        cells.dedup();
    }

    /// Calls `found` with every looked-at point of a road that is reached within the bound: both ends, and one every
    /// `step_mm`.
    fn reached_along(
        &self,
        road: u32,
        search: &Search<'_>,
        step_mm: u32,
        found: &mut impl FnMut(LatLon),
    ) {
        let tables = self.road_tables(road as usize);
        let is_here =
            matches!(search.centre, Location::Along { road: other, .. } if other.get() == road);
        // By heading: the time at the end from which places of the road are reached.
        let ends = HEADINGS.map(|heading| match search.sense {
            Sense::Away => {
                let tails = self.open_tails(road, heading);
                tails.map(|tail| search.times[tail as usize]).fold(NEVER, u32::min)
            }
            Sense::Towards => {
                let arc = self.departure(road, heading);
                arc.map_or(NEVER, |arc| search.times[arc.head as usize])
            }
        });
        if !is_here && ends.iter().all(|&ms| Millis::new(ms) > search.bound) {
            return;
        }
        let time_at = |along_mm: u32| {
            let over = HEADINGS.iter().zip(ends).filter(|(_, end)| *end < NEVER);
            let over = over.map(|(&heading, end)| {
                let elapsed = tables.elapsed_ms(heading, along_mm);
                match search.sense {
                    Sense::Away => end + elapsed,
                    Sense::Towards => end + tables.duration_ms(heading) - elapsed,
                }
            });
            let place = Location::Along { road: RoadId::new(road), along_mm };
            let beside = is_here.then(|| match search.sense {
                Sense::Away => self.direct(search.centre, place),
                Sense::Towards => self.direct(place, search.centre),
            });
            over.chain(beside.flatten().map(|(ms, _)| ms)).min()
        };
        let end = end_mm(&tables, Heading::Forward);
        let steps = (0..=end / step_mm).map(|nth| nth * step_mm).chain([end]);
        for along_mm in steps {
            if time_at(along_mm).is_some_and(|ms| Millis::new(ms) <= search.bound) {
                found(tables.point(along_mm));
            }
        }
    }
}

/// One area that is looked for.
struct Search<'a> {
    centre: Location,
    sense: Sense,
    bound: Millis,
    /// Between the centre and all nodes, in the sense of the search.
    times: &'a [u32],
}

/// A cell and its eight neighbours.
fn around((x, y): Cell) -> impl Iterator<Item = Cell> {
    (x - 1..=x + 1).flat_map(move |x| (y - 1..=y + 1).map(move |y| (x, y)))
}

/// Fills one cell beside every corner at which two cells touch that have no side in common, until there is none left.
/// `cells` are in order, each once, and stay so.
fn join_corners(cells: &mut Vec<Cell>) {
    loop {
        let is_filled = |cell: Cell| cells.binary_search(&cell).is_ok();
        let mut added: Vec<Cell> = Vec::new();
        for &(x, y) in cells.iter() {
            for (across, beside) in [((x + 1, y + 1), (x, y + 1)), ((x + 1, y - 1), (x, y - 1))] {
                if is_filled(across) && !is_filled(beside) && !is_filled((x + 1, y)) {
                    added.push((x + 1, y));
                }
            }
        }
        if added.is_empty() {
            return;
        }
        cells.extend(added);
        cells.sort_unstable();
        cells.dedup();
    }
}
