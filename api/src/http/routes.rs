//! The table of addresses.

use std::convert::Infallible;
use std::sync::Arc;
use std::time::Instant;

use hyper::upgrade::OnUpgrade;
use schemars::JsonSchema;
use serde::Deserialize;
use sharxi_engine::demand::request::Name;
use tokio::sync::oneshot;
use warp::filters::BoxedFilter;
use warp::http::{HeaderMap, StatusCode};
use warp::hyper::body::Bytes;
use warp::reply::Response;
use warp::{Filter, Rejection, Reply};

use super::{account, documents, feeds, page, queries, recurring, reply, riders, state, traffic};
use crate::access;
use crate::app::App;
use crate::auth::visitor::Visitor;
use crate::desk::Question;
use crate::inputs::{AnswerTo, Input, closing};
use crate::intent::{Caller, Order};
use crate::limits::MESSAGE_BYTES_MAX;
use crate::quotes::Wondered;
use crate::server::Permit;
use crate::wire::convert;
use crate::wire::error::{Code, WireError};
use crate::wire::message::{Point, Unreadable, read_command_as};
use crate::ws::{connection, handshake};

/// What a point in a query looks like.
pub(crate) const LAT_LON: &str =
    r"^ *-?[0-9]{1,2}(\.[0-9]{1,7})? *, *-?[0-9]{1,3}(\.[0-9]{1,7})? *$";

/// All routes, in one type that a spawned task can hold.
pub type Routes = BoxedFilter<(Response,)>;

/// The table.
#[must_use]
pub fn routes(app: &Arc<App>) -> Routes {
    let queries = ride(app).or(vehicle(app)).unify().or(vehicles(app)).unify().or(why(app)).unify();
    let figures = kpi(app).or(region(app)).unify().or(quote(app)).unify();
    let state = state::routes(app).or(account::routes(app)).unify();
    let table = socket(app)
        .or(commands(app))
        .unify()
        .or(queries::routes(app))
        .unify()
        .or(queries)
        .unify()
        .or(figures)
        .unify()
        .or(traffic::routes(app))
        .unify()
        .or(recurring::routes(app))
        .unify()
        .or(riders::routes(app))
        .unify()
        .or(tile(app))
        .unify()
        .or(state)
        .unify()
        .or(feeds::routes(app))
        .unify()
        .or(documents::routes())
        .unify()
        .or(pages())
        .unify();
    table.recover(refused).map(Reply::into_response).boxed()
}

pub(super) fn with(
    app: &Arc<App>,
) -> impl Filter<Extract = (Arc<App>,), Error = Infallible> + Clone + use<> {
    let app = app.clone();
    warp::any().map(move || app.clone())
}

fn socket(app: &Arc<App>) -> BoxedFilter<(Response,)> {
    warp::path!("v1" / "ws")
        .and(warp::get())
        .and(with(app))
        .and(warp::header::headers_cloned())
        .and(warp::ext::optional::<OnUpgrade>())
        .and(warp::ext::get::<Permit>())
        .and(warp::ext::get::<Visitor>())
        .map(|app: Arc<App>, headers: HeaderMap, upgrade, permit, visitor| {
            handshake::upgrade(
                &headers,
                upgrade,
                permit,
                MESSAGE_BYTES_MAX,
                move |socket| async move {
                    connection::serve(&app, visitor, socket).await;
                },
            )
        })
        .boxed()
}

fn commands(app: &Arc<App>) -> BoxedFilter<(Response,)> {
    warp::path!("v1" / "commands")
        .and(warp::post())
        .and(with(app))
        .and(warp::ext::get::<Visitor>())
        .and(warp::body::content_length_limit(MESSAGE_BYTES_MAX as u64))
        .and(warp::body::bytes())
        .then(|app: Arc<App>, visitor: Visitor, body: Bytes| async move {
            let begun = Instant::now();
            match command(&app, &visitor, &body).await {
                Ok(reply) => {
                    app.metrics.command_seconds.observe(begun.elapsed().as_secs_f64());
                    reply::answer(reply)
                }
                Err(Unreadable { id, error }) => {
                    app.metrics.refused(error.code);
                    reply::answer(error.encode(id.as_deref()))
                }
            }
        })
        .boxed()
}

pub(super) async fn command(
    app: &App,
    visitor: &Visitor,
    body: &[u8],
) -> Result<String, Unreadable> {
    let (sender, command) = read_command_as(body)?;
    let id = command.id().map(str::to_owned);
    let labelled = |error| Unreadable { id: id.clone(), error };
    let order = convert::order(&command, app.map.as_ref()).map_err(labelled)?;
    if matches!(order, Order::Position { .. }) {
        let message = "positions are reported over a WebSocket only";
        return Err(labelled(WireError::new(Code::NotAllowed, message)));
    }
    let (role, name) = sender.map(|sender| (sender.role, sender.name)).unzip();
    let caller = visitor.caller(role, name).map_err(labelled)?;
    app.gate.pace(visitor, &caller).map_err(labelled)?;
    let (answer, receiver) = oneshot::channel();
    let answer = AnswerTo::Once(answer);
    let input = Input::Order { caller: Arc::new(caller), order, answer };
    app.core.submit(input).map_err(labelled)?;
    receiver.await.map_err(|_error| labelled(closing()))
}

/// Under which role and name a question is asked; `None` where everybody may ask it.
fn asker(app: &App, visitor: &Visitor) -> Result<Option<Caller>, WireError> {
    if matches!(visitor, Visitor::Anyone) {
        return Ok(None);
    }
    let caller = visitor.caller(None, None)?;
    app.gate.pace(visitor, &caller)?;
    Ok(Some(caller))
}

pub(super) async fn ask(app: &App, question: Question, missing: &'static str) -> Response {
    match app.core.ask(question).await {
        Ok(Some(body)) => reply::json(StatusCode::OK, body),
        Ok(None) => reply::not_found(missing),
        Err(error) => reply::error(&error),
    }
}

fn ride(app: &Arc<App>) -> BoxedFilter<(Response,)> {
    warp::path!("v1" / "rides" / String)
        .and(warp::get())
        .and(with(app))
        .and(warp::ext::get::<Visitor>())
        .then(|name: String, app: Arc<App>, visitor: Visitor| async move {
            match (Name::new(decoded(&name)), asker(&app, &visitor)) {
                (Ok(name), Ok(asker)) => {
                    ask(&app, Question::Ride(name, asker), "no such ride").await
                }
                (Err(_), _) => reply::not_found("no such ride"),
                (_, Err(error)) => reply::error(&error),
            }
        })
        .boxed()
}

fn vehicle(app: &Arc<App>) -> BoxedFilter<(Response,)> {
    warp::path!("v1" / "vehicles" / String)
        .and(warp::get())
        .and(with(app))
        .and(warp::ext::get::<Visitor>())
        .then(|name: String, app: Arc<App>, visitor: Visitor| async move {
            match (Name::new(decoded(&name)), asker(&app, &visitor)) {
                // What one may not see is not there.
                (Ok(name), Ok(Some(caller))) if !access::may_see_vehicle(&caller, &name) => {
                    reply::not_found("no such vehicle")
                }
                (Ok(name), Ok(_)) => ask(&app, Question::Vehicle(name), "no such vehicle").await,
                (Err(_), _) => reply::not_found("no such vehicle"),
                (_, Err(error)) => reply::error(&error),
            }
        })
        .boxed()
}

/// Why a ride has its vehicle, and what the move of an idle vehicle is for.
fn why(app: &Arc<App>) -> BoxedFilter<(Response,)> {
    let ride = warp::path!("v1" / "rides" / String / "why");
    let vehicle = warp::path!("v1" / "vehicles" / String / "why");
    why_of(app, ride.boxed(), Question::WhyRide)
        .or(why_of(app, vehicle.boxed(), Question::WhyMove))
        .unify()
        .boxed()
}

fn why_of(
    app: &Arc<App>,
    path: BoxedFilter<(String,)>,
    question: fn(Name) -> Question,
) -> BoxedFilter<(Response,)> {
    path.and(warp::get())
        .and(with(app))
        .and(warp::ext::get::<Visitor>())
        .then(move |name: String, app: Arc<App>, visitor: Visitor| async move {
            if let Err(error) = asker(&app, &visitor) {
                return reply::error(&error);
            }
            match Name::new(decoded(&name)) {
                Ok(name) => ask(&app, question(name), "nothing to explain").await,
                Err(_unnamed) => reply::not_found("nothing to explain"),
            }
        })
        .boxed()
}

fn vehicles(app: &Arc<App>) -> BoxedFilter<(Response,)> {
    warp::path!("v1" / "vehicles")
        .and(warp::get())
        .and(with(app))
        .then(|app: Arc<App>| async move { ask(&app, Question::Vehicles, "no vehicles").await })
        .boxed()
}

fn kpi(app: &Arc<App>) -> BoxedFilter<(Response,)> {
    warp::path!("v1" / "kpi")
        .and(warp::get())
        .and(with(app))
        .then(|app: Arc<App>| async move { ask(&app, Question::Kpi, "no figures").await })
        .boxed()
}

fn region(app: &Arc<App>) -> BoxedFilter<(Response,)> {
    warp::path!("v1" / "region")
        .and(warp::get())
        .and(with(app))
        .map(|app: Arc<App>| reply::json(StatusCode::OK, app.region.clone()))
        .boxed()
}

/// The query of `GET /v1/quote`.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct QuoteQuery {
    /// Latitude and longitude in degrees, with a comma between.
    #[schemars(extend("pattern" = LAT_LON))]
    from: String,
    /// Likewise.
    #[schemars(extend("pattern" = LAT_LON))]
    to: String,
    /// 1 to 16.
    #[schemars(with = "u8", range(min = 1, max = 16))]
    #[serde(default = "one")]
    passengers: String,
    /// Of them.
    #[schemars(with = "u8", range(min = 0, max = 16))]
    #[serde(default = "none")]
    wheelchairs: String,
}

fn one() -> String {
    "1".to_owned()
}

fn none() -> String {
    "0".to_owned()
}

fn quote(app: &Arc<App>) -> BoxedFilter<(Response,)> {
    warp::path!("v1" / "quote")
        .and(warp::get())
        .and(warp::query::<QuoteQuery>())
        .and(with(app))
        .then(|query: QuoteQuery, app: Arc<App>| async move {
            match quoted(&query, &app) {
                Ok(question) => ask(&app, question, "no quote").await,
                Err(error) => reply::error(&error),
            }
        })
        .boxed()
}

fn quoted(query: &QuoteQuery, app: &App) -> Result<Question, WireError> {
    let point = |field: &str, text: &str| -> Result<Point, WireError> {
        text.split_once(',')
            .and_then(|(lat, lon)| Some([lat.trim().parse().ok()?, lon.trim().parse().ok()?]))
            .ok_or_else(|| WireError::bad_value(field, "must be LAT,LON in degrees"))
    };
    // What is no number, or one beyond all bounds, is out of range like any other.
    let number = |text: &str| text.parse::<i64>().unwrap_or(i64::MIN);
    let map = app.map.as_ref();
    let (from, to) = (point("from", &query.from)?, point("to", &query.to)?);
    Ok(Question::Quote(Wondered {
        ends: [convert::snap("from", from, map)?, convert::snap("to", to, map)?],
        doors: [convert::point("from", from)?, convert::point("to", to)?],
        party: convert::party(number(&query.passengers), number(&query.wheelchairs))?,
    }))
}

fn tile(app: &Arc<App>) -> BoxedFilter<(Response,)> {
    warp::path!("tiles" / u8 / u32 / String)
        .and(warp::get())
        .and(with(app))
        .then(|zoom: u8, column: u32, row: String, app: Arc<App>| async move {
            let row = row.strip_suffix(".mvt").and_then(|row| row.parse::<u32>().ok());
            let Some(row) = row else { return reply::not_found("no such tile") };
            match app.tiles.get(zoom, column, row).await {
                // Nothing is there, which is no mistake of whoever asks.
                Some(tile) if tile.is_empty() => StatusCode::NO_CONTENT.into_response(),
                Some(tile) => {
                    reply::bytes("application/vnd.mapbox-vector-tile", tile.as_ref().clone())
                }
                None => reply::not_found("no such tile"),
            }
        })
        .boxed()
}

fn pages() -> BoxedFilter<(Response,)> {
    warp::get()
        .and(warp::path::full())
        .and_then(|path: warp::path::FullPath| async move {
            page::find(path.as_str()).ok_or_else(warp::reject::not_found)
        })
        .boxed()
}

/// What no route took.
async fn refused(rejection: Rejection) -> Result<Response, Infallible> {
    let error = if rejection.find::<warp::reject::PayloadTooLarge>().is_some() {
        WireError::new(Code::TooLarge, "the body has too many bytes")
    } else if rejection.find::<warp::reject::LengthRequired>().is_some() {
        WireError::new(Code::BadMessage, "Content-Length is required")
    } else if rejection.find::<warp::reject::InvalidQuery>().is_some() {
        WireError::new(Code::BadMessage, "the query lacks a field or has one too many")
    } else {
        return Ok(reply::not_found("no such address"));
    };
    Ok(reply::error(&error))
}

/// A path segment without its percent signs; as it is if they make no sense.
pub(super) fn decoded(segment: &str) -> String {
    let mut bytes = Vec::with_capacity(segment.len());
    let mut rest = segment.as_bytes();
    while let Some((&first, tail)) = rest.split_first() {
        let hex = tail.get(..2).filter(|_| first == b'%');
        let value = hex
            .and_then(|hex| std::str::from_utf8(hex).ok())
            .and_then(|hex| u8::from_str_radix(hex, 16).ok());
        match (value, tail.get(2..)) {
            (Some(value), Some(after)) => {
                bytes.push(value);
                rest = after;
            }
            _ => {
                bytes.push(first);
                rest = tail;
            }
        }
    }
    String::from_utf8(bytes).unwrap_or_else(|_| segment.to_owned())
}
