//! Finding the place of a rider in the vehicles' schedules.
//!
//! Reading order: [`policy`] and [`objective`] say what is wanted; [`view`] what a vehicle would do if nothing
//! changed; [`insertion`] tries every position in every vehicle; [`rescue`] moves one rider to make room for another;
//! [`forecast`] knows where riders are expected and where idle vehicles should wait.

pub mod forecast;
pub mod insertion;
pub mod objective;
pub mod policy;
pub mod rescue;
pub mod view;
