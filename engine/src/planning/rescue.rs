//! A second search for a rider whom nobody can take: one rider of a vehicle makes room and goes to another.
//!
//! For each vehicle that could be at the pickup in time, each of its riders who is not on board and not about to be
//! is taken out on a copy; if the new rider then fits, the other one is placed again, anywhere inside their promise.
//! The cheapest pair wins. Bounded by [`RESCUE_TRIALS_MAX`], in the order of vehicles and positions.

use crate::fleet::plan::Action;
use crate::fleet::reroute::Context;
use crate::fleet::vehicle::Vehicle;
use crate::fleet::visit::Visit;
use crate::ids::{RequestId, VehicleId};
use crate::limits::RESCUE_TRIALS_MAX;
use crate::planning::insertion::{self, Fleet, Goal, Insertion, Search};
use crate::planning::trial::{self, Scratch};
use crate::planning::view::View;
use crate::units::Millis;

/// A rider is not moved to another vehicle within this time before boarding.
const NOTICE: Millis = Millis::from_secs(120);

/// A pair of moves that makes room.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Swap {
    /// Where the new rider goes, once `moved` is out.
    pub place: Insertion,
    /// Who makes room.
    pub moved: RequestId,
    /// The two visits of the one who makes room.
    pub visits: (Visit, Visit),
    /// Where they go; positions hold after the new rider is in, if it is the same vehicle.
    pub moved_to: Insertion,
}

/// The cheapest swap that makes room for `search`, if there is one.
#[must_use]
pub fn search(search: &Search<'_>, fleet: Fleet<'_>) -> Option<Swap> {
    let mut scratch = Scratch::default();
    let mut trials = 0;
    let mut best: Option<Swap> = None;
    for &id in fleet.active {
        let Some(vehicle) = fleet.vehicles.get(id.idx()) else { continue };
        let start = vehicle.motion.divert(search.now);
        let reach = search.oracle.time(start.location, search.board.location);
        if start.time + reach > search.board.latest {
            continue;
        }
        for visits in movable(vehicle, search) {
            trials += 1;
            if trials > RESCUE_TRIALS_MAX {
                return best;
            }
            if let Some(swap) = swap(search, fleet, (id, vehicle), visits, &mut scratch)
                && best.is_none_or(|best| cost(&swap) < cost(&best))
            {
                best = Some(swap);
            }
        }
    }
    best
}

fn cost(swap: &Swap) -> i64 {
    swap.place.cost + swap.moved_to.cost
}

/// Riders of a vehicle who may go to another one.
fn movable(vehicle: &Vehicle, search: &Search<'_>) -> Vec<(Visit, Visit)> {
    let mut view = View::default();
    vehicle.schedule().view(search.policy, search.now, &mut view);
    let notice = search.now + NOTICE;
    let boards = vehicle.visits.iter().zip(&view.times).skip(view.locked);
    boards
        .filter(|(visit, times)| visit.action == Action::Board && times.begin > notice)
        .filter_map(|(board, _)| {
            let alight = vehicle
                .visits
                .iter()
                .find(|visit| visit.request == board.request && visit.action == Action::Alight)?;
            Some((*board, *alight))
        })
        .collect()
}

fn swap(
    search: &Search<'_>,
    fleet: Fleet<'_>,
    (id, vehicle): (VehicleId, &Vehicle),
    (board, alight): (Visit, Visit),
    scratch: &mut Scratch,
) -> Option<Swap> {
    let ctx = Context { oracle: search.oracle, policy: search.policy, now: search.now };
    let mut trimmed = vehicle.clone();
    trimmed.remove(board.request, ctx);
    if !trimmed.schedule().is_kept(search.policy, search.now) {
        return None;
    }
    let place = trial::best_in(search, id, &trimmed.schedule(), scratch)?;
    trimmed.insert((search.board, search.alight), &place, ctx);
    let again = Search::new(ctx, Goal::Promise, (board, alight));
    let here = trial::best_in(&again, id, &trimmed.schedule(), scratch);
    let elsewhere = insertion::best(&again, fleet, Some(id));
    let moved_to = match (here, elsewhere) {
        (Some(here), Some(elsewhere)) if elsewhere.cost < here.cost => elsewhere,
        (Some(here), _) => here,
        (None, elsewhere) => elsewhere?,
    };
    Some(Swap { place, moved: board.request, visits: (board, alight), moved_to })
}
