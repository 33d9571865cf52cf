//! `/v1/auth`, `/v1/login`, `/v1/token`, `/v1/ticket`: how to come in, and staying in.

use std::sync::Arc;

use jiff::Timestamp;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use warp::Filter;
use warp::filters::BoxedFilter;
use warp::http::{HeaderValue, StatusCode, header};
use warp::hyper::body::Bytes;
use warp::reply::Response;

use super::reply;
use super::routes::with;
use crate::app::App;
use crate::auth::gate::Issued;
use crate::auth::visitor::Visitor;
use crate::limits::{LOGIN_BYTES_MAX, TICKET_TTL};
use crate::server::From;
use crate::wire::error::{Code, WireError};
use crate::wire::message::Role;
use crate::wire::status::to_text;

/// The body of `POST /v1/login`.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Login {
    name: String,
    password: String,
}

/// `GET /v1/auth`: whether a token is needed.
#[derive(Serialize, JsonSchema)]
pub(crate) struct Auth {
    mode: Mode,
}

#[derive(Serialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
enum Mode {
    /// Everybody is whom they say they are.
    Open,
    /// A token says who one is.
    Token,
}

/// What a login gives.
#[derive(Serialize, JsonSchema)]
pub(crate) struct Token {
    token: String,
    role: Role,
    name: String,
    expires_at: Option<String>,
}

/// What opens one socket, once.
#[derive(Serialize, JsonSchema)]
pub(crate) struct Ticket {
    ticket: String,
    expires_in_s: u64,
}

/// The four routes.
pub(super) fn routes(app: &Arc<App>) -> BoxedFilter<(Response,)> {
    asked(app).or(login(app)).unify().or(token(app)).unify().or(ticket(app)).unify().boxed()
}

fn asked(app: &Arc<App>) -> BoxedFilter<(Response,)> {
    warp::path!("v1" / "auth")
        .and(warp::get())
        .and(with(app))
        .map(|app: Arc<App>| {
            let mode = if app.gate.is_open() { Mode::Open } else { Mode::Token };
            reply::json(StatusCode::OK, to_text(&Auth { mode }))
        })
        .boxed()
}

fn login(app: &Arc<App>) -> BoxedFilter<(Response,)> {
    warp::path!("v1" / "login")
        .and(warp::post())
        .and(with(app))
        .and(warp::ext::get::<From>())
        .and(warp::body::content_length_limit(LOGIN_BYTES_MAX))
        .and(warp::body::bytes())
        .then(|app: Arc<App>, From(from): From, body: Bytes| async move {
            let login: Login = match serde_json::from_slice(&body) {
                Ok(login) => login,
                // What the parser says could show the password.
                Err(_) => {
                    let message = "name and password are needed, and nothing else";
                    return reply::error(&WireError::new(Code::BadMessage, message));
                }
            };
            let issued = app.gate.log_in(from, &login.name, login.password).await;
            if let Err(error) = &issued {
                app.metrics.logins_refused.inc();
                tracing::info!(%from, code = ?error.code, "a login was refused");
            }
            told(issued)
        })
        .boxed()
}

fn token(app: &Arc<App>) -> BoxedFilter<(Response,)> {
    warp::path!("v1" / "token")
        .and(warp::post())
        .and(with(app))
        .and(warp::ext::get::<Visitor>())
        .map(|app: Arc<App>, visitor: Visitor| told(app.gate.renew(&visitor)))
        .boxed()
}

fn ticket(app: &Arc<App>) -> BoxedFilter<(Response,)> {
    warp::path!("v1" / "ticket")
        .and(warp::post())
        .and(with(app))
        .and(warp::ext::get::<Visitor>())
        .map(|app: Arc<App>, visitor: Visitor| match app.gate.ticket(&visitor) {
            Ok(ticket) => secret(to_text(&Ticket { ticket, expires_in_s: TICKET_TTL.as_secs() })),
            Err(error) => reply::error(&error),
        })
        .boxed()
}

fn told(issued: Result<Issued, WireError>) -> Response {
    let Issued { token, identity } = match issued {
        Ok(issued) => issued,
        Err(error) => return reply::error(&error),
    };
    let expires = i64::try_from(identity.expires).ok();
    let expires = expires.and_then(|expires| Timestamp::from_second(expires).ok());
    secret(to_text(&Token {
        token,
        role: identity.role,
        name: identity.name,
        expires_at: expires.map(|expires| expires.to_string()),
    }))
}

/// A body that nobody on the way may keep.
fn secret(body: String) -> Response {
    let mut response = reply::json(StatusCode::OK, body);
    response.headers_mut().insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    response
}
