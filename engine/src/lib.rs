//! The pure core of Sharxi: roads, promises, plans.
//!
//! Two ways lead through this crate. The way of a road: [`import`] reads an OpenStreetMap extract into a
//! [`region::Region`], and [`routing`] answers travel times on it behind [`oracle::Oracle`]. The way of a ride:
//! [`dispatcher::Dispatcher::apply`] takes a time and a command and gives back events; [`planning`] finds the
//! place of a rider in a vehicle's schedule, [`demand`] holds what was promised, [`fleet`] who keeps it.
//!
//! What is deliberately not here: no clock, no socket, no file, no JSON, no randomness but a seed. The same
//! commands give the same events on any number of threads.

pub mod geo;
pub mod ids;
pub mod limits;
pub mod oracle;
pub mod sight;
pub mod units;

pub mod graph;
pub mod import;
pub mod region;
pub mod routing;

pub mod demand;
pub mod dispatcher;
pub mod fleet;
pub mod optimiser;
pub mod planning;
