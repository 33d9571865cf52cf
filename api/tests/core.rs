//! The core's loop without sockets: turns that end, and events in the words of their moment.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test")]
#![allow(clippy::print_stdout, clippy::allow_attributes, reason = "a test")]

mod support;

use std::sync::Arc;

use serde_json::{Value, json};
use sharxi_api::clock::Clock;
use sharxi_api::core_loop::Core;
use sharxi_api::desk::{Desk, Question};
use sharxi_api::executor::Executor;
use sharxi_api::inputs::{AnswerTo, CoreHandle, Input, queue};
use sharxi_api::intent::Caller;
use sharxi_api::journal::record::Header;
use sharxi_api::journal::sqlite::SqliteJournal;
use sharxi_api::limits::{BATCH_MAX, LOOKS_MAX};
use sharxi_api::map::Map;
use sharxi_api::outbox::{OutboxReader, outbox};
use sharxi_api::publish::ClientId;
use sharxi_api::wire::message::{Role, read_command};
use sharxi_api::wire::{convert, time};
use sharxi_engine::demand::request::Name;
use sharxi_engine::dispatcher::Dispatcher;
use sharxi_engine::planning::policy::Policy;
use sharxi_engine::units::Millis;
use support::{Street, request, shift};
use tokio::sync::{mpsc, oneshot};

/// A core that has not yet run, and the way to it.
struct Bench {
    map: Arc<dyn Map>,
    core: Core,
    handle: CoreHandle,
    inputs: mpsc::Receiver<Input>,
}

impl Bench {
    fn new(policy: Policy) -> Self {
        let map: Arc<dyn Map> = Arc::new(Street::new());
        let start = time::parse("2026-01-05T06:00:00Z").unwrap();
        let header = Header {
            region_name: "Street".into(),
            region_fingerprint: 7,
            policy: policy.clone(),
            spots: Vec::new(),
            start,
        };
        let journal = Box::new(SqliteJournal::in_memory(header).unwrap());
        let executor = Executor::new(Dispatcher::new(map.clone(), policy, &[]), map.clone());
        let (desk, clock) = (Desk::new(map.clone()), Clock::new(start, 1.0));
        let core = Core::new(executor, desk, journal, clock, 64);
        let (handle, inputs) = queue();
        Self { map, core, handle, inputs }
    }

    fn submit(&self, input: Input) {
        self.handle.submit(input).unwrap();
    }

    fn order(&self, role: Role, name: &str, message: &Value) {
        let command = read_command(&message.to_string()).unwrap();
        let order = convert::order(&command, self.map.as_ref()).unwrap();
        let caller = Arc::new(Caller { role, name: name.into() });
        self.submit(Input::Order { caller, order, answer: AnswerTo::Client(ClientId(99)) });
    }

    fn join(&self, client: u64, role: Role, name: &str) -> OutboxReader {
        let (outbox, reader) = outbox();
        let caller = Arc::new(Caller { role, name: name.into() });
        self.submit(Input::Join { client: ClientId(client), caller, resume: None, outbox });
        reader
    }

    fn ask(&self, question: Question) -> oneshot::Receiver<Option<String>> {
        let (sender, receiver) = oneshot::channel();
        self.submit(Input::Ask(question, sender));
        receiver
    }

    /// Runs until everything submitted is done.
    async fn run(self) {
        self.submit(Input::Stop("the test ends"));
        self.core.run(self.inputs).await.unwrap();
    }
}

fn messages(reader: &mut OutboxReader) -> Vec<Value> {
    let texts = std::iter::from_fn(|| reader.ready());
    texts.map(|text| serde_json::from_str(text.to_text().unwrap()).unwrap()).collect()
}

/// An offer that expires at once does so however many inputs wait: the queue is worked off in turns, and each turn
/// begins with what is due.
async fn expires_behind(flood: impl Fn(&Bench)) {
    let policy = Policy { offer_ttl: Millis::ZERO, ..Policy::default() };
    let bench = Bench::new(policy);
    bench.order(Role::Operator, "desk", &shift("1", "v1"));
    bench.order(Role::Operator, "desk", &request("2", "r1", 3, 8, false));
    // The ride is decided when the first turn ends, which the flood brings about.
    flood(&bench);
    let after = bench.ask(Question::Ride(Name::new("r1").unwrap(), None));
    // Ticks are some way apart.
    tokio::time::sleep(2 * sharxi_api::limits::TICK_PAUSE).await;
    bench.run().await;
    let ride = after.await.unwrap().expect("the turn did not end");
    assert!(ride.contains("\"expired\""), "no tick came between: {ride}");
}

#[tokio::test]
async fn questions_do_not_keep_ticks_away() {
    expires_behind(|bench| (0..LOOKS_MAX).for_each(|_| drop(bench.ask(Question::Kpi)))).await;
}

#[tokio::test]
async fn positions_do_not_keep_ticks_away() {
    let position = json!({"type": "position", "vehicle_id": "v1", "at": "2026-01-05T06:00:00Z",
                          "position": support::at(1)});
    expires_behind(|bench| {
        (0..BATCH_MAX).for_each(|_| bench.order(Role::Vehicle, "v1", &position));
    })
    .await;
}

#[tokio::test]
async fn events_are_worded_before_the_next_command_of_the_batch() {
    let bench = Bench::new(Policy::default());
    let mut desk = bench.join(1, Role::Operator, "desk");
    let mut anna = bench.join(2, Role::Rider, "anna");
    // One batch: when the shift starts, anna has no ride with the vehicle yet.
    bench.order(Role::Operator, "desk", &shift("1", "v1"));
    bench.order(Role::Rider, "anna", &request("1", "r1", 3, 8, true));
    bench.run().await;
    let kinds = |messages: Vec<Value>| -> Vec<String> {
        let events = messages.into_iter().filter(|message| message["type"] == "event");
        events.map(|event| event["kind"].as_str().unwrap().to_owned()).collect()
    };
    let seen = kinds(messages(&mut desk));
    assert!(seen.contains(&"shift_started".to_owned()), "{seen:?}");
    let seen = kinds(messages(&mut anna));
    assert!(seen.contains(&"promised".to_owned()), "{seen:?}");
    assert!(!seen.contains(&"shift_started".to_owned()), "not hers: {seen:?}");
}

/// Plays a ride that a second vehicle, which starts where the rider stands, would carry with less driving; whether the rider was moved
/// while nobody said anything.
async fn moved_in_idle_time(improvement_tests: u32) -> bool {
    let bench = Bench::new(Policy { improvement_tests, ..Policy::default() });
    let mut desk = bench.join(1, Role::Operator, "desk");
    bench.order(Role::Operator, "desk", &shift("1", "far"));
    bench.order(Role::Operator, "desk", &request("2", "r1", 8, 12, true));
    let mut near = shift("3", "near");
    near["at"] = support::at(8);
    bench.order(Role::Operator, "desk", &near);
    let handle = bench.handle.clone();
    let running = tokio::spawn(bench.core.run(bench.inputs));
    tokio::time::sleep(40 * sharxi_api::limits::IMPROVE_PAUSE).await;
    handle.submit(Input::Stop("the test ends")).unwrap();
    running.await.unwrap().unwrap();
    messages(&mut desk).iter().any(|message| message["kind"] == "reassigned")
}

#[tokio::test]
async fn plans_are_made_better_while_nobody_wants_anything() {
    assert!(moved_in_idle_time(Policy::default().improvement_tests).await);
    assert!(!moved_in_idle_time(0).await, "0 switches it off");
}

#[tokio::test]
async fn what_is_under_way_goes_before_new_rides() {
    let bench = Bench::new(Policy::default());
    let mut answers = bench.join(99, Role::Operator, "watcher");
    bench.order(Role::Operator, "desk", &shift("shift", "v1"));
    for n in 0..40 {
        bench.order(
            Role::Rider,
            &format!("rider-{n}"),
            &request(&format!("r{n}"), &format!("r{n}"), 3, 8, true),
        );
    }
    let cancel = |id: &str| json!({"id": id, "type": "cancel_ride", "request_id": "r0"});
    bench.order(Role::Rider, "rider-0", &cancel("own"));
    bench.order(Role::Rider, "bert", &cancel("other"));
    let Bench { core, handle, inputs, .. } = bench;
    let running = tokio::spawn(core.run(inputs));
    let mut told = Vec::new();
    while !told.iter().any(|message: &Value| message["id"] == "own") {
        tokio::time::sleep(std::time::Duration::from_millis(5)).await;
        told.extend(messages(&mut answers));
    }
    handle.submit(Input::Stop("the test ends")).unwrap();
    running.await.unwrap().unwrap();
    let ids: Vec<&str> = told.iter().filter_map(|message| message["id"].as_str()).collect();
    let place = |id: &str| ids.iter().position(|&known| known == id).unwrap();
    assert_eq!((place("shift"), place("other")), (0, 1), "{ids:?}");
    assert!(place("r39") < place("own"), "a rider overtook himself: {ids:?}");
    let own = told.iter().find(|message| message["id"] == "own").unwrap();
    assert_eq!(own["type"], "ok", "{own}");
}
