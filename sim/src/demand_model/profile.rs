//! The profile of a region's demand: a TOML file in which every figure says where it is from.

use std::collections::BTreeMap;

use serde::Deserialize;

use crate::toml_text::problem;

/// The kinds of attraction that a map may have, and `home`: somebody else's home in another place.
pub const ATTRACTIONS: [&str; 10] = [
    "school",
    "kindergarten",
    "shop",
    "health",
    "work",
    "leisure",
    "bus_stop",
    "station",
    "port",
    "home",
];

/// Everything that the demand of a region is made from.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Profile {
    /// Name of the profile, for reports.
    pub name: String,
    /// Trips of a whole day (24 hours).
    pub requests_per_day: u32,
    /// Local midnight of the day, with its offset from UTC; a scenario may choose another.
    pub day: String,
    /// No trip is shorter as the crow flies, in metres.
    pub trip_min_m: f64,
    /// Distance at which a destination draws 1/e as strongly as next door, in metres.
    pub gravity_m: f64,
    /// Where these figures are from.
    pub source: String,
    /// Shares of parties of 1, 2, 3 … riders.
    pub party: Shares,
    /// Share of trips with a rider in a wheelchair.
    pub wheelchair: Share,
    /// Inhabitants of a place by kind of place, where neither the map nor `places` says.
    pub population_by_kind: Populations,
    /// Inhabitants by place.
    #[serde(default)]
    pub places: Vec<PlaceCount>,
    /// How far ahead rides are booked that are not wanted now.
    pub booking: Booking,
    /// What is different on Saturdays and Sundays; nothing if left out.
    pub weekend: Option<Weekend>,
    /// What people travel for.
    pub purposes: Vec<Purpose>,
}

/// What is different on Saturdays and Sundays.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Weekend {
    /// Trips of such a day by trips of a weekday.
    pub requests: f64,
    /// By purpose: its share by that of a weekday; 1 for purposes that are left out.
    #[serde(default)]
    pub purposes: BTreeMap<String, f64>,
    /// Where the figures are from.
    pub source: String,
}

/// Shares with their source.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Shares {
    /// In any unit; only their proportion counts.
    pub shares: Vec<f64>,
    /// Where they are from.
    pub source: String,
}

/// A share with its source.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Share {
    /// 0 to 1.
    pub share: f64,
    /// Where it is from.
    pub source: String,
}

/// Inhabitants by kind of place.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Populations {
    /// `town = 8000` and so on.
    pub inhabitants: BTreeMap<String, u32>,
    /// Where they are from.
    pub source: String,
}

/// Inhabitants of one place.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PlaceCount {
    /// The place's name on the map; if the map does not have it, `lat` and `lon` are needed.
    pub name: String,
    /// Its inhabitants.
    pub population: u32,
    /// Latitude of its middle.
    pub lat: Option<f64>,
    /// Longitude of its middle.
    pub lon: Option<f64>,
    /// Where the count is from.
    pub source: String,
}

/// How far ahead rides are booked.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Booking {
    /// At least, in minutes.
    pub ahead_min: u32,
    /// At most, in minutes.
    pub ahead_max: u32,
    /// Where the figures are from.
    pub source: String,
}

/// What people travel for, where to, and when.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Purpose {
    /// Its name.
    pub name: String,
    /// Its share of all trips, in any unit.
    pub share: f64,
    /// Where the share is from.
    pub source: String,
    /// How strongly each kind of attraction draws.
    pub attractions: BTreeMap<String, f64>,
    /// Share of the purpose's trips that lead home, 0 to 1.
    pub return_share: f64,
    /// Weight of each hour of the day (0–1, 1–2 … 23–24) for trips out.
    pub hours_out: Vec<f64>,
    /// The same for trips home.
    pub hours_home: Vec<f64>,
    /// Where the hours are from.
    pub hours_source: String,
    /// How trips out are asked for, as shares: now, depart_at, arrive_by. Trips home are never `arrive_by`.
    pub kinds: Kinds,
    /// Times of day (`"08:40"`) at which `arrive_by` trips out must be there; empty: any time, to `round_min` minutes.
    #[serde(default)]
    pub bells: Vec<String>,
    /// Times asked for are round to so many minutes.
    pub round_min: u32,
}

/// Shares of the ways to ask.
#[derive(Clone, Copy, Debug, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Kinds {
    /// As soon as possible.
    pub now: f64,
    /// Not before a time.
    pub depart_at: f64,
    /// There by a time.
    pub arrive_by: f64,
}

/// Why a profile can't be used.
#[derive(Debug, thiserror::Error)]
pub enum ProfileError {
    /// Not TOML, or not the right fields.
    #[error("profile: {problem}")]
    Toml {
        /// What is wrong, and where.
        problem: String,
    },
    /// A value out of range.
    #[error("profile: {field} {wrong}")]
    Value {
        /// Which.
        field: String,
        /// What is wrong with it.
        wrong: &'static str,
    },
}

impl Profile {
    /// Reads and checks a profile.
    ///
    /// # Errors
    /// [`ProfileError`].
    pub fn parse(text: &str) -> Result<Self, ProfileError> {
        let wrong = |error| ProfileError::Toml { problem: problem(&error, text) };
        let profile: Self = toml::from_str(text).map_err(wrong)?;
        profile.check()?;
        Ok(profile)
    }

    fn check(&self) -> Result<(), ProfileError> {
        ensure(self.trip_min_m >= 0.0, "trip_min_m", "must not be negative")?;
        ensure(self.gravity_m > 0.0, "gravity_m", "must be above 0")?;
        ensure(is_weights(&self.party.shares), "party.shares", NO_WEIGHTS)?;
        ensure(self.party.shares.len() <= 8, "party.shares", "must have at most 8 sizes")?;
        ensure((0.0..=1.0).contains(&self.wheelchair.share), "wheelchair.share", NO_SHARE)?;
        let ordered = self.booking.ahead_min <= self.booking.ahead_max;
        ensure(ordered, "booking", "must have ahead_min <= ahead_max")?;
        ensure(!self.purposes.is_empty(), "purposes", "must name at least one")?;
        self.check_weekend()?;
        self.purposes.iter().try_for_each(Purpose::check)
    }
}

impl Profile {
    /// The share of each purpose among the trips of a weekday or of a day at the weekend.
    #[must_use]
    pub fn purpose_shares(&self, is_weekend: bool) -> Vec<f64> {
        let weekend = self.weekend.as_ref().filter(|_| is_weekend);
        let factor =
            |name: &str| weekend.map_or(1.0, |at| at.purposes.get(name).copied().unwrap_or(1.0));
        self.purposes.iter().map(|purpose| purpose.share * factor(&purpose.name)).collect()
    }

    fn check_weekend(&self) -> Result<(), ProfileError> {
        let Some(weekend) = &self.weekend else { return Ok(()) };
        let is_factor = |factor: f64| (0.0..=10.0).contains(&factor);
        ensure(is_factor(weekend.requests), "weekend.requests", "must be between 0 and 10")?;
        for (name, &factor) in &weekend.purposes {
            let field = format!("weekend.purposes.{name}");
            let known = self.purposes.iter().any(|purpose| purpose.name == *name);
            ensure(known, &field, "is no purpose of this profile")?;
            ensure(is_factor(factor), &field, "must be between 0 and 10")?;
        }
        ensure(is_weights(&self.purpose_shares(true)), "weekend.purposes", NO_WEIGHTS)
    }
}

const NO_WEIGHTS: &str = "must be numbers of at least 0, one of them above 0";
const NO_SHARE: &str = "must lie between 0 and 1";

impl Purpose {
    fn check(&self) -> Result<(), ProfileError> {
        let field = |name: &str| format!("purposes.{}.{name}", self.name);
        let kinds = [self.kinds.now, self.kinds.depart_at, self.kinds.arrive_by];
        ensure(self.share >= 0.0, &field("share"), "must not be negative")?;
        ensure((0.0..=1.0).contains(&self.return_share), &field("return_share"), NO_SHARE)?;
        ensure(is_weights(&kinds), &field("kinds"), NO_WEIGHTS)?;
        ensure((1..=60).contains(&self.round_min), &field("round_min"), "must be 1 to 60")?;
        for (name, hours) in [("hours_out", &self.hours_out), ("hours_home", &self.hours_home)] {
            ensure(hours.len() == 24, &field(name), "must have 24 weights")?;
            ensure(is_weights(hours), &field(name), NO_WEIGHTS)?;
        }
        for kind in self.attractions.keys() {
            let known = ATTRACTIONS.contains(&kind.as_str());
            ensure(known, &field(kind), "is no kind of attraction")?;
        }
        let bells_fit = self.bells.iter().all(|bell| minute_of_day(bell).is_some());
        ensure(bells_fit, &field("bells"), "must be times such as \"08:40\"")
    }
}

/// `"08:40"` as minutes since midnight.
#[must_use]
pub fn minute_of_day(text: &str) -> Option<u32> {
    let (hours, minutes) = text.split_once(':')?;
    let (hours, minutes) = (hours.parse::<u32>().ok()?, minutes.parse::<u32>().ok()?);
    (hours < 24 && minutes < 60).then_some(hours * 60 + minutes)
}

fn is_weights(weights: &[f64]) -> bool {
    weights.iter().all(|&weight| weight.is_finite() && weight >= 0.0)
        && weights.iter().sum::<f64>() > 0.0
}

fn ensure(holds: bool, field: &str, wrong: &'static str) -> Result<(), ProfileError> {
    if holds { Ok(()) } else { Err(ProfileError::Value { field: field.to_owned(), wrong }) }
}
