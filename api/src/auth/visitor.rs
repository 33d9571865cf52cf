//! Somebody at the door, and who that is by now.

use std::sync::Arc;
use std::time::Duration;

use tokio::time::Instant;

use super::token::{Identity, unix_now};
use crate::intent::Caller;
use crate::wire::error::{Code, WireError};
use crate::wire::message::Role;

/// Who has come in.
#[derive(Clone, Debug)]
pub enum Visitor {
    /// The door is open: everybody is who they say they are.
    Anyone,
    /// Has shown nothing.
    Public,
    /// Has proved it.
    Known(Arc<Identity>, Instant),
}

impl Visitor {
    /// Somebody who has proved it, until that expires.
    #[must_use]
    pub fn known(identity: Arc<Identity>) -> Self {
        let left = Duration::from_secs(identity.expires.saturating_sub(unix_now()));
        Self::Known(identity, Instant::now() + left)
    }

    /// When what was shown expires.
    #[must_use]
    pub const fn expires(&self) -> Option<Instant> {
        match self {
            Self::Known(_, expires) => Some(*expires),
            Self::Anyone | Self::Public => None,
        }
    }

    /// The proved identity.
    #[must_use]
    pub fn identity(&self) -> Option<&Arc<Identity>> {
        match self {
            Self::Known(identity, _) => Some(identity),
            Self::Anyone | Self::Public => None,
        }
    }

    /// Under which role and name commands are carried out. `role` and `name` are what was said, which may be nothing for
    /// one who has proved it, and may not be anything else.
    ///
    /// # Errors
    /// `bad_message`, `not_allowed` or `unauthenticated`.
    pub fn caller(&self, role: Option<Role>, name: Option<String>) -> Result<Caller, WireError> {
        match self {
            Self::Anyone => match (role, name) {
                (Some(role), Some(name)) => Ok(Caller { role, name }),
                _ => Err(WireError::new(Code::BadMessage, "role and name are missing")),
            },
            Self::Public => Err(WireError::new(Code::Unauthenticated, "a token is needed")),
            Self::Known(identity, _) => {
                let as_said = role.is_none_or(|role| role == identity.role)
                    && name.is_none_or(|name| name == identity.name);
                if as_said {
                    Ok(Caller { role: identity.role, name: identity.name.clone() })
                } else {
                    let message = "the token is for another role or name";
                    Err(WireError::new(Code::NotAllowed, message))
                }
            }
        }
    }
}
