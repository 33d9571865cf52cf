//! The rules of the promise and the dwell times, in one place.

use serde::{Deserialize, Serialize};

use crate::demand::request::Party;
use crate::units::Millis;

/// What the operator may tune. Defaults are those of the design (15 minutes, 1.5 x direct + 10 minutes).
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Policy {
    /// Longest wait.
    pub max_wait: Millis,
    /// Time on board at most this many thousandths of the direct drive …
    pub ride_alpha_milli: u32,
    /// … plus this.
    pub ride_beta: Millis,
    /// Each stop of a vehicle that has driven there (pull in, open the door).
    pub stop: Millis,
    /// Each rider that boards.
    pub board: Millis,
    /// Each rider that alights.
    pub alight: Millis,
    /// Each wheelchair user that boards or alights, instead of `board` and `alight`.
    pub wheelchair: Millis,
    /// How long riders who do not say so themselves may be asked to walk at either end of a ride, see
    /// [`crate::demand::walk`].
    pub walk_max: Millis,
    /// How long an offer is held.
    pub offer_ttl: Millis,
    /// How long after a decision a vehicle can act on it at the earliest (radio, driver).
    pub react: Millis,
    /// How long a vehicle that stands ready waits for a rider before it may report a no-show.
    pub no_show_wait: Millis,
    /// Whether plans of several vehicles are changed together: for riders whom nobody can take, and to make them better.
    pub reoptimise: bool,
    /// Insertion tests of the search for a rider whom nobody can take.
    pub rescue_tests: u32,
    /// Insertion tests of one search for better plans.
    pub improvement_tests: u32,
    /// Whether idle vehicles move towards expected demand.
    pub reposition: bool,
    /// Whether coverage is computed (for reports).
    pub coverage: bool,
    /// By how much a leg takes longer or shorter than it should: the standard deviation, in thousandths of its time. With 0
    /// times count as exact.
    pub time_sigma_milli: u32,
    /// How many deviations, in thousandths, a promise keeps in hand, see [`crate::planning::caution`].
    pub reserve_z_milli: u32,
}

impl Default for Policy {
    fn default() -> Self {
        Self {
            max_wait: Millis::from_secs(900),
            ride_alpha_milli: 1500,
            ride_beta: Millis::from_secs(600),
            stop: Millis::ZERO,
            board: Millis::from_secs(30),
            alight: Millis::from_secs(30),
            wheelchair: Millis::from_secs(180),
            walk_max: Millis::ZERO,
            offer_ttl: Millis::from_secs(60),
            react: Millis::ZERO,
            no_show_wait: Millis::from_secs(120),
            reoptimise: true,
            rescue_tests: 200_000,
            improvement_tests: 4_000,
            reposition: true,
            coverage: true,
            time_sigma_milli: 0,
            reserve_z_milli: 2000,
        }
    }
}

impl Policy {
    /// Longest time on board for a direct drive of `direct`; rounded down, against us.
    #[must_use]
    pub fn ride_max(&self, direct: Millis) -> Millis {
        let stretched = u64::from(direct.get()) * u64::from(self.ride_alpha_milli) / 1000;
        Millis::new(u32::try_from(stretched).unwrap_or(u32::MAX)) + self.ride_beta
    }

    /// Time for a party to board.
    #[must_use]
    pub fn boarding(&self, party: Party) -> Millis {
        Self::dwell(party, self.board, self.wheelchair)
    }

    /// Time for a party to alight.
    #[must_use]
    pub fn alighting(&self, party: Party) -> Millis {
        Self::dwell(party, self.alight, self.wheelchair)
    }

    fn dwell(party: Party, each: Millis, wheelchair: Millis) -> Millis {
        let times = |n: u8, each: Millis| Millis::new(u32::from(n).saturating_mul(each.get()));
        times(party.seats(), each) + times(party.wheelchairs(), wheelchair)
    }
}
