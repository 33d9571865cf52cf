//! A route: time, distance, shape, streets, and what the driver is told.

use serde_json::Value;
use sharxi_engine::geo::LatLon;
use sharxi_engine::oracle::{Oracle, Path};
use sharxi_engine::region::{Maneuver, Region, Side, Step, Turn};

use super::answers::{
    Arrival, Leg, LineString, RouteAnswer, RouteInfo, Shape, SideWord, StepInfo, StepWord, TurnWord,
};
use super::{NoAnswer, lat_lon, lon_lat, rounded, snap, snapped, value, why};
use crate::wire::words::{FeatureWord, LineStringWord};

/// How a shape is written.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, clap::ValueEnum)]
pub enum Format {
    /// One object with a GeoJSON `LineString` as `geometry`.
    #[default]
    Json,
    /// A GeoJSON `Feature`, everything else in its `properties`.
    Geojson,
    /// The encoded polyline algorithm format with five decimals.
    Polyline,
    /// The same with six decimals.
    Polyline6,
}

/// A route that was found.
pub struct Route {
    /// Everything about it.
    pub json: Value,
    /// The shape alone, as a string, if that was asked for.
    pub polyline: Option<String>,
    /// For people: length and time, then one line a step.
    pub text: String,
}

/// The fastest way between the roads nearest to two points, none of them farther than `max_m` metres.
///
/// # Errors
/// [`NoAnswer`] if there is no road near a point, or no way.
pub fn find(
    region: &Region,
    [from, to]: [LatLon; 2],
    format: Format,
    max_m: f64,
) -> Result<Route, NoAnswer> {
    let (start, end) = (snap(region, from, max_m)?, snap(region, to, max_m)?);
    let Some(path) = region.path(start.location, end.location) else {
        let reason = why(region, start.location, end.location);
        return Err(NoAnswer { reason, message: "find a way: there is none".to_owned() });
    };
    let shape: Vec<LatLon> =
        region.path_geometry(&path).into_iter().map(|(point, _)| point).collect();
    let steps = region.directions(&path);
    let side = region.arrival_side(&path, to);
    let info = RouteInfo {
        duration_s: path.duration.as_secs_f64(),
        distance_m: path.distance.as_meters_f64(),
        from: snapped(region, &start),
        to: Arrival { at: snapped(region, &end), side: side.map(side_word) },
        legs: legs(region, &path),
        steps: steps.iter().map(step).collect(),
    };
    let polyline = match format {
        Format::Json | Format::Geojson => None,
        Format::Polyline => Some(encoded(&shape, 5)),
        Format::Polyline6 => Some(encoded(&shape, 6)),
    };
    let line = || LineString {
        r#type: LineStringWord::It,
        coordinates: shape.iter().map(|&point| lon_lat(point)).collect(),
    };
    let answer = match (&polyline, format) {
        (None, Format::Geojson) => {
            RouteAnswer::Feature { r#type: FeatureWord::It, geometry: line(), properties: info }
        }
        (None, _) => RouteAnswer::Object { info, geometry: Shape::Line(line()) },
        (Some(polyline), _) => {
            RouteAnswer::Object { info, geometry: Shape::Encoded(polyline.clone()) }
        }
    };
    Ok(Route { json: value(&answer), polyline, text: text(&path, &steps, side) })
}

/// Encoded polyline of points in order; nothing if a point cannot be encoded, which no point on earth is.
fn encoded(shape: &[LatLon], precision: u32) -> String {
    let coordinates = shape.iter().map(|point| (point.lon(), point.lat()).into());
    polyline::encode_coordinates(coordinates.collect::<Vec<_>>(), precision).unwrap_or_default()
}

fn legs(region: &Region, path: &Path) -> Vec<Leg> {
    let legs = region.legs(path).into_iter().map(|leg| Leg {
        name: leg.name,
        distance_m: leg.distance.as_meters_f64(),
        duration_s: leg.duration.as_secs_f64(),
        way_ids: leg.ways,
    });
    legs.collect()
}

fn step(step: &Step) -> StepInfo {
    let (kind, modifier, exit) = match step.maneuver {
        Maneuver::Depart => (StepWord::Depart, None, None),
        Maneuver::Continue => (StepWord::Continue, None, None),
        Maneuver::Turn(turn) => (StepWord::Turn, Some(turn_word(turn)), None),
        Maneuver::Roundabout(exit) => (StepWord::Roundabout, None, exit),
        Maneuver::Arrive => (StepWord::Arrive, None, None),
    };
    StepInfo {
        r#type: kind,
        name: step.name.clone(),
        distance_m: step.distance.as_meters_f64(),
        duration_s: step.duration.as_secs_f64(),
        bearing_deg: rounded(step.bearing_deg, 1.0) % 360.0,
        point: lat_lon(step.point),
        modifier,
        exit,
    }
}

const fn turn_word(turn: Turn) -> TurnWord {
    match turn {
        Turn::Straight => TurnWord::Straight,
        Turn::SlightLeft => TurnWord::SlightLeft,
        Turn::Left => TurnWord::Left,
        Turn::SharpLeft => TurnWord::SharpLeft,
        Turn::SlightRight => TurnWord::SlightRight,
        Turn::Right => TurnWord::Right,
        Turn::SharpRight => TurnWord::SharpRight,
        Turn::UTurn => TurnWord::UTurn,
    }
}

const fn side_word(side: Side) -> SideWord {
    match side {
        Side::Left => SideWord::Left,
        Side::Right => SideWord::Right,
    }
}

const fn turn_name(turn: Turn) -> &'static str {
    match turn {
        Turn::Straight => "straight",
        Turn::SlightLeft => "slight_left",
        Turn::Left => "left",
        Turn::SharpLeft => "sharp_left",
        Turn::SlightRight => "slight_right",
        Turn::Right => "right",
        Turn::SharpRight => "sharp_right",
        Turn::UTurn => "u_turn",
    }
}

const fn side_name(side: Side) -> &'static str {
    match side {
        Side::Left => "left",
        Side::Right => "right",
    }
}

fn text(path: &Path, steps: &[Step], side: Option<Side>) -> String {
    let (meters, seconds) = (path.distance.as_meters_f64(), path.duration.as_secs_f64());
    let line = |step: &Step| {
        let (meters, seconds) = (step.distance.as_meters_f64(), step.duration.as_secs_f64());
        format!("{meters:>8.0} m {seconds:>7.1} s  {}\n", sentence(step, side))
    };
    let lines: String = steps.iter().map(line).collect();
    format!("{meters:.0} m in {seconds:.1} s\n{lines}")
}

/// A step in English.
fn sentence(step: &Step, side: Option<Side>) -> String {
    let onto = step.name.as_deref().map_or_else(String::new, |name| format!(" onto {name}"));
    match step.maneuver {
        Maneuver::Depart => {
            let sectors = ["north", "north-east", "east", "south-east"].into_iter();
            let sectors = sectors.chain(["south", "south-west", "west", "north-west"]);
            let sector = |nth: u32| (f64::from(nth) * 45.0 - step.bearing_deg).abs() <= 22.5;
            let heading = (0..).zip(sectors).find(|&(nth, _)| sector(nth));
            let heading = heading.map_or("north", |(_, name)| name);
            let along = step.name.as_deref().map_or_else(String::new, |name| format!(" on {name}"));
            format!("set off {heading}{along}")
        }
        Maneuver::Continue => format!("go on{onto}"),
        Maneuver::Turn(Turn::Straight) => format!("go straight on{onto}"),
        Maneuver::Turn(Turn::UTurn) => format!("turn round{onto}"),
        Maneuver::Turn(turn) => format!("turn {}{onto}", turn_name(turn).replace('_', " ")),
        Maneuver::Roundabout(Some(exit)) => format!("at the roundabout take exit {exit}{onto}"),
        Maneuver::Roundabout(None) => "enter the roundabout".to_owned(),
        Maneuver::Arrive => {
            let side =
                side.map_or_else(String::new, |side| format!(", on the {}", side_name(side)));
            format!("arrive{side}")
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shapes_are_encoded_as_the_format_says() {
        // The example of the format's documentation.
        let shape = [(38.5, -120.2), (40.7, -120.95), (43.252, -126.453)]
            .map(|(lat, lon)| LatLon::from_degrees(lat, lon).unwrap());
        assert_eq!(encoded(&shape, 5), "_p~iF~ps|U_ulLnnqC_mqNvxq`@");
        assert_eq!(encoded(&shape, 6), "_izlhA~rlgdF_{geC~ywl@_kwzCn`{nI");
    }
}
