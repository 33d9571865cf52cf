//! Map matching against drives that are known: fastest paths on real maps with noisy positions, and maps made for a case.

#![expect(
    clippy::unwrap_used,
    clippy::disallowed_methods,
    clippy::print_stdout,
    clippy::cast_precision_loss,
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "a test: a failure is a failed test, numbers are small, maps are files, and shares are shown"
)]

mod roads_common;

use roads_common::{TextMap, island, map};
use sharxi_engine::geo::LatLon;
use sharxi_engine::ids::RoadId;
use sharxi_engine::import::{Profile, import_pbf};
use sharxi_engine::oracle::{Location, Oracle};
use sharxi_engine::region::{Fix, MatchOptions, Matched, Matcher, Region};
use sharxi_engine::units::{EngineTime, Millis};

/// A map with many dual carriageways, which is not in the repository.
const VALLEY: &str = "shared/data/osm/rhein-neckar-roads-2016.osm.pbf";
const NOISE_M: f64 = 20.0;
/// Positions within this of each other along the way are not told apart: three times the noise.
const ALONG_M: f64 = 60.0;

struct Random(u64);

impl Random {
    /// From 0 up to 1.
    fn share(&mut self) -> f64 {
        self.0 =
            self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 11) as f64 / (1_u64 << 53) as f64
    }

    /// Two independent standard normal numbers (Box and Muller 1958).
    fn normal(&mut self) -> (f64, f64) {
        let length = (-2.0 * (1.0 - self.share()).ln()).sqrt();
        let (sin, cos) = (std::f64::consts::TAU * self.share()).sin_cos();
        (length * sin, length * cos)
    }

    fn noisy(&mut self, point: LatLon, noise_m: f64) -> LatLon {
        let (north, east) = self.normal();
        shifted(point, north * noise_m, east * noise_m)
    }

    fn place(&mut self, region: &Region) -> Location {
        let road = (self.share() * region.roads().len() as f64) as u32;
        Location::Along { road: RoadId::new(road), along_mm: (self.share() * 80_000.0) as u32 }
    }
}

fn shifted(point: LatLon, north_m: f64, east_m: f64) -> LatLon {
    let degree_m = 111_195.08;
    let shrink = point.lat().to_radians().cos();
    let (lat, lon) = (point.lat() + north_m / degree_m, point.lon() + east_m / degree_m / shrink);
    LatLon::from_degrees(lat, lon).unwrap()
}

fn fix(point: LatLon, at_s: f64) -> Fix {
    let at = EngineTime::from_unix_ms(1_600_000_000_000 + (at_s * 1000.0) as i64);
    Fix { point, at: Some(at), heading_deg: None }
}

/// Road and direction.
type Course = (RoadId, bool);

/// No road of any region for a place on a node, where no drive has one.
fn course(placed: (Location, bool)) -> Course {
    match placed.0 {
        Location::Along { road, .. } => (road, placed.1),
        Location::Node(_) => (RoadId::new(u32::MAX), placed.1),
    }
}

fn course_of(matched: &Matched) -> Course {
    course((matched.location, matched.forward))
}

/// A drive: what was reported, the course at each position, and the courses of the way close before and behind it.
struct Drive {
    fixes: Vec<Fix>,
    truth: Vec<Truth>,
}

/// The course at a position, and the courses of the way close before and behind it, with their distance in metres.
type Truth = (Course, Vec<(Course, f64)>);

/// A drive of `most_s` seconds or less along a fastest path, slower than the road allows by up to 40 %, with one stop.
fn drive(region: &Region, random: &mut Random, every_s: f64, most_s: f64) -> Option<Drive> {
    let path = region.path(random.place(region), random.place(region))?;
    let slowness = 1.0 + 0.4 * random.share();
    let seconds = path.duration.as_secs_f64() * slowness;
    let (stop_at_s, stop_s) = (seconds * random.share(), 40.0 * random.share());
    let place = |elapsed_s: f64| region.place_at(&path, Millis::new((elapsed_s * 1000.0) as u32));
    let mut found = Drive { fixes: Vec::new(), truth: Vec::new() };
    let mut at_s = 0.0;
    while at_s < (seconds + stop_s).min(most_s) {
        let driving_s = if at_s < stop_at_s { at_s } else { (at_s - stop_s).max(stop_at_s) };
        let elapsed_s = driving_s / slowness;
        let here = place(elapsed_s)?;
        let point = region.point(here.0);
        let around = (-40..=40).map(|half_s| elapsed_s + f64::from(half_s) / 2.0);
        let mut near: Vec<(Course, f64)> = around
            .filter(|&s| s >= 0.0)
            .filter_map(place)
            .map(|placed| (course(placed), region.point(placed.0).distance_m(point)))
            .filter(|&(_, off_m)| off_m <= ALONG_M)
            .collect();
        near.sort_by(|a, b| a.0.cmp(&b.0).then(a.1.total_cmp(&b.1)));
        near.dedup_by_key(|(course, _)| *course);
        found.fixes.push(fix(random.noisy(point, NOISE_M), at_s));
        found.truth.push((course(here), near));
        at_s += every_s;
    }
    (found.fixes.len() >= 4).then_some(found)
}

/// Shares of positions: on exactly the right road in the right direction; the same, where a junction that the vehicle passes
/// within the noise counts for both roads that it joins; and on the way driven, in its direction, with the last 60 metres
/// before and behind the vehicle counted as the same place.
#[derive(Debug, Default)]
struct Shares {
    n: usize,
    exact: usize,
    in_noise: usize,
    on_way: usize,
    /// Of what is not on the way: on no road, and on a road of it against its direction.
    nowhere: usize,
    reversed: usize,
}

impl Shares {
    fn add(&mut self, truth: &[Truth], matched: &[Option<Matched>]) {
        assert_eq!(truth.len(), matched.len());
        for ((exact, near), matched) in truth.iter().zip(matched) {
            self.n += 1;
            let Some(found) = matched.as_ref().map(course_of) else {
                self.nowhere += 1;
                continue;
            };
            let off_m = near.iter().find(|(course, _)| *course == found).map(|(_, m)| *m);
            self.exact += usize::from(found == *exact);
            self.in_noise += usize::from(found == *exact || off_m.is_some_and(|m| m <= NOISE_M));
            self.on_way += usize::from(off_m.is_some());
            let reverse = (found.0, !found.1);
            let is_reversed = near.iter().any(|(course, _)| *course == reverse);
            self.reversed += usize::from(off_m.is_none() && is_reversed);
        }
    }

    /// Exact, within the noise, on the way.
    fn percent(&self) -> [f64; 3] {
        [self.exact, self.in_noise, self.on_way].map(|n| 100.0 * n as f64 / self.n as f64)
    }
}

/// Batch, settled with a fixed lag, and at once.
fn shares(region: &Region, every_s: f64, n_drives: usize) -> [Shares; 3] {
    let mut random = Random(every_s as u64);
    let mut shares = <[Shares; 3]>::default();
    let mut n_done = 0;
    while n_done < n_drives {
        let Some(drive) = drive(region, &mut random, every_s, 1_800.0) else { continue };
        n_done += 1;
        let options = MatchOptions::default();
        shares[0].add(&drive.truth, &region.match_trace(&drive.fixes, options));
        let mut matcher = Matcher::new(options);
        let mut settled = Vec::new();
        let at_once: Vec<_> = drive
            .fixes
            .iter()
            .map(|&fix| matcher.push_settling(region, fix, &mut |one| settled.push(one)))
            .collect();
        settled.extend(matcher.finish(region));
        assert!(settled.iter().zip(0..).all(|((n, _), expected)| *n == expected));
        let settled: Vec<_> = settled.into_iter().map(|(_, matched)| matched).collect();
        shares[1].add(&drive.truth, &settled);
        shares[2].add(&drive.truth, &at_once);
    }
    shares
}

fn check(name: &str, region: &Region, n_drives: usize) {
    for (every_s, least) in
        [(5.0, [85.0, 92.0, 95.0]), (15.0, [85.0, 92.0, 95.0]), (60.0, [85.0, 90.0, 90.0])]
    {
        let found = shares(region, every_s, n_drives);
        let [batch, lag, once] = found.each_ref().map(Shares::percent);
        println!(
            "{name}, every {every_s} s, {} positions: batch {batch:.1?} ({} nowhere, {} reversed), lag {lag:.1?}, at once {once:.1?}",
            found[0].n, found[0].nowhere, found[0].reversed
        );
        let is_met = batch.iter().zip(least).all(|(found, least)| *found >= least);
        assert!(is_met, "{name} {every_s} s: {found:?}");
    }
}

#[test]
fn drives_on_the_island_are_found_again() {
    check("island", &island(), 15);
}

#[test]
fn drives_among_dual_carriageways_are_found_again() {
    let above = concat!(env!("CARGO_MANIFEST_DIR"), "/../..");
    let found = [above.to_owned(), format!("{above}/..")]
        .into_iter()
        .find_map(|folder| std::fs::read(format!("{folder}/{VALLEY}")).ok());
    let Some(bytes) = found else {
        println!("{VALLEY}: not there, nothing to match on");
        return;
    };
    let region = import_pbf(&bytes, &Profile::default(), &|_, _| {}).unwrap().0;
    check("valley", &region, 15);
}

/// Two carriageways 15 metres apart, with a road on at either end.
const DUAL: &str = "
    E -500 0
    A 0 0
    B 4000 0
    C 4000 15
    D 0 15
    F 4500 0
    way 1 AB highway=primary oneway=yes
    way 2 CD highway=primary oneway=yes
    way 3 BC highway=primary oneway=yes
    way 4 DA highway=primary oneway=yes
    way 5 EA highway=primary
    way 6 BF highway=primary
";

/// A street, another one 200 metres beside it, and roads between them.
const LADDER: &str = "
    A 0 0
    B 500 0
    C 1000 0
    D 1500 0
    E 2000 0
    P 0 200
    Q 1000 200
    R 2000 200
    way 1 ABCDE highway=secondary
    way 2 PQR highway=secondary
    way 3 AP highway=residential
    way 4 CQ highway=residential
    way 5 ER highway=residential
";

fn at_meters(east_m: f64, north_m: f64) -> LatLon {
    shifted(LatLon::default(), north_m, east_m)
}

fn settled(town: &TextMap, fixes: &[Fix]) -> Vec<Option<Matched>> {
    town.region.match_trace(fixes, MatchOptions::default())
}

fn meters_north(matched: &Matched) -> f64 {
    matched.point.lat() * 111_195.08
}

#[test]
fn the_carriageway_beside_is_not_taken() {
    let town = map(DUAL);
    let mut random = Random(15);
    let (mut n, mut n_right, mut n_at_once) = (0, 0, 0);
    for _ in 0..20 {
        for (begin_m, speed, north_m, bearing) in
            [(200.0, 20.0, 0.0, 90.0), (3_800.0, -20.0, 15.0, 270.0)]
        {
            let fixes: Vec<Fix> = (0..12)
                .map(|nth| f64::from(nth) * 15.0)
                .map(|s| fix(random.noisy(at_meters(begin_m + speed * s, north_m), NOISE_M), s))
                .collect();
            let is_right = |m: &Matched| {
                (m.bearing_deg - bearing).abs() < 1.0 && (meters_north(m) - north_m).abs() < 1.0
            };
            let all = settled(&town, &fixes);
            n += all.len();
            n_right += all.iter().flatten().filter(|m| is_right(m)).count();
            let mut matcher = Matcher::new(MatchOptions::default());
            // The first position alone cannot tell.
            let at_once = fixes.iter().map(|&fix| matcher.follow(&town.region, fix)).skip(1);
            n_at_once += at_once.flatten().filter(is_right).count();
        }
    }
    println!("{n_right} of {n} settled, {n_at_once} of {} at once", n * 11 / 12);
    assert_eq!(n_right, n);
    assert_eq!(n_at_once, n * 11 / 12);
}

#[test]
fn a_heading_tells_the_carriageway_at_once() {
    let town = map(DUAL);
    for (heading, expected) in [(85.0, 90.0), (265.0, 270.0)] {
        let fix = Fix { heading_deg: Some(heading), ..fix(at_meters(2_000.0, 7.5), 0.0) };
        let found = Matcher::new(MatchOptions::default()).follow(&town.region, fix).unwrap();
        assert!((found.bearing_deg - expected).abs() < 1.0 && found.confidence > 0.95, "{found:?}");
    }
    let without = fix(at_meters(2_000.0, 7.5), 0.0);
    let found = Matcher::new(MatchOptions::default()).follow(&town.region, without).unwrap();
    assert!(found.confidence < 0.6, "{found:?}");
}

#[test]
fn an_outlier_is_left_out() {
    let town = map(LADDER);
    let mut fixes: Vec<Fix> = (0..10)
        .map(|nth| fix(at_meters(100.0 + 150.0 * f64::from(nth), 3.0), 10.0 * f64::from(nth)))
        .collect();
    // In the middle of nowhere, and on a road that it cannot have been on.
    for outlier in [at_meters(800.0, -900.0), at_meters(1_700.0, 201.0)] {
        fixes[5].point = outlier;
        let matched = settled(&town, &fixes);
        for (nth, found) in matched.iter().enumerate() {
            match found {
                None => assert_eq!(nth, 5),
                Some(found) => {
                    assert_ne!(nth, 5, "{found:?}");
                    assert!(meters_north(found).abs() < 0.1, "{nth}: {found:?}");
                    assert!((found.bearing_deg - 90.0).abs() < 1.0, "{nth}: {found:?}");
                }
            }
        }
    }
}

#[test]
fn standing_still_changes_neither_road_nor_direction() {
    let town = map(LADDER);
    let mut random = Random(3);
    let (mut n, mut n_right) = (0, 0);
    for _ in 0..10 {
        // Comes from the west, stands for five minutes, goes on.
        let place = |nth: u32| {
            if nth < 5 {
                400.0 + 60.0 * f64::from(nth)
            } else {
                650.0 + 60.0 * f64::from(nth.max(65) - 65)
            }
        };
        let fixes: Vec<Fix> = (0..70_u32)
            .map(|nth| fix(random.noisy(at_meters(place(nth), 0.0), NOISE_M), f64::from(nth) * 5.0))
            .collect();
        let matched = settled(&town, &fixes);
        let is_right =
            |m: &&Matched| meters_north(m).abs() < 0.1 && (m.bearing_deg - 90.0).abs() < 1.0;
        n += matched.len();
        n_right += matched.iter().flatten().filter(is_right).count();
    }
    println!("standing: {n_right} of {n}");
    assert!(n_right * 100 >= n * 98, "{n_right} of {n}");
}

#[test]
fn off_the_road_is_nowhere_and_what_comes_after_is_found() {
    let town = map(LADDER);
    let off = |nth: u32| (5..10).contains(&nth);
    let fixes: Vec<Fix> = (0..15_u32)
        .map(|nth| {
            let north_m = if off(nth) { -150.0 } else { 2.0 };
            fix(at_meters(100.0 + 120.0 * f64::from(nth), north_m), 12.0 * f64::from(nth))
        })
        .collect();
    for (nth, found) in (0..).zip(settled(&town, &fixes)) {
        assert_eq!(found.is_none(), off(nth), "{nth}: {found:?}");
        assert!(found.is_none_or(|found| (found.bearing_deg - 90.0).abs() < 1.0));
    }
    // A jump that no road explains: lost for a moment, then a new beginning.
    let town = map(DUAL);
    let jump = |nth: u32| {
        if nth < 4 { 200.0 + 20.0 * f64::from(nth) } else { 3_000.0 + 20.0 * f64::from(nth) }
    };
    let fixes: Vec<Fix> =
        (0..10).map(|nth| fix(at_meters(jump(nth), 0.0), f64::from(nth))).collect();
    let found = settled(&town, &fixes);
    assert!(
        found[..4].iter().all(Option::is_some) && found[7..].iter().all(Option::is_some),
        "{found:?}"
    );
}

#[test]
fn a_matcher_remembers_no_more_than_its_lag_and_takes_any_position() {
    let town = map(LADDER);
    let options = MatchOptions { lag: 3, noise_m: f64::NAN };
    let mut matcher = Matcher::new(options);
    let mut n_settled = 0;
    for nth in 0..1_000_u32 {
        let point = if nth % 97 == 0 {
            LatLon::from_degrees(90.0, 180.0).unwrap()
        } else {
            at_meters(f64::from(nth % 200) * 10.0, 0.0)
        };
        let fix = Fix {
            point,
            at: (nth % 5 > 0).then(|| EngineTime::from_unix_ms(-i64::from(nth))),
            heading_deg: Some(f64::NAN),
        };
        matcher.push_settling(&town.region, fix, &mut |(number, _)| {
            assert_eq!(number, n_settled);
            n_settled += 1;
        });
    }
    assert_eq!(n_settled, 997);
    assert_eq!(matcher.finish(&town.region).len(), 3);
    assert!(town.region.match_trace(&[], options).is_empty());
}
