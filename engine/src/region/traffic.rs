//! Traffic: versions of a region with other driving times.
//!
//! [`Region::with_traffic`] makes a version beside the one that is in use. If few arcs change, of the shortcuts only those are
//! computed again that depend on them, and of the labels those below. What does not depend on times is shared.
//! [`LiveRegion`] swaps versions while queries run, and makes them in place of those that nobody uses any more. A version keeps
//! the fingerprint of its map, since a journal belongs to the map; what tells versions apart is their number.
//!
//! What a change means for the ways of a road is in [`super::pieces`]. The time of a whole road in one direction is a whole
//! number of ticks, like the imported one; times of its parts are cut out of it, rounded as always, so paths still
//! add up.

use std::sync::{Arc, Mutex, OnceLock, PoisonError, RwLock};

use serde::{Deserialize, Serialize};
use thiserror::Error;

use super::Region;
use super::layers::Layers;
use super::locate::course;
use super::pieces::{ChangedPiece, PieceTable, PieceTime};
use crate::geo::LatLon;
use crate::graph::csr::rows_of;
use crate::graph::num::ARC_MS_MAX;
use crate::graph::roads::{Heading, PieceTimes, Road, Roads};
use crate::ids::RoadId;
use crate::import::RoadClass;
use crate::routing::NEVER;
use crate::routing::hierarchy::Changed;
use crate::units::Millis;

/// The least and the most that a time may be changed to, in per cent of the imported one.
const PERCENT: std::ops::RangeInclusive<u32> = 1..=100_000;
/// From this share of changed arcs on, one over so many, everything is computed again: then looking for what stays costs more than
/// it saves.
const FEW_SHARE: usize = 100;
/// "As imported" in the table of courses; no course takes no time.
pub(super) const IMPORTED: u32 = 0;
/// The least and the most of the imported speed, in per cent.
const SPEED_PERCENT: std::ops::RangeInclusive<u32> = 1..=1_000;
/// The least and the most that a speed may be changed to, in metres an hour.
const METERS_PER_HOUR: std::ops::RangeInclusive<u32> = 100..=300_000;

/// Which roads.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum Scope {
    /// All.
    All,
    /// Those of one kind.
    Class(RoadClass),
    /// The parts of roads that are a way with a point inside this polygon, whose last corner is joined to its first.
    Area(Vec<LatLon>),
    /// The parts of roads that are these OpenStreetMap ways; ways that are not driven here are left out.
    Ways(Vec<i64>),
    /// These.
    Roads(Vec<RoadId>),
}

/// Which directions: seen along the OpenStreetMap way, or along the shape of a road for [`Scope::Roads`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum Directions {
    /// Forward.
    Forward,
    /// Backward.
    Backward,
    /// Both, as far as they may be driven.
    Both,
}

/// What changes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum Effect {
    /// Nobody may enter.
    Closed,
    /// The imported time times so many per cent, to the nearest tenth of a second; from 1 to 100,000.
    TimePercent(u32),
    /// The time of what the scope holds of a road, shared out by imported times; more than zero, at most six days.
    Time(Millis),
    /// The imported speed times so many per cent; from 1 to 1,000.
    SpeedPercent(u32),
    /// Driven at so many metres an hour, waits included; from 100 to 300,000.
    Speed(u32),
    /// The imported time again.
    AsImported,
}

/// One change. Of several that meet on a way the last one counts.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct TrafficChange {
    /// Where.
    pub scope: Scope,
    /// In which directions.
    pub directions: Directions,
    /// What.
    pub effect: Effect,
}

/// Why traffic was not taken over. The text fits after "failed to".
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
pub enum TrafficError {
    /// These travel times are not those of a map.
    #[error("take over traffic: these travel times have no roads that could change")]
    Fixed,
    /// More than one command may hold.
    #[error(
        "take over traffic: {items} classes, corners, ways and roads, at most 200,000 at a time"
    )]
    TooMuch {
        /// How many.
        items: usize,
    },
    /// A road of another region.
    #[error("take over traffic: road {road} is unknown, this region has {n_roads}")]
    UnknownRoad {
        /// Its id.
        road: u32,
        /// Roads there are.
        n_roads: usize,
    },
    /// An area without an inside.
    #[error("take over traffic: an area needs three corners, this one has {corners}")]
    Area {
        /// Corners given.
        corners: usize,
    },
    /// A share out of bounds.
    #[error("take over traffic: {percent} per cent of the time is not between 1 and 100,000")]
    Percent {
        /// Per cent given.
        percent: u32,
    },
    /// A share of the speed out of bounds.
    #[error("take over traffic: {percent} per cent of the speed is not between 1 and 1,000")]
    SpeedPercent {
        /// Per cent given.
        percent: u32,
    },
    /// A speed out of bounds.
    #[error("take over traffic: {meters_per_hour} m/h is not between 100 and 300,000")]
    Speed {
        /// Metres an hour given.
        meters_per_hour: u32,
    },
    /// A time out of bounds.
    #[error("take over traffic: {ms} ms for a road is not between 1 ms and six days")]
    Time {
        /// Milliseconds given.
        ms: u32,
    },
}

/// What a next version takes over.
pub(super) struct News {
    /// In order: of several for one piece and heading the last counts.
    pub(super) entries: Vec<PieceTime>,
    /// See [`Traffic::layers`].
    pub(super) layers: Option<Layers>,
}

/// Times that differ from the imported ones.
#[derive(Clone, Debug, Default)]
pub(super) struct Traffic {
    version: u64,
    /// By course: [`IMPORTED`], [`NEVER`] if closed, or milliseconds. Empty if nothing differs.
    ms: Vec<u32>,
    /// By piece of a way, see [`super::pieces`]. Empty if nothing differs.
    pub(super) pieces: PieceTable,
    /// What `pieces` is made of, once an hour of the week has said something.
    pub(super) layers: Option<Layers>,
}

impl Traffic {
    /// The time of a course, [`NEVER`] if closed, `None` if it is as imported.
    #[inline]
    pub(super) fn ms(&self, course: u32) -> Option<u32> {
        self.ms.get(course as usize).copied().filter(|&ms| ms != IMPORTED)
    }

    /// A road with its times of now. What is closed keeps the imported times for those who leave.
    #[inline]
    pub(super) fn timed<'a>(&'a self, roads: &'a Roads, road: usize) -> Road<'a> {
        let tables = roads.road(road);
        let is_changed =
            self.ms.get(road * 2..road * 2 + 2).is_some_and(|both| *both != [IMPORTED; 2]);
        if !is_changed {
            return tables;
        }
        let rows = roads.first_way[road] as usize..roads.first_way[road + 1] as usize;
        let (pieces, now_ms) = (&roads.ways[rows.clone()], &self.pieces[rows]);
        tables.with_pieces(PieceTimes { pieces, now_ms })
    }
}

impl Scope {
    /// How many things it names: what a command of traffic may hold is counted in these.
    pub(crate) fn n_items(&self) -> usize {
        match self {
            Self::All | Self::Class(_) => 1,
            Self::Area(corners) => corners.len().max(1),
            Self::Ways(ways) => ways.len().max(1),
            Self::Roads(roads) => roads.len().max(1),
        }
    }
}

impl Directions {
    pub(super) fn include(self, heading: Heading) -> bool {
        match self {
            Self::Both => true,
            Self::Forward => heading == Heading::Forward,
            Self::Backward => heading == Heading::Backward,
        }
    }
}

impl Effect {
    pub(super) fn check(self) -> Result<(), TrafficError> {
        match self {
            Self::TimePercent(percent) if !PERCENT.contains(&percent) => {
                Err(TrafficError::Percent { percent })
            }
            Self::Time(time) if !(1..=ARC_MS_MAX).contains(&time.get()) => {
                Err(TrafficError::Time { ms: time.get() })
            }
            Self::SpeedPercent(percent) if !SPEED_PERCENT.contains(&percent) => {
                Err(TrafficError::SpeedPercent { percent })
            }
            Self::Speed(speed) if !METERS_PER_HOUR.contains(&speed) => {
                Err(TrafficError::Speed { meters_per_hour: speed })
            }
            _ => Ok(()),
        }
    }
}

impl Region {
    /// The number of this version: 0 as imported, one more with every [`Region::with_traffic`].
    #[must_use]
    pub fn version(&self) -> u64 {
        self.traffic.version
    }

    /// The next version, with these changes on top of what is already changed. This one is not touched.
    ///
    /// Exact like every region: its times are those of a Dijkstra on [`Region::arcs`]. What [`Region::encode`] writes stays
    /// the map as imported. All that depends on times is copied, and then updated; [`LiveRegion`] saves the copy.
    ///
    /// # Errors
    /// [`TrafficError`] if a change makes no sense; then nothing is changed.
    pub fn with_traffic(&self, changes: &[TrafficChange]) -> Result<Self, TrafficError> {
        Ok(self.with_piece_times(&self.told(changes)?).0)
    }

    /// The next version, with these changes in the place of what the hour said before. Traffic that was told goes before what
    /// the hour says, and where it is taken back the hour counts again. Else like [`Region::with_traffic`].
    ///
    /// # Errors
    /// [`TrafficError`] if a change makes no sense; then nothing is changed.
    pub fn with_hours(&self, changes: &[TrafficChange]) -> Result<Self, TrafficError> {
        Ok(self.with_piece_times(&self.said_by_hour(changes)?).0)
    }

    /// The version `version`, in which these pieces differ from the map as imported, and no others. This one must be as imported.
    ///
    /// # Errors
    /// [`TrafficError`] if they are not pieces of this region.
    pub fn with_pieces(&self, version: u64, pieces: &[ChangedPiece]) -> Result<Self, TrafficError> {
        let mut next = self.with_piece_times(&self.news_of(pieces)?).0;
        next.traffic.version = version;
        Ok(next)
    }

    /// A copy that has taken over these entries, as the next version, and what differs in it.
    fn with_piece_times(&self, news: &News) -> (Self, Change) {
        let mut next = Self {
            contents: Arc::clone(&self.contents),
            fingerprint: self.fingerprint,
            graph: self.graph.clone(),
            traffic: self.traffic.clone(),
            hierarchy: self.hierarchy.clone(),
            index: Arc::clone(&self.index),
            first_copy: Arc::clone(&self.first_copy),
            copies: Arc::clone(&self.copies),
            departure: Arc::clone(&self.departure),
            twins: Arc::clone(&self.twins),
            arc_mm: Arc::clone(&self.arc_mm),
            relaxed: OnceLock::new(),
        };
        let change = next.take_over(news, self.version() + 1, None);
        (next, change)
    }

    /// Becomes the version `version` in place, by way of the one before it if it is still `behind` that by a change: O(entries) and
    /// what depends on those that differ, or on all times if they are many. What differs from the version before.
    fn take_over(&mut self, news: &News, version: u64, behind: Option<(&Self, &Change)>) -> Change {
        if let Some((before, change)) = behind {
            self.traffic.ms.clone_from(&before.traffic.ms);
            self.traffic.pieces.clone_from(&before.traffic.pieces);
            for &arc in &change.arcs {
                self.graph.set_time(arc as usize, before.graph.arcs()[arc as usize].time);
            }
        }
        let entries = &news.entries;
        self.relaxed = OnceLock::new();
        self.traffic.version = version;
        self.traffic.layers.clone_from(&news.layers);
        self.traffic.ms.resize(self.contents.roads.n() * 2, IMPORTED);
        self.traffic.pieces.resize(self.contents.roads.ways.len(), [PieceTimes::AS_IMPORTED; 2]);
        for entry in entries {
            self.traffic.pieces[entry.idx as usize][entry.heading as usize] = entry.ms;
        }
        let mut courses: Vec<(u32, Heading)> =
            entries.iter().map(|entry| (entry.road, entry.heading)).collect();
        courses.sort_unstable();
        courses.dedup();
        let mut arcs = Vec::new();
        for (road, heading) in courses {
            let course = course(road, heading);
            self.traffic.ms[course as usize] = self.course_ms(&self.traffic.pieces, road, heading);
            let ms = self.traffic.ms(course);
            for &arc in &self.copies[rows_of(&self.first_copy, course)] {
                let imported = &self.contents.graph.arcs()[arc as usize];
                let ms = match ms {
                    Some(ms) if ms < NEVER => ms.saturating_add(imported.turn).min(ARC_MS_MAX),
                    ms => ms.unwrap_or(imported.time),
                };
                if self.graph.arcs()[arc as usize].time != ms {
                    self.graph.set_time(arc as usize, ms);
                    arcs.push(arc);
                }
            }
        }
        let index = if arcs.len() * FEW_SHARE < self.graph.arcs().len() {
            if let Some((before, change)) = behind {
                self.hierarchy.catch_up(&before.hierarchy, &change.index);
            }
            self.hierarchy.update(&self.graph, &arcs)
        } else {
            self.hierarchy.renew(&self.graph)
        };
        Change { arcs, index }
    }
}

/// Whether a point lies inside a polygon, by the even-odd rule in the plane of degrees; exact, in integers.
pub(super) fn is_inside(corners: &[LatLon], point: LatLon) -> bool {
    let e7 = |p: &LatLon| (i64::from(p.lon_e7()), i64::from(p.lat_e7()));
    let (x, y) = e7(&point);
    let after = corners.iter().cycle().skip(1);
    let crossings = corners.iter().zip(after).filter(|&(a, b)| {
        let ((ax, ay), (bx, by)) = (e7(a), e7(b));
        if (ay > y) == (by > y) {
            return false;
        }
        // Whether the edge passes east of the point. Differences are below 2^32, products below 2^64.
        let along = i128::from(y - ay) * i128::from(bx - ax);
        let across = i128::from(x - ax) * i128::from(by - ay);
        if by > ay { across < along } else { across > along }
    });
    crossings.count() % 2 == 1
}

/// The version in use, swapped while queries run.
///
/// Whoever asks takes [`LiveRegion::current`] once for all that must fit together: a version never changes under its feet,
/// and lives as long as somebody holds it. There are two buffers: the version that was in use before is, if nobody holds it any
/// more, given a copy of what it has missed, brought up to date with what is new, and used again. If somebody does, a copy is made.
pub struct LiveRegion {
    current: RwLock<Arc<Region>>,
    /// Held while a version is made, so that none is lost.
    spare: Mutex<Spare>,
}

/// What the next version is made of.
#[derive(Default)]
struct Spare {
    /// The version before the one in use.
    retired: Option<Arc<Region>>,
    /// What the version in use changed in it.
    missed: Change,
}

/// In what a version differs from the one before.
struct Change {
    /// Arcs that take another time.
    arcs: Vec<u32>,
    index: Changed,
}

impl Default for Change {
    fn default() -> Self {
        Self { arcs: Vec::new(), index: Changed::All }
    }
}

impl LiveRegion {
    /// Begins with this version.
    #[must_use]
    pub fn new(region: Region) -> Self {
        Self { current: RwLock::new(Arc::new(region)), spare: Mutex::default() }
    }

    /// The version in use. Waits for nothing but the swap of a pointer.
    #[must_use]
    pub fn current(&self) -> Arc<Region> {
        // A pointer is whole even if a thread has died holding the lock.
        Arc::clone(&self.current.read().unwrap_or_else(PoisonError::into_inner))
    }

    /// Makes the next version beside the one in use, and swaps. Its number.
    ///
    /// # Errors
    /// [`TrafficError`] if a change makes no sense; then the version in use stays.
    pub fn apply(&self, changes: &[TrafficChange]) -> Result<u64, TrafficError> {
        let mut spare = self.spare.lock().unwrap_or_else(PoisonError::into_inner);
        let current = self.current();
        let news = current.told(changes)?;
        let version = current.version() + 1;
        // Taken out before it is changed, so that none is kept that is half done.
        let (next, change) = match spare.retired.take().map(Arc::try_unwrap) {
            Some(Ok(mut region)) => {
                let behind = Some((&*current, &spare.missed));
                let change = region.take_over(&news, version, behind);
                (region, change)
            }
            _ => current.with_piece_times(&news),
        };
        *self.current.write().unwrap_or_else(PoisonError::into_inner) = Arc::new(next);
        spare.missed = change;
        spare.retired = Some(current);
        Ok(version)
    }
}
