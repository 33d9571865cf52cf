//! The `[policy]` table of configurations and scenarios: seconds outside, milliseconds inside; budgets in insertion tests.

use serde::Deserialize;
use sharxi_engine::limits::WALK_MAX;
use sharxi_engine::planning::policy::Policy;
use sharxi_engine::units::Millis;

use crate::config_keys::{UnknownKey, check_keys};

/// Longest duration that a policy may name, in seconds (a day).
const DURATION_S_MAX: f64 = 86_400.0;
/// Most deviations that a promise can keep in hand.
const Z_MAX: f64 = 5.0;
/// Largest stretch of a ride against the direct drive.
const ALPHA_MAX: f64 = 100.0;

/// The table; every key may be left out.
#[derive(Clone, Debug, Default, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
#[expect(missing_docs, reason = "keys are those of section 4 of the design, word for word")]
pub struct PolicyConfig {
    pub max_wait_s: Option<f64>,
    pub ride_alpha: Option<f64>,
    pub ride_beta_s: Option<f64>,
    pub stop_s: Option<f64>,
    pub board_s: Option<f64>,
    pub alight_s: Option<f64>,
    pub wheelchair_s: Option<f64>,
    pub walk_max_s: Option<f64>,
    pub offer_ttl_s: Option<f64>,
    pub react_s: Option<f64>,
    pub no_show_wait_s: Option<f64>,
    pub reoptimise: Option<bool>,
    pub rescue_tests: Option<u32>,
    pub improvement_tests: Option<u32>,
    pub reposition: Option<bool>,
    pub coverage: Option<bool>,
    pub time_sigma: Option<f64>,
    pub promise_z: Option<f64>,
}

/// The keys of [`PolicyConfig`], to name the nearest one to an unknown.
pub const POLICY_KEYS: [&str; 18] = [
    "max_wait_s",
    "ride_alpha",
    "ride_beta_s",
    "stop_s",
    "board_s",
    "alight_s",
    "wheelchair_s",
    "walk_max_s",
    "offer_ttl_s",
    "react_s",
    "no_show_wait_s",
    "reoptimise",
    "rescue_tests",
    "improvement_tests",
    "reposition",
    "coverage",
    "time_sigma",
    "promise_z",
];

/// Why a table is no policy.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
pub enum PolicyError {
    /// A key that is none.
    #[error(transparent)]
    UnknownKey(#[from] UnknownKey),
    /// A value of the wrong type.
    #[error("read [policy]: {0}")]
    Type(String),
    /// A value out of range.
    #[error("read policy.{key}: must be between 0 and {max}, not {found}")]
    Range {
        /// The key.
        key: &'static str,
        /// As given.
        found: f64,
        /// The most.
        max: f64,
    },
}

impl PolicyConfig {
    /// Reads the table.
    ///
    /// # Errors
    /// [`PolicyError`] for unknown keys and wrong types.
    pub fn from_table(table: &toml::Table) -> Result<Self, PolicyError> {
        check_keys("policy", table, &POLICY_KEYS)?;
        table
            .clone()
            .try_into()
            .map_err(|error: toml::de::Error| PolicyError::Type(error.message().to_owned()))
    }

    /// The policy: the defaults, changed by what the table says. Durations are rounded to milliseconds.
    ///
    /// # Errors
    /// [`PolicyError`] for values out of range.
    pub fn to_policy(&self) -> Result<Policy, PolicyError> {
        self.over(&Policy::default())
    }

    /// The first key to which the table gives another value than `kept` has, if there is one.
    ///
    /// # Errors
    /// [`PolicyError`] for values out of range.
    pub fn contradicts(&self, kept: &Policy) -> Result<Option<&'static str>, PolicyError> {
        let Policy {
            max_wait,
            ride_alpha_milli,
            ride_beta,
            stop,
            board,
            alight,
            wheelchair,
            walk_max,
            offer_ttl,
            react,
            no_show_wait,
            reoptimise,
            rescue_tests,
            improvement_tests,
            reposition,
            coverage,
            time_sigma_milli,
            reserve_z_milli,
        } = self.over(kept)?;
        let same = [
            ("max_wait_s", max_wait == kept.max_wait),
            ("ride_alpha", ride_alpha_milli == kept.ride_alpha_milli),
            ("ride_beta_s", ride_beta == kept.ride_beta),
            ("stop_s", stop == kept.stop),
            ("board_s", board == kept.board),
            ("alight_s", alight == kept.alight),
            ("wheelchair_s", wheelchair == kept.wheelchair),
            ("walk_max_s", walk_max == kept.walk_max),
            ("offer_ttl_s", offer_ttl == kept.offer_ttl),
            ("react_s", react == kept.react),
            ("no_show_wait_s", no_show_wait == kept.no_show_wait),
            ("reoptimise", reoptimise == kept.reoptimise),
            ("rescue_tests", rescue_tests == kept.rescue_tests),
            ("improvement_tests", improvement_tests == kept.improvement_tests),
            ("reposition", reposition == kept.reposition),
            ("coverage", coverage == kept.coverage),
            ("time_sigma", time_sigma_milli == kept.time_sigma_milli),
            ("promise_z", reserve_z_milli == kept.reserve_z_milli),
        ];
        Ok(same.into_iter().find(|(_, same)| !same).map(|(key, _)| key))
    }

    /// `base`, changed by what the table says.
    fn over(&self, base: &Policy) -> Result<Policy, PolicyError> {
        let alpha = match self.ride_alpha {
            Some(alpha) => thousandths("ride_alpha", alpha, ALPHA_MAX)?,
            None => base.ride_alpha_milli,
        };
        let share = |key, given: Option<f64>, max, usual| {
            given.map_or(Ok(usual), |given| thousandths(key, given, max))
        };
        let time = |key, given: Option<f64>, usual| match given {
            Some(seconds) => thousandths(key, seconds, DURATION_S_MAX).map(Millis::new),
            None => Ok(usual),
        };
        Ok(Policy {
            max_wait: time("max_wait_s", self.max_wait_s, base.max_wait)?,
            ride_alpha_milli: alpha,
            ride_beta: time("ride_beta_s", self.ride_beta_s, base.ride_beta)?,
            stop: time("stop_s", self.stop_s, base.stop)?,
            board: time("board_s", self.board_s, base.board)?,
            alight: time("alight_s", self.alight_s, base.alight)?,
            wheelchair: time("wheelchair_s", self.wheelchair_s, base.wheelchair)?,
            walk_max: match self.walk_max_s {
                Some(seconds) => {
                    thousandths("walk_max_s", seconds, WALK_MAX.as_secs_f64()).map(Millis::new)?
                }
                None => base.walk_max,
            },
            offer_ttl: time("offer_ttl_s", self.offer_ttl_s, base.offer_ttl)?,
            react: time("react_s", self.react_s, base.react)?,
            no_show_wait: time("no_show_wait_s", self.no_show_wait_s, base.no_show_wait)?,
            reoptimise: self.reoptimise.unwrap_or(base.reoptimise),
            rescue_tests: self.rescue_tests.unwrap_or(base.rescue_tests),
            improvement_tests: self.improvement_tests.unwrap_or(base.improvement_tests),
            reposition: self.reposition.unwrap_or(base.reposition),
            coverage: self.coverage.unwrap_or(base.coverage),
            time_sigma_milli: share("time_sigma", self.time_sigma, 1.0, base.time_sigma_milli)?,
            reserve_z_milli: share("promise_z", self.promise_z, Z_MAX, base.reserve_z_milli)?,
        })
    }
}

/// A number as whole thousandths.
#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "0 to 1e8 by the check"
)]
fn thousandths(key: &'static str, found: f64, max: f64) -> Result<u32, PolicyError> {
    if (0.0..=max).contains(&found) {
        Ok((found * 1000.0).round() as u32)
    } else {
        Err(PolicyError::Range { key, found, max })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Result<Policy, String> {
        let table = text.parse::<toml::Table>().map_err(|error| error.to_string())?;
        let config = PolicyConfig::from_table(&table).map_err(|error| error.to_string())?;
        config.to_policy().map_err(|error| error.to_string())
    }

    #[test]
    fn an_empty_table_is_the_default_and_keys_change_it() {
        assert_eq!(read(""), Ok(Policy::default()));
        let policy =
            read("max_wait_s = 600\nride_alpha = 1.25\nwalk_max_s = 300\ncoverage = false")
                .unwrap();
        assert_eq!(policy.walk_max, Millis::from_secs(300));
        assert_eq!(policy.max_wait, Millis::from_secs(600));
        assert_eq!(policy.ride_alpha_milli, 1250);
        assert!(!policy.coverage);
    }

    #[test]
    fn only_what_is_said_can_contradict() {
        let kept = Policy { max_wait: Millis::from_secs(600), ..Policy::default() };
        let found = |text: &str| {
            let table = text.parse::<toml::Table>().unwrap();
            PolicyConfig::from_table(&table).unwrap().contradicts(&kept).unwrap()
        };
        assert_eq!(found(""), None);
        assert_eq!(found("max_wait_s = 600\nwalk_max_s = 0"), None);
        assert_eq!(found("max_wait_s = 601"), Some("max_wait_s"));
        let defaults = Policy::default();
        for key in POLICY_KEYS {
            let other = match key {
                "reoptimise" => (!defaults.reoptimise).to_string(),
                "reposition" => (!defaults.reposition).to_string(),
                "coverage" => (!defaults.coverage).to_string(),
                "time_sigma" | "promise_z" => "0.125".to_owned(),
                "rescue_tests" | "improvement_tests" => "77".to_owned(),
                _ => "77.125".to_owned(),
            };
            assert_eq!(found(&format!("{key} = {other}")), Some(key));
        }
    }

    #[test]
    fn mistakes_are_named() {
        for (text, said) in [
            ("max_wait = 600", "max_wait_s"),
            ("max_wait_s = -1", "policy.max_wait_s"),
            ("max_wait_s = nan", "policy.max_wait_s"),
            ("max_wait_s = \"long\"", "expected"),
            ("walk_max_s = 1801", "policy.walk_max_s"),
        ] {
            let error = read(text).unwrap_err();
            assert!(error.contains(said), "{text}: {error}");
        }
    }
}
