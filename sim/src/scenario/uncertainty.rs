//! The `[uncertainty]` table of a scenario.

use serde::Deserialize;
use toml::Value;

use crate::clock;
use crate::scenario::file::{ScenarioError, text_of};
use crate::uncertainty::Uncertainty;

/// Longest mean or fixed time of a mishap, in seconds.
const MISHAP_S: f64 = 86_400.0;
/// As many roads can be closed.
const CLOSURES_MAX: u32 = 1_000;

/// Keys as in [`Uncertainty`]; what is left out is off, or as usual.
#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(super) struct UncertaintyTable {
    travel_time: Option<f64>,
    slow_day: Option<f64>,
    boarding_s: Option<f64>,
    no_show: Option<f64>,
    late_rider: Option<f64>,
    late_rider_s: Option<f64>,
    cancel: Option<f64>,
    pause: Option<f64>,
    pause_s: Option<f64>,
    breakdown_vehicle: Option<String>,
    breakdown_at: Option<Value>,
    breakdowns: Option<f64>,
    report_loss: Option<f64>,
    report_delay_s: Option<f64>,
    closures: Option<u32>,
    closure_s: Option<f64>,
}

impl UncertaintyTable {
    pub(super) fn read(self) -> Result<Uncertainty, ScenarioError> {
        let usual = Uncertainty::default();
        let knob = |key, most: f64, found: Option<f64>, usual| match found {
            Some(found) if !(0.0..=most).contains(&found) => {
                Err(ScenarioError::Knob { key, most, found })
            }
            found => Ok(found.unwrap_or(usual)),
        };
        let share = |key, found| knob(key, 1.0, found, 0.0);
        let seconds = |key, found, usual| knob(key, MISHAP_S, found, usual);
        let closures = self.closures.unwrap_or(usual.closures);
        if CLOSURES_MAX < closures {
            let (most, found) = (f64::from(CLOSURES_MAX), f64::from(closures));
            return Err(ScenarioError::Knob { key: "closures", most, found });
        }
        Ok(Uncertainty {
            travel_time: share("travel_time", self.travel_time)?,
            slow_day: share("slow_day", self.slow_day)?,
            boarding_s: seconds("boarding_s", self.boarding_s, usual.boarding_s)?,
            no_show: share("no_show", self.no_show)?,
            late_rider: share("late_rider", self.late_rider)?,
            late_rider_s: seconds("late_rider_s", self.late_rider_s, usual.late_rider_s)?,
            cancel: share("cancel", self.cancel)?,
            pause: share("pause", self.pause)?,
            pause_s: seconds("pause_s", self.pause_s, usual.pause_s)?,
            breakdown: match (self.breakdown_at, self.breakdown_vehicle) {
                (Some(at), Some(vehicle)) => {
                    let key = "uncertainty.breakdown_at";
                    let at = clock::parse(&text_of(&at));
                    Some((at.map_err(|source| ScenarioError::Time { key, source })?, vehicle))
                }
                (None, None) => None,
                (None, Some(_)) => {
                    return Err(ScenarioError::Missing { key: "uncertainty.breakdown_at" });
                }
                (Some(_), None) => {
                    return Err(ScenarioError::Missing { key: "uncertainty.breakdown_vehicle" });
                }
            },
            breakdowns: share("breakdowns", self.breakdowns)?,
            report_loss: share("report_loss", self.report_loss)?,
            report_delay_s: seconds("report_delay_s", self.report_delay_s, usual.report_delay_s)?,
            closures,
            closure_s: seconds("closure_s", self.closure_s, usual.closure_s)?,
        })
    }
}
