//! Encryption by rustls, with certificates from files that are read again when they change.

use std::io;
use std::path::PathBuf;
use std::sync::Arc;

use rustls::ServerConfig;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use serde::Deserialize;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio_rustls::TlsAcceptor;
use tokio_rustls::server::TlsStream;

use crate::auth::watched::{FileError, LOOK_EVERY, Watched};

/// The table `[tls]` of the configuration.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TlsConfig {
    /// Certificates in PEM, the service's own first.
    pub certificates: PathBuf,
    /// Its private key in PEM.
    pub key: PathBuf,
}

/// Keys of `[tls]`.
pub const TLS_KEYS: [&str; 2] = ["certificates", "key"];

/// Encrypts connections.
pub struct Tls(Watched<ServerConfig>);

impl Tls {
    /// Reads the files.
    ///
    /// # Errors
    /// [`FileError`] if they can't be read or do not belong together.
    pub fn open(config: &TlsConfig) -> Result<Self, FileError> {
        Watched::open(&[&config.certificates, &config.key], LOOK_EVERY, read).map(Self)
    }

    /// Shakes hands, with the certificate of now.
    ///
    /// # Errors
    /// If the peer does not speak TLS 1.2 or 1.3.
    pub async fn accept<T: AsyncRead + AsyncWrite + Unpin>(
        &self,
        stream: T,
    ) -> io::Result<TlsStream<T>> {
        TlsAcceptor::from(self.0.get()).accept(stream).await
    }
}

/// A server with the certificates and the key that these files hold.
fn read(contents: &[Vec<u8>]) -> Result<ServerConfig, String> {
    let [certificates, key] = contents else { return Err("two files are needed".to_owned()) };
    let certificates: Vec<CertificateDer<'static>> = CertificateDer::pem_slice_iter(certificates)
        .collect::<Result<_, _>>()
        .map_err(|error| format!("tls.certificates: {error}"))?;
    let key = PrivateKeyDer::from_pem_slice(key).map_err(|error| format!("tls.key: {error}"))?;
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let mut config = ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .map_err(|error| error.to_string())?
        .with_no_client_auth()
        .with_single_cert(certificates, key)
        .map_err(|error| format!("tls: {error}"))?;
    config.alpn_protocols = vec![b"http/1.1".to_vec()];
    Ok(config)
}
