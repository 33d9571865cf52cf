//! Turn restrictions on random towns against a search that keeps the last street in its state.
//!
//! The reference shares nothing with the engine but the profile's speed: it works on the streets as drawn, a state is a
//! street driven in one direction, and a step is a turn that is not forbidden.
#![expect(
    clippy::unwrap_used,
    reason = "helpers of tests: small numbers, and a failure is a failed test"
)]

mod roads_common;

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write;

use roads_common::{Random, map};
use sharxi_engine::oracle::{Location, Oracle};

/// km/h of `highway=residential` in the car profile.
const KMH: f64 = 25.0;

/// A town of two-way streets with some forbidden turns and some mandatory ones.
struct Town {
    names: Vec<char>,
    streets: Vec<(char, char)>,
    /// (from, via, to) by nodes.
    forbidden: BTreeSet<[char; 3]>,
    text: String,
}

fn town(seed: u64) -> Town {
    let mut random = Random(seed);
    let side = 4;
    let names: Vec<char> = ('A'..='Z').chain('a'..='z').take(side * side).collect();
    let mut text = String::new();
    for (idx, name) in names.iter().enumerate() {
        let east = (idx % side) * 500 + random.below(300);
        let north = (idx / side) * 500 + random.below(300);
        writeln!(text, "{name} {east} {north}").unwrap();
    }
    let mut streets = Vec::new();
    for idx in 0..names.len() {
        let right = (idx % side + 1 < side).then_some(idx + 1);
        let up = (idx + side < names.len()).then_some(idx + side);
        for other in right.into_iter().chain(up) {
            streets.push((names[idx], names[other]));
        }
    }
    for (id, (a, b)) in streets.iter().enumerate() {
        writeln!(text, "way {} {a}{b} highway=residential", id + 1).unwrap();
    }
    let mut town = Town { names, streets, forbidden: BTreeSet::new(), text };
    for _ in 0..12 {
        town.restrict(&mut random);
    }
    town
}

impl Town {
    fn at(&self, via: char) -> Vec<(usize, char)> {
        let ends = |&(idx, &(a, b)): &(usize, &(char, char))| match via {
            _ if a == via => Some((idx, b)),
            _ if b == via => Some((idx, a)),
            _ => None,
        };
        self.streets.iter().enumerate().filter_map(|pair| ends(&pair)).collect()
    }

    fn restrict(&mut self, random: &mut Random) {
        let via = self.names[random.below(self.names.len())];
        let streets = self.at(via);
        if streets.len() < 3 {
            return;
        }
        let (from, to) =
            (streets[random.below(streets.len())], streets[random.below(streets.len())]);
        let kind = match (from == to, random.below(3)) {
            (true, _) => "no_u_turn",
            (false, 0) => "only_right_turn",
            (false, _) => "no_right_turn",
        };
        let bars = |other| (other == to) != (kind == "only_right_turn");
        let barred = |other: (usize, char)| [from.1, via, other.1];
        let stays_open =
            |&&other: &&(usize, char)| !bars(other) && !self.forbidden.contains(&barred(other));
        // A street that nobody may leave is not part of the region.
        if streets.iter().filter(stays_open).count() == 0 {
            return;
        }
        writeln!(self.text, "rel {kind} {} {via} {}", from.0 + 1, to.0 + 1).unwrap();
        self.forbidden.extend(streets.into_iter().filter(|&other| bars(other)).map(barred));
    }
}

/// Milliseconds from behind a street's end to all streets driven, by relaxing until nothing changes.
fn reference(
    town: &Town,
    meters: &BTreeMap<(char, char), f64>,
    start: (char, char),
) -> BTreeMap<(char, char), f64> {
    let mut times = BTreeMap::from([(start, 0.0)]);
    loop {
        let mut changed = false;
        for (&(a, b), &ms) in &times.clone() {
            for (_, c) in town.at(b) {
                let arrival = ms + meters[&(b, c)] / KMH * 3600.0;
                // At a corner nothing meets: it is a bend of a road, not a place to turn round.
                let turns_in_bend = a == c && town.at(b).len() == 2;
                if !turns_in_bend
                    && !town.forbidden.contains(&[a, b, c])
                    && times.get(&(b, c)).is_none_or(|&known| arrival < known - 1e-9)
                {
                    times.insert((b, c), arrival);
                    changed = true;
                }
            }
        }
        if !changed {
            return times;
        }
    }
}

#[test]
fn times_and_paths_obey_restrictions_and_are_fastest() {
    let mut n_checked = 0;
    for seed in 0..40 {
        let town = town(seed);
        let map = map(&town.text);
        let meters: BTreeMap<(char, char), f64> = town
            .streets
            .iter()
            .flat_map(|&(a, b)| {
                [
                    ((a, b), map.points[&a].distance_m(map.points[&b])),
                    ((b, a), map.points[&b].distance_m(map.points[&a])),
                ]
            })
            .collect();
        for (i, &(a, b)) in town.streets.iter().enumerate().step_by(5) {
            let from = map.at(&format!("{a}{b}"));
            let half = |street: (char, char)| meters[&street] / KMH * 1800.0;
            for (j, &(c, d)) in town.streets.iter().enumerate() {
                if i == j {
                    continue;
                }
                let to = map.at(&format!("{c}{d}"));
                let mut best = f64::INFINITY;
                for start in [(a, b), (b, a)] {
                    let times = reference(&town, &meters, start);
                    for end in [(c, d), (d, c)] {
                        let whole = times.get(&end).copied().unwrap_or(f64::INFINITY);
                        best = best.min(half(start) + whole - half(end));
                    }
                }
                let time = map.region.time(from, to);
                let found = f64::from(time.get());
                // Half a tick for each street driven; a turn more or less makes whole streets of difference.
                assert!(
                    (found - best).abs() < 1_000.0,
                    "seed {seed} {a}{b} {c}{d}: {found}, not {best}\n{}",
                    town.text
                );
                check_turns(&map, &town, from, to, seed);
                n_checked += 1;
            }
        }
    }
    assert!(n_checked > 2_000);
}

fn check_turns(map: &roads_common::TextMap, town: &Town, from: Location, to: Location, seed: u64) {
    let path = map.region.path(from, to).unwrap();
    let shape = map.region.path_geometry(&path);
    let nodes: Vec<char> = shape
        .iter()
        .filter_map(|(point, _)| map.points.iter().find(|(_, p)| p.distance_m(*point) < 0.1))
        .map(|(&name, _)| name)
        .collect();
    for turn in nodes.windows(3) {
        let turn = [turn[0], turn[1], turn[2]];
        assert!(!town.forbidden.contains(&turn), "seed {seed}: {turn:?} in {nodes:?}");
    }
}
