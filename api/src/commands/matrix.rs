//! `sharxi matrix`: travel times and distances between many places.

use std::fmt::Write as _;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, anyhow, bail};
use clap::Args;
use sharxi_engine::ids::NodeId;
use sharxi_engine::region::Region;
use sharxi_engine::units::Millis;

use super::traffic::TrafficArgs;
use super::{LabelArgs, Output, PointArg, SNAP_M_MAX, load_region};
use crate::queries::matrix::{Answer, Cells, Question, Stop};

/// Entries of a list.
const LIST_MAX: usize = 1_000_000;
/// Cells of a table: all are held in memory.
const CELLS_MAX: usize = 400_000_000;

/// Which places.
#[derive(Debug, Args)]
#[command(
    after_help = "Examples:\n  sharxi matrix isle-of-man.region --points stops.csv\n  sharxi matrix isle-of-man.region --nodes nodes.txt --json\n  sharxi matrix isle-of-man.region --sources depots.csv --targets stops.csv --max-s 900 --distances\n  sharxi matrix isle-of-man.region --pairs trips.csv\n  sharxi matrix isle-of-man.region --points stops.csv --traffic closures.csv\n\nCells without a way are empty (null with --json, which also says why under `unreachable`)."
)]
#[group(skip)]
pub struct MatrixArgs {
    /// The region file.
    region: PathBuf,
    /// All pairs of a file of points, one `lat,lon` a line.
    #[arg(long, required_unless_present_any = ["nodes", "pairs", "sources"], conflicts_with_all = ["nodes", "pairs", "sources", "targets"])]
    points: Option<PathBuf>,
    /// All pairs of a file of nodes of the exported graph, one id a line.
    #[arg(long, conflicts_with_all = ["pairs", "sources", "targets", "distances"])]
    nodes: Option<PathBuf>,
    /// A file of pairs, one `lat,lon,lat,lon` a line: so many single times, one a line.
    #[arg(long, conflicts_with_all = ["sources", "targets"])]
    pairs: Option<PathBuf>,
    /// From each point of this file, one row each; one line makes it one-to-many.
    #[arg(long, requires = "targets")]
    sources: Option<PathBuf>,
    /// To each point of this file, one column each; one line makes it many-to-one.
    #[arg(long, requires = "sources")]
    targets: Option<PathBuf>,
    /// Leave out times above so many seconds.
    #[arg(long, value_parser = clap::value_parser!(u32).range(0..=1_000_000))]
    max_s: Option<u32>,
    /// Distances as well: lengths of the fastest ways, in metres.
    #[arg(long)]
    distances: bool,
    #[command(flatten)]
    traffic: TrafficArgs,
    /// Memory.
    #[command(flatten)]
    labels: LabelArgs,
}

/// Runs the command.
///
/// # Errors
/// If a file cannot be read, or a line is not what it should be.
pub fn run(args: &MatrixArgs) -> Result<Output> {
    let region = args.traffic.apply(load_region(&args.region, args.labels)?)?;
    let cells = match args {
        MatrixArgs { points: Some(path), .. } => square(read_list(path, |l| point(&region, l))?),
        MatrixArgs { nodes: Some(path), .. } => {
            Cells::Graph(read_list(path, |l| node(&region, l))?)
        }
        MatrixArgs { pairs: Some(path), .. } => {
            Cells::Pairs(read_list(path, |l| pair(&region, l))?)
        }
        MatrixArgs { sources: Some(sources), targets: Some(targets), .. } => Cells::Table(
            read_list(sources, |l| point(&region, l))?,
            read_list(targets, |l| point(&region, l))?,
        ),
        _ => bail!("choose a list: none is given"),
    };
    let bound = args.max_s.map(Millis::from_secs);
    let question = Question { cells, bound, distances: args.distances };
    if question.n_cells() > CELLS_MAX {
        bail!("fill {} cells: at most {CELLS_MAX}", question.n_cells());
    }
    let answer = question.answer(&region);
    Ok(Output { text: text(&answer), json: answer.to_json() })
}

fn square(stops: Vec<Stop>) -> Cells {
    Cells::Table(stops.clone(), stops)
}

/// Milliseconds, a row a line; and metres behind them.
fn text(answer: &Answer) -> String {
    let mut text = String::new();
    let mut rows = |cells: Vec<String>| {
        for row in cells.chunks(answer.width.max(1)) {
            // Writing to a string cannot fail.
            let _ = writeln!(text, "{}", row.join(","));
        }
    };
    let empty = String::new;
    let ms = answer.times.iter().map(|time| time.map_or_else(empty, |t| t.get().to_string()));
    rows(ms.collect());
    if let Some(distances) = &answer.distances {
        rows(vec![String::new()]);
        let meters = |mm: &Option<sharxi_engine::units::Millimeters>| {
            mm.map_or_else(empty, |mm| format!("{:.1}", mm.as_meters_f64()))
        };
        rows(distances.iter().map(meters).collect());
    }
    text
}

fn read_list<T>(path: &Path, read: impl Fn(&str) -> Result<T>) -> Result<Vec<T>> {
    let text = std::fs::read_to_string(path).with_context(|| format!("read {}", path.display()))?;
    let mut entries = Vec::new();
    for (idx, line) in text.lines().enumerate() {
        let line = line.trim();
        let is_heading = idx == 0 && line.chars().next().is_some_and(char::is_alphabetic);
        if line.is_empty() || is_heading {
            continue;
        }
        let at_line = || format!("read {} line {}", path.display(), idx + 1);
        entries.push(read(line).with_context(at_line)?);
        if entries.len() > LIST_MAX {
            bail!("read {}: more than {LIST_MAX} entries", path.display());
        }
    }
    Ok(entries)
}

fn point(region: &Region, line: &str) -> Result<Stop> {
    let point: PointArg = line.parse().map_err(|error: String| anyhow!(error))?;
    Ok(region.snap(point.0, SNAP_M_MAX).map(|snap| snap.location))
}

fn pair(region: &Region, line: &str) -> Result<(Stop, Stop)> {
    let comma = line.match_indices(',').nth(1).map(|(at, _)| at);
    let (from, to) = comma
        .map(|at| (&line[..at], &line[at + 1..]))
        .ok_or_else(|| anyhow!("{line:?} is not LAT,LON,LAT,LON"))?;
    Ok((point(region, from)?, point(region, to)?))
}

fn node(region: &Region, line: &str) -> Result<NodeId> {
    let id: u32 = line.parse().with_context(|| format!("{line:?} is not a node id"))?;
    match id.checked_sub(1) {
        Some(idx) if (idx as usize) < region.n_nodes() => Ok(NodeId::new(idx)),
        _ => bail!("node {id} is not between 1 and {}", region.n_nodes()),
    }
}
