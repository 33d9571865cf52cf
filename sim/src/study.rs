//! From a scenario to a finished study: reads or makes demand and fleet, plays them, writes files.

use std::fs;
use std::io::{self, BufWriter, Write};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Instant;

use sharxi_engine::dispatcher::{Dispatcher, Spot};
use sharxi_engine::geo::LatLon;
use sharxi_engine::planning::policy::Policy;
use sharxi_engine::region::Region;
use sharxi_engine::units::{EngineTime, Millis};

use crate::clock::{self, HOUR_MS, LocalClock, TimeError};
use crate::demand::{self, DemandError, DemandRow};
use crate::demand_model::draw::{self, ModelError, Order};
use crate::demand_model::profile::{Profile, ProfileError};
use crate::demand_model::{homes, spots};
use crate::event_log;
use crate::event_loop::{self, Cast, LoopError};
use crate::fleet::{self, FleetError, FleetRow};
use crate::ground::{Ground, Landscape};
use crate::kpi::{self, Kpi, Timings};
use crate::land::{self, LandError};
use crate::rng::Rng;
use crate::scenario::file::{Fleet, PERIOD_DAYS_MAX, Period, Scenario};
use crate::stations;
use crate::trips::{self, Story};
use crate::world::{Outcome, World};

/// How long vehicles made from counts stay after the end, so that the last riders get home.
const OVERTIME_MS: i64 = 3 * HOUR_MS;

/// Why a study can't be made.
#[derive(Debug, thiserror::Error)]
#[expect(missing_docs, reason = "each variant is the error of the part that it names")]
pub enum StudyError {
    #[error(transparent)]
    Land(#[from] LandError),
    #[error(transparent)]
    Demand(#[from] DemandError),
    #[error(transparent)]
    Profile(#[from] ProfileError),
    #[error(transparent)]
    Model(#[from] ModelError),
    #[error(transparent)]
    Fleet(#[from] FleetError),
    #[error(transparent)]
    Time(#[from] TimeError),
    #[error(transparent)]
    Loop(#[from] LoopError),
    #[error("read or write {path}")]
    File { path: PathBuf, source: io::Error },
    #[error("the demand has no request")]
    NoDemand,
    #[error(
        "the demand is of {days} days; at most {PERIOD_DAYS_MAX} are played; choose start and end"
    )]
    TooLong { days: i64 },
    #[error("encode the figures")]
    Json(#[from] serde_json::Error),
}

/// A region, read once and shared by all studies on it.
#[derive(Clone)]
pub struct Land {
    /// The roads.
    pub region: Arc<Region>,
    /// Where people live and go.
    pub landscape: Arc<Landscape>,
}

impl Land {
    /// Reads the region at `path`.
    ///
    /// # Errors
    /// [`LandError`].
    pub fn load(path: &Path, progress: &(dyn Fn(u64, u64) + Sync)) -> Result<Self, LandError> {
        let region = land::load(path, progress)?;
        let landscape = Arc::new(land::landscape(&region));
        Ok(Self { region, landscape })
    }
}

/// Everything that is played.
#[derive(Clone)]
pub struct Prepared {
    /// The roads.
    pub region: Arc<Region>,
    /// Where people live and go.
    pub landscape: Arc<Landscape>,
    /// Requests in order of time.
    pub demand: Vec<DemandRow>,
    /// Vehicles.
    pub fleet: Vec<FleetRow>,
    /// From when to when.
    pub period: Period,
    /// Where demand is expected.
    pub spots: Vec<Spot>,
}

/// A finished study.
#[derive(Debug)]
pub struct Study {
    /// What happened.
    pub outcome: Outcome,
    /// The same by request and vehicle.
    pub story: Story,
    /// How long it took.
    pub timings: Timings,
}

impl Study {
    /// The figures; without what the wall clock measured they are the same bytes every time.
    #[must_use]
    pub fn kpi(&self, with_timings: bool) -> Kpi {
        let timings = with_timings.then_some(&self.timings);
        kpi::figures(&self.story, &self.outcome.legs, &self.outcome.coverage_milli, timings)
    }
}

/// Reads the region and makes ready what `scenario` names.
///
/// # Errors
/// [`StudyError`].
pub fn prepare(
    scenario: &Scenario,
    progress: &(dyn Fn(u64, u64) + Sync),
) -> Result<Prepared, StudyError> {
    prepare_on(&Land::load(&scenario.region, progress)?, scenario)
}

/// Makes ready what `scenario` names, on a region that has been read already.
///
/// # Errors
/// [`StudyError`].
pub fn prepare_on(land: &Land, scenario: &Scenario) -> Result<Prepared, StudyError> {
    let Land { region, landscape } = land.clone();
    let text = read_text(&scenario.demand)?;
    let is_profile = scenario.demand.extension().is_some_and(|extension| extension == "toml");
    let (rows, profile, period) = if is_profile {
        let profile = Profile::parse(&text)?;
        let period = period_of_profile(scenario, &profile)?;
        let order = Order {
            seed: scenario.seed,
            requests_per_day: scenario.requests_per_day.unwrap_or(profile.requests_per_day),
            start: period.start,
            end: period.end,
            clock: period.clock,
        };
        (draw::demand(&profile, &landscape, order)?, Some(profile), period)
    } else {
        let rows = demand::read(text.as_bytes())?;
        let period = period_of_rows(scenario, &text, &rows)?;
        let rows = drawn(rows, scenario);
        let within =
            |row: &DemandRow| period.start <= row.requested_at && row.requested_at < period.end;
        (rows.into_iter().filter(within).collect(), None, period)
    };
    let places = populated_spots(&landscape, profile.as_ref());
    let fleet = match &scenario.fleet {
        Fleet::File(path) => fleet::read(read_text(path)?.as_bytes())?,
        Fleet::Counts(counts) => {
            let starts =
                if scenario.fleet_at_demand { stations::of_demand(&rows) } else { places.clone() };
            fleet::make(counts, &starts, shift(period))?
        }
    };
    let spots = spots::snapped(&places, region.as_ref(), scenario.snap_max_m);
    Ok(Prepared { region, landscape, demand: rows, fleet, period, spots })
}

/// The shift of vehicles that are made from counts: the whole period and long enough to bring the last riders home.
#[must_use]
pub fn shift(period: Period) -> (EngineTime, EngineTime) {
    (period.start, clock::shifted(period.end, OVERTIME_MS))
}

/// The requests of a file as the scenario's seed draws them: a share of them, each up to so many seconds earlier or
/// later. Each request draws from a stream of its own, so that a larger share holds all of a smaller one.
fn drawn(rows: Vec<DemandRow>, scenario: &Scenario) -> Vec<DemandRow> {
    let (share, jitter_s) = (scenario.demand_share, i64::from(scenario.demand_jitter_s));
    let draw = |(stream, row): (u64, DemandRow)| {
        let mut rng = Rng::new(scenario.seed, stream);
        let is_in = rng.unit() < share;
        let by_ms = 1000 * rng.between(-jitter_s, jitter_s);
        is_in.then(|| if by_ms == 0 { row } else { row.moved(by_ms) })
    };
    let mut rows: Vec<DemandRow> = (0..).zip(rows).filter_map(draw).collect();
    rows.sort_by_key(|row| row.requested_at);
    rows
}

/// Plays a study; `progress` is called with the number of requests answered so far.
///
/// # Errors
/// [`StudyError::Loop`].
pub fn play(
    scenario: &Scenario,
    prepared: &Prepared,
    progress: &dyn Fn(u64),
) -> Result<Study, StudyError> {
    play_day(scenario, prepared, u32::MAX, false, progress)
}

/// Plays a study, and notes where each drive led: what the map of the day in a report needs.
///
/// # Errors
/// [`StudyError::Loop`].
pub fn play_tracked(
    scenario: &Scenario,
    prepared: &Prepared,
    progress: &dyn Fn(u64),
) -> Result<Study, StudyError> {
    play_day(scenario, prepared, u32::MAX, true, progress)
}

/// Plays a study, and ends it as soon as more than `refusals_max` riders have been refused; then the log is that of a
/// day cut short.
///
/// # Errors
/// [`StudyError::Loop`].
pub fn play_until(
    scenario: &Scenario,
    prepared: &Prepared,
    refusals_max: u32,
    progress: &dyn Fn(u64),
) -> Result<Study, StudyError> {
    play_day(scenario, prepared, refusals_max, false, progress)
}

fn play_day(
    scenario: &Scenario,
    prepared: &Prepared,
    refusals_max: u32,
    is_tracked: bool,
    progress: &dyn Fn(u64),
) -> Result<Study, StudyError> {
    let begin = Instant::now();
    let ground: Arc<dyn Ground> = prepared.region.clone();
    let policy = if scenario.pooling { scenario.policy.clone() } else { alone(scenario, prepared) };
    let dispatcher = Dispatcher::new(prepared.region.clone(), policy, &prepared.spots);
    let mut world = World::new(ground, dispatcher, prepared.period.clock);
    if scenario.output.explain {
        world = world.explaining();
    }
    if is_tracked {
        world = world.tracking();
    }
    let cast = Cast {
        demand: &prepared.demand,
        fleet: &prepared.fleet,
        start: prepared.period.start,
        end: prepared.period.end,
        snap_max_m: scenario.snap_max_m,
        uncertainty: &scenario.uncertainty,
        seed: scenario.seed,
        pooling: scenario.pooling,
        refusals_max,
    };
    let mut outcome = event_loop::run(&cast, world, progress)?;
    let decisions = std::mem::take(&mut outcome.decisions);
    let story = trips::read(&outcome.records);
    Ok(Study { outcome, story, timings: Timings { decisions, wall: begin.elapsed() } })
}

/// The rules if nobody shares. Every ride takes all seats, but boards and alights as fast as an average party.
fn alone(scenario: &Scenario, prepared: &Prepared) -> Policy {
    let policy = scenario.policy.clone();
    let seats_max = prepared.fleet.iter().map(|vehicle| vehicle.seats).max().unwrap_or(1).max(1);
    let seats: u64 = prepared.demand.iter().map(|row| u64::from(row.party.seats())).sum();
    let n_claimed = u64::from(seats_max) * prepared.demand.len().max(1) as u64;
    let shared_out = |each: Millis| {
        let ms = u64::from(each.get()) * seats.min(n_claimed) / n_claimed;
        Millis::new(u32::try_from(ms).unwrap_or(each.get()))
    };
    Policy { board: shared_out(policy.board), alight: shared_out(policy.alight), ..policy }
}

/// Writes `demand.csv`, `fleet.csv`, `kpi.json` and, if wanted, `events.jsonl` and `explain.jsonl` into `folder`, which is made if missing.
///
/// # Errors
/// [`StudyError`] if a file can't be written.
pub fn write(
    folder: &Path,
    scenario: &Scenario,
    prepared: &Prepared,
    study: &Study,
    with_timings: bool,
) -> Result<(), StudyError> {
    fs::create_dir_all(folder).map_err(file_error(folder))?;
    let clock = prepared.period.clock;
    demand::write(&prepared.demand, clock, create(&folder.join("demand.csv"))?)?;
    fleet::write(&prepared.fleet, clock, create(&folder.join("fleet.csv"))?)?;
    if scenario.output.events {
        let path = folder.join("events.jsonl");
        event_log::write(&study.outcome.records, clock, create(&path)?)
            .map_err(file_error(&path))?;
    }
    if scenario.output.explain {
        let path = folder.join("explain.jsonl");
        let mut lines = create(&path)?;
        for reason in &study.outcome.reasons {
            writeln!(lines, "{reason}").map_err(file_error(&path))?;
        }
        lines.flush().map_err(file_error(&path))?;
    }
    let mut json = serde_json::to_string_pretty(&study.kpi(with_timings))?;
    json.push('\n');
    write_text(&folder.join("kpi.json"), &json)
}

/// Writes a text file.
///
/// # Errors
/// [`StudyError::File`].
pub fn write_text(path: &Path, text: &str) -> Result<(), StudyError> {
    fs::write(path, text).map_err(file_error(path))
}

/// Reads a text file.
///
/// # Errors
/// [`StudyError::File`].
pub fn read_text(path: &Path) -> Result<String, StudyError> {
    fs::read_to_string(path).map_err(file_error(path))
}

/// Creates a file to write to.
///
/// # Errors
/// [`StudyError::File`].
pub fn create(path: &Path) -> Result<impl Write, StudyError> {
    fs::File::create(path).map(BufWriter::new).map_err(file_error(path))
}

/// Points at which demand is expected, with weights; from the streets where nobody knows the places.
fn populated_spots(landscape: &Landscape, profile: Option<&Profile>) -> Vec<(LatLon, f64)> {
    let places = match profile {
        Some(profile) => homes::settle(landscape, profile),
        None => homes::settle_by_map(landscape),
    };
    let by_place = spots::of_places(&places);
    if by_place.is_empty() { spots::of_streets(landscape) } else { by_place }
}

fn period_of_profile(scenario: &Scenario, profile: &Profile) -> Result<Period, StudyError> {
    if let Some(period) = scenario.period {
        return Ok(period);
    }
    let start = clock::parse(&profile.day)?;
    let end = clock::shifted(start, clock::DAY_MS);
    Ok(Period { start, end, clock: LocalClock::of(&profile.day)? })
}

/// From the first request to just after the last.
fn period_of_rows(
    scenario: &Scenario,
    text: &str,
    rows: &[DemandRow],
) -> Result<Period, StudyError> {
    let (first, last) = rows.first().zip(rows.last()).ok_or(StudyError::NoDemand)?;
    let clock = demand::clock_of(text).unwrap_or(LocalClock::UTC);
    let whole = Period {
        start: first.requested_at,
        end: EngineTime::from_unix_ms(last.requested_at.unix_ms() + 1),
        clock,
    };
    let period = scenario.period.unwrap_or(whole);
    period.too_many_days().map_or(Ok(period), |days| Err(StudyError::TooLong { days }))
}

fn file_error(path: &Path) -> impl Fn(io::Error) -> StudyError {
    let path = path.to_owned();
    move |source| StudyError::File { path: path.clone(), source }
}
