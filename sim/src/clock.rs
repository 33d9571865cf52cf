//! Points in time as people write them: RFC 3339 with the offset of the region's clocks.
//!
//! The offset is fixed for a whole study (no change between summer and winter time within it).

use jiff::Timestamp;
use jiff::fmt::temporal::Pieces;
use jiff::tz::Offset;
use sharxi_engine::units::EngineTime;

/// One hour in milliseconds.
pub const HOUR_MS: i64 = 3_600_000;
/// One day in milliseconds.
pub const DAY_MS: i64 = 24 * HOUR_MS;

/// Why a text is no point in time.
#[derive(Debug, thiserror::Error)]
#[error("{text:?} is no time such as 2026-11-24T06:00:00+01:00")]
pub struct TimeError {
    /// What was found.
    text: String,
}

/// Writes times with one fixed offset from UTC.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LocalClock {
    offset: Offset,
}

impl LocalClock {
    /// UTC itself.
    pub const UTC: Self = Self { offset: Offset::UTC };

    /// The clock whose offset an RFC 3339 text bears.
    ///
    /// # Errors
    /// [`TimeError`] if the text is no RFC 3339 time with an offset.
    pub fn of(text: &str) -> Result<Self, TimeError> {
        let error = || TimeError { text: text.to_owned() };
        let pieces = Pieces::parse(text).map_err(|_unreadable| error())?;
        pieces.to_numeric_offset().map(|offset| Self { offset }).ok_or_else(error)
    }

    /// `2026-11-24T06:00:00.000+01:00`.
    #[must_use]
    pub fn format_ms(self, time: EngineTime) -> String {
        self.format(time, 3)
    }

    /// `2026-11-24T06:00:00+01:00`; milliseconds only if there are any.
    #[must_use]
    pub fn format_s(self, time: EngineTime) -> String {
        self.format(time, if time.unix_ms().rem_euclid(1000) == 0 { 0 } else { 3 })
    }

    /// `06:00`.
    #[must_use]
    pub fn format_hm(self, time: EngineTime) -> String {
        let minutes = self.ms_of_day(time) / 60_000;
        format!("{:02}:{:02}", minutes / 60, minutes % 60)
    }

    /// Milliseconds since local midnight, 0 to 86,399,999.
    #[must_use]
    pub fn ms_of_day(self, time: EngineTime) -> i64 {
        (time.unix_ms() + i64::from(self.offset.seconds()) * 1000).rem_euclid(DAY_MS)
    }

    /// The local midnight at or before `time`.
    #[must_use]
    pub fn midnight(self, time: EngineTime) -> EngineTime {
        EngineTime::from_unix_ms(time.unix_ms() - self.ms_of_day(time))
    }

    /// Whether it is Saturday or Sunday.
    #[must_use]
    pub fn is_weekend(self, time: EngineTime) -> bool {
        let local_ms = time.unix_ms() + i64::from(self.offset.seconds()) * 1000;
        // 1970-01-01 was a Thursday: days 2 and 3 of each week from there are Saturday and Sunday.
        matches!(local_ms.div_euclid(DAY_MS).rem_euclid(7), 2 | 3)
    }

    fn format(self, time: EngineTime, decimals: usize) -> String {
        let stamp = Timestamp::from_millisecond(time.unix_ms()).unwrap_or(Timestamp::MAX);
        format!("{:.*}", decimals, stamp.display_with_offset(self.offset))
    }
}

/// A point in time from RFC 3339, to the millisecond (rounded towards the past).
///
/// # Errors
/// [`TimeError`] if the text is no RFC 3339 time with an offset.
pub fn parse(text: &str) -> Result<EngineTime, TimeError> {
    let stamp: Timestamp =
        text.parse().map_err(|_unreadable| TimeError { text: text.to_owned() })?;
    Ok(EngineTime::from_unix_ms(
        stamp.as_nanosecond().div_euclid(1_000_000).try_into().unwrap_or(0),
    ))
}

/// `time + ms`, which may be negative.
#[must_use]
pub fn shifted(time: EngineTime, ms: i64) -> EngineTime {
    EngineTime::from_unix_ms(time.unix_ms().saturating_add(ms))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_go_out_as_they_came_in() {
        for text in [
            "2026-11-24T06:00:00+01:00",
            "2026-11-24T06:00:00.250+00:00",
            "2026-02-28T23:59:59-03:30",
        ] {
            let clock = LocalClock::of(text).unwrap();
            assert_eq!(clock.format_s(parse(text).unwrap()), text);
        }
    }

    #[test]
    fn the_log_has_milliseconds_and_the_day_begins_at_local_midnight() {
        let text = "2026-11-24T06:30:00+01:00";
        let (clock, time) = (LocalClock::of(text).unwrap(), parse(text).unwrap());
        assert_eq!(clock.format_ms(time), "2026-11-24T06:30:00.000+01:00");
        assert_eq!(clock.format_hm(time), "06:30");
        assert_eq!(clock.format_s(clock.midnight(time)), "2026-11-24T00:00:00+01:00");
    }

    #[test]
    fn weekends_begin_and_end_at_local_midnight() {
        let is_weekend = |text| LocalClock::of(text).unwrap().is_weekend(parse(text).unwrap());
        let days =
            ["2026-11-27T23:59:59+01:00", "2026-11-28T00:00:00+01:00", "2026-11-29T23:59:59+01:00"];
        assert_eq!(days.map(is_weekend), [false, true, true]);
        assert!(
            !is_weekend("2026-11-30T00:00:00+01:00") && !is_weekend("2026-11-24T12:00:00+00:00")
        );
        assert!(is_weekend("1969-12-27T12:00:00-05:00"));
    }

    #[test]
    fn what_is_no_time_is_an_error() {
        for text in ["", "06:00", "2026-11-24", "2026-11-24T06:00:00", "2026-13-24T06:00:00Z"] {
            assert!(parse(text).is_err() || LocalClock::of(text).is_err(), "{text}");
        }
    }
}
