//! Hands a finished study to the audit, as the files that it writes.
//!
//! Stands apart so that [`crate::audit`] knows nothing of studies, and studies nothing of the audit.

use std::io;
use std::string::FromUtf8Error;

use crate::audit::files::AuditError;
use crate::audit::{Case, Rules, Verdict, audit};
use crate::demand::{self, DemandError};
use crate::event_log;
use crate::fleet::{self, FleetError};
use crate::land;
use crate::scenario::file::Scenario;
use crate::study::{Prepared, Study};

/// Why a study could not be audited.
#[derive(Debug, thiserror::Error)]
#[expect(missing_docs, reason = "each variant is the error of the part that it names")]
pub enum InspectError {
    #[error(transparent)]
    Demand(#[from] DemandError),
    #[error(transparent)]
    Fleet(#[from] FleetError),
    #[error(transparent)]
    Audit(#[from] AuditError),
    #[error("write the log")]
    Log(#[from] io::Error),
    #[error("a file of the study is no UTF-8")]
    Text(#[from] FromUtf8Error),
}

/// Audits a study by the rules of its scenario.
///
/// # Errors
/// [`InspectError`] if what was written can't be read again.
pub fn inspect(
    scenario: &Scenario,
    prepared: &Prepared,
    study: &Study,
) -> Result<Verdict, InspectError> {
    let clock = prepared.period.clock;
    let (mut demand_csv, mut fleet_csv, mut log) = (Vec::new(), Vec::new(), Vec::new());
    demand::write(&prepared.demand, clock, &mut demand_csv)?;
    fleet::write(&prepared.fleet, clock, &mut fleet_csv)?;
    event_log::write(&study.outcome.records, clock, &mut log)?;
    let (nodes, arcs) = land::graph(&prepared.region);
    let policy = &scenario.policy;
    let rules = Rules {
        max_wait_s: policy.max_wait.as_secs_f64(),
        ride_alpha: f64::from(policy.ride_alpha_milli) / 1000.0,
        ride_beta_s: policy.ride_beta.as_secs_f64(),
        snap_max_m: scenario.snap_max_m,
        walk_max_s: policy.walk_max.as_secs_f64(),
        pace_min: scenario.uncertainty.least_factor(),
        roads_closed: 0 < scenario.uncertainty.closures,
        ..Rules::default()
    };
    let case = Case {
        demand: &String::from_utf8(demand_csv)?,
        fleet: &String::from_utf8(fleet_csv)?,
        events: &String::from_utf8(log)?,
        nodes: &nodes,
        arcs: &arcs,
        rules,
    };
    Ok(audit(&case)?)
}
