//! A made-up town for tests: streets every 500 m, one minute from crossing to crossing.

use std::sync::Arc;

use sharxi_api::map::{self, Map};
use sharxi_engine::demand::request::{Name, Party, When};
use sharxi_engine::dispatcher::{Dispatcher, Spot};
use sharxi_engine::fleet::vehicle::Fittings;
use sharxi_engine::geo::LatLon;
use sharxi_engine::ids::NodeId;
use sharxi_engine::oracle::{Location, Oracle, Path, Waypoint};
use sharxi_engine::planning::policy::Policy;
use sharxi_engine::units::{EngineTime, Millimeters, Millis};

use crate::audit::roads::{Arc as AuditArc, Node};
use crate::clock::LocalClock;
use crate::demand::DemandRow;
use crate::event_loop::{self, Cast};
use crate::fleet::FleetRow;
use crate::ground::Ground;
use crate::rng::Rng;
use crate::uncertainty::Uncertainty;
use crate::world::{Outcome, World};

const SIDE: u32 = 12;
const BLOCK_MS: u32 = 60_000;
const BLOCK_M: f64 = 500.0;
const STEP_LAT: f64 = 0.0045;
const STEP_LON: f64 = 0.007;
/// 2026-11-24T06:00:00Z.
pub(crate) const MORNING_MS: i64 = 1_795_500_000_000;

pub(crate) struct Town;

impl Town {
    pub(crate) fn node_at(row: u32, column: u32) -> LatLon {
        let (lat, lon) = (50.0 + f64::from(row) * STEP_LAT, 7.0 + f64::from(column) * STEP_LON);
        LatLon::from_degrees(lat, lon).unwrap()
    }

    fn row_column(location: Location) -> (u32, u32) {
        let Location::Node(node) = location else { panic!("the town has only crossings") };
        (node.get() / SIDE, node.get() % SIDE)
    }

    fn node(row: u32, column: u32) -> NodeId {
        NodeId::new(row * SIDE + column)
    }
}

impl Oracle for Town {
    fn time(&self, from: Location, to: Location) -> Millis {
        let ((row_a, column_a), (row_b, column_b)) = (Self::row_column(from), Self::row_column(to));
        Millis::new((row_a.abs_diff(row_b) + column_a.abs_diff(column_b)) * BLOCK_MS)
    }

    fn path(&self, from: Location, to: Location) -> Option<Path> {
        let ((mut row, mut column), goal) = (Self::row_column(from), Self::row_column(to));
        let mut nodes = vec![Self::node(row, column)];
        while (row, column) != goal {
            if row == goal.0 {
                column = if column < goal.1 { column + 1 } else { column - 1 };
            } else {
                row = if row < goal.0 { row + 1 } else { row - 1 };
            }
            nodes.push(Self::node(row, column));
        }
        let waypoint = |(blocks, &node): (u32, &NodeId)| Waypoint {
            node,
            elapsed: Millis::new(blocks * BLOCK_MS),
            driven: Millimeters::new(u64::from(blocks) * 500_000),
        };
        let waypoints: Vec<Waypoint> = (0u32..).zip(&nodes).map(waypoint).collect();
        let last = *waypoints.last()?;
        Some(Path {
            from,
            to,
            duration: last.elapsed,
            distance: last.driven,
            waypoints,
            first_arc: self.arc_at(from),
            last_arc: self.arc_at(to),
        })
    }

    fn arc_at(&self, at: Location) -> [NodeId; 2] {
        let (row, column) = Self::row_column(at);
        [Self::node(row, column); 2]
    }
}

impl Ground for Town {
    fn snap(&self, point: LatLon, max_m: f64) -> Option<Location> {
        let near = |value: f64| {
            let away = |n: u32| (f64::from(n) - value).abs();
            (0..SIDE).min_by(|&a, &b| away(a).total_cmp(&away(b)))
        };
        let row = near((point.lat() - 50.0) / STEP_LAT)?;
        let column = near((point.lon() - 7.0) / STEP_LON)?;
        let is_near = Self::node_at(row, column).distance_m(point) <= max_m;
        is_near.then(|| Location::Node(Self::node(row, column)))
    }

    fn stops_near(&self, point: LatLon, radius_m: f64, count: usize) -> Vec<(Location, f64)> {
        let crossings = (0..SIDE).flat_map(|row| (0..SIDE).map(move |column| (row, column)));
        let distance = |(row, column)| {
            let away_m = Self::node_at(row, column).distance_m(point);
            (Location::Node(Self::node(row, column)), away_m)
        };
        let within = |&(_, away_m): &(Location, f64)| 60.0 < away_m && away_m <= radius_m;
        crossings.map(distance).filter(within).take(count).collect()
    }

    fn point(&self, location: Location) -> LatLon {
        let (row, column) = Self::row_column(location);
        Self::node_at(row, column)
    }
}

impl Map for Town {
    fn name(&self) -> &str {
        "town"
    }

    fn attribution(&self) -> &str {
        "made up"
    }

    fn fingerprint(&self) -> u64 {
        1
    }

    fn bounds(&self) -> (LatLon, LatLon) {
        (Self::node_at(0, 0), Self::node_at(SIDE - 1, SIDE - 1))
    }

    fn places(&self) -> Vec<map::Place> {
        let (kind, name, point) = ("village".into(), "Town".into(), Self::node_at(6, 6));
        vec![map::Place { kind, name, point, population: Some(1000) }]
    }

    fn for_each_road(&self, _visit: &mut dyn FnMut(map::RoadLine<'_>)) {}

    fn way_ids(&self) -> Vec<i64> {
        Vec::new()
    }

    fn snap(&self, point: LatLon, max_m: f64) -> Option<map::Snap> {
        let location = Ground::snap(self, point, max_m)?;
        let on_road = Ground::point(self, location);
        Some(map::Snap { location, point: on_road, distance_m: on_road.distance_m(point) })
    }

    fn point(&self, location: Location) -> LatLon {
        Ground::point(self, location)
    }

    fn path_geometry(&self, path: &Path) -> Vec<(LatLon, Millis)> {
        let point = |waypoint: &Waypoint| Ground::point(self, Location::Node(waypoint.node));
        path.waypoints.iter().map(|waypoint| (point(waypoint), waypoint.elapsed)).collect()
    }
}

/// The town as the audit sees it.
pub(crate) fn graph() -> (Vec<Node>, Vec<AuditArc>) {
    let mut nodes = Vec::new();
    let mut arcs = Vec::new();
    for row in 0..SIDE {
        for column in 0..SIDE {
            let point = Town::node_at(row, column);
            nodes.push([point.lat(), point.lon()]);
            let id = |row, column| Town::node(row, column).get() + 1;
            let mut both = |a: u32, b: u32| {
                for (tail, head) in [(a, b), (b, a)] {
                    arcs.push(AuditArc { tail, head, time_ms: BLOCK_MS, length_m: BLOCK_M });
                }
            };
            if row + 1 < SIDE {
                both(id(row, column), id(row + 1, column));
            }
            if column + 1 < SIDE {
                both(id(row, column), id(row, column + 1));
            }
        }
    }
    (nodes, arcs)
}

pub(crate) fn minute(minutes: i64) -> EngineTime {
    EngineTime::from_unix_ms(MORNING_MS + minutes * 60_000)
}

/// `n` requests within four hours: some booked, some with two riders, some in wheelchairs.
pub(crate) fn demand(n: usize, seed: u64) -> Vec<DemandRow> {
    let mut rows = Vec::new();
    for number in 0..n {
        let mut rng = Rng::new(seed, number as u64);
        let mut crossing = || u32::try_from(rng.below(12)).unwrap();
        let mut place = || Town::node_at(crossing(), crossing());
        let (from, to) = (place(), place());
        let requested_at = EngineTime::from_unix_ms(MORNING_MS + rng.between(0, 14_400) * 1000);
        let later = requested_at + Millis::from_secs(5400);
        let when = match rng.below(10) {
            0 => When::DepartAt(later),
            1 => When::ArriveBy(later),
            _ => When::Now,
        };
        let passengers = 1 + u8::from(rng.below(5) == 0);
        let party = Party::new(passengers, u8::from(rng.below(20) == 0)).unwrap();
        let name = Name::new(format!("q{number}")).unwrap();
        rows.push(DemandRow { name, requested_at, when, from, to, party, walk_max: None });
    }
    rows.sort_by_key(|row| row.requested_at);
    rows
}

/// `n` taxis, every second with a wheelchair place.
pub(crate) fn fleet(n: u32) -> Vec<FleetRow> {
    (0..n)
        .map(|number| FleetRow {
            name: Name::new(format!("drt_{number}")).unwrap(),
            kind: Name::new("taxi").unwrap(),
            seats: 4,
            wheelchairs: u8::from(number % 2 == 0),
            fittings: Fittings::default(),
            point: Town::node_at(number * 5 % SIDE, number * 7 % SIDE),
            shift_start: minute(-10),
            shift_end: minute(600),
        })
        .collect()
}

/// Plays demand and fleet in the town.
pub(crate) fn play(demand: &[DemandRow], fleet: &[FleetRow]) -> Outcome {
    play_by(Policy::default(), demand, fleet, true)
}

/// The same by other rules.
pub(crate) fn play_by(
    policy: Policy,
    demand: &[DemandRow],
    fleet: &[FleetRow],
    pooling: bool,
) -> Outcome {
    let ground: Arc<dyn Ground> = Arc::new(Town);
    let oracle: Arc<dyn Oracle> = Arc::new(Town);
    let spots: Vec<Spot> = (0..SIDE)
        .map(|n| Spot { location: Location::Node(Town::node(n, n)), weight: 1 + n })
        .collect();
    let dispatcher = Dispatcher::new(oracle, policy, &spots);
    let world = World::new(ground, dispatcher, LocalClock::UTC).tracking();
    let cast = Cast {
        demand,
        fleet,
        start: minute(-10),
        end: minute(240),
        snap_max_m: 500.0,
        uncertainty: &Uncertainty::default(),
        seed: 1,
        pooling,
        refusals_max: u32::MAX,
    };
    event_loop::run(&cast, world, &|_| {}).unwrap()
}
