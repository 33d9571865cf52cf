//! Turns and ends of trips become nodes: a junction is split by what was driven last and by how far a trip is, where that matters.
//!
//! A turn restriction is a forbidden sequence of courses; a turn that costs time is a sequence of two. The state of a vehicle at
//! a junction is the longest suffix of what it drove that begins such a sequence, mostly none, and the [`Phase`] of its trip,
//! mostly the same for all. So the graph grows by the number of restrictions and not by the number of turns. The idea is that
//! of a keyword automaton (Aho and Corasick 1975) over courses.

use std::collections::{BTreeMap, BTreeSet};

use petgraph::graph::NodeIndex;

use super::component;
use super::ends::{Ends, Phase};
use super::network::{Course, Network, courses};
use super::num::row;
use crate::region::Twin;

/// A forbidden sequence: at least two courses, each beginning where the one before ends.
pub(crate) type Forbidden = Vec<Course>;

/// What turning costs and what is forbidden.
#[derive(Clone, Debug, Default)]
pub(crate) struct TurnTable {
    pub(crate) forbidden: BTreeSet<Forbidden>,
    /// Milliseconds of turning from one course into another, where it takes any.
    pub(crate) cost_ms: BTreeMap<[Course; 2], u32>,
}

/// A node of the expanded graph: a junction, how far a trip is, and what was driven last if that matters.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct State {
    pub(crate) junction: NodeIndex<u32>,
    pub(crate) phase: Phase,
    /// Row of the prefix in the automaton.
    pub(crate) driven: Option<u32>,
}

/// One copy of a course in the expanded graph.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct StateArc {
    pub(crate) tail: u32,
    pub(crate) head: u32,
    pub(crate) course: Course,
    /// Milliseconds of turning into the course from what was driven before.
    pub(crate) turn_ms: u32,
}

/// The expanded graph: its largest strongly connected component, and the ends of trips around it.
pub(crate) struct Expanded {
    pub(crate) states: Vec<State>,
    /// In order of (tail, head, course).
    pub(crate) arcs: Vec<StateArc>,
    /// The copy of each course that a vehicle drives after a stop on it, in order of course.
    pub(crate) departures: Vec<StateArc>,
    /// In order.
    pub(crate) twins: Vec<Twin>,
}

/// The automaton of sequences.
pub(crate) struct Automaton<'a> {
    table: &'a TurnTable,
    /// Proper prefixes of sequences, in order.
    prefixes: Vec<&'a [Course]>,
}

impl<'a> Automaton<'a> {
    pub(crate) fn new(table: &'a TurnTable) -> Self {
        let proper = table.forbidden.iter().flat_map(|seq| (1..seq.len()).map(|len| &seq[..len]));
        let costly = table.cost_ms.keys().map(|turn| &turn[..1]);
        let prefixes: BTreeSet<&[Course]> = proper.chain(costly).collect();
        Self { table, prefixes: prefixes.into_iter().collect() }
    }

    /// The row of a sequence that others begin with.
    pub(crate) fn prefix(&self, sequence: &[Course]) -> Option<u32> {
        self.prefixes.binary_search(&sequence).ok().map(row)
    }

    /// Whether two courses are part of a longer sequence.
    pub(crate) fn spans(&self, pair: [Course; 2]) -> bool {
        self.prefixes.iter().any(|prefix| prefix.windows(2).any(|two| two == pair))
    }

    /// What to remember after driving `course` with `driven` behind, and the time of the turn; `None` if that is forbidden.
    fn step(&self, driven: Option<u32>, course: Course) -> Option<(Option<u32>, u32)> {
        let before = driven.and_then(|idx| self.prefixes.get(idx as usize)).copied();
        let before = before.unwrap_or_default();
        let mut sequence = before.to_vec();
        sequence.push(course);
        let mut suffixes = (0..sequence.len()).map(|from| &sequence[from..]);
        if suffixes.clone().any(|suffix| self.table.forbidden.contains(suffix)) {
            return None;
        }
        let turn = before.last().map(|&last| [last, course]);
        let turn_ms = turn.and_then(|turn| self.table.cost_ms.get(&turn)).copied().unwrap_or(0);
        let found = suffixes.find_map(|suffix| self.prefixes.binary_search(&suffix).ok());
        Some((found.map(row), turn_ms))
    }
}

/// Expands a contracted network by its turns and by its pieces where trips only end.
pub(crate) fn expand(network: &Network, table: &TurnTable, ends: &Ends) -> Expanded {
    let (states, arcs) = explore(network, table, ends);
    let kept = keep(&states, &arcs, network.edge_count());
    let rows: BTreeMap<State, u32> = states.iter().copied().zip(0..).collect();
    collect(&states, &arcs, &kept, |state| {
        let found = ends.outward(state.junction, state.phase)?;
        let driven = [state.driven, None].into_iter();
        let mut twins = driven.map(|driven| State { phase: found, driven, ..*state });
        twins.find_map(|twin| rows.get(&twin).copied().filter(|&row| kept.states[row as usize]))
    })
}

/// All states that a vehicle may be in, and its courses between them in order of the state where they begin.
pub(crate) fn explore(
    network: &Network,
    table: &TurnTable,
    ends: &Ends,
) -> (Vec<State>, Vec<StateArc>) {
    let automaton = Automaton::new(table);
    let mut out_of: Vec<Vec<Course>> = vec![Vec::new(); network.node_count()];
    let mut rows: BTreeMap<State, u32> = BTreeMap::new();
    let mut states: Vec<State> = Vec::new();
    let mut row_of = |state: State, states: &mut Vec<State>| {
        *rows.entry(state).or_insert_with(|| {
            states.push(state);
            row(states.len() - 1)
        })
    };
    for course in courses(network) {
        let Some((tail, head)) = course.ends(network) else { continue };
        out_of[tail.index()].push(course);
        // A trip may begin on any course: then it comes from nowhere.
        let phase = ends.beginning(course);
        row_of(State { junction: tail, phase, driven: None }, &mut states);
        if phase == Phase::Main {
            row_of(State { junction: head, phase, driven: None }, &mut states);
        }
    }
    let mut arcs = Vec::new();
    let mut next = 0;
    while let Some(&from) = states.get(next) {
        for &course in &out_of[from.junction.index()] {
            let phase = ends.step(network, from.phase, course);
            let (Some(phase), Some((driven, turn_ms))) =
                (phase, automaton.step(from.driven, course))
            else {
                continue;
            };
            let Some((_, head)) = course.ends(network) else { continue };
            let head = row_of(State { junction: head, phase, driven }, &mut states);
            arcs.push(StateArc { tail: row(next), head, course, turn_ms });
        }
        next += 1;
    }
    (states, arcs)
}

/// Which states and roads can be used: the largest strongly connected component, what leads out of pieces into it and from it
/// into pieces, and of these only roads that can be both reached and left.
fn keep(states: &[State], arcs: &[StateArc], n_edges: usize) -> Kept {
    let mut roads = vec![true; n_edges];
    loop {
        let used: Vec<&StateArc> = arcs.iter().filter(|a| roads[a.course.edge.index()]).collect();
        let there = || used.iter().map(|arc| (arc.tail, arc.head));
        let back = || used.iter().map(|arc| (arc.head, arc.tail));
        let is_main = |idx: usize| states[idx].phase == Phase::Main;
        let is_in = |idx: usize| matches!(states[idx].phase, Phase::In(_));
        let in_main = there()
            .filter(|&(tail, head)| [tail, head].into_iter().all(|state| is_main(state as usize)));
        let core = component::largest(states.len(), in_main);
        let leaving = spread(&core, back(), |_| true);
        // Of the states outside the core only those count that a trip passes which begins in a piece.
        let begun: Vec<bool> = (0..states.len()).map(|idx| leaving[idx] && !is_main(idx)).collect();
        let begun = spread(&begun, there(), |idx| is_main(idx) && leaving[idx]);
        let main: Vec<bool> =
            (0..states.len()).map(|idx| core[idx] || (is_main(idx) && begun[idx])).collect();
        let ending = spread(&main, there(), is_in);
        let reached = spread(&core, there(), is_in);
        let inside: Vec<bool> = (0..states.len())
            .map(|idx| match states[idx].phase {
                Phase::Main => main[idx],
                // One that leads out is that of a piece of one stretch.
                Phase::In(_) => ending[idx] || leaving[idx],
                Phase::Out(_) => leaving[idx],
            })
            .collect();
        let mut can = vec![[false; 2]; n_edges];
        for arc in &used {
            let [tail, head] = [arc.tail as usize, arc.head as usize];
            let road = &mut can[arc.course.edge.index()];
            road[0] |= reached[tail] && inside[head];
            road[1] |= leaving[head] && inside[tail] && inside[head];
        }
        let n_before = roads.iter().filter(|&&is_kept| is_kept).count();
        roads.iter_mut().zip(&can).for_each(|(road, can)| *road &= *can == [true; 2]);
        if roads.iter().filter(|&&is_kept| is_kept).count() == n_before {
            return Kept { states: inside, roads };
        }
    }
}

struct Kept {
    states: Vec<bool>,
    roads: Vec<bool>,
}

impl Kept {
    fn has(&self, arc: &StateArc) -> bool {
        self.roads[arc.course.edge.index()]
            && self.states[arc.tail as usize]
            && self.states[arc.head as usize]
    }
}

/// The nodes of `start`, and all that arcs lead to from there over nodes of a kind.
fn spread(
    start: &[bool],
    arcs: impl Iterator<Item = (u32, u32)>,
    is_kind: impl Fn(usize) -> bool,
) -> Vec<bool> {
    let mut next: Vec<Vec<u32>> = vec![Vec::new(); start.len()];
    arcs.for_each(|(from, to)| next[from as usize].push(to));
    let mut found = start.to_vec();
    let mut stack: Vec<usize> = (0..start.len()).filter(|&node| start[node]).collect();
    while let Some(node) = stack.pop() {
        for &to in &next[node] {
            if is_kind(to as usize) && !std::mem::replace(&mut found[to as usize], true) {
                stack.push(to as usize);
            }
        }
    }
    found
}

/// Numbers what is kept. `outward` gives the state in which a trip begins at the junction of one where it may only end.
fn collect(
    states: &[State],
    arcs: &[StateArc],
    kept: &Kept,
    outward: impl Fn(&State) -> Option<u32>,
) -> Expanded {
    let mut arcs: Vec<StateArc> = arcs.iter().filter(|arc| kept.has(arc)).copied().collect();
    // A state without an arc is nowhere.
    let mut is_used = vec![false; states.len()];
    for arc in &arcs {
        (is_used[arc.tail as usize], is_used[arc.head as usize]) = (true, true);
    }
    let mut new_row: Vec<Option<u32>> = vec![None; states.len()];
    let mut left = Vec::new();
    for idx in (0..states.len()).filter(|&idx| is_used[idx]) {
        new_row[idx] = Some(row(left.len()));
        left.push(states[idx]);
    }
    let renumber = |old: u32| new_row[old as usize].unwrap_or(0);
    for arc in &mut arcs {
        (arc.tail, arc.head) = (renumber(arc.tail), renumber(arc.head));
    }
    arcs.sort_unstable();
    let twin = |(inward, state): (u32, &State)| {
        let old = outward(state)?;
        let is_inside = matches!(states[old as usize].phase, Phase::Out(_));
        Some(Twin { inward, outward: new_row[old as usize]?, is_inside })
    };
    let twins = (0..).zip(&left).filter_map(twin).collect();
    let departures = departures(&left, &arcs);
    Expanded { states: left, arcs, departures, twins }
}

/// Of each course the copy that is driven after a stop: it does not lead into a piece where trips end, and has nothing behind;
/// where there is no such copy, the nearest thing.
fn departures(states: &[State], arcs: &[StateArc]) -> Vec<StateArc> {
    let rank = |arc: &StateArc| {
        let leads_in = matches!(states[arc.head as usize].phase, Phase::In(_));
        (arc.course, leads_in, states[arc.tail as usize].driven.is_some(), arc.tail, arc.head)
    };
    let mut by_course = arcs.to_vec();
    by_course.sort_unstable_by_key(rank);
    by_course.dedup_by_key(|arc| arc.course);
    by_course
}
