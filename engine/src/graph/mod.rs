//! From a junction network to the flat graph that queries run on.
//!
//! `network` (petgraph, easy to change) -> `component` (what can be reached both ways) -> `contract` (chains
//! become roads) -> `turning` (what turns cost) -> `ends` (what no trip may cross), `around` (and would not
//! anyway) -> `expand` (junctions are split where either matters) -> `roads`, `csr` (flat arrays, never changed).

pub(crate) mod around;
pub(crate) mod component;
pub(crate) mod contract;
pub(crate) mod csr;
pub(crate) mod ends;
pub(crate) mod expand;
pub(crate) mod network;
pub(crate) mod num;
pub(crate) mod roads;
pub(crate) mod turning;
