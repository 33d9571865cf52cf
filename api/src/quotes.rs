//! What somebody who asks for a ride would be told just now. The very search that the request would start, without a trace in the state;
//! so that asking for nothing can't keep the dispatcher busy, only so many may search the plans of several vehicles.

use std::time::Instant;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use sharxi_engine::demand::request::{Name, Party, RideRequest, When};
use sharxi_engine::geo::LatLon;
use sharxi_engine::oracle::Location;
use sharxi_engine::units::EngineTime;

use crate::executor::Executor;
use crate::intent::Asked;
use crate::limits::{QUOTE_SEARCHES, Rate};
use crate::wire::time::format;

/// What a request would be told.
#[derive(Serialize, Deserialize, JsonSchema)]
#[expect(missing_docs, reason = "fields are those of docs/protocol.md, word for word")]
pub struct Quote {
    pub available: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub pickup_at: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub dropoff_at: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub wait_s: Option<f64>,
}

/// A ride that somebody wonders about.
#[derive(Clone, Copy, Debug)]
pub struct Wondered {
    /// Both doors.
    pub doors: [LatLon; 2],
    /// The roads there.
    pub ends: [Location; 2],
    /// Who would ride.
    pub party: Party,
}

/// Makes quotes.
#[derive(Default)]
pub struct Quotes {
    /// When the searches allowed so far have been earned.
    earned: Option<Instant>,
}

impl Quotes {
    /// What the request would be told, if its answer were awaited before the vehicle sets off.
    pub fn make(&mut self, ride: &Wondered, executor: &Executor, now: EngineTime) -> Option<Quote> {
        let Wondered { doors, ends: [from, to], party } = *ride;
        let request = RideRequest {
            name: Name::new("quote").ok()?,
            from,
            to,
            pickups: Vec::new(),
            dropoffs: Vec::new(),
            party,
            when: When::Now,
            accept_at_once: false,
        };
        let request = executor.with_stops(Asked { request, doors, walk_max: None });
        let dispatcher = executor.dispatcher();
        let found = dispatcher.quote(&request, now, false).or_else(|| {
            let may_search = self.allow(Instant::now(), QUOTE_SEARCHES);
            may_search.then(|| dispatcher.quote(&request, now, true)).flatten()
        });
        Some(Quote {
            available: found.is_some(),
            pickup_at: found.map(|(pickup, _)| format(pickup)),
            dropoff_at: found.map(|(_, dropoff)| format(dropoff)),
            wait_s: found.map(|(pickup, _)| pickup.since(now).as_secs_f64()),
        })
    }

    /// Whether one more may search at `now`.
    fn allow(&mut self, now: Instant, rate: Rate) -> bool {
        let earned = self.earned.map_or(now, |earned| earned.max(now));
        let is_allowed = earned.duration_since(now) + rate.one_per <= rate.one_per * rate.burst;
        if is_allowed {
            self.earned = Some(earned + rate.one_per);
        }
        is_allowed
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    #[test]
    fn a_few_search_at_once_and_then_one_every_so_often() {
        let rate = Rate { one_per: Duration::from_secs(1), burst: 3 };
        let (mut quotes, start) = (Quotes::default(), Instant::now());
        let mut n_allowed = |at_ms: u64, n: usize| {
            let now = start + Duration::from_millis(at_ms);
            (0..n).filter(|_| quotes.allow(now, rate)).count()
        };
        assert_eq!(n_allowed(0, 10), 3);
        assert_eq!(n_allowed(900, 10), 0, "nothing is earned yet");
        assert_eq!(n_allowed(1_100, 10), 1);
        assert_eq!(n_allowed(60_000, 10), 3, "a rest earns no more than at the beginning");
    }
}
