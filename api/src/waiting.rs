//! Rides asked for anew, held back until what is under way has been carried out: reports of vehicles, answers to offers,
//! cancellations go first. Who waited too long is told to come again, rather than be decided when nobody waits any more.

use std::collections::{BTreeMap, VecDeque};
use std::sync::Arc;
use std::time::Instant;

use crate::inputs::AnswerTo;
use crate::intent::{Caller, Order};
use crate::limits::{REQUEST_WAIT_MAX, REQUESTS_WAITING_MAX};

/// An order that is held back.
pub struct Held {
    /// From whom.
    pub caller: Arc<Caller>,
    /// What.
    pub order: Order,
    /// Where the answer goes.
    pub answer: AnswerTo,
    since: Instant,
}

impl Held {
    /// An order that came at `since`.
    #[must_use]
    pub const fn new(caller: Arc<Caller>, order: Order, answer: AnswerTo, since: Instant) -> Self {
        Self { caller, order, answer, since }
    }

    /// Whether it asks for a ride and has waited too long for that.
    #[must_use]
    pub fn is_stale(&self) -> bool {
        self.order.is_request() && REQUEST_WAIT_MAX < self.since.elapsed()
    }
}

/// What is held back, in the order in which it came.
#[derive(Default)]
pub struct Waiting {
    held: VecDeque<Held>,
    /// How many of whom; none of them 0.
    by_caller: BTreeMap<Arc<Caller>, usize>,
}

impl Waiting {
    /// Holds an order back if it asks for a ride, or comes from somebody of whom one is held back already: the commands of one
    /// client stay in order. `Some` of it if it need not wait.
    ///
    /// # Errors
    /// The order, if too many wait.
    #[expect(clippy::result_large_err, reason = "what is handed back is the order itself")]
    pub fn hold(&mut self, held: Held) -> Result<Option<Held>, Held> {
        if !held.order.is_request() && !self.by_caller.contains_key(&held.caller) {
            return Ok(Some(held));
        }
        if REQUESTS_WAITING_MAX <= self.held.len() {
            return Err(held);
        }
        *self.by_caller.entry(held.caller.clone()).or_default() += 1;
        self.held.push_back(held);
        Ok(None)
    }

    /// The next one in turn.
    pub fn take_next(&mut self) -> Option<Held> {
        let held = self.held.pop_front()?;
        if let Some(n) = self.by_caller.get_mut(&held.caller) {
            *n -= 1;
            if *n == 0 {
                self.by_caller.remove(&held.caller);
            }
        }
        Some(held)
    }

    /// Whether nothing waits.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.held.is_empty()
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::panic, clippy::allow_attributes, reason = "a test")]
mod tests {
    use super::*;
    use crate::intent::Intent;
    use crate::wire::message::Role;
    use sharxi_engine::demand::request::{Name, Party, RideRequest, When};
    use sharxi_engine::ids::NodeId;
    use sharxi_engine::oracle::Location;
    use tokio::sync::oneshot;

    fn held(caller: &Arc<Caller>, n: usize, asks: bool) -> Held {
        let name: Name = format!("r{n}").try_into().unwrap();
        let intent =
            if asks { Intent::RequestRide(request(name)) } else { Intent::CancelRide(name) };
        let order = Order::Lasting { id: n.to_string(), body_digest: 0, intent };
        let (sender, _) = oneshot::channel();
        Held::new(caller.clone(), order, AnswerTo::Once(sender), Instant::now())
    }

    fn request(name: Name) -> RideRequest {
        let at = |node| Location::Node(NodeId::new(node));
        RideRequest {
            name,
            from: at(1),
            to: at(2),
            party: Party::new(1, 0).unwrap(),
            when: When::Now,
            accept_at_once: true,
        }
    }

    fn rider(name: &str) -> Arc<Caller> {
        Arc::new(Caller { role: Role::Rider, name: name.into() })
    }

    #[test]
    fn what_is_under_way_passes_new_rides_but_nobody_overtakes_himself() {
        let (anna, bert) = (rider("anna"), rider("bert"));
        let mut waiting = Waiting::default();
        assert!(waiting.hold(held(&anna, 1, false)).ok().flatten().is_some());
        assert!(waiting.hold(held(&anna, 2, true)).ok().unwrap().is_none());
        assert!(waiting.hold(held(&bert, 3, false)).ok().flatten().is_some(), "bert has to wait");
        assert!(
            waiting.hold(held(&anna, 4, false)).ok().unwrap().is_none(),
            "anna overtook herself"
        );
        let id = |held: Held| match held.order {
            Order::Lasting { id, .. } => id,
            other => panic!("{other:?}"),
        };
        assert_eq!(waiting.take_next().map(id).as_deref(), Some("2"));
        assert_eq!(waiting.take_next().map(id).as_deref(), Some("4"));
        assert!(waiting.is_empty() && waiting.by_caller.is_empty());
        assert!(waiting.hold(held(&anna, 5, false)).ok().flatten().is_some());
    }

    #[test]
    fn only_so_many_wait_and_only_so_long() {
        let anna = rider("anna");
        let mut waiting = Waiting::default();
        for n in 0..REQUESTS_WAITING_MAX {
            assert!(waiting.hold(held(&anna, n, true)).ok().unwrap().is_none());
        }
        assert!(waiting.hold(held(&anna, 0, true)).is_err());
        assert!(waiting.take_next().is_some_and(|held| !held.is_stale()));
        assert!(waiting.hold(held(&anna, 0, true)).is_ok());
        let Some(long_ago) = Instant::now().checked_sub(2 * REQUEST_WAIT_MAX) else { return };
        let old = |asks| Held { since: long_ago, ..held(&anna, 0, asks) };
        assert!(old(true).is_stale());
        assert!(!old(false).is_stale(), "what is under way is never too late");
    }
}
