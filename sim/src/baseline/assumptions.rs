//! What the comparison takes for granted: `data/assumptions.toml`, or a file of the same form.

use serde::Deserialize;

use crate::toml_text::problem;

/// The file that comes with the program.
const BUNDLED: &str = include_str!("../../../data/assumptions.toml");

/// All assumptions; each group names its sources.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
#[expect(missing_docs, reason = "groups of the file, word for word")]
pub struct Assumptions {
    pub people: People,
    pub car: Car,
    pub taxi: Costs,
    pub minibus: Costs,
    pub bus: Bus,
}

/// How people travel.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct People {
    /// Trips of a person on a day, by any means.
    pub trips_per_day: f64,
    /// Where the figure is from.
    pub source: String,
}

/// What a vehicle costs and emits.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Costs {
    /// Grams of carbon dioxide by kilometre.
    pub co2_g_per_km: f64,
    /// Where the figure is from.
    pub co2_source: String,
    /// Euro by kilometre.
    pub cost_per_km: f64,
    /// Euro by vehicle and day.
    pub cost_per_vehicle_day: f64,
    /// Euro by hour on shift.
    pub cost_per_hour: f64,
    /// Where the figures are from.
    pub cost_source: String,
}

/// Private cars.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
#[expect(missing_docs, reason = "costs are those of `Costs`")]
pub struct Car {
    /// Side of the squares within which a car can be taken over, in metres.
    pub swap_m: f64,
    /// Why.
    pub swap_source: String,
    pub co2_g_per_km: f64,
    pub co2_source: String,
    pub cost_per_km: f64,
    pub cost_per_vehicle_day: f64,
    pub cost_per_hour: f64,
    pub cost_source: String,
}

/// A bus line.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
#[expect(missing_docs, reason = "costs are those of `Costs`")]
pub struct Bus {
    pub co2_g_per_km: f64,
    pub co2_source: String,
    pub cost_per_km: f64,
    pub cost_per_vehicle_day: f64,
    pub cost_per_hour: f64,
    pub cost_source: String,
    /// Stops of the line.
    pub stops: usize,
    /// Why these.
    pub stops_source: String,
    /// Minutes between two buses in one direction.
    pub headway_min: u32,
    /// Hour of the first bus.
    pub first_hour: u32,
    /// Hour of the last bus.
    pub last_hour: u32,
    /// Why.
    pub timetable_source: String,
    /// Seconds at each stop.
    pub stop_s: f64,
    /// Farthest walk to or from a stop, in metres as the crow flies.
    pub walk_max_m: f64,
    /// Speed of a walk in metres a second.
    pub walk_m_per_s: f64,
    /// Longest wait for a bus at the stop, in minutes.
    pub patience_min: u32,
    /// Why.
    pub walk_source: String,
}

/// Why a file holds no assumptions.
#[derive(Debug, thiserror::Error)]
pub enum AssumptionsError {
    /// Not TOML, or not these keys.
    #[error("assumptions: {problem}")]
    Toml {
        /// What is wrong, and where.
        problem: String,
    },
    /// A value that can't be.
    #[error("assumptions: {key} is out of range")]
    Range {
        /// Which.
        key: &'static str,
    },
}

impl Assumptions {
    /// Those that come with the program.
    ///
    /// # Errors
    /// Never: a test reads them.
    pub fn bundled() -> Result<Self, AssumptionsError> {
        Self::parse(BUNDLED)
    }

    /// Reads and checks a file.
    ///
    /// # Errors
    /// [`AssumptionsError`].
    pub fn parse(text: &str) -> Result<Self, AssumptionsError> {
        let all: Self = toml::from_str(text)
            .map_err(|error| AssumptionsError::Toml { problem: problem(&error, text) })?;
        let bus = &all.bus;
        let checks = [
            ("people.trips_per_day", (0.01..=100.0).contains(&all.people.trips_per_day)),
            ("car.swap_m", (1.0..=100_000.0).contains(&all.car.swap_m)),
            ("bus.stops", (2..=200).contains(&bus.stops)),
            ("bus.headway_min", (1..=1440).contains(&bus.headway_min)),
            ("bus.first_hour", bus.first_hour <= bus.last_hour),
            ("bus.last_hour", bus.last_hour <= 23),
            ("bus.stop_s", (0.0..=3600.0).contains(&bus.stop_s)),
            ("bus.walk_max_m", (0.0..=10_000.0).contains(&bus.walk_max_m)),
            ("bus.walk_m_per_s", (0.1..=10.0).contains(&bus.walk_m_per_s)),
            ("bus.patience_min", bus.patience_min <= 1440),
        ];
        match checks.iter().find(|(_, holds)| !holds) {
            Some(&(key, _)) => Err(AssumptionsError::Range { key }),
            None => Ok(all),
        }
    }

    /// What vehicles of a type cost; types other than taxis count as minibuses.
    #[must_use]
    pub fn of_kind(&self, kind: &str) -> &Costs {
        if kind == "taxi" { &self.taxi } else { &self.minibus }
    }
}
