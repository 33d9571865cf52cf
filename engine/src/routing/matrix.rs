//! Tables of times: many places against many.
//!
//! Targets are put in order of their anchors and taken 32 at a time, as a [`Tile`]: for every depth the times of all its
//! targets side by side. A source then meets 32 targets at once, one ancestor after another, and nothing has to be gathered at
//! the end. In that order the depth of the common ancestor with a source can only fall with the distance from its own
//! place, to the least of what neighbours have in common; so it costs no look-up. Down to the
//! least of a tile all lanes count; from there on each up to its own.
//!
//! Tables between nodes are made of 16-bit ticks where there are labels, all others of milliseconds. The loops are compiled for
//! several sets of instructions; `pulp` asks the processor which it has.

use pulp::NullaryFnOnce;
use smallvec::SmallVec;

use super::NEVER;
use super::bundle::{Bundle, Flow};
use super::hierarchy::Hierarchy;
use super::lanes::{FAR, ms_of, vectorised};
use crate::graph::num::Tick;

/// Targets of one tile.
pub(crate) const LANES: usize = 32;
/// The target of a lane that is only there to fill up the last tile.
pub(crate) const NOBODY: u32 = u32::MAX;

/// What a table is made of.
pub(crate) trait Cell: Copy + Ord + Send + Sync {
    /// No way, or none that fits.
    const FAR: Self;

    /// The sum, at least [`Cell::FAR`] if one of both is.
    fn plus(self, other: Self) -> Self;

    /// Milliseconds, [`NEVER`] for [`Cell::FAR`].
    fn ms(self, tick: Tick) -> u32;
}

/// Ticks.
impl Cell for u16 {
    const FAR: Self = FAR;

    #[inline(always)]
    fn plus(self, other: Self) -> Self {
        self.saturating_add(other)
    }

    #[inline(always)]
    fn ms(self, tick: Tick) -> u32 {
        ms_of(self, tick).unwrap_or(NEVER)
    }
}

/// Milliseconds, at most [`NEVER`]; signed, because every instruction set compares those.
impl Cell for i32 {
    const FAR: Self = NEVER.cast_signed();

    #[inline(always)]
    fn plus(self, other: Self) -> Self {
        // Twice `NEVER` does not wrap.
        self.wrapping_add(other)
    }

    #[inline(always)]
    fn ms(self, _: Tick) -> u32 {
        self.cast_unsigned()
    }
}

/// The times between a place and all ancestors of its anchor, root first.
pub(crate) struct Row<T> {
    anchor: u32,
    times: SmallVec<[T; 256]>,
}

impl Row<u16> {
    /// The row of a node, if there are labels.
    pub(crate) fn of_node(hierarchy: &Hierarchy, flow: Flow, node: u32) -> Option<Self> {
        Some(Self { anchor: node, times: hierarchy.ticks(flow, node)? })
    }
}

impl Row<i32> {
    /// The exact row of a node.
    pub(crate) fn exact(hierarchy: &Hierarchy, flow: Flow, node: u32) -> Self {
        let times = hierarchy.times(flow, node).into_iter().map(u32::cast_signed).collect();
        Self { anchor: node, times }
    }

    /// The row of a bundle.
    pub(crate) fn of_bundle(bundle: &Bundle) -> Self {
        let times = bundle.ms().iter().map(|ms| ms.cast_signed()).collect();
        Self { anchor: bundle.anchor(), times }
    }
}

/// The rows of all targets of a table.
#[derive(Debug, Default)]
pub(crate) struct Targets<T> {
    tick: Tick,
    tiles: Vec<Tile>,
    /// Anchors of all lanes, ascending.
    anchors: Vec<u32>,
    /// By tile and depth.
    times: Vec<[T; LANES]>,
}

/// What 32 targets have in common, in order of anchor.
#[derive(Clone, Debug)]
struct Tile {
    /// Where its depths begin.
    first: usize,
    /// The numbers of the targets.
    targets: [u32; LANES],
    /// Ancestors that a lane and the one before it have in common; the first of a table has none before.
    between: [u16; LANES],
    /// Ancestors in common with the first lane of the tile.
    with_first: [u16; LANES],
    /// Ancestors in common with the last.
    with_last: [u16; LANES],
}

impl<T: Cell> Targets<T> {
    /// From the number of each target and its rows. O(size of the rows).
    pub(crate) fn new(hierarchy: &Hierarchy, mut rows: Vec<(u32, Row<T>)>) -> Self {
        rows.sort_by_key(|(target, row)| (row.anchor, *target));
        let mut targets = Self {
            tick: hierarchy.tick(),
            tiles: Vec::new(),
            anchors: Vec::new(),
            times: Vec::new(),
        };
        for rows in rows.chunks(LANES) {
            let first = targets.times.len();
            let depth = rows.iter().map(|(_, row)| row.times.len()).max().unwrap_or(0);
            targets.times.resize(first + depth, [T::FAR; LANES]);
            let mut numbers = [NOBODY; LANES];
            let mut between = [u16::MAX; LANES];
            for (lane, (target, row)) in rows.iter().enumerate() {
                for (times, &time) in targets.times[first..].iter_mut().zip(&row.times) {
                    times[lane] = time;
                }
                numbers[lane] = *target;
                if let Some(&before) = targets.anchors.last() {
                    between[lane] = n_common(hierarchy, before, row.anchor);
                }
                targets.anchors.push(row.anchor);
            }
            targets.tiles.push(Tile::new(first, numbers, between));
        }
        targets
    }

    /// Calls `out(targets, times)` for all tiles with their times from `source`, milliseconds or [`NEVER`].
    /// O(targets x depth); allocates nothing.
    pub(crate) fn sweep(
        &self,
        hierarchy: &Hierarchy,
        source: &Row<T>,
        out: impl FnMut(&[u32; LANES], [u32; LANES]),
    ) {
        let place = self.anchors.partition_point(|&anchor| anchor < source.anchor);
        let with = |&anchor: &u32| n_common(hierarchy, source.anchor, anchor);
        let after = self.anchors.get(place).map_or(0, with);
        let before = self.anchors[..place].last().map_or(0, with);
        vectorised(Sweep { targets: self, source: &source.times, place, after, before, out });
    }
}

impl Tile {
    fn new(first: usize, targets: [u32; LANES], between: [u16; LANES]) -> Self {
        let (mut with_first, mut with_last) = ([u16::MAX; LANES], [u16::MAX; LANES]);
        for lane in 1..LANES {
            with_first[lane] = with_first[lane - 1].min(between[lane]);
        }
        for lane in (1..LANES).rev() {
            with_last[lane - 1] = with_last[lane].min(between[lane]);
        }
        Self { first, targets, between, with_first, with_last }
    }

    /// What a source between two lanes has in common with all, given what it has in common with the one at its place and with the one
    /// before.
    fn around(&self, place: usize, (before, after): (u16, u16)) -> [u16; LANES] {
        let mut common = [after; LANES];
        for lane in place + 1..LANES {
            common[lane] = common[lane - 1].min(self.between[lane]);
        }
        let mut least = before;
        for lane in (0..place).rev() {
            common[lane] = least;
            least = least.min(self.between[lane]);
        }
        common
    }
}

/// Depths fit 16 bits, and so do the numbers of ancestors.
fn n_common(hierarchy: &Hierarchy, a: u32, b: u32) -> u16 {
    u16::try_from(hierarchy.common_depth(a, b) + 1).unwrap_or(u16::MAX)
}

/// One source against all tiles.
struct Sweep<'a, T, F> {
    targets: &'a Targets<T>,
    source: &'a [T],
    /// The lane before which the source has its place in the order of anchors.
    place: usize,
    /// Ancestors in common with that lane and with the one before it.
    after: u16,
    before: u16,
    out: F,
}

impl<T: Cell, F: FnMut(&[u32; LANES], [u32; LANES])> NullaryFnOnce for Sweep<'_, T, F> {
    type Output = ();

    #[inline(always)]
    fn call(mut self) {
        let tiles = &self.targets.tiles;
        let (middle, lane) = (self.place / LANES, self.place % LANES);
        let (mut before, mut after) = (self.before, self.after);
        if let Some(tile) = tiles.get(middle) {
            let common = tile.around(lane, (before, after));
            self.put(tile, common, before.max(after));
            (before, after) = (common[0], common[LANES - 1]);
            if lane > 0 {
                before = before.min(tile.between[0]);
            } else {
                before = self.before;
            }
        }
        for tile in tiles.iter().skip(middle + 1) {
            after = after.min(tile.between[0]);
            self.put(tile, lesser(&tile.with_first, after), after);
            after = after.min(tile.with_first[LANES - 1]);
        }
        for tile in tiles[..middle].iter().rev() {
            self.put(tile, lesser(&tile.with_last, before), before);
            before = before.min(tile.with_last[0]).min(tile.between[0]);
        }
    }
}

impl<T: Cell, F: FnMut(&[u32; LANES], [u32; LANES])> Sweep<'_, T, F> {
    /// One tile, of which the source has `common` ancestors with each lane, nowhere more than `most`.
    #[inline(always)]
    fn put(&mut self, tile: &Tile, common: [u16; LANES], most: u16) {
        let all = common[0].min(common[LANES - 1]);
        let mut least = [T::FAR; LANES];
        let mut depths = self.source.iter().zip(&self.targets.times[tile.first..]).zip(0..most);
        for ((&up, down), _) in depths.by_ref().take(all.into()) {
            for (least, &down) in least.iter_mut().zip(down) {
                *least = up.plus(down).min(*least);
            }
        }
        for ((&up, down), depth) in depths {
            for ((least, &down), &n) in least.iter_mut().zip(down).zip(&common) {
                let sum = up.plus(down).min(*least);
                *least = if depth < n { sum } else { *least };
            }
        }
        let mut ms = [NEVER; LANES];
        let tick = self.targets.tick;
        ms.iter_mut().zip(least).for_each(|(ms, time)| *ms = time.ms(tick));
        (self.out)(&tile.targets, ms);
    }
}

/// All of them, but none more than `most`.
#[inline(always)]
fn lesser(common: &[u16; LANES], most: u16) -> [u16; LANES] {
    let mut lesser = *common;
    lesser.iter_mut().for_each(|common| *common = most.min(*common));
    lesser
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::graph::num::row;

    /// The same loop as compiled for every machine, and for this one.
    #[test]
    fn all_instruction_sets_say_the_same() {
        let mut state = 1_u64;
        let mut random = |below: u16| {
            state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
            u16::try_from((state >> 40) % u64::from(below)).unwrap()
        };
        for _ in 0..300 {
            let n_tiles = 1 + usize::from(random(3));
            let mut targets = Targets {
                tick: Tick::FINEST,
                tiles: Vec::new(),
                anchors: Vec::new(),
                times: Vec::new(),
            };
            for idx in 0..n_tiles {
                let numbers = std::array::from_fn(|lane| row(idx * LANES + lane));
                let between = std::array::from_fn(|_| 1 + random(40));
                targets.tiles.push(Tile::new(targets.times.len(), numbers, between));
                targets.times.extend((0..40).map(|_| std::array::from_fn(|_| random(u16::MAX))));
            }
            let source: Vec<u16> = (0..40).map(|_| random(u16::MAX)).collect();
            let place = usize::from(random(u16::try_from(n_tiles * LANES + 1).unwrap()));
            let (before, after) = (random(41), random(41));
            let (mut plain, mut wide) = (Vec::new(), Vec::new());
            let targets = &targets;
            let source = &source[..];
            let out = |numbers: &[u32; LANES], ms| plain.push((*numbers, ms));
            Sweep { targets, source, place, after, before, out }.call();
            let out = |numbers: &[u32; LANES], ms| wide.push((*numbers, ms));
            vectorised(Sweep { targets, source, place, after, before, out });
            assert_eq!((plain.len(), plain), (n_tiles, wide));
        }
    }
}
