//! The command line.

use std::path::PathBuf;

use clap::{Parser, Subcommand};

use crate::days::{Calibrate, Replay};
use crate::storms::Storm;
use crate::studies::{Compare, Sweep};
use crate::tuning::Tune;

/// Studies of a shared taxi on real roads: simulate a day, make demand, audit what happened.
#[derive(Debug, Parser)]
#[command(
    name = "sharxi-sim",
    version,
    after_help = "Examples:\n  \
    sharxi-sim run data/scenarios/isle-of-man-day.toml -o out\n  \
    sharxi-sim run data/scenarios/isle-of-man-day.toml --set policy.reoptimise=false --set fleet.taxi=40 -o out\n  \
    sharxi-sim demand iom.region --profile data/demand/isle-of-man.toml --seed 7 -o demand.csv\n  \
    sharxi-sim audit --region iom.region --demand out/demand.csv --fleet out/fleet.csv out/events.jsonl\n  \
    sharxi-sim drive http://127.0.0.1:8080 data/scenarios/isle-of-man-morning.toml --speed 60\n  \
    sharxi-sim solve --format lilim lc101.txt --seconds 1 -o lc101.sol\n  \
    sharxi-sim sweep data/scenarios/isle-of-man-day.toml --vary fleet.taxi=30..60..10 --seeds 1..5 -o sweep\n  \
    sharxi-sim compare data/scenarios/isle-of-man-day.toml --set-b policy.reposition=false --seeds 1..10 -o compare\n  \
    sharxi-sim tune data/scenarios/isle-of-man-day.toml --served 1.0 --mix 0,50,100 --seeds 1..5 -o tune\n  \
    sharxi-sim storm --seeds 1..200"
)]
pub(crate) struct Args {
    /// Print one JSON object instead of text.
    #[arg(long, global = true)]
    pub(crate) json: bool,
    #[command(subcommand)]
    pub(crate) command: Command,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Simulate a scenario; writes events.jsonl, kpi.json, report.html and the demand and fleet that were played.
    Run(Run),
    /// Make a day of rural commuter demand.
    Demand(Demand),
    /// Check every rule of the promise from a log alone; exit 1 and a list on any breach.
    Audit(Audit),
    /// Play a scenario against a running service, through its WebSocket.
    Drive(Drive),
    /// The optimiser alone on a benchmark file: vehicles, distance and routes, checked.
    Solve(Solve),
    /// Many runs of a scenario: every combination of values of any keys, each with every seed.
    Sweep(Sweep),
    /// Two fleets or policies on the same days: paired differences with confidence.
    Compare(Compare),
    /// The smallest fleet and mix of vehicle sizes that serves a given share inside the promise, and where it stands.
    Tune(Tune),
    /// A generated day beside published figures: trip rate, lengths, hours, purposes, each with its source.
    Calibrate(Calibrate),
    /// The service under simulated faults: every rule looked at after every event, each seed twice.
    Storm(Storm),
    /// A recorded live day again, as it was, and what if with another fleet or other rules.
    Replay(Replay),
}

#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:\n  \
    sharxi-sim run data/scenarios/isle-of-man-day.toml -o out --audit\n  \
    sharxi-sim run data/scenarios/isle-of-man-day.toml -o out --baselines --exports\n  \
    sharxi-sim run --region r.region --demand d.csv --fleet f.csv -o out")]
pub(crate) struct Run {
    /// The scenario; may be left out if --region, --demand and --fleet are given.
    pub(crate) scenario: Option<PathBuf>,
    /// Region (.region) or map (.osm.pbf) instead of the scenario's.
    #[arg(long)]
    pub(crate) region: Option<PathBuf>,
    /// Demand (.csv) or profile (.toml) instead of the scenario's.
    #[arg(long)]
    pub(crate) demand: Option<PathBuf>,
    /// Fleet (.csv) instead of the scenario's.
    #[arg(long)]
    pub(crate) fleet: Option<PathBuf>,
    /// Seed instead of the scenario's.
    #[arg(long)]
    pub(crate) seed: Option<u64>,
    /// Any key of a scenario, such as policy.reoptimise=false; may be repeated.
    #[arg(long, value_name = "KEY=VALUE")]
    pub(crate) set: Vec<String>,
    /// Folder for the results; made if missing.
    #[arg(short, long, value_name = "DIR")]
    pub(crate) output: PathBuf,
    /// Audit the log at the end; exit 1 on any breach.
    #[arg(long)]
    pub(crate) audit: bool,
    /// Compare with cars, taxis, a bus line and a dispatcher that can do less, on the same riders: baselines.csv, .parquet,
    /// .json and a table in the report.
    #[arg(long)]
    pub(crate) baselines: bool,
    /// What costs, emissions, cars and buses are reckoned by, instead of data/assumptions.toml.
    #[arg(long, value_name = "FILE")]
    pub(crate) assumptions: Option<PathBuf>,
    /// Write the day under the names of other tools as well: MATSim drt_*.csv, FleetPy 1_user-stats.csv, a SimWrapper dashboard.
    #[arg(long)]
    pub(crate) exports: bool,
    /// Leave decision_us and wall_s out of kpi.json, so that equal studies give equal bytes.
    #[arg(long)]
    pub(crate) no_timings: bool,
}

#[derive(Debug, clap::Args)]
#[command(after_help = "Example:\n  \
    sharxi-sim demand iom.region --profile data/demand/isle-of-man.toml --seed 7 -o demand.csv")]
pub(crate) struct Demand {
    /// Region (.region) or map (.osm.pbf).
    pub(crate) region: PathBuf,
    /// What people travel for, and when (.toml).
    #[arg(long)]
    pub(crate) profile: PathBuf,
    /// The seed; the same seed gives the same bytes.
    #[arg(long, default_value_t = 1)]
    pub(crate) seed: u64,
    /// Requests of the day instead of the profile's.
    #[arg(long)]
    pub(crate) requests: Option<u32>,
    /// The file to write.
    #[arg(short, long)]
    pub(crate) output: PathBuf,
}

#[derive(Debug, clap::Args)]
#[command(after_help = "Example:\n  \
    sharxi-sim audit --region iom.region --demand out/demand.csv --fleet out/fleet.csv out/events.jsonl\n\n\
    What `sharxi-sim drive` wrote, at a speed of 60 (two seconds by the wall are two minutes there):\n  \
    sharxi-sim audit --region iom.region --demand out/demand.csv --fleet out/fleet.csv \
    --requested-within 120 --answer-within 120 out/events.jsonl")]
pub(crate) struct Audit {
    /// Region (.region) or map (.osm.pbf).
    #[arg(long)]
    pub(crate) region: PathBuf,
    /// Who asked for what.
    #[arg(long)]
    pub(crate) demand: PathBuf,
    /// Who drove.
    #[arg(long)]
    pub(crate) fleet: PathBuf,
    /// The log.
    pub(crate) events: PathBuf,
    /// Longest wait, in seconds.
    #[arg(long, default_value_t = 900.0)]
    pub(crate) max_wait_s: f64,
    /// Time on board at most this many times the direct drive …
    #[arg(long, default_value_t = 1.5)]
    pub(crate) ride_alpha: f64,
    /// … plus so many seconds.
    #[arg(long, default_value_t = 600.0)]
    pub(crate) ride_beta_s: f64,
    /// Longest distance from the place asked for to the place on the road, in metres.
    #[arg(long, default_value_t = 1_000.0)]
    pub(crate) snap_max_m: f64,
    /// Longest walk at either end of riders who do not say themselves how long they would walk, in seconds.
    #[arg(long, value_name = "SECONDS", default_value_t = 0.0)]
    pub(crate) walk_max_s: f64,
    /// Longest time between a request in the demand and in the log; a live service is not asked to the millisecond.
    #[arg(long, value_name = "SECONDS", default_value_t = 0.0)]
    pub(crate) requested_within: f64,
    /// Longest time between a request and its answer, in seconds of the log; 0: at once, as simulated riders are.
    #[arg(long, value_name = "SECONDS", default_value_t = 0.0)]
    pub(crate) answer_within: f64,
    /// The least share of its time on the map that a drive can take; below 1 where travel times were made uncertain.
    #[arg(long, value_name = "SHARE", default_value_t = 1.0)]
    pub(crate) pace_min: f64,
    /// Roads were closed for a while, so that direct drives may take longer than on the map.
    #[arg(long)]
    pub(crate) roads_closed: bool,
}

#[derive(Debug, clap::Args)]
#[command(after_help = "Example:\n  \
    sharxi serve iom.region --speed 60 &\n  \
    sharxi-sim drive http://127.0.0.1:8080 data/scenarios/isle-of-man-morning.toml --speed 60")]
pub(crate) struct Drive {
    /// The service, such as http://127.0.0.1:8080.
    pub(crate) url: String,
    /// The scenario; its policy is the service's affair.
    pub(crate) scenario: PathBuf,
    /// The speed that the service must run at; whatever it has if left out.
    #[arg(long, value_name = "X")]
    pub(crate) speed: Option<f64>,
    /// Token of an operator, for a service with [auth]; better put in the variable SHARXI_TOKEN. Everybody speaks as that
    /// operator; the token is renewed for as long as the session of its login lasts.
    #[arg(long)]
    pub(crate) token: Option<String>,
    /// Region (.region) or map (.osm.pbf) instead of the scenario's, to make the demand on.
    #[arg(long)]
    pub(crate) region: Option<PathBuf>,
    /// Seed instead of the scenario's.
    #[arg(long)]
    pub(crate) seed: Option<u64>,
    /// Any key of a scenario; may be repeated.
    #[arg(long, value_name = "KEY=VALUE")]
    pub(crate) set: Vec<String>,
    /// Seconds of wall time after which nobody asks any more.
    #[arg(long, value_name = "SECONDS", value_parser = clap::value_parser!(u32).range(1..))]
    pub(crate) ask_for: Option<u32>,
    /// Folder for events.jsonl, kpi.json, and the demand and fleet that were played; made if missing.
    #[arg(short, long, value_name = "DIR")]
    pub(crate) output: Option<PathBuf>,
}

#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:\n  \
    sharxi-sim solve --format lilim lc101.txt --seconds 1\n  \
    sharxi-sim solve --format darp a4-48.txt --seconds 10 --threads 2 --json\n  \
    sharxi-sim solve --format sartori bar-n100-1.txt --seconds 10 -o routes.sol")]
pub(crate) struct Solve {
    /// What the file is: Li & Lim, Cordeau's dial-a-ride, Sartori & Buriol, or a running fleet as JSON.
    #[arg(long)]
    pub(crate) format: FileFormat,
    /// The file.
    pub(crate) file: PathBuf,
    /// How long to work, in seconds.
    #[arg(long, value_name = "S", default_value_t = 1.0, value_parser = seconds)]
    pub(crate) seconds: f64,
    /// How many searches side by side, one a thread.
    #[arg(long, value_name = "N", default_value_t = 1, value_parser = clap::value_parser!(u32).range(1..=256))]
    pub(crate) threads: u32,
    /// The seed.
    #[arg(long, default_value_t = 1)]
    pub(crate) seed: u64,
    /// File for the routes, one line a vehicle.
    #[arg(short, long, value_name = "FILE")]
    pub(crate) output: Option<PathBuf>,
}

#[derive(Clone, Copy, Debug, clap::ValueEnum)]
pub(crate) enum FileFormat {
    /// Li & Lim: pickup and delivery with time windows.
    Lilim,
    /// Cordeau: dial-a-ride.
    Darp,
    /// Sartori & Buriol: pickup and delivery on road times.
    Sartori,
    /// A running fleet with its plan (JSON).
    Scene,
}

fn seconds(text: &str) -> Result<f64, String> {
    match text.parse::<f64>() {
        Ok(seconds) if (0.001..=86_400.0).contains(&seconds) => Ok(seconds),
        _ => Err("seconds from 0.001 to 86400".to_owned()),
    }
}
