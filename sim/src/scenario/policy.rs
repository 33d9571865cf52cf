//! The `[policy]` table, and the engine's rules made of it.

use serde::Deserialize;
use sharxi_engine::planning::policy::Policy;
use sharxi_engine::units::Millis;

/// Seconds that a rule may last at most (a week).
const SECONDS_MAX: f64 = 604_800.0;
/// Largest factor of the direct drive.
const ALPHA_MAX: f64 = 100.0;

/// What stands in `[policy]`; what does not stands as in [`Policy::default`].
#[derive(Clone, Debug, Default, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
#[expect(missing_docs, reason = "the fields are those of DESIGN.md, section 4")]
pub struct PolicyTable {
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
    pub reposition: Option<bool>,
    pub coverage: Option<bool>,
}

/// Why a table makes no rules.
#[derive(Debug, thiserror::Error)]
pub enum PolicyError {
    /// Out of range.
    #[error("policy.{key} is {value}; it must lie between 0 and {max}")]
    Range {
        /// Which key.
        key: &'static str,
        /// As found.
        value: f64,
        /// The limit.
        max: f64,
    },
    /// Not built yet.
    #[error("policy.{key} is not available; leave it out or set it to 0")]
    NotAvailable {
        /// Which key.
        key: &'static str,
    },
}

impl PolicyTable {
    /// The rules.
    ///
    /// # Errors
    /// [`PolicyError`].
    pub fn policy(&self) -> Result<Policy, PolicyError> {
        let usual = Policy::default();
        if self.walk_max_s.is_some_and(|walk_s| walk_s != 0.0) {
            return Err(PolicyError::NotAvailable { key: "walk_max_s" });
        }
        Ok(Policy {
            max_wait: millis("max_wait_s", self.max_wait_s, usual.max_wait)?,
            ride_alpha_milli: match self.ride_alpha {
                None => usual.ride_alpha_milli,
                Some(alpha) => thousandths("ride_alpha", alpha, ALPHA_MAX)?,
            },
            ride_beta: millis("ride_beta_s", self.ride_beta_s, usual.ride_beta)?,
            stop: millis("stop_s", self.stop_s, usual.stop)?,
            board: millis("board_s", self.board_s, usual.board)?,
            alight: millis("alight_s", self.alight_s, usual.alight)?,
            wheelchair: millis("wheelchair_s", self.wheelchair_s, usual.wheelchair)?,
            offer_ttl: millis("offer_ttl_s", self.offer_ttl_s, usual.offer_ttl)?,
            react: millis("react_s", self.react_s, usual.react)?,
            no_show_wait: millis("no_show_wait_s", self.no_show_wait_s, usual.no_show_wait)?,
            reoptimise: self.reoptimise.unwrap_or(usual.reoptimise),
            reposition: self.reposition.unwrap_or(usual.reposition),
            coverage: self.coverage.unwrap_or(usual.coverage),
        })
    }
}

fn millis(key: &'static str, seconds: Option<f64>, usual: Millis) -> Result<Millis, PolicyError> {
    match seconds {
        None => Ok(usual),
        Some(seconds) => thousandths(key, seconds, SECONDS_MAX).map(Millis::new),
    }
}

/// Thousandths, rounded to the nearest.
#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "range checked")]
fn thousandths(key: &'static str, value: f64, max: f64) -> Result<u32, PolicyError> {
    if (0.0..=max).contains(&value) {
        Ok((value * 1000.0).round() as u32)
    } else {
        Err(PolicyError::Range { key, value, max })
    }
}
