//! The opening handshake (RFC 6455, section 4.2) and who may pass.

use std::net::{Ipv4Addr, Ipv6Addr};

use hyper::upgrade::OnUpgrade;
use hyper_util::rt::TokioIo;
use tokio_tungstenite::WebSocketStream;
use tokio_tungstenite::tungstenite::handshake::derive_accept_key;
use tokio_tungstenite::tungstenite::protocol::{Role, WebSocketConfig};
use warp::http::{HeaderMap, StatusCode, header};
use warp::reply::Response;

use super::talk::Socket;
use crate::http::reply;
use crate::limits::SOCKET_BUFFER_BYTES;
use crate::server::Permit;
use crate::wire::error::{Code, WireError};

/// The subprotocol that is spoken here.
pub const SUBPROTOCOL: &str = "sharxi.v1";
/// How a ticket is named among the subprotocols that a page offers: a page can send no other header.
pub const TICKET_PREFIX: &str = "sharxi.ticket.";

/// Answers the request for an upgrade; the connection then lives in a task of its own, which does `then`.
///
/// A client that offers subprotocols must offer [`SUBPROTOCOL`]; one that offers none speaks it all the same.
pub fn upgrade<F, T>(
    headers: &HeaderMap,
    upgrade: Option<OnUpgrade>,
    permit: Permit,
    message_bytes_max: usize,
    then: F,
) -> Response
where
    F: FnOnce(Socket) -> T + Send + 'static,
    T: Future<Output = ()> + Send,
{
    let key = headers.get(header::SEC_WEBSOCKET_KEY).filter(|_| is_handshake(headers));
    let (Some(key), Some(upgrade)) = (key, upgrade) else {
        let error = WireError::new(Code::BadMessage, "this address speaks WebSocket version 13");
        let mut response = reply::json(StatusCode::UPGRADE_REQUIRED, error.encode(None));
        let names = [(header::UPGRADE, "websocket"), (header::SEC_WEBSOCKET_VERSION, "13")];
        for (name, value) in names {
            response.headers_mut().insert(name, header::HeaderValue::from_static(value));
        }
        return response;
    };
    let mut offered = subprotocols(headers).peekable();
    let is_offered = offered.peek().is_some();
    if is_offered && !offered.any(|name| name == SUBPROTOCOL) {
        return reply::error(&WireError::new(Code::BadMessage, "the subprotocol is sharxi.v1"));
    }
    let accept = derive_accept_key(key.as_bytes());
    tokio::spawn(async move {
        // The connection counts against the limit until it ends.
        let _permit = permit;
        match upgrade.await {
            Ok(upgraded) => {
                let config = WebSocketConfig::default()
                    .read_buffer_size(SOCKET_BUFFER_BYTES)
                    .write_buffer_size(SOCKET_BUFFER_BYTES)
                    .max_message_size(Some(message_bytes_max))
                    .max_frame_size(Some(message_bytes_max));
                let io = TokioIo::new(upgraded);
                let socket = WebSocketStream::from_raw_socket(io, Role::Server, Some(config)).await;
                then(socket).await;
            }
            Err(error) => tracing::debug!(%error, "an upgrade came to nothing"),
        }
    });
    reply::switching_protocols(&accept, is_offered.then_some(SUBPROTOCOL))
}

/// The subprotocols that a client offers.
fn subprotocols(headers: &HeaderMap) -> impl Iterator<Item = &str> {
    let values = headers.get_all(header::SEC_WEBSOCKET_PROTOCOL).iter();
    let values = values.filter_map(|value| value.to_str().ok());
    values.flat_map(|value| value.split(',')).map(str::trim)
}

/// The ticket that a page offers.
#[must_use]
pub fn ticket(headers: &HeaderMap) -> Option<&str> {
    subprotocols(headers).find_map(|name| name.strip_prefix(TICKET_PREFIX))
}

fn is_handshake(headers: &HeaderMap) -> bool {
    let has = |name, token: &str| {
        headers
            .get_all(name)
            .iter()
            .filter_map(|value| value.to_str().ok())
            .any(|value| value.split(',').any(|part| part.trim().eq_ignore_ascii_case(token)))
    };
    has(header::UPGRADE, "websocket")
        && has(header::CONNECTION, "upgrade")
        && has(header::SEC_WEBSOCKET_VERSION, "13")
}

/// A page of another site may not speak for whoever looks at it: the origin is absent (no browser), the service's own,
/// or one of `allowed`.
///
/// Its own is the origin equal to `Host`, but only where that is an address or `localhost`: any other name may be one
/// that a foreign page has made to point here (DNS rebinding), so it has to be allowed by name.
///
/// # Errors
/// `not_allowed`.
pub fn check_origin(headers: &HeaderMap, allowed: &[String]) -> Result<(), WireError> {
    let Some(origin) = headers.get(header::ORIGIN) else { return Ok(()) };
    let origin = origin.to_str().unwrap_or_default();
    let host = headers.get(header::HOST).and_then(|host| host.to_str().ok());
    let authority = origin.split_once("://").map(|(_, authority)| authority);
    let own = authority.is_some_and(|authority| host == Some(authority) && is_address(authority));
    if own || allowed.iter().any(|listed| listed == origin) {
        Ok(())
    } else {
        let message =
            "pages of this origin may not use the service unless allowed_origins lists it";
        Err(WireError::new(Code::NotAllowed, message))
    }
}

/// Whether the host of `authority` is an IP address or `localhost`: what nobody else can have point here.
fn is_address(authority: &str) -> bool {
    let (host, port) = match authority.rsplit_once(':') {
        // The colons of an IPv6 address stand in brackets.
        Some((host, port)) if !port.ends_with(']') => (host, port),
        _ => (authority, "0"),
    };
    let bracketed = host.strip_prefix('[').and_then(|host| host.strip_suffix(']'));
    let known = match bracketed {
        Some(host) => host.parse::<Ipv6Addr>().is_ok(),
        None => host == "localhost" || host.parse::<Ipv4Addr>().is_ok(),
    };
    known && port.parse::<u16>().is_ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_that_points_here_is_no_proof() {
        for (host, own) in [
            ("127.0.0.1:8080", true),
            ("192.168.0.7", true),
            ("[::1]:8080", true),
            ("[::1]", true),
            ("localhost", true),
            ("localhost:8080", true),
            ("rebound.example:8080", false),
            ("localhost.example", false),
            ("127.0.0.1.example", false),
            ("::1", false),
            ("", false),
        ] {
            let mut headers = HeaderMap::new();
            headers.insert(header::HOST, host.parse().unwrap());
            headers.insert(header::ORIGIN, format!("http://{host}").parse().unwrap());
            assert_eq!(check_origin(&headers, &[]).is_ok(), own, "{host}");
            let listed = [format!("http://{host}")];
            assert_eq!(check_origin(&headers, &listed), Ok(()), "{host} is listed");
        }
    }
}
