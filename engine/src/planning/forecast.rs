//! Where riders are expected, and where an idle vehicle should wait for them.
//!
//! Spots carry weights: a prior (population) and every request that was seen. A vehicle that waits within reach of a
//! spot covers it; the k-th vehicle there is worth half of the one before, for the others may be busy (MEXCLP with
//! busy fraction 1/2, Daskin 1983; moved greedily as vehicles fall idle, Jagtenberg et al. 2015).

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
/// Sum of the prior weights: as much as this many requests.
const PRIOR_REQUESTS: u64 = 200;
/// A request this near to a spot belongs to it; farther away it opens a new one while there is room.
const SAME_SPOT: Millis = Millis::from_secs(240);
/// Farther than this no idle vehicle is sent.
const MOVE_MAX: Millis = Millis::from_secs(1200);
/// A move of this length costs all that is gained by it.
const MOVE_HORIZON: Millis = Millis::from_secs(3600);

/// Expected demand.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct Forecast {
    spots: Vec<Location>,
    weights: Vec<u64>,
    /// Time from spot to spot, row by row of the source.
    between: Vec<Vec<Millis>>,
}

impl Forecast {
    /// Starts from the heaviest of `priors`, equal places once. O(spots²) queries.
    #[must_use]
    pub fn new(priors: &[Spot], oracle: &dyn Oracle) -> Self {
        let mut heaviest = priors.to_vec();
        heaviest.sort_by_key(|spot| (spot.location, std::cmp::Reverse(spot.weight)));
        heaviest.dedup_by_key(|spot| spot.location);
        heaviest.sort_by_key(|spot| (std::cmp::Reverse(spot.weight), spot.location));
        heaviest.truncate(SPOTS_MAX);
        let total: u64 = heaviest.iter().map(|spot| u64::from(spot.weight)).sum();
        let mut forecast = Self::default();
        for spot in heaviest {
            let share = u64::from(spot.weight) * PRIOR_REQUESTS * SEEN / total.max(1);
            forecast.open(spot.location, share.max(1), oracle);
        }
        forecast
    }

    /// Spots in order of their bit.
    #[must_use]
    pub fn spots(&self) -> &[Location] {
        &self.spots
    }

    /// Their weights.
    #[must_use]
    pub fn weights(&self) -> &[u64] {
        &self.weights
    }

    /// Learns from a request. O(spots) queries.
    pub fn see(&mut self, pickup: Location, oracle: &dyn Oracle) {
        let mut times = vec![Millis::INFINITE; self.spots.len()];
        oracle.times_to(&self.spots, pickup, &mut times);
        let nearest = times.iter().enumerate().min_by_key(|&(spot, time)| (*time, spot));
        match nearest {
            Some((spot, &time)) if time <= SAME_SPOT || self.spots.len() == SPOTS_MAX => {
                if let Some(weight) = self.weights.get_mut(spot).filter(|_| !time.is_infinite()) {
                    *weight += SEEN;
                }
            }
            _ => self.open(pickup, SEEN, oracle),
        }
    }

    fn open(&mut self, location: Location, weight: u64, oracle: &dyn Oracle) {
        for (row, &from) in self.between.iter_mut().zip(&self.spots) {
            row.push(oracle.time(from, location));
        }
        self.spots.push(location);
        self.weights.push(weight);
        let mut row = vec![Millis::INFINITE; self.spots.len()];
        oracle.times_from(location, &self.spots, &mut row);
        self.between.push(row);
    }

    /// Measures the times between all spots again. O(spots²) queries.
    pub fn measure(&mut self, oracle: &dyn Oracle) {
        for (row, &from) in self.between.iter_mut().zip(&self.spots) {
            oracle.times_from(from, &self.spots, row);
        }
    }

    /// Spots that a vehicle at `place` reaches within `limit`. O(spots) queries.
    #[must_use]
    pub fn reach(&self, place: Location, limit: Millis, oracle: &dyn Oracle) -> Reach {
        let mut times = vec![Millis::INFINITE; self.spots.len()];
        oracle.times_from(place, &self.spots, &mut times);
        mask(&times, limit)
    }

    /// Where a vehicle that is idle at `place` should wait, if moving is worth it. `others` are the reaches of the
    /// other vehicles that are or will soon be idle.
    #[must_use]
    pub fn best_wait(
        &self,
        place: Location,
        limit: Millis,
        others: &[Reach],
        oracle: &dyn Oracle,
    ) -> Option<Location> {
        let open = self.open_weights(others);
        let stay = gain(self.reach(place, limit, oracle), &open);
        let mut away = vec![Millis::INFINITE; self.spots.len()];
        oracle.times_from(place, &self.spots, &mut away);
        let worth = |(spot, row): (usize, &Vec<Millis>)| {
            let drive = *away.get(spot)?;
            let gain = gain(mask(row, limit), &open);
            let lost = u128::from(gain) * u128::from(drive.get()) / u128::from(MOVE_HORIZON.get());
            let net = gain.saturating_sub(u64::try_from(lost).unwrap_or(u64::MAX));
            (drive <= MOVE_MAX).then_some((net, spot))
        };
        let rows = self.between.iter().enumerate();
        // The heaviest net gain; of equal ones the first spot.
        let (net, spot) =
            rows.filter_map(worth).max_by_key(|&(net, spot)| (net, std::cmp::Reverse(spot)))?;
        let target = *self.spots.get(spot)?;
        (net > stay + stay / 2 && target != place).then_some(target)
    }

    /// What one more vehicle is worth at each spot: the weight, halved for each that covers it already.
    fn open_weights(&self, others: &[Reach]) -> Vec<u64> {
        let halved = |(spot, &weight): (usize, &u64)| {
            let covering = others.iter().filter(|reach| *reach >> spot & 1 == 1).count();
            weight >> covering.min(40)
        };
        self.weights.iter().enumerate().map(halved).collect()
    }
}

fn mask(times: &[Millis], limit: Millis) -> Reach {
    let within = times.iter().enumerate().filter(|&(_, &time)| time <= limit);
    within.fold(0, |reach, (spot, _)| reach | 1 << spot)
}

fn gain(reach: Reach, open: &[u64]) -> u64 {
    open.iter().enumerate().filter(|&(spot, _)| reach >> spot & 1 == 1).map(|(_, w)| w).sum()
}
