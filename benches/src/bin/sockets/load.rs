//! Thousands of riders that ask for rides, take the offers and cancel them, at a given pace.
//!
//! Rides are for one to three hours ahead, so that no vehicle has to drive meanwhile and nothing is late by the run's own
//! doing. Clients keep to their times: a late answer makes the next command of that client late, and is counted so.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context, Result, ensure};
use serde_json::{Value, json};
use tokio::task::JoinSet;
use tokio::time::{Instant, sleep_until};

use super::client::{Socket, command, get, hello};
use super::figures::{quantile_ms, tell};

/// What is done.
pub(super) struct Plan {
    /// Riders.
    pub(super) clients: usize,
    /// Commands a second, all together.
    pub(super) rate: u64,
    /// For how long.
    pub(super) seconds: u64,
    /// Vehicles in service.
    pub(super) vehicles: usize,
}

/// What a rider has seen.
#[derive(Default)]
struct Seen {
    times: Vec<Duration>,
    promised: u64,
    rejected: u64,
    overloaded: u64,
    errors: u64,
    late: Duration,
}

/// What all riders know.
struct Common {
    addr: SocketAddr,
    places: Vec<Value>,
    /// The service's clock at `begin`, as text without a fraction.
    now: jiff::Timestamp,
    begin: Instant,
    until: Instant,
    every: Duration,
    run: String,
}

/// Runs the plan and tells the figures.
pub(super) async fn run(addr: SocketAddr, plan: &Plan) -> Result<()> {
    let region = get(addr, "/v1/region").await?;
    let places: Vec<Value> = region["places"]
        .as_array()
        .context("the region has no places")?
        .iter()
        .map(|place| json!([place["lat"], place["lon"]]))
        .collect();
    ensure!(2 <= places.len(), "the region has fewer than two places");
    let (mut desk, welcome) = hello(addr, 0, "operator", "load").await?;
    let now: jiff::Timestamp = welcome["now"].as_str().context("no time")?.parse()?;
    let run = format!("{}", now.as_millisecond());
    let places = start_shifts(&mut desk, places, plan.vehicles, now, &run).await?;
    let before = get(addr, "/v1/kpi").await?;
    drop(desk);
    let per_client = u32::try_from(plan.clients)?;
    let every = Duration::from_secs(1) * per_client / u32::try_from(plan.rate)?;
    let mut sockets = Vec::with_capacity(plan.clients);
    for n in 0..plan.clients {
        sockets.push(hello(addr, n, "rider", &format!("load-{run}-{n}")).await?.0);
    }
    let begin = Instant::now() + Duration::from_millis(200);
    let until = begin + Duration::from_secs(plan.seconds);
    let common = Arc::new(Common { addr, places, now, begin, until, every, run });
    let mut riders = JoinSet::new();
    for (n, socket) in sockets.into_iter().enumerate() {
        // Their first commands are spread over one interval.
        let offset = every * u32::try_from(n)? / per_client;
        riders.spawn(ride(common.clone(), socket, n, begin + offset));
    }
    let mut all = Seen::default();
    while let Some(seen) = riders.join_next().await {
        let seen = seen??;
        all.times.extend(seen.times);
        all.promised += seen.promised;
        all.rejected += seen.rejected;
        all.overloaded += seen.overloaded;
        all.errors += seen.errors;
        all.late = all.late.max(seen.late);
    }
    let after = get(common.addr, "/v1/kpi").await?;
    report(plan, &mut all, &before, &after)
}

fn report(plan: &Plan, all: &mut Seen, before: &Value, after: &Value) -> Result<()> {
    let answers = all.times.len();
    let rate = f64::from(u32::try_from(answers)?) / f64::from(u32::try_from(plan.seconds)?);
    let broken = |kpi: &Value| kpi["promises_broken"].as_u64().unwrap_or_default();
    tell(&format!(
        "{} clients, {} vehicles, {} s: {answers} durable answers, {rate:.0}/s; ms p50 {:.1} p90 {:.1} p99 {:.1} p99.9 {:.1} max {:.1}",
        plan.clients,
        plan.vehicles,
        plan.seconds,
        quantile_ms(&mut all.times, 0.5),
        quantile_ms(&mut all.times, 0.9),
        quantile_ms(&mut all.times, 0.99),
        quantile_ms(&mut all.times, 0.999),
        quantile_ms(&mut all.times, 1.0),
    ))?;
    tell(&format!(
        "{} promised, {} rejected, {} overloaded, {} other errors, {} promises broken; a client was at most {:.0} ms behind its times",
        all.promised,
        all.rejected,
        all.overloaded,
        all.errors,
        broken(after).saturating_sub(broken(before)),
        all.late.as_secs_f64() * 1000.0,
    ))
}

/// Brings vehicles into service, one at each of the places in turn; the places from which one can drive.
async fn start_shifts(
    desk: &mut Socket,
    places: Vec<Value>,
    n_vehicles: usize,
    now: jiff::Timestamp,
    run: &str,
) -> Result<Vec<Value>> {
    let shift_end = (now + Duration::from_secs(12 * 3600)).to_string();
    let mut good: Vec<Value> = Vec::new();
    let mut n_started = 0;
    // A place may lie too far from a road, and then can't be used at all; each is tried at most so often.
    for (n, place) in places.iter().cycle().take(n_vehicles.max(1) + 4 * places.len()).enumerate() {
        if n_vehicles <= n_started {
            break;
        }
        let answer = command(
            desk,
            &json!({"id": format!("{run}-v{n}"), "type": "start_shift", "vehicle_id": format!("{run}-v{n}"),
                    "vehicle_type": "taxi", "seats": 6, "wheelchairs": 1, "at": place, "shift_end": shift_end}),
        )
        .await?;
        if answer["type"] == "ok" {
            n_started += 1;
            if n < places.len() {
                good.push(place.clone());
            }
        }
    }
    ensure!(n_started == n_vehicles && 2 <= good.len(), "only {n_started} vehicles could start");
    Ok(good)
}

/// One rider: asks, takes, cancels, and begins again.
async fn ride(common: Arc<Common>, mut socket: Socket, n: usize, first: Instant) -> Result<Seen> {
    let mut seen = Seen::default();
    let mut due = first;
    let mut next = Next::Ask;
    // A different walk through the places for each rider; no chance in it.
    let mut step = n;
    for round in 0_usize.. {
        if common.until <= due {
            break;
        }
        sleep_until(due).await;
        seen.late = seen.late.max(due.elapsed());
        let id = format!("{round}");
        let message = match &next {
            Next::Ask => {
                step += 7;
                common.ask(&id, &format!("{}-{n}-{round}", common.run), step)
            }
            Next::Take(ride) => json!({"id": id, "type": "accept_offer", "request_id": ride}),
            Next::Cancel(ride) => json!({"id": id, "type": "cancel_ride", "request_id": ride}),
        };
        let sent = Instant::now();
        let answer = command(&mut socket, &message).await?;
        if answer["code"] == "overloaded" {
            seen.overloaded += 1;
        } else {
            seen.times.push(sent.elapsed());
        }
        let is_ok = answer["type"] == "ok";
        seen.errors += u64::from(!is_ok && answer["code"] != "overloaded");
        next = match next {
            Next::Ask if answer["result"] == "offered" => {
                Next::Take(message["request_id"].as_str().unwrap_or_default().to_owned())
            }
            Next::Ask => {
                seen.rejected += u64::from(is_ok);
                Next::Ask
            }
            Next::Take(ride) if is_ok => {
                seen.promised += 1;
                Next::Cancel(ride)
            }
            Next::Take(_) | Next::Cancel(_) => Next::Ask,
        };
        due += common.every;
    }
    Ok(seen)
}

/// What a rider does next.
enum Next {
    Ask,
    Take(String),
    Cancel(String),
}

impl Common {
    fn ask(&self, id: &str, ride: &str, step: usize) -> Value {
        let place = |idx: usize| &self.places[idx % self.places.len()];
        let ahead = Duration::from_secs(3600 + u64::try_from(step * 37 % 7200).unwrap_or(0));
        let target = self.now + self.begin.elapsed() + ahead;
        json!({"id": id, "type": "request_ride", "request_id": ride, "from": place(step),
               "to": place(step + 1 + step % (self.places.len() - 1)), "kind": "depart_at",
               "target_at": target.to_string()})
    }
}
