//! Chains of stretches between junctions become roads.
//!
//! A junction disappears if exactly two stretches of one class and access meet there, nothing but driving on is possible, and no
//! turn restriction needs it. Shape, times and names of the parts stay.

use petgraph::graph::{EdgeIndex, NodeIndex};
use petgraph::visit::EdgeRef;

use super::network::{Course, Network};

/// The contracted network, and where each stretch of the old one went.
pub(crate) struct Contracted {
    pub(crate) network: Network,
    /// For each old edge its new edge and whether both run the same way; `None` if it was left out.
    course_of: Vec<Option<Course>>,
}

impl Contracted {
    /// The course of the new network that contains this one of the old.
    pub(crate) fn course(&self, old: Course) -> Option<Course> {
        let new = (*self.course_of.get(old.edge.index())?)?;
        Some(if old.forward { new } else { new.reverse() })
    }
}

/// Contracts the part of `network` whose junctions are `alive`; `pinned` junctions stay.
pub(crate) fn contract(network: &Network, alive: &[bool], pinned: &[bool]) -> Contracted {
    let passable: Vec<bool> = network
        .node_indices()
        .map(|node| {
            alive[node.index()] && !pinned[node.index()] && is_passable(network, alive, node)
        })
        .collect();
    let mut out = Contracted {
        network: Network::with_capacity(0, 0),
        course_of: vec![None; network.edge_count()],
    };
    let mut new_node: Vec<Option<NodeIndex<u32>>> = vec![None; network.node_count()];

    // First the chains that begin at a junction that stays; what is left afterwards are rings without one.
    for keep_rings in [false, true] {
        for edge in network.edge_indices() {
            for start in [Course::new(edge, true), Course::new(edge, false)] {
                let Some((tail, head)) = start.ends(network) else { continue };
                let is_start = keep_rings || !passable[tail.index()];
                let is_new = out.course_of[edge.index()].is_none();
                if alive[tail.index()] && alive[head.index()] && is_start && is_new {
                    add_chain(network, (alive, &passable), start, &mut out, &mut new_node);
                }
            }
        }
    }
    out
}

/// Whether two stretches of one class meet here that are open in the same directions.
fn is_passable(network: &Network, alive: &[bool], node: NodeIndex<u32>) -> bool {
    let mut out = alive_courses(network, alive, node);
    let (Some(first), Some(second), None) = (out.next(), out.next(), out.next()) else {
        return false;
    };
    let (Some(a), Some(b)) = (network.edge_weight(first.edge), network.edge_weight(second.edge))
    else {
        return false;
    };
    first.edge != second.edge
        && (a.class, a.end_only) == (b.class, b.end_only)
        && first.is_open(network) == second.reverse().is_open(network)
        && first.reverse().is_open(network) == second.is_open(network)
}

/// Courses that leave a junction, open or not; a loop shows up once for each end.
fn alive_courses(
    network: &Network,
    alive: &[bool],
    node: NodeIndex<u32>,
) -> impl Iterator<Item = Course> {
    network.edges(node).flat_map(move |edge| {
        let (source, target) = (edge.source(), edge.target());
        let inside = alive[source.index()] && alive[target.index()];
        // petgraph turns the ends of an undirected edge so that `source` is the node asked for.
        let forward = network.edge_endpoints(edge.id()).is_some_and(|(s, _)| s == node);
        let twice = inside && source == target;
        let once = inside.then_some(Course::new(edge.id(), forward));
        once.into_iter().chain(twice.then_some(Course::new(edge.id(), !forward)))
    })
}

/// Follows a chain from `start` to the next junction that stays (or back to where it began) and adds it as one road.
fn add_chain(
    network: &Network,
    (alive, passable): (&[bool], &[bool]),
    start: Course,
    out: &mut Contracted,
    new_node: &mut [Option<NodeIndex<u32>>],
) {
    let Some((first_tail, _)) = start.ends(network) else { return };
    let mut chain = vec![start];
    let mut course = start;
    let last_head = loop {
        let Some((_, head)) = course.ends(network) else { return };
        if head == first_tail || !passable[head.index()] {
            break head;
        }
        // At a passable junction there is exactly one other stretch.
        let mut others =
            alive_courses(network, alive, head).filter(|next| next.edge != course.edge);
        let Some(next) = others.next() else { break head };
        course = next;
        chain.push(course);
    };
    let mut pieces = chain.iter().filter_map(|course| {
        let stretch = network.edge_weight(course.edge)?.clone();
        Some(if course.forward { stretch } else { stretch.reversed() })
    });
    let Some(mut road) = pieces.next() else { return };
    pieces.for_each(|piece| road.append(piece));

    let mut node_of = |old: NodeIndex<u32>| -> Option<NodeIndex<u32>> {
        let junction = *network.node_weight(old)?;
        Some(*new_node[old.index()].get_or_insert_with(|| out.network.add_node(junction)))
    };
    let (Some(tail), Some(head)) = (node_of(first_tail), node_of(last_head)) else { return };
    let edge: EdgeIndex<u32> = out.network.add_edge(tail, head, road);
    for course in chain {
        out.course_of[course.edge.index()] = Some(Course::new(edge, course.forward));
    }
}
