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
fn a_route_is_told_turn_by_turn_and_in_every_format() {
    let folder = Folder::new("formats");
    let region = folder.region();
    let ends = ["--from", "54.15,-4.48", "--to", "54.32,-4.38"];
    let ask = |format: &str| {
        sharxi(&[&["route", &region][..], &ends, &["--format", format]].concat()).stdout
    };
    let route: serde_json::Value = serde_json::from_slice(&ask("json")).unwrap();
    let steps = route["steps"].as_array().unwrap();
    assert_eq!(
        (&steps[0]["type"], &steps[steps.len() - 1]["type"]),
        (&"depart".into(), &"arrive".into())
    );
    assert!(steps.iter().any(|step| step["type"] == "turn" && step["modifier"] == "right"));
    for field in ["distance_m", "duration_s"] {
        let sum: f64 = steps.iter().filter_map(|step| step[field].as_f64()).sum();
        assert!((sum - route[field].as_f64().unwrap()).abs() < 1e-6, "{field}");
    }
    assert!(route["from"]["distance_m"].as_f64().unwrap() > 0.0);
    assert!(route["to"]["point"][0].as_f64().unwrap() > 54.0);

    let feature: serde_json::Value = serde_json::from_slice(&ask("geojson")).unwrap();
    assert_eq!(feature["geometry"], route["geometry"]);
    assert_eq!(feature["properties"]["steps"], route["steps"]);
    let n_points = route["geometry"]["coordinates"].as_array().unwrap().len();
    for (format, precision) in [("polyline", 5), ("polyline6", 6)] {
        let encoded = String::from_utf8(ask(format)).unwrap();
        let line = polyline::decode_polyline(encoded.trim_end(), precision).unwrap();
        assert_eq!(line.0.len(), n_points);
        let first = route["geometry"]["coordinates"][0][0].as_f64().unwrap();
        assert!((line.0[0].x - first).abs() < 2e-5);
    }
    let text = sharxi(&[&["route", &region][..], &ends].concat()).stdout;
    let text = String::from_utf8(text).unwrap();
    assert_eq!(text.lines().count(), steps.len() + 1);
    assert!(text.contains(" s  turn right"), "{text}");
}

#[test]
fn tables_of_every_shape_have_the_cells_of_single_routes() {
    let folder = Folder::new("tables");
    let region = folder.region();
    let points = ["54.15,-4.48", "54.32,-4.38", "54.2,-4.6", "54.08,-4.65"];
    let file = |name: &str, lines: &[&str]| {
        let path = folder.path(name);
        std::fs::write(&path, lines.join("\n")).unwrap();
        path
    };
    let all = json(&["matrix", &region, "--points", &file("all", &points), "--distances"]);
    assert!(all.get("unreachable").is_none());
    for (row, from) in points.iter().enumerate() {
        for (column, to) in points.iter().enumerate().filter(|&(column, _)| column != row) {
            let route = json(&["route", &region, "--from", from, "--to", to]);
            let (ms, m) = (&all["durations_ms"][row][column], &all["distances_m"][row][column]);
            assert!(
                (ms.as_f64().unwrap() - 1000.0 * route["duration_s"].as_f64().unwrap()).abs()
                    < 1e-6
            );
            assert!((m.as_f64().unwrap() - route["distance_m"].as_f64().unwrap()).abs() < 1e-6);
        }
    }
    let one = json(&[
        "matrix",
        &region,
        "--sources",
        &file("one", &points[..1]),
        "--targets",
        &file("rest", &points),
    ]);
    assert_eq!(one["durations_ms"][0], all["durations_ms"][0]);
    let to_one = json(&[
        "matrix",
        &region,
        "--sources",
        &folder.path("rest"),
        "--targets",
        &folder.path("one"),
    ]);
    for row in 0..points.len() {
        assert_eq!(to_one["durations_ms"][row][0], all["durations_ms"][row][0]);
    }
    let pairs = file("pairs", &["54.15,-4.48,54.32,-4.38", "54.2,-4.6,0,0"]);
    let list = json(&["matrix", &region, "--pairs", &pairs, "--distances"]);
    assert_eq!(list["durations_ms"], serde_json::json!([all["durations_ms"][0][1], null]));
    assert_eq!(list["distances_m"], serde_json::json!([all["distances_m"][0][1], null]));
    assert_eq!(list["unreachable"], serde_json::json!([{"pair": 1, "reason": "no_road_near"}]));

    let bound = all["durations_ms"][0][1].as_u64().unwrap() / 1000;
    let bound_s = bound.to_string();
    let bounded = json(&[
        "matrix",
        &region,
        "--points",
        &folder.path("all"),
        "--max-s",
        &bound_s,
        "--distances",
    ]);
    let mut n_beyond = 0;
    for row in 0..points.len() {
        for column in 0..points.len() {
            let whole = &all["durations_ms"][row][column];
            let cell = &bounded["durations_ms"][row][column];
            if whole.as_u64().unwrap() <= bound * 1000 {
                assert_eq!(cell, whole);
            } else {
                assert!(cell.is_null() && bounded["distances_m"][row][column].is_null());
                n_beyond += 1;
            }
        }
    }
    assert!(n_beyond > 0);
    assert_eq!(bounded["unreachable_total"], n_beyond);
    assert!(
        bounded["unreachable"]
            .as_array()
            .unwrap()
            .iter()
            .all(|cell| cell["reason"] == "beyond_bound")
    );
    assert_eq!(sharxi(&["matrix", &region, "--sources", &pairs]).status.code(), Some(2));
    assert_eq!(sharxi(&["matrix", &region]).status.code(), Some(2));
    assert!(failure(&["matrix", &region, "--pairs", &folder.path("all")]).contains("line 1: "));
}

#[test]
fn isochrones_and_matched_drives_are_files_that_others_can_read() {
    let folder = Folder::new("isochrone");
    let region = folder.region();
    let file = folder.path("reached.geojson");
    let output =
        sharxi(&["isochrone", &region, "--at", "54.15,-4.48", "--minutes", "5,10", "-o", &file]);
    assert!(output.status.success(), "{output:?}");
    let areas: serde_json::Value =
        serde_json::from_str(&std::fs::read_to_string(&file).unwrap()).unwrap();
    assert_eq!(areas["type"], "FeatureCollection");
    let ring = |idx: usize| {
        areas["features"][idx]["geometry"]["coordinates"][0][0].as_array().unwrap().len()
    };
    assert!(ring(0) > 10 && ring(1) > ring(0));
    assert_eq!(areas["features"][1]["properties"]["minutes"], 10);
    let reverse =
        json(&["isochrone", &region, "--at", "54.15,-4.48", "--minutes", "5", "--reverse"]);
    assert_eq!(reverse["features"][0]["properties"]["direction"], "to");
    assert_ne!(reverse["features"][0]["geometry"], areas["features"][0]["geometry"]);

    let route = json(&["route", &region, "--from", "54.15,-4.48", "--to", "54.32,-4.38"]);
    let shape = route["geometry"]["coordinates"].as_array().unwrap();
    let mut csv = "lat,lon\n".to_owned();
    for point in shape.iter().step_by(4) {
        csv += &format!("{},{}\n", point[1], point[0]);
    }
    let trace = folder.path("drive.csv");
    std::fs::write(&trace, csv).unwrap();
    let matched = json(&["match", &region, &trace, "--noise-m", "10"]);
    assert_eq!(matched["matched"], matched["positions"]);
    let on = |found: &serde_json::Value| found["distance_m"].as_f64().unwrap() < 0.2;
    // A point of a junction belongs to each of its roads.
    let matches = matched["matches"].as_array().unwrap();
    assert!(matches.iter().filter(|found| on(found)).count() * 100 >= matches.len() * 98);
    std::fs::write(&trace, "time,lat\n").unwrap();
    assert!(failure(&["match", &region, &trace]).contains("read CSV: the first line must name"));
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
    assert_eq!(far, "sharxi: failed to snap 0,0: no road within 5000 m (no_road_near)\n");
    let as_json = sharxi(&["route", &region, "--from", "0,0", "--to", "54.15,-4.48", "--json"]);
    let error: serde_json::Value = serde_json::from_slice(&as_json.stdout).unwrap();
    assert_eq!((as_json.status.code(), &error["code"]), (Some(1), &"no_road_near".into()));
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
