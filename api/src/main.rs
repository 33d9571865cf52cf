//! The `sharxi` command: reads the command line, runs one command, prints what it says.
//!
//! Exit code 0 if done, 1 if it failed (with one line on standard error), 2 if the command line is wrong.

use std::io::{IsTerminal, Write};
use std::process::ExitCode;
use std::sync::Arc;

use anyhow::Context;
use clap::{Parser, Subcommand};
use sharxi_api::Running;
use sharxi_api::commands::{
    Output, account, bench, isochrone, journal, load_region, matching, matrix, region, route,
};
use sharxi_api::map::Map;
use sharxi_api::queries::NoAnswer;
use sharxi_api::serve::{self, ServeArgs, ServeError};
use sharxi_api::wire::time;

/// A shared taxi anyone in the countryside can call: maps, routes and the service.
#[derive(Debug, Parser)]
#[command(
    name = "sharxi",
    version,
    about,
    after_help = "Examples:\n  sharxi region build isle-of-man.osm.pbf -o isle-of-man.region\n  sharxi route isle-of-man.region --from 54.15,-4.48 --to 54.32,-4.38 --json\n  sharxi serve isle-of-man.region --listen 127.0.0.1:8080"
)]
struct Cli {
    /// Print one JSON object instead of text.
    #[arg(long, global = true)]
    json: bool,
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Build, show and export regions.
    #[command(subcommand)]
    Region(region::RegionCommand),
    /// Find the fastest way between two points.
    Route(route::RouteArgs),
    /// Travel times and distances: all pairs of one list or two, or a list of pairs.
    Matrix(matrix::MatrixArgs),
    /// The areas that can be reached within so many minutes, as GeoJSON.
    Isochrone(isochrone::IsochroneArgs),
    /// Find the roads that a recorded drive has taken.
    Match(matching::MatchArgs),
    /// Measure queries on a region.
    Bench(bench::BenchArgs),
    /// Run the service on a region until Ctrl-C.
    Serve(ServeArgs),
    /// Add, remove and list accounts of the service.
    #[command(subcommand)]
    User(account::UserCommand),
    /// Back up, restore and check the journal of a service; tell and erase what it holds of a rider.
    #[command(subcommand)]
    Journal(journal::JournalCommand),
    /// Write the service's description (OpenAPI, AsyncAPI, JSON Schema, TypeScript) into the source tree at ROOT.
    Schema {
        /// Where the tree is.
        root: std::path::PathBuf,
    },
    /// Make keys that the service signs tokens with.
    #[command(subcommand)]
    Key(account::KeyCommand),
}

fn main() -> ExitCode {
    let cli = Cli::parse();
    match run(&cli.command).and_then(|output| output.print(cli.json)) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            // `{:#}` puts the whole chain of causes on one line, unless a cause has lines of its own. If standard error
            // is gone, nobody is there to tell.
            let said = format!("{error:#}").replace('\n', " ");
            drop(writeln!(std::io::stderr(), "sharxi: failed to {said}"));
            if let (true, Some(why)) = (cli.json, error.downcast_ref::<NoAnswer>()) {
                drop(writeln!(std::io::stdout(), "{}", why.to_json()));
            }
            error
                .downcast_ref::<ServeError>()
                .map_or(ExitCode::FAILURE, |error| error.exit_code().into())
        }
    }
}

/// Sends log lines to standard error; `SHARXI_LOG` says from which level on: `error`, `warn`, `info`, `debug` or `trace`.
fn log() -> anyhow::Result<()> {
    let level = std::env::var("SHARXI_LOG").unwrap_or_else(|_unset| "info".to_owned());
    let level: tracing::Level = level
        .parse()
        .map_err(|_error| anyhow::anyhow!("read SHARXI_LOG: {level:?} is no level"))?;
    tracing_subscriber::fmt()
        .with_max_level(level)
        .with_writer(std::io::stderr)
        .with_ansi(std::io::stderr().is_terminal())
        // Nobody is left to hear that nobody hears.
        .log_internal_errors(false)
        .try_init()
        .map_err(|error| anyhow::anyhow!("begin the log: {error}"))
}

/// Writes the service's description.
fn write_schema(root: &std::path::Path) -> anyhow::Result<Output> {
    sharxi_api::schema::write(root).context("write the schemas")?;
    let paths = sharxi_api::schema::documents().into_iter().map(|(path, _)| path);
    let json = serde_json::json!({ "written": paths.clone().collect::<Vec<_>>() });
    Ok(Output { text: paths.collect::<Vec<_>>().join("\n"), json })
}

/// Runs the service; what it has to say at the end is that it has ended well.
fn serve(args: &ServeArgs) -> anyhow::Result<Output> {
    log()?;
    let map: Arc<dyn Map> = Arc::new(load_region(&args.region, args.labels)?);
    let name = Some(map.name().trim()).filter(|name| !name.is_empty()).unwrap_or("the region");
    let name = name.to_owned();
    let listening = |running: &Running| {
        let addr = running.addr();
        if let Some(ahead) = running.ahead() {
            let ahead = time::format(ahead);
            drop(writeln!(
                std::io::stderr(),
                "sharxi: warning: the journal goes on to {ahead}, ahead of this machine's clock; time goes on from there"
            ));
        }
        drop(writeln!(
            std::io::stderr(),
            "Sharxi serves {name} at http://{addr}/ (Ctrl-C ends it)"
        ));
    };
    let runtime = tokio::runtime::Runtime::new().context("start the runtime")?;
    runtime.block_on(serve::serve(args, map, listening))?;
    Ok(Output { text: "ended".to_owned(), json: serde_json::json!({ "ended": true }) })
}

fn run(command: &Command) -> anyhow::Result<Output> {
    match command {
        Command::Region(command) => region::run(command),
        Command::Route(args) => route::run(args),
        Command::Matrix(args) => matrix::run(args),
        Command::Isochrone(args) => isochrone::run(args),
        Command::Match(args) => matching::run(args),
        Command::Bench(args) => bench::run(args),
        Command::Serve(args) => serve(args),
        Command::User(command) => account::user(command),
        Command::Key(command) => account::key(command),
        Command::Journal(command) => journal::run(command),
        Command::Schema { root } => write_schema(root),
    }
}
