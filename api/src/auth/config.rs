//! The table `[auth]` of the configuration.

use std::path::PathBuf;

use jsonwebtoken::Algorithm;
use serde::Deserialize;

/// Who may come in.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct AuthConfig {
    /// Keys that tokens are signed with, made by `sharxi key add`.
    pub keys: PathBuf,
    /// Accounts, made by `sharxi user add`; without it, only others issue identities.
    #[serde(default)]
    pub users: Option<PathBuf>,
    /// Seconds for which a token is good.
    #[serde(default = "token_s")]
    pub token_s: u64,
    /// Seconds after the password was asked for until it is asked for again.
    #[serde(default = "session_s")]
    pub session_s: u64,
    /// OpenID Connect, for agencies that have it.
    #[serde(default)]
    pub oidc: Option<OidcConfig>,
}

/// Keys of `[auth]`.
pub const AUTH_KEYS: [&str; 5] = ["keys", "users", "token_s", "session_s", "oidc"];
/// Keys of `[auth.oidc]`.
pub const OIDC_KEYS: [&str; 6] =
    ["issuer", "audience", "jwks", "algorithms", "role_claim", "vehicle_claim"];
/// What `token_s` and `session_s` must be.
pub const SECONDS_RULE: &str = "60 to 86400 seconds, session_s not below token_s";

const fn token_s() -> u64 {
    15 * 60
}

const fn session_s() -> u64 {
    12 * 3600
}

impl AuthConfig {
    /// Whether the times are such as they should be.
    #[must_use]
    pub fn is_sane(&self) -> bool {
        let range = 60..=86_400;
        range.contains(&self.token_s)
            && range.contains(&self.session_s)
            && self.token_s <= self.session_s
    }
}

/// Whose tokens are good besides the service's own.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct OidcConfig {
    /// `iss` of its tokens.
    pub issuer: String,
    /// `aud` of its tokens.
    pub audience: String,
    /// Its keys as a file (RFC 7517), kept fresh by whoever runs the service.
    pub jwks: PathBuf,
    /// The only ones that are taken.
    #[serde(default = "algorithms")]
    pub algorithms: Vec<OidcAlgorithm>,
    /// The claim that holds the role.
    #[serde(default = "role_claim")]
    pub role_claim: String,
    /// The claim that holds a driver's vehicle.
    #[serde(default = "vehicle_claim")]
    pub vehicle_claim: String,
}

/// Signatures by a key that the service does not have: nothing symmetric, and not `none`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[expect(missing_docs, reason = "the names of RFC 7518 and RFC 8037")]
pub enum OidcAlgorithm {
    RS256,
    PS256,
    ES256,
    EdDSA,
}

impl From<OidcAlgorithm> for Algorithm {
    fn from(algorithm: OidcAlgorithm) -> Self {
        match algorithm {
            OidcAlgorithm::RS256 => Self::RS256,
            OidcAlgorithm::PS256 => Self::PS256,
            OidcAlgorithm::ES256 => Self::ES256,
            OidcAlgorithm::EdDSA => Self::EdDSA,
        }
    }
}

fn algorithms() -> Vec<OidcAlgorithm> {
    vec![OidcAlgorithm::RS256]
}

fn role_claim() -> String {
    "sharxi_role".to_owned()
}

fn vehicle_claim() -> String {
    "sharxi_vehicle".to_owned()
}
