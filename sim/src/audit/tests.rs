//! A good log passes; every planted breach is found.

use serde_json::{Value, json};

use super::files::AuditError;
use super::{Case, Rules, Verdict, audit};
use sharxi_engine::planning::policy::Policy;
use sharxi_engine::units::Millis;

use crate::clock::LocalClock;
use crate::demand::DemandRow;
use crate::fleet::FleetRow;
use crate::world::Outcome;
use crate::{demand, event_log, fleet, testing};

/// A good day in the made-up town, as files.
struct Day {
    demand: String,
    fleet: String,
    lines: Vec<Value>,
}

impl Day {
    fn new() -> Self {
        let (asks, cabs) = (testing::demand(150, 4), testing::fleet(12));
        Self::of(&asks, &cabs, &testing::play(&asks, &cabs))
    }

    fn of(asks: &[DemandRow], cabs: &[FleetRow], outcome: &Outcome) -> Self {
        let (mut demand_csv, mut fleet_csv, mut log) = (Vec::new(), Vec::new(), Vec::new());
        demand::write(asks, LocalClock::UTC, &mut demand_csv).unwrap();
        fleet::write(cabs, LocalClock::UTC, &mut fleet_csv).unwrap();
        event_log::write(&outcome.records, LocalClock::UTC, &mut log).unwrap();
        let log = String::from_utf8(log).unwrap();
        Self {
            demand: String::from_utf8(demand_csv).unwrap(),
            fleet: String::from_utf8(fleet_csv).unwrap(),
            lines: log.lines().map(|line| serde_json::from_str(line).unwrap()).collect(),
        }
    }

    /// The same, with riders who walk up to ten minutes, a block of the town; those in wheelchairs only if they say so.
    fn on_foot() -> Self {
        let (mut asks, cabs) = (testing::demand(150, 4), testing::fleet(12));
        asks[0].walk_max = Some(Millis::ZERO);
        let policy = Policy { walk_max: Millis::from_secs(600), ..Policy::default() };
        Self::of(&asks, &cabs, &testing::play_by(policy, &asks, &cabs, true))
    }

    fn verdict(&self) -> Verdict {
        self.judged_by(Rules::default()).unwrap()
    }

    fn judged_by(&self, rules: Rules) -> Result<Verdict, AuditError> {
        let events: String = self.lines.iter().map(|line| format!("{line}\n")).collect();
        let (nodes, arcs) = testing::graph();
        let (demand, fleet) = (self.demand.as_str(), self.fleet.as_str());
        audit(&Case { demand, fleet, events: &events, nodes: &nodes, arcs: &arcs, rules })
    }

    fn find(&self, kind: &str) -> usize {
        self.find_after(0, kind, |_| true)
    }

    fn find_after(&self, from: usize, kind: &str, fits: impl Fn(&Value) -> bool) -> usize {
        let is_it = |line: &Value| line["kind"] == kind && fits(line);
        from + self.lines[from..].iter().position(is_it).unwrap()
    }

    /// The line of `kind` about the same ride as line `idx`.
    fn same_ride(&self, idx: usize, kind: &str) -> usize {
        let name = self.lines[idx]["request_id"].clone();
        self.find_after(0, kind, |line| line["request_id"] == name)
    }

    fn set(&mut self, idx: usize, key: &str, value: Value) {
        self.lines[idx][key] = value;
    }

    /// Moves a time field by seconds.
    fn shift(&mut self, idx: usize, key: &str, seconds: i64) {
        let text = self.lines[idx][key].as_str().unwrap();
        let time = crate::clock::shifted(crate::clock::parse(text).unwrap(), seconds * 1000);
        self.lines[idx][key] = json!(LocalClock::UTC.format_ms(time));
    }

    /// Shifts the line and all after it.
    fn delay_from(&mut self, idx: usize, seconds: i64) {
        for later in idx..self.lines.len() {
            self.shift(later, "t", seconds);
        }
    }

    fn duplicate(&mut self, idx: usize) {
        let line = self.lines[idx].clone();
        self.lines.insert(idx + 1, line);
    }
}

#[test]
fn a_clean_log_passes() {
    let verdict = Day::new().verdict();
    assert_eq!(verdict.breaches, []);
    assert!(verdict.n_promised > 100 && verdict.n_drives > 100, "{verdict:?}");
}

/// What is done to a good log, and the rule that must notice.
type Plant = (&'static str, &'static str, fn(&mut Day));

const PLANTS: [Plant; 34] = [
    ("a line that is no JSON", "format", |day| {
        let idx = day.find("boarded");
        day.lines[idx] = json!("boarded");
    }),
    ("a kind that nobody knows", "format", |day| {
        let idx = day.find("repositioning");
        day.set(idx, "kind", json!("teleported"));
    }),
    ("time runs back", "time_order", |day| {
        let idx = day.find("promised");
        day.shift(idx, "t", -3600);
    }),
    ("a request that nobody made", "unknown_request", |day| {
        let idx = day.find("requested");
        day.set(idx, "request_id", json!("ghost"));
    }),
    ("a vehicle from nowhere", "unknown_vehicle", |day| {
        let idx = day.find("arrived");
        day.set(idx, "vehicle_id", json!("ghost"));
    }),
    ("a request forgotten", "requested_once", |day| {
        let idx = day.find("requested");
        day.lines.remove(idx);
    }),
    ("a request noted too late", "requested_as_asked", |day| {
        let idx = day.find("requested");
        day.shift(idx, "t", 1);
    }),
    ("another party than asked for", "requested_as_asked", |day| {
        let idx = day.find("requested");
        day.set(idx, "passengers", json!(7));
    }),
    ("a request without answer", "answered_once", |day| {
        let idx = day.find("promised");
        day.lines.remove(idx);
    }),
    ("a second promise", "answered_once", |day| {
        let idx = day.find("promised");
        day.duplicate(idx);
        day.shift(idx + 1, "pickup_by", 60);
    }),
    ("a promise that moves with the vehicle", "promise", |day| {
        let idx = day.find("promised");
        day.shift(idx, "pickup_by", 601);
        day.shift(idx, "dropoff_by", 601);
        day.shift(idx, "ready_at", 600);
    }),
    ("a wait of 15 minutes and a second", "promise", |day| {
        let idx = day.find("promised");
        day.shift(idx, "pickup_by", 901);
    }),
    ("a drop-off far too late", "promise", |day| {
        let idx = day.find("promised");
        day.shift(idx, "dropoff_by", 7200);
    }),
    ("an arrival promised too late", "promise", |day| {
        let asked = day.find_after(0, "requested", |line| line["request_kind"] == "arrive_by");
        let idx = day.same_ride(asked, "promised");
        day.shift(idx, "dropoff_by", 600);
    }),
    ("a direct drive that is too short", "direct", |day| {
        let idx = day.find_after(0, "promised", |line| line["direct_s"].as_f64() > Some(100.0));
        let direct_s = day.lines[idx]["direct_s"].as_f64().unwrap();
        day.set(idx, "direct_s", json!(direct_s - 1.0));
    }),
    ("a direct drive that is too long", "direct", |day| {
        let idx = day.find("promised");
        let direct_s = day.lines[idx]["direct_s"].as_f64().unwrap();
        day.set(idx, "direct_s", json!(direct_s + 1.0));
    }),
    ("an answer that takes eleven minutes", "at_once", |day| {
        let idx = day.find("promised");
        day.shift(idx, "t", 677);
    }),
    ("a refusal without a reason", "reason", |day| {
        let idx = day.find("promised");
        day.set(idx, "kind", json!("rejected"));
        day.set(idx, "reason", json!(" "));
    }),
    ("a vehicle that takes no time along its arc", "speed", |day| {
        let arrive = day.find("arrived");
        let (vehicle, t) =
            (day.lines[arrive]["vehicle_id"].clone(), day.lines[arrive]["t"].clone());
        let fits = |line: &Value| line["kind"] == "departed" && line["vehicle_id"] == vehicle;
        let depart = day.lines[..arrive].iter().rposition(fits).unwrap();
        day.set(depart, "t", t);
        for (idx, column) in [(depart, 0), (arrive, 1)] {
            let point = testing::Town::node_at(0, column);
            day.set(idx, "arc", json!([1, 2]));
            day.set(idx, "lat", json!(point.lat()));
            day.set(idx, "lon", json!(point.lon()));
        }
    }),
    ("a late board, and nobody says so", "silent_break", |day| {
        let idx = day.find("promised");
        let board = day.same_ride(idx, "boarded");
        let at = day.lines[board]["t"].clone();
        day.set(idx, "pickup_by", at);
        day.shift(idx, "pickup_by", -1);
    }),
    ("a late arrival, and nobody says so", "silent_break", |day| {
        let alight = day.find("alighted");
        day.delay_from(alight, 7200);
    }),
    ("a break announced that is none", "false_break", |day| {
        let idx = day.find("alighted");
        let (t, name) = (day.lines[idx]["t"].clone(), day.lines[idx]["request_id"].clone());
        let line = json!({"t": t, "kind": "promise_broken", "request_id": name, "late_s": 5.0});
        day.lines.insert(idx + 1, line);
    }),
    ("boarding before being ready", "ready", |day| {
        let asked = day.find_after(0, "requested", |line| line["request_kind"] == "depart_at");
        let idx = day.same_ride(asked, "promised");
        day.shift(idx, "ready_at", 900);
    }),
    ("a rider who never gets off", "ended", |day| {
        let idx = day.find("alighted");
        day.lines.remove(idx);
    }),
    ("a rider who gets off without having boarded", "precedence", |day| {
        let idx = day.find("boarded");
        day.lines.remove(idx);
    }),
    ("a rider who boards twice", "boarded_once", |day| {
        let idx = day.find("boarded");
        day.duplicate(idx);
    }),
    ("a rider in two vehicles", "one_vehicle", |day| {
        let idx = day.find("boarded");
        let other = if day.lines[idx]["vehicle_id"] == "drt_0" { "drt_1" } else { "drt_0" };
        let alight = day.same_ride(idx, "alighted");
        day.set(alight, "vehicle_id", json!(other));
    }),
    ("a vehicle with one seat", "capacity", |day| {
        day.fleet = day.fleet.replace("taxi,4,", "taxi,1,");
    }),
    ("a vehicle without the wheelchair place", "capacity", |day| {
        day.fleet = day.fleet.replace("taxi,4,1,", "taxi,4,0,");
    }),
    ("a vehicle that jumps", "teleport", |day| {
        let idx = day.find("departed");
        let lat = day.lines[idx]["lat"].as_f64().unwrap();
        day.set(idx, "lat", json!(lat + 0.0045));
    }),
    ("a vehicle that stands beside its road", "arc", |day| {
        let idx = day.find("arrived");
        let lat = day.lines[idx]["lat"].as_f64().unwrap();
        day.set(idx, "lat", json!(lat + 0.0009));
    }),
    ("a vehicle that is a second too fast", "speed", |day| {
        let arrive = day.find("arrived");
        let vehicle = day.lines[arrive]["vehicle_id"].clone();
        let fits = |line: &Value| line["kind"] == "departed" && line["vehicle_id"] == vehicle;
        let depart = day.lines[..arrive].iter().rposition(fits).unwrap();
        day.shift(depart, "t", 1);
    }),
    ("a stop that is left out", "stops_in_order", |day| {
        let idx = day.find("arrived");
        day.lines.remove(idx);
    }),
    ("a shift that starts twice", "shift", |day| {
        let idx = day.find("shift_started");
        day.duplicate(idx);
    }),
];

#[test]
fn every_planted_breach_is_found() {
    for (what, rule, plant) in PLANTS {
        let mut day = Day::new();
        plant(&mut day);
        let breaches = day.verdict().breaches;
        assert!(breaches.iter().any(|breach| breach.rule == rule), "{what}: {breaches:?}");
    }
}

#[test]
fn boarding_elsewhere_and_boarding_while_driving_are_found() {
    let mut day = Day::new();
    let board = day.find("boarded");
    let asked = day.same_ride(board, "requested");
    let name = day.lines[asked]["request_id"].as_str().unwrap().to_owned();
    let from = &day.lines[asked]["from"];
    let (old, new) = (format!("{:.6}", from[0].as_f64().unwrap()), "50.900000");
    let row = day.demand.lines().find(|row| row.starts_with(&format!("{name},"))).unwrap();
    day.demand = day.demand.replace(row, &row.replacen(&old, new, 1));
    let rules: Vec<&str> = day.verdict().breaches.iter().map(|breach| breach.rule).collect();
    assert!(rules.contains(&"place"), "{rules:?}");

    let mut day = Day::new();
    let board = day.find("boarded");
    let vehicle = day.lines[board]["vehicle_id"].clone();
    let fits = |line: &Value| line["vehicle_id"] == vehicle;
    let depart = day.find_after(board, "departed", fits);
    let line = day.lines.remove(board);
    day.lines.insert(depart, line);
    let rules: Vec<&str> = day.verdict().breaches.iter().map(|breach| breach.rule).collect();
    assert!(rules.contains(&"standing"), "{rules:?}");
}

#[test]
fn a_broken_promise_that_is_announced_is_counted_not_blamed() {
    let mut day = Day::new();
    let idx = day.find("promised");
    let board = day.same_ride(idx, "boarded");
    let (at, name) = (day.lines[board]["t"].clone(), day.lines[board]["request_id"].clone());
    day.set(idx, "pickup_by", at.clone());
    day.shift(idx, "pickup_by", -1);
    let line = json!({"t": at, "kind": "promise_broken", "request_id": name, "late_s": 1.0});
    day.lines.insert(board + 1, line);
    let verdict = day.verdict();
    assert_eq!((verdict.breaches, verdict.n_broken), (vec![], 1));
}

#[test]
fn a_live_service_may_be_late_within_bounds() {
    let mut day = Day::new();
    let asked = day.find_after(0, "requested", |line| line["request_kind"] == "now");
    let promised = day.same_ride(asked, "promised");
    day.shift(asked, "t", 1);
    day.shift(promised, "t", 3);
    for key in ["ready_at", "pickup_by", "dropoff_by"] {
        day.shift(promised, key, 1);
    }
    let rules = Rules { requested_within_s: 1.0, answer_within_s: 2.0, ..Rules::default() };
    let found = |rules| -> Vec<&str> {
        let breaches = day.judged_by(rules).unwrap().breaches.into_iter();
        breaches.map(|breach| breach.rule).filter(|&rule| rule != "time_order").collect()
    };
    assert_eq!(found(rules), Vec::<&str>::new());
    assert_eq!(found(Rules { requested_within_s: 0.9, ..rules }), ["requested_as_asked"]);
    assert_eq!(found(Rules { answer_within_s: 1.9, ..rules }), ["at_once"]);
}

#[test]
fn two_requests_or_vehicles_of_one_name_are_an_error() {
    let mut day = Day::new();
    let row = day.demand.lines().nth(1).unwrap().to_owned();
    day.demand.push_str(&row);
    let error = day.judged_by(Rules::default()).unwrap_err();
    assert!(matches!(error, AuditError::Duplicate { file: "demand", .. }), "{error}");

    let mut day = Day::new();
    let row = day.fleet.lines().nth(1).unwrap().to_owned();
    day.fleet.push_str(&row);
    let error = day.judged_by(Rules::default()).unwrap_err();
    assert!(matches!(error, AuditError::Duplicate { file: "fleet", .. }), "{error}");
}

#[test]
fn walks_are_checked() {
    let rules = Rules { walk_max_s: 600.0, ..Rules::default() };
    let day = Day::on_foot();
    assert_eq!(day.judged_by(rules).unwrap().breaches, []);
    let walker = day.find_after(0, "promised", |line| line["walk_to_s"].as_f64() > Some(0.0));

    let found = |plant: &dyn Fn(&mut Day), rules: Rules| -> Vec<&str> {
        let mut day = Day::on_foot();
        plant(&mut day);
        day.judged_by(rules).unwrap().breaches.iter().map(|breach| breach.rule).collect()
    };
    // Nobody was asked, or for less.
    assert!(found(&|_| {}, Rules::default()).contains(&"walk"));
    assert!(found(&|_| {}, Rules { walk_max_s: 300.0, ..rules }).contains(&"walk"));
    // The walk is told shorter than it is: then the rider is not ready so soon either.
    let shorter = |day: &mut Day| day.set(walker, "walk_to_s", json!(60.0));
    assert!(found(&shorter, rules).contains(&"walk"));
    // The stop is another one than the vehicle came to.
    let elsewhere = |day: &mut Day| {
        let corner = testing::Town::node_at(0, 0);
        day.set(walker, "pickup", json!([corner.lat(), corner.lon()]));
    };
    let rules_broken = found(&elsewhere, rules);
    assert!(rules_broken.contains(&"walk") && rules_broken.contains(&"place"), "{rules_broken:?}");
    // The wait is counted from before the walk.
    assert!(found(&|day| day.shift(walker, "ready_at", -60), rules).contains(&"promise"));
}

#[test]
fn child_seats_luggage_and_folding_seats_are_counted() {
    let with = |demand: &str, fleet: &str| {
        let mut day = breakdown();
        let add = |text: &mut String, columns: &str, values: &str| {
            let lines: Vec<String> = text
                .lines()
                .enumerate()
                .map(|(n, line)| format!("{line},{}\n", if n == 0 { columns } else { values }))
                .collect();
            *text = lines.concat();
        };
        add(&mut day.demand, "child_seats,luggage", demand);
        add(&mut day.fleet, "folding_seats,child_seats,luggage", fleet);
        day.verdict().breaches.iter().map(|breach| breach.rule).collect::<Vec<_>>()
    };
    assert!(with("1,2", "0,1,2").is_empty());
    // Once on board of either vehicle.
    assert_eq!(with("1,2", "0,0,2"), ["capacity"; 2]);
    assert_eq!(with("1,2", "0,1,1"), ["capacity"; 2]);
    assert!(with("0,0", "4,0,0").is_empty());
    let mut day = breakdown();
    day.demand = day.demand.replace(",1,0\n", ",2,1\n");
    day.fleet = day.fleet.replace("taxi,4,0,", "taxi,4,1,");
    let idx = day.find("requested");
    day.set(idx, "passengers", json!(2));
    day.set(idx, "wheelchairs", json!(1));
    assert_eq!(day.verdict().breaches, []);
    let lines = day.fleet.lines().enumerate();
    let fold = |(n, line)| format!("{line},{}\n", if n == 0 { "folding_seats" } else { "4" });
    day.fleet = lines.map(fold).collect();
    let rules: Vec<&str> = day.verdict().breaches.iter().map(|breach| breach.rule).collect();
    assert_eq!(rules, ["capacity"; 2]);
}

/// One rider from crossing (0, 0) to (0, 4); the vehicle breaks down on the way, and another one comes.
fn breakdown() -> Day {
    let at = |column| {
        let point = testing::Town::node_at(0, column);
        (point.lat(), point.lon())
    };
    let ((from_lat, from_lon), (to_lat, to_lon)) = (at(0), at(4));
    let time = |second: i64| {
        let time = crate::clock::shifted(testing::minute(0), second * 1000);
        LocalClock::UTC.format_ms(time)
    };
    let (begin, end) = (time(0), time(7200));
    let act = |second: i64, kind: &str, vehicle: u32, column: u32| {
        let ((lat, lon), node) = (at(column), column + 1);
        json!({"t": time(second), "kind": kind, "request_id": "r0", "lat": lat, "lon": lon,
            "vehicle_id": format!("drt_{vehicle}"), "arc": [node, node]})
    };
    let asked = json!({"t": begin, "kind": "requested", "request_id": "r0",
        "from": [from_lat, from_lon], "to": [to_lat, to_lon], "request_kind": "now",
        "passengers": 1, "wheelchairs": 0});
    let promised = json!({"t": begin, "kind": "promised", "request_id": "r0", "vehicle_id": "drt_0",
        "ready_at": begin, "pickup_by": time(900), "dropoff_by": time(1860), "direct_s": 240.0});
    Day {
        demand: format!(
            "request_id,requested_at,kind,target_at,from_lat,from_lon,to_lat,to_lon,passengers,\
             wheelchairs\nr0,{begin},now,,{from_lat},{from_lon},{to_lat},{to_lon},1,0\n"
        ),
        fleet: format!(
            "vehicle_id,type,seats,wheelchairs,lat,lon,shift_start,shift_end\n\
             drt_0,taxi,4,0,{from_lat},{from_lon},{begin},{end}\n\
             drt_1,taxi,4,0,{to_lat},{to_lon},{begin},{end}\n"
        ),
        lines: vec![
            act(0, "shift_started", 0, 0),
            act(0, "shift_started", 1, 4),
            asked,
            promised,
            act(0, "boarded", 0, 0),
            act(10, "departed", 0, 0),
            act(140, "broke_down", 0, 2),
            act(140, "reassigned", 1, 2),
            act(140, "departed", 1, 4),
            act(260, "arrived", 1, 2),
            act(270, "boarded", 1, 2),
            act(280, "departed", 1, 2),
            act(400, "arrived", 1, 4),
            act(410, "alighted", 1, 4),
        ],
    }
}

#[test]
fn who_is_left_behind_boards_again_where_the_vehicle_broke_down_and_nowhere_else() {
    let day = breakdown();
    assert_eq!(day.verdict().breaches, []);

    let mut day = breakdown();
    let place = testing::Town::node_at(0, 1);
    let idx = day.find("broke_down");
    day.set(idx, "arc", json!([2, 2]));
    day.set(idx, "lat", json!(place.lat()));
    day.set(idx, "lon", json!(place.lon()));
    let rules: Vec<&str> = day.verdict().breaches.iter().map(|breach| breach.rule).collect();
    assert_eq!(rules, ["place"]);
}
