//! Small balanced vertex separators of road networks by inertial flow.
//!
//! Nodes are sorted along a direction; the first and the last quarter are sources and sinks of a unit-capacity flow, and
//! the minimum vertex cut between them separates. The best of several directions is taken. After Schild and Sommer,
//! "On Balanced Separators in Road Networks" (SEA 2015), with vertex instead of edge cuts.

use std::collections::VecDeque;

/// Directions along which nodes are sorted, each tried in both senses.
const DIRECTIONS: [(i64, i64); 4] = [(1, 0), (0, 1), (1, 1), (1, -1)];
/// One over the share of nodes that are sources, and that are sinks.
const END_SHARE: usize = 4;
/// Nodes of the largest separator looked for. What needs more is no road network, and would take for ever to cut.
const SEPARATOR_MAX: usize = 500;
const NONE: u32 = u32::MAX;
/// The super source as a predecessor, the super sink as a successor.
const TERMINAL: u32 = u32::MAX - 1;

/// A connected part of the graph with nodes of its own numbering.
pub(crate) struct Part {
    /// The nodes of the whole graph that these are.
    pub(crate) ids: Vec<u32>,
    /// Positions in a plane with about equal scales.
    pub(crate) positions: Vec<(i64, i64)>,
    /// Neighbours of node `v`: `neighbours[first[v]..first[v + 1]]`, each once, never `v` itself.
    pub(crate) first: Vec<u32>,
    pub(crate) neighbours: Vec<u32>,
}

impl Part {
    pub(crate) fn n(&self) -> usize {
        self.ids.len()
    }

    pub(crate) fn neighbours(&self, node: u32) -> &[u32] {
        let node = node as usize;
        &self.neighbours[self.first[node] as usize..self.first[node + 1] as usize]
    }
}

/// Where a node lies.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Side {
    Left,
    Right,
    Separator,
}

/// The best separator found: the side of each node. `None` if no direction gives two sides that are not
/// empty and a separator within bounds.
pub(crate) fn separate(part: &Part) -> Option<Vec<Side>> {
    let mut best: Option<(Score, Vec<Side>)> = None;
    for direction in DIRECTIONS {
        let mut nodes: Vec<u32> = (0..crate::graph::num::row(part.n())).collect();
        nodes.sort_by_key(|&node| {
            let (x, y) = part.positions[node as usize];
            (x * direction.0 + y * direction.1, node)
        });
        for reversed in [false, true] {
            if reversed {
                nodes.reverse();
            }
            let Some(sides) = Flow::new(part, &nodes).cut() else { continue };
            let score = Score::of(&sides);
            if score.smaller > 0 && best.as_ref().is_none_or(|(other, _)| score.beats(other)) {
                best = Some((score, sides));
            }
        }
    }
    best.map(|(_, sides)| sides)
}

/// A separator is good if it is small for the smaller side that it leaves.
struct Score {
    separator: u64,
    smaller: u64,
}

impl Score {
    fn of(sides: &[Side]) -> Self {
        let count = |side| sides.iter().filter(|&&s| s == side).count() as u64;
        Self {
            separator: count(Side::Separator),
            smaller: count(Side::Left).min(count(Side::Right)),
        }
    }

    fn beats(&self, other: &Self) -> bool {
        self.separator * other.smaller < other.separator * self.smaller
    }
}

/// Vertex-disjoint paths from sources to sinks, found one by one.
///
/// A node carries at most one path; `next` and `previous` are its neighbours on it. The residual graph has two states a
/// node: before it (`2 v`) and behind it (`2 v + 1`).
struct Flow<'a> {
    part: &'a Part,
    sources: &'a [u32],
    is_sink: Vec<bool>,
    next: Vec<u32>,
    previous: Vec<u32>,
    /// The state from which a state was reached in the search of this round; [`NONE`] if it was not.
    parent: Vec<u32>,
    queue: VecDeque<u32>,
}

impl<'a> Flow<'a> {
    fn new(part: &'a Part, sorted: &'a [u32]) -> Self {
        let n_ends = (sorted.len() / END_SHARE).max(1);
        let mut is_sink = vec![false; sorted.len()];
        sorted[sorted.len() - n_ends..].iter().for_each(|&node| is_sink[node as usize] = true);
        Self {
            part,
            sources: &sorted[..n_ends],
            is_sink,
            next: vec![NONE; sorted.len()],
            previous: vec![NONE; sorted.len()],
            parent: vec![NONE; 2 * sorted.len()],
            queue: VecDeque::new(),
        }
    }

    /// Fills up with paths and reads the cut nearest to the sources; `None` if it is too large.
    fn cut(mut self) -> Option<Vec<Side>> {
        let mut n_paths = 0;
        while let Some(end) = self.search() {
            n_paths += 1;
            if n_paths > SEPARATOR_MAX {
                return None;
            }
            self.augment(end);
        }
        let reached = |state: usize| self.parent[state] != NONE;
        let sides = (0..self.part.n())
            .map(|node| match (reached(2 * node), reached(2 * node + 1)) {
                (_, true) => Side::Left,
                (true, false) => Side::Separator,
                (false, false) => Side::Right,
            })
            .collect();
        Some(sides)
    }

    /// Breadth-first search in the residual graph; the state behind a sink that has room, if there is one.
    fn search(&mut self) -> Option<u32> {
        self.parent.fill(NONE);
        self.queue.clear();
        for idx in 0..self.sources.len() {
            let source = self.sources[idx];
            if self.previous[source as usize] != TERMINAL {
                self.reach(2 * source, TERMINAL);
            }
        }
        while let Some(state) = self.queue.pop_front() {
            let node = state / 2;
            let (next, previous) = (self.next[node as usize], self.previous[node as usize]);
            let is_used = next != NONE;
            if state % 2 == 0 {
                // Through a free node, or back along the path that comes in here.
                if !is_used {
                    self.reach(state + 1, state);
                } else if previous != TERMINAL {
                    self.reach(2 * previous + 1, state);
                }
                continue;
            }
            if self.is_sink[node as usize] && next != TERMINAL {
                return Some(state);
            }
            if is_used {
                self.reach(state - 1, state);
            }
            let part = self.part;
            for &neighbour in part.neighbours(node) {
                if neighbour != next {
                    self.reach(2 * neighbour, state);
                }
            }
        }
        None
    }

    fn reach(&mut self, state: u32, from: u32) {
        if self.parent[state as usize] == NONE {
            self.parent[state as usize] = from;
            self.queue.push_back(state);
        }
    }

    /// Adds the path that ends in `end`. Walking backwards, a step onto a fresh node lays the path, a step against an old
    /// path leaves that node to it as it is.
    fn augment(&mut self, end: u32) {
        // Edges used by the new walk, from sink to source: forward ones are added, backward ones taken out.
        let (mut added, mut removed) = (vec![(end / 2, TERMINAL)], Vec::new());
        let mut state = end;
        loop {
            let from = self.parent[state as usize];
            if from == TERMINAL {
                added.push((TERMINAL, state / 2));
                break;
            }
            match (from % 2, state % 2) {
                _ if from / 2 == state / 2 => {}
                (1, 0) => added.push((from / 2, state / 2)),
                _ => removed.push((state / 2, from / 2)),
            }
            state = from;
        }
        for (tail, head) in removed {
            self.next[tail as usize] = NONE;
            self.previous[head as usize] = NONE;
        }
        for (tail, head) in added {
            if tail != TERMINAL {
                self.next[tail as usize] = head;
            }
            if head != TERMINAL {
                self.previous[head as usize] = tail;
            }
        }
    }
}
