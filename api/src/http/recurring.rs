//! `POST /v1/recurring`: a weekly rule, booked ride by ride.

use std::sync::Arc;

use serde_json::Value;
use warp::Filter;
use warp::filters::BoxedFilter;
use warp::http::StatusCode;
use warp::hyper::body::Bytes;
use warp::reply::Response;

use super::reply;
use super::routes::{command, with};
use crate::app::App;
use crate::auth::visitor::Visitor;
use crate::desk::Question;
use crate::limits::MESSAGE_BYTES_MAX;
use crate::wire::error::{Code, WireError};
use crate::wire::message::Unreadable;
use crate::wire::recurring::{Booked, Recurring};
use crate::wire::status::to_text;
use crate::wire::words::RecurringWord;
use crate::wire::{recurring, time};

pub(super) fn routes(app: &Arc<App>) -> BoxedFilter<(Response,)> {
    warp::path!("v1" / "recurring")
        .and(warp::post())
        .and(with(app))
        .and(warp::ext::get::<Visitor>())
        .and(warp::body::content_length_limit(MESSAGE_BYTES_MAX as u64))
        .and(warp::body::bytes())
        .then(|app: Arc<App>, visitor: Visitor, body: Bytes| async move {
            match book(&app, &visitor, &body).await {
                Ok(told) => reply::json(StatusCode::OK, told),
                Err(error) => reply::error(&error),
            }
        })
        .boxed()
}

/// Books the rides one after the other; each is answered for itself.
async fn book(app: &App, visitor: &Visitor, body: &[u8]) -> Result<String, WireError> {
    let rule = recurring::read(body)?;
    let standing = app.core.ask(Question::Standing).await?.unwrap_or_default();
    let standing: Value = serde_json::from_str(&standing).unwrap_or_default();
    let now = standing["now"].as_str().and_then(time::parse);
    let now = now.ok_or_else(|| WireError::new(Code::Closing, "the service does not run"))?;
    let mut rides = Vec::new();
    for single in rule.singles(now) {
        let answer = match command(app, visitor, &single.body).await {
            Ok(reply) => reply,
            Err(Unreadable { id, error }) => error.encode(id.as_deref()),
        };
        let answer: Value = serde_json::from_str(&answer).unwrap_or_default();
        rides.push(Booked { target_at: single.target_at, answer });
    }
    Ok(to_text(&Recurring { r#type: RecurringWord::It, id: rule.id(), rides }))
}
