//! The rules of walking: to a stop that is near enough, for as long as the party would, told as long as it is.

use std::collections::BTreeMap;

use super::Breaches;
use super::Rules;
use super::files::{Ask, meters};
use super::log::{Entry, Kind, Meeting};

/// Metres a second, on ways 1.3 times as long as the crow flies.
const SECONDS_PER_METER: f64 = 1.3 / 1.2;
/// The longest walk that anybody is asked for, in seconds.
const WALK_LIMIT_S: f64 = 1800.0;
/// What rounding of coordinates and times makes of a walk, in seconds.
const ROUNDING_S: f64 = 1.5;

/// Where riders who walk are met, by request.
pub type Meetings<'a> = BTreeMap<&'a str, &'a Meeting>;

/// All meeting points of a log, by request.
#[must_use]
pub fn meetings(entries: &[Entry]) -> Meetings<'_> {
    let mut all = Meetings::new();
    for entry in entries {
        if let Kind::Promised { request_id, meeting: Some(meeting), .. } = &entry.kind {
            all.entry(request_id).or_insert(meeting);
        }
    }
    all
}

/// The longest walk that this party may be asked for at either end, in seconds.
fn allowed_s(ask: &Ask, rules: Rules) -> f64 {
    let usual_s = if ask.wheelchairs > 0 { 0.0 } else { rules.walk_max_s };
    ask.walk_max_s.unwrap_or(usual_s).min(WALK_LIMIT_S)
}

/// Checks the walks of a promise at `line`.
pub fn check(
    name: &str,
    ask: &Ask,
    meeting: &Meeting,
    line: usize,
    rules: Rules,
    breaches: &mut Breaches,
) {
    let allowed_s = allowed_s(ask, rules);
    let ends = [
        ("to", ask.from, meeting.pickup, meeting.walk_to_s),
        ("from", ask.to, meeting.dropoff, meeting.walk_from_s),
    ];
    for (word, door, stop, walk_s) in ends {
        let away_m = meters(door, stop);
        breaches.check(0.0 <= walk_s && walk_s <= allowed_s + 0.001, line, "walk", || {
            format!("request {name} walks {walk_s} s {word} the vehicle, {allowed_s} s are allowed")
        });
        // Without a walk the vehicle comes to the road at the door.
        let told_m =
            if walk_s > 0.0 { (walk_s + ROUNDING_S) / SECONDS_PER_METER } else { rules.snap_max_m };
        breaches.check(away_m <= told_m, line, "walk", || {
            format!("request {name}: the stop is {away_m:.0} m from the door, {walk_s} s of walk")
        });
    }
}
