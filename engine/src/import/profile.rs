//! Profiles: TOML tables of rules, checked once, then only read.
//!
//! `data/profiles/car.toml` documents every key; `shared-taxi.toml` is laid over it and is the default; a user's file is laid
//! over either, key by key. What the rules mean for one way is decided in [`super::rules`].

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use thiserror::Error;
use toml::{Table, Value};

/// The private car, the reference of all keys.
const CAR: &str = include_str!("../../../data/profiles/car.toml");
/// The shared taxi: what differs from the car.
const SHARED_TAXI: &str = include_str!("../../../data/profiles/shared-taxi.toml");
/// The base of a file that names none.
const DEFAULT: &str = "shared-taxi";
/// Edits between an unknown key and the one that it was probably meant to be.
const TYPO_DISTANCE_MAX: usize = 4;
/// Tables whose keys are values of tags, so that any key may be added.
const OPEN_TABLES: [&str; 7] = [
    "surface",
    "tracktype",
    "smoothness",
    "zones",
    "barriers.delay_s",
    "access.implied",
    "village.radius_m",
];
/// Tables whose keys are classes of roads.
const CLASS_TABLES: [&str; 2] = ["speeds", "village.speeds"];

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
    pub(super) driving_side: SideRule,
    pub(super) length_tag: String,
    pub(super) speed_factor: f64,
    pub(super) speed_max: f64,
    pub(super) speed_min: f64,
    pub(super) unlimited: Vec<String>,
    pub(super) speeds: BTreeMap<String, f64>,
    pub(super) vehicle: Vehicle,
    pub(super) access: AccessRules,
    pub(super) tracks: TrackRules,
    pub(super) village: VillageRules,
    pub(super) delays: Delays,
    pub(super) turns: TurnRules,
    pub(super) surface: BTreeMap<String, f64>,
    pub(super) tracktype: BTreeMap<String, f64>,
    pub(super) smoothness: BTreeMap<String, f64>,
    pub(super) zones: BTreeMap<String, f64>,
    pub(super) barriers: BarrierRules,
    pub(super) ferry: FerryRules,
    pub(super) shuttle: FerryRules,
}

/// How the driving side is found.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(super) enum SideRule {
    #[default]
    Auto,
    Left,
    Right,
}

#[derive(Clone, Debug, Default, PartialEq, Deserialize)]
pub(super) struct Vehicle {
    pub(super) height_m: f64,
    pub(super) width_m: f64,
    pub(super) length_m: f64,
    pub(super) weight_t: f64,
}

#[derive(Clone, Debug, Default, PartialEq, Deserialize)]
pub(super) struct AccessRules {
    pub(super) keys: Vec<String>,
    pub(super) closed: Vec<String>,
    pub(super) end_only: Vec<String>,
    pub(super) service_closed: Vec<String>,
    pub(super) service_end_only: Vec<String>,
    pub(super) modes: Vec<String>,
    pub(super) contraflow: Vec<String>,
    pub(super) conditional: ConditionalRule,
    pub(super) implied: BTreeMap<String, String>,
}

/// What becomes of a rule that holds for most of the week.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(super) enum ConditionalRule {
    #[default]
    Obey,
    Ignore,
}

#[derive(Clone, Debug, Default, PartialEq, Deserialize)]
pub(super) struct TrackRules {
    pub(super) enabled: bool,
    pub(super) grades: Vec<String>,
    pub(super) speed: f64,
    pub(super) place_m: f64,
}

#[derive(Clone, Debug, Default, PartialEq, Deserialize)]
pub(super) struct VillageRules {
    pub(super) enabled: bool,
    pub(super) people_per_km2: f64,
    pub(super) street_m: f64,
    pub(super) radius_m: BTreeMap<String, f64>,
    pub(super) speeds: BTreeMap<String, f64>,
}

/// Seconds lost at nodes.
#[derive(Clone, Debug, Default, PartialEq, Deserialize)]
pub(super) struct Delays {
    pub(super) traffic_signals: f64,
    pub(super) stop: f64,
    pub(super) give_way: f64,
    pub(super) crossing: f64,
    pub(super) crossing_signals: f64,
    pub(super) level_crossing: f64,
    pub(super) mini_roundabout: f64,
    pub(super) minor_road: f64,
}

#[derive(Clone, Debug, Default, PartialEq, Deserialize)]
pub(super) struct TurnRules {
    pub(super) max_s: f64,
    pub(super) bias: f64,
    pub(super) min_s: f64,
    pub(super) class: String,
    pub(super) u_turn_s: f64,
}

#[derive(Clone, Debug, Default, PartialEq, Deserialize)]
pub(super) struct BarrierRules {
    pub(super) blocking: Vec<String>,
    pub(super) delay_s: BTreeMap<String, f64>,
}

#[derive(Clone, Debug, Default, PartialEq, Deserialize)]
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
    /// A `base` that is not compiled in.
    #[error("read the profile: there is no base {base}; there are \"car\" and \"shared-taxi\"")]
    UnknownBase {
        /// What it says.
        base: String,
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
    /// `data/profiles/shared-taxi.toml`.
    fn default() -> Self {
        Self::parse("").unwrap_or_else(|_| Self::closed())
    }
}

impl Profile {
    /// The profile of this name that is compiled in: `car` or `shared-taxi`.
    #[must_use]
    pub fn built_in(name: &str) -> Option<Self> {
        let text = match name {
            "car" => CAR,
            "shared-taxi" => SHARED_TAXI,
            _ => return None,
        };
        Self::parse(text).ok()
    }

    /// Reads a profile; keys that are left out keep the values of its `base`, which is the shared taxi if it names none.
    ///
    /// # Errors
    /// [`ProfileError`] for bad TOML, unknown keys, wrong types, and numbers out of range.
    pub fn parse(text: &str) -> Result<Self, ProfileError> {
        let mut changes = table(text)?;
        let base = changes.remove("base").unwrap_or_else(|| Value::String(DEFAULT.into()));
        let mut all = table(CAR)?;
        all.remove("base");
        match base.as_str() {
            Some("car") => {}
            Some("shared-taxi") => {
                let mut taxi = table(SHARED_TAXI)?;
                taxi.remove("base");
                overlay(&mut all, taxi, "")?;
            }
            _ => return Err(ProfileError::UnknownBase { base: base.to_string() }),
        }
        overlay(&mut all, changes, "")?;
        let profile: Self = all.try_into().map_err(|e| ProfileError::toml("", &e))?;
        profile.check()?;
        Ok(profile)
    }

    /// Its name.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The profile that drives nowhere. Only there so that `Default` is total: a test checks that the compiled-in
    /// profiles parse.
    fn closed() -> Self {
        Self {
            name: "closed".into(),
            driving_side: SideRule::default(),
            length_tag: String::new(),
            speed_factor: 1.0,
            speed_max: 1.0,
            speed_min: 1.0,
            unlimited: Vec::new(),
            speeds: BTreeMap::new(),
            vehicle: Vehicle::default(),
            access: AccessRules::default(),
            tracks: TrackRules::default(),
            village: VillageRules::default(),
            delays: Delays::default(),
            turns: TurnRules::default(),
            surface: BTreeMap::new(),
            tracktype: BTreeMap::new(),
            smoothness: BTreeMap::new(),
            zones: BTreeMap::new(),
            barriers: BarrierRules::default(),
            ferry: FerryRules::default(),
            shuttle: FerryRules::default(),
        }
    }

    fn check(&self) -> Result<(), ProfileError> {
        let (vehicle, delays, turns) = (&self.vehicle, &self.delays, &self.turns);
        let numbers = [
            ("speed_factor", self.speed_factor, 0.1, 2.0),
            ("speed_max", self.speed_max, 1.0, 300.0),
            ("speed_min", self.speed_min, 1.0, self.speed_max),
            ("vehicle.height_m", vehicle.height_m, 0.0, 20.0),
            ("vehicle.width_m", vehicle.width_m, 0.0, 20.0),
            ("vehicle.length_m", vehicle.length_m, 0.0, 100.0),
            ("vehicle.weight_t", vehicle.weight_t, 0.0, 1000.0),
            ("tracks.speed", self.tracks.speed, 1.0, 300.0),
            ("tracks.place_m", self.tracks.place_m, 1.0, 10_000.0),
            ("village.people_per_km2", self.village.people_per_km2, 10.0, 100_000.0),
            ("village.street_m", self.village.street_m, 1.0, 1e6),
            ("delays.traffic_signals", delays.traffic_signals, 0.0, 600.0),
            ("delays.stop", delays.stop, 0.0, 600.0),
            ("delays.give_way", delays.give_way, 0.0, 600.0),
            ("delays.crossing", delays.crossing, 0.0, 600.0),
            ("delays.crossing_signals", delays.crossing_signals, 0.0, 600.0),
            ("delays.level_crossing", delays.level_crossing, 0.0, 600.0),
            ("delays.mini_roundabout", delays.mini_roundabout, 0.0, 600.0),
            ("delays.minor_road", delays.minor_road, 0.0, 600.0),
            ("turns.max_s", turns.max_s, 0.0, 600.0),
            ("turns.bias", turns.bias, 0.1, 10.0),
            ("turns.min_s", turns.min_s, 0.1, 600.0),
            ("turns.u_turn_s", turns.u_turn_s, 0.0, 3600.0),
            ("ferry.speed", self.ferry.speed, 1.0, 300.0),
            ("ferry.wait_s", self.ferry.wait_s, 0.0, 86_400.0),
            ("shuttle.speed", self.shuttle.speed, 1.0, 300.0),
            ("shuttle.wait_s", self.shuttle.wait_s, 0.0, 86_400.0),
        ];
        for (key, value, min, max) in numbers {
            check_range(key, value, min, max)?;
        }
        let tables = [
            ("speeds", &self.speeds, 300.0),
            ("village.speeds", &self.village.speeds, 300.0),
            ("village.radius_m", &self.village.radius_m, 100_000.0),
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
        match RoadClass::from_tag(&turns.class) {
            Some(_) => Ok(()),
            None => Err(ProfileError::UnknownKey {
                key: format!("turns.class = {:?}", turns.class),
                nearest: None,
            }),
        }
    }
}

fn table(text: &str) -> Result<Table, ProfileError> {
    text.parse().map_err(|e| ProfileError::toml(text, &e))
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
        let is_class = CLASS_TABLES.contains(&path) && RoadClass::from_tag(&key).is_some();
        match (base.get_mut(&key), value) {
            (Some(Value::Table(inner)), Value::Table(changes)) => overlay(inner, changes, &full)?,
            // Whole numbers are welcome where the default has a fraction.
            (Some(slot @ Value::Float(_)), Value::Integer(number)) => *slot = float(number),
            (Some(slot), value) => *slot = value,
            (None, Value::Integer(number)) if is_class || OPEN_TABLES.contains(&path) => {
                base.insert(key, float(number));
            }
            (None, value) if is_class || OPEN_TABLES.contains(&path) => {
                base.insert(key, value);
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
