//! Changing what a vehicle will do: visits in, visits out, and the way that follows from it.
//!
//! Used for real changes by the dispatcher and on copies by searches, so that both mean the same.

use std::sync::Arc;

use crate::fleet::motion::Motion;
use crate::fleet::plan::{Action, NextAct, PlannedVisit};
use crate::fleet::vehicle::{Duty, Vehicle};
use crate::fleet::visit::Visit;
use crate::ids::RequestId;
use crate::oracle::{Location, Oracle};
use crate::planning::insertion::Insertion;
use crate::planning::policy::Policy;
use crate::planning::view::View;
use crate::units::{EngineTime, Millis};

/// What a decision needs to know of the world.
#[derive(Clone, Copy)]
pub struct Context<'a> {
    /// Travel times.
    pub oracle: &'a dyn Oracle,
    /// Rules.
    pub policy: &'a Policy,
    /// The time of the decision.
    pub now: EngineTime,
}

impl Vehicle {
    /// Puts a ride where the search found its place.
    pub fn insert(&mut self, (board, alight): (Visit, Visit), place: &Insertion, ctx: Context<'_>) {
        self.visits.insert(place.alight_at.min(self.visits.len()), alight);
        self.visits.insert(place.board_at.min(self.visits.len()), board);
        self.errand = None;
        self.relink(ctx);
        if place.board_at == 0 {
            self.hold = ctx.now + ctx.policy.react;
            self.redirect(ctx);
        }
    }

    /// Takes a ride out; true if it was there. The others come no later than before.
    pub fn remove(&mut self, request: RequestId, ctx: Context<'_>) -> bool {
        let first = self.visits.first().copied();
        let before = self.visits.len();
        self.visits.retain(|visit| visit.request != request);
        if self.visits.len() == before {
            return false;
        }
        let first_changed =
            first.map(|visit| visit.location) != self.visits.first().map(|visit| visit.location);
        if first_changed {
            self.redirect(ctx);
        }
        self.relink(ctx);
        true
    }

    /// Sends an idle vehicle somewhere to wait.
    pub fn send(&mut self, target: Location, ctx: Context<'_>) {
        self.errand = Some(target);
        self.hold = ctx.now + ctx.policy.react;
        self.redirect(ctx);
    }

    /// Notes that the first visit is done and the vehicle is free again at `ready_from`.
    pub fn finish(&mut self, position: usize, ready_from: EngineTime, ctx: Context<'_>) {
        if position < self.visits.len() {
            self.visits.remove(position);
        }
        if let Motion::Standing { ready_from: free, .. } = &mut self.motion {
            *free = ready_from;
        }
        self.relink(ctx);
        self.redirect(ctx);
    }

    /// Notes that the vehicle stands where its path ends.
    pub fn arrive(&mut self, at: EngineTime, ctx: Context<'_>) {
        let Motion::Driving { path, .. } = &self.motion else { return };
        let (place, arc) = (path.to, path.last_arc);
        let serves = self.visits.first().is_some_and(|visit| visit.location == place);
        let pull_in = if serves { ctx.policy.stop } else { Millis::ZERO };
        self.motion = Motion::Standing { at: place, arc, ready_from: at + pull_in };
        if self.errand == Some(place) {
            self.errand = None;
        }
        self.relink(ctx);
        self.redirect(ctx);
    }

    /// Where it has to go next.
    fn target(&self) -> Option<Location> {
        self.visits.first().map(|visit| visit.location).or(self.errand)
    }

    /// Computes the drives between the visits again. O(n) queries.
    fn relink(&mut self, ctx: Context<'_>) {
        let mut previous = match &self.motion {
            Motion::Standing { at, .. } => *at,
            Motion::Driving { path, .. } => path.to,
        };
        self.legs.clear();
        for visit in &self.visits {
            self.legs.push(ctx.oracle.time(previous, visit.location));
            previous = visit.location;
        }
    }

    /// Finds the way to the next target: from where it stands, or from the next node at which it can turn off.
    fn redirect(&mut self, ctx: Context<'_>) {
        self.next_path = None;
        let Some(target) = self.target() else { return };
        match &self.motion {
            Motion::Standing { at, .. } => {
                if *at != target {
                    self.next_path = ctx.oracle.path(*at, target).map(Arc::new);
                }
            }
            Motion::Driving { path, departed } if path.to != target => {
                let informed = ctx.now + ctx.policy.react;
                let start = self.motion.divert(informed);
                // Too close to its stop to be told in time: it stops there and goes on from there.
                if matches!(start.location, Location::Node(_))
                    && start.location != path.to
                    && let Some(onward) = ctx.oracle.path(start.location, target)
                {
                    let path = Motion::diverted(path, *departed, informed, &onward);
                    self.motion = Motion::Driving { path: Arc::new(path), departed: *departed };
                    self.relink(ctx);
                }
            }
            Motion::Driving { .. } => {}
        }
    }

    /// What it has to do next, with the time at which the plan wants it.
    #[must_use]
    pub fn next_act(&self, policy: &Policy) -> NextAct {
        if self.duty != Duty::OnShift {
            return NextAct::Idle;
        }
        let (at, ready_from) = match &self.motion {
            Motion::Driving { path, departed } => {
                return NextAct::Arrive {
                    at: Motion::arrival(path, *departed),
                    departed: *departed,
                    path: Arc::clone(path),
                };
            }
            Motion::Standing { at, ready_from, .. } => (*at, (*ready_from).max(self.hold)),
        };
        if let Some(path) = &self.next_path {
            let departure = self.schedule().departure(policy).unwrap_or(ready_from);
            return NextAct::Depart { at: departure, path: Arc::clone(path) };
        }
        match self.visits.first() {
            Some(first) if first.location == at => match first.action {
                Action::Board => {
                    NextAct::Board { request: first.request, at: ready_from.max(first.earliest) }
                }
                Action::Alight => {
                    NextAct::Alight { request: first.request, at: ready_from + first.dwell }
                }
            },
            _ => NextAct::Idle,
        }
    }

    /// Its visits with their times as they look at `now`.
    #[must_use]
    pub fn planned(&self, policy: &Policy, now: EngineTime) -> Vec<PlannedVisit> {
        let mut view = View::default();
        self.schedule().view(policy, now, &mut view);
        let planned = |(visit, times): (&Visit, &crate::fleet::visit::VisitTimes)| PlannedVisit {
            request: visit.request,
            action: visit.action,
            location: visit.location,
            arrive: times.arrive,
            begin: times.begin,
            end: times.end,
        };
        self.visits.iter().zip(&view.times).map(planned).collect()
    }
}
