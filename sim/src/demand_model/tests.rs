//! Demand follows its profile, and its seed.

use sharxi_engine::demand::request::When;
use sharxi_engine::geo::LatLon;

use super::draw::{ModelError, Order, demand};
use super::profile::{Profile, ProfileError};
use crate::clock::{self, LocalClock};
use crate::demand::{self as file, DemandRow};
use crate::ground::{Attraction, Landscape, Settlement, Street};

const PROFILES: [&str; 2] = [
    include_str!("../../../data/demand/isle-of-man.toml"),
    include_str!("../../../data/demand/countryside.toml"),
];

fn point(lat: f64, lon: f64) -> LatLon {
    LatLon::from_degrees(lat, lon).unwrap()
}

/// Two villages 11 km apart, each with a street, a school, a shop, a doctor and so on.
fn landscape() -> Landscape {
    let mut landscape = Landscape::default();
    for (name, lat, population) in [("Oben", 50.1, 3000), ("Unten", 50.0, 1000)] {
        landscape.settlements.push(Settlement {
            name: name.into(),
            kind: "village".into(),
            point: point(lat, 7.0),
            population: Some(population),
        });
        let geometry = vec![point(lat, 6.998), point(lat, 7.002)];
        landscape.streets.push(Street { class: "residential".into(), geometry });
        for kind in ["school", "shop", "health", "work", "leisure", "station"] {
            landscape.attractions.push(Attraction { kind: kind.into(), point: point(lat, 7.001) });
        }
    }
    landscape
}

fn made(profile: &Profile, seed: u64) -> Vec<DemandRow> {
    demand(profile, &landscape(), order(seed, 2000)).unwrap()
}

fn order(seed: u64, requests_per_day: u32) -> Order {
    let start = clock::parse("2026-11-24T00:00:00+01:00").unwrap();
    let end = clock::shifted(start, clock::DAY_MS);
    let clock = LocalClock::of("2026-11-24T00:00:00+01:00").unwrap();
    Order { seed, requests_per_day, start, end, clock }
}

#[test]
fn the_same_seed_gives_the_same_bytes_and_another_does_not() {
    let profile = Profile::parse(PROFILES[1]).unwrap();
    let bytes = |seed| {
        let mut out = Vec::new();
        file::write(&made(&profile, seed), LocalClock::UTC, &mut out).unwrap();
        out
    };
    assert_eq!(bytes(1), bytes(1));
    assert_ne!(bytes(1), bytes(2));
    assert_eq!(file::read(bytes(1).as_slice()).unwrap(), made(&profile, 1));
}

#[test]
fn a_day_looks_like_its_profile() {
    let profile = Profile::parse(PROFILES[1]).unwrap();
    let rows = made(&profile, 3);
    assert_eq!(rows.len(), 2000);
    let count = |fits: &dyn Fn(&DemandRow) -> bool| rows.iter().filter(|row| fits(row)).count();
    let alone = count(&|row| row.party.passengers() == 1);
    assert!((1500..1700).contains(&alone), "{alone}");
    let in_hours = |from: i64, to: i64| {
        let clock = LocalClock::of("2026-11-24T00:00:00+01:00").unwrap();
        let hour = move |row: &DemandRow| clock.ms_of_day(row.travel_time()) / clock::HOUR_MS;
        count(&move |row| (from..to).contains(&hour(row)))
    };
    assert!(in_hours(7, 9) > 4 * in_hours(0, 5), "{} {}", in_hours(7, 9), in_hours(0, 5));
    let now = count(&|row| row.when == When::Now);
    let by = count(&|row| matches!(row.when, When::ArriveBy(_)));
    assert!(now > rows.len() / 2 && by > 50, "{now} {by}");
    for row in &rows {
        assert!(row.from.distance_m(row.to) >= 999.0);
        assert!(row.requested_at <= row.travel_time());
    }
}

#[test]
fn bundled_profiles_can_be_read_and_bad_ones_say_why() {
    for text in PROFILES {
        assert!(Profile::parse(text).unwrap().purposes.len() >= 5);
    }
    let cases = [
        ("gravity_m = 6000.0", "gravity_m = 0.0", "gravity_m must be above 0"),
        (
            "return_share = 0.47",
            "return_share = 1.5",
            "purposes.work.return_share must lie between 0 and 1",
        ),
        ("bells = [\"08:00\"", "bells = [\"25:00\"", "purposes.education.bells must be times"),
        (
            "attractions = { health",
            "attractions = { hospital",
            "purposes.doctor.hospital is no kind of attraction",
        ),
        ("hours_out = [0, ", "hours_out = [", "purposes.work.hours_out must have 24 weights"),
    ];
    for (good, bad, expected) in cases {
        let error = Profile::parse(&PROFILES[1].replace(good, bad)).unwrap_err();
        assert!(matches!(error, ProfileError::Value { .. }), "{bad}: {error}");
        assert!(error.to_string().contains(expected), "{bad}: {error}");
    }
    assert!(Profile::parse(&PROFILES[1].replace("trip_min_m", "trip_mim_m")).is_err());
}

#[test]
fn weekends_are_as_the_profile_says() {
    let text = PROFILES[1].replace("requests = 0.8", "requests = 0.5");
    let profile = Profile::parse(&text).unwrap();
    let at = |day: &str, n| {
        let start = clock::parse(day).unwrap();
        let order = Order { start, end: clock::shifted(start, clock::DAY_MS), ..order(1, n) };
        demand(&profile, &landscape(), order).unwrap()
    };
    let (friday, saturday) =
        (at("2026-11-27T00:00:00+01:00", 1000), at("2026-11-28T00:00:00+01:00", 1000));
    assert_eq!((friday.len(), saturday.len()), (1000, 500));
    // Bells are for pupils: those who are to be there at 8:00, 8:30, 8:45 or 9:00 sharp.
    let early = |rows: &[DemandRow]| {
        let by = |row: &&DemandRow| {
            matches!(row.when, When::ArriveBy(time)
            if (7..=9).contains(&(LocalClock::of("2026-11-28T00:00:00+01:00").unwrap().ms_of_day(time) / clock::HOUR_MS)))
        };
        rows.iter().filter(by).count() as f64 / rows.len() as f64
    };
    assert!(early(&saturday) < 0.7 * early(&friday), "{} {}", early(&saturday), early(&friday));
    for (from, to, expected) in [
        ("requests = 0.5", "requests = 11.0", "weekend.requests must be between 0 and 10"),
        ("education = 0.0", "schooling = 0.0", "weekend.purposes.schooling is no purpose"),
    ] {
        let error = Profile::parse(&text.replace(from, to)).unwrap_err().to_string();
        assert!(error.contains(expected), "{error}");
    }
}

#[test]
fn a_million_trips_are_the_limit() {
    let profile = Profile::parse(PROFILES[1]).unwrap();
    let nowhere = Landscape::default();
    let error = |n| demand(&profile, &nowhere, order(1, n)).unwrap_err();
    assert!(matches!(error(1_000_000), ModelError::NoPlace));
    assert!(matches!(error(1_000_001), ModelError::TooMany { n_trips: 1_000_001 }));
}
