//! The one thread that owns the dispatcher.
//!
//! One bounded queue of a closed enum comes in. What is there is taken together: each command is applied, all are
//! journaled under one sync, and only then answered and published (I6). A journal that can't be written ends the
//! loop, and with it the process: nothing of that batch is ever acknowledged.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::{Duration, Instant};

use sharxi_engine::ids::VehicleId;
use sharxi_engine::oracle::Oracle;
use sharxi_engine::units::EngineTime;
use tokio::sync::{mpsc, watch};
use tokio_tungstenite::tungstenite::Utf8Bytes;

use crate::access;
use crate::clock::{self, Clock};
use crate::desk::{Desk, Question};
use crate::erasing;
use crate::executor::{Executed, Executor, Sent};
use crate::hours::Hours;
use crate::idle::Idle;
use crate::inputs::overloaded;
pub use crate::inputs::{AnswerTo, CoreHandle, Input, closing, queue};
use crate::intent::{Caller, Order};
use crate::journal::record::{Batch, Outcome, StateHash};
use crate::journal::{Journal, JournalError};
use crate::keeping::Keeping;
use crate::limits::{BATCH_MAX, BEAT, IMPROVE_PAUSE, LOOKS_MAX, TICK_PAUSE};
use crate::pacing::Pace;
use crate::pending::{Done, Pending, changed, unsaved};
use crate::planted::{self, Bug};
use crate::waiting::{Held, Waiting};
use crate::wire::error::{Code, WireError};
use crate::wire::event::encode_ok;
use crate::wire::notices::Closing;
use crate::wire::status::to_text;
use crate::wire::words::ClosingWord;

/// The loop's state.
pub struct Core {
    executor: Executor,
    desk: Desk,
    journal: Box<dyn Journal>,
    clock: Clock,
    hash_every: u64,
    keeping: Keeping,
    /// New rides, until there is time for them.
    waiting: Waiting,
    pace: Pace,
    /// By the clock's own count.
    last_tick: Duration,
    idle: Idle,
    hours: Option<Hours>,
    /// When the hours are looked at next.
    hours_due: Option<EngineTime>,
    times: watch::Sender<Arc<dyn Oracle>>,
}

impl Core {
    /// A core that goes on where the executor stands.
    #[must_use]
    pub fn new(
        executor: Executor,
        desk: Desk,
        journal: Box<dyn Journal>,
        clock: Clock,
        hash_every: u64,
    ) -> Self {
        let hash_every = hash_every.max(1);
        let (keeping, waiting) = (Keeping::default(), Waiting::default());
        let times = watch::Sender::new(Arc::clone(executor.dispatcher().oracle()));
        let last_tick = clock.elapsed();
        let (hours, hours_due) = (None, None);
        let idle = Idle::default();
        Self {
            executor,
            desk,
            journal,
            clock,
            hash_every,
            keeping,
            waiting,
            pace: Pace::default(),
            last_tick,
            idle,
            hours,
            hours_due,
            times,
        }
    }

    /// The same, making snapshots and removing what is old.
    #[must_use]
    pub fn keeping(mut self, keeping: Keeping) -> Self {
        self.keeping = keeping;
        self
    }

    /// The same, taking all that is held back in each turn, as no real clock says when to end it.
    #[must_use]
    pub const fn unpaced(mut self) -> Self {
        self.pace = Pace::Unpaced;
        self
    }

    /// The same with the speeds of these hours from now on; without any, what the journal says of them is taken back.
    ///
    /// # Errors
    /// [`JournalError`] if the speeds of now could not be made durable.
    pub fn following(mut self, hours: Option<Hours>) -> Result<Self, JournalError> {
        self.hours = hours;
        self.hours_due = Some(self.now());
        let mut pending = Pending::default();
        self.keep_hours(&mut pending)?;
        self.commit(&mut pending)?;
        Ok(self)
    }

    /// The same, telling everybody at the other end which travel times are in force, now and after each change.
    #[must_use]
    pub fn telling(mut self, times: watch::Sender<Arc<dyn Oracle>>) -> Self {
        self.times = times;
        self.tell_times();
        self
    }

    fn tell_times(&self) {
        let now = self.executor.dispatcher().oracle();
        if self.times.borrow().traffic_version() != now.traffic_version() {
            self.times.send_replace(Arc::clone(now));
        }
    }

    /// Runs until told to stop.
    ///
    /// # Errors
    /// [`JournalError`] if a batch could not be made durable.
    pub async fn run(mut self, mut inputs: mpsc::Receiver<Input>) -> Result<(), JournalError> {
        let mut next_beat = Instant::now() + BEAT;
        loop {
            let wait = self.wait(next_beat);
            let first = match tokio::time::timeout(wait, inputs.recv()).await {
                Ok(None) => return self.finish("the service ends"),
                Ok(Some(Input::Stop(reason))) => return self.finish(reason),
                Ok(Some(input)) => Some(input),
                Err(_elapsed) => None,
            };
            let is_idle = first.is_none() && self.waiting.is_empty();
            if let Some(reason) = self.step(clock::wall(), first, &mut inputs)? {
                return self.finish(reason);
            }
            if is_idle {
                self.improve()?;
            }
            if next_beat <= Instant::now() {
                next_beat = Instant::now() + BEAT;
                self.beat()?;
            }
        }
    }

    /// One turn: `first` and what waits in `inputs` is worked off, while the wall clock shows `wall`; the reason to stop, if
    /// somebody said so. [`Core::run`] does little else but this and [`Core::beat`], each when it is time.
    ///
    /// # Errors
    /// [`JournalError`] if something could not be made durable; then this core must not be used any more.
    pub fn step(
        &mut self,
        wall: EngineTime,
        first: Option<Input>,
        inputs: &mut mpsc::Receiver<Input>,
    ) -> Result<Option<&'static str>, JournalError> {
        self.clock.catch_up(wall);
        let stop = self.turn(first, inputs)?;
        if stop.is_none() && self.executor.takes_rides() {
            self.keeping.begin_if_due(&self.executor, &self.desk)?;
        }
        Ok(stop)
    }

    /// What is done once a second: room is looked for, figures and positions are told, and a little of what is old is removed.
    ///
    /// # Errors
    /// [`JournalError`] if that could not be made durable.
    pub fn beat(&mut self) -> Result<(), JournalError> {
        let now = self.now();
        let has_room = self.journal.look_after()?;
        self.executor.take_rides(has_room);
        self.desk.beat(&self.executor, now);
        self.keeping.remove_old(self.journal.as_mut(), now)
    }

    /// Lets time pass on a clock that is set by hand.
    pub fn advance(&mut self, by: Duration) {
        self.clock.advance(by);
    }

    /// The dispatcher and what grows with it, to look at.
    #[must_use]
    pub const fn executor(&self) -> &Executor {
        &self.executor
    }

    /// The service clock, never before the dispatcher's.
    #[must_use]
    pub fn now(&self) -> EngineTime {
        self.clock.now().max(self.executor.dispatcher().now())
    }

    /// Wall time until something has to be done though nobody says anything.
    fn wait(&self, next_beat: Instant) -> Duration {
        let beat = next_beat.saturating_duration_since(Instant::now());
        let beat = if self.idle.is_done(&self.executor) { beat } else { beat.min(IMPROVE_PAUSE) };
        self.until_due().map_or(beat, |due| beat.min(due))
    }

    /// The same, beats and improvements aside; `None`: nothing is foreseen.
    #[must_use]
    pub fn until_due(&self) -> Option<Duration> {
        if !self.waiting.is_empty() {
            return Some(Duration::ZERO);
        }
        let border = self.hours_due.map(|border| self.clock.until(border));
        let pause = TICK_PAUSE.saturating_sub(self.since_tick());
        let wakeup = self.executor.dispatcher().next_wakeup();
        let tick = wakeup.map(|wakeup| self.clock.until(wakeup).max(pause));
        border.into_iter().chain(tick).min()
    }

    fn since_tick(&self) -> Duration {
        self.clock.elapsed().saturating_sub(self.last_tick)
    }

    /// At the border of an hour: other speeds, if the next hour says something else.
    fn keep_hours(&mut self, pending: &mut Pending) -> Result<(), JournalError> {
        let now = self.now();
        if self.hours_due.is_none_or(|border| now < border) {
            return Ok(());
        }
        self.hours_due = self.hours.as_ref().map(|hours| hours.next_border(now));
        let wanted = self.hours.as_ref().map_or_else(Vec::new, |hours| hours.changes_at(now));
        if wanted != self.executor.hours() {
            let executed = self.executor.set_hours(now, wanted)?;
            self.hold(None, executed, pending);
        }
        Ok(())
    }

    /// Works off what is there, but no more than lets ticks and beats come on time; the reason to stop, if there is
    /// one.
    fn turn(
        &mut self,
        first: Option<Input>,
        inputs: &mut mpsc::Receiver<Input>,
    ) -> Result<Option<&'static str>, JournalError> {
        let begun = Instant::now();
        let mut pending = Pending::default();
        self.keep_hours(&mut pending)?;
        self.tick(&mut pending)?;
        let mut stop = None;
        let mut next = first;
        let (mut n_inputs, mut n_looks) = (0_usize, 0_usize);
        while let Some(input) = next {
            n_inputs += 1;
            match input {
                Input::Order { caller, order, answer } => {
                    let held = Held::new(caller, order, answer, begun);
                    match self.waiting.hold(held) {
                        Ok(None) => {}
                        Ok(Some(Held { caller, order, answer, .. })) => {
                            self.order(&caller, order, answer, &mut pending)?;
                        }
                        Err(held) => self.refuse(*held, &overloaded()),
                    }
                }
                Input::Stop(reason) => stop = Some(reason),
                // What looks at the state must not see what is not yet durable.
                other => {
                    self.commit(&mut pending)?;
                    self.look(other)?;
                    n_looks += 1;
                }
            }
            if stop.is_some() || BATCH_MAX <= n_inputs || LOOKS_MAX <= n_looks {
                break;
            }
            next = inputs.try_recv().ok();
        }
        self.take_waiting(begun, &mut pending)?;
        self.commit(&mut pending)?;
        Ok(stop)
    }

    /// Carries out what was held back, for as long as the turn may last, and at least one of it.
    fn take_waiting(&mut self, begun: Instant, pending: &mut Pending) -> Result<(), JournalError> {
        while let Some(held) = self.waiting.take() {
            if held.is_stale() {
                self.refuse(held, &overloaded());
                continue;
            }
            self.order(&held.caller, held.order, held.answer, pending)?;
            if self.pace.is_over(begun) {
                break;
            }
        }
        Ok(())
    }

    fn refuse(&mut self, held: Held, error: &WireError) {
        let id = match &held.order {
            Order::Lasting { id, .. } | Order::Subscribe { id, .. } => Some(id.as_str()),
            Order::Position { .. } => None,
        };
        self.desk.answer(held.answer, error.encode(id));
    }

    fn tick(&mut self, pending: &mut Pending) -> Result<(), JournalError> {
        let now = self.now();
        let due = self.executor.dispatcher().next_wakeup().is_some_and(|at| at <= now);
        let due = due && !planted::is(Bug::NeverTick);
        if due && TICK_PAUSE <= self.since_tick() {
            self.last_tick = self.clock.elapsed();
            let executed = self.executor.tick(now)?;
            self.hold(None, executed, pending);
        }
        Ok(())
    }

    /// Looks for better plans while nobody wants anything: one search, then it listens again.
    fn improve(&mut self) -> Result<(), JournalError> {
        let now = self.now();
        let Some(better) = self.idle.next(&self.executor, now) else { return Ok(()) };
        let mut pending = Pending::default();
        let executed = self.executor.adopt(now, better)?;
        self.hold(None, executed, &mut pending);
        self.commit(&mut pending)
    }

    fn order(
        &mut self,
        caller: &Caller,
        order: Order,
        answer: AnswerTo,
        pending: &mut Pending,
    ) -> Result<(), JournalError> {
        match order {
            Order::Lasting { id, body_digest, intent } => {
                let sent = Sent { at: self.now(), caller, id: &id, body_digest };
                let begun = Instant::now();
                let executed = self.executor.execute(sent, intent, self.journal.as_ref())?;
                self.keeping.count(begun.elapsed());
                self.hold(Some(answer), executed, pending);
            }
            Order::Position { vehicle, mut fix } => {
                if access::may_report_position(caller, &vehicle) {
                    // A clock that is ahead must not make the reports after this one look old.
                    fix.at = fix.at.map(|at| at.min(self.now()));
                    self.desk.position(&self.executor, &vehicle, fix);
                } else {
                    let error =
                        WireError::new(Code::NotAllowed, "only a vehicle reports its position");
                    self.desk.answer(answer, error.encode(None));
                }
            }
            Order::Subscribe { id, positions } => {
                self.commit(pending)?;
                let reply = match (access::may_subscribe(caller), &answer) {
                    (Ok(()), AnswerTo::Client(client)) => {
                        self.desk.publisher.subscribe(*client, positions);
                        encode_ok(&id, self.executor.event_seq(), None, self.executor.names())
                    }
                    (Ok(()), AnswerTo::Once(_)) => {
                        WireError::new(Code::NotAllowed, "only a connected client can subscribe")
                            .encode(Some(&id))
                    }
                    (Err(error), _) => error.encode(Some(&id)),
                };
                self.desk.answer(answer, reply);
            }
        }
        Ok(())
    }

    /// Keeps what was done until it is durable, with the state hash if one is due. Its events are put into words
    /// before the next command changes what they speak of.
    fn hold(&mut self, answer: Option<AnswerTo>, mut executed: Executed, pending: &mut Pending) {
        if let Some(record) = executed.record.take() {
            let applied = matches!(record.outcome, Outcome::Applied { .. });
            if applied && record.seq.is_multiple_of(self.hash_every) {
                let hash = self.executor.dispatcher().state_hash();
                pending.batch.hashes.push(StateHash { seq: record.seq, hash, clean: false });
            }
            pending.batch.records.push(record);
        }
        pending.batch.ended.append(&mut executed.ended);
        let told = self.desk.note(&executed.events, &self.executor);
        let changed = changed(&executed);
        let answer = answer.map(|answer| (answer, executed.reply));
        pending.done.push(Done { answer, told, changed });
    }

    /// Makes what is pending durable, then answers and publishes it.
    fn commit(&mut self, pending: &mut Pending) -> Result<(), JournalError> {
        let Pending { mut batch, mut done } = std::mem::take(pending);
        if planted::is(Bug::AnswerBeforeSync) {
            self.say(std::mem::take(&mut done));
        }
        batch.snapshot.extend(self.keeping.next_step());
        let begun = Instant::now();
        let saved = if batch.is_empty() { Ok(()) } else { self.journal.append(&batch) };
        if let Err(error) = saved {
            for (answer, reply) in done.into_iter().filter_map(|done| done.answer) {
                self.desk.answer(answer, unsaved(&reply));
            }
            return Err(error);
        }
        self.pace.synced(begun.elapsed());
        self.say(done);
        Ok(())
    }

    /// Answers and publishes what is durable.
    fn say(&mut self, done: Vec<Done>) {
        let mut changed: BTreeSet<VehicleId> = BTreeSet::new();
        for done in done {
            if let Some((answer, reply)) = done.answer {
                self.desk.answer(answer, reply);
            }
            changed.extend(done.changed);
            self.desk.publisher.publish(done.told);
        }
        self.tell_times();
        if !planted::is(Bug::KeepPlansSecret) {
            self.desk.plans(&changed, &self.executor, self.now());
        }
    }

    /// What only looks at the state.
    fn look(&mut self, input: Input) -> Result<(), JournalError> {
        let journal = self.journal.as_ref();
        match input {
            Input::Erase(rider, answer) => {
                // What ended an hour ago is forgotten once time has passed.
                let mut pending = Pending::default();
                let executed = self.executor.tick(self.now())?;
                self.hold(None, executed, &mut pending);
                self.commit(&mut pending)?;
                let memory = (&mut self.executor, &mut self.desk, &mut self.keeping);
                let told = erasing::erase(memory, self.journal.as_mut(), &rider)?;
                // Who no longer waits needs no answer.
                drop(answer.send(told));
            }
            Input::Join { client, caller, resume, outbox } => {
                let speed = self.clock.speed();
                self.desk.publisher.join(client, caller.as_ref().clone(), outbox);
                let now = self.now();
                let from = (&self.executor, journal);
                self.desk.greet(client, &caller, resume, speed, from, now)?;
            }
            Input::Leave(client) => self.desk.publisher.leave(client),
            Input::Ask(question, answer) => {
                let now = self.now();
                let mut told = self.desk.tell(&question, &self.executor, now);
                if let (None, Question::Ride(name, asker)) = (&told, &question) {
                    let ended = journal.ended(name.as_str())?.filter(|ride| {
                        let owner = Some(&ride.asked_by);
                        asker.as_ref().is_none_or(|asker| access::may_see_ride(asker, owner, None))
                    });
                    told = ended.map(|ride| ride.info);
                }
                // Who no longer waits needs no answer.
                drop(answer.send(told));
            }
            Input::Order { .. } | Input::Stop(_) => {}
        }
        Ok(())
    }

    /// Ends in good order: the state hash into the journal, a word to every client.
    ///
    /// # Errors
    /// [`JournalError`] if the hash could not be made durable.
    pub fn finish(mut self, reason: &'static str) -> Result<(), JournalError> {
        while let Some(held) = self.waiting.take() {
            self.refuse(held, &closing());
        }
        let seq = self.executor.record_seq();
        if 0 < seq {
            let hash = self.executor.dispatcher().state_hash();
            let mark = StateHash { seq, hash, clean: true };
            let snapshot = self.keeping.last_steps(&self.executor, &self.desk)?;
            self.journal.append(&Batch { hashes: vec![mark], snapshot, ..Batch::default() })?;
        }
        let text = to_text(&Closing { r#type: ClosingWord::It, reason });
        self.desk.publisher.close(&Utf8Bytes::from(text));
        Ok(())
    }
}
