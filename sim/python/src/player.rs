//! Plays single runs of a sweep that was planned elsewhere, as a worker of a cluster does.

use std::sync::Mutex;

use anyhow::{Context, anyhow, bail};
use pyo3::prelude::*;
use sharxi_sim::crew;
use sharxi_sim::sweep::grid::Setting;
use sharxi_sim::sweep::inputs::Library;
use sharxi_sim::sweep::runner;

use crate::runs::Scene;
use crate::waiting;

/// Plays runs; each region is read once.
#[pyclass(frozen)]
pub(crate) struct Player {
    library: Mutex<Library>,
}

#[pymethods]
impl Player {
    #[new]
    fn new() -> Self {
        Self { library: Mutex::new(Library::default()) }
    }

    /// Plays a run, on one thread, and returns its manifest. `run_id` is the name under which it was planned; if it has
    /// another here, files or program differ, and that is an error.
    fn play(
        &self,
        py: Python<'_>,
        scene: Scene,
        settings: Vec<Setting>,
        seed: u64,
        run_id: String,
        audit: bool,
    ) -> PyResult<String> {
        let base = scene.base();
        waiting::patiently(py, None, |_| {
            let (job, land) = {
                let mut library = self
                    .library
                    .lock()
                    .map_err(|_poisoned| anyhow!("an earlier run ended badly"))?;
                let mut jobs = runner::jobs(&base, &[settings], &[seed], &mut library)?;
                let job = jobs.pop().context("nothing to play")?;
                if job.run_id != run_id {
                    bail!(
                        "run {run_id} is {} here: the version of sharxi or a file is not the same",
                        job.run_id
                    );
                }
                let land = library.land(&job.scenario.region, &|_, _| {})?;
                (job, land)
            };
            let mut played = crew::each(&[job], 1, |job| runner::play(job, &land, audit))?;
            let manifest = played.pop().context("nothing was played")??;
            Ok(serde_json::to_string(&manifest)?)
        })
    }
}
