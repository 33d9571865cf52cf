//! Rules that hold at some times, or for some vehicles: `no_left_turn @ (Mo-Fr 07:00-19:00)`.
//!
//! Routes are the same all week, so a rule that depends on the time is obeyed if it holds for more than half of the week, and
//! ignored otherwise. Conditions on the vehicle are decided by the profile. What is not understood (holidays alone, school
//! days, the sun, the weather) does not hold. Source: OpenStreetMap wiki, "Conditional restrictions", "Key:opening_hours".

use super::profile::{ConditionalRule, Profile};

const DAYS: [&str; 7] = ["Mo", "Tu", "We", "Th", "Fr", "Sa", "Su"];
const DAY_MIN: usize = 24 * 60;

impl Profile {
    /// The value in force of a conditional tag: the last one whose conditions all hold.
    pub(super) fn in_force<'a>(&self, tag: &'a str) -> Option<&'a str> {
        let rules = clauses(tag).into_iter().filter_map(|clause| clause.split_once('@'));
        let mut holding = rules.filter(|(_, condition)| {
            let condition = condition.trim().trim_start_matches('(').trim_end_matches(')');
            condition.split(" AND ").all(|one| self.holds(one.trim()))
        });
        holding.next_back().map(|(value, _)| value.trim())
    }

    fn holds(&self, condition: &str) -> bool {
        if let Some(holds) = self.holds_for_vehicle(condition) {
            return holds;
        }
        let share = share_of_week(condition).unwrap_or(0.0);
        self.access.conditional == ConditionalRule::Obey && share > 0.5
    }

    /// `weight>3.5` and the like, or a kind of traffic.
    fn holds_for_vehicle(&self, condition: &str) -> Option<bool> {
        if self.access.modes.iter().any(|mode| mode == condition) {
            return Some(true);
        }
        let split = condition.find(['<', '>', '='])?;
        let (quantity, rest) = condition.split_at(split);
        let value = rest.trim_start_matches(['<', '>', '=']);
        let number = value.trim().trim_end_matches(['t', 'm', ' ']).parse::<f64>().ok()?;
        let own = match quantity.trim() {
            "weight" | "maxweight" | "maxweightrating" => self.vehicle.weight_t,
            "height" => self.vehicle.height_m,
            "width" => self.vehicle.width_m,
            "length" => self.vehicle.length_m,
            _ => return None,
        };
        let sign = rest.get(..rest.len() - value.len())?;
        Some(match sign {
            "<" => own < number,
            "<=" => own <= number,
            ">" => own > number,
            ">=" => own >= number,
            _ => return None,
        })
    }
}

/// The clauses of a conditional tag; semicolons inside brackets do not separate.
fn clauses(tag: &str) -> Vec<&str> {
    let mut depth = 0_usize;
    let is_end = |c: char| {
        match c {
            '(' => depth += 1,
            ')' => depth = depth.saturating_sub(1),
            _ => {}
        }
        c == ';' && depth == 0
    };
    tag.split(is_end).collect()
}

/// The share of a week for which opening hours hold: days, ranges of days and of hours. `None` if they say anything else.
pub(super) fn share_of_week(hours: &str) -> Option<f64> {
    let mut open = vec![false; 7 * DAY_MIN];
    for rule in hours.split(';').map(str::trim).filter(|rule| !rule.is_empty()) {
        if rule == "24/7" {
            open.fill(true);
            continue;
        }
        // Public holidays are few.
        if rule.starts_with("PH") || rule.starts_with("SH") {
            continue;
        }
        let (days, rest) = days(rule)?;
        let rest = rest.trim();
        let spans = match rest {
            "off" | "closed" => Vec::new(),
            "" => vec![(0, DAY_MIN)],
            _ => rest.split(',').map(span).collect::<Option<Vec<_>>>()?,
        };
        for day in (0..7).filter(|&day| days[day]) {
            open[day * DAY_MIN..(day + 1) * DAY_MIN].fill(false);
        }
        for day in (0..7).filter(|&day| days[day]) {
            for &(from, to) in &spans {
                // A span over midnight ends on the next day.
                let end = if to > from { to } else { to + DAY_MIN };
                (from..end)
                    .for_each(|minute| open[(day * DAY_MIN + minute) % (7 * DAY_MIN)] = true);
            }
        }
    }
    let n_open = u32::try_from(open.iter().filter(|&&is_open| is_open).count()).ok()?;
    Some(f64::from(n_open) / 10_080.0)
}

/// The days that a rule begins with, all if it names none, and what follows them.
fn days(rule: &str) -> Option<([bool; 7], &str)> {
    if rule.starts_with(|c: char| c.is_ascii_digit()) {
        return Some(([true; 7], rule));
    }
    let split = rule.find(' ').unwrap_or(rule.len());
    let (names, rest) = rule.split_at(split);
    let day = |name: &str| DAYS.iter().position(|day| *day == name);
    let mut days = [false; 7];
    for name in names.split(',').filter(|&name| name != "PH" && name != "SH") {
        match name.split_once('-') {
            None => days[day(name)?] = true,
            Some((from, to)) => {
                let (from, to) = (day(from)?, day(to)?);
                (0..=(to + 7 - from) % 7).for_each(|step| days[(from + step) % 7] = true);
            }
        }
    }
    Some((days, rest))
}

/// Minutes of `07:00-19:00`.
fn span(text: &str) -> Option<(usize, usize)> {
    let (from, to) = text.trim().split_once('-')?;
    let minutes = |text: &str| {
        let (hours, minutes) = text.trim().split_once(':')?;
        let (hours, minutes) = (hours.parse::<usize>().ok()?, minutes.parse::<usize>().ok()?);
        (hours <= 24 && minutes < 60).then_some(hours * 60 + minutes)
    };
    let (from, to) = (minutes(from)?, minutes(to)?);
    (from < DAY_MIN && to <= DAY_MIN).then_some((from, to))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_share_of_a_week_is_counted() {
        let hours = |text: &str| share_of_week(text).map(|share| (share * 168.0).round());
        for (text, expected) in [
            ("24/7", 168.0),
            ("Mo-Su", 168.0),
            ("Mo-Fr", 120.0),
            ("Mo-Fr 07:00-19:00", 60.0),
            ("07:00-19:00", 84.0),
            ("22:00-06:00", 56.0),
            ("Fr-Mo", 96.0),
            ("Mo-Fr 07:00-09:00,16:00-18:00", 20.0),
            ("Mo-Fr 06:00-22:00; Sa 08:00-14:00; PH off", 86.0),
            ("Mo-Su,PH 00:00-24:00; Su off", 144.0),
        ] {
            assert_eq!(hours(text), Some(expected), "{text}");
        }
        for text in ["sunrise-sunset", "wet", "Mo-Fr 7-19", "Xx", "Mo 25:00-26:00", "May-Oct"] {
            assert_eq!(hours(text), None, "{text}");
        }
    }

    #[test]
    fn what_holds_most_of_the_week_is_in_force() {
        let profile = Profile::default();
        for (tag, expected) in [
            ("no_left_turn @ (Mo-Fr 07:00-19:00)", None),
            ("no_left_turn @ (06:00-20:00)", Some("no_left_turn")),
            ("no_left_turn @ (Mo-Fr 06:00-09:00; Sa 08:00-10:00)", None),
            ("no_left_turn @ weight>7.5", None),
            ("no_left_turn @ (weight>2.8)", Some("no_left_turn")),
            ("no_left_turn @ (06:00-23:00 AND weight>7.5)", None),
            ("none @ (06:00-23:00); no_u_turn @ (wet)", Some("none")),
            ("no_left_turn @ hgv", None),
            ("no_left_turn @ psv", Some("no_left_turn")),
            ("nonsense", None),
            ("@", None),
        ] {
            assert_eq!(profile.in_force(tag), expected, "{tag}");
        }
        let ignoring = Profile::parse("[access]\nconditional = \"ignore\"").unwrap();
        assert_eq!(ignoring.in_force("no_left_turn @ (06:00-20:00)"), None);
        assert_eq!(ignoring.in_force("no_left_turn @ (weight>2.8)"), Some("no_left_turn"));
    }
}
