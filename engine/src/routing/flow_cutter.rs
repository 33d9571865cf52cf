//! Vertex cuts between two growing sets of nodes, from small and lopsided to large and balanced.
//!
//! A maximum flow between both sets gives the smallest cut, nearest to either set. Then the smaller side takes in all that
//! it reaches and one node of its cut, if possible one that keeps the flow as it is; and so on until the sides are equal.
//! Hamann and Strasser, "Graph Bisection with Pareto Optimization" (J. Exp. Algorithmics 23, 2018), here on vertices: a node is
//! two states, before it (`2 v`) and behind it (`2 v + 1`), with room for one path between them. What is said for the
//! source side holds for the sink side with directions and states swapped, so that both share their code: a side comes to the
//! *near* state of a node first, and has the node inside once it is at the *far* one.

use super::separator::{Cut, Part, Score, Side};

const NONE: u32 = u32::MAX;
/// The parent of a state that belongs to a side for good.
const ROOT: u32 = u32::MAX - 1;
/// Nodes of the largest separator looked for. What needs more is no road network, and would take for ever to cut.
const SEPARATOR_MAX: usize = 500;

/// What a side reaches in the residual graph.
struct Reach {
    /// By state: from where it was reached, [`ROOT`] or [`NONE`].
    parent: Vec<u32>,
    /// States in the order in which they were reached.
    seen: Vec<u32>,
    /// So many of them belong to the side for good.
    n_roots: usize,
    /// So many of them have been looked at.
    n_done: usize,
    /// Nodes whose far state is seen.
    n_inside: usize,
    /// Nodes that may be in the cut: the near state is seen, and a path runs through.
    front: Vec<u32>,
}

impl Reach {
    fn new(n_states: usize, roots: Vec<u32>) -> Self {
        let mut parent = vec![NONE; n_states];
        roots.iter().for_each(|&state| parent[state as usize] = ROOT);
        let n_roots = roots.len();
        Self { parent, seen: roots, n_roots, n_done: 0, n_inside: 0, front: Vec::new() }
    }

    fn has(&self, state: u32) -> bool {
        self.parent[state as usize] != NONE
    }

    fn is_root(&self, state: u32) -> bool {
        self.parent[state as usize] == ROOT
    }
}

/// The state of a node that a side comes to first; for the other side it is the far one.
fn near(side: usize, node: u32) -> u32 {
    2 * node + u32::from(side != 0)
}

/// The best cut of one run so far.
#[derive(Clone, Copy)]
struct Found {
    score: Score,
    side: usize,
    /// So many of the states that the side has seen belong to it.
    n_seen: usize,
}

/// One run.
pub(super) struct FlowCutter<'a> {
    part: &'a Part,
    /// Places of the nodes from source to sink.
    rank: Vec<u32>,
    /// Whether a path runs through a node.
    is_used: Vec<bool>,
    /// The node before and behind on the path; meaningless inside the side where paths begin or end.
    link: [Vec<u32>; 2],
    reach: [Reach; 2],
    n_paths: usize,
    found: Option<Found>,
    best: Option<Cut>,
}

impl<'a> FlowCutter<'a> {
    /// From the first and the last `n_ends` of the nodes, which may be up to half of them.
    pub(super) fn new(part: &'a Part, sorted: &[u32], n_ends: usize) -> Self {
        let n = part.n();
        let mut rank = vec![0; n];
        (0_u32..).zip(sorted).for_each(|(place, &node)| rank[node as usize] = place);
        let sources = sorted[..n_ends].iter().map(|&node| 2 * node).collect();
        let sinks = sorted[n - n_ends..].iter().map(|&node| 2 * node + 1).collect();
        Self {
            part,
            rank,
            is_used: vec![false; n],
            link: [vec![NONE; n], vec![NONE; n]],
            reach: [Reach::new(2 * n, sources), Reach::new(2 * n, sinks)],
            n_paths: 0,
            found: None,
            best: None,
        }
    }

    /// The best cut of all on the way to equal sides, if there is any.
    pub(super) fn run(mut self) -> Option<Cut> {
        while self.saturate() {
            self.look();
            let side = usize::from(self.reach[1].n_inside < self.reach[0].n_inside);
            let is_halved = 2 * self.reach[side].n_inside + self.n_paths >= self.part.n();
            let n_half = (self.part.n() - self.n_paths) / 2;
            let hope = Score::of(self.part.n(), self.n_paths, n_half);
            if is_halved || !self.is_best(hope) || !self.pierce(side) {
                break;
            }
        }
        self.keep();
        self.best
    }

    /// Fills up with paths; `false` if there is room for too many.
    fn saturate(&mut self) -> bool {
        while let Some(end) = self.grow(0) {
            let parent = self.reach[0].parent[end as usize];
            // Next to each other: nothing can be between.
            if self.reach[0].is_root(parent) && parent / 2 != end / 2 {
                return false;
            }
            self.augment(0, end);
            if self.n_paths > SEPARATOR_MAX {
                return false;
            }
        }
        self.grow(1);
        true
    }

    /// Searches on from all that is seen; a root of the other side if one is met.
    fn grow(&mut self, side: usize) -> Option<u32> {
        while let Some(&state) = self.reach[side].seen.get(self.reach[side].n_done) {
            self.reach[side].n_done += 1;
            let node = (state / 2) as usize;
            let (near, far) = (near(side, state / 2), near(1 - side, state / 2));
            if state == near {
                let link = self.link[side][node];
                let next = if self.is_used[node] {
                    self.reach[side].front.push(state / 2);
                    (link != NONE).then(|| 2 * link + (far & 1))
                } else {
                    Some(far)
                };
                if let Some(next) = next
                    && self.meet(side, next, state)
                {
                    return Some(next);
                }
                continue;
            }
            if self.is_used[node] && self.meet(side, near, state) {
                return Some(near);
            }
            let part = self.part;
            for &neighbour in part.neighbours(state / 2) {
                let next = 2 * neighbour + (near & 1);
                if self.meet(side, next, state) {
                    return Some(next);
                }
            }
        }
        None
    }

    /// Notes a state as seen. Whether it is a root of the other side.
    fn meet(&mut self, side: usize, state: u32, from: u32) -> bool {
        if self.reach[side].has(state) {
            return false;
        }
        let is_end = self.reach[1 - side].is_root(state);
        let reach = &mut self.reach[side];
        reach.parent[state as usize] = from;
        reach.seen.push(state);
        reach.n_inside += usize::from(state != near(side, state / 2));
        is_end
    }

    /// Adds the path that one side has found to `end`, a root of the other; then both have to search again.
    fn augment(&mut self, side: usize, end: u32) {
        let (mut added, mut removed) = (Vec::new(), Vec::new());
        let mut state = end;
        while !self.reach[side].is_root(state) {
            let parent = self.reach[side].parent[state as usize];
            let (from, to) = if side == 0 { (parent, state) } else { (state, parent) };
            match from % 2 {
                0 if from / 2 == to / 2 => self.is_used[(from / 2) as usize] = true,
                1 if from / 2 == to / 2 => self.is_used[(from / 2) as usize] = false,
                1 => added.push((from / 2, to / 2)),
                _ => removed.push((to / 2, from / 2)),
            }
            state = parent;
        }
        for (tail, head) in removed {
            self.link[1][tail as usize] = NONE;
            self.link[0][head as usize] = NONE;
        }
        for (tail, head) in added {
            self.link[1][tail as usize] = head;
            self.link[0][head as usize] = tail;
        }
        self.n_paths += 1;
        self.keep();
        for (side, reach) in self.reach.iter_mut().enumerate() {
            for state in reach.seen.drain(reach.n_roots..) {
                reach.parent[state as usize] = NONE;
                reach.n_inside -= usize::from(state != near(side, state / 2));
            }
            reach.n_done = 0;
            reach.front.clear();
        }
    }

    /// Whether a score beats all so far.
    fn is_best(&self, score: Score) -> bool {
        let noted = self.found.map(|found| found.score);
        let kept = self.best.as_ref().map(|cut| cut.score);
        noted.into_iter().chain(kept).all(|other| score.beats(other))
    }

    /// Notes the two cuts of now.
    fn look(&mut self) {
        for side in 0..2 {
            let n_inside = self.reach[side].n_inside;
            let n_beyond = self.part.n() - n_inside - self.n_paths;
            let n_smaller = n_inside.min(n_beyond);
            let score = Score::of(self.part.n(), self.n_paths, n_smaller);
            if n_smaller > 0 && self.is_best(score) {
                self.found = Some(Found { score, side, n_seen: self.reach[side].seen.len() });
            }
        }
    }

    /// Writes down the cut that was noted, before what is seen is forgotten.
    fn keep(&mut self) {
        let Some(found) = self.found.take() else { return };
        let (inside, beyond) =
            if found.side == 0 { (Side::Left, Side::Right) } else { (Side::Right, Side::Left) };
        let mut sides = vec![beyond; self.part.n()];
        // The near state of a node may be seen after the far one.
        for is_far in [false, true] {
            for &state in &self.reach[found.side].seen[..found.n_seen] {
                if (state != near(found.side, state / 2)) == is_far {
                    sides[(state / 2) as usize] = if is_far { inside } else { Side::Separator };
                }
            }
        }
        self.best = Some(Cut { score: found.score, sides });
    }

    /// A side takes in all that it has seen and a node of its cut. `false` if there is none to take.
    fn pierce(&mut self, side: usize) -> bool {
        let far = |node: u32| near(1 - side, node);
        let [mine, theirs] = if side == 0 { [0, 1] } else { [1, 0] }.map(|idx| &self.reach[idx]);
        let is_open = |&node: &u32| {
            let beside =
                || self.part.neighbours(node).iter().any(|&next| theirs.is_root(near(side, next)));
            !(theirs.is_root(far(node)) || theirs.has(far(node)) && beside())
        };
        let cost = |&node: &u32| {
            let place = self.rank[node as usize];
            (theirs.has(far(node)), if side == 0 { place } else { u32::MAX - place })
        };
        let front: Vec<u32> =
            mine.front.iter().copied().filter(|&node| !mine.has(far(node))).collect();
        let Some(node) = front.iter().copied().filter(is_open).min_by_key(cost) else {
            return false;
        };
        let must_augment = theirs.has(far(node));

        let reach = &mut self.reach[side];
        for &state in &reach.seen[reach.n_roots..] {
            reach.parent[state as usize] = ROOT;
        }
        reach.parent[far(node) as usize] = ROOT;
        reach.seen.push(far(node));
        reach.n_inside += 1;
        reach.n_roots = reach.seen.len();
        reach.front = front;
        if must_augment {
            self.augment(1 - side, far(node));
        }
        true
    }
}
