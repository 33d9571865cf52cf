//! A vehicle: joins, does what its plan says when the service's clock shows the time, reports it, waits for the next plan.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use serde_json::{Value, json};
use sharxi_engine::ids::VehicleId;
use sharxi_engine::units::{EngineTime, Millimeters};
use tokio::sync::watch;

use super::clock::ServiceClock;
use super::link::{DriveError, Link};
use super::messages::{self, Plan};
use super::play::{Phase, reached};
use crate::clock::shifted;
use crate::fleet::FleetRow;
use crate::world::Leg;

/// Pause before a refused act is tried again, if no new plan has come.
const RETRY: Duration = Duration::from_millis(500);

/// What all vehicles know.
#[derive(Clone)]
pub struct Common {
    /// The service's clock.
    pub clock: ServiceClock,
    /// How far the scenario's times are moved.
    pub offset_ms: i64,
    /// How many ride on each request.
    pub passengers: Arc<BTreeMap<String, u32>>,
}

struct Driver<'a> {
    link: Link,
    row: &'a FleetRow,
    id: VehicleId,
    common: Common,
    plan: Option<Plan>,
    n_reports: u32,
    /// The act that was reported and not yet answered.
    reported: Option<Plan>,
    not_before: tokio::time::Instant,
    legs: Vec<Leg>,
}

/// Plays one vehicle until the drive is over; what it drove.
///
/// # Errors
/// [`DriveError`] if the service is gone or does not let it join.
pub async fn run(
    link: Link,
    row: FleetRow,
    id: VehicleId,
    common: Common,
    mut phase: watch::Receiver<Phase>,
) -> Result<Vec<Leg>, DriveError> {
    let clock = common.clock;
    let start = shifted(row.shift_start, common.offset_ms);
    let mut driver = Driver {
        link,
        row: &row,
        id,
        common,
        plan: None,
        n_reports: 0,
        reported: None,
        not_before: tokio::time::Instant::now(),
        legs: Vec::new(),
    };
    clock.reach(start).await;
    driver.join().await;
    loop {
        let due = driver.due();
        let not_before = driver.not_before;
        let is_due = async {
            tokio::time::sleep_until(not_before).await;
            clock.reach(due.unwrap_or_default()).await;
        };
        tokio::select! {
            message = driver.link.receive() => {
                let message = message?;
                if message["type"] == "closing" {
                    return Ok(driver.legs);
                }
                driver.hear(&message)?;
            }
            () = is_due, if due.is_some() => driver.report().await,
            over = reached(&mut phase, Phase::Done) => {
                if over == Phase::Done {
                    driver.leave().await;
                }
                return Ok(driver.legs);
            }
        }
    }
}

impl Driver<'_> {
    async fn join(&mut self) {
        let command = messages::start_shift("join", self.row, self.common.offset_ms);
        self.link.send("join", &command).await;
    }

    /// Ends the shift; nobody waits for the answer.
    async fn leave(&mut self) {
        let vehicle = self.row.name.as_str();
        let command = json!({ "id": "leave", "type": "end_shift", "vehicle_id": vehicle });
        self.link.send("leave", &command).await;
    }

    /// When there is something to report.
    fn due(&self) -> Option<EngineTime> {
        let plan = self.plan.as_ref().filter(|_| self.reported.is_none())?;
        (!plan.act.is_empty()).then_some(plan.at)
    }

    async fn report(&mut self) {
        let Some(plan) = self.plan.clone() else { return };
        self.n_reports += 1;
        let id = format!("act:{}", self.n_reports);
        let command = messages::report(&id, self.row.name.as_str(), &plan);
        self.reported = Some(plan);
        self.link.send(&id, &command).await;
    }

    fn hear(&mut self, message: &Value) -> Result<(), DriveError> {
        match message["type"].as_str() {
            // Who speaks as an operator hears of all vehicles.
            Some("plan") if message["vehicle_id"] != self.row.name.as_str() => {}
            Some("plan") => self.plan = messages::plan(message).or(self.plan.take()),
            Some("ok") => self.done(),
            Some("error") if message["id"] == "join" => {
                let reason = message["message"].as_str().unwrap_or("no reason given");
                return Err(DriveError::Join {
                    vehicle: self.row.name.as_str().to_owned(),
                    reason: reason.to_owned(),
                });
            }
            Some("error") => self.refused(),
            _ => {}
        }
        Ok(())
    }

    /// The plan changed while the report was on its way; the new one is there or about to come.
    fn refused(&mut self) {
        if self.reported.take() == self.plan {
            self.not_before = tokio::time::Instant::now() + RETRY;
        }
    }

    /// The act counts; the next plan follows this answer.
    fn done(&mut self) {
        let Some(plan) = self.reported.take() else { return };
        self.plan = None;
        if plan.act == "arrive" {
            let people = |name: &String| self.common.passengers.get(name).copied().unwrap_or(0);
            self.legs.push(Leg {
                vehicle: self.id,
                arrived: plan.at,
                distance: millimeters(plan.leg_m),
                passengers: plan.on_board.iter().map(people).sum(),
                rides: u32::try_from(plan.on_board.len()).unwrap_or(u32::MAX),
            });
        }
    }
}

#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "saturates")]
fn millimeters(meters: f64) -> Millimeters {
    Millimeters::new((meters * 1000.0).round() as u64)
}
