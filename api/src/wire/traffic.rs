//! Traffic over HTTP, exactly as in `docs/protocol.md`: changes as JSON, and what is changed now.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use sharxi_engine::geo::LatLon;
use sharxi_engine::region::{ChangedWay, Directions, Effect, Scope, TrafficChange};

use super::error::{Code, WireError};
use super::message::{As, Role, check_name};
use crate::traffic::areas::change;
use crate::traffic::{Feed, FeedError, ROWS_MAX, class};

/// Changed ways that are listed; all are counted.
const CHANGED_SHOWN: usize = 10_000;

/// Who sends traffic and under which id, in the query of an address.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Sender {
    /// In which role; may be left out by one whose credentials say it.
    #[serde(default)]
    pub role: Option<Role>,
    /// Under which name; likewise.
    #[serde(default)]
    pub name: Option<String>,
    /// The id of the command.
    pub id: String,
}

/// The body of `POST /v1/traffic` as JSON.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(rename = "TrafficChanges")]
pub(crate) struct Body {
    #[serde(default)]
    r#as: Option<As>,
    id: String,
    #[schemars(with = "Vec<serde_json::Map<String, Value>>")]
    changes: Vec<Value>,
}

/// `GET /v1/traffic`.
#[derive(Serialize, JsonSchema)]
pub(crate) struct Traffic {
    version: u64,
    changed_ways: usize,
    changed: Vec<Changed>,
}

#[derive(Serialize, JsonSchema)]
#[schemars(rename = "ChangedWay")]
struct Changed {
    way_id: i64,
    direction: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    percent: Option<u32>,
    closed: bool,
}

impl From<FeedError> for WireError {
    fn from(error: FeedError) -> Self {
        let code = match error {
            FeedError::TooLong { .. } => Code::Full,
            FeedError::Syntax { .. } => Code::BadMessage,
            _ => Code::BadValue,
        };
        Self::new(code, error.to_string())
    }
}

impl Sender {
    /// Checks name and id.
    ///
    /// # Errors
    /// `bad_value` naming the field.
    pub fn check(&self) -> Result<(), WireError> {
        self.name.as_deref().map_or(Ok(()), |name| check_name("name", name))?;
        check_name("id", &self.id)
    }
}

/// Reads changes as JSON. `known` are the ways of the region, in order.
///
/// # Errors
/// `bad_message` or `bad_value`, naming the place.
pub fn read(body: &[u8], known: &[i64]) -> Result<(Sender, Feed), WireError> {
    let body: Body = serde_json::from_slice(body)
        .map_err(|error| WireError::new(Code::BadMessage, error.to_string()))?;
    if body.changes.len() > ROWS_MAX {
        return Err(FeedError::TooLong { limit: ROWS_MAX }.into());
    }
    let mut feed = Feed { rows: body.changes.len(), ..Feed::default() };
    for (idx, fields) in body.changes.iter().enumerate() {
        let place = format!("changes[{idx}]");
        feed.push(change(scope(fields, &place)?, fields, &place)?, known);
    }
    let (role, name) = body.r#as.map(|sender| (sender.role, sender.name)).unzip();
    Ok((Sender { role, name, id: body.id }, feed))
}

/// Where a change applies, from its fields.
fn scope(fields: &Value, place: &str) -> Result<Scope, FeedError> {
    const FIELDS: [&str; 7] =
        ["way_ids", "class", "area", "direction", "speed_kmh", "percent", "closed"];
    let value = |field: &str, allowed: &'static str| FeedError::Value {
        place: format!("{place}.{field}"),
        found: fields[field].to_string().chars().take(40).collect(),
        allowed,
    };
    let unknown =
        fields.as_object().map(|given| given.keys().find(|key| !FIELDS.contains(&key.as_str())));
    match unknown {
        Some(None) => {}
        Some(Some(key)) => {
            return Err(value(
                key,
                "allowed: fields are way_ids, class, area, direction, speed_kmh, percent, closed",
            ));
        }
        None => return Err(FeedError::Syntax { what: format!("{place} is not an object") }),
    }
    let list = |field: &str| fields[field].as_array().map(Vec::as_slice);
    match (fields.get("way_ids"), fields.get("class"), fields.get("area")) {
        (Some(_), None, None) => list("way_ids")
            .and_then(|ids| ids.iter().map(Value::as_i64).collect::<Option<Vec<i64>>>())
            .filter(|ids| ids.len() <= ROWS_MAX)
            .map(Scope::Ways)
            .ok_or_else(|| value("way_ids", "a list of ids of OpenStreetMap ways")),
        (None, Some(given), None) => given
            .as_str()
            .and_then(class)
            .map(Scope::Class)
            .ok_or_else(|| value("class", "a class of roads such as primary or residential")),
        (None, None, Some(_)) => {
            let corner =
                |point: &Value| LatLon::from_degrees(point[0].as_f64()?, point[1].as_f64()?);
            list("area")
                .and_then(|corners| corners.iter().map(corner).collect::<Option<Vec<_>>>())
                .filter(|corners| (3..=ROWS_MAX).contains(&corners.len()))
                .map(Scope::Area)
                .ok_or_else(|| value("area", "a list of three [latitude, longitude] or more"))
        }
        (None, None, None) => Ok(Scope::All),
        _ => Err(FeedError::Rule {
            place: place.to_owned(),
            rule: "at most one of way_ids, class and area may be given",
        }),
    }
}

/// Everything as imported again.
#[must_use]
pub fn as_imported() -> TrafficChange {
    TrafficChange { scope: Scope::All, directions: Directions::Both, effect: Effect::AsImported }
}

/// What is changed now.
#[must_use]
pub fn traffic(version: u64, changed: &[ChangedWay]) -> String {
    let shown = changed.iter().take(CHANGED_SHOWN).map(|way| Changed {
        way_id: way.id,
        direction: if way.along { "forward" } else { "backward" },
        percent: way.speed_percent,
        closed: way.speed_percent.is_none(),
    });
    super::status::to_text(&Traffic {
        version,
        changed_ways: changed.len(),
        changed: shown.collect(),
    })
}

/// An `ok` with what was read of a feed.
#[must_use]
pub fn with_feed(reply: &str, feed: &Feed) -> String {
    let Ok(Value::Object(mut fields)) = serde_json::from_str(reply) else {
        return reply.to_owned();
    };
    if fields.get("type").and_then(Value::as_str) == Some("ok") {
        fields.insert("rows".into(), feed.rows.into());
        fields.insert("unknown_ways".into(), feed.unknown_ways.len().into());
        fields.insert("unknown_way_ids".into(), feed.unknown_shown().into());
    }
    Value::Object(fields).to_string()
}
