//! A simulated vehicle: does what its plan says at the planned time, and reports it.

use sharxi_engine::dispatcher::command::Command;
use sharxi_engine::fleet::plan::NextAct;
use sharxi_engine::fleet::vehicle::VehicleSpec;
use sharxi_engine::ids::VehicleId;
use sharxi_engine::oracle::Location;
use sharxi_engine::units::EngineTime;

use crate::fleet::FleetRow;

/// The vehicle of `row`, starting at `start`.
#[must_use]
pub fn spec(row: &FleetRow, start: Location) -> VehicleSpec {
    VehicleSpec {
        name: row.name.clone(),
        kind: row.kind.clone(),
        seats: row.seats,
        wheelchairs: row.wheelchairs,
        fittings: row.fittings,
        start,
        shift_start: row.shift_start,
        shift_end: row.shift_end,
    }
}

/// When the vehicle has something to do next; `None` if it is idle.
#[must_use]
pub fn due(act: &NextAct) -> Option<EngineTime> {
    match *act {
        NextAct::Idle => None,
        NextAct::Depart { at, .. }
        | NextAct::Arrive { at, .. }
        | NextAct::Board { at, .. }
        | NextAct::Alight { at, .. } => Some(at),
    }
}

/// What the vehicle reports when it has done `act` at `at`; `None` if there was nothing to do.
#[must_use]
pub fn report(vehicle: VehicleId, act: &NextAct, at: EngineTime) -> Option<Command> {
    match *act {
        NextAct::Idle => None,
        NextAct::Depart { .. } => Some(Command::Depart { vehicle, at }),
        NextAct::Arrive { .. } => Some(Command::Arrive { vehicle, at }),
        NextAct::Board { request, .. } => Some(Command::Board { vehicle, request, at }),
        NextAct::Alight { request, .. } => Some(Command::Alight { vehicle, request, at }),
    }
}
