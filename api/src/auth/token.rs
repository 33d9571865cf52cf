//! Signed tokens (RFC 7519): what the service issues, and what it takes.
//!
//! The algorithm is pinned: the header of a token chooses among keys, never how it is verified.

use std::time::{SystemTime, UNIX_EPOCH};

use jsonwebtoken::{Algorithm, Header, Validation, decode, decode_header, encode};
use serde::{Deserialize, Serialize};

use super::keys::KeyRing;
use crate::wire::message::{Role, check_name};

/// Issuer and audience of the service's own tokens.
const OWN: &str = "sharxi";
/// Bytes of a token; longer ones are not looked at.
pub const TOKEN_BYTES_MAX: usize = 4 * 1024;

/// Who somebody has proved to be.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Identity {
    /// The account.
    pub account: String,
    /// What it may do.
    pub role: Role,
    /// Under which name it acts: a driver's is that of the vehicle.
    pub name: String,
    /// Until when that is good, in seconds since 1970.
    pub expires: u64,
    /// When the password was asked for, in seconds since 1970; `None` if somebody else asked.
    pub auth_at: Option<u64>,
}

#[derive(Serialize, Deserialize)]
struct Claims {
    iss: String,
    aud: String,
    sub: String,
    role: Role,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    vehicle: Option<String>,
    iat: u64,
    exp: u64,
    auth_at: u64,
}

/// Seconds since 1970.
#[must_use]
pub fn unix_now() -> u64 {
    SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |since| since.as_secs())
}

/// Signs a token for `identity`, which must have `auth_at`.
///
/// # Errors
/// If the signature can't be made.
pub fn issue(keys: &KeyRing, identity: &Identity, now: u64) -> Result<String, String> {
    let key = keys.signing();
    let mut header = Header::new(Algorithm::HS256);
    header.kid = Some(key.kid.clone());
    let claims = Claims {
        iss: OWN.to_owned(),
        aud: OWN.to_owned(),
        sub: identity.account.clone(),
        role: identity.role,
        vehicle: (identity.role == Role::Vehicle).then(|| identity.name.clone()),
        iat: now,
        exp: identity.expires,
        auth_at: identity.auth_at.unwrap_or(now),
    };
    encode(&header, &claims, &key.encoding).map_err(|error| error.to_string())
}

/// Who the bearer of a token of this service is; `None` if it is not one that is good now.
#[must_use]
pub fn verify(keys: &KeyRing, token: &str) -> Option<Identity> {
    if TOKEN_BYTES_MAX < token.len() {
        return None;
    }
    let kid = decode_header(token).ok()?.kid?;
    let key = keys.find(&kid)?;
    let claims = decode::<Claims>(token, &key.decoding, &validation()).ok()?.claims;
    let name = match (claims.role, claims.vehicle) {
        (Role::Vehicle, vehicle) => vehicle?,
        (_, None) => claims.sub.clone(),
        (_, Some(_)) => return None,
    };
    check_name("sub", &name).ok()?;
    let (account, role, expires) = (claims.sub, claims.role, claims.exp);
    Some(Identity { account, role, name, expires, auth_at: Some(claims.auth_at) })
}

fn validation() -> Validation {
    let mut validation = Validation::new(Algorithm::HS256);
    validation.leeway = 0;
    validation.set_issuer(&[OWN]);
    validation.set_audience(&[OWN]);
    validation.set_required_spec_claims(&["exp", "iss", "aud", "sub"]);
    validation
}

#[cfg(test)]
mod tests {
    use super::*;
    use jsonwebtoken::EncodingKey;

    fn ring(kid: &str, digit: &str) -> KeyRing {
        let secret = digit.repeat(64);
        KeyRing::parse(&format!("[[key]]\nkid = \"{kid}\"\nsecret = \"{secret}\"")).unwrap()
    }

    fn anna(expires: u64) -> Identity {
        let (account, name) = ("anna".to_owned(), "anna".to_owned());
        Identity { account, role: Role::Rider, name, expires, auth_at: Some(5) }
    }

    #[test]
    fn what_is_issued_is_taken_until_it_expires() {
        let keys = ring("k1", "a");
        let now = unix_now();
        let good = issue(&keys, &anna(now + 60), now).unwrap();
        assert_eq!(verify(&keys, &good), Some(anna(now + 60)));
        let old = issue(&keys, &anna(now - 1), now - 60).unwrap();
        assert_eq!(verify(&keys, &old), None);
        let driver = Identity {
            account: "carl".into(),
            role: Role::Vehicle,
            name: "v1".into(),
            ..anna(now + 60)
        };
        assert_eq!(verify(&keys, &issue(&keys, &driver, now).unwrap()), Some(driver));
    }

    #[test]
    fn what_somebody_else_made_is_not() {
        let keys = ring("k1", "a");
        let now = unix_now();
        let good = issue(&keys, &anna(now + 60), now).unwrap();
        for other in [ring("k1", "b"), ring("k2", "a")] {
            assert_eq!(verify(&other, &good), None);
        }
        let parts: Vec<&str> = good.split('.').collect();
        let cut = format!("{}.{}.", parts[0], parts[1]);
        let changed = format!("{}.{}A.{}", parts[0], parts[1], parts[2]);
        for bad in ["", "a.b.c", &cut, &changed, &"x".repeat(TOKEN_BYTES_MAX + 1)] {
            assert_eq!(verify(&keys, bad), None, "{bad}");
        }
        // Signed with the right key, but not as pinned, or for somebody else.
        let secret = EncodingKey::from_secret(&[0xaa; 32]);
        let claims = |iss: &str, aud: &str| Claims {
            iss: iss.into(),
            aud: aud.into(),
            sub: "anna".into(),
            role: Role::Operator,
            vehicle: None,
            iat: now,
            exp: now + 60,
            auth_at: now,
        };
        let signed = |algorithm, iss: &str, aud: &str| {
            let mut header = Header::new(algorithm);
            header.kid = Some("k1".into());
            encode(&header, &claims(iss, aud), &secret).unwrap()
        };
        assert!(verify(&keys, &signed(Algorithm::HS256, OWN, OWN)).is_some());
        assert_eq!(verify(&keys, &signed(Algorithm::HS512, OWN, OWN)), None);
        assert_eq!(verify(&keys, &signed(Algorithm::HS256, "other", OWN)), None);
        assert_eq!(verify(&keys, &signed(Algorithm::HS256, OWN, "other")), None);
    }
}
