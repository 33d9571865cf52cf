//! Paths: nodes passed, shape on the map, and legs with street names.

use super::Region;
use super::locate::{Access, Drive, end_mm, heading_of};
use crate::geo::LatLon;
use crate::graph::num::interpolate;
use crate::graph::roads::Heading;
use crate::ids::NodeId;
use crate::oracle::{Location, Path, Waypoint};
use crate::routing::NEVER;
use crate::units::{Millimeters, Millis};

/// A stretch of a path on which the street has one name.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Leg {
    /// The name, where the map has one.
    pub name: Option<String>,
    /// Its length.
    pub distance: Millimeters,
    /// Its driving time.
    pub duration: Millis,
    /// The OpenStreetMap ways driven, in order.
    pub ways: Vec<i64>,
}

/// The access on this arc that takes this time; under other traffic the one that is nearest to it.
fn access_on(accesses: Vec<Access>, arc: [NodeId; 2], time: Millis) -> Option<Access> {
    let on_arc = accesses.into_iter().filter(|access| access.arc.map(NodeId::new) == arc);
    on_arc.min_by_key(|access| access.ms.abs_diff(time.get()))
}

fn millimeters(mm: u32) -> Millimeters {
    Millimeters::new(u64::from(mm))
}

impl Region {
    pub(super) fn find_path(&self, from: Location, to: Location) -> Option<Path> {
        let direct = self.direct(from, to);
        let over_nodes = self
            .best_accesses(from, to)
            .filter(|(_, _, ms)| direct.is_none_or(|(direct_ms, _)| *ms < direct_ms));
        match (over_nodes, direct) {
            (Some((exit, entry, _)), _) => self.path_over(from, to, &exit, &entry),
            (None, Some((ms, drive))) => self.path_along(from, to, ms, drive),
            (None, None) => None,
        }
    }

    /// The first of the fastest ways over nodes, in the order of exits and entries.
    fn best_accesses(&self, from: Location, to: Location) -> Option<(Access, Access, u32)> {
        let mut best: Option<(Access, Access, u32)> = None;
        for exit in self.exits(from) {
            for entry in self.entries(to) {
                let ms = self.time_over(&exit, &entry);
                if ms < NEVER && best.as_ref().is_none_or(|&(_, _, least)| ms < least) {
                    best = Some((exit, entry, ms));
                }
            }
        }
        best
    }

    fn path_along(&self, from: Location, to: Location, ms: u32, drive: Drive) -> Option<Path> {
        let arc = self.departure(drive.road, drive.heading)?;
        let arc = [arc.tail, arc.head].map(NodeId::new);
        Some(Path {
            from,
            to,
            waypoints: Vec::new(),
            duration: Millis::new(ms),
            distance: millimeters(drive.mm()),
            first_arc: arc,
            last_arc: arc,
        })
    }

    fn path_over(
        &self,
        from: Location,
        to: Location,
        exit: &Access,
        entry: &Access,
    ) -> Option<Path> {
        let arcs = self.hierarchy.path(&self.graph, exit.node, entry.node)?;
        let mut elapsed = Millis::new(exit.ms);
        let mut driven = millimeters(exit.mm);
        let mut waypoints = vec![Waypoint { node: NodeId::new(exit.node), elapsed, driven }];
        waypoints.reserve_exact(arcs.len());
        for row in arcs {
            let arc = self.graph.arcs().get(row as usize)?;
            elapsed += Millis::new(arc.time);
            driven += millimeters(*self.arc_mm.get(row as usize)?);
            waypoints.push(Waypoint { node: NodeId::new(arc.head), elapsed, driven });
        }
        Some(Path {
            from,
            to,
            waypoints,
            duration: elapsed + Millis::new(entry.ms),
            distance: driven + millimeters(entry.mm),
            first_arc: exit.arc.map(NodeId::new),
            last_arc: entry.arc.map(NodeId::new),
        })
    }

    /// The parts of roads that a path drives. A path of another region gives what can be made of it.
    pub(super) fn drives(&self, path: &Path) -> Vec<Drive> {
        let (Some(first), Some(last)) = (path.waypoints.first(), path.waypoints.last()) else {
            return self.direct(path.from, path.to).map(|(_, drive)| drive).into_iter().collect();
        };
        let rest = path.duration.saturating_sub(last.elapsed);
        let exits = self.exits(path.from).collect();
        let exit = access_on(exits, path.first_arc, first.elapsed);
        let entry = access_on(self.entries(path.to).collect(), path.last_arc, rest);
        let between = path.waypoints.windows(2).filter_map(|pair| match pair {
            [a, b] if a.node.idx() < self.n_nodes() => {
                let arc = self.graph.fastest(a.node.get(), b.node.get())?;
                let (road, heading) = (arc.course / 2, heading_of(arc.course));
                let tables = self.road_tables(road as usize);
                let from_mm = end_mm(&tables, heading.opposite());
                let to_mm = end_mm(&tables, heading);
                Some(Drive { road, heading, from_mm, to_mm, turn_ms: arc.turn })
            }
            _ => None,
        });
        let ends = |access: Option<Access>| access.and_then(|access| access.drive);
        ends(exit).into_iter().chain(between).chain(ends(entry)).collect()
    }

    /// The shape of a path with the time since its start at every point. The first point and the last are exactly those
    /// of its ends; there are always at least two unless it starts and ends on one node. A path of a version with other
    /// traffic keeps its own times from node to node.
    #[must_use]
    pub fn path_geometry(&self, path: &Path) -> Vec<(LatLon, Millis)> {
        let mut shape = vec![(self.point(path.from), Millis::ZERO)];
        let mut start = 0_u32;
        let drives = self.drives(path);
        let ends = self.ends_of_drives(path, drives.len());
        for (drive, end) in drives.iter().zip(ends) {
            let road = self.road_tables(drive.road as usize);
            let before = road.elapsed_ms(drive.heading, drive.from_mm);
            let whole = road.elapsed_ms(drive.heading, drive.to_mm) - before;
            let entered = start.saturating_add(drive.turn_ms).min(end);
            let since_start = |mm: u32| {
                let done = road.elapsed_ms(drive.heading, mm) - before;
                Millis::new(interpolate(entered, end, done, whole))
            };
            let inner = |&i: &usize| {
                let (low, high) = (drive.from_mm.min(drive.to_mm), drive.from_mm.max(drive.to_mm));
                low < road.mm[i] && road.mm[i] < high
            };
            let mut points: Vec<_> = (0..road.points.len())
                .filter(inner)
                .map(|i| (road.points[i], since_start(road.mm[i])))
                .collect();
            if drive.heading == Heading::Backward {
                points.reverse();
            }
            shape.extend(points);
            shape.push((road.point(drive.to_mm), Millis::new(end)));
            start = end;
        }
        if let (Some(last), true) = (shape.last_mut(), path.from != path.to) {
            *last = (self.point(path.to), path.duration);
        }
        shape
    }

    /// When each of so many drives of a path ends, since its start.
    fn ends_of_drives(&self, path: &Path, n_drives: usize) -> Vec<u32> {
        let nodes = path.waypoints.iter().map(|waypoint| waypoint.elapsed.get());
        let all: Vec<u32> = nodes.chain([path.duration.get()]).collect();
        // Whoever starts on a node drives nothing to get there, and so at the end.
        let starts_on_node = matches!(path.from, Location::Node(_)) && !path.waypoints.is_empty();
        let first = usize::from(starts_on_node);
        all.get(first..(first + n_drives).min(all.len())).unwrap_or_default().to_vec()
    }

    /// The legs of a path: one for each run of parts with the same name. Their sums are those of the path.
    #[must_use]
    pub fn legs(&self, path: &Path) -> Vec<Leg> {
        let mut legs: Vec<Leg> = Vec::new();
        // A turn belongs to the street that is turned into.
        let mut turn_ms = 0;
        for drive in self.drives(path) {
            turn_ms += drive.turn_ms;
            for (name, from_mm, to_mm) in self.named_parts(&drive) {
                let ways = self.ways_driven(&Drive { from_mm, to_mm, ..drive });
                let road = self.road_tables(drive.road as usize);
                let ms =
                    road.elapsed_ms(drive.heading, to_mm) - road.elapsed_ms(drive.heading, from_mm);
                let ms = ms + std::mem::take(&mut turn_ms);
                let distance = millimeters(to_mm.abs_diff(from_mm));
                match legs.last_mut() {
                    Some(leg) if leg.name.as_deref() == name => {
                        leg.distance += distance;
                        leg.duration += Millis::new(ms);
                        leg.ways.extend(ways);
                        leg.ways.dedup();
                    }
                    _ => legs.push(Leg {
                        name: name.map(Into::into),
                        distance,
                        duration: Millis::new(ms),
                        ways,
                    }),
                }
            }
        }
        if let Some(leg) = legs.last_mut() {
            leg.duration += Millis::new(turn_ms);
        }
        legs
    }

    /// The ways of a drive in order of driving.
    fn ways_driven(&self, drive: &Drive) -> Vec<i64> {
        let roads = &self.contents.roads;
        let road = roads.road(drive.road as usize);
        let pieces = roads.ways(drive.road as usize);
        let ends = pieces.iter().skip(1).map(|next| road.mm[next.start as usize]);
        let (low, high) = (drive.from_mm.min(drive.to_mm), drive.from_mm.max(drive.to_mm));
        let touched = pieces
            .iter()
            .zip(ends.chain([road.length_mm()]))
            .filter(|(piece, end)| road.mm[piece.start as usize].max(low) < high.min(*end));
        let mut ways: Vec<i64> = touched.map(|(piece, _)| piece.id).collect();
        if drive.heading == Heading::Backward {
            ways.reverse();
        }
        ways.dedup();
        ways
    }

    /// (name, from, to) of the parts of a drive in order of driving; empty parts are left out.
    pub(super) fn named_parts(&self, drive: &Drive) -> Vec<(Option<&str>, u32, u32)> {
        let roads = &self.contents.roads;
        let road = roads.road(drive.road as usize);
        let (low, high) = (drive.from_mm.min(drive.to_mm), drive.from_mm.max(drive.to_mm));
        let starts: Vec<(u32, Option<&str>)> =
            roads.parts(drive.road as usize).map(|(start, name)| (road.mm[start], name)).collect();
        let ends = starts.iter().skip(1).map(|&(mm, _)| mm).chain([road.length_mm()]);
        let mut parts: Vec<_> = starts
            .iter()
            .zip(ends)
            .map(|(&(start, name), end)| (name, start.max(low), end.min(high)))
            .filter(|(_, start, end)| start < end)
            .collect();
        if drive.heading == Heading::Backward {
            parts.reverse();
            parts.iter_mut().for_each(|part| std::mem::swap(&mut part.1, &mut part.2));
        }
        parts
    }
}
