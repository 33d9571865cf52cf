//! Where vehicles are between their reports: on the road that their reports fit, or as they say, or else along the leg that they
//! drive.
//!
//! Reports are matched to road and direction as they come ([`Matcher`], which remembers a few of them for each vehicle). A report
//! that fits no road is shown as it is, and said to be so. Nothing here decides anything: the dispatcher goes by facts.

use std::collections::BTreeMap;
use std::time::Instant;

use sharxi_engine::dispatcher::Dispatcher;
use sharxi_engine::fleet::plan::NextAct;
use sharxi_engine::geo::LatLon;
use sharxi_engine::ids::VehicleId;
use sharxi_engine::region::{Fix, MatchOptions, Matched, Matcher, Region};
use sharxi_engine::units::{EngineTime, Millis};

use crate::limits::{MATCH_PAUSE, POSITION_FRESH, REPORTS_KEPT};
use crate::map::Map;
use crate::wire::words::SourceWord;

/// A leg with the points on its way.
struct Leg {
    departed: EngineTime,
    points: Vec<(LatLon, Millis)>,
}

/// What a vehicle has reported.
struct Reports {
    newest: Fix,
    heard: Instant,
    /// Whether the newest is yet to be matched.
    is_new: bool,
    matched: Option<Instant>,
    matcher: Matcher,
    on_road: Option<Matched>,
}

/// How a place is known.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Source {
    /// Reported, and the place on the road that the reports fit.
    Matched,
    /// As reported: it fits no road.
    Reported,
    /// Not reported lately: where its plan has it.
    Planned,
}

impl Source {
    /// The word for it in messages.
    #[must_use]
    pub const fn word(self) -> SourceWord {
        match self {
            Self::Matched => SourceWord::Matched,
            Self::Reported => SourceWord::Reported,
            Self::Planned => SourceWord::Planned,
        }
    }
}

/// Where a vehicle is.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Place {
    /// There.
    pub point: LatLon,
    /// How that is known.
    pub source: Source,
    /// Compass bearing of travel on the road in degrees, if its reports tell the direction.
    pub bearing_deg: Option<f64>,
}

/// Newest reports and the legs under way.
#[derive(Default)]
pub struct Tracker {
    reports: BTreeMap<VehicleId, Reports>,
    legs: BTreeMap<VehicleId, Leg>,
}

impl Reports {
    fn new(fix: Fix) -> Self {
        let matcher = Matcher::new(MatchOptions::default());
        Self {
            newest: fix,
            heard: Instant::now(),
            is_new: true,
            matched: None,
            matcher,
            on_road: None,
        }
    }

    /// Takes the newest report to the road if that was not done yet.
    fn settle(&mut self, region: Option<&Region>) {
        let Some(region) = region.filter(|_| self.is_new) else { return };
        self.is_new = false;
        self.matched = Some(Instant::now());
        self.on_road = self.matcher.follow(region, self.newest);
    }

    fn place(&self) -> Place {
        match &self.on_road {
            // Where both directions are as likely, neither is told.
            Some(found) if !self.is_new => Place {
                point: found.point,
                source: Source::Matched,
                bearing_deg: (0.5 < found.confidence).then_some(found.bearing_deg),
            },
            _ => Place { point: self.newest.point, source: Source::Reported, bearing_deg: None },
        }
    }
}

impl Tracker {
    /// The vehicle says where it is. Matched at once, unless that was done just before: then when somebody looks.
    pub fn report(&mut self, vehicle: VehicleId, fix: Fix, region: Option<&Region>) {
        if self.reports.get(&vehicle).is_none_or(|reports| REPORTS_KEPT < reports.heard.elapsed()) {
            self.reports.retain(|_, reports| reports.heard.elapsed() <= REPORTS_KEPT);
            self.reports.insert(vehicle, Reports::new(fix));
        }
        let Some(reports) = self.reports.get_mut(&vehicle) else { return };
        (reports.newest, reports.heard, reports.is_new) = (fix, Instant::now(), true);
        if reports.matched.is_none_or(|matched| MATCH_PAUSE <= matched.elapsed()) {
            reports.settle(region);
        }
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
    ) -> Option<Place> {
        let reports = self.reports.get_mut(&vehicle);
        if let Some(reports) = reports.filter(|reports| reports.heard.elapsed() <= POSITION_FRESH) {
            reports.settle(dispatcher.oracle().region());
            return Some(reports.place());
        }
        let planned = |point| Place { point, source: Source::Planned, bearing_deg: None };
        if let NextAct::Arrive { departed, path, .. } = dispatcher.next_act(vehicle) {
            let leg = self
                .legs
                .entry(vehicle)
                .or_insert_with(|| Leg { departed, points: map.path_geometry(&path) });
            if let Some(point) = interpolate(&leg.points, now.since(leg.departed)) {
                return Some(planned(point));
            }
        }
        dispatcher.last_standing(vehicle).map(|standing| planned(map.point(standing.location)))
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
