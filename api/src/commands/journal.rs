//! `sharxi journal`: copies of a journal, and what it holds of one rider.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use anyhow::{Context, Result, bail};
use serde_json::{Value, json};
use sharxi_engine::demand::request::When;
use sharxi_engine::dispatcher::command::Command;
use sharxi_engine::planning::policy::Policy;
use sharxi_engine::units::EngineTime;

use super::{LabelArgs, Output, load_region};
use crate::clock;
use crate::intent::Caller;
use crate::journal::copies::{self, Contents};
use crate::journal::person;
use crate::journal::record::{Header, Outcome, Record};
use crate::journal::sqlite::SqliteJournal;
use crate::map::Map;
use crate::wire::event::degrees;
use crate::wire::message::Role;
use crate::wire::time::format;

/// The journal of a service.
#[derive(Debug, clap::Subcommand)]
pub enum JournalCommand {
    /// Copy a journal as it is now, while the service runs or not, and look the copy through
    Backup {
        /// The journal
        journal: PathBuf,
        /// Where the copy goes; a file there is replaced once the copy is whole
        copy: PathBuf,
    },
    /// Put a copy in the place of a journal; the service must have ended. What was there is kept under another name
    Restore {
        /// The copy
        copy: PathBuf,
        /// The journal
        journal: PathBuf,
    },
    /// Look a journal through: pages, every record, every ride
    Check {
        /// The journal, or a copy
        journal: PathBuf,
    },
    /// Tell all that a journal holds of a rider, as JSON; the service may run
    Export(PersonArgs),
    /// Erase a rider from a journal; the service must have ended. Copies made before are not touched
    Erase(PersonArgs),
}

/// Whose data, and where.
#[derive(Debug, clap::Args)]
pub struct PersonArgs {
    /// Region file of the service
    region: PathBuf,
    /// The journal [default: beside the region, with the ending .journal.sqlite]
    #[arg(long, value_name = "FILE")]
    journal: Option<PathBuf>,
    /// Name of the rider's account
    #[arg(long, value_name = "NAME")]
    rider: String,
}

impl PersonArgs {
    fn journal(&self) -> Result<PathBuf> {
        let beside = || self.region.with_extension("journal.sqlite");
        let path = self.journal.clone().unwrap_or_else(beside);
        if !path.is_file() {
            bail!("open {}: there is no such journal", path.display());
        }
        Ok(path)
    }

    fn rider(&self) -> Caller {
        Caller { role: Role::Rider, name: self.rider.clone() }
    }

    fn map(&self) -> Result<Arc<dyn Map>> {
        Ok(Arc::new(load_region(&self.region, LabelArgs::default())?))
    }
}

/// Runs `sharxi journal`.
///
/// # Errors
/// If the journal can't be read or written, or is damaged.
pub fn run(command: &JournalCommand) -> Result<Output> {
    match command {
        JournalCommand::Backup { journal, copy } => {
            let contents = copies::backup(journal, copy)?;
            Ok(output(&format!("copied to {}", copy.display()), contents, None))
        }
        JournalCommand::Restore { copy, journal } => {
            let (contents, kept) = copies::restore(copy, journal)?;
            Ok(output(&format!("restored {}", journal.display()), contents, kept.as_deref()))
        }
        JournalCommand::Check { journal } => {
            Ok(output("all is as it was written", copies::look_through(journal)?, None))
        }
        JournalCommand::Export(args) => export(args),
        JournalCommand::Erase(args) => erase(args),
    }
}

fn output(what: &str, contents: Contents, kept: Option<&Path>) -> Output {
    let Contents { records: (first, last), last_at, n_ended, n_bytes } = contents;
    let last_at = last_at.map(format);
    let at = last_at.as_deref().unwrap_or("never");
    let mut text = format!(
        "{what}: records {first} to {last} (at {at}), {n_ended} ended rides, {n_bytes} bytes"
    );
    if let Some(kept) = kept {
        text.push_str(&format!("\nwhat was there is now {}", kept.display()));
    }
    let json = json!({ "first_record": first, "last_record": last, "last_at": last_at, "ended_rides": n_ended,
                       "bytes": n_bytes, "kept": kept });
    Output { text, json }
}

fn export(args: &PersonArgs) -> Result<Output> {
    let map = args.map()?;
    let journal = SqliteJournal::read_only(&args.journal()?)?;
    if crate::journal::Journal::header(&journal).region_fingerprint != map.fingerprint() {
        bail!("read the journal: it belongs to another region than {}", args.region.display());
    }
    let (records, rides) = person::export(&journal, &args.rider())?;
    let commands: Vec<Value> =
        records.iter().map(|record| tell(record, map.as_ref())).collect::<Result<_>>()?;
    let parse = |text: &str| serde_json::from_str::<Value>(text).context("read an ended ride");
    let rides: Vec<Value> = rides.iter().map(|ride| parse(&ride.info)).collect::<Result<_>>()?;
    let json = json!({ "rider": args.rider, "commands": commands, "ended_rides": rides });
    Ok(Output { text: serde_json::to_string_pretty(&json)?, json })
}

/// A command with its answer.
fn tell(record: &Record, map: &dyn Map) -> Result<Value> {
    let origin = record.origin.as_ref();
    let answer: Option<Value> = origin
        .map(|origin| serde_json::from_str(&origin.reply))
        .transpose()
        .context("read an answer")?;
    let command = match record.command()? {
        Some(Command::RequestRide(request)) => {
            let (kind, target) = match request.when {
                When::Now => ("now", None),
                When::DepartAt(at) => ("depart_at", Some(format(at))),
                When::ArriveBy(at) => ("arrive_by", Some(format(at))),
            };
            json!({ "type": "request_ride", "request_id": request.name.as_str(), "from": degrees(map.point(request.from)),
                    "to": degrees(map.point(request.to)), "kind": kind, "target_at": target,
                    "passengers": request.party.passengers(), "wheelchairs": request.party.wheelchairs() })
        }
        // Of everything else a rider may say, the answer tells what it was about.
        Some(other) => serde_json::to_value(other)?,
        None => Value::Null,
    };
    Ok(
        json!({ "record": record.seq, "at": format(record.at), "id": origin.map(|origin| &origin.command_id),
               "refused": record.outcome == Outcome::Refused, "command": command, "answer": answer }),
    )
}

fn erase(args: &PersonArgs) -> Result<Output> {
    let map = args.map()?;
    let header = Header {
        region_name: map.name().to_owned(),
        region_fingerprint: map.fingerprint(),
        // A journal that is there keeps its own rules.
        policy: Policy::default(),
        spots: Vec::new(),
        start: EngineTime::default(),
    };
    let mut journal = SqliteJournal::open(&args.journal()?, header)?;
    let erased = person::erase(&mut journal, &map, &args.rider(), clock::wall())?;
    let text = format!(
        "erased {}: {} commands and {} ended rides; copies of the journal made before still hold them",
        args.rider, erased.n_commands, erased.n_rides
    );
    let json = json!({ "rider": args.rider, "commands": erased.n_commands, "ended_rides": erased.n_rides });
    Ok(Output { text, json })
}
