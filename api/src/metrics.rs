//! What the service counts about itself, for Prometheus at `/metrics`. Aggregates only: no names, no places.

use std::sync::atomic::AtomicU64;

use prometheus_client::encoding::EncodeLabelSet;
use prometheus_client::encoding::text::encode;
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::metrics::histogram::{Histogram, exponential_buckets};
use prometheus_client::registry::Registry;

use crate::wire::error::Code;

/// The media type of [`Metrics::text`].
pub const CONTENT_TYPE: &str = "application/openmetrics-text; version=1.0.0; charset=utf-8";

/// Which error was told.
#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct CodeLabel {
    code: String,
}

/// Which class of HTTP status.
#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct StatusLabel {
    status: &'static str,
}

/// What became of rides.
#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct RideLabel {
    outcome: &'static str,
}

/// Counters and gauges; all can be changed from anywhere.
pub struct Metrics {
    /// Connections open, with or without a WebSocket.
    pub connections: Gauge,
    /// WebSockets open.
    pub sockets: Gauge,
    /// From a command over HTTP until its answer is durable, in seconds.
    pub command_seconds: Histogram,
    /// Passwords asked for that were wrong.
    pub logins_refused: Counter,
    /// Inputs that wait for the core.
    pub queue: Gauge,
    /// Whether the journal has been replayed.
    pub ready: Gauge,
    refusals: Family<CodeLabel, Counter>,
    responses: Family<StatusLabel, Counter>,
    rides: Family<RideLabel, Gauge>,
    vehicles: Gauge,
    promises_broken: Gauge,
    wait_mean_s: Gauge<f64, AtomicU64>,
    registry: Registry,
}

impl Default for Metrics {
    fn default() -> Self {
        let mut metrics = Self {
            connections: Gauge::default(),
            sockets: Gauge::default(),
            command_seconds: Histogram::new(exponential_buckets(0.001, 2.0, 14)),
            logins_refused: Counter::default(),
            queue: Gauge::default(),
            ready: Gauge::default(),
            refusals: Family::default(),
            responses: Family::default(),
            rides: Family::default(),
            vehicles: Gauge::default(),
            promises_broken: Gauge::default(),
            wait_mean_s: Gauge::default(),
            registry: Registry::with_prefix("sharxi"),
        };
        metrics.register();
        metrics
    }
}

impl Metrics {
    fn register(&mut self) {
        let registry = &mut self.registry;
        registry.register("connections", "Open connections", self.connections.clone());
        registry.register("sockets", "Open WebSockets", self.sockets.clone());
        let help = "Seconds from a command over HTTP to its durable answer";
        registry.register("command_seconds", help, self.command_seconds.clone());
        registry.register(
            "logins_refused",
            "Wrong names or passwords",
            self.logins_refused.clone(),
        );
        registry.register("queue", "Inputs that wait for the core", self.queue.clone());
        registry.register("ready", "1 once the journal has been replayed", self.ready.clone());
        registry.register("refusals", "Errors told, by code", self.refusals.clone());
        registry.register("responses", "HTTP responses, by status", self.responses.clone());
        registry.register("rides", "Rides since the journal began", self.rides.clone());
        registry.register("vehicles", "Vehicles in service", self.vehicles.clone());
        let help = "Promises that could not be kept";
        registry.register("promises_broken", help, self.promises_broken.clone());
        registry.register("wait_mean_seconds", "Mean wait of riders", self.wait_mean_s.clone());
    }

    /// An error was told.
    pub fn refused(&self, code: Code) {
        let code = serde_json::to_value(code).ok();
        let code = code.and_then(|code| code.as_str().map(str::to_owned)).unwrap_or_default();
        self.refusals.get_or_create(&CodeLabel { code }).inc();
    }

    /// A response was sent.
    pub fn responded(&self, status: u16) {
        let status = match status {
            100..=199 => "1xx",
            200..=299 => "2xx",
            300..=399 => "3xx",
            400..=499 => "4xx",
            _ => "5xx",
        };
        self.responses.get_or_create(&StatusLabel { status }).inc();
    }

    /// The live figures, as `GET /v1/kpi` has them.
    pub fn figures(&self, kpi: &serde_json::Value) {
        for outcome in
            ["requests", "promised", "rejected", "cancelled", "completed", "waiting", "on_board"]
        {
            let count = kpi[outcome].as_i64().unwrap_or_default();
            self.rides.get_or_create(&RideLabel { outcome }).set(count);
        }
        self.vehicles.set(kpi["vehicles"].as_i64().unwrap_or_default());
        self.promises_broken.set(kpi["promises_broken"].as_i64().unwrap_or_default());
        self.wait_mean_s.set(kpi["wait_s"]["mean"].as_f64().unwrap_or_default());
    }

    /// All of it as text.
    #[must_use]
    pub fn text(&self) -> String {
        let mut text = String::new();
        // Writing to a string does not fail; half a page would not end in `# EOF`, and scrapers notice.
        let _: Result<(), std::fmt::Error> = encode(&mut text, &self.registry);
        text
    }
}
