//! Other travel times: all plans are timed again, and riders who would be late are looked after.
//!
//! The times are swapped at one command, so a journal that is replayed swaps them at the same place. Promises stay as they
//! were given. What a vehicle drives before it can hear of the change keeps the time that it was told.

use crate::dispatcher::event::EventKind;
use crate::dispatcher::state::State;
use crate::dispatcher::turn::Turn;
use crate::ids::VehicleId;
use crate::limits::TRAFFIC_ITEMS_MAX;
use crate::planning::outlook::Outlooks;
use crate::region::{TrafficChange, TrafficError};
use crate::units::EngineTime;

/// Whether one command may name so many things.
pub(super) fn check_size(changes: &[TrafficChange]) -> Result<(), TrafficError> {
    let items: usize = changes.iter().map(|change| change.scope.n_items()).sum();
    if items <= TRAFFIC_ITEMS_MAX { Ok(()) } else { Err(TrafficError::TooMuch { items }) }
}

impl Turn<'_> {
    /// Takes over the times of this turn's oracle, which differ from those of the last command's.
    pub(super) fn take_traffic(&mut self) {
        let ctx = self.ctx;
        let version = ctx.oracle.traffic_version();
        self.state.traffic_version = version;
        self.state.forecast.measure(ctx.oracle);
        self.state.reaches.clear();
        self.state.outlooks = Outlooks::default();
        self.say(EventKind::TrafficChanged { version });
        let active = self.state.active.clone();
        for &id in &active {
            self.expect_again(id);
            if self.vehicle_mut(id).is_some_and(|vehicle| vehicle.retime(ctx)) {
                self.touch(id);
            }
        }
        for id in active {
            self.guard(id);
        }
    }

    /// Visits that had no way, and so were put off for ever, are bound by the promise again.
    fn expect_again(&mut self, id: VehicleId) {
        let State { vehicles, rides, .. } = &mut *self.state;
        let Some(vehicle) = vehicles.get_mut(id.idx()) else { return };
        for visit in vehicle.visits.iter_mut().filter(|visit| visit.latest >= EngineTime::NEVER) {
            if let Some(by) = rides.get(&visit.request).and_then(|ride| ride.due(visit)) {
                visit.latest = by;
            }
        }
    }
}
