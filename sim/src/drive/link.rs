//! One socket to the service. When it falls, it comes back, says what it has seen, and sends again what was not answered.
//!
//! Every wait may be cancelled and begun again: what is to be done stands in the fields, not in the waiting.

use std::collections::BTreeMap;
use std::time::Duration;

use futures_util::{SinkExt, StreamExt};
use serde_json::{Value, json};
use tokio::net::TcpStream;
use tokio::sync::watch;
use tokio::time::Instant;
use tokio_tungstenite::WebSocketStream;
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::tungstenite::client::IntoClientRequest;
use tokio_tungstenite::tungstenite::http::HeaderValue;

/// Tries to come back before giving up.
const TRIES_MAX: u32 = 8;
/// Pause before the first try; it doubles with each.
const PAUSE: Duration = Duration::from_millis(100);

/// Why a drive can't go on.
#[derive(Debug, thiserror::Error)]
pub enum DriveError {
    /// Not an address of a service.
    #[error("{url} is no address such as http://127.0.0.1:8080")]
    Url {
        /// As given.
        url: String,
    },
    /// Nobody there, or gone for good.
    #[error("{name} can't reach {host}: {reason}")]
    Lost {
        /// Who tried.
        name: String,
        /// Where.
        host: String,
        /// What came of it.
        reason: String,
    },
    /// A message that the protocol does not know.
    #[error("the service sent what the protocol does not know: {0}")]
    Protocol(String),
    /// The service runs at another speed.
    #[error(
        "the service runs at {found} times real time, not at {wanted}; start it with --speed {wanted}"
    )]
    Speed {
        /// As said in its welcome.
        found: f64,
        /// As asked for.
        wanted: f64,
    },
    /// A vehicle can't join.
    #[error("vehicle {vehicle} can't join: {reason}")]
    Join {
        /// Which.
        vehicle: String,
        /// Why.
        reason: String,
    },
}

/// Host and port of a service from `http://…`, `ws://…` or `HOST:PORT`.
///
/// # Errors
/// [`DriveError::Url`].
pub fn host_of(url: &str) -> Result<String, DriveError> {
    let bare = url.strip_prefix("http://").or_else(|| url.strip_prefix("ws://")).unwrap_or(url);
    let host = bare.split('/').next().unwrap_or_default();
    if host.is_empty() || host.contains("://") || bare.contains("://") {
        return Err(DriveError::Url { url: url.to_owned() });
    }
    Ok(if host.contains(':') { host.to_owned() } else { format!("{host}:80") })
}

/// What lets a drive into a service that asks for proof: one token of an operator, as whom everybody then speaks. All clones hold the
/// same token, which [`super::renewal`] replaces before it expires.
#[derive(Clone)]
pub struct Pass {
    token: watch::Sender<String>,
    run: String,
}

impl Pass {
    /// With a token to begin with; `run` tells this drive's command ids from those of another: they all belong to the same operator.
    #[must_use]
    pub fn new(token: String, run: String) -> Self {
        Self { token: watch::Sender::new(token), run }
    }

    /// The token that is good now.
    #[must_use]
    pub fn token(&self) -> String {
        self.token.borrow().clone()
    }

    /// Another one from now on.
    pub fn replace(&self, token: String) {
        self.token.send_replace(token);
    }
}

// Tokens are not to be seen in messages.
impl std::fmt::Debug for Pass {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Pass").field("run", &self.run).finish_non_exhaustive()
    }
}

/// A socket with a role and a name.
pub struct Link {
    host: String,
    role: &'static str,
    name: String,
    /// The pass, and what comes before each command id, if there is one.
    pass: Option<(Pass, String)>,
    socket: Option<WebSocketStream<TcpStream>>,
    seq: Option<u64>,
    /// Commands without an answer, by id.
    pending: BTreeMap<String, String>,
    /// When to send all of them again.
    again_at: Option<Instant>,
}

impl Link {
    /// A link that is not connected yet.
    #[must_use]
    pub fn new(host: &str, role: &'static str, name: &str) -> Self {
        Self {
            host: host.to_owned(),
            role,
            name: name.to_owned(),
            pass: None,
            socket: None,
            seq: None,
            pending: BTreeMap::new(),
            again_at: None,
        }
    }

    /// The same with a pass; `n` tells the links of a drive apart.
    #[must_use]
    pub fn with_pass(mut self, pass: Option<&Pass>, n: usize) -> Self {
        self.pass = pass.map(|pass| (pass.clone(), format!("{}.{n}.", pass.run)));
        self
    }

    /// Its name.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Whether a command waits for its answer.
    #[must_use]
    pub fn is_waiting(&self) -> bool {
        !self.pending.is_empty()
    }

    /// Sends a command; its answer comes out of [`Link::receive`]. `command` must have the field `id`.
    pub async fn send(&mut self, id: &str, command: &Value) {
        let mut command = command.clone();
        if let Some((_, before)) = &self.pass {
            command["id"] = format!("{before}{id}").into();
        }
        let text = command.to_string();
        self.pending.insert(id.to_owned(), text.clone());
        if let Some(socket) = &mut self.socket
            && socket.send(Message::text(text)).await.is_err()
        {
            self.socket = None;
        }
    }

    /// The next message. An answer ends the wait for it; `overloaded` is not an answer but a pause.
    ///
    /// # Errors
    /// [`DriveError`] if the service can't be reached any more.
    pub async fn receive(&mut self) -> Result<Value, DriveError> {
        loop {
            if self.socket.is_none() {
                self.connect().await?;
            }
            if let Some(at) = self.again_at {
                tokio::time::sleep_until(at).await;
                self.send_again().await;
                self.again_at = None;
            }
            let Some(socket) = &mut self.socket else { continue };
            match socket.next().await {
                Some(Ok(Message::Text(text))) => {
                    if let Some(message) = self.take(&text)? {
                        return Ok(message);
                    }
                }
                Some(Ok(Message::Close(_)) | Err(_)) | None => self.socket = None,
                Some(Ok(_)) => {}
            }
        }
    }

    /// Reads a message; `None` for what only concerns the link.
    fn take(&mut self, text: &str) -> Result<Option<Value>, DriveError> {
        let mut message: Value = serde_json::from_str(text)
            .map_err(|_error| DriveError::Protocol(text.chars().take(200).collect()))?;
        if message["type"] == "event" {
            self.seq = message["seq"].as_u64().or(self.seq);
        }
        if let Some((_, before)) = &self.pass
            && let Some(id) = message["id"].as_str().and_then(|id| id.strip_prefix(before))
        {
            message["id"] = id.to_owned().into();
        }
        let is_answer = message["type"] == "ok" || message["type"] == "error";
        if is_answer && let Some(id) = message["id"].as_str() {
            if message["code"] == "overloaded" {
                let pause_s = message["retry_after_s"].as_u64().unwrap_or(1);
                self.again_at = Some(Instant::now() + Duration::from_secs(pause_s));
                return Ok(None);
            }
            if self.pending.remove(id).is_none() {
                // The second answer to a command that was sent twice.
                return Ok(None);
            }
        }
        Ok(Some(message))
    }

    async fn send_again(&mut self) {
        let Some(socket) = &mut self.socket else { return };
        for text in self.pending.values() {
            if socket.send(Message::text(text.clone())).await.is_err() {
                self.socket = None;
                return;
            }
        }
    }

    async fn connect(&mut self) -> Result<(), DriveError> {
        let mut pause = PAUSE;
        let mut reason = String::new();
        for _ in 0..TRIES_MAX {
            match self.open().await {
                Ok(socket) => {
                    self.socket = Some(socket);
                    self.send_again().await;
                    return Ok(());
                }
                Err(error) => reason = error,
            }
            tokio::time::sleep(pause).await;
            pause *= 2;
        }
        let (name, host) = (self.name.clone(), self.host.clone());
        Err(DriveError::Lost { name, host, reason })
    }

    async fn open(&self) -> Result<WebSocketStream<TcpStream>, String> {
        let text = |error: tokio_tungstenite::tungstenite::Error| error.to_string();
        let stream = TcpStream::connect(&self.host).await.map_err(|error| error.to_string())?;
        // Small messages must not wait for each other.
        stream.set_nodelay(true).map_err(|error| error.to_string())?;
        let url = format!("ws://{}/v1/ws", self.host);
        let mut request = url.into_client_request().map_err(text)?;
        let mut hello = json!({ "type": "hello", "role": self.role, "name": self.name });
        if let Some((pass, _)) = &self.pass {
            let bearer = HeaderValue::from_str(&format!("Bearer {}", pass.token()));
            let bearer = bearer.map_err(|_error| "the token is none".to_owned())?;
            request.headers_mut().insert("authorization", bearer);
            // The token says who this is.
            hello = json!({ "type": "hello" });
        }
        let (mut socket, _response) =
            tokio_tungstenite::client_async(request, stream).await.map_err(text)?;
        if let Some(seq) = self.seq {
            hello["resume"] = seq.into();
        }
        socket.send(Message::text(hello.to_string())).await.map_err(text)?;
        Ok(socket)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_are_read() {
        let cases = [
            ("http://127.0.0.1:8080", "127.0.0.1:8080"),
            ("ws://localhost:9/v1/ws", "localhost:9"),
            ("example.org", "example.org:80"),
        ];
        for (url, host) in cases {
            assert_eq!(host_of(url).unwrap(), host);
        }
        for url in ["", "http://", "https://example.org"] {
            assert!(host_of(url).is_err(), "{url}");
        }
    }
}
