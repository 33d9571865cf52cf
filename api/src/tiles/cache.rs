//! Tiles by address: cut when first asked for, kept while there is room.

use std::collections::{HashMap, VecDeque};
use std::sync::{Arc, Mutex, PoisonError};

use tokio::sync::OnceCell;

use super::index::Index;
use crate::limits::{TILE_CACHE_BYTES_MAX, TILE_ENTRY_BYTES, TILE_ZOOM_MAX};
use crate::map::Map;

type Address = (u8, u32, u32);

/// The tiles of a region.
pub struct Tiles {
    map: Arc<dyn Map>,
    index: OnceCell<Arc<Index>>,
    kept: Mutex<Kept>,
}

/// Tiles in memory, the oldest first out.
#[derive(Default)]
struct Kept {
    tiles: HashMap<Address, Arc<Vec<u8>>>,
    order: VecDeque<Address>,
    bytes: usize,
}

impl Tiles {
    /// The tiles of `map`; the index is made when the first one is asked for.
    #[must_use]
    pub fn new(map: Arc<dyn Map>) -> Self {
        Self { map, index: OnceCell::new(), kept: Mutex::default() }
    }

    /// The tile, or `None` if there is no such address.
    pub async fn get(&self, zoom: u8, column: u32, row: u32) -> Option<Arc<Vec<u8>>> {
        let side = 1_u32.checked_shl(u32::from(zoom))?;
        if TILE_ZOOM_MAX < zoom || side <= column || side <= row {
            return None;
        }
        let address = (zoom, column, row);
        if let Some(tile) = self.kept().tiles.get(&address) {
            return Some(tile.clone());
        }
        let index = self.index().await?;
        let cut = move || index.encode(zoom, column, row);
        let encoded = tokio::task::spawn_blocking(cut).await.ok()?;
        let tile =
            Arc::new(encoded.inspect_err(|error| tracing::warn!(%error, "cut a tile")).ok()?);
        self.kept().keep(address, tile.clone());
        Some(tile)
    }

    async fn index(&self) -> Option<Arc<Index>> {
        let make = || {
            let map = self.map.clone();
            async { tokio::task::spawn_blocking(move || Arc::new(Index::new(map.as_ref()))).await }
        };
        self.index.get_or_try_init(make).await.ok().cloned()
    }

    fn kept(&self) -> std::sync::MutexGuard<'_, Kept> {
        // Nothing in here is left half done by a panic.
        self.kept.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Kept {
    fn keep(&mut self, address: Address, tile: Arc<Vec<u8>>) {
        // Most addresses have nothing to show, which is found out fast: there are too many of them to be kept.
        if tile.is_empty() {
            return;
        }
        self.bytes += cost(&tile);
        if let Some(before) = self.tiles.insert(address, tile) {
            self.bytes -= cost(&before);
        } else {
            self.order.push_back(address);
        }
        while TILE_CACHE_BYTES_MAX < self.bytes {
            let Some(oldest) = self.order.pop_front() else { return };
            let dropped = self.tiles.remove(&oldest);
            self.bytes -= dropped.map_or(0, |tile| cost(&tile));
        }
    }
}

/// What a tile takes: its bytes and its place in the tables.
fn cost(tile: &[u8]) -> usize {
    TILE_ENTRY_BYTES + tile.len()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_more_is_kept_than_there_is_room_for() {
        let mut kept = Kept::default();
        let half = Arc::new(vec![0; TILE_CACHE_BYTES_MAX / 2 - TILE_ENTRY_BYTES]);
        for row in 0..3 {
            kept.keep((2, 0, row), half.clone());
        }
        assert!(kept.bytes <= TILE_CACHE_BYTES_MAX);
        assert_eq!(kept.tiles.len(), 2);
        assert!(!kept.tiles.contains_key(&(2, 0, 0)));
    }

    #[test]
    fn small_tiles_count_as_well_and_empty_ones_are_not_kept() {
        let mut kept = Kept::default();
        for row in 0..1000 {
            kept.keep((10, 0, row), Arc::new(Vec::new()));
        }
        assert!(kept.tiles.is_empty() && kept.order.is_empty());
        let n_tiles = u32::try_from(TILE_CACHE_BYTES_MAX / TILE_ENTRY_BYTES).unwrap();
        for row in 0..n_tiles {
            kept.keep((18, 0, row), Arc::new(vec![1]));
        }
        assert!(kept.bytes <= TILE_CACHE_BYTES_MAX);
        assert!(kept.tiles.len() < TILE_CACHE_BYTES_MAX / TILE_ENTRY_BYTES);
        assert_eq!(kept.tiles.len(), kept.order.len());
    }
}
