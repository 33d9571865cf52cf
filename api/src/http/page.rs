//! The live page, embedded in the binary when it was built.

use warp::reply::Response;

use super::reply;

// `ASSETS: &[(&str, &[u8])]`, path and contents, sorted by path.
include!(concat!(env!("OUT_DIR"), "/assets.rs"));

/// The file at `path`, if there is one; `/` is the page itself.
#[must_use]
pub fn find(path: &str) -> Option<Response> {
    let wanted = match path.trim_start_matches('/') {
        "" => "index.html",
        file => file,
    };
    let found = ASSETS.binary_search_by(|(name, _)| (*name).cmp(wanted)).ok();
    let (name, contents) = found.and_then(|idx| ASSETS.get(idx))?;
    Some(reply::bytes(content_type(name), contents.to_vec()))
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
