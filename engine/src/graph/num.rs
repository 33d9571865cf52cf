//! The few conversions between floats, `usize` and the `u32` of tables, each with its rounding.

/// Longest time of one arc, about six days. Nothing on a road takes longer; it keeps sums of a few arcs exact. A whole number of ticks of
/// every size.
pub(crate) const ARC_MS_MAX: u32 = (1 << 29) / Tick::COARSEST.ms() * Tick::COARSEST.ms();

/// What all arc times of a region are multiples of: a tenth of a second, as in OSRM and KaRRi, or twice, four or eight times that in
/// regions where many drives take so long that their ticks would not fit 16 bits (109 minutes, 218, 7 hours, 14 hours).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Tick(u8);

impl Tick {
    /// A tenth of a second.
    pub(crate) const FINEST: Self = Self(0);
    /// Eight tenths of a second.
    pub(crate) const COARSEST: Self = Self(3);
    /// All of them, the finest first.
    pub(crate) const ALL: [Self; 4] = [Self(0), Self(1), Self(2), Self(3)];
    /// Milliseconds of the finest.
    const FINEST_MS: u32 = 100;

    /// By how often it is doubled, as in a file.
    pub(crate) fn from_doublings(doublings: u8) -> Option<Self> {
        Self::ALL.get(usize::from(doublings)).copied()
    }

    /// How often a tenth of a second is doubled.
    pub(crate) const fn doublings(self) -> u8 {
        self.0
    }

    /// Milliseconds of a tick.
    #[inline(always)]
    pub(crate) const fn ms(self) -> u32 {
        // At most 800; a check for overflow would keep loops from being vectorised.
        Self::FINEST_MS.wrapping_shl(self.0 as u32)
    }

    /// The ticks of a time that is a whole number of them.
    #[inline(always)]
    pub(crate) const fn of(self, ms: u32) -> u32 {
        // A shift is quicker than a division by what is not known beforehand.
        (ms / Self::FINEST_MS).wrapping_shr(self.0 as u32)
    }

    /// Milliseconds to the nearest whole tick, at least one, at most [`ARC_MS_MAX`].
    pub(crate) fn whole(self, ms: u32) -> u32 {
        let ticks = ms.min(ARC_MS_MAX).saturating_add(self.ms() / 2) / self.ms();
        ticks.max(1) * self.ms()
    }
}

/// A row number of a table; tables are checked to have fewer than 2^32 rows before they are built.
pub(crate) fn row(idx: usize) -> u32 {
    u32::try_from(idx).unwrap_or(u32::MAX)
}

/// Milliseconds rounded up, at most [`ARC_MS_MAX`].
#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "cut to range before")]
pub(crate) fn ms_up(ms: f64) -> u32 {
    // Sums of floats that should be whole may be a hair above.
    (ms - 1e-6).ceil().clamp(0.0, f64::from(ARC_MS_MAX)) as u32
}

/// Metres to millimetres, rounded to the nearest, cut at 4,294 km.
#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "cut to range before")]
pub(crate) fn mm_nearest(meters: f64) -> u32 {
    (meters * 1000.0).round().clamp(0.0, f64::from(u32::MAX)) as u32
}

/// `low + (high - low) * part / whole`, rounded down; `low` if `whole` is zero. Needs `low <= high`, `part <= whole`.
pub(crate) fn interpolate(low: u32, high: u32, part: u32, whole: u32) -> u32 {
    let span = u64::from(high.saturating_sub(low)) * u64::from(part);
    let share = span.checked_div(u64::from(whole)).unwrap_or(0);
    low + u32::try_from(share).unwrap_or(u32::MAX).min(high.saturating_sub(low))
}
