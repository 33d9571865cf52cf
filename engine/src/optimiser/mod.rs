//! Making plans better: pickups and drop-offs of many riders by many vehicles, at a given budget.
//!
//! Reading order: [`problem`] is what is open, [`plan`] what comes in and out; `route` has the times of one vehicle,
//! `insertion` the best place of a rider in it; `work` is the plan under change, `ruin` and `recreate` change it,
//! [`search`] decides what to keep, `fleet` saves vehicles, [`chains`] runs several searches side by side.
//!
//! Everything here is a function of problem, plan, seed and budget; budgets count insertion tests. A plan that is given
//! back keeps every window, load, ride limit and duration, and serves every promised rider whom the given plan served.

pub mod chains;
mod fleet;
mod insertion;
pub mod plan;
pub mod problem;
mod recreate;
mod rng;
mod route;
mod ruin;
pub mod search;
mod work;
