//! The map of a report: main roads, pickups, refused requests.

use sharxi_engine::geo::LatLon;

use crate::ground::Landscape;
use crate::trips::{Answer, Story};

const WIDTH: f64 = 700.0;

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
struct Projection {
    west: f64,
    north: f64,
    scale: f64,
    shrink: f64,
    height: f64,
}

impl Projection {
    fn new(landscape: &Landscape) -> Option<Self> {
        let points = || landscape.streets.iter().flat_map(|street| &street.geometry);
        let fold =
            |value: fn(&LatLon) -> f64, pick: fn(f64, f64) -> f64| points().map(value).reduce(pick);
        let (south, north) = (fold(|p| p.lat(), f64::min)?, fold(|p| p.lat(), f64::max)?);
        let (west, east) = (fold(|p| p.lon(), f64::min)?, fold(|p| p.lon(), f64::max)?);
        let shrink = f64::midpoint(south, north).to_radians().cos();
        let scale = WIDTH / ((east - west) * shrink).max(1e-6);
        Some(Self { west, north, scale, shrink, height: (north - south) * scale })
    }

    fn place(&self, lat: f64, lon: f64) -> (f64, f64) {
        ((lon - self.west) * self.shrink * self.scale, (self.north - lat) * self.scale)
    }
}

/// The map; empty if the region has no roads.
#[must_use]
pub fn pickups(landscape: &Landscape, story: &Story) -> String {
    let Some(projection) = Projection::new(landscape) else { return String::new() };
    let mut body = String::new();
    for class in ["minor", "main"] {
        let mut path = String::new();
        for street in &landscape.streets {
            let is_in = |&&(name, style): &&(&str, &str)| name == street.class && style == class;
            if CLASSES.iter().any(|entry| is_in(&entry)) {
                draw(&projection, &street.geometry, &mut path);
            }
        }
        body.push_str(&format!("<path class=\"road {class}\" d=\"{path}\"/>"));
    }
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
    let height = projection.height;
    format!(
        "<svg role=\"img\" aria-label=\"Map of pickups\" viewBox=\"-4 -4 {:.0} {:.0}\">{body}</svg>",
        WIDTH + 8.0,
        height + 8.0
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
