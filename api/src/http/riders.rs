//! `DELETE /v1/riders/{name}`: everything that is held of a rider is erased.

use std::sync::Arc;

use warp::Filter;
use warp::filters::BoxedFilter;
use warp::http::StatusCode;
use warp::reply::Response;

use super::reply;
use super::routes::{decoded, with};
use crate::app::App;
use crate::wire::error::WireError;
use crate::wire::message::check_name;

pub(super) fn routes(app: &Arc<App>) -> BoxedFilter<(Response,)> {
    warp::path!("v1" / "riders" / String)
        .and(warp::delete())
        .and(with(app))
        .then(|name: String, app: Arc<App>| async move {
            match erase(&app, decoded(&name)).await {
                Ok(told) => reply::json(StatusCode::OK, told),
                Err(error) => reply::error(&error),
            }
        })
        .boxed()
}

async fn erase(app: &App, rider: String) -> Result<String, WireError> {
    check_name("name", &rider)?;
    app.core.erase(rider).await
}
