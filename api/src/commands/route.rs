//! `sharxi route`: the fastest way between two points, with its shape and turn by turn.

use std::path::PathBuf;

use anyhow::Result;
use clap::Args;

use super::traffic::TrafficArgs;
use super::{LabelArgs, Output, PointArg, SNAP_M_MAX, load_region};
use crate::queries::route::{Format, find};

/// Where from and where to.
#[derive(Debug, Args)]
#[command(
    after_help = "Examples:\n  sharxi route isle-of-man.region --from 54.15,-4.48 --to 54.32,-4.38\n  sharxi route isle-of-man.region --from 54.15,-4.48 --to 54.32,-4.38 --format geojson > route.geojson\n  sharxi route isle-of-man.region --from 54.15,-4.48 --to 54.32,-4.38 --format polyline6\n  sharxi route isle-of-man.region --from 54.15,-4.48 --to 54.32,-4.38 --traffic closures.csv\n  sharxi route isle-of-man.region --from 54.15,-4.48 --to 54.32,-4.38 --traffic week.toml --at 2024-05-06T07:30\n\nIf there is no answer, the code at the end of the message says why: no_road_near, closed, cut_off_by_closures,\nunreachable_from_start."
)]
pub struct RouteArgs {
    /// The region file.
    region: PathBuf,
    /// Start, as LAT,LON.
    #[arg(long, allow_hyphen_values = true)]
    from: PointArg,
    /// Destination, as LAT,LON.
    #[arg(long, allow_hyphen_values = true)]
    to: PointArg,
    /// Print the route in this format; with --json, the form of its shape.
    #[arg(long)]
    format: Option<Format>,
    #[command(flatten)]
    traffic: TrafficArgs,
    /// Memory.
    #[command(flatten)]
    labels: LabelArgs,
}

/// Runs the command.
///
/// # Errors
/// If the region cannot be read, or there is no answer ([`crate::queries::NoAnswer`]).
pub fn run(args: &RouteArgs) -> Result<Output> {
    let region = args.traffic.apply(load_region(&args.region, args.labels)?)?;
    let ends = [args.from.0, args.to.0];
    let route = find(&region, ends, args.format.unwrap_or_default(), SNAP_M_MAX)?;
    let text = match (args.format, route.polyline) {
        (None, _) => route.text,
        (Some(_), Some(polyline)) => polyline,
        (Some(_), None) => route.json.to_string(),
    };
    Ok(Output { text, json: route.json })
}
