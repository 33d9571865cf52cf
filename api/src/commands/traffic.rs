//! Traffic on the command line: `--traffic FILE` and `--at TIME` of the commands that ask for ways and times.

use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail};
use clap::Args;
use jiff::civil::DateTime;
use sharxi_engine::region::{HourOfWeek, Region, WeekProfile};

use crate::traffic::{Feed, areas, table};

/// Which traffic.
#[derive(Debug, Args)]
pub struct TrafficArgs {
    /// Traffic: speeds and closures by way or class (.csv), by area (.geojson), or by hour of the week (.toml); may be repeated.
    #[arg(long, value_name = "FILE")]
    traffic: Vec<PathBuf>,
    /// When: local date and time, such as 2024-05-06T07:30, for traffic by hour of the week.
    #[arg(long, value_name = "TIME")]
    at: Option<DateTime>,
}

impl TrafficArgs {
    /// The region with all of the traffic, file by file.
    ///
    /// # Errors
    /// If a file cannot be read or is not as documented, or hours are given without a time.
    pub fn apply(&self, mut region: Region) -> Result<Region> {
        for path in &self.traffic {
            let bytes = std::fs::read(path).with_context(|| format!("read {}", path.display()))?;
            region = self
                .apply_file(path, &bytes, &region)
                .with_context(|| format!("use {}", path.display()))?;
        }
        Ok(region)
    }

    fn apply_file(&self, path: &Path, bytes: &[u8], region: &Region) -> Result<Region> {
        let feed = match path.extension().and_then(|extension| extension.to_str()) {
            Some("csv") => table::read(bytes, &region.way_ids())?,
            Some("geojson" | "json") => areas::read(bytes)?,
            Some("toml") => {
                let text = std::str::from_utf8(bytes).context("read it as UTF-8")?;
                let week = WeekProfile::parse(text)?;
                let Some(at) = self.at else {
                    bail!("choose an hour: {} needs --at", path.display());
                };
                return Ok(region.with_traffic(&week.changes_at(hour_of(at)))?);
            }
            _ => bail!("read it: a traffic file ends with .csv, .geojson or .toml"),
        };
        warn_unknown(path, &feed);
        Ok(region.with_traffic(&feed.changes)?)
    }
}

/// The hour of the week, Monday from midnight on being 0.
fn hour_of(at: DateTime) -> HourOfWeek {
    let day = u8::try_from(at.weekday().to_monday_zero_offset()).unwrap_or(0);
    let hour = u8::try_from(at.hour()).unwrap_or(0);
    HourOfWeek::new(day * 24 + hour)
}

fn warn_unknown(path: &Path, feed: &Feed) {
    use std::io::Write as _;
    let n = feed.unknown_ways.len();
    if n == 0 {
        return;
    }
    let shown: Vec<String> = feed.unknown_shown().iter().map(ToString::to_string).collect();
    let more = if n > shown.len() { ", …" } else { "" };
    // If standard error is gone, nobody is there to tell.
    drop(writeln!(
        std::io::stderr(),
        "sharxi: warning: {}: {n} ways are not driven in this region: {}{more}",
        path.display(),
        shown.join(", ")
    ));
}
