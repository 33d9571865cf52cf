//! Bounds that need no socket: one below, at, and beyond (I12).

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test")]
#![allow(clippy::print_stdout, clippy::allow_attributes, reason = "a test")]

mod support;

use std::sync::Arc;

use serde_json::json;
use sharxi_api::desk::Question;
use sharxi_api::executor::{Happening, Numbered};
use sharxi_api::inputs::{AnswerTo, Input, queue};
use sharxi_api::intent::Caller;
use sharxi_api::ledger::Ledger;
use sharxi_api::limits::{
    QUESTIONS_QUEUE_MAX, QUEUE_MAX, REQUESTS_QUEUE_MAX, RESUME_EVENTS_MAX, RING_EVENTS_MAX,
};
use sharxi_api::publish::{ClientId, Publisher, word_events};
use sharxi_api::wire::convert;
use sharxi_api::wire::error::Code;
use sharxi_api::wire::event::Names;
use sharxi_api::wire::message::{Role, read_command};
use sharxi_engine::dispatcher::Dispatcher;
use sharxi_engine::dispatcher::event::{Event, EventKind};
use sharxi_engine::ids::VehicleId;
use sharxi_engine::planning::policy::Policy;
use sharxi_engine::units::EngineTime;
use support::{Street, request};

#[test]
fn a_full_queue_is_overloaded() {
    let (core, mut inputs) = queue();
    for n in 0..QUEUE_MAX as u64 {
        assert_eq!(core.submit(Input::Leave(ClientId(n))), Ok(()));
    }
    let refused = core.submit(Input::Leave(ClientId(0))).unwrap_err();
    assert_eq!(refused.code, Code::Overloaded);
    assert!(refused.encode(None).contains("\"retry_after_s\":2"));
    assert!(inputs.try_recv().is_ok());
    assert_eq!(core.submit(Input::Leave(ClientId(0))), Ok(()));
}

#[test]
fn new_rides_leave_room_for_what_is_under_way() {
    let (core, _inputs) = queue();
    for n in 0..REQUESTS_QUEUE_MAX as u64 {
        assert_eq!(core.submit(Input::Leave(ClientId(n))), Ok(()));
    }
    let submit = |message: serde_json::Value| {
        let command = read_command(&message.to_string()).unwrap();
        let order = convert::order(&command, &Street::new()).unwrap();
        let caller = Arc::new(Caller { role: Role::Operator, name: "desk".into() });
        core.submit(Input::Order { caller, order, answer: AnswerTo::Client(ClientId(1)) })
    };
    let refused = submit(request("1", "r1", 3, 8, true)).unwrap_err();
    assert_eq!(refused.code, Code::Overloaded);
    let cancel = json!({"id": "2", "type": "cancel_ride", "request_id": "r1"});
    assert_eq!(submit(cancel), Ok(()));
}

#[tokio::test]
async fn questions_leave_room_for_commands() {
    let (core, mut inputs) = queue();
    for n in 1..QUESTIONS_QUEUE_MAX as u64 {
        assert_eq!(core.submit(Input::Leave(ClientId(n))), Ok(()));
    }
    let asking = core.clone();
    let asked = tokio::spawn(async move { asking.ask(Question::Kpi).await });
    while inputs.len() < QUESTIONS_QUEUE_MAX {
        tokio::task::yield_now().await;
    }
    let refused = core.ask(Question::Kpi).await.unwrap_err();
    assert_eq!(refused.code, Code::Overloaded);
    assert_eq!(core.submit(Input::Leave(ClientId(0))), Ok(()), "no room for a command");
    while !inputs.is_empty() {
        drop(inputs.recv().await);
    }
    assert_eq!(asked.await.unwrap().unwrap_err().code, Code::Closing, "it was dropped unanswered");
    drop(inputs);
    assert_eq!(core.ask(Question::Kpi).await.unwrap_err().code, Code::Closing);
    assert_eq!(core.submit(Input::Leave(ClientId(0))).unwrap_err().code, Code::Closing);
}

#[test]
fn only_the_newest_events_are_kept() {
    let street = Street::new();
    let map = Arc::new(Street::new());
    let dispatcher = Dispatcher::new(map, Policy::default(), &[]);
    let ledger = Ledger::default();
    let names = Names { dispatcher: &dispatcher, map: &street, ledger: &ledger };
    let mut publisher = Publisher::default();
    let last = RING_EVENTS_MAX as u64 + 1;
    let event = |seq| -> Numbered {
        let kind = EventKind::ShiftEnded { vehicle: VehicleId::new(0) };
        (Some(seq), Happening::Event(Event { at: EngineTime::default(), kind }))
    };
    let events: Vec<Numbered> = (1..=last).map(event).collect();
    publisher.publish(word_events(&events, names));
    let desk = Caller { role: Role::Operator, name: "desk".into() };
    let missed = |seen| publisher.missed(&desk, seen, last).map(|events| events.len());
    assert_eq!(missed(0), None, "event 1 is no longer kept");
    assert_eq!(missed(1), None, "more than a client takes at once");
    assert_eq!(missed(last - RESUME_EVENTS_MAX as u64 - 1), None);
    assert_eq!(missed(last - RESUME_EVENTS_MAX as u64), Some(RESUME_EVENTS_MAX));
    assert_eq!(missed(last), Some(0));
    assert_eq!(missed(last + 1), None, "an event that there has not been");
    let anna = Caller { role: Role::Rider, name: "anna".into() };
    assert_eq!(publisher.missed(&anna, 1, last).map(|events| events.len()), Some(0));
}
