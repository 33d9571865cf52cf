//! A service that makes people prove who they are, and people who can.

use std::net::SocketAddr;
use std::path::PathBuf;
use std::time::Duration;

use serde_json::{Value, json};
use sharxi_api::auth::config::AuthConfig;
use sharxi_api::auth::keys::{KeyRing, add_key};
use sharxi_api::auth::password::hash;
use sharxi_api::auth::token::{Identity, issue, unix_now};
use sharxi_api::auth::users::{User, Users};
use sharxi_api::limits::{Rate, Rates};
use sharxi_api::wire::message::Role;
use sharxi_api::{Running, ServiceConfig};
use tempfile::TempDir;
use tokio::net::TcpStream;
use tokio_tungstenite::tungstenite::client::IntoClientRequest;
use tokio_tungstenite::tungstenite::{Error, http::HeaderValue};
use tokio_tungstenite::{WebSocketStream, client_async};

/// Everybody's password.
pub const PASSWORD: &str = "correct horse battery";

/// Accounts: name, role, vehicle.
pub const PEOPLE: [(&str, Role, Option<&str>); 7] = [
    ("anna", Role::Rider, None),
    ("bert", Role::Rider, None),
    ("carl", Role::Vehicle, Some("v1")),
    ("dora", Role::Vehicle, Some("v2")),
    ("desk", Role::Dispatcher, None),
    ("boss", Role::Operator, None),
    ("stat", Role::Analyst, None),
];

/// Files of keys and accounts.
pub struct House {
    pub folder: TempDir,
}

impl House {
    pub fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let house = Self { folder };
        add_key(&house.keys()).unwrap();
        let kept = hash(PASSWORD).unwrap();
        let mut users = Users::default();
        for (name, role, vehicle) in PEOPLE {
            let vehicle = vehicle.map(str::to_owned);
            let user = User { name: name.to_owned(), role, vehicle, password: kept.clone() };
            users.put(user).unwrap();
        }
        users.save(&house.users()).unwrap();
        house
    }

    pub fn keys(&self) -> PathBuf {
        self.folder.path().join("keys.toml")
    }

    pub fn users(&self) -> PathBuf {
        self.folder.path().join("users.toml")
    }

    /// A configuration that lets nobody in without proof; paces are such that only a test of them meets them.
    pub fn config(&self) -> ServiceConfig {
        let auth = AuthConfig {
            keys: self.keys(),
            users: Some(self.users()),
            token_s: 900,
            session_s: 3600,
            oidc: None,
        };
        let free = Rate { one_per: Duration::from_micros(1), burst: 10_000 };
        let rates = Rates { stranger: free, login: free, rider: free, vehicle: free, staff: free };
        ServiceConfig { auth: Some(auth), rates, ..super::config() }
    }

    pub async fn start(&self) -> Running {
        super::start(self.config()).await
    }

    /// A token that is good for so many seconds from now, or was until so many ago.
    pub fn token(&self, name: &str, seconds: i64) -> String {
        let (account, role, vehicle) = PEOPLE.into_iter().find(|person| person.0 == name).unwrap();
        let now = unix_now();
        let identity = Identity {
            account: account.to_owned(),
            role,
            name: vehicle.unwrap_or(account).to_owned(),
            expires: now.saturating_add_signed(seconds),
            auth_at: Some(now),
        };
        let keys = KeyRing::parse(&std::fs::read_to_string(self.keys()).unwrap()).unwrap();
        issue(&keys, &identity, now).unwrap()
    }
}

/// A request with a token; status, header and body.
pub async fn call(
    addr: SocketAddr,
    method: &str,
    path: &str,
    token: Option<&str>,
    more: &str,
    body: &str,
) -> (u16, Value) {
    let bearer = token.map(|token| format!("Authorization: Bearer {token}\r\n"));
    let bearer = bearer.unwrap_or_default();
    let length = body.len();
    let request = format!(
        "{method} {path} HTTP/1.1\r\nHost: {addr}\r\nConnection: close\r\n{bearer}{more}Content-Length: {length}\r\n\r\n{body}"
    );
    let (status, body) = super::http(addr, &request).await;
    (status, serde_json::from_str(&body).unwrap_or(Value::Null))
}

/// Opens a socket with these headers; the status if it is refused.
pub async fn socket(
    addr: SocketAddr,
    headers: &[(&'static str, String)],
) -> Result<WebSocketStream<TcpStream>, u16> {
    let stream = TcpStream::connect(addr).await.unwrap();
    let mut request = format!("ws://{addr}/v1/ws").into_client_request().unwrap();
    for (name, value) in headers {
        request.headers_mut().insert(*name, HeaderValue::from_str(value).unwrap());
    }
    match client_async(request, stream).await {
        Ok((socket, _response)) => Ok(socket),
        Err(Error::Http(response)) => Err(response.status().as_u16()),
        Err(other) => panic!("{other}"),
    }
}

/// The header with a token.
pub fn bearer(token: &str) -> (&'static str, String) {
    ("authorization", format!("Bearer {token}"))
}

/// The header with a ticket, as a page sends it.
pub fn with_ticket(ticket: &str) -> (&'static str, String) {
    ("sec-websocket-protocol", format!("sharxi.v1, sharxi.ticket.{ticket}"))
}

/// A ticket for a token.
pub async fn ticket(addr: SocketAddr, token: &str) -> String {
    let (status, body) = call(addr, "POST", "/v1/ticket", Some(token), "", "").await;
    assert_eq!(status, 200, "{body}");
    body["ticket"].as_str().unwrap().to_owned()
}

/// Asks for a token with a password.
pub async fn login(addr: SocketAddr, name: &str, password: &str) -> (u16, Value) {
    let body = json!({ "name": name, "password": password }).to_string();
    call(addr, "POST", "/v1/login", None, "", &body).await
}
