//! The service around the engine.
