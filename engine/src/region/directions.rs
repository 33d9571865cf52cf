//! A path turn by turn: what a driver is told, and where.
//!
//! A path is cut into pieces wherever the road or its name changes. What happens between two pieces follows from the
//! angle and from the other ways that one could take there: where there is no choice and the name stays, nothing is said.
//! A roundabout is one step whatever roads it is made of. Maps are imported without a mark for roundabouts, so they are
//! told by their shape: a small ring of one-way roads that is about as round as a circle.

use super::Region;
use super::locate::{Drive, HEADINGS, course, heading_of};
use crate::geo::LatLon;
use crate::graph::csr::Arc;
use crate::graph::roads::Heading;
use crate::oracle::{Location, Path};
use crate::units::{Millimeters, Millis};

/// The stretch before and behind a junction that its angle is measured on, in millimetres.
const ANGLE_MM: u32 = 15_000;
/// Longest way round that counts as a roundabout, in millimetres.
const ROUND_MM_MAX: u32 = 400_000;
/// The same for rings that are drawn with four corners.
const SQUARE_MM_MAX: u32 = 90_000;
/// Arcs looked at in search of a way round.
const ROUND_ARCS_MAX: usize = 256;
/// Area of a ring as a share of that of the circle with the same circumference: at least this, or that of a square.
const ROUNDNESS_MIN: f64 = 0.82;
const SQUARENESS_MIN: f64 = 0.72;

/// What is to be done at the start of a step.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Maneuver {
    /// Set off.
    Depart,
    /// Go on; the name of the street changes.
    Continue,
    /// Turn, or keep to a side.
    Turn(Turn),
    /// Enter a roundabout and leave it by this exit, counted from 1; `None` if the path ends on it.
    Roundabout(Option<u32>),
    /// The path ends here.
    Arrive,
}

/// A change of direction.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Turn {
    /// Less than 20 degrees.
    Straight,
    /// 20 to 60 degrees to the left.
    SlightLeft,
    /// 60 to 120 degrees.
    Left,
    /// 120 to 165 degrees.
    SharpLeft,
    /// 20 to 60 degrees to the right.
    SlightRight,
    /// 60 to 120 degrees.
    Right,
    /// 120 to 165 degrees.
    SharpRight,
    /// Back where one came from.
    UTurn,
}

/// A side of the vehicle.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Side {
    /// To the left.
    Left,
    /// To the right.
    Right,
}

/// One instruction and the stretch until the next one.
#[derive(Clone, Debug, PartialEq)]
pub struct Step {
    /// What to do at the start of the stretch.
    pub maneuver: Maneuver,
    /// The name of the street then taken, or its number where it has no name.
    pub name: Option<String>,
    /// Length of the stretch.
    pub distance: Millimeters,
    /// Its driving time.
    pub duration: Millis,
    /// Where the stretch begins.
    pub point: LatLon,
    /// Compass bearing after the maneuver (before it, for an arrival), in degrees from 0 up to 360.
    pub bearing_deg: f64,
}

/// A part of a road with one name, and the node in front of it where another road ends there.
struct Piece<'a> {
    drive: Drive,
    name: Option<&'a str>,
    junction: Option<u32>,
}

impl Region {
    /// The steps of a path, from [`Maneuver::Depart`] to [`Maneuver::Arrive`]. Distances and durations add up to those of
    /// the path. Empty for a path of another region, and two steps for one that goes nowhere.
    #[must_use]
    pub fn directions(&self, path: &Path) -> Vec<Step> {
        let pieces = self.pieces(path);
        let mut steps = vec![Step {
            maneuver: Maneuver::Depart,
            name: None,
            distance: Millimeters::ZERO,
            duration: Millis::ZERO,
            point: self.point(path.from),
            bearing_deg: 0.0,
        }];
        let mut exits_passed = None;
        for (idx, piece) in pieces.iter().enumerate() {
            let is_round = self.is_roundabout(&piece.drive);
            let said = match idx.checked_sub(1).and_then(|before| pieces.get(before)) {
                None => None,
                Some(before) => match (exits_passed, is_round) {
                    (None, true) => Some(Maneuver::Roundabout(None)),
                    (None, false) => self.maneuver(before, piece),
                    // Who set off on the roundabout is told where to leave it; others know since they entered it.
                    (Some(n), false) if steps.len() == 1 => Some(Maneuver::Roundabout(Some(n + 1))),
                    (Some(_), _) => None,
                },
            };
            if let Some(maneuver) = said {
                steps.push(self.step(maneuver, piece));
            }
            if idx > 0 && is_round && exits_passed.is_some() {
                exits_passed = exits_passed.map(|n| n + self.n_exits(piece));
            } else if is_round {
                exits_passed = Some(0);
            }
            let Some(step) = steps.last_mut() else { continue };
            if idx == 0 {
                step.bearing_deg = self.bearing_at_start(&piece.drive);
            }
            if let (Some(passed), false) = (exits_passed, is_round) {
                // The exit taken counts as well.
                if let Maneuver::Roundabout(exit) = &mut step.maneuver {
                    *exit = Some(passed + 1);
                }
                step.name = piece.name.map(Into::into);
                exits_passed = None;
            }
            if step.name.is_none() && (idx == 0 || said.is_some()) {
                step.name = piece.name.map(Into::into);
            }
            step.distance += Millimeters::new(u64::from(piece.drive.mm()));
            step.duration += Millis::new(self.drive_ms(&piece.drive));
        }
        if pieces.is_empty() && path.from != path.to {
            return Vec::new();
        }
        let bearing_deg = pieces.last().map_or(0.0, |piece| self.bearing_at_end(&piece.drive));
        let name = pieces.last().and_then(|piece| piece.name).map(Into::into);
        let (distance, duration) = (Millimeters::ZERO, Millis::ZERO);
        let point = self.point(path.to);
        steps.push(Step {
            maneuver: Maneuver::Arrive,
            name,
            distance,
            duration,
            point,
            bearing_deg,
        });
        steps
    }

    /// The side of the vehicle on which `point` lies when a path ends; `None` right ahead, behind, or on the road.
    #[must_use]
    pub fn arrival_side(&self, path: &Path, point: LatLon) -> Option<Side> {
        let stop = self.point(path.to);
        let drives = self.drives(path);
        let bearing = self.bearing_at_end(drives.last()?);
        let angle = turned(bearing, stop.bearing_deg(point));
        let across_m = stop.distance_m(point) * angle.to_radians().sin();
        match across_m {
            2.0.. => Some(Side::Right),
            ..=-2.0 => Some(Side::Left),
            _ => None,
        }
    }

    fn step(&self, maneuver: Maneuver, piece: &Piece<'_>) -> Step {
        Step {
            maneuver,
            name: None,
            distance: Millimeters::ZERO,
            duration: Millis::ZERO,
            point: self.contents.roads.road(piece.drive.road as usize).point(piece.drive.from_mm),
            bearing_deg: self.bearing_at_start(&piece.drive),
        }
    }

    /// The pieces of a path in order.
    fn pieces(&self, path: &Path) -> Vec<Piece<'_>> {
        let starts_along = matches!(path.from, Location::Along { .. });
        let mut pieces: Vec<Piece<'_>> = Vec::new();
        // A turn belongs to the street that is turned into.
        let mut turn_ms = 0;
        for (idx, drive) in self.drives(path).into_iter().enumerate() {
            turn_ms += drive.turn_ms;
            let waypoint = if starts_along { idx.checked_sub(1) } else { Some(idx) };
            let node = waypoint.and_then(|idx| path.waypoints.get(idx));
            let mut junction = node.map(|waypoint| waypoint.node.get());
            for (name, from_mm, to_mm) in self.named_parts(&drive) {
                let turn_ms = std::mem::take(&mut turn_ms);
                let drive = Drive { from_mm, to_mm, turn_ms, ..drive };
                pieces.push(Piece { drive, name, junction: junction.take() });
            }
        }
        if let Some(last) = pieces.last_mut() {
            last.drive.turn_ms += turn_ms;
        }
        pieces
    }

    /// What is said between two pieces, if anything.
    fn maneuver(&self, before: &Piece<'_>, piece: &Piece<'_>) -> Option<Maneuver> {
        let renamed = before.name != piece.name;
        let going_on = renamed.then_some(Maneuver::Continue);
        let Some(junction) = piece.junction else { return going_on };
        let bearing = self.bearing_at_end(&before.drive);
        let angle = turned(bearing, self.bearing_at_start(&piece.drive));
        let is_back =
            before.drive.road == piece.drive.road && before.drive.heading != piece.drive.heading;
        if is_back {
            return Some(Maneuver::Turn(Turn::UTurn));
        }
        let others = self.choices(junction, before, piece);
        if others.is_empty() {
            return going_on;
        }
        let straightest = others
            .iter()
            .map(|arc| turned(bearing, self.bearing_at_start(&self.whole(arc.course))).abs())
            .fold(180.0, f64::min);
        match turn(angle) {
            Turn::Straight if straightest > 20.0 => going_on,
            // A fork: say which way even if it is nearly straight on.
            Turn::Straight if angle.abs() <= straightest && !renamed => None,
            Turn::Straight => Some(Maneuver::Turn(Turn::Straight)),
            Turn::SlightLeft | Turn::SlightRight
                if !renamed && straightest > angle.abs() + 30.0 =>
            {
                None
            }
            other => Some(Maneuver::Turn(other)),
        }
    }

    /// The other arcs by which one could go on at a junction, not back.
    fn choices(&self, junction: u32, before: &Piece<'_>, piece: &Piece<'_>) -> Vec<&Arc> {
        let back = course(before.drive.road, before.drive.heading.opposite());
        let taken = course(piece.drive.road, piece.drive.heading);
        let out = self.graph.out_arcs(junction).iter();
        let mut others: Vec<&Arc> =
            out.filter(|arc| arc.course != back && arc.course != taken).collect();
        others.dedup_by_key(|arc| arc.course);
        others
    }

    /// Exits at the junction in front of a piece of a roundabout.
    fn n_exits(&self, piece: &Piece<'_>) -> u32 {
        let Some(junction) = piece.junction else { return 0 };
        let leaves = |arc: &&Arc| {
            arc.course != course(piece.drive.road, piece.drive.heading)
                && !self.is_roundabout(&self.whole(arc.course))
        };
        crate::graph::num::row(self.graph.out_arcs(junction).iter().filter(leaves).count())
    }

    /// A course from its start to its end.
    fn whole(&self, course: u32) -> Drive {
        let (road, heading) = (course / 2, heading_of(course));
        let length = self.contents.roads.road(road as usize).length_mm();
        match heading {
            Heading::Forward => Drive { road, heading, from_mm: 0, to_mm: length, turn_ms: 0 },
            Heading::Backward => Drive { road, heading, from_mm: length, to_mm: 0, turn_ms: 0 },
        }
    }

    fn drive_ms(&self, drive: &Drive) -> u32 {
        let road = self.road_tables(drive.road as usize);
        let elapsed = |mm: u32| road.elapsed_ms(drive.heading, mm);
        drive.turn_ms + (elapsed(drive.to_mm) - elapsed(drive.from_mm))
    }

    fn bearing_at_start(&self, drive: &Drive) -> f64 {
        let road = self.contents.roads.road(drive.road as usize);
        road.point(drive.from_mm).bearing_deg(road.point(towards(drive.from_mm, drive.to_mm)))
    }

    fn bearing_at_end(&self, drive: &Drive) -> f64 {
        let road = self.contents.roads.road(drive.road as usize);
        road.point(towards(drive.to_mm, drive.from_mm)).bearing_deg(road.point(drive.to_mm))
    }

    /// Whether a drive is on a road that is part of a roundabout.
    fn is_roundabout(&self, drive: &Drive) -> bool {
        let own = course(drive.road, drive.heading);
        if !self.is_one_way(own) || self.length_mm(own) > ROUND_MM_MAX {
            return false;
        }
        let Some(first) = self.departure(drive.road, drive.heading) else { return false };
        let mut way = vec![own];
        let mut looked_at = 0;
        self.goes_round(own, first.head, self.length_mm(own), &mut way, &mut looked_at)
    }

    /// Whether one-way roads lead from `node` back to the start of `own` in a round ring; depth first, bounded.
    fn goes_round(
        &self,
        own: u32,
        node: u32,
        driven_mm: u32,
        way: &mut Vec<u32>,
        looked_at: &mut usize,
    ) -> bool {
        for arc in self.graph.out_arcs(node) {
            *looked_at += 1;
            if *looked_at > ROUND_ARCS_MAX {
                return false;
            }
            if arc.course == own {
                return self.is_round(way, driven_mm);
            }
            let far_mm = driven_mm.saturating_add(self.length_mm(arc.course));
            if far_mm > ROUND_MM_MAX || way.contains(&arc.course) || !self.is_one_way(arc.course) {
                continue;
            }
            way.push(arc.course);
            if self.goes_round(own, arc.head, far_mm, way, looked_at) {
                return true;
            }
            way.pop();
        }
        false
    }

    /// Whether a closed way is about a circle: its area beside that of the circle as long as it (isoperimetric quotient).
    fn is_round(&self, way: &[u32], length_mm: u32) -> bool {
        let mut ring: Vec<LatLon> = Vec::new();
        for &course in way {
            let points = self.contents.roads.road(course as usize / 2).points;
            match heading_of(course) {
                Heading::Forward => ring.extend(points),
                Heading::Backward => ring.extend(points.iter().rev()),
            }
        }
        let Some(&origin) = ring.first() else { return false };
        let flat = |point: &LatLon| {
            let distance = origin.distance_m(*point);
            let (sin, cos) = origin.bearing_deg(*point).to_radians().sin_cos();
            (distance * sin, distance * cos)
        };
        let ends = ring.iter().zip(ring.iter().cycle().skip(1));
        let twice_area: f64 =
            ends.map(|(a, b)| (flat(a), flat(b))).map(|(a, b)| a.0 * b.1 - b.0 * a.1).sum();
        let length_m = f64::from(length_mm) / 1000.0;
        let roundness = 2.0 * std::f64::consts::PI * twice_area.abs() / (length_m * length_m);
        roundness > if length_mm < SQUARE_MM_MAX { SQUARENESS_MIN } else { ROUNDNESS_MIN }
    }

    fn length_mm(&self, course: u32) -> u32 {
        self.contents.roads.road(course as usize / 2).length_mm()
    }

    /// Whether a course may be driven and the one against it may not, whatever the traffic.
    fn is_one_way(&self, course: u32) -> bool {
        let road = self.contents.roads.road(course as usize / 2);
        let heading = heading_of(course);
        HEADINGS.into_iter().all(|other| road.is_open(other) == (other == heading))
    }
}

/// The position [`ANGLE_MM`] from one towards another, or that if it is nearer.
fn towards(from_mm: u32, to_mm: u32) -> u32 {
    if from_mm < to_mm {
        to_mm.min(from_mm.saturating_add(ANGLE_MM))
    } else {
        to_mm.max(from_mm.saturating_sub(ANGLE_MM))
    }
}

/// The angle from one bearing to another, from -180 (left) to 180 (right) degrees.
pub(super) fn turned(from_deg: f64, to_deg: f64) -> f64 {
    (to_deg - from_deg + 540.0).rem_euclid(360.0) - 180.0
}

fn turn(angle_deg: f64) -> Turn {
    match angle_deg {
        -20.0..=20.0 => Turn::Straight,
        -60.0..-20.0 => Turn::SlightLeft,
        -120.0..-60.0 => Turn::Left,
        -165.0..-120.0 => Turn::SharpLeft,
        20.0..60.0 => Turn::SlightRight,
        60.0..120.0 => Turn::Right,
        120.0..165.0 => Turn::SharpRight,
        _ => Turn::UTurn,
    }
}
