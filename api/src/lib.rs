//! The service around the engine.

pub mod commands;
