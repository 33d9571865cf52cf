//! What an import kept, dropped and counted, for people who wonder where a road went.

use std::collections::BTreeMap;

use super::rules::WayRefusal;
use crate::geo::LatLon;

/// What kind of thing of the map was left out.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Element {
    /// A node.
    Node,
    /// A way.
    Way,
    /// A relation.
    Relation,
}

impl Element {
    /// The name of the kind, as OpenStreetMap writes it.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Node => "node",
            Self::Way => "way",
            Self::Relation => "relation",
        }
    }
}

/// One element of the map that was left out.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Dropped {
    /// What it is.
    pub element: Element,
    /// Its OpenStreetMap id.
    pub id: i64,
    /// Why it was left out.
    pub reason: &'static str,
    /// Where it is or begins, as far as that is known.
    pub point: Option<LatLon>,
}

/// Why a turn restriction was not used.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum RestrictionRefusal {
    /// `except` names our kind of traffic, or the restriction is for another kind only.
    OtherTraffic,
    /// It does not hold for most of the week, or not for vehicles like ours, or nobody can tell.
    Conditional,
    /// The value is not a `no_*` or `only_*` that is known.
    UnknownKind,
    /// From, via or to is missing or there are too many of them.
    Members,
    /// One of its ways is not driven, or not in that direction, so it has nothing to forbid.
    NotDriven,
    /// Its members do not join end to end.
    Broken,
    /// A way passes through the junction, so that it is not clear which half is meant.
    Ambiguous,
}

impl RestrictionRefusal {
    /// The reason in a word or two.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::OtherTraffic => "other_traffic",
            Self::Conditional => "conditional",
            Self::UnknownKind => "unknown_kind",
            Self::Members => "members",
            Self::NotDriven => "not_driven",
            Self::Broken => "broken",
            Self::Ambiguous => "ambiguous",
        }
    }
}

/// Counts of an import.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct ImportReport {
    /// Ways of the extract with a `highway` tag, and ferries.
    pub ways: usize,
    /// Ways that are driven.
    pub ways_driven: usize,
    /// Ways that are not, by reason.
    pub ways_refused: BTreeMap<WayRefusal, usize>,
    /// Ways that are driven, but only where a trip begins or ends.
    pub ways_end_only: usize,
    /// Nodes that block the road, where a driven way was cut.
    pub barriers_blocking: usize,
    /// Nodes that let in only who has business behind them.
    pub barriers_end_only: usize,
    /// Nodes that cost time.
    pub barriers_slow: usize,
    /// Ferry stretches left out because they end nowhere in the extract.
    pub ferries_unconnected: usize,
    /// Stretches of field tracks left out because other roads lead wherever they do.
    pub tracks_needless: usize,
    /// Turn restrictions in the extract.
    pub restrictions: usize,
    /// Turn restrictions in force.
    pub restrictions_used: usize,
    /// Turn restrictions in force because they hold for most of the week, or for vehicles like ours.
    pub restrictions_conditional: usize,
    /// Turn restrictions that are not, by reason.
    pub restrictions_refused: BTreeMap<RestrictionRefusal, usize>,
    /// Nodes of the driven network split at junctions and ends of ways, in its largest strongly connected component.
    pub junction_nodes: usize,
    /// Its directed edges.
    pub junction_arcs: usize,
    /// Metres of its roads, each counted once.
    pub road_m: u64,
    /// Stretches left out because no trip could both reach them from most others and leave them again.
    pub cut_off: usize,
    /// Nodes of the routing graph: chains contracted, restricted junctions split.
    pub nodes: usize,
    /// Its arcs.
    pub arcs: usize,
    /// Roads: stretches between its junctions.
    pub roads: usize,
    /// Nodes that exist only because of turns that are forbidden or take time.
    pub nodes_restricted: usize,
    /// Nodes that exist only because trips may begin and end at their roads and not cross them.
    pub nodes_ends: usize,
    /// Pieces of the network that trips may not cross although they could.
    pub end_pieces: usize,
    /// Whether one drives on the left.
    pub drives_left: bool,
    /// Places kept.
    pub places: usize,
    /// Attractors kept.
    pub attractors: usize,
    /// Every element that was left out, in the order in which it was decided.
    pub dropped: Vec<Dropped>,
}

impl ImportReport {
    pub(super) fn drop(
        &mut self,
        element: Element,
        id: i64,
        reason: &'static str,
        point: Option<LatLon>,
    ) {
        self.dropped.push(Dropped { element, id, reason, point });
    }

    /// How many elements were left out, by kind and reason as `way access`, in order.
    #[must_use]
    pub fn dropped_counts(&self) -> Vec<(String, u32)> {
        let mut counts: BTreeMap<String, u32> = BTreeMap::new();
        for dropped in &self.dropped {
            let key = format!("{} {}", dropped.element.as_str(), dropped.reason);
            *counts.entry(key).or_default() += 1;
        }
        counts.into_iter().collect()
    }
}
