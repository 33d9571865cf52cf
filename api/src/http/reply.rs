//! Responses.

use serde::Deserialize;
use warp::http::{HeaderValue, StatusCode, header};
use warp::reply::{Reply, Response};

use crate::wire::error::{Code, WireError};

/// A JSON body.
#[must_use]
pub fn json(status: StatusCode, body: String) -> Response {
    typed(status, "application/json", body.into_response())
}

/// Bytes of some type.
#[must_use]
pub fn bytes(content_type: &'static str, body: Vec<u8>) -> Response {
    typed(StatusCode::OK, content_type, body.into_response())
}

/// An error object with the status that fits it.
#[must_use]
pub fn error(error: &WireError) -> Response {
    let mut response = json(status(error.code), error.encode(None));
    let (name, value) = match (error.code, error.retry_after_s()) {
        (Code::Unauthenticated, _) => {
            (header::WWW_AUTHENTICATE, HeaderValue::from_static("Bearer"))
        }
        (_, Some(seconds)) => (header::RETRY_AFTER, HeaderValue::from(seconds)),
        _ => return response,
    };
    response.headers_mut().insert(name, value);
    response
}

/// The answer to a command: 200 for `ok`, or what fits the error.
#[must_use]
pub fn answer(reply: String) -> Response {
    #[derive(Deserialize)]
    struct Head {
        #[serde(default)]
        code: Option<Code>,
        #[serde(default)]
        retry_after_s: Option<u32>,
    }
    let head = serde_json::from_str::<Head>(&reply).ok();
    let code = head.as_ref().and_then(|head| head.code);
    let mut response = json(code.map_or(StatusCode::OK, status), reply);
    if let Some(seconds) = head.and_then(|head| head.retry_after_s) {
        response.headers_mut().insert(header::RETRY_AFTER, HeaderValue::from(seconds));
    }
    response
}

/// No such thing.
#[must_use]
pub fn not_found(what: &str) -> Response {
    error(&WireError::new(Code::NotFound, what))
}

/// 101, and from then on WebSocket.
#[must_use]
pub fn switching_protocols(accept: &str, subprotocol: Option<&'static str>) -> Response {
    let mut response = StatusCode::SWITCHING_PROTOCOLS.into_response();
    let headers = response.headers_mut();
    headers.insert(header::CONNECTION, HeaderValue::from_static("Upgrade"));
    headers.insert(header::UPGRADE, HeaderValue::from_static("websocket"));
    // The key is base64 of a digest.
    if let Ok(value) = HeaderValue::from_str(accept) {
        headers.insert(header::SEC_WEBSOCKET_ACCEPT, value);
    }
    if let Some(name) = subprotocol {
        headers.insert(header::SEC_WEBSOCKET_PROTOCOL, HeaderValue::from_static(name));
    }
    response
}

/// What the page may load: itself, and what it makes. MapLibre starts its worker from a blob and styles what it draws.
const PAGE_POLICY: &str = "default-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data: blob:; \
     worker-src 'self' blob:; frame-ancestors 'none'";

fn typed(status: StatusCode, content_type: &'static str, mut response: Response) -> Response {
    *response.status_mut() = status;
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(content_type));
    headers.insert(header::X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    if content_type.starts_with("text/html") {
        headers.insert(header::CONTENT_SECURITY_POLICY, HeaderValue::from_static(PAGE_POLICY));
    }
    response
}

const fn status(code: Code) -> StatusCode {
    match code {
        Code::BadMessage | Code::BadValue | Code::Binary | Code::HelloExpected => {
            StatusCode::BAD_REQUEST
        }
        Code::TooLarge => StatusCode::PAYLOAD_TOO_LARGE,
        Code::NotAllowed => StatusCode::FORBIDDEN,
        Code::Unauthenticated => StatusCode::UNAUTHORIZED,
        Code::UnknownRide | Code::UnknownVehicle | Code::NotFound => StatusCode::NOT_FOUND,
        Code::NameTaken | Code::NotNow | Code::IdReused => StatusCode::CONFLICT,
        Code::OutsideArea => StatusCode::UNPROCESSABLE_ENTITY,
        Code::Full | Code::Overloaded => StatusCode::TOO_MANY_REQUESTS,
        Code::Storage | Code::StorageFull => StatusCode::INSUFFICIENT_STORAGE,
        Code::Closing => StatusCode::SERVICE_UNAVAILABLE,
    }
}
