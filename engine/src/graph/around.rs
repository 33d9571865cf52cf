//! Turns back on the road that need not be forbidden because nobody would make them: the way around is quicker.
//!
//! It is looked at in the graph with all turns and at imported times: whoever turns round must be there later, with the same turns
//! ahead, than who drives around over roads that everybody may drive. So whatever is done on a longer trip can be replaced one by
//! one. Other times may make a turn worth while that is left out here; roads where trips only end are never left out so.

use std::cmp::Reverse;
use std::collections::{BTreeMap, BTreeSet, BinaryHeap};

use super::ends::Ends;
use super::expand::{Automaton, State, StateArc, TurnTable, explore};
use super::network::{Course, Network};
use super::num::{Tick, ms_up};

/// Of `turns` back on the same road (course, and its reverse), which `table` forbids or makes costly, those that would gain
/// somebody something if they were free.
pub(crate) fn worth_turning(
    network: &Network,
    table: &TurnTable,
    ends: &Ends,
    turns: &BTreeSet<[Course; 2]>,
) -> BTreeSet<[Course; 2]> {
    let none = ends.none();
    let search = Search::new(network, ends, explore(network, table, &none));
    let sequences = Automaton::new(table);
    turns.iter().filter(|turn| search.is_turned(network, &sequences, **turn)).copied().collect()
}

fn duration_ms(network: &Network, course: Course) -> u32 {
    let stretch = &network[course.edge];
    let times = if course.forward { &stretch.forward_ms } else { &stretch.backward_ms };
    Tick::FINEST.whole(ms_up(times.iter().flatten().sum()))
}

struct Search<'a> {
    ends: &'a Ends,
    states: Vec<State>,
    arcs: Vec<StateArc>,
    /// Milliseconds of each arc.
    times: Vec<u32>,
    /// First arc of each state.
    first: Vec<usize>,
    /// The states at each junction.
    at: Vec<Vec<u32>>,
}

impl<'a> Search<'a> {
    fn new(network: &Network, ends: &'a Ends, (states, arcs): (Vec<State>, Vec<StateArc>)) -> Self {
        let mut first = vec![0; states.len() + 1];
        arcs.iter().for_each(|arc| first[arc.tail as usize + 1] += 1);
        (1..first.len()).for_each(|idx| first[idx] += first[idx - 1]);
        let mut at: Vec<Vec<u32>> = vec![Vec::new(); network.node_count()];
        (0..).zip(&states).for_each(|(idx, state)| at[state.junction.index()].push(idx));
        let time = |arc: &StateArc| arc.turn_ms.saturating_add(duration_ms(network, arc.course));
        Self { ends, times: arcs.iter().map(time).collect(), states, arcs, first, at }
    }
    fn out(&self, state: u32) -> impl Iterator<Item = (&StateArc, u32)> {
        let rows = self.first[state as usize]..self.first[state as usize + 1];
        self.arcs[rows.clone()].iter().zip(self.times[rows].iter().copied())
    }

    /// Whether turning round at the end of a course brings anybody from its beginning anywhere sooner than driving on from there.
    fn is_turned(&self, network: &Network, sequences: &Automaton, turn: [Course; 2]) -> bool {
        let [course, back] = turn;
        let Some((tail, _)) = course.ends(network) else { return false };
        let there = &self.at[tail.index()];
        let driven = |state: u32| self.states[state as usize].driven;
        let [once, returned] = turn.map(|course| sequences.prefix(&[course]));
        let returned = there.iter().copied().find(|&state| driven(state) == returned);
        // What depends on more than the way back, and ends of trips, are left alone.
        let (Some(returned), false, None) =
            (returned, sequences.spans(turn), self.ends.piece(course))
        else {
            return true;
        };
        let back_ms = duration_ms(network, back);
        there.iter().any(|&start| {
            let mut gone = self.out(start).filter(|(arc, _)| arc.course == course);
            gone.any(|(arc, time)| {
                let ms = time.saturating_add(back_ms);
                let may = |_, course| self.ends.piece(course).is_none();
                // Who drives the course once more after all has the same behind as at first.
                let is_same = driven(arc.head).is_none() || driven(arc.head) == once;
                !is_same || !self.is_matched(returned, ms, &self.times_from(start, ms, may))
            })
        })
    }

    /// Whether who drives around is at the junction of `state` before `ms`, and at the end of each road from there too, with
    /// the same behind or nothing.
    fn is_matched(&self, state: u32, ms: u32, around: &BTreeMap<u32, u32>) -> bool {
        let junction = self.states[state as usize].junction;
        let others = || {
            let there = self.at[junction.index()].iter();
            there.filter_map(|&other| Some((other, *around.get(&other)?)))
        };
        let arrives = |arc: &StateArc, before_ms: u32| {
            others().any(|(other, other_ms)| {
                self.out(other).any(|(same, time)| {
                    let free = self.states[same.head as usize].driven.is_none();
                    same.course == arc.course
                        && (same.head == arc.head || free)
                        && other_ms.saturating_add(time) < before_ms
                })
            })
        };
        others().any(|(_, other_ms)| other_ms < ms)
            && self.out(state).all(|(arc, time)| arrives(arc, ms.saturating_add(time)))
    }

    /// Dijkstra (1959) over the arcs that may be driven, to all states within a time.
    fn times_from(
        &self,
        start: u32,
        limit_ms: u32,
        may: impl Fn(u32, Course) -> bool,
    ) -> BTreeMap<u32, u32> {
        let mut best = BTreeMap::from([(start, 0_u32)]);
        let mut queue = BinaryHeap::from([Reverse((0_u32, start))]);
        while let Some(Reverse((ms, state))) = queue.pop() {
            if best.get(&state).is_some_and(|&known| known < ms) {
                continue;
            }
            for (arc, time) in self.out(state).filter(|(arc, _)| may(state, arc.course)) {
                let arrival = ms.saturating_add(time);
                if arrival <= limit_ms && best.get(&arc.head).is_none_or(|&known| arrival < known) {
                    best.insert(arc.head, arrival);
                    queue.push(Reverse((arrival, arc.head)));
                }
            }
        }
        best
    }
}
