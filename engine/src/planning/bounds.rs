//! Lower bounds of travel times without looking at a road: the triangle rule with a few landmarks.
//!
//! For every landmark `l`: `time(a, b) >= time(a, l) - time(b, l)` and `time(a, b) >= time(l, b) - time(l, a)` (ALT, Goldberg and
//! Harrelson, SODA 2005). A place keeps its times to and from all landmarks in one cache line, its [`Sight`]; a bound costs a
//! few nanoseconds, a tenth of a query.
//!
//! Times are in whole seconds, rounded down and cut at `FAR`. A cut never makes a bound too large: two cut values give
//! zero, and one of them less than the truth. Rounding can, by less than a second, so each bound gives one second back.
//!
//! The rule fails where stopping is a way round a turn restriction (see `region::oracle`): a bound is then too large, for about one
//! random triple of places in 15,000 to 200,000 on real maps. What follows from a bound must not become part of the state for good.

use crate::oracle::{Location, Oracle};
use crate::units::Millis;

/// Landmarks at most: two directions of so many fill a cache line.
const LANDMARKS_MAX: usize = 16;
/// Milliseconds of a unit.
const UNIT_MS: u32 = 1000;
/// Longest time that is told apart: half of what fits, so that differences of two signs fit too.
const FAR: i16 = i16::MAX / 2;
/// Places among which landmarks are chosen.
const PLACES_MAX: usize = 256;
/// Landmarks are chosen first when so many places are known, and again whenever there are four times as many.
const PLACES_MIN: usize = 4;

/// The times of a place to all landmarks, and from all landmarks with the sign turned.
#[derive(Clone, Copy, Debug)]
pub struct Sight([i16; 2 * LANDMARKS_MAX]);

impl Sight {
    /// A lower bound of the time from here to `to` in milliseconds, zero or more.
    ///
    /// Never inlined, and written as a difference, a halving and a rest: so it becomes a dozen vector instructions, where one loop
    /// over lanes was unrolled into a hundred scalar ones.
    #[inline(never)]
    #[must_use]
    pub fn least_ms(&self, to: &Self) -> i64 {
        let apart: [i16; 2 * LANDMARKS_MAX] =
            std::array::from_fn(|lane| self.0[lane].wrapping_sub(to.0[lane]));
        let half: [i16; LANDMARKS_MAX] =
            std::array::from_fn(|lane| apart[lane].max(apart[lane + LANDMARKS_MAX]));
        let units = half.into_iter().fold(0, i16::max);
        i64::from((units - 1).max(0)) * i64::from(UNIT_MS)
    }
}

impl Sight {
    /// From here every place looks no farther away than from either of two.
    pub(super) fn least(&self, other: &Self) -> Self {
        let mut least = *self;
        least.0.iter_mut().zip(other.0).for_each(|(own, other)| *own = (*own).min(other));
        least
    }

    /// The two nearest of the first `n_landmarks` landmarks.
    pub(super) fn nearest(&self, n_landmarks: usize) -> [u8; 2] {
        let mut nearest = [(i16::MAX, 0); 2];
        for (landmark, &time) in (0..).zip(self.0.iter().take(n_landmarks.min(LANDMARKS_MAX))) {
            let found = (time, landmark);
            if found < nearest[0] {
                nearest = [found, nearest[0]];
            } else if found < nearest[1] {
                nearest[1] = found;
            }
        }
        nearest.map(|(_, landmark)| landmark)
    }
}

/// Places far from one another, found among those that were asked about.
#[derive(Clone, Debug, Default)]
pub struct Landmarks {
    chosen: Vec<Location>,
    /// Different places in the order in which they were seen.
    places: Vec<Location>,
}

impl Landmarks {
    /// Notes a place. True if other landmarks were chosen: then all sights have to be taken anew, which happens four times at
    /// most.
    pub fn see(&mut self, place: Location, oracle: &dyn Oracle) -> bool {
        if self.places.len() == PLACES_MAX || self.places.contains(&place) {
            return false;
        }
        self.places.push(place);
        let n = self.places.len();
        let is_due = PLACES_MIN <= n && n.is_power_of_two() && n.ilog2().is_multiple_of(2);
        if is_due {
            self.choose(oracle);
        }
        is_due
    }

    /// One landmark after the other, each as far as can be, there and back, from those before.
    fn choose(&mut self, oracle: &dyn Oracle) {
        self.chosen.clear();
        let mut there = vec![Millis::INFINITE; self.places.len()];
        let mut back = there.clone();
        let mut nearest = there.clone();
        let mut next = self.places.first().copied();
        for round in 0..=LANDMARKS_MAX {
            let Some(from) = next else { return };
            oracle.times_from(from, &self.places, &mut there);
            oracle.times_to(&self.places, from, &mut back);
            for (near, (&there, &back)) in nearest.iter_mut().zip(there.iter().zip(&back)) {
                *near = (*near).min(there + back);
            }
            let apart = self.places.iter().zip(&nearest).filter(|(_, near)| !near.is_infinite());
            let farthest = apart.max_by_key(|&(place, near)| (*near, std::cmp::Reverse(*place)));
            next = farthest.filter(|(_, near)| **near > Millis::ZERO).map(|(place, _)| *place);
            if round == 0 {
                // Any place will do to find the first landmark, the place farthest from it.
                nearest.fill(Millis::INFINITE);
            } else {
                // Landmarks are nodes: nobody gains by stopping there.
                let [_, head] = oracle.arc_at(from);
                self.chosen.push(Location::Node(head));
            }
        }
    }

    /// How many there are.
    pub(super) fn count(&self) -> usize {
        self.chosen.len()
    }

    /// The sight of a place.
    #[must_use]
    pub fn sight(&self, place: Location, oracle: &dyn Oracle) -> Sight {
        let mut ms = [Millis::INFINITE; LANDMARKS_MAX];
        let mut sight = [0; 2 * LANDMARKS_MAX];
        let (to, from) = sight.split_at_mut(LANDMARKS_MAX);
        let Some(ms) = ms.get_mut(..self.chosen.len()) else { return Sight(sight) };
        oracle.times_from(place, &self.chosen, ms);
        to.iter_mut().zip(&*ms).for_each(|(cell, &time)| *cell = units(time));
        oracle.times_to(&self.chosen, place, ms);
        from.iter_mut().zip(&*ms).for_each(|(cell, &time)| *cell = -units(time));
        Sight(sight)
    }
}

fn units(time: Millis) -> i16 {
    i16::try_from(time.get() / UNIT_MS).map_or(FAR, |units| units.min(FAR))
}
