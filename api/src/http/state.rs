//! `/health`, `/ready`, `/metrics`: how the service is.

use std::sync::Arc;

use warp::Filter;
use warp::filters::BoxedFilter;
use warp::http::StatusCode;
use warp::reply::Response;

use super::reply;
use super::routes::with;
use crate::app::App;
use crate::desk::Question;
use crate::metrics::CONTENT_TYPE;
use crate::wire::notices::{Health, Ready};
use crate::wire::status::to_text;

/// The three routes.
pub(super) fn routes(app: &Arc<App>) -> BoxedFilter<(Response,)> {
    health().or(ready(app)).unify().or(metrics(app)).unify().boxed()
}

fn health() -> BoxedFilter<(Response,)> {
    let alive = || reply::json(StatusCode::OK, to_text(&Health { alive: true }));
    warp::path!("health").and(warp::get()).map(alive).boxed()
}

fn ready(app: &Arc<App>) -> BoxedFilter<(Response,)> {
    warp::path!("ready")
        .and(warp::get())
        .and(with(app))
        .then(|app: Arc<App>| async move {
            let recovered = *app.ready.borrow();
            let standing =
                if recovered { app.core.ask(Question::Standing).await } else { Ok(None) };
            match standing.ok().flatten() {
                Some(body) => reply::json(StatusCode::OK, body),
                None => {
                    let unready = Ready { ready: false, standing: None };
                    reply::json(StatusCode::SERVICE_UNAVAILABLE, to_text(&unready))
                }
            }
        })
        .boxed()
}

fn metrics(app: &Arc<App>) -> BoxedFilter<(Response,)> {
    warp::path!("metrics")
        .and(warp::get())
        .and(with(app))
        .then(|app: Arc<App>| async move {
            app.metrics.queue.set(i64::try_from(app.core.waiting()).unwrap_or(i64::MAX));
            let recovered = *app.ready.borrow();
            app.metrics.ready.set(i64::from(recovered));
            // A core that is too busy to tell leaves the figures as they were.
            if recovered && let Ok(Some(kpi)) = app.core.ask(Question::Kpi).await {
                app.metrics.figures(&serde_json::from_str(&kpi).unwrap_or_default());
            }
            reply::bytes(CONTENT_TYPE, app.metrics.text().into_bytes())
        })
        .boxed()
}
