//! The service around the engine: sockets, journal, clock.
//!
//! The way of a command: [`ws`] reads a message, [`wire`] makes an intent of it, [`core_loop`] stamps the time, lets
//! [`executor`] apply it, writes it to the [`journal`] and only then answers and lets [`publish`] tell the others.
//! The dispatcher itself lives in one thread that owns it; everything else only moves bytes.

pub mod app;
pub mod clock;
pub mod limits;
pub mod map;
pub mod region_map;
pub mod spots;
pub mod traffic;

pub mod access;
pub mod auth;
pub mod dedupe;
pub mod intent;
pub mod wire;

pub mod core_loop;
pub mod desk;
pub(crate) mod erasing;
pub mod executor;
pub mod idle;
pub mod inputs;
pub mod journal;
pub mod keeping;
pub mod kpi;
pub mod ledger;
pub mod outbox;
pub mod publish;
pub mod stages;
pub mod tracker;
pub mod waiting;

pub mod commands;
pub mod config;
pub mod config_keys;
pub mod policy_config;
pub mod queries;
pub mod quotes;
pub mod serve;

pub mod feeds;
pub mod hours;
pub mod http;
pub mod metrics;
mod pacing;
pub mod patient_io;
mod pending;
pub mod planted;
pub mod request_id;
pub mod schema;
pub mod server;
pub mod service;
pub mod tiles;
pub mod tls;
pub mod ws;

pub use service::{Running, Service, ServiceConfig, ServiceError};
