//! How much time is kept in hand because drives take longer or shorter than they should.
//!
//! Plans are made with mean times, promises with a reserve. If each leg of a drive is off by a share of deviation `time_sigma`,
//! independently of the others, then after `h` of driving on legs of length `L` a visit is off by `time_sigma x sqrt(L h)`, and by
//! `time_sigma x h` on the first leg. The reserve of a visit is [`Policy::reserve_z_milli`] such deviations, by how far ahead
//! it lies; nothing lies farther ahead than [`FAR`], because vehicles wait now and then, and start afresh.
//!
//! The reserve of a visit depends only on the time until then, not on the way there, so the rule is just an earlier bound for
//! each window, [`Policy::bound`], and every test of a window stays what it is. A bound never moves back as time
//! passes: what keeps the reserve now keeps it later if all goes as planned. With a deviation of 0 the bound is the window.

use crate::fleet::plan::Action;
use crate::fleet::visit::{Visit, VisitTimes};
use crate::planning::policy::Policy;
use crate::units::{EngineTime, Millis};

/// The length of a leg.
const LEG: Millis = Millis::from_secs(420);
/// The reserve grows no more beyond this.
const FAR: Millis = Millis::from_secs(2700);
/// Fractions in square roots.
const FINE: u128 = 1 << 10;
/// Deviations and their number are both in thousandths.
const ONE: u128 = 1_000_000;
/// A rider is looked after when so much of the reserve, in thousandths, is all that is left.
const ALERT_MILLI: u32 = 300;

impl Policy {
    /// Whether drives are taken to last as long as they should.
    #[must_use]
    pub const fn is_exact(&self) -> bool {
        self.time_sigma_milli == 0 || self.reserve_z_milli == 0
    }

    /// How far ahead something may be planned that may last `left`.
    #[must_use]
    pub fn cautious(&self, left: Millis) -> Millis {
        self.within(left, self.reserve_z_milli)
    }

    /// The latest time at `now` for what must be done by `latest`.
    #[must_use]
    pub fn bound(&self, latest: EngineTime, now: EngineTime) -> EngineTime {
        self.bound_with(latest, now, self.reserve_z_milli)
    }

    /// The same with little of the reserve left: whoever is planned later than this is in danger.
    #[must_use]
    pub fn alert(&self, latest: EngineTime, now: EngineTime) -> EngineTime {
        let z = u64::from(self.reserve_z_milli) * u64::from(ALERT_MILLI) / 1000;
        self.bound_with(latest, now, u32::try_from(z).unwrap_or(u32::MAX))
    }

    /// The bound of a planned visit: what is planned later than that already may stay, but not become later.
    #[must_use]
    pub fn bound_of(&self, visit: &Visit, times: VisitTimes, now: EngineTime) -> EngineTime {
        if self.is_exact() {
            return visit.latest;
        }
        self.bound(visit.latest, now).max(visit.counts(times)).min(visit.latest)
    }

    /// Two visits with the windows within which they may be promised at `now`.
    #[must_use]
    pub fn with_reserve(&self, (board, alight): (Visit, Visit), now: EngineTime) -> (Visit, Visit) {
        if self.is_exact() {
            return (board, alight);
        }
        let careful = |visit: Visit| Visit {
            latest: self.bound(visit.latest, now),
            ride_max: self.cautious(visit.ride_max),
            ..visit
        };
        (careful(board), careful(alight))
    }

    fn bound_with(&self, latest: EngineTime, now: EngineTime, z_milli: u32) -> EngineTime {
        if self.is_exact() || latest <= now {
            return latest;
        }
        let left = latest.since(now);
        if left.is_infinite() { latest } else { now + self.within(left, z_milli) }
    }

    /// The longest `h` that leaves a reserve of `z_milli` within `left`.
    fn within(&self, left: Millis, z_milli: u32) -> Millis {
        if self.time_sigma_milli == 0 || left.is_infinite() {
            return left;
        }
        let share = u128::from(self.time_sigma_milli) * u128::from(z_milli);
        let ms = |time: Millis| u128::from(time.get());
        // On the first leg: h + share h = left.
        let straight = ms(left) * ONE / (ONE + share);
        // Behind it: h + b sqrt(h) = left with b = share sqrt(LEG), solved for sqrt(h).
        let b = (share * share * ms(LEG) * FINE * FINE / ONE / ONE).isqrt();
        let root = ((b * b + 4 * ms(left) * FINE * FINE).isqrt() - b) / 2;
        let curved = root * root / FINE / FINE;
        let far = ms(left).saturating_sub((b * b * ms(FAR)).isqrt() / FINE);
        let ahead = if straight <= ms(LEG) {
            straight
        } else if curved <= ms(FAR) {
            curved.max(ms(LEG))
        } else {
            far.max(ms(FAR))
        };
        u32::try_from(ahead).map_or(left, Millis::new).min(left)
    }
}

/// Which time of a visit its window bounds.
impl Visit {
    /// The begin of boarding, or the end of alighting.
    #[must_use]
    pub const fn counts(&self, times: VisitTimes) -> EngineTime {
        match self.action {
            Action::Board => times.begin,
            Action::Alight => times.end,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn policy(sigma: f64) -> Policy {
        #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "small")]
        let time_sigma_milli = (sigma * 1000.0) as u32;
        Policy { time_sigma_milli, reserve_z_milli: 2000, ..Policy::default() }
    }

    #[test]
    fn the_reserve_is_what_the_formula_says() {
        let policy = policy(0.15);
        let s = Millis::from_secs;
        // 300 s ahead on one leg: 2 x 0.15 x 300 = 90 s in hand.
        assert_eq!(policy.cautious(s(390)), s(300));
        // 800 s ahead: 0.3 x sqrt(420 x 800) = 173.9 s.
        let ahead = policy.cautious(s(974));
        assert!(ahead.get().abs_diff(800_000) < 300, "{ahead}");
        // Hours ahead: never more than 0.3 x sqrt(420 x 2700) = 319.5 s.
        let ahead = policy.cautious(s(20_000));
        assert!(ahead.get().abs_diff(19_680_500) < 300, "{ahead}");
        assert_eq!(Policy::default().cautious(s(500)), s(500));
    }

    #[test]
    fn a_bound_never_moves_back_as_time_passes_and_never_lies_behind_the_window() {
        let policy = policy(0.15);
        let at = EngineTime::from_unix_ms;
        for latest in [0, 1, 999, 400_000, 546_000, 546_001, 900_000, 3_000_000, 5_000_000] {
            let mut before = at(i64::MIN / 8);
            for now in (-6_000_000..latest).step_by(997) {
                let bound = policy.bound(at(latest), at(now));
                // Square roots are rounded: two milliseconds.
                assert!(before.unix_ms() <= bound.unix_ms() + 2, "{latest} {now}");
                assert!(bound <= at(latest) && at(now) <= bound);
                before = bound;
            }
        }
    }
}
