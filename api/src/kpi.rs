//! Live figures, counted from events: what the operator watches during the day.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};
use sharxi_engine::demand::ride::{Ride, RideState};
use sharxi_engine::dispatcher::Dispatcher;
use sharxi_engine::dispatcher::event::{Event, EventKind};
use sharxi_engine::ids::{RequestId, VehicleId};
use sharxi_engine::units::{EngineTime, Millis};

use crate::feeds::waits::WaitBook;
use crate::ledger::Ledger;
use crate::limits::WAIT_S_MAX;
use crate::wire::status::{Figures, Waits};
use crate::wire::words::KpiWord;

/// Bars of the wait histogram: one a minute up to the fifteenth, and one for everything over.
const BARS: usize = 16;

/// Counts since the journal began.
#[derive(Serialize, Deserialize)]
pub struct Kpi {
    requests: u64,
    promised: u64,
    rejected: u64,
    cancelled: u64,
    completed: u64,
    broken: u64,
    at_risk: u64,
    /// Boardings by whole seconds of wait, rounded up; the last one holds everything longer.
    waits: Vec<u32>,
    /// Boardings by minute, told apart in milliseconds, so that exactly 15 minutes is within.
    histogram: [u64; BARS],
    wait_sum_ms: u64,
    wait_max: Millis,
    boarded: u64,
    on_board: BTreeMap<VehicleId, BTreeSet<RequestId>>,
    pooled: BTreeSet<RequestId>,
    /// Rides that shared a vehicle and have ended.
    pooled_done: u64,
    /// For open data.
    pub waits_by_cell: WaitBook,
}

impl Default for Kpi {
    fn default() -> Self {
        Self {
            requests: 0,
            promised: 0,
            rejected: 0,
            cancelled: 0,
            completed: 0,
            broken: 0,
            at_risk: 0,
            waits: vec![0; WAIT_S_MAX + 1],
            histogram: [0; BARS],
            wait_sum_ms: 0,
            wait_max: Millis::ZERO,
            boarded: 0,
            on_board: BTreeMap::new(),
            pooled: BTreeSet::new(),
            pooled_done: 0,
            waits_by_cell: WaitBook::default(),
        }
    }
}

/// How long a rider who boards at `at` has waited; `None` for who changes vehicles after a breakdown and has had their wait before.
#[must_use]
pub fn first_wait(ride: &Ride, at: EngineTime) -> Option<Millis> {
    let again = matches!(ride.state, RideState::OnBoard { boarded_at } if boarded_at < at);
    let ready_at = ride.promise.map_or(at, |promise| promise.ready_at());
    (!again).then(|| at.since(ready_at))
}

impl Kpi {
    /// Counts one event; `dispatcher` has it applied already.
    pub fn fold(&mut self, event: &Event, dispatcher: &Dispatcher) {
        match &event.kind {
            EventKind::Requested { .. } => self.requests += 1,
            EventKind::Promised { .. } => self.promised += 1,
            EventKind::Rejected { .. } => self.rejected += 1,
            EventKind::Cancelled { .. } => self.cancelled += 1,
            EventKind::PromiseAtRisk { .. } => self.at_risk += 1,
            EventKind::PromiseBroken { .. } => self.broken += 1,
            EventKind::Boarded { request, vehicle } => {
                if let Some(wait) =
                    dispatcher.ride(*request).and_then(|ride| first_wait(ride, event.at))
                {
                    self.count_wait(wait);
                }
                self.seat(*request, *vehicle);
            }
            EventKind::Alighted { request, vehicle } => {
                self.completed += 1;
                if let Some(riders) = self.on_board.get_mut(vehicle) {
                    riders.remove(request);
                }
                if self.pooled.remove(request) {
                    self.pooled_done += 1;
                }
            }
            EventKind::BrokeDown { vehicle, .. } | EventKind::ShiftEnded { vehicle } => {
                self.on_board.remove(vehicle);
            }
            _ => {}
        }
    }

    fn count_wait(&mut self, wait: Millis) {
        let ms = wait.get();
        let count = |cell: Option<&mut u32>| {
            if let Some(cell) = cell {
                *cell = cell.saturating_add(1);
            }
        };
        let seconds = usize::try_from(ms.div_ceil(1000)).unwrap_or(WAIT_S_MAX).min(WAIT_S_MAX);
        count(self.waits.get_mut(seconds));
        // A wait of exactly m minutes belongs to the bar that ends there.
        let bar = usize::try_from(ms.div_ceil(60_000).saturating_sub(1)).unwrap_or(BARS);
        if let Some(bar) = self.histogram.get_mut(bar.min(BARS - 1)) {
            *bar += 1;
        }
        self.wait_sum_ms += u64::from(ms);
        self.wait_max = self.wait_max.max(wait);
        self.boarded += 1;
    }

    fn seat(&mut self, request: RequestId, vehicle: VehicleId) {
        let riders = self.on_board.entry(vehicle).or_default();
        riders.insert(request);
        if riders.len() > 1 {
            self.pooled.extend(riders.iter().copied());
        }
    }

    /// The figures now; `coverage` is the share of spots within reach, if it is computed.
    #[must_use]
    pub fn figures(
        &self,
        dispatcher: &Dispatcher,
        ledger: &Ledger,
        coverage: Option<f64>,
        now: EngineTime,
    ) -> Figures {
        let waiting = |request: &RequestId| {
            let state = dispatcher.ride(*request).map(|ride| ride.state);
            matches!(state, Some(RideState::Promised | RideState::Stranded { .. }))
        };
        let n_vehicles = u32::try_from(dispatcher.n_vehicles()).unwrap_or(u32::MAX);
        let pooled = self.pooled_done + self.pooled.len() as u64;
        Figures {
            r#type: KpiWord::It,
            t: now.into(),
            requests: self.requests,
            promised: self.promised,
            rejected: self.rejected,
            cancelled: self.cancelled,
            completed: self.completed,
            promises_broken: self.broken,
            promises_at_risk: self.at_risk,
            on_board: self.on_board.values().map(BTreeSet::len).sum(),
            waiting: ledger.open().filter(waiting).count(),
            vehicles: (0..n_vehicles)
                .filter(|&idx| dispatcher.in_service(VehicleId::new(idx)))
                .count(),
            wait_s: self.wait_figures(),
            wait_histogram: self.histogram,
            pooled_share: ratio(pooled, self.boarded),
            coverage_15min: coverage,
        }
    }

    fn wait_figures(&self) -> Waits {
        Waits {
            mean: ratio(self.wait_sum_ms, self.boarded) / 1000.0,
            p50: self.quantile(50),
            p95: self.quantile(95),
            max: self.wait_max.as_secs_f64(),
        }
    }

    /// The smallest whole second within which `percent` of the boarded waited; 0 if nobody has.
    fn quantile(&self, percent: u64) -> f64 {
        let rank = (self.boarded * percent).div_ceil(100).max(1);
        let mut seen = 0_u64;
        for (seconds, &n) in (0_u32..).zip(&self.waits) {
            seen += u64::from(n);
            if seen >= rank {
                return f64::from(seconds);
            }
        }
        0.0
    }
}

#[expect(clippy::cast_precision_loss, reason = "counts in a report")]
fn ratio(part: u64, whole: u64) -> f64 {
    if whole == 0 { 0.0 } else { part as f64 / whole as f64 }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn exactly_fifteen_minutes_is_within_the_promise() {
        let mut kpi = Kpi::default();
        for ms in [0, 1, 60_000, 60_001, 900_000, 900_001] {
            kpi.count_wait(Millis::new(ms));
        }
        let mut expected = [0; BARS];
        expected[0] = 3;
        expected[1] = 1;
        expected[14] = 1;
        expected[15] = 1;
        assert_eq!(kpi.histogram, expected);
        assert!((kpi.quantile(50) - 60.0).abs() < 1e-9);
        assert!((kpi.quantile(95) - 901.0).abs() < 1e-9);
        kpi.count_wait(Millis::INFINITE);
        assert!((kpi.quantile(100) - 14_400.0).abs() < 1e-9, "the longest that is told apart");
    }
}
