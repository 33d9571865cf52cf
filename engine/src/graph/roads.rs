//! Roads in flat arrays: shape, lengths and times from one end to every point, names of the parts.
//!
//! Times and lengths are cumulative integers, rounded once at every shape point. Between shape points they are
//! interpolated and rounded down. A partial time is a difference of two cumulative ones, so the parts of a road always
//! add up to the time of its arc, to the millisecond. That of the whole road is a whole number of ticks.

use super::network::Stretch;
use super::num::{ARC_MS_MAX, Tick, interpolate, mm_nearest, ms_up, row};
use crate::geo::LatLon;
use crate::import::RoadClass;
use crate::routing::NEVER;

/// "No name" in the table of parts.
pub(crate) const NO_NAME: u32 = u32::MAX;

/// A direction along a road.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Heading {
    /// Along the shape.
    Forward,
    /// Against it.
    Backward,
}

impl Heading {
    pub(crate) fn opposite(self) -> Self {
        match self {
            Self::Forward => Self::Backward,
            Self::Backward => Self::Forward,
        }
    }
}

/// A run of a road that is one OpenStreetMap way, or a part of one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct WayPiece {
    /// The point of the road where it begins, counted from the road's first; it ends where the next one begins.
    pub start: u32,
    /// The id of the way.
    pub id: i64,
    /// Whether the way runs along the shape of the road, or against it.
    pub along: bool,
}

/// All roads of a region.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Roads {
    /// What times of whole roads are multiples of.
    pub(crate) tick: Tick,
    /// Points of road `r`: `[first_point[r]..first_point[r + 1]]` of the four tables below.
    pub(crate) first_point: Vec<u32>,
    pub(crate) points: Vec<LatLon>,
    /// From the start of the road.
    pub(crate) mm: Vec<u32>,
    /// From the start, driving forward; all zero if that is not allowed.
    pub(crate) forward_ms: Vec<u32>,
    /// From the end, driving backward; all zero if that is not allowed.
    pub(crate) backward_ms: Vec<u32>,
    pub(crate) class: Vec<RoadClass>,
    /// Parts of road `r`: `[first_part[r]..first_part[r + 1]]` of the two tables below; at least one each.
    pub(crate) first_part: Vec<u32>,
    /// The point of the road where a part begins, counted from the road's first.
    pub(crate) part_start: Vec<u32>,
    pub(crate) part_name: Vec<u32>,
    pub(crate) names: Vec<String>,
    /// Ways of road `r`: `ways[first_way[r]..first_way[r + 1]]`; at least one each.
    pub(crate) first_way: Vec<u32>,
    pub(crate) ways: Vec<WayPiece>,
}

/// The tables of one road.
#[derive(Clone, Copy)]
pub(crate) struct Road<'a> {
    pub(crate) points: &'a [LatLon],
    pub(crate) mm: &'a [u32],
    forward_ms: &'a [u32],
    backward_ms: &'a [u32],
    tick: Tick,
    /// Times of now by piece, where traffic changes some.
    now: Option<PieceTimes<'a>>,
}

/// Times of the pieces of a road, where traffic changes some.
#[derive(Clone, Copy)]
pub(crate) struct PieceTimes<'a> {
    /// The pieces of the road.
    pub(crate) pieces: &'a [WayPiece],
    /// For each, milliseconds by heading; imported ones count for [`PieceTimes::AS_IMPORTED`] and for what is closed.
    pub(crate) now_ms: &'a [[u32; 2]],
}

impl PieceTimes<'_> {
    /// "As imported" among the times of a piece.
    pub(crate) const AS_IMPORTED: u32 = u32::MAX;
}

impl Roads {
    pub(crate) fn new(names: Vec<String>) -> Self {
        Self {
            first_point: vec![0],
            first_part: vec![0],
            first_way: vec![0],
            names,
            ..Self::default()
        }
    }

    pub(crate) fn n(&self) -> usize {
        self.class.len()
    }

    /// Adds a road; headings that are not `open` get no times.
    pub(crate) fn push(&mut self, stretch: &Stretch, open: [bool; 2]) {
        self.points.extend(&stretch.points);
        self.mm.extend(running_sums(&stretch.segment_m).map(mm_nearest));
        let n_points = stretch.points.len();
        let forward = stretch.forward_ms.as_ref().filter(|_| open[0]);
        self.forward_ms.extend(cumulative_ms(forward.cloned(), n_points));
        let backward = stretch.backward_ms.as_ref().filter(|_| open[1]);
        let reversed = backward.map(|times| times.iter().rev().copied().collect());
        let mut from_end = cumulative_ms(reversed, n_points);
        from_end.reverse();
        self.backward_ms.extend(from_end);
        self.class.push(stretch.class);
        for &(first, name) in &stretch.parts {
            self.part_start.push(row(first));
            self.part_name.push(name.unwrap_or(NO_NAME));
        }
        self.first_point.push(row(self.points.len()));
        self.first_part.push(row(self.part_start.len()));
        self.ways.extend(&stretch.ways);
        self.first_way.push(row(self.ways.len()));
    }

    pub(crate) fn road(&self, road: usize) -> Road<'_> {
        let rows = self.first_point[road] as usize..self.first_point[road + 1] as usize;
        Road {
            points: &self.points[rows.clone()],
            mm: &self.mm[rows.clone()],
            forward_ms: &self.forward_ms[rows.clone()],
            backward_ms: &self.backward_ms[rows],
            tick: self.tick,
            now: None,
        }
    }

    /// The same roads with times of whole roads in ticks of this size, and times on the way in proportion.
    pub(crate) fn with_tick(mut self, tick: Tick) -> Self {
        for road in 0..self.n() {
            let rows = self.first_point[road] as usize..self.first_point[road + 1] as usize;
            for times in [&mut self.forward_ms[rows.clone()], &mut self.backward_ms[rows]] {
                let imported = times.iter().max().copied().unwrap_or(0);
                if imported > 0 {
                    let whole = tick.whole(imported);
                    times.iter_mut().for_each(|ms| *ms = interpolate(0, whole, *ms, imported));
                }
            }
        }
        Self { tick, ..self }
    }

    /// (first point, name) of the parts of a road.
    pub(crate) fn parts(
        &self,
        road: usize,
    ) -> impl DoubleEndedIterator<Item = (usize, Option<&str>)> {
        let rows = self.first_part[road] as usize..self.first_part[road + 1] as usize;
        let names = self.part_name[rows.clone()].iter().map(|&name| self.name(name));
        self.part_start[rows].iter().map(|&start| start as usize).zip(names.collect::<Vec<_>>())
    }

    /// The pieces of ways that a road is made of, from its start to its end.
    pub(crate) fn ways(&self, road: usize) -> &[WayPiece] {
        &self.ways[self.first_way[road] as usize..self.first_way[road + 1] as usize]
    }

    fn name(&self, name: u32) -> Option<&str> {
        self.names.get(name as usize).map(String::as_str)
    }

    /// The name of the longest named part.
    pub(crate) fn main_name(&self, road: usize) -> Option<&str> {
        let first = self.first_part[road] as usize;
        let last = self.first_part[road + 1] as usize;
        let mm = self.road(road).mm;
        let end_of = |part: usize| match part + 1 < last {
            true => self.part_start[part + 1] as usize,
            false => mm.len() - 1,
        };
        (first..last)
            .filter(|&part| self.part_name[part] != NO_NAME)
            .max_by_key(|&part| {
                (mm[end_of(part)] - mm[self.part_start[part] as usize], std::cmp::Reverse(part))
            })
            .and_then(|part| self.name(self.part_name[part]))
    }
}

impl<'a> Road<'a> {
    /// The same road with other times of its pieces.
    pub(crate) fn with_pieces(self, now: PieceTimes<'a>) -> Self {
        Self { now: Some(now), ..self }
    }

    pub(crate) fn length_mm(&self) -> u32 {
        self.mm.last().copied().unwrap_or(0)
    }

    /// Whether a heading may be driven: no open road takes no time.
    pub(crate) fn is_open(&self, heading: Heading) -> bool {
        self.duration_ms(heading) > 0
    }

    /// The time of the whole road.
    pub(crate) fn duration_ms(&self, heading: Heading) -> u32 {
        let imported = self.imported_ms(heading);
        match self.now.map(|now| self.pieces_ms(now, heading, imported)) {
            Some(ms) if ms > 0 => self.tick.whole(ms),
            Some(_) => 0,
            None => imported,
        }
    }

    fn imported_ms(&self, heading: Heading) -> u32 {
        match heading {
            Heading::Forward => self.forward_ms.last().copied().unwrap_or(0),
            Heading::Backward => self.backward_ms.first().copied().unwrap_or(0),
        }
    }

    /// The segment that contains a position: `i` for the one between points `i` and `i + 1`.
    pub(crate) fn segment(&self, along_mm: u32) -> usize {
        let after = self.mm.partition_point(|&mm| mm <= along_mm);
        after.clamp(1, (self.mm.len() - 1).max(1)) - 1
    }

    /// Time from the end where `heading` begins to a position, rounded down; grows along the heading.
    pub(crate) fn elapsed_ms(&self, heading: Heading, along_mm: u32) -> u32 {
        let imported = self.imported_elapsed_ms(heading, along_mm);
        let Some(now) = self.now else { return imported };
        let total = self.pieces_ms(now, heading, self.imported_ms(heading));
        interpolate(0, self.duration_ms(heading), self.pieces_ms(now, heading, imported), total)
    }

    /// What the pieces take up to a position that is reached after `imported` milliseconds by the imported times.
    fn pieces_ms(&self, now: PieceTimes<'_>, heading: Heading, imported: u32) -> u32 {
        let sum = now.pieces.iter().enumerate().fold(0_u32, |sum, (nth, piece)| {
            let next = now.pieces.get(nth + 1).map(|next| next.start as usize);
            let ends = [piece.start as usize, next.unwrap_or(self.mm.len() - 1)];
            let at = ends.map(|point| match heading {
                Heading::Forward => self.forward_ms[point],
                Heading::Backward => self.backward_ms[point],
            });
            let [start, end] = [at[0].min(at[1]), at[0].max(at[1])];
            let whole = match now.now_ms[nth][heading as usize] {
                ms if ms < NEVER => ms,
                _ => end - start,
            };
            let done = imported.clamp(start, end) - start;
            // All of a piece without imported time has passed once its end is reached.
            let passed = if start == end && imported >= end { whole } else { 0 };
            sum.saturating_add(passed.max(interpolate(0, whole, done, end - start)))
        });
        sum.min(ARC_MS_MAX)
    }

    /// The same by the imported times.
    pub(crate) fn imported_elapsed_ms(&self, heading: Heading, along_mm: u32) -> u32 {
        let along_mm = along_mm.min(self.length_mm());
        let i = self.segment(along_mm);
        let whole = self.mm[i + 1] - self.mm[i];
        let done = along_mm - self.mm[i];
        match heading {
            Heading::Forward => {
                if whole == 0 && along_mm == self.length_mm() {
                    return self.forward_ms[i + 1];
                }
                interpolate(self.forward_ms[i], self.forward_ms[i + 1], done, whole)
            }
            Heading::Backward => {
                interpolate(self.backward_ms[i + 1], self.backward_ms[i], whole - done, whole)
            }
        }
    }

    /// The point at a position.
    pub(crate) fn point(&self, along_mm: u32) -> LatLon {
        let along_mm = along_mm.min(self.length_mm());
        let i = self.segment(along_mm);
        let whole = f64::from(self.mm[i + 1] - self.mm[i]);
        let share = if whole > 0.0 { f64::from(along_mm - self.mm[i]) / whole } else { 0.0 };
        between(self.points[i], self.points[i + 1], share)
    }
}

/// The point at a share of the straight line from `a` to `b`.
pub(crate) fn between(a: LatLon, b: LatLon, share: f64) -> LatLon {
    let lat = a.lat() + (b.lat() - a.lat()) * share;
    let lon = a.lon() + (b.lon() - a.lon()) * share;
    LatLon::from_degrees(lat, lon).unwrap_or(a)
}

fn running_sums(values: &[f64]) -> impl Iterator<Item = f64> {
    std::iter::once(0.0).chain(values.iter().scan(0.0, |sum, value| {
        *sum += value;
        Some(*sum)
    }))
}

/// Rounded-up running sums that end at a whole tick; zeros if there are no times. The rounding of the whole is shared out, so
/// that they rise to its very end.
fn cumulative_ms(times: Option<Vec<f64>>, n_points: usize) -> Vec<u32> {
    let Some(times) = times else { return vec![0; n_points] };
    let exact: Vec<f64> = running_sums(&times).collect();
    let total = exact.last().copied().unwrap_or(0.0);
    let whole = Tick::FINEST.whole(ms_up(total));
    let stretch = if total > 0.0 { f64::from(whole) / total } else { 0.0 };
    let mut sums: Vec<u32> = exact.into_iter().map(|ms| ms_up(ms * stretch).min(whole)).collect();
    if let Some(last) = sums.last_mut() {
        *last = whole;
    }
    sums
}
