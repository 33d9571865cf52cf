//! The configuration file of the service.

use std::net::{IpAddr, SocketAddr};
use std::path::{Path, PathBuf};

use serde::Deserialize;

use crate::auth::config::{AUTH_KEYS, AuthConfig, OIDC_KEYS, SECONDS_RULE};
use crate::config_keys::{UnknownKey, check_keys};
use crate::feeds::config::{FeedsConfig, FeedsError};
use crate::limits::{CONNECTIONS_MAX, KEEP_DAYS_MAX, ORIGINS_MAX, PROXIES_MAX};
use crate::policy_config::{PolicyConfig, PolicyError};
use crate::tls::{TLS_KEYS, TlsConfig};

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
    /// Who may come in; without it everybody is who they say they are, and only this machine may connect.
    pub auth: Option<AuthConfig>,
    /// Encryption.
    pub tls: Option<TlsConfig>,
    /// Proxies that say for whom a request is.
    #[serde(default)]
    pub trusted_proxies: Vec<IpAddr>,
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
    /// Open data.
    #[serde(default)]
    pub feeds: FeedsConfig,
    /// The rules.
    #[serde(default)]
    pub policy: PolicyConfig,
}

const KEYS: [&str; 15] = [
    "listen",
    "journal",
    "speed",
    "allowed_origins",
    "auth",
    "tls",
    "trusted_proxies",
    "connections_max",
    "hash_every",
    "snapshot_every",
    "keep_days",
    "week",
    "time_zone",
    "feeds",
    "policy",
];

/// What the names of environment variables with settings begin with: `SHARXI__POLICY__MAX_WAIT_S` is `policy.max_wait_s`.
pub const ENV_PREFIX: &str = "SHARXI__";

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
    /// Something is wrong in it.
    #[error("use {place}: {error}")]
    In {
        /// The file, or the names of variables.
        place: String,
        /// What is wrong.
        error: Box<ConfigError>,
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
    /// In `[feeds]`.
    #[error(transparent)]
    Feeds(#[from] FeedsError),
    /// A value out of range.
    #[error("read {key}: must be {rule}")]
    Range {
        /// The key.
        key: &'static str,
        /// What it must be.
        rule: &'static str,
    },
}

/// Reads a configuration file, if there is one, and what the environment says instead.
///
/// # Errors
/// [`ConfigError`].
pub fn load(
    path: Option<&Path>,
    env: impl Iterator<Item = (String, String)>,
) -> Result<FileConfig, ConfigError> {
    let text = match path {
        Some(path) => std::fs::read_to_string(path)
            .map_err(|source| ConfigError::Read { path: path.to_owned(), source })?,
        None => String::new(),
    };
    let in_file = |error: ConfigError| match path {
        Some(path) => ConfigError::In { place: path.display().to_string(), error: Box::new(error) },
        None => error,
    };
    let from_file = parse(&text).map_err(in_file)?;
    let mut table: toml::Table = toml::from_str(&text).unwrap_or_default();
    let mut names = Vec::new();
    for (name, value) in env {
        if let Some(key) = name.strip_prefix(ENV_PREFIX) {
            set(&mut table, key, &value);
            names.push(name);
        }
    }
    if names.is_empty() {
        return Ok(from_file);
    }
    names.sort();
    let text = table.to_string();
    let place = format!("the environment ({})", names.join(", "));
    parse(&text).map_err(|error| ConfigError::In { place, error: Box::new(error) })
}

/// Sets `A__B` to what `value` is in TOML, or to the text itself if it is nothing there.
fn set(table: &mut toml::Table, key: &str, value: &str) {
    let key = key.to_lowercase();
    let mut parts: Vec<&str> = key.split("__").collect();
    let Some(last) = parts.pop() else { return };
    let mut inner = table;
    for part in parts {
        let entry = inner.entry(part).or_insert_with(|| toml::Table::new().into());
        if !entry.is_table() {
            *entry = toml::Table::new().into();
        }
        let toml::Value::Table(table) = entry else { return };
        inner = table;
    }
    let read: Option<toml::Table> = toml::from_str(&format!("x = {value}")).ok();
    let read = read.filter(|table| table.len() == 1).and_then(|mut table| table.remove("x"));
    inner.insert(last.to_owned(), read.unwrap_or_else(|| value.into()));
}

/// Reads a configuration.
///
/// # Errors
/// [`ConfigError`].
pub fn parse(text: &str) -> Result<FileConfig, ConfigError> {
    let wrong = |error: toml::de::Error| ConfigError::Toml(one_line(&error, text));
    let table: toml::Table = toml::from_str(text).map_err(wrong)?;
    check_keys("", &table, &KEYS)?;
    for key in ["policy", "auth", "tls"] {
        if table.get(key).is_some_and(|value| !value.is_table()) {
            return Err(ConfigError::Range { key, rule: "a table" });
        }
    }
    if let Some(toml::Value::Table(policy)) = table.get("policy") {
        PolicyConfig::from_table(policy)?;
    }
    if let Some(toml::Value::Table(auth)) = table.get("auth") {
        check_keys("auth", auth, &AUTH_KEYS)?;
        if let Some(toml::Value::Table(oidc)) = auth.get("oidc") {
            check_keys("auth.oidc", oidc, &OIDC_KEYS)?;
        }
    }
    if let Some(toml::Value::Table(tls)) = table.get("tls") {
        check_keys("tls", tls, &TLS_KEYS)?;
    }
    if let Some(toml::Value::Table(feeds)) = table.get("feeds") {
        FeedsConfig::check_keys(feeds)?;
    }
    // From the text again, so that an error shows the line.
    let config: FileConfig = toml::from_str(text).map_err(wrong)?;
    let range = |key, rule| Err(ConfigError::Range { key, rule });
    config.feeds.check()?;
    if config.speed.is_some_and(|speed| !is_speed(speed)) {
        return range("speed", SPEED_RULE);
    }
    if ORIGINS_MAX < config.allowed_origins.len() {
        return range("allowed_origins", "at most 64 origins");
    }
    if PROXIES_MAX < config.trusted_proxies.len() {
        return range("trusted_proxies", "at most 64 addresses");
    }
    if config.connections_max.is_some_and(|n| !(1..=10 * CONNECTIONS_MAX).contains(&n)) {
        return range("connections_max", "1 to 100000");
    }
    if config.auth.as_ref().is_some_and(|auth| !auth.is_sane()) {
        return range("auth.token_s and auth.session_s", SECONDS_RULE);
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
            ("[feeds]\nphon = 3", "did you mean phone"),
            ("[feeds]\nroute_type = 4", "3 or 715"),
            ("[policy]\nboard = 3", "did you mean board_s"),
            ("speed = 0", "above 0"),
            ("connections_max = 0", "1 to 100000"),
            (&format!("allowed_origins = {:?}", ["x"; ORIGINS_MAX + 1]), "64 origins"),
            ("speed = \"fast\"", "line 1"),
            ("speed = ", "line 1"),
            ("hash_every = 1\nspeed = \nconnections_max = 1", "line 2"),
            ("hash_every = 1\nspeed = \"fast\"", "line 2"),
            ("[auth]\nkey = \"k\"", "did you mean keys"),
            ("[auth]\nusers = \"u\"", "keys"),
            ("[auth]\nkeys = \"k\"\ntoken_s = 10", "60 to 86400"),
            ("[auth]\nkeys = \"k\"\n[auth.oidc]\nissuer = \"i\"\njwk = \"j\"", "did you mean jwks"),
            (
                "[auth]\nkeys = \"k\"\n[auth.oidc]\nissuer = \"i\"\naudience = \"a\"\njwks = \"j\"\nalgorithms = [\"none\"]",
                "none",
            ),
            ("[tls]\ncertificates = \"c\"", "key"),
            ("trusted_proxies = [\"here\"]", "line 1"),
        ] {
            let error = parse(text).unwrap_err().to_string();
            assert!(error.contains(said), "{text}: {error}");
            assert_eq!(error.lines().count(), 1, "{text}: {error}");
        }
    }

    fn variables(pairs: &[(&str, &str)]) -> impl Iterator<Item = (String, String)> {
        let pairs: Vec<_> =
            pairs.iter().map(|&(name, value)| (name.to_owned(), value.to_owned())).collect();
        pairs.into_iter()
    }

    #[test]
    fn the_environment_goes_before_the_file() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("sharxi.toml");
        std::fs::write(&path, "speed = 2\nhash_every = 5\n[policy]\nmax_wait_s = 600\n").unwrap();
        let env = variables(&[
            ("SHARXI__SPEED", "3"),
            ("SHARXI__LISTEN", "127.0.0.1:9"),
            ("SHARXI__POLICY__MAX_WAIT_S", "700"),
            ("SHARXI__ALLOWED_ORIGINS", "[\"https://a.example\"]"),
            ("SHARXI__AUTH__KEYS", "keys.toml"),
            ("SHARXI_OTHER", "1"),
        ]);
        let config = load(Some(&path), env).unwrap();
        assert_eq!((config.speed, config.hash_every), (Some(3.0), Some(5)));
        assert_eq!(config.listen.unwrap().port(), 9);
        assert_eq!(config.policy.max_wait_s, Some(700.0));
        assert_eq!(config.allowed_origins, ["https://a.example"]);
        assert_eq!(config.auth.unwrap().keys, Path::new("keys.toml"));
    }

    #[test]
    fn a_mistake_is_named_with_its_place() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("sharxi.toml");
        std::fs::write(&path, "speeed = 2").unwrap();
        let error = load(Some(&path), variables(&[])).unwrap_err().to_string();
        assert!(error.contains("sharxi.toml") && error.contains("did you mean speed"), "{error}");
        for (name, value, said) in [
            ("SHARXI__SPEEED", "2", "did you mean speed"),
            ("SHARXI__SPEED", "fast", "f64"),
            ("SHARXI__POLICY__MAX_WAIT", "2", "did you mean max_wait_s"),
            ("SHARXI__POLICY", "2", "policy"),
        ] {
            let error = load(None, variables(&[(name, value)])).unwrap_err().to_string();
            assert!(error.contains(name) && error.contains(said), "{error}");
        }
    }
}
