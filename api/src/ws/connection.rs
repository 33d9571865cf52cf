//! The life of one connection: hello, commands in, messages out, a close frame at the end.

use std::sync::Arc;
use std::time::Duration;

use futures_util::stream::{SplitSink, SplitStream};
use futures_util::{SinkExt, StreamExt};
use hyper::upgrade::Upgraded;
use hyper_util::rt::TokioIo;
use tokio::io::AsyncReadExt;
use tokio::time::{Instant, MissedTickBehavior, interval_at, timeout};
use tokio_tungstenite::WebSocketStream;
use tokio_tungstenite::tungstenite::protocol::CloseFrame;
use tokio_tungstenite::tungstenite::protocol::frame::coding::CloseCode;
use tokio_tungstenite::tungstenite::{Error, Message};

use crate::app::App;
use crate::core_loop::{AnswerTo, Input};
use crate::intent::Caller;
use crate::outbox::{Outbox, OutboxReader, Unreachable, outbox};
use crate::publish::ClientId;
use crate::wire::convert;
use crate::wire::error::{Code, WireError};
use crate::wire::message::{Unreadable, read_command, read_hello};

type Socket = WebSocketStream<TokioIo<Upgraded>>;

/// For the last words to a peer.
const FAREWELL: Duration = Duration::from_secs(2);

/// Why a connection ends.
enum End {
    /// The peer is gone.
    Gone,
    /// The peer is told why.
    Close(CloseCode, &'static str),
    /// As [`End::Close`], with a message still on its way that nobody will read.
    TooLarge,
}

/// Serves a connection until it ends.
pub async fn serve(app: &Arc<App>, socket: Socket) {
    let (mut sink, mut stream) = socket.split();
    let (outbox, mut queue) = outbox();
    let cut = queue.cut();
    let mut reader = Reader { app, outbox, client: app.next_client(), caller: None };
    let end = tokio::select! {
        end = reader.read(&mut stream) => end,
        end = write(&mut sink, &mut queue, app.deadlines.ping_every) => end,
        () = cut.wait() => End::Close(CloseCode::Policy, "messages were not read fast enough"),
    };
    if reader.caller.is_some() {
        app.core.send(Input::Leave(reader.client)).await;
    }
    if let Ok(socket) = stream.reunite(sink) {
        // A peer that does not listen to the end is left alone.
        drop(timeout(FAREWELL, farewell(socket, &mut queue, end)).await);
    }
}

/// Reads what a client sends and hands it on.
struct Reader<'a> {
    app: &'a App,
    outbox: Outbox,
    client: ClientId,
    /// Known after hello.
    caller: Option<Arc<Caller>>,
}

impl Reader<'_> {
    async fn read(&mut self, stream: &mut SplitStream<Socket>) -> End {
        let hello_by = Instant::now() + self.app.deadlines.hello;
        loop {
            let deadline = match self.caller {
                None => hello_by,
                Some(_) => Instant::now() + self.app.deadlines.silence,
            };
            let Ok(received) = tokio::time::timeout_at(deadline, stream.next()).await else {
                let reason =
                    if self.caller.is_none() { "no hello in time" } else { "no sign of life" };
                return End::Close(CloseCode::Policy, reason);
            };
            match received {
                Some(Ok(Message::Text(text))) => self.take(&text).await,
                Some(Ok(Message::Ping(_) | Message::Pong(_) | Message::Frame(_))) => {}
                Some(Ok(Message::Binary(_))) => {
                    self.refuse(None, &WireError::new(Code::Binary, "send text frames"));
                    return End::Close(CloseCode::Unsupported, "binary frames are refused");
                }
                Some(Err(Error::Capacity(_))) => {
                    let message = "a message has at most 65536 bytes";
                    self.refuse(None, &WireError::new(Code::TooLarge, message));
                    return End::TooLarge;
                }
                Some(Err(Error::Utf8(_))) => {
                    self.refuse(None, &WireError::new(Code::BadMessage, "not UTF-8"));
                    return End::Close(CloseCode::Invalid, "text must be UTF-8");
                }
                Some(Ok(Message::Close(_)) | Err(_)) | None => return End::Gone,
            }
        }
    }

    async fn take(&mut self, text: &str) {
        let Some(caller) = self.caller.clone() else { return self.hello(text).await };
        let handed_on = read_command(text).and_then(|command| {
            let id = command.id().map(str::to_owned);
            let order = convert::order(&command, self.app.map.as_ref());
            let answer = AnswerTo::Client(self.client);
            order
                .and_then(|order| self.app.core.submit(Input::Order { caller, order, answer }))
                .map_err(|error| Unreadable { id, error })
        });
        if let Err(Unreadable { id, error }) = handed_on {
            self.refuse(id.as_deref(), &error);
        }
    }

    async fn hello(&mut self, text: &str) {
        match read_hello(text) {
            Ok(hello) => {
                let caller = Arc::new(Caller { role: hello.role, name: hello.name });
                self.caller = Some(caller.clone());
                let (client, resume, outbox) = (self.client, hello.resume, self.outbox.clone());
                self.app.core.send(Input::Join { client, caller, resume, outbox }).await;
            }
            Err(Unreadable { id, error }) => self.refuse(id.as_deref(), &error),
        }
    }

    fn refuse(&self, id: Option<&str>, error: &WireError) {
        // If the queue is full the connection is being cut already.
        let _: Result<(), Unreachable> = self.outbox.push(error.encode(id).into());
    }
}

/// Writes what is queued and pings, until the core lets the client go.
async fn write(
    sink: &mut SplitSink<Socket, Message>,
    queue: &mut OutboxReader,
    ping_every: Duration,
) -> End {
    let mut pings = interval_at(Instant::now() + ping_every, ping_every);
    pings.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        let sent = tokio::select! {
            text = queue.next() => {
                let Some(text) = text else {
                    return End::Close(CloseCode::Away, "the service goes down");
                };
                send_all(sink, queue, Message::Text(text)).await
            }
            _ = pings.tick() => sink.send(Message::Ping(Vec::new().into())).await,
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
    while let Some(text) = queue.ready() {
        sink.feed(Message::Text(text)).await?;
    }
    sink.flush().await
}

/// Sends the last messages and the close frame, and waits until the peer has closed as well.
async fn farewell(mut socket: Socket, queue: &mut OutboxReader, end: End) {
    let (code, reason) = match end {
        // Completes the peer's close handshake, if it began one.
        End::Gone => return drop(socket.flush().await),
        End::Close(code, reason) => (code, reason),
        End::TooLarge => (CloseCode::Size, "message too large"),
    };
    while let Some(text) = queue.ready() {
        if socket.feed(Message::Text(text)).await.is_err() {
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
