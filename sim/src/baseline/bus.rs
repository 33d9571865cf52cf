//! A bus line with a timetable for the same riders.
//!
//! Its stops are where most pickups are; their order is that of cheapest insertion on driving times; a bus starts from
//! either end at fixed intervals. A rider walks to a stop, waits, rides, walks. Buses are never full.

use sharxi_engine::geo::LatLon;
use sharxi_engine::oracle::{Location, Oracle};
use sharxi_engine::units::EngineTime;

use crate::baseline::assumptions::Bus;
use crate::baseline::drives::Drive;
use crate::clock::{self, DAY_MS, HOUR_MS};
use crate::scenario::file::Period;
use crate::stations;
use crate::study::Prepared;

/// The line.
#[derive(Clone, Debug, PartialEq)]
pub struct Line {
    /// Its stops in order.
    pub stops: Vec<LatLon>,
    /// Milliseconds from the first stop to each, outwards; and from the last stop to each, back. Dwell included.
    pub offsets_ms: [Vec<i64>; 2],
    /// Length outwards and back, in metres.
    pub length_m: [f64; 2],
    /// Departures from either end.
    pub departures: Vec<EngineTime>,
}

/// A rider's journey by bus.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Journey {
    /// Milliseconds from the wish to the departure of the bus, walk included.
    pub wait_ms: i64,
    /// Milliseconds on board.
    pub ride_ms: i64,
    /// Metres walked.
    pub walk_m: f64,
}

impl Line {
    /// The line of a demand; `None` if fewer than two of its places lie on roads that are connected.
    #[must_use]
    pub fn plan(prepared: &Prepared, bus: &Bus, snap_max_m: f64) -> Option<Self> {
        let oracle: &dyn Oracle = prepared.region.as_ref();
        let mut places = stations::of_demand(&prepared.demand);
        places.sort_by(|a, b| b.1.total_cmp(&a.1));
        let snapped = |&(point, _): &(LatLon, f64)| {
            prepared.region.snap(point, snap_max_m).map(|snap| (point, snap.location))
        };
        let chosen: Vec<(LatLon, Location)> =
            places.iter().filter_map(snapped).take(bus.stops).collect();
        let ordered = in_order(&chosen, |a, b| i64::from(oracle.time(a, b).get()));
        let back: Vec<(LatLon, Location)> = ordered.iter().rev().copied().collect();
        let (out, out_m) = offsets(oracle, &ordered, bus.stop_s)?;
        let (home, home_m) = offsets(oracle, &back, bus.stop_s)?;
        let stops: Vec<LatLon> = ordered.iter().map(|&(point, _)| point).collect();
        (2 <= stops.len()).then(|| Self {
            stops,
            offsets_ms: [out, home],
            length_m: [out_m, home_m],
            departures: departures(prepared.period, bus),
        })
    }

    /// Buses that the timetable needs: as many as start before the first is back.
    #[must_use]
    pub fn n_buses(&self, bus: &Bus) -> i64 {
        let last = |offsets: &Vec<i64>| offsets.last().copied().unwrap_or(0);
        let round_ms: i64 = self.offsets_ms.iter().map(last).sum();
        let headway_ms = i64::from(bus.headway_min) * 60_000;
        (round_ms + headway_ms - 1) / headway_ms
    }

    /// Kilometres of the whole timetable.
    #[must_use]
    pub fn kilometers(&self) -> f64 {
        let each: f64 = self.length_m.iter().sum::<f64>() / 1000.0;
        #[expect(clippy::cast_precision_loss, reason = "a few hundred departures")]
        let n = self.departures.len() as f64;
        n * each
    }

    /// The journey that arrives first (of an arrive-by ride: that leaves last); `None` if there is none within the walks
    /// and the wait that a rider puts up with.
    #[must_use]
    pub fn journey(&self, drive: &Drive, bus: &Bus) -> Option<Journey> {
        let near = |point: LatLon| {
            let stops = self.stops.iter().enumerate();
            let walk = move |(idx, stop): (usize, &LatLon)| (idx, stop.distance_m(point));
            stops.map(walk).filter(|&(_, walk_m)| walk_m <= bus.walk_max_m).collect::<Vec<_>>()
        };
        let (starts, ends) = (near(drive.from), near(drive.to));
        let mut best: Option<(i64, Journey)> = None;
        for &(start, start_m) in &starts {
            for &(end, end_m) in ends.iter().filter(|&&(end, _)| end != start) {
                let walks = (walk_ms(start_m, bus), walk_ms(end_m, bus));
                let Some((rank, wait_ms, ride_ms)) = self.ride(drive, (start, end), walks, bus)
                else {
                    continue;
                };
                if best.is_none_or(|(least, _)| rank < least) {
                    best = Some((rank, Journey { wait_ms, ride_ms, walk_m: start_m + end_m }));
                }
            }
        }
        best.map(|(_, journey)| journey)
    }

    /// The best bus from one stop to another: rank (smaller is better), wait and time on board.
    fn ride(
        &self,
        drive: &Drive,
        (start, end): (usize, usize),
        (walk_to, walk_from): (i64, i64),
        bus: &Bus,
    ) -> Option<(i64, i64, i64)> {
        let last = self.stops.len() - 1;
        let (offsets, from, to) = if start < end {
            (&self.offsets_ms[0], start, end)
        } else {
            (&self.offsets_ms[1], last - start, last - end)
        };
        let ride_ms = offsets[to] - offsets[from];
        let patience_ms = i64::from(bus.patience_min) * 60_000;
        let leaves = self.departures.iter().map(|time| time.unix_ms() + offsets[from]);
        if drive.is_arrive_by {
            let latest = drive.arrive.unix_ms() - walk_from - ride_ms;
            let leaves = leaves.filter(|&leaves| leaves <= latest).max()?;
            let early_ms = latest - leaves;
            // The wait of an arrive-by rider is being there too early.
            return (early_ms <= patience_ms).then_some((early_ms, walk_to, ride_ms));
        }
        let at_stop = drive.depart.unix_ms() + walk_to;
        let leaves = leaves.filter(|&leaves| at_stop <= leaves).min()?;
        let waits = leaves - at_stop <= patience_ms;
        waits.then_some((leaves + ride_ms + walk_from, leaves - drive.depart.unix_ms(), ride_ms))
    }
}

/// Cheapest insertion into an open path, by driving time there and back.
fn in_order(
    places: &[(LatLon, Location)],
    time: impl Fn(Location, Location) -> i64,
) -> Vec<(LatLon, Location)> {
    let both = |a: &(LatLon, Location), b: &(LatLon, Location)| time(a.1, b.1) + time(b.1, a.1);
    let mut path: Vec<(LatLon, Location)> = Vec::new();
    for place in places {
        let cost = |at: usize| {
            let before = at.checked_sub(1).and_then(|idx| path.get(idx));
            let after = path.get(at);
            let leg =
                |other: Option<&(LatLon, Location)>| other.map_or(0, |other| both(other, place));
            leg(before) + leg(after) - before.zip(after).map_or(0, |(a, b)| both(a, b))
        };
        let at = (0..=path.len()).min_by_key(|&at| cost(at)).unwrap_or(0);
        path.insert(at, *place);
    }
    path
}

/// Milliseconds from the first place to each, with a stop at each, and the length of the way.
fn offsets(
    oracle: &dyn Oracle,
    places: &[(LatLon, Location)],
    stop_s: f64,
) -> Option<(Vec<i64>, f64)> {
    let stop_ms = millis(stop_s);
    let (mut offsets, mut length_m, mut time) = (vec![0], 0.0, 0);
    for pair in places.windows(2) {
        let path = oracle.path(pair[0].1, pair[1].1)?;
        time += i64::from(path.duration.get()) + stop_ms;
        length_m += path.distance.as_meters_f64();
        offsets.push(time);
    }
    Some((offsets, length_m))
}

/// All departures within the period.
fn departures(period: Period, bus: &Bus) -> Vec<EngineTime> {
    let mut all = Vec::new();
    let mut midnight = period.clock.midnight(period.start);
    while midnight < period.end {
        let (first, last) =
            (i64::from(bus.first_hour) * HOUR_MS, i64::from(bus.last_hour) * HOUR_MS);
        let mut since = first;
        while since <= last {
            let time = clock::shifted(midnight, since);
            if period.start <= time && time < period.end {
                all.push(time);
            }
            since += i64::from(bus.headway_min.max(1)) * 60_000;
        }
        midnight = clock::shifted(midnight, DAY_MS);
    }
    all
}

fn walk_ms(walk_m: f64, bus: &Bus) -> i64 {
    millis(walk_m / bus.walk_m_per_s)
}

#[expect(clippy::cast_possible_truncation, reason = "hours at most")]
fn millis(seconds: f64) -> i64 {
    (seconds * 1000.0).round() as i64
}
