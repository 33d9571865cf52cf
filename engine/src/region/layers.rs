//! Two layers of traffic: what the hour of the week says, and above it what was told by feeds and people.
//!
//! Whatever is told of a piece of a way hides what the hour says of it, and where it is taken back (`AsImported`) the hour shows
//! again. An hour takes the place of the one before as a whole, so nothing of it can be left behind.

use super::Region;
use super::locate::HEADINGS;
use super::pieces::PieceTable;
use super::pieces::PieceTime;
use super::traffic::{News, TrafficChange, TrafficError};
use crate::graph::roads::PieceTimes;

/// By piece, both layers.
#[derive(Clone, Debug)]
pub(super) struct Layers {
    hour: PieceTable,
    told: PieceTable,
}

impl Region {
    /// The next version if these changes are told.
    pub(super) fn told(&self, changes: &[TrafficChange]) -> Result<News, TrafficError> {
        let mut entries = self.piece_times(changes)?;
        let mut layers = self.traffic.layers.clone();
        if let Some(Layers { hour, told }) = &mut layers {
            for entry in &mut entries {
                let (idx, heading) = (entry.idx as usize, entry.heading as usize);
                told[idx][heading] = entry.ms;
                if entry.ms == PieceTimes::AS_IMPORTED {
                    entry.ms = hour[idx][heading];
                }
            }
        }
        Ok(News { entries, layers })
    }

    /// The next version if this is what the hour says from now on.
    pub(super) fn said_by_hour(&self, changes: &[TrafficChange]) -> Result<News, TrafficError> {
        let imported = || vec![[PieceTimes::AS_IMPORTED; 2]; self.contents.roads.ways.len()];
        let mut next = imported();
        for entry in self.piece_times(changes)? {
            next[entry.idx as usize][entry.heading as usize] = entry.ms;
        }
        let Layers { hour, told } = self.traffic.layers.clone().unwrap_or_else(|| {
            let told = self.traffic.pieces.clone();
            Layers { hour: imported(), told: if told.is_empty() { imported() } else { told } }
        });
        let mut entries = Vec::new();
        for (road, idx) in self.all_pieces() {
            for heading in HEADINGS {
                let (row, column) = (idx as usize, heading as usize);
                let is_hidden = told[row][column] != PieceTimes::AS_IMPORTED;
                let ms = next[row][column];
                if !is_hidden && hour[row][column] != ms {
                    entries.push(PieceTime { road, idx, heading, ms });
                }
            }
        }
        Ok(News { entries, layers: Some(Layers { hour: next, told }) })
    }
}
