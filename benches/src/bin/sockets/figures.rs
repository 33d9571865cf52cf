//! Times in order, and the memory of a process.

use std::io::Write;
use std::time::Duration;

use anyhow::{Context, Result};

/// Writes one line to standard output.
pub(super) fn tell(line: &str) -> Result<()> {
    Ok(writeln!(std::io::stdout(), "{line}")?)
}

/// The `share` quantile of times, in milliseconds; 0 of none.
pub(super) fn quantile_ms(times: &mut [Duration], share: f64) -> f64 {
    times.sort_unstable();
    let last = times.len().saturating_sub(1);
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        clippy::cast_precision_loss,
        reason = "a place in a list, between 0 and its last"
    )]
    let idx = (last as f64 * share.clamp(0.0, 1.0)).ceil() as usize;
    times.get(idx).map_or(0.0, |time| time.as_secs_f64() * 1000.0)
}

/// Resident memory of a process in KiB.
pub(super) fn resident_kib(pid: u32) -> Result<u64> {
    let text = std::fs::read_to_string(format!("/proc/{pid}/status"))
        .with_context(|| format!("read the status of process {pid}"))?;
    let line = text.lines().find_map(|line| line.strip_prefix("VmRSS:")).context("no VmRSS")?;
    let number = line.split_whitespace().next().context("no number")?;
    Ok(number.parse()?)
}
