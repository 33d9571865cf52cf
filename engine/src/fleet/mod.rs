//! Vehicles, what they are doing and what they will do.

pub mod motion;
pub mod plan;
pub mod reroute;
pub mod vehicle;
pub mod visit;
