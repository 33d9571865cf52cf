//! `sharxi region`: build a region from a map, look at one, export its graph.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::fs::File;
use std::io::BufReader;
use std::io::IsTerminal;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};
use clap::Subcommand;
use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use serde_json::json;
use sharxi_engine::geo::LatLon;
use sharxi_engine::import::{ImportReport, Profile, import_reader};
use sharxi_engine::region::Region;

use super::{LabelArgs, Output, degrees, load_region, write_atomically};

/// What to do with a region.
#[derive(Debug, Subcommand)]
pub enum RegionCommand {
    /// Import an OpenStreetMap extract and prepare it for queries.
    #[command(
        after_help = "Examples:\n  sharxi region build isle-of-man.osm.pbf -o isle-of-man.region --name \"Isle of Man\"\n  sharxi region build isle-of-man.osm.pbf -o car.region --profile car --dropped dropped.csv"
    )]
    Build {
        /// The extract (.osm.pbf).
        input: PathBuf,
        /// The region file to write.
        #[arg(short, long)]
        output: PathBuf,
        /// Rules for roads, speeds and turns: `shared-taxi`, `car`, or a file (see docs/profiles.md).
        #[arg(long, default_value = "shared-taxi")]
        profile: PathBuf,
        /// Write everything of the map that was left out, and why, as CSV.
        #[arg(long, value_name = "FILE")]
        dropped: Option<PathBuf>,
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
        RegionCommand::Build { input, output, profile, dropped, name, labels } => {
            build(input, output, profile, dropped.as_deref(), name.as_deref(), *labels)
        }
        RegionCommand::Info { region } => info(region),
        RegionCommand::Export { region, dimacs } => export(region, dimacs),
    }
}

fn build(
    input: &Path,
    output: &Path,
    profile: &Path,
    dropped: Option<&Path>,
    name: Option<&str>,
    labels: LabelArgs,
) -> Result<Output> {
    let started = std::time::Instant::now();
    let profile = read_profile(profile)?;
    let file = File::open(input).with_context(|| format!("read {}", input.display()))?;
    let bar = progress_bar();
    let (region, report) = import_reader(BufReader::new(file), &profile, &|done, all| {
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
    if let Some(path) = dropped {
        write_atomically(path, dropped_csv(&report).as_bytes())?;
    }
    let build_s = started.elapsed().as_secs_f64();
    Ok(built(&region, &report, encoded.len(), build_s))
}

/// A built-in profile, or one from a file.
fn read_profile(profile: &Path) -> Result<Profile> {
    if let Some(built_in) = profile.to_str().and_then(Profile::built_in) {
        return Ok(built_in);
    }
    let text =
        std::fs::read_to_string(profile).with_context(|| format!("read {}", profile.display()))?;
    Profile::parse(&text).with_context(|| format!("use {}", profile.display()))
}

fn dropped_csv(report: &ImportReport) -> String {
    let mut csv = "kind,osm_id,reason,lat,lon\n".to_owned();
    for dropped in &report.dropped {
        let [lat, lon] = match dropped.point {
            Some(point) => [point.lat_e7(), point.lon_e7()].map(|e7| degrees(e7).to_string()),
            None => [String::new(), String::new()],
        };
        let (kind, id) = (dropped.element.as_str(), dropped.id);
        let _ = writeln!(csv, "{kind},{id},{},{lat},{lon}", dropped.reason);
    }
    csv
}

fn progress_bar() -> ProgressBar {
    if !std::io::stderr().is_terminal() {
        return ProgressBar::hidden();
    }
    let bar = ProgressBar::with_draw_target(Some(0), ProgressDrawTarget::stderr());
    match ProgressStyle::with_template("{msg} {wide_bar} {bytes}/{total_bytes}") {
        Ok(style) => bar.with_style(style).with_message("reading the map"),
        Err(_) => bar,
    }
}

fn built(region: &Region, report: &ImportReport, bytes: usize, build_s: f64) -> Output {
    let counted = |counts: Vec<(String, usize)>| -> serde_json::Map<String, serde_json::Value> {
        counts.into_iter().map(|(reason, n)| (reason, json!(n))).collect()
    };
    let ways = report.ways_refused.iter().map(|(r, &n)| (r.as_str().to_owned(), n));
    let turns = report.restrictions_refused.iter().map(|(r, &n)| (r.as_str().to_owned(), n));
    let json = json!({
        "name": region.name(),
        "ways": report.ways,
        "ways_driven": report.ways_driven,
        "ways_end_only": report.ways_end_only,
        "ways_refused": counted(ways.collect()),
        "tracks_needless": report.tracks_needless,
        "cut_off": report.cut_off,
        "barriers_blocking": report.barriers_blocking,
        "barriers_end_only": report.barriers_end_only,
        "barriers_slow": report.barriers_slow,
        "ferries_unconnected": report.ferries_unconnected,
        "restrictions": report.restrictions,
        "restrictions_used": report.restrictions_used,
        "restrictions_conditional": report.restrictions_conditional,
        "restrictions_refused": counted(turns.collect()),
        "drives_left": report.drives_left,
        "junction_nodes": report.junction_nodes,
        "junction_arcs": report.junction_arcs,
        "road_m": report.road_m,
        "nodes": report.nodes,
        "nodes_restricted": report.nodes_restricted,
        "nodes_ends": report.nodes_ends,
        "end_pieces": report.end_pieces,
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
        "ways          {} of {} driven, {} only where a trip begins or ends{}\n\
         restrictions  {} of {} used{}\n\
         tracks        {} stretches needed by nobody\n\
         barriers      {} blocking, {} for ends of trips, {} slow\n\
         junctions     {} nodes, {} arcs, {} km of road; {} stretches cut off from it\n\
         graph         {} nodes ({} for turns, {} for ends of trips), {} arcs, {} roads; traffic on the {}\n\
         points        {} places, {} attractors",
        report.ways_driven,
        report.ways,
        report.ways_end_only,
        list(&json["ways_refused"]),
        report.restrictions_used,
        report.restrictions,
        list(&json["restrictions_refused"]),
        report.tracks_needless,
        report.barriers_blocking,
        report.barriers_end_only,
        report.barriers_slow,
        report.junction_nodes,
        report.junction_arcs,
        report.road_m / 1000,
        report.cut_off,
        report.nodes,
        report.nodes_restricted,
        report.nodes_ends,
        report.arcs,
        report.roads,
        if report.drives_left { "left" } else { "right" },
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
        "dropped": region.dropped().iter().cloned().collect::<BTreeMap<String, u32>>(),
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
