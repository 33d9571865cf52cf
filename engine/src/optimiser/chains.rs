//! Several searches with seeds of their own, side by side.
//!
//! They meet at fixed shares of the budget, where all go on from the best plan; so the result is the same on any number
//! of threads.

use rayon::prelude::*;

use super::plan::{Plan, PlanError};
use super::problem::{Problem, StopId};
use super::search::{Search, Settings};

/// Shares of the budget at which all go on from the best.
const MEETINGS: [f64; 2] = [0.5, 0.75];

/// The searches.
#[derive(Clone, Debug)]
pub struct Chains<'p> {
    searches: Vec<Search<'p>>,
}

impl<'p> Chains<'p> {
    /// `count` (at least one) searches from the same plan, with seeds from `settings.seed` on.
    ///
    /// # Errors
    /// [`PlanError`] if the plan is not feasible.
    pub fn new(
        problem: &'p Problem,
        routes: &[Vec<StopId>],
        settings: Settings,
        count: usize,
    ) -> Result<Self, PlanError> {
        let first = Search::new(problem, routes, settings)?;
        let seeds = (1..count.max(1)).map(|k| settings.seed.wrapping_add(k as u64));
        let mut searches: Vec<Search<'p>> = seeds.map(|seed| first.with_seed(seed)).collect();
        searches.insert(0, first);
        Ok(Self { searches })
    }

    /// Each works for about `tests` insertion tests, from the share `from` of the whole budget to the share `to`.
    pub fn advance(&mut self, tests: u64, from: f64, to: f64) {
        if let [only] = &mut self.searches[..] {
            only.advance(tests, from, to);
            return;
        }
        self.searches.par_iter_mut().for_each(|search| search.advance(tests, from, to));
        if MEETINGS.iter().any(|&meeting| from < meeting && meeting <= to) {
            let best = self.best_search().best();
            for search in &mut self.searches {
                search.adopt(&best);
            }
        }
    }

    fn best_search(&self) -> &Search<'p> {
        let (first, rest) = (&self.searches[0], &self.searches[1..]);
        rest.iter().fold(first, |best, other| if other.cost() < best.cost() { other } else { best })
    }

    /// The best plan of all so far.
    #[must_use]
    pub fn best(&self) -> Plan {
        self.best_search().best()
    }

    /// Its cost.
    #[must_use]
    pub fn cost(&self) -> i64 {
        self.best_search().cost()
    }

    /// Insertion tests and ruin and recreate steps of all so far.
    #[must_use]
    pub fn work_done(&self) -> (u64, u64) {
        self.searches.iter().fold((0, 0), |(tests, steps), search| {
            (tests + search.tested(), steps + search.iterations())
        })
    }
}

/// How much to work.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Effort {
    /// Insertion tests of each chain.
    pub tests: u64,
    /// Chains.
    pub chains: usize,
    /// What to search for.
    pub settings: Settings,
}

/// Makes a plan better; a function of its arguments alone.
///
/// # Errors
/// [`PlanError`] if the plan is not feasible.
pub fn optimise(
    problem: &Problem,
    routes: &[Vec<StopId>],
    effort: Effort,
) -> Result<Plan, PlanError> {
    let mut chains = Chains::new(problem, routes, effort.settings, effort.chains)?;
    let slices: [f64; 5] = [0.0, 0.25, 0.5, 0.75, 1.0];
    for pair in slices.windows(2) {
        if let &[from, to] = pair {
            chains.advance(effort.tests / 4, from, to);
        }
    }
    Ok(chains.best())
}
