//! The `sharxi` command: reads the command line, runs one command, prints what it says.
//!
//! Exit code 0 if done, 1 if it failed (with one line on standard error), 2 if the command line is wrong.

use std::io::Write;
use std::process::ExitCode;
use std::sync::Arc;

use anyhow::Context;
use clap::{Parser, Subcommand};
use sharxi_api::Running;
use sharxi_api::commands::{Output, bench, load_region, matrix, region, route};
use sharxi_api::map::Map;
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
    /// Travel times between all pairs of a list.
    Matrix(matrix::MatrixArgs),
    /// Measure queries on a region.
    Bench(bench::BenchArgs),
    /// Run the service on a region until Ctrl-C.
    Serve(ServeArgs),
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
            error
                .downcast_ref::<ServeError>()
                .map_or(ExitCode::FAILURE, |error| error.exit_code().into())
        }
    }
}

/// Runs the service; what it has to say at the end is that it has ended well.
fn serve(args: &ServeArgs) -> anyhow::Result<Output> {
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
        Command::Bench(args) => bench::run(args),
        Command::Serve(args) => serve(args),
    }
}
