//! Open data over HTTP: `/feeds/...` and `/open-data/...`. Anybody may read them, from any origin.

use std::collections::BTreeMap;
use std::sync::Arc;

use prost::Message;
use serde_json::Value;
use sharxi_engine::geo::LatLon;
use warp::Filter;
use warp::filters::BoxedFilter;
use warp::http::{HeaderValue, StatusCode, header};
use warp::reply::Response;

use super::{reply, routes::with};
use crate::app::App;
use crate::feeds::live::Live;
use crate::feeds::{flex, gofs, open_data, realtime};
use crate::limits::ADDRESS_BYTES_MAX;
use crate::wire::error::WireError;

/// The table.
pub(super) fn routes(app: &Arc<App>) -> BoxedFilter<(Response,)> {
    let files = warp::path("feeds").or(warp::path("open-data")).unify();
    files
        .and(warp::get())
        .and(with(app))
        .and(warp::path::full())
        .and(warp::query::<BTreeMap<String, String>>())
        .then(|app: Arc<App>, path: warp::path::FullPath, query| async move {
            let mut response = match answer(&app, path.as_str(), &query).await {
                Ok(response) => response,
                Err(error) => reply::error(&error),
            };
            // Who reads open data from another page than ours needs the browser's leave.
            let headers = response.headers_mut();
            headers.insert(header::ACCESS_CONTROL_ALLOW_ORIGIN, HeaderValue::from_static("*"));
            response
        })
        .boxed()
}

async fn answer(
    app: &App,
    path: &str,
    query: &BTreeMap<String, String>,
) -> Result<Response, WireError> {
    let live = app.feeds.live().await?;
    if let Some(name) = path.strip_prefix("/feeds/gofs/") {
        return match name {
            "wait_time" | "realtime_booking" => gofs_query(app, name, query, &live).await,
            _ => Ok(gofs_file(app, name, &live)),
        };
    }
    Ok(match path {
        "/feeds/gtfs-flex.zip" => match flex::archive(&app.feeds, &live) {
            Ok(archive) => reply::bytes("application/zip", archive),
            Err(error) => unmade(&error),
        },
        "/feeds/gtfs-rt/vehicle-positions.pb" => {
            let message = realtime::vehicle_positions(&app.feeds, &live);
            reply::bytes("application/x-protobuf", message.encode_to_vec())
        }
        "/feeds/gtfs-rt/alerts.pb" => {
            let message = realtime::alerts(&app.feeds, &live);
            reply::bytes("application/x-protobuf", message.encode_to_vec())
        }
        "/open-data" | "/open-data/" => json(&open_data::index(&app.feeds)),
        _ => table(app, path, &live),
    })
}

fn json(value: &Value) -> Response {
    reply::json(StatusCode::OK, value.to_string())
}

fn unmade(error: &dyn std::error::Error) -> Response {
    tracing::error!(%error, "a feed could not be made");
    reply::json(StatusCode::INTERNAL_SERVER_ERROR, r#"{"type":"error"}"#.to_owned())
}

fn gofs_file(app: &App, name: &str, live: &Live) -> Response {
    let file = name.strip_suffix(".json").and_then(|name| gofs::file(name, &app.feeds, live));
    file.map_or_else(|| reply::not_found("no such feed"), |file| json(&file))
}

fn table(app: &App, path: &str, live: &Live) -> Response {
    let named = path.strip_prefix("/open-data/").and_then(|name| name.split_once('.'));
    let found =
        named.and_then(|(name, ending)| Some((open_data::table(name, &app.feeds, live)?, ending)));
    match found {
        Some((table, "csv")) => match table.csv() {
            Ok(text) => reply::bytes("text/csv; charset=utf-8", text),
            Err(error) => unmade(&error),
        },
        Some((table, "geojson")) => {
            reply::bytes("application/geo+json", table.geojson().to_string().into_bytes())
        }
        _ => reply::not_found("no such feed"),
    }
}

/// `wait_time` and `realtime_booking`: what the dispatcher would tell somebody who asks now. Other parameters than the known
/// ones are passed over, as the format is meant to grow.
async fn gofs_query(
    app: &App,
    name: &str,
    query: &BTreeMap<String, String>,
    live: &Live,
) -> Result<Response, WireError> {
    let pickup = point(query, ["pickup_lat", "pickup_lon"])?
        .ok_or_else(|| WireError::bad_value("pickup_lat", "and pickup_lon must be given"))?;
    let drop_off = point(query, ["drop_off_lat", "drop_off_lon"])?;
    let ours = |brands: &String| brands.split(',').any(|brand| brand.trim() == gofs::BRAND);
    let estimate = if query.get("brand_id").is_none_or(ours) {
        app.feeds.estimate(pickup, drop_off).await?
    } else {
        None
    };
    if name == "wait_time" {
        return Ok(json(&gofs::wait_time(estimate, live)));
    }
    let mut ends = Vec::new();
    for key in [
        "pickup_lat",
        "pickup_lon",
        "pickup_address",
        "drop_off_lat",
        "drop_off_lon",
        "drop_off_address",
    ] {
        if let Some(value) = query.get(key) {
            if ADDRESS_BYTES_MAX < value.len() {
                return Err(WireError::bad_value(key, "has too many bytes"));
            }
            ends.push((key, value.clone()));
        }
    }
    Ok(json(&gofs::realtime_booking(estimate, &ends, &app.feeds, live)))
}

/// Both degrees, or neither.
fn point(query: &BTreeMap<String, String>, keys: [&str; 2]) -> Result<Option<LatLon>, WireError> {
    let [lat_key, lon_key] = keys;
    match (query.get(lat_key), query.get(lon_key)) {
        (None, None) => Ok(None),
        (Some(lat), Some(lon)) => {
            let point = lat.trim().parse().ok().zip(lon.trim().parse().ok());
            let point = point.and_then(|(lat, lon)| LatLon::from_degrees(lat, lon));
            let rule = format!("and {lon_key} must be a latitude and a longitude in degrees");
            point.map(Some).ok_or_else(|| WireError::bad_value(lat_key, &rule))
        }
        _ => Err(WireError::bad_value(lat_key, &format!("and {lon_key} must be given together"))),
    }
}
