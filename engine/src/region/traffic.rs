//! Traffic: versions of a region with other driving times.
//!
//! [`Region::with_traffic`] makes a version beside the one that is in use: the hierarchy is customised, and of the labels
//! only those below a change are filled again if few arcs changed. Everything else is shared. [`LiveRegion`] swaps
//! versions while queries run. A version keeps the fingerprint of its map, since a journal belongs to the map; what tells
//! versions apart is their number.
//!
//! Times are whole tenths of a second for a whole road in one direction, like the imported ones. Parts of a road take their share of it, rounded as
//! always, so paths still add up. A closed road can be left by who stands on it, at the imported speed, and not be entered.

use std::sync::{Arc, Mutex, PoisonError, RwLock};

use thiserror::Error;

use super::Region;
use super::locate::{HEADINGS, course};
use crate::geo::LatLon;
use crate::graph::num::{ARC_MS_MAX, row, whole_ticks};
use crate::graph::roads::{Heading, Road};
use crate::ids::RoadId;
use crate::import::RoadClass;
use crate::routing::NEVER;
use crate::units::Millis;

/// The least and the most that a time may be changed to, in per cent of the imported one.
const PERCENT: std::ops::RangeInclusive<u32> = 1..=100_000;
/// From this share of changed arcs on, one over so many, all labels are filled again: a change high up in the tree is a change of
/// most labels, and then looking for those that stay costs more than it saves.
const FEW_SHARE: usize = 1_000;
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
    ms: Arc<[u32]>,
}

impl Traffic {
    /// The time of a course, [`NEVER`] if closed, `None` if it is as imported.
    #[inline]
    pub(super) fn ms(&self, course: u32) -> Option<u32> {
        self.ms.get(course as usize).copied().filter(|&ms| ms != IMPORTED)
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
    /// the map as imported. O(shortcuts) for the hierarchy; labels are copied, and filled again below changes.
    ///
    /// # Errors
    /// [`TrafficError`] if a change makes no sense; then nothing is changed.
    pub fn with_traffic(&self, changes: &[TrafficChange]) -> Result<Self, TrafficError> {
        let mut ms = self.traffic.ms.to_vec();
        ms.resize(self.contents.roads.n() * 2, IMPORTED);
        for change in changes {
            change.effect.check()?;
            for road in self.roads_in(&change.scope)? {
                let tables = self.contents.roads.road(road as usize);
                for heading in HEADINGS {
                    if change.directions.include(heading) && tables.is_open(heading) {
                        let entry = change.effect.entry(tables.duration_ms(heading));
                        ms[course(road, heading) as usize] = entry;
                    }
                }
            }
        }
        let graph = self
            .contents
            .graph
            .with_times(|course| Some(ms[course as usize]).filter(|&ms| ms != IMPORTED));
        let before = self.graph.arcs().iter();
        let n_changed = before.zip(graph.arcs()).filter(|(old, new)| old.time != new.time).count();
        let hierarchy = if n_changed * FEW_SHARE < graph.arcs().len() {
            self.hierarchy.updated(&graph).0
        } else {
            self.hierarchy.customised(&graph, if self.has_labels() { u64::MAX } else { 0 })
        };
        Ok(Self {
            contents: Arc::clone(&self.contents),
            fingerprint: self.fingerprint,
            graph,
            traffic: Traffic { version: self.traffic.version + 1, ms: ms.into() },
            hierarchy,
            index: Arc::clone(&self.index),
            first_copy: Arc::clone(&self.first_copy),
            copies: Arc::clone(&self.copies),
            departure: Arc::clone(&self.departure),
            arc_mm: Arc::clone(&self.arc_mm),
        })
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
/// and lives as long as somebody holds it.
pub struct LiveRegion {
    current: RwLock<Arc<Region>>,
    /// Held while a version is made, so that none is lost.
    writing: Mutex<()>,
}

impl LiveRegion {
    /// Begins with this version.
    #[must_use]
    pub fn new(region: Region) -> Self {
        Self { current: RwLock::new(Arc::new(region)), writing: Mutex::new(()) }
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
        let _writing = self.writing.lock().unwrap_or_else(PoisonError::into_inner);
        let next = Arc::new(self.current().with_traffic(changes)?);
        let version = next.version();
        *self.current.write().unwrap_or_else(PoisonError::into_inner) = next;
        Ok(version)
    }
}
