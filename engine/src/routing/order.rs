//! A nested dissection order: separators last, and within each side the same again.
//!
//! Deterministic on any number of threads: the two sides are ordered independently and put together in fixed order.

use super::separator::{Part, Side, separate};
use crate::geo::LatLon;
use crate::graph::csr::first_rows;
use crate::graph::num::row;

/// Parts of at most so many nodes are not cut any more.
const LEAF_NODES: usize = 4;
/// Parts of at least so many nodes are handed to other threads.
const PARALLEL_NODES: usize = 1_000;

/// The nodes in order of elimination: those of the largest separator come last.
///
/// `edges` may repeat, run both ways and be loops. O(n log n) for each node of the largest cuts.
pub(crate) fn nested_dissection(points: &[LatLon], edges: &[(u32, u32)]) -> Vec<u32> {
    let ids = (0..row(points.len())).collect();
    let whole = part(ids, &plane(points), edges);
    // Dead ends first: they cost one edge each wherever the rest is cut.
    let is_dead_end = |node: usize| whole.n() > 2 && whole.neighbours(row(node)).len() == 1;
    let mut order: Vec<u32> =
        (0..row(whole.n())).filter(|&node| is_dead_end(node as usize)).collect();
    let rest = split(&whole, 1, |node| (!is_dead_end(node)).then_some(0));
    order.extend(rest.iter().flat_map(dissect_all));
    order
}

/// Positions with about the same scale in both directions.
#[expect(clippy::cast_possible_truncation, reason = "a cosine times 1.8e9 fits an i64")]
fn plane(points: &[LatLon]) -> Vec<(i64, i64)> {
    let north = points.iter().map(|point| point.lat_e7()).max().unwrap_or(0);
    let south = points.iter().map(|point| point.lat_e7()).min().unwrap_or(0);
    let middle = (f64::from(north) + f64::from(south)) / 2.0 * 1e-7;
    let shrink = middle.to_radians().cos();
    points
        .iter()
        .map(|point| ((f64::from(point.lon_e7()) * shrink) as i64, i64::from(point.lat_e7())))
        .collect()
}

/// A part from edges in its own numbering.
fn part(ids: Vec<u32>, positions: &[(i64, i64)], edges: &[(u32, u32)]) -> Part {
    let mut both: Vec<(u32, u32)> =
        edges.iter().filter(|(a, b)| a != b).flat_map(|&(a, b)| [(a, b), (b, a)]).collect();
    both.sort_unstable();
    both.dedup();
    let first = first_rows(ids.len(), both.iter().map(|&(a, _)| a));
    let neighbours = both.into_iter().map(|(_, b)| b).collect();
    Part { ids, positions: positions.to_vec(), first, neighbours }
}

/// Orders a part that may not be connected.
fn dissect_all(whole: &Part) -> Vec<u32> {
    let (component, n_components) = components(whole);
    if n_components == 1 {
        return dissect(whole);
    }
    split(whole, n_components, |node| Some(component[node] as usize))
        .iter()
        .flat_map(dissect)
        .collect()
}

/// Orders a connected part.
fn dissect(part: &Part) -> Vec<u32> {
    let sides = if part.n() <= LEAF_NODES { None } else { separate(part) };
    let Some(sides) = sides else {
        return by_degree(part, 0..row(part.n()));
    };
    let halves = split(part, 2, |node| match sides[node] {
        Side::Left => Some(0),
        Side::Right => Some(1),
        Side::Separator => None,
    });
    let [left, right] = halves.as_slice() else { return part.ids.clone() };
    let (mut order, right) = if part.n() >= PARALLEL_NODES {
        rayon::join(|| dissect_all(left), || dissect_all(right))
    } else {
        (dissect_all(left), dissect_all(right))
    };
    order.extend(right);
    let separator = (0..row(part.n())).filter(|&node| sides[node as usize] == Side::Separator);
    order.extend(along(part, separator.collect()));
    order
}

/// From one end of a separator to the other, so that neighbours in the order are near each other.
fn along(part: &Part, mut nodes: Vec<u32>) -> Vec<u32> {
    let span = |pick: fn(&(i64, i64)) -> i64| {
        let places = || nodes.iter().map(|&node| pick(&part.positions[node as usize]));
        places().max().zip(places().min()).map_or(0, |(most, least)| most - least)
    };
    let is_wide = span(|place| place.0) > span(|place| place.1);
    nodes.sort_by_key(|&node| {
        let (x, y) = part.positions[node as usize];
        if is_wide { (x, y, node) } else { (y, x, node) }
    });
    nodes.into_iter().map(|node| part.ids[node as usize]).collect()
}

/// The least connected first: eliminating them adds the fewest shortcuts.
fn by_degree(part: &Part, nodes: impl Iterator<Item = u32>) -> Vec<u32> {
    let mut nodes: Vec<u32> = nodes.collect();
    nodes.sort_by_key(|&node| (part.neighbours(node).len(), node));
    nodes.into_iter().map(|node| part.ids[node as usize]).collect()
}

/// The component of each node, and how many there are.
fn components(part: &Part) -> (Vec<u32>, usize) {
    let mut component = vec![u32::MAX; part.n()];
    let mut n_components = 0;
    let mut stack = Vec::new();
    for start in 0..row(part.n()) {
        if component[start as usize] != u32::MAX {
            continue;
        }
        component[start as usize] = n_components;
        stack.push(start);
        while let Some(node) = stack.pop() {
            for &next in part.neighbours(node) {
                if component[next as usize] == u32::MAX {
                    component[next as usize] = n_components;
                    stack.push(next);
                }
            }
        }
        n_components += 1;
    }
    (component, n_components as usize)
}

/// Parts by `class` of each node; nodes without one are left out, and so are edges between classes.
fn split(part: &Part, n_classes: usize, class: impl Fn(usize) -> Option<usize>) -> Vec<Part> {
    let empty =
        || Part { ids: Vec::new(), positions: Vec::new(), first: vec![0], neighbours: Vec::new() };
    let mut parts: Vec<Part> = (0..n_classes).map(|_| empty()).collect();
    let mut local = vec![u32::MAX; part.n()];
    for (node, place) in local.iter_mut().enumerate() {
        if let Some(to) = class(node) {
            *place = row(parts[to].ids.len());
            parts[to].ids.push(part.ids[node]);
            parts[to].positions.push(part.positions[node]);
        }
    }
    for node in 0..part.n() {
        let Some(to) = class(node) else { continue };
        let inside = part
            .neighbours(row(node))
            .iter()
            .filter(|&&next| class(next as usize) == Some(to))
            .map(|&next| local[next as usize]);
        parts[to].neighbours.extend(inside);
        let end = row(parts[to].neighbours.len());
        parts[to].first.push(end);
    }
    parts
}
