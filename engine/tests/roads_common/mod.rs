//! Maps as text, for tests: every line a node, a way or a restriction.
//!
//! ```text
//! A 0 0 barrier=gate              node: name, metres east, metres north, tags
//! way 1 ABC highway=residential   way: id, nodes, tags
//! rel no_left_turn 1 B 2          restriction: value, from way, via (node name or way ids), to way, more tags
//! ```
#![allow(dead_code, reason = "each test file uses its share")]
#![expect(
    clippy::unwrap_used,
    clippy::cast_precision_loss,
    clippy::cast_possible_wrap,
    reason = "helpers of tests: small numbers, and a failure is a failed test"
)]

use std::collections::BTreeMap;

use sharxi_engine::geo::LatLon;
use sharxi_engine::import::map::{MapData, MapNode, MapRelation, MapWay, Member, MemberKind, Tags};
use sharxi_engine::import::{ImportReport, Profile, import_map, import_pbf};
use sharxi_engine::oracle::{Location, Oracle};
use sharxi_engine::region::Region;

/// The bundled island.
pub(crate) const ISLAND_PBF: &[u8] = include_bytes!("../../../data/regions/isle-of-man.osm.pbf");

/// The bundled island for the default profile.
pub(crate) fn island() -> Region {
    import_pbf(ISLAND_PBF, &Profile::default(), &|_, _| {}).unwrap().0
}

/// SplitMix64; its seed is part of every failure message.
pub(crate) struct Random(pub(crate) u64);

impl Random {
    pub(crate) fn below(&mut self, n: usize) -> usize {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let z = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        usize::try_from((z ^ (z >> 31)) % n as u64).unwrap()
    }
}

/// A region made from text.
pub(crate) struct TextMap {
    pub(crate) region: Region,
    pub(crate) report: ImportReport,
    pub(crate) points: BTreeMap<char, LatLon>,
}

fn tags<'a>(words: impl Iterator<Item = &'a str>) -> Tags {
    words.map(|word| word.split_once('=').unwrap_or((word, ""))).collect()
}

fn member(kind: MemberKind, id: i64, role: &str) -> Member {
    Member { kind, id, role: role.into() }
}

fn restriction<'a>(id: i64, mut words: impl Iterator<Item = &'a str>) -> MapRelation {
    let value = words.next().unwrap();
    let from = words.next().unwrap().parse().unwrap();
    let mut members = vec![member(MemberKind::Way, from, "from")];
    for via in words.next().unwrap().split('+') {
        members.push(match via.parse() {
            Ok(way) => member(MemberKind::Way, way, "via"),
            Err(_) => {
                member(MemberKind::Node, i64::from(u32::from(via.chars().next().unwrap())), "via")
            }
        });
    }
    members.push(member(MemberKind::Way, words.next().unwrap().parse().unwrap(), "to"));
    let more: Vec<&str> = words.collect();
    let mut all = vec![("type", "restriction")];
    if value != "-" {
        all.push(("restriction", value));
    }
    all.extend(more.iter().map(|word| word.split_once('=').unwrap()));
    MapRelation { id, tags: all.into_iter().collect(), members }
}

/// Reads a map; fails the test on anything unexpected.
pub(crate) fn parse(text: &str) -> (MapData, BTreeMap<char, LatLon>) {
    let (mut nodes, mut ways, mut relations) = (Vec::new(), Vec::new(), Vec::new());
    let mut points = BTreeMap::new();
    for line in text.lines().map(str::trim).filter(|line| !line.is_empty()) {
        let mut words = line.split_whitespace();
        match words.next().unwrap() {
            "way" => {
                let id = words.next().unwrap().parse().unwrap();
                let refs = words.next().unwrap().chars().map(|c| i64::from(u32::from(c))).collect();
                ways.push(MapWay { id, refs, tags: tags(words) });
            }
            "rel" => relations.push(restriction(1 + relations.len() as i64, words)),
            name => {
                let name = name.chars().next().unwrap();
                let mut meters = || words.next().unwrap().parse::<f64>().unwrap() / 111_195.08;
                let (east, north) = (meters(), meters());
                let point = LatLon::from_degrees(north, east).unwrap();
                points.insert(name, point);
                nodes.push(MapNode { id: i64::from(u32::from(name)), point, tags: tags(words) });
            }
        }
    }
    (MapData::new(nodes, ways, relations), points)
}

/// The car without what only begins and ends trips: the rules of the reference counts in `shared/data/README.md`.
pub(crate) const PLAIN_CAR: &str = r#"
base = "car"
[vehicle]
height_m = 0
width_m = 0
weight_t = 0
[access]
closed = ["no", "private", "agricultural", "forestry", "delivery", "emergency", "military", "use_sidepath"]
end_only = []
service_closed = ["parking_aisle", "driveway", "emergency_access"]
service_end_only = []
[tracks]
enabled = false
"#;

/// Imports a map for the private car.
pub(crate) fn map(text: &str) -> TextMap {
    map_for("base = \"car\"", text)
}

/// Imports a map for the profile written in `profile`.
pub(crate) fn map_for(profile: &str, text: &str) -> TextMap {
    let (data, points) = parse(text);
    let (region, report) = import_map(&data, &Profile::parse(profile).unwrap()).unwrap();
    TextMap { region, report, points }
}

impl TextMap {
    /// The place of a node, or a place between two nodes (`"AB"`).
    pub(crate) fn at(&self, names: &str) -> Location {
        let points: Vec<LatLon> = names.chars().map(|name| self.points[&name]).collect();
        let n = points.len() as f64;
        let lat = points.iter().map(|point| point.lat()).sum::<f64>() / n;
        let lon = points.iter().map(|point| point.lon()).sum::<f64>() / n;
        self.region.snap(LatLon::from_degrees(lat, lon).unwrap(), 10.0).unwrap().location
    }

    /// Seconds from one place to another.
    pub(crate) fn seconds(&self, from: &str, to: &str) -> f64 {
        self.region.time(self.at(from), self.at(to)).as_secs_f64()
    }

    /// The named nodes that the fastest path passes, its ends included.
    pub(crate) fn way(&self, from: &str, to: &str) -> String {
        let path = self.region.path(self.at(from), self.at(to)).unwrap();
        let mut names = String::new();
        for (point, _) in self.region.path_geometry(&path) {
            let found = self.points.iter().find(|(_, p)| p.distance_m(point) < 0.1);
            names.extend(found.map(|(name, _)| *name).filter(|&name| !names.ends_with(name)));
        }
        names
    }
}
