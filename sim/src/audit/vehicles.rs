//! The rules of one vehicle: its shift, its stops in order, who is on board, and that nobody is moved by magic.

use std::collections::BTreeMap;

use super::drives::{Drive, Seen, Stop};
use super::files::{Ask, Cab, meters};
use super::log::{Entry, Kind, Place};
use super::walks::Meetings;
use super::{Breaches, Rules};

/// Longest distance between two records of one place, in metres.
const SAME_PLACE_M: f64 = 1.0;

/// When which vehicle broke down.
#[derive(Debug, Default)]
pub struct Breakdowns(BTreeMap<String, Vec<i64>>);

impl Breakdowns {
    /// Whether `vehicle` broke down between two points in time, both included.
    #[must_use]
    pub fn between(&self, vehicle: &str, from: i64, to: i64) -> bool {
        self.0.get(vehicle).is_some_and(|times| times.iter().any(|t| (from..=to).contains(t)))
    }
}

/// All breakdowns of a log.
#[must_use]
pub fn breakdowns(entries: &[Entry]) -> Breakdowns {
    let mut by_vehicle: BTreeMap<String, Vec<i64>> = BTreeMap::new();
    for entry in entries {
        if let Kind::BrokeDown { vehicle_id, .. } = &entry.kind {
            by_vehicle.entry(vehicle_id.clone()).or_default().push(entry.t);
        }
    }
    Breakdowns(by_vehicle)
}

/// Where riders were left behind by a vehicle that broke down: by request, the lines and places.
#[derive(Debug, Default)]
pub struct Stranded(BTreeMap<String, Vec<Stop>>);

impl Stranded {
    /// Where `request` was last left behind before `line`.
    fn before(&self, request: &str, line: usize) -> Option<Place> {
        let stops = self.0.get(request)?.iter();
        stops.rev().find(|stop| stop.line < line).map(|stop| stop.place)
    }
}

/// All riders of a log who were on board when their vehicle broke down.
#[must_use]
pub fn stranded(entries: &[Entry]) -> Stranded {
    let mut carrier: BTreeMap<&str, &str> = BTreeMap::new();
    let mut by_request: BTreeMap<String, Vec<Stop>> = BTreeMap::new();
    for Entry { line, kind, .. } in entries {
        match kind {
            Kind::Boarded { request_id, vehicle_id } => {
                carrier.insert(request_id, vehicle_id);
            }
            Kind::Alighted { request_id, .. } => {
                carrier.remove(request_id.as_str());
            }
            Kind::BrokeDown { vehicle_id, place } => {
                for (request, _) in carrier.iter().filter(|(_, by)| *by == vehicle_id) {
                    let stop = Stop { line: *line, place: *place };
                    by_request.entry((*request).to_owned()).or_default().push(stop);
                }
                carrier.retain(|_, by| by != vehicle_id);
            }
            _ => {}
        }
    }
    Stranded(by_request)
}

/// One vehicle and what it is measured by.
#[derive(Clone, Copy, Debug)]
pub struct Scope<'a> {
    /// Its name.
    pub name: &'a str,
    /// Its row of the fleet.
    pub cab: &'a Cab,
    /// The demand.
    pub asks: &'a BTreeMap<String, Ask>,
    /// The limits.
    pub rules: Rules,
    /// Who was left behind where.
    pub stranded: &'a Stranded,
    /// Where those are met who walk.
    pub meetings: &'a Meetings<'a>,
}

#[derive(Clone, Copy, Debug)]
enum Doing {
    OffShift,
    Standing(Place),
    Driving { since: i64, from: Place },
}

struct Vehicle<'a> {
    doing: Doing,
    started: bool,
    aboard: BTreeMap<&'a str, &'a Ask>,
}

/// Checks one vehicle by its own records in order; notes its drives and stops in `seen`.
pub fn check(scope: &Scope<'_>, own: &[&Entry], seen: &mut Seen, breaches: &mut Breaches) {
    let mut vehicle = Vehicle { doing: Doing::OffShift, started: false, aboard: BTreeMap::new() };
    for &entry in own {
        step(scope, entry, &mut vehicle, seen, breaches);
    }
}

fn step<'a>(
    scope: &Scope<'a>,
    entry: &'a Entry,
    vehicle: &mut Vehicle<'a>,
    seen: &mut Seen,
    breaches: &mut Breaches,
) {
    let (line, name) = (entry.line, scope.name);
    match (&entry.kind, vehicle.doing) {
        (Kind::ShiftStarted { place, .. }, _) => start(scope, entry, *place, vehicle, breaches),
        (_, Doing::OffShift) => {
            breaches.add(line, "shift", format!("vehicle {name} does something outside its shift"));
        }
        (Kind::Departed { place, .. }, Doing::Standing(stood)) => {
            let moved_m = meters(place.point(), stood.point());
            breaches.check(moved_m <= SAME_PLACE_M, line, "teleport", || {
                format!("vehicle {name} sets off {moved_m:.0} m from where it stood")
            });
            vehicle.doing = Doing::Driving { since: entry.t, from: *place };
        }
        (Kind::Arrived { place, .. }, Doing::Driving { since, from }) => {
            let elapsed_ms = entry.t - since;
            seen.drives.push(Drive { line, from, to: *place, elapsed_ms });
            vehicle.doing = Doing::Standing(*place);
        }
        (Kind::BrokeDown { place, .. }, doing) => {
            if let Doing::Driving { since, from } = doing {
                let elapsed_ms = entry.t - since;
                seen.drives.push(Drive { line, from, to: *place, elapsed_ms });
            }
            vehicle.aboard.clear();
            vehicle.doing = Doing::OffShift;
        }
        (Kind::Departed { .. } | Kind::Arrived { .. }, _) => {
            breaches.add(
                line,
                "stops_in_order",
                format!("vehicle {name} arrives or departs twice"),
            );
        }
        (Kind::Boarded { request_id, .. }, doing) => {
            board(scope, entry, request_id, doing, vehicle, seen, breaches);
        }
        (Kind::Alighted { request_id, .. }, doing) => {
            alight(scope, entry, request_id, doing, vehicle, seen, breaches);
        }
        (Kind::ShiftEnded { .. }, _) => {
            breaches.check(vehicle.aboard.is_empty(), line, "shift", || {
                format!("vehicle {name} ends its shift with riders on board")
            });
            vehicle.doing = Doing::OffShift;
        }
        _ => {}
    }
}

fn start<'a>(
    scope: &Scope<'a>,
    entry: &Entry,
    place: Place,
    vehicle: &mut Vehicle<'a>,
    breaches: &mut Breaches,
) {
    let (line, name) = (entry.line, scope.name);
    breaches.check(!vehicle.started, line, "shift", || {
        format!("vehicle {name} starts its shift twice")
    });
    breaches.check(scope.cab.shift_start <= entry.t, line, "shift", || {
        format!("vehicle {name} starts before its shift")
    });
    let away_m = meters(place.point(), scope.cab.start);
    breaches.check(away_m <= scope.rules.snap_max_m, line, "place", || {
        format!("vehicle {name} starts {away_m:.0} m from where the fleet has it")
    });
    vehicle.started = true;
    vehicle.doing = Doing::Standing(place);
}

fn board<'a>(
    scope: &Scope<'a>,
    entry: &'a Entry,
    request: &'a str,
    doing: Doing,
    vehicle: &mut Vehicle<'a>,
    seen: &mut Seen,
    breaches: &mut Breaches,
) {
    let (line, name) = (entry.line, scope.name);
    let Some((request, ask)) = scope.asks.get_key_value(request) else { return };
    if let Some(place) = standing(scope, entry, doing, breaches) {
        let left_at = scope.stranded.before(request, line);
        match (left_at, scope.meetings.get(request.as_str())) {
            (Some(left_at), _) => near(scope, entry, place, left_at.point(), 0.0, breaches),
            (None, Some(meeting)) => near(scope, entry, place, meeting.pickup, 0.0, breaches),
            (None, None) => near(scope, entry, place, ask.from, scope.rules.snap_max_m, breaches),
        }
        let first = seen.pickups.entry(request.clone()).or_insert(Stop { line, place });
        if line < first.line {
            *first = Stop { line, place };
        }
    }
    vehicle.aboard.insert(request, ask);
    let taken = |of: fn(&Ask) -> u32| vehicle.aboard.values().map(|ask| of(ask)).sum::<u32>();
    let wheelchairs = taken(|ask| ask.wheelchairs);
    let folded = wheelchairs.saturating_mul(scope.cab.folding_seats);
    let places = [
        (
            "riders",
            taken(|ask| ask.passengers.saturating_sub(ask.wheelchairs)),
            "seats",
            scope.cab.seats.saturating_sub(folded),
        ),
        ("wheelchairs", wheelchairs, "places", scope.cab.wheelchairs),
        ("children", taken(|ask| ask.child_seats), "child seats", scope.cab.child_seats),
        ("pieces of luggage", taken(|ask| ask.luggage), "places", scope.cab.luggage),
    ];
    for (what, taken, places, there) in places {
        breaches.check(taken <= there, line, "capacity", || {
            format!("vehicle {name} has {taken} {what} on {there} {places}")
        });
    }
}

fn alight<'a>(
    scope: &Scope<'a>,
    entry: &'a Entry,
    request: &'a str,
    doing: Doing,
    vehicle: &mut Vehicle<'a>,
    seen: &mut Seen,
    breaches: &mut Breaches,
) {
    let line = entry.line;
    let Some((request, ask)) = scope.asks.get_key_value(request) else { return };
    if let Some(place) = standing(scope, entry, doing, breaches) {
        match scope.meetings.get(request.as_str()) {
            Some(meeting) => near(scope, entry, place, meeting.dropoff, 0.0, breaches),
            None => near(scope, entry, place, ask.to, scope.rules.snap_max_m, breaches),
        }
        seen.dropoffs.insert(request.clone(), Stop { line, place });
    }
    let was_aboard = vehicle.aboard.remove(request.as_str()).is_some();
    breaches.check(was_aboard, line, "precedence", || {
        format!("request {request} alights from {} without having boarded it", scope.name)
    });
    breaches.check(entry.t <= scope.cab.shift_end, line, "shift", || {
        format!("request {request} alights after the shift of {}", scope.name)
    });
}

/// Where the vehicle stands; a breach if it does not.
fn standing(
    scope: &Scope<'_>,
    entry: &Entry,
    doing: Doing,
    breaches: &mut Breaches,
) -> Option<Place> {
    match doing {
        Doing::Standing(place) => Some(place),
        Doing::Driving { .. } | Doing::OffShift => {
            let text = format!("somebody boards or alights while {} drives", scope.name);
            breaches.add(entry.line, "standing", text);
            None
        }
    }
}

fn near(
    scope: &Scope<'_>,
    entry: &Entry,
    place: Place,
    wanted: [f64; 2],
    max_m: f64,
    breaches: &mut Breaches,
) {
    let away_m = meters(place.point(), wanted);
    breaches.check(away_m <= max_m + SAME_PLACE_M, entry.line, "place", || {
        format!("vehicle {} stands {away_m:.0} m from where the rider waits or goes", scope.name)
    });
}
