//! Finding the place of a rider in the vehicles' schedules.
//!
//! Reading order: [`policy`] and [`objective`] say what is wanted, [`caution`] what is kept in hand; [`view`] what a vehicle would do if
//! nothing changed; [`outlook`] keeps that from decision to decision and bounds, with the times of [`crate::sight`], what an
//! insertion would cost, `groups` of vehicles together; [`insertion`] finds the best position of all vehicles, [`trial`] that of one;
//! [`snapshot`] hands several vehicles to the optimiser; [`forecast`] knows where riders are expected and where idle vehicles should
//! wait. [`explain`] says why a vehicle was chosen and what stands against the others.

mod bounded;
pub mod caution;
pub mod explain;
pub mod forecast;
mod groups;
pub mod insertion;
pub mod objective;
pub mod outlook;
pub mod policy;
pub mod snapshot;
pub mod trial;
pub mod view;
pub mod wish;
