//! Finding the place of a rider in the vehicles' schedules.

pub mod policy;
