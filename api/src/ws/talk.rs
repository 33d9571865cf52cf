//! The frames of one connection, whatever is talked about: reading and writing side by side, pings, deadlines, and a
//! close frame at the end (RFC 6455).

use std::time::Duration;

use futures_util::stream::{SplitSink, SplitStream};
use futures_util::{SinkExt, StreamExt};
use hyper::upgrade::Upgraded;
use hyper_util::rt::TokioIo;
use tokio::io::AsyncReadExt;
use tokio::time::{Instant, MissedTickBehavior, interval_at, timeout, timeout_at};
use tokio_tungstenite::WebSocketStream;
use tokio_tungstenite::tungstenite::error::ProtocolError;
use tokio_tungstenite::tungstenite::protocol::CloseFrame;
use tokio_tungstenite::tungstenite::protocol::frame::coding::CloseCode;
use tokio_tungstenite::tungstenite::{Bytes, Error, Message, Utf8Bytes};

use crate::outbox::OutboxReader;

/// A socket of this service.
pub type Socket = WebSocketStream<TokioIo<Upgraded>>;

/// For the last words to a peer.
const FAREWELL: Duration = Duration::from_secs(2);

/// Why a connection ends.
pub enum End {
    /// The peer is gone.
    Gone,
    /// The peer is told why.
    Close(CloseCode, &'static str),
}

/// What is talked about over a connection. Answers go through its outbox.
pub trait Conversation: Send {
    /// A text message has come; the reason to end, if there is one.
    fn text(&mut self, text: Utf8Bytes) -> impl Future<Output = Option<End>> + Send;

    /// A binary message has come.
    fn binary(&mut self, bytes: Bytes) -> Option<End>;

    /// The connection is about to end with this code for what the peer has sent: time to say more.
    fn refused(&mut self, code: CloseCode);

    /// By when the next frame must come, and what is said if it does not.
    fn deadline(&self) -> (Instant, &'static str);
}

/// Talks until the peer is gone, a deadline has passed, the queue ends or its reader is cut off for being slow.
pub async fn talk(
    socket: Socket,
    conversation: &mut impl Conversation,
    mut queue: OutboxReader,
    ping_every: Duration,
) {
    let (mut sink, mut stream) = socket.split();
    let cut = queue.cut();
    let end = tokio::select! {
        end = read(conversation, &mut stream) => end,
        end = write(&mut sink, &mut queue, ping_every) => end,
        () = cut.wait() => End::Close(CloseCode::Policy, "messages were not read fast enough"),
    };
    if let Ok(socket) = stream.reunite(sink) {
        // A peer that does not listen to the end is left alone.
        drop(timeout(FAREWELL, farewell(socket, &mut queue, end)).await);
    }
}

async fn read(conversation: &mut impl Conversation, stream: &mut SplitStream<Socket>) -> End {
    loop {
        let (deadline, late) = conversation.deadline();
        // Frames that never stop coming do not put the deadline off.
        if deadline <= Instant::now() {
            return End::Close(CloseCode::Policy, late);
        }
        let Ok(received) = timeout_at(deadline, stream.next()).await else {
            return End::Close(CloseCode::Policy, late);
        };
        let (code, reason) = match received {
            Some(Ok(Message::Text(text))) => match conversation.text(text).await {
                Some(end) => return end,
                None => continue,
            },
            Some(Ok(Message::Binary(bytes))) => match conversation.binary(bytes) {
                Some(end) => return end,
                None => continue,
            },
            Some(Ok(Message::Ping(_) | Message::Pong(_) | Message::Frame(_))) => continue,
            Some(Err(Error::Capacity(_))) => (CloseCode::Size, "message too large"),
            Some(Err(Error::Utf8(_))) => (CloseCode::Invalid, "text must be UTF-8"),
            Some(Err(Error::Protocol(ProtocolError::ResetWithoutClosingHandshake))) => {
                return End::Gone;
            }
            Some(Err(Error::Protocol(_))) => (CloseCode::Protocol, "no frame of RFC 6455"),
            Some(Ok(Message::Close(_)) | Err(_)) | None => return End::Gone,
        };
        conversation.refused(code);
        return End::Close(code, reason);
    }
}

/// Writes what is queued and pings, until the queue ends.
async fn write(
    sink: &mut SplitSink<Socket, Message>,
    queue: &mut OutboxReader,
    ping_every: Duration,
) -> End {
    let mut pings = interval_at(Instant::now() + ping_every, ping_every);
    pings.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        let sent = tokio::select! {
            message = queue.next() => {
                let Some(message) = message else {
                    return End::Close(CloseCode::Away, "the service goes down");
                };
                send_all(sink, queue, message).await
            }
            _ = pings.tick() => sink.send(Message::Ping(Bytes::new())).await,
        };
        if sent.is_err() {
            return End::Gone;
        }
    }
}

/// Sends a message and whatever else is queued by now under one flush.
async fn send_all(
    sink: &mut SplitSink<Socket, Message>,
    queue: &mut OutboxReader,
    first: Message,
) -> Result<(), Error> {
    sink.feed(first).await?;
    while let Some(message) = queue.ready() {
        sink.feed(message).await?;
    }
    sink.flush().await
}

/// Sends the last messages and the close frame, and waits until the peer has closed as well.
async fn farewell(mut socket: Socket, queue: &mut OutboxReader, end: End) {
    let (code, reason) = match end {
        // Completes the peer's close handshake, if it began one.
        End::Gone => return drop(socket.flush().await),
        End::Close(code, reason) => (code, reason),
    };
    while let Some(message) = queue.ready() {
        if socket.feed(message).await.is_err() {
            return;
        }
    }
    let frame = CloseFrame { code, reason: reason.into() };
    if socket.close(Some(frame)).await.is_err() {
        return;
    }
    // Closing with unread bytes would reset the connection before the peer has read why. What still comes is not
    // looked at: after a message that is too large there are no frames to be told apart.
    let mut scrap = [0_u8; 4096];
    while socket.get_mut().read(&mut scrap).await.is_ok_and(|n| 0 < n) {}
}
