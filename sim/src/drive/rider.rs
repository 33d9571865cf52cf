//! A client with many riders: asks when each of them wants to, takes what is offered.

use std::collections::{BTreeMap, VecDeque};
use std::time::{Duration, Instant};

use serde_json::{Value, json};
use tokio::sync::watch;

use super::clock::ServiceClock;
use super::link::{DriveError, Link};
use super::messages;
use super::play::{Phase, reached};
use crate::clock::shifted;
use crate::demand::DemandRow;
use crate::event_log::Record;

/// How long riders wait for answers once nobody asks any more.
const PATIENCE: Duration = Duration::from_secs(5);

/// What became of a client's riders.
#[derive(Debug, Default)]
pub struct Answers {
    /// Who asked, with the times of the service's clock.
    pub asked: Vec<DemandRow>,
    /// Who was told yes or no.
    pub answered: usize,
    /// From asking to the first answer, wall time.
    pub latencies: Vec<Duration>,
    /// Requests that never became rides.
    pub refusals: Vec<Record>,
}

struct Client {
    link: Link,
    clock: ServiceClock,
    offset_ms: i64,
    waiting: VecDeque<DemandRow>,
    asked: BTreeMap<String, (DemandRow, Instant)>,
    answers: Answers,
}

/// Plays the riders of `rows`, which are in order of time, until all are answered or the phase says stop.
///
/// # Errors
/// [`DriveError`] if the service is gone.
pub async fn run(
    link: Link,
    clock: ServiceClock,
    offset_ms: i64,
    rows: Vec<DemandRow>,
    mut phase: watch::Receiver<Phase>,
) -> Result<Answers, DriveError> {
    let (waiting, asked, answers) = (rows.into(), BTreeMap::new(), Answers::default());
    let mut client = Client { link, clock, offset_ms, waiting, asked, answers };
    let mut stop_at: Option<tokio::time::Instant> = None;
    while !(client.asked.is_empty() && (client.waiting.is_empty() || stop_at.is_some())) {
        let next = client.waiting.front().filter(|_| stop_at.is_none());
        let next = next.map(|row| shifted(row.requested_at, offset_ms));
        tokio::select! {
            message = client.link.receive() => client.hear(&message?).await,
            () = async { clock.reach(next.unwrap_or_default()).await }, if next.is_some() => client.ask().await,
            _ = reached(&mut phase, Phase::Closing), if stop_at.is_none() => {
                stop_at = Some(tokio::time::Instant::now() + PATIENCE);
            }
            () = wait_until(stop_at), if stop_at.is_some() => break,
        }
    }
    Ok(client.answers)
}

async fn wait_until(at: Option<tokio::time::Instant>) {
    if let Some(at) = at {
        tokio::time::sleep_until(at).await;
    }
}

impl Client {
    async fn ask(&mut self) {
        let Some(row) = self.waiting.pop_front() else { return };
        let name = row.name.as_str().to_owned();
        let id = format!("ask:{name}");
        let command = messages::request_ride(&id, &row, self.offset_ms);
        self.answers.asked.push(row.moved(self.offset_ms));
        self.asked.insert(name, (row, Instant::now()));
        self.link.send(&id, &command).await;
    }

    async fn hear(&mut self, message: &Value) {
        let Some((step, name)) = message["id"].as_str().and_then(|id| id.split_once(':')) else {
            return;
        };
        let is_ok = message["type"] == "ok";
        if step == "ask"
            && let Some((_, since)) = self.asked.get(name)
        {
            self.answers.latencies.push(since.elapsed());
        }
        if step == "ask" && is_ok && message["result"] == "offered" {
            let id = format!("take:{name}");
            let command = json!({ "id": id, "type": "accept_offer", "request_id": name });
            self.link.send(&id, &command).await;
            return;
        }
        if let Some((row, _)) = self.asked.remove(name) {
            self.answers.answered += 1;
            if step == "ask" && !is_ok {
                let reason = message["code"].as_str().unwrap_or("error");
                self.answers.refusals.extend(messages::refusal(&row, self.clock.now(), reason));
            }
        }
    }
}
