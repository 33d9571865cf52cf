//! Turn restrictions become nodes: where a restriction may be under way, the junction is split by what was driven last.
//!
//! A restriction is a forbidden sequence of courses. The state of a vehicle at a junction is the longest suffix of what
//! it drove that begins a forbidden sequence, mostly none. Only junctions where some sequence can be under way get more
//! than their one plain node, so the graph grows by the number of restrictions and not by the number of turns. The idea
//! is that of a keyword automaton (Aho and Corasick 1975) over courses.

use std::collections::{BTreeMap, BTreeSet};

use petgraph::graph::NodeIndex;

use super::component;
use super::network::{Course, Network, courses};
use super::num::row;

/// A forbidden sequence: at least two courses, each beginning where the one before ends.
pub(crate) type Forbidden = Vec<Course>;

/// A node of the expanded graph: a junction, and what was driven last if that matters.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct State {
    pub(crate) junction: NodeIndex<u32>,
}

/// One copy of a course in the expanded graph.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct StateArc {
    pub(crate) tail: u32,
    pub(crate) head: u32,
    pub(crate) course: Course,
}

/// The expanded graph, already cut down to its largest strongly connected component.
pub(crate) struct Expanded {
    pub(crate) states: Vec<State>,
    /// In order of (tail, head, course).
    pub(crate) arcs: Vec<StateArc>,
    /// The copy of each course that a vehicle drives after a stop on it, in order of course.
    pub(crate) departures: Vec<StateArc>,
}

/// The automaton of forbidden sequences.
struct Automaton {
    forbidden: BTreeSet<Forbidden>,
    /// Proper prefixes of forbidden sequences and their states.
    states: BTreeMap<Vec<Course>, u32>,
}

impl Automaton {
    /// `n_plain` states are taken by the plain nodes of junctions.
    fn new(forbidden: impl Iterator<Item = Forbidden>, n_plain: usize) -> Self {
        let forbidden: BTreeSet<Forbidden> = forbidden.filter(|seq| seq.len() >= 2).collect();
        let prefixes: BTreeSet<Vec<Course>> = forbidden
            .iter()
            .flat_map(|seq| (1..seq.len()).map(|len| seq[..len].to_vec()))
            .collect();
        let states = prefixes
            .into_iter()
            .enumerate()
            .map(|(idx, prefix)| (prefix, row(n_plain + idx)))
            .collect();
        Self { forbidden, states }
    }

    /// The state after driving `course` with `driven` behind, or `None` if that is forbidden. A plain state is returned
    /// as `plain`, the node of the junction reached.
    fn step(&self, driven: &[Course], course: Course, plain: u32) -> Option<u32> {
        let mut sequence = driven.to_vec();
        sequence.push(course);
        let mut suffixes = (0..sequence.len()).map(|from| &sequence[from..]);
        if suffixes.clone().any(|suffix| self.forbidden.contains(suffix)) {
            return None;
        }
        Some(suffixes.find_map(|suffix| self.states.get(suffix).copied()).unwrap_or(plain))
    }
}

/// Expands a contracted network by its forbidden sequences.
pub(crate) fn expand(network: &Network, forbidden: impl Iterator<Item = Forbidden>) -> Expanded {
    let n_plain = network.node_count();
    let automaton = Automaton::new(forbidden, n_plain);
    let mut states: Vec<State> =
        network.node_indices().map(|junction| State { junction }).collect();
    let mut driven: Vec<&[Course]> = vec![&[]; n_plain];
    for prefix in automaton.states.keys() {
        let end = prefix.last().and_then(|course| course.ends(network));
        let junction = end.map_or(NodeIndex::from(0), |(_, head)| head);
        states.push(State { junction });
        driven.push(prefix);
    }

    // States by junction, so that every course starts once from each.
    let mut at: Vec<Vec<u32>> = vec![Vec::new(); n_plain];
    for (idx, state) in states.iter().enumerate() {
        at[state.junction.index()].push(row(idx));
    }
    let mut arcs = Vec::new();
    for course in courses(network) {
        let Some((tail, head)) = course.ends(network) else { continue };
        for &from in &at[tail.index()] {
            let to = automaton.step(driven[from as usize], course, row(head.index()));
            arcs.extend(to.map(|to| StateArc { tail: from, head: to, course }));
        }
    }
    arcs.sort_unstable();
    keep_largest(&states, &arcs)
}

fn keep_largest(states: &[State], arcs: &[StateArc]) -> Expanded {
    let inside = component::largest(states.len(), arcs.iter().map(|arc| (arc.tail, arc.head)));
    let mut new_id = vec![0; states.len()];
    let mut kept = Vec::new();
    for (idx, &state) in states.iter().enumerate().filter(|&(idx, _)| inside[idx]) {
        new_id[idx] = row(kept.len());
        kept.push(state);
    }
    let arcs: Vec<StateArc> = arcs
        .iter()
        .filter(|arc| inside[arc.tail as usize] && inside[arc.head as usize])
        .map(|arc| StateArc {
            tail: new_id[arc.tail as usize],
            head: new_id[arc.head as usize],
            ..*arc
        })
        .collect();
    let departures = departures(&arcs);
    Expanded { states: kept, arcs, departures }
}

/// The copy of each course that starts from the earliest state. Plain states come before all others, so this is the
/// course driven with nothing behind, as after a stop; where the plain state cannot be reached at all, the nearest thing.
fn departures(arcs: &[StateArc]) -> Vec<StateArc> {
    let mut by_course = arcs.to_vec();
    by_course.sort_unstable_by_key(|arc| (arc.course, arc.tail, arc.head));
    by_course.dedup_by_key(|arc| arc.course);
    by_course
}
