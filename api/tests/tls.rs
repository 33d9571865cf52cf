//! Encrypted connections, and a certificate that changes while the service runs.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test")]
#![allow(clippy::print_stdout, clippy::allow_attributes, reason = "a test")]

mod support;

use std::net::SocketAddr;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use futures_util::{SinkExt, StreamExt};
use rustls::pki_types::{CertificateDer, ServerName};
use rustls::{ClientConfig, RootCertStore};
use serde_json::json;
use sharxi_api::ServiceConfig;
use sharxi_api::tls::TlsConfig;
use support::{config, start};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;
use tokio_tungstenite::client_async;
use tokio_tungstenite::tungstenite::Message;

/// Writes a new certificate for `localhost` and its key.
fn certificate(folder: &Path) -> (TlsConfig, CertificateDer<'static>) {
    let made = rcgen::generate_simple_self_signed(vec!["localhost".to_owned()]).unwrap();
    let (certificates, key) = (folder.join("chain.pem"), folder.join("key.pem"));
    std::fs::write(&certificates, made.cert.pem()).unwrap();
    std::fs::write(&key, made.signing_key.serialize_pem()).unwrap();
    (TlsConfig { certificates, key }, made.cert.der().clone())
}

/// Connects, trusting that certificate alone.
async fn connect(
    addr: SocketAddr,
    trusted: &CertificateDer<'static>,
) -> std::io::Result<TlsStream<TcpStream>> {
    let mut roots = RootCertStore::empty();
    roots.add(trusted.clone()).unwrap();
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let config = ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_root_certificates(roots)
        .with_no_client_auth();
    let stream = TcpStream::connect(addr).await.unwrap();
    let name = ServerName::try_from("localhost").unwrap();
    TlsConnector::from(Arc::new(config)).connect(name, stream).await
}

#[tokio::test]
async fn pages_and_sockets_are_encrypted_and_certificates_change() {
    let folder = tempfile::tempdir().unwrap();
    let (tls, first) = certificate(folder.path());
    let mut config = ServiceConfig { tls: Some(tls), ..config() };
    config.deadlines.header = Duration::from_millis(500);
    let running = start(config).await;
    let addr = running.addr();
    let mut stream = connect(addr, &first).await.unwrap();
    stream
        .write_all(b"GET /health HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n")
        .await
        .unwrap();
    let mut answer = Vec::new();
    // The end without a goodbye of TLS is an error to some.
    drop(stream.read_to_end(&mut answer).await);
    assert!(String::from_utf8_lossy(&answer).contains("alive"));

    let stream = connect(addr, &first).await.unwrap();
    let (mut socket, _) = client_async("ws://localhost/v1/ws", stream).await.unwrap();
    socket
        .send(Message::text(json!({"type": "hello", "role": "rider", "name": "anna"}).to_string()))
        .await
        .unwrap();
    let welcome = socket.next().await.unwrap().unwrap();
    assert!(welcome.to_text().unwrap().contains("welcome"));

    // Plain text is not answered in plain text, and who begins a handshake and stops is hung up on.
    for begun in [&b"GET /health HTTP/1.1\r\n\r\n"[..], &[0x16, 0x03, 0x01]] {
        let mut plain = TcpStream::connect(addr).await.unwrap();
        plain.write_all(begun).await.unwrap();
        let mut answer = Vec::new();
        let read =
            tokio::time::timeout(Duration::from_secs(10), plain.read_to_end(&mut answer)).await;
        drop(read.expect("the connection stayed open"));
        assert!(!String::from_utf8_lossy(&answer).contains("HTTP"));
    }

    // Half a change is not used.
    std::fs::write(folder.path().join("key.pem"), "nonsense").unwrap();
    tokio::time::sleep(Duration::from_millis(2_100)).await;
    assert!(connect(addr, &first).await.is_ok());
    let (_, second) = certificate(folder.path());
    tokio::time::sleep(Duration::from_millis(2_100)).await;
    assert!(connect(addr, &second).await.is_ok(), "the new certificate is not in use");
    assert!(connect(addr, &first).await.is_err());
    // Who was there stays there.
    socket.send(Message::Ping(Vec::new().into())).await.unwrap();
    running.shutdown().await.unwrap();
}
