//! The keys that tokens are signed with: the first signs, all verify, so a new key goes in front and the old one out
//! once its last token has expired.

use std::path::Path;

use jsonwebtoken::{DecodingKey, EncodingKey};
use serde::{Deserialize, Serialize};

use super::users::write_private;

/// Keys in a file.
pub const KEYS_MAX: usize = 8;
/// Keys kept when a new one is made.
const KEYS_KEPT: usize = 3;
/// Bytes of a key: those of the digest that it signs (RFC 7518, section 3.2).
const KEY_BYTES: usize = 32;

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    key: Vec<Entry>,
}

#[derive(Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Entry {
    kid: String,
    secret: String,
}

/// The keys of a file.
pub struct KeyRing(Vec<Key>);

/// One of them.
pub struct Key {
    /// Its name in the header of a token.
    pub kid: String,
    /// To sign.
    pub encoding: EncodingKey,
    /// To verify.
    pub decoding: DecodingKey,
}

impl KeyRing {
    /// Reads the text of a file.
    ///
    /// # Errors
    /// What is wrong with it; never shows a key.
    pub fn parse(text: &str) -> Result<Self, String> {
        let entries = entries(text)?;
        let mut keys: Vec<Key> = Vec::new();
        for entry in entries {
            let secret = unhex(&entry.secret).filter(|secret| KEY_BYTES <= secret.len());
            let Some(secret) = secret else {
                return Err(format!("key {}: secret must be 64 hexadecimal digits", entry.kid));
            };
            if keys.iter().any(|key| key.kid == entry.kid) {
                return Err(format!("key {}: is there twice", entry.kid));
            }
            let encoding = EncodingKey::from_secret(&secret);
            keys.push(Key {
                kid: entry.kid,
                encoding,
                decoding: DecodingKey::from_secret(&secret),
            });
        }
        Ok(Self(keys))
    }

    /// The key that signs.
    #[must_use]
    pub fn signing(&self) -> &Key {
        &self.0[0]
    }

    /// The key of that name.
    #[must_use]
    pub fn find(&self, kid: &str) -> Option<&Key> {
        self.0.iter().find(|key| key.kid == kid)
    }
}

fn entries(text: &str) -> Result<Vec<Entry>, String> {
    // The parser's message would show the line, and with it a key.
    let file: File = toml::from_str(text).map_err(|error| {
        format!("must be a list of [[key]] with kid and secret: {}", place(&error, text))
    })?;
    if (1..=KEYS_MAX).contains(&file.key.len()) {
        Ok(file.key)
    } else {
        Err(format!("must have 1 to {KEYS_MAX} keys"))
    }
}

fn place(error: &toml::de::Error, text: &str) -> String {
    let before = error.span().and_then(|span| text.get(..span.start)).unwrap_or_default();
    format!("line {}", 1 + before.matches('\n').count())
}

/// Puts a new key in front of those in the file at `path`, which is made if it is not there; the name of the key.
///
/// # Errors
/// If the file can't be read or written.
pub fn add_key(path: &Path) -> Result<String, String> {
    let mut key = match std::fs::read_to_string(path) {
        Ok(text) => entries(&text)?,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => Vec::new(),
        Err(error) => return Err(error.to_string()),
    };
    let kid = hex(&random::<4>()?);
    let secret = hex(&random::<KEY_BYTES>()?);
    key.insert(0, Entry { kid: kid.clone(), secret });
    key.truncate(KEYS_KEPT);
    let text = toml::to_string(&File { key }).map_err(|error| error.to_string())?;
    write_private(path, text.as_bytes()).map_err(|error| error.to_string())?;
    Ok(kid)
}

/// Bytes that nobody can guess.
///
/// # Errors
/// If the system has none.
pub fn random<const N: usize>() -> Result<[u8; N], String> {
    let mut bytes = [0; N];
    getrandom::fill(&mut bytes).map_err(|error| error.to_string())?;
    Ok(bytes)
}

/// Bytes as hexadecimal digits.
#[must_use]
pub fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

fn unhex(text: &str) -> Option<Vec<u8>> {
    let pairs = text.as_bytes().chunks(2);
    let byte = |pair: &[u8]| {
        let pair = std::str::from_utf8(pair).ok().filter(|pair| pair.len() == 2)?;
        u8::from_str_radix(pair, 16).ok()
    };
    pairs.map(byte).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_new_key_signs_and_the_old_one_still_verifies() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("keys.toml");
        let kids: Vec<String> = (0..5).map(|_| add_key(&path).unwrap()).collect();
        let ring = KeyRing::parse(&std::fs::read_to_string(&path).unwrap()).unwrap();
        assert_eq!(ring.signing().kid, kids[4]);
        for (kid, kept) in kids.iter().zip([false, false, true, true, true]) {
            assert_eq!(ring.find(kid).is_some(), kept, "{kid}");
        }
    }

    #[test]
    fn bad_files_are_refused_and_show_no_key() {
        let good = "a".repeat(64);
        for (text, said) in [
            (String::new(), "[[key]]"),
            ("key = []".into(), "1 to 8"),
            (format!("[[key]]\nkid = \"a\"\nsecret = \"{}\"", "a".repeat(62)), "64"),
            (format!("[[key]]\nkid = \"a\"\nsecret = \"{}\"", "x".repeat(64)), "64"),
            (format!("[[key]]\nkid = \"a\"\nsecrt = \"{good}\""), "line"),
            (format!("[[key]]\nkid = \"a\"\nsecret = \"{good}\"\n").repeat(2), "twice"),
        ] {
            let error = KeyRing::parse(&text).err().unwrap();
            assert!(error.contains(said), "{text}: {error}");
            assert!(!error.contains("aaaa"), "{error}");
        }
    }
}
