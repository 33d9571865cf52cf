//! Passwords, kept as Argon2id (RFC 9106) with the crate's usual cost: 19 MiB and two passes.

use argon2::Argon2;
use argon2::password_hash::{PasswordHash, PasswordHasher, PasswordVerifier, SaltString};

use super::keys::random;

/// Fewest and most bytes of a password.
pub const PASSWORD_BYTES: std::ops::RangeInclusive<usize> = 10..=256;

/// What is kept of a password.
///
/// # Errors
/// If it is too short or too long, or the system has no random bytes.
pub fn hash(password: &str) -> Result<String, String> {
    if !PASSWORD_BYTES.contains(&password.len()) {
        return Err("a password must have 10 to 256 bytes".to_owned());
    }
    let salt = SaltString::encode_b64(&random::<16>()?).map_err(|error| error.to_string())?;
    let hash = Argon2::default().hash_password(password.as_bytes(), &salt);
    Ok(hash.map_err(|error| error.to_string())?.to_string())
}

/// Whether `password` is the one of which `kept` is kept. Takes as long if there is none to compare with, so that the
/// time does not tell who has an account.
#[must_use]
pub fn verify(password: &str, kept: Option<&str>) -> bool {
    let parsed = kept.and_then(|kept| PasswordHash::new(kept).ok());
    let Some(parsed) = parsed.filter(|_| PASSWORD_BYTES.contains(&password.len())) else {
        // The cost is the point; what comes of it is not looked at.
        drop(hash("nobody has this password"));
        return false;
    };
    Argon2::default().verify_password(password.as_bytes(), &parsed).is_ok()
}

/// A password that nobody can guess, to be told once.
///
/// # Errors
/// If the system has no random bytes.
pub fn generate() -> Result<String, String> {
    Ok(super::keys::hex(&random::<12>()?))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_right_one_passes() {
        let kept = hash("correct horse").unwrap();
        assert!(kept.starts_with("$argon2id$"), "{kept}");
        assert!(verify("correct horse", Some(&kept)));
        assert!(!verify("correct house", Some(&kept)));
        assert!(!verify("correct horse", None));
        assert!(!verify("correct horse", Some("plain")));
        assert_ne!(kept, hash("correct horse").unwrap(), "no salt");
        assert!(hash("short").is_err());
        assert!(hash(&"x".repeat(257)).is_err());
        assert_ne!(generate().unwrap(), generate().unwrap());
    }
}
