//! `sharxi serve`: the service on a region until it is told to stop.

use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use sharxi_engine::units::EngineTime;
use tokio::signal;

use crate::config::{self, ConfigError, FileConfig, SPEED_RULE, is_speed};
use crate::hours::{Hours, HoursError};
use crate::map::Map;
use crate::policy_config::PolicyError;
use crate::service::{Running, Service, ServiceConfig, ServiceError};
use crate::wire::time;

/// Exit code after a journal that can't be written any more: nothing of the last batch was acknowledged.
pub const EXIT_STORAGE: u8 = 74;
/// Exit code after a bug in the core.
pub const EXIT_BUG: u8 = 70;

/// Arguments of `sharxi serve`.
#[derive(Clone, Debug, clap::Args)]
pub struct ServeArgs {
    /// Region file, made with `sharxi region build`
    pub region: PathBuf,
    /// Where to listen [default: 127.0.0.1:8080]
    #[arg(long, value_name = "ADDR")]
    pub listen: Option<SocketAddr>,
    /// Configuration file (TOML)
    #[arg(long, value_name = "FILE")]
    pub config: Option<PathBuf>,
    /// Journal file [default: beside the region, with the ending .journal.sqlite]
    #[arg(long, value_name = "FILE")]
    pub journal: Option<PathBuf>,
    /// How fast the service clock runs against the wall [default: 1]
    #[arg(long, value_name = "X", value_parser = parse_speed)]
    pub speed: Option<f64>,
    /// What the service clock shows at the start [default: the wall's time]
    #[arg(long, value_name = "RFC3339", value_parser = parse_time)]
    pub start: Option<EngineTime>,
    /// Speeds by hour of the week (TOML); needs the time zone
    #[arg(long, value_name = "FILE")]
    pub week: Option<PathBuf>,
    /// The time zone whose hours these are, such as Europe/Berlin
    #[arg(long, value_name = "NAME")]
    pub time_zone: Option<String>,
    /// Memory
    #[command(flatten)]
    pub labels: crate::commands::LabelArgs,
}

/// Why serving ended, if not by order.
#[derive(Debug, thiserror::Error)]
pub enum ServeError {
    /// The configuration.
    #[error(transparent)]
    Config(#[from] ConfigError),
    /// The policy in it.
    #[error(transparent)]
    Policy(#[from] PolicyError),
    /// The hours of the week.
    #[error(transparent)]
    Hours(#[from] HoursError),
    /// The service could not be started.
    #[error(transparent)]
    Start(ServiceError),
    /// The service could not go on.
    #[error(transparent)]
    Run(ServiceError),
    /// Signals can't be received.
    #[error("wait for signals")]
    Signal(#[source] std::io::Error),
}

impl ServeError {
    /// The exit code of the process: [`EXIT_STORAGE`], [`EXIT_BUG`], or 1.
    #[must_use]
    pub const fn exit_code(&self) -> u8 {
        match self {
            Self::Run(ServiceError::Journal(_)) => EXIT_STORAGE,
            Self::Run(ServiceError::CorePanicked) => EXIT_BUG,
            _ => 1,
        }
    }
}

/// Runs the service on `map` until Ctrl-C or SIGTERM; calls `listening` once it is ready.
///
/// # Errors
/// [`ServeError`]; [`ServeError::exit_code`] says how to end the process.
pub async fn serve(
    args: &ServeArgs,
    map: Arc<dyn Map>,
    listening: impl FnOnce(&Running),
) -> Result<(), ServeError> {
    // What is not UTF-8 is no setting.
    let env = std::env::vars_os()
        .filter_map(|(name, value)| Some((name.into_string().ok()?, value.into_string().ok()?)));
    let file = config::load(args.config.as_deref(), env)?;
    let config = merge(args, file)?;
    let mut running = Service::start(config, map).await.map_err(ServeError::Start)?;
    listening(&running);
    let ended = tokio::select! {
        error = running.ended() => Some(error),
        asked = asked_to_stop() => { asked.map_err(ServeError::Signal)?; None }
    };
    match ended {
        Some(error) => Err(ServeError::Run(error)),
        None => running.shutdown().await.map_err(ServeError::Run),
    }
}

/// What the command line says goes before what the file says.
fn merge(args: &ServeArgs, file: FileConfig) -> Result<ServiceConfig, ServeError> {
    let usual = ServiceConfig::default();
    let journal = args.journal.clone().or(file.journal);
    let week = args.week.as_deref().or(file.week.as_deref());
    let zone = args.time_zone.as_deref().or(file.time_zone.as_deref());
    Ok(ServiceConfig {
        listen: args.listen.or(file.listen).unwrap_or(usual.listen),
        journal: Some(journal.unwrap_or_else(|| journal_beside(&args.region))),
        start: args.start,
        speed: args.speed.or(file.speed).unwrap_or(usual.speed),
        policy: file.policy.to_policy()?,
        policy_stated: file.policy,
        hours: Hours::read(week, zone)?,
        feeds: file.feeds,
        time_zone: zone.map(str::to_owned),
        hash_every: file.hash_every.unwrap_or(usual.hash_every),
        snapshot_every: file.snapshot_every.unwrap_or(usual.snapshot_every),
        keep_days: file
            .keep_days
            .map_or(usual.keep_days, |days| Some(days).filter(|&days| 0 < days)),
        origins: file.allowed_origins,
        auth: file.auth,
        tls: file.tls,
        proxies: file.trusted_proxies,
        connections_max: file.connections_max.unwrap_or(usual.connections_max),
        ..usual
    })
}

fn journal_beside(region: &Path) -> PathBuf {
    region.with_extension("journal.sqlite")
}

fn parse_speed(text: &str) -> Result<f64, String> {
    text.parse()
        .ok()
        .filter(|&speed| is_speed(speed))
        .ok_or_else(|| format!("must be {SPEED_RULE}"))
}

fn parse_time(text: &str) -> Result<EngineTime, String> {
    time::parse(text).ok_or_else(|| "must be a time like 2026-01-05T06:30:00Z".to_owned())
}

#[cfg(unix)]
async fn asked_to_stop() -> std::io::Result<()> {
    let mut terminate = signal::unix::signal(signal::unix::SignalKind::terminate())?;
    tokio::select! {
        interrupted = signal::ctrl_c() => interrupted,
        _ = terminate.recv() => Ok(()),
    }
}

#[cfg(not(unix))]
async fn asked_to_stop() -> std::io::Result<()> {
    signal::ctrl_c().await
}
