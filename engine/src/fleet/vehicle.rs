//! What a vehicle is.

use serde::{Deserialize, Serialize};

use crate::demand::request::Name;
use crate::oracle::Location;
use crate::units::EngineTime;

/// A vehicle that joins the fleet for one shift.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct VehicleSpec {
    /// The outside's name for it.
    pub name: Name,
    /// What kind it is (taxi, minibus …); free text for people.
    pub kind: Name,
    /// Ordinary seats for riders, at most 64.
    pub seats: u8,
    /// Wheelchair places, at most 64.
    pub wheelchairs: u8,
    /// Where the shift starts.
    pub start: Location,
    /// When it starts; not before the command.
    pub shift_start: EngineTime,
    /// When the last rider must be off.
    pub shift_end: EngineTime,
}
