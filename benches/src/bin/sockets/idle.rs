//! How much memory an idle socket takes.

use std::net::SocketAddr;
use std::time::Duration;

use anyhow::{Result, ensure};
use futures_util::{SinkExt, StreamExt};
use tokio::task::JoinSet;
use tokio::time::{Instant, timeout_at};

use super::client::{Socket, hello};
use super::figures::{resident_kib, tell};

/// Sockets opened side by side.
const AT_A_TIME: usize = 32;

/// Opens sockets as riders, holds them while answering pings, and tells the growth of process `pid`.
pub(super) async fn run(
    addr: SocketAddr,
    pid: u32,
    n_sockets: usize,
    hold: Duration,
) -> Result<()> {
    let before = resident_kib(pid)?;
    let begun = Instant::now();
    let mut sockets: Vec<Socket> = Vec::with_capacity(n_sockets);
    while sockets.len() < n_sockets {
        let mut opening = JoinSet::new();
        let first = sockets.len();
        for n in first..n_sockets.min(first + AT_A_TIME) {
            opening.spawn(async move { hello(addr, n, "rider", &format!("idle-{n}")).await });
        }
        while let Some(opened) = opening.join_next().await {
            sockets.push(opened??.0);
        }
    }
    let opened_s = begun.elapsed().as_secs_f64();
    let opened = resident_kib(pid)?;
    let until = Instant::now() + hold;
    let mut held = JoinSet::new();
    for socket in sockets {
        held.spawn(stay(socket, until));
    }
    let mut n_lost = 0;
    while let Some(stayed) = held.join_next().await {
        n_lost += usize::from(!stayed?);
    }
    let after = resident_kib(pid)?;
    let grown = after.saturating_sub(before);
    tell(&format!(
        "{n_sockets} idle sockets opened in {opened_s:.1} s, {n_lost} lost in {} s: the service grew from {before} KiB by {} KiB, \
         after pings by {grown} KiB, {:.1} KiB a socket",
        hold.as_secs(),
        opened.saturating_sub(before),
        f64::from(u32::try_from(grown)?) / f64::from(u32::try_from(n_sockets)?),
    ))?;
    ensure!(n_lost == 0, "{n_lost} sockets were lost");
    Ok(())
}

/// Reads, and so answers pings, until then; whether the socket is still open.
async fn stay(mut socket: Socket, until: Instant) -> bool {
    loop {
        match timeout_at(until, socket.next()).await {
            Err(_elapsed) => return true,
            Ok(Some(Ok(_))) => {
                if socket.flush().await.is_err() {
                    return false;
                }
            }
            Ok(Some(Err(_)) | None) => return false,
        }
    }
}
