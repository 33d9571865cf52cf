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
use crate::scenario::uncertainty::UncertaintyTable;
use crate::toml_text::problem;
use crate::uncertainty::Uncertainty;

/// The longest study, in days: everything that happens in it is held in memory.
pub const PERIOD_DAYS_MAX: i64 = 31;

/// Farther from a road is no place for a ride, in metres.
pub const SNAP_LIMIT_M: f64 = 20_000.0;

/// Requests are moved by at most so many seconds (12 hours); more is taken for as much.
pub const JITTER_MAX_S: u32 = 43_200;

/// A study to be run.
#[derive(Clone, Debug, PartialEq)]
pub struct Scenario {
    /// `.region` or `.osm.pbf`.
    pub region: PathBuf,
    /// A demand file (`.csv`) or a profile (`.toml`).
    pub demand: PathBuf,
    /// Trips of a whole day instead of the profile's.
    pub requests_per_day: Option<u32>,
    /// Share of the requests of a demand file that is played; which ones, the seed says.
    pub demand_share: f64,
    /// Each request of a demand file comes up to so many seconds earlier or later; how many, the seed says.
    pub demand_jitter_s: u32,
    /// Whether riders share vehicles; if not, each ride has its vehicle for itself, as in a taxi.
    pub pooling: bool,
    /// The vehicles.
    pub fleet: Fleet,
    /// Whether vehicles made from counts start where the requests are, instead of where people live.
    pub fleet_at_demand: bool,
    /// Seed of everything random.
    pub seed: u64,
    /// When; `None`: as long as there is demand.
    pub period: Option<Period>,
    /// Longest distance from a road at which a ride can begin or end, in metres.
    pub snap_max_m: f64,
    /// The rules.
    pub policy: Policy,
    /// What goes otherwise than planned.
    pub uncertainty: Uncertainty,
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

impl Period {
    /// Its days, begun ones counted, if they are more than [`PERIOD_DAYS_MAX`].
    #[must_use]
    pub fn too_many_days(&self) -> Option<i64> {
        let ms = self.end.unix_ms().saturating_sub(self.start.unix_ms());
        let days = ms / clock::DAY_MS + i64::from(ms % clock::DAY_MS > 0);
        (PERIOD_DAYS_MAX < days).then_some(days)
    }
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
    /// `explain.jsonl`: why each request was answered as it was, and what each idle move is for.
    pub explain: bool,
}

impl Default for Output {
    fn default() -> Self {
        Self { report: true, events: true, explain: false }
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
    #[error("scenario: {problem}")]
    Toml {
        /// What is wrong, and where.
        problem: String,
    },
    /// Misspelt.
    #[error("scenario: unknown key {key}; {hint}")]
    UnknownKey {
        /// As found.
        key: String,
        /// The nearest that exists, or all that do.
        hint: String,
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
    /// More than a study can be of.
    #[error("scenario: from start to end are {days} days; at most {PERIOD_DAYS_MAX} are played")]
    PeriodTooLong {
        /// As given.
        days: i64,
    },
    /// Neither a file nor counts.
    #[error(
        "scenario: fleet must be a file such as \"fleet.csv\" or counts such as {{ taxi = 5 }}, not {found}"
    )]
    Fleet {
        /// As given.
        found: String,
    },
    /// No number of vehicles.
    #[error("scenario: fleet.{kind} must be a whole number of vehicles, not {found}")]
    Count {
        /// Which type.
        kind: String,
        /// As given.
        found: String,
    },
    /// No distance.
    #[error("scenario: snap_max_m must be between 0 and {SNAP_LIMIT_M}, not {found}")]
    SnapMax {
        /// As given.
        found: f64,
    },
    /// No share.
    #[error("scenario: demand_share must be between 0 and 1, not {found}")]
    DemandShare {
        /// As given.
        found: f64,
    },
    /// No place for vehicles.
    #[error("scenario: fleet_at must be \"people\" or \"demand\", not {found:?}")]
    FleetAt {
        /// As given.
        found: String,
    },
    /// A rule.
    #[error("scenario")]
    Policy(#[from] PolicyError),
    /// A disturbance out of range.
    #[error("scenario: uncertainty.{key} must be between 0 and {most}, not {found}")]
    Knob {
        /// Which key.
        key: &'static str,
        /// The largest.
        most: f64,
        /// As given.
        found: f64,
    },
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct ScenarioTable {
    region: Option<PathBuf>,
    demand: Option<PathBuf>,
    requests_per_day: Option<u32>,
    demand_share: Option<f64>,
    demand_jitter_s: Option<u32>,
    pooling: Option<bool>,
    fleet: Option<Value>,
    fleet_at: Option<String>,
    seed: Option<u64>,
    start: Option<Value>,
    end: Option<Value>,
    snap_max_m: Option<f64>,
    #[serde(default)]
    policy: PolicyConfig,
    #[serde(default)]
    uncertainty: UncertaintyTable,
    #[serde(default)]
    output: Output,
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
    let wrong = |error: toml::de::Error| ScenarioError::Toml { problem: problem(&error, text) };
    let mut table: Table = text.parse().map_err(wrong)?;
    for set in sets {
        apply_set(&mut table, set)?;
    }
    if let Some((key, hint)) = keys::unknown(&table) {
        return Err(ScenarioError::UnknownKey { key, hint });
    }
    // Only the text itself knows its lines.
    let table: Result<ScenarioTable, toml::de::Error> =
        if sets.is_empty() { toml::from_str(text) } else { Value::Table(table).try_into() };
    let table = table.map_err(wrong)?;
    let path = |given: &Option<PathBuf>, own: Option<PathBuf>, key| {
        let own = own.map(|own| folder.join(own));
        given.clone().or(own).ok_or(ScenarioError::Missing { key })
    };
    let fleet = match (&given.fleet, table.fleet) {
        (Some(file), _) => Fleet::File(file.clone()),
        (None, Some(Value::String(file))) => Fleet::File(folder.join(file)),
        (None, Some(Value::Table(counts))) => Fleet::Counts(vehicles(&counts)?),
        (None, Some(found)) => return Err(ScenarioError::Fleet { found: found.to_string() }),
        (None, None) => return Err(ScenarioError::Missing { key: "fleet" }),
    };
    let snap_max_m = table.snap_max_m.unwrap_or(SNAP_MAX_M);
    if !(0.0..=SNAP_LIMIT_M).contains(&snap_max_m) {
        return Err(ScenarioError::SnapMax { found: snap_max_m });
    }
    let demand_share = table.demand_share.unwrap_or(1.0);
    if !(0.0..=1.0).contains(&demand_share) {
        return Err(ScenarioError::DemandShare { found: demand_share });
    }
    let fleet_at_demand = match table.fleet_at.as_deref() {
        None | Some("people") => false,
        Some("demand") => true,
        Some(found) => return Err(ScenarioError::FleetAt { found: found.to_owned() }),
    };
    Ok(Scenario {
        region: path(&given.region, table.region, "region")?,
        demand: path(&given.demand, table.demand, "demand")?,
        requests_per_day: table.requests_per_day,
        demand_share,
        demand_jitter_s: table.demand_jitter_s.unwrap_or(0).min(JITTER_MAX_S),
        pooling: table.pooling.unwrap_or(true),
        fleet,
        fleet_at_demand,
        seed: given.seed.or(table.seed).unwrap_or(1),
        period: period(table.start, table.end)?,
        snap_max_m,
        policy: table.policy.to_policy()?,
        uncertainty: table.uncertainty.read()?,
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
    if end <= start {
        return Err(ScenarioError::Period);
    }
    let period = Period { start, end, clock };
    period
        .too_many_days()
        .map_or(Ok(Some(period)), |days| Err(ScenarioError::PeriodTooLong { days }))
}

/// How many vehicles of each type.
fn vehicles(counts: &Table) -> Result<BTreeMap<String, u32>, ScenarioError> {
    let count = |(kind, value): (&String, &Value)| {
        let count = value.as_integer().and_then(|count| u32::try_from(count).ok());
        let error = || ScenarioError::Count { kind: kind.clone(), found: value.to_string() };
        Ok((kind.clone(), count.ok_or_else(error)?))
    };
    counts.iter().map(count).collect()
}

/// A time may be written as text or as a TOML time.
pub(super) fn text_of(value: &Value) -> String {
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
