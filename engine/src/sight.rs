//! Lower bounds of travel times without looking at a road: the triangle rule with a few landmarks.
//!
//! For every landmark `l`: `time(a, b) >= time(a, l) - time(b, l)` and `time(a, b) >= time(l, b) - time(l, a)` (ALT, Goldberg and
//! Harrelson, SODA 2005). A place keeps its times to and from all landmarks in one cache line, its [`Sight`]; a bound costs a
//! few nanoseconds, a tenth of a query.
//!
//! **Why a bound is never more than the time.** The times of a sight must obey the triangle rule, and be those of a map on which no
//! drive takes longer than on the real one. Real times will not do: where stopping is a way round a turn restriction, they break
//! the rule. See `region/relaxed.rs` for the map that a region uses. So no decision depends on which landmarks there are.
//!
//! Times are in half seconds, rounded down and cut at `FAR`. A cut never makes a bound too large: two cut values give
//! zero, and one of them less than the truth. The time of a place is a sum of two that were rounded down, so the difference of two
//! places can be too large, but by less than two units, which each bound gives back.

use crate::units::Millis;

/// Landmarks at most: two directions of so many fill a cache line.
pub const LANDMARKS_MAX: usize = 16;
/// Milliseconds of a unit.
pub(crate) const UNIT_MS: u32 = 500;
/// Longest time that is told apart, four and a half hours; also that of a landmark that is not there.
pub(crate) const FAR: i16 = i16::MAX;
/// Units that [`Sight::cell`] does not tell apart, as a power of two: two minutes. Of 7, 8, 9 and 10 the decision of a
/// fleet of 10,000 took 38, 41, 47 and 82 us in the median, of one of 1,000 25, 24, 21 and 23.
const CELL_BITS: u32 = 8;
/// What rounding can make of a difference.
const ROUNDED: i16 = 2;

/// The times of a place to all landmarks, and from all landmarks with the sign turned.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(align(64))]
pub struct Sight([i16; 2 * LANDMARKS_MAX]);

/// Without landmarks: among such places all bounds are zero. Beside other sights, that of a place to which there is no way.
impl Default for Sight {
    fn default() -> Self {
        Self(std::array::from_fn(|lane| if lane < LANDMARKS_MAX { FAR } else { -FAR }))
    }
}

impl Sight {
    /// From the times to all landmarks and from all of them, in the same order; those beyond [`LANDMARKS_MAX`] are left out.
    #[must_use]
    pub fn new(
        to: impl IntoIterator<Item = Millis>,
        from: impl IntoIterator<Item = Millis>,
    ) -> Self {
        let mut sight = Self::default();
        let (to_lanes, from_lanes) = sight.0.split_at_mut(LANDMARKS_MAX);
        to_lanes.iter_mut().zip(to).for_each(|(lane, time)| *lane = units(time.get()));
        from_lanes.iter_mut().zip(from).for_each(|(lane, time)| *lane = -units(time.get()));
        sight
    }

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
        i64::from((units - ROUNDED).max(0)) * i64::from(UNIT_MS)
    }

    /// Nearer, if the landmarks can be reached over a place of this sight, so many milliseconds away.
    pub(crate) fn leave_by(&mut self, next: &Self, ms: u32) {
        let (away, lanes) = (units(ms), self.0.iter_mut().zip(next.0).take(LANDMARKS_MAX));
        lanes.for_each(|(own, next)| *own = (*own).min(next.saturating_add(away)));
    }

    /// Nearer, if it can be reached from the landmarks over a place of this sight, so many milliseconds away.
    pub(crate) fn reach_by(&mut self, before: &Self, ms: u32) {
        let (away, lanes) = (units(ms), self.0.iter_mut().zip(before.0).skip(LANDMARKS_MAX));
        lanes.for_each(|(own, before)| *own = (*own).max(before.saturating_sub(away).max(-FAR)));
    }

    /// The time to a landmark.
    pub(crate) fn set_to(&mut self, landmark: usize, ms: u32) {
        if let Some(lane) = self.0.get_mut(landmark).filter(|_| landmark < LANDMARKS_MAX) {
            *lane = units(ms);
        }
    }

    /// The time from a landmark.
    pub(crate) fn set_from(&mut self, landmark: usize, ms: u32) {
        if let Some(lane) = self.0.get_mut(LANDMARKS_MAX + landmark) {
            *lane = -units(ms);
        }
    }

    /// From here every place looks no farther away than from either of two.
    pub(crate) fn least(&self, other: &Self) -> Self {
        let mut least = *self;
        least.0.iter_mut().zip(other.0).for_each(|(own, other)| *own = (*own).min(other));
        least
    }

    /// Whoever shares this is not far away: the times to the first and the third landmark, which is off the line of the first two.
    pub(crate) fn cell(&self) -> [u8; 2] {
        [0, 2].map(|landmark| u8::try_from(self.0[landmark] >> CELL_BITS).unwrap_or(u8::MAX))
    }
}

fn units(ms: u32) -> i16 {
    i16::try_from(ms / UNIT_MS).unwrap_or(FAR)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_sight_without_landmarks_bounds_nothing() {
        let some = [90, 500].map(|to| Sight::new([Millis::from_secs(to)], []));
        let none = Sight::default();
        assert_eq!([none.least_ms(&none), some[0].least_ms(&some[1])], [0; 2]);
        assert_eq!(some[1].least_ms(&some[0]), 409_000);
        let far = Sight::new([90, 90, 500].map(Millis::from_secs), []);
        assert_eq!(
            [some[0].cell()[0], some[1].cell()[0], far.cell()[0], far.cell()[1]],
            [0, 3, 0, 3]
        );
    }

    #[test]
    fn bounds_are_differences_less_what_rounding_may_add() {
        let seconds = |to, from| Sight::new([Millis::from_secs(to)], [Millis::from_secs(from)]);
        let (near, far) = (seconds(60, 50), seconds(200, 90));
        assert_eq!(far.least_ms(&near), 139_000);
        assert_eq!(near.least_ms(&far), 39_000);
        // What is cut is as far as everything that is cut.
        let cut = [100_000, 200_000].map(|far| seconds(far, far));
        assert_eq!([cut[0].least_ms(&cut[1]), cut[1].least_ms(&cut[0])], [0; 2]);
        assert!(near.least_ms(&cut[0]) <= 100_000_000);
    }
}
