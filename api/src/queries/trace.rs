//! Recorded drives in files: CSV, GPX, GeoJSON.

use anyhow::{Context, Result, anyhow, bail};
use serde_json::Value;
use sharxi_engine::geo::LatLon;
use sharxi_engine::region::{Fix, TRACE_FIXES_MAX};
use sharxi_engine::units::EngineTime;

use crate::wire::time;

/// The formats, told by what a file begins with.
///
/// CSV has a header with `lat`, `lon` and, if known, `time` (RFC 3339) and `heading` (degrees). In GeoJSON, a `LineString`
/// may have its times in `properties.coordTimes` or `properties.times`, a `Point` in `properties.time`, and a heading in
/// `properties.heading`.
///
/// # Errors
/// If it is none of these, a position or time is not one, or there are too many.
pub fn read(text: &str) -> Result<Vec<Fix>> {
    let fixes = match text.trim_start().chars().next() {
        Some('<') => read_gpx(text).context("read GPX")?,
        Some('{') => read_geojson(text).context("read GeoJSON")?,
        _ => read_csv(text).context("read CSV")?,
    };
    if fixes.len() > TRACE_FIXES_MAX {
        bail!("more than {TRACE_FIXES_MAX} positions");
    }
    Ok(fixes)
}

/// A position from what a file or message says.
///
/// # Errors
/// If a value is out of range.
pub fn fix(lat: f64, lon: f64, at: Option<&str>, heading_deg: Option<f64>) -> Result<Fix> {
    let point = LatLon::from_degrees(lat, lon)
        .ok_or_else(|| anyhow!("{lat},{lon} is not a latitude and a longitude in degrees"))?;
    let at = at.map(moment).transpose()?;
    if heading_deg.is_some_and(|deg| !(0.0..=360.0).contains(&deg)) {
        bail!("a heading is between 0 and 360 degrees");
    }
    Ok(Fix { point, at, heading_deg })
}

fn moment(text: &str) -> Result<EngineTime> {
    time::parse(text).ok_or_else(|| anyhow!("{text:?} is not a time such as 2026-01-05T06:30:00Z"))
}

fn read_csv(text: &str) -> Result<Vec<Fix>> {
    let mut reader = csv::ReaderBuilder::new().trim(csv::Trim::All).from_reader(text.as_bytes());
    let header = reader.headers()?.clone();
    let column = |name: &str| header.iter().position(|title| title.eq_ignore_ascii_case(name));
    let needed = |name: &str| {
        column(name).ok_or_else(|| {
            anyhow!(
                "the first line must name the columns lat and lon, and time and heading if known"
            )
        })
    };
    let (lat, lon, at, heading) =
        (needed("lat")?, needed("lon")?, column("time"), column("heading"));
    let mut fixes = Vec::new();
    for (idx, record) in reader.records().enumerate() {
        let record = record?;
        let text = |column: usize| record.get(column).filter(|text| !text.is_empty());
        let number = |column: usize| text(column).and_then(|text| text.parse::<f64>().ok());
        let read = || {
            let degrees = number(lat).zip(number(lon));
            let (lat, lon) = degrees.ok_or_else(|| anyhow!("lat and lon must be degrees"))?;
            fix(lat, lon, at.and_then(text), heading.and_then(number))
        };
        fixes.push(read().with_context(|| format!("record {}", idx + 1))?);
    }
    Ok(fixes)
}

fn read_gpx(text: &str) -> Result<Vec<Fix>> {
    let gpx = gpx::read(text.as_bytes())?;
    let points = gpx.tracks.iter().flat_map(|track| &track.segments).flat_map(|s| &s.points);
    points
        .map(|point| {
            let at = point.time.map(|time| time.format()).transpose()?;
            fix(point.point().y(), point.point().x(), at.as_deref(), None)
        })
        .collect()
}

fn read_geojson(text: &str) -> Result<Vec<Fix>> {
    let json: Value = serde_json::from_str(text)?;
    let mut fixes = Vec::new();
    match json["features"].as_array() {
        Some(features) => {
            for feature in features {
                read_feature(feature, &mut fixes)?;
            }
        }
        None => read_feature(&json, &mut fixes)?,
    }
    Ok(fixes)
}

/// Adds the positions of a feature, or of a bare geometry.
fn read_feature(feature: &Value, fixes: &mut Vec<Fix>) -> Result<()> {
    let geometry = if feature["geometry"].is_object() { &feature["geometry"] } else { feature };
    let properties = &feature["properties"];
    let position = |coordinates: &Value, at: Option<&str>| {
        let degrees = coordinates[1].as_f64().zip(coordinates[0].as_f64());
        let (lat, lon) = degrees.ok_or_else(|| anyhow!("a position is [longitude, latitude]"))?;
        fix(lat, lon, at, properties["heading"].as_f64())
    };
    let coordinates = &geometry["coordinates"];
    match geometry["type"].as_str() {
        Some("Point") => fixes.push(position(coordinates, properties["time"].as_str())?),
        Some("LineString") => {
            let times =
                ["coordTimes", "times"].into_iter().find_map(|key| properties[key].as_array());
            for (idx, coordinates) in coordinates.as_array().into_iter().flatten().enumerate() {
                let at = times.and_then(|times| times.get(idx)).and_then(Value::as_str);
                fixes.push(position(coordinates, at)?);
            }
        }
        _ => bail!("only points and line strings can be matched"),
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_same_drive_in_every_format() {
        let csv = "time,lat,lon\n2026-01-05T06:30:00Z,54.1,-4.5\n2026-01-05T06:30:15Z,54.2,-4.6\n";
        let gpx = r#"<?xml version="1.0"?><gpx version="1.1" creator="t" xmlns="http://www.topografix.com/GPX/1/1"><trk><trkseg>
            <trkpt lat="54.1" lon="-4.5"><time>2026-01-05T06:30:00Z</time></trkpt>
            <trkpt lat="54.2" lon="-4.6"><time>2026-01-05T06:30:15Z</time></trkpt></trkseg></trk></gpx>"#;
        let line = r#"{"type":"Feature","geometry":{"type":"LineString","coordinates":[[-4.5,54.1],[-4.6,54.2]]},
            "properties":{"coordTimes":["2026-01-05T06:30:00Z","2026-01-05T06:30:15Z"]}}"#;
        let points = r#"{"type":"FeatureCollection","features":[
            {"type":"Feature","geometry":{"type":"Point","coordinates":[-4.5,54.1]},"properties":{"time":"2026-01-05T06:30:00Z"}},
            {"type":"Feature","geometry":{"type":"Point","coordinates":[-4.6,54.2]},"properties":{"time":"2026-01-05T06:30:15Z"}}]}"#;
        let expected = read(csv).unwrap();
        assert_eq!(expected.len(), 2);
        assert_eq!(expected[1].at.unwrap().since(expected[0].at.unwrap()).get(), 15_000);
        for text in [gpx, line, points] {
            assert_eq!(read(text).unwrap(), expected);
        }
    }

    #[test]
    fn nonsense_is_refused_with_its_place() {
        for (text, said) in [
            ("a,b\n1,2\n", "read CSV: the first line must name"),
            ("lat,lon\n54.1,-4.5\n91,0\n", "read CSV: record 2: 91,0 is not"),
            ("lat,lon\n54.1,x\n", "read CSV: record 1: lat and lon"),
            ("lat,lon,time\n54.1,1,noon\n", "read CSV: record 1: \"noon\" is not a time"),
            ("lat,lon,heading\n54.1,1,400\n", "read CSV: record 1: a heading"),
            ("<gpx", "read GPX: "),
            ("{", "read GeoJSON: "),
            (r#"{"type":"Polygon","coordinates":[]}"#, "read GeoJSON: only points"),
            (r#"{"type":"Point","coordinates":["x"]}"#, "read GeoJSON: a position is"),
        ] {
            let error = format!("{:#}", read(text).unwrap_err());
            assert!(error.starts_with(said), "{text}: {error}");
        }
    }
}
