//! What an accepted rider was told.

use serde::{Deserialize, Serialize};

use crate::units::{EngineTime, Millis};

/// Never picked up or off later, never on board longer than this; built once, on the offer, and never extended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Promise {
    ready_at: EngineTime,
    pickup_by: EngineTime,
    dropoff_by: EngineTime,
    ride_max: Millis,
    direct: Millis,
}

impl Promise {
    /// A promise: be ready at `ready_at`, ready to board by `pickup_by`, off the vehicle by `dropoff_by`, on board
    /// no longer than `ride_max`; the drive without detours takes `direct`.
    #[must_use]
    pub fn new(
        ready_at: EngineTime,
        pickup_by: EngineTime,
        dropoff_by: EngineTime,
        ride_max: Millis,
        direct: Millis,
    ) -> Self {
        debug_assert!(ready_at <= pickup_by && pickup_by <= dropoff_by);
        Self { ready_at, pickup_by, dropoff_by, ride_max, direct }
    }

    /// From when the wait runs and before when nobody boards.
    #[must_use]
    pub const fn ready_at(self) -> EngineTime {
        self.ready_at
    }

    /// The vehicle stands ready to board no later than this.
    #[must_use]
    pub const fn pickup_by(self) -> EngineTime {
        self.pickup_by
    }

    /// The rider is off the vehicle no later than this.
    #[must_use]
    pub const fn dropoff_by(self) -> EngineTime {
        self.dropoff_by
    }

    /// Longest time on board.
    #[must_use]
    pub const fn ride_max(self) -> Millis {
        self.ride_max
    }

    /// Driving time from pickup to drop-off without detours.
    #[must_use]
    pub const fn direct(self) -> Millis {
        self.direct
    }
}
