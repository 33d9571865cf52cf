//! Exports have the columns that others expect, and add up to our own figures.

use std::path::Path;

use super::files::{self, Export};
use super::rides;
use crate::scenario::file::{Given, read};
use crate::study;

fn lines(folder: &Path, name: &str, delimiter: u8) -> Vec<Vec<String>> {
    let mut reader = csv::ReaderBuilder::new()
        .delimiter(delimiter)
        .has_headers(false)
        .from_path(folder.join(name))
        .unwrap();
    let record = |record: csv::StringRecord| record.iter().map(str::to_owned).collect();
    reader.records().map(|row| record(row.unwrap())).collect()
}

#[test]
fn other_tools_find_their_columns_and_our_figures() {
    let data = Path::new(env!("CARGO_MANIFEST_DIR")).join("../data/scenarios");
    let sets = ["end=2026-11-24T07:00:00+00:00", "fleet.taxi=12", "fleet.minibus=3"];
    let path = data.join("isle-of-man-morning.toml");
    let scenario = read(Some(&path), &sets.map(str::to_owned), &Given::default()).unwrap();
    let prepared = study::prepare(&scenario, &|_, _| {}).unwrap();
    let study = study::play(&scenario, &prepared, &|_| {}).unwrap();
    let kpi = study.kpi(false);
    let known = rides::of_study(&scenario, &prepared, &study);
    let folder = tempfile::tempdir().unwrap();
    let export = Export { name: "morning", known: &known, kpi: &kpi, period: prepared.period };
    files::write(folder.path(), export).unwrap();
    let matsim = |name| lines(folder.path(), name, b';');
    let customers = matsim("drt_customer_stats_drt.csv");
    assert_eq!(customers[0].len(), 17);
    assert_eq!((customers[0][2].as_str(), customers[0][16].as_str()), ("rides", "rejectionRate"));
    assert_eq!(customers[1][2], kpi.completed.to_string());
    assert_eq!(customers[1][3].parse::<f64>().ok(), kpi.wait_s.mean);
    assert_eq!(matsim("drt_vehicle_stats_drt.csv")[0].len(), 14);
    let legs = matsim("drt_legs_drt.csv");
    assert_eq!((legs[0].len(), legs.len()), (17, kpi.completed + 1));
    assert_eq!(matsim("drt_rejections_drt.csv").len(), kpi.rejected + 1);
    let users = lines(folder.path(), "1_user-stats.csv", b',');
    assert_eq!((users.len(), users[0][0].as_str()), (kpi.requests + 1, "request_id"));
    // Nobody rides less far than the direct way but by where the vehicle could turn, and all ride somewhere.
    for leg in &legs[1..] {
        let (ridden, direct): (f64, f64) = (leg[12].parse().unwrap(), leg[13].parse().unwrap());
        assert!(ridden > 0.2 * direct, "{leg:?}");
    }
    // What riders rode, by person, is what the vehicles carried.
    let carried: f64 =
        known.iter().map(|known| known.travelled_m * f64::from(known.passengers)).sum();
    assert!(
        (carried / 1000.0 - kpi.passenger_km).abs() < 0.001 * kpi.passenger_km + 0.1,
        "{carried}"
    );
    let hours = lines(folder.path(), "waits_by_hour.csv", b',');
    assert_eq!((hours.len(), hours[1][0].as_str()), (2, "06:00"));
    let dashboard = std::fs::read_to_string(folder.path().join("dashboard-sharxi.yaml")).unwrap();
    assert!(dashboard.contains("dataset: waits_by_hour.csv") && dashboard.starts_with("header:"));
}
