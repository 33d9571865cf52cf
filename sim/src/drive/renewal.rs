//! Keeps the token of a drive good: asks for another one before it expires.
//!
//! A socket ends with the token that it was opened with; its link comes back with the new one and goes on where it was. Once the service
//! gives no more (the session of the login is over), the drive goes on until the last token expires.

use std::time::Duration;

use serde_json::Value;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use super::link::Pass;

/// Between two tries while the service can't be reached, and the least between two tokens.
const PAUSE: Duration = Duration::from_secs(1);
/// Bytes of an answer that are read.
const ANSWER_BYTES_MAX: u64 = 16 * 1024;

/// What came of asking.
enum Asked {
    Given { token: String, good_for: Duration },
    Refused,
    Unreachable,
}

/// Renews the token, first at once and then whenever half of its time is over, until the service gives no more.
pub async fn keep(host: String, pass: Pass) {
    loop {
        match ask(&host, &pass.token()).await {
            Asked::Given { token, good_for } => {
                pass.replace(token);
                tokio::time::sleep((good_for / 2).max(PAUSE)).await;
            }
            Asked::Refused => return,
            Asked::Unreachable => tokio::time::sleep(PAUSE).await,
        }
    }
}

async fn ask(host: &str, token: &str) -> Asked {
    // Anything else is no token, and could end the header.
    if !token.bytes().all(|byte| byte.is_ascii_graphic()) {
        return Asked::Refused;
    }
    let Ok(answer) = exchange(host, token).await else { return Asked::Unreachable };
    let Some((head, body)) = answer.split_once("\r\n\r\n") else { return Asked::Unreachable };
    let status = head.split(' ').nth(1).unwrap_or_default();
    if status.starts_with('5') || status == "408" || status == "429" {
        return Asked::Unreachable;
    }
    given(body).filter(|_| status == "200").unwrap_or(Asked::Refused)
}

fn given(body: &str) -> Option<Asked> {
    let body: Value = serde_json::from_str(body).ok()?;
    let token = body["token"].as_str()?.to_owned();
    let expires: jiff::Timestamp = body["expires_at"].as_str()?.parse().ok()?;
    let good_for = expires.duration_since(jiff::Timestamp::now());
    Some(Asked::Given { token, good_for: good_for.try_into().unwrap_or_default() })
}

async fn exchange(host: &str, token: &str) -> std::io::Result<String> {
    let mut stream = TcpStream::connect(host).await?;
    let request = format!(
        "POST /v1/token HTTP/1.1\r\nHost: {host}\r\nAuthorization: Bearer {token}\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"
    );
    stream.write_all(request.as_bytes()).await?;
    let mut answer = String::new();
    stream.take(ANSWER_BYTES_MAX).read_to_string(&mut answer).await?;
    Ok(answer)
}
