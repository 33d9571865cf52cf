//! Where trips may only begin and end: the pieces of the network that no trip may cross.
//!
//! The *core* is the largest strongly connected part of what is open to everybody. All other stretches are driven only at
//! the ends of a trip: those that are tagged so, and public ones that are reached only over them. A *piece* is a largest set
//! of such stretches joined at junctions that are not of the core. A trip leaves the piece where it begins and enters the one
//! where it ends; it crosses none. A piece that meets the core at one junction can be crossed nowhere and needs no care.

use std::collections::{BTreeMap, BTreeSet};

use petgraph::graph::NodeIndex;
use petgraph::unionfind::UnionFind;

use super::component;
use super::network::{Course, Network, courses};
use super::num::row;

/// The pieces that could be crossed.
pub(crate) struct Ends {
    /// Of each edge.
    piece: Vec<Option<u32>>,
    /// Whether a junction is of the core.
    core: Vec<bool>,
    /// Pieces of one stretch.
    single: BTreeSet<u32>,
    n_pieces: usize,
}

impl Ends {
    pub(crate) fn new(network: &Network) -> Self {
        let is_public = |course: &Course| {
            network.edge_weight(course.edge).is_some_and(|stretch| !stretch.end_only)
        };
        let public = courses(network)
            .filter(is_public)
            .filter_map(|course| course.ends(network))
            .map(|(tail, head)| (row(tail.index()), row(head.index())));
        let core = component::largest(network.node_count(), public);

        let mut joined = UnionFind::<u32>::new(network.edge_count());
        let mut edge_at: Vec<Option<u32>> = vec![None; network.node_count()];
        let outside: Vec<_> = network
            .edge_indices()
            .filter_map(|edge| Some((edge, network.edge_endpoints(edge)?)))
            .filter(|&(edge, (a, b))| {
                network[edge].end_only || !core[a.index()] || !core[b.index()]
            })
            .collect();
        for &(edge, (a, b)) in &outside {
            for node in [a, b].into_iter().filter(|node| !core[node.index()]) {
                let other = *edge_at[node.index()].get_or_insert(row(edge.index()));
                joined.union(row(edge.index()), other);
            }
        }
        let mut gates: BTreeMap<u32, (BTreeSet<NodeIndex<u32>>, usize)> = BTreeMap::new();
        for &(edge, (a, b)) in &outside {
            let (gates, n_edges) = gates.entry(joined.find(row(edge.index()))).or_default();
            gates.extend([a, b].into_iter().filter(|node| core[node.index()]));
            *n_edges += 1;
        }
        gates.retain(|_, (gates, _)| gates.len() > 1);
        let mut piece = vec![None; network.edge_count()];
        for &(edge, _) in &outside {
            let label = joined.find(row(edge.index()));
            piece[edge.index()] = gates.contains_key(&label).then_some(label);
        }
        let single = gates.iter().filter(|(_, (_, n))| *n == 1).map(|(&label, _)| label).collect();
        Self { piece, core, single, n_pieces: gates.len() }
    }

    /// The same without any pieces: all roads are for everybody.
    pub(crate) fn none(&self) -> Self {
        Self {
            piece: vec![None; self.piece.len()],
            core: self.core.clone(),
            single: BTreeSet::new(),
            n_pieces: 0,
        }
    }

    /// Whether a junction is of the core.
    pub(crate) fn is_core(&self, junction: NodeIndex<u32>) -> bool {
        self.core[junction.index()]
    }

    /// How many pieces could be crossed.
    pub(crate) fn n_pieces(&self) -> usize {
        self.n_pieces
    }

    /// The piece of a course, if it is in one that could be crossed.
    pub(crate) fn piece(&self, course: Course) -> Option<u32> {
        self.piece[course.edge.index()]
    }

    /// Where a trip is after driving `course`, if it may.
    pub(crate) fn step(&self, network: &Network, phase: Phase, course: Course) -> Option<Phase> {
        let (tail, head) = course.ends(network)?;
        match (self.piece(course), phase) {
            (None, Phase::Main) => Some(Phase::Main),
            (Some(piece), Phase::Main) => Some(Phase::In(piece)),
            (Some(piece), Phase::In(of)) if piece == of => match self.is_core(tail) {
                // The far end of a piece of one stretch serves as the place from which it is left, too.
                true => self.single.contains(&piece).then_some(Phase::Main),
                false => Some(Phase::In(piece)),
            },
            (Some(piece), Phase::Out(of)) if piece == of => {
                Some(if self.is_core(head) { Phase::Main } else { Phase::Out(piece) })
            }
            _ => None,
        }
    }

    /// The phase of a trip that begins at a junction where another one is in `phase`; `None` if it is the same.
    pub(crate) fn outward(&self, junction: NodeIndex<u32>, phase: Phase) -> Option<Phase> {
        match phase {
            Phase::In(_) | Phase::Out(_) if self.is_core(junction) => Some(Phase::Main),
            Phase::In(piece) => Some(Phase::Out(piece)),
            Phase::Main | Phase::Out(_) => None,
        }
    }

    /// The phase of a trip that begins on `course`, before it reaches its first junction.
    pub(crate) fn beginning(&self, course: Course) -> Phase {
        match self.piece(course) {
            None => Phase::Main,
            Some(piece) if self.single.contains(&piece) => Phase::In(piece),
            Some(piece) => Phase::Out(piece),
        }
    }
}

/// How far a trip is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Phase {
    /// Still in the piece where it begins.
    Out(u32),
    /// Where everybody may drive, or in a piece that cannot be crossed.
    Main,
    /// In the piece where it ends.
    In(u32),
}
