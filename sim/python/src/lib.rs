//! What the Python package `sharxi` calls: regions, single runs, sweeps. Everything else of the package is Python.
//!
//! Figures travel as JSON and tables as bytes of Parquet and CSV, the very bytes that the command line writes. Long work
//! runs on a thread of its own without the interpreter's lock (`waiting.rs`); errors are one line, as the command line
//! says them.

use pyo3::prelude::*;

mod plan;
mod player;
mod regions;
mod runs;
mod waiting;

/// The compiled part of the package.
#[pymodule]
mod _native {
    #[pymodule_export]
    use super::plan::{Plan, grid};
    #[pymodule_export]
    use super::player::Player;
    #[pymodule_export]
    use super::regions::{build_region, region_info};
    #[pymodule_export]
    use super::runs::run;
    #[pymodule_export]
    use super::waiting::Error;

    use super::{Bound, PyModule, PyModuleMethods as _, PyResult};
    use sharxi_sim::sweep::inputs::VERSION;

    #[pymodule_init]
    fn init(module: &Bound<'_, PyModule>) -> PyResult<()> {
        module.add("VERSION", VERSION)
    }
}
