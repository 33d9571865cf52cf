//! Taking requests out: strings of neighbouring visits from neighbouring routes.
//!
//! Christiaens and Vanden Berghe 2020 ("Slack induction by string removals", Transportation Science 54), where a string
//! takes out whole requests.

use super::problem::{NEVER, NONE, Problem, StopId, Task, Visit, narrow};
use super::rng::Rng;
use super::work::Work;

/// Visits taken out on average.
const REMOVED_MEAN: f64 = 10.0;
/// Longest string.
const STRING_MAX: f64 = 10.0;
/// Neighbours kept of each request.
const NEIGHBOURS_MAX: usize = 200;
/// How much nearer than alone in a string two visits must be to be kept within it, one in so many strings.
const SPLIT_ONE_IN: usize = 2;

/// A wait counts as one of so many parts of a drive.
const WAIT_SHARE: i64 = 5;
/// Each request's neighbours, nearest first, itself among them.
#[derive(Clone, Debug)]
pub(super) struct Neighbours(Vec<Vec<u32>>);

impl Neighbours {
    /// By the least time that a vehicle spends between two of their visits: the drive, and part of the wait or of the lateness
    /// that windows force upon it (the correlation of Vidal et al. 2013, §4.3).
    pub(super) fn new(problem: &Problem) -> Self {
        let n_requests = problem.n_requests();
        let visits: Vec<[Visit; 2]> = (0..n_requests).map(|r| windows(problem, r)).collect();
        let gap = |a: usize, b: usize| {
            let pairs = visits[a].iter().flat_map(|x| visits[b].iter().map(move |y| (x, y)));
            let gaps = pairs.map(|(x, y)| apart(problem, x, y).min(apart(problem, y, x)));
            gaps.min().unwrap_or(i64::MAX)
        };
        let nearest = |request: usize| -> Vec<u32> {
            let mut others: Vec<(i64, u32)> = (0..n_requests)
                .map(|other| {
                    (if other == request { -1 } else { gap(request, other) }, narrow(other))
                })
                .collect();
            if NEIGHBOURS_MAX < others.len() {
                others.select_nth_unstable(NEIGHBOURS_MAX);
                others.truncate(NEIGHBOURS_MAX);
            }
            others.sort_unstable();
            others.into_iter().map(|(_, other)| other).collect()
        };
        Self((0..n_requests).map(nearest).collect())
    }

    /// Takes strings out of routes around `seed`; false if a route could not do without: roll back then.
    pub(super) fn ruin(&self, work: &mut Work<'_>, seed: u32, rng: &mut Rng) -> bool {
        let n_used = work.n_used().max(1) as f64;
        let n_visits: usize = work.routes.iter().map(super::route::Route::len).sum();
        let string_max = STRING_MAX.min(n_visits as f64 / n_used).max(1.0);
        let strings_max = (4.0 * REMOVED_MEAN / (1.0 + string_max) - 1.0).max(1.0);
        let n_strings = drawn(strings_max, rng);
        let mut ruined: Vec<u32> = Vec::new();
        let mut taken: Vec<u32> = Vec::new();
        for &near in &self.0[seed as usize] {
            if n_strings <= ruined.len() {
                break;
            }
            let vehicle = work.home[near as usize];
            if vehicle == NONE || ruined.contains(&vehicle) {
                continue;
            }
            ruined.push(vehicle);
            taken.clear();
            string(work, vehicle, near, string_max, rng, &mut taken);
            if !work.remove(vehicle, &taken) {
                return false;
            }
        }
        true
    }
}

/// The visits of a request with the windows that each leaves the other.
fn windows(problem: &Problem, request: usize) -> [Visit; 2] {
    let mut visits = [2 * request, 2 * request + 1].map(|stop| problem.stops[stop].visit);
    let [pickup, dropoff] = &mut visits;
    if problem.tasks[request] == Task::Ride {
        let ride = pickup.service + problem.drive(pickup.place, dropoff.place);
        dropoff.earliest = dropoff.earliest.max(pickup.earliest.saturating_add(ride)).min(NEVER);
        pickup.latest = pickup.latest.min(dropoff.latest.saturating_sub(ride)).max(-NEVER);
    }
    visits
}

/// What a vehicle loses at least that goes from `x` to `y`.
fn apart(problem: &Problem, x: &Visit, y: &Visit) -> i64 {
    let drive = i64::from(problem.drive(x.place, y.place));
    let arrives = |begin: i32| i64::from(begin) + i64::from(x.service) + drive;
    let wait = (i64::from(y.earliest) - arrives(x.latest)).max(0);
    let late = (arrives(x.earliest) - i64::from(y.latest)).max(0);
    drive + wait / WAIT_SHARE + late
}

/// A whole number from 1 to about `max`.
fn drawn(max: f64, rng: &mut Rng) -> usize {
    let mut n: u32 = 1;
    let limit = rng.unit() * max + 1.0;
    while f64::from(n + 1) <= limit {
        n += 1;
    }
    n as usize
}

/// Collects the requests of one string of `vehicle` that holds a visit of `request`.
fn string(
    work: &Work<'_>,
    vehicle: u32,
    request: u32,
    string_max: f64,
    rng: &mut Rng,
    taken: &mut Vec<u32>,
) {
    let nodes = &work.routes[vehicle as usize].nodes;
    let visits = &nodes[1..nodes.len() - 1];
    let own = |stop: u32| StopId(stop).request() == request;
    let last = rng.one_in(2);
    let found = if last {
        visits.iter().rposition(|node| own(node.stop))
    } else {
        visits.iter().position(|node| own(node.stop))
    };
    let Some(at) = found else { return };
    let length = drawn(string_max.min(visits.len() as f64), rng).min(visits.len());
    let kept = if length < visits.len() && rng.one_in(SPLIT_ONE_IN) {
        let mut kept = 1;
        while length + kept < visits.len() && !rng.one_in(2) {
            kept += 1;
        }
        kept
    } else {
        0
    };
    let span = length + kept;
    let (first, end) = ((at + 1).saturating_sub(span), (at + 1).min(visits.len() - span + 1));
    let start = first + rng.below(end.saturating_sub(first));
    let gap = start + rng.below(length + 1);
    for (k, node) in visits.iter().enumerate().skip(start).take(span) {
        let other = StopId(node.stop).request();
        if !(gap..gap + kept).contains(&k) && !taken.contains(&other) {
            taken.push(other);
        }
    }
    if !taken.contains(&request) {
        taken.push(request);
    }
}
