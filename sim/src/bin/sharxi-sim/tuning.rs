//! `sharxi-sim tune`: its command line and what it prints.

use std::path::PathBuf;

use anyhow::Result;
use serde_json::json;
use sharxi_sim::study;
use sharxi_sim::sweep::inputs::Library;
use sharxi_sim::sweep::results;
use sharxi_sim::table::{Cell, Table};
use sharxi_sim::tune::order::{self, AS_IS, Order, Tuned, Variant};
use sharxi_sim::{fleet, stations};

use crate::commands::Outcome;
use crate::progress;
use crate::studies::{Scene, Seeds, seeds, share};

#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:\n  \
    sharxi-sim tune data/scenarios/isle-of-man-day.toml --served 1.0 --mix 0,50,100 --seeds 1..5 --fresh 101..120 -o tune\n  \
    sharxi-sim tune vulkaneifel.toml --set demand_jitter_s=600 --served 0.99 --beside plain,alone -o tune\n\n\
    The search plays the days of --seeds with every fleet, in steps of a quarter and then by bisection; a fleet is good \
    if on every one of them the share asked for is served inside the promise and the audit has no objection. The winner \
    then plays the days of --fresh, which the search has not seen; bounds are of those alone. Writes tune.json, \
    probes.csv and .parquet (every day that was played), fleet.csv and stations.csv (the winner and where it stands).")]
pub(crate) struct Tune {
    #[command(flatten)]
    pub(crate) scene: Scene,
    /// Share of the riders that must be served inside the promise on every day.
    #[arg(long, default_value_t = 1.0, value_parser = served)]
    pub(crate) served: f64,
    /// Shares of minibuses (8 seats) in the fleet that are tried, in percent; the rest are taxis (4 seats).
    #[arg(long, value_name = "PERCENT", value_delimiter = ',', default_value = "0,50,100",
        value_parser = clap::value_parser!(u32).range(0..=100))]
    pub(crate) mix: Vec<u32>,
    /// Days of the search: 1,2,5 or 1..20.
    #[arg(long, default_value = "1..5", value_parser = seeds)]
    pub(crate) seeds: Seeds,
    /// Days on which the winner is tried afterwards; no seed may be one of the search.
    #[arg(long, value_parser = seeds)]
    pub(crate) fresh: Option<Seeds>,
    /// Vehicles of the first try.
    #[arg(long, default_value_t = 100, value_parser = clap::value_parser!(u32).range(1..))]
    pub(crate) guess: u32,
    /// The most vehicles that are tried.
    #[arg(long, default_value_t = 1000, value_parser = clap::value_parser!(u32).range(1..=20_000))]
    pub(crate) vehicles_max: u32,
    /// Confidence of the bounds.
    #[arg(long, default_value_t = 0.95, value_parser = share)]
    pub(crate) confidence: f64,
    /// The same search for other ways to run the fleet, for comparison.
    #[arg(long, value_delimiter = ',')]
    pub(crate) beside: Vec<Beside>,
    /// Folder for the results; made if missing.
    #[arg(short, long, value_name = "DIR")]
    pub(crate) output: PathBuf,
}

#[derive(Clone, Copy, Debug, clap::ValueEnum)]
pub(crate) enum Beside {
    /// Neither re-optimisation nor repositioning.
    Plain,
    /// No re-optimisation.
    NoReoptimise,
    /// No repositioning.
    NoReposition,
    /// Taxis: nobody shares.
    Alone,
}

impl Beside {
    fn variant(self) -> Variant {
        match self {
            Self::Plain => order::PLAIN,
            Self::NoReoptimise => order::NO_REOPTIMISE,
            Self::NoReposition => order::NO_REPOSITION,
            Self::Alone => order::ALONE,
        }
    }
}

/// A number from 0 to 1, both included.
fn served(text: &str) -> Result<f64, String> {
    match text.parse::<f64>() {
        Ok(share) if (0.0..=1.0).contains(&share) => Ok(share),
        _ => Err("a number from 0 to 1".to_owned()),
    }
}

pub(crate) fn tune(args: &Tune, as_json: bool) -> Result<Outcome> {
    let fresh_seeds = args.fresh.as_ref().map_or_else(Vec::new, |fresh| fresh.0.clone());
    if let Some(seed) = fresh_seeds.iter().find(|seed| args.seeds.0.contains(seed)) {
        anyhow::bail!("--fresh: seed {seed} is one of the search");
    }
    let base = args.scene.base();
    let first = base.scenario(&[], args.seeds.0.first().copied().unwrap_or(1))?;
    let mut library = Library::default();
    let bar = progress::bar("reading the region", 0);
    let land = library.land(&first.region, &|done, all| {
        bar.set_length(all);
        bar.set_position(done);
    })?;
    bar.finish_and_clear();
    let order = Order {
        served: args.served,
        minibus_percents: args.mix.clone(),
        seeds: args.seeds.0.clone(),
        fresh_seeds,
        guess: args.guess,
        vehicles_max: args.vehicles_max,
        confidence: args.confidence,
        n_threads: args.scene.n_threads(),
    };
    let variants: Vec<Variant> =
        [AS_IS].into_iter().chain(args.beside.iter().map(|beside| beside.variant())).collect();
    let mut all = Vec::new();
    for variant in variants {
        let bar = progress::bar("fleets tried", 0);
        all.push(order::tune(&base, &land, &order, variant, &|_| bar.inc(1))?);
        bar.finish_and_clear();
    }
    std::fs::create_dir_all(&args.output)?;
    let value = json!({
        "seeds": order.seeds,
        "fresh_seeds": order.fresh_seeds,
        "variants": all,
    });
    let mut pretty = serde_json::to_string_pretty(&value)?;
    pretty.push('\n');
    study::write_text(&args.output.join("tune.json"), &pretty)?;
    results::write(&args.output, "probes", &probes(&all))?;
    let clock = first.period.map_or(sharxi_sim::clock::LocalClock::UTC, |period| period.clock);
    if let Some(tuned) = all.first().filter(|tuned| tuned.best.is_some()) {
        fleet::write(&tuned.fleet, clock, study::create(&args.output.join("fleet.csv"))?)?;
        stations::write(&tuned.fleet, study::create(&args.output.join("stations.csv"))?)?;
    }
    let is_good = all.iter().all(|tuned| tuned.audit_breaches == 0)
        && all.first().is_some_and(|tuned| tuned.best.is_some());
    let text = if as_json {
        value.to_string()
    } else {
        let mut text: String = all.iter().map(told).collect();
        text.push_str(&format!("results in {}", args.output.display()));
        text
    };
    Ok((text, is_good))
}

fn told(tuned: &Tuned) -> String {
    let mut text =
        format!("{}: {} % of the riders on every day\n", tuned.variant, tuned.served * 100.0);
    for mix in &tuned.mixes {
        let found = mix.vehicles.map_or_else(
            || "not reached".to_owned(),
            |n| format!("{n} vehicles, {} seats", mix.seats),
        );
        text.push_str(&format!("  {:3} % minibuses: {found}\n", mix.minibus_percent));
    }
    if let Some(fresh) = &tuned.fresh {
        text.push_str(&format!(
            "  on fresh days: {} of {} good; at least {:.1} % of all days are, with {} confidence; {} of {} riders served\n",
            fresh.n_good,
            fresh.days.len(),
            fresh.good_days_at_least * 100.0,
            tuned.confidence,
            fresh.served,
            fresh.requests
        ));
    }
    text.push_str(&format!("  {} breaches in all audits\n", tuned.audit_breaches));
    text
}

/// A row for each day that was played.
fn probes(all: &[Tuned]) -> Table {
    let mut table = Table::default();
    let whole = |n: usize| i64::try_from(n).map_or(Cell::Empty, Cell::Whole);
    for tuned in all {
        let searched = tuned
            .probes
            .iter()
            .map(|probe| (probe.vehicles, probe.minibus_percent, "search", &probe.days));
        let best =
            tuned.best.as_ref().and_then(|best| Some((best.vehicles?, best.minibus_percent)));
        let fresh = tuned.fresh.as_ref().zip(best);
        let fresh =
            fresh.map(|(fresh, (vehicles, percent))| (vehicles, percent, "fresh", &fresh.days));
        for (vehicles, percent, part, days) in searched.chain(fresh) {
            for day in days {
                let cells = [
                    ("variant", Cell::Text(tuned.variant.to_owned())),
                    ("part", Cell::Text(part.to_owned())),
                    ("minibus_percent", Cell::Whole(percent.into())),
                    ("vehicles", Cell::Whole(vehicles.into())),
                    ("seed", i64::try_from(day.seed).map_or(Cell::Empty, Cell::Whole)),
                    ("requests", whole(day.requests)),
                    ("refused", whole(day.refused)),
                    ("served", whole(day.served)),
                    ("broken", whole(day.broken)),
                    ("cut_short", Cell::Yes(day.cut_short)),
                    ("audit_breaches", day.audit_breaches.map_or(Cell::Empty, whole)),
                    ("wait_s_p95", day.wait_s.p95.map_or(Cell::Empty, Cell::Real)),
                    ("vehicle_km", Cell::Real(day.vehicle_km)),
                    ("empty_km", Cell::Real(day.empty_km)),
                ];
                table.push(cells.map(|(name, cell)| (name.to_owned(), cell)));
            }
        }
    }
    table
}
