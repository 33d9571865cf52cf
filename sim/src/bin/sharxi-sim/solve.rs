//! `sharxi-sim solve`: the optimiser alone on a benchmark file.

use std::fmt::Write as _;
use std::time::Instant;

use anyhow::{Context, Result, ensure};
use serde_json::json;
use sharxi_sim::solve::checker;
use sharxi_sim::solve::format::Format;
use sharxi_sim::solve::run::{self, Effort};
use sharxi_sim::study;

use crate::args::{FileFormat, Solve};
use crate::commands::Outcome;
use crate::progress;

/// Steps of the progress bar.
const STEPS: f64 = 1_000.0;

#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a share of the bar")]
pub(crate) fn solve(args: &Solve, as_json: bool) -> Result<Outcome> {
    let format = match args.format {
        FileFormat::Lilim => Format::Lilim,
        FileFormat::Darp => Format::Darp,
        FileFormat::Sartori => Format::Sartori,
        FileFormat::Scene => Format::Scene,
    };
    let text = study::read_text(&args.file)?;
    let name = args.file.file_stem().unwrap_or_default().to_string_lossy();
    let shown = args.file.display();
    let instance = format.read(&name, &text).with_context(|| format!("read {shown}"))?;
    let effort = Effort { seconds: args.seconds, threads: args.threads as usize, seed: args.seed };
    let bar = progress::bar("searching", STEPS as u64);
    let begun = Instant::now();
    let clock = || begun.elapsed().as_secs_f64();
    let advance = |share: f64| bar.set_position((share * STEPS) as u64);
    let solution = run::solve(&instance, effort, &clock, &advance)
        .with_context(|| format!("solve {shown}"))?;
    bar.finish_and_clear();
    let verdict = checker::check(&instance, &solution.routes);
    ensure!(
        verdict.faults.is_empty(),
        "a plan that breaks rules was found, please report it: {}",
        verdict.faults.join("; ")
    );
    if let Some(path) = &args.output {
        let mut lines = format!(
            "Instance : {name}\nVehicles : {}\nDistance : {:.4}\nSolution\n",
            verdict.vehicles, verdict.distance
        );
        let driven = solution.routes.iter().filter(|route| !route.is_empty());
        for (number, route) in (1..).zip(driven) {
            let nodes: Vec<String> = route.iter().map(usize::to_string).collect();
            writeln!(lines, "Route {number} : {}", nodes.join(" "))?;
        }
        study::write_text(path, &lines)?;
    }
    let text = if as_json {
        json!({
            "instance": name,
            "vehicles": verdict.vehicles,
            "distance": verdict.distance,
            "unserved": verdict.unserved,
            "seconds": solution.seconds,
            "steps": solution.steps,
            "routes": solution.routes,
        })
        .to_string()
    } else {
        let mut text = format!(
            "vehicles  {}\ndistance  {:.2}\nunserved  {} of {}\nsearched  {:.2} s, {} steps",
            verdict.vehicles,
            verdict.distance,
            verdict.unserved,
            instance.rides.len(),
            solution.seconds,
            solution.steps
        );
        for (vehicle, route) in
            solution.routes.iter().enumerate().filter(|(_, route)| !route.is_empty())
        {
            let nodes: Vec<String> = route.iter().map(usize::to_string).collect();
            write!(text, "\nroute {vehicle:<4}{}", nodes.join(" "))?;
        }
        text
    };
    Ok((text, verdict.unserved == 0))
}
