//! An echo through the service's own accept loop, gate, handshake, outbox and framing. Only what is said differs from
//! `/v1/ws`, so a conformance suite that needs an echo judges the service's sockets.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use anyhow::Result;
use hyper::upgrade::OnUpgrade;
use sharxi_api::auth::gate::Gate;
use sharxi_api::limits::Deadlines;
use sharxi_api::metrics::Metrics;
use sharxi_api::outbox::{Outbox, outbox};
use sharxi_api::server::{self, Door, Permit};
use sharxi_api::ws::handshake::upgrade;
use sharxi_api::ws::talk::{Conversation, End, talk};
use tokio::net::TcpListener;
use tokio::sync::{Semaphore, watch};
use tokio::time::Instant;
use tokio_tungstenite::tungstenite::protocol::frame::coding::CloseCode;
use tokio_tungstenite::tungstenite::{Bytes, Message, Utf8Bytes};
use warp::Filter;
use warp::http::HeaderMap;

use super::figures::tell;

/// Connections at a time.
const CONNECTIONS: usize = 64;

/// Says back what it hears.
struct Echo(Outbox);

impl Echo {
    fn say(&self, message: Message) -> Option<End> {
        self.0.push(message).err().map(|_unreachable| End::Gone)
    }
}

impl Conversation for Echo {
    async fn text(&mut self, text: Utf8Bytes) -> Option<End> {
        self.say(Message::Text(text))
    }

    fn binary(&mut self, bytes: Bytes) -> Option<End> {
        self.say(Message::Binary(bytes))
    }

    fn refused(&mut self, _code: CloseCode) {}

    fn deadline(&self) -> (Instant, &'static str) {
        (Instant::now() + Deadlines::default().silence, "no sign of life")
    }
}

/// Serves at every path until the time is over.
pub(super) async fn run(listen: SocketAddr, message_max: usize, time: Duration) -> Result<()> {
    let route = warp::get()
        .and(warp::header::headers_cloned())
        .and(warp::ext::optional::<OnUpgrade>())
        .and(warp::ext::get::<Permit>())
        .map(move |headers: HeaderMap, on_upgrade, permit| {
            upgrade(&headers, on_upgrade, permit, message_max, |socket| async move {
                let (outbox, queue) = outbox();
                talk(socket, &mut Echo(outbox), queue, Deadlines::default().ping_every).await;
            })
        });
    let door = Door {
        routes: route.boxed(),
        gate: Arc::new(Gate::open(Vec::new())),
        metrics: Arc::new(Metrics::default()),
        permits: Arc::new(Semaphore::new(CONNECTIONS)),
        deadlines: Deadlines::default(),
        tls: None,
        proxies: Vec::new(),
    };
    let listener = TcpListener::bind(listen).await?;
    let (stop, stopped) = watch::channel(false);
    tokio::spawn(server::accept(listener, Arc::new(door), stopped));
    tell(&format!("echo at ws://{listen}/v1/ws for {} s", time.as_secs()))?;
    tokio::time::sleep(time).await;
    stop.send_replace(true);
    Ok(())
}
