//! What every connection needs: the way to the core, the map, the tiles, the rules of the door.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use sharxi_engine::oracle::Oracle;
use tokio::sync::watch;

use crate::auth::gate::Gate;
use crate::feeds::model::Feeds;
use crate::inputs::CoreHandle;
use crate::limits::Deadlines;
use crate::map::Map;
use crate::metrics::Metrics;
use crate::publish::ClientId;
use crate::queries::desk::QueryDesk;
use crate::tiles::Tiles;

/// Shared by all connections.
pub struct App {
    /// The way to the core.
    pub core: CoreHandle,
    /// The region.
    pub map: Arc<dyn Map>,
    /// The travel times of now.
    pub times: watch::Receiver<Arc<dyn Oracle>>,
    /// Where questions to them are worked out.
    pub queries: QueryDesk,
    /// Open data.
    pub feeds: Feeds,
    /// Its map tiles.
    pub tiles: Tiles,
    /// `GET /v1/region`, word for word.
    pub region: String,
    /// Who may come in.
    pub gate: Arc<Gate>,
    /// What is counted.
    pub metrics: Arc<Metrics>,
    /// How long a peer may take.
    pub deadlines: Deadlines,
    /// Whether the journal has been replayed.
    pub ready: watch::Receiver<bool>,
    /// How many clients there have been.
    pub n_clients: AtomicU64,
}

impl App {
    /// A number for a new client.
    #[must_use]
    pub fn next_client(&self) -> ClientId {
        ClientId(self.n_clients.fetch_add(1, Ordering::Relaxed))
    }
}
