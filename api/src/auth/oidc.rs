//! Tokens of an agency's own OpenID Connect provider: verified with its published keys, role and vehicle from claims.
//!
//! The keys come from a file; fetching them is left to a timer beside the service, which so needs no way out.

use jsonwebtoken::jwk::JwkSet;
use jsonwebtoken::{Algorithm, DecodingKey, Validation, decode, decode_header};
use serde_json::Value;

use super::config::OidcConfig;
use super::token::{Identity, TOKEN_BYTES_MAX};
use super::watched::{FileError, LOOK_EVERY, Watched, text};
use crate::wire::message::{Role, check_name};

/// Stands before the names of accounts that somebody else keeps, so that they are never taken for the service's own.
const PREFIX: &str = "oidc:";

/// A provider.
pub struct Provider {
    config: OidcConfig,
    algorithms: Vec<Algorithm>,
    keys: Watched<JwkSet>,
}

impl Provider {
    /// Reads its keys.
    ///
    /// # Errors
    /// [`FileError`].
    pub fn open(config: &OidcConfig) -> Result<Self, FileError> {
        let parse = |contents: &[Vec<u8>]| {
            serde_json::from_str::<JwkSet>(text(contents)?).map_err(|error| error.to_string())
        };
        let keys = Watched::open(&[&config.jwks], LOOK_EVERY, parse)?;
        let algorithms = config.algorithms.iter().map(|&algorithm| algorithm.into()).collect();
        Ok(Self { config: config.clone(), algorithms, keys })
    }

    /// Who the bearer of a token is; `None` if it is not one of this provider that is good now.
    #[must_use]
    pub fn verify(&self, token: &str) -> Option<Identity> {
        if TOKEN_BYTES_MAX < token.len() {
            return None;
        }
        let header = decode_header(token).ok()?;
        if !self.algorithms.contains(&header.alg) {
            return None;
        }
        let keys = self.keys.get();
        let key = DecodingKey::from_jwk(keys.find(&header.kid?)?).ok()?;
        let mut validation = Validation::new(header.alg);
        validation.leeway = 5;
        validation.validate_nbf = true;
        validation.set_issuer(&[&self.config.issuer]);
        validation.set_audience(&[&self.config.audience]);
        validation.set_required_spec_claims(&["exp", "iss", "aud", "sub"]);
        let claims = decode::<Value>(token, &key, &validation).ok()?.claims;
        let role: Role = serde_json::from_value(claims[&self.config.role_claim].clone()).ok()?;
        let account = format!("{PREFIX}{}", claims["sub"].as_str()?);
        let name = match role {
            Role::Vehicle => claims[&self.config.vehicle_claim].as_str()?.to_owned(),
            _ => account.clone(),
        };
        check_name("sub", &name).ok()?;
        Some(Identity { account, role, name, expires: claims["exp"].as_u64()?, auth_at: None })
    }
}

#[cfg(test)]
mod tests {
    use super::super::config::OidcAlgorithm;
    use super::super::token::unix_now;
    use super::*;
    use jsonwebtoken::jwk::Jwk;
    use jsonwebtoken::{EncodingKey, Header, encode};
    use serde_json::json;

    /// A fresh key pair on P-256: to sign, and as a provider publishes it.
    fn pair(kid: &str) -> (EncodingKey, Value) {
        let pair = rcgen::KeyPair::generate_for(&rcgen::PKCS_ECDSA_P256_SHA256).unwrap();
        let signing = EncodingKey::from_ec_der(&pair.serialize_der());
        let mut jwk = Jwk::from_encoding_key(&signing, Algorithm::ES256).unwrap();
        jwk.common.key_id = Some(kid.to_owned());
        (signing, serde_json::to_value(jwk).unwrap())
    }

    fn signed(key: &EncodingKey, algorithm: Algorithm, kid: &str, claims: &Value) -> String {
        let mut header = Header::new(algorithm);
        header.kid = Some(kid.to_owned());
        encode(&header, claims, key).unwrap()
    }

    #[test]
    fn only_what_the_provider_signed_for_this_service_is_taken() {
        let (key, public) = pair("p1");
        let (stranger, _) = pair("p1");
        let folder = tempfile::tempdir().unwrap();
        let jwks = folder.path().join("jwks.json");
        std::fs::write(&jwks, json!({ "keys": [public] }).to_string()).unwrap();
        let provider = Provider::open(&OidcConfig {
            issuer: "https://login.example".into(),
            audience: "sharxi".into(),
            jwks,
            algorithms: vec![OidcAlgorithm::ES256],
            role_claim: "sharxi_role".into(),
            vehicle_claim: "sharxi_vehicle".into(),
        })
        .unwrap();
        let exp = unix_now() + 60;
        let claims = json!({"iss": "https://login.example", "aud": "sharxi", "sub": "17", "exp": exp,
                            "sharxi_role": "dispatcher"});
        let with = |field: &str, value: Value| {
            let mut claims = claims.clone();
            claims[field] = value;
            claims
        };
        let good = |claims: &Value| signed(&key, Algorithm::ES256, "p1", claims);
        let found = provider.verify(&good(&claims)).unwrap();
        assert_eq!(
            (found.role, found.name.as_str(), found.expires),
            (Role::Dispatcher, "oidc:17", exp)
        );
        let mut driver = with("sharxi_role", json!("driver"));
        assert_eq!(provider.verify(&good(&driver)), None, "a driver without a vehicle");
        driver["sharxi_vehicle"] = json!("v1");
        assert_eq!(provider.verify(&good(&driver)).unwrap().name, "v1");
        for (field, value) in [
            ("iss", json!("https://other.example")),
            ("aud", json!("another")),
            ("exp", json!(unix_now() - 60)),
            ("exp", json!("tomorrow")),
            ("nbf", json!(exp)),
            ("sub", json!(null)),
            ("sub", json!("x".repeat(64))),
            ("sharxi_role", json!("king")),
            ("sharxi_role", json!(null)),
        ] {
            assert_eq!(
                provider.verify(&good(&with(field, value.clone()))),
                None,
                "{field}: {value}"
            );
        }
        assert_eq!(provider.verify(&signed(&stranger, Algorithm::ES256, "p1", &claims)), None);
        assert_eq!(provider.verify(&signed(&key, Algorithm::ES256, "p2", &claims)), None);
        // The public key as if it were a shared secret.
        let secret = EncodingKey::from_secret(public["x"].as_str().unwrap().as_bytes());
        assert_eq!(provider.verify(&signed(&secret, Algorithm::HS256, "p1", &claims)), None);
    }
}
