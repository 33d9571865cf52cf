//! The harness around the engine and the service.
//!
//! Way of a study: [`scenario`] -> [`demand_model`] and [`fleet`] -> [`event_loop`] around the very dispatcher that the
//! service runs -> [`event_log`] -> [`audit`] -> [`kpi`] -> [`report`].
//!
//! Architecture invariants: a study reads no clock but to say how long it took; its outputs are the same bytes on any
//! number of threads; [`audit`] knows nothing of the dispatcher.

pub mod clock;
pub mod crew;
pub mod rng;
pub mod stats;
pub mod table;
pub mod toml_text;

pub mod scenario;

pub mod columns;
pub mod demand;
pub mod fleet;
pub mod ground;
pub mod stations;

pub mod land;

pub mod demand_model;

pub mod actors;
pub mod event_log;
pub mod event_loop;
pub mod tracks;
pub mod uncertainty;
pub mod world;

pub mod audit;

pub mod trips;
pub mod trips_table;

pub mod kpi;

pub mod study;

pub mod inspect;

pub mod sweep;

pub mod compare;

pub mod tune;

pub mod baseline;

pub mod exports;

pub mod calibration;

pub mod replay;

pub mod storm;

pub mod report;

pub mod drive;

pub mod solve;

#[cfg(test)]
mod testing;
