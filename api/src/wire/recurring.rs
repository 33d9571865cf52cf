//! Recurring rides: a weekly rule becomes single booked rides, as far ahead as rides may be booked.
//!
//! Each single ride is a command of its own, whose ids are those of the rule with the day behind a dot. The rule itself is not
//! kept: sent again a week later it books the days that have come within reach, and what was booked before is answered as it
//! was then. Times keep the UTC offset of the first one; where clocks change, a rule ends and a new one begins.

use std::collections::BTreeSet;

use jiff::civil::{Date, Time, Weekday};
use jiff::fmt::temporal::Pieces;
use jiff::tz::Offset;
use jiff::{Timestamp, ToSpan};
use schemars::JsonSchema;
use serde::Serialize;
use serde_json::{Map, Value};
use sharxi_engine::limits::BOOKING_AHEAD_MS;
use sharxi_engine::units::EngineTime;

use super::error::{Code, ErrorMessage, WireError};
use super::told::OkMessage;
use super::words::RecurringWord;

/// The words for the days of the week.
const WEEKDAYS: [(&str, Weekday); 7] = [
    ("mo", Weekday::Monday),
    ("tu", Weekday::Tuesday),
    ("we", Weekday::Wednesday),
    ("th", Weekday::Thursday),
    ("fr", Weekday::Friday),
    ("sa", Weekday::Saturday),
    ("su", Weekday::Sunday),
];
/// Days that are looked at: as many as a ride may be booked ahead, and those at both ends that lie there in part.
const DAYS_MAX: i64 = BOOKING_AHEAD_MS / 86_400_000 + 2;

/// The answer to a rule.
#[derive(Debug, Serialize, JsonSchema)]
#[expect(missing_docs, reason = "fields are those of docs/protocol.md, word for word")]
pub struct Recurring<'a> {
    pub r#type: RecurringWord,
    pub id: &'a str,
    pub rides: Vec<Booked>,
}

/// What came of one ride of a rule.
#[derive(Debug, Serialize, JsonSchema)]
#[schemars(rename = "RecurringRide")]
pub struct Booked {
    /// With the offset of the first one.
    #[schemars(extend("format" = "date-time"))]
    pub target_at: String,
    /// As the core wrote it.
    #[schemars(with = "Answer<'static>")]
    pub answer: Value,
}

/// What a single command is answered, for the schema.
#[derive(JsonSchema)]
#[schemars(untagged, inline)]
#[expect(dead_code, reason = "only its schema is used; the answer itself is passed on")]
enum Answer<'a> {
    Ok(Box<OkMessage<'a>>),
    Error(ErrorMessage<'a>),
}

/// Which days of the week, for the schema.
#[derive(JsonSchema)]
#[schemars(rename_all = "snake_case", rename = "Weekday")]
#[expect(dead_code, reason = "only its schema is used; the words are read by hand")]
pub(crate) enum WeekdayWord {
    Mo,
    Tu,
    We,
    Th,
    Fr,
    Sa,
    Su,
}

/// A weekly rule.
#[derive(Debug)]
pub struct Rule {
    id: String,
    request_id: String,
    /// The other fields of each single command.
    fields: Map<String, Value>,
    weekdays: BTreeSet<i8>,
    first: Date,
    time: Time,
    offset: Offset,
    until: Date,
}

/// A single ride of a rule.
#[derive(Debug)]
pub struct Single {
    /// Its time.
    pub target_at: String,
    /// The body of `POST /v1/commands` that books it.
    pub body: Vec<u8>,
}

/// Reads the body of `POST /v1/recurring`.
///
/// # Errors
/// `bad_message` if it is no JSON object, `bad_value` for a field that a rule needs. The others are looked at ride by ride.
pub fn read(body: &[u8]) -> Result<Rule, WireError> {
    let mut fields: Map<String, Value> = serde_json::from_slice(body)
        .map_err(|error| WireError::new(Code::BadMessage, error.to_string()))?;
    let mut text = |field: &str| match fields.remove(field) {
        Some(Value::String(text)) => Ok(text),
        _ => Err(WireError::bad_value(field, "must be given as text")),
    };
    let (id, request_id) = (text("id")?, text("request_id")?);
    let (target_at, until) = (text("target_at")?, text("until")?);
    let bad_target =
        || WireError::bad_value("target_at", "must be the first time, RFC 3339 with an offset");
    let pieces = Pieces::parse(&target_at).map_err(|_unreadable| bad_target())?;
    let (time, offset) = pieces.time().zip(pieces.to_numeric_offset()).ok_or_else(bad_target)?;
    let until = until
        .parse()
        .map_err(|_unreadable| WireError::bad_value("until", "must be a date, the last day"))?;
    let weekdays = weekdays(fields.remove("weekdays").as_ref())?;
    fields.insert("type".into(), "request_ride".into());
    Ok(Rule { id, request_id, fields, weekdays, first: pieces.date(), time, offset, until })
}

fn weekdays(given: Option<&Value>) -> Result<BTreeSet<i8>, WireError> {
    let bad = || WireError::bad_value("weekdays", "must be a list of mo, tu, we, th, fr, sa, su");
    let names = given.and_then(Value::as_array).filter(|names| !names.is_empty());
    let number = |name: &Value| {
        let found = WEEKDAYS.iter().find(|(word, _)| name.as_str() == Some(word));
        found.map(|(_, day)| day.to_monday_zero_offset()).ok_or_else(bad)
    };
    names.ok_or_else(bad)?.iter().map(number).collect()
}

impl Rule {
    /// The client's id of it.
    #[must_use]
    pub fn id(&self) -> &str {
        &self.id
    }

    /// The rides that lie ahead of `now` and may be booked already, in order of time; at most one a day of two weeks.
    #[must_use]
    pub fn singles(&self, now: EngineTime) -> Vec<Single> {
        let Ok(today) = Timestamp::from_millisecond(now.unix_ms()) else { return Vec::new() };
        let from = self.first.max(self.offset.to_datetime(today).date());
        let days = (0..DAYS_MAX).filter_map(|days| from.checked_add(days.days()).ok());
        let wanted = days
            .take_while(|day| *day <= self.until)
            .filter(|day| self.weekdays.contains(&day.weekday().to_monday_zero_offset()));
        wanted.filter_map(|day| self.single(day, now)).collect()
    }

    fn single(&self, day: Date, now: EngineTime) -> Option<Single> {
        let at = self.offset.to_timestamp(day.to_datetime(self.time)).ok()?;
        let ahead_ms = at.as_millisecond().saturating_sub(now.unix_ms());
        if !(1..=BOOKING_AHEAD_MS).contains(&ahead_ms) {
            return None;
        }
        let target_at = at.display_with_offset(self.offset).to_string();
        let mut fields = self.fields.clone();
        fields.insert("id".into(), format!("{}.{day}", self.id).into());
        fields.insert("request_id".into(), format!("{}.{day}", self.request_id).into());
        fields.insert("target_at".into(), target_at.clone().into());
        Some(Single { target_at, body: Value::Object(fields).to_string().into_bytes() })
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn rule(change: impl FnOnce(&mut Value)) -> Result<Rule, WireError> {
        let mut body = json!({
            "as": {"role": "rider", "name": "anna"}, "id": "w", "request_id": "school",
            "from": [54.1, -4.5], "to": [54.2, -4.5], "kind": "arrive_by",
            "target_at": "2026-11-24T07:45:00+01:00", "weekdays": ["mo", "tu", "fr"],
            "until": "2026-12-31",
        });
        change(&mut body);
        read(body.to_string().as_bytes())
    }

    fn times(rule: &Rule, now: &str) -> Vec<String> {
        let now = EngineTime::from_unix_ms(now.parse::<Timestamp>().unwrap().as_millisecond());
        rule.singles(now).into_iter().map(|single| single.target_at).collect()
    }

    #[test]
    fn a_rule_becomes_the_days_of_the_next_two_weeks() {
        let rule = rule(|_| {}).unwrap();
        let days = |days: &[&str]| -> Vec<String> {
            days.iter().map(|day| format!("2026-{day}T07:45:00+01:00")).collect()
        };
        // A Tuesday, before the first ride.
        let all = ["11-24", "11-27", "11-30", "12-01", "12-04", "12-07"];
        assert_eq!(times(&rule, "2026-11-24T05:00:00Z"), days(&all));
        // After it; exactly two weeks ahead is near enough.
        let later = ["11-27", "11-30", "12-01", "12-04", "12-07", "12-08"];
        assert_eq!(times(&rule, "2026-11-24T06:45:00Z"), days(&later));
        assert_eq!(times(&rule, "2026-12-29T12:00:00Z"), Vec::<String>::new());
        let singles = rule.singles(EngineTime::from_unix_ms(1_795_500_000_000));
        let body: Value = serde_json::from_slice(&singles[0].body).unwrap();
        assert_eq!(body["request_id"], "school.2026-11-24");
        assert_eq!((&body["type"], &body["id"]), (&json!("request_ride"), &json!("w.2026-11-24")));
        assert!(body.get("weekdays").is_none() && body.get("until").is_none());
    }

    #[test]
    fn what_is_wrong_is_named() {
        let cases: [(&str, Value); 5] = [
            ("weekdays", json!(["monday"])),
            ("weekdays", json!([])),
            ("until", json!("soon")),
            ("target_at", json!("2026-11-24T07:45:00")),
            ("id", json!(7)),
        ];
        for (field, value) in cases {
            let error = rule(|body| body[field] = value.clone()).unwrap_err();
            assert!(format!("{error:?}").contains(field), "{field} {value}: {error:?}");
        }
    }
}
