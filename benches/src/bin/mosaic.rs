//! A large map out of small ones, for measuring how things grow.
//!
//! `mosaic OUT.region NODES MAP...` sets copies of the extracts (`.osm.pbf`) side by side in a square, in turn, every other
//! column and row mirrored, until they have about NODES nodes in the routing graph. Neighbours are joined by 14 straight roads
//! (fewer where there is no road near). Streets, junctions, speeds and restrictions are thus real, the thin seams are not: they
//! make separators of the whole smaller than a real country would have. With one map and few NODES it is that map.
//! Figures of the import go to standard output as one JSON object; CPU time and memory are those of this process.

use std::collections::BTreeSet;
use std::io::Write as _;
use std::time::Instant;

use anyhow::{Context, Result, ensure};
use rustix::time::{ClockId, clock_gettime};
use sharxi_engine::geo::LatLon;
use sharxi_engine::import::map::{MapData, MapNode, MapRelation, MapWay, Tags};
use sharxi_engine::import::{Profile, RoadClass, import_map, read_pbf};

/// Roads between two neighbours.
const LINKS: usize = 14;
/// Metres between the corners of neighbouring copies.
const GAP_M: f64 = 500.0;
/// Metres of one degree of latitude.
const DEGREE_M: f64 = 111_195.08;
/// Where the square begins: in Europe, so that metres are about those of the sources.
const SOUTH_WEST: (f64, f64) = (46.0, 0.0);
/// Bits of an id that tell elements of one copy apart.
const ID_BITS: u32 = 40;

struct Tile {
    data: MapData,
    /// Nodes of the routing graph.
    n_nodes: usize,
    /// Half of its height and width in metres.
    half_m: (f64, f64),
    middle: (f64, f64),
}

/// A copy at its place: its nodes on roads that may carry a link, in metres from the south-west corner of the whole.
struct Placed {
    junctions: Vec<(i64, (f64, f64))>,
}

fn main() -> Result<()> {
    let args: Vec<String> = std::env::args().skip(1).collect();
    ensure!(args.len() >= 3, "usage: mosaic OUT.region NODES MAP...");
    let wanted: usize = args[1].parse().context("read NODES")?;
    let tiles: Vec<Tile> = args[2..].iter().map(|path| tile(path)).collect::<Result<_>>()?;
    let mut turn = Vec::new();
    let mut n_nodes = 0;
    while n_nodes < wanted {
        let idx = turn.len() % tiles.len();
        n_nodes += tiles[idx].n_nodes;
        turn.push(idx);
    }
    let map = mosaic(&tiles, &turn);
    let (cpu, started) = (cpu_s(), Instant::now());
    let (region, report) = import_map(&map, &Profile::default())?;
    let (cpu, wall) = (cpu_s() - cpu, started.elapsed().as_secs_f64());
    std::fs::write(&args[0], region.encode()).with_context(|| format!("write {}", args[0]))?;
    writeln!(
        std::io::stdout(),
        "{{\"copies\": {}, \"nodes\": {}, \"arcs\": {}, \"shortcuts\": {}, \"index_bytes\": {}, \"import_cpu_s\": {cpu:.3}, \"import_wall_s\": {wall:.3}, \
         \"peak_mb\": {}}}",
        turn.len(),
        report.nodes,
        report.arcs,
        region.n_shortcuts(),
        region.index_bytes(),
        peak_mb(),
    )?;
    Ok(())
}

fn tile(path: &str) -> Result<Tile> {
    let bytes = std::fs::read(path).with_context(|| format!("read {path}"))?;
    let data = read_pbf(&bytes, &|_, _| {}).with_context(|| format!("import {path}"))?;
    let (region, report) = import_map(&data, &Profile::default())?;
    let (south_west, north_east) = region.bounds();
    let middle = (
        f64::midpoint(south_west.lat(), north_east.lat()),
        f64::midpoint(south_west.lon(), north_east.lon()),
    );
    let half_m = (
        (north_east.lat() - middle.0) * DEGREE_M,
        (north_east.lon() - middle.1) * DEGREE_M * middle.0.to_radians().cos(),
    );
    Ok(Tile { data, n_nodes: report.nodes, half_m, middle })
}

fn mosaic(tiles: &[Tile], turn: &[usize]) -> MapData {
    let columns = (1..).find(|n| n * n >= turn.len()).unwrap_or(1);
    let size = |pick: fn(&Tile) -> f64| 2.0 * tiles.iter().map(pick).fold(0.0, f64::max) + GAP_M;
    let cell_m = (size(|tile| tile.half_m.0), size(|tile| tile.half_m.1));
    let (mut nodes, mut ways, mut restrictions) = (Vec::new(), Vec::new(), Vec::new());
    let mut placed: Vec<Placed> = Vec::new();
    for (copy, &idx) in turn.iter().enumerate() {
        let (row, column) = (copy / columns, copy % columns);
        let place = Place { copy, row, column, cell_m };
        placed.push(place.lay(&tiles[idx], &mut nodes, &mut ways, &mut restrictions));
    }
    let mut n_links = 0;
    for copy in 0..turn.len() {
        let east = (copy % columns + 1 < columns).then_some(copy + 1);
        let north = Some(copy + columns);
        for (other, is_east) in [(east, true), (north, false)] {
            let Some(other) = other.and_then(|other| placed.get(other)) else { continue };
            for (a, b) in links(&placed[copy], other, is_east) {
                n_links += 1;
                let tags = [("highway", "secondary"), ("maxspeed", "80")].into_iter().collect();
                // Above the ids of all copies.
                let id = id_of(n_links, turn.len());
                ways.push(MapWay { id, refs: vec![a, b], tags });
            }
        }
    }
    MapData::new(nodes, ways, restrictions)
}

/// The id of an element in a copy.
fn id_of(id: i64, copy: usize) -> i64 {
    id | i64::try_from(copy).unwrap_or(0) << ID_BITS
}

struct Place {
    copy: usize,
    row: usize,
    column: usize,
    cell_m: (f64, f64),
}

impl Place {
    /// Metres north and east of the corner of the whole.
    #[expect(clippy::cast_precision_loss, reason = "a handful of rows and columns")]
    fn metres(&self, tile: &Tile, point: LatLon) -> (f64, f64) {
        let mirror = |at: usize| if at.is_multiple_of(2) { 1.0 } else { -1.0 };
        let north = (point.lat() - tile.middle.0) * DEGREE_M * mirror(self.row);
        let shrink = tile.middle.0.to_radians().cos();
        let east = (point.lon() - tile.middle.1) * DEGREE_M * shrink * mirror(self.column);
        (north + self.cell_m.0 * self.row as f64, east + self.cell_m.1 * self.column as f64)
    }

    fn lay(
        &self,
        tile: &Tile,
        nodes: &mut Vec<MapNode>,
        ways: &mut Vec<MapWay>,
        restrictions: &mut Vec<MapRelation>,
    ) -> Placed {
        let may_link: BTreeSet<i64> = tile
            .data
            .ways()
            .iter()
            .filter(|way| carries_links(&way.tags))
            .flat_map(|way| way.refs.iter().copied())
            .collect();
        let mut junctions = Vec::new();
        for node in tile.data.nodes() {
            let metres = self.metres(tile, node.point);
            let id = id_of(node.id, self.copy);
            if may_link.contains(&node.id) {
                junctions.push((id, metres));
            }
            nodes.push(MapNode { id, point: on_earth(metres), tags: node.tags.clone() });
        }
        ways.extend(tile.data.ways().iter().map(|way| MapWay {
            id: id_of(way.id, self.copy),
            refs: way.refs.iter().map(|&id| id_of(id, self.copy)).collect(),
            tags: way.tags.clone(),
        }));
        restrictions.extend(tile.data.restrictions().iter().map(|relation| {
            let mut relation = relation.clone();
            relation.id = id_of(relation.id, self.copy);
            for member in &mut relation.members {
                member.id = id_of(member.id, self.copy);
            }
            relation
        }));
        Placed { junctions }
    }
}

fn on_earth((north, east): (f64, f64)) -> LatLon {
    let lat = SOUTH_WEST.0 + north / DEGREE_M;
    let lon = SOUTH_WEST.1 + east / (DEGREE_M * lat.to_radians().cos());
    LatLon::from_degrees(lat, lon).unwrap_or_default()
}

fn carries_links(tags: &Tags) -> bool {
    let class = tags.get("highway").and_then(RoadClass::from_tag);
    class.is_some_and(|class| (RoadClass::Primary..=RoadClass::Residential).contains(&class))
        && ["access", "vehicle", "motor_vehicle", "motorcar", "oneway"]
            .iter()
            .all(|key| tags.get(key).is_none())
}

/// The nodes to join: in each of [`LINKS`] stripes across the seam, those nearest to it on both sides.
fn links(a: &Placed, b: &Placed, is_east: bool) -> Vec<(i64, i64)> {
    let turned = |placed: &Placed| -> Vec<(i64, f64, f64)> {
        let each = placed.junctions.iter();
        each.map(|&(id, (north, east))| if is_east { (id, east, north) } else { (id, north, east) })
            .collect()
    };
    let (a, b) = (turned(a), turned(b));
    let along = |nodes: &[(i64, f64, f64)]| {
        nodes.iter().fold((f64::INFINITY, f64::NEG_INFINITY), |(low, high), n| {
            (low.min(n.2), high.max(n.2))
        })
    };
    let ((a_low, a_high), (b_low, b_high)) = (along(&a), along(&b));
    let (low, high) = (a_low.max(b_low), a_high.min(b_high));
    (0_u32..)
        .take(LINKS)
        .filter_map(|stripe| {
            #[expect(clippy::cast_precision_loss, reason = "a small number")]
            let width = (high - low) / LINKS as f64;
            let from = low + f64::from(stripe) * width;
            let inside = |node: &&(i64, f64, f64)| node.2 >= from && node.2 < from + width;
            let near = |x: &&(i64, f64, f64), y: &&(i64, f64, f64)| {
                x.1.total_cmp(&y.1).then(x.0.cmp(&y.0))
            };
            let left = a.iter().filter(inside).max_by(near)?;
            let right = b.iter().filter(inside).min_by(near)?;
            Some((left.0, right.0))
        })
        .collect()
}

/// Seconds of CPU that all threads have used.
#[expect(clippy::cast_precision_loss, reason = "seconds of a benchmark")]
fn cpu_s() -> f64 {
    let now = clock_gettime(ClockId::ProcessCPUTime);
    now.tv_sec as f64 + now.tv_nsec as f64 * 1e-9
}

/// The most memory this process ever held.
fn peak_mb() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
    let kb: Option<u64> = line.and_then(|line| line.trim().trim_end_matches(" kB").parse().ok());
    kb.unwrap_or(0) / 1024
}
