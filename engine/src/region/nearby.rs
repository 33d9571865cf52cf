//! All places on roads around a point, not just the nearest: candidates for where a vehicle is.

use super::Region;
use super::locate::HEADINGS;
use super::snap::{flat, nearest_share};
use crate::geo::LatLon;
use crate::graph::num::{mm_nearest, row};
use crate::graph::roads::Heading;

/// The stretch that the bearing of a road at a place is measured on, to either side, in millimetres.
const BEARING_MM: u32 = 8_000;
/// Places on one road that are looked at: a hairpin or a loop passes a point more than once.
const ON_ONE_ROAD_MAX: usize = 3;

/// A place on a road near a point.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Nearby {
    pub(super) road: u32,
    pub(super) along_mm: u32,
    pub(super) distance_m: f64,
}

impl Region {
    /// The nearest place on each road within `radius_m`, and further ones of the same road that are far from it along the
    /// road; the nearest first, of equally near ones the road with the smaller id. O(log n + segments around).
    pub(super) fn nearby(&self, point: LatLon, radius_m: f64) -> Vec<Nearby> {
        let roads = &self.contents.roads;
        let target = flat(point, self.index.shrink);
        // The plane of the index is wrong by a few per cent far from its middle.
        let reach = radius_m * 1.1 + 1.0;
        let found = self.index.around(target, reach);
        let mut places: Vec<Nearby> = found
            .map(|segment| {
                let i = segment as usize;
                let (share, distance_m) =
                    nearest_share(roads.points[i], roads.points[i + 1], point);
                let road = roads.first_point.partition_point(|&first| first <= segment) - 1;
                let whole = f64::from(roads.mm[i + 1] - roads.mm[i]);
                let along_mm = roads.mm[i] + mm_nearest(whole * share / 1000.0);
                Nearby { road: row(road), along_mm, distance_m }
            })
            .filter(|place| place.distance_m <= radius_m)
            .collect();
        places.sort_by(|a, b| {
            a.distance_m
                .total_cmp(&b.distance_m)
                .then((a.road, a.along_mm).cmp(&(b.road, b.along_mm)))
        });
        let apart_mm = mm_nearest(2.0 * radius_m);
        let mut kept: Vec<Nearby> = Vec::new();
        for place in places {
            let mut same = kept.iter().filter(|other| other.road == place.road);
            let is_new = same.clone().count() < ON_ONE_ROAD_MAX
                && same.all(|other| other.along_mm.abs_diff(place.along_mm) > apart_mm);
            if is_new {
                kept.push(place);
            }
        }
        kept
    }

    /// The directions in which a road may be driven, whatever the traffic.
    pub(super) fn open_headings(&self, road: u32) -> impl Iterator<Item = Heading> {
        let tables = self.contents.roads.road(road as usize);
        HEADINGS.into_iter().filter(move |&heading| tables.is_open(heading))
    }

    /// The compass bearing of a vehicle at a place of a road.
    pub(super) fn bearing_at(&self, road: u32, heading: Heading, along_mm: u32) -> f64 {
        let tables = self.contents.roads.road(road as usize);
        let before = tables.point(along_mm.saturating_sub(BEARING_MM));
        let behind = tables.point(along_mm.saturating_add(BEARING_MM));
        match heading {
            Heading::Forward => before.bearing_deg(behind),
            Heading::Backward => behind.bearing_deg(before),
        }
    }
}
