//! Single days: one that is made, beside published figures; one that was recorded, again.

use std::path::PathBuf;

use anyhow::Result;
use serde_json::json;
use sharxi_sim::calibration::{self, Published};
use sharxi_sim::clock::{self, LocalClock};
use sharxi_sim::demand_model::draw::{self, Order};
use sharxi_sim::demand_model::profile::Profile;
use sharxi_sim::kpi::{Kpi, Timings};
use sharxi_sim::scenario::file::{Given, Scenario};
use sharxi_sim::study::{self, Land, Prepared, Study};
use sharxi_sim::sweep::inputs::Base;
use sharxi_sim::sweep::results;
use sharxi_sim::{demand, fleet, inspect, replay as journal, trips};

use crate::commands::{self, Outcome};

#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:\n  \
    sharxi-sim calibrate iom.region --profile data/demand/isle-of-man.toml -o calibration\n  \
    sharxi-sim calibrate iom.region --profile data/demand/isle-of-man.toml --day 2026-11-28T00:00:00+00:00 -o saturday\n\n\
    Writes calibration.csv (figure, generated, published, ratio, source), hours.csv (share of trips by hour), both as \
    Parquet too, and calibration.json.")]
pub(crate) struct Calibrate {
    /// Region (.region) or map (.osm.pbf).
    pub(crate) region: PathBuf,
    /// What people travel for, and when (.toml).
    #[arg(long)]
    pub(crate) profile: PathBuf,
    /// Published figures instead of data/calibration.toml.
    #[arg(long, value_name = "FILE")]
    pub(crate) published: Option<PathBuf>,
    /// Local midnight of the day instead of the profile's; Saturdays and Sundays are as its [weekend] says.
    #[arg(long)]
    pub(crate) day: Option<String>,
    /// The seed.
    #[arg(long, default_value_t = 1)]
    pub(crate) seed: u64,
    /// Requests of a weekday instead of the profile's.
    #[arg(long)]
    pub(crate) requests: Option<u32>,
    /// Folder for the results; made if missing.
    #[arg(short, long, value_name = "DIR")]
    pub(crate) output: PathBuf,
}

pub(crate) fn calibrate(args: &Calibrate, as_json: bool) -> Result<Outcome> {
    let land = Land::load(&args.region, &|_, _| {})?;
    let profile = Profile::parse(&study::read_text(&args.profile)?)?;
    let published = match &args.published {
        Some(path) => Published::parse(&study::read_text(path)?)?,
        None => Published::bundled()?,
    };
    let day = args.day.as_deref().unwrap_or(&profile.day);
    let (start, clock) = (clock::parse(day)?, LocalClock::of(day)?);
    let order = Order {
        seed: args.seed,
        requests_per_day: args.requests.unwrap_or(profile.requests_per_day),
        start,
        end: clock::shifted(start, clock::DAY_MS),
        clock,
    };
    let rows = draw::demand(&profile, &land.landscape, order)?;
    let found = calibration::calibrate(&rows, &profile, &land, clock, &published);
    std::fs::create_dir_all(&args.output)?;
    let [figures, hours] = calibration::tables(&found);
    results::write(&args.output, "calibration", &figures)?;
    results::write(&args.output, "hours", &hours)?;
    let mut pretty = serde_json::to_string_pretty(&found)?;
    pretty.push('\n');
    study::write_text(&args.output.join("calibration.json"), &pretty)?;
    if as_json {
        return Ok((serde_json::to_string(&found)?, true));
    }
    let number = |value: Option<f64>| value.map_or_else(|| "-".to_owned(), |x| format!("{x:.3}"));
    let mut text =
        format!("{} trips\n{:22}{:>10}{:>10}\n", rows.len(), "", "generated", "published");
    for line in &found.lines {
        text.push_str(&format!(
            "{:22}{:>10}{:>10.3}  {}\n",
            line.figure,
            number(line.generated),
            line.published,
            line.source
        ));
    }
    text.push_str(&format!(
        "{:.1} % of the trips would have to move to another hour; {}\nresults in {}",
        found.hours_apart * 100.0,
        found.hours_source,
        args.output.display()
    ));
    Ok((text, true))
}

#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:\n  \
    sharxi-sim replay day.journal --region iom.region -o replay\n  \
    sharxi-sim replay day.journal --region iom.region --without 2 --set policy.max_wait_s=600 -o replay\n\n\
    Every command of the journal is given to a dispatcher again, and every recorded hash of the state must be met: \
    recorded/ has its demand.csv, fleet.csv, events.jsonl and kpi.json. Then the same riders are played with virtual \
    vehicles under the rules of the journal (virtual/), and, if anything is changed, with the changes (what_if/): compare \
    these two, since virtual vehicles do what they are told on the second. The journal must not be in use: give a copy.")]
pub(crate) struct Replay {
    /// The journal of a service.
    pub(crate) journal: PathBuf,
    /// The region (.region) or map (.osm.pbf) that the service ran on.
    #[arg(long)]
    pub(crate) region: PathBuf,
    /// What if these vehicles had been on shift (.csv).
    #[arg(long, conflicts_with = "without")]
    pub(crate) fleet: Option<PathBuf>,
    /// What if so many vehicles, the last that joined, had not been there.
    #[arg(long, value_name = "N")]
    pub(crate) without: Option<usize>,
    /// What if this key of a scenario had been another; may be repeated.
    #[arg(long, value_name = "KEY=VALUE")]
    pub(crate) set: Vec<String>,
    /// Offset from UTC in which times are written, such as +01:00.
    #[arg(long, default_value = "+00:00", allow_hyphen_values = true)]
    pub(crate) offset: String,
    /// Folder for the results; made if missing.
    #[arg(short, long, value_name = "DIR")]
    pub(crate) output: PathBuf,
}

pub(crate) fn replay(args: &Replay, as_json: bool) -> Result<Outcome> {
    let clock = LocalClock::of(&format!("1970-01-01T00:00:00{}", args.offset))?;
    let land = Land::load(&args.region, &|_, _| {})?;
    let file = journal::open(&args.journal, land.region.as_ref())?;
    let recorded = journal::as_it_was(&file, land.region.clone(), land.region.clone(), clock)?;
    let folder = args.output.join("recorded");
    std::fs::create_dir_all(&folder)?;
    demand::write(&recorded.demand, clock, study::create(&folder.join("demand.csv"))?)?;
    fleet::write(&recorded.fleet, clock, study::create(&folder.join("fleet.csv"))?)?;
    let scene = |sets: &[String]| -> Result<Scenario> {
        let mut all = journal::settings(&recorded.policy);
        all.extend(sets.iter().cloned());
        let given = Given {
            region: Some(args.region.clone()),
            demand: Some(folder.join("demand.csv")),
            fleet: Some(folder.join("fleet.csv")),
            seed: None,
        };
        Ok(Base { path: None, sets: all, given }.scenario(&[], 1)?)
    };
    let scenario = scene(&[])?;
    let prepared = Prepared {
        region: land.region.clone(),
        landscape: land.landscape.clone(),
        demand: recorded.demand,
        fleet: recorded.fleet,
        period: recorded.period,
        spots: recorded.spots,
    };
    let story = trips::read(&recorded.outcome.records);
    let live = Study { outcome: recorded.outcome, story, timings: Timings::default() };
    study::write(&folder, &scenario, &prepared, &live, false)?;
    let mut days = vec![("recorded", live.kpi(false), None)];
    let mut play = |name: &'static str, scenario: &Scenario, prepared: &Prepared| -> Result<()> {
        let study = study::play(scenario, prepared, &|_| {})?;
        let breaches = inspect::inspect(scenario, prepared, &study)?.breaches.len();
        study::write(&args.output.join(name), scenario, prepared, &study, false)?;
        days.push((name, study.kpi(false), Some(breaches)));
        Ok(())
    };
    play("virtual", &scenario, &prepared)?;
    if args.fleet.is_some() || args.without.is_some() || !args.set.is_empty() {
        let mut changed = prepared.clone();
        if let Some(path) = &args.fleet {
            changed.fleet = fleet::read(study::read_text(path)?.as_bytes())?;
        }
        let n_left = changed.fleet.len().saturating_sub(args.without.unwrap_or(0));
        changed.fleet.truncate(n_left);
        play("what_if", &scene(&args.set)?, &changed)?;
    }
    let is_good = days.iter().all(|(_, _, breaches)| breaches.unwrap_or(0) == 0);
    if as_json {
        let day = |(name, kpi, breaches): &(&str, Kpi, Option<usize>)| json!({ "day": name, "kpi": kpi, "audit_breaches": breaches });
        let value = json!({
            "commands": recorded.n_commands,
            "hashes_met": recorded.n_hashes,
            "days": days.iter().map(day).collect::<Vec<_>>(),
        });
        return Ok((value.to_string(), is_good));
    }
    let mut text = format!(
        "{} commands, {} recorded hashes of the state met\n",
        recorded.n_commands, recorded.n_hashes
    );
    for (name, kpi, breaches) in &days {
        let audit = breaches.map_or_else(String::new, |n| format!(", {n} breaches"));
        text.push_str(&format!("{name}{audit}\n{}", commands::summary(kpi)));
    }
    text.push_str(&format!("results in {}", args.output.display()));
    Ok((text, is_good))
}
