//! What a search asks of the outlooks of vehicles: a ride, and what bounds its times.

use crate::fleet::visit::Visit;
use crate::oracle::Location;
use crate::planning::view::Load;
use crate::sight::Sight;
use crate::units::{EngineTime, Millis};

/// What a search asks of an outlook.
#[derive(Clone, Copy, Debug)]
pub struct Wish<'a> {
    /// The pickup.
    pub board: &'a Visit,
    /// The drop-off.
    pub alight: &'a Visit,
    /// Sights of the two.
    pub sights: (Sight, Sight),
    /// What stopping there can save of a drive ([`Oracle::saves`](crate::oracle::Oracle::saves)), in milliseconds.
    pub saves_ms: (i64, i64),
    /// Drive between the two.
    pub between_ms: i64,
    /// Detour of the rider who is driven straight: the dwells.
    pub detour_ms: i64,
    /// The party.
    pub party: Load,
    /// Time of a stop.
    pub stop: Millis,
    /// The time of the decision.
    pub now: EngineTime,
    /// When a vehicle hears of it.
    pub informed: EngineTime,
}

impl Wish<'_> {
    /// Time from the begin of the boarding to the end of the alighting, straight.
    #[must_use]
    pub fn straight_ms(&self) -> i64 {
        let dwells = self.board.dwell + self.alight.dwell;
        self.between_ms
            + i64::from(dwells.get())
            + self.stop_ms(self.board.location, self.alight.location)
    }

    pub(super) fn stop_ms(&self, from: Location, to: Location) -> i64 {
        if from == to { 0 } else { i64::from(self.stop.get()) }
    }
}
