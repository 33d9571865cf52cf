//! Putting requests back in: one by one in a random order, each where it costs least, now and then overlooking a vehicle;
//! or, to begin with, always the one that would lose most by waiting (regret-2, Ropke and Pisinger 2006).

use super::problem::{NONE, Problem};
use super::rng::Rng;
use super::work::Work;

/// Of so many vehicles one is overlooked.
const BLINK_ONE_IN: usize = 100;

/// Orders in which requests are put back.
#[derive(Clone, Debug)]
pub(super) struct Orders {
    /// One key a request and order; smaller comes first.
    keys: Vec<[i64; 5]>,
}

impl Orders {
    /// By load, by how far the pickup is from the vehicles, and by windows.
    pub(super) fn new(problem: &Problem) -> Self {
        let key = |request: usize| {
            let (pickup, dropoff) = (&problem.stops[2 * request], &problem.stops[2 * request + 1]);
            let far = problem.allowed[request].iter().map(|&vehicle| {
                problem.drive(problem.vehicles[vehicle as usize].start, pickup.visit.place)
            });
            let far = i64::from(far.min().unwrap_or(0));
            let load = i64::try_from(pickup.load.total()).unwrap_or(0);
            let window = i64::from(dropoff.visit.latest) - i64::from(pickup.visit.earliest);
            [-load, -far, far, window, i64::from(pickup.visit.latest)]
        };
        Self { keys: (0..problem.n_requests()).map(key).collect() }
    }

    fn arrange(&self, requests: &mut [u32], rng: &mut Rng) {
        for k in (1..requests.len()).rev() {
            requests.swap(k, rng.below(k + 1));
        }
        let order = match rng.below(14) {
            0..4 => return,
            4..8 => 0,
            8..10 => 1,
            10 => 2,
            11..13 => 3,
            _ => 4,
        };
        requests.sort_by_key(|&request| self.keys[request as usize][order]);
    }

    /// Puts back who has a place. False: roll back.
    pub(super) fn recreate(&self, work: &mut Work<'_>, blinks: &mut Blinks, rng: &mut Rng) -> bool {
        let mut pending = std::mem::take(&mut work.unserved);
        self.arrange(&mut pending, rng);
        let mut is_kept = true;
        pending.retain(|&request| {
            if !is_kept {
                return true;
            }
            match work.best_vehicle(request, || blinks.next(rng)) {
                Some((vehicle, place)) => {
                    is_kept = work.insert(request, vehicle, place);
                    false
                }
                None => true,
            }
        });
        work.unserved = pending;
        is_kept
    }
}

/// Says which vehicles to overlook, with one random number for each that is.
#[derive(Clone, Debug, Default)]
pub(super) struct Blinks {
    until: usize,
}

impl Blinks {
    fn next(&mut self, rng: &mut Rng) -> bool {
        if 0 < self.until {
            self.until -= 1;
            return false;
        }
        self.until = rng.below(2 * BLINK_ONE_IN);
        true
    }
}

/// Puts in everybody who has a place, whoever would lose most by waiting first. False if a place turned out to be none.
pub(super) fn regret(work: &mut Work<'_>) -> bool {
    let problem = work.problem;
    let mut pending = std::mem::take(&mut work.unserved);
    let mut left = Vec::new();
    while !pending.is_empty() {
        let mut chosen: Option<(i64, usize, u32)> = None;
        let mut k = 0;
        while k < pending.len() {
            let request = pending[k];
            let Some((regret, vehicle)) = two_best(work, problem, request) else {
                left.push(pending.swap_remove(k));
                continue;
            };
            if chosen.is_none_or(|(most, ..)| most < regret) {
                chosen = Some((regret, k, vehicle));
            }
            k += 1;
        }
        let Some((_, k, vehicle)) = chosen else { break };
        let request = pending.swap_remove(k);
        let place = work.place_in(request, vehicle);
        if !work.insert(request, vehicle, place) {
            return false;
        }
    }
    work.unserved = left;
    true
}

/// What it costs more to take the second best vehicle, and the best one.
fn two_best(work: &mut Work<'_>, problem: &Problem, request: u32) -> Option<(i64, u32)> {
    let (mut best, mut second, mut vehicle) = (i64::MAX, i64::MAX, NONE);
    let mut empty_class = NONE;
    for &candidate in &problem.allowed[request as usize] {
        if work.is_closed(candidate) {
            continue;
        }
        if work.is_empty(candidate) {
            let class = problem.classes[candidate as usize];
            if class == empty_class {
                continue;
            }
            empty_class = class;
        }
        let cost = work.place_in(request, candidate).cost;
        if cost < best {
            (second, best, vehicle) = (best, cost, candidate);
        } else if cost < second {
            second = cost;
        }
    }
    // With one place only, it is the most urgent of all; cheaper ones first.
    (best != i64::MAX).then(|| {
        let regret =
            if second == i64::MAX { (i64::MAX / 2).saturating_sub(best) } else { second - best };
        (regret, vehicle)
    })
}
