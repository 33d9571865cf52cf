//! Runs the optimiser on files of a class, checks every route and prints vehicles and distance beside the best known.
//!
//! Budgets are CPU seconds of this thread, so that a busy machine changes little. One line a file, then the totals:
//! vehicles beyond the best known, and the mean and worst gap in distance over the files solved with as many vehicles.

use std::collections::BTreeMap;
use std::io::Write as _;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail};
use clap::Parser;
use rustix::time::{ClockId, clock_gettime};
use sharxi_sim::solve::checker::{self, Verdict};
use sharxi_sim::solve::format::Format;
use sharxi_sim::solve::instance::Instance;
use sharxi_sim::solve::run::{self, Effort};

/// The optimiser against the best-known figures of published files.
#[derive(Debug, Parser)]
#[command(after_help = "Examples:\n  \
    solve_table --format lilim --best pdptw/bks.csv --seconds 1 pdptw/instances/100/*.txt\n  \
    solve_table --format darp --best darp/bks.csv --seconds 10 darp/instances/[ab]/*.txt\n  \
    solve_table --format scene --seconds 0.1,0.2,1 500x200_1.json")]
struct Args {
    /// lilim, darp, sartori or scene.
    #[arg(long)]
    format: String,
    /// Table with the best known; the instance is in its first column.
    #[arg(long)]
    best: Option<PathBuf>,
    /// CPU seconds a file; several, separated by commas, are run one after the other.
    #[arg(long, value_delimiter = ',', default_value = "1")]
    seconds: Vec<f64>,
    /// Seeds, each run by itself.
    #[arg(long, value_delimiter = ',', default_value = "1")]
    seeds: Vec<u64>,
    /// Searches side by side; with more than one the seconds are by the wall.
    #[arg(long, default_value_t = 1)]
    threads: usize,
    /// The files.
    #[arg(required = true)]
    files: Vec<PathBuf>,
}

/// Best-known vehicles (if they count) and distance by instance.
type Known = BTreeMap<String, (Option<f64>, f64)>;

fn main() -> Result<()> {
    let args = Args::parse();
    let format = match args.format.as_str() {
        "lilim" => Format::Lilim,
        "darp" => Format::Darp,
        "sartori" => Format::Sartori,
        "scene" => Format::Scene,
        other => bail!("{other:?} is none of lilim, darp, sartori, scene"),
    };
    let known = args.best.as_deref().map(known).transpose()?.unwrap_or_default();
    for &seconds in &args.seconds {
        for &seed in &args.seeds {
            let mut table = Table::default();
            for file in &args.files {
                let text =
                    std::fs::read_to_string(file).with_context(|| format!("{}", file.display()))?;
                let name = file.file_stem().unwrap_or_default().to_string_lossy().to_lowercase();
                let instance = format.read(&name, &text).with_context(|| name.clone())?;
                let effort = Effort { seconds, threads: args.threads, seed };
                table.run(&instance, effort, known.get(&name).copied())?;
            }
            table.finish(seconds, seed)?;
        }
    }
    Ok(())
}

fn known(path: &Path) -> Result<Known> {
    let text = std::fs::read_to_string(path).with_context(|| format!("{}", path.display()))?;
    let mut lines = text.lines();
    let head: Vec<&str> = lines.next().unwrap_or_default().split(',').collect();
    let column = |names: &[&str]| head.iter().position(|name| names.contains(name));
    let distance =
        column(&["bks_distance", "bks_cost", "distance"]).context("no column of distances")?;
    // A fleet that is given is not an objective.
    let vehicles = column(&["bks_vehicles"]).or(if head.len() == 3 { Some(1) } else { None });
    let row = |line: &str| {
        let cells: Vec<&str> = line.split(',').collect();
        let number = |at: usize| cells.get(at).and_then(|cell| cell.trim().parse::<f64>().ok());
        Some((cells.first()?.to_lowercase(), (vehicles.and_then(number), number(distance)?)))
    };
    Ok(lines.filter_map(row).collect())
}

/// CPU seconds of this thread.
fn cpu_seconds() -> f64 {
    let time = clock_gettime(ClockId::ThreadCPUTime);
    time.tv_sec as f64 + time.tv_nsec as f64 * 1e-9
}

#[derive(Default)]
struct Table {
    n_files: usize,
    bad: usize,
    extra: f64,
    gaps: Vec<f64>,
    ratios: Vec<f64>,
}

impl Table {
    fn run(
        &mut self,
        instance: &Instance,
        effort: Effort,
        known: Option<(Option<f64>, f64)>,
    ) -> Result<()> {
        let begun = std::time::Instant::now();
        let wall = || begun.elapsed().as_secs_f64();
        let clock: &(dyn Fn() -> f64 + Sync) =
            if effort.threads <= 1 { &cpu_seconds } else { &wall };
        let solution = run::solve(instance, effort, clock, &|_| {})?;
        let verdict = checker::check(instance, &solution.routes);
        self.n_files += 1;
        self.bad += usize::from(!verdict.is_good());
        let mut line = format!(
            "{:14} {:6.2} s {:8} steps {:4} vehicles {:12.2}",
            instance.name, solution.seconds, solution.steps, verdict.vehicles, verdict.distance
        );
        if let Some((vehicles, distance)) = known {
            let extra = vehicles.map_or(0.0, |vehicles| verdict.vehicles as f64 - vehicles);
            let gap = (verdict.distance / distance - 1.0) * 100.0;
            line.push_str(&format!("  best {distance:10.2}  {extra:+} vehicles {gap:+7.3} %"));
            if verdict.is_good() {
                self.extra += extra;
                if extra == 0.0 {
                    self.gaps.push(gap);
                }
            }
        }
        if !instance.plan.is_empty() {
            let given: Verdict = checker::check(instance, &instance.plan);
            let ratio = verdict.distance / given.distance;
            self.ratios.push(ratio);
            line.push_str(&format!("  {ratio:.4} of the given plan"));
        }
        if !verdict.is_good() {
            line.push_str(&format!("  BAD: {} unserved {:?}", verdict.unserved, verdict.faults));
        }
        writeln!(std::io::stdout(), "{line}")?;
        Ok(())
    }

    fn finish(&self, seconds: f64, seed: u64) -> Result<()> {
        let mean = |values: &[f64]| values.iter().sum::<f64>() / values.len().max(1) as f64;
        let worst = self.gaps.iter().copied().fold(0.0, f64::max);
        let mut line =
            format!("{seconds} s, seed {seed}: {} files, {} not solved", self.n_files, self.bad);
        if !self.gaps.is_empty() {
            line.push_str(&format!(
                ", {:+} vehicles, mean gap {:.3} %, worst {worst:.3} % over {} files with as many vehicles",
                self.extra,
                mean(&self.gaps),
                self.gaps.len()
            ));
        }
        if !self.ratios.is_empty() {
            line.push_str(&format!(", mean {:.4} of the given plan", mean(&self.ratios)));
        }
        writeln!(std::io::stdout(), "{line}")?;
        Ok(())
    }
}
