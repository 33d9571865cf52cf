//! Map matching against drives that are known: fastest paths on real maps with noisy positions, and maps made for a case.

#![expect(
    clippy::unwrap_used,
    clippy::disallowed_methods,
    clippy::cast_precision_loss,
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "a test: a failure is a failed test, numbers are small, and maps are files"
)]

mod roads_common;

use roads_common::{TextMap, map};
use sharxi_engine::geo::LatLon;
use sharxi_engine::ids::RoadId;
use sharxi_engine::import::{Profile, import_pbf};
use sharxi_engine::oracle::{Location, Oracle};
use sharxi_engine::region::{Fix, MatchOptions, Matched, Matcher, Region};
use sharxi_engine::units::{EngineTime, Millis};

const ISLAND_PBF: &[u8] = include_bytes!("../../data/regions/isle-of-man.osm.pbf");
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

fn course(placed: (Location, bool)) -> Course {
    match placed.0 {
        Location::Along { road, .. } => (road, placed.1),
        Location::Node(_) => panic!("positions are along roads"),
    }
}

fn course_of(matched: &Matched) -> Course {
    course((matched.location, matched.forward))
}

/// A drive: what was reported, the course at each position, and the courses of the way close before and behind it.
struct Drive {
    fixes: Vec<Fix>,
    truth: Vec<(Course, Vec<Course>)>,
}

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
        let mut near: Vec<Course> = around
            .filter(|&s| s >= 0.0)
            .filter_map(place)
            .filter(|placed| region.point(placed.0).distance_m(point) <= ALONG_M)
            .map(course)
            .collect();
        near.dedup();
        found.fixes.push(fix(random.noisy(point, NOISE_M), at_s));
        found.truth.push((course(here), near));
        at_s += every_s;
    }
    (found.fixes.len() >= 4).then_some(found)
}

/// Shares of positions: on exactly the right road in the right direction, and on the way driven, in its direction, with the
/// last 60 metres before and behind the vehicle counted as the same place.
#[derive(Debug, Default)]
struct Shares {
    n: usize,
    exact: usize,
    on_way: usize,
}

impl Shares {
    fn add(&mut self, truth: &[(Course, Vec<Course>)], matched: &[Option<Matched>]) {
        assert_eq!(truth.len(), matched.len());
        for ((exact, near), matched) in truth.iter().zip(matched) {
            self.n += 1;
            let Some(found) = matched.as_ref().map(course_of) else { continue };
            self.exact += usize::from(found == *exact);
            self.on_way += usize::from(near.contains(&found));
        }
    }

    fn percent(&self) -> (f64, f64) {
        let share = |n: usize| 100.0 * n as f64 / self.n as f64;
        (share(self.exact), share(self.on_way))
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
    for (every_s, least) in [(5.0, 95.0), (15.0, 95.0), (60.0, 90.0)] {
        let found = shares(region, every_s, n_drives);
        let [batch, lag, once] = found.each_ref().map(Shares::percent);
        println!(
            "{name}, every {every_s} s, {} positions: batch {batch:.1?}, lag {lag:.1?}, at once {once:.1?}",
            found[0].n
        );
        assert!(batch.1 >= least, "{name} {every_s} s: {found:?}");
    }
}

#[test]
fn drives_on_the_island_are_found_again() {
    let region = import_pbf(ISLAND_PBF, &Profile::default(), &|_, _| {}).unwrap().0;
    check("island", &region, 40);
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
    check("valley", &region, 40);
}
