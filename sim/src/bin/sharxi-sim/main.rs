//! The `sharxi-sim` command: studies of a shared taxi, their demand, their audit.
//!
//! Exit 0: done; 1: failed, with one line on standard error; 2: bad usage.

use std::io::Write;
use std::process::ExitCode;

use clap::Parser;

mod args;
mod commands;
mod live;
mod progress;

use args::{Args, Command};

fn main() -> ExitCode {
    let args = Args::parse();
    let result = match &args.command {
        Command::Run(run) => commands::run(run, args.json),
        Command::Demand(demand) => commands::demand(demand, args.json),
        Command::Audit(audit) => commands::audit(audit, args.json),
        Command::Drive(drive) => live::drive(drive, args.json),
    };
    let (text, code) = match result {
        Ok((text, is_good)) => (text, ExitCode::from(u8::from(!is_good))),
        Err(error) => {
            // Nobody is left to hear of it if standard error is gone.
            drop(writeln!(std::io::stderr(), "sharxi-sim: {error:#}"));
            return ExitCode::FAILURE;
        }
    };
    match writeln!(std::io::stdout(), "{text}") {
        Ok(()) => code,
        Err(_) => ExitCode::FAILURE,
    }
}
