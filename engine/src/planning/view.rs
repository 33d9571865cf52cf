//! What a vehicle will do if nothing changes: times, loads and the first position that may still be changed.

use serde::{Deserialize, Serialize};

use crate::demand::request::Party;
use crate::fleet::motion::{Motion, Start};
use crate::fleet::plan::Action;
use crate::fleet::visit::{Visit, VisitTimes};
use crate::limits::VISITS_MAX;
use crate::oracle::{Oracle, Path};
use crate::planning::caution::Spread;
use crate::planning::policy::Policy;
use crate::units::{EngineTime, Millis};

/// A vehicle that has not arrived this long after its time is not just about to.
const SILENT_FOR: Millis = Millis::from_secs(30);

/// Places of each kind, taken or there. Whoever sits in a child seat takes a seat as well.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Load {
    /// Ordinary seats.
    pub seats: u16,
    /// Wheelchair places.
    pub wheelchairs: u16,
    /// Child seats.
    pub child_seats: u16,
    /// Pieces of luggage.
    pub luggage: u16,
}

impl Load {
    /// What a party takes.
    #[must_use]
    pub fn of(party: Party) -> Self {
        Self {
            seats: party.seats().into(),
            wheelchairs: party.wheelchairs().into(),
            child_seats: party.child_seats().into(),
            luggage: party.luggage().into(),
        }
    }

    /// With the party of `visit` boarded or gone.
    #[must_use]
    pub fn after(self, visit: &Visit) -> Self {
        let party = Self::of(visit.party);
        match visit.action {
            Action::Board => self.plus(party),
            Action::Alight => self.minus(party),
        }
    }

    /// With another party.
    #[must_use]
    pub fn plus(self, party: Self) -> Self {
        Self {
            seats: self.seats + party.seats,
            wheelchairs: self.wheelchairs + party.wheelchairs,
            child_seats: self.child_seats + party.child_seats,
            luggage: self.luggage + party.luggage,
        }
    }

    /// Without a party.
    #[must_use]
    pub fn minus(self, party: Self) -> Self {
        Self {
            seats: self.seats.saturating_sub(party.seats),
            wheelchairs: self.wheelchairs.saturating_sub(party.wheelchairs),
            child_seats: self.child_seats.saturating_sub(party.child_seats),
            luggage: self.luggage.saturating_sub(party.luggage),
        }
    }

    /// Whether it fits into `capacity`.
    #[must_use]
    pub fn fits(self, capacity: Capacity) -> bool {
        let Capacity { places, fold } = capacity;
        // This first: it keeps the product small.
        self.wheelchairs <= places.wheelchairs
            && self.seats + fold * self.wheelchairs <= places.seats
            && self.child_seats <= places.child_seats
            && self.luggage <= places.luggage
    }
}

/// What a vehicle has room for.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Capacity {
    /// Places of each kind while no wheelchair place is taken.
    pub places: Load,
    /// Seats that are folded away for each wheelchair place that is taken.
    pub fold: u16,
}

/// All that a search needs to know of one vehicle.
#[derive(Clone, Copy, Debug)]
pub struct Schedule<'a> {
    /// What it is doing.
    pub motion: &'a Motion,
    /// What it will do.
    pub visits: &'a [Visit],
    /// `legs[k]`: drive from visit `k - 1` to visit `k`; `legs[0]` from where it stands, or from where it will next stop.
    pub legs: &'a [Millis],
    /// It does not set off on its first leg before this.
    pub hold: EngineTime,
    /// The way of its first leg, while it stands and has to drive.
    pub next_path: Option<&'a Path>,
    /// Who is on board.
    pub on_board: Load,
    /// Places.
    pub capacity: Capacity,
    /// When the last rider must be off.
    pub shift_end: EngineTime,
}

/// The schedule's times at one moment.
#[derive(Clone, Debug, Default)]
pub struct View {
    /// Times of each visit.
    pub times: Vec<VisitTimes>,
    /// How uncertain the time of each visit is.
    pub spreads: Vec<Spread>,
    /// Load before each visit and after the last.
    pub loads: Vec<Load>,
    /// Position of the boarding of each alighting visit, `None` if on board already.
    pub boarding: Vec<Option<usize>>,
    /// Visits that are under way and can't be put off: nothing is inserted before this position.
    pub locked: usize,
}

impl Schedule<'_> {
    /// How much sooner the vehicle can be anywhere for stopping at its visits than if it drove there straight, at most.
    #[must_use]
    pub fn saves(&self, oracle: &dyn Oracle) -> Millis {
        let saves = self.visits.iter().map(|visit| oracle.saves(visit.location));
        saves.fold(Millis::ZERO, |sum, saves| sum + saves)
    }

    /// When the vehicle sets off on its first leg, if it stands and its first visit is elsewhere: as soon as it may, but
    /// not so early that it would only wait there.
    #[must_use]
    pub fn departure(&self, policy: &Policy) -> Option<EngineTime> {
        let (Motion::Standing { at, ready_from, .. }, Some(first)) =
            (self.motion, self.visits.first())
        else {
            return None;
        };
        let leg = self.legs.first().copied().unwrap_or(Millis::INFINITE);
        let soonest = (*ready_from).max(self.hold);
        let in_time = first.earliest - leg - policy.stop;
        (first.location != *at).then(|| match first.action {
            Action::Board => soonest.max(in_time),
            Action::Alight => soonest,
        })
    }

    /// Arrival at the first visit and whether a stop has to be paid there.
    fn first_arrival(&self, policy: &Policy, now: EngineTime) -> (EngineTime, Millis) {
        match self.motion {
            Motion::Driving { path, departed } => {
                let arrival = expected(Motion::arrival(path, *departed), now);
                let leg = self.legs.first().copied().unwrap_or(Millis::INFINITE);
                // A leg means that it stops somewhere else first: it was too close to be told in time.
                let leaves = if leg == Millis::ZERO { arrival } else { arrival.max(self.hold) };
                (leaves + leg, policy.stop)
            }
            Motion::Standing { ready_from, .. } => match self.departure(policy) {
                Some(departure) => {
                    let leg = self.legs.first().copied().unwrap_or(Millis::INFINITE);
                    (departure.max(now) + leg, policy.stop)
                }
                None => ((*ready_from).max(self.hold), Millis::ZERO),
            },
        }
    }

    /// What is left to drive until it arrives at the first visit.
    fn first_leg(&self, arrive: EngineTime, now: EngineTime) -> Millis {
        match self.motion {
            Motion::Driving { .. } => arrive.since(now),
            Motion::Standing { .. } => match self.next_path {
                Some(_) => self.legs.first().copied().unwrap_or(Millis::ZERO),
                None => Millis::ZERO,
            },
        }
    }

    /// Fills `view` with the times as they look at `now`. O(n).
    pub fn view(&self, policy: &Policy, now: EngineTime, view: &mut View) {
        view.times.clear();
        view.spreads.clear();
        view.loads.clear();
        view.boarding.clear();
        view.locked = usize::from(self.first_is_under_way(now + policy.react));
        let (mut arrive, mut pull_in) = self.first_arrival(policy, now);
        let mut load = self.on_board;
        let mut spread = Spread::default().over(self.first_leg(arrive, now));
        for (k, visit) in self.visits.iter().enumerate() {
            if let Some(previous) = k.checked_sub(1).and_then(|p| self.visits.get(p)) {
                let leg = self.legs.get(k).copied().unwrap_or(Millis::INFINITE);
                let end = view.times.last().map_or(now, |times| times.end);
                arrive = end + leg;
                spread = spread.over(leg);
                pull_in = pull_in_at(previous, visit, policy);
            }
            let mut times = visit.times(arrive, pull_in);
            if k == 0 {
                times = overdue(visit, times, now);
            }
            spread = spread.after_wait(times.begin.since(arrive + pull_in), policy);
            view.spreads.push(spread);
            view.loads.push(load);
            load = load.after(visit);
            view.boarding.push(boarding_of(self.visits, k));
            view.times.push(times);
        }
        view.loads.push(load);
    }

    /// Whether the vehicle is busy with its first visit. A vehicle that only waits for a rider who is not ready is not.
    #[must_use]
    pub fn first_is_under_way(&self, informed: EngineTime) -> bool {
        match (self.motion, self.visits.first()) {
            (Motion::Standing { at, ready_from, .. }, Some(first)) if first.location == *at => {
                first.action == Action::Alight || first.earliest <= (*ready_from).max(informed)
            }
            _ => false,
        }
    }

    /// The way and time of a vehicle that stands but will have set off before a decision at `now` reaches it.
    #[must_use]
    pub fn leaving(&self, policy: &Policy, now: EngineTime) -> Option<(&Path, EngineTime)> {
        let Motion::Standing { ready_from, .. } = self.motion else { return None };
        let departs = self.departure(policy).unwrap_or((*ready_from).max(self.hold)).max(now);
        self.next_path.filter(|_| departs < now + policy.react).map(|path| (path, departs))
    }

    /// Where the vehicle can be sent elsewhere, by a decision at `now`.
    #[must_use]
    pub fn divert(&self, policy: &Policy, now: EngineTime) -> Start {
        let informed = now + policy.react;
        match self.leaving(policy, now) {
            Some((path, departs)) => Motion::divert_from(path, departs, informed),
            None => {
                let start = self.motion.divert(informed);
                match self.motion {
                    // Overdue: nobody knows where it is, but it is not there yet.
                    Motion::Driving { path, departed }
                        if Motion::arrival(path, *departed) < now =>
                    {
                        let arrival = expected(Motion::arrival(path, *departed), now);
                        Start { time: start.time.max(arrival), ..start }
                    }
                    _ => start,
                }
            }
        }
    }

    /// When the vehicle should report its next fact; `None` if it has nothing to do.
    #[must_use]
    pub fn due(&self, policy: &Policy) -> Option<EngineTime> {
        match (self.motion, self.visits.first()) {
            (Motion::Driving { path, departed }, _) => Some(Motion::arrival(path, *departed)),
            (Motion::Standing { ready_from, .. }, Some(first)) => {
                let ready = (*ready_from).max(self.hold);
                Some(self.departure(policy).unwrap_or(match first.action {
                    Action::Board => ready.max(first.earliest),
                    Action::Alight => ready + first.dwell,
                }))
            }
            (Motion::Standing { .. }, None) => None,
        }
    }

    /// Whether the vehicle should have reported something a while ago. Nobody knows where it is: it gets no new riders.
    #[must_use]
    pub fn is_silent(&self, policy: &Policy, now: EngineTime) -> bool {
        self.due(policy).is_some_and(|due| due + SILENT_FOR < now)
    }

    /// The least time that is left to any visit before it would be late.
    #[must_use]
    pub fn slack(&self, policy: &Policy, now: EngineTime) -> Millis {
        let mut view = View::default();
        self.view(policy, now, &mut view);
        let left = self.visits.iter().zip(&view.times).map(|(visit, times)| match visit.action {
            Action::Board => visit.latest.since(times.begin),
            Action::Alight => visit.latest.since(times.end),
        });
        left.min().unwrap_or(Millis::INFINITE)
    }

    /// Whether every visit keeps its window, and every rider who is not on board yet the time on board.
    #[must_use]
    pub fn is_kept(&self, policy: &Policy, now: EngineTime) -> bool {
        let mut view = View::default();
        self.view(policy, now, &mut view);
        self.visits.iter().enumerate().all(|(k, visit)| {
            let Some(&times) = view.times.get(k) else { return false };
            let boarding = view.boarding.get(k).copied().flatten();
            let boarded = boarding.and_then(|position| view.times.get(position));
            let ride = boarded.map_or(Millis::ZERO, |boarded| times.end.since(boarded.begin));
            visit.late(times) == Millis::ZERO && ride <= visit.ride_max
        })
    }

    /// Whether the schedule is kept, everybody boards before they alight and has a place, and the last one is off by the end of
    /// the shift.
    #[must_use]
    pub fn is_feasible(&self, policy: &Policy, now: EngineTime) -> bool {
        let mut view = View::default();
        self.view(policy, now, &mut view);
        let boards = |(visit, boarding): (&Visit, &Option<usize>)| {
            visit.action == Action::Board || visit.boarded_at.is_some() || boarding.is_some()
        };
        self.visits.len() <= VISITS_MAX
            && self.visits.iter().zip(&view.boarding).all(boards)
            && view.loads.iter().all(|load| load.fits(self.capacity))
            && view.times.last().is_none_or(|last| last.end <= self.shift_end)
            && self.is_kept(policy, now)
    }
}

/// Who is overdue arrives now at the earliest; what is overdue beyond [`SILENT_FOR`] is expected to come on top.
fn expected(arrival: EngineTime, now: EngineTime) -> EngineTime {
    arrival.max(now) + now.since(arrival).saturating_sub(SILENT_FOR)
}

/// A fact that has not been reported yet did not happen before `now`.
fn overdue(visit: &Visit, times: VisitTimes, now: EngineTime) -> VisitTimes {
    match visit.action {
        Action::Board if times.begin < now => {
            VisitTimes { begin: now, end: now + visit.dwell, ..times }
        }
        Action::Alight if times.end < now => VisitTimes { end: now, ..times },
        _ => times,
    }
}

/// Time of the stop at `visit` for a vehicle that comes from `previous`.
#[must_use]
pub fn pull_in_at(previous: &Visit, visit: &Visit, policy: &Policy) -> Millis {
    if previous.location == visit.location { Millis::ZERO } else { policy.stop }
}

/// Position of the boarding that belongs to the alighting at position `k`.
fn boarding_of(visits: &[Visit], k: usize) -> Option<usize> {
    let visit = visits.get(k)?;
    if visit.action == Action::Board || visit.boarded_at.is_some() {
        return None;
    }
    visits
        .iter()
        .take(k)
        .position(|other| other.request == visit.request && other.action == Action::Board)
}
