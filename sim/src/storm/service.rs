//! The service in simulated time: its core on a faulty disk, its queue, its sockets. Killed and started again as often as it takes.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use futures_util::FutureExt;
use sharxi_api::clock::Clock;
use sharxi_api::core_loop::Core;
use sharxi_api::desk::Question;
use sharxi_api::executor::Executor;
use sharxi_api::inputs::{AnswerTo, CoreHandle, Input, queue_of};
use sharxi_api::intent::Caller;
use sharxi_api::journal::JournalError;
use sharxi_api::journal::record::Header;
use sharxi_api::journal::recovery::recover;
use sharxi_api::journal::sqlite::SqliteJournal;
use sharxi_api::keeping::Keeping;
use sharxi_api::map::Map;
use sharxi_api::outbox::{OutboxReader, outbox_of};
use sharxi_api::publish::ClientId;
use sharxi_api::wire::convert;
use sharxi_api::wire::message::{Unreadable, read_command};
use sharxi_engine::planning::policy::Policy;
use sharxi_engine::units::{EngineTime, Millis};
use tokio::sync::{mpsc, oneshot};

use super::disk::{FaultyJournal, Image, Shared};
use super::town::Town;
use super::weather::Weather;

/// How the state stood: the number of the last record, and the hash of everything.
pub type Stand = (u64, u64);

/// Whether a core goes on after a turn.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum End {
    /// It does.
    None,
    /// It was told to stop.
    Stopped,
    /// Its journal could not be written.
    Failed,
}

/// What came of a turn.
pub struct Turn {
    /// Messages for connections, in order.
    pub told: Vec<(u64, String)>,
    /// Connections that were cut because nobody read them.
    pub cut: Vec<u64>,
    /// Answers to commands over HTTP.
    pub answers: Vec<(usize, String)>,
    /// Whether the core goes on.
    pub ended: End,
    /// How things stand in the core, durable or not.
    pub stand: Stand,
    /// Wall time until it has something to do by itself.
    pub due: Option<Duration>,
}

/// A service that runs.
pub struct Service {
    core: Core,
    handle: CoreHandle,
    inputs: mpsc::Receiver<Input>,
    path: PathBuf,
    map: Arc<dyn Map>,
    outbox: usize,
    readers: BTreeMap<u64, OutboxReader>,
    stalled: BTreeMap<u64, i64>,
    asked: Vec<(usize, oneshot::Receiver<String>)>,
    now_ms: i64,
}

fn header(weather: &Weather, start: EngineTime) -> Header {
    let policy = Policy {
        react: Millis::from_secs(weather.react_s),
        stop: Millis::from_secs(weather.stop_s),
        reoptimise: weather.reoptimise,
        ..Policy::default()
    };
    let region_name = "Storm town".to_owned();
    Header { region_name, region_fingerprint: 1, policy, spots: Vec::new(), start }
}

impl Service {
    /// Starts it on what is in `path`, at `now_ms` of the storm, when the wall clock shows `wall`; with how things stand.
    ///
    /// # Errors
    /// [`JournalError`] if the journal is refused.
    pub fn start(
        path: &Path,
        town: &Arc<Town>,
        weather: &Weather,
        shared: &Arc<Mutex<Shared>>,
        (now_ms, wall): (i64, EngineTime),
    ) -> Result<(Self, Stand), JournalError> {
        let map: Arc<dyn Map> = town.clone();
        let journal =
            SqliteJournal::open(path, header(weather, wall))?.with_log_pages(weather.log_pages)?;
        let back = recover(&journal, &map)?;
        let stand = (back.executor.record_seq(), back.executor.dispatcher().state_hash());
        let last = back.executor.dispatcher().last_command_at();
        let clock = Clock::by_hand(last.map_or(wall, |last| last.max(wall)));
        let keeping = Keeping::new(weather.snapshot_every, None, back.snapshot_seq);
        let journal = FaultyJournal::new(journal, path.to_owned(), shared.clone());
        let core =
            Core::new(back.executor, back.desk, Box::new(journal), clock, weather.hash_every)
                .unpaced()
                .keeping(keeping);
        let (handle, inputs) = queue_of(weather.queue);
        let service = Self {
            core,
            handle,
            inputs,
            path: path.to_owned(),
            map,
            outbox: weather.outbox,
            readers: BTreeMap::new(),
            stalled: BTreeMap::new(),
            asked: Vec::new(),
            now_ms,
        };
        Ok((service, stand))
    }

    /// A client has connected and said hello; `whole` gives it room for everything. Whether the core had room for that.
    pub fn join(&mut self, conn: u64, caller: &Caller, resume: Option<u64>, whole: bool) -> bool {
        let room = if whole { usize::from(u16::MAX) } else { self.outbox };
        let (outbox, reader) = outbox_of(room);
        let (client, caller) = (ClientId(conn), Arc::new(caller.clone()));
        let joined = self.handle.submit(Input::Join { client, caller, resume, outbox }).is_ok();
        if joined {
            self.readers.insert(conn, reader);
        }
        joined
    }

    /// A connection is gone.
    pub fn leave(&mut self, conn: u64) {
        self.readers.remove(&conn);
        self.stalled.remove(&conn);
        // If there is no room, the next message that finds nobody does it.
        drop(self.handle.submit(Input::Leave(ClientId(conn))));
    }

    /// Nobody reads this connection for a while.
    pub fn stall(&mut self, conn: u64, until_ms: i64) {
        self.stalled.insert(conn, until_ms);
    }

    /// A command has come, over a connection or over HTTP for client number `http`; what is answered at once.
    pub fn command(
        &mut self,
        text: &str,
        caller: &Caller,
        conn: Option<u64>,
        http: usize,
    ) -> Option<String> {
        let handed_on = read_command(text).and_then(|command| {
            let id = command.id().map(str::to_owned);
            let (answer, receiver) = match conn {
                Some(conn) => (AnswerTo::Client(ClientId(conn)), None),
                None => {
                    let (sender, receiver) = oneshot::channel();
                    (AnswerTo::Once(sender), Some(receiver))
                }
            };
            let caller = Arc::new(caller.clone());
            convert::order(&command, self.map.as_ref())
                .and_then(|order| self.handle.submit(Input::Order { caller, order, answer }))
                .map(|()| receiver)
                .map_err(|error| Unreadable { id, error })
        });
        match handed_on {
            Ok(receiver) => {
                self.asked.extend(receiver.map(|receiver| (http, receiver)));
                None
            }
            Err(Unreadable { id, error }) => Some(error.encode(id.as_deref())),
        }
    }

    /// Says that it should stop. Whether the core had room to hear it.
    pub fn stop(&mut self) -> bool {
        self.handle.submit(Input::Stop("the storm says so")).is_ok()
    }

    /// One turn of the core at `now_ms`, when the wall clock shows `wall`.
    pub fn turn(&mut self, now_ms: i64, wall: EngineTime) -> Turn {
        let passed = u64::try_from(now_ms - self.now_ms).unwrap_or(0);
        self.now_ms = now_ms;
        self.core.advance(Duration::from_millis(passed));
        let first = self.inputs.try_recv().ok();
        let stepped = self.core.step(wall, first, &mut self.inputs);
        let ended = match stepped {
            Ok(None) => End::None,
            Ok(Some(_)) => End::Stopped,
            Err(_) => End::Failed,
        };
        let mut turn = Turn {
            told: Vec::new(),
            cut: Vec::new(),
            answers: Vec::new(),
            ended,
            stand: self.stand(),
            due: self.core.until_due(),
        };
        self.collect(&mut turn);
        turn
    }

    fn collect(&mut self, turn: &mut Turn) {
        let now_ms = self.now_ms;
        self.stalled.retain(|_, until| now_ms < *until);
        for (&conn, reader) in &mut self.readers {
            if reader.cut().wait().now_or_never().is_some() {
                turn.cut.push(conn);
            }
            if self.stalled.contains_key(&conn) {
                continue;
            }
            while let Some(message) = reader.ready() {
                turn.told
                    .extend(message.into_text().ok().map(|text| (conn, text.as_str().to_owned())));
            }
        }
        for conn in &turn.cut {
            self.readers.remove(conn);
        }
        self.asked.retain_mut(|(client, receiver)| match receiver.try_recv() {
            Ok(text) => {
                turn.answers.push((*client, text));
                false
            }
            Err(oneshot::error::TryRecvError::Empty) => true,
            Err(oneshot::error::TryRecvError::Closed) => false,
        });
    }

    /// Whether somebody does not read at the moment.
    #[must_use]
    pub fn is_stalled(&self) -> bool {
        !self.stalled.is_empty()
    }

    /// How things stand in the core.
    #[must_use]
    pub fn stand(&self) -> Stand {
        (self.executor().record_seq(), self.executor().dispatcher().state_hash())
    }

    /// The core's executor, to look at.
    #[must_use]
    pub const fn executor(&self) -> &Executor {
        self.core.executor()
    }

    /// What the service's clock shows.
    #[must_use]
    pub fn now(&self) -> EngineTime {
        self.core.now()
    }

    /// What it says of a ride, when it is asked.
    ///
    /// # Errors
    /// [`JournalError`] if the core ends over it.
    pub fn ride(
        &mut self,
        question: Question,
        wall: EngineTime,
    ) -> Result<Option<String>, JournalError> {
        let (sender, mut receiver) = oneshot::channel();
        self.core.step(wall, Some(Input::Ask(question, sender)), &mut self.inputs)?;
        Ok(receiver.try_recv().ok().flatten())
    }

    /// The end in good order of a core that was told to stop, and what the disk has then. The end may be struck, too.
    ///
    /// # Errors
    /// If the files can't be read.
    pub fn finish(self, shared: &Mutex<Shared>) -> std::io::Result<Image> {
        let path = self.path.clone();
        // What is not written is not told.
        drop(self.core.finish("the storm says so"));
        match super::disk::lock(shared).image.take() {
            Some(image) => Ok(image),
            None => Image::of(&path),
        }
    }

    /// The end of the process, and what the disk has then.
    ///
    /// # Errors
    /// If the files can't be read.
    pub fn kill(self, shared: &Mutex<Shared>) -> std::io::Result<Image> {
        match super::disk::lock(shared).image.take() {
            Some(image) => Ok(image),
            None => Image::of(&self.path),
        }
    }
}
