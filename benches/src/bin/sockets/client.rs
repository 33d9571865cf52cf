//! A client with small buffers, so that thousands of them fit beside the service.

use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::time::Duration;

use anyhow::{Context, Result, bail};
use futures_util::{SinkExt, StreamExt};
use serde_json::{Value, json};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpSocket, TcpStream};
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::tungstenite::protocol::WebSocketConfig;
use tokio_tungstenite::{WebSocketStream, client_async_with_config};

/// A connection of one client.
pub(super) type Socket = WebSocketStream<TcpStream>;

/// Connections from one source address: fewer than there are ports to choose from.
const FROM_ONE_ADDRESS: usize = 20_000;
/// How long an answer may take before the run is given up.
const PATIENCE: Duration = Duration::from_secs(30);

/// Connects as the `n`th client, from 127.0.0.1 or one of its neighbours.
pub(super) async fn connect(addr: SocketAddr, n: usize) -> Result<Socket> {
    let stream = if addr.is_ipv4() {
        let last = u8::try_from(1 + n / FROM_ONE_ADDRESS).context("too many clients")?;
        let socket = TcpSocket::new_v4()?;
        socket.bind(SocketAddr::new(IpAddr::V4(Ipv4Addr::new(127, 0, 0, last)), 0))?;
        socket.connect(addr).await?
    } else {
        TcpStream::connect(addr).await?
    };
    stream.set_nodelay(true)?;
    let config = WebSocketConfig::default().read_buffer_size(4096).write_buffer_size(4096);
    let url = format!("ws://{addr}/v1/ws");
    let (socket, _response) = client_async_with_config(url, stream, Some(config)).await?;
    Ok(socket)
}

/// Connects and says hello; the welcome.
pub(super) async fn hello(
    addr: SocketAddr,
    n: usize,
    role: &str,
    name: &str,
) -> Result<(Socket, Value)> {
    let mut socket = connect(addr, n).await?;
    say(&mut socket, &json!({"type": "hello", "role": role, "name": name})).await?;
    let welcome = expect(&mut socket, |message| message["type"] == "welcome").await?;
    Ok((socket, welcome))
}

/// Sends one message.
pub(super) async fn say(socket: &mut Socket, message: &Value) -> Result<()> {
    Ok(socket.send(Message::text(message.to_string())).await?)
}

/// Waits for a message of that kind.
pub(super) async fn expect(socket: &mut Socket, is_it: impl Fn(&Value) -> bool) -> Result<Value> {
    let wait = async {
        while let Some(frame) = socket.next().await {
            if let Message::Text(text) = frame? {
                let message: Value = serde_json::from_str(&text)?;
                if is_it(&message) {
                    return Ok(message);
                }
            }
        }
        bail!("the service hung up")
    };
    tokio::time::timeout(PATIENCE, wait).await.context("no answer")?
}

/// Sends a command and waits for its answer.
pub(super) async fn command(socket: &mut Socket, command: &Value) -> Result<Value> {
    say(socket, command).await?;
    let id = command["id"].clone();
    expect(socket, |message| {
        message["id"] == id && (message["type"] == "ok" || message["type"] == "error")
    })
    .await
}

/// The body of `GET path`.
pub(super) async fn get(addr: SocketAddr, path: &str) -> Result<Value> {
    let mut stream = TcpStream::connect(addr).await?;
    let head = format!("GET {path} HTTP/1.1\r\nHost: {addr}\r\nConnection: close\r\n\r\n");
    stream.write_all(head.as_bytes()).await?;
    let mut answer = Vec::new();
    stream.read_to_end(&mut answer).await?;
    let answer = String::from_utf8(answer)?;
    let (_, body) = answer.split_once("\r\n\r\n").context("no body")?;
    Ok(serde_json::from_str(body)?)
}
