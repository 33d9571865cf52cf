//! `sharxi-sim storm`: its command line and what it prints.

use std::path::PathBuf;
use std::time::Instant;

use anyhow::Result;
use serde_json::json;
#[cfg(feature = "planted")]
use sharxi_sim::storm::checker::Violation;
use sharxi_sim::storm::world::{self, Outcome, StormError};
use sharxi_sim::{crew, study};

use crate::commands::Outcome as Said;
use crate::progress;
use crate::studies::{Seeds, seeds};

/// Milliseconds of an hour.
const HOUR_MS: f64 = 3_600_000.0;
/// Seeds with violations that are listed as text.
const SHOWN_MAX: usize = 10;

#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:\n  \
    sharxi-sim storm --seed 7\n  \
    sharxi-sim storm --seeds 1..2000\n\n\
    The service's core, its journal in SQLite and its clients in simulated time: messages are lost, late, doubled and \
    overtaken, the process is killed at any storage call, disks are full, wall clocks jump; then nothing fails any more and \
    everything must come to its end. After every event every rule of the promise is looked at. Each seed is played twice \
    and must come to the same. Exit 1 on any violation; --story then has what led to it.")]
pub(crate) struct Storm {
    /// One seed.
    #[arg(long, conflicts_with = "seeds")]
    pub(crate) seed: Option<u64>,
    /// Seeds: 1,2,5 or 1..2000.
    #[arg(long, default_value = "1..20", value_parser = seeds)]
    pub(crate) seeds: Seeds,
    /// Plant every known bug in turn and look for it in these seeds; exit 1 if one is not found.
    #[cfg(feature = "planted")]
    #[arg(long)]
    pub(crate) planted: bool,
    /// File for all that was said in the first seed with a violation.
    #[arg(long, value_name = "FILE")]
    pub(crate) story: Option<PathBuf>,
    /// Storms side by side; as many as the machine has threads if left out.
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u16).range(1..=256))]
    pub(crate) threads: Option<u16>,
}

/// A seed, and what it came to twice.
struct Played {
    seed: u64,
    outcome: Outcome,
    is_same: bool,
}

fn play(seed: u64) -> Result<Played, StormError> {
    let (outcome, again) = (world::play(seed)?, world::play(seed)?);
    Ok(Played { seed, is_same: outcome.hash == again.hash, outcome })
}

/// For each bug the first seed that finds it, and by which rule.
#[cfg(feature = "planted")]
fn planted(seeds: &[u64], as_json: bool) -> Result<Said> {
    use sharxi_api::planted::{Bug, plant};
    let found = crew::each(&Bug::ALL, crew::threads_of_machine(), |&bug| {
        plant(Some(bug));
        let first = seeds.iter().find_map(|&seed| match world::play(seed) {
            Ok(outcome) => outcome.violations.into_iter().next().map(|found| Ok((seed, found))),
            Err(error) => Some(Err(error)),
        });
        plant(None);
        first.transpose()
    })?;
    let mut rows = Vec::new();
    for (bug, found) in Bug::ALL.iter().zip(found) {
        rows.push((format!("{bug:?}"), found?));
    }
    let n_found = rows.iter().filter(|(_, found)| found.is_some()).count();
    let all = n_found == rows.len();
    if as_json {
        let row = |(bug, found): &(String, Option<(u64, Violation)>)| {
            let (seed, rule) = found.as_ref().map(|(seed, found)| (seed, found.rule)).unzip();
            json!({ "bug": bug, "seed": seed, "rule": rule })
        };
        let value = json!({ "bugs": rows.len(), "found": n_found, "each": rows.iter().map(row).collect::<Vec<_>>() });
        return Ok((value.to_string(), all));
    }
    let mut text = format!("{n_found} of {} planted bugs found", rows.len());
    for (bug, found) in &rows {
        let how = found.as_ref().map_or_else(
            || format!("not in {} seeds", seeds.len()),
            |(seed, found)| format!("seed {seed}, {}: {}", found.rule, found.text),
        );
        text.push_str(&format!("\n{bug:22} {how}"));
    }
    Ok((text, all))
}

pub(crate) fn storm(args: &Storm, as_json: bool) -> Result<Said> {
    let begin = Instant::now();
    let seeds = args.seed.map_or_else(|| args.seeds.0.clone(), |seed| vec![seed]);
    #[cfg(feature = "planted")]
    if args.planted {
        return planted(&seeds, as_json);
    }
    let n_threads = args.threads.map_or_else(crew::threads_of_machine, usize::from);
    let bar = progress::bar("storms", u64::try_from(seeds.len())?);
    let played = crew::each(&seeds, n_threads, |&seed| {
        let played = play(seed);
        bar.inc(1);
        played
    })?;
    bar.finish_and_clear();
    let played: Vec<Played> = played.into_iter().collect::<Result<_, _>>()?;
    let sum =
        |figure: fn(&Outcome) -> u64| played.iter().map(|one| figure(&one.outcome)).sum::<u64>();
    let simulated_ms: i64 = played.iter().map(|one| one.outcome.simulated_ms).sum();
    let bad: Vec<&Played> =
        played.iter().filter(|one| !one.is_same || !one.outcome.violations.is_empty()).collect();
    let violations: usize = bad.iter().map(|one| one.outcome.violations.len()).sum();
    let n_unequal = played.iter().filter(|one| !one.is_same).count();
    let hours = simulated_ms as f64 / HOUR_MS;
    let figures = json!({
        "seeds": seeds.len(),
        "simulated_hours": (hours * 10.0).round() / 10.0,
        "violations": violations,
        "unequal_hashes": n_unequal,
        "events": sum(|one| one.events),
        "records": sum(|one| one.records),
        "messages": sum(|one| one.sent),
        "lost": sum(|one| one.lost),
        "doubled": sum(|one| one.doubled),
        "connections_broken": sum(|one| one.broken),
        "restarts": sum(|one| one.restarts),
        "killed_in_a_write": sum(|one| one.torn),
        "wall_s": begin.elapsed().as_secs_f64(),
        "bad_seeds": bad.iter().map(|one| one.seed).collect::<Vec<_>>(),
    });
    if let Some((path, one)) = args.story.as_ref().zip(bad.first()) {
        study::write_text(path, &one.outcome.story.join("\n"))?;
    }
    if as_json {
        return Ok((figures.to_string(), bad.is_empty()));
    }
    let mut text = format!(
        "{} storms, each twice, {hours:.0} simulated hours: {violations} violations, \
         {n_unequal} seeds that went otherwise the second time\n",
        seeds.len()
    );
    let word = |key: &str| figures[key].to_string();
    text.push_str(&format!(
        "{} events, {} records; {} messages, {} lost, {} doubled; {} connections broken; {} restarts, {} of them killed in a write; {} s",
        word("events"),
        word("records"),
        word("messages"),
        word("lost"),
        word("doubled"),
        word("connections_broken"),
        word("restarts"),
        word("killed_in_a_write"),
        begin.elapsed().as_secs()
    ));
    for one in bad.iter().take(SHOWN_MAX) {
        text.push_str(&format!("\nseed {}:", one.seed));
        if !one.is_same {
            text.push_str(" went otherwise the second time");
        }
        for violation in &one.outcome.violations {
            text.push_str(&format!("\n  {}: {}", violation.rule, violation.text));
        }
    }
    Ok((text, bad.is_empty()))
}
