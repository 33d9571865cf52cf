//! Messages on their way to one client: a bounded queue that never makes the core wait.
//!
//! A reader so slow that its queue is full is cut off; it may come back and resume.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use tokio::sync::{Notify, mpsc};
use tokio_tungstenite::tungstenite::Message;

use crate::limits::{OUTBOX_BYTES_MAX, OUTBOX_MESSAGES_MAX};

/// The sending end, held by the core and by the client's own connection.
#[derive(Clone)]
pub struct Outbox {
    /// `None` is the last one.
    queue: mpsc::Sender<Option<Message>>,
    state: Arc<State>,
}

/// The receiving end, held by the client's connection.
pub struct OutboxReader {
    queue: mpsc::Receiver<Option<Message>>,
    state: Arc<State>,
}

#[derive(Default)]
struct State {
    bytes: AtomicUsize,
    cut: Notify,
}

/// The queue is full, or the connection is gone.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Unreachable;

/// An empty queue.
#[must_use]
pub fn outbox() -> (Outbox, OutboxReader) {
    outbox_of(OUTBOX_MESSAGES_MAX)
}

/// The same with room for `n_messages`, at least one.
#[must_use]
pub fn outbox_of(n_messages: usize) -> (Outbox, OutboxReader) {
    let (sender, receiver) = mpsc::channel(n_messages.max(1));
    let state = Arc::new(State::default());
    (Outbox { queue: sender, state: state.clone() }, OutboxReader { queue: receiver, state })
}

impl Outbox {
    /// Queues a message. A single message larger than the bound passes through an empty queue.
    ///
    /// # Errors
    /// [`Unreachable`]; the connection has been told to end.
    pub fn push(&self, message: Message) -> Result<(), Unreachable> {
        let size = message.len();
        let before = self.state.bytes.fetch_add(size, Ordering::Relaxed);
        let fits = before == 0 || before.saturating_add(size) <= OUTBOX_BYTES_MAX;
        if fits && self.queue.try_send(Some(message)).is_ok() {
            return Ok(());
        }
        self.state.bytes.fetch_sub(size, Ordering::Relaxed);
        self.state.cut.notify_one();
        Err(Unreachable)
    }

    /// Ends the connection once everything queued before has been sent.
    pub fn finish(&self) {
        if self.queue.try_send(None).is_err() {
            self.state.cut.notify_one();
        }
    }
}

impl OutboxReader {
    /// The next message; `None` once there will be no more.
    pub async fn next(&mut self) -> Option<Message> {
        let message = self.queue.recv().await??;
        self.state.bytes.fetch_sub(message.len(), Ordering::Relaxed);
        Some(message)
    }

    /// The message that is there already, if there is one.
    pub fn ready(&mut self) -> Option<Message> {
        let Some(message) = self.queue.try_recv().ok()? else {
            // Nothing comes after the last one; whoever asks next is told so.
            self.queue.close();
            return None;
        };
        self.state.bytes.fetch_sub(message.len(), Ordering::Relaxed);
        Some(message)
    }

    /// A handle that tells when the reader is cut off for being slow.
    #[must_use]
    pub fn cut(&self) -> Cut {
        Cut(self.state.clone())
    }
}

/// Tells when a reader is cut off.
pub struct Cut(Arc<State>);

impl Cut {
    /// Waits until then.
    pub async fn wait(&self) {
        self.0.cut.notified().await;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_message_too_many_cuts_the_reader_off() {
        let (sender, mut reader) = outbox();
        for _ in 0..OUTBOX_MESSAGES_MAX {
            assert_eq!(sender.push("x".into()), Ok(()));
        }
        assert_eq!(sender.push("x".into()), Err(Unreachable));
        assert!(reader.ready().is_some());
        assert_eq!(sender.push("x".into()), Ok(()));
    }

    #[test]
    fn bytes_are_bounded_but_one_large_message_passes() {
        let (sender, mut reader) = outbox();
        let large: Message = "x".repeat(OUTBOX_BYTES_MAX + 1).into();
        assert_eq!(sender.push(large.clone()), Ok(()));
        assert_eq!(sender.push("x".into()), Err(Unreachable));
        assert!(reader.ready().is_some());
        assert_eq!(sender.push("x".repeat(OUTBOX_BYTES_MAX).into()), Ok(()));
        assert_eq!(sender.push("x".into()), Err(Unreachable));
    }
}
