//! The search: take some out, put them back in, keep what is better or, while it is warm, a little worse.
//!
//! Simulated annealing over ruin and recreate. The caller says with each slice of work how far through the whole budget
//! it is, so that the search is cold at the end of any budget. The best plan so far only ever gets better.

use super::fleet::Fleet;
use super::plan::Plan;
use super::problem::{Problem, narrow};
use super::recreate::{Blinks, Orders, regret};
use super::rng::Rng;
use super::route::Route;
use super::ruin::Neighbours;
use super::work::Work;

/// What to search for and how.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Settings {
    /// Equal seeds and equal slices give equal plans.
    pub seed: u64,
    /// Whether to spend part of the budget on getting by with fewer vehicles, which must be alike.
    pub fewer_vehicles: bool,
    /// Temperature to begin with, as a share of the mean cost of a request.
    pub heat: f64,
}

impl Default for Settings {
    fn default() -> Self {
        Self { seed: 1, fewer_vehicles: false, heat: 0.1 }
    }
}

/// Temperature at the end as a share of the one at the beginning.
const COOLED: f64 = 0.01;
/// Share of the budget for the number of vehicles.
const FLEET_SHARE: f64 = 0.4;
/// Where, after that, the search begins again from another plan with as few vehicles: one that it finds first may be one
/// from which no good plan is near.
const SECOND_START: f64 = 0.7;

/// One chain.
#[derive(Clone, Debug)]
pub struct Search<'p> {
    pub(super) work: Work<'p>,
    pub(super) best: Best,
    pub(super) rng: Rng,
    pub(super) orders: Orders,
    pub(super) neighbours: Neighbours,
    pub(super) blinks: Blinks,
    fleet: Option<Fleet>,
    /// Another plan to start from.
    second: Option<Best>,
    is_second: bool,
    requests: Vec<u32>,
    heat: f64,
    /// Iterations so far.
    iterations: u64,
}

/// The best plan so far.
#[derive(Clone, Debug)]
pub(super) struct Best {
    pub(super) routes: Vec<Route>,
    pub(super) unserved: Vec<u32>,
    pub(super) cost: i64,
}

impl Best {
    /// The plan as it is.
    pub(super) fn of(work: &Work<'_>) -> Self {
        let (routes, unserved) = (work.routes.clone(), work.unserved.clone());
        Self { routes, unserved, cost: work.cost }
    }

    /// Takes over what differs.
    pub(super) fn take(&mut self, work: &Work<'_>) {
        for (own, route) in self.routes.iter_mut().zip(&work.routes) {
            if own.version != route.version {
                own.copy_from(route);
            }
        }
        self.unserved.clone_from(&work.unserved);
        self.cost = work.cost;
    }
}

impl<'p> Search<'p> {
    /// Starts with the given plan and puts in whom it leaves out, where there is a place.
    ///
    /// # Errors
    /// [`super::plan::PlanError`] if the plan is not feasible.
    pub fn new(
        problem: &'p Problem,
        routes: &[Vec<super::problem::StopId>],
        settings: Settings,
    ) -> Result<Self, super::plan::PlanError> {
        let mut work = problem.start(routes)?;
        work.begin();
        if !regret(&mut work) {
            work.unserved.clear();
            work.roll_back();
        }
        work.begin();
        let best = Best::of(&work);
        let requests = 0..narrow(problem.n_requests());
        let requests: Vec<u32> =
            requests.filter(|&request| !problem.allowed[request as usize].is_empty()).collect();
        let driven: i64 = work.routes.iter().map(|route| route.cost).sum();
        let fixed: i64 = (problem.vehicles.iter().zip(&work.routes))
            .filter(|(_, route)| route.len() != 0)
            .map(|(vehicle, _)| i64::from(vehicle.fixed_cost))
            .sum();
        let served = requests.len().saturating_sub(work.unserved.len()).max(1);
        let heat = settings.heat * (driven - fixed).abs().max(1) as f64 / served as f64;
        Ok(Self {
            best,
            rng: Rng::new(settings.seed),
            orders: Orders::new(problem),
            neighbours: Neighbours::new(problem),
            blinks: Blinks::default(),
            fleet: settings.fewer_vehicles.then(|| Fleet::new(problem)),
            second: None,
            is_second: false,
            requests,
            heat,
            iterations: 0,
            work,
        })
    }

    /// The same with another seed.
    #[must_use]
    pub fn with_seed(&self, seed: u64) -> Self {
        Self { rng: Rng::new(seed), ..self.clone() }
    }

    /// Goes on from a better plan of the same problem.
    pub(super) fn adopt(&mut self, plan: &Plan) {
        if self.best.cost <= plan.cost {
            self.return_to_best();
            return;
        }
        let Ok(other) = self.work.problem.start(&plan.routes) else { return };
        let is_better = self.work.become_like(&other);
        if is_better && self.work.cost < self.best.cost {
            self.best.take(&self.work);
        }
        self.return_to_best();
    }

    /// Works for about `tests` insertion tests, from the share `from` of the whole budget to the share `to`.
    pub fn advance(&mut self, tests: u64, from: f64, to: f64) {
        if self.requests.is_empty() || self.work.is_exhausted() {
            return;
        }
        let begun = self.work.tested;
        let end = begun.saturating_add(tests.max(1));
        if let Some(mut fleet) = self.fleet.take() {
            if from < FLEET_SHARE && fleet.run(self, end) {
                self.fleet = Some(fleet);
                return;
            }
            self.second = Some(fleet.finish(self));
        }
        if SECOND_START <= from
            && let Some(second) = self.second.take()
        {
            self.work.restore(&second);
            self.work.close_empty();
            self.is_second = true;
        }
        let mut temperature = 0.0;
        while self.work.tested < end && !self.work.is_exhausted() {
            if self.iterations.is_multiple_of(64) {
                let done = (self.work.tested - begun) as f64 / tests.max(1) as f64;
                temperature = self.temperature(from + (to - from) * done);
            }
            self.iterations += 1;
            self.iterate(temperature);
        }
    }

    /// Each start after the search for fewer vehicles cools down from where one would by [`FLEET_SHARE`].
    fn temperature(&self, progress: f64) -> f64 {
        let cooled = match (&self.second, self.is_second) {
            (None, false) => progress,
            (Some(_), _) => second(progress, FLEET_SHARE, SECOND_START),
            (None, true) => second(progress, SECOND_START, 1.0),
        };
        self.heat * COOLED.powf(cooled.clamp(0.0, 1.0))
    }

    fn iterate(&mut self, temperature: f64) {
        let before = self.work.cost;
        if !self.change() {
            self.work.roll_back();
            return;
        }
        let threshold = before as f64 - temperature * (1.0 - self.rng.unit()).ln();
        if (self.work.cost as f64) < threshold {
            if self.work.cost < self.best.cost {
                self.best.take(&self.work);
            }
        } else {
            self.work.roll_back();
        }
    }

    /// One ruin and recreate; false: roll back.
    pub(super) fn change(&mut self) -> bool {
        self.work.begin();
        self.work.tested += 1;
        let seed = self.requests[self.rng.below(self.requests.len())];
        self.neighbours.ruin(&mut self.work, seed, &mut self.rng)
            && self.orders.recreate(&mut self.work, &mut self.blinks, &mut self.rng)
    }

    /// Goes back to the best plan.
    pub(super) fn return_to_best(&mut self) {
        self.work.restore(&self.best);
    }

    /// Insertion tests so far.
    #[must_use]
    pub fn tested(&self) -> u64 {
        self.work.tested
    }

    /// Ruin and recreate steps so far.
    #[must_use]
    pub fn iterations(&self) -> u64 {
        self.iterations
    }

    /// Cost of the best plan so far.
    #[must_use]
    pub fn cost(&self) -> i64 {
        self.best.cost
    }

    /// The best plan so far.
    #[must_use]
    pub fn best(&self) -> Plan {
        let mut work = self.work.clone();
        work.restore(&self.best);
        work.plan()
    }
}

/// How far a search between two shares of the budget is, as if it had begun at [`FLEET_SHARE`] and went on to the end.
fn second(progress: f64, from: f64, to: f64) -> f64 {
    FLEET_SHARE + (1.0 - FLEET_SHARE) * (progress - from) / (to - from)
}
