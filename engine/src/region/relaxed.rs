//! The map with fewer rules: what times on it say about times on the real one.
//!
//! All nodes at one point are one junction, turns are free, and whoever likes turns round, at junctions and on the road. What is
//! closed may be driven at its imported time, for who stands on it may. So every real drive is one here and takes no longer, and where
//! somebody has stopped makes no difference: times obey the triangle rule, and those to and from a few landmarks bound real
//! times from below ([`crate::sight`]).
//!
//! Real times break the rule where stopping saves a detour: who stops may turn round, and has no restriction under way any more. How
//! much that can be is bounded for each road. Who arrives at a place along it came from a node `e` where the road begins, and who
//! leaves goes to a node `x` where it ends; without the stop it is from `e` to `x`, or to any node at the same
//! junction where one can do all that one can at `x`, and on from there. So the stop saves at most that time less the drive on the road.
//!
//! Landmarks are junctions far from one another as the crow flies, whatever the times: a restart finds the same. Of a large map there
//! are fewer, so that searches for their times stay within about four million looks at a junction.

use super::Region;
use super::locate::{HEADINGS, course};
use crate::graph::csr::{first_rows, rows_by_key, rows_of};
use crate::graph::num::row;
use crate::graph::roads::Heading;
use crate::oracle::Location;
use crate::routing::NEVER;
use crate::sight::{FAR, LANDMARKS_MAX, Sight, UNIT_MS};
use crate::units::Millis;

/// Landmarks times junctions at most, beyond the first landmarks.
const ROWS_MAX: usize = 2_000_000;
/// Landmarks of the largest map.
const LANDMARKS_MIN: usize = 4;
/// Longer times need not be known.
const FAR_MS: u32 = FAR as u32 * UNIT_MS;
/// Milliseconds that are settled together in a search, as a power of two.
const BUCKET_BITS: u32 = 12;
/// No junction: the course is not driven.
const NOWHERE: u32 = u32::MAX;

/// Times to and from landmarks on the relaxed map of one version of a region.
#[derive(Debug)]
pub(super) struct Relaxed {
    /// By junction.
    sights: Vec<Sight>,
    /// By node.
    junctions: Vec<u32>,
    /// By course: the junctions where it begins and ends.
    ends: Vec<[u32; 2]>,
    /// By road: how much of a drive a stop can save at most, in milliseconds; [`NEVER`] if there is no saying.
    saves: Vec<u32>,
}

/// Arcs by the junction where they begin.
struct Arcs {
    first: Vec<u32>,
    /// Where they end, and milliseconds.
    heads: Vec<(u32, u32)>,
}

impl Arcs {
    fn new(n: usize, arcs: &[(u32, u32, u32)]) -> Self {
        let first = first_rows(n, arcs.iter().map(|arc| arc.0));
        let rows = rows_by_key(&first, arcs.iter().map(|arc| arc.0));
        let heads = rows.iter().map(|&at| (arcs[at as usize].1, arcs[at as usize].2)).collect();
        Self { first, heads }
    }

    /// Times from a junction to all, [`NEVER`] if longer than [`FAR_MS`]. Dijkstra's algorithm with buckets; in a bucket times are
    /// corrected until they are right.
    fn times_from(&self, start: u32, buckets: &mut Vec<Vec<u32>>) -> Vec<u32> {
        let mut times = vec![NEVER; self.first.len() - 1];
        times[start as usize] = 0;
        buckets.resize_with((FAR_MS >> BUCKET_BITS) as usize + 1, Vec::new);
        buckets[0].push(start);
        for at in 0..buckets.len() {
            while let Some(junction) = buckets[at].pop() {
                let time = times[junction as usize];
                if (time >> BUCKET_BITS) as usize != at {
                    continue;
                }
                for &(head, ms) in &self.heads[rows_of(&self.first, junction)] {
                    let arrival = time.saturating_add(ms);
                    if arrival < times[head as usize] && arrival <= FAR_MS {
                        times[head as usize] = arrival;
                        buckets[(arrival >> BUCKET_BITS) as usize].push(head);
                    }
                }
            }
        }
        times
    }
}

impl Relaxed {
    /// Of the times of now. O(landmarks x junctions).
    pub(super) fn new(region: &Region) -> Self {
        let (junctions, points) = junctions(region);
        let n = points.len();
        let ends = ends(region, &junctions);
        let arcs: Vec<(u32, u32, u32)> = (0..)
            .zip(&ends)
            .filter(|&(_, &[tail, _])| tail != NOWHERE)
            .map(|(at, &[tail, head])| (tail, head, least_ms(region, at)))
            .collect();
        let back: Vec<(u32, u32, u32)> =
            arcs.iter().map(|&(tail, head, ms)| (head, tail, ms)).collect();
        let (out, back) = (Arcs::new(n, &arcs), Arcs::new(n, &back));
        let mut sights = vec![Sight::default(); n];
        let mut buckets = Vec::new();
        for (landmark, start) in landmarks(&points).into_iter().enumerate() {
            let (from, to) =
                (out.times_from(start, &mut buckets), back.times_from(start, &mut buckets));
            for (sight, (from, to)) in sights.iter_mut().zip(from.into_iter().zip(to)) {
                sight.set_from(landmark, from);
                sight.set_to(landmark, to);
            }
        }
        let saves = saves(region, &junctions, &ends, n);
        Self { sights, junctions, ends, saves }
    }

    /// The sight of a place; of one that is not of this region that of one to which there is no way.
    pub(super) fn sight(&self, region: &Region, place: Location) -> Sight {
        if let Location::Node(node) = place {
            let at = self.junctions.get(node.idx()).and_then(|&at| self.sights.get(at as usize));
            return at.copied().unwrap_or_default();
        }
        let mut sight = Sight::default();
        let Some((road, tables, at_mm)) = region.on_road(place) else { return sight };
        for heading in HEADINGS {
            let [tail, head] = self.ends[course(road, heading) as usize];
            if tail == NOWHERE {
                continue;
            }
            let driven_ms = tables.elapsed_ms(heading, at_mm);
            sight.reach_by(&self.sights[tail as usize], driven_ms);
            let left_ms = tables.duration_ms(heading).saturating_sub(driven_ms);
            sight.leave_by(&self.sights[head as usize], left_ms);
        }
        sight
    }

    /// By how much stopping at a place can save a detour at most.
    pub(super) fn saves(&self, region: &Region, place: Location) -> Millis {
        let ms = match place {
            Location::Node(node) if region.twins.is_split(node.get()) => NEVER,
            // Who stops on a node goes on like who does not.
            Location::Node(_) => 0,
            Location::Along { road, .. } => self.saves.get(road.idx()).copied().unwrap_or(NEVER),
        };
        super::oracle::millis(ms)
    }
}

/// The junction of each node, and where they are.
fn junctions(region: &Region) -> (Vec<u32>, Vec<(i32, i32)>) {
    let points = region.graph.points();
    let point = |node: u32| {
        let point = points[node as usize];
        (point.lat_e7(), point.lon_e7())
    };
    let mut nodes: Vec<u32> = (0..row(points.len())).collect();
    nodes.sort_unstable_by_key(|&node| (point(node), node));
    let mut junctions = vec![0; points.len()];
    let mut found: Vec<(i32, i32)> = Vec::new();
    for node in nodes {
        if found.last() != Some(&point(node)) {
            found.push(point(node));
        }
        junctions[node as usize] = row(found.len() - 1);
    }
    (junctions, found)
}

fn ends(region: &Region, junctions: &[u32]) -> Vec<[u32; 2]> {
    let mut ends = vec![[NOWHERE; 2]; region.contents.roads.n() * 2];
    for arc in region.graph.arcs() {
        ends[arc.course as usize] = [arc.tail, arc.head].map(|node| junctions[node as usize]);
    }
    ends
}

/// What driving a course takes at least, closed or not.
fn least_ms(region: &Region, at: u32) -> u32 {
    let heading = super::locate::heading_of(at);
    let whole_ms = region.road_tables(at as usize / 2).duration_ms(heading);
    let copies = region.copies[rows_of(&region.first_copy, at)].iter();
    let driven_ms = copies.map(|&copy| {
        let arc = &region.graph.arcs()[copy as usize];
        arc.time.saturating_sub(arc.turn)
    });
    driven_ms.fold(whole_ms, u32::min)
}

/// Junctions far from one another: each as far as can be from those before.
fn landmarks(points: &[(i32, i32)]) -> Vec<u32> {
    let count = (ROWS_MAX / points.len().max(1)).clamp(LANDMARKS_MIN, LANDMARKS_MAX);
    // Degrees of longitude count half, as they do in the latitudes where most people live; which landmarks there are is a matter of
    // speed alone.
    let apart = |a: (i32, i32), b: (i32, i32)| {
        let (north, east) =
            (i64::from(a.0) - i64::from(b.0), (i64::from(a.1) - i64::from(b.1)) / 2);
        (north * north).saturating_add(east * east)
    };
    let Some(&first) = points.first() else { return Vec::new() };
    let mut nearest: Vec<i64> = points.iter().map(|&point| apart(point, first)).collect();
    let mut chosen = Vec::new();
    while chosen.len() < count {
        let farthest =
            (0..).zip(&nearest).max_by_key(|&(at, apart)| (apart, std::cmp::Reverse(at)));
        let Some((at, _)) = farthest.filter(|&(_, &apart): &(u32, &i64)| 0 < apart) else { break };
        if chosen.is_empty() {
            // Any point will do to find the first.
            nearest.fill(i64::MAX);
        }
        chosen.push(at);
        let found = points[at as usize];
        nearest
            .iter_mut()
            .zip(points)
            .for_each(|(near, &point)| *near = (*near).min(apart(point, found)));
    }
    chosen
}

/// By how much a stop on each road can save a detour at most.
fn saves(region: &Region, junctions: &[u32], ends: &[[u32; 2]], n: usize) -> Vec<u32> {
    let first = first_rows(n, junctions.iter().copied());
    let nodes = rows_by_key(&first, junctions.iter().copied());
    let nodes_at = |junction: u32| &nodes[rows_of(&first, junction)];
    let of = |road: u32| {
        let courses = HEADINGS.map(|heading| course(road, heading));
        let is_open = courses.iter().all(|&at| region.traffic.ms(at) != Some(NEVER));
        let is_one = |&at: &u32| at == NOWHERE || nodes_at(at).len() == 1;
        if is_open && courses.iter().all(|&at| ends[at as usize].iter().all(is_one)) {
            return 0;
        }
        let leaving = HEADINGS.into_iter().filter_map(|heading| {
            let exit = region.departure(road, heading)?.head;
            let there = nodes_at(ends[course(road, heading) as usize][1]).iter().copied();
            let as_good = there.filter(|&node| can_do_all(region, node, exit)).collect();
            Some(Leaving { road, heading, as_good })
        });
        leaving.map(|leaving| leaving.saves(region)).max().unwrap_or(0)
    };
    (0..row(region.contents.roads.n())).map(of).collect()
}

/// Whether who is at node `a` can do all that who is at node `b` can.
fn can_do_all(region: &Region, a: u32, b: u32) -> bool {
    let own = region.graph.out_arcs(a);
    a == b
        || region
            .graph
            .out_arcs(b)
            .iter()
            .all(|arc| own.iter().any(|own| own.head == arc.head && own.time <= arc.time))
}

/// One of the two ways to go on after a stop on a road.
struct Leaving {
    road: u32,
    heading: Heading,
    /// Nodes at its end from which one can do all that one can after a stop.
    as_good: Vec<u32>,
}

impl Leaving {
    /// The most that the stop saves of those who come from either end of the road.
    fn saves(&self, region: &Region) -> u32 {
        let Self { road, heading, as_good } = self;
        let came = HEADINGS.into_iter().flat_map(|came| {
            let at = course(*road, came);
            let ms = if came == *heading { least_ms(region, at) } else { 0 };
            region.copies[rows_of(&region.first_copy, at)].iter().map(move |&copy| (copy, came, ms))
        });
        let saves = came.map(|(copy, came, driven_ms)| {
            let arc = &region.graph.arcs()[copy as usize];
            let on_ms = if as_good.contains(&arc.tail) {
                0
            } else if came == *heading && as_good.contains(&arc.head) {
                arc.time
            } else {
                let times = as_good.iter().map(|&node| region.hierarchy.time(arc.tail, node));
                times.min().unwrap_or(NEVER)
            };
            if on_ms >= NEVER { NEVER } else { on_ms.saturating_sub(driven_ms + arc.turn) }
        });
        saves.max().unwrap_or(0)
    }
}
