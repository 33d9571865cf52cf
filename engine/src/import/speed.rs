//! How fast: posted limits, zones, surfaces, and how long a boat takes.

use super::access::Along;
use super::map::Tags;
use super::profile::{Profile, RoadClass};
use super::rules::WayRefusal;

/// Kilometres in a mile, and in a nautical mile.
const KM_PER_MILE: f64 = 1.609_344;
const KM_PER_KNOT: f64 = 1.852;
/// Longest ferry crossing that is believed, in seconds.
const DURATION_MAX_S: f64 = 172_800.0;
/// Where limits stand, first those with the number itself.
const LIMIT_KEYS: [&str; 5] =
    ["maxspeed", "maxspeed:type", "zone:maxspeed", "source:maxspeed", "zone:traffic"];

/// km/h of one direction of a way.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Speed {
    pub(super) kmh: f64,
    /// Where the way runs through a village.
    pub(super) village_kmh: f64,
}

impl Profile {
    /// The speed in one direction; `default` where nothing is posted, `cap` for the state of the road.
    pub(super) fn speed(
        &self,
        tags: &Tags,
        class: RoadClass,
        along: Along,
        (default, cap): (f64, f64),
    ) -> Speed {
        let directed = tags.get(&format!("maxspeed:{}", along.suffix()));
        let limit = directed.and_then(|value| self.limit(value, class)).or_else(|| {
            let mut values = LIMIT_KEYS.iter().filter_map(|key| tags.get(key));
            values.find_map(|value| self.limit(value, class))
        });
        let bound = |kmh: f64| kmh.min(cap).min(self.speed_max).max(self.speed_min);
        let in_village = self.village.speeds.get(class.as_str()).filter(|_| self.village.enabled);
        match (limit, in_village) {
            (Some(limit), _) => {
                let kmh = bound(limit * self.speed_factor);
                Speed { kmh, village_kmh: kmh }
            }
            (None, village) => Speed {
                kmh: bound(default),
                village_kmh: bound(village.map_or(default, |&kmh| kmh.min(default))),
            },
        }
    }

    /// A posted limit in km/h: a number with an optional unit, a word, or a zone; the least of a list.
    fn limit(&self, value: &str, class: RoadClass) -> Option<f64> {
        value
            .split([';', '|'])
            .filter_map(|one| self.single_limit(one.trim(), class))
            .min_by(f64::total_cmp)
            // Below walking pace is a typing error, and 0 is no limit at all.
            .filter(|&kmh| kmh >= 4.8)
    }

    fn single_limit(&self, value: &str, class: RoadClass) -> Option<f64> {
        let split = value.find(|c: char| !c.is_ascii_digit() && c != '.').unwrap_or(value.len());
        let (number, unit) = value.split_at_checked(split)?;
        if let Ok(number) = number.parse::<f64>() {
            return match unit.trim() {
                "" | "km/h" | "kmh" | "kph" => Some(number),
                "mph" => Some(number * KM_PER_MILE),
                "knots" | "kn" => Some(number * KM_PER_KNOT),
                _ => None,
            };
        }
        // "No limit" says how fast one may drive, not that one could: the profile names the classes where it is a speed.
        if value == "none" && !self.unlimited.iter().any(|one| one == class.as_str()) {
            return None;
        }
        let bare = value.split_once(':').map(|(_, zone)| zone);
        self.zones.get(value).or_else(|| self.zones.get(bare?)).copied()
    }

    /// The bound that surface, track type and smoothness set.
    pub(super) fn condition_cap(&self, tags: &Tags) -> Result<f64, WayRefusal> {
        let tables = [
            ("surface", &self.surface),
            ("tracktype", &self.tracktype),
            ("smoothness", &self.smoothness),
        ];
        let cap = tables
            .iter()
            .filter_map(|(key, table)| {
                let value = tags.get(key)?;
                table.get(value).or_else(|| table.get(value.split(':').next()?)).copied()
            })
            .fold(self.speed_max, f64::min);
        if cap > 0.0 { Ok(cap) } else { Err(WayRefusal::Surface) }
    }
}

/// Seconds of a `duration` tag: `HH:MM`, `HH:MM:SS`, `MM`, or ISO 8601 `PTnHnM`.
pub(super) fn duration_s(value: &str) -> Option<f64> {
    let value = value.trim();
    let seconds = if let Some(iso) = value.strip_prefix("PT") {
        iso_duration_s(iso)?
    } else {
        let parts: Vec<f64> = value.split(':').map(|p| p.parse().ok()).collect::<Option<_>>()?;
        match *parts.as_slice() {
            [minutes] => minutes * 60.0,
            [hours, minutes] => hours * 3600.0 + minutes * 60.0,
            [hours, minutes, seconds] => hours * 3600.0 + minutes * 60.0 + seconds,
            _ => return None,
        }
    };
    (seconds > 0.0 && seconds <= DURATION_MAX_S).then_some(seconds)
}

fn iso_duration_s(mut rest: &str) -> Option<f64> {
    let mut seconds = 0.0;
    while !rest.is_empty() {
        let split = rest.find(|c: char| c.is_ascii_alphabetic())?;
        let (number, tail) = rest.split_at_checked(split)?;
        let unit = match tail.get(..1)? {
            "H" => 3600.0,
            "M" => 60.0,
            "S" => 1.0,
            _ => return None,
        };
        seconds += number.parse::<f64>().ok()? * unit;
        rest = tail.get(1..)?;
    }
    Some(seconds)
}
