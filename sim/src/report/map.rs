//! The map of a report: main roads, pickups, refused requests.

use std::collections::BTreeMap;

use sharxi_engine::geo::LatLon;

use crate::ground::Landscape;
use crate::kpi::{self, Spread};
use crate::trips::{Answer, Story, Trip};

/// Width of a map; its height follows from the region.
pub(crate) const WIDTH: f64 = 700.0;
/// Room around it.
pub(crate) const MARGIN: f64 = 4.0;

/// Roads that are drawn, with the class that styles them.
const CLASSES: [(&str, &str); 7] = [
    ("motorway", "main"),
    ("trunk", "main"),
    ("primary", "main"),
    ("secondary", "main"),
    ("tertiary", "minor"),
    ("unclassified", "minor"),
    ("residential", "minor"),
];

/// Latitude and longitude to the plane of the picture.
pub(crate) struct Projection {
    west: f64,
    north: f64,
    scale: f64,
    shrink: f64,
    pub(crate) height: f64,
}

impl Projection {
    pub(crate) fn new(landscape: &Landscape) -> Option<Self> {
        let points = || landscape.streets.iter().flat_map(|street| &street.geometry);
        let fold =
            |value: fn(&LatLon) -> f64, pick: fn(f64, f64) -> f64| points().map(value).reduce(pick);
        let (south, north) = (fold(|p| p.lat(), f64::min)?, fold(|p| p.lat(), f64::max)?);
        let (west, east) = (fold(|p| p.lon(), f64::min)?, fold(|p| p.lon(), f64::max)?);
        let shrink = f64::midpoint(south, north).to_radians().cos();
        let scale = WIDTH / ((east - west) * shrink).max(1e-6);
        Some(Self { west, north, scale, shrink, height: (north - south) * scale })
    }

    pub(crate) fn place(&self, lat: f64, lon: f64) -> (f64, f64) {
        ((lon - self.west) * self.shrink * self.scale, (self.north - lat) * self.scale)
    }
}

/// The map; empty if the region has no roads.
#[must_use]
pub fn pickups(landscape: &Landscape, story: &Story) -> String {
    let Some(projection) = Projection::new(landscape) else { return String::new() };
    let mut body = roads(&["minor", "main"]);
    for trip in &story.trips {
        let (x, y) = projection.place(trip.from[0], trip.from[1]);
        let class = match trip.answer {
            Answer::Promised(_) => "pickup",
            Answer::None | Answer::Rejected { .. } => "refused",
        };
        body.push_str(&format!(
            "<circle class=\"{class}\" cx=\"{x:.0}\" cy=\"{y:.0}\" r=\"1.8\"/>"
        ));
    }
    finish("Map of pickups", &projection, &body)
}

/// How well each place is served: a circle for each square of about 2 km, as large as it has requests. Colours say how
/// long 95 % of its riders waited at most: less than half of the longest wait, more, or that somebody was refused.
#[must_use]
pub fn places(landscape: &Landscape, story: &Story, max_wait_s: f64) -> String {
    let Some(projection) = Projection::new(landscape) else { return String::new() };
    let mut body = roads(&["main"]);
    for place in served_places(story) {
        let (x, y) = projection.place(place.middle[0], place.middle[1]);
        let p95_s = place.waits.p95.unwrap_or(0.0);
        let class = match (place.refused, p95_s < max_wait_s / 2.0) {
            (0, true) => "good",
            (0, false) => "soft",
            _ => "bad",
        };
        let radius = (place.requests as f64).sqrt().clamp(1.5, 20.0);
        body.push_str(&format!(
            "<circle class=\"place {class}\" cx=\"{x:.0}\" cy=\"{y:.0}\" r=\"{radius:.1}\"><title>{} requests, \
             {} refused, 95 % waited at most {:.1} min</title></circle>",
            place.requests,
            place.refused,
            p95_s / 60.0
        ));
    }
    finish("Map of waits by place", &projection, &body)
}

/// What became of the requests of one square.
#[derive(Clone, Debug, PartialEq)]
pub struct ServedPlace {
    /// Mean of the pickups, `[lat, lon]`.
    pub middle: [f64; 2],
    /// Requests.
    pub requests: usize,
    /// Of them refused.
    pub refused: usize,
    /// Seconds of waiting.
    pub waits: Spread,
}

/// The squares of a story, in order from south to north.
#[must_use]
pub fn served_places(story: &Story) -> Vec<ServedPlace> {
    /// Side of a square in degrees of latitude.
    const SIDE_DEG: f64 = 0.018;
    let mut squares: BTreeMap<(i64, i64), Vec<&Trip>> = BTreeMap::new();
    for trip in &story.trips {
        let line = (trip.from[0] / SIDE_DEG).floor();
        let shrink = (line * SIDE_DEG).to_radians().cos().max(0.1);
        let column = (trip.from[1] * shrink / SIDE_DEG).floor();
        #[expect(clippy::cast_possible_truncation, reason = "degrees by hundredths fit")]
        squares.entry((line as i64, column as i64)).or_default().push(trip);
    }
    let of_square = |trips: Vec<&Trip>| {
        let mean = |of: fn(&Trip) -> f64| {
            trips.iter().map(|trip| of(trip)).sum::<f64>() / trips.len() as f64
        };
        let rides = trips.iter().filter_map(|trip| match &trip.answer {
            Answer::Promised(ride) => Some(ride),
            Answer::None | Answer::Rejected { .. } => None,
        });
        ServedPlace {
            middle: [mean(|trip| trip.from[0]), mean(|trip| trip.from[1])],
            requests: trips.len(),
            refused: trips.len() - rides.clone().count(),
            waits: kpi::spread(rides.filter_map(|ride| ride.wait_s())),
        }
    };
    squares.into_values().map(of_square).collect()
}

/// The courses of all roads, once for all maps of a page; empty if the region has none.
#[must_use]
pub fn road_shapes(landscape: &Landscape) -> String {
    let Some(projection) = Projection::new(landscape) else { return String::new() };
    let shape = |class: &str| {
        let mut path = String::new();
        for street in &landscape.streets {
            if CLASSES.iter().any(|&(name, style)| name == street.class && style == class) {
                draw(&projection, &street.geometry, &mut path);
            }
        }
        format!("<path id=\"road-{class}\" class=\"road {class}\" d=\"{path}\"/>")
    };
    let shapes = ["minor", "main"].map(shape).concat();
    format!("<svg class=\"shapes\" aria-hidden=\"true\"><defs>{shapes}</defs></svg>\n")
}

/// The roads of a map, by their names in [`road_shapes`].
pub(crate) fn roads(classes: &[&str]) -> String {
    classes.iter().map(|class| format!("<use href=\"#road-{class}\"/>")).collect()
}

pub(crate) fn finish(label: &str, projection: &Projection, body: &str) -> String {
    format!(
        "<svg role=\"img\" aria-label=\"{label}\" viewBox=\"-{MARGIN} -{MARGIN} {:.0} {:.0}\">{body}</svg>",
        WIDTH + 2.0 * MARGIN,
        projection.height + 2.0 * MARGIN
    )
}

/// Points closer than a pixel to the last one are left out.
fn draw(projection: &Projection, geometry: &[LatLon], path: &mut String) {
    let mut last: Option<(f64, f64)> = None;
    for (idx, point) in geometry.iter().enumerate() {
        let (x, y) = projection.place(point.lat(), point.lon());
        let is_end = idx + 1 == geometry.len();
        match last {
            None => path.push_str(&format!("M{x:.0} {y:.0}")),
            Some((px, py)) if (px - x).hypot(py - y) < 1.0 && !is_end => continue,
            Some(_) => path.push_str(&format!("L{x:.0} {y:.0}")),
        }
        last = Some((x, y));
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{testing, trips};

    #[test]
    fn places_have_every_request_and_every_refusal() {
        let outcome = testing::play(&testing::demand(200, 4), &testing::fleet(3));
        let story = trips::read(&outcome.records);
        let places = served_places(&story);
        let refused = story.trips.len() - story.rides().count();
        assert!(refused > 0 && places.len() > 3);
        assert_eq!(places.iter().map(|place| place.requests).sum::<usize>(), 200);
        assert_eq!(places.iter().map(|place| place.refused).sum::<usize>(), refused);
    }
}
