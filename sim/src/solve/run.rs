//! Seconds into work: the optimiser counts insertion tests, the clock is here.

use sharxi_engine::optimiser::chains::Chains;
use sharxi_engine::optimiser::plan::PlanError;
use sharxi_engine::optimiser::problem::{Problem, ProblemError, StopId};
use sharxi_engine::optimiser::search::Settings;

use super::instance::Instance;

/// Insertion tests of the first slice, with which the pace is measured.
const FIRST_TESTS: u64 = 2_000;
/// Slices of a budget, at least.
const SLICES: f64 = 100.0;

/// Where a benchmark is begun: warmer than a plan that is driven already.
const HEAT: f64 = 0.3;
/// The same after the search for fewer vehicles, which leaves a plan that is far from short: colder, some runs with long
/// routes never left the neighbourhood of that plan.
const HEAT_AFTER_FLEET: f64 = 10.0;

/// How long and with what.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Effort {
    /// Seconds by the given clock.
    pub seconds: f64,
    /// Chains, each on a thread.
    pub threads: usize,
    /// Seed of the first chain.
    pub seed: u64,
}

/// What came out.
#[derive(Clone, Debug, PartialEq)]
pub struct Solution {
    /// Nodes by vehicle.
    pub routes: Vec<Vec<usize>>,
    /// Insertion tests of all chains.
    pub tests: u64,
    /// Ruin and recreate steps of all chains.
    pub steps: u64,
    /// Seconds by the given clock.
    pub seconds: f64,
}

/// Why there is no solution.
#[derive(Debug, thiserror::Error)]
pub enum SolveError {
    /// The instance is no problem.
    #[error(transparent)]
    Problem(#[from] ProblemError),
    /// The plan in the file is not feasible.
    #[error("the plan in the file: {0}")]
    Plan(#[from] PlanError),
    /// No threads.
    #[error("no threads: {0}")]
    Threads(#[from] rayon::ThreadPoolBuildError),
}

/// Works until `clock`, which counts seconds from anywhere, is `effort.seconds` further; `progress` gets the share done.
///
/// # Errors
/// [`SolveError`] if the instance cannot be worked on.
pub fn solve(
    instance: &Instance,
    effort: Effort,
    clock: &(dyn Fn() -> f64 + Sync),
    progress: &(dyn Fn(f64) + Sync),
) -> Result<Solution, SolveError> {
    if effort.threads <= 1 {
        return run(instance, effort, clock, progress);
    }
    let pool = rayon::ThreadPoolBuilder::new().num_threads(effort.threads).build()?;
    pool.install(|| run(instance, effort, clock, progress))
}

/// The plan without the requests whose limits it does not keep; the search finds them another place.
fn keepable(problem: &Problem, routes: &[Vec<StopId>]) -> Result<Vec<Vec<StopId>>, PlanError> {
    let keep = |(vehicle, visits): (usize, &Vec<StopId>)| {
        let mut kept = visits.clone();
        if problem.schedule(vehicle, visits) == Err(PlanError::Infeasible { vehicle }) {
            kept.clear();
            let mut riders: Vec<u32> = Vec::new();
            for request in visits.iter().filter(|stop| stop.is_pickup()).map(|stop| stop.request())
            {
                riders.push(request);
                kept = visits
                    .iter()
                    .copied()
                    .filter(|stop| riders.contains(&stop.request()))
                    .collect();
                if problem.schedule(vehicle, &kept).is_err() {
                    riders.pop();
                }
            }
            kept.retain(|stop| riders.contains(&stop.request()));
        }
        problem.schedule(vehicle, &kept).map(|_| kept)
    };
    routes.iter().enumerate().map(keep).collect()
}

#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "a pace is positive and cut off"
)]
fn run(
    instance: &Instance,
    effort: Effort,
    clock: &(dyn Fn() -> f64 + Sync),
    progress: &(dyn Fn(f64) + Sync),
) -> Result<Solution, SolveError> {
    let begun = clock();
    let problem = instance.problem()?;
    let heat = if instance.is_fewer_first { HEAT_AFTER_FLEET } else { HEAT };
    let settings = Settings { seed: effort.seed, fewer_vehicles: instance.is_fewer_first, heat };
    let start = keepable(&problem, &instance.start())?;
    let mut chains = Chains::new(&problem, &start, settings, effort.threads)?;
    let mut tests = FIRST_TESTS;
    let mut done = (clock() - begun) / effort.seconds.max(1e-9);
    let mut width = 1.0 / SLICES;
    while done < 1.0 {
        let until = (done + width).min(1.0);
        chains.advance(tests, done, until);
        let now = (clock() - begun) / effort.seconds.max(1e-9);
        // The next slice is as long as its share of the budget, as far as this one shows.
        width = (1.0 / SLICES).min(1.0 - now);
        let pace = tests as f64 / (now - done).max(1e-9);
        tests = ((pace * width) as u64).clamp(100, 4 * tests);
        done = now;
        progress(done.min(1.0));
    }
    let plan = chains.best();
    let (tests, steps) = chains.work_done();
    Ok(Solution { routes: instance.routes(&plan.routes), tests, steps, seconds: clock() - begun })
}
