//! The hours of the week: which speeds count at which time of the service.
//!
//! At the border of an hour the core compares what the profile says with what is in force and, if that is something else, applies
//! a command of its own with the new speeds. The journal holds them, so it is replayed without the file and without a time zone.

use std::path::{Path, PathBuf};

use jiff::tz::TimeZone;
use jiff::{Timestamp, Zoned};
use sharxi_engine::region::{HourOfWeek, TrafficChange, WeekError, WeekProfile};
use sharxi_engine::units::{EngineTime, Millis};

use crate::limits::WEEK_BYTES_MAX;

const HOUR_MS: i64 = 3_600_000;

/// A profile and the time zone that its hours are meant in.
#[derive(Clone, Debug)]
pub struct Hours {
    week: WeekProfile,
    zone: TimeZone,
}

/// Why there are no hours to follow.
#[derive(Debug, thiserror::Error)]
pub enum HoursError {
    /// Can't be read.
    #[error("read {path}")]
    Read {
        /// The file.
        path: PathBuf,
        /// What came of it.
        #[source]
        source: std::io::Error,
    },
    /// Too long.
    #[error("read {path}: a week has at most {WEEK_BYTES_MAX} bytes")]
    TooLong {
        /// The file.
        path: PathBuf,
    },
    /// Not as documented.
    #[error("use {path}")]
    Week {
        /// The file.
        path: PathBuf,
        /// What is wrong.
        #[source]
        source: WeekError,
    },
    /// A week without a time zone, or the other way round.
    #[error("follow the hours of the week: week and time_zone must be given together")]
    Half,
    /// No such zone.
    #[error("read time_zone: {0:?} is not a time zone such as Europe/Berlin or UTC")]
    Zone(String),
}

impl Hours {
    /// Reads the file of a week; `None` if neither is given.
    ///
    /// # Errors
    /// [`HoursError`].
    pub fn read(week: Option<&Path>, zone: Option<&str>) -> Result<Option<Self>, HoursError> {
        let (path, zone) = match (week, zone) {
            (Some(path), Some(zone)) => (path, zone),
            (None, None) => return Ok(None),
            _ => return Err(HoursError::Half),
        };
        let path = || path.to_owned();
        let read = |source| HoursError::Read { path: path(), source };
        if WEEK_BYTES_MAX < std::fs::metadata(path()).map_err(read)?.len() {
            return Err(HoursError::TooLong { path: path() });
        }
        let text = std::fs::read_to_string(path()).map_err(read)?;
        let week = WeekProfile::parse(&text)
            .map_err(|source| HoursError::Week { path: path(), source })?;
        Self::new(week, zone).map(Some)
    }

    /// The hours of a time zone, named as in the IANA database.
    ///
    /// # Errors
    /// [`HoursError::Zone`].
    pub fn new(week: WeekProfile, zone: &str) -> Result<Self, HoursError> {
        let found = TimeZone::get(zone);
        let zone = found.map_err(|_unknown| HoursError::Zone(zone.to_owned()))?;
        Ok(Self { week, zone })
    }

    /// What differs from the map as imported at a time.
    #[must_use]
    pub fn changes_at(&self, at: EngineTime) -> Vec<TrafficChange> {
        let local = self.local(at);
        let day = u8::try_from(local.weekday().to_monday_zero_offset()).unwrap_or(0);
        let hour = u8::try_from(local.hour()).unwrap_or(0);
        self.week.changes_at(HourOfWeek::new(day * 24 + hour))
    }

    /// The next full hour of the zone's clocks.
    #[must_use]
    pub fn next_border(&self, at: EngineTime) -> EngineTime {
        let local = self.local(at);
        let past_s = i64::from(local.minute()) * 60 + i64::from(local.second());
        let left_ms = HOUR_MS - past_s * 1000 - i64::from(local.millisecond());
        at + Millis::new(u32::try_from(left_ms).unwrap_or(1).max(1))
    }

    /// Times beyond the calendar count as its end.
    fn local(&self, at: EngineTime) -> Zoned {
        let time = Timestamp::from_millisecond(at.unix_ms()).unwrap_or(Timestamp::MAX);
        time.to_zoned(self.zone.clone())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::wire::time;
    use sharxi_engine::region::Effect;

    const WEEK: &str =
        "[[rule]]\nspeed_percent = { \"mon 07-08\" = 50, \"sun 02-03\" = 60, \"sun 03-04\" = 70 }";

    fn hours(zone: &str) -> Hours {
        Hours::new(WeekProfile::parse(WEEK).unwrap(), zone).unwrap()
    }

    #[test]
    fn hours_are_those_of_the_zone_and_borders_are_full_hours_there() {
        let at = |text: &str| time::parse(text).unwrap();
        let percent = |hours: &Hours, text: &str| match hours.changes_at(at(text)).as_slice() {
            [] => 100,
            [TrafficChange { effect: Effect::SpeedPercent(percent), .. }] => *percent,
            other => panic!("{other:?}"),
        };
        let berlin = hours("Europe/Berlin");
        // A Monday in winter, one hour ahead of UTC, and one in summer.
        assert_eq!(percent(&berlin, "2026-01-05T06:00:00Z"), 50);
        assert_eq!(percent(&berlin, "2026-01-05T05:59:59Z"), 100);
        assert_eq!(percent(&berlin, "2026-07-06T05:30:00Z"), 50);
        assert_eq!(percent(&berlin, "2026-07-06T06:00:00Z"), 100);
        // The hour from two to three that summer time leaves out.
        assert_eq!(percent(&berlin, "2026-03-29T00:59:59Z"), 100);
        assert_eq!(percent(&berlin, "2026-03-29T01:00:00Z"), 70);
        let border = |hours: &Hours, text: &str| time::format(hours.next_border(at(text)));
        let expected = time::format(at("2026-01-05T06:00:00Z"));
        assert_eq!(border(&berlin, "2026-01-05T05:00:00Z"), expected);
        assert_eq!(border(&berlin, "2026-01-05T05:59:59.999Z"), expected);
        let half = time::format(at("2026-01-05T06:30:00Z"));
        assert_eq!(border(&hours("Asia/Kolkata"), "2026-01-05T05:31:07Z"), half);
    }

    #[test]
    fn half_of_it_and_unknown_zones_are_refused() {
        let half = Hours::read(None, Some("UTC")).unwrap_err();
        assert!(half.to_string().contains("given together"), "{half}");
        let week = WeekProfile::parse(WEEK).unwrap();
        let unknown = Hours::new(week, "Europe/Springfield").unwrap_err().to_string();
        assert!(unknown.contains("is not a time zone such as Europe/Berlin"), "{unknown}");
        assert!(Hours::read(None, None).unwrap().is_none());
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("week.toml");
        let missing = Hours::read(Some(&path), Some("UTC")).unwrap_err();
        assert!(matches!(missing, HoursError::Read { .. }));
        std::fs::write(&path, vec![b'#'; usize::try_from(WEEK_BYTES_MAX).unwrap() + 1]).unwrap();
        let long = Hours::read(Some(&path), Some("UTC")).unwrap_err();
        assert!(matches!(long, HoursError::TooLong { .. }));
        std::fs::write(&path, "[[rule]]\nspeed_percent = { \"mon\" = 1 }").unwrap();
        let wrong = Hours::read(Some(&path), Some("UTC")).unwrap_err();
        assert!(matches!(wrong, HoursError::Week { .. }));
    }
}
