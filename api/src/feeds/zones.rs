//! Where rides begin and end: the area around all roads of the region, or the zones of a GeoJSON file.
//!
//! Polygons are checked to be valid by the rules of OGC simple features (crate `geo`), as GTFS asks for.

use std::path::{Path, PathBuf};

use geo::{Contains, Coord, LineString, MultiPolygon, Polygon, Validation};
use serde::Deserialize;
use serde_json::{Value, json};
use sharxi_engine::geo::LatLon;
use sharxi_engine::oracle::Location;
use sharxi_engine::region::Sense;
use sharxi_engine::units::Millis;

use crate::limits::{ZONE_BYTES_MAX, ZONE_POINTS_MAX, ZONES_MAX};
use crate::map::Map;

/// Cells of the area around roads, in metres: what is filled is at most about as far from a road as a rider may be.
const CELL_M: u32 = 500;

/// A zone: rides begin and end in it.
#[derive(Clone, Debug, PartialEq)]
pub struct Zone {
    /// Its name in feeds.
    pub id: String,
    /// Its name for people.
    pub name: String,
    /// Longitude as x, latitude as y.
    pub area: MultiPolygon<f64>,
}

/// What is wrong with a file of zones.
#[derive(Debug, thiserror::Error)]
pub enum ZoneError {
    /// Can't be read.
    #[error("read zones {path}")]
    Read {
        /// The file.
        path: PathBuf,
        /// What came of it.
        #[source]
        source: std::io::Error,
    },
    /// Is something else.
    #[error("read zones {path}: {what}")]
    Wrong {
        /// The file.
        path: PathBuf,
        /// What is wrong.
        what: String,
    },
}

#[derive(Deserialize)]
struct Collection {
    r#type: String,
    features: Vec<Feature>,
}

#[derive(Deserialize)]
struct Feature {
    #[serde(default)]
    id: Option<Value>,
    #[serde(default)]
    properties: Option<serde_json::Map<String, Value>>,
    geometry: Geometry,
}

type Ring = Vec<Vec<f64>>;

#[derive(Deserialize)]
#[serde(tag = "type", content = "coordinates")]
enum Geometry {
    Polygon(Vec<Ring>),
    MultiPolygon(Vec<Vec<Ring>>),
}

impl Zone {
    /// Whether a ride may begin or end at `point`.
    #[must_use]
    pub fn contains(&self, point: LatLon) -> bool {
        self.area.contains(&Coord { x: point.lon(), y: point.lat() })
    }

    /// Its GeoJSON geometry.
    #[must_use]
    pub fn geometry(&self) -> Value {
        let ring = |line: &LineString<f64>| -> Value {
            line.coords().map(|at| json!([at.x, at.y])).collect()
        };
        let polygon = |area: &Polygon<f64>| -> Value {
            std::iter::once(area.exterior()).chain(area.interiors()).map(ring).collect()
        };
        match self.area.0.as_slice() {
            [only] => json!({ "type": "Polygon", "coordinates": polygon(only) }),
            all => {
                let all: Value = all.iter().map(polygon).collect();
                json!({ "type": "MultiPolygon", "coordinates": all })
            }
        }
    }
}

/// Reads the zones of a GeoJSON file.
///
/// # Errors
/// [`ZoneError`].
pub fn read(path: &Path) -> Result<Vec<Zone>, ZoneError> {
    let unread = |source| ZoneError::Read { path: path.to_owned(), source };
    let wrong = |what: String| ZoneError::Wrong { path: path.to_owned(), what };
    if ZONE_BYTES_MAX < std::fs::metadata(path).map_err(unread)?.len() {
        return Err(wrong(format!("it has more than {ZONE_BYTES_MAX} bytes")));
    }
    parse(&std::fs::read_to_string(path).map_err(unread)?).map_err(wrong)
}

/// Reads zones.
///
/// # Errors
/// What is wrong with them.
pub fn parse(text: &str) -> Result<Vec<Zone>, String> {
    let collection: Collection = serde_json::from_str(text).map_err(|error| error.to_string())?;
    if collection.r#type != "FeatureCollection" {
        return Err("it must be a FeatureCollection".to_owned());
    }
    if !(1..=ZONES_MAX).contains(&collection.features.len()) {
        return Err(format!("it must have 1 to {ZONES_MAX} features"));
    }
    let zones =
        collection.features.into_iter().enumerate().map(|(nth, feature)| zone(nth, feature));
    let zones = zones.collect::<Result<Vec<Zone>, String>>()?;
    let n_points: usize = zones.iter().map(|zone| geo::CoordsIter::coords_count(&zone.area)).sum();
    if ZONE_POINTS_MAX < n_points {
        return Err(format!("it must have at most {ZONE_POINTS_MAX} points"));
    }
    for (nth, zone) in zones.iter().enumerate() {
        if zones.iter().take(nth).any(|other| other.id == zone.id) {
            return Err(format!("two zones are called {}", zone.id));
        }
        zone.area.check_validation().map_err(|error| format!("zone {}: {error}", zone.id))?;
    }
    Ok(zones)
}

fn zone(nth: usize, feature: Feature) -> Result<Zone, String> {
    let properties = feature.properties.unwrap_or_default();
    let text = |value: &Value| match value {
        Value::String(text) => Some(text.clone()),
        Value::Number(number) => Some(number.to_string()),
        _ => None,
    };
    let id = feature.id.as_ref().or_else(|| properties.get("zone_id")).and_then(text);
    let id = id.unwrap_or_else(|| format!("zone-{}", nth + 1));
    let plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.');
    if !(1..=64).contains(&id.len()) || !id.chars().all(plain) {
        return Err(format!(
            "zone {}: its id must be 1 to 64 letters, digits, dots or dashes",
            nth + 1
        ));
    }
    let name = properties.get("name").or_else(|| properties.get("stop_name")).and_then(text);
    let name = name.filter(|name| !name.contains(char::is_control) && name.len() <= 200);
    let polygons = match feature.geometry {
        Geometry::Polygon(rings) => vec![rings],
        Geometry::MultiPolygon(polygons) => polygons,
    };
    let area = polygons.into_iter().map(polygon).collect::<Result<Vec<_>, String>>();
    let area = area.map_err(|error| format!("zone {id}: {error}"))?;
    if area.is_empty() {
        return Err(format!("zone {id}: it has no polygon"));
    }
    Ok(Zone { name: name.unwrap_or_else(|| id.clone()), id, area: MultiPolygon(area) })
}

fn polygon(rings: Vec<Ring>) -> Result<Polygon<f64>, String> {
    let mut rings = rings.into_iter().map(ring);
    let outer = rings.next().ok_or("a polygon without a ring")??;
    Ok(Polygon::new(outer, rings.collect::<Result<_, String>>()?))
}

fn ring(points: Ring) -> Result<LineString<f64>, String> {
    let point = |at: Vec<f64>| match *at.as_slice() {
        [lon, lat, ..] if LatLon::from_degrees(lat, lon).is_some() => Ok(Coord { x: lon, y: lat }),
        _ => Err("a point must be [longitude, latitude] within 180 and 90 degrees".to_owned()),
    };
    let points = points.into_iter().map(point).collect::<Result<Vec<_>, String>>()?;
    if points.len() < 4 || points.first() != points.last() {
        return Err("a ring must have at least 4 points and end where it begins".to_owned());
    }
    Ok(LineString(points))
}

/// The area around all roads that are reached from `centre`, or from the middle of the region; the region's
/// bounds where there are no roads to ask.
#[must_use]
pub fn of_region(map: &dyn Map, centre: Option<Location>) -> Vec<Zone> {
    let (low, high) = map.bounds();
    let middle =
        [(low.lat(), high.lat()), (low.lon(), high.lon())].map(|(a, b)| f64::midpoint(a, b));
    let middle = LatLon::from_degrees(middle[0], middle[1]);
    let nearest = |point| map.snap(point, ANYWHERE_M).map(|snap| snap.location);
    let centre = centre.or_else(|| middle.and_then(nearest));
    let areas = map.region().zip(centre).map(|(region, centre)| {
        region.isochrones(centre, Sense::Away, &[LONGEST], CELL_M).into_iter().flatten()
    });
    let ring = |points: Vec<LatLon>| -> LineString<f64> {
        points.into_iter().map(|at| Coord { x: at.lon(), y: at.lat() }).collect()
    };
    let mut area: Vec<Polygon<f64>> = areas
        .into_iter()
        .flatten()
        .map(|area| Polygon::new(ring(area.outer), area.holes.into_iter().map(ring).collect()))
        .collect();
    if area.is_empty() {
        // A street has no area of its own.
        let (south, north) = (low.lat() - 0.01, high.lat() + 0.01);
        let (west, east) = (low.lon() - 0.01, high.lon() + 0.01);
        let corners = [(west, south), (east, south), (east, north), (west, north), (west, south)];
        area.push(Polygon::new(corners.to_vec().into(), Vec::new()));
    }
    let name = map.name().to_owned();
    vec![Zone { id: "region".to_owned(), name, area: MultiPolygon(area) }]
}

/// Farther than any two points of a region are.
const ANYWHERE_M: f64 = 20_100_000.0;
/// Everything that can be reached at all.
const LONGEST: Millis = Millis::from_secs(86_400);

#[cfg(test)]
mod tests {
    use super::*;

    fn collection(features: &str) -> String {
        format!(r#"{{"type":"FeatureCollection","features":[{features}]}}"#)
    }

    const SQUARE: &str = r#"{"type":"Feature","id":"a","properties":{"name":"A"},
        "geometry":{"type":"Polygon","coordinates":[[[7,50],[8,50],[8,51],[7,51],[7,50]],
        [[7.4,50.4],[7.4,50.6],[7.6,50.6],[7.6,50.4],[7.4,50.4]]]}}"#;

    #[test]
    fn a_square_with_a_hole_is_read_and_written() {
        let zones = parse(&collection(SQUARE)).unwrap();
        let inside = |lat, lon| zones[0].contains(LatLon::from_degrees(lat, lon).unwrap());
        assert!(inside(50.1, 7.1));
        assert!(!inside(50.5, 7.5), "in the hole");
        assert!(!inside(50.1, 8.1));
        let again = json!({ "type": "FeatureCollection", "features": [
            { "type": "Feature", "id": "a", "properties": { "name": "A" }, "geometry": zones[0].geometry() }] });
        assert_eq!(parse(&again.to_string()).unwrap(), zones);
    }

    #[test]
    fn mistakes_are_named() {
        let twice = format!("{SQUARE},{SQUARE}");
        let many = vec![SQUARE; ZONES_MAX + 1].join(",");
        for (features, said) in [
            ("", "1 to"),
            (many.as_str(), "1 to"),
            (twice.as_str(), "two zones are called a"),
            (&SQUARE.replace("[7,50],[8,50]", "[7,50],[8,51],[8,50]"), "zone a"),
            (&SQUARE.replace("[7,51],[7,50]]", "[7,51]]"), "end where it begins"),
            (&SQUARE.replace("[8,50]", "[8,91]"), "within 180 and 90"),
            (&SQUARE.replace("[8,50]", "[8]"), "within 180 and 90"),
            (&SQUARE.replace("\"id\":\"a\"", "\"id\":\"a b\""), "its id must"),
            (&SQUARE.replace("Polygon", "Point"), "unknown variant"),
        ] {
            let error = parse(&collection(features)).unwrap_err();
            assert!(error.contains(said), "{features}: {error}");
        }
        assert!(parse("[]").is_err());
    }

    #[test]
    fn too_many_points_are_refused() {
        let n = u32::try_from(ZONE_POINTS_MAX).unwrap() + 1;
        let mut points: Vec<String> =
            (0..n).map(|nth| format!("[{},50]", f64::from(nth) / f64::from(n))).collect();
        points.extend(["[0.5,51]".to_owned(), "[0,50]".to_owned()]);
        let feature = format!(
            r#"{{"geometry":{{"type":"Polygon","coordinates":[[{}]]}}}}"#,
            points.join(",")
        );
        assert!(parse(&collection(&feature)).unwrap_err().contains("points"));
    }
}
