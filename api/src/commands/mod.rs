//! The commands of `sharxi`, one file each.
//!
//! A command gives back an [`Output`]; only [`Output::print`] writes to standard output.

pub mod account;
pub mod bench;
pub mod isochrone;
pub mod journal;
pub mod matching;
pub mod matrix;
pub mod region;
pub mod route;
pub mod traffic;

use std::io::Write;
use std::path::Path;
use std::str::FromStr;

use anyhow::{Context, Result};
use sharxi_engine::geo::LatLon;
use sharxi_engine::region::Region;

/// How far a point may be from the nearest road, in metres.
const SNAP_M_MAX: f64 = 5_000.0;

/// What a command has to say: for people, and for programs.
pub struct Output {
    /// Lines for people.
    pub text: String,
    /// One object for programs.
    pub json: serde_json::Value,
}

impl Output {
    /// Writes one of the two to standard output.
    ///
    /// # Errors
    /// If standard output cannot be written, other than because its reader has gone.
    pub fn print(&self, as_json: bool) -> Result<()> {
        let text = if as_json { self.json.to_string() } else { self.text.trim_end().to_owned() };
        match writeln!(std::io::stdout().lock(), "{text}") {
            Err(error) if error.kind() != std::io::ErrorKind::BrokenPipe => {
                Err(error).context("write to standard output")
            }
            _ => Ok(()),
        }
    }
}

/// `LAT,LON` in degrees.
#[derive(Clone, Copy, Debug)]
pub struct PointArg(pub LatLon);

impl FromStr for PointArg {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let wanted = || format!("{text:?} is not LAT,LON in degrees, such as 54.15,-4.48");
        let (lat, lon) = text.split_once(',').ok_or_else(wanted)?;
        let number = |part: &str| part.trim().parse::<f64>().ok();
        let (lat, lon) = number(lat).zip(number(lon)).ok_or_else(wanted)?;
        LatLon::from_degrees(lat, lon).map(Self).ok_or_else(wanted)
    }
}

/// Degrees that print with seven decimals at most.
#[must_use]
pub fn degrees(e7: i32) -> f64 {
    f64::from(e7) / 1e7
}

/// How much memory travel times may take.
#[derive(Clone, Copy, Debug, Default, clap::Args)]
pub struct LabelArgs {
    /// Bytes that labels may take; if they need more, queries do without: the same answers in microseconds instead of nanoseconds.
    #[arg(long, value_name = "BYTES")]
    label_limit: Option<u64>,
}

impl LabelArgs {
    /// A region within the limit.
    #[must_use]
    pub fn limit(self, region: Region) -> Region {
        match self.label_limit {
            Some(bytes) => region.with_label_limit(bytes),
            None => region,
        }
    }
}

/// Reads a region file.
///
/// # Errors
/// If it cannot be read, or is not one.
pub fn load_region(path: &Path, labels: LabelArgs) -> Result<Region> {
    let bytes = std::fs::read(path).with_context(|| format!("read {}", path.display()))?;
    let region = Region::decode(&bytes).with_context(|| format!("open {}", path.display()))?;
    Ok(labels.limit(region))
}

/// Writes a file so that it is there as a whole or not at all: first beside its place, then renamed.
///
/// # Errors
/// If it cannot be written.
pub fn write_atomically(path: &Path, bytes: &[u8]) -> Result<()> {
    let mut beside = path.as_os_str().to_owned();
    beside.push(format!(".{}.tmp", std::process::id()));
    let beside = Path::new(&beside);
    let write = || -> std::io::Result<()> {
        let mut file = std::fs::File::create(beside)?;
        file.write_all(bytes)?;
        file.sync_all()?;
        std::fs::rename(beside, path)
    };
    write().with_context(|| format!("write {}", path.display())).inspect_err(|_| {
        // What is left behind is of no use; that it cannot be removed changes nothing about the failure.
        drop(std::fs::remove_file(beside));
    })
}
