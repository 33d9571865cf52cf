//! Speeds by hour of the week: rules in a file, compiled to slots.
//!
//! A *slot* is the set of all hours in which every rule says the same. Hours of one slot share one customised version of the
//! region, see [`super::timed`]; a week of 168 hours usually has less than a dozen.

use std::collections::BTreeMap;

use serde::Deserialize;
use thiserror::Error;

use super::{Directions, Effect, Scope, TrafficChange};
use crate::geo::LatLon;
use crate::import::RoadClass;
use crate::limits::TRAFFIC_ITEMS_MAX;

/// Hours of a week.
const HOURS: usize = 168;
/// Names of the days in order.
const DAYS: [&str; 7] = ["mon", "tue", "wed", "thu", "fri", "sat", "sun"];
/// Rules of one profile.
const RULES_MAX: usize = 10_000;

/// An hour of the week from 0, which is Monday from midnight to one, to 167. Local time.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct HourOfWeek(u8);

impl HourOfWeek {
    /// The hour so many hours after Monday midnight; after a week it begins again.
    #[must_use]
    pub const fn new(hour: u8) -> Self {
        Self(hour % 168)
    }

    /// Hours since Monday midnight.
    #[must_use]
    pub const fn get(self) -> u8 {
        self.0
    }

    /// The next hour.
    #[must_use]
    pub const fn next(self) -> Self {
        Self::new(self.0 + 1)
    }
}

/// Why a profile was refused. The text fits after "failed to".
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum WeekError {
    /// Not TOML, an unknown key, a wrong type.
    #[error("read the week: {what}")]
    Syntax {
        /// What the parser says, in one line.
        what: String,
    },
    /// A rule that makes no sense.
    #[error("read the week: rule {rule}: {what}")]
    Rule {
        /// Which, from 1.
        rule: usize,
        /// What is wrong, and what is allowed.
        what: String,
    },
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    #[serde(default)]
    rule: Vec<FileRule>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct FileRule {
    class: Option<String>,
    way_ids: Option<Vec<i64>>,
    area: Option<Vec<[f64; 2]>>,
    direction: Option<String>,
    speed_percent: BTreeMap<String, u32>,
}

/// One rule: where, and the speed in each hour that it names.
#[derive(Clone, Debug)]
struct Rule {
    scope: Scope,
    directions: Directions,
    percent: [Option<u32>; HOURS],
}

/// Speeds by hour of the week.
#[derive(Clone, Debug)]
pub struct WeekProfile {
    rules: Vec<Rule>,
    /// Slot of each hour; slots are numbered in the order of their first hour.
    slot: [u8; HOURS],
}

impl WeekProfile {
    /// Reads a profile, see `docs/formats.md`.
    ///
    /// # Errors
    /// [`WeekError`] naming the rule.
    pub fn parse(text: &str) -> Result<Self, WeekError> {
        let syntax = |error: &toml::de::Error| {
            let before = error.span().and_then(|span| text.get(..span.start)).unwrap_or("");
            let line = before.matches('\n').count() + 1;
            let what = format!("line {line}: {}", error.message().replace('\n', ", "));
            WeekError::Syntax { what }
        };
        let file: File = toml::from_str(text).map_err(|error| syntax(&error))?;
        if file.rule.is_empty() || file.rule.len() > RULES_MAX {
            let what = format!("there must be 1 to {RULES_MAX} tables [[rule]]");
            return Err(WeekError::Syntax { what });
        }
        let rules = file.rule.into_iter().enumerate().map(|(idx, rule)| {
            compile(rule).map_err(|what| WeekError::Rule { rule: idx + 1, what })
        });
        let rules = rules.collect::<Result<Vec<Rule>, WeekError>>()?;
        let items: usize = rules.iter().map(|rule| rule.scope.n_items()).sum();
        if items > TRAFFIC_ITEMS_MAX {
            let what = format!("{items} classes, corners and ways, at most {TRAFFIC_ITEMS_MAX}");
            return Err(WeekError::Syntax { what });
        }
        let mut known: Vec<Vec<Option<u32>>> = Vec::new();
        let mut slot = [0; HOURS];
        for (hour, slot) in slot.iter_mut().enumerate() {
            let says: Vec<_> = rules.iter().map(|rule| rule.percent[hour]).collect();
            let idx = known.iter().position(|other| *other == says).unwrap_or_else(|| {
                known.push(says);
                known.len() - 1
            });
            // There are fewer than 256 hours.
            *slot = u8::try_from(idx).unwrap_or(u8::MAX);
        }
        Ok(Self { rules, slot })
    }

    /// The slot of an hour.
    #[must_use]
    pub fn slot(&self, hour: HourOfWeek) -> u8 {
        self.slot[usize::from(hour.get())]
    }

    /// How many slots there are.
    #[must_use]
    pub fn n_slots(&self) -> usize {
        self.slot.iter().max().map_or(0, |&last| usize::from(last) + 1)
    }

    /// What differs from the map as imported in an hour. Of several rules that meet on a way the last one counts that names the hour.
    #[must_use]
    pub fn changes_at(&self, hour: HourOfWeek) -> Vec<TrafficChange> {
        let hour = usize::from(hour.get());
        let change = |rule: &Rule| {
            let effect = Effect::SpeedPercent(rule.percent[hour]?);
            Some(TrafficChange { scope: rule.scope.clone(), directions: rule.directions, effect })
        };
        self.rules.iter().filter_map(change).collect()
    }
}

fn compile(rule: FileRule) -> Result<Rule, String> {
    let scope = match (rule.class, rule.way_ids, rule.area) {
        (Some(class), None, None) => Scope::Class(
            RoadClass::from_tag(&class)
                .ok_or_else(|| format!("{class:?} is not a class of roads such as primary"))?,
        ),
        (None, Some(ways), None) => Scope::Ways(ways),
        (None, None, Some(corners)) => {
            let corner = |[lat, lon]: [f64; 2]| LatLon::from_degrees(lat, lon);
            let corners = corners.into_iter().map(corner).collect::<Option<Vec<_>>>();
            let three = corners.filter(|corners| corners.len() >= 3);
            Scope::Area(three.ok_or("area must have three corners [latitude, longitude] or more")?)
        }
        (None, None, None) => Scope::All,
        _ => return Err("at most one of class, way_ids and area may be given".into()),
    };
    let directions = match rule.direction.as_deref() {
        None | Some("both") => Directions::Both,
        Some("forward") => Directions::Forward,
        Some("backward") => Directions::Backward,
        Some(other) => return Err(format!("{other:?} is not forward, backward or both")),
    };
    let mut percent = [None; HOURS];
    for (hours, value) in rule.speed_percent {
        if !(1..=1_000).contains(&value) {
            return Err(format!("{value} is not a percentage from 1 to 1000"));
        }
        for hour in hours_of(&hours).ok_or_else(|| {
            format!(
                "{hours:?} is not days and hours such as \"mon-fri 07-09\" or \"sat,sun 10-12\""
            )
        })? {
            if percent[hour].replace(value).is_some() {
                return Err(format!("{hours:?} names an hour that was named before"));
            }
        }
    }
    Ok(Rule { scope, directions, percent })
}

/// The hours of a text such as `mon-fri 07-09`: days joined by commas or from-to, then from an hour to before an hour.
fn hours_of(text: &str) -> Option<Vec<usize>> {
    let (days, hours) = text.split_once(' ')?;
    let day = |name: &str| DAYS.iter().position(|day| *day == name);
    let (from, to) = hours.split_once('-')?;
    let number = |text: &str| {
        let is_number = text.len() == 2 && text.bytes().all(|byte| byte.is_ascii_digit());
        text.parse::<usize>().ok().filter(|&hour| is_number && hour <= 24)
    };
    let (from, to) = (number(from)?, number(to)?);
    if from >= to {
        return None;
    }
    let mut all = Vec::new();
    for part in days.split(',') {
        let (first, last) = part.split_once('-').unwrap_or((part, part));
        let (first, last) = (day(first)?, day(last)?);
        if first > last {
            return None;
        }
        all.extend((first..=last).flat_map(|day| (from..to).map(move |hour| day * 24 + hour)));
    }
    Some(all)
}

#[cfg(test)]
mod tests {
    use super::*;

    const WEEK: &str = r#"
[[rule]]
speed_percent = { "mon-fri 07-09" = 60, "sat,sun 10-12" = 90 }

[[rule]]
class = "primary"
speed_percent = { "mon-fri 08-09" = 40 }
"#;

    #[test]
    fn hours_that_say_the_same_are_one_slot() {
        let week = WeekProfile::parse(WEEK).unwrap();
        let slot = |day: u8, hour: u8| week.slot(HourOfWeek::new(day * 24 + hour));
        assert_eq!(week.n_slots(), 4);
        assert_eq!((slot(0, 0), slot(0, 7), slot(0, 8), slot(5, 10)), (0, 1, 2, 3));
        assert_eq!((slot(4, 7), slot(4, 9), slot(6, 11), slot(6, 23)), (1, 0, 3, 0));
        let effects = |hour: u8| -> Vec<Effect> {
            week.changes_at(HourOfWeek::new(hour)).iter().map(|change| change.effect).collect()
        };
        assert_eq!(effects(8), [Effect::SpeedPercent(60), Effect::SpeedPercent(40)]);
        assert_eq!(effects(9), []);
    }

    #[test]
    fn what_makes_no_sense_is_refused_with_its_rule() {
        let refused = |text: &str| WeekProfile::parse(text).unwrap_err().to_string();
        let rule = |body: &str| refused(&format!("[[rule]]\n{body}"));
        assert!(rule("speed_percent = { \"mon 07-09\" = 0 }").contains("rule 1: 0 is not"));
        for hours in ["monday 07-09", "mon 7-9", "mon 09-07", "mon 07-25", "fri-mon 07-09", "mon"] {
            let error = rule(&format!("speed_percent = {{ \"{hours}\" = 50 }}"));
            assert!(error.contains("is not days and hours such as"), "{error}");
        }
        assert!(rule("class = \"path\"\nspeed_percent = {}").contains("is not a class"));
        assert!(rule("speed = 3\nspeed_percent = {}").contains("line 2: unknown field"));
        assert!(
            rule("way_ids = [1]\nclass = \"primary\"\nspeed_percent = {}").contains("at most one")
        );
        let twice = "speed_percent = { \"mon 07-09\" = 50, \"mon-fri 08-10\" = 60 }";
        assert!(rule(twice).contains("named before"));
        let ways = vec!["1"; TRAFFIC_ITEMS_MAX + 1].join(",");
        assert!(
            rule(&format!("way_ids = [{ways}]\nspeed_percent = {{}}")).contains("at most 200000")
        );
        assert!(refused("").contains("1 to 10000 tables [[rule]]"));
    }
}
