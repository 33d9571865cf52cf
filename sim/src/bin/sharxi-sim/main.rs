//! The `sharxi-sim` command: studies of a shared taxi, their demand, their audit.
//!
//! Exit 0: done; 1: failed, with one line on standard error; 2: bad usage.

use std::io::Write;
use std::process::ExitCode;

use clap::Parser;
use sharxi_sim::toml_text::one_line;

mod args;
mod commands;
mod days;
mod live;
mod progress;
mod solve;
mod storms;
mod studies;
mod tuning;

use args::{Args, Command};

fn main() -> ExitCode {
    let args = Args::parse();
    let result = match &args.command {
        Command::Run(run) => commands::run(run, args.json),
        Command::Demand(demand) => commands::demand(demand, args.json),
        Command::Audit(audit) => commands::audit(audit, args.json),
        Command::Drive(drive) => live::drive(drive, args.json),
        Command::Solve(solve) => solve::solve(solve, args.json),
        Command::Compare(compare) => studies::compare(compare, args.json),
        Command::Calibrate(calibrate) => days::calibrate(calibrate, args.json),
        Command::Replay(replay) => days::replay(replay, args.json),
        Command::Tune(tune) => tuning::tune(tune, args.json),
        Command::Sweep(sweep) => studies::sweep(sweep, args.json),
        Command::Storm(storm) => storms::storm(storm, args.json),
    };
    let (text, code) = match result {
        Ok((text, is_good)) => (text, ExitCode::from(u8::from(!is_good))),
        Err(error) => {
            // Nobody is left to hear of it if standard error is gone.
            let problem = one_line(&format!("{error:#}"));
            drop(writeln!(std::io::stderr(), "sharxi-sim: {problem}"));
            return ExitCode::FAILURE;
        }
    };
    match writeln!(std::io::stdout(), "{text}") {
        Ok(()) => code,
        Err(_) => ExitCode::FAILURE,
    }
}
