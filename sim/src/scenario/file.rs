//! Reads a scenario, with values set from the command line.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use serde::Deserialize;
use sharxi_api::policy_config::{PolicyConfig, PolicyError};
use sharxi_engine::planning::policy::Policy;
use sharxi_engine::units::EngineTime;
use toml::{Table, Value};

use crate::actors::rider::SNAP_MAX_M;
use crate::clock::{self, LocalClock, TimeError};
use crate::scenario::keys;

/// A study to be run.
#[derive(Clone, Debug, PartialEq)]
pub struct Scenario {
    /// `.region` or `.osm.pbf`.
    pub region: PathBuf,
    /// A demand file (`.csv`) or a profile (`.toml`).
    pub demand: PathBuf,
    /// Trips of a whole day instead of the profile's.
    pub requests_per_day: Option<u32>,
    /// The vehicles.
    pub fleet: Fleet,
    /// Seed of everything random.
    pub seed: u64,
    /// When; `None`: as long as there is demand.
    pub period: Option<Period>,
    /// Longest distance from a road at which a ride can begin or end, in metres.
    pub snap_max_m: f64,
    /// The rules.
    pub policy: Policy,
    /// What is written.
    pub output: Output,
}

/// From when to when, and what the clocks of the region show.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Period {
    /// First moment.
    pub start: EngineTime,
    /// Nobody asks from here on.
    pub end: EngineTime,
    /// The region's clock.
    pub clock: LocalClock,
}

/// Where the vehicles come from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Fleet {
    /// A file.
    File(PathBuf),
    /// So many of each type.
    Counts(BTreeMap<String, u32>),
}

/// What is written besides `kpi.json`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Output {
    /// `report.html`.
    pub report: bool,
    /// `events.jsonl`.
    pub events: bool,
}

impl Default for Output {
    fn default() -> Self {
        Self { report: true, events: true }
    }
}

/// Files and seed given on the command line; they win over the scenario. Paths are relative to the working directory.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Given {
    /// `--region`.
    pub region: Option<PathBuf>,
    /// `--demand`.
    pub demand: Option<PathBuf>,
    /// `--fleet`.
    pub fleet: Option<PathBuf>,
    /// `--seed`.
    pub seed: Option<u64>,
}

/// Why a scenario can't be used.
#[derive(Debug, thiserror::Error)]
pub enum ScenarioError {
    /// Not readable.
    #[error("read {path}")]
    Read {
        /// Which file.
        path: PathBuf,
        /// Why.
        source: std::io::Error,
    },
    /// Not TOML, or a value of the wrong type.
    #[error("scenario")]
    Toml(#[from] toml::de::Error),
    /// Misspelt.
    #[error("scenario: unknown key {key}; did you mean {nearest}?")]
    UnknownKey {
        /// As found.
        key: String,
        /// The nearest that exists.
        nearest: &'static str,
    },
    /// Left out.
    #[error("scenario: {key} is missing")]
    Missing {
        /// Which.
        key: &'static str,
    },
    /// `--set` without `=`.
    #[error("--set {text}: must be KEY=VALUE, such as policy.reoptimise=false")]
    Set {
        /// As given.
        text: String,
    },
    /// A time.
    #[error("scenario: {key}")]
    Time {
        /// Which key.
        key: &'static str,
        /// Why.
        source: TimeError,
    },
    /// The end is not after the start.
    #[error("scenario: end must be after start")]
    Period,
    /// A rule.
    #[error("scenario")]
    Policy(#[from] PolicyError),
    /// Disturbances are not built yet.
    #[error("scenario: uncertainty.{key} is not available; leave it out or set it to 0")]
    Uncertainty {
        /// Which key.
        key: String,
    },
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct ScenarioTable {
    region: Option<PathBuf>,
    demand: Option<PathBuf>,
    requests_per_day: Option<u32>,
    fleet: Option<FleetValue>,
    seed: Option<u64>,
    start: Option<Value>,
    end: Option<Value>,
    snap_max_m: Option<f64>,
    #[serde(default)]
    policy: PolicyConfig,
    #[serde(default)]
    uncertainty: BTreeMap<String, f64>,
    #[serde(default)]
    output: Output,
}

#[derive(Deserialize)]
#[serde(untagged)]
enum FleetValue {
    File(PathBuf),
    Counts(BTreeMap<String, u32>),
}

/// Reads the scenario at `path` with `sets` (`KEY=VALUE`) and `given` in place of what it says. Without a scenario,
/// region, demand and fleet must be given, and everything else is as usual.
///
/// # Errors
/// [`ScenarioError`].
pub fn read(
    path: Option<&Path>,
    sets: &[String],
    given: &Given,
) -> Result<Scenario, ScenarioError> {
    let (text, folder) = match path {
        None => (String::new(), PathBuf::new()),
        Some(path) => {
            let error = |source| ScenarioError::Read { path: path.to_owned(), source };
            let folder = path.parent().map(Path::to_owned).unwrap_or_default();
            (std::fs::read_to_string(path).map_err(error)?, folder)
        }
    };
    parse(&text, &folder, sets, given)
}

/// The same from text; `folder` is what its paths are relative to.
///
/// # Errors
/// [`ScenarioError`].
pub fn parse(
    text: &str,
    folder: &Path,
    sets: &[String],
    given: &Given,
) -> Result<Scenario, ScenarioError> {
    let mut table: Table = text.parse()?;
    for set in sets {
        apply_set(&mut table, set)?;
    }
    if let Some((key, nearest)) = keys::unknown(&table) {
        return Err(ScenarioError::UnknownKey { key, nearest });
    }
    let table: ScenarioTable = Value::Table(table).try_into()?;
    let disturbed = table.uncertainty.iter().find(|&(_, &knob)| knob != 0.0);
    if let Some((key, _)) = disturbed {
        return Err(ScenarioError::Uncertainty { key: key.clone() });
    }
    let path = |given: &Option<PathBuf>, own: Option<PathBuf>, key| {
        let own = own.map(|own| folder.join(own));
        given.clone().or(own).ok_or(ScenarioError::Missing { key })
    };
    let fleet = match (&given.fleet, table.fleet) {
        (Some(file), _) => Fleet::File(file.clone()),
        (None, Some(FleetValue::File(file))) => Fleet::File(folder.join(file)),
        (None, Some(FleetValue::Counts(counts))) => Fleet::Counts(counts),
        (None, None) => return Err(ScenarioError::Missing { key: "fleet" }),
    };
    Ok(Scenario {
        region: path(&given.region, table.region, "region")?,
        demand: path(&given.demand, table.demand, "demand")?,
        requests_per_day: table.requests_per_day,
        fleet,
        seed: given.seed.or(table.seed).unwrap_or(1),
        period: period(table.start, table.end)?,
        snap_max_m: table.snap_max_m.unwrap_or(SNAP_MAX_M),
        policy: table.policy.to_policy()?,
        output: table.output,
    })
}

fn period(start: Option<Value>, end: Option<Value>) -> Result<Option<Period>, ScenarioError> {
    let (start, end) = match (start, end) {
        (None, None) => return Ok(None),
        (None, Some(_)) => return Err(ScenarioError::Missing { key: "start" }),
        (Some(_), None) => return Err(ScenarioError::Missing { key: "end" }),
        (Some(start), Some(end)) => (text_of(&start), text_of(&end)),
    };
    let error = |key| move |source| ScenarioError::Time { key, source };
    let clock = LocalClock::of(&start).map_err(error("start"))?;
    let (start, end) =
        (clock::parse(&start).map_err(error("start"))?, clock::parse(&end).map_err(error("end"))?);
    if start < end { Ok(Some(Period { start, end, clock })) } else { Err(ScenarioError::Period) }
}

/// A time may be written as text or as a TOML time.
fn text_of(value: &Value) -> String {
    value.as_str().map_or_else(|| value.to_string(), str::to_owned)
}

/// Puts `a.b=value` into the table; what is no TOML value counts as text.
fn apply_set(table: &mut Table, set: &str) -> Result<(), ScenarioError> {
    let error = || ScenarioError::Set { text: set.to_owned() };
    let (name, text) = set.split_once('=').ok_or_else(error)?;
    let (name, text) = (name.trim(), text.trim());
    let value = format!("value = {text}")
        .parse::<Table>()
        .ok()
        .and_then(|mut parsed| parsed.remove("value"))
        .unwrap_or_else(|| Value::String(text.to_owned()));
    let mut parts = name.split('.').peekable();
    let mut table = table;
    while let Some(part) = parts.next() {
        if parts.peek().is_none() {
            table.insert(part.to_owned(), value);
            return Ok(());
        }
        let inner = table.entry(part).or_insert_with(|| Value::Table(Table::new()));
        if !inner.is_table() {
            *inner = Value::Table(Table::new());
        }
        table = inner.as_table_mut().ok_or_else(error)?;
    }
    Err(error())
}
