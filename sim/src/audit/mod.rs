//! Checks every rule of the promise (`DESIGN.md`, section 1) from the log, the demand, the fleet and the roads alone.
//!
//! Shares no code with the dispatcher, the planning or the rest of the simulation: it reads the files itself and drives
//! the roads with a Dijkstra of its own. It lists all breaches, not only the first.
//!
//! What it can't see: whether a refused rider could have been served. How long the service thought is seen in a log of
//! a live service only; simulated riders are answered at the very time at which they ask.

use std::collections::BTreeMap;

pub mod files;

pub mod log;

pub mod rides;

pub mod vehicles;

pub mod walks;

pub mod roads;

pub mod drives;

use files::{Ask, AuditError, Cab};
use log::{Entry, Kind};
use roads::{Arc, Node, Roads};

/// The limits that the promises are measured by.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Rules {
    /// Longest wait, in seconds.
    pub max_wait_s: f64,
    /// Time on board at most this many times the direct drive …
    pub ride_alpha: f64,
    /// … plus so many seconds.
    pub ride_beta_s: f64,
    /// Longest distance between the point asked for and the place on the road, in metres.
    pub snap_max_m: f64,
    /// Longest walk at either end of a ride whose party does not say itself how long it would walk, in seconds; wheelchair users
    /// are not asked to.
    pub walk_max_s: f64,
    /// Longest time between a request in the demand and in the log, in seconds.
    pub requested_within_s: f64,
    /// Longest time between a request and its answer, in seconds.
    pub answer_within_s: f64,
    /// The least share of its time on the map that a drive can take, where times are uncertain.
    pub pace_min: f64,
    /// Roads were closed for a while: a direct drive may take longer than on the map, though never less.
    pub roads_closed: bool,
}

impl Default for Rules {
    fn default() -> Self {
        Self {
            max_wait_s: 900.0,
            ride_alpha: 1.5,
            ride_beta_s: 600.0,
            snap_max_m: 1_000.0,
            walk_max_s: 0.0,
            requested_within_s: 0.0,
            answer_within_s: 0.0,
            pace_min: 1.0,
            roads_closed: false,
        }
    }
}

/// What is audited.
#[derive(Clone, Copy, Debug)]
pub struct Case<'a> {
    /// `demand.csv`.
    pub demand: &'a str,
    /// `fleet.csv`.
    pub fleet: &'a str,
    /// `events.jsonl`.
    pub events: &'a str,
    /// Nodes of the exported graph; node id n is `nodes[n - 1]`.
    pub nodes: &'a [Node],
    /// Arcs of the exported graph.
    pub arcs: &'a [Arc],
    /// The limits.
    pub rules: Rules,
}

/// A broken rule.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Breach {
    /// Line of the log, from 1; 0 if the log has no line about it.
    pub line: usize,
    /// Which rule, in one word.
    pub rule: &'static str,
    /// What is wrong, for people.
    pub text: String,
}

/// What came out.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Verdict {
    /// All breaches, by line.
    pub breaches: Vec<Breach>,
    /// Lines of the log.
    pub n_lines: usize,
    /// Requests of the demand.
    pub n_requests: usize,
    /// Promises in the log.
    pub n_promised: usize,
    /// Promises that were broken and announced as such.
    pub n_broken: usize,
    /// Drives whose speed was checked.
    pub n_drives: usize,
}

/// Collects breaches.
#[derive(Debug, Default)]
pub struct Breaches(Vec<Breach>);

impl Breaches {
    /// Notes a breach.
    pub fn add(&mut self, line: usize, rule: &'static str, text: impl Into<String>) {
        self.0.push(Breach { line, rule, text: text.into() });
    }

    /// Notes a breach unless `holds`.
    pub fn check(
        &mut self,
        holds: bool,
        line: usize,
        rule: &'static str,
        text: impl FnOnce() -> String,
    ) {
        if !holds {
            self.add(line, rule, text());
        }
    }
}

/// Audits `case`.
///
/// # Errors
/// [`AuditError`] if the demand or the fleet can't be read. Anything wrong with the log is a breach, not an error.
pub fn audit(case: &Case<'_>) -> Result<Verdict, AuditError> {
    let asks = files::read_demand(case.demand)?;
    let cabs = files::read_fleet(case.fleet)?;
    let mut breaches = Breaches::default();
    let entries = log::read(case.events, &mut breaches);
    check_order(&entries, &mut breaches);

    let by_ride = group(&entries, Kind::ride);
    let by_vehicle = group(&entries, Kind::vehicle);
    check_names(&by_ride, &asks, &by_vehicle, &cabs, &mut breaches);

    let breakdowns = vehicles::breakdowns(&entries);
    let mut n_broken = 0;
    for (name, ask) in &asks {
        let own = by_ride.get(name.as_str()).map_or(&[][..], Vec::as_slice);
        n_broken +=
            usize::from(rides::check(name, ask, own, case.rules, &breakdowns, &mut breaches));
    }
    let mut seen = drives::Seen::default();
    let stranded = vehicles::stranded(&entries);
    let meetings = walks::meetings(&entries);
    for (name, cab) in &cabs {
        let own = by_vehicle.get(name.as_str()).map_or(&[][..], Vec::as_slice);
        vehicles::check(
            &vehicles::Scope {
                name,
                cab,
                asks: &asks,
                rules: case.rules,
                stranded: &stranded,
                meetings: &meetings,
            },
            own,
            &mut seen,
            &mut breaches,
        );
    }
    let roads = Roads::new(case.nodes, case.arcs);
    drives::check(&seen, &roads, &by_ride, case.rules, &mut breaches);

    let mut breaches = breaches.0;
    breaches.sort();
    Ok(Verdict {
        breaches,
        n_lines: case.events.lines().count(),
        n_requests: asks.len(),
        n_promised: entries
            .iter()
            .filter(|entry| matches!(entry.kind, Kind::Promised { .. }))
            .count(),
        n_broken,
        n_drives: seen.n_drives(),
    })
}

fn group<'a>(
    entries: &'a [Entry],
    key: impl Fn(&'a Kind) -> Option<&'a str>,
) -> BTreeMap<&'a str, Vec<&'a Entry>> {
    let mut groups: BTreeMap<&str, Vec<&Entry>> = BTreeMap::new();
    for entry in entries {
        if let Some(name) = key(&entry.kind) {
            groups.entry(name).or_default().push(entry);
        }
    }
    groups
}

fn check_order(entries: &[Entry], breaches: &mut Breaches) {
    for pair in entries.windows(2) {
        breaches.check(pair[0].t <= pair[1].t, pair[1].line, "time_order", || {
            format!("{} ms before the line above", pair[0].t - pair[1].t)
        });
    }
}

fn check_names(
    by_ride: &BTreeMap<&str, Vec<&Entry>>,
    asks: &BTreeMap<String, Ask>,
    by_vehicle: &BTreeMap<&str, Vec<&Entry>>,
    cabs: &BTreeMap<String, Cab>,
    breaches: &mut Breaches,
) {
    for (name, own) in by_ride {
        let line = own.first().map_or(0, |entry| entry.line);
        breaches.check(asks.contains_key(*name), line, "unknown_request", || {
            format!("request {name} is not in the demand")
        });
    }
    for (name, own) in by_vehicle {
        let line = own.first().map_or(0, |entry| entry.line);
        breaches.check(cabs.contains_key(*name), line, "unknown_vehicle", || {
            format!("vehicle {name} is not in the fleet")
        });
    }
}

#[cfg(test)]
mod tests;
