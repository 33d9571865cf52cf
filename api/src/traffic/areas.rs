//! Traffic by area: GeoJSON (RFC 7946) polygons with the properties `speed_kmh`, `percent` or `closed`.

use serde_json::Value;
use sharxi_engine::geo::LatLon;
use sharxi_engine::region::{Effect, Scope, TrafficChange};

use super::{
    DIRECTIONS, Feed, FeedError, ONE_EFFECT, PERCENT, ROWS_MAX, SPEED, closed, directions, percent,
    speed,
};

/// Reads a `FeatureCollection` of polygons and multipolygons; holes are left out of an area.
///
/// # Errors
/// [`FeedError`] with the place for the first thing that is not as documented; then nothing is taken.
pub fn read(text: &[u8]) -> Result<Feed, FeedError> {
    let syntax = |what: &str| FeedError::Syntax { what: what.to_owned() };
    let document: Value =
        serde_json::from_slice(text).map_err(|error| syntax(&error.to_string()))?;
    if document["type"] != "FeatureCollection" {
        return Err(syntax("this is not a GeoJSON FeatureCollection"));
    }
    let features = document["features"].as_array().ok_or_else(|| syntax("features are missing"))?;
    if features.len() > ROWS_MAX {
        return Err(FeedError::TooLong { limit: ROWS_MAX });
    }
    let mut feed = Feed { rows: features.len(), ..Feed::default() };
    for (idx, feature) in features.iter().enumerate() {
        let place = format!("features[{idx}]");
        let scope = Scope::Area(corners(&feature["geometry"], &place)?);
        feed.changes.push(change(scope, &feature["properties"], &place)?);
    }
    Ok(feed)
}

/// A change from the properties of a feature, or the fields of a message.
///
/// # Errors
/// [`FeedError`] naming the field.
pub fn change(scope: Scope, fields: &Value, place: &str) -> Result<TrafficChange, FeedError> {
    let value = |field: &str, allowed: &'static str| FeedError::Value {
        place: format!("{place}.{field}"),
        found: fields[field].to_string().chars().take(40).collect(),
        allowed,
    };
    let read = |field: &str, allowed, parse: &dyn Fn(&Value) -> Option<Effect>| {
        if fields[field].is_null() {
            return Ok(None);
        }
        parse(&fields[field]).map(Some).ok_or_else(|| value(field, allowed))
    };
    let number = |given: &Value| given.as_u64().and_then(|given| u32::try_from(given).ok());
    let effects = [
        read("speed_kmh", SPEED, &|given| speed(given.as_f64()?))?,
        read("percent", PERCENT, &|given| percent(number(given)?))?,
        read("closed", "true or false", &|given| given.as_bool().map(closed))?,
    ];
    let mut given = effects.into_iter().flatten();
    let (Some(effect), None) = (given.next(), given.next()) else {
        return Err(FeedError::Rule { place: place.to_owned(), rule: ONE_EFFECT });
    };
    let along = &fields["direction"];
    let along = if along.is_null() { Some("") } else { along.as_str() };
    let directions = along.and_then(directions).ok_or_else(|| value("direction", DIRECTIONS))?;
    Ok(TrafficChange { scope, directions, effect })
}

/// The corners of all rings in one go. Each ring returns to its start and then to the first of all; those ways back and
/// forth cancel out by the even-odd rule, and a ring inside another one is a hole.
fn corners(geometry: &Value, place: &str) -> Result<Vec<LatLon>, FeedError> {
    let wrong = |field: &str, found: &Value, allowed| FeedError::Value {
        place: format!("{place}.geometry.{field}"),
        found: found.to_string().chars().take(40).collect(),
        allowed,
    };
    let coordinates = &geometry["coordinates"];
    let rings: Vec<&Value> = match geometry["type"].as_str() {
        Some("Polygon") => coordinates.as_array().into_iter().flatten().collect(),
        Some("MultiPolygon") => {
            let polygons = coordinates.as_array().into_iter().flatten();
            polygons.flat_map(|polygon| polygon.as_array().into_iter().flatten()).collect()
        }
        _ => return Err(wrong("type", &geometry["type"], "Polygon or MultiPolygon")),
    };
    let mut corners: Vec<LatLon> = Vec::new();
    for ring in rings {
        let points = ring.as_array().map(Vec::as_slice).unwrap_or_default();
        let read = |point: &Value| LatLon::from_degrees(point[1].as_f64()?, point[0].as_f64()?);
        let points: Option<Vec<LatLon>> = points.iter().map(read).collect();
        let points = points.filter(|points| points.len() >= 4 && points.first() == points.last());
        let rule = "a ring of at least four [longitude, latitude], the last equal to the first";
        let points = points.ok_or_else(|| wrong("coordinates", ring, rule))?;
        let start = corners.first().copied();
        corners.extend(points);
        corners.extend(start);
    }
    if corners.is_empty() {
        return Err(wrong("coordinates", coordinates, "a list of rings"));
    }
    Ok(corners)
}
