//! Places and attractors: what a demand generator needs to know of a map.
//!
//! A closed list of kinds from a few tags. Areas stand at the first node of their outline, which is near enough to snap
//! to the same road. Nothing here decides where a taxi may drive.

use serde::{Deserialize, Serialize};

use super::map::{MapData, Tags};
use crate::geo::LatLon;

/// Bytes of a kept name.
const NAME_BYTES_MAX: usize = 200;

/// How large a settlement is, from small to large.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum PlaceKind {
    /// A farm or a single dwelling.
    Farm,
    /// A few houses.
    IsolatedDwelling,
    /// Less than about 200 people.
    Hamlet,
    /// A village.
    Village,
    /// A part of a town: suburb, quarter or neighbourhood.
    Suburb,
    /// A town.
    Town,
    /// A city.
    City,
}

impl PlaceKind {
    fn from_tag(value: &str) -> Option<Self> {
        Some(match value {
            "farm" => Self::Farm,
            "isolated_dwelling" => Self::IsolatedDwelling,
            "hamlet" => Self::Hamlet,
            "village" => Self::Village,
            "suburb" | "quarter" | "neighbourhood" => Self::Suburb,
            "town" => Self::Town,
            "city" => Self::City,
            _ => return None,
        })
    }

    /// The name of the kind, as OpenStreetMap writes it.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Farm => "farm",
            Self::IsolatedDwelling => "isolated_dwelling",
            Self::Hamlet => "hamlet",
            Self::Village => "village",
            Self::Suburb => "suburb",
            Self::Town => "town",
            Self::City => "city",
        }
    }
}

/// A settlement.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Place {
    /// How large it is.
    pub kind: PlaceKind,
    /// Its name, empty if the map has none.
    pub name: String,
    /// Its centre.
    pub point: LatLon,
    /// People, where the map says so.
    pub population: Option<u32>,
}

/// Why people go somewhere.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum AttractorKind {
    /// School, college, university.
    School,
    /// Kindergarten.
    Kindergarten,
    /// Shop, market, bank, post office.
    Shop,
    /// Doctor, hospital, pharmacy.
    Health,
    /// Office, industrial or commercial area, craft.
    Work,
    /// Sport, restaurant, pub, cinema, church.
    Leisure,
    /// Bus stop.
    BusStop,
    /// Railway or tram station.
    Station,
    /// Airport or ferry terminal.
    Port,
}

impl AttractorKind {
    /// The name of the kind.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::School => "school",
            Self::Kindergarten => "kindergarten",
            Self::Shop => "shop",
            Self::Health => "health",
            Self::Work => "work",
            Self::Leisure => "leisure",
            Self::BusStop => "bus_stop",
            Self::Station => "station",
            Self::Port => "port",
        }
    }

    /// The kind that one tag speaks for.
    fn from_tag(key: &str, value: &str) -> Option<Self> {
        Some(match (key, value) {
            ("amenity", "school" | "college" | "university") => Self::School,
            ("amenity", "kindergarten" | "childcare") => Self::Kindergarten,
            ("amenity", "doctors" | "hospital" | "clinic" | "pharmacy" | "dentist") => Self::Health,
            ("amenity", "bank" | "post_office" | "marketplace") => Self::Shop,
            ("amenity", "restaurant" | "pub" | "bar" | "cafe" | "fast_food" | "cinema") => {
                Self::Leisure
            }
            ("amenity", "theatre" | "community_centre" | "place_of_worship" | "library") => {
                Self::Leisure
            }
            ("amenity", "bus_station") => Self::Station,
            ("amenity", "ferry_terminal") | ("aeroway", "terminal" | "aerodrome") => Self::Port,
            ("amenity", "townhall" | "police" | "fire_station") => Self::Work,
            ("healthcare", "doctor" | "hospital" | "clinic") => Self::Health,
            ("shop", "no" | "vacant") | ("office", "no" | "vacant") => return None,
            ("shop", _) => Self::Shop,
            ("office" | "craft", _) | ("landuse", "industrial" | "commercial") => Self::Work,
            (
                "leisure",
                "sports_centre" | "pitch" | "swimming_pool" | "stadium" | "golf_course",
            ) => Self::Leisure,
            ("highway", "bus_stop") => Self::BusStop,
            ("railway", "station" | "halt" | "tram_stop") => Self::Station,
            _ => return None,
        })
    }
}

/// Somewhere people go.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Attractor {
    /// Why.
    pub kind: AttractorKind,
    /// Its name, where the map has one.
    pub name: Option<String>,
    /// Where it is.
    pub point: LatLon,
}

/// Whether an element with these tags is a place or an attractor.
pub(super) fn is_wanted<'a>(mut tags: impl Iterator<Item = (&'a str, &'a str)>) -> bool {
    tags.any(|(key, value)| {
        (key == "place" && PlaceKind::from_tag(value).is_some())
            || AttractorKind::from_tag(key, value).is_some()
    })
}

/// The places of a map in order of their node ids.
pub(super) fn places(map: &MapData) -> Vec<Place> {
    map.nodes()
        .iter()
        .filter_map(|node| {
            let kind = PlaceKind::from_tag(node.tags.get("place")?)?;
            let population = node.tags.get("population").and_then(population);
            let name = name(&node.tags).unwrap_or_default();
            Some(Place { kind, name, point: node.point, population })
        })
        .collect()
}

/// The attractors of a map: nodes in order of id, then ways in order of id.
pub(super) fn attractors(map: &MapData) -> Vec<Attractor> {
    let nodes = map.nodes().iter().map(|node| (&node.tags, Some(node.point)));
    let ways = map.ways().iter().map(|way| {
        let first = way.refs.first().and_then(|&id| map.node_idx(id));
        (&way.tags, first.and_then(|idx| map.nodes().get(idx)).map(|node| node.point))
    });
    nodes
        .chain(ways)
        .filter_map(|(tags, point)| {
            let kind = tags.iter().find_map(|(key, value)| AttractorKind::from_tag(key, value))?;
            Some(Attractor { kind, name: name(tags), point: point? })
        })
        .collect()
}

/// `12,345`, `12 345` and `12345 (2011)` are all 12345.
fn population(value: &str) -> Option<u32> {
    let head = value.split(['(', ';']).next()?;
    let digits: String = head.chars().filter(|c| !matches!(c, ' ' | ',' | '.' | '\'')).collect();
    digits.parse().ok()
}

/// The name in a length that fits a table.
pub(super) fn name(tags: &Tags) -> Option<String> {
    tags.get("name").filter(|name| !name.is_empty() && name.len() <= NAME_BYTES_MAX).map(Into::into)
}
