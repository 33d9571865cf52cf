//! `sharxi isochrone`: the areas within so many minutes of a point.

use std::path::PathBuf;

use anyhow::{Result, bail};
use clap::Args;
use serde_json::json;
use sharxi_engine::region::Sense;

use super::{LabelArgs, Output, PointArg, SNAP_M_MAX, load_region, write_atomically};
use crate::queries::isochrone::{BOUNDS_MAX, MINUTES_MAX, find};

/// Around what, and how far.
#[derive(Debug, Args)]
#[command(
    after_help = "Examples:\n  sharxi isochrone isle-of-man.region --at 54.15,-4.48 --minutes 5,10,15 -o reached.geojson\n  sharxi isochrone isle-of-man.region --at 54.15,-4.48 --minutes 15 --reverse > from-where.geojson\n\nEvery reached place of a road lies in the area; nothing in it is farther than four cells from reached road."
)]
pub struct IsochroneArgs {
    /// The region file.
    region: PathBuf,
    /// The centre, as LAT,LON.
    #[arg(long, allow_hyphen_values = true)]
    at: PointArg,
    /// Minutes of driving, one area for each.
    #[arg(long, value_delimiter = ',', required = true, value_parser = clap::value_parser!(u32).range(0..=i64::from(MINUTES_MAX)))]
    minutes: Vec<u32>,
    /// From where the centre is reached in time, not what is reached from it.
    #[arg(long)]
    reverse: bool,
    /// Side of a cell of the grid that the areas are made of, in metres.
    #[arg(long, default_value_t = 50, value_parser = clap::value_parser!(u32).range(10..=10_000))]
    cell_m: u32,
    /// The file to write; standard output if left out.
    #[arg(short, long)]
    output: Option<PathBuf>,
}

/// Runs the command.
///
/// # Errors
/// If the region cannot be read, there is no road near the centre, or the file cannot be written.
pub fn run(args: &IsochroneArgs) -> Result<Output> {
    if args.minutes.len() > BOUNDS_MAX {
        bail!("draw {} areas: at most {BOUNDS_MAX} at a time", args.minutes.len());
    }
    let region = load_region(&args.region, LabelArgs::default())?;
    let sense = if args.reverse { Sense::Towards } else { Sense::Away };
    let json = find(&region, args.at.0, sense, &args.minutes, (args.cell_m, SNAP_M_MAX))?;
    let Some(path) = &args.output else { return Ok(Output { text: json.to_string(), json }) };
    write_atomically(path, json.to_string().as_bytes())?;
    let text = path.display().to_string();
    Ok(Output { json: json!({ "file": text, "minutes": args.minutes }), text })
}
