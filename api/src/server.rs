//! The accept loop: hyper under warp's routes, with deadlines, a limit and a gate that `warp::serve` does not have.

use std::convert::Infallible;
use std::io;
use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;
use std::time::{Duration, Instant};

use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::{Service, service_fn};
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::service::TowerToHyperService;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{OwnedSemaphorePermit, Semaphore, watch};
use warp::http::{HeaderMap, HeaderValue, Request, StatusCode};
use warp::reply::Response;

use crate::auth::gate::Gate;
use crate::http::reply;
use crate::http::routes::Routes;
use crate::limits::{Deadlines, SOCKET_BUFFER_BYTES};
use crate::metrics::Metrics;
use crate::patient_io::PatientIo;
use crate::request_id::RequestId;
use crate::tls::Tls;

/// One connection's share of the limit; the last holder gives it back.
pub type Permit = Arc<Seat>;

/// A place among the connections that there may be, counted as long as it is taken.
pub struct Seat {
    _permit: OwnedSemaphorePermit,
    metrics: Arc<Metrics>,
}

impl Seat {
    fn new(permit: OwnedSemaphorePermit, metrics: Arc<Metrics>) -> Self {
        metrics.connections.inc();
        Self { _permit: permit, metrics }
    }
}

impl Drop for Seat {
    fn drop(&mut self) {
        self.metrics.connections.dec();
    }
}

/// The address of whoever sent a request, as far as it can be trusted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct From(pub IpAddr);

/// After an accept that failed (too many open files, most likely).
const PAUSE: Duration = Duration::from_millis(100);

/// Least read buffer that hyper takes.
const HEADER_BYTES_MAX: usize = 4 * SOCKET_BUFFER_BYTES;

/// What stands between a connection and the routes.
pub struct Door {
    /// What is behind it.
    pub routes: Routes,
    /// Who may pass.
    pub gate: Arc<Gate>,
    /// What is counted.
    pub metrics: Arc<Metrics>,
    /// How many at a time.
    pub permits: Arc<Semaphore>,
    /// How long a peer may take.
    pub deadlines: Deadlines,
    /// Encryption, unless somebody in front does it.
    pub tls: Option<Tls>,
    /// Who may say for whom a request is.
    pub proxies: Vec<IpAddr>,
}

/// Accepts connections until told to stop.
pub async fn accept(listener: TcpListener, door: Arc<Door>, mut stop: watch::Receiver<bool>) {
    loop {
        let accepted = async {
            // Beyond the limit, connections wait in the kernel's backlog.
            let permit = door.permits.clone().acquire_owned().await.ok()?;
            Some((listener.accept().await, permit))
        };
        let accepted = tokio::select! {
            accepted = accepted => accepted,
            () = stopped(&mut stop) => return,
        };
        match accepted {
            Some((Ok((stream, peer)), permit)) => {
                let (door, stop) = (door.clone(), stop.clone());
                let seat = Arc::new(Seat::new(permit, door.metrics.clone()));
                tokio::spawn(async move {
                    if let Err(error) = serve(stream, peer, &door, seat, stop).await {
                        tracing::debug!(%error, "a connection ended");
                    }
                });
            }
            Some((Err(error), _permit)) => {
                tracing::warn!(%error, "accept a connection");
                tokio::time::sleep(PAUSE).await;
            }
            None => return,
        }
    }
}

/// Waits for the order to stop.
async fn stopped(stop: &mut watch::Receiver<bool>) {
    // An error means that nobody is left who could give the order: as good as one.
    drop(stop.wait_for(|&stop| stop).await);
}

async fn serve(
    stream: TcpStream,
    peer: SocketAddr,
    door: &Arc<Door>,
    permit: Permit,
    stop: watch::Receiver<bool>,
) -> Result<(), String> {
    // Small messages shall not wait for each other; without it they are only slower.
    drop(stream.set_nodelay(true));
    let first_byte = tokio::time::timeout(door.deadlines.first_byte, stream.peek(&mut [0])).await;
    if !matches!(first_byte, Ok(Ok(1..))) {
        return Err("nothing came".to_owned());
    }
    let stream = PatientIo::new(stream, door.deadlines.write);
    match &door.tls {
        None => talk(stream, peer.ip(), door, permit, stop).await,
        Some(tls) => {
            let shaken = tokio::time::timeout(door.deadlines.header, tls.accept(stream)).await;
            let stream = shaken
                .unwrap_or_else(|_elapsed| Err(io::ErrorKind::TimedOut.into()))
                .map_err(|error| error.to_string())?;
            talk(stream, peer.ip(), door, permit, stop).await
        }
    }
}

/// Speaks HTTP on a connection until it ends or becomes a WebSocket.
async fn talk(
    stream: impl AsyncRead + AsyncWrite + Unpin + Send + 'static,
    peer: IpAddr,
    door: &Arc<Door>,
    permit: Permit,
    mut stop: watch::Receiver<bool>,
) -> Result<(), String> {
    let routes = TowerToHyperService::new(warp::service(door.routes.clone()));
    let to_answer = door.clone();
    let answer = service_fn(move |request: Request<Incoming>| {
        let (door, routes, permit) = (to_answer.clone(), routes.clone(), permit.clone());
        async move { Ok::<_, Infallible>(answer(request, peer, &door, &routes, permit).await) }
    });
    let connection = http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(door.deadlines.header)
        .max_buf_size(HEADER_BYTES_MAX)
        .serve_connection(TokioIo::new(stream), answer)
        .with_upgrades();
    tokio::pin!(connection);
    let served = tokio::select! {
        served = connection.as_mut() => served,
        () = stopped(&mut stop) => {
            connection.as_mut().graceful_shutdown();
            connection.await
        }
    };
    served.map_err(|error| error.to_string())
}

/// Lets a request through the gate and has it answered in time; whatever comes of it bears the id of the request.
async fn answer(
    mut request: Request<Incoming>,
    peer: IpAddr,
    door: &Door,
    routes: &impl Service<Request<Incoming>, Response = Response, Error = Infallible>,
    permit: Permit,
) -> Response {
    let begun = Instant::now();
    let is_proxied = door.proxies.contains(&peer.to_canonical());
    let from = if is_proxied { forwarded(request.headers(), &door.proxies) } else { None };
    let from = from.unwrap_or(peer);
    let id = RequestId::of(request.headers(), is_proxied);
    let method = request.method().clone();
    let path = request.uri().path().to_owned();
    let mut response = match door.gate.admit(&method, &path, request.headers(), from) {
        Ok(visitor) => {
            let extensions = request.extensions_mut();
            extensions.insert(permit);
            extensions.insert(visitor);
            extensions.insert(From(from));
            match tokio::time::timeout(door.deadlines.request, routes.call(request)).await {
                Ok(Ok(response)) => response,
                Ok(Err(never)) => match never {},
                Err(_elapsed) => {
                    let body = r#"{"type":"error","code":"overloaded","message":"took too long"}"#;
                    reply::json(StatusCode::REQUEST_TIMEOUT, body.into())
                }
            }
        }
        Err(error) => {
            door.metrics.refused(error.code);
            reply::error(&error)
        }
    };
    door.metrics.responded(response.status().as_u16());
    // Paths have names of rides in them, so only their first part is written down.
    let place = path.split('/').take(3).collect::<Vec<_>>().join("/");
    let (status, ms) = (response.status().as_u16(), begun.elapsed().as_millis());
    tracing::debug!(request = %id, %method, place, status, %ms, "answered");
    if let Ok(id) = HeaderValue::from_str(id.as_str()) {
        response.headers_mut().insert("x-request-id", id);
    }
    response
}

/// For whom a proxy passes a request on: the last address in `X-Forwarded-For` that is not a trusted proxy itself.
/// What stands before it anybody may have written.
fn forwarded(headers: &HeaderMap, proxies: &[IpAddr]) -> Option<IpAddr> {
    let values = headers.get_all("x-forwarded-for").iter();
    let listed = values.filter_map(|value| value.to_str().ok()).flat_map(|value| value.split(','));
    let addresses: Vec<Option<IpAddr>> =
        listed.map(|address| address.trim().parse().ok()).collect();
    let is_proxy = |address: &IpAddr| proxies.contains(&address.to_canonical());
    let first_other =
        addresses.into_iter().rev().find(|address| !address.as_ref().is_some_and(is_proxy));
    first_other.flatten()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_a_proxy_wrote_is_believed() {
        let proxies: Vec<IpAddr> = vec!["127.0.0.1".parse().unwrap(), "10.0.0.2".parse().unwrap()];
        for (lines, found) in [
            (vec!["192.0.2.1"], Some("192.0.2.1")),
            (vec!["198.51.100.9, 192.0.2.1"], Some("192.0.2.1")),
            (vec!["198.51.100.9", "192.0.2.1, 10.0.0.2"], Some("192.0.2.1")),
            (vec!["192.0.2.1, nonsense"], None),
            (vec!["10.0.0.2"], None),
            (vec![], None),
        ] {
            let mut headers = HeaderMap::new();
            for line in &lines {
                headers.append("x-forwarded-for", line.parse().unwrap());
            }
            let found = found.map(|text| text.parse::<IpAddr>().unwrap());
            assert_eq!(forwarded(&headers, &proxies), found, "{lines:?}");
        }
    }
}
