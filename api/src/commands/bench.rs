//! `sharxi bench`: what this machine does on this region.
//!
//! Random nodes from a seed, and random places along roads (`stops`), which is what a dispatcher asks for.
//! Single queries are timed one by one, less what reading the clock takes; matrices are timed whole, medians of
//! a few rounds. One thread for all but the large matrices.

use std::hint::black_box;
use std::path::PathBuf;
use std::time::Instant;

use anyhow::Result;
use clap::Args;
use serde_json::json;
use sharxi_engine::ids::{NodeId, RoadId};
use sharxi_engine::oracle::{Location, Oracle};
use sharxi_engine::region::Region;
use sharxi_engine::units::Millis;

use super::{LabelArgs, Output, load_region};

/// Sources and targets of the large matrix.
const MANY: usize = 1_000;
/// Rounds of whatever is timed as a whole.
const ROUNDS: usize = 5;

/// What to measure with.
#[derive(Debug, Args)]
#[command(
    after_help = "Example:\n  sharxi bench isle-of-man.region --queries 100000 --seed 7 --json\n  sharxi bench isle-of-man.region --label-limit 0"
)]
pub struct BenchArgs {
    /// The region file.
    region: PathBuf,
    /// Single queries to time.
    #[arg(long, default_value_t = 100_000, value_parser = clap::value_parser!(u32).range(1..=10_000_000))]
    queries: u32,
    /// Seed of the random nodes.
    #[arg(long, default_value_t = 1)]
    seed: u64,
    /// Memory.
    #[command(flatten)]
    labels: LabelArgs,
}

/// Runs the command.
///
/// # Errors
/// If the region cannot be read.
pub fn run(args: &BenchArgs) -> Result<Output> {
    let started = Instant::now();
    let region = load_region(&args.region, args.labels)?;
    let load_ms = milliseconds(started);
    let mut random = SplitMix(args.seed);
    let pairs: Vec<[Location; 2]> =
        (0..args.queries).map(|_| [random.node(&region), random.node(&region)]).collect();
    let (p50, p99) = one_to_one(&region, &pairs);
    let mean_ms = rounds(|| {
        for &[from, to] in &pairs {
            black_box(region.time(from, to));
        }
    });
    let mean_ns = mean_ms * 1e6 / f64::from(args.queries);

    let from: Vec<Location> = (0..MANY).map(|_| random.node(&region)).collect();
    let to: Vec<Location> = (0..MANY).map(|_| random.node(&region)).collect();
    let mut row = vec![Millis::ZERO; MANY];
    let one_to_many: Vec<f64> = from
        .iter()
        .take(100)
        .map(|&source| {
            let started = Instant::now();
            region.times_from(source, &to, &mut row);
            black_box(&row);
            milliseconds(started) * 1000.0
        })
        .collect();
    let mut cells = vec![Millis::ZERO; MANY * MANY];
    let many_to_many = rounds(|| region.times(&from, &to, black_box(&mut cells)));
    let stops: Vec<Location> = (0..MANY).map(|_| random.stop(&region)).collect();
    let stops_to_stops = rounds(|| region.times(&stops, &stops, black_box(&mut cells)));
    let customise = rounds(|| region.customise_again());
    let json = json!({
        "one_to_one_ns": { "p50": p50, "p99": p99, "mean": mean_ns },
        "one_to_1000_us": median(one_to_many),
        "many_1000x1000_ms": many_to_many,
        "stops_1000x1000_ms": stops_to_stops,
        "customise_ms": customise,
        "load_ms": load_ms,
        "bytes": region.index_bytes(),
        "nodes": region.n_nodes(),
        "arcs": region.n_arcs(),
        "shortcuts": region.n_shortcuts(),
    });
    let text = serde_json::to_string_pretty(&json)?;
    Ok(Output { text, json })
}

/// Median and 99th percentile of single queries in nanoseconds.
fn one_to_one(region: &Region, pairs: &[[Location; 2]]) -> (f64, f64) {
    let timed = |work: &dyn Fn(&[Location; 2])| -> Vec<f64> {
        let mut times: Vec<f64> = pairs
            .iter()
            .map(|pair| {
                let started = Instant::now();
                work(pair);
                started.elapsed().as_secs_f64() * 1e9
            })
            .collect();
        times.sort_by(f64::total_cmp);
        times
    };
    let clock = percentile(
        &timed(&|pair| {
            black_box(pair);
        }),
        50,
    );
    let times = timed(&|pair| {
        black_box(region.time(pair[0], pair[1]));
    });
    let net = |percent| (percentile(&times, percent) - clock).max(0.0);
    (net(50), net(99))
}

fn percentile(sorted: &[f64], percent: usize) -> f64 {
    sorted
        .get((sorted.len() * percent / 100).min(sorted.len().saturating_sub(1)))
        .copied()
        .unwrap_or(0.0)
}

fn median(mut values: Vec<f64>) -> f64 {
    values.sort_by(f64::total_cmp);
    percentile(&values, 50)
}

fn rounds(mut work: impl FnMut()) -> f64 {
    let times = (0..ROUNDS).map(|_| {
        let started = Instant::now();
        work();
        milliseconds(started)
    });
    median(times.collect())
}

fn milliseconds(since: Instant) -> f64 {
    since.elapsed().as_secs_f64() * 1000.0
}

/// SplitMix64 (Steele, Lea, Flood 2014): enough for choosing nodes.
struct SplitMix(u64);

impl SplitMix {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let z = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    /// A place somewhere along a road.
    fn stop(&mut self, region: &Region) -> Location {
        let road = self.next() % (region.roads().len() as u64).max(1);
        let along_mm = u32::try_from(self.next() % 50_000).unwrap_or(0);
        Location::Along { road: RoadId::new(u32::try_from(road).unwrap_or(0)), along_mm }
    }

    fn node(&mut self, region: &Region) -> Location {
        let idx = self.next() % (region.n_nodes() as u64).max(1);
        Location::Node(NodeId::new(u32::try_from(idx).unwrap_or(0)))
    }
}
