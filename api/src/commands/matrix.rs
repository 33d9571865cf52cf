//! `sharxi matrix`: travel times between all pairs of a list.

use std::fmt::Write as _;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, anyhow, bail};
use clap::Args;
use serde_json::json;
use sharxi_engine::ids::NodeId;
use sharxi_engine::oracle::{Location, Oracle};
use sharxi_engine::region::Region;
use sharxi_engine::units::Millis;

use super::{LabelArgs, Output, PointArg, load_region, snap};

/// Entries of a list: its square is held in memory.
const LIST_MAX: usize = 20_000;

/// Which list.
#[derive(Debug, Args)]
#[command(
    after_help = "Examples:\n  sharxi matrix isle-of-man.region --points stops.csv\n  sharxi matrix isle-of-man.region --nodes nodes.txt --json"
)]
#[group(skip)]
pub struct MatrixArgs {
    /// The region file.
    region: PathBuf,
    /// A file of points, one `lat,lon` a line.
    #[arg(long, required_unless_present = "nodes", conflicts_with = "nodes")]
    points: Option<PathBuf>,
    /// A file of nodes of the exported graph, one id a line.
    #[arg(long)]
    nodes: Option<PathBuf>,
}

/// Runs the command.
///
/// # Errors
/// If a file cannot be read, a line is not what it should be, or a point is far from all roads.
pub fn run(args: &MatrixArgs) -> Result<Output> {
    let region = load_region(&args.region, LabelArgs::default())?;
    let locations = match (&args.points, &args.nodes) {
        (Some(path), _) => read_list(path, |line| point(&region, line))?,
        (None, Some(path)) => read_list(path, |line| node(&region, line))?,
        (None, None) => bail!("choose a list: neither --points nor --nodes is given"),
    };
    let mut times = vec![Millis::INFINITE; locations.len() * locations.len()];
    region.times(&locations, &locations, &mut times);
    let cell = |time: &Millis| (!time.is_infinite()).then(|| time.get());
    let rows: Vec<Vec<Option<u32>>> =
        times.chunks(locations.len().max(1)).map(|row| row.iter().map(cell).collect()).collect();
    let mut text = String::new();
    for row in &rows {
        let cells: Vec<String> =
            row.iter().map(|ms| ms.map_or(String::new(), |ms| ms.to_string())).collect();
        // Writing to a string cannot fail.
        let _ = writeln!(text, "{}", cells.join(","));
    }
    Ok(Output { text, json: json!({ "durations_ms": rows }) })
}

fn read_list(path: &Path, read: impl Fn(&str) -> Result<Location>) -> Result<Vec<Location>> {
    let text = std::fs::read_to_string(path).with_context(|| format!("read {}", path.display()))?;
    let mut locations = Vec::new();
    for (idx, line) in text.lines().enumerate() {
        let line = line.trim();
        let is_heading = idx == 0 && line.starts_with("lat");
        if line.is_empty() || is_heading {
            continue;
        }
        let at_line = || format!("read {} line {}", path.display(), idx + 1);
        locations.push(read(line).with_context(at_line)?);
        if locations.len() > LIST_MAX {
            bail!("read {}: more than {LIST_MAX} entries", path.display());
        }
    }
    Ok(locations)
}

fn point(region: &Region, line: &str) -> Result<Location> {
    let point: PointArg = line.parse().map_err(|error: String| anyhow!(error))?;
    snap(region, point.0)
}

fn node(region: &Region, line: &str) -> Result<Location> {
    let id: u32 = line.parse().with_context(|| format!("{line:?} is not a node id"))?;
    match id.checked_sub(1) {
        Some(idx) if (idx as usize) < region.n_nodes() => Ok(Location::Node(NodeId::new(idx))),
        _ => bail!("node {id} is not between 1 and {}", region.n_nodes()),
    }
}
