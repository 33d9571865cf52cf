//! Trips between places on roads, to be compared with other engines that are asked the same coordinates.
//!
//! `trips draw REGION N SEED` writes N trips, each `from_lat,from_lon,to_lat,to_lon`, both ends anywhere along the roads of the
//! region: each metre of each direction is as likely as any other. `trips time REGION` reads such lines from standard input and
//! answers each with `lat,lon` of both ends as snapped, seconds, and metres (`nan` if there is no way). On standard error it says
//! in one JSON object how many microseconds of wall time a call takes that begins with coordinates.

use std::fmt::Write as _;
use std::hint::black_box;
use std::io::{BufRead as _, Write as _};
use std::time::Instant;

use anyhow::{Context, Result, bail};
use sharxi_engine::geo::LatLon;
use sharxi_engine::oracle::{Location, Oracle};
use sharxi_engine::region::{Region, Snap};
use sharxi_engine::units::Millis;

/// As far from a road as a place may be.
const SNAP_MAX_M: f64 = 1_000.0;
/// Ends of the tables that are timed.
const TABLES: [usize; 3] = [1, 100, 1_000];
const USAGE: &str = "usage: trips draw REGION N SEED | trips time REGION < TRIPS";

type Trip = [LatLon; 2];

fn main() -> Result<()> {
    let args: Vec<String> = std::env::args().skip(1).collect();
    let args: Vec<&str> = args.iter().map(String::as_str).collect();
    let load = |path: &str| -> Result<Region> {
        Ok(Region::decode(&std::fs::read(path).with_context(|| format!("read {path}"))?)?)
    };
    let text = match *args.as_slice() {
        ["draw", region, n, seed] => draw(&load(region)?, n.parse()?, seed.parse()?),
        ["time", region] => {
            let region = load(region)?;
            let lines = std::io::stdin().lock().lines();
            let trips: Vec<Trip> = lines.map(|line| read_trip(&line?)).collect::<Result<_>>()?;
            writeln!(std::io::stderr(), "{}", clocked(&region, &trips))?;
            answers(&region, &trips)
        }
        _ => bail!(USAGE),
    };
    std::io::stdout().write_all(text.as_bytes())?;
    Ok(())
}

fn draw(region: &Region, n: usize, seed: u64) -> String {
    let arcs: Vec<_> = region.arcs().collect();
    let ends: Vec<u64> = arcs
        .iter()
        .scan(0, |sum, arc| {
            *sum += arc.length.get();
            Some(*sum)
        })
        .collect();
    let total = ends.last().copied().unwrap_or(0).max(1);
    let mut state = seed;
    let mut place = || {
        let mm = next(&mut state) % total;
        let arc = ends.partition_point(|&end| end <= mm).min(arcs.len().saturating_sub(1));
        let along = ends[arc].saturating_sub(mm);
        let along_mm = u32::try_from(along).unwrap_or(0);
        region.point(Location::Along { road: arcs[arc].road, along_mm })
    };
    let mut text = String::new();
    for _ in 0..n {
        let [from, to] = [place(), place()];
        let _ =
            writeln!(text, "{:.6},{:.6},{:.6},{:.6}", from.lat(), from.lon(), to.lat(), to.lon());
    }
    text
}

fn read_trip(line: &str) -> Result<Trip> {
    let numbers: Vec<f64> = line
        .split(',')
        .map(|field| field.trim().parse().with_context(|| format!("read the number `{field}`")))
        .collect::<Result<_>>()?;
    let [a, b, c, d] = *numbers.as_slice() else { bail!("`{line}` is not four numbers") };
    let point = |lat, lon| {
        LatLon::from_degrees(lat, lon).with_context(|| format!("`{line}`: not on Earth"))
    };
    Ok([point(a, b)?, point(c, d)?])
}

fn answers(region: &Region, trips: &[Trip]) -> String {
    let mut text = String::new();
    for trip in trips {
        let [from, to] = trip.map(|point| region.snap(point, SNAP_MAX_M));
        let path = from.zip(to).and_then(|(from, to)| region.path(from.location, to.location));
        let snapped = |snap: Option<Snap>| {
            snap.map_or("nan,nan".to_owned(), |s| {
                format!("{:.7},{:.7}", s.point.lat(), s.point.lon())
            })
        };
        let _ = write!(text, "{},{},", snapped(from), snapped(to));
        let _ = match path {
            Some(path) => writeln!(
                text,
                "{:.3},{:.1}",
                path.duration.as_secs_f64(),
                path.distance.as_meters_f64()
            ),
            None => writeln!(text, "nan,nan"),
        };
    }
    text
}

/// Median microseconds of calls that begin with coordinates.
fn clocked(region: &Region, trips: &[Trip]) -> String {
    let snap = |point: LatLon| {
        let snapped = region.snap(point, SNAP_MAX_M);
        snapped.map_or(Location::Node(sharxi_engine::ids::NodeId::new(0)), |s| s.location)
    };
    let time = median_us(trips, |&[from, to]| {
        black_box(region.time(snap(from), snap(to)));
    });
    let route = median_us(trips, |&[from, to]| {
        let path = region.path(snap(from), snap(to));
        black_box(path.map(|path| (region.path_geometry(&path), region.legs(&path))));
    });
    let tables = TABLES.iter().map(|&n| {
        let rounds = vec![(); if n > 100 { 5 } else { 21 }];
        let us = median_us(&rounds, |()| {
            let some = trips.iter().cycle().take(n);
            let from: Vec<Location> = some.clone().map(|trip| snap(trip[0])).collect();
            let to: Vec<Location> = some.map(|trip| snap(trip[1])).collect();
            let mut cells = vec![Millis::ZERO; n * n];
            region.times(&from, &to, &mut cells);
            black_box(cells);
        });
        format!("\"table_{n}x{n}_us\": {us:.3}")
    });
    let tables: Vec<String> = tables.collect();
    format!("{{\"time_us\": {time:.3}, \"route_us\": {route:.3}, {}}}", tables.join(", "))
}

fn median_us<T>(items: &[T], mut work: impl FnMut(&T)) -> f64 {
    let mut each: Vec<f64> = items
        .iter()
        .map(|item| {
            let started = Instant::now();
            work(item);
            started.elapsed().as_secs_f64() * 1e6
        })
        .collect();
    each.sort_by(f64::total_cmp);
    each.get(each.len() / 2).copied().unwrap_or(0.0)
}

/// SplitMix64 (Steele et al. 2014).
fn next(state: &mut u64) -> u64 {
    *state = state.wrapping_add(0x9E37_79B9_7F4A_7C15);
    let z = (*state ^ (*state >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
    let z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
    z ^ (z >> 31)
}
