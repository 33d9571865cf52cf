//! What a scenario may say, and what is said about one that may not.

use std::path::{Path, PathBuf};

use sharxi_engine::units::Millis;

use super::file::{Fleet, Given, Scenario, ScenarioError, parse};

const TEXT: &str = r#"
region = "r.osm.pbf"
demand = "d.toml"
seed = 7
start = "2026-11-24T00:00:00+01:00"
end = "2026-11-25T00:00:00+01:00"

[fleet]
taxi = 3
minibus = 2

[policy]
max_wait_s = 600
reposition = false

[uncertainty]
no_show = 0.0
"#;

fn read(text: &str, sets: &[&str]) -> Result<Scenario, ScenarioError> {
    let sets: Vec<String> = sets.iter().map(|&set| set.to_owned()).collect();
    parse(text, Path::new("folder"), &sets, &Given::default())
}

/// An error with all that led to it, as the command shows it.
fn chain(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut source = error.source();
    while let Some(error) = source {
        text.push_str(&format!(": {error}"));
        source = error.source();
    }
    text
}

#[test]
fn a_scenario_says_everything() {
    let scenario = read(TEXT, &[]).unwrap();
    assert_eq!(scenario.region, PathBuf::from("folder/r.osm.pbf"));
    assert_eq!(scenario.policy.max_wait, Millis::from_secs(600));
    assert_eq!(scenario.policy.ride_alpha_milli, 1500);
    assert!(!scenario.policy.reposition && scenario.policy.reoptimise);
    let Fleet::Counts(counts) = scenario.fleet else { panic!("counts were given") };
    assert_eq!(counts["taxi"] + counts["minibus"], 5);
}

#[test]
fn every_key_can_be_set() {
    let sets = ["policy.reoptimise=false", "seed = 9", "fleet.taxi=8", "output.report=false"];
    let scenario = read(TEXT, &sets).unwrap();
    assert!(!scenario.policy.reoptimise && !scenario.output.report);
    assert_eq!(scenario.seed, 9);
    let scenario = read(TEXT, &["fleet=f.csv", "demand=other.csv"]).unwrap();
    assert_eq!(scenario.fleet, Fleet::File("folder/f.csv".into()));
    assert_eq!(scenario.demand, PathBuf::from("folder/other.csv"));
}

#[test]
fn the_command_line_wins_and_its_paths_are_its_own() {
    let given = Given { fleet: Some("f.csv".into()), seed: Some(3), ..Given::default() };
    let scenario = parse(TEXT, Path::new("folder"), &[], &given).unwrap();
    assert_eq!((scenario.fleet, scenario.seed), (Fleet::File("f.csv".into()), 3));
}

#[test]
fn errors_say_what_is_wrong() {
    let cases = [
        (
            "policy.reoptimize=false",
            "unknown key policy.reoptimize; did you mean policy.reoptimise?",
        ),
        ("policy.max_wait_s=-1", "policy.max_wait_s: must be between 0 and 86400, not -1"),
        ("policy.walk_max_s=1801", "policy.walk_max_s: must be between 0 and 1800, not 1801"),
        ("uncertainty.cancel=-0.1", "uncertainty.cancel must be between 0 and 1, not -0.1"),
        ("uncertainty.closures=1001", "uncertainty.closures must be between 0 and 1000, not 1001"),
        ("uncertainty.pause_s=nan", "uncertainty.pause_s must be between 0 and 86400, not NaN"),
        ("uncertainty.travel_time=1.5", "uncertainty.travel_time must be between 0 and 1, not 1.5"),
        ("uncertainty.breakdown_vehicle=v1", "uncertainty.breakdown_at is missing"),
        ("end=2026-11-24T00:00:00+01:00", "end must be after start"),
        ("start=noon", "start: \"noon\" is no time"),
        ("end=2426-11-24T00:00:00+01:00", "are 146097 days; at most 31 are played"),
        ("end=2026-12-25T00:00:01+01:00", "are 32 days"),
        ("seed", "--set seed: must be KEY=VALUE"),
        ("seed=abc", "invalid type: string \"abc\", expected u64, in `seed`"),
        (
            "fleet=5",
            "fleet must be a file such as \"fleet.csv\" or counts such as { taxi = 5 }, not 5",
        ),
        ("fleet.taxi=-1", "fleet.taxi must be a whole number of vehicles, not -1"),
        ("fleet.bus=3", "unknown key fleet.bus; known are fleet.taxi, fleet.minibus"),
        ("snap_max_m=-1", "snap_max_m must be between 0 and 20000, not -1"),
        ("snap_max_m=nan", "snap_max_m must be between 0 and 20000, not NaN"),
    ];
    for (set, expected) in cases {
        let error = chain(&read(TEXT, &[set]).unwrap_err());
        assert!(error.contains(expected), "{set}: {error}");
        assert_eq!(error.lines().count(), 1, "{set}: {error}");
    }
    for (text, expected) in [("a = = 1", "line 1: "), ("\nseed = \"x\"", "line 2: invalid type")] {
        let error = chain(&read(text, &[]).unwrap_err());
        assert!(error.contains(expected) && error.lines().count() == 1, "{error}");
    }
    assert!(read(TEXT, &["end=2026-12-25T00:00:00+01:00", "snap_max_m=0"]).is_ok());
    let error = read("region = \"r\"", &[]).unwrap_err().to_string();
    assert!(error.contains("is missing"), "{error}");
}
