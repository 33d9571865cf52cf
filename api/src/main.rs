//! The `sharxi` command: reads the command line, runs one command, prints what it says.
//!
//! Exit code 0 if done, 1 if it failed (with one line on standard error), 2 if the command line is wrong.

use std::io::Write;
use std::process::ExitCode;

use clap::{Parser, Subcommand};
use sharxi_api::commands::{Output, bench, matrix, region, route};

/// A shared taxi anyone in the countryside can call: maps, routes and (soon) the service.
#[derive(Debug, Parser)]
#[command(
    name = "sharxi",
    version,
    about,
    after_help = "Examples:\n  sharxi region build isle-of-man.osm.pbf -o isle-of-man.region\n  sharxi route isle-of-man.region --from 54.15,-4.48 --to 54.32,-4.38 --json"
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
}

fn main() -> ExitCode {
    let cli = Cli::parse();
    match run(&cli.command).and_then(|output| output.print(cli.json)) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            // `{:#}` puts the whole chain of causes on one line. If standard error is gone, nobody is there to tell.
            drop(writeln!(std::io::stderr(), "sharxi: failed to {error:#}"));
            ExitCode::FAILURE
        }
    }
}

fn run(command: &Command) -> anyhow::Result<Output> {
    match command {
        Command::Region(command) => region::run(command),
        Command::Route(args) => route::run(args),
        Command::Matrix(args) => matrix::run(args),
        Command::Bench(args) => bench::run(args),
    }
}
