//! Dijkstra's algorithm, as plain as it gets: the reference for everything faster.

use std::cmp::Reverse;
use std::collections::BinaryHeap;

use super::NEVER;
use crate::graph::csr::Graph;

/// Times from `source` to all nodes, [`NEVER`] where there is no way. O(m log m); allocates its queue.
pub(crate) fn times_from(graph: &Graph, source: u32) -> Vec<u32> {
    run(graph.n_nodes(), source, |node, relax| {
        graph.out_arcs(node).iter().for_each(|arc| relax(arc.head, arc.time));
    })
}

/// Times from all nodes to `target`.
pub(crate) fn times_to(graph: &Graph, target: u32) -> Vec<u32> {
    run(graph.n_nodes(), target, |node, relax| {
        graph.in_arcs(node).for_each(|arc| relax(arc.tail, arc.time));
    })
}

fn run(n: usize, start: u32, neighbours: impl Fn(u32, &mut dyn FnMut(u32, u32))) -> Vec<u32> {
    let mut times = vec![NEVER; n];
    times[start as usize] = 0;
    let mut queue = BinaryHeap::from([Reverse((0, start))]);
    while let Some(Reverse((time, node))) = queue.pop() {
        if time > times[node as usize] {
            continue;
        }
        neighbours(node, &mut |next, arc_time| {
            let arrival = time + arc_time;
            if arrival < times[next as usize] {
                times[next as usize] = arrival;
                queue.push(Reverse((arrival, next)));
            }
        });
    }
    times
}
