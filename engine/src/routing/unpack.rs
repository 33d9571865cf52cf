//! Paths: the shortcuts between the ends and their meeting node, and what each of them stands for.
//!
//! Where labels are kept they say for every node how far the meeting node still is, so that the shortcut to follow is
//! found by looking at the few that lead up, and no search is made. Without labels the same numbers are computed first.
//! Ties: of several meeting nodes the highest is taken, of several shortcuts the one to the highest node, with and without labels.

use smallvec::SmallVec;

use super::NEVER;
use super::bundle::Flow;
use super::hierarchy::Hierarchy;
use super::labels::Labels;
use super::lanes;
use super::weights::Origin;
use crate::graph::csr::Graph;
use crate::graph::num::row;

/// Arcs of a path in order; most fit without the heap.
pub(crate) type Arcs = SmallVec<[u32; 512]>;
/// Edges from a node up.
type Trail = SmallVec<[u32; 64]>;
/// An edge, from its lower node up or the other way.
type Step = (u32, Flow);

impl Hierarchy {
    /// The arcs of a fastest path in order, `None` if there is no way; `graph` is the one with the times of this hierarchy. O(length of
    /// the path) with labels, else O(search space + lower triangles of the nodes that are passed).
    pub(crate) fn path(&self, graph: &Graph, from: u32, to: u32) -> Option<Arcs> {
        let mut arcs = Arcs::new();
        if from == to {
            return Some(arcs);
        }
        let n_common = self.common_depth(from, to) as usize + 1;
        let by_labels = |labels| self.trails_by_labels(labels, (from, to), n_common);
        let [up, down] = match self.labels.as_ref().and_then(by_labels) {
            Some(trails) => trails,
            None => self.trails_by_tree(from, to, n_common)?,
        };
        // What comes after the edge that is being unpacked, the last first.
        let mut stack: SmallVec<[Step; 64]> = SmallVec::new();
        for steps in [(up, Flow::Up), (down.into_iter().rev().collect(), Flow::Down)] {
            for edge in steps.0 {
                self.unpack(graph, (edge, steps.1), &mut stack, &mut arcs);
            }
        }
        Some(arcs)
    }

    /// The edges from both ends up to the highest node of a fastest path, if labels know how far that is.
    fn trails_by_labels(
        &self,
        labels: &Labels,
        (from, to): (u32, u32),
        n_common: usize,
    ) -> Option<[Trail; 2]> {
        let tick = labels.tick();
        let (up, down) = (labels.row(Flow::Up, from), labels.row(Flow::Down, to));
        let more = [labels.extra(Flow::Up, from), labels.extra(Flow::Down, to)];
        let least = lanes::least_sum(up, down, n_common);
        if least == lanes::FAR {
            return None;
        }
        let meeting = lanes::position(up, down, least).filter(|&slot| slot < n_common)?;
        let trail = |flow: Flow, row, start| {
            let slot_ms = |row| lanes::ms_of(lanes::slot(row, meeting), tick);
            let rest = slot_ms(row)? + lanes::ms_of(more[flow as usize], tick)?;
            // Only the start can be a dead end, so nothing is to add to what is left from others.
            let left = |node| slot_ms(labels.row(flow, node)).unwrap_or(NEVER);
            self.follow(flow, (start, rest), meeting, left)
        };
        Some([trail(Flow::Up, up, from)?, trail(Flow::Down, down, to)?])
    }

    /// The same without labels; `None` if there is no way.
    fn trails_by_tree(&self, from: u32, to: u32, n_common: usize) -> Option<[Trail; 2]> {
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
            self.follow(flow, (start, left(start)), meeting, left)
        };
        Some([trail(Flow::Up, from)?, trail(Flow::Down, to)?])
    }

    /// By depth, the times between `start` and its ancestors and the one of them at the depth `meeting`.
    fn rest(&self, flow: Flow, start: u32, meeting: usize) -> Vec<u32> {
        let above = |&node: &u32| (node > 0).then(|| self.topology.parent(node));
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

    /// The edges from a node up to its ancestor at the depth `meeting`, given the time to it, and what is `left` from a node above. `None`
    /// if that is not known everywhere.
    fn follow(
        &self,
        flow: Flow,
        (start, rest): (u32, u32),
        meeting: usize,
        left: impl Fn(u32) -> u32,
    ) -> Option<Trail> {
        let mut trail = Trail::new();
        let (mut node, mut rest) = (start, rest);
        while self.depth(node) as usize > meeting {
            (node, rest) = self.topology.up_rows(node).find_map(|edge| {
                let upper = self.topology.up[edge];
                let less = rest.checked_sub(self.weights.ms(flow, edge))?;
                let is_next = self.depth(upper) as usize >= meeting && left(upper) == less;
                is_next.then(|| {
                    trail.push(row(edge));
                    (upper, less)
                })
            })?;
        }
        Some(trail)
    }

    /// Appends the arcs that an edge stands for, in order of driving. `stack` is empty before and after.
    fn unpack(&self, graph: &Graph, step: Step, stack: &mut SmallVec<[Step; 64]>, arcs: &mut Arcs) {
        let topology = &self.topology;
        let mut next = Some(step);
        while let Some((edge, flow)) = next {
            next = match self.weights.origin((topology, graph), flow, edge as usize) {
                Origin::Nothing => stack.pop(),
                Origin::Arc(arc) => {
                    arcs.push(arc);
                    stack.pop()
                }
                Origin::Middle { to_lower, gap } => {
                    let to_upper = match gap {
                        0 => row(self.edge_before(to_lower as usize, topology.up[edge as usize])),
                        gap => to_lower - gap,
                    };
                    // Down to the middle, then up again.
                    let (first, second) = match flow {
                        Flow::Up => (to_lower, to_upper),
                        Flow::Down => (to_upper, to_lower),
                    };
                    stack.push((second, Flow::Up));
                    Some((first, Flow::Down))
                }
            };
        }
    }

    /// The last edge before this one that leads to `upper`: for an upper neighbour of the same node that is its own.
    fn edge_before(&self, edge: usize, upper: u32) -> usize {
        let before = self.topology.up[..edge].iter().rposition(|&node| node == upper);
        before.unwrap_or(edge)
    }
}
