//! Places around a point to which a rider could walk: candidates for meeting points.

use super::Region;
use super::nearby::Nearby;
use crate::geo::LatLon;
use crate::graph::num::mm_nearest;
use crate::ids::RoadId;
use crate::import::RoadClass;
use crate::oracle::Location;

/// Places nearer to each other, or to the point itself, count as one, in metres.
const APART_M: f64 = 60.0;
/// Roads around the point that are looked at, the nearest ones.
const ROADS_MAX: usize = 64;
/// How often a place along a road is brought nearer until it lies within the radius.
const STEPS: u32 = 3;

impl Region {
    /// At most `count` places on roads within `radius_m` of `point`, as the crow flies, with their distances: on each road the
    /// nearest place and those farthest away in both directions, spread so that each next one is the farthest from all before
    /// (the point itself first; of equally far ones the first by road and position). Not on motorways, trunk roads and ferries,
    /// where nobody waits. O(n log n + count · n) for n roads around.
    #[must_use]
    pub fn stops_near(&self, point: LatLon, radius_m: f64, count: usize) -> Vec<(Location, f64)> {
        let mut places: Vec<(Location, LatLon, f64)> = Vec::new();
        for nearby in self.nearby(point, radius_m).iter().take(ROADS_MAX) {
            if self.can_wait_on(nearby.road) {
                places.extend(self.along(nearby, point, radius_m));
            }
        }
        places.sort_by_key(|(location, ..)| *location);
        let mut gaps: Vec<f64> = places.iter().map(|(.., distance_m)| *distance_m).collect();
        let mut stops = Vec::new();
        while stops.len() < count {
            let farthest = (0..places.len()).rev().max_by(|&a, &b| gaps[a].total_cmp(&gaps[b]));
            let Some(next) = farthest.filter(|&next| APART_M <= gaps[next]) else { break };
            let (location, at, distance_m) = places[next];
            stops.push((location, distance_m));
            for (gap, (_, other, _)) in gaps.iter_mut().zip(&places) {
                *gap = gap.min(at.distance_m(*other));
            }
        }
        stops
    }

    fn can_wait_on(&self, road: u32) -> bool {
        let class = self.contents.roads.class.get(road as usize);
        class.is_some_and(|class| {
            !matches!(
                class,
                RoadClass::Motorway
                    | RoadClass::MotorwayLink
                    | RoadClass::Trunk
                    | RoadClass::TrunkLink
                    | RoadClass::Ferry
            )
        })
    }

    /// The nearest place of a road and the farthest in both directions, as far as they lie within the radius.
    fn along<'a>(
        &'a self,
        nearby: &'a Nearby,
        point: LatLon,
        radius_m: f64,
    ) -> impl Iterator<Item = (Location, LatLon, f64)> + 'a {
        let road = self.contents.roads.road(nearby.road as usize);
        let half_m = (radius_m * radius_m - nearby.distance_m * nearby.distance_m).max(0.0).sqrt();
        let place = move |along_mm: u32| {
            let at = road.point(along_mm);
            let distance_m = point.distance_m(at);
            let location = Location::Along { road: RoadId::new(nearby.road), along_mm };
            (distance_m <= radius_m).then_some((location, at, distance_m))
        };
        let farthest = move |forward: bool| {
            (0..STEPS).find_map(|step| {
                let off_mm = mm_nearest(half_m * (1.0 - 0.3 * f64::from(step)));
                let along_mm = if forward {
                    nearby.along_mm.saturating_add(off_mm).min(road.length_mm())
                } else {
                    nearby.along_mm.saturating_sub(off_mm)
                };
                place(along_mm)
            })
        };
        [place(nearby.along_mm), farthest(true), farthest(false)].into_iter().flatten()
    }
}
