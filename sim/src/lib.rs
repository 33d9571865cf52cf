//! The harness around the engine and the service.
