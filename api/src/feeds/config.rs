//! `[feeds]` in the configuration file.

use std::path::PathBuf;

use jiff::tz::TimeZone;
use serde::Deserialize;

use super::zones::ZoneError;
use crate::config_keys::{UnknownKey, check_keys};

/// The keys of the table.
pub const FEEDS_KEYS: [&str; 18] = [
    "public_url",
    "name",
    "agency_url",
    "phone",
    "email",
    "language",
    "time_zone",
    "info_url",
    "booking_url",
    "zones",
    "open_from",
    "open_until",
    "route_type",
    "safe_duration_factor",
    "safe_duration_offset_s",
    "vehicle_positions",
    "hide_near_stops_m",
    "valid_days",
];

/// What the table may say; everything may be left out.
#[derive(Clone, Debug, Default, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct FeedsConfig {
    /// Where the service is seen from outside, such as `https://taxi.example.org`; where it listens, if left out.
    pub public_url: Option<String>,
    /// What the service is called.
    pub name: Option<String>,
    /// The agency's page.
    pub agency_url: Option<String>,
    /// The telephone desk, such as `+491234567`.
    pub phone: Option<String>,
    /// Whom riders may write to.
    pub email: Option<String>,
    /// The language of the feeds' texts, such as `de`.
    pub language: Option<String>,
    /// The time zone of all hours in feeds, such as `Europe/Berlin`; that of the hours of the week, else UTC.
    pub time_zone: Option<String>,
    /// A page that says how to book.
    pub info_url: Option<String>,
    /// A page where rides are booked; it gets `pickup_lat` and so on.
    pub booking_url: Option<String>,
    /// GeoJSON with the zones; the region's roads and what is near them, if left out.
    pub zones: Option<PathBuf>,
    /// When pickups begin, `HH:MM`.
    pub open_from: Option<String>,
    /// When drop-offs end, `HH:MM`, up to 48:00 for after midnight.
    pub open_until: Option<String>,
    /// 3 (bus), or 715 (demand and response bus), which not every reader knows.
    pub route_type: Option<u16>,
    /// A ride takes at most this many times the direct drive …
    pub safe_duration_factor: Option<f64>,
    /// … and this many seconds, in 95 of 100 cases; what the policy promises for all, if left out.
    pub safe_duration_offset_s: Option<f64>,
    /// Whether vehicles are shown.
    pub vehicle_positions: Option<bool>,
    /// No vehicle is shown this near to where a rider boards or alights, in metres.
    pub hide_near_stops_m: Option<f64>,
    /// Days that a timetable is valid for.
    pub valid_days: Option<u16>,
}

/// What is wrong with the table.
#[derive(Debug, thiserror::Error)]
pub enum FeedsError {
    /// A value out of range.
    #[error("read feeds.{key}: must be {rule}")]
    Range {
        /// The key.
        key: &'static str,
        /// What it must be.
        rule: &'static str,
    },
    /// The zones.
    #[error(transparent)]
    Zones(#[from] ZoneError),
}

impl FeedsConfig {
    /// Checks the names of keys.
    ///
    /// # Errors
    /// [`UnknownKey`] naming the nearest.
    pub fn check_keys(table: &toml::Table) -> Result<(), UnknownKey> {
        check_keys("feeds", table, &FEEDS_KEYS)
    }

    /// Checks all values but the zones, which are read when the service starts.
    ///
    /// # Errors
    /// [`FeedsError::Range`] for the first that makes no sense.
    pub fn check(&self) -> Result<(), FeedsError> {
        let wrong = |key, rule| Err(FeedsError::Range { key, rule });
        let urls = [
            ("public_url", &self.public_url),
            ("agency_url", &self.agency_url),
            ("info_url", &self.info_url),
            ("booking_url", &self.booking_url),
        ];
        for (key, url) in urls {
            if url.as_deref().is_some_and(|url| !is_url(url)) {
                return wrong(key, "an address that begins with http:// or https://");
            }
        }
        let texts = [("name", &self.name), ("phone", &self.phone), ("email", &self.email)];
        for (key, text) in texts {
            let fits =
                |text: &str| (1..=200).contains(&text.len()) && !text.contains(char::is_control);
            if text.as_deref().is_some_and(|text| !fits(text)) {
                return wrong(key, "1 to 200 bytes without control characters");
            }
        }
        if self.language.as_deref().is_some_and(|language| !is_language(language)) {
            return wrong("language", "a language such as de or en-GB");
        }
        if self.time_zone.as_deref().is_some_and(|zone| TimeZone::get(zone).is_err()) {
            return wrong("time_zone", "a time zone such as Europe/Berlin");
        }
        if self.route_type.is_some_and(|kind| kind != 3 && kind != 715) {
            return wrong("route_type", "3 or 715");
        }
        if self.safe_duration_factor.is_some() != self.safe_duration_offset_s.is_some() {
            return wrong("safe_duration_factor", "given together with safe_duration_offset_s");
        }
        if self.safe_duration_factor.is_some_and(|factor| !(1.0..=100.0).contains(&factor)) {
            return wrong("safe_duration_factor", "1 to 100");
        }
        if self.safe_duration_offset_s.is_some_and(|s| !(0.0..=86_400.0).contains(&s)) {
            return wrong("safe_duration_offset_s", "0 to 86400");
        }
        if self.hide_near_stops_m.is_some_and(|m| !(50.0..=10_000.0).contains(&m)) {
            return wrong("hide_near_stops_m", "50 to 10000");
        }
        if self.valid_days.is_some_and(|days| !(30..=3_650).contains(&days)) {
            return wrong("valid_days", "30 to 3650");
        }
        match self.hours() {
            Some((from, until)) if from < until && from < 24 * 60 => Ok(()),
            _ => wrong("open_until", "HH:MM after open_from, up to 48:00"),
        }
    }

    /// From when until when there is service, in minutes since midnight.
    #[must_use]
    pub fn hours(&self) -> Option<(u16, u16)> {
        let read = |text: &Option<String>, usual: u16| match text {
            Some(text) => clock_minutes(text),
            None => Some(usual),
        };
        Some((read(&self.open_from, 0)?, read(&self.open_until, 24 * 60)?))
    }
}

fn is_url(text: &str) -> bool {
    let rest = text.strip_prefix("https://").or_else(|| text.strip_prefix("http://"));
    let plain = |c: char| {
        c.is_ascii_graphic() && !matches!(c, '"' | '<' | '>' | '\\' | '^' | '`' | '{' | '|' | '}')
    };
    rest.is_some_and(|rest| (1..=500).contains(&rest.len()) && rest.chars().all(plain))
}

/// `de` or `de-AT`, as the schema of GOFS has it.
fn is_language(text: &str) -> bool {
    let (language, country) = text.split_once('-').map_or((text, None), |(a, b)| (a, Some(b)));
    (2..=3).contains(&language.len())
        && language.bytes().all(|b| b.is_ascii_lowercase())
        && country.is_none_or(|c| c.len() == 2 && c.bytes().all(|b| b.is_ascii_uppercase()))
}

fn clock_minutes(text: &str) -> Option<u16> {
    let (hours, minutes) = text.split_once(':').filter(|(h, m)| h.len() == 2 && m.len() == 2)?;
    let number =
        |text: &str| text.parse::<u16>().ok().filter(|_| text.bytes().all(|b| b.is_ascii_digit()));
    let (hours, minutes) = (number(hours)?, number(minutes)?);
    (minutes < 60).then_some(hours * 60 + minutes).filter(|&all| all <= 48 * 60)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_rule_is_kept() {
        let check = |text: &str| toml::from_str::<FeedsConfig>(text).unwrap().check();
        check("").unwrap();
        check("open_from = '05:00'\nopen_until = '25:30'\nlanguage = 'en-GB'\ntime_zone = 'Europe/Berlin'").unwrap();
        for (text, said) in [
            ("public_url = 'taxi.example.org'", "public_url"),
            ("booking_url = 'https://'", "booking_url"),
            ("info_url = \"https://a.example/\\\"\"", "info_url"),
            ("name = ''", "feeds.name"),
            ("language = 'German'", "language"),
            ("time_zone = 'Europe/Springfield'", "Europe/Berlin"),
            ("route_type = 4", "3 or 715"),
            ("safe_duration_factor = 1.5", "together"),
            ("safe_duration_factor = 0.5\nsafe_duration_offset_s = 1.0", "1 to 100"),
            ("safe_duration_factor = 1.5\nsafe_duration_offset_s = -1.0", "86400"),
            ("hide_near_stops_m = 10.0", "50 to"),
            ("valid_days = 1", "30 to"),
            ("open_from = '24:00'\nopen_until = '25:00'", "open_until"),
            ("open_from = '9:00'", "HH:MM"),
            ("open_until = '48:01'", "HH:MM"),
            ("open_until = '23:60'", "HH:MM"),
            ("open_from = '+5:00'", "HH:MM"),
        ] {
            let error = check(text).unwrap_err().to_string();
            assert!(error.contains(said), "{text}: {error}");
        }
    }
}
