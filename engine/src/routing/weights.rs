//! Times of shortcuts: customisation for one set of arc times.
//!
//! Basic customisation (arXiv 1402.0402, section 5): every shortcut starts with the fastest arc between its ends, then
//! lower triangles are relaxed from the lowest node up. Here each node gathers the lower triangles of all its edges at
//! once, in a table by upper end: nothing has to be looked for, and what is written is written once. What made a
//! shortcut as fast as it is (an arc or the node in the middle) is kept, so that paths can be unpacked.

use rayon::prelude::*;

use super::NEVER;
use super::bundle::Flow;
use super::topology::{Below, Subtree, Topology};
use crate::graph::csr::Graph;
use crate::graph::num::row;

/// What a shortcut stands for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Origin {
    /// Nothing: it cannot be driven.
    Nothing,
    /// An arc of the graph.
    Arc(u32),
    /// Two shortcuts that meet in a lower node.
    Middle {
        /// The row of the one from there to the lower end.
        to_lower: u32,
        /// So many rows before it is the one to the upper end; 0 if that has to be looked for.
        gap: u32,
    },
}

/// An [`Origin`] in four bytes: the highest bit marks a middle, the lowest of those are its gap. There are fewer than 2^31 arcs, and
/// fewer than 2^28 - 1 edges.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Packed(u32);

impl Packed {
    const NOTHING: Self = Self(u32::MAX);
    const MIDDLE: u32 = 1 << 31;
    const GAP_BITS: u32 = 3;

    /// A middle with no gap yet. Compared by row first, so that of several the first row is the least.
    #[inline(always)]
    fn middle(to_lower: u32) -> Self {
        Self(Self::MIDDLE | to_lower << Self::GAP_BITS)
    }

    /// What to add to a middle if so many rows lie between the two: nothing if the gap does not fit.
    #[inline(always)]
    fn gap(between: u32) -> Self {
        Self(if between < (1 << Self::GAP_BITS) - 1 { between + 1 } else { 0 })
    }

    #[inline(always)]
    fn unpack(self) -> Origin {
        match self.0 {
            u32::MAX => Origin::Nothing,
            both if both & Self::MIDDLE != 0 => Origin::Middle {
                to_lower: (both & !Self::MIDDLE) >> Self::GAP_BITS,
                gap: both & ((1 << Self::GAP_BITS) - 1),
            },
            arc => Origin::Arc(arc),
        }
    }
}

/// A time and what it comes from as one number: the least of several is the shortest, of equals the first arc or the
/// first row. One comparison does both.
#[inline(always)]
fn join(ms: u32, origin: Packed) -> u64 {
    u64::from(ms) << 32 | u64::from(origin.0)
}

#[expect(clippy::cast_possible_truncation, reason = "the two halves")]
fn split(joined: u64) -> (u32, Packed) {
    ((joined >> 32) as u32, Packed(joined as u32))
}

/// Times of all edges of a [`Topology`], by its rows; both directions side by side, [`Flow::Up`] first.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Weights {
    /// [`NEVER`] if there is no way.
    ms: Vec<[u32; 2]>,
    /// Empty if they are found again where they are needed.
    origin: Vec<[Packed; 2]>,
}

/// What an update has done.
#[derive(Debug, Default)]
pub(crate) struct Settled {
    /// The nodes whose edges up were settled again.
    pub(crate) all: Vec<u32>,
    /// Those of them of which an edge takes another time now, ascending.
    pub(crate) touched: Vec<u32>,
}

/// Edges that are being made final, from some row on.
struct Rows<'a> {
    start: usize,
    ms: &'a mut [[u32; 2]],
    origin: &'a mut [[Packed; 2]],
}

/// By depth of the upper end: the best that is known for an edge.
type Best = Vec<[u64; 2]>;

impl Weights {
    /// Customises. The arcs of `graph` must be among the edges that `topology` was made of. O(triangles); independent subtrees
    /// on several threads.
    pub(crate) fn new(topology: &Topology, graph: &Graph) -> Self {
        let n_edges = topology.up.len();
        let mut weights =
            Self { ms: vec![[NEVER; 2]; n_edges], origin: vec![[Packed::NOTHING; 2]; n_edges] };
        weights.renew(topology, graph);
        weights
    }

    /// The same in place, whatever the times were before.
    pub(crate) fn renew(&mut self, topology: &Topology, graph: &Graph) {
        let rows = Rows { start: 0, ms: &mut self.ms, origin: &mut self.origin };
        rows.settle_all(topology, graph, &topology.subtrees);
    }

    /// The same if only `arcs` take another time than before: only what depends on them is looked at. What was done.
    ///
    /// Partial customisation, node by node from the lowest up: a node is settled again if one of its arcs changed, or if a
    /// changed lower triangle made, or makes, one of its edges as fast as it is.
    pub(crate) fn update(&mut self, topology: &Topology, graph: &Graph, arcs: &[u32]) -> Settled {
        let mut waiting = Waiting::new(topology.n_nodes());
        for &arc in arcs {
            let arc = graph.arcs()[arc as usize];
            waiting.add(arc.tail.max(arc.head));
        }
        let mut settled = Settled::default();
        let mut best = topology.room();
        let mut before = Vec::new();
        while let Some(node) = waiting.next() {
            before.clear();
            before.extend_from_slice(&self.ms[topology.up_rows(node)]);
            let mut rows = Rows { start: 0, ms: &mut self.ms, origin: &mut self.origin };
            rows.settle(topology, graph, node, &mut best);
            settled.all.push(node);
            if before != self.ms[topology.up_rows(node)] {
                settled.touched.push(node);
                self.call(topology, node, &before, &mut waiting);
            }
        }
        settled.touched.reverse();
        settled
    }

    /// Takes over the edges up from some nodes.
    pub(crate) fn copy_from(&mut self, topology: &Topology, other: &Self, nodes: &[u32]) {
        for &node in nodes {
            let rows = topology.up_rows(node);
            self.ms[rows.clone()].copy_from_slice(&other.ms[rows.clone()]);
            if !self.origin.is_empty() {
                self.origin[rows.clone()].copy_from_slice(&other.origin[rows]);
            }
        }
    }

    /// Keeps what shortcuts stand for, or drops it.
    pub(crate) fn keep_origins(&mut self, topology: &Topology, graph: &Graph, keep: bool) {
        if !keep {
            self.origin = Vec::new();
        } else if self.origin.len() < self.ms.len() {
            *self = Self::new(topology, graph);
        }
    }

    /// Adds the upper neighbours of a node to those that wait to be settled, if an edge of theirs can depend on its new times.
    fn call(&self, topology: &Topology, node: u32, before: &[[u32; 2]], waiting: &mut Waiting) {
        let rows = topology.up_rows(node);
        let uppers = &topology.up[rows.clone()];
        let now = &self.ms[rows];
        for (idx, &lower) in uppers.iter().enumerate().skip(1) {
            let beside = topology.up_rows(lower);
            let heads = &topology.up[beside.clone()];
            let ms = &self.ms[beside];
            let mut edge = 0;
            let is_called = (0..idx).any(|other| {
                // Upper neighbours of a node are neighbours of one another, so this ends inside the list.
                while heads[edge] < uppers[other] {
                    edge += 1;
                }
                let sums = |ms: &[[u32; 2]]| {
                    [ms[idx][1].wrapping_add(ms[other][0]), ms[idx][0].wrapping_add(ms[other][1])]
                };
                let (before, now, ms) = (sums(before), sums(now), ms[edge]);
                (0..2).any(|flow| {
                    before[flow] != now[flow] && before[flow].min(now[flow]) <= ms[flow]
                })
            });
            if is_called {
                waiting.add(lower);
            }
        }
    }

    /// The time along an edge; [`NEVER`] if there is no way.
    #[inline]
    pub(crate) fn ms(&self, flow: Flow, edge: usize) -> u32 {
        self.ms[edge][flow as usize]
    }

    /// The times of an edge, up and down.
    #[inline]
    pub(crate) fn both_ms(&self, edge: usize) -> [u32; 2] {
        self.ms[edge]
    }

    /// What an edge stands for. If that was not kept, it is found again: O(arcs and lower triangles of its lower node).
    #[inline]
    pub(crate) fn origin(
        &self,
        (topology, graph): (&Topology, &Graph),
        flow: Flow,
        edge: usize,
    ) -> Origin {
        match self.origin.get(edge) {
            Some(origin) => origin[flow as usize].unpack(),
            None => self.find_origin(topology, graph, flow, edge),
        }
    }

    /// The same that settling the node would have kept: of equals the first arc, then the first row.
    fn find_origin(&self, topology: &Topology, graph: &Graph, flow: Flow, edge: usize) -> Origin {
        let (ms, node, upper) = (self.ms(flow, edge), topology.lower(edge), topology.up[edge]);
        if ms >= NEVER {
            return Origin::Nothing;
        }
        let (tail, head) = match flow {
            Flow::Up => (node, upper),
            Flow::Down => (upper, node),
        };
        let is_it = |&arc: &usize| graph.arcs()[arc].head == head && graph.arcs()[arc].time == ms;
        if let Some(arc) = graph.out_rows(tail).find(is_it) {
            return Origin::Arc(row(arc));
        }
        let other = if flow == Flow::Up { Flow::Down } else { Flow::Up };
        let is_middle = |&&Below { edge, first }: &&Below| {
            let to_node = self.ms(other, edge as usize);
            let mut higher = first as usize..edge as usize;
            higher.any(|row| topology.up[row] == upper && to_node + self.ms(flow, row) == ms)
        };
        let middle = topology.below(node).iter().find(is_middle);
        middle.map_or(Origin::Nothing, |below| Origin::Middle { to_lower: below.edge, gap: 0 })
    }

    /// Bytes held.
    pub(crate) fn bytes(&self) -> usize {
        size_of_val(&*self.ms) + size_of_val(&*self.origin)
    }
}

impl Rows<'_> {
    /// Settles the nodes of a subtree, the lowest first.
    fn settle_all(mut self, topology: &Topology, graph: &Graph, subtree: &Subtree) {
        let mut parts = Vec::with_capacity(subtree.below.len());
        let (mut start, mut ms, mut origin) = (self.start, &mut *self.ms, &mut *self.origin);
        for part in &subtree.below {
            let rows = topology.rows_of(&part.nodes);
            let after = |from: usize| rows.start - from;
            let (part_ms, part_origin);
            (part_ms, ms) = ms[after(start)..].split_at_mut(rows.len());
            let (skipped, n) = if origin.is_empty() { (0, 0) } else { (after(start), rows.len()) };
            (part_origin, origin) = origin[skipped..].split_at_mut(n);
            start = rows.end;
            parts.push((Rows { start: rows.start, ms: part_ms, origin: part_origin }, part));
        }
        parts.into_par_iter().for_each(|(rows, part)| rows.settle_all(topology, graph, part));
        let mut best = topology.room();
        for node in subtree.own_nodes().rev() {
            self.settle(topology, graph, node, &mut best);
        }
    }

    /// Makes the edges up from a node final, when those of all nodes below are.
    fn settle(&mut self, topology: &Topology, graph: &Graph, node: u32, best: &mut Best) {
        let rows = topology.up_rows(node);
        let uppers = &topology.up[rows.clone()];
        let depth = |upper: u32| topology.depth[upper as usize] as usize;
        for &upper in uppers {
            best[depth(upper)] = [join(NEVER, Packed::NOTHING); 2];
        }
        let arcs = graph.arcs();
        for arc in graph.out_rows(node).take_while(|&arc| arcs[arc].head < node) {
            let best = &mut best[depth(arcs[arc].head)][0];
            *best = join(arcs[arc].time, Packed(row(arc))).min(*best);
        }
        for arc in graph.in_rows(node).take_while(|&arc| arcs[arc].tail < node) {
            let best = &mut best[depth(arcs[arc].tail)][1];
            *best = join(arcs[arc].time, Packed(row(arc))).min(*best);
        }
        let (own_ms, below_ms) = self.ms[rows.start - self.start..].split_at_mut(rows.len());
        for &Below { edge, first } in topology.below(node) {
            let (first, end) = (first as usize - rows.end, edge as usize - rows.end);
            let [up, down] = below_ms[end];
            let via = Packed::middle(edge);
            let via = [join(down, via), join(up, via)];
            let higher = &topology.up[rows.end + first..rows.end + end];
            let gaps = (0..row(end - first)).rev().map(Packed::gap);
            for ((&upper, &[to_upper, from_upper]), gap) in
                higher.iter().zip(&below_ms[first..end]).zip(gaps)
            {
                // node -> lower -> upper, and upper -> lower -> node. Twice NEVER does not wrap.
                let best = &mut best[depth(upper)];
                best[0] = best[0].min(via[0].wrapping_add(join(to_upper, gap)));
                best[1] = best[1].min(via[1].wrapping_add(join(from_upper, gap)));
            }
        }
        for (&upper, ms) in uppers.iter().zip(own_ms) {
            *ms = best[depth(upper)].map(|best| split(best).0);
        }
        if let Some(own_origin) = self.origin.get_mut(rows.start - self.start..) {
            for (&upper, origin) in uppers.iter().zip(own_origin) {
                *origin = best[depth(upper)].map(|best| split(best).1);
            }
        }
    }
}

/// Nodes that wait, each once; the largest number is served first, and who is served calls only smaller ones.
struct Waiting {
    bits: Vec<u64>,
    /// No bit is set in a word from this on.
    end: usize,
}

impl Waiting {
    fn new(n: usize) -> Self {
        Self { bits: vec![0; n.div_ceil(64)], end: n.div_ceil(64) }
    }

    fn add(&mut self, node: u32) {
        self.bits[node as usize / 64] |= 1 << (node % 64);
    }

    fn next(&mut self) -> Option<u32> {
        while let Some(word) = self.bits[..self.end].last_mut() {
            if let Some(bit) = word.checked_ilog2() {
                *word ^= 1 << bit;
                return Some(row(self.end - 1) * 64 + bit);
            }
            self.end -= 1;
        }
        None
    }
}
