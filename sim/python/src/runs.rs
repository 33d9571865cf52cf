//! One simulated day.

use std::path::PathBuf;

use anyhow::Result;
use pyo3::prelude::*;
use pyo3::types::PyBytes;
use serde_json::{Value, json};
use sharxi_sim::baseline::assumptions::Assumptions;
use sharxi_sim::baseline::table;
use sharxi_sim::report::page::{self, Subject};
use sharxi_sim::scenario::file::{self as scenario, Given};
use sharxi_sim::sweep::inputs::Base;
use sharxi_sim::table::Table;
use sharxi_sim::{inspect, study, trips_table};

use crate::waiting;

/// A scenario as Python names it: a file or none, settings on top, files in place of its own.
#[derive(FromPyObject)]
pub(crate) struct Scene {
    #[pyo3(item("scenario"))]
    scenario: Option<PathBuf>,
    #[pyo3(item("sets"))]
    sets: Vec<String>,
    #[pyo3(item("region"))]
    region: Option<PathBuf>,
    #[pyo3(item("demand"))]
    demand: Option<PathBuf>,
    #[pyo3(item("fleet"))]
    fleet: Option<PathBuf>,
}

impl Scene {
    pub(crate) fn base(self) -> Base {
        let Self { scenario, sets, region, demand, fleet } = self;
        Base { path: scenario, sets, given: Given { region, demand, fleet, seed: None } }
    }
}

/// A table as bytes of Parquet and of CSV, its columns, and how many rows it has.
pub(crate) struct Packed {
    parquet: Vec<u8>,
    csv: Vec<u8>,
    columns: Vec<String>,
    n_rows: usize,
}

/// The same as Python sees it.
pub(crate) type PyPacked<'py> = (Bound<'py, PyBytes>, Bound<'py, PyBytes>, Vec<String>, usize);

impl Packed {
    pub(crate) fn of(table: &Table) -> Result<Self> {
        let (mut parquet, mut csv) = (Vec::new(), Vec::new());
        table.write_parquet(&mut parquet)?;
        table.write_csv(b',', &mut csv)?;
        let columns = table.columns().to_vec();
        Ok(Self { parquet, csv, columns, n_rows: table.n_rows() })
    }

    pub(crate) fn into_py(self, py: Python<'_>) -> PyPacked<'_> {
        let [parquet, csv] = [&self.parquet, &self.csv].map(|bytes| PyBytes::new(py, bytes));
        (parquet, csv, self.columns, self.n_rows)
    }
}

/// Plays a scenario. Returns its figures and, if audited, the breaches, both as JSON, and the table of its requests.
/// Into `output`, if given, goes what `sharxi-sim run` writes.
///
/// # Errors
/// If the scenario can't be read, played or written.
#[pyfunction]
#[pyo3(signature = (scene, seed, audit, output))]
pub(crate) fn run<'py>(
    py: Python<'py>,
    scene: Scene,
    seed: Option<u64>,
    audit: bool,
    output: Option<PathBuf>,
) -> PyResult<(String, Option<String>, PyPacked<'py>)> {
    let base = scene.base();
    let (kpi, breaches, table) =
        waiting::patiently(py, None, |_| play(&base, seed, audit, output))?;
    let breaches = breaches.map(|breaches| breaches.to_string());
    Ok((kpi.to_string(), breaches, table.into_py(py)))
}

fn play(
    base: &Base,
    seed: Option<u64>,
    audit: bool,
    output: Option<PathBuf>,
) -> Result<(Value, Option<Value>, Packed)> {
    let given = Given { seed, ..base.given.clone() };
    let scenario = scenario::read(base.path.as_deref(), &base.sets, &given)?;
    let prepared = study::prepare(&scenario, &|_, _| {})?;
    let is_shown = output.is_some() && scenario.output.report;
    let play = if is_shown { study::play_tracked } else { study::play };
    let study = play(&scenario, &prepared, &|_| {})?;
    if let Some(folder) = output {
        study::write(&folder, &scenario, &prepared, &study, true)?;
        if is_shown {
            let price = table::price(&Assumptions::bundled()?, &prepared, &study);
            let subject = Subject {
                prepared: &prepared,
                study: &study,
                scenario: &scenario,
                price,
                baselines: &[],
            };
            study::write_text(&folder.join("report.html"), &page::page(&subject, true))?;
        }
    }
    let breaches = if audit {
        let verdict = inspect::inspect(&scenario, &prepared, &study)?;
        let breach = |breach: &sharxi_sim::audit::Breach| json!({ "line": breach.line, "rule": breach.rule, "text": breach.text });
        Some(verdict.breaches.iter().map(breach).collect())
    } else {
        None
    };
    let kpi = serde_json::to_value(study.kpi(true))?;
    let table = Packed::of(&trips_table::table(&study.story, prepared.period.clock))?;
    Ok((kpi, breaches, table))
}
