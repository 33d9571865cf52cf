//! Two layers of traffic: what the hour of the week says, and above it what was told by feeds and people.
//!
//! Whatever is told of a piece of a way hides what the hour says of it, and where it is taken back (`AsImported`) the hour shows
//! again. An hour takes the place of the one before as a whole, so nothing of it can be left behind.

use super::Region;
use super::locate::HEADINGS;
use super::pieces::{ChangedPiece, PieceTable, PieceTime};
use super::traffic::{News, TrafficChange, TrafficError};
use crate::graph::num::ARC_MS_MAX;
use crate::graph::roads::{Heading, PieceTimes};
use crate::ids::RoadId;
use crate::routing::NEVER;
use crate::units::Millis;

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

    /// All that differs from the map as imported, for [`Region::with_pieces`].
    #[must_use]
    pub fn changed_pieces(&self) -> Vec<ChangedPiece> {
        let (told, hour) = match &self.traffic.layers {
            Some(Layers { hour, told }) => (told.as_slice(), hour.as_slice()),
            None => (self.traffic.pieces.as_slice(), [].as_slice()),
        };
        let layers = [(hour, true), (told, false)];
        let changed = layers.into_iter().flat_map(|(table, by_hour)| {
            self.all_pieces().zip(table).flat_map(move |((road, piece), now)| {
                HEADINGS.into_iter().filter_map(move |heading| {
                    let entry = now[heading as usize];
                    (entry != PieceTimes::AS_IMPORTED).then(|| ChangedPiece {
                        road: RoadId::new(road),
                        piece,
                        backward: heading == Heading::Backward,
                        by_hour,
                        time: (entry != NEVER).then(|| Millis::new(entry)),
                    })
                })
            })
        });
        changed.collect()
    }

    /// What a region as imported takes over to differ in these pieces.
    pub(super) fn news_of(&self, pieces: &[ChangedPiece]) -> Result<News, TrafficError> {
        let roads = &self.contents.roads;
        let imported = || vec![[PieceTimes::AS_IMPORTED; 2]; roads.ways.len()];
        let mut layers = Layers { hour: imported(), told: imported() };
        let mut entries = Vec::with_capacity(pieces.len());
        // What was told comes last and so goes before what the hour says.
        let (by_hour, told): (Vec<&ChangedPiece>, Vec<&ChangedPiece>) =
            pieces.iter().partition(|changed| changed.by_hour);
        for changed in by_hour.iter().chain(&told) {
            let (road, n_roads) = (changed.road, roads.n());
            let is_there = road.idx() < n_roads
                && (roads.first_way[road.idx()]..roads.first_way[road.idx() + 1])
                    .contains(&changed.piece);
            if !is_there {
                return Err(TrafficError::UnknownRoad { road: road.get(), n_roads });
            }
            let heading = if changed.backward { Heading::Backward } else { Heading::Forward };
            let ms = changed.time.map_or(NEVER, Millis::get);
            if changed.time.is_some() && ARC_MS_MAX < ms {
                return Err(TrafficError::Time { ms });
            }
            let table = if changed.by_hour { &mut layers.hour } else { &mut layers.told };
            table[changed.piece as usize][heading as usize] = ms;
            entries.push(PieceTime { road: road.get(), idx: changed.piece, heading, ms });
        }
        let layers = (!by_hour.is_empty()).then_some(layers);
        Ok(News { entries, layers })
    }
}
