//! Results under the names that other tools know: MATSim's DRT analysis, FleetPy's user statistics, a SimWrapper dashboard.
//!
//! Only names and units are taken from there; cells of which we have no such figure are empty. Coordinates are longitude
//! and latitude; times are seconds since the local midnight before the start.

pub mod rides;

pub mod files;

#[cfg(test)]
mod tests;
