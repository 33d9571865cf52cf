//! Node and edge counts of maps that are not bundled, against an independent reading of them.
//!
//! Needs the folder `shared/data/osm` beside the repository; where it is missing there is nothing to compare, and the
//! test says so and returns.

#![expect(
    clippy::disallowed_methods,
    reason = "the core is given bytes; this test opens the files"
)]

use sharxi_engine::import::{Profile, import_pbf};

const FOLDER: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../../shared/data/osm");
/// Map, nodes and directed edges of the largest strongly connected component, split at junctions, without ferries.
const MAPS: [(&str, f64, f64); 7] = [
    ("isle-of-man-2020", 8_131.0, 18_149.0),
    ("isle-of-man-roads-2020", 8_131.0, 18_149.0),
    ("liechtenstein-2025", 5_417.0, 11_769.0),
    ("malta-2024", 24_403.0, 53_409.0),
    ("north-bayreuth-2014", 1_006.0, 2_232.0),
    ("rhein-neckar-roads-2016", 42_247.0, 94_515.0),
    ("vulkaneifel-matsim-2021", 17_477.0, 39_503.0),
];

#[test]
fn junction_counts_agree_with_an_independent_reading() {
    // The reference leaves ferries out (in Malta they join a second island), and everything where trips may only end.
    let profile = Profile::parse(
        "base = \"car\"
        [vehicle]
        height_m = 0
        width_m = 0
        weight_t = 0
        [access]
        closed = [\"no\", \"private\", \"agricultural\", \"forestry\", \"delivery\", \"emergency\", \"military\", \"use_sidepath\"]
        end_only = []
        service_closed = [\"parking_aisle\", \"driveway\", \"emergency_access\"]
        service_end_only = []
        [tracks]
        enabled = false
        [ferry]
        enabled = false",
    )
    .unwrap();
    for (name, nodes, arcs) in MAPS {
        let Ok(bytes) = std::fs::read(format!("{FOLDER}/{name}.osm.pbf")) else {
            println!("{name}: not there, nothing to compare");
            continue;
        };
        let (_, report) = import_pbf(&bytes, &profile, &|_, _| {}).unwrap();
        let share = |found: usize, expected: f64| (found as f64 / expected - 1.0).abs();
        assert!(share(report.junction_nodes, nodes) < 0.01, "{name}: {report:?}");
        assert!(share(report.junction_arcs, arcs) < 0.01, "{name}: {report:?}");
    }
}
