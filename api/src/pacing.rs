//! How long a turn of the core may last: what it has done waits for the sync that ends it, so turns are short where syncs are.

use std::time::{Duration, Instant};

use crate::limits::{TURN_BUDGET_MAX, TURN_BUDGET_MIN, TURN_SYNCS};

/// The length of turns.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Pace {
    /// As the disk allows: for so long held-back rides are taken.
    Timed(Duration),
    /// Until nothing is held back, so that what a turn does depends on no clock.
    Unpaced,
}

impl Default for Pace {
    fn default() -> Self {
        Self::Timed(TURN_BUDGET_MAX)
    }
}

impl Pace {
    /// Whether a turn that began then has lasted long enough.
    pub(crate) fn is_over(self, begun: Instant) -> bool {
        matches!(self, Self::Timed(budget) if budget <= begun.elapsed())
    }

    /// Learns how long the last sync took: the more it costs, the more commands have to share one.
    pub(crate) fn synced(&mut self, took: Duration) {
        if let Self::Timed(budget) = self {
            *budget = took.saturating_mul(TURN_SYNCS).clamp(TURN_BUDGET_MIN, TURN_BUDGET_MAX);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn turns_are_as_long_as_syncs_ask_for() {
        let mut pace = Pace::default();
        let budget = |pace: &mut Pace, took| {
            pace.synced(took);
            *pace
        };
        let half = Duration::from_micros(500);
        assert_eq!(budget(&mut pace, half), Pace::Timed(half * TURN_SYNCS));
        assert_eq!(budget(&mut pace, Duration::ZERO), Pace::Timed(TURN_BUDGET_MIN));
        assert_eq!(budget(&mut pace, Duration::MAX), Pace::Timed(TURN_BUDGET_MAX));
        let Some(long_ago) = Instant::now().checked_sub(TURN_BUDGET_MAX) else { return };
        assert!(pace.is_over(long_ago));
        assert!(!pace.is_over(Instant::now()));
        let mut pace = Pace::Unpaced;
        assert_eq!(budget(&mut pace, half), Pace::Unpaced);
        assert!(!pace.is_over(long_ago));
    }
}
