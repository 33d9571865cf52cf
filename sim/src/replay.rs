//! A recorded live day again: as it was, or with another fleet or other rules.
//!
//! As it was: every command of the journal goes to a dispatcher of its own, and wherever the journal has a hash of the state
//! the two must be equal. What if: the riders who asked and the vehicles that were on shift are taken from the journal,
//! and a virtual day is played with them. Virtual vehicles do what they are told on the second, so the fair thing to set a
//! "what if" beside is the virtual day without any change, not the live one.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use sharxi_api::journal::record::Header;
use sharxi_api::journal::sqlite::SqliteJournal;
use sharxi_api::journal::{Journal, JournalError};
use sharxi_api::map::Map;
use sharxi_engine::demand::request::RideRequest;
use sharxi_engine::dispatcher::command::{Command, CommandError};
use sharxi_engine::dispatcher::{Dispatcher, Spot};
use sharxi_engine::oracle::Oracle;
use sharxi_engine::planning::policy::Policy;
use sharxi_engine::units::EngineTime;

use crate::clock::LocalClock;
use crate::demand::DemandRow;
use crate::fleet::FleetRow;
use crate::ground::Ground;
use crate::scenario::file::Period;
use crate::world::{Outcome, World};

/// What a journal tells of a day.
#[derive(Debug)]
pub struct Recorded {
    /// Who asked, and when the service heard of it.
    pub demand: Vec<DemandRow>,
    /// Who drove. A shift ends as planned, or when it was ended if somebody still asked for a ride after that.
    pub fleet: Vec<FleetRow>,
    /// The rules of the journal.
    pub policy: Policy,
    /// Where demand was expected.
    pub spots: Vec<Spot>,
    /// From the first command to just after the last request.
    pub period: Period,
    /// What happened, command by command.
    pub outcome: Outcome,
    /// Commands that changed something.
    pub n_commands: u64,
    /// Recorded hashes of the state that were met.
    pub n_hashes: u64,
}

/// Why a journal can't be replayed.
#[derive(Debug, thiserror::Error)]
pub enum ReplayError {
    /// The journal can't be read, or its state is another one.
    #[error(transparent)]
    Journal(#[from] JournalError),
    /// No file.
    #[error("replay: {path} is no journal")]
    Missing {
        /// As given.
        path: PathBuf,
    },
    /// Nobody asked for anything.
    #[error("replay: no request is recorded")]
    Empty,
}

/// Replays `journal` from its first record on its region, given as `oracle` and `ground`; `clock` writes times.
///
/// # Errors
/// [`ReplayError`]. A journal whose old records have been removed says which is the first that is missing.
pub fn as_it_was(
    journal: &dyn Journal,
    oracle: Arc<dyn Oracle>,
    ground: Arc<dyn Ground>,
    clock: LocalClock,
) -> Result<Recorded, ReplayError> {
    let header = journal.header();
    let (policy, spots, begin) = (header.policy.clone(), header.spots.clone(), header.start);
    let dispatcher = Dispatcher::new(oracle, policy.clone(), &spots);
    let mut day = Day {
        world: World::new(ground, dispatcher, clock),
        demand: Vec::new(),
        fleet: BTreeMap::new(),
        ended: BTreeMap::new(),
        first: None,
        n_commands: 0,
        n_hashes: 0,
    };
    journal.replay(0, &mut |record, recorded_hash| {
        let diverged = |what| JournalError::Diverged { seq: record.seq, what };
        if let Some(command) = record.command()? {
            day.take(record.at, command)
                .map_err(|_refused| diverged("a command that was applied is refused"))?;
        }
        if let Some(recorded) = recorded_hash {
            if recorded != day.world.dispatcher().state_hash() {
                return Err(diverged("the state is another one"));
            }
            day.n_hashes += 1;
        }
        Ok(())
    })?;
    let last = day.demand.last().ok_or(ReplayError::Empty)?.requested_at;
    for (idx, ended_at) in day.ended {
        if let Some(row) =
            day.fleet.get_mut(&idx).filter(|row| row.shift_start < ended_at && ended_at < last)
        {
            row.shift_end = ended_at.min(row.shift_end);
        }
    }
    let end = EngineTime::from_unix_ms(last.unix_ms().saturating_add(1));
    Ok(Recorded {
        demand: day.demand,
        fleet: day.fleet.into_values().collect(),
        policy,
        spots,
        period: Period { start: day.first.unwrap_or(begin), end, clock },
        outcome: day.world.finish(Vec::new()),
        n_commands: day.n_commands,
        n_hashes: day.n_hashes,
    })
}

/// A day under way.
struct Day {
    world: World,
    demand: Vec<DemandRow>,
    /// By number of the vehicle.
    fleet: BTreeMap<usize, FleetRow>,
    /// By number of the vehicle: when its shift was ended.
    ended: BTreeMap<usize, EngineTime>,
    first: Option<EngineTime>,
    n_commands: u64,
    n_hashes: u64,
}

impl Day {
    fn take(&mut self, at: EngineTime, command: Command) -> Result<(), CommandError> {
        self.first = self.first.or(Some(at));
        self.n_commands += 1;
        match command {
            Command::RequestRide(request) => {
                let row = self.row(at, &request);
                self.world.ask(&row, request)?;
                self.demand.push(row);
                Ok(())
            }
            Command::StartShift(spec) => {
                let row = FleetRow {
                    name: spec.name.clone(),
                    kind: spec.kind.clone(),
                    seats: spec.seats,
                    wheelchairs: spec.wheelchairs,
                    fittings: spec.fittings,
                    point: self.world.ground().point(spec.start),
                    shift_start: at,
                    shift_end: spec.shift_end,
                };
                self.world.apply(at, Command::StartShift(spec))?;
                if let Some(vehicle) = self.world.dispatcher().find_vehicle(&row.name) {
                    self.fleet.insert(vehicle.idx(), row);
                }
                Ok(())
            }
            Command::EndShift(vehicle) => {
                self.world.apply(at, Command::EndShift(vehicle))?;
                self.ended.insert(vehicle.idx(), at);
                Ok(())
            }
            other => self.world.apply(at, other),
        }
    }

    fn row(&self, at: EngineTime, request: &RideRequest) -> DemandRow {
        let ground = self.world.ground();
        let stops = request.pickups.iter().chain(&request.dropoffs);
        DemandRow {
            name: request.name.clone(),
            requested_at: at,
            when: request.when,
            from: ground.point(request.from),
            to: ground.point(request.to),
            party: request.party,
            // The journal has the stops within the walk, not the walk itself.
            walk_max: stops.map(|stop| stop.walk).max(),
        }
    }
}

/// Opens the journal at `path` for `region`. It must be there already, and nobody else may have it open: give a copy of
/// a service's journal that is in use.
///
/// # Errors
/// [`ReplayError::Missing`], [`ReplayError::Journal`].
pub fn open(path: &Path, region: &dyn Map) -> Result<SqliteJournal, ReplayError> {
    if !path.is_file() {
        return Err(ReplayError::Missing { path: path.to_owned() });
    }
    // A journal that is there keeps its own rules; only the region is compared.
    let header = Header {
        region_name: region.name().to_owned(),
        region_fingerprint: region.fingerprint(),
        policy: Policy::default(),
        spots: Vec::new(),
        start: EngineTime::default(),
    };
    Ok(SqliteJournal::open(path, header)?)
}

/// The rules as `KEY=VALUE` settings of a scenario, so that others can be put on top.
#[must_use]
pub fn settings(policy: &Policy) -> Vec<String> {
    let seconds = |key: &str, time: sharxi_engine::units::Millis| {
        format!("policy.{key}={}", time.as_secs_f64())
    };
    vec![
        seconds("max_wait_s", policy.max_wait),
        format!("policy.ride_alpha={}", f64::from(policy.ride_alpha_milli) / 1000.0),
        seconds("ride_beta_s", policy.ride_beta),
        seconds("stop_s", policy.stop),
        seconds("board_s", policy.board),
        seconds("alight_s", policy.alight),
        seconds("wheelchair_s", policy.wheelchair),
        seconds("offer_ttl_s", policy.offer_ttl),
        seconds("react_s", policy.react),
        seconds("no_show_wait_s", policy.no_show_wait),
        format!("policy.reoptimise={}", policy.reoptimise),
        format!("policy.rescue_tests={}", policy.rescue_tests),
        format!("policy.improvement_tests={}", policy.improvement_tests),
        format!("policy.reposition={}", policy.reposition),
        format!("policy.coverage={}", policy.coverage),
    ]
}

#[cfg(test)]
mod tests;
