//! The configuration file of the service.

use std::net::SocketAddr;
use std::path::{Path, PathBuf};

use serde::Deserialize;

use crate::config_keys::{UnknownKey, check_keys};
use crate::limits::{CONNECTIONS_MAX, KEEP_DAYS_MAX, ORIGINS_MAX};
use crate::policy_config::{PolicyConfig, PolicyError};

/// What the file may say; everything may be left out.
#[derive(Clone, Debug, Default, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct FileConfig {
    /// Where to listen.
    pub listen: Option<SocketAddr>,
    /// The journal.
    pub journal: Option<PathBuf>,
    /// How fast the clock runs.
    pub speed: Option<f64>,
    /// Origins allowed besides the service's own.
    #[serde(default)]
    pub allowed_origins: Vec<String>,
    /// Connections at a time.
    pub connections_max: Option<usize>,
    /// Commands between two recorded state hashes.
    pub hash_every: Option<u64>,
    /// Commands between two snapshots; 0 for none.
    pub snapshot_every: Option<u64>,
    /// Days for which records and ended rides are kept; 0: for ever.
    pub keep_days: Option<u32>,
    /// Speeds by hour of the week.
    pub week: Option<PathBuf>,
    /// Whose hours these are.
    pub time_zone: Option<String>,
    /// The rules.
    #[serde(default)]
    pub policy: PolicyConfig,
}

const KEYS: [&str; 11] = [
    "listen",
    "journal",
    "speed",
    "allowed_origins",
    "connections_max",
    "hash_every",
    "snapshot_every",
    "keep_days",
    "week",
    "time_zone",
    "policy",
];

/// Why a file is no configuration.
#[derive(Debug, thiserror::Error)]
pub enum ConfigError {
    /// Can't be read.
    #[error("read {path}")]
    Read {
        /// The file.
        path: PathBuf,
        /// What came of it.
        #[source]
        source: std::io::Error,
    },
    /// Not TOML, or a value of the wrong type.
    #[error("read the configuration: {0}")]
    Toml(String),
    /// A key that is none.
    #[error(transparent)]
    UnknownKey(#[from] UnknownKey),
    /// In `[policy]`.
    #[error(transparent)]
    Policy(#[from] PolicyError),
    /// A value out of range.
    #[error("read {key}: must be {rule}")]
    Range {
        /// The key.
        key: &'static str,
        /// What it must be.
        rule: &'static str,
    },
}

/// Reads a configuration file.
///
/// # Errors
/// [`ConfigError`].
pub fn load(path: &Path) -> Result<FileConfig, ConfigError> {
    let text = std::fs::read_to_string(path)
        .map_err(|source| ConfigError::Read { path: path.to_owned(), source })?;
    parse(&text)
}

/// Reads a configuration.
///
/// # Errors
/// [`ConfigError`].
pub fn parse(text: &str) -> Result<FileConfig, ConfigError> {
    let wrong = |error: toml::de::Error| ConfigError::Toml(one_line(&error, text));
    let table: toml::Table = toml::from_str(text).map_err(wrong)?;
    check_keys("", &table, &KEYS)?;
    if let Some(toml::Value::Table(policy)) = table.get("policy") {
        PolicyConfig::from_table(policy)?;
    }
    // From the text again, so that an error shows the line.
    let config: FileConfig = toml::from_str(text).map_err(wrong)?;
    if config.speed.is_some_and(|speed| !is_speed(speed)) {
        return Err(ConfigError::Range { key: "speed", rule: SPEED_RULE });
    }
    if ORIGINS_MAX < config.allowed_origins.len() {
        return Err(ConfigError::Range { key: "allowed_origins", rule: "at most 64 origins" });
    }
    if config.connections_max.is_some_and(|n| !(1..=10 * CONNECTIONS_MAX).contains(&n)) {
        return Err(ConfigError::Range { key: "connections_max", rule: "1 to 20000" });
    }
    if config.keep_days.is_some_and(|days| KEEP_DAYS_MAX < days) {
        return Err(ConfigError::Range { key: "keep_days", rule: "0 (for ever) to 3660" });
    }
    Ok(config)
}

/// The error with the number of its line, on a single line itself.
fn one_line(error: &toml::de::Error, text: &str) -> String {
    let message = error.message().lines().map(str::trim).collect::<Vec<_>>().join("; ");
    let before = error.span().and_then(|span| text.get(..span.start));
    match before {
        Some(before) => format!("line {}: {message}", 1 + before.matches('\n').count()),
        None => message,
    }
}

/// What [`is_speed`] asks for.
pub const SPEED_RULE: &str = "above 0 and at most 3600";

/// Whether a clock may run that fast.
#[must_use]
pub fn is_speed(speed: f64) -> bool {
    0.0 < speed && speed <= 3600.0
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_whole_file_is_read() {
        let text = "listen = \"127.0.0.1:9000\"\nspeed = 60.0\nallowed_origins = [\"https://a.example\"]\n\
                    [policy]\nmax_wait_s = 600\n";
        let config = parse(text).unwrap();
        assert_eq!(config.speed, Some(60.0));
        assert_eq!(config.policy.max_wait_s, Some(600.0));
    }

    #[test]
    fn mistakes_are_named() {
        for (text, said) in [
            ("lisen = 1", "did you mean listen"),
            ("[polcy]", "did you mean policy"),
            ("[policy]\nboard = 3", "did you mean board_s"),
            ("speed = 0", "above 0"),
            ("connections_max = 0", "1 to 20000"),
            (&format!("allowed_origins = {:?}", ["x"; ORIGINS_MAX + 1]), "64 origins"),
            ("speed = \"fast\"", "line 1"),
            ("speed = ", "line 1"),
            ("hash_every = 1\nspeed = \nconnections_max = 1", "line 2"),
            ("hash_every = 1\nspeed = \"fast\"", "line 2"),
        ] {
            let error = parse(text).unwrap_err().to_string();
            assert!(error.contains(said), "{text}: {error}");
            assert_eq!(error.lines().count(), 1, "{text}: {error}");
        }
    }
}
