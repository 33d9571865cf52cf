//! `sharxi-sim drive`: a scenario against a running service.

use std::time::Duration;

use anyhow::{Context, Result};
use serde_json::json;
use sharxi_sim::drive::link::Pass;
use sharxi_sim::drive::operator::View;
use sharxi_sim::drive::play::{self, Cast, DriveSummary, Options};
use sharxi_sim::scenario::file::{self as scenario, Given};
use sharxi_sim::{demand, event_log, fleet, study};
use tokio::sync::watch;

use crate::args;
use crate::commands::{Outcome, summary};
use crate::progress;

/// Plays until every ride has ended, or Ctrl-C.
pub(crate) fn drive(args: &args::Drive, as_json: bool) -> Result<Outcome> {
    let given = Given { region: args.region.clone(), seed: args.seed, ..Given::default() };
    let scenario = scenario::read(Some(&args.scenario), &args.set, &given)?;
    let prepared = study::prepare(&scenario, &|_, _| {})?;
    let clock = prepared.period.clock;
    let n_requests = u64::try_from(prepared.demand.len())?;
    let cast = Cast { demand: prepared.demand, fleet: prepared.fleet, period: prepared.period };
    let ask_for = args.ask_for.map(|seconds| Duration::from_secs(u64::from(seconds)));
    // On the command line a token would be seen by everybody on this machine.
    let token = args.token.clone().or_else(|| std::env::var("SHARXI_TOKEN").ok());
    let since = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH)?;
    let pass = token.map(|token| Pass::new(token, format!("{:x}", since.as_secs())));
    let options = Options { speed: args.speed, ask_for, end_after: None, pass };
    let runtime = tokio::runtime::Runtime::new().context("start the runtime")?;
    let summary = runtime.block_on(watched(&args.url, cast, &options, n_requests))?;
    if let Some(folder) = &args.output {
        std::fs::create_dir_all(folder).with_context(|| format!("{}", folder.display()))?;
        demand::write(&summary.demand, clock, study::create(&folder.join("demand.csv"))?)?;
        fleet::write(&summary.fleet, clock, study::create(&folder.join("fleet.csv"))?)?;
        event_log::write(&summary.records, clock, study::create(&folder.join("events.jsonl"))?)?;
        let text = serde_json::to_string_pretty(&summary.kpi)? + "\n";
        study::write_text(&folder.join("kpi.json"), &text)?;
    }
    let is_good = summary.answered == summary.demand.len() && summary.kpi.promises_broken == 0;
    Ok((shown(&summary, as_json)?, is_good))
}

async fn watched(
    url: &str,
    cast: Cast,
    options: &Options,
    n_requests: u64,
) -> Result<DriveSummary> {
    let (view, mut seen) = watch::channel(View::default());
    let (stop, stopped) = watch::channel(false);
    tokio::spawn(async move {
        if tokio::signal::ctrl_c().await.is_ok() {
            stop.send_replace(true);
        }
        // Keeps the sender until the end: without it nobody could say stop.
        stop.closed().await;
    });
    let bar = progress::bar("driving", n_requests);
    let counting = bar.clone();
    let count = tokio::spawn(async move {
        while seen.changed().await.is_ok() {
            let kpi = seen.borrow_and_update().kpi.clone();
            counting.set_position(kpi.and_then(|kpi| kpi["requests"].as_u64()).unwrap_or(0));
        }
    });
    let summary = play::run(url, cast, options, view, stopped).await;
    count.abort();
    bar.finish_and_clear();
    Ok(summary?)
}

fn shown(drive: &DriveSummary, as_json: bool) -> Result<String> {
    if as_json {
        let mut value = serde_json::to_value(&drive.kpi)?;
        value["asked"] = json!(drive.demand.len());
        value["answered"] = json!(drive.answered);
        value["under_way"] = json!(drive.under_way);
        return Ok(value.to_string());
    }
    let DriveSummary { demand, answered, under_way, .. } = drive;
    let asked = demand.len();
    let tail = format!("{asked} asked, {answered} answered, {under_way} still under way");
    Ok(summary(&drive.kpi) + &tail)
}
