//! How long riders waited, by cell, told only of at least [`K`] riders at a time.
//!
//! k-anonymity of what is published, and of every difference between two publications: the waits of a cell are held back until they are
//! those of [`K`] different riders, then published together. Who compares today's figures with yesterday's learns nothing of fewer.
//! Whom a telephone desk books for counts as the desk, which holds back more than need be. (Sweeney 2002, k-anonymity.)

use std::collections::{BTreeMap, BTreeSet};
use std::hash::Hasher;

use serde::{Deserialize, Serialize};
use sharxi_engine::geo::LatLon;
use sharxi_engine::units::Millis;
use siphasher::sip::SipHasher13;

use crate::intent::Caller;
use crate::limits::CELLS_MAX;

/// Fewer riders than this are never told of.
pub const K: usize = 10;
/// The side of a cell in metres.
const CELL_M: f64 = 2_000.0;
/// 1e-7 degrees of latitude in a metre.
const E7_PER_M: f64 = 1e7 / 111_195.08;

/// Column and row of a cell.
pub type Cell = (i32, i32);

/// A grid of cells that are about square in one region.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Grid {
    /// 1e-7 degrees.
    height: i32,
    width: i32,
}

impl Grid {
    /// The grid of a region with these corners.
    #[must_use]
    #[expect(
        clippy::cast_possible_truncation,
        reason = "2 km, at most a hundred times that in degrees of longitude"
    )]
    pub fn new((low, high): (LatLon, LatLon)) -> Self {
        let height = CELL_M * E7_PER_M;
        let shrink = f64::midpoint(low.lat(), high.lat()).to_radians().cos().max(0.01);
        Self { height: height as i32, width: (height / shrink) as i32 }
    }

    /// The cell of a point.
    #[must_use]
    pub const fn cell(self, point: LatLon) -> Cell {
        (point.lon_e7().div_euclid(self.width), point.lat_e7().div_euclid(self.height))
    }

    /// South-west and north-east corner in degrees, latitude first.
    #[must_use]
    pub fn corners(self, (x, y): Cell) -> [[f64; 2]; 2] {
        let corner = |x: i32, y: i32| {
            let at = |n: i32, step: i32| f64::from(n) * f64::from(step) / 1e7;
            [at(y, self.height), at(x, self.width)]
        };
        [corner(x, y), corner(x + 1, y + 1)]
    }
}

/// Sums over rides.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Tally {
    /// How many.
    pub rides: u64,
    /// Their waits together.
    pub wait_ms: u64,
    /// Those who waited at most 5, 10 and 15 minutes.
    pub within: [u64; 3],
}

impl Tally {
    fn count(&mut self, wait: Millis) {
        self.rides += 1;
        self.wait_ms += u64::from(wait.get());
        for (n, minutes) in self.within.iter_mut().zip([5_u32, 10, 15]) {
            *n += u64::from(wait <= Millis::from_secs(minutes * 60));
        }
    }

    fn add(&mut self, other: Self) {
        self.rides += other.rides;
        self.wait_ms += other.wait_ms;
        for (n, more) in self.within.iter_mut().zip(other.within) {
            *n += more;
        }
    }
}

#[derive(Clone, Debug, Default, Serialize, Deserialize)]
struct Book {
    published: Tally,
    held_back: Tally,
    /// Whose rides are held back: digests, fewer than [`K`].
    riders: BTreeSet<u64>,
}

/// The waits of all cells since the journal began.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub struct WaitBook {
    cells: BTreeMap<Cell, Book>,
}

impl WaitBook {
    /// A rider has boarded. Beyond [`CELLS_MAX`] cells, further ones are not counted.
    pub fn count(&mut self, cell: Cell, rider: &Caller, wait: Millis) {
        if CELLS_MAX <= self.cells.len() && !self.cells.contains_key(&cell) {
            return;
        }
        let book = self.cells.entry(cell).or_default();
        book.held_back.count(wait);
        book.riders.insert(digest(rider));
        if K <= book.riders.len() {
            book.published.add(std::mem::take(&mut book.held_back));
            book.riders.clear();
        }
    }

    /// What may be told, in order of cell.
    pub fn published(&self) -> impl Iterator<Item = (Cell, Tally)> + '_ {
        let told = self.cells.iter().filter(|(_, book)| 0 < book.published.rides);
        told.map(|(&cell, book)| (cell, book.published))
    }
}

fn digest(rider: &Caller) -> u64 {
    let mut hasher = SipHasher13::new();
    std::hash::Hash::hash(&rider.role, &mut hasher);
    hasher.write(rider.name.as_bytes());
    hasher.finish()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::wire::message::Role;

    fn rider(nth: usize) -> Caller {
        Caller { role: Role::Rider, name: format!("rider-{nth}") }
    }

    #[test]
    fn nothing_is_told_of_fewer_than_k_riders() {
        let mut book = WaitBook::default();
        let told = |book: &WaitBook| book.published().map(|(_, tally)| tally.rides).sum::<u64>();
        for nth in 0..100 {
            // The same nine, again and again.
            book.count((0, 0), &rider(nth % (K - 1)), Millis::from_secs(60));
        }
        assert_eq!(told(&book), 0);
        book.count((0, 0), &rider(K), Millis::from_secs(900));
        assert_eq!(
            book.published().next().unwrap().1,
            Tally { rides: 101, wait_ms: 6_900_000, within: [100, 100, 101] }
        );
    }

    #[test]
    fn every_difference_is_of_k_riders() {
        let mut book = WaitBook::default();
        let mut riders: Vec<usize> = Vec::new();
        let mut last = 0;
        let mut n_told = 0;
        for nth in 0..1_000_usize {
            let who = nth * 7 % 23;
            riders.push(who);
            book.count((3, 4), &rider(who), Millis::from_secs(300));
            let now = usize::try_from(book.published().map(|(_, tally)| tally.rides).sum::<u64>())
                .unwrap();
            if now != last {
                let told: BTreeSet<_> = riders[last..now].iter().collect();
                assert!(K <= told.len());
                (last, n_told) = (now, n_told + 1);
            }
        }
        assert!(10 < n_told);
    }

    #[test]
    fn cells_are_limited_and_about_square() {
        let mut book = WaitBook::default();
        for x in 0..=i32::try_from(CELLS_MAX).unwrap() {
            (0..K).for_each(|nth| book.count((x, 0), &rider(nth), Millis::ZERO));
        }
        assert_eq!(book.published().count(), CELLS_MAX);
        let at = |lat, lon| LatLon::from_degrees(lat, lon).unwrap();
        let grid = Grid::new((at(54.0, -5.0), at(54.4, -4.2)));
        let [[south, west], [north, east]] = grid.corners(grid.cell(at(54.2, -4.6)));
        assert!(south <= 54.2 && 54.2 < north && west <= -4.6 && -4.6 < east);
        let (up, across) = (
            at(south, west).distance_m(at(north, west)),
            at(south, west).distance_m(at(south, east)),
        );
        assert!((up - 2_000.0).abs() < 20.0 && (across - 2_000.0).abs() < 40.0, "{up} {across}");
    }
}
