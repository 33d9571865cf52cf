//! Cars against brute force, the bus by hand, and all of it on the bundled island.

use sharxi_engine::geo::LatLon;
use sharxi_engine::units::{EngineTime, Millis};

use super::assumptions::Assumptions;
use super::bus::Line;
use super::cars;
use super::drives::Drive;
use super::table::{self, VARIANTS};
use crate::rng::Rng;
use crate::scenario::file::{Given, read};
use crate::study;

fn drive(from: usize, to: usize, depart_s: i64, ride_s: i64) -> Drive {
    let places = [50.0, 50.1, 50.2, 50.3];
    let point = |idx: usize| LatLon::from_degrees(places[idx], 7.0).unwrap();
    Drive {
        from: point(from),
        to: point(to),
        depart: EngineTime::from_unix_ms(depart_s * 1000),
        arrive: EngineTime::from_unix_ms((depart_s + ride_s) * 1000),
        is_arrive_by: false,
        duration: Millis::from_secs(u32::try_from(ride_s).unwrap()),
        distance_m: 1000.0,
        passengers: 1,
    }
}

/// Fewest chains of drives, each beginning where and not before the one before ended: drives less a largest matching of
/// ends to beginnings, by augmenting paths.
fn fewest_by_matching(drives: &[Drive]) -> usize {
    fn augment(i: usize, drives: &[Drive], taken: &mut [Option<usize>], seen: &mut [bool]) -> bool {
        for j in 0..drives.len() {
            let follows = drives[i].to == drives[j].from && drives[i].arrive <= drives[j].depart;
            if follows && !seen[j] {
                seen[j] = true;
                if taken[j].is_none_or(|other| augment(other, drives, taken, seen)) {
                    taken[j] = Some(i);
                    return true;
                }
            }
        }
        false
    }
    let mut taken = vec![None; drives.len()];
    let matched = (0..drives.len())
        .filter(|&i| augment(i, drives, &mut taken, &mut vec![false; drives.len()]))
        .count();
    drives.len() - matched
}

#[test]
fn cars_are_the_fewest_chains_of_drives() {
    for seed in 0..200 {
        let mut rng = Rng::new(seed, 0);
        let n = 1 + rng.below(14);
        let drives: Vec<Drive> = (0..n)
            .map(|_| {
                let from = rng.below(4);
                let to = (from + 1 + rng.below(3)) % 4;
                drive(from, to, rng.between(0, 20), rng.between(1, 4))
            })
            .collect();
        let expected = fewest_by_matching(&drives);
        assert_eq!(cars::fewest(&drives, 500.0), expected, "seed {seed}: {drives:?}");
        assert!(cars::most_under_way(&drives) <= expected);
    }
    assert_eq!(cars::fewest(&[], 500.0), 0);
    let there_and_back = [drive(0, 1, 0, 5), drive(1, 0, 5, 5)];
    assert_eq!(
        (cars::fewest(&there_and_back, 500.0), cars::most_under_way(&there_and_back)),
        (1, 1)
    );
}

#[test]
fn a_rider_takes_the_next_bus_or_none() {
    let bus = Assumptions::bundled().unwrap().bus;
    let minutes = |n: i64| n * 60_000;
    let point = |idx: usize| drive(idx, 0, 0, 1).from;
    let line = Line {
        stops: vec![point(0), point(1), point(2)],
        offsets_ms: [vec![0, minutes(10), minutes(25)], vec![0, minutes(15), minutes(25)]],
        length_m: [10_000.0, 11_000.0],
        departures: vec![EngineTime::from_unix_ms(0), EngineTime::from_unix_ms(minutes(60))],
    };
    let journey = |from, to, depart_min: i64| {
        let found = line.journey(&drive(from, to, depart_min * 60, 300), &bus)?;
        Some((found.wait_ms / 60_000, found.ride_ms / 60_000))
    };
    assert_eq!(journey(1, 2, 5), Some((5, 15)));
    assert_eq!(journey(1, 2, 11), Some((59, 15)));
    assert_eq!(journey(1, 2, 71), None, "the last bus has gone");
    assert_eq!(journey(2, 0, 0), Some((0, 25)));
    assert_eq!(journey(3, 0, 0), None, "no stop near");
    // To be there after 90 minutes: the bus that leaves at 60 arrives at 70, 20 minutes early.
    let by = Drive { is_arrive_by: true, ..drive(0, 1, 85 * 60, 300) };
    assert_eq!(line.journey(&by, &bus).unwrap().ride_ms, minutes(10));
    assert_eq!(line.n_buses(&bus), 1);
    assert!((line.kilometers() - 42.0).abs() < 1e-9);
}

#[test]
fn assumptions_are_checked_and_all_have_a_source() {
    let text = include_str!("../../../data/assumptions.toml");
    assert!(Assumptions::parse(text).is_ok());
    let wrong =
        |from: &str, to: &str| Assumptions::parse(&text.replace(from, to)).unwrap_err().to_string();
    assert_eq!(
        wrong("headway_min = 60", "headway_min = 0"),
        "assumptions: bus.headway_min is out of range"
    );
    assert!(wrong("stops = 12", "stopps = 12").contains("stopps"));
    assert!(wrong("\nsource = ", "\nsauce = ").contains("sauce"));
}

#[test]
fn every_way_is_compared_on_the_same_riders() {
    let folder = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../data/scenarios");
    let path = folder.join("isle-of-man-morning.toml");
    let sets = ["end=2026-11-24T07:00:00+00:00", "fleet.taxi=20", "fleet.minibus=5"];
    let scenario = read(Some(&path), &sets.map(str::to_owned), &Given::default()).unwrap();
    let prepared = study::prepare(&scenario, &|_, _| {}).unwrap();
    let study = study::play(&scenario, &prepared, &|_| {}).unwrap();
    let assumptions = Assumptions::bundled().unwrap();
    let compare = |n| table::compare(&scenario, &prepared, &study, &assumptions, n).unwrap();
    let rows = compare(2);
    assert_eq!(rows, compare(1));
    let ways: Vec<&str> = rows.iter().map(|row| row.way).collect();
    assert_eq!(ways[..5], VARIANTS.map(|variant| variant.name));
    assert_eq!(ways[5..], ["cars_swapped", "cars_owned", "bus_line"]);
    assert!(rows.iter().all(|row| row.requests == rows[0].requests && row.served <= row.moved));
    assert!(rows.iter().all(|row| row.vehicle_km > 0.0 && row.co2_kg > 0.0 && row.cost_eur > 0.0));
    let (ours, alone, cars, bus) = (&rows[0], &rows[4], &rows[5], &rows[7]);
    assert!(alone.served < ours.served, "{alone:?}");
    assert!(cars.vehicles > ours.vehicles && cars.vehicles_saved > Some(0.0), "{cars:?}");
    assert!(bus.moved < ours.moved, "{bus:?}");
    let table = table::table(&rows);
    assert_eq!(table.n_rows(), 8);
    assert!(table.columns().contains(&"wait_s_p95".to_owned()), "{:?}", table.columns());
}
