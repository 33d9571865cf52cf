//! `sharxi match`: the roads that a recorded drive has taken.

use std::fmt::Write as _;
use std::path::PathBuf;

use anyhow::{Context, Result};
use clap::Args;

use super::{LabelArgs, Output, load_region};
use crate::queries::{matching, trace};

/// Which drive.
#[derive(Debug, Args)]
#[command(
    after_help = "Examples:\n  sharxi match isle-of-man.region drive.gpx --json\n  sharxi match isle-of-man.region drive.csv --noise-m 10\n\nCSV has a header: lat,lon and, if known, time (RFC 3339) and heading (degrees)."
)]
pub struct MatchArgs {
    /// The region file.
    region: PathBuf,
    /// Positions in order: .csv, .gpx or .geojson.
    trace: PathBuf,
    /// Standard deviation of positions in metres.
    #[arg(long, default_value_t = 20, value_parser = clap::value_parser!(u16).range(1..=200))]
    noise_m: u16,
}

/// Runs the command.
///
/// # Errors
/// If a file cannot be read, or is not what it should be.
pub fn run(args: &MatchArgs) -> Result<Output> {
    let region = load_region(&args.region, LabelArgs::default())?;
    let read = || -> Result<_> { trace::read(&std::fs::read_to_string(&args.trace)?) };
    let fixes = read().with_context(|| format!("read {}", args.trace.display()))?;
    let json = matching::find(&region, &fixes, f64::from(args.noise_m));
    let mut text = format!("{} of {} positions matched\n", json["matched"], json["positions"]);
    for found in json["matches"].as_array().into_iter().flatten() {
        let name = found["name"].as_str().unwrap_or("(no name)");
        let line = match found.is_null() {
            true => "off the roads".to_owned(),
            false => format!(
                "road {:>6} {:<8} {:>8} m  {name}",
                found["road"].to_string(),
                found["direction"].as_str().unwrap_or_default(),
                found["along_m"].to_string(),
            ),
        };
        // Writing to a string cannot fail.
        let _ = writeln!(text, "{line}");
    }
    Ok(Output { text, json })
}
