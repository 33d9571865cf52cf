//! Times from one place to all nodes, or from all nodes to one place, in one pass over the shortcuts.
//!
//! The times to the ancestors are those of the place's rows; every other node is reached from above, so nodes are visited
//! from the root down. PHAST (Delling, Goldberg, Nowatzyk, Werneck, IPDPS 2011), on the hierarchy of arXiv 1402.0402.

use super::NEVER;
use super::bundle::{Bundle, Flow};
use super::hierarchy::Hierarchy;
use crate::graph::num::row;

impl Hierarchy {
    /// Times from the place with these rows to all nodes, [`NEVER`] where there is no way. O(shortcuts).
    pub(crate) fn times_to_all(&self, bundles: &[Bundle]) -> Vec<u32> {
        self.sweep(bundles, Flow::Down)
    }

    /// Times from all nodes to the place with these rows, likewise.
    pub(crate) fn times_from_all(&self, bundles: &[Bundle]) -> Vec<u32> {
        self.sweep(bundles, Flow::Up)
    }

    /// Times between the place and all nodes, which shortcuts reach in the direction `flow`.
    fn sweep(&self, bundles: &[Bundle], flow: Flow) -> Vec<u32> {
        let n = self.topology.n_nodes();
        let mut times = vec![NEVER; n];
        for bundle in bundles {
            let above = |&node: &u32| (node > 0).then(|| self.topology.parent(node));
            for node in std::iter::successors(Some(bundle.anchor()), above) {
                let ms = bundle.ms()[self.depth(node) as usize];
                times[node as usize] = times[node as usize].min(ms);
            }
        }
        for node in 0..n {
            for edge in self.topology.up_rows(row(node)) {
                let upper = times[self.topology.up[edge] as usize];
                let ms = upper.wrapping_add(self.weights.ms(flow, edge));
                times[node] = times[node].min(ms);
            }
        }
        times
    }
}
