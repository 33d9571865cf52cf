//! Every key that a scenario may have.

use toml::{Table, Value};

/// Keys by their full name. Below `fleet` stand the types of vehicles.
pub const KEYS: [&str; 51] = [
    "region",
    "demand",
    "requests_per_day",
    "demand_share",
    "demand_jitter_s",
    "pooling",
    "fleet",
    "fleet_at",
    "seed",
    "start",
    "end",
    "snap_max_m",
    "fleet.taxi",
    "fleet.minibus",
    "policy.max_wait_s",
    "policy.ride_alpha",
    "policy.ride_beta_s",
    "policy.stop_s",
    "policy.board_s",
    "policy.alight_s",
    "policy.wheelchair_s",
    "policy.walk_max_s",
    "policy.offer_ttl_s",
    "policy.react_s",
    "policy.no_show_wait_s",
    "policy.reoptimise",
    "policy.rescue_tests",
    "policy.improvement_tests",
    "policy.reposition",
    "policy.coverage",
    "policy.time_sigma",
    "policy.promise_z",
    "uncertainty.travel_time",
    "uncertainty.slow_day",
    "uncertainty.boarding_s",
    "uncertainty.no_show",
    "uncertainty.late_rider",
    "uncertainty.late_rider_s",
    "uncertainty.cancel",
    "uncertainty.pause",
    "uncertainty.pause_s",
    "uncertainty.breakdown_vehicle",
    "uncertainty.breakdown_at",
    "uncertainty.breakdowns",
    "uncertainty.report_loss",
    "uncertainty.report_delay_s",
    "uncertainty.closures",
    "uncertainty.closure_s",
    "output.report",
    "output.events",
    "output.explain",
];

/// As many single-letter changes still count as a slip.
const SLIPS_MAX: usize = 2;

/// The first key of `table` that is not known, with a hint: the nearest one that is, or all that are.
#[must_use]
pub fn unknown(table: &Table) -> Option<(String, String)> {
    names(table, "").into_iter().find_map(|name| {
        let is_known = KEYS.contains(&name.as_str());
        (!is_known).then(|| (name.clone(), hint(&name)))
    })
}

/// Full names of all values; a table below the top level is not a value but what is in it.
fn names(table: &Table, prefix: &str) -> Vec<String> {
    let mut all = Vec::new();
    for (key, value) in table {
        let name = format!("{prefix}{key}");
        match value {
            Value::Table(inner) => all.extend(names(inner, &format!("{name}."))),
            _ => all.push(name),
        }
    }
    all
}

fn hint(name: &str) -> String {
    if let Some(key) = nearest(name) {
        return format!("did you mean {key}?");
    }
    let table = name.split('.').next().unwrap_or_default();
    let of_table = |key: &&str| key.split_once('.').is_some_and(|(first, _)| first == table);
    let mut known: Vec<&str> = KEYS.iter().copied().filter(of_table).collect();
    if known.is_empty() {
        known = KEYS.iter().copied().filter(|key| !key.contains('.')).collect();
        known.extend(["policy.*", "uncertainty.*", "output.*"]);
    }
    format!("known are {}", known.join(", "))
}

/// The key with the fewest single-letter changes, if they are few; a key's last part counts as well as all of it.
fn nearest(name: &str) -> Option<&'static str> {
    let last = |text: &str| text.rsplit('.').next().unwrap_or_default().to_owned();
    let distance = |key: &&'static str| {
        let parts = changes(&last(key), &last(name));
        (changes(key, name).min(parts + 1), *key)
    };
    let ((changes, _), key) = KEYS.iter().map(|key| (distance(key), *key)).min()?;
    (changes <= SLIPS_MAX).then_some(key)
}

/// Levenshtein's distance (1966), row by row.
fn changes(a: &str, b: &str) -> usize {
    let b: Vec<char> = b.chars().collect();
    let mut row: Vec<usize> = (0..=b.len()).collect();
    for (i, from) in a.chars().enumerate() {
        let mut diagonal = row[0];
        row[0] = i + 1;
        for (j, &to) in b.iter().enumerate() {
            let replaced = diagonal + usize::from(from != to);
            diagonal = row[j + 1];
            row[j + 1] = replaced.min(row[j] + 1).min(diagonal + 1);
        }
    }
    row[b.len()]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_nearest_key_is_named() {
        let cases = [
            ("policy.reoptimize", "policy.reoptimise"),
            ("policy.max_wait", "policy.max_wait_s"),
            ("max_wait_s", "policy.max_wait_s"),
            ("sed", "seed"),
            ("fleet.minibuses", "fleet.minibus"),
        ];
        for (wrong, right) in cases {
            assert_eq!(nearest(wrong), Some(right), "{wrong}");
        }
        assert_eq!(hint("fleet.bus"), "known are fleet.taxi, fleet.minibus");
        assert!(hint("policy").starts_with("known are policy.max_wait_s, "), "{}", hint("policy"));
        let all = "known are region, demand, requests_per_day, demand_share, demand_jitter_s, pooling, \
                   fleet, fleet_at, seed, start, end, snap_max_m, \
                   policy.*, uncertainty.*, output.*";
        assert_eq!(hint("weather"), all);
        assert_eq!(changes("kitten", "sitting"), 3);
    }
}
