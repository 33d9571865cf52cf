//! Vector tiles of the region (Mapbox Vector Tile 2.1, Web Mercator): roads and places, cut on demand, kept while
//! there is room.

pub mod cache;
pub mod geometry;
pub mod index;

pub use cache::Tiles;
