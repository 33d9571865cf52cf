//! The car profile: a TOML table of rules, checked once, then only read.
//!
//! `data/profiles/car.toml` is compiled in, is the default, and documents every key. A user's file is laid over it key
//! by key. What the rules mean for one way is decided in [`super::rules`].

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use thiserror::Error;
use toml::{Table, Value};

/// The default profile and the reference of its keys.
const CAR: &str = include_str!("../../../data/profiles/car.toml");
/// Edits between an unknown key and the one that it was probably meant to be.
const TYPO_DISTANCE_MAX: usize = 4;
/// Tables whose keys are values of tags, so that any key may be added.
const OPEN_TABLES: [&str; 5] = ["surface", "tracktype", "smoothness", "zones", "barriers.delay_s"];

macro_rules! road_classes {
    ($($name:ident = $tag:literal),+ $(,)?) => {
        /// The classes of roads, from large to small.
        #[derive(
            Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize,
        )]
        pub enum RoadClass {
            $(#[doc = concat!("`", $tag, "`.")] $name),+
        }

        impl RoadClass {
            /// The class of a value of `highway` (or of `route`, for ferries).
            #[must_use]
            pub fn from_tag(value: &str) -> Option<Self> {
                match value { $($tag => Some(Self::$name),)+ _ => None }
            }

            /// The value of the tag.
            #[must_use]
            pub const fn as_str(self) -> &'static str {
                match self { $(Self::$name => $tag),+ }
            }
        }
    };
}

road_classes! {
    Motorway = "motorway",
    MotorwayLink = "motorway_link",
    Trunk = "trunk",
    TrunkLink = "trunk_link",
    Primary = "primary",
    PrimaryLink = "primary_link",
    Secondary = "secondary",
    SecondaryLink = "secondary_link",
    Tertiary = "tertiary",
    TertiaryLink = "tertiary_link",
    Unclassified = "unclassified",
    Residential = "residential",
    LivingStreet = "living_street",
    Service = "service",
    Road = "road",
    Track = "track",
    Pedestrian = "pedestrian",
    Busway = "busway",
    Ferry = "ferry",
}

/// Which roads may be driven and how fast. See `data/profiles/car.toml` for what each key means.
#[derive(Clone, Debug, PartialEq, Deserialize)]
pub struct Profile {
    pub(super) name: String,
    pub(super) length_tag: String,
    pub(super) speed_factor: f64,
    pub(super) speed_max: f64,
    pub(super) speed_min: f64,
    pub(super) speeds: BTreeMap<String, f64>,
    pub(super) access: AccessRules,
    pub(super) surface: BTreeMap<String, f64>,
    pub(super) tracktype: BTreeMap<String, f64>,
    pub(super) smoothness: BTreeMap<String, f64>,
    pub(super) zones: BTreeMap<String, f64>,
    pub(super) barriers: BarrierRules,
    pub(super) ferry: FerryRules,
}

#[derive(Clone, Debug, PartialEq, Deserialize)]
pub(super) struct AccessRules {
    pub(super) keys: Vec<String>,
    pub(super) closed: Vec<String>,
    pub(super) service_closed: Vec<String>,
    pub(super) modes: Vec<String>,
}

#[derive(Clone, Debug, PartialEq, Deserialize)]
pub(super) struct BarrierRules {
    pub(super) blocking: Vec<String>,
    pub(super) delay_s: BTreeMap<String, f64>,
}

#[derive(Clone, Debug, PartialEq, Deserialize)]
pub(super) struct FerryRules {
    pub(super) enabled: bool,
    pub(super) speed: f64,
    pub(super) wait_s: f64,
}

/// What is wrong with a profile.
#[derive(Debug, Error)]
pub enum ProfileError {
    /// It is not TOML, or a value has the wrong type.
    #[error("read the profile: {}{message}", place(*line))]
    Toml {
        /// The line, from 1, where it is known.
        line: Option<usize>,
        /// What the parser says, in one line.
        message: String,
    },
    /// A key that does not exist.
    #[error("read the profile: there is no key `{key}`{}", hint(.nearest))]
    UnknownKey {
        /// The key as written, with its table.
        key: String,
        /// The most similar one there is.
        nearest: Option<String>,
    },
    /// A number out of range.
    #[error("read the profile: `{key}` is {value}, not between {min} and {max}")]
    OutOfRange {
        /// The key with its table.
        key: String,
        /// Its value.
        value: f64,
        /// Least value allowed.
        min: f64,
        /// Largest value allowed.
        max: f64,
    },
}

impl ProfileError {
    fn toml(text: &str, error: &toml::de::Error) -> Self {
        let before = error.span().and_then(|span| text.get(..span.start));
        let line = before.map(|before| before.matches('\n').count() + 1);
        Self::Toml { line, message: error.message().replace('\n', ", ") }
    }
}

fn place(line: Option<usize>) -> String {
    line.map(|line| format!("line {line}: ")).unwrap_or_default()
}

fn hint(nearest: &Option<String>) -> String {
    nearest.as_ref().map(|key| format!("; did you mean `{key}`?")).unwrap_or_default()
}

impl Default for Profile {
    /// `data/profiles/car.toml`.
    fn default() -> Self {
        Self::parse("").unwrap_or_else(|_| Self::closed())
    }
}

impl Profile {
    /// Reads a profile; keys that are left out keep their values of the default.
    ///
    /// # Errors
    /// [`ProfileError`] for bad TOML, unknown keys, wrong types, and numbers out of range.
    pub fn parse(text: &str) -> Result<Self, ProfileError> {
        let mut table: Table = CAR.parse().map_err(|e| ProfileError::toml(CAR, &e))?;
        let changes: Table = text.parse().map_err(|e| ProfileError::toml(text, &e))?;
        overlay(&mut table, changes, "")?;
        let profile: Self = table.try_into().map_err(|e| ProfileError::toml("", &e))?;
        profile.check_ranges()?;
        Ok(profile)
    }

    /// Its name.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The profile that drives nowhere. Only there so that `Default` is total: a test checks that the compiled-in
    /// profile parses.
    fn closed() -> Self {
        Self {
            name: "closed".into(),
            length_tag: String::new(),
            speed_factor: 1.0,
            speed_max: 1.0,
            speed_min: 1.0,
            speeds: BTreeMap::new(),
            access: AccessRules {
                keys: Vec::new(),
                closed: Vec::new(),
                service_closed: Vec::new(),
                modes: Vec::new(),
            },
            surface: BTreeMap::new(),
            tracktype: BTreeMap::new(),
            smoothness: BTreeMap::new(),
            zones: BTreeMap::new(),
            barriers: BarrierRules { blocking: Vec::new(), delay_s: BTreeMap::new() },
            ferry: FerryRules { enabled: false, speed: 1.0, wait_s: 0.0 },
        }
    }

    fn check_ranges(&self) -> Result<(), ProfileError> {
        check_range("speed_factor", self.speed_factor, 0.1, 2.0)?;
        check_range("speed_max", self.speed_max, 1.0, 300.0)?;
        check_range("speed_min", self.speed_min, 1.0, self.speed_max)?;
        check_range("ferry.speed", self.ferry.speed, 1.0, 300.0)?;
        check_range("ferry.wait_s", self.ferry.wait_s, 0.0, 86_400.0)?;
        let tables = [
            ("speeds", &self.speeds, 300.0),
            ("surface", &self.surface, 300.0),
            ("tracktype", &self.tracktype, 300.0),
            ("smoothness", &self.smoothness, 300.0),
            ("zones", &self.zones, 300.0),
            ("barriers.delay_s", &self.barriers.delay_s, 3600.0),
        ];
        for (table, values, max) in tables {
            for (key, &value) in values {
                check_range(&format!("{table}.{key}"), value, 0.0, max)?;
            }
        }
        for key in self.speeds.keys() {
            if RoadClass::from_tag(key).is_none() {
                return Err(ProfileError::UnknownKey {
                    key: format!("speeds.{key}"),
                    nearest: None,
                });
            }
        }
        Ok(())
    }
}

fn check_range(key: &str, value: f64, min: f64, max: f64) -> Result<(), ProfileError> {
    if (min..=max).contains(&value) {
        Ok(())
    } else {
        Err(ProfileError::OutOfRange { key: key.into(), value, min, max })
    }
}

/// Lays `changes` over `base`, refusing keys that `base` does not have.
fn overlay(base: &mut Table, changes: Table, path: &str) -> Result<(), ProfileError> {
    for (key, value) in changes {
        let full = if path.is_empty() { key.clone() } else { format!("{path}.{key}") };
        match (base.get_mut(&key), value) {
            (Some(Value::Table(inner)), Value::Table(changes)) => overlay(inner, changes, &full)?,
            // Whole numbers are welcome where the default has a fraction.
            (Some(slot @ Value::Float(_)), Value::Integer(number)) => *slot = float(number),
            (Some(slot), value) => *slot = value,
            (None, Value::Integer(number)) if OPEN_TABLES.contains(&path) => {
                base.insert(key, float(number));
            }
            (None, value) if OPEN_TABLES.contains(&path) => {
                base.insert(key, value);
            }
            (None, value) if path == "speeds" && RoadClass::from_tag(&key).is_some() => {
                base.insert(key, if let Value::Integer(n) = value { float(n) } else { value });
            }
            (None, _) => return Err(unknown_key(base, &key, full)),
        }
    }
    Ok(())
}

#[expect(clippy::cast_precision_loss, reason = "range-checked against small bounds afterwards")]
fn float(number: i64) -> Value {
    Value::Float(number as f64)
}

fn unknown_key(known: &Table, key: &str, full: String) -> ProfileError {
    let nearest = known
        .keys()
        .map(|candidate| (strsim::levenshtein(candidate, key), candidate))
        .filter(|&(distance, _)| distance <= TYPO_DISTANCE_MAX)
        .min()
        .map(|(_, candidate)| candidate.clone());
    ProfileError::UnknownKey { key: full, nearest }
}
