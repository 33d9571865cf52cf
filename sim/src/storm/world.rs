//! The storm itself: one queue of what happens when, the service in its middle, clients around it, and what fails between them.

use std::collections::{BTreeMap, BTreeSet};
use std::hash::Hasher;
use std::path::PathBuf;
use std::sync::{Arc, Mutex};

use sharxi_api::desk::Question;
use sharxi_api::journal::JournalError;
use sharxi_engine::demand::request::Name;
use sharxi_engine::units::EngineTime;
use siphasher::sip::SipHasher13;

use super::cast::Cast;
use super::checker::{Checker, Violation};
use super::client::{Client, Link};
use super::disk::{Fault, Image, Shared, lock};
use super::service::{End, Service, Turn};
use super::town::Town;
use super::weather::{MINUTE_MS, Strike, Weather};
use super::{cast, verdict};
use crate::rng::Rng;

/// 2026-01-05T06:00:00Z.
pub const EPOCH_MS: i64 = 1_767_592_800_000;
/// After the first phase everything must have ended within that.
const CALM_MS: i64 = 240 * MINUTE_MS;
/// How long nothing more may come before it is over.
const QUIET_MS: i64 = 2 * MINUTE_MS;
/// Between two looks at what is overdue.
const LOOK_MS: i64 = 30_000;
/// Lines of the story that are kept: the first ones.
const STORY_MAX: usize = 20_000;

/// What a storm came to.
#[derive(Clone, Debug, Default)]
pub struct Outcome {
    /// Simulated time, in milliseconds.
    pub simulated_ms: i64,
    /// Of all that was told and answered, and of how things stood.
    pub hash: u64,
    /// Messages that clients sent, of which some were lost or doubled.
    pub sent: u64,
    /// Of them, lost on the way.
    pub lost: u64,
    /// Of them, doubled.
    pub doubled: u64,
    /// Connections that broke.
    pub broken: u64,
    /// Times that the service ended and was started again.
    pub restarts: u64,
    /// Of them, killed in the middle of a write.
    pub torn: u64,
    /// Records in the journal at the end.
    pub records: u64,
    /// Events.
    pub events: u64,
    /// Broken rules.
    pub violations: Vec<Violation>,
    /// What was told and said, a line each; empty if no rule was broken.
    pub story: Vec<String>,
}

/// Why a storm could not be played.
#[derive(Debug, thiserror::Error)]
pub enum StormError {
    /// No room for the journal.
    #[error("storm: make a folder for the journal")]
    Folder(#[source] std::io::Error),
    /// The journal's files can't be copied.
    #[error("storm: copy the journal")]
    Disk(#[source] std::io::Error),
    /// The audit can't be held.
    #[error("storm: audit")]
    Audit(#[from] crate::audit::files::AuditError),
}

/// What happens next.
#[derive(Debug)]
pub(super) enum Happening {
    /// Client wakes, if it is still that time that it wanted.
    Wake(usize, i64),
    /// A client's hello, over this connection.
    Hello { client: usize, conn: u64 },
    /// A client's command; over a connection or over HTTP.
    Command { client: usize, conn: Option<u64>, text: String },
    /// A message for a client over its connection.
    Told { client: usize, conn: u64, text: String },
    /// An answer over HTTP.
    Answer { client: usize, text: String },
    /// The core has a turn.
    Turn(u64),
    /// Something strikes the service.
    Strike(Strike),
    /// The wall clock is set.
    Step(i64),
    /// The service is started again.
    Start,
    /// What is overdue is looked at.
    Look,
}

/// The storm of one seed.
pub struct World {
    pub(super) weather: Weather,
    pub(super) town: Arc<Town>,
    pub(super) fleet: Vec<Cast>,
    pub(super) now: i64,
    /// What the wall clock of the service's machine is ahead.
    pub(super) wall_ahead: i64,
    pub(super) due: BTreeMap<(i64, u64), Happening>,
    pub(super) n_due: u64,
    pub(super) service: Option<Service>,
    /// Turns that were planned before this one are void.
    pub(super) turn: u64,
    pub(super) turn_at: i64,
    pub(super) up_since: i64,
    pub(super) disk: PathBuf,
    pub(super) folder: tempfile::TempDir,
    pub(super) shared: Arc<Mutex<Shared>>,
    pub(super) clients: Vec<Client>,
    pub(super) wakes: Vec<i64>,
    /// Connections: whose, and when the last message on the way arrives, there and back.
    pub(super) conns: BTreeMap<u64, (usize, i64, i64)>,
    pub(super) n_conns: u64,
    pub(super) checker: Checker,
    pub(super) rng: Rng,
    pub(super) hasher: SipHasher13,
    pub(super) outcome: Outcome,
    pub(super) last_news: i64,
}

/// Plays the storm of `seed`.
///
/// # Errors
/// [`StormError`] if it can't be played; what goes wrong in it is a violation.
pub fn play(seed: u64) -> Result<Outcome, StormError> {
    let weather = Weather::of(seed);
    let town = Town::new();
    let mut checker = Checker::default();
    let fleet = cast::fleet(seed, &weather, &town);
    let clients = cast::clients(seed, &weather, (&town, &fleet), &mut checker);
    // Nobody needs the journal after the storm; in memory its syncs cost nothing.
    let memory = std::path::Path::new("/dev/shm");
    let folder = if memory.is_dir() { tempfile::tempdir_in(memory) } else { tempfile::tempdir() };
    let folder = folder.map_err(StormError::Folder)?;
    let world = World {
        town,
        fleet,
        now: 0,
        wall_ahead: 0,
        due: BTreeMap::new(),
        n_due: 0,
        service: None,
        turn: 0,
        turn_at: i64::MAX,
        up_since: 0,
        disk: folder.path().join("0.journal"),
        folder,
        shared: Arc::default(),
        wakes: vec![i64::MIN; clients.len()],
        clients,
        conns: BTreeMap::new(),
        n_conns: 0,
        checker,
        rng: Rng::new(seed, 2),
        hasher: SipHasher13::new(),
        outcome: Outcome::default(),
        last_news: 0,
        weather,
    };
    world.play()
}

impl World {
    fn play(mut self) -> Result<Outcome, StormError> {
        for (at, strike) in self.weather.strikes.clone() {
            self.at(at, Happening::Strike(strike));
        }
        for (at, by) in self.weather.steps.clone() {
            self.at(at, Happening::Step(by));
        }
        self.at(0, Happening::Start);
        self.at(LOOK_MS, Happening::Look);
        for client in 0..self.clients.len() {
            self.plan_wake(client);
        }
        let end = self.weather.safety_ms + CALM_MS;
        while let Some(((at, _), happening)) = self.due.pop_first() {
            if end < at || self.is_over(at) || !self.checker.violations.is_empty() {
                break;
            }
            self.now = at;
            self.happen(happening)?;
        }
        self.close(end)
    }

    pub(super) fn is_calm(&self) -> bool {
        self.weather.safety_ms < self.now
    }

    fn is_over(&self, at: i64) -> bool {
        self.weather.safety_ms < at
            && self.last_news + QUIET_MS < at
            && self.checker.open().next().is_none()
            && !self.service.as_ref().is_some_and(Service::is_stalled)
            && self.clients.iter().all(|client| client.is_done() && client.link != Link::Down)
    }

    fn close(mut self, end: i64) -> Result<Outcome, StormError> {
        if self.checker.violations.is_empty() {
            if !self.is_over(self.now) && !self.is_over(end) {
                let open: Vec<String> = self
                    .checker
                    .open()
                    .map(|(name, ride)| format!("{name} {:?}", ride.stage))
                    .collect();
                let waiting = self.clients.iter().flat_map(Client::waits_for).collect::<Vec<_>>();
                let text = format!("not everything ended: rides {open:?}, commands {waiting:?}");
                self.checker.violate("I11", text);
            }
            self.checker.close();
            let audit = verdict::audit(&self.checker.events, &self.town, &self.fleet)?;
            audit.into_iter().for_each(|text| self.checker.violate("audit", text));
        }
        if let Some(service) = &self.service {
            let (records, hash) = service.stand();
            self.outcome.records = records;
            self.hasher.write_u64(hash);
        }
        self.outcome.simulated_ms = self.now;
        self.outcome.events = self.checker.n_events() as u64;
        self.outcome.hash = self.hasher.finish();
        self.outcome.violations = std::mem::take(&mut self.checker.violations);
        if self.outcome.violations.is_empty() {
            self.outcome.story.clear();
        }
        Ok(self.outcome)
    }

    pub(super) fn at(&mut self, time: i64, happening: Happening) {
        self.n_due += 1;
        self.due.insert((time.max(self.now), self.n_due), happening);
    }

    fn wall(&self) -> EngineTime {
        EngineTime::from_unix_ms(EPOCH_MS + self.now + self.wall_ahead)
    }

    pub(super) fn note(&mut self, text: &str) {
        self.hasher.write(text.as_bytes());
        if self.outcome.story.len() < STORY_MAX {
            let minutes = self.now as f64 / 60_000.0;
            self.outcome.story.push(format!("{minutes:.3} {text}"));
        }
    }

    fn happen(&mut self, happening: Happening) -> Result<(), StormError> {
        match happening {
            Happening::Wake(client, at) => {
                if self.wakes.get(client) == Some(&at) {
                    self.wake(client);
                }
            }
            Happening::Hello { client, conn } => self.hello(client, conn),
            Happening::Command { client, conn, text } => self.command(client, conn, &text),
            Happening::Told { client, conn, text } => {
                if self.clients.get(client).is_some_and(|client| client.link == Link::Up(conn)) {
                    self.told(client, conn, &text);
                }
            }
            Happening::Answer { client, text } => self.told(client, 0, &text),
            Happening::Turn(turn) => {
                if turn == self.turn {
                    self.take_turn()?;
                }
            }
            Happening::Strike(strike) => self.strike(strike)?,
            Happening::Step(by) => {
                self.wall_ahead += by;
                // The core looks at the wall clock once a second at least.
                self.turn_by(self.now + 1_000);
            }
            Happening::Start => self.start(),
            Happening::Look => {
                self.look();
                self.at(self.now + LOOK_MS, Happening::Look);
            }
        }
        Ok(())
    }

    pub(super) fn plan_wake(&mut self, client: usize) {
        let wanted = self.clients.get(client).and_then(Client::next_wake);
        if let (Some(at), Some(known)) = (wanted, self.wakes.get_mut(client)) {
            let at = at.max(self.now);
            if *known != at {
                *known = at;
                self.at(at, Happening::Wake(client, at));
            }
        }
    }

    fn wake(&mut self, idx: usize) {
        let now = self.now;
        if let Some(known) = self.wakes.get_mut(idx) {
            *known = i64::MIN;
        }
        let Some(client) = self.clients.get_mut(idx) else { return };
        if client.link == Link::Down && client.connect_at <= now {
            self.n_conns += 1;
            let conn = self.n_conns;
            // Until the hello is answered it is tried again now and then.
            client.connect_at = now + 20_000;
            let arrives = now + self.delay();
            self.at(arrives, Happening::Hello { client: idx, conn });
        }
        let Some(client) = self.clients.get_mut(idx) else { return };
        let link = client.link;
        for text in client.wake(now) {
            self.send(idx, link, text);
        }
        self.plan_wake(idx);
    }

    pub(super) fn turn_soon(&mut self) {
        let pause = self.rng.between(0, 30);
        self.turn_by(self.now + pause);
    }

    fn turn_by(&mut self, at: i64) {
        if at < self.turn_at {
            self.turn += 1;
            self.turn_at = at;
            self.at(at, Happening::Turn(self.turn));
        }
    }

    fn take_turn(&mut self) -> Result<(), StormError> {
        self.turn_at = i64::MAX;
        let (now, wall) = (self.now, self.wall());
        let Some(service) = &mut self.service else { return Ok(()) };
        let Turn { told, cut, answers, ended, stand, due } = service.turn(now, wall);
        match ended {
            End::None | End::Stopped => self.checker.stood(stand),
            End::Failed => self.checker.would_stand(stand),
        }
        for (conn, text) in told {
            self.tell(conn, text);
        }
        self.checker.told_all();
        for (client, text) in answers {
            self.answer(client, text);
        }
        for conn in cut {
            self.break_off(conn);
        }
        match ended {
            End::None => {}
            End::Failed => return self.ended(),
            End::Stopped => return self.stopped(),
        }
        if let Some(due) = due {
            let ms = i64::try_from(due.as_millis()).unwrap_or(CALM_MS);
            // The clock rounds down.
            self.turn_by(self.now + ms.max(1));
        }
        Ok(())
    }

    fn strike(&mut self, strike: Strike) -> Result<(), StormError> {
        let Some(service) = &mut self.service else { return Ok(()) };
        match strike {
            Strike::Now => return self.ended(),
            Strike::Stop => {
                if service.stop() {
                    self.turn_soon();
                }
            }
            Strike::Write => {
                let rng = Rng::new(self.rng.next_u64(), 3);
                lock(&self.shared).fault = Some(Fault::Killed(rng));
            }
            Strike::FullDisk => lock(&self.shared).fault = Some(Fault::Full),
        }
        Ok(())
    }

    fn stopped(&mut self) -> Result<(), StormError> {
        let Some(service) = self.service.take() else { return Ok(()) };
        let image = service.finish(&self.shared).map_err(StormError::Disk)?;
        self.gone(&image)
    }

    /// The process is gone, and every connection with it.
    fn ended(&mut self) -> Result<(), StormError> {
        let Some(service) = self.service.take() else { return Ok(()) };
        self.outcome.torn += u64::from(lock(&self.shared).image.is_some());
        let image = service.kill(&self.shared).map_err(StormError::Disk)?;
        self.gone(&image)
    }

    fn gone(&mut self, image: &Image) -> Result<(), StormError> {
        self.turn_at = i64::MAX;
        self.turn += 1;
        lock(&self.shared).fault = None;
        self.put(image)?;
        let conns: BTreeSet<u64> = self.conns.keys().copied().collect();
        for conn in conns {
            self.break_off(conn);
        }
        let pause = self.rng.between(200, 60_000);
        self.at(self.now + pause, Happening::Start);
        Ok(())
    }

    fn put(&mut self, image: &Image) -> Result<(), StormError> {
        self.outcome.restarts += 1;
        self.disk = self.folder.path().join(format!("{}.journal", self.outcome.restarts));
        image.put(&self.disk).map_err(StormError::Disk)
    }

    fn start(&mut self) {
        let (now, wall) = (self.now, self.wall());
        let started =
            Service::start(&self.disk, &self.town, &self.weather, &self.shared, (now, wall));
        match started {
            Ok((service, stand)) => {
                if 0 < self.outcome.restarts {
                    self.checker.came_back(stand, service.executor().event_seq());
                }
                self.hasher.write_u64(stand.1);
                self.service = Some(service);
                self.up_since = now;
                self.note(&format!("the service stands at record {}", stand.0));
                self.ask_for_rides(wall);
                self.turn_soon();
            }
            Err(error) => {
                let text = format!("the journal is refused: {}", chain(&error));
                self.checker.violate("I1", text);
            }
        }
    }

    /// Every ride that was promised is there after a restart (I1).
    fn ask_for_rides(&mut self, wall: EngineTime) {
        let Some(service) = &mut self.service else { return };
        let open: Vec<String> = self.checker.open().map(|(name, _)| name.clone()).collect();
        for ride in open {
            let Ok(name) = Name::new(ride.as_str()) else { continue };
            match service.ride(Question::Ride(name, None), wall) {
                Ok(Some(_)) => {}
                Ok(None) => self.checker.violate("I1", format!("{ride} is gone after a restart")),
                Err(error) => self.checker.violate("I1", chain(&error)),
            }
        }
    }

    fn look(&mut self) {
        let is_up = self.up_since + 2 * LOOK_MS < self.now;
        if let Some(service) = self.service.as_ref().filter(|_| is_up) {
            self.checker.overdue(service.now().unix_ms());
        }
        self.turn_soon();
    }
}

fn chain(error: &JournalError) -> String {
    let mut text = error.to_string();
    let mut cause = std::error::Error::source(error);
    while let Some(error) = cause {
        text = format!("{text}: {error}");
        cause = error.source();
    }
    text
}
