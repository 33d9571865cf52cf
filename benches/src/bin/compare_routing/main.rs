//! Travel times beside the peers that the crate registry has, on the very same graph, in one process and run.
//!
//! `compare_routing MAP [QUERIES] [ROUNDS] [OUT]`: MAP is a region file or an `.osm.pbf` extract. Every answer is compared
//! with a Dijkstra first; one wrong answer ends the run with exit 1. Then rounds are interleaved: each round asks every
//! engine everything. Times are CPU time of the one thread, isolated queries wall time. A table goes to standard output, and
//! with all single values to OUT.
//!
//! Not equal in one thing, against us: `routingkit-cch` compiles its C++ for the machine at hand, this is compiled as told
//! by `RUSTFLAGS`. And in one for us: `fast_paths` always makes the path.

mod input;
mod measures;
mod sheet;
mod traffic;

use std::io::Write as _;
use std::path::Path;

use anyhow::{Context, Result};
use sharxi_benches::load;

use input::{Exported, Questions};

fn main() -> Result<()> {
    let args: Vec<String> = std::env::args().skip(1).collect();
    let map = args.first().context("usage: compare_routing MAP [QUERIES] [ROUNDS] [OUT]")?;
    let number = |idx: usize, default: usize| args.get(idx).map_or(Ok(default), |n| n.parse());
    let (n_queries, n_rounds) = (number(1, 20_000)?, number(2, 5)?);
    let region = load(Path::new(map))?;
    let graph = Exported::of(&region);
    let questions = Questions::new(&region, &graph, n_queries);
    // One thread for everything, so that its CPU time is all there is.
    let pool = rayon::ThreadPoolBuilder::new().num_threads(1).build()?;
    let sheet = pool.install(|| measures::run(&region, &graph, &questions, n_rounds.max(1)))?;

    let name = Path::new(map).file_name().unwrap_or_default().to_string_lossy();
    let head = format!(
        "{name}: {} nodes, {} arcs, {} shortcuts, {} bytes of index a node\n\
         {n_queries} single queries a kind, {n_rounds} interleaved rounds, all answers equal Dijkstra's\n{}\n\n",
        graph.n(),
        graph.head.len(),
        region.n_shortcuts(),
        region.index_bytes() / graph.n().max(1),
        hardware(),
    );
    writeln!(std::io::stdout(), "{head}{}", sheet.table())?;
    if let Some(out) = args.get(3) {
        let text = format!("{head}{}\n{}", sheet.table(), sheet.raw());
        std::fs::write(out, text).with_context(|| format!("write {out}"))?;
    }
    Ok(())
}

/// One line: processor, how many, and what this program was compiled for.
fn hardware() -> String {
    let cpu = std::fs::read_to_string("/proc/cpuinfo").unwrap_or_default();
    let field = |key: &str| {
        let line = cpu.lines().find(|line| line.starts_with(key));
        line.and_then(|line| line.split(": ").nth(1)).unwrap_or("?").to_owned()
    };
    let load = std::fs::read_to_string("/proc/loadavg").unwrap_or_default();
    let load = load.split(' ').next().unwrap_or("?").to_owned();
    let n_cpus = std::thread::available_parallelism().map_or(0, usize::from);
    let wide = if cfg!(target_feature = "avx512f") {
        "AVX-512"
    } else if cfg!(target_feature = "avx2") {
        "AVX2"
    } else {
        "the base set"
    };
    format!(
        "{} (family {}, model {}), {n_cpus} CPUs, cache {}, load {load} at the end; compiled for {wide}",
        field("model name"),
        field("cpu family"),
        field("model\t"),
        field("cache size"),
    )
}
