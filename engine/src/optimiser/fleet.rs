//! Getting by with one vehicle less, again and again: how often a request was left out says how hard it is to place.
//!
//! A plan that leaves out requests that are seldom left out is nearer to one that leaves out nobody (absence counts,
//! Christiaens and Vanden Berghe 2020, §4.4).

use super::problem::{NONE, Problem, narrow};
use super::recreate::regret;
use super::search::{Best, Search};
use super::work::Work;

/// The state of the attempt.
#[derive(Clone, Debug)]
pub(super) struct Fleet {
    /// How often each request was left out.
    absences: Vec<u64>,
    /// Whether a vehicle has been taken away whose riders are not placed yet.
    is_short: bool,
}

impl Fleet {
    pub(super) fn new(problem: &Problem) -> Self {
        Self { absences: vec![0; problem.n_requests()], is_short: false }
    }

    fn absence(&self, requests: &[u32]) -> u64 {
        requests.iter().map(|&request| self.absences[request as usize]).sum()
    }

    /// Works until so many insertion tests are done; false if there is nothing more to take away.
    pub(super) fn run(&mut self, search: &mut Search<'_>, end: u64) -> bool {
        while search.work.tested < end && !search.work.is_exhausted() {
            if !self.is_short && !self.take_away(search) {
                return false;
            }
            let (count, absence) =
                (search.work.unserved.len(), self.absence(&search.work.unserved));
            let cost = search.work.routes_cost();
            if !search.change() {
                search.work.roll_back();
                continue;
            }
            let left = &search.work.unserved;
            let (new_count, new_absence) = (left.len(), self.absence(left));
            for &request in left {
                self.absences[request as usize] += 1;
            }
            if new_count == 0 {
                self.is_short = false;
                search.best.take(&search.work);
            } else if !(new_count < count
                || new_absence < absence
                || (new_count == count
                    && new_absence == absence
                    && search.work.routes_cost() <= cost + cost / 1000))
            {
                search.work.roll_back();
            }
        }
        true
    }

    /// Takes away the vehicle whose riders were left out least; false if only one is left or somebody is left out.
    fn take_away(&mut self, search: &mut Search<'_>) -> bool {
        let work = &mut search.work;
        if !work.unserved.is_empty() || work.n_used() < 2 {
            return false;
        }
        let mut least = (u64::MAX, NONE);
        for vehicle in 0..narrow(work.routes.len()) {
            if work.is_empty(vehicle) {
                work.set_closed(vehicle, true);
            } else {
                let riders: Vec<u32> = work.routes[vehicle as usize]
                    .stops()
                    .filter(|stop| stop % 2 == 0)
                    .map(|stop| stop / 2)
                    .collect();
                least = least.min((self.absence(&riders), vehicle));
            }
        }
        let vehicle = least.1;
        let mut riders: Vec<u32> =
            work.routes[vehicle as usize].stops().map(|stop| stop / 2).collect();
        riders.sort_unstable();
        riders.dedup();
        work.begin();
        if !work.remove(vehicle, &riders) {
            work.roll_back();
            return false;
        }
        work.begin();
        work.set_closed(vehicle, true);
        self.is_short = true;
        true
    }

    /// Goes back to the best plan, with no more vehicles than it has. Gives another plan of as many vehicles, if the last
    /// attempt came near enough to one less, else the same.
    pub(super) fn finish(self, search: &mut Search<'_>) -> Best {
        let other = self.one_more(&mut search.work);
        let n_used = search.best.routes.iter().filter(|route| route.len() != 0).count();
        let other = other.filter(|_| search.work.n_used() <= n_used);
        search.return_to_best();
        search.work.close_empty();
        other.unwrap_or_else(|| search.best.clone())
    }

    /// The plan as the last attempt left it, with one vehicle more for those whom it left out.
    fn one_more(&self, work: &mut Work<'_>) -> Option<Best> {
        let spare = (0..narrow(work.routes.len())).find(|&vehicle| work.is_empty(vehicle))?;
        work.set_closed(spare, false);
        work.begin();
        if !regret(work) {
            work.roll_back();
            return None;
        }
        work.begin();
        work.unserved.is_empty().then(|| Best::of(work))
    }
}
