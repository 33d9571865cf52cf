//! Questions about decisions: why this vehicle, why nobody, why an idle vehicle moves.
//!
//! Answers about rides that wait for their vehicle are worked out when asked, as things stand then; what stood against a
//! refused rider is kept from the moment of the refusal, for the newest [`EXPLAINED_REFUSALS_MAX`], in a flood for some of them.

use crate::dispatcher::event::RejectReason;
use crate::dispatcher::state::{Refusal, State};
use crate::dispatcher::turn::Turn;
use crate::dispatcher::upkeep;
use crate::fleet::plan::Action;
use crate::fleet::reroute::Context;
use crate::fleet::visit::Visit;
use crate::ids::{RequestId, VehicleId};
use crate::limits::{EXPLAINED_A_SECOND_MAX, EXPLAINED_REFUSALS_MAX};
use crate::planning::explain::{self, Explanation};
use crate::planning::forecast::{Cover, Worth};
use crate::planning::insertion::{Fleet, Goal, Search};
use crate::planning::outlook::Outlooks;
use crate::units::Millis;

const SECOND: Millis = Millis::from_secs(1);

/// Why a ride has the vehicle that it has, or none.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum RideReason {
    /// Refused.
    Refused {
        /// In a word.
        reason: RejectReason,
        /// What stood against the nearest vehicles; absent if no vehicle was looked at, or in a flood of refusals.
        explanation: Option<Explanation>,
    },
    /// A vehicle is to come. What it and the others would cost if the ride were given out anew.
    Waits {
        /// Who is to come.
        vehicle: VehicleId,
        /// As things stand now.
        explanation: Explanation,
    },
    /// A vehicle carries, or has carried, the rider. Nothing can be chosen any more.
    Carried {
        /// Which.
        vehicle: VehicleId,
    },
}

/// Why a ride has its vehicle; `None` for a ride that is unknown, ended without a vehicle, or was refused long ago.
pub(super) fn ride(state: &State, ctx: Context<'_>, request: RequestId) -> Option<RideReason> {
    if let Some(Refusal { reason, explanation }) = state.refusals.get(&request) {
        let (reason, explanation) = (*reason, explanation.clone());
        return Some(RideReason::Refused { reason, explanation });
    }
    let vehicle = state.rides.get(&request)?.vehicle?;
    let own = state.vehicles.get(vehicle.idx())?.visits.iter();
    let own: Vec<&Visit> = own.filter(|visit| visit.request == request).collect();
    let [board, alight] = own[..] else { return Some(RideReason::Carried { vehicle }) };
    debug_assert!(board.action == Action::Board && alight.action == Action::Alight);
    let mut vehicles = state.vehicles.clone();
    vehicles.get_mut(vehicle.idx())?.remove(request, ctx);
    let search = Search::new(ctx, Goal::Promise, (*board, *alight));
    let search = Search { scarcity: state.scarcity, ..search };
    let outlooks = Outlooks::default();
    let fleet = Fleet { vehicles: &vehicles, active: &state.active, outlooks: &outlooks };
    Some(RideReason::Waits { vehicle, explanation: explain::explain(&search, fleet) })
}

/// What the move of an idle vehicle is for; `None` if it makes none.
pub(super) fn errand(state: &State, ctx: Context<'_>, id: VehicleId) -> Option<Worth> {
    let vehicle = state.vehicles.get(id.idx())?;
    let to = vehicle.errand?;
    let from = vehicle.schedule().divert(ctx.policy, ctx.now).location;
    let mut others = Cover::default();
    let free = state.active.iter().filter(|&&other| other != id);
    for other in free.filter_map(|other| state.vehicles.get(other.idx())) {
        if upkeep::done_soon(other, ctx.policy, ctx.now) {
            others.add(state.forecast.reach(other.end_of_plan(), ctx.oracle));
        }
    }
    Some(state.forecast.worth(from, to, &others, upkeep::n_at_work(state, ctx.now), ctx.oracle))
}

impl Turn<'_> {
    /// Keeps what stood against a rider who is refused now; the oldest of too many is forgotten.
    pub(super) fn keep_refusal(
        &mut self,
        request: RequestId,
        reason: RejectReason,
        visits: Option<(Visit, Visit)>,
    ) {
        let explanation = visits.filter(|_| self.may_explain()).map(|visits| {
            let search = Search::new(self.ctx, Goal::Promise, visits);
            explain::refusal(&search, self.state.fleet())
        });
        self.state.refusals.insert(request, Refusal { reason, explanation });
        if self.state.refusals.len() > EXPLAINED_REFUSALS_MAX {
            self.state.refusals.pop_first();
        }
    }

    /// Whether few riders enough were refused within a second, by the time of commands, for one more to be told why.
    fn may_explain(&self) -> bool {
        let explained = self.state.refusals.values().filter_map(|kept| kept.explanation.as_ref());
        let lately = explained.filter(|kept| self.now().since(kept.at) < SECOND);
        lately.count() < EXPLAINED_A_SECOND_MAX
    }
}
