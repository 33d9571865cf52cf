//! Each request with all that other tools want to know of it.

use std::collections::BTreeMap;

use sharxi_engine::units::EngineTime;

use crate::baseline::drives::{self, Drive};
use crate::scenario::file::Scenario;
use crate::study::{Prepared, Study};
use crate::trips::{Answer, Ride, Trip};

/// A request, its ride if it was accepted, and distances.
#[derive(Clone, Debug)]
pub struct Known<'a> {
    /// The request.
    pub trip: &'a Trip,
    /// The ride.
    pub ride: Option<&'a Ride>,
    /// The direct drive, if there is one.
    pub direct: Option<Drive>,
    /// Metres on board.
    pub travelled_m: f64,
    /// People.
    pub passengers: u8,
}

/// All requests in order of asking.
#[must_use]
pub fn of_study<'a>(scenario: &Scenario, prepared: &Prepared, study: &'a Study) -> Vec<Known<'a>> {
    let rows: BTreeMap<&str, _> =
        prepared.demand.iter().map(|row| (row.name.as_str(), row)).collect();
    let legs = legs_by_vehicle(study);
    let known = |trip: &'a Trip| {
        let ride = match &trip.answer {
            Answer::Promised(ride) => Some(ride),
            Answer::None | Answer::Rejected { .. } => None,
        };
        let row = rows.get(trip.name.as_str());
        Known {
            trip,
            ride,
            direct: row.and_then(|row| drives::of_row(prepared, row, scenario.snap_max_m)),
            travelled_m: ride.map_or(0.0, |ride| travelled_m(ride, &legs)),
            passengers: row.map_or(1, |row| row.party.passengers()),
        }
    };
    study.story.trips.iter().map(known).collect()
}

/// By name of the vehicle: when each leg ended, and its metres.
fn legs_by_vehicle(study: &Study) -> BTreeMap<&str, Vec<(EngineTime, f64)>> {
    let mut legs: BTreeMap<&str, Vec<(EngineTime, f64)>> = BTreeMap::new();
    for leg in &study.outcome.legs {
        // Vehicles are numbered in the order in which their shifts start, and so are the days of the story.
        if let Some(day) = study.story.vehicles.get(leg.vehicle.idx()) {
            let of_vehicle = legs.entry(day.name.as_str()).or_default();
            of_vehicle.push((leg.arrived, leg.distance.as_meters_f64()));
        }
    }
    legs
}

fn travelled_m(ride: &Ride, legs: &BTreeMap<&str, Vec<(EngineTime, f64)>>) -> f64 {
    let aboard = ride.boarded_at.zip(ride.alighted_at).zip(legs.get(ride.vehicle.as_str()));
    let Some(((boarded_at, alighted_at), legs)) = aboard else { return 0.0 };
    let first = legs.partition_point(|&(arrived, _)| arrived <= boarded_at);
    let on_board = legs[first..].iter().take_while(|&&(arrived, _)| arrived <= alighted_at);
    on_board.map(|&(_, meters)| meters).sum()
}
