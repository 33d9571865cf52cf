//! What the profile makes of one element: may a car use it, in which directions, how fast.
//!
//! Pure functions from tags to a decision; every refusal has a reason that the report counts. The rules follow the
//! OpenStreetMap wiki ("Key:access", "Key:oneway", "Key:maxspeed", "Key:barrier") and, where it leaves a choice, what
//! OSRM's and GraphHopper's car profiles agree on.

use super::map::Tags;
use super::profile::{Profile, RoadClass};

/// Kilometres in a mile, and in a nautical mile.
const KM_PER_MILE: f64 = 1.609_344;
const KM_PER_KNOT: f64 = 1.852;
/// Longest ferry crossing that is believed, in seconds.
const DURATION_MAX_S: f64 = 172_800.0;

/// How a way is driven.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Carriage {
    pub(super) class: RoadClass,
    /// km/h along the way, `None` if that is not allowed.
    pub(super) forward: Option<f64>,
    /// km/h against the way.
    pub(super) backward: Option<f64>,
    /// True length, where the map states it.
    pub(super) length_m: Option<f64>,
    /// Time for the whole way regardless of its length.
    pub(super) duration_s: Option<f64>,
    /// Waiting time, once for the whole way.
    pub(super) wait_s: f64,
}

/// Why a way is not driven.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum WayRefusal {
    /// Its class is not one that cars drive.
    Class,
    /// An access tag closes it.
    Access,
    /// `area=yes`.
    Area,
    /// A kind of service road that is left out.
    Service,
    /// Its surface does not bear cars.
    Surface,
    /// A ferry that takes no cars, or ferries are switched off.
    Ferry,
    /// `oneway=reversible`: nobody knows which way.
    Reversible,
    /// Fewer than two of its nodes are in the map.
    Incomplete,
}

/// What a node does to those who pass it.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Passage {
    Free,
    Delay { seconds: f64 },
    Blocked,
}

impl Profile {
    /// How the way with these tags is driven.
    pub(super) fn carriage(&self, tags: &Tags) -> Result<Carriage, WayRefusal> {
        if tags.get("highway").is_none() && tags.is("route", "ferry") {
            return self.ferry_carriage(tags);
        }
        let class = tags
            .get("highway")
            .and_then(RoadClass::from_tag)
            .filter(|&class| class != RoadClass::Ferry)
            .ok_or(WayRefusal::Class)?;
        let default = self.speeds.get(class.as_str()).copied().filter(|&kmh| kmh > 0.0);
        let default = default.ok_or(WayRefusal::Class)?;
        if tags.is("area", "yes") {
            return Err(WayRefusal::Area);
        }
        if tags
            .get("service")
            .is_some_and(|kind| self.access.service_closed.iter().any(|c| c == kind))
        {
            return Err(WayRefusal::Service);
        }
        if self.access_of(tags) == Some(false) {
            return Err(WayRefusal::Access);
        }
        let cap = self.condition_cap(tags)?;
        let (forward_open, backward_open) = self.directions(tags, class)?;
        let speed = |suffix| self.speed(tags, class, default, suffix).min(cap).max(self.speed_min);
        Ok(Carriage {
            class,
            forward: forward_open.then(|| speed("forward")),
            backward: backward_open.then(|| speed("backward")),
            length_m: self.true_length(tags),
            duration_s: None,
            wait_s: 0.0,
        })
    }

    fn ferry_carriage(&self, tags: &Tags) -> Result<Carriage, WayRefusal> {
        let for_others = tags.get("foot").is_some() || tags.get("bicycle").is_some();
        // A boat that says who may come aboard and does not mention cars takes none.
        let open = self.access_of(tags).unwrap_or(!for_others);
        if !self.ferry.enabled || !open {
            return Err(WayRefusal::Ferry);
        }
        let (forward, backward) = self.directions(tags, RoadClass::Ferry)?;
        Ok(Carriage {
            class: RoadClass::Ferry,
            forward: forward.then_some(self.ferry.speed),
            backward: backward.then_some(self.ferry.speed),
            length_m: self.true_length(tags),
            duration_s: tags.get("duration").and_then(duration_s),
            wait_s: self.ferry.wait_s,
        })
    }

    /// Whether the most specific access tag opens (`true`) or closes, `None` without any.
    fn access_of(&self, tags: &Tags) -> Option<bool> {
        let value = self.access.keys.iter().rev().find_map(|key| tags.get(key))?;
        Some(!self.is_closed(value))
    }

    fn is_closed(&self, value: &str) -> bool {
        let closed = |one: &str| self.access.closed.iter().any(|c| c == one.trim());
        closed(value) || value.split(';').all(closed)
    }

    /// Which directions are open: (along the way, against it).
    fn directions(&self, tags: &Tags, class: RoadClass) -> Result<(bool, bool), WayRefusal> {
        let implied = matches!(tags.get("junction"), Some("roundabout" | "circular"))
            || class == RoadClass::Motorway;
        let specific =
            self.access.modes.iter().find_map(|mode| tags.get(&format!("oneway:{mode}")));
        let (mut forward, mut backward) = match specific.or_else(|| tags.get("oneway")) {
            Some("yes" | "1" | "true") => (true, false),
            Some("-1" | "reverse" | "backward") => (false, true),
            Some("no" | "0" | "false" | "alternating") => (true, true),
            Some("reversible") => return Err(WayRefusal::Reversible),
            _ => (true, !implied),
        };
        for key in self.access.keys.iter().rev() {
            let (along, against) = (format!("{key}:forward"), format!("{key}:backward"));
            forward &= tags.get(&along).is_none_or(|value| !self.is_closed(value));
            backward &= tags.get(&against).is_none_or(|value| !self.is_closed(value));
        }
        if forward || backward { Ok((forward, backward)) } else { Err(WayRefusal::Access) }
    }

    /// The speed in one direction (`forward` or `backward`), before the state of the road is looked at.
    fn speed(&self, tags: &Tags, class: RoadClass, default: f64, suffix: &str) -> f64 {
        let limit = tags
            .get(&format!("maxspeed:{suffix}"))
            .and_then(|value| self.limit(value, class))
            .or_else(|| {
                ["maxspeed", "maxspeed:type", "zone:maxspeed", "source:maxspeed", "zone:traffic"]
                    .iter()
                    .filter_map(|key| tags.get(key))
                    .find_map(|value| self.limit(value, class))
            });
        limit.map_or(default, |kmh| kmh * self.speed_factor).min(self.speed_max)
    }

    /// A posted limit in km/h: a number with an optional unit, a word, or a zone; the least of a list.
    pub(super) fn limit(&self, value: &str, class: RoadClass) -> Option<f64> {
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
        // "No limit" says how fast one may drive, not that one could: only on large roads is it a speed.
        let is_large = matches!(class, RoadClass::Motorway | RoadClass::Trunk);
        if value == "none" && !is_large {
            return None;
        }
        let bare = value.split_once(':').map(|(_, zone)| zone);
        self.zones.get(value).or_else(|| self.zones.get(bare?)).copied()
    }

    /// The bound that surface, track type and smoothness set.
    fn condition_cap(&self, tags: &Tags) -> Result<f64, WayRefusal> {
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

    fn true_length(&self, tags: &Tags) -> Option<f64> {
        if self.length_tag.is_empty() {
            return None;
        }
        let length: f64 = tags.get(&self.length_tag)?.trim().parse().ok()?;
        (length > 0.0 && length < 1e6).then_some(length)
    }

    /// What the node with these tags does to a car.
    pub(super) fn passage(&self, tags: &Tags) -> Passage {
        let Some(kind) = tags.get("barrier") else {
            return Passage::Free;
        };
        let blocked = match self.access_of(tags) {
            Some(open) => !open,
            None => self.barriers.blocking.iter().any(|b| b == kind),
        };
        if blocked {
            return Passage::Blocked;
        }
        match self.barriers.delay_s.get(kind) {
            Some(&seconds) if seconds > 0.0 => Passage::Delay { seconds },
            _ => Passage::Free,
        }
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
