//! The whole thing on the bundled region: a service, a morning of commuters and their vehicles, and a page to watch.
//!
//! Exit 0: done; 1: failed, with one line on standard error; 2: bad usage.

use std::io::{IsTerminal, Write};
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context, Result};
use clap::Parser;
use serde_json::Value;
use sharxi_api::{Running, Service, ServiceConfig};
use sharxi_engine::region::Region;
use sharxi_sim::clock::shifted;
use sharxi_sim::drive::operator::View;
use sharxi_sim::drive::play::{self, Cast, DriveSummary, Options};
use sharxi_sim::scenario::file::{self as scenario, Given};
use sharxi_sim::{land, study};
use tokio::sync::watch;

/// The map that comes with the program.
const MAP: &str = "data/regions/isle-of-man.osm.pbf";
/// The morning that is played.
const SCENARIO: &str = "data/scenarios/isle-of-man-morning.toml";
/// Where the built region and the journal of this run are kept.
const KEPT: &str = "target/sharxi";
/// The service's clock starts so much before the first rider asks, so that all vehicles are there.
const EARLY_MS: i64 = 5 * 60 * 1000;
/// Part of `--for` after which nobody asks any more.
const ASKING_SHARE: f64 = 0.9;

/// Sharxi on the bundled region: starts the service and plays a commuter morning against it, faster than real time.
#[derive(Debug, Parser)]
#[command(
    name = "sharxi-demo",
    version,
    after_help = "Examples:\n  \
    cargo run --release\n  \
    cargo run --release -- --for 60s --json"
)]
struct Args {
    /// End by itself after this time, such as 60s or 5m.
    #[arg(long = "for", value_name = "TIME", value_parser = parse_duration)]
    run_for: Option<Duration>,
    /// How many times faster than real time.
    #[arg(long, default_value_t = 60.0, value_parser = parse_speed)]
    speed: f64,
    /// Where to listen; any other free port is taken if that one is not free.
    #[arg(long, default_value = "127.0.0.1:8080")]
    listen: std::net::SocketAddr,
    /// Print one JSON object at the end and nothing else on standard output.
    #[arg(long)]
    json: bool,
}

fn parse_duration(text: &str) -> Result<Duration, String> {
    let error = || "must be a time such as 60s, 5m or 1h".to_owned();
    let split = text.find(|c: char| c.is_ascii_alphabetic()).unwrap_or(text.len());
    let (number, unit) = text.split_at(split);
    let factor = match unit {
        "" | "s" => 1.0,
        "m" | "min" => 60.0,
        "h" => 3600.0,
        _ => return Err(error()),
    };
    let seconds = number.parse::<f64>().map_err(|_unreadable| error())? * factor;
    if seconds > 0.0 && seconds <= 86_400.0 {
        Ok(Duration::from_secs_f64(seconds))
    } else {
        Err(error())
    }
}

fn parse_speed(text: &str) -> Result<f64, String> {
    let speed = text.parse::<f64>().ok().filter(|speed| (1.0..=600.0).contains(speed));
    speed.ok_or_else(|| "must be a number from 1 to 600".to_owned())
}

fn main() -> ExitCode {
    let args = Args::parse();
    let result = tokio::runtime::Runtime::new()
        .context("start the runtime")
        .and_then(|runtime| runtime.block_on(demo(&args)));
    match result {
        Ok(is_good) => ExitCode::from(u8::from(!is_good)),
        Err(error) => {
            tell(&format!("sharxi-demo: {error:#}"));
            ExitCode::FAILURE
        }
    }
}

/// A line for people. Nobody is left to hear of it if standard error is gone.
fn tell(line: &str) {
    drop(writeln!(std::io::stderr(), "{line}"));
}

async fn demo(args: &Args) -> Result<bool> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
    let root = if Path::new(MAP).exists() { PathBuf::new() } else { root };
    let region_file = region_file(&root)?;
    let given = Given { region: Some(region_file), ..Given::default() };
    let scenario = scenario::read(Some(&root.join(SCENARIO)), &[], &given)?;
    let mut prepared = study::prepare(&scenario, &|_, _| {})?;
    let start = shifted(prepared.period.start, -EARLY_MS);
    for vehicle in &mut prepared.fleet {
        vehicle.shift_start = start;
    }
    let journal = root.join(KEPT).join(format!("demo-{}.sqlite", std::process::id()));
    let config = ServiceConfig {
        listen: args.listen,
        any_port: true,
        journal: Some(journal.clone()),
        start: Some(start),
        speed: args.speed,
        policy: scenario.policy.clone(),
        spots: Some(prepared.spots.clone()),
        ..ServiceConfig::default()
    };
    let service =
        Service::start(config, prepared.region.clone()).await.context("start the service")?;
    say_where(args, &service);
    let cast = Cast { demand: prepared.demand, fleet: prepared.fleet, period: prepared.period };
    let played = play_it(args, &service, cast).await;
    if args.run_for.is_none() && played.as_ref().is_ok_and(|(_, was_stopped)| !was_stopped) {
        tell("the morning is over; the page stays until Ctrl-C");
        tokio::signal::ctrl_c().await.context("wait for Ctrl-C")?;
    }
    service.shutdown().await.context("end the service")?;
    forget(&journal);
    let (summary, _) = played?;
    sum_up(args, &summary)?;
    let n_silent = summary.demand.len() - summary.answered;
    Ok(n_silent == 0 && summary.kpi.promises_broken == 0)
}

fn say_where(args: &Args, service: &Running) {
    let addr = service.addr();
    if addr.port() != args.listen.port() {
        tell(&format!("port {} is taken; using {}", args.listen.port(), addr.port()));
    }
    tell(&format!(
        "open http://{addr}/ to watch a commuter morning on the Isle of Man, {} times faster than real",
        args.speed
    ));
    tell(if args.run_for.is_some() { "it ends by itself" } else { "Ctrl-C ends it" });
}

/// Plays the cast with a live line of figures until it is over or Ctrl-C; says whether it was the latter.
async fn play_it(args: &Args, service: &Running, cast: Cast) -> Result<(DriveSummary, bool)> {
    let options = Options {
        speed: Some(args.speed),
        ask_for: args.run_for.map(|time| time.mul_f64(ASKING_SHARE)),
        end_after: args.run_for,
        pass: None,
    };
    let (view, mut seen) = watch::channel(View::default());
    let (stop, stopped) = watch::channel(false);
    let was_stopped = stopped.clone();
    tokio::spawn(async move {
        if tokio::signal::ctrl_c().await.is_ok() {
            stop.send_replace(true);
        }
        // Keeps the sender until the end: without it nobody could say stop.
        stop.closed().await;
    });
    let live = tokio::spawn(async move {
        // One line that moves on a terminal; a line now and then in a log.
        let on_terminal = std::io::stderr().is_terminal();
        let mut pause =
            tokio::time::interval(Duration::from_secs(if on_terminal { 1 } else { 10 }));
        while seen.changed().await.is_ok() {
            pause.tick().await;
            let view = seen.borrow_and_update().clone();
            match &view.kpi {
                Some(kpi) if on_terminal => {
                    drop(write!(std::io::stderr(), "\r\x1b[K{}", live_line(kpi)));
                }
                Some(kpi) => tell(&live_line(kpi)),
                None => {}
            }
        }
    });
    let url = format!("http://{}", service.addr());
    let summary = play::run(&url, cast, &options, view, stopped).await;
    live.abort();
    if std::io::stderr().is_terminal() {
        tell("");
    }
    let was_stopped = *was_stopped.borrow();
    Ok((summary?, was_stopped))
}

fn live_line(kpi: &Value) -> String {
    let number = |value: &Value| value.as_f64().unwrap_or_default();
    let clock = kpi["t"].as_str().and_then(|t| t.get(11..16)).unwrap_or("--:--");
    format!(
        "{clock}  {} asked, {} promised, {} refused, {} on board, {} done, wait {:.1} min (longest {:.1}), {} promises broken",
        kpi["requests"],
        kpi["promised"],
        kpi["rejected"],
        kpi["on_board"],
        kpi["completed"],
        number(&kpi["wait_s"]["mean"]) / 60.0,
        number(&kpi["wait_s"]["max"]) / 60.0,
        kpi["promises_broken"],
    )
}

fn sum_up(args: &Args, summary: &DriveSummary) -> Result<()> {
    let kpi = &summary.kpi;
    if args.json {
        writeln!(std::io::stdout(), "{}", serde_json::to_string(kpi)?)?;
    }
    let minutes = |seconds: Option<f64>| seconds.unwrap_or_default() / 60.0;
    tell(&format!(
        "{} asked, {} answered: {} promised, {} refused; {} completed, {} still under way, {} promises broken",
        summary.demand.len(),
        summary.answered,
        kpi.promised,
        kpi.rejected,
        kpi.completed,
        summary.under_way,
        kpi.promises_broken
    ));
    tell(&format!(
        "wait {:.1} min on average, longest {:.1}; answer within {:.1} ms for 99 of 100",
        minutes(kpi.wait_s.mean),
        minutes(kpi.wait_s.max),
        kpi.decision_us.and_then(|decision| decision.p99).unwrap_or_default() / 1000.0
    ));
    Ok(())
}

/// The built region; built again if it is missing, older than its map, or of another version.
fn region_file(root: &Path) -> Result<PathBuf> {
    let (map, folder) = (root.join(MAP), root.join(KEPT));
    let file = folder.join("isle-of-man.region");
    let changed = |path: &Path| std::fs::metadata(path).and_then(|meta| meta.modified()).ok();
    let is_fresh = changed(&map).zip(changed(&file)).is_some_and(|(map, file)| map <= file);
    if is_fresh && land::load(&file, &|_, _| {}).is_ok() {
        return Ok(file);
    }
    tell("preparing the bundled map, once");
    std::fs::create_dir_all(&folder).with_context(|| format!("{}", folder.display()))?;
    let region: Arc<Region> = land::load(&map, &|_, _| {})?;
    // Written beside and renamed: nobody ever sees half a file.
    let draft = folder.join(format!("isle-of-man.{}.tmp", std::process::id()));
    std::fs::write(&draft, region.encode()).with_context(|| format!("{}", draft.display()))?;
    std::fs::rename(&draft, &file).with_context(|| format!("{}", file.display()))?;
    Ok(file)
}

/// Removes the journal of this run with what SQLite keeps beside it.
fn forget(journal: &Path) {
    for ending in ["", "-wal", "-shm"] {
        let mut name = journal.as_os_str().to_owned();
        name.push(ending);
        // A file that is not there needs no removing.
        drop(std::fs::remove_file(name));
    }
}
