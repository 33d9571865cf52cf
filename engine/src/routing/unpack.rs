//! Paths: the shortcuts between the ends and their meeting node, and what each of them stands for.
//!
//! Where labels are kept they say for every node how far the meeting node still is, so that the shortcut to follow is
//! found by looking at the few that lead up, and no search is made. Without labels the same numbers are computed first.
//! Ties: of several meeting nodes the highest is taken, of several shortcuts the one to the highest node, with and without labels.

use super::NEVER;
use super::bundle::Flow;
use super::hierarchy::Hierarchy;
use super::lanes::{FAR, slot, slots, ticks};
use super::weights::Origin;

/// Room for what most paths need.
const ARCS_USUAL: usize = 256;
/// Room for what most ways up need.
const EDGES_USUAL: usize = 32;

/// An edge, from its lower node up or the other way.
type Step = (usize, Flow);

impl Hierarchy {
    /// The arcs of a fastest path in order, `None` if there is no way. O(length of the path) with labels, else O(search
    /// space + length of the path); allocates.
    pub(crate) fn path(&self, from: u32, to: u32) -> Option<Vec<u32>> {
        let mut arcs = Vec::with_capacity(ARCS_USUAL);
        if from == to {
            return Some(arcs);
        }
        let n_common = self.common_depth(from, to) as usize + 1;
        let trails = match self.trails_by_labels(from, to, n_common) {
            Some(trails) => trails,
            None => self.trails_by_tree(from, to, n_common)?,
        };
        let mut stack = Vec::with_capacity(ARCS_USUAL);
        for &edge in &trails[0] {
            self.unpack((edge, Flow::Up), &mut stack, &mut arcs);
        }
        for &edge in trails[1].iter().rev() {
            self.unpack((edge, Flow::Down), &mut stack, &mut arcs);
        }
        Some(arcs)
    }

    /// The edges from both ends up to the highest node of a fastest path, if labels know how far that is.
    fn trails_by_labels(&self, from: u32, to: u32, n_common: usize) -> Option<[Vec<usize>; 2]> {
        let ((up, more_up), (down, more_down)) =
            (self.label(Flow::Up, from)?, self.label(Flow::Down, to)?);
        let sums = slots(up).zip(slots(down)).map(|(up, down)| up.saturating_add(down));
        let (meeting, least) =
            (0..).zip(sums.take(n_common)).min_by_key(|&(depth, least)| (least, depth))?;
        if least.saturating_add(more_up).saturating_add(more_down) == FAR {
            return None;
        }
        // What is left to the meeting node is a part of a time that fits.
        let trail = |flow, start| {
            let left = |node| {
                let labels = self.labels.as_ref();
                let stored =
                    labels.map_or(FAR, |l| slot(l.row(&self.ancestors, flow, node), meeting));
                // Only the start can be a dead end.
                let extra = if node == start { [more_up, more_down][flow as usize] } else { 0 };
                stored.saturating_add(extra)
            };
            self.follow(start, meeting, left, |edge| ticks(self.weights.ms(flow, edge)))
        };
        Some([trail(Flow::Up, from), trail(Flow::Down, to)])
    }

    /// The same without labels; `None` if there is no way.
    fn trails_by_tree(&self, from: u32, to: u32, n_common: usize) -> Option<[Vec<usize>; 2]> {
        let (up, down) = (self.climb(from, Flow::Up), self.climb(to, Flow::Down));
        let sums = up.iter().zip(&down).map(|(up, down)| up + down);
        let (meeting, least) =
            (0..).zip(sums.take(n_common)).min_by_key(|&(depth, least)| (least, depth))?;
        if least >= NEVER {
            return None;
        }
        let trail = |flow, start| {
            let rest = self.rest(flow, start, meeting);
            let left = |node| rest[self.depth(node) as usize];
            self.follow(start, meeting, left, |edge| self.weights.ms(flow, edge))
        };
        Some([trail(Flow::Up, from), trail(Flow::Down, to)])
    }

    /// By depth, the times between `start` and its ancestors and the one of them at the depth `meeting`.
    fn rest(&self, flow: Flow, start: u32, meeting: usize) -> Vec<u32> {
        let above = |&node: &u32| (node > 0).then(|| self.topology.parent[node as usize]);
        let line = std::iter::successors(Some(start), above);
        let mut line: Vec<u32> =
            line.take_while(|&node| self.depth(node) as usize > meeting).collect();
        line.reverse();
        let mut rest = vec![NEVER; meeting];
        rest.push(0);
        for node in line {
            let over = |edge| {
                let upper = self.depth(self.topology.up[edge]) as usize;
                rest[upper].wrapping_add(self.weights.ms(flow, edge))
            };
            rest.push(self.topology.up_rows(node).map(over).min().unwrap_or(NEVER).min(NEVER));
        }
        rest
    }

    /// The edges from a node up to its ancestor at the depth `meeting`, given what is `left` to it from a node above it, and the time
    /// of an edge.
    fn follow<T: Copy + Eq + std::ops::Sub<Output = T> + Ord>(
        &self,
        start: u32,
        meeting: usize,
        left: impl Fn(u32) -> T,
        time: impl Fn(usize) -> T,
    ) -> Vec<usize> {
        let mut trail = Vec::with_capacity(EDGES_USUAL);
        let (mut node, mut rest) = (start, left(start));
        while self.depth(node) as usize > meeting {
            let step = self.topology.up_rows(node).find_map(|edge| {
                let upper = self.topology.up[edge];
                let time = time(edge);
                let is_next = time <= rest
                    && self.depth(upper) as usize >= meeting
                    && left(upper) == rest - time;
                is_next.then(|| (edge, upper, rest - time))
            });
            // There is one wherever the time is that of a path.
            let Some((edge, upper, less)) = step else { break };
            trail.push(edge);
            (node, rest) = (upper, less);
        }
        trail
    }

    /// Appends the arcs that an edge stands for, in order of driving.
    fn unpack(&self, edge: Step, stack: &mut Vec<Step>, arcs: &mut Vec<u32>) {
        stack.push(edge);
        while let Some((edge, flow)) = stack.pop() {
            match self.weights.origin(flow, edge) {
                Origin::Nothing => {}
                Origin::Arc(arc) => arcs.push(arc),
                Origin::Middle(to_lower) => {
                    let to_upper = self.edge_before(to_lower as usize, self.topology.up[edge]);
                    let (first, second) = match flow {
                        Flow::Up => (to_lower as usize, to_upper),
                        Flow::Down => (to_upper, to_lower as usize),
                    };
                    // Down to the middle, then up again; the stack turns them round.
                    stack.extend([(second, Flow::Up), (first, Flow::Down)]);
                }
            }
        }
    }

    /// The last edge before this one that leads to `upper`: for an upper neighbour of the same node that is its own.
    fn edge_before(&self, edge: usize, upper: u32) -> usize {
        let before = self.topology.up[..edge].iter().rposition(|&node| node == upper);
        before.unwrap_or(edge)
    }
}
