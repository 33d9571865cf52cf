//! What a client and the service say to each other: hello first, then commands in and messages out.

use std::sync::Arc;

use tokio::time::Instant;
use tokio_tungstenite::tungstenite::protocol::frame::coding::CloseCode;
use tokio_tungstenite::tungstenite::{Bytes, Message, Utf8Bytes};

use super::talk::{Conversation, End, Socket, talk};
use crate::app::App;
use crate::auth::visitor::Visitor;
use crate::inputs::{AnswerTo, Input};
use crate::intent::Caller;
use crate::outbox::{Outbox, Unreachable, outbox};
use crate::publish::ClientId;
use crate::wire::convert;
use crate::wire::error::{Code, WireError};
use crate::wire::message::{Unreadable, read_command, read_hello};

/// Serves a connection until it ends.
pub async fn serve(app: &Arc<App>, visitor: Visitor, socket: Socket) {
    let (outbox, queue) = outbox();
    let hello_by = Instant::now() + app.deadlines.hello;
    let mut client = Client { app, outbox, id: app.next_client(), visitor, hello_by, caller: None };
    app.metrics.sockets.inc();
    talk(socket, &mut client, queue, app.deadlines.ping_every).await;
    app.metrics.sockets.dec();
    if client.caller.is_some() {
        app.core.send(Input::Leave(client.id)).await;
    }
}

/// The service's side of one conversation.
struct Client<'a> {
    app: &'a App,
    outbox: Outbox,
    id: ClientId,
    /// Who has come through the door.
    visitor: Visitor,
    hello_by: Instant,
    /// Known after hello.
    caller: Option<Arc<Caller>>,
}

impl Conversation for Client<'_> {
    async fn text(&mut self, text: Utf8Bytes) -> Option<End> {
        let Some(caller) = self.caller.clone() else {
            self.hello(&text).await;
            return None;
        };
        let handed_on = read_command(&text).and_then(|command| {
            let id = command.id().map(str::to_owned);
            let order = convert::order(&command, self.app.map.as_ref());
            let answer = AnswerTo::Client(self.id);
            order
                .and_then(|order| {
                    self.app.gate.pace(&self.visitor, &caller)?;
                    self.app.core.submit(Input::Order { caller, order, answer })
                })
                .map_err(|error| Unreadable { id, error })
        });
        if let Err(Unreadable { id, error }) = handed_on {
            self.refuse(id.as_deref(), &error);
        }
        None
    }

    fn binary(&mut self, _bytes: Bytes) -> Option<End> {
        self.refuse(None, &WireError::new(Code::Binary, "send text frames"));
        Some(End::Close(CloseCode::Unsupported, "binary frames are refused"))
    }

    fn refused(&mut self, code: CloseCode) {
        let (code, message) = match code {
            CloseCode::Size => (Code::TooLarge, "a message has at most 65536 bytes"),
            CloseCode::Invalid => (Code::BadMessage, "not UTF-8"),
            _ => return,
        };
        self.refuse(None, &WireError::new(code, message));
    }

    fn deadline(&self) -> (Instant, &'static str) {
        let next = match self.caller {
            None => (self.hello_by, "no hello in time"),
            Some(_) => (Instant::now() + self.app.deadlines.silence, "no sign of life"),
        };
        match self.visitor.expires() {
            Some(expires) if expires < next.0 => (expires, "the token has expired"),
            _ => next,
        }
    }
}

impl Client<'_> {
    async fn hello(&mut self, text: &str) {
        let heard = read_hello(text).and_then(|hello| {
            let caller = self.visitor.caller(hello.role, hello.name);
            let caller = caller.map_err(|error| Unreadable { id: None, error })?;
            if !caller.role.has_socket() {
                let error = WireError::new(Code::NotAllowed, "this role has no socket; use HTTP");
                return Err(Unreadable { id: None, error });
            }
            Ok((Arc::new(caller), hello.resume))
        });
        match heard {
            Ok((caller, resume)) => {
                self.caller = Some(caller.clone());
                let (client, outbox) = (self.id, self.outbox.clone());
                self.app.core.send(Input::Join { client, caller, resume, outbox }).await;
            }
            Err(Unreadable { id, error }) => self.refuse(id.as_deref(), &error),
        }
    }

    fn refuse(&self, id: Option<&str>, error: &WireError) {
        self.app.metrics.refused(error.code);
        // If the queue is full the connection is being cut already.
        let _: Result<(), Unreachable> = self.outbox.push(Message::Text(error.encode(id).into()));
    }
}
