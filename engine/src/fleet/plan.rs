//! What a vehicle is told to do, as the outside sees it.
//!
//! The vehicle acts on its plan and reports each act with the time at which it happened. A plan is valid until one
//! with a higher version comes.

use std::sync::Arc;

use crate::ids::RequestId;
use crate::oracle::{Location, Path};
use crate::units::EngineTime;

/// Whether a rider boards or alights.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, serde::Serialize, serde::Deserialize,
)]
pub enum Action {
    /// The rider boards.
    Board,
    /// The rider alights.
    Alight,
}

/// One planned visit with its times as they look now.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PlannedVisit {
    /// Whose.
    pub request: RequestId,
    /// What.
    pub action: Action,
    /// Where.
    pub location: Location,
    /// When the vehicle gets there.
    pub arrive: EngineTime,
    /// When it stands ready and the rider may board (or begins to alight): the moment that counts for the wait.
    pub begin: EngineTime,
    /// When boarding or alighting is done: the moment that counts for the drop-off.
    pub end: EngineTime,
}

/// The next act of a vehicle.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum NextAct {
    /// Nothing to do.
    Idle,
    /// Set off along `path` at `at` and report [`crate::dispatcher::command::Command::Depart`].
    Depart {
        /// When.
        at: EngineTime,
        /// Which way.
        path: Arc<Path>,
    },
    /// Drive on, arrive at `at`, and report `Arrive`. `path` is the whole leg, begun at `departed`. It may differ from
    /// the path on which the vehicle set off from some node ahead on.
    Arrive {
        /// When.
        at: EngineTime,
        /// When `path` was begun.
        departed: EngineTime,
        /// Which way.
        path: Arc<Path>,
    },
    /// Stand and let the rider board; report `Board` at `at`, which is when boarding begins.
    Board {
        /// Who.
        request: RequestId,
        /// When.
        at: EngineTime,
    },
    /// Let the rider alight; report `Alight` at `at`, which is when alighting is done.
    Alight {
        /// Who.
        request: RequestId,
        /// When.
        at: EngineTime,
    },
}
