//! `sharxi region`: build a region from a map, look at one, export its graph.

use std::fmt::Write as _;
use std::io::IsTerminal;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};
use clap::Subcommand;
use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use serde_json::json;
use sharxi_engine::geo::LatLon;
use sharxi_engine::import::{ImportReport, Profile, import_pbf};
use sharxi_engine::region::Region;

use super::{LabelArgs, Output, degrees, load_region, write_atomically};

/// What to do with a region.
#[derive(Debug, Subcommand)]
pub enum RegionCommand {
    /// Import an OpenStreetMap extract and prepare it for queries.
    #[command(
        after_help = "Example:\n  sharxi region build isle-of-man.osm.pbf -o isle-of-man.region --name \"Isle of Man\""
    )]
    Build {
        /// The extract (.osm.pbf).
        input: PathBuf,
        /// The region file to write.
        #[arg(short, long)]
        output: PathBuf,
        /// A profile with other rules for roads and speeds (see data/profiles/car.toml).
        #[arg(long)]
        profile: Option<PathBuf>,
        /// The name of the region; the name of the extract if left out.
        #[arg(long)]
        name: Option<String>,
        /// Memory.
        #[command(flatten)]
        labels: LabelArgs,
    },
    /// Show what a region holds.
    #[command(after_help = "Example:\n  sharxi region info isle-of-man.region --json")]
    Info {
        /// The region file.
        region: PathBuf,
    },
    /// Write the graph that queries run on.
    #[command(
        after_help = "Example:\n  sharxi region export isle-of-man.region --dimacs out/iom\n\nWrites out/iom.gr (arcs, travel time in ms) and out/iom.co (longitude and latitude in 1e-6 degrees)."
    )]
    Export {
        /// The region file.
        region: PathBuf,
        /// Path of the files to write, without .gr and .co.
        #[arg(long)]
        dimacs: PathBuf,
    },
}

/// Runs the command.
///
/// # Errors
/// If a file cannot be read or written, or is not what it should be.
pub fn run(command: &RegionCommand) -> Result<Output> {
    match command {
        RegionCommand::Build { input, output, profile, name, labels } => {
            build(input, output, profile.as_deref(), name.as_deref(), *labels)
        }
        RegionCommand::Info { region } => info(region),
        RegionCommand::Export { region, dimacs } => export(region, dimacs),
    }
}

fn build(
    input: &Path,
    output: &Path,
    profile: Option<&Path>,
    name: Option<&str>,
    labels: LabelArgs,
) -> Result<Output> {
    let started = std::time::Instant::now();
    let profile = match profile {
        Some(path) => {
            let text = std::fs::read_to_string(path)
                .with_context(|| format!("read {}", path.display()))?;
            Profile::parse(&text).with_context(|| format!("use {}", path.display()))?
        }
        None => Profile::default(),
    };
    let bytes = std::fs::read(input).with_context(|| format!("read {}", input.display()))?;
    let bar = progress_bar();
    let (region, report) = import_pbf(&bytes, &profile, &|done, all| {
        bar.set_length(all);
        bar.set_position(done);
    })
    .with_context(|| format!("import {}", input.display()))?;
    bar.finish_and_clear();
    let stem = input.file_name().map(|name| name.to_string_lossy().into_owned());
    let stem = stem.unwrap_or_default();
    let region = labels.limit(region).named(name.unwrap_or(stem.trim_end_matches(".osm.pbf")));
    let encoded = region.encode();
    write_atomically(output, &encoded)?;
    let build_s = started.elapsed().as_secs_f64();
    Ok(built(&region, &report, encoded.len(), build_s))
}

fn progress_bar() -> ProgressBar {
    if !std::io::stderr().is_terminal() {
        return ProgressBar::hidden();
    }
    let bar = ProgressBar::with_draw_target(Some(0), ProgressDrawTarget::stderr());
    match ProgressStyle::with_template("{msg} {wide_bar} {pos}/{len}") {
        Ok(style) => bar.with_style(style).with_message("reading the map"),
        Err(_) => bar,
    }
}

fn built(region: &Region, report: &ImportReport, bytes: usize, build_s: f64) -> Output {
    let counted = |counts: Vec<(String, usize)>| -> serde_json::Map<String, serde_json::Value> {
        counts.into_iter().map(|(reason, n)| (reason, json!(n))).collect()
    };
    let ways = report.ways_refused.iter().map(|(r, &n)| (format!("{r:?}").to_lowercase(), n));
    let turns =
        report.restrictions_refused.iter().map(|(r, &n)| (format!("{r:?}").to_lowercase(), n));
    let json = json!({
        "name": region.name(),
        "ways": report.ways,
        "ways_driven": report.ways_driven,
        "ways_refused": counted(ways.collect()),
        "barriers_blocking": report.barriers_blocking,
        "barriers_slow": report.barriers_slow,
        "ferries_unconnected": report.ferries_unconnected,
        "restrictions": report.restrictions,
        "restrictions_used": report.restrictions_used,
        "restrictions_refused": counted(turns.collect()),
        "junction_nodes": report.junction_nodes,
        "junction_arcs": report.junction_arcs,
        "road_m": report.road_m,
        "nodes": report.nodes,
        "nodes_restricted": report.nodes_restricted,
        "arcs": report.arcs,
        "roads": report.roads,
        "places": report.places,
        "attractors": report.attractors,
        "bytes": bytes,
        "build_s": build_s,
    });
    let mut text = format!("{}: built in {build_s:.2} s, {bytes} bytes\n", region.name());
    let list = |refused: &serde_json::Value| -> String {
        let entries = refused.as_object().into_iter().flatten();
        entries.map(|(reason, n)| format!(", {n} {reason}")).collect()
    };
    // Writing to a string cannot fail.
    let _ = writeln!(
        text,
        "ways          {} of {} driven{}\n\
         restrictions  {} of {} used{}\n\
         barriers      {} blocking, {} slow\n\
         junctions     {} nodes, {} arcs, {} km of road\n\
         graph         {} nodes ({} for restrictions), {} arcs, {} roads\n\
         points        {} places, {} attractors",
        report.ways_driven,
        report.ways,
        list(&json["ways_refused"]),
        report.restrictions_used,
        report.restrictions,
        list(&json["restrictions_refused"]),
        report.barriers_blocking,
        report.barriers_slow,
        report.junction_nodes,
        report.junction_arcs,
        report.road_m / 1000,
        report.nodes,
        report.nodes_restricted,
        report.arcs,
        report.roads,
        report.places,
        report.attractors,
    );
    Output { text, json }
}

fn info(path: &Path) -> Result<Output> {
    let region = load_region(path, LabelArgs::default())?;
    let (south_west, north_east) = region.bounds();
    let corner = |point: LatLon| json!([degrees(point.lat_e7()), degrees(point.lon_e7())]);
    let road_m: f64 = region
        .roads()
        .map(|road| road.geometry.windows(2).map(|w| w[0].distance_m(w[1])).sum::<f64>())
        .sum();
    let json = json!({
        "name": region.name(),
        "profile": region.profile(),
        "attribution": region.attribution(),
        "fingerprint": format!("{:016x}", region.fingerprint()),
        "bounds": [corner(south_west), corner(north_east)],
        "nodes": region.n_nodes(),
        "arcs": region.n_arcs(),
        "roads": region.roads().len(),
        "road_km": (road_m / 1000.0).round(),
        "places": region.places().len(),
        "attractors": region.attractors().len(),
        "shortcuts": region.n_shortcuts(),
        "index_bytes": region.index_bytes(),
        "labels": region.has_labels(),
    });
    let mut text = String::new();
    for (key, value) in json.as_object().into_iter().flatten() {
        let plain = value.as_str().map_or_else(|| value.to_string(), ToOwned::to_owned);
        let _ = writeln!(text, "{key:<12}  {plain}");
    }
    Ok(Output { text, json })
}

fn export(path: &Path, prefix: &Path) -> Result<Output> {
    let region = load_region(path, LabelArgs::default())?;
    let mut graph = format!("p sp {} {}\n", region.n_nodes(), region.n_arcs());
    for arc in region.arcs() {
        let (tail, head) = (arc.tail.get() + 1, arc.head.get() + 1);
        let _ = writeln!(graph, "a {tail} {head} {}", arc.time.get());
    }
    let mut coordinates = format!("p aux sp co {}\n", region.n_nodes());
    for idx in 0..u32::try_from(region.n_nodes())? {
        let point = region.node_point(sharxi_engine::ids::NodeId::new(idx));
        let micro = |e7: i32| (f64::from(e7) / 10.0).round();
        let (lon, lat) = (micro(point.lon_e7()), micro(point.lat_e7()));
        let _ = writeln!(coordinates, "v {} {lon} {lat}", idx + 1);
    }
    let with = |suffix: &str| {
        let mut name = prefix.as_os_str().to_owned();
        name.push(suffix);
        PathBuf::from(name)
    };
    write_atomically(&with(".gr"), graph.as_bytes())?;
    write_atomically(&with(".co"), coordinates.as_bytes())?;
    let json = json!({
        "nodes": region.n_nodes(),
        "arcs": region.n_arcs(),
        "files": [with(".gr"), with(".co")],
    });
    let text = format!("{} and {}", with(".gr").display(), with(".co").display());
    Ok(Output { text, json })
}
