//! The rules of one ride: asked once, answered once, promised once, carried as promised, ended.

use super::files::{Ask, time_ms};
use super::log::{Entry, Kind};
use super::vehicles::Breakdowns;
use super::{Breaches, Rules, walks};

/// Rounding of seconds to milliseconds, in milliseconds.
const ROUNDING_MS: f64 = 1.0;

/// What a rider was told. Times in milliseconds since 1970.
#[derive(Clone, Copy, Debug)]
struct Promise {
    line: usize,
    ready_at: i64,
    pickup_by: i64,
    dropoff_by: i64,
    ride_max_ms: f64,
}

/// What is known of a ride while its records are read.
#[derive(Debug, Default)]
struct Ride<'a> {
    /// Line and time.
    requested: Option<(usize, i64)>,
    answered: Option<usize>,
    promise: Option<Promise>,
    /// Who is to carry the rider.
    vehicle: Option<&'a str>,
    /// Since when, and in what.
    on_board: Option<(i64, &'a str)>,
    first_boarded: Option<i64>,
    ended: Option<usize>,
    late: bool,
    /// The vehicle gave up waiting after the latest pickup: whether it came in time is not seen from the ride alone.
    given_up_late: bool,
    announced: Option<usize>,
    last_line: usize,
}

impl Ride<'_> {
    /// Whether the rider waits for a vehicle at `now`: before boarding, or left behind by one that broke down.
    fn waits(&self, now: i64, breakdowns: &Breakdowns) -> bool {
        let is_stranded = |(since, vehicle)| breakdowns.between(vehicle, since, now);
        self.promise.is_some() && self.on_board.is_none_or(is_stranded)
    }
}

/// Checks the ride `name` by its own records in order; whether its promise was broken and announced so.
pub fn check(
    name: &str,
    ask: &Ask,
    own: &[&Entry],
    rules: Rules,
    breakdowns: &Breakdowns,
    breaches: &mut Breaches,
) -> bool {
    let mut ride = Ride::default();
    for &entry in own {
        ride.last_line = entry.line;
        if let Some(line) = ride.ended {
            // Of somebody who is there by then, but whose vehicle has not said so yet.
            let announcement =
                matches!(entry.kind, Kind::PromiseBroken { .. } | Kind::PromiseAtRisk { .. });
            breaches.check(announcement, entry.line, "after_end", || {
                format!("request {name} ended at line {line}")
            });
        }
        step(name, ask, entry, rules, breakdowns, &mut ride, breaches);
    }
    finish(name, &ride, breaches);
    ride.late && ride.announced.is_some()
}

fn step<'a>(
    name: &str,
    ask: &Ask,
    entry: &'a Entry,
    rules: Rules,
    breakdowns: &Breakdowns,
    ride: &mut Ride<'a>,
    breaches: &mut Breaches,
) {
    let line = entry.line;
    match &entry.kind {
        Kind::Requested { .. } => {
            requested(name, ask, entry, rules, ride, breaches);
        }
        Kind::Promised { vehicle_id, .. } => {
            answer(name, entry, rules, ride, breaches);
            if ride.promise.is_none() {
                let asked_at = ride.requested.map_or(ask.requested_at, |(_, at)| at);
                ride.promise = promise(name, ask, asked_at, entry, rules, breaches);
                ride.vehicle = Some(vehicle_id);
            }
        }
        Kind::Rejected { reason, .. } => {
            answer(name, entry, rules, ride, breaches);
            breaches.check(!reason.trim().is_empty(), line, "reason", || {
                format!("request {name} is refused without a reason")
            });
            ride.ended = Some(line);
        }
        Kind::Reassigned { vehicle_id, .. } => {
            // What is only offered may move to another vehicle before it is promised.
            let is_offered = ride.requested.is_some() && ride.answered.is_none();
            let waits = is_offered || ride.waits(entry.t, breakdowns);
            breaches.check(waits, line, "transition", || {
                format!("request {name} is reassigned but does not wait for a vehicle")
            });
            ride.vehicle = Some(vehicle_id);
        }
        Kind::Boarded { vehicle_id, .. } => {
            boarded(name, entry, vehicle_id, breakdowns, ride, breaches);
        }
        Kind::Alighted { vehicle_id, .. } => alighted(name, entry, vehicle_id, ride, breaches),
        Kind::Cancelled { .. } | Kind::NoShow { .. } => {
            let nobody_came =
                matches!(&entry.kind, Kind::Cancelled { by, .. } if by == "no_vehicle");
            ride.late |= nobody_came;
            ride.given_up_late = matches!(entry.kind, Kind::NoShow { .. })
                && ride.promise.as_ref().is_some_and(|promise| promise.pickup_by < entry.t);
            breaches.check(ride.waits(entry.t, breakdowns), line, "transition", || {
                format!("request {name} is called off but does not wait for a vehicle")
            });
            ride.ended = Some(line);
        }
        Kind::PromiseBroken { late_s, .. } => {
            breaches.check(*late_s > 0.0, line, "promise_broken", || {
                format!("request {name} is said to be late by {late_s} s")
            });
            ride.announced = ride.announced.or(Some(line));
        }
        _ => {}
    }
}

fn requested(
    name: &str,
    ask: &Ask,
    entry: &Entry,
    rules: Rules,
    ride: &mut Ride<'_>,
    breaches: &mut Breaches,
) {
    let line = entry.line;
    if let Some((first, _)) = ride.requested.replace((line, entry.t)) {
        breaches.add(line, "requested_once", format!("request {name} was asked at line {first}"));
    }
    let apart_ms = as_ms((entry.t - ask.requested_at).abs());
    breaches.check(
        apart_ms <= rules.requested_within_s * 1000.0,
        line,
        "requested_as_asked",
        || format!("request {name} was asked {} ms later", entry.t - ask.requested_at),
    );
    if let Kind::Requested { from, to, passengers, wheelchairs, .. } = &entry.kind {
        // A live service notes places as it has brought them onto the road.
        let is_live = rules.requested_within_s > 0.0;
        let max_m = if is_live { rules.snap_max_m + 1.0 } else { 1.0 };
        let near = |a: [f64; 2], b: [f64; 2]| super::files::meters(a, b) < max_m;
        let same = near(*from, ask.from)
            && near(*to, ask.to)
            && *passengers == ask.passengers
            && *wheelchairs == ask.wheelchairs;
        breaches.check(same, line, "requested_as_asked", || {
            format!("request {name} has other places or riders than in the demand")
        });
    }
}

fn answer(name: &str, entry: &Entry, rules: Rules, ride: &mut Ride<'_>, breaches: &mut Breaches) {
    let line = entry.line;
    match ride.requested {
        None => {
            let text = format!("request {name} is answered before it is asked");
            breaches.add(line, "requested_first", text);
        }
        Some((_, asked_at)) => {
            let waited_ms = entry.t - asked_at;
            let at_once = as_ms(waited_ms) <= rules.answer_within_s * 1000.0;
            breaches.check(at_once, line, "at_once", || {
                format!("request {name} is answered after {waited_ms} ms")
            });
        }
    }
    if let Some(first) = ride.answered.replace(line) {
        breaches.add(line, "answered_once", format!("request {name} was answered at line {first}"));
    }
}

/// The promise of a record, if its times can be read, checked against the request and the rules.
fn promise(
    name: &str,
    ask: &Ask,
    asked_at: i64,
    entry: &Entry,
    rules: Rules,
    breaches: &mut Breaches,
) -> Option<Promise> {
    let Kind::Promised { ready_at, pickup_by, dropoff_by, direct_s, meeting, .. } = &entry.kind
    else {
        return None;
    };
    let line = entry.line;
    let (mut walk_to_ms, mut walk_from_ms) = (0, 0);
    if let Some(meeting) = meeting {
        walks::check(name, ask, meeting, line, rules, breaches);
        (walk_to_ms, walk_from_ms) = (whole_ms(meeting.walk_to_s), whole_ms(meeting.walk_from_s));
    }
    let times = [ready_at, pickup_by, dropoff_by].map(|text| time_ms(text));
    let [Some(ready_at), Some(pickup_by), Some(dropoff_by)] = times else {
        breaches.add(line, "format", format!("request {name}: a promised time can't be read"));
        return None;
    };
    let mut check = |holds: bool, what: &str| {
        breaches.check(holds, line, "promise", || format!("request {name}: {what}"));
    };
    let ride_max_ms = (direct_s * rules.ride_alpha + rules.ride_beta_s) * 1000.0;
    let wait_ms = as_ms(pickup_by - ready_at);
    let longest_ms = as_ms(dropoff_by - ready_at);
    check(*direct_s >= 0.0, "direct_s is negative");
    check(asked_at <= ready_at, "ready_at lies before the request");
    check(0.0 <= wait_ms, "pickup_by lies before ready_at");
    check(wait_ms <= rules.max_wait_s * 1000.0 + ROUNDING_MS, "the wait promised is too long");
    check(pickup_by <= dropoff_by, "dropoff_by lies before pickup_by");
    let whole_max_ms = rules.max_wait_s * 1000.0 + ride_max_ms;
    // Who must arrive by a time is promised that time, even if wait and ride end before it.
    let is_bounded = ask.kind == "arrive_by" || longest_ms <= whole_max_ms + ROUNDING_MS;
    check(is_bounded, "dropoff_by is too late for wait and ride");
    match (ask.kind.as_str(), ask.target_at) {
        ("now", _) => {
            check(ready_at == asked_at + walk_to_ms, "ready_at is not the time of the request");
        }
        ("depart_at", Some(target)) => {
            // A request that comes after its own time counts from when it comes.
            let asked_for = target.max(asked_at) + walk_to_ms;
            check(ready_at == asked_for, "ready_at is not the time asked for");
        }
        ("arrive_by", Some(target)) => {
            check(asked_at + walk_to_ms <= ready_at, "nobody can be at the stop by ready_at");
            check(dropoff_by + walk_from_ms <= target, "dropoff_by is after the time asked for");
        }
        _ => check(false, "the demand has no time for it"),
    }
    Some(Promise { line, ready_at, pickup_by, dropoff_by, ride_max_ms })
}

fn boarded<'a>(
    name: &str,
    entry: &Entry,
    vehicle: &'a str,
    breakdowns: &Breakdowns,
    ride: &mut Ride<'a>,
    breaches: &mut Breaches,
) {
    let line = entry.line;
    let Some(promise) = ride.promise else {
        breaches.add(line, "transition", format!("request {name} boards without a promise"));
        return;
    };
    breaches.check(ride.vehicle == Some(vehicle), line, "one_vehicle", || {
        format!("request {name} boards {vehicle}, but {:?} was to come", ride.vehicle)
    });
    if let Some((since, before)) = ride.on_board {
        let stranded = breakdowns.between(before, since, entry.t);
        breaches.check(stranded, line, "boarded_once", || {
            format!("request {name} is on board of {before} already")
        });
    }
    breaches.check(promise.ready_at <= entry.t, line, "ready", || {
        format!("request {name} boards {} ms before ready_at", promise.ready_at - entry.t)
    });
    if ride.first_boarded.is_none() && promise.pickup_by < entry.t {
        ride.late = true;
    }
    ride.first_boarded = ride.first_boarded.or(Some(entry.t));
    ride.on_board = Some((entry.t, vehicle));
}

fn alighted<'a>(
    name: &str,
    entry: &Entry,
    vehicle: &'a str,
    ride: &mut Ride<'a>,
    breaches: &mut Breaches,
) {
    let line = entry.line;
    ride.ended = Some(line);
    let (Some(promise), Some((_, carrier)), Some(boarded_at)) =
        (ride.promise, ride.on_board, ride.first_boarded)
    else {
        breaches.add(line, "transition", format!("request {name} alights but is not on board"));
        return;
    };
    breaches.check(carrier == vehicle, line, "one_vehicle", || {
        format!("request {name} alights from {vehicle} but boarded {carrier}")
    });
    let too_long = promise.ride_max_ms + ROUNDING_MS < as_ms(entry.t - boarded_at);
    ride.late |= promise.dropoff_by < entry.t || too_long;
}

fn finish(name: &str, ride: &Ride<'_>, breaches: &mut Breaches) {
    let line = ride.last_line;
    breaches.check(ride.requested.is_some(), line, "requested_once", || {
        format!("request {name} was never asked")
    });
    breaches.check(ride.answered.is_some(), line, "answered_once", || {
        format!("request {name} was never answered")
    });
    let Some(promise) = ride.promise else { return };
    breaches.check(ride.ended.is_some(), promise.line, "ended", || {
        format!("request {name} was promised but never ended")
    });
    match (ride.late, ride.announced) {
        (true, None) => {
            breaches.add(
                line,
                "silent_break",
                format!("request {name} was late, and nobody said so"),
            );
        }
        (false, Some(line)) if !ride.given_up_late => {
            breaches.add(line, "false_break", format!("request {name} was not late"));
        }
        _ => {}
    }
}

#[expect(clippy::cast_possible_truncation, reason = "a walk is short; what is no number is 0")]
fn whole_ms(seconds: f64) -> i64 {
    (seconds * 1000.0).round() as i64
}

#[expect(clippy::cast_precision_loss, reason = "differences of a few days are exact")]
fn as_ms(ms: i64) -> f64 {
    ms as f64
}
