//! Storms: the service's core, its journal and its clients under simulated faults, in simulated time, each from one seed.
//!
//! The core, the executor, the wire, the journal in SQLite and the recovery are the very ones of the service; simulated are the
//! clock, the network, the disk under the journal, the clients, and the [`town`]. A [`world`] lives through two phases. In the
//! first, messages are lost, late, doubled and overtaken, connections break, readers stall, the service is killed at any storage
//! call and the disk keeps any part of what was not synced, the disk is full, wall clocks jump, queues are tiny. In the second
//! nothing fails any more, and everything must come to its end (I11). After every event that the service tells, [`checker`]
//! looks at every rule of the promise; it knows the protocol's messages and what the clients wanted, and shares no code with
//! the dispatcher. At the end the log goes through [`crate::audit`] as well.
//!
//! The idea is that of deterministic simulation testing (FoundationDB; TigerBeetle's VOPR): a seed that fails once fails for ever.
//!
//! Not in it: sockets and HTTP themselves, traffic that changes, damaged bits at rest (`api/tests` have these).

pub mod weather;

pub mod town;

pub mod disk;

pub mod service;

pub mod client;

pub mod rider;

pub mod vehicle;

pub mod cast;

pub mod checker;

pub mod rides;

pub mod verdict;

pub mod world;

mod network;

#[cfg(test)]
mod tests;
