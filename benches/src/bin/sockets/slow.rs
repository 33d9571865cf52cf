//! Peers that are slow on purpose: one that stops reading, and ones that never end their headers.

use std::net::SocketAddr;
use std::time::Duration;

use anyhow::{Context, Result, ensure};
use futures_util::{SinkExt, StreamExt};
use serde_json::json;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::task::JoinSet;
use tokio::time::{Instant, timeout};
use tokio_tungstenite::tungstenite::Message;

use super::client::{Socket, command, hello};
use super::figures::{quantile_ms, tell};

/// Between two commands of the one who watches.
const EVERY: Duration = Duration::from_millis(10);
/// Half-sent headers have to be gone by then.
const HALF_S_MAX: f64 = 10.0;

/// One client floods the service with commands and reads no answer; another measures before and meanwhile.
pub(super) async fn reader(addr: SocketAddr, seconds: Duration) -> Result<()> {
    let (mut watcher, _) = hello(addr, 0, "rider", "watcher").await?;
    let mut before = times(&mut watcher, seconds, "before").await?;
    let (slow, _) = hello(addr, 1, "rider", "slow").await?;
    let flood = tokio::spawn(flood(slow, seconds));
    let mut meanwhile = times(&mut watcher, seconds, "meanwhile").await?;
    let (dropped, sent) = flood.await?;
    tell(&format!(
        "a watcher's commands, ms: before p50 {:.1} p99 {:.1}, meanwhile p50 {:.1} p99 {:.1}",
        quantile_ms(&mut before, 0.5),
        quantile_ms(&mut before, 0.99),
        quantile_ms(&mut meanwhile, 0.5),
        quantile_ms(&mut meanwhile, 0.99),
    ))?;
    let dropped = dropped.context("who does not read was not dropped")?;
    tell(&format!(
        "a client that sent {sent} commands and read nothing was dropped after {:.1} s",
        dropped.as_secs_f64()
    ))
}

/// How long answers take, one command at a time.
async fn times(socket: &mut Socket, during: Duration, run: &str) -> Result<Vec<Duration>> {
    let (begun, mut times) = (Instant::now(), Vec::new());
    for n in 0_u32.. {
        if during <= begun.elapsed() {
            break;
        }
        let message =
            json!({"id": format!("{run}-{n}"), "type": "cancel_ride", "request_id": "none"});
        let sent = Instant::now();
        command(socket, &message).await?;
        times.push(sent.elapsed());
        tokio::time::sleep(EVERY).await;
    }
    Ok(times)
}

/// Sends commands that are refused at once and reads nothing; after what time the service hung up, and how many went.
async fn flood(mut socket: Socket, during: Duration) -> (Option<Duration>, u64) {
    let (begun, mut sent) = (Instant::now(), 0);
    let text = json!({"id": "x".repeat(64), "type": "subscribe", "positions": true}).to_string();
    let flooding = async {
        while socket.feed(Message::text(text.clone())).await.is_ok() {
            sent += 1;
        }
    };
    let dropped = timeout(during, flooding).await.ok().map(|()| begun.elapsed());
    (dropped, sent)
}

/// Sends half a header on many connections, and nothing on as many others; when they are closed.
pub(super) async fn headers(addr: SocketAddr, connections: usize) -> Result<()> {
    let mut waiting = JoinSet::new();
    for n in 0..2 * connections {
        waiting.spawn(async move {
            let mut stream = TcpStream::connect(addr).await?;
            if n % 2 == 0 {
                stream.write_all(b"GET /v1/ws HTTP/1.1\r\nHost: half").await?;
            }
            let begun = Instant::now();
            let mut rest = Vec::new();
            // Closed or reset: both are an end.
            drop(timeout(Duration::from_secs(60), stream.read_to_end(&mut rest)).await);
            anyhow::Ok(begun.elapsed())
        });
    }
    let mut times = Vec::new();
    while let Some(time) = waiting.join_next().await {
        times.push(time??);
    }
    let longest = quantile_ms(&mut times, 1.0) / 1000.0;
    tell(&format!(
        "{connections} half-sent headers and {connections} silent connections: all closed, the last after {longest:.1} s"
    ))?;
    ensure!(longest <= HALF_S_MAX, "a half-sent header stayed for {longest:.1} s");
    // The service still answers.
    let (mut socket, _) = hello(addr, 0, "rider", "after").await?;
    socket.close(None).await?;
    while let Some(Ok(_)) = socket.next().await {}
    Ok(())
}
