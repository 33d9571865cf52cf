//! Answers already given, so that a command sent again has no second effect (I7).
//!
//! Bounded by count: at least the newest `DEDUPE_IDS_MAX` commands are remembered, across restarts.

use std::collections::{HashMap, VecDeque};
use std::sync::Arc;

use crate::intent::Caller;
use crate::limits::DEDUPE_IDS_MAX;
use crate::planted::{self, Bug};

type Key = Arc<(Caller, String)>;

/// What was answered to which command.
pub struct Dedupe {
    answers: HashMap<Key, Answer>,
    order: VecDeque<Key>,
    limit: usize,
}

#[derive(Clone, Debug, PartialEq, Eq)]
struct Answer {
    body_digest: u64,
    reply: Arc<str>,
}

/// What is known of a command id.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Known {
    /// Never seen, or long ago.
    No,
    /// The same command again; its answer.
    Repeat(Arc<str>),
    /// Another command under the same id.
    Reused,
}

impl Default for Dedupe {
    fn default() -> Self {
        Self::with_limit(DEDUPE_IDS_MAX)
    }
}

impl Dedupe {
    /// Remembers the newest `limit` commands.
    #[must_use]
    pub fn with_limit(limit: usize) -> Self {
        Self { answers: HashMap::new(), order: VecDeque::new(), limit }
    }

    /// What is known of the command `id` of `caller`.
    #[must_use]
    pub fn look_up(&self, caller: &Caller, id: &str, body_digest: u64) -> Known {
        match self.answers.get(&(caller.clone(), id.to_owned())) {
            None => Known::No,
            Some(_) if planted::is(Bug::ForgetDuplicates) => Known::No,
            Some(answer) if answer.body_digest == body_digest => {
                Known::Repeat(answer.reply.clone())
            }
            Some(_) => Known::Reused,
        }
    }

    /// Forgets all answers to a caller.
    pub fn forget(&mut self, caller: &Caller) {
        self.answers.retain(|key, _| key.0 != *caller);
        self.order.retain(|key| key.0 != *caller);
    }

    /// Remembers an answer, forgetting the oldest beyond the limit.
    pub fn remember(&mut self, caller: &Caller, id: &str, body_digest: u64, reply: &str) {
        let key = Arc::new((caller.clone(), id.to_owned()));
        self.answers.insert(key.clone(), Answer { body_digest, reply: reply.into() });
        self.order.push_back(key);
        if self.order.len() > self.limit
            && let Some(oldest) = self.order.pop_front()
        {
            self.answers.remove(&oldest);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::wire::message::Role;

    #[test]
    fn ids_belong_to_their_caller_and_the_oldest_is_forgotten() {
        let anna = Caller { role: Role::Rider, name: "anna".into() };
        let bert = Caller { role: Role::Rider, name: "bert".into() };
        let mut dedupe = Dedupe::with_limit(2);
        dedupe.remember(&anna, "1", 7, "ok");
        assert_eq!(dedupe.look_up(&anna, "1", 7), Known::Repeat("ok".into()));
        assert_eq!(dedupe.look_up(&anna, "1", 8), Known::Reused);
        assert_eq!(dedupe.look_up(&bert, "1", 7), Known::No);
        dedupe.remember(&bert, "1", 7, "ok");
        dedupe.remember(&bert, "2", 7, "ok");
        assert_eq!(dedupe.look_up(&anna, "1", 7), Known::No);
        assert_eq!(dedupe.look_up(&bert, "1", 7), Known::Repeat("ok".into()));
    }
}
