//! How long single queries take while versions with other times are made, beside how long they take at rest.
//!
//! `update_latency MAP [SECONDS] [OUT]`: MAP is a region file or an `.osm.pbf` extract. One thread asks for the time between
//! random nodes, one query at a time, each on the version in use; first alone, then while a second thread changes 100 random roads
//! over and over, then while it changes all. Each phase begins with the times of the map, and changes stay within a quarter of
//! them: a version in which everything takes three times as long has pairs whose time no label holds, and their queries
//! would be slower with nothing else going on. Phases take turns, three rounds. Wall time, less nothing: reading the
//! clock (some 20 ns) is in all values. Needs two free processors to mean anything; the load is printed.

use std::fmt::Write as _;
use std::io::Write as _;
use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use anyhow::{Context, Result};
use sharxi_benches::{Picks, load};
use sharxi_engine::ids::RoadId;
use sharxi_engine::oracle::{Location, Oracle};
use sharxi_engine::region::{Directions, Effect, LiveRegion, Region, Scope, TrafficChange};

const ROUNDS: usize = 3;
/// Roads of a small change.
const FEW: usize = 100;
/// What a change makes of a time: at least so many per cent of it, and so many values from there on.
const LEAST_PERCENT: u32 = 75;
const SPREAD_PERCENT: usize = 51;

/// What the other thread does.
#[derive(Clone, Copy, Debug)]
enum Phase {
    Rest,
    Few,
    All,
}

fn main() -> Result<()> {
    let args: Vec<String> = std::env::args().skip(1).collect();
    let map = args.first().context("usage: update_latency MAP [SECONDS] [OUT]")?;
    let seconds: u64 = args.get(1).map_or(Ok(3), |n| n.parse())?;
    let region = load(Path::new(map))?;
    let name = Path::new(map).file_name().unwrap_or_default().to_string_lossy();
    let load = std::fs::read_to_string("/proc/loadavg").unwrap_or_default();
    let mut text = format!("{name}: {} nodes, load before {load}", region.n_nodes());
    for round in 1..=ROUNDS {
        for phase in [Phase::Rest, Phase::Few, Phase::All] {
            let live = LiveRegion::new(region.with_traffic(&[])?);
            let (mut ns, n_versions) = run(&region, &live, phase, Duration::from_secs(seconds))?;
            ns.sort_unstable();
            let rank = |share: usize| ns.get(ns.len() * share / 1_000).copied().unwrap_or(0);
            writeln!(
                text,
                "round {round} {phase:?}: {} queries, {n_versions} versions, ns p50 {} p90 {} p99 {} p99.9 {}",
                ns.len(),
                rank(500),
                rank(900),
                rank(990),
                rank(999),
            )?;
        }
    }
    write!(std::io::stdout(), "{text}")?;
    if let Some(out) = args.get(2) {
        std::fs::write(out, text).with_context(|| format!("write {out}"))?;
    }
    Ok(())
}

/// Nanoseconds of all queries in so long a time, and how many versions were made meanwhile.
fn run(
    region: &Region,
    live: &LiveRegion,
    phase: Phase,
    time: Duration,
) -> Result<(Vec<u64>, usize)> {
    let done = AtomicBool::new(false);
    std::thread::scope(|scope| {
        let updating = scope.spawn(|| update(region, live, phase, &done));
        let ns = query(region, live, time);
        done.store(true, Ordering::Release);
        match updating.join() {
            Ok(n_versions) => Ok((ns, n_versions?)),
            Err(died) => std::panic::resume_unwind(died),
        }
    })
}

fn query(region: &Region, live: &LiveRegion, time: Duration) -> Vec<u64> {
    let mut picks = Picks::new(7, region);
    let mut ns = Vec::new();
    let began = Instant::now();
    while began.elapsed() < time {
        let [from, to] = [0; 2].map(|_| Location::Node(picks.node()));
        let asked = Instant::now();
        std::hint::black_box(live.current().time(from, to));
        ns.push(u64::try_from(asked.elapsed().as_nanos()).unwrap_or(u64::MAX));
    }
    ns
}

/// Makes versions until it is told to stop; on one thread, so that the other keeps its processor.
fn update(region: &Region, live: &LiveRegion, phase: Phase, done: &AtomicBool) -> Result<usize> {
    let pool = rayon::ThreadPoolBuilder::new().num_threads(1).build()?;
    let mut picks = Picks::new(8, region);
    let n_roads = region.roads().len();
    let mut n_versions = 0;
    while !done.load(Ordering::Acquire) {
        let scope = match phase {
            Phase::Rest => {
                std::thread::sleep(Duration::from_millis(1));
                continue;
            }
            Phase::Few => {
                Scope::Roads((0..FEW).map(|_| RoadId::new(picks.below(n_roads))).collect())
            }
            Phase::All => Scope::All,
        };
        let effect = Effect::TimePercent(LEAST_PERCENT + picks.below(SPREAD_PERCENT));
        let change = TrafficChange { scope, directions: Directions::Both, effect };
        pool.install(|| live.apply(&[change]))?;
        n_versions += 1;
    }
    Ok(n_versions)
}
