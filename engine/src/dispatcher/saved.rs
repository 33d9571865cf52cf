//! The whole state as bytes, and back: what a snapshot holds instead of the commands that led to it.
//!
//! Postcard of the state and of what traffic is changed. Caches are left out and made again, since no decision depends on
//! them; the state hash says whether what was read is what was saved. Checksums and versions are for whoever keeps the bytes.

use std::sync::Arc;

use super::Dispatcher;
use super::state::State;
use crate::fleet::reroute::Context;
use crate::oracle::Oracle;
use crate::planning::policy::Policy;
use crate::region::{ChangedPiece, TrafficError};

/// Why a saved state can't be taken up again. The text fits after "failed to".
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SavedError {
    /// The bytes are no state, or a value of it can't be written; of another version, most likely.
    #[error("decode a saved state")]
    Coding(#[from] postcard::Error),
    /// Bytes are left over.
    #[error("decode a saved state: {0} bytes are left over")]
    LeftOver(usize),
    /// The traffic is not one of this region.
    #[error("take up a saved state")]
    Traffic(#[from] TrafficError),
    /// It is not the state that was saved.
    #[error("take up a saved state: its hash is {found:016x}, not {expected:016x}")]
    OtherState {
        /// As saved.
        expected: u64,
        /// Of what was read.
        found: u64,
    },
}

impl Dispatcher {
    /// Everything that [`Dispatcher::restore`] needs to go on from here, but oracle and policy.
    ///
    /// # Errors
    /// [`SavedError::Coding`], which does not happen for these types.
    pub fn save(&self) -> Result<Vec<u8>, SavedError> {
        Ok(postcard::to_stdvec(&(&self.state, self.oracle.changed_pieces()))?)
    }

    /// The dispatcher that was saved. `oracle` is the map as imported, `policy` the one that the dispatcher had, and `hash`
    /// its [`Dispatcher::state_hash`].
    ///
    /// # Errors
    /// [`SavedError`]; nothing has happened then.
    pub fn restore(
        oracle: Arc<dyn Oracle>,
        policy: Policy,
        bytes: &[u8],
        hash: u64,
    ) -> Result<Self, SavedError> {
        let ((state, pieces), rest): ((State, Vec<ChangedPiece>), &[u8]) =
            postcard::take_from_bytes(bytes)?;
        if !rest.is_empty() {
            return Err(SavedError::LeftOver(rest.len()));
        }
        let version = state.traffic_version;
        let oracle = if version == 0 { oracle } else { oracle.with_pieces(version, &pieces)? };
        let mut dispatcher = Self { oracle, policy, state };
        dispatcher.state.weigh_needs();
        let found = dispatcher.state_hash();
        if found != hash {
            return Err(SavedError::OtherState { expected: hash, found });
        }
        let State { now, active, vehicles, outlooks, .. } = &mut dispatcher.state;
        let (oracle, policy) = (dispatcher.oracle.as_ref(), &dispatcher.policy);
        active.iter().for_each(|&id| outlooks.join(id));
        outlooks.refresh(vehicles, Context { oracle, policy, now: *now });
        Ok(dispatcher)
    }
}
