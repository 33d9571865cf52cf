//! Where riders are expected, and where an idle vehicle should wait for them.
//!
//! Spots carry demand: a prior (population), and every request that was seen, fading over the hours so that it follows the
//! day. A vehicle that waits within reach of a spot covers it. With a share `b` of the fleet busy, the k-th vehicle there is
//! the one that is needed with probability `(1 - b) b^(k-1)` (MEXCLP, Daskin 1983; moved as vehicles fall idle, Jagtenberg et
//! al. 2015). A move is made if the demand that it covers more is worth its driving.
//!
//! Coverage has a price, never a rule: on the Vulkaneifel day with 150 vehicles a price of 40, 75, 150, 300 and 1,000 seconds
//! of driving left 64, 62, 48, 52 and 50 riders refused, for 1,387 to 1,452 hours of driving; without any move 83 and 1,359.
//! With plans that are made better together, on a map with turn costs, 75, 100 and 150 left 29, 20 and 19 refused for 1,406,
//! 1,417 and 1,434 hours; without either 132 and 1,389. These are single runs: near variants of one setting differ by about ten.

use std::cmp::Reverse;

use serde::{Deserialize, Serialize};

use crate::limits::SPOTS_MAX;
use crate::oracle::{Location, Oracle};
use crate::units::Millis;

/// A populated place and how much demand is expected there, relative to the others.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Spot {
    /// Where; also where a vehicle may wait.
    pub location: Location,
    /// Relative demand, at least 1.
    pub weight: u32,
}

/// The set of spots within reach of a place: bit `i` for spot `i`.
pub type Reach = u128;

const _: () = assert!(SPOTS_MAX <= Reach::BITS as usize);

/// Weight of one request that was seen.
const SEEN: u64 = 1000;
/// Sum of the prior weights, as much as this many requests; they do not fade.
const PRIOR_REQUESTS: u64 = 20;
/// What [`Forecast::fade`] leaves of a weight, of 65,536: half is left after twelve times.
const KEPT: u64 = 61_858;
/// A request this near to a spot belongs to it; farther away it opens a new one while there is room.
const SAME_SPOT: Millis = Millis::from_secs(240);
/// Farther than this no idle vehicle is sent.
const MOVE_MAX: Millis = Millis::from_secs(1200);
/// Driving that it is worth to cover one more of the requests that were seen lately.
const WORTH: Millis = Millis::from_secs(100);
/// Shares of the fleet are counted in parts of this.
const SHARE_ONE: u64 = 256;
/// The share of busy vehicles is taken to be between these: neither is the fleet ever sure to be free, nor a second vehicle
/// ever useless.
const BUSY_MIN: u64 = 26;
const BUSY_MAX: u64 = 230;

/// Expected demand.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Forecast {
    /// A vehicle covers what it reaches within this time.
    limit: Millis,
    spots: Vec<Location>,
    /// Expected before anything was seen.
    priors: Vec<u64>,
    /// Seen, fading.
    seen: Vec<u64>,
    /// Time from spot to spot, row by row of the source.
    between: Vec<Vec<Millis>>,
    /// What a vehicle covers that waits at a spot.
    reaches: Vec<Reach>,
}

/// How the vehicles that are or will soon be free cover the spots.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Cover {
    /// Vehicles that cover each spot.
    counts: Vec<u16>,
    /// Vehicles counted.
    n_free: usize,
}

/// What a move to wait elsewhere is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Worth {
    /// Where to.
    pub to: Location,
    /// The drive there.
    pub drive: Millis,
    /// Thousandths of a request: of those expected like the ones seen lately, so many more would be met by this vehicle there
    /// than where it is, for want of another one.
    pub more_milli: i64,
    /// The drive that this is worth.
    pub worth: Millis,
}

impl Cover {
    /// Counts a vehicle.
    pub fn add(&mut self, reach: Reach) {
        self.n_free += 1;
        self.each(reach, |count| *count = count.saturating_add(1));
    }

    /// Takes a vehicle out again.
    pub fn remove(&mut self, reach: Reach) {
        self.n_free = self.n_free.saturating_sub(1);
        self.each(reach, |count| *count = count.saturating_sub(1));
    }

    fn each(&mut self, mut reach: Reach, mut change: impl FnMut(&mut u16)) {
        self.counts.resize(SPOTS_MAX, 0);
        while reach != 0 {
            let spot = reach.trailing_zeros() as usize;
            reach &= reach - 1;
            if let Some(count) = self.counts.get_mut(spot) {
                change(count);
            }
        }
    }
}

impl Forecast {
    /// Starts from the heaviest of `priors`, equal places once; a vehicle covers what it reaches within `limit`.
    /// O(spots²) queries.
    #[must_use]
    pub fn new(priors: &[Spot], limit: Millis, oracle: &dyn Oracle) -> Self {
        let mut heaviest = priors.to_vec();
        heaviest.sort_by_key(|spot| (spot.location, Reverse(spot.weight)));
        heaviest.dedup_by_key(|spot| spot.location);
        heaviest.sort_by_key(|spot| (Reverse(spot.weight), spot.location));
        heaviest.truncate(SPOTS_MAX);
        let total: u64 = heaviest.iter().map(|spot| u64::from(spot.weight)).sum();
        let mut forecast = Self { limit, ..Self::default() };
        for spot in heaviest {
            let share = u64::from(spot.weight) * PRIOR_REQUESTS * SEEN / total.max(1);
            forecast.open(spot.location, (share.max(1), 0), oracle);
        }
        forecast
    }

    /// Spots in order of their bit.
    #[must_use]
    pub fn spots(&self) -> &[Location] {
        &self.spots
    }

    /// Their weights.
    pub fn weights(&self) -> impl Iterator<Item = u64> {
        self.priors.iter().zip(&self.seen).map(|(prior, seen)| prior + seen)
    }

    /// Learns from a request. `least` are lower bounds of the times from each spot to the pickup, for as many as there are. A few
    /// queries, and one look at every spot.
    pub fn see(&mut self, pickup: Location, least: &[Millis], oracle: &dyn Oracle) {
        match self.nearest(pickup, least, oracle) {
            Some((time, spot)) if time <= SAME_SPOT || self.spots.len() == SPOTS_MAX => {
                if let Some(weight) = self.seen.get_mut(spot).filter(|_| !time.is_infinite()) {
                    *weight += SEEN;
                }
            }
            _ => self.open(pickup, (0, SEEN), oracle),
        }
    }

    /// The spot from which `place` is reached soonest, the first of equal ones. Bounds say which need not be asked; the answer does
    /// not depend on how good they are.
    fn nearest(
        &self,
        place: Location,
        least: &[Millis],
        oracle: &dyn Oracle,
    ) -> Option<(Millis, usize)> {
        let least = least.iter().copied().chain(std::iter::repeat(Millis::ZERO));
        let mut left: Vec<(Millis, usize)> =
            (0..self.spots.len()).zip(least).map(|(spot, least)| (least, spot)).collect();
        let mut nearest: Option<(Millis, usize)> = None;
        while let Some(at) = (0..left.len()).min_by_key(|&at| left.get(at)) {
            let (least, spot) = left.swap_remove(at);
            if nearest.is_some_and(|(time, _)| time < least) {
                break;
            }
            let found = (oracle.time(*self.spots.get(spot)?, place), spot);
            nearest = Some(nearest.map_or(found, |nearest| nearest.min(found)));
        }
        nearest
    }

    /// Forgets a little of what was seen; to be called at even intervals.
    pub fn fade(&mut self) {
        for weight in &mut self.seen {
            *weight = (*weight * KEPT) >> 16;
        }
    }

    fn open(&mut self, location: Location, (prior, seen): (u64, u64), oracle: &dyn Oracle) {
        let bit = 1 << self.spots.len();
        let rows = self.between.iter_mut().zip(&mut self.reaches);
        for ((row, reach), &from) in rows.zip(&self.spots) {
            let time = oracle.time(from, location);
            row.push(time);
            *reach |= if time <= self.limit { bit } else { 0 };
        }
        self.spots.push(location);
        self.priors.push(prior);
        self.seen.push(seen);
        let mut row = vec![Millis::INFINITE; self.spots.len()];
        oracle.times_from(location, &self.spots, &mut row);
        self.reaches.push(mask(&row, self.limit));
        self.between.push(row);
    }

    /// Measures the times between all spots again. O(spots²) queries.
    pub fn measure(&mut self, oracle: &dyn Oracle) {
        for (row, &from) in self.between.iter_mut().zip(&self.spots) {
            oracle.times_from(from, &self.spots, row);
        }
        self.reaches = self.between.iter().map(|row| mask(row, self.limit)).collect();
    }

    /// Spots that a vehicle at `place` covers. O(spots) queries.
    #[must_use]
    pub fn reach(&self, place: Location, oracle: &dyn Oracle) -> Reach {
        mask(&self.times_from(place, oracle), self.limit)
    }

    /// Where a vehicle that is idle at `place` should wait, if moving is worth it. `others` are the other vehicles that are or
    /// will soon be free, of a fleet of `n_vehicles` with this one. O(spots) queries.
    #[must_use]
    pub fn best_wait(
        &self,
        place: Location,
        others: &Cover,
        n_vehicles: usize,
        oracle: &dyn Oracle,
    ) -> Option<Location> {
        let open = self.open_weights(others, n_vehicles);
        let away = self.times_from(place, oracle);
        let stay = gain(mask(&away, self.limit), &open);
        let worth = |(spot, &reach): (usize, &Reach)| {
            let drive = *away.get(spot).filter(|&&drive| drive <= MOVE_MAX)?;
            let more = gain(reach, &open).checked_sub(stay)?;
            let net = (more * u64::from(WORTH.get()) / SEEN / SHARE_ONE)
                .checked_sub(u64::from(drive.get()))
                .filter(|&net| net > 0)?;
            Some((net, spot))
        };
        // The heaviest net gain; of equal ones the first spot.
        let rows = self.reaches.iter().enumerate();
        let (_, spot) = rows.filter_map(worth).max_by_key(|&(net, spot)| (net, Reverse(spot)))?;
        self.spots.get(spot).copied().filter(|&target| target != place)
    }

    /// What it is worth to wait at `to` instead of `from`, as [`Self::best_wait`] counts it.
    #[must_use]
    pub fn worth(
        &self,
        from: Location,
        to: Location,
        others: &Cover,
        n_vehicles: usize,
        oracle: &dyn Oracle,
    ) -> Worth {
        let open = self.open_weights(others, n_vehicles);
        let of = |place| {
            let milli = gain(self.reach(place, oracle), &open) / SHARE_ONE;
            i64::try_from(milli).unwrap_or(i64::MAX)
        };
        let more = of(to) - of(from);
        let worth_ms = more.max(0).saturating_mul(i64::from(WORTH.get())) / 1000;
        Worth {
            to,
            drive: oracle.time(from, to),
            more_milli: more,
            worth: Millis::new(u32::try_from(worth_ms).unwrap_or(u32::MAX / 2)),
        }
    }

    fn times_from(&self, place: Location, oracle: &dyn Oracle) -> Vec<Millis> {
        let mut times = vec![Millis::INFINITE; self.spots.len()];
        oracle.times_from(place, &self.spots, &mut times);
        times
    }

    /// What one more vehicle is worth at each spot, times [`SHARE_ONE`]: the demand there that would find no other.
    fn open_weights(&self, others: &Cover, n_vehicles: usize) -> Vec<u64> {
        let n_busy = n_vehicles.saturating_sub(others.n_free + 1) as u64;
        let busy = (SHARE_ONE * n_busy / (n_vehicles.max(1) as u64)).clamp(BUSY_MIN, BUSY_MAX);
        let counts = others.counts.iter().copied().chain(std::iter::repeat(0));
        let left = |(weight, count): (u64, u16)| {
            (0..count.min(40)).fold((SHARE_ONE - busy) * weight, |left, _| left * busy / SHARE_ONE)
        };
        self.weights().zip(counts).map(left).collect()
    }
}

fn mask(times: &[Millis], limit: Millis) -> Reach {
    let within = times.iter().enumerate().filter(|&(_, &time)| time <= limit);
    within.fold(0, |reach, (spot, _)| reach | 1 << spot)
}

fn gain(reach: Reach, open: &[u64]) -> u64 {
    open.iter().enumerate().filter(|&(spot, _)| reach >> spot & 1 == 1).map(|(_, w)| w).sum()
}
