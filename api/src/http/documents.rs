//! `/v1/openapi.json`, `/v1/asyncapi.json`, and the same without `/v1`: the service described by open standards.

use warp::Filter;
use warp::filters::BoxedFilter;
use warp::http::StatusCode;
use warp::reply::Response;

use super::reply;

const OPENAPI: &str = include_str!("../../schema/openapi.json");
const ASYNCAPI: &str = include_str!("../../schema/asyncapi.json");

/// The routes.
pub(super) fn routes() -> BoxedFilter<(Response,)> {
    let named = |name: &'static str, text: &'static str| {
        let at_root = warp::path(name).and(warp::path::end());
        let under_v1 = warp::path("v1").and(warp::path(name)).and(warp::path::end());
        under_v1
            .or(at_root)
            .unify()
            .and(warp::get())
            .map(move || reply::json(StatusCode::OK, text.to_owned()))
    };
    named("openapi.json", OPENAPI).or(named("asyncapi.json", ASYNCAPI)).unify().boxed()
}
