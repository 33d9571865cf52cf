//! Lets riders, vehicles and the operator run against the service, and sums up.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::{Duration, Instant};

use sharxi_engine::ids::VehicleId;
use tokio::sync::watch;
use tokio::task::JoinSet;

use super::clock::ServiceClock;
use super::link::{DriveError, Link, Pass, host_of};
use super::operator::{self, View};
use super::rider::{self, Answers};
use super::{messages, renewal, vehicle};
use crate::clock::shifted;
use crate::demand::DemandRow;
use crate::event_log::Record;
use crate::fleet::FleetRow;
use crate::kpi::{self, Kpi, Timings};
use crate::scenario::file::Period;
use crate::trips;
use crate::world::Leg;

/// Sockets that riders share.
const RIDER_CLIENTS: usize = 16;

/// How far a drive has come.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Phase {
    /// Riders ask.
    Open,
    /// Nobody asks any more; rides under way go on.
    Closing,
    /// Every ride has ended.
    Done,
    /// It is over, whatever is still under way.
    Abandoned,
}

/// Returns the phase once it is `reached` or a later one; [`Phase::Abandoned`] if nobody leads the drive any more.
pub(super) async fn reached(phases: &mut watch::Receiver<Phase>, reached: Phase) -> Phase {
    phases.wait_for(|&phase| reached <= phase).await.map_or(Phase::Abandoned, |phase| *phase)
}

/// How a drive is run.
#[derive(Clone, Debug, Default)]
pub struct Options {
    /// The speed that the service must have; `None`: whatever it has.
    pub speed: Option<f64>,
    /// Wall time after which nobody asks any more; `None`: when all have asked.
    pub ask_for: Option<Duration>,
    /// Wall time after which it is over; `None`: when every ride has ended.
    pub end_after: Option<Duration>,
    /// For a service that asks for proof; `None`: everybody is who they say they are.
    pub pass: Option<Pass>,
}

/// What is played.
#[derive(Clone, Debug)]
pub struct Cast {
    /// Requests in order of time.
    pub demand: Vec<DemandRow>,
    /// Vehicles.
    pub fleet: Vec<FleetRow>,
    /// From when to when.
    pub period: Period,
}

/// What came of a drive.
#[derive(Debug)]
pub struct DriveSummary {
    /// The figures; `decision_us` is the time from asking to the answer, as riders see it.
    pub kpi: Kpi,
    /// Requests sent, in order of time and with the times of the service's clock.
    pub demand: Vec<DemandRow>,
    /// The vehicles, likewise.
    pub fleet: Vec<FleetRow>,
    /// Requests that were told yes or no.
    pub answered: usize,
    /// Promised rides that had not ended when it was over.
    pub under_way: usize,
    /// The log, by time.
    pub records: Vec<Record>,
}

/// Plays `cast` against the service at `url`. `view` shows how it goes; setting `stop` to true ends it early.
///
/// # Errors
/// [`DriveError`] if the service can't be reached, is gone, or runs at another speed.
pub async fn run(
    url: &str,
    cast: Cast,
    options: &Options,
    view: watch::Sender<View>,
    stop: watch::Receiver<bool>,
) -> Result<DriveSummary, DriveError> {
    let begin = Instant::now();
    let host = host_of(url)?;
    let pass = options.pass.as_ref();
    // Ends with the drive.
    let mut renewals = JoinSet::new();
    if let Some(pass) = pass {
        renewals.spawn(renewal::keep(host.clone(), pass.clone()));
    }
    let mut desk = Link::new(&host, "operator", "drive").with_pass(pass, 0);
    let clock = welcome(&mut desk, options.speed).await?;
    let offset_ms = clock.offset_ms(cast.period.start);
    let (phase, phases) = watch::channel(Phase::Open);
    let mut seen = view.subscribe();
    let operator = tokio::spawn(operator::run(desk, view, phases.clone()));

    let mut vehicles = start_vehicles((&host, pass), clock, offset_ms, &cast, &phases);
    let mut riders = start_riders((&host, pass), clock, offset_ms, cast.demand, &phases);
    let answers = {
        let asking = collect(&mut riders);
        tokio::pin!(asking);
        let closing = pause(options.ask_for, stop.clone());
        tokio::select! {
            answers = &mut asking => answers?,
            () = closing => {
                phase.send_replace(Phase::Closing);
                asking.await?
            }
        }
    };
    phase.send_replace(Phase::Closing);
    let left = options.end_after.map(|end| end.saturating_sub(begin.elapsed()));
    let is_done = tokio::select! {
        ended = seen.wait_for(|view| view.under_way == 0) => ended.is_ok(),
        () = pause(left, stop) => false,
    };
    let under_way = seen.borrow().under_way;
    phase.send_replace(if is_done { Phase::Done } else { Phase::Abandoned });

    let legs: Vec<Leg> = collect(&mut vehicles).await?.concat();
    let mut notes = operator.await.map_err(|error| DriveError::Protocol(error.to_string()))??;
    notes.records.extend(answers.iter().flat_map(|answers| answers.refusals.clone()));
    notes.records.sort_by_key(|record| record.at);
    let story = trips::read(&notes.records);
    let latencies = answers.iter().flat_map(|answers| answers.latencies.clone()).collect();
    let timings = Timings { decisions: latencies, wall: begin.elapsed() };
    let mut demand: Vec<DemandRow> =
        answers.iter().flat_map(|answers| answers.asked.clone()).collect();
    demand.sort_by_key(|row| row.requested_at);
    let moved = |row: FleetRow| FleetRow {
        shift_start: shifted(row.shift_start, offset_ms),
        shift_end: shifted(row.shift_end, offset_ms),
        ..row
    };
    Ok(DriveSummary {
        kpi: kpi::figures(&story, &legs, &notes.coverage_milli, Some(&timings)),
        demand,
        fleet: cast.fleet.into_iter().map(moved).collect(),
        answered: answers.iter().map(|answers| answers.answered).sum(),
        under_way,
        records: notes.records,
    })
}

/// Says hello as operator and reads the service's clock.
async fn welcome(desk: &mut Link, wanted: Option<f64>) -> Result<ServiceClock, DriveError> {
    let message = desk.receive().await?;
    let read = || Some((messages::time_of(&message["now"])?, message["speed"].as_f64()?));
    let (now, speed) = read().ok_or_else(|| DriveError::Protocol(message.to_string()))?;
    match wanted {
        Some(wanted) if (wanted - speed).abs() > 1e-9 => {
            Err(DriveError::Speed { found: speed, wanted })
        }
        _ => Ok(ServiceClock::new(now, speed)),
    }
}

fn start_vehicles(
    (host, pass): (&str, Option<&Pass>),
    clock: ServiceClock,
    offset_ms: i64,
    cast: &Cast,
    phases: &watch::Receiver<Phase>,
) -> JoinSet<Result<Vec<Leg>, DriveError>> {
    let passengers: BTreeMap<String, u32> = cast
        .demand
        .iter()
        .map(|row| (row.name.as_str().to_owned(), u32::from(row.party.passengers())))
        .collect();
    let common = vehicle::Common { clock, offset_ms, passengers: Arc::new(passengers) };
    let mut vehicles = JoinSet::new();
    for (n, (idx, row)) in (1 + RIDER_CLIENTS..).zip((0u32..).zip(&cast.fleet)) {
        let link = Link::new(host, "vehicle", row.name.as_str()).with_pass(pass, n);
        let (id, common) = (VehicleId::new(idx), common.clone());
        vehicles.spawn(vehicle::run(link, row.clone(), id, common, phases.clone()));
    }
    vehicles
}

fn start_riders(
    (host, pass): (&str, Option<&Pass>),
    clock: ServiceClock,
    offset_ms: i64,
    demand: Vec<DemandRow>,
    phases: &watch::Receiver<Phase>,
) -> JoinSet<Result<Answers, DriveError>> {
    let mut shares: Vec<Vec<DemandRow>> = vec![Vec::new(); RIDER_CLIENTS];
    for (idx, row) in demand.into_iter().enumerate() {
        shares[idx % RIDER_CLIENTS].push(row);
    }
    let mut riders = JoinSet::new();
    for (idx, rows) in shares.into_iter().enumerate() {
        let link = Link::new(host, "rider", &format!("riders-{idx}")).with_pass(pass, 1 + idx);
        riders.spawn(rider::run(link, clock, offset_ms, rows, phases.clone()));
    }
    riders
}

/// What all of them came to; the first error ends it.
async fn collect<T: 'static>(
    tasks: &mut JoinSet<Result<T, DriveError>>,
) -> Result<Vec<T>, DriveError> {
    let mut all = Vec::new();
    while let Some(result) = tasks.join_next().await {
        all.push(result.map_err(|error| DriveError::Protocol(error.to_string()))??);
    }
    Ok(all)
}

/// Returns after `time`, or when told to stop; without a time only then.
async fn pause(time: Option<Duration>, mut stop: watch::Receiver<bool>) {
    let timer = async {
        match time {
            Some(time) => tokio::time::sleep(time).await,
            None => std::future::pending().await,
        }
    };
    tokio::select! {
        () = timer => {}
        told = stop.wait_for(|&stop| stop) => {
            if told.is_err() {
                // Nobody can say stop any more.
                std::future::pending::<()>().await;
            }
        }
    }
}
