//! Open data for journey planners and anybody else: GOFS 1.0, GTFS-Flex, GTFS Realtime, waits and coverage by cell.
//!
//! All of it is made of one [`model::Feeds`] (agency, zones, hours: what the configuration says) and one [`live::Live`] (what the public
//! may see of the dispatcher's state, at most a second old). Nothing in either names a rider, or a place where one boards or alights.
//! docs/feeds.md has the addresses and the rules.

pub mod config;
pub mod flex;
pub mod gofs;
pub mod live;
pub mod model;
pub mod open_data;
pub mod realtime;
pub mod waits;
pub mod zones;
