//! Changing what a vehicle will do: visits in, visits out, and the way that follows from it.
//!
//! Used for real changes by the dispatcher and on copies by searches, so that both mean the same.

use std::sync::Arc;

use crate::fleet::motion::Motion;
use crate::fleet::plan::{Action, NextAct, PlannedVisit};
use crate::fleet::vehicle::{Duty, Vehicle};
use crate::fleet::visit::Visit;
use crate::ids::RequestId;
use crate::oracle::{Location, Oracle, Path};
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
        let leaving = self.leaving(ctx);
        self.visits.insert(place.alight_at.min(self.visits.len()), alight);
        self.visits.insert(place.board_at.min(self.visits.len()), board);
        self.errand = None;
        if place.board_at == 0 {
            self.hold = ctx.now + ctx.policy.react;
            self.redirect(leaving, ctx);
        }
        self.relink(ctx);
    }

    /// Takes a ride out; true if it was there. The others come no later than before, but for one case: turning round at a
    /// stop can be quicker than a junction with a forbidden turn allows.
    pub fn remove(&mut self, request: RequestId, ctx: Context<'_>) -> bool {
        let leaving = self.leaving(ctx);
        let first = self.visits.first().copied();
        let before = self.visits.len();
        self.visits.retain(|visit| visit.request != request);
        if self.visits.len() == before {
            return false;
        }
        let first_changed =
            first.map(|visit| visit.location) != self.visits.first().map(|visit| visit.location);
        if first_changed {
            self.redirect(leaving, ctx);
        }
        self.relink(ctx);
        self.board_no_earlier(ctx);
        true
    }

    /// Takes over another list of visits.
    pub fn follow(&mut self, visits: Vec<Visit>, ctx: Context<'_>) {
        let leaving = self.leaving(ctx);
        let first = |visits: &[Visit]| visits.first().map(|visit| (visit.request, visit.action));
        let first_changed = first(&self.visits) != first(&visits);
        self.visits = visits;
        if first_changed {
            self.errand = None;
            self.hold = ctx.now + ctx.policy.react;
            self.redirect(leaving, ctx);
        }
        self.relink(ctx);
        self.board_no_earlier(ctx);
    }

    /// Lets a rider who has accepted board from `ready_at` on.
    pub fn accept(&mut self, request: RequestId, ready_at: EngineTime, ctx: Context<'_>) {
        let own = |visit: &&mut Visit| visit.request == request && visit.action == Action::Board;
        if let Some(visit) = self.visits.iter_mut().find(own) {
            visit.earliest = ready_at;
        }
        self.board_no_earlier(ctx);
    }

    /// Takes over other travel times: finds its way to where it goes next, and times all drives, again; true if its plan is
    /// another one now. Where there is no way any more it keeps the one that it was given, or stays where it is.
    pub fn retime(&mut self, ctx: Context<'_>) -> bool {
        let before = (self.motion.clone(), self.next_path.clone(), self.legs.clone());
        let mut outruns = false;
        let mut again = |path: &Arc<Path>, departed| {
            let turned = turn_off(path, departed, path.to, ctx);
            // What it drives before it can turn off, or all of it, keeps the old times.
            let until = turned.as_ref().map(|_| ctx.now + ctx.policy.react);
            outruns = Motion::outruns(path, departed, (ctx.now, until), ctx.oracle);
            turned.unwrap_or_else(|| Arc::clone(path))
        };
        match (&self.motion, self.leaving(ctx)) {
            (Motion::Driving { path, departed }, _) => {
                self.motion = Motion::Driving { path: again(path, *departed), departed: *departed };
            }
            (Motion::Standing { .. }, Some((path, departs))) => {
                self.next_path = Some(again(&path, departs));
                self.hold = departs;
            }
            (Motion::Standing { .. }, None) => self.redirect(None, ctx),
        }
        self.outruns = outruns;
        self.relink(ctx);
        self.board_no_earlier(ctx);
        before != (self.motion.clone(), self.next_path.clone(), self.legs.clone())
    }

    /// Notes that the vehicle has set off.
    pub fn depart(&mut self, path: Arc<Path>, at: EngineTime, ctx: Context<'_>) {
        self.next_path = None;
        self.motion = Motion::Driving { path, departed: at };
        self.relink(ctx);
    }

    /// The way and time of a vehicle that will have set off before it can be told otherwise.
    fn leaving(&self, ctx: Context<'_>) -> Option<(Arc<Path>, EngineTime)> {
        let (_, departs) = self.schedule().leaving(ctx.policy, ctx.now)?;
        Some((Arc::clone(self.next_path.as_ref()?), departs))
    }

    /// Who would board so much earlier, only to wait on board for somebody else, that the ride gets too long boards later: as long
    /// as that makes rides shorter and nobody later than allowed. Where traffic made the drive itself too long it does neither.
    fn board_no_earlier(&mut self, ctx: Context<'_>) {
        let mut view = View::default();
        let mut least = self.trouble(ctx, &mut view);
        for _ in 0..self.visits.len() {
            let Some((board, later)) = (0..self.visits.len()).find_map(|k| {
                let (board, over) = self.excess(&view, k)?;
                Some((board, view.times.get(board)?.begin + over))
            }) else {
                return;
            };
            let Some(visit) = self.visits.get_mut(board) else { return };
            let before = std::mem::replace(&mut visit.earliest, later.min(visit.latest));
            let trouble = self.trouble(ctx, &mut view);
            if trouble.0 > least.0 || trouble.1 >= least.1 {
                if let Some(visit) = self.visits.get_mut(board) {
                    visit.earliest = before;
                }
                return;
            }
            least = trouble;
        }
    }

    /// The boarding of the alighting at position `k`, and by how much that ride is too long, if it is.
    fn excess(&self, view: &View, k: usize) -> Option<(usize, Millis)> {
        let board = view.boarding.get(k).copied().flatten()?;
        let ride = view.times.get(k)?.end.since(view.times.get(board)?.begin);
        let over = ride.saturating_sub(self.visits.get(k)?.ride_max);
        (over > Millis::ZERO).then_some((board, over))
    }

    /// Milliseconds by which visits are too late and rides too long, all together.
    fn trouble(&self, ctx: Context<'_>, view: &mut View) -> (u64, u64) {
        self.schedule().view(ctx.policy, ctx.now, view);
        let late = self.visits.iter().zip(&view.times).map(|(visit, &times)| visit.late(times));
        let over =
            (0..self.visits.len()).filter_map(|k| self.excess(view, k)).map(|(_, over)| over);
        let sum =
            |times: &mut dyn Iterator<Item = Millis>| times.map(|time| u64::from(time.get())).sum();
        (sum(&mut late.into_iter()), sum(&mut over.into_iter()))
    }

    /// Sends an idle vehicle somewhere to wait.
    pub fn send(&mut self, target: Location, ctx: Context<'_>) {
        self.errand = Some(target);
        self.hold = ctx.now + ctx.policy.react;
        self.redirect(None, ctx);
    }

    /// Notes that the visit at `position` is done and the vehicle is free again at `ready_from`.
    pub fn finish(&mut self, position: usize, ready_from: EngineTime, ctx: Context<'_>) {
        if position < self.visits.len() {
            self.visits.remove(position);
        }
        if let Motion::Standing { ready_from: free, .. } = &mut self.motion {
            *free = ready_from;
        }
        self.redirect(None, ctx);
        self.relink(ctx);
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
        self.redirect(None, ctx);
        self.relink(ctx);
    }

    /// Where it has to go next.
    fn target(&self) -> Option<Location> {
        self.visits.first().map(|visit| visit.location).or(self.errand)
    }

    /// Computes the drives between the visits again. O(n) queries.
    fn relink(&mut self, ctx: Context<'_>) {
        // Up to where it will stop next, the first leg is the way that it was given.
        let (mut previous, mut driven) = match (&self.motion, &self.next_path) {
            (Motion::Driving { path, .. }, _) => (path.to, Millis::ZERO),
            (Motion::Standing { .. }, Some(path)) => (path.to, path.duration),
            (Motion::Standing { at, .. }, None) => (*at, Millis::ZERO),
        };
        self.legs.clear();
        for visit in &self.visits {
            self.legs.push(driven + ctx.oracle.time(previous, visit.location));
            (previous, driven) = (visit.location, Millis::ZERO);
        }
    }

    /// Finds the way to the next target: from where it stands, or from the next node at which it can turn off. `leaving` is
    /// the way that it takes before it hears of this.
    fn redirect(&mut self, leaving: Option<(Arc<Path>, EngineTime)>, ctx: Context<'_>) {
        self.next_path = None;
        let target = self.target();
        match (&self.motion, leaving) {
            (Motion::Standing { .. }, Some((path, departs))) => {
                let path = target.and_then(|to| onward(&path, departs, to, ctx)).unwrap_or(path);
                self.hold = departs;
                self.next_path = Some(path);
            }
            (Motion::Standing { at, .. }, None) => {
                self.outruns = false;
                let to = target.filter(|target| *target != *at);
                self.next_path = to.and_then(|to| ctx.oracle.path(*at, to)).map(Arc::new);
            }
            (Motion::Driving { path, departed }, _) => {
                let departed = *departed;
                if let Some(path) = target.and_then(|to| onward(path, departed, to, ctx)) {
                    self.motion = Motion::Driving { path, departed };
                }
            }
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

/// The way of a vehicle on `path` that turns off to `target`; `None` if it goes there already, or is too close to its stop to
/// be told in time: then it stops there and goes on from there.
fn onward(
    path: &Path,
    departed: EngineTime,
    target: Location,
    ctx: Context<'_>,
) -> Option<Arc<Path>> {
    if path.to == target { None } else { turn_off(path, departed, target, ctx) }
}

/// The same, even if it goes there already.
fn turn_off(
    path: &Path,
    departed: EngineTime,
    target: Location,
    ctx: Context<'_>,
) -> Option<Arc<Path>> {
    let informed = ctx.now + ctx.policy.react;
    let start = Motion::divert_from(path, departed, informed);
    let can_turn = matches!(start.location, Location::Node(_)) && start.location != path.to;
    if !can_turn {
        return None;
    }
    let onward = ctx.oracle.path(start.location, target)?;
    Some(Arc::new(Motion::diverted(path, departed, informed, &onward)))
}
