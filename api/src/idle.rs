//! What the service does when nobody wants anything: it looks for better plans, around one vehicle after the other.
//!
//! A search is `policy.improvement_tests` insertion tests long, so a request that comes meanwhile hardly waits, and none are made
//! with 0. What is found becomes a command like any other and is in the journal. When all vehicles have been looked at since the last
//! command, the service rests until the next one.

use sharxi_engine::dispatcher::Improvement;
use sharxi_engine::ids::VehicleId;
use sharxi_engine::units::EngineTime;

use crate::executor::Executor;

/// Around whom to look next.
#[derive(Clone, Copy, Debug, Default)]
pub struct Idle {
    next: usize,
    /// Vehicles that were looked at since command number `since`.
    n_looked: usize,
    since: u64,
}

impl Idle {
    /// Whether there is nothing left to look at.
    #[must_use]
    pub fn is_done(&self, executor: &Executor) -> bool {
        let dispatcher = executor.dispatcher();
        let policy = dispatcher.policy();
        let all = self.since == executor.record_seq() && dispatcher.n_vehicles() <= self.n_looked;
        all || !policy.reoptimise || policy.improvement_tests == 0
    }

    /// Better plans for a command at `now`, if the next search finds any.
    pub fn next(&mut self, executor: &Executor, now: EngineTime) -> Option<Improvement> {
        if self.is_done(executor) {
            return None;
        }
        if self.since != executor.record_seq() {
            (self.since, self.n_looked) = (executor.record_seq(), 0);
        }
        let dispatcher = executor.dispatcher();
        let n_vehicles = dispatcher.n_vehicles();
        while self.n_looked < n_vehicles {
            let vehicle = VehicleId::new(u32::try_from(self.next % n_vehicles).ok()?);
            self.next = (self.next + 1) % n_vehicles;
            self.n_looked += 1;
            // Who waits for riders has no plan to be made better.
            if dispatcher.in_service(vehicle) && !dispatcher.is_idle(vehicle) {
                let around = dispatcher.last_standing(vehicle)?.location;
                return dispatcher.improvement_at(
                    now,
                    around,
                    dispatcher.policy().improvement_tests,
                );
            }
        }
        None
    }
}
