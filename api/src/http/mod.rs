//! Everything over HTTP but the WebSocket itself: queries, commands of a telephone desk, tiles, health, the page.

pub(crate) mod account;
mod documents;
mod feeds;
pub mod page;
pub mod queries;
mod recurring;
pub mod reply;
mod riders;
pub mod routes;
mod state;
mod traffic;
