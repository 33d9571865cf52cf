//! Plays the runs of a sweep side by side. Each ends in a file of its own, `runs/ID.json`, which is its manifest as well:
//! inputs with their hashes, version, seed, figures, audit. It appears whole or not at all, so a sweep that was
//! interrupted goes on where it stopped.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};
use std::time::Instant;

use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::crew::{self, CrewError};
use crate::inspect::{self, InspectError};
use crate::scenario::file::{Scenario, ScenarioError};
use crate::study::{self, Land, StudyError};
use crate::sweep::grid::Setting;
use crate::sweep::inputs::{Base, Inputs, Library};

/// Why a sweep could not be made.
#[derive(Debug, thiserror::Error)]
#[expect(missing_docs, reason = "each variant is the error of the part that it names")]
pub enum SweepError {
    #[error(transparent)]
    Scenario(#[from] ScenarioError),
    #[error(transparent)]
    Study(#[from] StudyError),
    #[error(transparent)]
    Inspect(#[from] InspectError),
    #[error(transparent)]
    Crew(#[from] CrewError),
    #[error("seed can't be varied; give seeds with --seeds")]
    VariedSeed,
    #[error("the sweep was stopped; the runs that were done are kept")]
    Stopped,
    #[error("encode a manifest")]
    Encode(#[from] serde_json::Error),
}

/// A run that is to be made.
#[derive(Clone, Debug)]
pub struct Job {
    /// Its name.
    pub run_id: String,
    /// What it depends on.
    pub inputs: Inputs,
    /// What is played.
    pub scenario: Scenario,
}

/// A run that is done.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Manifest {
    /// Its name: a hash of the inputs.
    pub run: String,
    /// What it depended on.
    pub inputs: Inputs,
    /// The figures of `kpi.json` without what the wall clock measured.
    pub kpi: Value,
    /// Breaches that the audit found; `None` if there was no audit.
    pub audit_breaches: Option<usize>,
    /// Hash of the dispatcher's last state, 16 hexadecimal digits.
    pub state_hash: String,
    /// Seconds of wall time, audit included.
    pub wall_s: f64,
}

/// What came of a sweep.
#[derive(Clone, Debug)]
pub struct Swept {
    /// In the order of the jobs.
    pub manifests: Vec<Manifest>,
    /// How many had been done before.
    pub n_reused: usize,
}

/// How a sweep is carried out.
#[derive(Clone, Copy)]
pub struct Effort<'a> {
    /// Runs side by side.
    pub n_threads: usize,
    /// Whether each run is audited.
    pub audit: bool,
    /// Called with each run that is done.
    pub progress: &'a (dyn Fn() + Sync),
    /// Asked before each run: whether to begin no further one.
    pub is_stopped: &'a (dyn Fn() -> bool + Sync),
}

/// The jobs of `base` with each of `all_settings` and each of `seeds`; seeds fastest. What is asked for twice is made
/// once.
///
/// # Errors
/// [`SweepError`] for the first scenario that is none.
pub fn jobs(
    base: &Base,
    all_settings: &[Vec<Setting>],
    seeds: &[u64],
    library: &mut Library,
) -> Result<Vec<Job>, SweepError> {
    let mut jobs: Vec<Job> = Vec::with_capacity(all_settings.len() * seeds.len());
    let mut ids = BTreeSet::new();
    for settings in all_settings {
        if settings.iter().any(|(key, _)| key == "seed") {
            return Err(SweepError::VariedSeed);
        }
        for &seed in seeds {
            let scenario = base.scenario(settings, seed)?;
            let inputs = library.inputs(base, settings, &scenario)?;
            let run_id = inputs.run_id();
            if ids.insert(run_id.clone()) {
                jobs.push(Job { run_id, inputs, scenario });
            }
        }
    }
    Ok(jobs)
}

/// Plays what is not done yet, and returns all. All runs are tried, even if one fails, unless the sweep is stopped.
///
/// # Errors
/// [`SweepError`] of the first run in order that failed; those that did not are kept.
pub fn sweep(
    jobs: &[Job],
    library: &mut Library,
    folder: &Path,
    effort: Effort<'_>,
) -> Result<Swept, SweepError> {
    make_runs(folder)?;
    let mut tasks = Vec::with_capacity(jobs.len());
    for job in jobs {
        let done = done(folder, job, effort.audit);
        // A region is only read if somebody drives on it.
        let land = match done {
            Some(_) => None,
            None => Some(library.land(&job.scenario.region, &|_, _| {})?),
        };
        tasks.push((job, land, done));
    }
    let n_reused = tasks.iter().filter(|(_, _, done)| done.is_some()).count();
    let results = crew::each(&tasks, effort.n_threads, |(job, land, done)| {
        let manifest = match (done, land) {
            _ if (effort.is_stopped)() => return Err(SweepError::Stopped),
            (Some(manifest), _) => Ok(manifest.clone()),
            (None, Some(land)) => {
                play(job, land, effort.audit).and_then(|manifest| keep(folder, &manifest))
            }
            (None, None) => Err(SweepError::Crew(CrewError::Lost)),
        };
        (effort.progress)();
        manifest
    })?;
    let manifests = results.into_iter().collect::<Result<Vec<_>, _>>()?;
    Ok(Swept { manifests, n_reused })
}

fn path_of(folder: &Path, run_id: &str) -> PathBuf {
    folder.join("runs").join(format!("{run_id}.json"))
}

/// The manifest of `job` in `folder`, if it is this run, whole, and audited if that is wanted. A file that is anything
/// else is no result: the run is made again and the file replaced.
#[must_use]
pub fn done(folder: &Path, job: &Job, audit: bool) -> Option<Manifest> {
    let text = fs::read_to_string(path_of(folder, &job.run_id)).ok()?;
    let manifest: Manifest = serde_json::from_str(&text).ok()?;
    let is_it = manifest.run == job.run_id && (manifest.audit_breaches.is_some() || !audit);
    is_it.then_some(manifest)
}

/// Plays one run and keeps nothing.
///
/// # Errors
/// [`SweepError`].
pub fn play(job: &Job, land: &Land, audit: bool) -> Result<Manifest, SweepError> {
    let begin = Instant::now();
    let prepared = study::prepare_on(land, &job.scenario)?;
    let study = study::play(&job.scenario, &prepared, &|_| {})?;
    let breaches = if audit {
        Some(inspect::inspect(&job.scenario, &prepared, &study)?.breaches.len())
    } else {
        None
    };
    Ok(Manifest {
        run: job.run_id.clone(),
        inputs: job.inputs.clone(),
        kpi: serde_json::to_value(study.kpi(false))?,
        audit_breaches: breaches,
        state_hash: format!("{:016x}", study.outcome.state_hash),
        wall_s: begin.elapsed().as_secs_f64(),
    })
}

/// Keeps a manifest in `folder`, whole or not at all, and returns what was written: a run made now and one read later
/// give the same numbers.
///
/// # Errors
/// [`SweepError::Study`] if it can't be written.
pub fn keep(folder: &Path, manifest: &Manifest) -> Result<Manifest, SweepError> {
    make_runs(folder)?;
    let path = path_of(folder, &manifest.run);
    let mut text = serde_json::to_string_pretty(manifest)?;
    text.push('\n');
    let fresh = path.with_extension("json.part");
    study::write_text(&fresh, &text)?;
    fs::rename(&fresh, &path).map_err(|source| StudyError::File { path, source })?;
    Ok(serde_json::from_str(&text)?)
}

fn make_runs(folder: &Path) -> Result<(), SweepError> {
    let path = folder.join("runs");
    Ok(fs::create_dir_all(&path).map_err(|source| StudyError::File { path, source })?)
}
