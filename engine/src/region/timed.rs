//! Travel times that depend on the hour of the week.
//!
//! Each slot of a [`WeekProfile`] is a version of the region, customised when it is first needed and kept while there is room.
//! Two answers are given. [`TimedRegion::time_in_slot`] is the time by the slot in force at departure: exact while the drive
//! ends within the slot, and the usual approximation else. [`TimedRegion::time_at`] is the earliest arrival when every part of
//! the way is driven at the speed of its moment: who is half way along an arc as the slot changes drives the other half at the
//! new speed. In that model nobody gains by waiting (FIFO: Orda and Rom, J. ACM 37, 1990; speeds by interval: Ichoua, Gendreau
//! and Potvin, EJOR 144, 2003), so Dijkstra's algorithm is exact; it runs only for drives that outlast their slot, since what
//! ends within it cannot be beaten by what does not.

use std::cmp::Reverse;
use std::collections::BinaryHeap;
use std::sync::{Arc, Mutex, PoisonError};

use super::locate::Access;
use super::oracle::millis;
use super::{HourOfWeek, Region, TrafficError, WeekProfile};
use crate::oracle::{Location, Oracle};
use crate::routing::NEVER;
use crate::units::Millis;

const HOUR_MS: u32 = 3_600_000;
const WEEK_MS: u32 = 168 * HOUR_MS;
/// The whole of an arc in fixed point; times an arc's time it fits 64 bits.
const WHOLE: u64 = 1 << 30;

/// A moment of the week: milliseconds since Monday midnight, local time.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct TimeOfWeek(u32);

impl TimeOfWeek {
    /// So many milliseconds after Monday midnight; after a week it begins again.
    #[must_use]
    pub const fn new(ms: u32) -> Self {
        Self(ms % WEEK_MS)
    }

    /// The hour that it lies in.
    #[must_use]
    pub fn hour(self) -> HourOfWeek {
        HourOfWeek::new(u8::try_from(self.0 / HOUR_MS).unwrap_or(0))
    }
}

/// A region with speeds by hour of the week.
pub struct TimedRegion {
    base: Arc<Region>,
    week: WeekProfile,
    kept_max: usize,
    /// Slots that are ready, the one used last at the end.
    kept: Mutex<Vec<(u8, Arc<Region>)>>,
}

impl TimedRegion {
    /// Speeds of `week` on top of the traffic of `base`. At most `kept_max` slots, but one at least, are kept in memory.
    #[must_use]
    pub fn new(base: Arc<Region>, week: WeekProfile, kept_max: usize) -> Self {
        Self { base, week, kept_max: kept_max.max(1), kept: Mutex::new(Vec::new()) }
    }

    /// Slots that are ready.
    #[must_use]
    pub fn n_kept(&self) -> usize {
        self.kept.lock().unwrap_or_else(PoisonError::into_inner).len()
    }

    /// The version of an hour, made if it is not ready. Others can ask meanwhile; two who need the same slot at the same time may
    /// both make it.
    ///
    /// # Errors
    /// [`TrafficError`] if a rule makes no sense here.
    pub fn at(&self, hour: HourOfWeek) -> Result<Arc<Region>, TrafficError> {
        let slot = self.week.slot(hour);
        if let Some(ready) = self.take_up(slot, None) {
            return Ok(ready);
        }
        let made = Arc::new(self.base.with_traffic(&self.week.changes_at(hour))?);
        Ok(self.take_up(slot, Some(&made)).unwrap_or(made))
    }

    /// The version of a slot if it is ready, or `made` if there is one; it counts as used last from now on.
    fn take_up(&self, slot: u8, made: Option<&Arc<Region>>) -> Option<Arc<Region>> {
        let mut kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        let known = kept.iter().position(|(other, _)| *other == slot);
        let entry = match known {
            Some(idx) => kept.remove(idx),
            None => (slot, Arc::clone(made?)),
        };
        let region = Arc::clone(&entry.1);
        kept.push(entry);
        if kept.len() > self.kept_max {
            kept.remove(0);
        }
        Some(region)
    }

    /// The time by the slot in force at departure.
    ///
    /// # Errors
    /// [`TrafficError`] if a rule makes no sense here.
    pub fn time_in_slot(
        &self,
        from: Location,
        to: Location,
        departure: TimeOfWeek,
    ) -> Result<Millis, TrafficError> {
        Ok(self.at(departure.hour())?.time(from, to))
    }

    /// The time of the earliest arrival, each part driven at the speed of its moment. Rounded up where the slot changes on an
    /// arc. O(1) labels if the drive ends within its slot, else Dijkstra up to the destination.
    ///
    /// # Errors
    /// [`TrafficError`] if a rule makes no sense here.
    pub fn time_at(
        &self,
        from: Location,
        to: Location,
        departure: TimeOfWeek,
    ) -> Result<Millis, TrafficError> {
        let mut phases = Phases { timed: self, departure, phases: Vec::new() };
        phases.reach(0)?;
        let (end, region) = &phases.phases[0];
        let time = region.time(from, to);
        if time.is_infinite() || time.get() <= *end {
            return Ok(time);
        }
        phases.search(from, to)
    }

    /// Milliseconds until the slot changes; [`u32::MAX`] if it never does.
    fn until_change(&self, moment: TimeOfWeek) -> u32 {
        let (mut hour, slot) = (moment.hour(), self.week.slot(moment.hour()));
        let mut until = HOUR_MS - moment.0 % HOUR_MS;
        for _ in 0..168 {
            hour = hour.next();
            if self.week.slot(hour) != slot {
                return until;
            }
            until += HOUR_MS;
        }
        u32::MAX
    }
}

/// The versions in force one after the other from a departure on, as far as they were needed.
struct Phases<'a> {
    timed: &'a TimedRegion,
    departure: TimeOfWeek,
    /// (milliseconds since departure at which it ends, version).
    phases: Vec<(u32, Arc<Region>)>,
}

impl Phases<'_> {
    /// The phase in force so many milliseconds after departure.
    fn reach(&mut self, elapsed: u32) -> Result<usize, TrafficError> {
        loop {
            let begin = self.phases.last().map_or(0, |(end, _)| *end);
            if elapsed < begin || begin == u32::MAX {
                return Ok(self.phases.partition_point(|(end, _)| *end <= elapsed));
            }
            let moment = TimeOfWeek::new(self.departure.0 + begin % WEEK_MS);
            let end = begin.saturating_add(self.timed.until_change(moment));
            self.phases.push((end, self.timed.at(moment.hour())?));
        }
    }

    /// When something is done that is begun at `start` and takes `ms` of each version, if no other is in force meanwhile.
    fn drive(&mut self, start: u32, ms: impl Fn(&Region) -> u32) -> Result<u32, TrafficError> {
        let (mut now, mut left) = (start, WHOLE);
        loop {
            let idx = self.reach(now)?;
            let (end, region) = &self.phases[idx];
            let whole = ms(region);
            if whole >= NEVER {
                return Ok(NEVER);
            }
            let needed = (u64::from(whole) * left).div_ceil(WHOLE);
            if needed <= u64::from(end - now) {
                return Ok(u32::try_from(needed).unwrap_or(NEVER).saturating_add(now).min(NEVER));
            }
            left -= u64::from(end - now) * WHOLE / u64::from(whole);
            now = *end;
        }
    }

    /// Dijkstra from the exits of one place to the entries of the other.
    fn search(&mut self, from: Location, to: Location) -> Result<Millis, TrafficError> {
        let base = Arc::clone(&self.phases[0].1);
        let mut best = match base.direct(from, to) {
            Some(_) => {
                self.drive(0, |region| region.direct(from, to).map_or(NEVER, |(ms, _)| ms))?
            }
            None => NEVER,
        };
        let mut reached = vec![NEVER; base.n_nodes()];
        let mut queue = BinaryHeap::new();
        for (nth, exit) in base.exits(from).enumerate() {
            let ms = move |region: &Region| access_ms(region.exits(from).nth(nth));
            let at = self.drive(0, ms)?;
            if at < reached[exit.node as usize] {
                reached[exit.node as usize] = at;
                queue.push(Reverse((at, exit.node)));
            }
        }
        let entries: Vec<Access> = base.entries(to).collect();
        while let Some(Reverse((at, node))) = queue.pop() {
            if at >= best {
                break;
            }
            if reached[node as usize] < at {
                continue;
            }
            for (nth, _) in entries.iter().enumerate().filter(|(_, entry)| entry.node == node) {
                let ms = move |region: &Region| access_ms(region.entries(to).nth(nth));
                best = best.min(self.drive(at, ms)?);
            }
            for row in base.graph.out_rows(node) {
                let head = base.graph.arcs()[row].head;
                let then = self.drive(at, |region| region.graph.arcs()[row].time)?;
                if then < reached[head as usize] {
                    reached[head as usize] = then;
                    queue.push(Reverse((then, head)));
                }
            }
        }
        Ok(millis(best))
    }
}

/// Speeds differ between slots, closures do not: a way that one version has, every one has.
fn access_ms(access: Option<Access>) -> u32 {
    access.map_or(NEVER, |access| access.ms)
}
