//! A sweep: which runs it has, which of them are done, and the tables of all.
//!
//! Played here by [`Plan::sweep`], on the threads of this machine, or elsewhere by a [`crate::player::Player`] whose
//! results come back through [`Plan::keep`]. The tables are made from the kept manifests in the order of the plan, so that
//! they are the same bytes either way.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::Mutex;
use std::sync::atomic::Ordering;

use anyhow::{Result, anyhow, bail};
use pyo3::prelude::*;
use sharxi_sim::crew;
use sharxi_sim::sweep::grid::{Axis, Setting, product};
use sharxi_sim::sweep::inputs::{Base, Inputs, Library};
use sharxi_sim::sweep::results;
use sharxi_sim::sweep::runner::{self, Effort, Job, Manifest};

use crate::runs::{Packed, PyPacked, Scene};
use crate::waiting::{self, Told};

/// A run that somebody has to play: its name, settings, seed, and the files that it reads by what they are.
type Todo = (String, Vec<Setting>, u64, BTreeMap<String, PathBuf>);

/// The runs of a sweep and the folder of their results.
#[pyclass(frozen)]
pub(crate) struct Plan {
    base: Base,
    jobs: Vec<Job>,
    audit: bool,
    folder: PathBuf,
    library: Mutex<Library>,
}

/// Every combination of the values of each key, the last key fastest.
///
/// # Errors
/// For a key twice, or too many runs.
#[pyfunction]
pub(crate) fn grid(axes: Vec<(String, Vec<String>)>) -> PyResult<Vec<Vec<Setting>>> {
    let axes: Vec<Axis> = axes.into_iter().map(|(key, values)| Axis { key, values }).collect();
    product(&axes).map_err(|problem| waiting::error(&problem.into()))
}

#[pymethods]
impl Plan {
    /// Every one of `settings` with every one of `seeds`.
    #[new]
    fn new(
        py: Python<'_>,
        scene: Scene,
        settings: Vec<Vec<Setting>>,
        seeds: Vec<u64>,
        audit: bool,
        folder: PathBuf,
    ) -> PyResult<Self> {
        let base = scene.base();
        waiting::patiently(py, None, |_| {
            let mut library = Library::default();
            let jobs = runner::jobs(&base, &settings, &seeds, &mut library)?;
            Ok(Self { base, jobs, audit, folder, library: Mutex::new(library) })
        })
    }

    fn __len__(&self) -> usize {
        self.jobs.len()
    }

    /// Plays what is not done yet on `threads` threads; returns how many runs had been done before.
    fn sweep(
        &self,
        py: Python<'_>,
        threads: Option<usize>,
        progress: Option<Bound<'_, PyAny>>,
    ) -> PyResult<usize> {
        let n_threads = threads.unwrap_or_else(crew::threads_of_machine);
        let told = progress.map(|to| Told { to, all: self.jobs.len() });
        waiting::patiently(py, told.as_ref(), |signals| {
            let progress = || {
                signals.done.fetch_add(1, Ordering::Relaxed);
            };
            let is_stopped = || signals.stop.load(Ordering::Relaxed);
            let audit = self.audit;
            let effort = Effort { n_threads, audit, progress: &progress, is_stopped: &is_stopped };
            let mut library = self.library.lock().map_err(|_poisoned| lost())?;
            let swept = runner::sweep(&self.jobs, &mut library, &self.folder, effort)?;
            Ok(swept.n_reused)
        })
    }

    /// The runs that are not done yet, in order.
    fn todo(&self) -> Vec<Todo> {
        let open = |job: &&Job| runner::done(&self.folder, job, self.audit).is_none();
        self.jobs.iter().filter(open).map(todo).collect()
    }

    /// Keeps the manifest of a run that was played elsewhere.
    fn keep(&self, py: Python<'_>, manifest: String) -> PyResult<()> {
        waiting::patiently(py, None, |_| {
            let manifest: Manifest = serde_json::from_str(&manifest)?;
            let job = self.jobs.iter().find(|job| job.run_id == manifest.run);
            let job = job.ok_or_else(|| anyhow!("run {} is none of this sweep", manifest.run))?;
            if self.audit && manifest.audit_breaches.is_none() {
                bail!("run {} came back without its audit", manifest.run);
            }
            // Its files lay elsewhere there; by their contents they are the same, or the name were another.
            runner::keep(&self.folder, &Manifest { inputs: job.inputs.clone(), ..manifest })?;
            Ok(())
        })
    }

    /// Writes the tables and returns `runs` and `summary`, and the breaches of all audits.
    fn tables<'py>(
        &self,
        py: Python<'py>,
    ) -> PyResult<(PyPacked<'py>, PyPacked<'py>, Option<usize>)> {
        let (runs, summary, breaches) = waiting::patiently(py, None, |_| {
            let manifest = |job: &Job| {
                let done = runner::done(&self.folder, job, self.audit);
                done.ok_or_else(|| anyhow!("run {} is not done", job.run_id))
            };
            let manifests = self.jobs.iter().map(manifest).collect::<Result<Vec<_>>>()?;
            let runs = results::runs(&manifests);
            let summary = results::summary(&manifests);
            results::write(&self.folder, "runs", &runs)?;
            results::write(&self.folder, "summary", &summary)?;
            let breaches: usize = manifests.iter().filter_map(|done| done.audit_breaches).sum();
            Ok((Packed::of(&runs)?, Packed::of(&summary)?, self.audit.then_some(breaches)))
        })?;
        Ok((runs.into_py(py), summary.into_py(py), breaches))
    }

    /// What was set for all runs.
    #[getter]
    fn sets(&self) -> Vec<String> {
        self.base.sets.clone()
    }
}

fn todo(job: &Job) -> Todo {
    let Inputs { seed, settings, files, .. } = &job.inputs;
    let files = files.iter().map(|(role, file)| (role.clone(), file.path.clone())).collect();
    (job.run_id.clone(), settings.clone(), *seed, files)
}

fn lost() -> anyhow::Error {
    anyhow!("an earlier call on this sweep ended badly; begin a new one")
}
