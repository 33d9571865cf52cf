//! Tickets: a page can't send a header with its socket, so it buys one of these with its token and shows it once.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use super::keys::{hex, random};
use super::token::Identity;
use crate::limits::{TICKET_TTL, TICKETS_MAX};

/// Those that have not been shown.
pub struct Tickets {
    open: Mutex<HashMap<String, (Arc<Identity>, Instant)>>,
    ttl: Duration,
}

impl Default for Tickets {
    fn default() -> Self {
        Self::with_ttl(TICKET_TTL)
    }
}

impl Tickets {
    /// Tickets that are good for that long.
    #[must_use]
    pub fn with_ttl(ttl: Duration) -> Self {
        Self { open: Mutex::default(), ttl }
    }

    fn open(&self) -> MutexGuard<'_, HashMap<String, (Arc<Identity>, Instant)>> {
        // A map is whole after each of its own operations.
        self.open.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// A new ticket; `None` if too many are about.
    pub fn issue(&self, identity: Arc<Identity>) -> Option<String> {
        let ticket = hex(&random::<16>().ok()?);
        let mut open = self.open();
        if TICKETS_MAX <= open.len() {
            open.retain(|_, (_, issued)| issued.elapsed() < self.ttl);
        }
        if TICKETS_MAX <= open.len() {
            return None;
        }
        open.insert(ticket.clone(), (identity, Instant::now()));
        Some(ticket)
    }

    /// Whose ticket it is, the first time and in time.
    pub fn redeem(&self, ticket: &str) -> Option<Arc<Identity>> {
        let (identity, issued) = self.open().remove(ticket)?;
        (issued.elapsed() < self.ttl).then_some(identity)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::wire::message::Role;

    fn anna() -> Arc<Identity> {
        let (account, name) = ("anna".to_owned(), "anna".to_owned());
        Arc::new(Identity { account, role: Role::Rider, name, expires: 0, auth_at: None })
    }

    #[test]
    fn a_ticket_is_good_once_and_not_for_long() {
        let tickets = Tickets::default();
        let ticket = tickets.issue(anna()).unwrap();
        assert_eq!(tickets.redeem("another"), None);
        assert_eq!(tickets.redeem(&ticket), Some(anna()));
        assert_eq!(tickets.redeem(&ticket), None);
        let late = Tickets::with_ttl(Duration::ZERO);
        let ticket = late.issue(anna()).unwrap();
        assert_eq!(late.redeem(&ticket), None);
    }

    #[test]
    fn there_are_only_so_many() {
        let tickets = Tickets::default();
        for _ in 0..TICKETS_MAX {
            assert!(tickets.issue(anna()).is_some());
        }
        assert!(tickets.issue(anna()).is_none());
        let expiring = Tickets::with_ttl(Duration::ZERO);
        for _ in 0..=TICKETS_MAX {
            assert!(expiring.issue(anna()).is_some());
        }
    }
}
