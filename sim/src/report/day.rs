//! The map of a report on which the day goes by: vehicles on their ways, riders who wait, who were refused.
//!
//! All of it is in the page: roads as on the other maps, drives as thinned tracks ([`crate::tracks`]) in whole units of half a
//! pixel and whole seconds, written as differences in the base64 of variable length that source maps use (VLQ: five bits
//! and a sign, the lowest first). `day.js` reads and draws them.

use serde_json::json;
use sharxi_engine::geo::LatLon;
use sharxi_engine::units::EngineTime;

use crate::event_log::RecordKind;
use crate::report::map::{self, MARGIN, Projection, WIDTH};
use crate::report::svg::escape;
use crate::study::{Prepared, Study};
use crate::tracks::Track;
use crate::trips::{Answer, Story, Trip};

/// Units of a pixel of the map.
const UNITS: f64 = 2.0;

/// What stands for a rider who was refused, in place of the seconds waited.
const REFUSED: i64 = -1;

/// The section of the report; empty if no drive was noted or the region has no roads.
#[must_use]
pub fn section(prepared: &Prepared, study: &Study) -> String {
    let tracks = &study.outcome.tracks;
    let projection = Projection::new(&prepared.landscape).filter(|_| !tracks.is_empty());
    let Some(projection) = projection else { return String::new() };
    let start = prepared.period.start;
    let scene = Scene { projection: &projection, start };
    let shifts_end = study.story.vehicles.iter().map(|day| day.shift_end).max();
    let last = tracks.iter().filter_map(|track| track.points.last()).map(|point| point.1).max();
    // Shifts of vehicles made from counts go on for hours after the last ride.
    let end = last.or(shifts_end).unwrap_or(start).max(prepared.period.end);
    let data = json!({
        "clock": prepared.period.clock.ms_of_day(start) / 1000,
        "span": scene.seconds(end),
        "scale": UNITS,
        "margin": MARGIN,
        "width": WIDTH + 2.0 * MARGIN,
        "vehicles": vehicles(&scene, &study.outcome.records, &study.story, tracks),
        "riders": riders(&scene, &study.story),
    });
    let roads = map::finish("Map of the day", &projection, &map::roads(&["minor", "main"]));
    // JSON in a page must not end its element.
    let data = data.to_string().replace('<', "\\u003c");
    format!(
        "<section class=\"day\" id=\"day\"><h2>The day</h2><p>Vehicles by people on board: <span class=\"key k0\"></span> none, \
         <span class=\"key k1\"></span> one, <span class=\"key k2\"></span> two, <span class=\"key k3\"></span> three or more; small if they stand. \
         <span class=\"key wait\"></span> Waits; <span class=\"key no\"></span> was refused in the last five minutes.</p>\
         <div class=\"stage\" tabindex=\"0\" role=\"group\" aria-label=\"{label}\">{roads}<canvas aria-hidden=\"true\"></canvas></div>\
         <div class=\"controls\"><button type=\"button\" id=\"day-play\">Play</button>\
         <label>Speed <select id=\"day-speed\"><option value=\"60\">1 min/s</option><option value=\"300\" selected>5 min/s</option>\
         <option value=\"900\">15 min/s</option><option value=\"3600\">1 h/s</option></select></label>\
         <label class=\"time\">Time <input type=\"range\" id=\"day-time\" min=\"0\" max=\"{max}\" step=\"10\" value=\"0\"></label>\
         <output id=\"day-clock\"></output></div><p id=\"day-now\"></p>\
         <noscript><p>The map moves only with JavaScript.</p></noscript>\
         <script type=\"application/json\" id=\"day-data\">{data}</script>\n<script>{SCRIPT}</script></section>\n",
        label = escape(
            "Map of the day. Space plays and pauses; arrow keys go one minute, with Shift a quarter of an hour."
        ),
        max = scene.seconds(end),
    )
}

const SCRIPT: &str = include_str!("day.js");

/// How places and times become whole numbers.
struct Scene<'a> {
    projection: &'a Projection,
    start: EngineTime,
}

impl Scene<'_> {
    #[expect(clippy::cast_possible_truncation, reason = "a few thousand units")]
    fn place(&self, lat: f64, lon: f64) -> (i64, i64) {
        let (x, y) = self.projection.place(lat, lon);
        ((x * UNITS).round() as i64, (y * UNITS).round() as i64)
    }

    fn point(&self, point: LatLon) -> (i64, i64) {
        self.place(point.lat(), point.lon())
    }

    fn seconds(&self, time: EngineTime) -> i64 {
        (time.unix_ms() - self.start.unix_ms()).div_euclid(1000)
    }
}

/// By vehicle, in order of shifts: name, where and from when to when it is on shift, its drives. A drive is: seconds since
/// the last one ended, people on board, points after the first, and for each of them seconds and units since the one before;
/// the first is where the vehicle stood.
fn vehicles(
    scene: &Scene<'_>,
    records: &[crate::event_log::Record],
    story: &Story,
    tracks: &[Track],
) -> Vec<serde_json::Value> {
    let begun = records.iter().filter_map(|record| match &record.kind {
        RecordKind::ShiftStarted { vehicle_id, stand } => Some((vehicle_id.as_str(), *stand)),
        _ => None,
    });
    let stands: std::collections::BTreeMap<_, _> = begun.collect();
    let mut drives: Vec<Vec<&Track>> = vec![Vec::new(); story.vehicles.len()];
    for track in tracks {
        if let Some(of_vehicle) = drives.get_mut(track.vehicle.idx()) {
            of_vehicle.push(track);
        }
    }
    let of_vehicle = |(day, drives): (&crate::trips::VehicleDay, Vec<&Track>)| {
        let stand = stands.get(day.name.as_str())?;
        let begin = scene.seconds(day.shift_start);
        let (mut at, mut time) = (scene.place(stand.lat, stand.lon), begin);
        let mut line = String::new();
        let (x, y) = at;
        for track in drives {
            let mut points = track.points.iter();
            let set_off = points.next().map_or(time, |point| scene.seconds(point.1));
            let head = [set_off - time, i64::from(track.passengers), count(points.len())];
            head.iter().for_each(|&value| push(value, &mut line));
            time = set_off;
            for &(point, passed) in points {
                let (next, passed) = (scene.point(point), scene.seconds(passed));
                [passed - time, next.0 - at.0, next.1 - at.1]
                    .iter()
                    .for_each(|&value| push(value, &mut line));
                (at, time) = (next, passed);
            }
        }
        Some(json!([day.name, x, y, begin, scene.seconds(day.shift_end), line]))
    };
    story.vehicles.iter().zip(drives).filter_map(of_vehicle).collect()
}

/// Riders in order of when they began to wait: seconds since the one before, where they stand, seconds waited or
/// [`REFUSED`]. Whoever was promised and never boarded is left out.
fn riders(scene: &Scene<'_>, story: &Story) -> String {
    let waits = |trip: &Trip| {
        let (begin, waited) = match &trip.answer {
            Answer::None => return None,
            Answer::Rejected { .. } => (trip.requested_at, REFUSED),
            Answer::Promised(ride) => {
                let boarded = scene.seconds(ride.boarded_at?);
                (ride.ready_at, (boarded - scene.seconds(ride.ready_at)).max(0))
            }
        };
        Some((scene.seconds(begin), scene.place(trip.from[0], trip.from[1]), waited))
    };
    let mut all: Vec<_> = story.trips.iter().filter_map(waits).collect();
    all.sort_unstable();
    let mut line = String::new();
    let mut before = (0, (0, 0));
    for (begin, at, waited) in all {
        let (begun, (x, y)) = before;
        [begin - begun, at.0 - x, at.1 - y, waited]
            .iter()
            .for_each(|&value| push(value, &mut line));
        before = (begin, at);
    }
    line
}

fn count(n: usize) -> i64 {
    i64::try_from(n).unwrap_or(i64::MAX)
}

/// Appends a number.
fn push(value: i64, line: &mut String) {
    const DIGITS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let mut rest = (value.unsigned_abs() << 1) | u64::from(value < 0);
    loop {
        let more = u64::from(rest >= 32) << 5;
        let digit = (rest & 31) | more;
        line.push(char::from(DIGITS[usize::try_from(digit).unwrap_or(0)]));
        rest >>= 5;
        if rest == 0 {
            return;
        }
    }
}

#[cfg(test)]
mod tests;
