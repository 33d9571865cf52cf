//! Regions: built from a map, looked at.

use std::fs::{self, File};
use std::io::{BufReader, Write};
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};
use pyo3::prelude::*;
use serde_json::{Value, json};
use sharxi_engine::import::{Profile, import_reader};
use sharxi_engine::region::Region;

use crate::waiting;

/// Imports the map at `input`, writes the region file `output`, and returns its figures as JSON.
///
/// # Errors
/// If a file can't be read or written, or is not what it should be.
#[pyfunction]
#[pyo3(signature = (input, output, profile, name))]
pub(crate) fn build_region(
    py: Python<'_>,
    input: PathBuf,
    output: PathBuf,
    profile: PathBuf,
    name: Option<String>,
) -> PyResult<String> {
    waiting::patiently(py, None, |_| build(&input, &output, &profile, name.as_deref()))
}

/// What the region file at `path` holds, as JSON.
///
/// # Errors
/// If it can't be read, or is none.
#[pyfunction]
pub(crate) fn region_info(py: Python<'_>, path: PathBuf) -> PyResult<String> {
    waiting::patiently(py, None, |_| {
        let bytes = fs::read(&path).with_context(|| format!("read {}", path.display()))?;
        let region = Region::decode(&bytes).with_context(|| format!("open {}", path.display()))?;
        Ok(info(&region, bytes.len()).to_string())
    })
}

fn build(input: &Path, output: &Path, profile: &Path, name: Option<&str>) -> Result<String> {
    let profile = read_profile(profile)?;
    let file = File::open(input).with_context(|| format!("read {}", input.display()))?;
    let (region, _report) = import_reader(BufReader::new(file), &profile, &|_, _| {})
        .with_context(|| format!("import {}", input.display()))?;
    let stem = input.file_name().map(|name| name.to_string_lossy().into_owned());
    let stem = stem.unwrap_or_default();
    let region = region.named(name.unwrap_or(stem.trim_end_matches(".osm.pbf")));
    let encoded = region.encode();
    write_whole(output, &encoded).with_context(|| format!("write {}", output.display()))?;
    Ok(info(&region, encoded.len()).to_string())
}

/// A built-in profile, or one from a file.
fn read_profile(profile: &Path) -> Result<Profile> {
    if let Some(built_in) = profile.to_str().and_then(Profile::built_in) {
        return Ok(built_in);
    }
    let text =
        fs::read_to_string(profile).with_context(|| format!("read {}", profile.display()))?;
    Profile::parse(&text).with_context(|| format!("use {}", profile.display()))
}

/// Beside its place first, then renamed: a region file is there as a whole or not at all.
fn write_whole(path: &Path, bytes: &[u8]) -> std::io::Result<()> {
    let mut beside = path.as_os_str().to_owned();
    beside.push(format!(".{}.tmp", std::process::id()));
    let write = || {
        let mut file = File::create(&beside)?;
        file.write_all(bytes)?;
        file.sync_all()?;
        fs::rename(&beside, path)
    };
    write().inspect_err(|_| {
        // What is left behind is of no use; that it can't be removed changes nothing about the failure.
        drop(fs::remove_file(&beside));
    })
}

fn info(region: &Region, bytes: usize) -> Value {
    let (south_west, north_east) = region.bounds();
    json!({
        "name": region.name(),
        "profile": region.profile(),
        "nodes": region.n_nodes(),
        "arcs": region.n_arcs(),
        "places": region.places().len(),
        "attractors": region.attractors().len(),
        "bounds": [south_west.lat(), south_west.lon(), north_east.lat(), north_east.lon()],
        "attribution": region.attribution(),
        "bytes": bytes,
    })
}
