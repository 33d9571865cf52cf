//! The accept loop: hyper under warp's routes, with deadlines and a limit that `warp::serve` does not have.

use std::sync::Arc;
use std::time::Duration;

use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::{Service, service_fn};
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::service::TowerToHyperService;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{OwnedSemaphorePermit, Semaphore, watch};
use warp::http::{Request, StatusCode};

use crate::http::reply;
use crate::http::routes::Routes;
use crate::limits::{Deadlines, SOCKET_BUFFER_BYTES};
use crate::patient_io::PatientIo;

/// One connection's share of the limit; the last holder gives it back.
pub type Permit = Arc<OwnedSemaphorePermit>;

/// After an accept that failed (too many open files, most likely).
const PAUSE: Duration = Duration::from_millis(100);

/// Least read buffer that hyper takes.
const HEADER_BYTES_MAX: usize = 4 * SOCKET_BUFFER_BYTES;

/// Accepts connections until told to stop.
pub async fn accept(
    listener: TcpListener,
    routes: Routes,
    permits: Arc<Semaphore>,
    deadlines: Deadlines,
    mut stop: watch::Receiver<bool>,
) {
    loop {
        let accepted = async {
            // Beyond the limit, connections wait in the kernel's backlog.
            let permit = permits.clone().acquire_owned().await.ok()?;
            Some((listener.accept().await, permit))
        };
        let accepted = tokio::select! {
            accepted = accepted => accepted,
            () = stopped(&mut stop) => return,
        };
        match accepted {
            Some((Ok((stream, _peer)), permit)) => {
                let (routes, deadlines, stop) = (routes.clone(), deadlines.clone(), stop.clone());
                tokio::spawn(serve(stream, routes, Arc::new(permit), deadlines, stop));
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
    routes: Routes,
    permit: Permit,
    deadlines: Deadlines,
    mut stop: watch::Receiver<bool>,
) {
    // Small messages shall not wait for each other; without it they are only slower.
    drop(stream.set_nodelay(true));
    let first_byte = tokio::time::timeout(deadlines.first_byte, stream.peek(&mut [0])).await;
    if !matches!(first_byte, Ok(Ok(1..))) {
        return;
    }
    let routes = TowerToHyperService::new(warp::service(routes));
    let answer = service_fn(move |mut request: Request<Incoming>| {
        request.extensions_mut().insert(permit.clone());
        let answer = tokio::time::timeout(deadlines.request, routes.call(request));
        async move {
            answer.await.unwrap_or_else(|_elapsed| {
                let body = r#"{"type":"error","code":"overloaded","message":"took too long"}"#;
                Ok(reply::json(StatusCode::REQUEST_TIMEOUT, body.into()))
            })
        }
    });
    let connection = http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(deadlines.header)
        .max_buf_size(HEADER_BYTES_MAX)
        .serve_connection(TokioIo::new(PatientIo::new(stream, deadlines.write)), answer)
        .with_upgrades();
    tokio::pin!(connection);
    let served = tokio::select! {
        served = connection.as_mut() => served,
        () = stopped(&mut stop) => {
            connection.as_mut().graceful_shutdown();
            connection.await
        }
    };
    if let Err(error) = served {
        tracing::debug!(%error, "a connection ended");
    }
}
