//! Traffic: versions of a region with other driving times.
//!
//! [`Region::with_traffic`] makes a version beside the one that is in use. If few arcs change, of the shortcuts only those are
//! computed again that depend on them, and of the labels those below. What does not depend on times is shared.
//! [`LiveRegion`] swaps versions while queries run, and makes them in place of those that nobody uses any more. A version keeps
//! the fingerprint of its map, since a journal belongs to the map; what tells versions apart is their number.
//!
//! Times are whole tenths of a second for a whole road in one direction, like the imported ones. Parts of a road take their share of it, rounded as
//! always, so paths still add up. A closed road can be left by who stands on it, at the imported speed, and not be entered.

use std::sync::{Arc, Mutex, PoisonError, RwLock};

use thiserror::Error;

use super::Region;
use super::locate::{HEADINGS, course};
use crate::geo::LatLon;
use crate::graph::csr::rows_of;
use crate::graph::num::{ARC_MS_MAX, row, whole_ticks};
use crate::graph::roads::{Heading, Road};
use crate::ids::RoadId;
use crate::import::RoadClass;
use crate::routing::NEVER;
use crate::units::Millis;

/// The least and the most that a time may be changed to, in per cent of the imported one.
const PERCENT: std::ops::RangeInclusive<u32> = 1..=100_000;
/// From this share of changed arcs on, one over so many, everything is computed again: then looking for what stays costs more than
/// it saves.
const FEW_SHARE: usize = 100;
/// "As imported" in the table of courses; no course takes no time.
const IMPORTED: u32 = 0;

/// Which roads.
#[derive(Clone, Debug, PartialEq)]
pub enum Scope {
    /// All.
    All,
    /// Those of one kind.
    Class(RoadClass),
    /// Those with a point inside this polygon, whose last corner is joined to its first.
    Area(Vec<LatLon>),
    /// These.
    Roads(Vec<RoadId>),
}

/// Which directions of a road, seen along its shape.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Directions {
    /// Forward.
    Forward,
    /// Backward.
    Backward,
    /// Both, as far as they may be driven.
    Both,
}

/// What changes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Effect {
    /// Nobody may enter.
    Closed,
    /// The imported time times so many per cent, to the nearest tenth of a second; from 1 to 100,000.
    TimePercent(u32),
    /// The time of the whole road, to the nearest tenth of a second; more than zero, at most six days.
    Time(Millis),
    /// The imported time again.
    AsImported,
}

/// One change. Of several that meet on a road the last one counts.
#[derive(Clone, Debug, PartialEq)]
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
    /// A time out of bounds.
    #[error("take over traffic: {ms} ms for a road is not between 1 ms and six days")]
    Time {
        /// Milliseconds given.
        ms: u32,
    },
}

/// Times that differ from the imported ones.
#[derive(Clone, Debug, Default)]
pub(super) struct Traffic {
    version: u64,
    /// By course: [`IMPORTED`], [`NEVER`] if closed, or milliseconds. Empty if nothing differs.
    ms: Vec<u32>,
}

/// A course and what is in the table of courses for it.
type CourseTime = (u32, u32);

impl Traffic {
    /// The time of a course, [`NEVER`] if closed, `None` if it is as imported.
    #[inline]
    pub(super) fn ms(&self, course: u32) -> Option<u32> {
        Some(self.entry(course)).filter(|&ms| ms != IMPORTED)
    }

    /// What is in the table for a course.
    #[inline]
    fn entry(&self, course: u32) -> u32 {
        self.ms.get(course as usize).copied().unwrap_or(IMPORTED)
    }

    /// A road with its times of now. Closed ones keep the imported times for those who leave.
    #[inline]
    pub(super) fn timed<'a>(&self, road: usize, tables: Road<'a>) -> Road<'a> {
        if self.ms.is_empty() {
            return tables;
        }
        let now = |heading| self.ms(course(row(road), heading)).filter(|&ms| ms != NEVER);
        tables.with_times(HEADINGS.map(now))
    }
}

impl Directions {
    fn include(self, heading: Heading) -> bool {
        match self {
            Self::Both => true,
            Self::Forward => heading == Heading::Forward,
            Self::Backward => heading == Heading::Backward,
        }
    }
}

impl Effect {
    fn check(self) -> Result<(), TrafficError> {
        match self {
            Self::TimePercent(percent) if !PERCENT.contains(&percent) => {
                Err(TrafficError::Percent { percent })
            }
            Self::Time(time) if !(1..=ARC_MS_MAX).contains(&time.get()) => {
                Err(TrafficError::Time { ms: time.get() })
            }
            _ => Ok(()),
        }
    }

    /// The entry of a course that took `imported` milliseconds.
    fn entry(self, imported: u32) -> u32 {
        match self {
            Self::Closed => NEVER,
            Self::AsImported => IMPORTED,
            Self::Time(time) => whole_ticks(time.get()),
            Self::TimePercent(percent) => {
                let ms = (u64::from(imported) * u64::from(percent)).div_ceil(100);
                whole_ticks(u32::try_from(ms).unwrap_or(ARC_MS_MAX))
            }
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
        Ok(self.with_course_times(&self.course_times(changes)?))
    }

    /// A copy that has taken over these entries, as the next version.
    fn with_course_times(&self, entries: &[CourseTime]) -> Self {
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
            arc_mm: Arc::clone(&self.arc_mm),
        };
        next.take_over(entries, self.version() + 1);
        next
    }

    /// What changes mean for each course, in order: of several entries for one the last counts.
    fn course_times(&self, changes: &[TrafficChange]) -> Result<Vec<CourseTime>, TrafficError> {
        let mut entries = Vec::new();
        for change in changes {
            change.effect.check()?;
            for road in self.roads_in(&change.scope)? {
                let tables = self.contents.roads.road(road as usize);
                for heading in HEADINGS {
                    if change.directions.include(heading) && tables.is_open(heading) {
                        let entry = change.effect.entry(tables.duration_ms(heading));
                        entries.push((course(road, heading), entry));
                    }
                }
            }
        }
        Ok(entries)
    }

    /// Becomes the version `version` in place: O(entries) and what depends on those that differ, or on all times if they are many.
    fn take_over(&mut self, entries: &[CourseTime], version: u64) {
        self.traffic.version = version;
        self.traffic.ms.resize(self.contents.roads.n() * 2, IMPORTED);
        for &(course, ms) in entries {
            self.traffic.ms[course as usize] = ms;
        }
        let mut changed = Vec::new();
        for &(course, _) in entries {
            let ms = self.traffic.ms(course);
            for &arc in &self.copies[rows_of(&self.first_copy, course)] {
                let ms = ms.unwrap_or(self.contents.graph.arcs()[arc as usize].time);
                if self.graph.arcs()[arc as usize].time != ms {
                    self.graph.set_time(arc as usize, ms);
                    changed.push(arc);
                }
            }
        }
        if changed.len() * FEW_SHARE < self.graph.arcs().len() {
            self.hierarchy.update(&self.graph, &changed);
        } else {
            self.hierarchy.renew(&self.graph);
        }
    }

    /// The rows of the roads in a scope.
    fn roads_in(&self, scope: &Scope) -> Result<Vec<u32>, TrafficError> {
        let n_roads = self.contents.roads.n();
        let all = 0..row(n_roads);
        Ok(match scope {
            Scope::All => all.collect(),
            Scope::Class(class) => {
                all.filter(|&road| self.contents.roads.class[road as usize] == *class).collect()
            }
            Scope::Area(corners) if corners.len() < 3 => {
                return Err(TrafficError::Area { corners: corners.len() });
            }
            Scope::Area(corners) => {
                let points = |road: u32| self.contents.roads.road(road as usize).points.iter();
                all.filter(|&road| points(road).any(|&point| is_inside(corners, point))).collect()
            }
            Scope::Roads(roads) => {
                if let Some(road) = roads.iter().find(|road| road.idx() >= n_roads) {
                    return Err(TrafficError::UnknownRoad { road: road.get(), n_roads });
                }
                roads.iter().map(|road| road.get()).collect()
            }
        })
    }
}

/// Whether a point lies inside a polygon, by the even-odd rule in the plane of degrees; exact, in integers.
fn is_inside(corners: &[LatLon], point: LatLon) -> bool {
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
/// more, brought up to date with what it has missed and with what is new, and used again. If somebody does, a copy is made.
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
    /// Courses that the version in use changed, ascending, each once.
    missed: Vec<u32>,
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
        let entries = current.course_times(changes)?;
        let version = current.version() + 1;
        // Taken out before it is changed, so that none is kept that is half done.
        let next = match spare.retired.take().map(Arc::try_unwrap) {
            Some(Ok(mut region)) => {
                let missed =
                    spare.missed.iter().map(|&course| (course, current.traffic.entry(course)));
                let all: Vec<CourseTime> = missed.chain(entries.iter().copied()).collect();
                region.take_over(&all, version);
                region
            }
            _ => current.with_course_times(&entries),
        };
        *self.current.write().unwrap_or_else(PoisonError::into_inner) = Arc::new(next);
        spare.missed.clear();
        spare.missed.extend(entries.iter().map(|&(course, _)| course));
        spare.missed.sort_unstable();
        spare.missed.dedup();
        spare.retired = Some(current);
        Ok(version)
    }
}
