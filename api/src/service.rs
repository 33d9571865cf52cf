//! The service as a whole: start it, find out where it listens, stop it.

use std::net::{IpAddr, SocketAddr};
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::AtomicU64;

use sharxi_engine::dispatcher::Spot;
use sharxi_engine::oracle::Oracle;
use sharxi_engine::planning::policy::Policy;
use sharxi_engine::units::EngineTime;
use tokio::net::TcpListener;
use tokio::sync::{Semaphore, mpsc, oneshot, watch};

use crate::app::App;
use crate::auth::config::AuthConfig;
use crate::auth::gate::Gate;
use crate::auth::watched::FileError;
use crate::clock::{self, Clock};
use crate::core_loop::Core;
use crate::feeds::config::{FeedsConfig, FeedsError};
use crate::feeds::model::{Feeds, Parts};
use crate::hours::Hours;
use crate::http::routes::routes;
use crate::inputs::{CoreHandle, Input, queue};
use crate::journal::record::Header;
use crate::journal::recovery::{Recovered, recover};
use crate::journal::sqlite::SqliteJournal;
use crate::journal::{Journal, JournalError};
use crate::keeping::Keeping;
use crate::limits::{CLOCK_AHEAD_MAX, CONNECTIONS_MAX, Deadlines, Rates};
use crate::map::Map;
use crate::metrics::Metrics;
use crate::policy_config::{PolicyConfig, PolicyError};
use crate::queries::desk::QueryDesk;
use crate::server::{self, Door};
use crate::spots::spots;
use crate::tiles::Tiles;
use crate::tls::{Tls, TlsConfig};
use crate::wire::status::to_text;
use crate::wire::welcome::region_info;

/// How a service is run.
#[derive(Clone, Debug)]
pub struct ServiceConfig {
    /// Where to listen.
    pub listen: SocketAddr,
    /// Whether any free port will do if that one is taken.
    pub any_port: bool,
    /// The journal; `None` keeps it in memory, for demonstrations and tests.
    pub journal: Option<PathBuf>,
    /// What the service clock shows at the start; `None`: the wall's time. A journal that is ahead wins.
    pub start: Option<EngineTime>,
    /// How fast the service clock runs.
    pub speed: f64,
    /// The rules of a journal that begins; one that goes on keeps its own.
    pub policy: Policy,
    /// What was asked for by name: a journal that says otherwise is refused.
    pub policy_stated: PolicyConfig,
    /// Where demand is expected; `None`: as the journal says, or the region's places if it begins.
    pub spots: Option<Vec<Spot>>,
    /// Speeds by hour of the week; `None`: what a journal says of them is taken back.
    pub hours: Option<Hours>,
    /// Commands between two recorded state hashes.
    pub hash_every: u64,
    /// Commands between two snapshots of a journal in a file; 0 for none.
    pub snapshot_every: u64,
    /// Days for which records and ended rides are kept; `None`: for ever.
    pub keep_days: Option<u32>,
    /// Origins allowed besides the service's own, each like `https://example.org`.
    pub origins: Vec<String>,
    /// Who may come in; `None`: everybody is who they say they are, which only this machine may be told.
    pub auth: Option<AuthConfig>,
    /// How often anybody may ask, with `auth`.
    pub rates: Rates,
    /// Encryption; `None`: plain, for this machine or behind a proxy.
    pub tls: Option<TlsConfig>,
    /// Addresses of proxies that say for whom a request is.
    pub proxies: Vec<IpAddr>,
    /// Connections at a time.
    pub connections_max: usize,
    /// Open data.
    pub feeds: FeedsConfig,
    /// The time zone of feeds, unless they name one.
    pub time_zone: Option<String>,
    /// How long a peer may take.
    pub deadlines: Deadlines,
}

impl Default for ServiceConfig {
    fn default() -> Self {
        Self {
            listen: SocketAddr::from(([127, 0, 0, 1], 8080)),
            any_port: false,
            journal: None,
            start: None,
            speed: 1.0,
            policy: Policy::default(),
            policy_stated: PolicyConfig::default(),
            spots: None,
            hours: None,
            hash_every: 64,
            snapshot_every: 10_000,
            keep_days: Some(30),
            origins: Vec::new(),
            auth: None,
            rates: Rates::default(),
            tls: None,
            proxies: Vec::new(),
            connections_max: CONNECTIONS_MAX,
            feeds: FeedsConfig::default(),
            time_zone: None,
            deadlines: Deadlines::default(),
        }
    }
}

/// Why the service can't start or go on.
#[derive(Debug, thiserror::Error)]
pub enum ServiceError {
    /// The address can't be listened on.
    #[error("listen on {addr}")]
    Listen {
        /// The address.
        addr: SocketAddr,
        /// What came of it.
        #[source]
        source: std::io::Error,
    },
    /// Nobody has to prove who they are, and others than this machine could connect.
    #[error(
        "listen on {addr}: without [auth] only this machine may connect; set auth.keys and auth.users, or listen on 127.0.0.1"
    )]
    Open {
        /// The address.
        addr: SocketAddr,
    },
    /// Nobody has to prove who they are, and a proxy would let everybody in.
    #[error("trust proxies: trusted_proxies needs [auth]: set auth.keys and auth.users")]
    OpenProxy,
    /// Keys, users or certificates.
    #[error(transparent)]
    File(#[from] FileError),
    /// The core's thread can't be started.
    #[error("start the core")]
    Thread(#[source] std::io::Error),
    /// The threads for questions to the roads can't be started.
    #[error("start the threads for queries")]
    Queries(#[source] rayon::ThreadPoolBuildError),
    /// The policy asked for makes no sense.
    #[error(transparent)]
    Policy(#[from] PolicyError),
    /// The feeds asked for make no sense.
    #[error(transparent)]
    Feeds(#[from] FeedsError),
    /// The journal can't be used.
    #[error(transparent)]
    Journal(#[from] JournalError),
    /// A bug: an assertion failed in the core. The journal brings it back.
    #[error("go on: the core has stopped on a bug; start again to recover from the journal")]
    CorePanicked,
}

/// The service.
pub struct Service;

/// A running service.
pub struct Running {
    addr: SocketAddr,
    ahead: Option<EngineTime>,
    core: CoreHandle,
    ended: oneshot::Receiver<Result<(), ServiceError>>,
    stop: watch::Sender<bool>,
    permits: Arc<Semaphore>,
    connections_max: usize,
    deadlines: Deadlines,
}

impl Service {
    /// Starts a service on `map` and returns once its journal has been replayed. It answers `/health` before that.
    ///
    /// # Errors
    /// [`ServiceError`] if the address or the journal can't be used.
    pub async fn start(config: ServiceConfig, map: Arc<dyn Map>) -> Result<Running, ServiceError> {
        let gate = Arc::new(gate(&config)?);
        allow_open_files(config.connections_max);
        let tls = config.tls.as_ref().map(Tls::open).transpose()?;
        let listener = listen(&config).await?;
        let addr = listener
            .local_addr()
            .map_err(|source| ServiceError::Listen { addr: config.listen, source })?;
        let (core, inputs) = queue();
        let (ready_sender, ready) = watch::channel(false);
        let (stop, stopped) = watch::channel(false);
        let imported: Arc<dyn Oracle> = map.clone();
        let (times_sender, times) = watch::channel(imported);
        let queries = QueryDesk::new().map_err(ServiceError::Queries)?;
        let connections_max = config.connections_max;
        let permits = Arc::new(Semaphore::new(connections_max));
        let metrics = Arc::new(Metrics::default());
        let app = Arc::new(App {
            core: core.clone(),
            times,
            queries,
            feeds: Feeds::new(Parts {
                config: config.feeds.clone(),
                time_zone: config.time_zone.clone(),
                own_url: format!("http://{addr}"),
                map: map.clone(),
                core: core.clone(),
            })?,
            tiles: Tiles::new(map.clone()),
            region: to_text(&region_info(map.as_ref(), true)),
            gate: gate.clone(),
            metrics: metrics.clone(),
            deadlines: config.deadlines.clone(),
            ready,
            n_clients: AtomicU64::new(0),
            map: map.clone(),
        });
        let deadlines = config.deadlines.clone();
        let door = Door {
            routes: routes(&app),
            gate,
            metrics,
            permits: permits.clone(),
            deadlines: deadlines.clone(),
            tls,
            proxies: config.proxies.iter().map(IpAddr::to_canonical).collect(),
        };
        tokio::spawn(server::accept(listener, Arc::new(door), stopped));
        let (recovered_sender, recovered) = oneshot::channel();
        let (ended_sender, ended) = oneshot::channel();
        let run = move || {
            let result = run_core(&config, &map, times_sender, inputs, recovered_sender);
            // Nobody may be waiting any more.
            drop(ended_sender.send(result));
        };
        std::thread::Builder::new().name("core".into()).spawn(run).map_err(ServiceError::Thread)?;
        let ahead = None;
        let running =
            Running { addr, ahead, core, ended, stop, permits, connections_max, deadlines };
        if let Ok(ahead) = recovered.await {
            ready_sender.send_replace(true);
            return Ok(Running { ahead, ..running });
        }
        running.stop.send_replace(true);
        match running.ended.await {
            Ok(Err(error)) => Err(error),
            Ok(Ok(())) | Err(_) => Err(ServiceError::CorePanicked),
        }
    }
}

impl Running {
    /// Where it listens.
    #[must_use]
    pub const fn addr(&self) -> SocketAddr {
        self.addr
    }

    /// The time of the journal's last record, if that is ahead of the wall by more than clocks differ: it was written
    /// while the wall clock, or `--start`, was wrong, and the service goes on from there.
    #[must_use]
    pub const fn ahead(&self) -> Option<EngineTime> {
        self.ahead
    }

    /// Waits until the service ends by itself, which it does only in trouble.
    pub async fn ended(&mut self) -> ServiceError {
        match (&mut self.ended).await {
            Ok(Err(error)) => error,
            Ok(Ok(())) | Err(_) => ServiceError::CorePanicked,
        }
    }

    /// Stops in good order: no new connections, a word to every client, the state hash into the journal.
    ///
    /// # Errors
    /// [`ServiceError`] if the journal could not be closed.
    pub async fn shutdown(self) -> Result<(), ServiceError> {
        self.stop.send_replace(true);
        self.core.send(Input::Stop("the service goes down")).await;
        let result = self.ended.await.unwrap_or(Err(ServiceError::CorePanicked));
        // All permits together are held once every connection has ended.
        let all = u32::try_from(self.connections_max).unwrap_or(u32::MAX);
        let drained = self.permits.acquire_many(all);
        if tokio::time::timeout(self.deadlines.drain, drained).await.is_err() {
            tracing::info!("some connections did not end in time");
        }
        result
    }
}

/// Asks the system for as many open files as there may be connections, and some for journal and threads.
fn allow_open_files(connections_max: usize) {
    const OTHERS: u64 = 256;
    let wanted = OTHERS + u64::try_from(connections_max).unwrap_or(u64::MAX - OTHERS);
    match rlimit::getrlimit(rlimit::Resource::NOFILE) {
        Ok((soft, _)) if wanted <= soft => {}
        _ => match rlimit::increase_nofile_limit(wanted) {
            Ok(allowed) if wanted <= allowed => {}
            Ok(allowed) => {
                tracing::warn!(
                    allowed,
                    wanted,
                    "fewer open files are allowed than connections_max asks for"
                );
            }
            Err(error) => tracing::warn!(%error, wanted, "ask for more open files"),
        },
    }
}

/// The gate that the configuration asks for. An open one is for this machine alone.
fn gate(config: &ServiceConfig) -> Result<Gate, ServiceError> {
    let origins = config.origins.clone();
    match &config.auth {
        Some(auth) => Ok(Gate::locked(origins, auth, &config.rates)?),
        None if !config.listen.ip().is_loopback() => {
            Err(ServiceError::Open { addr: config.listen })
        }
        None if !config.proxies.is_empty() => Err(ServiceError::OpenProxy),
        None => Ok(Gate::open(origins)),
    }
}

/// Whether the service clock runs as fast as the wall's.
fn is_earnest(speed: f64) -> bool {
    (speed - 1.0).abs() < f64::EPSILON
}

async fn listen(config: &ServiceConfig) -> Result<TcpListener, ServiceError> {
    let addr = config.listen;
    match TcpListener::bind(addr).await {
        Ok(listener) => Ok(listener),
        Err(_) if config.any_port => {
            let any = SocketAddr::new(addr.ip(), 0);
            TcpListener::bind(any)
                .await
                .map_err(|source| ServiceError::Listen { addr: any, source })
        }
        Err(source) => Err(ServiceError::Listen { addr, source }),
    }
}

/// Opens the journal, or begins one under the rules of the configuration.
fn open_journal(
    config: &ServiceConfig,
    map: &dyn Map,
    start: EngineTime,
) -> Result<SqliteJournal, ServiceError> {
    let header = Header {
        region_name: map.name().to_owned(),
        region_fingerprint: map.fingerprint(),
        policy: config.policy.clone(),
        spots: config.spots.clone().unwrap_or_else(|| spots(map)),
        start,
    };
    let journal = match &config.journal {
        Some(path) => SqliteJournal::open(path, header)?,
        None => SqliteJournal::in_memory(header)?,
    };
    let kept = journal.header();
    if let Some(key) = config.policy_stated.contradicts(&kept.policy)? {
        return Err(JournalError::OtherRules { what: format!("policy.{key}") }.into());
    }
    if config.spots.as_ref().is_some_and(|spots| *spots != kept.spots) {
        return Err(JournalError::OtherRules { what: "set of spots".to_owned() }.into());
    }
    Ok(journal)
}

/// The core's thread: recover, say so, run.
fn run_core(
    config: &ServiceConfig,
    map: &Arc<dyn Map>,
    times: watch::Sender<Arc<dyn Oracle>>,
    inputs: mpsc::Receiver<Input>,
    recovered: oneshot::Sender<Option<EngineTime>>,
) -> Result<(), ServiceError> {
    let start = config.start.unwrap_or_else(clock::wall);
    let journal = open_journal(config, map.as_ref(), start)?;
    let Recovered { executor, desk, snapshot_seq, .. } = recover(&journal, map)?;
    let last = executor.dispatcher().last_command_at();
    // What ends with the process needs no snapshots.
    let every = config.journal.as_ref().map_or(0, |_| config.snapshot_every);
    let in_earnest = config.start.is_none() && is_earnest(config.speed);
    let begin = last.map_or(start, |last| last.max(start));
    let clock =
        if in_earnest { Clock::of_the_wall(begin) } else { Clock::new(begin, config.speed) };
    let ahead = last.filter(|last| in_earnest && CLOCK_AHEAD_MAX < last.since(start));
    let core = Core::new(executor, desk, Box::new(journal), clock, config.hash_every)
        .keeping(Keeping::new(every, config.keep_days, snapshot_seq))
        .following(config.hours.clone())?
        .telling(times);
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_time()
        .build()
        .map_err(ServiceError::Thread)?;
    // Nobody waits only if the start was given up.
    let _: Result<(), Option<EngineTime>> = recovered.send(ahead);
    Ok(runtime.block_on(core.run(inputs))?)
}
