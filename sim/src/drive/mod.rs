//! Plays a scenario against a running service, through its WebSocket and nothing else (`docs/protocol.md`).
//!
//! [`link`] is one socket that comes back after a fall and sends again under the same id; [`rider`], [`vehicle`] and
//! [`operator`] are who uses it; [`renewal`] keeps its token good; [`clock`] shows the service's time; [`messages`] reads
//! and writes what goes over the wire; [`play`] lets them all run and sums up.
//!
//! Wall time rules here: two runs are never the same. What is checked instead is that everybody is answered and no
//! promise is broken.

pub mod clock;

pub mod link;

pub mod messages;

pub mod rider;

pub mod vehicle;

pub mod operator;

pub mod renewal;

pub mod play;

#[cfg(test)]
mod tests;
