//! Where drives led, thinned to what a map of the whole region can show.
//!
//! A point may be left out if a vehicle that drove evenly between the points that stay is never farther than
//! [`TOLERANCE_M`] from where it really was at that time (synchronised distance, Meratnia & de By 2004, in the recursion of
//! Douglas & Peucker 1973). So a track keeps bends and changes of speed alike.

use sharxi_engine::geo::LatLon;
use sharxi_engine::ids::VehicleId;
use sharxi_engine::units::{EngineTime, Millis};

/// Farthest that a thinned track is from the drive, in metres: less than a pixel on a map of 30 km and 700 pixels.
pub const TOLERANCE_M: f64 = 40.0;

/// A drive from one stop to the next.
#[derive(Clone, Debug, PartialEq)]
pub struct Track {
    /// Who drove.
    pub vehicle: VehicleId,
    /// People on board, wheelchair users included.
    pub passengers: u32,
    /// Where it was and when, in order of time; two points or more.
    pub points: Vec<(LatLon, EngineTime)>,
}

impl Track {
    /// The track of a drive from `departed` to `arrived` on `course`, whose times count from its beginning. If the drive took
    /// longer or shorter than the course was planned for, it was slower or faster everywhere alike.
    #[must_use]
    pub fn new(
        vehicle: VehicleId,
        passengers: u32,
        (departed, arrived): (EngineTime, EngineTime),
        course: &[(LatLon, Millis)],
    ) -> Self {
        let planned_ms = course.last().map_or(0, |(_, elapsed)| i64::from(elapsed.get())).max(1);
        let taken_ms = arrived.unix_ms() - departed.unix_ms();
        let at = |elapsed: Millis| {
            let ms = i64::from(elapsed.get()) * taken_ms / planned_ms;
            EngineTime::from_unix_ms(departed.unix_ms() + ms)
        };
        let points = thinned(course).into_iter().map(|(point, elapsed)| (point, at(elapsed)));
        Self { vehicle, passengers, points: points.collect() }
    }
}

/// The first point, the last, and those between that are needed.
fn thinned(course: &[(LatLon, Millis)]) -> Vec<(LatLon, Millis)> {
    let mut is_kept = vec![false; course.len()];
    let ends = [0, course.len().saturating_sub(1)];
    ends.iter().filter_map(|&end| is_kept.get_mut(end).map(|kept| *kept = true)).count();
    // Pairs of kept points between which is still to be looked; each pair splits at most once for each point.
    let mut open = vec![(ends[0], ends[1])];
    while let Some((first, last)) = open.pop() {
        let farthest = (first + 1..last)
            .map(|idx| (idx, off_m(course[idx], course[first], course[last])))
            .max_by(|a, b| a.1.total_cmp(&b.1));
        if let Some((idx, _)) = farthest.filter(|&(_, off_m)| TOLERANCE_M < off_m) {
            is_kept[idx] = true;
            open.extend([(first, idx), (idx, last)]);
        }
    }
    course.iter().zip(is_kept).filter_map(|(&point, kept)| kept.then_some(point)).collect()
}

/// Metres between where a vehicle is and where it would be at that time if it drove evenly from `first` to `last`.
fn off_m(
    (point, time): (LatLon, Millis),
    (first, begin): (LatLon, Millis),
    (last, end): (LatLon, Millis),
) -> f64 {
    let whole_ms = f64::from(end.get()) - f64::from(begin.get());
    let share = if whole_ms > 0.0 {
        (f64::from(time.get()) - f64::from(begin.get())) / whole_ms
    } else {
        0.0
    };
    let between = |from: f64, to: f64| from + share * (to - from);
    let (lat, lon) = (between(first.lat(), last.lat()), between(first.lon(), last.lon()));
    let (north, east) = (point.lat() - lat, (point.lon() - lon) * lat.to_radians().cos());
    /// Metres of a degree of latitude.
    const DEGREE_M: f64 = 111_195.0;
    north.hypot(east) * DEGREE_M
}

#[cfg(test)]
mod tests {
    use super::*;

    fn course(points: &[(f64, f64, u32)]) -> Vec<(LatLon, Millis)> {
        let point = |&(lat, lon, s): &(f64, f64, u32)| {
            (LatLon::from_degrees(lat, lon).unwrap(), Millis::new(s * 1000))
        };
        points.iter().map(point).collect()
    }

    #[test]
    fn bends_and_changes_of_speed_stay_and_nothing_else() {
        // Evenly along a line: only its ends. 0.01 degrees are some 1,100 m.
        let even = course(&[(54.0, -4.0, 0), (54.01, -4.0, 60), (54.02, -4.0, 120)]);
        assert_eq!(thinned(&even), [even[0], even[2]]);
        let bend = course(&[(54.0, -4.0, 0), (54.01, -4.01, 60), (54.02, -4.0, 120)]);
        assert_eq!(thinned(&bend), bend);
        let slower = course(&[(54.0, -4.0, 0), (54.01, -4.0, 60), (54.02, -4.0, 300)]);
        assert_eq!(thinned(&slower), slower);
        assert_eq!(thinned(&even[..1]), even[..1]);
        assert!(thinned(&[]).is_empty());
    }

    #[test]
    fn a_slower_drive_is_slower_everywhere() {
        let bend = course(&[(54.0, -4.0, 0), (54.01, -4.01, 60), (54.02, -4.0, 120)]);
        let time = |s: i64| EngineTime::from_unix_ms(s * 1000);
        let track = Track::new(VehicleId::new(0), 2, (time(1000), time(1240)), &bend);
        let times: Vec<i64> = track.points.iter().map(|(_, at)| at.unix_ms() / 1000).collect();
        assert_eq!(times, [1000, 1120, 1240]);
    }
}
