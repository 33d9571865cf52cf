//! Paths: the shortcuts between the ends and their meeting node, and what each of them stands for.
//!
//! Where labels are kept they say for every node how far the meeting node still is, so that the shortcut to follow is
//! found by looking at the few that lead up, and no search is made. Without labels the same numbers are computed first.
//! Ties: of several meeting nodes the highest is taken, of several shortcuts the one to the highest node, with and without labels.

use super::NEVER;
use super::bundle::Flow;
use super::hierarchy::Hierarchy;
use super::labels::Labels;
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
        let meeting = self.meeting(from, to)?;
        let mut stack = Vec::with_capacity(ARCS_USUAL);
        for &edge in &self.trail(Flow::Up, from, meeting) {
            self.unpack((edge, Flow::Up), &mut stack, &mut arcs);
        }
        for &edge in self.trail(Flow::Down, to, meeting).iter().rev() {
            self.unpack((edge, Flow::Down), &mut stack, &mut arcs);
        }
        Some(arcs)
    }

    /// The depth of the highest node of a fastest path.
    fn meeting(&self, from: u32, to: u32) -> Option<u32> {
        let common = self.ancestors.common_depth(from, to);
        let (up, down) = (self.row(Flow::Up, from), self.row(Flow::Down, to));
        let sums = up.ms.iter().zip(&*down.ms).map(|(up, down)| up + down);
        let (depth, ms) = (0..=common).zip(sums).min_by_key(|&(depth, ms)| (ms, depth))?;
        (ms + up.extra + down.extra < NEVER).then_some(depth)
    }

    /// Edges from a node up to its ancestor at a depth that can be reached.
    fn trail(&self, flow: Flow, start: u32, meeting: u32) -> Vec<usize> {
        match &self.labels {
            Some(labels) => {
                self.follow(flow, start, meeting, |node| self.slot_ms(labels, flow, node, meeting))
            }
            None => {
                let rest = self.rest(flow, start, meeting);
                self.follow(flow, start, meeting, |node| rest[self.depth(node) as usize])
            }
        }
    }

    /// The time between a node and its ancestor at a depth, from labels.
    #[inline]
    fn slot_ms(&self, labels: &Labels, flow: Flow, node: u32, depth: u32) -> u32 {
        let slot = self.ancestors.first_slot(node) + depth as usize;
        let stored = labels.slots(flow, slot, 1).first().copied().unwrap_or(NEVER);
        (stored + labels.extra_ms(flow, node)).min(NEVER)
    }

    /// By depth, the times between `start` and its ancestors and the one of them at the depth `meeting`.
    fn rest(&self, flow: Flow, start: u32, meeting: u32) -> Vec<u32> {
        let above = |&node: &u32| (node > 0).then(|| self.topology.parent[node as usize]);
        let line = std::iter::successors(Some(start), above);
        let mut line: Vec<u32> = line.take_while(|&node| self.depth(node) > meeting).collect();
        line.reverse();
        let mut rest = vec![NEVER; meeting as usize];
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

    fn follow(
        &self,
        flow: Flow,
        start: u32,
        meeting: u32,
        rest: impl Fn(u32) -> u32,
    ) -> Vec<usize> {
        let mut trail = Vec::with_capacity(EDGES_USUAL);
        let (mut node, mut left) = (start, rest(start));
        while self.depth(node) > meeting {
            let step = self.topology.up_rows(node).find_map(|edge| {
                let upper = self.topology.up[edge];
                let ms = left.checked_sub(self.weights.ms(flow, edge))?;
                (self.depth(upper) >= meeting && rest(upper) == ms).then_some((edge, upper, ms))
            });
            // There is one wherever the time is that of a path.
            let Some((edge, upper, ms)) = step else { break };
            trail.push(edge);
            (node, left) = (upper, ms);
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
