//! Who somebody is: passwords, signed tokens, tickets of browser sockets, and how often anybody may ask.
//!
//! What somebody *may do* is in [`crate::access`]. Nothing in here knows rides or vehicles.

pub mod config;
pub mod gate;
pub mod keys;
pub mod oidc;
pub mod password;
pub mod rate;
pub mod ticket;
pub mod token;
pub mod users;
pub mod visitor;
pub mod watched;
