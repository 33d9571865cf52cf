//! The routing graph: flat arrays, built once, never changed.
//!
//! Nodes are numbered so that the number is the place in the elimination tree (preorder, root 0): every node has a
//! larger number than its ancestors, and subtrees are contiguous. Arcs are in order of (tail, head, time as
//! imported, course).

use std::sync::Arc as Shared;

use super::num::row;
use crate::geo::LatLon;

/// One arc: a course of a road between two nodes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Arc {
    pub(crate) tail: u32,
    pub(crate) head: u32,
    /// Milliseconds, whole ticks up to `ARC_MS_MAX`; `routing::NEVER` while the road is closed.
    pub(crate) time: u32,
    /// Road and direction: twice the road, plus 1 if against its shape.
    pub(crate) course: u32,
    /// Milliseconds of turning into the course, a part of `time`.
    pub(crate) turn: u32,
}

/// Nodes and arcs in compressed sparse rows, both ways. Clones and versions with other times share what is the same.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Graph {
    shape: Shared<Shape>,
    arcs: Shared<Vec<Arc>>,
}

/// Everything but the arcs.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
struct Shape {
    points: Vec<LatLon>,
    first_out: Vec<u32>,
    first_in: Vec<u32>,
    /// Arc rows in order of head.
    incoming: Vec<u32>,
}

impl Graph {
    /// From arcs in any order, whose ends must be rows of `points`.
    pub(crate) fn new(points: Vec<LatLon>, mut arcs: Vec<Arc>) -> Self {
        let place = |arc: &Arc| (arc.tail, arc.head, arc.time, arc.course);
        // Read from a file they are in order already.
        if !arcs.is_sorted_by_key(place) {
            arcs.sort_unstable_by_key(place);
        }
        let first_out = first_rows(points.len(), arcs.iter().map(|arc| arc.tail));
        let first_in = first_rows(points.len(), arcs.iter().map(|arc| arc.head));
        let incoming = rows_by_key(&first_in, arcs.iter().map(|arc| arc.head));
        let shape = Shape { points, first_out, first_in, incoming };
        Self { shape: Shared::new(shape), arcs: Shared::new(arcs) }
    }

    /// Gives an arc another time, whole ticks or never. Tables that others share are copied first.
    pub(crate) fn set_time(&mut self, arc: usize, ms: u32) {
        Shared::make_mut(&mut self.arcs)[arc].time = ms;
    }

    pub(crate) fn n_nodes(&self) -> usize {
        self.shape.points.len()
    }

    pub(crate) fn points(&self) -> &[LatLon] {
        &self.shape.points
    }

    pub(crate) fn arcs(&self) -> &[Arc] {
        &self.arcs
    }

    /// Rows of the arcs that leave a node.
    pub(crate) fn out_rows(&self, node: u32) -> std::ops::Range<usize> {
        let node = node as usize;
        self.shape.first_out[node] as usize..self.shape.first_out[node + 1] as usize
    }

    /// Arcs that leave a node.
    pub(crate) fn out_arcs(&self, node: u32) -> &[Arc] {
        &self.arcs[self.out_rows(node)]
    }

    /// Arcs that enter a node.
    pub(crate) fn in_arcs(&self, node: u32) -> impl Iterator<Item = &Arc> {
        self.in_rows(node).map(|arc| &self.arcs[arc])
    }

    /// Rows of the arcs that enter a node, in order of tail.
    pub(crate) fn in_rows(&self, node: u32) -> impl Iterator<Item = usize> {
        let node = node as usize;
        let shape = &*self.shape;
        let rows = shape.first_in[node] as usize..shape.first_in[node + 1] as usize;
        shape.incoming[rows].iter().map(|&arc| arc as usize)
    }

    /// The fastest arc from `tail` to `head`; of equals the first, as in customisation.
    pub(crate) fn fastest(&self, tail: u32, head: u32) -> Option<&Arc> {
        let out = self.out_arcs(tail);
        let parallel = out[out.partition_point(|arc| arc.head < head)..].iter();
        parallel.take_while(|arc| arc.head == head).min_by_key(|arc| arc.time)
    }
}

/// The rows of a key in a table of [`first_rows`].
pub(crate) fn rows_of(first: &[u32], key: u32) -> std::ops::Range<usize> {
    first[key as usize] as usize..first[key as usize + 1] as usize
}

/// `first[key]..first[key + 1]` are the rows of a key, if rows are in order of key.
pub(crate) fn first_rows(n_keys: usize, keys: impl Iterator<Item = u32>) -> Vec<u32> {
    let mut first = vec![0_u32; n_keys + 1];
    for key in keys {
        first[key as usize + 1] += 1;
    }
    for key in 0..n_keys {
        first[key + 1] += first[key];
    }
    first
}

/// Rows in order of key, and of row where keys are equal; `first` as [`first_rows`] gives it for the same keys.
pub(crate) fn rows_by_key(first: &[u32], keys: impl ExactSizeIterator<Item = u32>) -> Vec<u32> {
    let mut next = first.to_vec();
    let mut rows = vec![0; keys.len()];
    for (idx, key) in keys.enumerate() {
        let place = &mut next[key as usize];
        rows[*place as usize] = row(idx);
        *place += 1;
    }
    rows
}
