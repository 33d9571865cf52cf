//! RFC 3339 in and out.

use jiff::Timestamp;
use sharxi_engine::units::EngineTime;

/// Latest time that the protocol can say; `EngineTime::NEVER` is shown as this.
const LAST_MS: i64 = 253_402_127_999_999;

/// A time with milliseconds, in UTC; cut to the years 1970 to 9999 (less its last two days).
#[must_use]
pub fn format(at: EngineTime) -> String {
    let ms = at.unix_ms().clamp(0, LAST_MS);
    Timestamp::from_millisecond(ms).map_or_else(|_| String::new(), |stamp| format!("{stamp:.3}"))
}

/// Reads RFC 3339 with any offset; finer parts than milliseconds are cut off. `None` outside the years 1970 to 9999
/// (less its last two days).
#[must_use]
pub fn parse(text: &str) -> Option<EngineTime> {
    let stamp: Timestamp = text.parse().ok()?;
    let ms = stamp.as_millisecond();
    (0..=LAST_MS).contains(&ms).then(|| EngineTime::from_unix_ms(ms))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn there_and_back() {
        for text in ["2026-01-05T06:30:00.000Z", "1970-01-01T00:00:00.001Z"] {
            assert_eq!(parse(text).map(format).as_deref(), Some(text));
        }
        assert_eq!(parse("2026-01-05T08:30:00+02:00"), parse("2026-01-05T06:30:00Z"));
    }

    #[test]
    fn nonsense_is_refused_and_never_is_shown() {
        for text in ["", "yesterday", "2026-01-05", "1969-12-31T23:59:59Z", "2026-13-05T06:30:00Z"]
        {
            assert_eq!(parse(text), None, "{text}");
        }
        assert_eq!(format(EngineTime::NEVER), "9999-12-29T23:59:59.999Z");
    }
}
