//! Integer units: every duration, point in time and length inside the engine.
//!
//! Seconds and floats exist only in messages and reports. Conversions say how they round.

use std::fmt;
use std::ops::{Add, AddAssign, Sub};

use serde::{Deserialize, Serialize};

/// A duration in milliseconds, at most [`Millis::INFINITE`].
#[derive(
    Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize,
)]
pub struct Millis(u32);

// One addition of two durations cannot overflow.
const _: () = assert!(Millis::INFINITE.0.checked_add(Millis::INFINITE.0).is_some());

impl Millis {
    /// No time at all.
    pub const ZERO: Self = Self(0);
    /// "Never": larger than any real duration (about 24 days) and safe to add to itself once.
    pub const INFINITE: Self = Self(u32::MAX / 2);

    /// `ms` milliseconds; anything beyond [`Millis::INFINITE`] is [`Millis::INFINITE`].
    #[must_use]
    pub const fn new(ms: u32) -> Self {
        if ms > Self::INFINITE.0 { Self::INFINITE } else { Self(ms) }
    }

    /// `s` whole seconds, cut at [`Millis::INFINITE`].
    #[must_use]
    pub const fn from_secs(s: u32) -> Self {
        Self::new(s.saturating_mul(1000))
    }

    /// The milliseconds.
    #[must_use]
    pub const fn get(self) -> u32 {
        self.0
    }

    /// Seconds for reports.
    #[must_use]
    pub fn as_secs_f64(self) -> f64 {
        f64::from(self.0) / 1000.0
    }

    /// Whether this is "never".
    #[must_use]
    pub const fn is_infinite(self) -> bool {
        self.0 >= Self::INFINITE.0
    }

    /// `self - other`, or zero.
    #[must_use]
    pub const fn saturating_sub(self, other: Self) -> Self {
        Self(self.0.saturating_sub(other.0))
    }
}

impl Add for Millis {
    type Output = Self;
    /// Cut at [`Millis::INFINITE`], so that sums of "never" stay "never".
    fn add(self, other: Self) -> Self {
        Self::new(self.0 + other.0)
    }
}

impl AddAssign for Millis {
    fn add_assign(&mut self, other: Self) {
        *self = *self + other;
    }
}

impl std::iter::Sum for Millis {
    fn sum<I: Iterator<Item = Self>>(iter: I) -> Self {
        iter.fold(Self::ZERO, Add::add)
    }
}

impl fmt::Display for Millis {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.is_infinite() { f.write_str("never") } else { write!(f, "{} ms", self.0) }
    }
}

/// A point in time: milliseconds since 1970-01-01T00:00:00Z.
#[derive(
    Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize,
)]
pub struct EngineTime(i64);

impl EngineTime {
    /// Later than everything.
    pub const NEVER: Self = Self(i64::MAX / 4);

    /// From milliseconds since the Unix epoch.
    #[must_use]
    pub const fn from_unix_ms(ms: i64) -> Self {
        Self(ms)
    }

    /// Milliseconds since the Unix epoch.
    #[must_use]
    pub const fn unix_ms(self) -> i64 {
        self.0
    }

    /// Time from `earlier` until `self`, or zero if `self` is not later; cut at [`Millis::INFINITE`].
    #[must_use]
    pub fn since(self, earlier: Self) -> Millis {
        let ms = self.0.saturating_sub(earlier.0).max(0);
        u32::try_from(ms).map_or(Millis::INFINITE, Millis::new)
    }
}

impl Add<Millis> for EngineTime {
    type Output = Self;
    fn add(self, duration: Millis) -> Self {
        if duration.is_infinite() { Self::NEVER } else { Self(self.0 + i64::from(duration.0)) }
    }
}

impl Sub<Millis> for EngineTime {
    type Output = Self;
    fn sub(self, duration: Millis) -> Self {
        Self(self.0 - i64::from(duration.0))
    }
}

/// A length along roads in millimetres (so that sums of rounded parts stay exact).
#[derive(
    Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize,
)]
pub struct Millimeters(u64);

impl Millimeters {
    /// No length.
    pub const ZERO: Self = Self(0);

    /// `mm` millimetres.
    #[must_use]
    pub const fn new(mm: u64) -> Self {
        Self(mm)
    }

    /// The millimetres.
    #[must_use]
    pub const fn get(self) -> u64 {
        self.0
    }

    /// Metres for reports.
    #[must_use]
    #[expect(clippy::cast_precision_loss, reason = "exact below 9e12 m, a report only")]
    pub fn as_meters_f64(self) -> f64 {
        self.0 as f64 / 1000.0
    }
}

impl Add for Millimeters {
    type Output = Self;
    fn add(self, other: Self) -> Self {
        Self(self.0 + other.0)
    }
}

impl AddAssign for Millimeters {
    fn add_assign(&mut self, other: Self) {
        self.0 += other.0;
    }
}

impl std::iter::Sum for Millimeters {
    fn sum<I: Iterator<Item = Self>>(iter: I) -> Self {
        iter.fold(Self::ZERO, Add::add)
    }
}
