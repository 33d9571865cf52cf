//! What benchmarks and checks share: the bundled island and picks on it.
//!
//! Targets: `cargo bench -p sharxi-benches --bench routing` and `--bench dispatch`; `verify_routing` (a binary) compares every map's
//! travel times with a plain Dijkstra on the exported graph, `verify_traffic` those after changes. `benches/scripts/routing.sh` runs all
//! that is said about travel times.

use std::path::Path;

use anyhow::{Context, Result};
use sharxi_engine::geo::LatLon;
use sharxi_engine::ids::NodeId;
use sharxi_engine::import::{Profile, import_pbf};
use sharxi_engine::oracle::Location;
use sharxi_engine::region::Region;

/// The bundled map, imported.
///
/// # Panics
/// If the file is not beside this package: then there is nothing to measure.
#[must_use]
#[expect(clippy::expect_used, reason = "a benchmark without its map has nothing to do")]
pub fn island() -> Region {
    let map = Path::new(env!("CARGO_MANIFEST_DIR")).join("../data/regions/isle-of-man.osm.pbf");
    let bytes = std::fs::read(map).expect("the bundled map is in data/regions");
    let profile = Profile::default();
    let (region, _) = import_pbf(&bytes, &profile, &|_, _| {}).expect("the bundled map is whole");
    region
}

/// A region file or an `.osm.pbf` extract.
///
/// # Errors
/// What reading, decoding or importing says.
pub fn load(map: &Path) -> Result<Region> {
    let bytes = std::fs::read(map).with_context(|| format!("read {}", map.display()))?;
    if map.extension().is_some_and(|end| end == "region") {
        return Ok(Region::decode(&bytes)?);
    }
    Ok(import_pbf(&bytes, &Profile::default(), &|_, _| {})?.0)
}

/// Whether a node is the only one at its junction: from there and to there a trip is what a Dijkstra on the exported graph finds.
#[must_use]
pub fn is_alone_at_junction(region: &Region, node: NodeId) -> bool {
    region.start_node(node) == node && region.end_nodes(node).count() == 1
}

/// Seeded picks of nodes and places along roads (SplitMix64, Steele et al. 2014).
pub struct Picks<'a> {
    state: u64,
    region: &'a Region,
}

impl<'a> Picks<'a> {
    /// Picks that are the same for the same seed.
    #[must_use]
    pub const fn new(seed: u64, region: &'a Region) -> Self {
        Self { state: seed, region }
    }

    fn next(&mut self) -> u64 {
        self.state = self.state.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let z = (self.state ^ (self.state >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        let z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        z ^ (z >> 31)
    }

    /// A number below `n`.
    pub fn below(&mut self, n: usize) -> u32 {
        u32::try_from(self.next() % n.max(1) as u64).unwrap_or(0)
    }

    /// A node that is the only one at its junction.
    pub fn node(&mut self) -> NodeId {
        loop {
            let node = NodeId::new(self.below(self.region.n_nodes()));
            if is_alone_at_junction(self.region, node) {
                return node;
            }
        }
    }

    /// A place along a road, about 100 metres around a node.
    pub fn location(&mut self) -> Location {
        let node = self.node();
        let near = self.region.node_point(node);
        let mut shift = || i32::try_from(self.next() % 20_000).unwrap_or(0) - 10_000;
        let point = LatLon::from_e7(near.lat_e7() + shift(), near.lon_e7() + shift());
        let snap = point.and_then(|point| self.region.snap(point, 1_000.0));
        snap.map_or(Location::Node(node), |snap| snap.location)
    }
}
