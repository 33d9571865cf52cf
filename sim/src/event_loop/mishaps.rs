//! What goes otherwise than planned, played: the knobs of [`Uncertainty`] inside the event loop.
//!
//! The dispatcher learns of each as it would from a live service: by the report of a vehicle, the word of a rider, or that of the
//! agency that closes a road.

use std::cmp::Reverse;
use std::collections::BTreeMap;

use sharxi_engine::demand::request::Name;
use sharxi_engine::demand::ride::{Actor, RideState};
use sharxi_engine::dispatcher::command::Command;
use sharxi_engine::geo::LatLon;
use sharxi_engine::ids::{RequestId, VehicleId};
use sharxi_engine::oracle::Location;
use sharxi_engine::region::{Directions, Effect, Scope, TrafficChange};
use sharxi_engine::units::{EngineTime, Millis};

use super::{Cast, Due, EventLoop, LoopError};
use crate::demand::DemandRow;
use crate::ground::Ground;
use crate::rng::Rng;
use crate::uncertainty::Coming;
use crate::uncertainty::legs::Legs;

/// A vehicle whose report was lost sends another one after so long.
const REPORT_AGAIN: Millis = Millis::from_secs(30);
/// A closed piece of road lies within so many degrees of its middle, some 30 m.
const CLOSED_DEGREES: f64 = 0.0003;
/// So many riders are looked at to find a way that can be closed.
const WAYS_TRIED: usize = 20;

/// From when to when.
type Span = (EngineTime, EngineTime);

/// A piece of road that is closed for a while.
#[derive(Clone, Debug)]
struct Closure {
    middle: LatLon,
    span: Span,
}

/// What has been drawn so far and still matters.
#[derive(Clone, Debug)]
pub(super) struct Mishaps {
    pub(super) legs: Legs,
    closures: Vec<Closure>,
    pauses: BTreeMap<VehicleId, Span>,
    /// By vehicle: how much later than planned it can leave, since riders were slow.
    slow: BTreeMap<VehicleId, Millis>,
    /// By vehicle: boardings and alightings so far.
    n_stops: BTreeMap<VehicleId, u64>,
    /// By vehicle: position reports so far.
    n_reports: BTreeMap<VehicleId, u64>,
}

impl Mishaps {
    pub(super) fn new(cast: &Cast<'_>, ground: &dyn Ground) -> Self {
        let drawn = cast.uncertainty.closures(cast.seed, (cast.start, cast.end));
        let closures = drawn.into_iter().filter_map(|(mut rng, from, to)| {
            let middle = on_the_way(cast, ground, &mut rng)?;
            Some(Closure { middle, span: (from, to) })
        });
        Self {
            closures: closures.collect(),
            legs: Legs::new(cast.seed, cast.uncertainty),
            pauses: BTreeMap::new(),
            slow: BTreeMap::new(),
            n_stops: BTreeMap::new(),
            n_reports: BTreeMap::new(),
        }
    }

    /// When roads are closed and opened.
    pub(super) fn roads(&self) -> impl Iterator<Item = (EngineTime, Due)> {
        self.closures.iter().enumerate().flat_map(|(closure, Closure { span: (from, to), .. })| {
            let due = |is_closed| Due::Road { closure, is_closed };
            [(*from, due(true)), (*to, due(false))]
        })
    }

    /// When a vehicle that should set off at `planned` does so.
    pub(super) fn leaves(&self, vehicle: VehicleId, planned: EngineTime) -> EngineTime {
        let ready = planned + self.slow.get(&vehicle).copied().unwrap_or(Millis::ZERO);
        match self.pauses.get(&vehicle) {
            Some(&(from, to)) if (from..to).contains(&ready) => to,
            _ => ready,
        }
    }
}

/// The middle of some rider's way.
fn on_the_way(cast: &Cast<'_>, ground: &dyn Ground, rng: &mut Rng) -> Option<LatLon> {
    (0..WAYS_TRIED).find_map(|_| {
        let row = cast.demand.get(rng.below(cast.demand.len()))?;
        let end = |point| ground.snap(point, cast.snap_max_m);
        let path = ground.path(end(row.from)?, end(row.to)?)?;
        let passed = path.waypoints.get(path.waypoints.len() / 2)?;
        Some(ground.point(Location::Node(passed.node)))
    })
}

impl EventLoop<'_> {
    /// Draws what will happen to a vehicle in its shift.
    pub(super) fn begin_shift(&mut self, vehicle: VehicleId, shift: Span) {
        let (uncertainty, seed) = (self.cast.uncertainty, self.cast.seed);
        let pause = uncertainty.pause_of(seed, vehicle, shift);
        self.mishaps.pauses.extend(pause.map(|pause| (vehicle, pause)));
        let breaks_at = uncertainty.breaks_at(seed, vehicle, shift);
        self.agenda.extend(breaks_at.map(|at| Reverse((at, Due::BreakDown { vehicle }))));
    }

    /// What the vehicle did is reported; a position report may be lost, or come in late.
    pub(super) fn do_or_say(
        &mut self,
        time: EngineTime,
        vehicle: VehicleId,
        command: Command,
    ) -> Result<(), LoopError> {
        let (uncertainty, seed) = (self.cast.uncertainty, self.cast.seed);
        match command {
            Command::Progress { driven, at, .. } => {
                let n = self.mishaps.n_reports.entry(vehicle).or_default();
                *n += 1;
                let late = uncertainty.report_late(seed, vehicle, *n);
                if late == Some(Millis::ZERO) {
                    return self.apply(time, command);
                }
                let again = time + REPORT_AGAIN.max(late.unwrap_or(Millis::ZERO));
                self.mishaps.legs.be_quiet(vehicle, again);
                let due = late.map(|late| (time + late, Due::Report { vehicle, at, driven }));
                self.agenda.extend(due.map(Reverse));
                return Ok(());
            }
            Command::Arrive { .. } => self.mishaps.legs.stopped(vehicle),
            Command::Depart { .. } => {
                self.mishaps.slow.remove(&vehicle);
            }
            Command::Board { .. } | Command::Alight { .. } => {
                let n = self.mishaps.n_stops.entry(vehicle).or_default();
                *n += 1;
                let longer = uncertainty.stop_longer(seed, vehicle, *n);
                *self.mishaps.slow.entry(vehicle).or_insert(Millis::ZERO) += longer;
            }
            _ => {}
        }
        self.apply(time, command)
    }

    /// A report that the vehicle sent at `at` comes in. If it has arrived or broken down meanwhile, the report is refused, as a live
    /// service refuses it; nothing is lost by that.
    pub(super) fn late_report(
        &mut self,
        time: EngineTime,
        vehicle: VehicleId,
        (at, driven): (EngineTime, Millis),
    ) {
        if self.world.apply(time, Command::Progress { vehicle, driven, at }).is_ok() {
            self.queue_act(vehicle);
        }
    }

    /// When a rider boards, or is given up, if the vehicle is ready for them at `planned`; `at` is the time that it would report.
    pub(super) fn boards(
        &self,
        vehicle: VehicleId,
        request: RequestId,
        (planned, at): (EngineTime, EngineTime),
    ) -> (EngineTime, Command) {
        let dispatcher = self.world.dispatcher();
        let ready_at = dispatcher.ride(request).and_then(|ride| ride.promise);
        let ready_at = ready_at.map_or(planned, |promise| promise.ready_at());
        let given_up = planned + dispatcher.policy().no_show_wait;
        let comes = match self.cast.uncertainty.coming(self.cast.seed, request) {
            Coming::OnTime => Some(planned),
            Coming::Late(late) => Some(planned.max(ready_at + late)),
            Coming::Never => None,
        };
        match comes.filter(|&comes| comes <= given_up) {
            Some(comes) => (comes, Command::Board { vehicle, request, at }),
            None => (given_up, Command::ReportNoShow { vehicle, request, at }),
        }
    }

    /// Draws whether the rider who has just asked will call the ride off.
    pub(super) fn expect_cancellation(&mut self, demand: &DemandRow) {
        let dispatcher = self.world.dispatcher();
        let Some(request) = dispatcher.find_ride(&demand.name) else { return };
        let Some(promise) = dispatcher.ride(request).and_then(|ride| ride.promise) else { return };
        let span = (demand.requested_at, promise.pickup_by());
        let at = self.cast.uncertainty.cancels_at(self.cast.seed, request, span);
        self.agenda.extend(at.map(|at| Reverse((at, Due::Cancel { request }))));
    }

    /// Nobody calls off a ride that has begun or ended.
    pub(super) fn cancel(&mut self, time: EngineTime, request: RequestId) -> Result<(), LoopError> {
        let ride = self.world.dispatcher().ride(request);
        if !ride.is_some_and(|ride| ride.state == RideState::Promised) {
            return Ok(());
        }
        self.apply(time, Command::CancelRide(request, Actor::Rider))
    }

    /// The vehicle that is named in the scenario must be there.
    pub(super) fn named_break_down(&mut self, time: EngineTime) -> Result<(), LoopError> {
        let Some((_, name)) = &self.cast.uncertainty.breakdown else { return Ok(()) };
        let unknown = || LoopError::NoVehicle { vehicle: name.clone(), at: time };
        let name = Name::new(name.as_str()).map_err(|_not_a_name| unknown())?;
        let dispatcher = self.world.dispatcher();
        let vehicle = dispatcher.find_vehicle(&name).ok_or_else(unknown)?;
        if !dispatcher.in_service(vehicle) {
            return Err(unknown());
        }
        self.break_down(time, vehicle)
    }

    /// A vehicle that has left by then breaks down at home.
    pub(super) fn break_down(
        &mut self,
        time: EngineTime,
        vehicle: VehicleId,
    ) -> Result<(), LoopError> {
        if !self.world.dispatcher().in_service(vehicle) {
            return Ok(());
        }
        self.mishaps.legs.stopped(vehicle);
        self.apply(time, Command::BreakDown { vehicle, location: None, at: time })
    }

    /// Everybody hears of a closure when it begins.
    pub(super) fn change_road(
        &mut self,
        time: EngineTime,
        closure: usize,
        is_closed: bool,
    ) -> Result<(), LoopError> {
        let Some(Closure { middle, .. }) = self.mishaps.closures.get(closure) else {
            return Ok(());
        };
        let corner = |north: f64, east: f64| {
            let (lat, lon) = (middle.lat() + north, middle.lon() + east);
            LatLon::from_degrees(lat, lon).unwrap_or(*middle)
        };
        let d = CLOSED_DEGREES;
        let square = vec![corner(d, d), corner(d, -d), corner(-d, -d), corner(-d, d)];
        let effect = if is_closed { Effect::Closed } else { Effect::AsImported };
        let change =
            TrafficChange { scope: Scope::Area(square), directions: Directions::Both, effect };
        self.apply(time, Command::SetTraffic(vec![change]))
    }
}
