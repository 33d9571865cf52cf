//! From a junction network to the flat graph that queries run on.
//!
//! `network` (petgraph, easy to change) -> `component` (what can be reached both ways) -> `contract` (chains
//! become roads) -> `expand` (junctions with turn restrictions are split) -> `roads`, `csr` (flat arrays, never changed).

pub(crate) mod component;
pub(crate) mod contract;
pub(crate) mod csr;
pub(crate) mod expand;
pub(crate) mod network;
pub(crate) mod num;
pub(crate) mod roads;
