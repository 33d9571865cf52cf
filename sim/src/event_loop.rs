//! Virtual time: what is due next happens next, in one total order.
//!
//! Things due at the same time happen in this order: shifts start, vehicles act, late reports come in, shifts end, vehicles
//! break down, roads close and open, riders call off, riders ask, the dispatcher is woken; among equals by id. The dispatcher
//! never sees a clock, only these times, so a study gives the same bytes on any machine and any number of threads.

use std::cmp::Reverse;
use std::collections::BinaryHeap;

use sharxi_engine::dispatcher::command::{Command, CommandError};
use sharxi_engine::fleet::plan::NextAct;
use sharxi_engine::fleet::vehicle::VehicleSpec;
use sharxi_engine::ids::{RequestId, VehicleId};
use sharxi_engine::limits;
use sharxi_engine::units::{EngineTime, Millis};

use crate::actors::{rider, vehicle};
use crate::clock;
use crate::demand::DemandRow;
use crate::fleet::FleetRow;
use crate::uncertainty::Uncertainty;
use crate::uncertainty::legs::Report;
use crate::world::{Outcome, World};

mod mishaps;

use mishaps::Mishaps;

/// How often coverage is looked at.
const COVERAGE_EVERY_MS: i64 = 15 * 60 * 1000;
/// How soon a vehicle that could not end its shift tries again.
const SHIFT_END_RETRY: Millis = Millis::from_secs(60);
/// Wake-ups at one and the same time after which the dispatcher counts as stuck.
const WAKEUPS_MAX: u32 = 10_000;

/// Who and what is played, and until when.
#[derive(Clone, Debug)]
pub struct Cast<'a> {
    /// Requests in order of time.
    pub demand: &'a [DemandRow],
    /// Vehicles.
    pub fleet: &'a [FleetRow],
    /// First moment of the study.
    pub start: EngineTime,
    /// From here on the study ends as soon as every ride has ended.
    pub end: EngineTime,
    /// Longest distance from a road at which a ride can begin or end, in metres.
    pub snap_max_m: f64,
    /// What goes otherwise than planned.
    pub uncertainty: &'a Uncertainty,
    /// Seed of what is drawn.
    pub seed: u64,
    /// Whether riders share vehicles. If not, every vehicle has the seats of the largest, and every ride takes them all.
    pub pooling: bool,
    /// The study ends when more riders than this have been refused.
    pub refusals_max: u32,
}

impl Cast<'_> {
    /// When the dispatcher hears of a shift: as long before as rides may be booked, so that they are promised against it.
    fn known_from(&self, vehicle: &FleetRow) -> EngineTime {
        let ahead = clock::shifted(vehicle.shift_start, -limits::BOOKING_AHEAD_MS);
        vehicle.shift_start.min(self.start.max(ahead))
    }

    /// Seats that each vehicle has and each ride takes if nobody shares; `None` if riders share.
    fn seats_claimed(&self) -> Option<u8> {
        let most = self.fleet.iter().map(|vehicle| vehicle.seats).max().unwrap_or(1);
        (!self.pooling).then_some(most)
    }
}

/// Why a study can't go on. Each is a bug of the dispatcher or of the harness, or an impossible fleet.
#[derive(Debug, thiserror::Error)]
pub enum LoopError {
    /// A vehicle starts too far from any road.
    #[error("vehicle {vehicle} starts more than {max_m} m from any road")]
    OffRoad {
        /// Its name.
        vehicle: String,
        /// The limit.
        max_m: f64,
    },
    /// The dispatcher refused what it had planned itself.
    #[error("{what} was refused at {at:?}")]
    Refused {
        /// Which command.
        what: String,
        /// When.
        at: EngineTime,
        /// Why.
        source: CommandError,
    },
    /// A vehicle can't break down.
    #[error("vehicle {vehicle}, which is to break down at {at:?}, is not on shift then")]
    NoVehicle {
        /// Its name.
        vehicle: String,
        /// When.
        at: EngineTime,
    },
    /// The dispatcher wants to be woken for ever at one time.
    #[error("the dispatcher asked {WAKEUPS_MAX} times to be woken at {at:?}")]
    Stuck {
        /// When.
        at: EngineTime,
    },
}

/// The rank orders what is due at the same time.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Due {
    /// The dispatcher hears of a shift; it begins then, or later.
    ShiftStart {
        row: usize,
    },
    Act {
        vehicle: VehicleId,
        turn: u32,
    },
    /// A position report comes in.
    Report {
        vehicle: VehicleId,
        at: EngineTime,
        driven: Millis,
    },
    ShiftEnd {
        vehicle: VehicleId,
    },
    /// The vehicle named in the scenario.
    NamedBreakDown,
    BreakDown {
        vehicle: VehicleId,
    },
    /// A road is closed, or open again.
    Road {
        closure: usize,
        is_closed: bool,
    },
    Cancel {
        request: RequestId,
    },
    Request {
        row: usize,
    },
    Wakeup,
}

/// One study under way.
struct EventLoop<'a> {
    cast: &'a Cast<'a>,
    world: World,
    starts: Vec<VehicleSpec>,
    agenda: BinaryHeap<Reverse<(EngineTime, Due)>>,
    /// By vehicle: only the act queued last counts.
    turns: Vec<u32>,
    mishaps: Mishaps,
    now: EngineTime,
    wakeups: u32,
    /// Every ride below has ended.
    coverage_milli: Vec<u32>,
    next_sample: EngineTime,
}

/// Plays the whole cast. `progress(done)` is called with the number of requests answered so far.
///
/// # Errors
/// [`LoopError`].
pub fn run(cast: &Cast<'_>, world: World, progress: &dyn Fn(u64)) -> Result<Outcome, LoopError> {
    let mut study = EventLoop::new(cast, world)?;
    let mut n_requests = 0;
    while let Some((time, due)) = study.next() {
        if cast.end < time && study.all_ended() {
            break;
        }
        study.sample_coverage(time);
        study.now = time;
        study.step(time, due)?;
        if matches!(due, Due::Request { .. }) {
            n_requests += 1;
            progress(n_requests);
        }
        if cast.refusals_max < study.world.n_refused() {
            break;
        }
    }
    Ok(study.world.finish(study.coverage_milli))
}

impl<'a> EventLoop<'a> {
    fn new(cast: &'a Cast<'a>, world: World) -> Result<Self, LoopError> {
        let mut agenda = BinaryHeap::new();
        let mut starts = Vec::with_capacity(cast.fleet.len());
        for (row, vehicle) in cast.fleet.iter().enumerate() {
            let start = world.ground().snap(vehicle.point, cast.snap_max_m);
            let start = start.ok_or_else(|| LoopError::OffRoad {
                vehicle: vehicle.name.as_str().to_owned(),
                max_m: cast.snap_max_m,
            })?;
            let spec = vehicle::spec(vehicle, start);
            starts.push(VehicleSpec { seats: cast.seats_claimed().unwrap_or(spec.seats), ..spec });
            agenda.push(Reverse((cast.known_from(vehicle), Due::ShiftStart { row })));
        }
        for (row, request) in cast.demand.iter().enumerate() {
            agenda.push(Reverse((request.requested_at, Due::Request { row })));
        }
        if let Some((at, _)) = &cast.uncertainty.breakdown {
            agenda.push(Reverse((*at, Due::NamedBreakDown)));
        }
        let mishaps = Mishaps::new(cast, world.ground());
        agenda.extend(mishaps.roads().map(Reverse));
        Ok(Self {
            cast,
            world,
            starts,
            agenda,
            turns: Vec::new(),
            mishaps,
            now: EngineTime::from_unix_ms(i64::MIN),
            wakeups: 0,
            coverage_milli: Vec::new(),
            next_sample: clock::shifted(cast.start, COVERAGE_EVERY_MS),
        })
    }

    /// What is due next: from the agenda, or a wake-up if one comes earlier.
    fn next(&mut self) -> Option<(EngineTime, Due)> {
        let wakeup = self.world.dispatcher().next_wakeup();
        let wakeup = wakeup.map(|time| (time.max(self.now), Due::Wakeup));
        let queued = self.agenda.peek().map(|&Reverse(entry)| entry);
        match (queued, wakeup) {
            (Some(entry), Some(wakeup)) if wakeup < entry => Some(wakeup),
            (None, wakeup) => wakeup,
            (Some(entry), _) => {
                self.agenda.pop();
                Some(entry)
            }
        }
    }

    fn step(&mut self, time: EngineTime, due: Due) -> Result<(), LoopError> {
        if !matches!(due, Due::Wakeup) {
            self.wakeups = 0;
        }
        match due {
            Due::ShiftStart { row } => self.start_shift(time, row)?,
            Due::Act { vehicle, turn } => self.act(time, vehicle, turn)?,
            Due::ShiftEnd { vehicle } => self.end_shift(time, vehicle),
            Due::Report { vehicle, at, driven } => self.late_report(time, vehicle, (at, driven)),
            Due::NamedBreakDown => self.named_break_down(time)?,
            Due::BreakDown { vehicle } => self.break_down(time, vehicle)?,
            Due::Road { closure, is_closed } => self.change_road(time, closure, is_closed)?,
            Due::Cancel { request } => self.cancel(time, request)?,
            Due::Request { row } => self.request(row)?,
            Due::Wakeup => self.wake(time)?,
        }
        for vehicle in self.world.take_plans_changed() {
            self.queue_act(vehicle);
        }
        Ok(())
    }

    fn start_shift(&mut self, time: EngineTime, row: usize) -> Result<(), LoopError> {
        let spec = self.starts[row].clone();
        let (name, start, end) = (spec.name.clone(), spec.shift_start, spec.shift_end);
        self.apply(time, Command::StartShift(spec))?;
        if let Some(vehicle) = self.world.dispatcher().find_vehicle(&name) {
            self.agenda.push(Reverse((end, Due::ShiftEnd { vehicle })));
            self.begin_shift(vehicle, (start, end));
            self.queue_act(vehicle);
        }
        Ok(())
    }

    /// The vehicle acts if its plan still says so.
    fn act(&mut self, time: EngineTime, vehicle: VehicleId, turn: u32) -> Result<(), LoopError> {
        if self.turns.get(vehicle.idx()) != Some(&turn) {
            return Ok(());
        }
        let act = self.world.dispatcher().next_act(vehicle);
        if let Some((at, command)) = self.deed(vehicle, &act, time)
            && at <= time
        {
            self.do_or_say(time, vehicle, command)?;
        }
        self.queue_act(vehicle);
        Ok(())
    }

    /// What the vehicle really does next, and when; `at` is the time that it would report.
    fn deed(
        &mut self,
        vehicle: VehicleId,
        act: &NextAct,
        at: EngineTime,
    ) -> Option<(EngineTime, Command)> {
        let planned = vehicle::due(act)?;
        match act {
            NextAct::Arrive { departed, path, .. } => {
                let leg = (path, *departed);
                let (due, report) = self.mishaps.legs.next(vehicle, leg, self.now);
                let command = match report {
                    Report::Arrived => Command::Arrive { vehicle, at },
                    Report::Progress(driven) => Command::Progress { vehicle, driven, at },
                };
                Some((due, command))
            }
            NextAct::Depart { .. } => {
                Some((self.mishaps.leaves(vehicle, planned), Command::Depart { vehicle, at }))
            }
            NextAct::Board { request, .. } => Some(self.boards(vehicle, *request, (planned, at))),
            _ => vehicle::report(vehicle, act, at).map(|command| (planned, command)),
        }
    }

    /// A vehicle with riders, present or promised, stays; it tries again.
    fn end_shift(&mut self, time: EngineTime, vehicle: VehicleId) {
        let dispatcher = self.world.dispatcher();
        let is_busy =
            !dispatcher.on_board(vehicle).is_empty() || !dispatcher.visits(vehicle).is_empty();
        if !dispatcher.in_service(vehicle) {
            return;
        }
        if is_busy || self.world.apply(time, Command::EndShift(vehicle)).is_err() {
            self.agenda.push(Reverse((time + SHIFT_END_RETRY, Due::ShiftEnd { vehicle })));
        }
    }

    /// A request that the dispatcher can't take at all is answered for it. Afterwards the plans around are made better.
    fn request(&mut self, row: usize) -> Result<(), LoopError> {
        let demand = &self.cast.demand[row];
        let (ground, walk_max) = (self.world.ground(), self.world.dispatcher().policy().walk_max);
        let Some(request) = rider::request(demand, ground, self.cast.snap_max_m, walk_max) else {
            self.world.refuse(demand, "outside_area".to_owned());
            return Ok(());
        };
        let request = rider::claiming(request, self.cast.seats_claimed());
        let place = request.from;
        if let Err(error) = self.world.ask(demand, request) {
            let reason = match error {
                CommandError::Full { .. } => "full".to_owned(),
                other => other.to_string(),
            };
            self.world.refuse(demand, reason);
        }
        self.expect_cancellation(demand);
        let dispatcher = self.world.dispatcher();
        let better = dispatcher.improvement(place, dispatcher.policy().improvement_tests);
        match better {
            Some(better) => self.apply(demand.requested_at, Command::AdoptPlan(better)),
            None => Ok(()),
        }
    }

    fn wake(&mut self, time: EngineTime) -> Result<(), LoopError> {
        self.wakeups += 1;
        if WAKEUPS_MAX < self.wakeups {
            return Err(LoopError::Stuck { at: time });
        }
        let before = self.world.dispatcher().now();
        self.apply(time, Command::Tick)?;
        if before < time {
            self.wakeups = 0;
        }
        Ok(())
    }

    fn apply(&mut self, time: EngineTime, command: Command) -> Result<(), LoopError> {
        let what = command.clone();
        self.world.apply(time, command).map_err(|source| LoopError::Refused {
            what: format!("{what:?}"),
            at: time,
            source,
        })
    }

    /// Queues the vehicle's next act; whatever was queued for it before is void.
    fn queue_act(&mut self, vehicle: VehicleId) {
        if self.turns.len() <= vehicle.idx() {
            self.turns.resize(vehicle.idx() + 1, 0);
        }
        let turn = &mut self.turns[vehicle.idx()];
        *turn += 1;
        let turn = *turn;
        let act = self.world.dispatcher().next_act(vehicle);
        if let Some((at, _)) = self.deed(vehicle, &act, self.now) {
            self.agenda.push(Reverse((at.max(self.now), Due::Act { vehicle, turn })));
        }
    }

    fn all_ended(&self) -> bool {
        self.world.dispatcher().n_rides_open() == 0
    }

    fn sample_coverage(&mut self, time: EngineTime) {
        if !self.world.dispatcher().policy().coverage {
            return;
        }
        while self.next_sample < time && self.next_sample <= self.cast.end {
            let share = self.world.dispatcher().coverage().share.clamp(0.0, 1.0);
            self.coverage_milli.push(thousandths(share));
            self.next_sample = clock::shifted(self.next_sample, COVERAGE_EVERY_MS);
        }
    }
}

#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "0 to 1000")]
fn thousandths(share: f64) -> u32 {
    (share * 1000.0).round() as u32
}

#[cfg(test)]
mod tests;
