//! What reaches the core, and the one bounded queue that it comes through.

use std::sync::Arc;

use tokio::sync::mpsc::error::TrySendError;
use tokio::sync::{mpsc, oneshot};

use crate::desk::Question;
use crate::intent::{Caller, Order};
use crate::limits::{QUESTIONS_QUEUE_MAX, QUEUE_MAX, REQUESTS_QUEUE_MAX};
use crate::outbox::Outbox;
use crate::publish::ClientId;
use crate::wire::error::{Code, WireError};

/// Where an answer goes.
#[derive(Debug)]
pub enum AnswerTo {
    /// To a connected client.
    Client(ClientId),
    /// To somebody who waits for it.
    Once(oneshot::Sender<String>),
}

/// Everything that reaches the core.
pub enum Input {
    /// A command.
    Order {
        /// From whom.
        caller: Arc<Caller>,
        /// What.
        order: Order,
        /// Where the answer goes.
        answer: AnswerTo,
    },
    /// A client has said hello.
    Join {
        /// Its number.
        client: ClientId,
        /// Who it is.
        caller: Arc<Caller>,
        /// The last event it has seen.
        resume: Option<u64>,
        /// How to reach it.
        outbox: Outbox,
    },
    /// A client is gone.
    Leave(ClientId),
    /// Somebody wants to know something; `None` is answered if there is no such thing.
    Ask(Question, oneshot::Sender<Option<String>>),
    /// A rider is to be erased, by name; the answer is JSON.
    Erase(String, oneshot::Sender<Result<String, WireError>>),
    /// The service goes down, for the reason given.
    Stop(&'static str),
}

/// The way to the core.
#[derive(Clone)]
pub struct CoreHandle(mpsc::Sender<Input>);

impl CoreHandle {
    /// Hands an input in without waiting.
    ///
    /// # Errors
    /// `overloaded` if the queue is full, or so full that the room left is for what is under way; `closing` if the core has ended.
    pub fn submit(&self, input: Input) -> Result<(), WireError> {
        let is_new = matches!(&input, Input::Order { order, .. } if order.is_request());
        if is_new && REQUESTS_QUEUE_MAX <= self.waiting() {
            return Err(overloaded());
        }
        self.0.try_send(input).map_err(|error| match error {
            TrySendError::Full(_) => overloaded(),
            TrySendError::Closed(_) => closing(),
        })
    }

    /// Hands an input in, waiting for room.
    pub async fn send(&self, input: Input) {
        // A core that has ended needs no input.
        drop(self.0.send(input).await);
    }

    /// How many inputs wait.
    #[must_use]
    pub fn waiting(&self) -> usize {
        self.0.max_capacity() - self.0.capacity()
    }

    /// Asks; `None` if there is no such thing.
    ///
    /// # Errors
    /// `overloaded` if so much is waiting that the room left is for commands, `closing` if the core has ended.
    pub async fn ask(&self, question: Question) -> Result<Option<String>, WireError> {
        if QUESTIONS_QUEUE_MAX <= self.waiting() {
            return Err(overloaded());
        }
        let (sender, receiver) = oneshot::channel();
        self.submit(Input::Ask(question, sender))?;
        receiver.await.map_err(|_error| closing())
    }
}

impl CoreHandle {
    /// Erases a rider.
    ///
    /// # Errors
    /// As [`CoreHandle::ask`], or why that can't be done now.
    pub async fn erase(&self, rider: String) -> Result<String, WireError> {
        let (sender, receiver) = oneshot::channel();
        self.submit(Input::Erase(rider, sender))?;
        receiver.await.map_err(|_error| closing())?
    }
}

/// Too much waits.
pub(crate) fn overloaded() -> WireError {
    WireError::new(Code::Overloaded, "too much to do just now; try again")
}

/// For what the core ended without answering.
#[must_use]
pub fn closing() -> WireError {
    WireError::new(Code::Closing, "the service is going down; try again once it is back")
}

/// A queue for the core, and its two ends.
#[must_use]
pub fn queue() -> (CoreHandle, mpsc::Receiver<Input>) {
    queue_of(QUEUE_MAX)
}

/// The same with room for `n_inputs`, at least one.
#[must_use]
pub fn queue_of(n_inputs: usize) -> (CoreHandle, mpsc::Receiver<Input>) {
    let (sender, receiver) = mpsc::channel(n_inputs.max(1));
    (CoreHandle(sender), receiver)
}
