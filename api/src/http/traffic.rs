//! `/v1/traffic`: what is changed, new changes, and the map as imported again.

use std::hash::Hasher;
use std::sync::Arc;

use sharxi_engine::region::TrafficChange;
use siphasher::sip::SipHasher13;
use tokio::sync::oneshot;
use warp::filters::BoxedFilter;
use warp::http::{HeaderMap, header};
use warp::hyper::body::Bytes;
use warp::reply::Response;
use warp::{Filter, Reply};

use super::reply;
use super::routes::{ask, with};
use crate::app::App;
use crate::auth::visitor::Visitor;
use crate::desk::Question;
use crate::inputs::{AnswerTo, Input, closing};
use crate::intent::{Intent, Order};
use crate::limits::TRAFFIC_BYTES_MAX;
use crate::traffic::{Feed, areas, table};
use crate::wire::error::{Code, WireError};
use crate::wire::traffic::{self, Sender};

/// The three routes.
pub(super) fn routes(app: &Arc<App>) -> BoxedFilter<(Response,)> {
    shown(app).or(posted(app)).unify().or(deleted(app)).unify().boxed()
}

fn shown(app: &Arc<App>) -> BoxedFilter<(Response,)> {
    warp::path!("v1" / "traffic")
        .and(warp::get())
        .and(with(app))
        .then(|app: Arc<App>| async move { ask(&app, Question::Traffic, "no traffic").await })
        .boxed()
}

fn posted(app: &Arc<App>) -> BoxedFilter<(Response,)> {
    warp::path!("v1" / "traffic")
        .and(warp::post())
        .and(with(app))
        .and(warp::header::headers_cloned())
        .and(warp::query::<Sender>().map(Some).or(warp::any().map(|| None)).unify())
        .and(warp::body::content_length_limit(TRAFFIC_BYTES_MAX))
        .and(warp::body::bytes())
        .and(warp::ext::get::<Visitor>())
        .then(
            |app: Arc<App>, headers: HeaderMap, sender: Option<Sender>, body: Bytes, visitor| async move {
                let read = read(&app, &headers, sender, &body);
                answered(match read {
                    Ok((sender, feed)) => set(&app, &visitor, sender, feed, &body).await,
                    Err(error) => Err(error),
                })
            },
        )
        .boxed()
}

fn deleted(app: &Arc<App>) -> BoxedFilter<(Response,)> {
    warp::path!("v1" / "traffic")
        .and(warp::delete())
        .and(with(app))
        .and(warp::ext::get::<Visitor>())
        .and(warp::query::<Sender>())
        .then(|app: Arc<App>, visitor: Visitor, sender: Sender| async move {
            let changes = vec![traffic::as_imported()];
            let feed = Feed { changes, ..Feed::default() };
            answered(set(&app, &visitor, sender, feed, b"delete").await)
        })
        .boxed()
}

fn answered(answer: Result<String, WireError>) -> Response {
    answer.map_or_else(|error| reply::error(&error), reply::answer).into_response()
}

/// Reads a body by its content type: JSON says itself who sends it, a file leaves that to the query.
fn read(
    app: &App,
    headers: &HeaderMap,
    sender: Option<Sender>,
    body: &[u8],
) -> Result<(Sender, Feed), WireError> {
    let content_type = headers.get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok());
    let content_type = content_type.map_or("application/json", |value| {
        value.split_once(';').map_or(value, |(kind, _)| kind).trim()
    });
    let sender = || {
        let missing = "the query must have id, role and name and nothing else";
        sender.ok_or_else(|| WireError::new(Code::BadMessage, missing))
    };
    match content_type {
        "application/json" => traffic::read(body, &app.map.way_ids()),
        "text/csv" => Ok((sender()?, table::read(body, &app.map.way_ids())?)),
        "application/geo+json" => Ok((sender()?, areas::read(body)?)),
        _ => Err(WireError::bad_value(
            "content-type",
            "must be application/json, text/csv or application/geo+json",
        )),
    }
}

/// Hands changes to the core and waits for its answer.
async fn set(
    app: &App,
    visitor: &Visitor,
    sender: Sender,
    feed: Feed,
    body: &[u8],
) -> Result<String, WireError> {
    sender.check()?;
    let caller = visitor.caller(sender.role, sender.name)?;
    app.gate.pace(visitor, &caller)?;
    let id = sender.id;
    let mut hasher = SipHasher13::new();
    hasher.write(body);
    let changes: Vec<TrafficChange> = feed.changes.clone();
    let intent = Intent::SetTraffic(changes);
    let order = Order::Lasting { id, body_digest: hasher.finish(), intent };
    let (answer, receiver) = oneshot::channel();
    let answer = AnswerTo::Once(answer);
    app.core.submit(Input::Order { caller: Arc::new(caller), order, answer })?;
    let reply = receiver.await.map_err(|_error| closing())?;
    Ok(traffic::with_feed(&reply, &feed))
}
