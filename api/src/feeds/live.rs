//! What the public may see of the dispatcher's state: vehicles that are not at a rider's stop, whether there is service, figures by cell.
//!
//! Nothing here names a rider or a place where one boards or alights: a vehicle near a stop of its plan, or near the last one that it
//! made, has no place. Coverage is told as a share of the minutes of whole hours, for times to the nearest vehicle would tell where it is.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use sharxi_engine::dispatcher::Dispatcher;
use sharxi_engine::dispatcher::event::{Event, EventKind};
use sharxi_engine::geo::LatLon;
use sharxi_engine::ids::VehicleId;
use sharxi_engine::oracle::Location;
use sharxi_engine::units::{EngineTime, Millis};

use super::waits::{Cell, Grid, K, Tally};
use crate::limits::COVERAGE_PLACES_MAX;
use crate::map::Map;
use crate::spots::inhabited;

/// Between two looks at coverage.
const SAMPLE_EVERY: Millis = Millis::from_secs(60);
/// Looks that are told of together.
const SAMPLES_TOLD: u32 = 60;

/// How full a vehicle is, in the three steps of the German ordinance on mobility data (MDV § 3): below half, up to three quarters, more.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Load {
    /// Less than half of the places are taken.
    Low,
    /// From half to three quarters.
    Middle,
    /// More.
    High,
}

/// A vehicle in service.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct LiveVehicle {
    /// Its name.
    pub id: String,
    /// Its type's name.
    pub kind: String,
    /// Ordinary seats.
    pub seats: u8,
    /// Wheelchair places.
    pub wheelchairs: u8,
    /// Latitude and longitude; none near a rider's stop.
    pub place: Option<[f64; 2]>,
    /// Compass bearing of travel.
    pub bearing_deg: Option<f64>,
    /// How full it is.
    pub load: Load,
}

/// How often a cell's places could be reached in time.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Covered {
    /// Who lives at the places of the cell.
    pub inhabitants: u64,
    /// Looks at its places.
    pub samples: u64,
    /// Those at which a vehicle with a free seat could have been there within the longest wait.
    pub within: u64,
}

/// How things stand.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Live {
    /// The service's time, in milliseconds since 1970.
    pub now_ms: i64,
    /// In service, in order of name.
    pub vehicles: Vec<LiveVehicle>,
    /// The weighted share of places that a vehicle could reach within the longest wait, if it is computed.
    pub coverage: Option<f64>,
    /// The longest wait, in seconds.
    pub max_wait_s: f64,
    /// A ride takes at most this many times the direct drive …
    pub ride_alpha: f64,
    /// … and this many seconds.
    pub ride_beta_s: f64,
    /// Waits that may be told, by cell.
    pub waits: Vec<(Cell, Tally)>,
    /// Coverage that may be told, by cell.
    pub covered: Vec<(Cell, Covered)>,
}

#[derive(Clone, Copy, Debug, Default)]
struct CellCover {
    told: Covered,
    samples: u64,
    within: u64,
}

/// What the desk keeps for the public.
pub struct Public {
    /// The cells.
    pub grid: Grid,
    /// Where each vehicle has last served a rider, if it has. What a vehicle has done that is missing is not known: it was
    /// there before the last start.
    stops: BTreeMap<VehicleId, Option<Location>>,
    /// Inhabited places.
    places: Vec<(Cell, Location)>,
    cells: BTreeMap<Cell, CellCover>,
    sampled: Option<EngineTime>,
    n_samples: u32,
}

impl Public {
    /// For a region of which nothing is known yet. Coverage looks at the largest settlements, and leaves
    /// out cells with fewer than [`K`] inhabitants.
    #[must_use]
    pub fn new(map: &dyn Map) -> Self {
        let grid = Grid::new(map.bounds());
        let mut cells: BTreeMap<Cell, CellCover> = BTreeMap::new();
        let mut places = Vec::new();
        let mut settlements = inhabited(map);
        settlements.sort_by_key(|&(_, _, inhabitants)| std::cmp::Reverse(inhabitants));
        for (point, location, inhabitants) in settlements.into_iter().take(COVERAGE_PLACES_MAX) {
            let cell = grid.cell(point);
            cells.entry(cell).or_default().told.inhabitants += u64::from(inhabitants);
            places.push((cell, location));
        }
        cells.retain(|_, cover| K as u64 <= cover.told.inhabitants);
        places.retain(|(cell, _)| cells.contains_key(cell));
        Self { grid, stops: BTreeMap::new(), places, cells, sampled: None, n_samples: 0 }
    }

    /// Remembers where riders boarded and alighted; `dispatcher` has the event applied already.
    pub fn note(&mut self, event: &Event, dispatcher: &Dispatcher) {
        match event.kind {
            EventKind::ShiftStarted { vehicle, .. } => {
                self.stops.insert(vehicle, None);
            }
            EventKind::Boarded { vehicle, .. }
            | EventKind::Alighted { vehicle, .. }
            | EventKind::NoShow { vehicle, .. } => {
                let at = dispatcher.last_standing(vehicle).map(|standing| standing.location);
                self.stops.insert(vehicle, at);
            }
            EventKind::ShiftEnded { vehicle } => {
                self.stops.remove(&vehicle);
            }
            _ => {}
        }
    }

    /// Whether `point` is nearer than `near_m` to where the vehicle serves riders, or served the last.
    #[must_use]
    pub fn is_near_stop(
        &self,
        vehicle: VehicleId,
        point: LatLon,
        near_m: f64,
        dispatcher: &Dispatcher,
        map: &dyn Map,
    ) -> bool {
        let planned = dispatcher.visits(vehicle).into_iter().map(|visit| visit.location);
        let last = match self.stops.get(&vehicle) {
            Some(stop) => *stop,
            None => dispatcher.last_standing(vehicle).map(|standing| standing.location),
        };
        planned.chain(last).any(|stop| map.point(stop).distance_m(point) < near_m)
    }

    /// Looks at coverage, if it is time to. O(places x vehicles) queries.
    pub fn sample(&mut self, dispatcher: &Dispatcher, now: EngineTime) {
        let fresh = |last: EngineTime| now.since(last) < SAMPLE_EVERY;
        if !dispatcher.policy().coverage || self.sampled.is_some_and(fresh) {
            return;
        }
        self.sampled = Some(now);
        let places: Vec<Location> = self.places.iter().map(|&(_, place)| place).collect();
        let soonest = dispatcher.soonest(&places);
        for (&(cell, _), time) in self.places.iter().zip(soonest) {
            if let Some(cover) = self.cells.get_mut(&cell) {
                cover.samples += 1;
                cover.within += u64::from(time <= dispatcher.policy().max_wait);
            }
        }
        self.n_samples += 1;
        if self.n_samples.is_multiple_of(SAMPLES_TOLD) {
            for cover in self.cells.values_mut() {
                cover.told.samples += std::mem::take(&mut cover.samples);
                cover.told.within += std::mem::take(&mut cover.within);
            }
        }
    }

    /// Coverage of whole hours, in order of cell.
    #[must_use]
    pub fn covered(&self) -> Vec<(Cell, Covered)> {
        let told = self.cells.iter().filter(|(_, cover)| 0 < cover.told.samples);
        told.map(|(&cell, cover)| (cell, cover.told)).collect()
    }
}

/// How full a vehicle with that many of its places taken is.
#[must_use]
pub const fn load(taken: u32, places: u32) -> Load {
    if taken * 2 < places {
        Load::Low
    } else if taken * 4 <= places * 3 {
        Load::Middle
    } else {
        Load::High
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn loads_have_the_steps_of_the_ordinance() {
        let loads: Vec<Load> = (0..=8).map(|taken| load(taken, 8)).collect();
        let (low, middle, high) = (Load::Low, Load::Middle, Load::High);
        assert_eq!(loads, [low, low, low, low, middle, middle, middle, high, high]);
    }
}
