//! How much time is kept in hand because drives take longer or shorter than they should.
//!
//! Plans are made with mean times, promises with a reserve. If each leg of a drive is off by a share of deviation `time_sigma`,
//! independently of the others, then the arrival behind some legs is off by `time_sigma` times the root of the sum of their
//! squares: the [`Spread`] of what is still to be driven. So one long leg needs more than many short ones. What a vehicle waits on its
//! way makes good what it has lost before. The reserve of a visit is [`Policy::reserve_z_milli`] such deviations, and a few seconds for
//! what a vehicle under way has not reported yet.
//!
//! **Part of the rule.** A visit is planned no later than its window less its reserve. What has lost some of its reserve to the
//! world already may stay where it is, but not come later. A ride keeps a reserve for the legs between its two visits. With
//! a deviation of 0 all reserves are 0, and windows are what they say.

use crate::fleet::plan::Action;
use crate::fleet::visit::{Visit, VisitTimes};
use crate::planning::policy::Policy;
use crate::units::{EngineTime, Millis};

/// Deviations and their number are both in thousandths.
const ONE: u64 = 1_000_000;
/// A rider is looked after when so much of the reserve, in thousandths, is all that is left.
const ALERT_MILLI: u64 = 400;
/// A vehicle under way may be so late, in milliseconds, before it says so.
const UNREPORTED_MS: u64 = 10_000;
/// The leg to a pickup, as far as it is known before there is a place: a good one, which is checked later.
const PICKUP_LEG: Millis = Millis::from_secs(300);

/// The sum of the squares of the legs until a visit, in milliseconds squared.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Spread(u64);

impl Spread {
    /// With one more leg.
    #[must_use]
    pub fn over(self, leg: Millis) -> Self {
        let ms = u64::from(leg.get());
        Self(self.0.saturating_add(ms * ms))
    }

    /// What is behind `earlier`.
    #[must_use]
    pub const fn since(self, earlier: Self) -> Self {
        Self(self.0.saturating_sub(earlier.0))
    }

    /// After the vehicle has waited for `wait` on its way.
    #[must_use]
    pub fn after_wait(self, wait: Millis, policy: &Policy) -> Self {
        if wait == Millis::ZERO || policy.is_exact() {
            return self;
        }
        let unreported = Millis::new(u32::try_from(UNREPORTED_MS).unwrap_or(0));
        let left = policy.reserve(self).saturating_sub(wait + unreported);
        Self::default().over(Millis::new(policy.leg_of(left)))
    }
}

impl Policy {
    /// Whether drives are taken to last as long as they should.
    #[must_use]
    pub const fn is_exact(&self) -> bool {
        self.time_sigma_milli == 0 || self.reserve_z_milli == 0
    }

    /// What has to be kept in hand behind legs of this spread.
    #[must_use]
    pub fn reserve(&self, spread: Spread) -> Millis {
        if self.is_exact() {
            return Millis::ZERO;
        }
        let share = u64::from(self.time_sigma_milli) * u64::from(self.reserve_z_milli);
        let ms = spread.0.isqrt().saturating_mul(share) / ONE;
        let unreported = if spread.0 == 0 { 0 } else { UNREPORTED_MS };
        u32::try_from(ms + unreported).map_or(Millis::INFINITE, Millis::new)
    }

    /// Whether a visit at these times, planned at `before` until now, keeps its reserve, or at least what it had.
    #[must_use]
    pub fn is_careful(
        &self,
        visit: &Visit,
        (times, before): (VisitTimes, Option<VisitTimes>),
        spread: Spread,
    ) -> bool {
        self.is_exact()
            || before.is_some_and(|before| visit.counts(times) <= visit.counts(before))
            || visit.counts(times) + self.reserve(spread) <= visit.latest
    }

    /// A leg of which this is the reserve, in milliseconds.
    fn leg_of(&self, reserve: Millis) -> u32 {
        let share = u64::from(self.time_sigma_milli) * u64::from(self.reserve_z_milli);
        let ms = u64::from(reserve.get()) * ONE / share.max(1);
        u32::try_from(ms).unwrap_or(u32::MAX)
    }

    /// By how much a planned visit is short of the reserve that it must not lose: zero if nobody need look after it.
    #[must_use]
    pub fn danger(&self, visit: &Visit, times: VisitTimes, spread: Spread) -> Millis {
        let reserve = u64::from(self.reserve(spread).get()) * ALERT_MILLI / 1000;
        let reserve = u32::try_from(reserve).map_or(Millis::INFINITE, Millis::new);
        (visit.counts(times) + reserve).since(visit.latest)
    }

    /// The latest time for a visit that is planned at `times` and keeps what reserve it has, up to the whole.
    #[must_use]
    pub fn bound_of(&self, visit: &Visit, times: VisitTimes, spread: Spread) -> EngineTime {
        let bound = visit.latest - self.reserve(spread);
        bound.max(visit.counts(times)).min(visit.latest)
    }

    /// Two visits with the windows that leave a reserve behind one leg to the pickup and one to the drop-off.
    #[must_use]
    pub fn with_reserve(&self, (board, alight): (Visit, Visit)) -> (Visit, Visit) {
        let there = Spread::default().over(PICKUP_LEG);
        let on_the_way = self.reserve(Spread::default().over(alight.direct));
        let both = self.reserve(there.over(alight.direct));
        let ride_max = alight.ride_max.saturating_sub(on_the_way);
        (
            Visit { latest: board.latest - self.reserve(there), ride_max, ..board },
            Visit { latest: alight.latest - both, ride_max, ..alight },
        )
    }
}

impl Visit {
    /// The time that its window bounds: the begin of boarding, or the end of alighting.
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

    fn policy(time_sigma_milli: u32) -> Policy {
        Policy { time_sigma_milli, reserve_z_milli: 2000, ..Policy::default() }
    }

    #[test]
    fn the_reserve_is_what_the_formula_says() {
        let policy = policy(150);
        let s = Millis::from_secs;
        let one = Spread::default().over(s(300));
        // 2 x 0.15 x 300 s, and sqrt(2) times that behind two such legs; 10 s for what is not reported.
        assert_eq!(policy.reserve(one), s(100));
        assert_eq!(policy.reserve(one.over(s(300))).get(), 137_279);
        assert_eq!(policy.reserve(one.over(s(300)).since(one)), s(100));
        // A wait of 60 s leaves 30 s, that of a leg of 100 s.
        assert_eq!(policy.reserve(one.after_wait(s(60), &policy)), s(40));
        assert_eq!(policy.reserve(one.after_wait(s(91), &policy)), Millis::ZERO);
        assert_eq!(Policy::default().reserve(one), Millis::ZERO);
    }
}
