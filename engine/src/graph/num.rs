//! The few conversions between floats, `usize` and the `u32` of tables, each with its rounding.

/// All arc times are multiples of so many milliseconds: a tenth of a second, as in OSRM and KaRRi, so that the times of most
/// ways fit 16 bits.
pub(crate) const TICK_MS: u32 = 100;
/// Longest time of one arc, about six days. Nothing on a road takes longer; it keeps sums of a few arcs exact.
pub(crate) const ARC_MS_MAX: u32 = (1 << 29) / TICK_MS * TICK_MS;

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

/// Milliseconds to the nearest whole tick, at least one, at most [`ARC_MS_MAX`].
pub(crate) fn whole_ticks(ms: u32) -> u32 {
    let ticks = ms.min(ARC_MS_MAX).saturating_add(TICK_MS / 2) / TICK_MS;
    ticks.max(1) * TICK_MS
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
