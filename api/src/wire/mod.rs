//! The protocol as types: `docs/protocol.md` is the contract, this is its only implementation on the service's side.
//!
//! Messages are read strictly (unknown fields are errors) and turned into the domain's types at once; nothing of
//! serde's reaches the core, and no domain type is ever sent as it is.

pub mod convert;
pub mod error;
pub mod event;
pub mod explain;
pub mod message;
pub mod notices;
pub mod recurring;
pub mod ride_status;
pub mod status;
pub mod time;
pub mod told;
pub mod traffic;
pub mod welcome;
pub mod words;
