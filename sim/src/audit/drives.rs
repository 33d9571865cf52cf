//! The rules of the road: no vehicle is faster than the road allows, none stands where there is no road, and no direct
//! drive was said to be shorter than it is, or longer: the ride-time rule stands on it.

use std::collections::BTreeMap;

use rayon::prelude::*;

use super::files::meters;
use super::log::{Entry, Kind, Place};
use super::roads::Roads;
use super::{Breach, Breaches, Rules};

/// Slack of points rounded to 1e-7 degrees and of lengths on a sphere, in metres.
const POINT_SLACK_M: f64 = 2.0;
/// Slack of times rounded to milliseconds at both ends.
const ROUNDING_MS: u64 = 2;
/// An arc may join stretches of different speed; none is taken for more than so many times faster than the whole. With 1
/// the day of the Vulkaneifel has 46 false breaches, on stretches with two limits.
const UNEVEN: f64 = 3.0;

/// A drive between two stops.
#[derive(Clone, Copy, Debug)]
pub struct Drive {
    /// Line of the arrival.
    pub line: usize,
    /// Where it set off.
    pub from: Place,
    /// Where it arrived.
    pub to: Place,
    /// How long it took.
    pub elapsed_ms: i64,
}

/// A stop at which somebody boarded or alighted.
#[derive(Clone, Copy, Debug)]
pub struct Stop {
    /// Line of the boarding or alighting.
    pub line: usize,
    /// Where the vehicle stood.
    pub place: Place,
}

/// All drives and stops of a log.
#[derive(Debug, Default)]
pub struct Seen {
    /// Drives.
    pub drives: Vec<Drive>,
    /// First pickup of each request.
    pub pickups: BTreeMap<String, Stop>,
    /// Drop-off of each request.
    pub dropoffs: BTreeMap<String, Stop>,
}

impl Seen {
    /// How many drives.
    #[must_use]
    pub fn n_drives(&self) -> usize {
        self.drives.len()
    }
}

/// Checks all drives (in parallel: each is a search of its own; the result does not depend on the threads).
pub fn check(
    seen: &Seen,
    roads: &Roads,
    by_ride: &BTreeMap<&str, Vec<&Entry>>,
    rules: Rules,
    breaches: &mut Breaches,
) {
    let drives = seen.drives.par_iter();
    let of_drives = drives.flat_map_iter(|drive| drive_breaches(drive, roads, rules.pace_min));
    let of_drives: Vec<Breach> = of_drives.collect();
    let rides: Vec<(&&str, &Vec<&Entry>)> = by_ride.iter().collect();
    let of_rides = rides
        .par_iter()
        .filter_map(|(name, own)| direct_breach(name, own, seen, (roads, rules.roads_closed)));
    let of_rides: Vec<Breach> = of_rides.collect();
    for breach in of_drives.into_iter().chain(of_rides) {
        breaches.add(breach.line, breach.rule, breach.text);
    }
}

#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    clippy::cast_precision_loss,
    reason = "saturates; a drive is far shorter"
)]
fn drive_breaches(drive: &Drive, roads: &Roads, pace_min: f64) -> Vec<Breach> {
    let places = [drive.from, drive.to];
    let mut found: Vec<Breach> =
        places.iter().filter_map(|place| place_breach(drive.line, *place, roads)).collect();
    let (from, to) = (drive.from.arc, drive.to.arc);
    let elapsed_ms = (drive.elapsed_ms.max(0) as f64 / pace_min).ceil() as u64;
    let on_one_arc = from == to && along_ms(drive, roads) <= elapsed_ms;
    if !on_one_arc && roads.time_within(&[from[1]], &[to[0]], elapsed_ms).is_none() {
        let text = format!(
            "no road leads from node {} to node {} within the {} ms it took",
            from[1], to[0], drive.elapsed_ms
        );
        found.push(Breach { line: drive.line, rule: "speed", text });
    }
    found
}

/// Least time between two points of one arc that is not left: the crow's share of the arc's time.
#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "saturates")]
fn along_ms(drive: &Drive, roads: &Roads) -> u64 {
    let [tail, head] = drive.from.arc;
    let away_m = (meters(drive.from.point(), drive.to.point()) - POINT_SLACK_M).max(0.0);
    let pace = roads.arc_pace(tail, head).unwrap_or(0.0);
    (away_m * pace / UNEVEN) as u64
}

/// A place must lie on its arc: no further from either end than the arc is long. An arc from a node to itself is a loop
/// if there is one, or else the node.
fn place_breach(line: usize, place: Place, roads: &Roads) -> Option<Breach> {
    let [tail, head] = place.arc;
    let on_node = (tail == head).then_some(0.0);
    let length_m = roads.arc_length_m(tail, head).or(on_node);
    let ends = roads.node(tail).zip(roads.node(head));
    let on_arc = length_m.zip(ends).is_some_and(|(length_m, (tail, head))| {
        [tail, head].iter().all(|end| meters(*end, place.point()) <= length_m + POINT_SLACK_M)
    });
    let text = || format!("the vehicle does not stand on the arc [{tail}, {head}]");
    (!on_arc).then(|| Breach { line, rule: "arc", text: text() })
}

/// `direct_s` can't be less than the best drive between the ends of the two arcs, whichever way it sets off: a junction
/// with turn restrictions has several nodes, so any node at the place of an end counts as that end. Nor can it be more
/// than to drive on from the one place to the end of its arc, and to the other along the whole of its arc.
/// While roads were closed it may have been.
fn direct_breach(
    name: &str,
    own: &[&Entry],
    seen: &Seen,
    (roads, roads_closed): (&Roads, bool),
) -> Option<Breach> {
    let (line, direct_s) = own.iter().find_map(|entry| match entry.kind {
        Kind::Promised { direct_s, .. } => Some((entry.line, direct_s)),
        _ => None,
    })?;
    let (from, to) = (seen.pickups.get(name)?.place.arc, seen.dropoffs.get(name)?.place.arc);
    let breach = |text: String| Some(Breach { line, rule: "direct", text });
    let direct_ms = whole_ms(direct_s);
    if !roads_closed && let Some(best_ms) = faster_ms(from, to, direct_ms, roads) {
        return breach(format!("request {name}: {direct_s} s, but {best_ms} ms are enough"));
    }
    let is_possible =
        roads.time_within(&roads.twins(&from), &roads.twins(&to), direct_ms).is_some();
    if is_possible {
        None
    } else {
        breach(format!("request {name}: nobody drives that in {direct_s} s"))
    }
}

/// The time over the whole of both arcs, if it is less than `direct_ms`. It exists for whoever arrived on `to`.
fn faster_ms(from: [u32; 2], to: [u32; 2], direct_ms: u64, roads: &Roads) -> Option<u64> {
    let ends_ms = roads.arc_time_ms(from[0], from[1])? + roads.arc_time_ms(to[0], to[1])?;
    let limit_ms = direct_ms.checked_sub(ends_ms + ROUNDING_MS + 1)?;
    Some(ends_ms + roads.time_within(&[from[1]], &[to[0]], limit_ms)?)
}

#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "saturates")]
fn whole_ms(seconds: f64) -> u64 {
    (seconds * 1000.0).round() as u64
}
