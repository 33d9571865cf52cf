//! Studies of many runs: their command lines, and what they print.

use std::path::PathBuf;
use std::time::Instant;

use anyhow::Result;
use serde_json::json;
use sharxi_sim::compare::{self, Line};
use sharxi_sim::crew;
use sharxi_sim::scenario::file::Given;
use sharxi_sim::study;
use sharxi_sim::sweep::grid::{self, Axis, Setting};
use sharxi_sim::sweep::inputs::{Base, Library};
use sharxi_sim::sweep::results;
use sharxi_sim::sweep::runner::{self, Effort};

use crate::commands::Outcome;
use crate::progress;

/// What is common to all studies: the scenario and how it is changed.
#[derive(Debug, clap::Args)]
pub(crate) struct Scene {
    /// The scenario.
    pub(crate) scenario: PathBuf,
    /// Region (.region) or map (.osm.pbf) instead of the scenario's.
    #[arg(long)]
    pub(crate) region: Option<PathBuf>,
    /// Demand (.csv) or profile (.toml) instead of the scenario's.
    #[arg(long)]
    pub(crate) demand: Option<PathBuf>,
    /// Any key of the scenario, for all runs; may be repeated.
    #[arg(long, value_name = "KEY=VALUE")]
    pub(crate) set: Vec<String>,
    /// Runs side by side; as many as the machine has threads if left out.
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u16).range(1..=256))]
    pub(crate) threads: Option<u16>,
}

impl Scene {
    pub(crate) fn base(&self) -> Base {
        let given =
            Given { region: self.region.clone(), demand: self.demand.clone(), ..Given::default() };
        Base { path: Some(self.scenario.clone()), sets: self.set.clone(), given }
    }

    pub(crate) fn n_threads(&self) -> usize {
        self.threads.map_or_else(crew::threads_of_machine, usize::from)
    }

    fn effort<'a>(&self, audit: bool, progress: &'a (dyn Fn() + Sync)) -> Effort<'a> {
        Effort { n_threads: self.n_threads(), audit, progress, is_stopped: &|| false }
    }
}

/// Seeds from `1,2,5` or `1..20`.
pub(crate) fn seeds(text: &str) -> Result<Seeds, String> {
    grid::seeds(text).map(Seeds).map_err(|error| error.to_string())
}

/// A list of seeds; a type of its own, since clap takes a bare list for a repeated argument.
#[derive(Clone, Debug)]
pub(crate) struct Seeds(pub(crate) Vec<u64>);

#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:\n  \
    sharxi-sim sweep data/scenarios/isle-of-man-day.toml --vary fleet.taxi=30..60..10 \
    --vary policy.reposition=true,false --seeds 1..5 -o sweep\n  \
    sharxi-sim sweep data/scenarios/isle-of-man-day.toml --list runs.csv --seeds 7 --audit -o sweep\n\n\
    Writes runs.csv and runs.parquet (a row for each run), summary.csv and summary.parquet (a row for each setting, \
    with 95 % intervals over the seeds), and runs/ID.json, the manifest of each run. A run that is done is not \
    repeated: interrupt a sweep, add values or seeds, and start it again with the same -o.")]
pub(crate) struct Sweep {
    #[command(flatten)]
    pub(crate) scene: Scene,
    /// Values of a key: KEY=A,B,C or KEY=FROM..TO or KEY=FROM..TO..STEP; may be repeated for a grid.
    #[arg(long, value_name = "KEY=VALUES", conflicts_with = "list")]
    pub(crate) vary: Vec<String>,
    /// A CSV file: keys in the first line, one run a line.
    #[arg(long, value_name = "FILE")]
    pub(crate) list: Option<PathBuf>,
    /// Seeds of each run: 1,2,5 or 1..20.
    #[arg(long, default_value = "1", value_parser = seeds)]
    pub(crate) seeds: Seeds,
    /// Audit every run; exit 1 on any breach.
    #[arg(long)]
    pub(crate) audit: bool,
    /// Folder for the results; made if missing.
    #[arg(short, long, value_name = "DIR")]
    pub(crate) output: PathBuf,
}

pub(crate) fn sweep(args: &Sweep, as_json: bool) -> Result<Outcome> {
    let begin = Instant::now();
    let settings: Vec<Vec<Setting>> = match &args.list {
        Some(path) => grid::list(study::read_text(path)?.as_bytes())?,
        None => {
            let axes: Result<Vec<Axis>, _> =
                args.vary.iter().map(|text| Axis::parse(text)).collect();
            grid::product(&axes?)?
        }
    };
    let mut library = Library::default();
    let jobs = runner::jobs(&args.scene.base(), &settings, &args.seeds.0, &mut library)?;
    let bar = progress::bar("runs", u64::try_from(jobs.len())?);
    let progress = || bar.inc(1);
    let effort = args.scene.effort(args.audit, &progress);
    let swept = runner::sweep(&jobs, &mut library, &args.output, effort)?;
    bar.finish_and_clear();
    results::write(&args.output, "runs", &results::runs(&swept.manifests))?;
    results::write(&args.output, "summary", &results::summary(&swept.manifests))?;
    let breaches: usize =
        swept.manifests.iter().filter_map(|manifest| manifest.audit_breaches).sum();
    let broken: u64 = swept
        .manifests
        .iter()
        .filter_map(|manifest| manifest.kpi.get("promises_broken")?.as_u64())
        .sum();
    let wall_s = begin.elapsed().as_secs_f64();
    let text = if as_json {
        json!({
            "runs": jobs.len(),
            "reused": swept.n_reused,
            "promises_broken": broken,
            "audit_breaches": args.audit.then_some(breaches),
            "wall_s": wall_s,
        })
        .to_string()
    } else {
        let audit = if args.audit { format!(", {breaches} breaches") } else { String::new() };
        format!(
            "{} runs, {} of them done before, {broken} promises broken{audit}; {wall_s:.1} s\nresults in {}",
            jobs.len(),
            swept.n_reused,
            args.output.display()
        )
    };
    Ok((text, breaches == 0))
}

#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:\n  \
    sharxi-sim compare data/scenarios/isle-of-man-day.toml --set-b policy.reposition=false --seeds 1..10 -o compare\n  \
    sharxi-sim compare big-fleet.toml small-fleet.toml --seeds 1..10 -o compare\n\n\
    Both sides see the same riders on each day; it is an error if they do not. Writes compare.csv, compare.parquet and \
    compare.json: every figure of A and B, the mean of the differences B - A day by day, its interval by Student's t, \
    and on how many days B has more or less; and runs/ID.json as a sweep does.")]
pub(crate) struct Compare {
    #[command(flatten)]
    pub(crate) scene: Scene,
    /// The scenario of side B; the same as A's if left out.
    pub(crate) other: Option<PathBuf>,
    /// Any key of side B's scenario; may be repeated.
    #[arg(long, value_name = "KEY=VALUE")]
    pub(crate) set_b: Vec<String>,
    /// Days: 1,2,5 or 1..20.
    #[arg(long, default_value = "1..5", value_parser = seeds)]
    pub(crate) seeds: Seeds,
    /// Confidence of the intervals.
    #[arg(long, default_value_t = 0.95, value_parser = share)]
    pub(crate) confidence: f64,
    /// Audit every run; exit 1 on any breach.
    #[arg(long)]
    pub(crate) audit: bool,
    /// Folder for the results; made if missing.
    #[arg(short, long, value_name = "DIR")]
    pub(crate) output: PathBuf,
}

/// A number between 0 and 1, both excluded.
pub(crate) fn share(text: &str) -> Result<f64, String> {
    match text.parse::<f64>() {
        Ok(share) if 0.0 < share && share < 1.0 => Ok(share),
        _ => Err("a number between 0 and 1".to_owned()),
    }
}

/// Figures of which the text output tells.
const TOLD: [&str; 7] = [
    "rejected",
    "promises_broken",
    "wait_s_mean",
    "wait_s_p95",
    "vehicle_km",
    "mean_occupancy",
    "coverage_15min_mean",
];

pub(crate) fn compare(args: &Compare, as_json: bool) -> Result<Outcome> {
    let a = args.scene.base();
    let mut b = a.clone();
    if let Some(other) = &args.other {
        b.path = Some(other.clone());
    }
    b.sets.extend(args.set_b.iter().cloned());
    let mut library = Library::default();
    let of_side = |base: &Base, library: &mut Library| {
        runner::jobs(base, &[Vec::new()], &args.seeds.0, library)
    };
    let (jobs_a, jobs_b) = (of_side(&a, &mut library)?, of_side(&b, &mut library)?);
    compare::check_same_days(&jobs_a, &jobs_b)?;
    let jobs = [jobs_a, jobs_b].concat();
    let bar = progress::bar("runs", u64::try_from(jobs.len())?);
    let progress = || bar.inc(1);
    let effort = args.scene.effort(args.audit, &progress);
    let swept = runner::sweep(&jobs, &mut library, &args.output, effort)?;
    bar.finish_and_clear();
    let (side_a, side_b) = swept.manifests.split_at(jobs.len() / 2);
    let lines = compare::compare(side_a, side_b, args.confidence);
    results::write(&args.output, "compare", &compare::table(&lines))?;
    let breaches: usize =
        swept.manifests.iter().filter_map(|manifest| manifest.audit_breaches).sum();
    let value = json!({
        "days": side_a.len(),
        "confidence": args.confidence,
        "audit_breaches": args.audit.then_some(breaches),
        "figures": lines,
    });
    let mut pretty = serde_json::to_string_pretty(&value)?;
    pretty.push('\n');
    study::write_text(&args.output.join("compare.json"), &pretty)?;
    if as_json {
        return Ok((value.to_string(), breaches == 0));
    }
    let mut text = format!("{} days, B - A with {} confidence\n", side_a.len(), args.confidence);
    for line in lines.iter().filter(|line| TOLD.contains(&line.figure.as_str())) {
        text.push_str(&told(line));
    }
    text.push_str(&format!("results in {}", args.output.display()));
    Ok((text, breaches == 0))
}

fn told(line: &Line) -> String {
    let interval = line.difference.interval.map_or_else(String::new, |interval| {
        format!(" ({:+.2} to {:+.2})", interval.low, interval.high)
    });
    format!(
        "{:20} {:10.2} {:10.2}  {:+.2}{interval}, more on {} days, less on {}\n",
        line.figure, line.a, line.b, line.difference.mean, line.days_more, line.days_less
    )
}
