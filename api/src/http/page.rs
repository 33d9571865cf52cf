//! The live page, embedded in the binary when it was built.

use warp::http::StatusCode;
use warp::reply::Response;

use super::reply;

// `ASSETS: &[(&str, &[u8])]`, path and contents, sorted by path.
include!(concat!(env!("OUT_DIR"), "/assets.rs"));

/// The file at `path`; `/` is the page itself.
#[must_use]
pub fn serve(path: &str) -> Response {
    let wanted = match path.trim_start_matches('/') {
        "" => "index.html",
        file => file,
    };
    let found = ASSETS.binary_search_by(|(name, _)| (*name).cmp(wanted)).ok();
    match found.and_then(|idx| ASSETS.get(idx)) {
        Some((name, contents)) => reply::bytes(content_type(name), contents.to_vec()),
        None => reply::json(
            StatusCode::NOT_FOUND,
            r#"{"type":"error","code":"not_found","message":"no such address"}"#.into(),
        ),
    }
}

fn content_type(name: &str) -> &'static str {
    match name.rsplit_once('.').map(|(_, extension)| extension) {
        Some("html") => "text/html; charset=utf-8",
        Some("js" | "mjs") => "text/javascript; charset=utf-8",
        Some("css") => "text/css; charset=utf-8",
        Some("json" | "map") => "application/json",
        Some("webmanifest") => "application/manifest+json",
        Some("svg") => "image/svg+xml",
        Some("png") => "image/png",
        Some("ico") => "image/x-icon",
        Some("woff2") => "font/woff2",
        Some("txt") => "text/plain; charset=utf-8",
        _ => "application/octet-stream",
    }
}
