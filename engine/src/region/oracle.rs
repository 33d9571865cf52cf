//! [`Oracle`] for a region.
//!
//! A time is the least over: driving on along the road both ends are on; and every way to leave the one, between nodes,
//! and to reach the other. Rows and matrices take the least of the very same sums, only in an order that looks things up
//! once (see [`Bundle`]), so cells equal single queries bit for bit. Rows of large matrices are shared out to threads.
//!
//! Who stops at a place along a road may turn round there and has no restriction under way any more. So stopping can,
//! close to a restricted junction, be a way round the restriction, and `time(a, c) <= time(a, b) + time(b, c)` holds for
//! all nodes, and for places along roads wherever no restriction is in reach. How far it can be off is [`Oracle::saves`].

use std::sync::{Arc, OnceLock};

use pulp::NullaryFnOnce;
use rayon::prelude::*;
use smallvec::SmallVec;

use super::locate::{Access, HEADINGS};
use super::relaxed::Relaxed;
use super::{ChangedPiece, ChangedWay, Region, TrafficChange, TrafficError};
use crate::graph::num::row;
use crate::ids::NodeId;
use crate::oracle::{Location, Oracle, Path};
use crate::routing::NEVER;
use crate::routing::bundle::{Bundle, Bundles, Flow};
use crate::routing::lanes::vectorised;
use crate::routing::matrix::{Row, Targets};
use crate::sight::Sight;
use crate::units::Millis;

/// Matrices with fewer cells are not worth a second thread.
const PARALLEL_CELLS: usize = 8_192;
/// Matrices with fewer rows are not worth copying the rows of their targets.
const BUNDLE_ROWS_MIN: usize = 4;

/// Milliseconds of a query to the unit of the engine.
pub(super) fn millis(ms: u32) -> Millis {
    if ms >= NEVER { Millis::INFINITE } else { Millis::new(ms) }
}

impl Region {
    /// The time without passing a node: zero at the same place, driving on along the same road, else [`NEVER`].
    #[inline]
    fn time_beside(&self, from: Location, to: Location) -> u32 {
        match (from, to) {
            (Location::Along { road: a, .. }, Location::Along { road: b, .. }) if a == b => {
                self.direct(from, to).map_or(NEVER, |(ms, _)| ms)
            }
            _ => NEVER,
        }
    }

    /// The node that a place is on, if it is one of this region and the only one at its junction.
    #[inline]
    fn node_of(&self, place: Location) -> Option<u32> {
        match place {
            Location::Node(node) => Some(node.get())
                .filter(|&idx| node.idx() < self.n_nodes() && !self.twins.is_split(idx)),
            Location::Along { .. } => None,
        }
    }

    /// The rows of a place for leaving it ([`Flow::Up`]) or reaching it.
    pub(super) fn bundles(&self, flow: Flow, place: Location) -> Bundles {
        let mut ends: SmallVec<[(u32, u32); 8]> = match flow {
            Flow::Up => self.exits(place).map(|access| (access.node, access.ms)).collect(),
            Flow::Down => self.entries(place).map(|access| (access.node, access.ms)).collect(),
        };
        Bundle::of(&self.hierarchy, flow, &mut ends)
    }

    /// All nodes of `from` to all of `to`.
    fn node_table(&self, from: &[u32], to: &[u32], out: &mut [Millis]) {
        let hierarchy = &self.hierarchy;
        let exact_row = |flow, node| Row::exact(hierarchy, flow, node);
        let numbered = || (0..row(to.len())).zip(to);
        let exact_targets = || {
            let rows = numbered().map(|(idx, &node)| (idx, exact_row(Flow::Down, node)));
            Targets::new(hierarchy, rows.collect())
        };
        let fill_exactly = |exact: &Targets<i32>, source: u32, cells: &mut [Millis]| {
            exact.sweep(hierarchy, &exact_row(Flow::Up, source), |numbers, times| {
                put(cells, numbers, times);
            });
        };
        let rows: Option<Vec<(u32, Row<u16>)>> = numbered()
            .map(|(idx, &node)| Some((idx, Row::of_node(hierarchy, Flow::Down, node)?)))
            .collect();
        let Some(rows) = rows else {
            let exact = exact_targets();
            return for_rows(from, to.len(), out, |&source, cells| {
                fill_exactly(&exact, source, cells);
            });
        };
        let targets = Targets::new(hierarchy, rows);
        // Made if a row has what does not fit labels.
        let exact = OnceLock::new();
        for_rows(from, to.len(), out, |&source, cells| {
            if let Some(row) = Row::of_node(hierarchy, Flow::Up, source) {
                targets.sweep(hierarchy, &row, |numbers, times| put(cells, numbers, times));
            }
            let is_open = |(cell, &target): (&Millis, &u32)| {
                cell.is_infinite() && !hierarchy.has_no_way(source, target)
            };
            if cells.iter().zip(to).any(is_open) {
                fill_exactly(exact.get_or_init(exact_targets), source, cells);
            }
        });
    }

    /// All places of `from` to all of `to`.
    fn place_table(&self, from: &[Location], to: &[Location], out: &mut [Millis]) {
        let bundles = (0..row(to.len())).zip(to).flat_map(|(idx, &place)| {
            let bundles = self.bundles(Flow::Down, place).into_iter();
            bundles.map(move |bundle| (idx, Row::of_bundle(&bundle)))
        });
        let targets = Targets::new(&self.hierarchy, bundles.collect());
        for_rows(from, to.len(), out, |&source, cells| {
            for (cell, &target) in cells.iter_mut().zip(to) {
                *cell = millis(self.time_beside(source, target));
            }
            for bundle in self.bundles(Flow::Up, source) {
                let row = Row::of_bundle(&bundle);
                targets.sweep(&self.hierarchy, &row, |numbers, times| {
                    for (&idx, ms) in numbers.iter().zip(times) {
                        if let Some(cell) = cells.get_mut(idx as usize) {
                            *cell = (*cell).min(millis(ms));
                        }
                    }
                });
            }
        });
    }

    #[inline]
    pub(super) fn time_over(&self, exit: &Access, entry: &Access) -> u32 {
        // Below 2^31 + 2 x 2^29.
        self.hierarchy.time(exit.node, entry.node) + exit.ms + entry.ms
    }
}

/// Puts the times of a tile where they belong.
#[inline(always)]
fn put(cells: &mut [Millis], numbers: &[u32], times: impl IntoIterator<Item = u32>) {
    for (&idx, ms) in numbers.iter().zip(times) {
        if let Some(cell) = cells.get_mut(idx as usize) {
            *cell = millis(ms);
        }
    }
}

/// Times from a node to many places.
struct FromNode<'a> {
    region: &'a Region,
    node: u32,
    to: &'a [Location],
    out: &'a mut [Millis],
}

impl NullaryFnOnce for FromNode<'_> {
    type Output = ();

    #[inline(always)]
    fn call(self) {
        let Self { region, node, to, out } = self;
        // The row of the node, once a time does not fit its label.
        let mut row = None;
        for (cell, &target) in out.iter_mut().zip(to) {
            *cell = match region.node_of(target) {
                Some(target) => {
                    let known = region.hierarchy.label_time(node, target);
                    millis(
                        known.unwrap_or_else(|| region.hierarchy.time_from(node, &mut row, target)),
                    )
                }
                None => region.time(Location::Node(NodeId::new(node)), target),
            };
        }
    }
}

/// Fills the rows of a table, on several threads if it is large.
fn for_rows<S: Sync>(
    from: &[S],
    n_targets: usize,
    out: &mut [Millis],
    fill: impl Fn(&S, &mut [Millis]) + Sync,
) {
    if from.len() * n_targets < PARALLEL_CELLS {
        let rows = out.chunks_mut(n_targets).zip(from);
        rows.for_each(|(cells, source)| fill(source, cells));
    } else {
        let rows = out.par_chunks_mut(n_targets).zip(from);
        rows.for_each(|(cells, source)| fill(source, cells));
    }
}

impl Oracle for Region {
    fn time(&self, from: Location, to: Location) -> Millis {
        if let (Some(from), Some(to)) = (self.node_of(from), self.node_of(to)) {
            return millis(self.hierarchy.time(from, to));
        }
        let beside = self.time_beside(from, to);
        // Worked out once, not for each exit again.
        let entries: SmallVec<[(u32, u32); 8]> =
            self.entries(to).map(|entry| (entry.node, entry.ms)).collect();
        millis(self.exits(from).fold(beside, |best, exit| {
            let over = |&(node, ms): &(u32, u32)| self.hierarchy.time(exit.node, node) + ms;
            entries.iter().map(over).fold(best, |best, ms| best.min(ms + exit.ms))
        }))
    }

    fn times_from(&self, from: Location, to: &[Location], out: &mut [Millis]) {
        if let Some(node) = self.node_of(from) {
            return vectorised(FromNode { region: self, node, to, out });
        }
        let bundles = self.bundles(Flow::Up, from);
        for (cell, &target) in out.iter_mut().zip(to) {
            if let Some(node) = self.node_of(target) {
                let over = bundles.iter().map(|b| b.time_to_node(&self.hierarchy, node));
                *cell = millis(over.fold(NEVER, u32::min));
                continue;
            }
            let beside = self.time_beside(from, target);
            *cell = millis(self.entries(target).fold(beside, |best, entry| {
                let over = |b: &Bundle| b.time_to_node(&self.hierarchy, entry.node) + entry.ms;
                bundles.iter().map(over).fold(best, u32::min)
            }));
        }
    }

    fn times_to(&self, from: &[Location], to: Location, out: &mut [Millis]) {
        let bundles = self.bundles(Flow::Down, to);
        for (cell, &source) in out.iter_mut().zip(from) {
            let beside = self.time_beside(source, to);
            *cell = millis(self.exits(source).fold(beside, |best, exit| {
                let over = |b: &Bundle| b.time_from_node(&self.hierarchy, exit.node) + exit.ms;
                bundles.iter().map(over).fold(best, u32::min)
            }));
        }
    }

    fn times(&self, from: &[Location], to: &[Location], out: &mut [Millis]) {
        if to.is_empty() {
            return;
        }
        if from.len() < BUNDLE_ROWS_MIN {
            let rows = out.chunks_mut(to.len()).zip(from);
            return rows.for_each(|(row, &source)| self.times_from(source, to, row));
        }
        let node = |&place: &Location| self.node_of(place);
        let nodes: Option<Vec<u32>> = from.iter().chain(to).map(node).collect();
        match nodes.as_deref().map(|nodes| nodes.split_at(from.len())) {
            Some((from, to)) => self.node_table(from, to, out),
            None => self.place_table(from, to, out),
        }
    }

    fn sight(&self, place: Location) -> Sight {
        self.relaxed.get_or_init(|| Relaxed::new(self)).sight(self, place)
    }

    fn saves(&self, place: Location) -> Millis {
        self.relaxed.get_or_init(|| Relaxed::new(self)).saves(self, place)
    }

    fn region(&self) -> Option<&Region> {
        Some(self)
    }

    fn path(&self, from: Location, to: Location) -> Option<Path> {
        self.find_path(from, to)
    }

    fn traffic_version(&self) -> u64 {
        self.version()
    }

    fn with_traffic(&self, changes: &[TrafficChange]) -> Result<Arc<dyn Oracle>, TrafficError> {
        Ok(Arc::new(Self::with_traffic(self, changes)?))
    }

    fn changed_pieces(&self) -> Vec<ChangedPiece> {
        Self::changed_pieces(self)
    }

    fn with_pieces(
        &self,
        version: u64,
        pieces: &[ChangedPiece],
    ) -> Result<Arc<dyn Oracle>, TrafficError> {
        Ok(Arc::new(Self::with_pieces(self, version, pieces)?))
    }

    fn with_hours(&self, changes: &[TrafficChange]) -> Result<Arc<dyn Oracle>, TrafficError> {
        Ok(Arc::new(Self::with_hours(self, changes)?))
    }

    fn changed_ways(&self) -> Vec<ChangedWay> {
        Self::changed_ways(self)
    }

    fn arc_at(&self, at: Location) -> [NodeId; 2] {
        let arc = match (at, self.on_road(at)) {
            (Location::Node(node), _) => [node.get(); 2],
            (Location::Along { .. }, Some((road, _, _))) => HEADINGS
                .into_iter()
                .find_map(|heading| self.departure(road, heading))
                .map_or([0; 2], |arc| [arc.tail, arc.head]),
            // A road of another region: there is no right answer.
            (Location::Along { .. }, None) => [0; 2],
        };
        arc.map(NodeId::new)
    }
}
