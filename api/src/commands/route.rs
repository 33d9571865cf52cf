//! `sharxi route`: the fastest way between two points, with its shape and street names.

use std::fmt::Write as _;
use std::path::PathBuf;

use anyhow::{Result, anyhow};
use clap::Args;
use serde_json::json;
use sharxi_engine::oracle::Oracle;

use super::{Output, PointArg, degrees, load_region, snap};

/// Where from and where to.
#[derive(Debug, Args)]
#[command(
    after_help = "Example:\n  sharxi route isle-of-man.region --from 54.15,-4.48 --to 54.32,-4.38"
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
}

/// Runs the command.
///
/// # Errors
/// If the region cannot be read, a point is far from all roads, or there is no way.
pub fn run(args: &RouteArgs) -> Result<Output> {
    let region = load_region(&args.region)?;
    let (from, to) = (snap(&region, args.from.0)?, snap(&region, args.to.0)?);
    let path = region.path(from, to).ok_or_else(|| anyhow!("find a way: there is none"))?;
    let shape: Vec<_> = region
        .path_geometry(&path)
        .into_iter()
        .map(|(point, _)| json!([degrees(point.lon_e7()), degrees(point.lat_e7())]))
        .collect();
    let legs = region.legs(&path);
    let duration_s = path.duration.as_secs_f64();
    let distance_m = path.distance.as_meters_f64();
    let json = json!({
        "duration_s": duration_s,
        "distance_m": distance_m,
        "geometry": { "type": "LineString", "coordinates": shape },
        "legs": legs.iter().map(|leg| json!({
            "name": leg.name,
            "distance_m": leg.distance.as_meters_f64(),
            "duration_s": leg.duration.as_secs_f64(),
            "way_ids": leg.ways,
        })).collect::<Vec<_>>(),
    });
    let mut text = format!("{distance_m:.0} m in {duration_s:.1} s\n");
    for leg in &legs {
        let name = leg.name.as_deref().unwrap_or("(no name)");
        let (meters, seconds) = (leg.distance.as_meters_f64(), leg.duration.as_secs_f64());
        // Writing to a string cannot fail.
        let _ = writeln!(text, "{meters:>8.0} m {seconds:>7.1} s  {name}");
    }
    Ok(Output { text, json })
}
