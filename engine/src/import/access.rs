//! Who may drive where: access tags by licence, one-way streets, and what is too low, narrow, short or weak.
//!
//! All keys and values come from the profile. Source: OpenStreetMap wiki, "Key:access", "Key:oneway", "Key:maxheight".

use super::map::Tags;
use super::profile::{Profile, RoadClass};
use super::rules::WayRefusal;

const METERS_PER_FOOT: f64 = 0.3048;
const TONS_PER_POUND: f64 = 0.000_453_592_37;
/// Ends keys whose values hold under conditions.
pub(super) const CONDITIONAL: &str = ":conditional";

/// What an access tag says; later ones allow more.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Gate {
    /// Nobody of our kind.
    Closed,
    /// Only those who begin or end their trip there.
    EndOnly,
    /// Everybody.
    Open,
}

/// A direction of a way as tags name it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Along {
    Forward,
    Backward,
}

impl Along {
    pub(super) const fn suffix(self) -> &'static str {
        match self {
            Self::Forward => "forward",
            Self::Backward => "backward",
        }
    }
}

impl Profile {
    /// What the most specific access tag says; `None` without any. A tag for the direction goes before the bare key, and a
    /// condition that holds before what it is an exception to.
    pub(super) fn gate(&self, tags: &Tags, along: Option<Along>) -> Option<Gate> {
        let is_conditional = tags.iter().any(|(key, _)| key.ends_with(CONDITIONAL));
        let of_key = |key: &str| {
            let condition =
                is_conditional.then(|| tags.get(&format!("{key}{CONDITIONAL}"))).flatten();
            condition.and_then(|tag| self.in_force(tag)).or_else(|| tags.get(key))
        };
        let either = |key: &String| {
            let directed = along.and_then(|along| of_key(&format!("{key}:{}", along.suffix())));
            directed.or_else(|| of_key(key))
        };
        let value = self.access.keys.iter().rev().find_map(either)?;
        Some(self.gate_of(value))
    }

    /// The same, with what the class of the road implies.
    fn gate_or_implied(&self, tags: &Tags, along: Along) -> Gate {
        let implied = || self.access.implied.get(tags.get("highway")?).map(|v| self.gate_of(v));
        self.gate(tags, Some(along)).or_else(implied).unwrap_or(Gate::Open)
    }

    /// Of a list the value that allows most.
    fn gate_of(&self, value: &str) -> Gate {
        let one = |value: &str| {
            let is_in = |list: &[String]| list.iter().any(|entry| entry == value.trim());
            match (is_in(&self.access.closed), is_in(&self.access.end_only)) {
                (true, _) => Gate::Closed,
                (false, true) => Gate::EndOnly,
                (false, false) => Gate::Open,
            }
        };
        value.split(';').map(one).max().unwrap_or(Gate::Open)
    }

    /// What is open forward and backward.
    pub(super) fn directions(
        &self,
        tags: &Tags,
        class: RoadClass,
    ) -> Result<[Gate; 2], WayRefusal> {
        let implied = matches!(tags.get("junction"), Some("roundabout" | "circular"))
            || class == RoadClass::Motorway;
        let specific =
            self.access.modes.iter().find_map(|mode| tags.get(&format!("oneway:{mode}")));
        let [forward, backward] = match specific.or_else(|| tags.get("oneway")) {
            Some("yes" | "1" | "true") => [true, false],
            Some("-1" | "reverse" | "backward") => [false, true],
            Some("no" | "0" | "false" | "alternating") => [true, true],
            Some("reversible") => return Err(WayRefusal::Reversible),
            _ => [true, !implied],
        };
        let against_is_open = self.runs_against(tags);
        let gate = |is_open: bool, along| {
            let is_open = is_open || against_is_open || self.opens_against(tags, along);
            if is_open { self.gate_or_implied(tags, along) } else { Gate::Closed }
        };
        let gates = [gate(forward, Along::Forward), gate(backward, Along::Backward)];
        if gates == [Gate::Closed; 2] { Err(WayRefusal::Access) } else { Ok(gates) }
    }

    /// Whether a lane of our own leads against the one-way street.
    fn runs_against(&self, tags: &Tags) -> bool {
        self.access.contraflow.iter().any(|entry| match entry.split_once('=') {
            Some((key, value)) => tags.is(key, value),
            None => tags.get(entry).is_some_and(|value| !matches!(value, "no" | "0" | "")),
        })
    }

    /// Whether a tag for one of our kinds says that this direction is open, as `taxi:backward=yes`.
    fn opens_against(&self, tags: &Tags, along: Along) -> bool {
        let value = self.access.modes.iter();
        let mut values = value.filter_map(|mode| tags.get(&format!("{mode}:{}", along.suffix())));
        values.next().is_some_and(|value| {
            matches!(value, "yes" | "designated" | "official" | "permissive" | "destination")
        })
    }

    /// Whether the vehicle fits: every posted bound is at least its size.
    pub(super) fn fits(&self, tags: &Tags) -> bool {
        let vehicle = &self.vehicle;
        let lengths = [
            ("maxheight", vehicle.height_m),
            ("maxheight:physical", vehicle.height_m),
            ("maxwidth", vehicle.width_m),
            ("maxwidth:physical", vehicle.width_m),
            ("maxlength", vehicle.length_m),
        ];
        let weights = [("maxweight", vehicle.weight_t), ("maxweightrating", vehicle.weight_t)];
        let bound = |key: &str, parse: fn(&str) -> Option<f64>| tags.get(key).and_then(parse);
        lengths.iter().all(|(key, size)| bound(key, meters).is_none_or(|bound| *size <= bound))
            && weights.iter().all(|(key, size)| bound(key, tons).is_none_or(|bound| *size <= bound))
    }
}

/// Metres of `3`, `3.5 m`, `3,5`, `12'6"`, `12 ft`, `350 cm`; `None` for words and nonsense.
fn meters(value: &str) -> Option<f64> {
    let value = value.trim();
    if let Some((feet, inches)) = value.split_once('\'') {
        let inches = inches.trim().trim_end_matches(['"', '\'']).trim();
        let inches = if inches.is_empty() { 0.0 } else { number(inches)? };
        return sane((number(feet)? + inches / 12.0) * METERS_PER_FOOT);
    }
    let (number, unit) = number_and_unit(value)?;
    match unit {
        "" | "m" | "metres" | "meters" => sane(number),
        "cm" => sane(number / 100.0),
        "ft" | "feet" => sane(number * METERS_PER_FOOT),
        _ => None,
    }
}

/// Tonnes of `7.5`, `3.5 t`, `3500 kg`, `7000 lbs`.
fn tons(value: &str) -> Option<f64> {
    let (number, unit) = number_and_unit(value.trim())?;
    match unit {
        "" | "t" | "tonnes" => sane(number),
        "kg" => sane(number / 1000.0),
        "lbs" | "lb" => sane(number * TONS_PER_POUND),
        "st" => sane(number * 2000.0 * TONS_PER_POUND),
        _ => None,
    }
}

fn number_and_unit(value: &str) -> Option<(f64, &str)> {
    let is_number = |c: char| c.is_ascii_digit() || c == '.' || c == ',';
    let split = value.find(|c| !is_number(c)).unwrap_or(value.len());
    let (digits, unit) = value.split_at_checked(split)?;
    Some((number(digits)?, unit.trim()))
}

fn number(text: &str) -> Option<f64> {
    text.trim().replace(',', ".").parse().ok()
}

/// Nothing is posted for less than half a metre or half a tonne.
fn sane(value: f64) -> Option<f64> {
    (0.5..1000.0).contains(&value).then_some(value)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_and_weights_are_read_in_all_units() {
        let close = |found: Option<f64>, expected: f64| (found.unwrap() - expected).abs() < 1e-9;
        for (text, expected) in [
            ("3", 3.0),
            ("3.5 m", 3.5),
            ("3,5", 3.5),
            ("350 cm", 3.5),
            ("10 ft", 3.048),
            ("10'", 3.048),
            ("9'6\"", 2.8956),
            ("9' 6\"", 2.8956),
        ] {
            assert!(close(meters(text), expected), "{text}");
        }
        for (text, expected) in
            [("7.5", 7.5), ("3.5 t", 3.5), ("3500 kg", 3.5), ("10000 lbs", 4.535_923_7)]
        {
            assert!(close(tons(text), expected), "{text}");
        }
        for text in ["", "default", "below_default", "none", "no_sign", "0", "-3", "3 parsecs"] {
            assert_eq!((meters(text), tons(text)), (None, None), "{text}");
        }
    }
}
