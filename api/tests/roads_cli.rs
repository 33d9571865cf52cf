//! The commands on roads from the outside: what they print, and how they fail.
#![expect(clippy::unwrap_used, reason = "a failure is a failed test")]

use std::path::{Path, PathBuf};
use std::process::{Command, Output};

const MAP: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../data/regions/isle-of-man.osm.pbf");

/// A folder of its own for each test, which goes with it.
struct Folder(PathBuf);

impl Folder {
    fn new(test: &str) -> Self {
        let path = Path::new(env!("CARGO_TARGET_TMPDIR")).join(test);
        std::fs::create_dir_all(&path).unwrap();
        Self(path)
    }

    fn path(&self, name: &str) -> String {
        self.0.join(name).to_str().unwrap().to_owned()
    }

    fn region(&self) -> String {
        let region = self.path("island.region");
        let output = sharxi(&["region", "build", MAP, "-o", &region, "--name", "Ellan Vannin"]);
        assert!(output.status.success(), "{output:?}");
        region
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        std::fs::remove_dir_all(&self.0).unwrap();
    }
}

fn sharxi(args: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_sharxi")).args(args).output().unwrap()
}

fn json(args: &[&str]) -> serde_json::Value {
    let output = sharxi(&[args, &["--json"]].concat());
    assert!(output.status.success(), "{output:?}");
    serde_json::from_slice(&output.stdout).unwrap()
}

/// One line on standard error, nothing on standard output, exit code 1.
fn failure(args: &[&str]) -> String {
    let output = sharxi(args);
    let error = String::from_utf8(output.stderr).unwrap();
    assert_eq!((output.status.code(), output.stdout.len()), (Some(1), 0), "{error}");
    assert_eq!(error.lines().count(), 1, "{error}");
    error
}

#[test]
fn a_region_is_built_shown_and_exported() {
    let folder = Folder::new("export");
    let region = folder.region();
    let info = json(&["region", "info", &region]);
    assert_eq!(info["name"], "Ellan Vannin");
    let prefix = folder.path("graph");
    let counts = json(&["region", "export", &region, "--dimacs", &prefix]);
    let graph = std::fs::read_to_string(format!("{prefix}.gr")).unwrap();
    let head = format!("p sp {} {}", info["nodes"], info["arcs"]);
    assert_eq!((graph.lines().next(), &counts["arcs"]), (Some(head.as_str()), &info["arcs"]));
    let arcs = graph.lines().filter(|line| line.starts_with("a ")).count();
    assert_eq!(Some(arcs as u64), info["arcs"].as_u64());
    let coordinates = std::fs::read_to_string(format!("{prefix}.co")).unwrap();
    let nodes = coordinates.lines().filter(|line| line.starts_with("v ")).count();
    assert_eq!(Some(nodes as u64), info["nodes"].as_u64());
    // Nothing half written stays behind.
    let files = std::fs::read_dir(&folder.0).unwrap().count();
    assert_eq!(files, 3);
}

#[test]
fn a_route_and_a_matrix_agree() {
    let folder = Folder::new("route");
    let region = folder.region();
    let route = json(&["route", &region, "--from", "54.15,-4.48", "--to", "54.32,-4.38"]);
    let points = folder.path("points.csv");
    std::fs::write(&points, "lat,lon\n54.15,-4.48\n54.32,-4.38\n").unwrap();
    let matrix = json(&["matrix", &region, "--points", &points]);
    let seconds = matrix["durations_ms"][0][1].as_f64().unwrap() / 1000.0;
    assert!((route["duration_s"].as_f64().unwrap() - seconds).abs() < 1e-9);
    assert_eq!(matrix["durations_ms"][1][1], 0);
    assert_eq!(route["geometry"]["type"], "LineString");
    let first = &route["geometry"]["coordinates"][0];
    assert!(first[0].as_f64().unwrap() < 0.0 && first[1].as_f64().unwrap() > 54.0, "{first}");
    assert!(route["legs"].as_array().unwrap().iter().any(|leg| leg["name"] == "Mountain Road"));

    let nodes = folder.path("nodes.txt");
    std::fs::write(&nodes, "1\n2\n").unwrap();
    assert_eq!(json(&["matrix", &region, "--nodes", &nodes])["durations_ms"][0][0], 0);
    std::fs::write(&nodes, "1\n0\n").unwrap();
    assert!(failure(&["matrix", &region, "--nodes", &nodes]).contains("line 2: node 0"));
}

#[test]
fn traffic_files_change_routes_and_say_what_is_wrong() {
    let folder = Folder::new("traffic");
    let region = folder.region();
    let ends = ["route", &region, "--from", "54.15,-4.48", "--to", "54.32,-4.38"];
    let route = |more: &[&str]| json(&[&ends[..], more].concat());
    let usual = route(&[]);
    let way = usual["legs"][6]["way_ids"][0].as_i64().unwrap();
    let file = |name: &str, text: &str| {
        std::fs::write(folder.path(name), text).unwrap();
        folder.path(name)
    };
    let closed = file("closed.csv", &format!("way_id,closed\n{way},true\n5,true\n"));
    let around = route(&["--traffic", &closed]);
    let ways = around["legs"]
        .as_array()
        .unwrap()
        .iter()
        .flat_map(|leg| leg["way_ids"].as_array().unwrap());
    assert!(ways.into_iter().all(|driven| *driven != way), "{around}");
    assert!(around["duration_s"].as_f64() > usual["duration_s"].as_f64());
    let area = file(
        "area.geojson",
        r#"{"type":"FeatureCollection","features":[{"type":"Feature","properties":{"percent":50},"geometry":
            {"type":"Polygon","coordinates":[[[-5,54],[-4,54],[-4,55],[-5,55],[-5,54]]]}}]}"#,
    );
    let twice = route(&["--traffic", &area])["duration_s"].as_f64().unwrap();
    assert!((twice / usual["duration_s"].as_f64().unwrap() - 2.0).abs() < 0.01, "{twice}");
    let week = file("week.toml", "[[rule]]\nspeed_percent = { \"mon 07-08\" = 50 }\n");
    let at = |time: &str| route(&["--traffic", &week, "--at", time])["duration_s"].clone();
    assert_eq!(at("2024-05-06T07:30").as_f64(), Some(twice), "a Monday");
    assert_eq!(at("2024-05-07T07:30"), usual["duration_s"], "a Tuesday");

    let failed = |path: &str| failure(&[&ends[..], &["--traffic", path]].concat());
    let wrong = file("wrong.csv", "way_id,speed_kmh\n1,30\n2,400\n");
    assert!(
        failed(&wrong)
            .contains("line 3 column speed_kmh: \"400\" is not a speed in km/h from 0.1 to 300")
    );
    assert!(failed(&week).contains("needs --at"));
    assert!(failed(&region).contains("ends with .csv, .geojson or .toml"));
}

#[test]
fn failures_are_one_clear_line() {
    let folder = Folder::new("failures");
    let region = folder.region();
    let far = failure(&["route", &region, "--from", "54.15,-4.48", "--to", "0,0"]);
    assert_eq!(far, "sharxi: failed to snap 0,0: no road within 5000 m\n");
    assert!(failure(&["region", "info", MAP]).ends_with("this is not a region file\n"));
    assert!(
        failure(&["region", "info", "missing"]).starts_with("sharxi: failed to read missing: ")
    );
    let output = folder.path("never.region");
    let foreign = failure(&["region", "build", &region, "-o", &output]);
    assert!(foreign.contains("decode blob 0 at byte 0: "), "{foreign}");
    let profile = folder.path("profile.toml");
    std::fs::write(&profile, "speed_factor = 0.8\n[speeds\n").unwrap();
    let bad = failure(&["region", "build", MAP, "-o", &output, "--profile", &profile]);
    assert!(bad.contains("read the profile: line 2: "), "{bad}");
    assert!(!Path::new(&output).exists());
    assert_eq!(
        sharxi(&["route", &region, "--from", "north", "--to", "0,0"]).status.code(),
        Some(2)
    );
}
