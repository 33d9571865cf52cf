//! A number for each HTTP request: in the answer, and in every line of the log about it.

use std::fmt;
use std::sync::OnceLock;
use std::sync::atomic::{AtomicU64, Ordering};

use warp::http::HeaderMap;

use crate::auth::keys::{hex, random};

/// Bytes of an id that a proxy has given.
const BYTES_MAX: usize = 64;

/// The id.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RequestId(String);

impl RequestId {
    /// The id that a trusted proxy has given, or a new one.
    #[must_use]
    pub fn of(headers: &HeaderMap, is_proxied: bool) -> Self {
        let given = headers.get("x-request-id").filter(|_| is_proxied);
        let given = given.and_then(|id| id.to_str().ok()).filter(|id| is_sound(id));
        given.map_or_else(Self::next, |id| Self(id.to_owned()))
    }

    /// A new one: a part that differs from start to start, and a number.
    fn next() -> Self {
        static START: OnceLock<String> = OnceLock::new();
        static NUMBER: AtomicU64 = AtomicU64::new(1);
        // Without random bytes numbers begin alike after each start: an inconvenience, no more.
        let start = START.get_or_init(|| hex(&random::<4>().unwrap_or_default()));
        Self(format!("{start}-{}", NUMBER.fetch_add(1, Ordering::Relaxed)))
    }

    /// As text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for RequestId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

fn is_sound(id: &str) -> bool {
    let is_plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-_.:".contains(&byte);
    (1..=BYTES_MAX).contains(&id.len()) && id.bytes().all(is_plain)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_proxy_gives_ids_and_only_plain_ones() {
        let mut headers = HeaderMap::new();
        assert_ne!(RequestId::of(&headers, true), RequestId::of(&headers, true));
        headers.insert("x-request-id", "abc-1".parse().unwrap());
        assert_eq!(RequestId::of(&headers, true).as_str(), "abc-1");
        assert_ne!(RequestId::of(&headers, false).as_str(), "abc-1");
        for bad in ["a b", "a\"b", "", &"x".repeat(65)] {
            headers.insert("x-request-id", bad.parse().unwrap());
            assert_ne!(RequestId::of(&headers, true).as_str(), bad);
        }
    }
}
