//! Exact travel times on a `Graph`.
//!
//! `dijkstra` is the slow, obvious answer that all others are compared with. The fast one: `order` finds a nested
//! dissection order (with `separator`), `topology` adds shortcuts once and for all weights, `weights` gives them
//! times, `labels` writes down for every node its times to and from all its ancestors (`fill` row by
//! row, `lanes` side by side), and `hierarchy` answers queries with them, `unpack` their paths. After Dibbelt, Strasser, Wagner: "Customizable Contraction Hierarchies"
//! (arXiv 1402.0402) and the tree labellings of H2H (Ouyang et al., SIGMOD 2018).
//!
//! `bundle` joins the ends of a place along a road into one row, and `matrix` many such rows into tables;
//! `sweep` goes from one place to all nodes, and `ways` knows where there is no way.
//!
//! All times are `u32` milliseconds below `NEVER`, and those of arcs whole ticks (`Tick`).

pub(crate) mod ancestors;
pub(crate) mod bundle;
pub(crate) mod dijkstra;
mod fill;
mod flow_cutter;
pub(crate) mod hierarchy;
pub(crate) mod labels;
pub(crate) mod lanes;
pub(crate) mod matrix;
pub(crate) mod order;
pub(crate) mod separator;
pub(crate) mod sweep;
pub(crate) mod topology;
pub(crate) mod unpack;
mod ways;
pub(crate) mod weights;

#[cfg(test)]
mod tests;

pub use topology::HierarchyError;

/// "No way" inside this module. Twice this is still a positive `i32`, so sums need no check.
pub(crate) const NEVER: u32 = (1 << 30) - 1;

const _: () = assert!(NEVER + NEVER < 1 << 31);
const _: () = assert!(crate::graph::num::ARC_MS_MAX < NEVER);
