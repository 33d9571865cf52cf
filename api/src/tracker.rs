//! Where vehicles are between their reports: as they say, or else along the leg that they drive.

use std::collections::BTreeMap;
use std::time::Instant;

use sharxi_engine::dispatcher::Dispatcher;
use sharxi_engine::fleet::plan::NextAct;
use sharxi_engine::geo::LatLon;
use sharxi_engine::ids::VehicleId;
use sharxi_engine::units::{EngineTime, Millis};

use crate::limits::POSITION_FRESH;
use crate::map::Map;

/// A leg with the points on its way.
struct Leg {
    departed: EngineTime,
    points: Vec<(LatLon, Millis)>,
}

/// Newest reports and the legs under way.
#[derive(Default)]
pub struct Tracker {
    reported: BTreeMap<VehicleId, (LatLon, Instant)>,
    legs: BTreeMap<VehicleId, Leg>,
}

impl Tracker {
    /// The vehicle says where it is.
    pub fn report(&mut self, vehicle: VehicleId, point: LatLon) {
        self.reported.insert(vehicle, (point, Instant::now()));
    }

    /// The vehicle's plan may have changed: forget its leg.
    pub fn replan(&mut self, vehicle: VehicleId) {
        self.legs.remove(&vehicle);
    }

    /// Where the vehicle is at `now`; `None` if it never stood anywhere.
    pub fn locate(
        &mut self,
        vehicle: VehicleId,
        now: EngineTime,
        dispatcher: &Dispatcher,
        map: &dyn Map,
    ) -> Option<LatLon> {
        if let Some((point, heard)) = self.reported.get(&vehicle) {
            if heard.elapsed() <= POSITION_FRESH {
                return Some(*point);
            }
            self.reported.remove(&vehicle);
        }
        if let NextAct::Arrive { departed, path, .. } = dispatcher.next_act(vehicle) {
            let leg = self
                .legs
                .entry(vehicle)
                .or_insert_with(|| Leg { departed, points: map.path_geometry(&path) });
            if let Some(point) = interpolate(&leg.points, now.since(leg.departed)) {
                return Some(point);
            }
        }
        dispatcher.last_standing(vehicle).map(|standing| map.point(standing.location))
    }
}

/// The point of a path `elapsed` after its start; its last point once it is driven. `None` if it has no points.
fn interpolate(points: &[(LatLon, Millis)], elapsed: Millis) -> Option<LatLon> {
    let after = points.partition_point(|&(_, at)| at <= elapsed);
    let &(behind, behind_at) = points.get(after.saturating_sub(1))?;
    let Some(&(ahead, ahead_at)) = points.get(after) else { return Some(behind) };
    let span = ahead_at.saturating_sub(behind_at);
    if span == Millis::ZERO {
        return Some(ahead);
    }
    let share = elapsed.saturating_sub(behind_at).as_secs_f64() / span.as_secs_f64();
    let between = |from: f64, to: f64| from + (to - from) * share;
    LatLon::from_degrees(between(behind.lat(), ahead.lat()), between(behind.lon(), ahead.lon()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn halfway_is_in_the_middle_and_the_end_is_the_end() {
        let at = |lat: f64| LatLon::from_degrees(lat, 0.0).unwrap();
        let points = [(at(1.0), Millis::ZERO), (at(2.0), Millis::new(1000))];
        assert_eq!(interpolate(&points, Millis::new(500)), Some(at(1.5)));
        assert_eq!(interpolate(&points, Millis::new(9000)), Some(at(2.0)));
        assert_eq!(interpolate(&[], Millis::ZERO), None);
    }
}
