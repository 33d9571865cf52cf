//! A grid town with a minute's drive between neighbours, and a fleet that does what its plans say.
#![allow(dead_code, unreachable_pub, missing_docs, reason = "shared by several test binaries")]

use std::collections::BTreeMap;
use std::sync::Arc;

use proptest::test_runner::{Config as ProptestConfig, FileFailurePersistence};
use sharxi_engine::demand::request::{Name, Party, RideRequest, When};
use sharxi_engine::demand::ride::{Ride, RideState};
use sharxi_engine::dispatcher::command::Command;
use sharxi_engine::dispatcher::event::{Event, EventKind};
use sharxi_engine::dispatcher::{Dispatcher, Spot};
use sharxi_engine::fleet::plan::{Action, NextAct};
use sharxi_engine::fleet::vehicle::{Fittings, VehicleSpec};
use sharxi_engine::ids::{NodeId, RequestId, RoadId, VehicleId};
use sharxi_engine::oracle::{Location, Oracle, Path, Waypoint};
use sharxi_engine::planning::policy::Policy;
use sharxi_engine::region::{ChangedPiece, Effect, TrafficChange, TrafficError};
use sharxi_engine::sight::Sight;
use sharxi_engine::units::{EngineTime, Millimeters, Millis};

/// That many cases (`PROPTEST_CASES` overrules), with what once failed kept in `regressions` and tried first.
pub fn config(cases: u32, regressions: &'static str) -> ProptestConfig {
    let persistence = FileFailurePersistence::Direct(regressions);
    let default = ProptestConfig::default();
    let asked = default.cases != ProptestConfig::with_cases(256).cases;
    ProptestConfig {
        cases: if asked { default.cases } else { cases },
        failure_persistence: Some(Box::new(persistence)),
        ..default
    }
}

/// Streets in both directions; first along x, then along y.
pub struct Grid {
    pub width: u32,
    pub step: Millis,
    pub version: u64,
}

/// The step without traffic.
const STEP: Millis = Millis::from_secs(60);

impl Grid {
    pub fn at(&self, x: u32, y: u32) -> Location {
        Location::Node(NodeId::new(y * self.width + x))
    }

    fn xy(&self, at: Location) -> (u32, u32) {
        let Location::Node(node) = at else { panic!("the grid has nodes only") };
        (node.get() % self.width, node.get() / self.width)
    }
}

impl Oracle for Grid {
    fn time(&self, from: Location, to: Location) -> Millis {
        let ((a, b), (c, d)) = (self.xy(from), self.xy(to));
        let steps = a.abs_diff(c) + b.abs_diff(d);
        // Closed: nobody gets anywhere.
        if self.step.is_infinite() && steps > 0 {
            return Millis::INFINITE;
        }
        Millis::new(steps * self.step.get())
    }

    /// Whatever the scope, all streets change.
    fn with_traffic(&self, changes: &[TrafficChange]) -> Result<Arc<dyn Oracle>, TrafficError> {
        let step = changes.iter().fold(self.step, |_, change| match change.effect {
            Effect::Closed => Millis::INFINITE,
            Effect::TimePercent(percent) => Millis::new(STEP.get() * percent / 100),
            _ => STEP,
        });
        Ok(Arc::new(Self { width: self.width, step, version: self.version + 1 }))
    }

    fn traffic_version(&self) -> u64 {
        self.version
    }

    fn changed_pieces(&self) -> Vec<ChangedPiece> {
        let time = Some(self.step).filter(|step| !step.is_infinite());
        vec![ChangedPiece { road: RoadId::new(0), piece: 0, backward: false, by_hour: false, time }]
    }

    fn with_pieces(
        &self,
        version: u64,
        pieces: &[ChangedPiece],
    ) -> Result<Arc<dyn Oracle>, TrafficError> {
        let step = pieces.first().map_or(STEP, |piece| piece.time.unwrap_or(Millis::INFINITE));
        Ok(Arc::new(Self { width: self.width, step, version }))
    }

    fn path(&self, from: Location, to: Location) -> Option<Path> {
        if self.time(from, to).is_infinite() {
            return None;
        }
        let ((mut x, mut y), (tx, ty)) = (self.xy(from), self.xy(to));
        let mut waypoints = Vec::new();
        let mut steps = 0;
        loop {
            waypoints.push(Waypoint {
                node: NodeId::new(y * self.width + x),
                elapsed: Millis::new(steps * self.step.get()),
                driven: Millimeters::new(u64::from(steps) * 1_000_000),
            });
            if (x, y) == (tx, ty) {
                break;
            }
            if x == tx {
                y = if y < ty { y + 1 } else { y - 1 };
            } else {
                x = if x < tx { x + 1 } else { x - 1 };
            }
            steps += 1;
        }
        Some(Path {
            from,
            to,
            duration: Millis::new(steps * self.step.get()),
            distance: Millimeters::new(u64::from(steps) * 1_000_000),
            waypoints,
            first_arc: self.arc_at(from),
            last_arc: self.arc_at(to),
        })
    }

    /// From the corners.
    fn sight(&self, place: Location) -> Sight {
        let end = self.width - 1;
        let corners = [(0, 0), (end, end), (0, end), (end, 0)].map(|(x, y)| self.at(x, y));
        let [to, from] = [
            corners.map(|corner| self.time(place, corner)),
            corners.map(|corner| self.time(corner, place)),
        ];
        Sight::new(to, from)
    }

    fn arc_at(&self, at: Location) -> [NodeId; 2] {
        let Location::Node(node) = at else { panic!("the grid has nodes only") };
        [node, node]
    }
}

/// The dispatcher and a fleet that obeys it to the millisecond.
pub struct Town {
    pub grid: Arc<Grid>,
    pub dispatcher: Dispatcher,
    pub log: Vec<Event>,
    pub commands: Vec<(EngineTime, Command)>,
    /// Vehicles that do nothing any more, to play late ones.
    pub stuck: Vec<VehicleId>,
    /// Every ride as it was known last: the dispatcher forgets those that ended.
    pub book: BTreeMap<RequestId, Ride>,
}

pub fn minute(minutes: i64) -> EngineTime {
    EngineTime::from_unix_ms(1_000_000_020_000 + minutes * 60_000)
}

pub fn name(text: &str) -> Name {
    Name::new(text).unwrap()
}

impl Town {
    pub fn new(width: u32, policy: Policy) -> Self {
        Self::with_spots(width, policy, &[])
    }

    pub fn with_spots(width: u32, policy: Policy, spots: &[(u32, u32, u32)]) -> Self {
        let grid = Arc::new(Grid { width, step: STEP, version: 0 });
        let spots: Vec<Spot> =
            spots.iter().map(|&(x, y, weight)| Spot { location: grid.at(x, y), weight }).collect();
        let oracle: Arc<dyn Oracle> = Arc::<Grid>::clone(&grid);
        let dispatcher = Dispatcher::new(oracle, policy, &spots);
        Self {
            grid,
            dispatcher,
            log: Vec::new(),
            commands: Vec::new(),
            stuck: Vec::new(),
            book: BTreeMap::new(),
        }
    }

    pub fn apply(&mut self, time: EngineTime, command: Command) -> Vec<Event> {
        let events = self
            .dispatcher
            .apply(time, command.clone())
            .unwrap_or_else(|error| panic!("{command:?} at {time:?}: {error}"));
        self.commands.push((time, command));
        self.log.extend(events.iter().cloned());
        for id in (0..self.dispatcher.n_rides()).map(|id| RequestId::new(id as u32)) {
            if let Some(ride) = self.dispatcher.ride(id) {
                self.book.insert(id, ride.clone());
            }
        }
        self.check_plans();
        events
    }

    /// A ride as it was known last.
    pub fn ride(&self, id: RequestId) -> Option<&Ride> {
        self.book.get(&id)
    }

    /// I2, as early as can be: no plan may miss a promise whose rider was not told.
    fn check_plans(&self) {
        for id in (0..self.dispatcher.n_vehicles()).map(|id| VehicleId::new(id as u32)) {
            for visit in self.dispatcher.visits(id) {
                let ride = self.dispatcher.ride(visit.request).unwrap();
                let promise = ride.promise.unwrap();
                // Silence is noticed within seconds, a long one within half a minute, not at once.
                let planned = act(id, &self.dispatcher.next_act(id)).map(|(time, _)| time);
                let overdue = planned.is_some_and(|time| time < self.dispatcher.now());
                let seconds = if overdue { 35 } else { 0 };
                let noticed = Millis::from_secs(seconds);
                let kept = match (visit.action, ride.state) {
                    (Action::Board, RideState::Stranded { .. }) => true,
                    (Action::Board, _) => visit.begin <= promise.pickup_by() + noticed,
                    (Action::Alight, _) => visit.end <= promise.dropoff_by() + noticed,
                };
                assert!(
                    kept || ride.warned,
                    "I2 the plan of {id:?} is late for {:?} {visit:?} {promise:?}\nafter {:?}\n{}",
                    ride.request.name,
                    self.commands.last(),
                    self.story()
                );
            }
        }
    }

    pub fn vehicle(&mut self, id: &str, at: (u32, u32), seats: u8, wheelchairs: u8) -> VehicleId {
        self.vehicle_with(id, at, (seats, wheelchairs), Fittings::default())
    }

    pub fn vehicle_with(
        &mut self,
        id: &str,
        (x, y): (u32, u32),
        (seats, wheelchairs): (u8, u8),
        fittings: Fittings,
    ) -> VehicleId {
        let now = self.dispatcher.now().max(minute(0));
        let spec = VehicleSpec {
            name: name(id),
            kind: name("taxi"),
            seats,
            wheelchairs,
            fittings,
            start: self.grid.at(x, y),
            shift_start: now,
            shift_end: minute(24 * 60),
        };
        self.apply(now, Command::StartShift(spec));
        self.dispatcher.find_vehicle(&name(id)).unwrap()
    }

    pub fn request(&self, id: &str, from: (u32, u32), to: (u32, u32)) -> RideRequest {
        RideRequest {
            name: name(id),
            from: self.grid.at(from.0, from.1),
            to: self.grid.at(to.0, to.1),
            pickups: Vec::new(),
            dropoffs: Vec::new(),
            party: Party::new(1, 0).unwrap(),
            when: When::Now,
            accept_at_once: true,
        }
    }

    /// Lets the fleet act until `until`, then returns.
    pub fn run_until(&mut self, until: EngineTime) {
        loop {
            let ids = (0..self.dispatcher.n_vehicles()).map(|id| VehicleId::new(id as u32));
            let acts = ids.filter(|id| !self.stuck.contains(id)).filter_map(|id| {
                let (time, command) = act(id, &self.dispatcher.next_act(id))?;
                Some((time.max(self.dispatcher.now()), 0, id, Some(command)))
            });
            let wakeup = self
                .dispatcher
                .next_wakeup()
                .map(|time| (time.max(self.dispatcher.now()), 1, VehicleId::new(u32::MAX), None));
            let next = acts.chain(wakeup).min_by_key(|(time, rank, id, _)| (*time, *rank, *id));
            match next {
                Some((time, _, _, command)) if time <= until => {
                    let command = command.map_or(Command::Tick, |act| act(time));
                    self.apply(time, command);
                }
                _ => return,
            }
        }
    }

    /// What was said, one line an event, without plan numbers.
    pub fn story(&self) -> String {
        let lines = self.log.iter().filter_map(|event| {
            let minutes = (event.at.unix_ms() - minute(0).unix_ms()) as f64 / 60_000.0;
            Some(format!("{minutes:.1} {}\n", self.tell(&event.kind)?))
        });
        lines.collect()
    }

    fn tell(&self, kind: &EventKind) -> Option<String> {
        let ride = |id| self.ride(id).unwrap().request.name.as_str();
        let car = |id| self.dispatcher.vehicle(id).unwrap().name.as_str();
        Some(match kind {
            EventKind::PlanChanged { .. } | EventKind::Requested { .. } => return None,
            EventKind::Departed { vehicle, .. } => format!("{} departs", car(*vehicle)),
            EventKind::Arrived { vehicle, standing } => {
                let (x, y) = self.grid.xy(standing.location);
                format!("{} arrives at {x},{y}", car(*vehicle))
            }
            EventKind::Offered { request, vehicle, .. } => {
                format!("{} is offered {}", ride(*request), car(*vehicle))
            }
            EventKind::Promised { request, vehicle, pickup_at, .. } => {
                let ms = pickup_at.unix_ms() - minute(0).unix_ms();
                let at = ms as f64 / 60_000.0;
                format!("{} is promised {} at {at:.1}", ride(*request), car(*vehicle))
            }
            EventKind::Rejected { request, reason, alternative } => {
                let later = alternative.map(|alternative| {
                    let ms = alternative.depart_at.unix_ms() - minute(0).unix_ms();
                    format!(", better at minute {}", ms / 60_000)
                });
                let reason = reason.as_str();
                format!("{} is refused: {reason}{}", ride(*request), later.unwrap_or_default())
            }
            EventKind::Boarded { request, vehicle } => {
                format!("{} boards {}", ride(*request), car(*vehicle))
            }
            EventKind::Alighted { request, vehicle } => {
                format!("{} alights from {}", ride(*request), car(*vehicle))
            }
            EventKind::Reassigned { request, from, to } => {
                format!("{} changes from {} to {}", ride(*request), car(*from), car(*to))
            }
            EventKind::Expired { request } => format!("{} lets the offer go", ride(*request)),
            EventKind::Cancelled { request, .. } => format!("{} cancels", ride(*request)),
            EventKind::NoShow { request, vehicle } => {
                format!("{} does not show up for {}", ride(*request), car(*vehicle))
            }
            EventKind::ShiftStarted { vehicle, .. } => format!("{} starts", car(*vehicle)),
            EventKind::ShiftEnded { vehicle } => format!("{} goes home", car(*vehicle)),
            EventKind::Repositioning { vehicle, to } => {
                let (x, y) = self.grid.xy(*to);
                format!("{} goes to wait at {x},{y}", car(*vehicle))
            }
            EventKind::BrokeDown { vehicle, standing } => {
                let (x, y) = self.grid.xy(standing.location);
                format!("{} breaks down at {x},{y}", car(*vehicle))
            }
            EventKind::PromiseAtRisk { request, late } => {
                format!("{} is at risk, {} s", ride(*request), late.get() / 1000)
            }
            EventKind::PromiseBroken { request, late } => {
                format!("{} is broken, {} s", ride(*request), late.get() / 1000)
            }
            EventKind::Aborted { request } => format!("{} is given up", ride(*request)),
            EventKind::TrafficChanged { version } => format!("traffic {version}"),
        })
    }
}

type Report = Box<dyn Fn(EngineTime) -> Command>;

fn act(vehicle: VehicleId, next: &NextAct) -> Option<(EngineTime, Report)> {
    match *next {
        NextAct::Idle => None,
        NextAct::Depart { at, .. } => {
            Some((at, Box::new(move |at| Command::Depart { vehicle, at }) as Report))
        }
        NextAct::Arrive { at, .. } => {
            Some((at, Box::new(move |at| Command::Arrive { vehicle, at }) as Report))
        }
        NextAct::Board { request, at } => {
            Some((at, Box::new(move |at| Command::Board { vehicle, request, at }) as Report))
        }
        NextAct::Alight { request, at } => {
            Some((at, Box::new(move |at| Command::Alight { vehicle, request, at }) as Report))
        }
    }
}
