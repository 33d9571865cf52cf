//! Vehicles, what they are doing and what they will do.

pub mod plan;
pub mod vehicle;
