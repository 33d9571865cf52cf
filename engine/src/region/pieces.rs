//! Traffic by pieces of ways: what a change means for the part of a road that it speaks of.
//!
//! A road may be made of several OpenStreetMap ways. The state of traffic is one entry for each piece and heading, and the
//! time of a road is the sum of its pieces, so a change of one way changes only its share. Times are cut out of the running
//! sums of the whole road, rounded up, so the pieces of a road that changes as a whole add up to its time rounded once.
//!
//! A closed piece can be left by whoever stands on it, and not be entered or passed. The rest of its road stays open, each
//! part from its own end.

use std::collections::BTreeMap;
use std::ops::Range;

use serde::{Deserialize, Serialize};

use super::Region;
use super::locate::{HEADINGS, course};
use super::traffic::{Directions, Effect, IMPORTED, Scope, TrafficChange, TrafficError, is_inside};
use crate::graph::num::{ARC_MS_MAX, interpolate, row};
use crate::graph::roads::{Heading, PieceTimes, Road};
use crate::ids::RoadId;
use crate::routing::NEVER;
use crate::units::Millis;

/// By piece: milliseconds by heading, [`NEVER`] if closed, [`PieceTimes::AS_IMPORTED`].
pub(super) type PieceTable = Vec<[u32; 2]>;

/// A piece in one heading and what is in the table for it.
#[derive(Clone, Copy, Debug)]
pub(super) struct PieceTime {
    pub(super) road: u32,
    pub(super) idx: u32,
    pub(super) heading: Heading,
    pub(super) ms: u32,
}

/// A way whose traffic differs from the map as imported, in one direction.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ChangedWay {
    /// The OpenStreetMap id of the way.
    pub id: i64,
    /// The road that it is, or a part of.
    pub road: RoadId,
    /// Whether this is the direction in which the way runs.
    pub along: bool,
    /// The speed of now in per cent of the imported one, rounded; `None` if it is closed.
    pub speed_percent: Option<u32>,
}

/// A piece of a way whose time differs from the imported one, as a snapshot keeps it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct ChangedPiece {
    /// Its road.
    pub road: RoadId,
    /// Its row among the pieces of all roads.
    pub piece: u32,
    /// Whether it is the time against the shape of the road.
    pub backward: bool,
    /// Whether the hour of the week says so; told traffic goes before it.
    pub by_hour: bool,
    /// Its time of now; `None` if it is closed.
    pub time: Option<Millis>,
}

/// A piece of a road in one heading.
struct Piece {
    idx: usize,
    /// Imported milliseconds from where the heading begins to where the piece begins and ends.
    ms: Range<u32>,
    /// The same in millimetres.
    mm: Range<u32>,
}

impl Piece {
    /// What an effect on it comes to; [`Effect::Time`] needs to know the others, see [`share_time`].
    fn entry(&self, effect: Effect) -> u32 {
        let scaled = |range: &Range<u32>, by: u32, of: u32| {
            let up = |value: u32| (u64::from(value) * u64::from(by)).div_ceil(u64::from(of.max(1)));
            u32::try_from(up(range.end) - up(range.start)).unwrap_or(ARC_MS_MAX).min(ARC_MS_MAX)
        };
        match effect {
            Effect::Closed => NEVER,
            Effect::AsImported | Effect::Time(_) => PieceTimes::AS_IMPORTED,
            Effect::TimePercent(percent) => scaled(&self.ms, percent, 100),
            Effect::SpeedPercent(percent) => scaled(&self.ms, 100, percent),
            // Millimetres at metres an hour; what takes time goes on taking some.
            Effect::Speed(meters_per_hour) => {
                let least = u32::from(self.ms.start < self.ms.end);
                scaled(&self.mm, 3_600, meters_per_hour).max(least)
            }
        }
    }
}

/// Shares a time out to pieces of one road by their imported times.
fn share_time(pieces: &[Piece], whole: u32) -> Vec<u32> {
    let imported: u32 = pieces.iter().map(|piece| piece.ms.end - piece.ms.start).sum();
    let mut before = 0;
    let shares = pieces.iter().map(|piece| {
        let start = before;
        before += piece.ms.end - piece.ms.start;
        interpolate(0, whole, before, imported) - interpolate(0, whole, start, imported)
    });
    shares.collect()
}

impl Region {
    /// What changes mean for each piece, in order: of several entries for one the last counts.
    pub(super) fn piece_times(
        &self,
        changes: &[TrafficChange],
    ) -> Result<Vec<PieceTime>, TrafficError> {
        let mut entries = Vec::new();
        let mut by_way = None;
        for change in changes {
            change.effect.check()?;
            let by_way = match change.scope {
                Scope::Ways(_) => &*by_way.get_or_insert_with(|| self.pieces_by_way()),
                _ => &BTreeMap::new(),
            };
            let selected = self.select(&change.scope, by_way)?;
            for of_road in selected.chunk_by(|a, b| a.0 == b.0) {
                self.change_road(change, of_road, &mut entries);
            }
        }
        Ok(entries)
    }

    /// Applies a change to pieces of one road.
    fn change_road(
        &self,
        change: &TrafficChange,
        selected: &[(u32, u32)],
        entries: &mut Vec<PieceTime>,
    ) {
        let Some(&(road, _)) = selected.first() else { return };
        let of_shape = matches!(change.scope, Scope::Roads(_));
        let tables = self.contents.roads.road(road as usize);
        for heading in HEADINGS.into_iter().filter(|&heading| tables.is_open(heading)) {
            let concerned = |idx: u32| {
                let turned = !of_shape && !self.contents.roads.ways[idx as usize].along;
                let seen = if turned { heading.opposite() } else { heading };
                change.directions == Directions::Both || change.directions.include(seen)
            };
            let pieces: Vec<Piece> = selected
                .iter()
                .filter(|&&(_, idx)| concerned(idx))
                .map(|&(_, idx)| self.piece(road, &tables, idx as usize, heading))
                .collect();
            let times: Vec<u32> = match change.effect {
                Effect::Time(whole) => share_time(&pieces, whole.get()),
                effect => pieces.iter().map(|piece| piece.entry(effect)).collect(),
            };
            entries.extend(pieces.iter().zip(times).map(|(piece, ms)| PieceTime {
                road,
                idx: row(piece.idx),
                heading,
                ms,
            }));
        }
    }

    fn piece(&self, road: u32, tables: &Road<'_>, idx: usize, heading: Heading) -> Piece {
        let roads = &self.contents.roads;
        let next = (idx + 1 < roads.first_way[road as usize + 1] as usize).then(|| idx + 1);
        let start_mm = tables.mm[roads.ways[idx].start as usize];
        let end_mm =
            next.map_or(tables.length_mm(), |next| tables.mm[roads.ways[next].start as usize]);
        let ms = |mm: u32| tables.imported_elapsed_ms(heading, mm);
        match heading {
            Heading::Forward => Piece { idx, ms: ms(start_mm)..ms(end_mm), mm: start_mm..end_mm },
            Heading::Backward => {
                let whole = tables.length_mm();
                let mm = whole - end_mm..whole - start_mm;
                Piece { idx, ms: ms(end_mm)..ms(start_mm), mm }
            }
        }
    }

    /// The time of a course as [`super::traffic`] keeps it: [`IMPORTED`], [`NEVER`] if a piece is closed, or the sum.
    pub(super) fn course_ms(&self, table: &PieceTable, road: u32, heading: Heading) -> u32 {
        let roads = &self.contents.roads;
        let rows =
            roads.first_way[road as usize] as usize..roads.first_way[road as usize + 1] as usize;
        let entries = || table[rows.clone()].iter().map(|both| both[heading as usize]);
        if entries().all(|entry| entry == PieceTimes::AS_IMPORTED) {
            return IMPORTED;
        }
        if entries().any(|entry| entry == NEVER) {
            return NEVER;
        }
        let now = PieceTimes { pieces: &roads.ways[rows.clone()], now_ms: &table[rows.clone()] };
        roads.road(road as usize).with_pieces(now).duration_ms(heading)
    }

    /// (road, piece) of all pieces of a way, in order.
    fn pieces_by_way(&self) -> BTreeMap<i64, Vec<(u32, u32)>> {
        let mut by_way: BTreeMap<i64, Vec<(u32, u32)>> = BTreeMap::new();
        for (road, idx) in self.all_pieces() {
            by_way.entry(self.contents.roads.ways[idx as usize].id).or_default().push((road, idx));
        }
        by_way
    }

    /// (road, piece), in order.
    pub(super) fn all_pieces(&self) -> impl Iterator<Item = (u32, u32)> {
        (0..row(self.contents.roads.n())).flat_map(|road| self.pieces_of(road))
    }

    fn pieces_of(&self, road: u32) -> impl Iterator<Item = (u32, u32)> + use<> {
        let first = &self.contents.roads.first_way;
        (first[road as usize]..first[road as usize + 1]).map(move |idx| (road, idx))
    }

    /// (road, piece) of what a scope speaks of, in order of road. Ways that are not there are left out.
    fn select(
        &self,
        scope: &Scope,
        by_way: &BTreeMap<i64, Vec<(u32, u32)>>,
    ) -> Result<Vec<(u32, u32)>, TrafficError> {
        let roads = &self.contents.roads;
        let mut selected: Vec<(u32, u32)> = match scope {
            Scope::All => self.all_pieces().collect(),
            Scope::Class(class) => self
                .all_pieces()
                .filter(|&(road, _)| roads.class[road as usize] == *class)
                .collect(),
            Scope::Area(corners) if corners.len() < 3 => {
                return Err(TrafficError::Area { corners: corners.len() });
            }
            Scope::Area(corners) => {
                let meets = |&(road, idx): &(u32, u32)| {
                    let points = roads.road(road as usize).points;
                    let start = roads.ways[idx as usize].start as usize;
                    let is_last = idx + 1 == roads.first_way[road as usize + 1];
                    let end = if is_last {
                        points.len()
                    } else {
                        roads.ways[idx as usize + 1].start as usize + 1
                    };
                    points[start..end].iter().any(|&point| is_inside(corners, point))
                };
                self.all_pieces().filter(meets).collect()
            }
            Scope::Ways(ways) => {
                ways.iter().filter_map(|way| by_way.get(way)).flatten().copied().collect()
            }
            Scope::Roads(chosen) => {
                let n_roads = roads.n();
                if let Some(road) = chosen.iter().find(|road| road.idx() >= n_roads) {
                    return Err(TrafficError::UnknownRoad { road: road.get(), n_roads });
                }
                chosen.iter().flat_map(|road| self.pieces_of(road.get())).collect()
            }
        };
        selected.sort_unstable();
        selected.dedup();
        Ok(selected)
    }

    /// The ids of all ways that are driven here, in order, each once.
    #[must_use]
    pub fn way_ids(&self) -> Vec<i64> {
        let mut ids: Vec<i64> = self.contents.roads.ways.iter().map(|piece| piece.id).collect();
        ids.sort_unstable();
        ids.dedup();
        ids
    }

    /// All ways and directions whose traffic differs from the map as imported, in order of road, piece and heading.
    #[must_use]
    pub fn changed_ways(&self) -> Vec<ChangedWay> {
        let roads = &self.contents.roads;
        let changed = self.all_pieces().zip(&self.traffic.pieces).flat_map(|((road, idx), now)| {
            HEADINGS.into_iter().filter_map(move |heading| {
                let entry = now[heading as usize];
                if entry == PieceTimes::AS_IMPORTED {
                    return None;
                }
                let imported =
                    self.piece(road, &roads.road(road as usize), idx as usize, heading).ms;
                let now = u64::from(entry);
                let percent =
                    (u64::from(imported.end - imported.start) * 100 + now / 2) / now.max(1);
                let piece = roads.ways[idx as usize];
                Some(ChangedWay {
                    id: piece.id,
                    road: RoadId::new(road),
                    along: piece.along == (heading == Heading::Forward),
                    speed_percent: (entry != NEVER)
                        .then(|| u32::try_from(percent).unwrap_or(u32::MAX)),
                })
            })
        });
        changed.collect()
    }

    /// Whether a position lies inside a closed piece, not at its end; `here` is from just before it to just after it.
    pub(super) fn is_closed_around(&self, road: u32, heading: Heading, here: &Range<u32>) -> bool {
        self.closed_pieces(road, heading)
            .any(|closed| closed.start <= here.start && here.end <= closed.end)
    }

    /// Whether a closed piece reaches between two positions of a road.
    pub(super) fn is_closed_between(&self, road: u32, heading: Heading, mm: Range<u32>) -> bool {
        self.closed_pieces(road, heading)
            .any(|closed| closed.start < mm.end && mm.start < closed.end && mm.start < mm.end)
    }

    /// From where to where pieces are closed in a heading, in millimetres from the start of the road.
    fn closed_pieces(&self, road: u32, heading: Heading) -> impl Iterator<Item = Range<u32>> {
        let is_closed = self.traffic.ms(course(road, heading)) == Some(NEVER);
        let pieces = self.pieces_of(road).filter(move |_| is_closed);
        pieces.filter_map(move |(_, idx)| {
            let idx = idx as usize;
            let entry = self.traffic.pieces.get(idx)?[heading as usize];
            let tables = self.contents.roads.road(road as usize);
            let forward = || self.piece(road, &tables, idx, Heading::Forward).mm;
            (entry == NEVER).then(forward)
        })
    }
}
