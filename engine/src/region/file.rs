//! The region file: a header with checksums and six sections. Byte by byte in `docs/formats.md`.
//!
//! Only what cannot be derived is stored: roads, the graph, places, attractors. Reading checks in this order: magic,
//! version, lengths, checksums, decoding, and then that every number points at something, so that nothing after
//! [`Region::decode`] needs to check again. Sections are postcard; runs of coordinates and times are stored as differences.

use std::hash::Hasher;

use serde::{Deserialize, Serialize, de::DeserializeOwned};
use siphasher::sip::SipHasher13;
use thiserror::Error;

use super::differences::{differences, sums, unsigned_differences, unsigned_sums};
use super::locate::heading_of;
use super::{Contents, Departure, Region, Twin};
use crate::geo::LatLon;
use crate::graph::csr::{Arc, Graph};
use crate::graph::num::{ARC_MS_MAX, Tick, row};
use crate::graph::roads::{NO_NAME, Roads, WayPiece};
use crate::import::{Attractor, Place, RoadClass};
use crate::routing::HierarchyError;

/// The first bytes of every region file.
const MAGIC: [u8; 8] = *b"SHARXIRG";
/// The version of what follows; others are refused.
const VERSION: u32 = 4;
/// The sections in the order of the file.
const TAGS: [[u8; 4]; 6] = [*b"META", *b"ROAD", *b"WAYS", *b"GRPH", *b"PLAC", *b"ATTR"];
/// Magic, version, number of sections; then 20 bytes a section; then the checksum of all before.
const HEADER_BYTES: usize = 16 + 20 * TAGS.len() + 8;
/// Milliseconds of one turn.
const TURN_MS_MAX: u32 = 3_600_000;
/// Rows of any table; leaves room for the marks that some tables put into the highest bits.
const ROWS_MAX: usize = 1 << 30;

/// Why a region file was refused. The text fits after "failed to".
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum RegionError {
    /// Something else, or nothing.
    #[error("read the region: this is not a region file")]
    Foreign,
    /// Made by another version.
    #[error(
        "read the region: it has format {found}, this program reads format {VERSION}; \
         build it again from the map with `sharxi region build`"
    )]
    Version {
        /// Its version.
        found: u32,
    },
    /// Shorter or longer than it says.
    #[error("read the region: it should have {expected} bytes and has {found}")]
    Length {
        /// Bytes that the header adds up to.
        expected: u64,
        /// Bytes there are.
        found: u64,
    },
    /// Bytes have changed since it was written.
    #[error("read the region: section {section} is damaged (wrong checksum)")]
    Checksum {
        /// Which section.
        section: &'static str,
    },
    /// A section is not what it should be although its checksum is right.
    #[error("read the region: section {section} cannot be decoded: {fault}")]
    Decode {
        /// Which section.
        section: &'static str,
        /// What is wrong.
        fault: postcard::Error,
    },
    /// A number points nowhere.
    #[error("read the region: {what} does not hold")]
    Inconsistent {
        /// The rule that is broken.
        what: &'static str,
    },
    /// The graph is not one that this program numbered.
    #[error(transparent)]
    Hierarchy(#[from] HierarchyError),
}

#[derive(Serialize, Deserialize)]
struct MetaWire {
    name: String,
    profile: String,
    dropped: Vec<(String, u32)>,
}

#[derive(Serialize, Deserialize)]
struct RoadsWire {
    /// How often a tenth of a second is doubled for times of whole roads.
    tick: u8,
    n_points: Vec<u32>,
    lat: Vec<i32>,
    lon: Vec<i32>,
    mm: Vec<i32>,
    forward_ms: Vec<i32>,
    backward_ms: Vec<i32>,
    class: Vec<RoadClass>,
    n_parts: Vec<u32>,
    part_start: Vec<u32>,
    part_name: Vec<u32>,
    names: Vec<String>,
}

#[derive(Serialize, Deserialize)]
struct WaysWire {
    n_ways: Vec<u32>,
    start: Vec<u32>,
    id: Vec<i64>,
    along: Vec<bool>,
}

#[derive(Serialize, Deserialize)]
struct GraphWire {
    lat: Vec<i32>,
    lon: Vec<i32>,
    tail: Vec<i32>,
    head: Vec<i32>,
    course: Vec<u32>,
    departures: Vec<Departure>,
    /// (row of the arc, milliseconds) where turning takes time, in order.
    turns: Vec<(u32, u32)>,
    twins: Vec<Twin>,
}

impl Region {
    /// The region as the bytes of a file. The same region always gives the same bytes.
    #[must_use]
    pub fn encode(&self) -> Vec<u8> {
        let contents = &self.contents;
        let meta = MetaWire {
            name: contents.name.clone(),
            profile: contents.profile.clone(),
            dropped: contents.dropped.clone(),
        };
        let sections = [
            payload(&meta),
            payload(&roads_wire(&contents.roads)),
            payload(&ways_wire(&contents.roads)),
            payload(&graph_wire(contents)),
            payload(&contents.places),
            payload(&contents.attractors),
        ];
        let mut bytes = MAGIC.to_vec();
        bytes.extend(VERSION.to_le_bytes());
        bytes.extend(row(TAGS.len()).to_le_bytes());
        for (tag, section) in TAGS.iter().zip(&sections) {
            bytes.extend(tag);
            bytes.extend((section.len() as u64).to_le_bytes());
            bytes.extend(checksum(section).to_le_bytes());
        }
        bytes.extend(checksum(&bytes).to_le_bytes());
        sections.iter().for_each(|section| bytes.extend(section));
        bytes
    }

    /// Reads what [`Region::encode`] wrote and derives the rest.
    ///
    /// # Errors
    /// [`RegionError`] for anything else: foreign, truncated, damaged, or made by another version. Never panics, and
    /// allocates no more than a small multiple of what the bytes hold.
    pub fn decode(bytes: &[u8]) -> Result<Self, RegionError> {
        let [meta, road_bytes, ways, graph_bytes, places, attractors] = sections(bytes)?;
        let meta: MetaWire = decode_section("META", meta)?;
        let (roads, graph) = rayon::join(
            || roads_of(decode_section("ROAD", road_bytes)?, decode_section("WAYS", ways)?),
            || decode_section::<GraphWire>("GRPH", graph_bytes),
        );
        let (roads, graph) = (roads?, graph?);
        let places: Vec<Place> = decode_section("PLAC", places)?;
        let attractors: Vec<Attractor> = decode_section("ATTR", attractors)?;
        let mut points = places.iter().map(|p| p.point).chain(attractors.iter().map(|a| a.point));
        require(points.all(is_valid), "every place and attractor is on the globe")?;
        let (graph, departures, twins) = graph_of(graph, &roads)?;
        let contents = Contents {
            name: meta.name,
            profile: meta.profile,
            dropped: meta.dropped,
            graph,
            roads,
            departures,
            twins,
            places,
            attractors,
        };
        let fingerprint = fingerprint_of([road_bytes, graph_bytes]);
        Ok(Self::derived(contents, fingerprint)?)
    }
}

/// A number that differs if roads, times or the numbering of the graph differ.
pub(super) fn fingerprint(contents: &Contents) -> u64 {
    fingerprint_of([&payload(&roads_wire(&contents.roads)), &payload(&graph_wire(contents))])
}

fn fingerprint_of(sections: [&[u8]; 2]) -> u64 {
    let mut hasher = SipHasher13::new();
    sections.iter().for_each(|section| hasher.write(section));
    hasher.finish()
}

fn checksum(bytes: &[u8]) -> u64 {
    let mut hasher = SipHasher13::new();
    hasher.write(bytes);
    hasher.finish()
}

/// Serialising plain tables into a growing vector has nothing that can fail.
fn payload(value: &impl Serialize) -> Vec<u8> {
    postcard::to_stdvec(value).unwrap_or_default()
}

fn decode_section<T: DeserializeOwned>(
    section: &'static str,
    bytes: &[u8],
) -> Result<T, RegionError> {
    match postcard::take_from_bytes(bytes) {
        Ok((value, [])) => Ok(value),
        Ok(_) => {
            Err(RegionError::Decode { section, fault: postcard::Error::DeserializeBadEncoding })
        }
        Err(fault) => Err(RegionError::Decode { section, fault }),
    }
}

/// Checks the header and cuts the file.
fn sections(bytes: &[u8]) -> Result<[&[u8]; TAGS.len()], RegionError> {
    let found = bytes.len() as u64;
    if !bytes.starts_with(&MAGIC) {
        return Err(RegionError::Foreign);
    }
    let too_short = RegionError::Length { expected: HEADER_BYTES as u64, found };
    let version = u32::from_le_bytes(*chunk(bytes, 8).ok_or(too_short.clone())?);
    if version != VERSION {
        return Err(RegionError::Version { found: version });
    }
    let header = bytes.get(..HEADER_BYTES).ok_or(too_short)?;
    let damaged = RegionError::Checksum { section: "header" };
    let (described, sum) = header.split_last_chunk::<8>().ok_or(RegionError::Foreign)?;
    let n_sections = u32::from_le_bytes(*chunk(bytes, 12).ok_or(RegionError::Foreign)?);
    if checksum(described) != u64::from_le_bytes(*sum) || n_sections != row(TAGS.len()) {
        return Err(damaged);
    }

    let mut lengths = [0_u64; TAGS.len()];
    for (idx, length) in lengths.iter_mut().enumerate() {
        *length = u64::from_le_bytes(*chunk(bytes, 16 + 20 * idx + 4).ok_or(RegionError::Foreign)?);
    }
    let expected =
        lengths.iter().fold(HEADER_BYTES as u64, |sum, &length| sum.saturating_add(length));
    if expected != found {
        return Err(RegionError::Length { expected, found });
    }
    let mut cut = [[].as_slice(); TAGS.len()];
    let mut rest = bytes.get(HEADER_BYTES..).unwrap_or_default();
    for (idx, section) in cut.iter_mut().enumerate() {
        let length = usize::try_from(lengths[idx]).unwrap_or(usize::MAX);
        let (head, tail) =
            rest.split_at_checked(length).ok_or(RegionError::Length { expected, found })?;
        let sum = chunk(bytes, 16 + 20 * idx + 12).map(|sum| u64::from_le_bytes(*sum));
        if sum != Some(checksum(head)) {
            let section = std::str::from_utf8(&TAGS[idx]).unwrap_or("?");
            return Err(RegionError::Checksum { section });
        }
        (*section, rest) = (head, tail);
    }
    Ok(cut)
}

fn chunk<const N: usize>(bytes: &[u8], at: usize) -> Option<&[u8; N]> {
    bytes.get(at..)?.first_chunk()
}

fn require(holds: bool, what: &'static str) -> Result<(), RegionError> {
    if holds { Ok(()) } else { Err(RegionError::Inconsistent { what }) }
}

fn is_valid(point: LatLon) -> bool {
    LatLon::from_e7(point.lat_e7(), point.lon_e7()).is_some()
}

fn counts(first: &[u32]) -> Vec<u32> {
    first.windows(2).map(|pair| pair[1] - pair[0]).collect()
}

fn roads_wire(roads: &Roads) -> RoadsWire {
    RoadsWire {
        tick: roads.tick.doublings(),
        n_points: counts(&roads.first_point),
        lat: differences(roads.points.iter().map(|point| point.lat_e7())),
        lon: differences(roads.points.iter().map(|point| point.lon_e7())),
        mm: unsigned_differences(&roads.mm),
        forward_ms: unsigned_differences(&roads.forward_ms),
        backward_ms: unsigned_differences(&roads.backward_ms),
        class: roads.class.clone(),
        n_parts: counts(&roads.first_part),
        part_start: roads.part_start.clone(),
        part_name: roads.part_name.clone(),
        names: roads.names.clone(),
    }
}

fn ways_wire(roads: &Roads) -> WaysWire {
    let mut before = 0_i64;
    let mut less_the_last = |id: i64| id.wrapping_sub(std::mem::replace(&mut before, id));
    WaysWire {
        n_ways: counts(&roads.first_way),
        start: roads.ways.iter().map(|piece| piece.start).collect(),
        id: roads.ways.iter().map(|piece| less_the_last(piece.id)).collect(),
        along: roads.ways.iter().map(|piece| piece.along).collect(),
    }
}

fn graph_wire(contents: &Contents) -> GraphWire {
    let graph = &contents.graph;
    let turns = (0..).zip(graph.arcs()).map(|(row, arc)| (row, arc.turn));
    GraphWire {
        lat: differences(graph.points().iter().map(|point| point.lat_e7())),
        lon: differences(graph.points().iter().map(|point| point.lon_e7())),
        tail: differences(graph.arcs().iter().map(|arc| arc.tail.cast_signed())),
        head: differences(graph.arcs().iter().map(|arc| arc.head.cast_signed())),
        course: graph.arcs().iter().map(|arc| arc.course).collect(),
        departures: contents.departures.clone(),
        turns: turns.filter(|&(_, ms)| ms > 0).collect(),
        twins: contents.twins.clone(),
    }
}

/// First rows from counts, if they add up to `n_rows` and none is below `least`.
fn firsts(counts: &[u32], least: u32, n_rows: usize) -> Option<Vec<u32>> {
    let mut first = Vec::with_capacity(counts.len() + 1);
    let mut sum = 0_u32;
    first.push(0);
    for &count in counts {
        sum = sum.checked_add(count).filter(|_| count >= least)?;
        first.push(sum);
    }
    (sum as usize == n_rows).then_some(first)
}

fn points_of(lat: Vec<i32>, lon: Vec<i32>) -> Result<Vec<LatLon>, RegionError> {
    require(lat.len() == lon.len() && lat.len() < ROWS_MAX, "latitudes and longitudes are pairs")?;
    sums(lat)
        .zip(sums(lon))
        .map(|(lat, lon)| LatLon::from_e7(lat, lon))
        .collect::<Option<_>>()
        .ok_or(RegionError::Inconsistent { what: "every point is on the globe" })
}

fn roads_of(wire: RoadsWire, ways: WaysWire) -> Result<Roads, RegionError> {
    let points = points_of(wire.lat, wire.lon)?;
    let n = wire.class.len();
    require(
        n < ROWS_MAX / 2 && n == wire.n_points.len() && n == wire.n_parts.len(),
        "road tables agree",
    )?;
    let first_point = firsts(&wire.n_points, 2, points.len())
        .ok_or(RegionError::Inconsistent { what: "every road has two points" })?;
    let first_part = firsts(&wire.n_parts, 1, wire.part_start.len())
        .ok_or(RegionError::Inconsistent { what: "every road has a part" })?;
    let tick = Tick::from_doublings(wire.tick).ok_or(RegionError::Inconsistent {
        what: "times are tenths of a second, or up to eight of them",
    })?;
    let mut roads = Roads {
        tick,
        first_point,
        mm: unsigned_sums(wire.mm),
        forward_ms: unsigned_sums(wire.forward_ms),
        backward_ms: unsigned_sums(wire.backward_ms),
        points,
        class: wire.class,
        first_part,
        part_start: wire.part_start,
        part_name: wire.part_name,
        names: wire.names,
        first_way: Vec::new(),
        ways: Vec::new(),
    };
    let n_points = roads.points.len();
    let shape_tables = [roads.mm.len(), roads.forward_ms.len(), roads.backward_ms.len()];
    require(shape_tables == [n_points; 3], "shape tables agree")?;
    require(roads.part_name.len() == roads.part_start.len(), "part tables agree")?;
    let n_names = roads.names.len();
    let is_name = |&name: &u32| name == NO_NAME || (name as usize) < n_names;
    require(roads.part_name.iter().all(is_name), "every name is in the table")?;
    for road in 0..n {
        check_road(&roads, road)?;
    }
    take_ways(ways, &mut roads)?;
    Ok(roads)
}

/// Lengths and times of a road run up (or down) from zero, and its parts are in order.
fn check_road(roads: &Roads, road: usize) -> Result<(), RegionError> {
    let rows = roads.first_point[road] as usize..roads.first_point[road + 1] as usize;
    let rises = |values: &[u32]| values.first() == Some(&0) && values.is_sorted();
    let mm = &roads.mm[rows.clone()];
    let forward = &roads.forward_ms[rows.clone()];
    let backward: Vec<u32> = roads.backward_ms[rows].iter().rev().copied().collect();
    require(rises(mm) && rises(forward) && rises(&backward), "lengths and times rise from zero")?;
    let below = |values: &[u32]| values.last().is_none_or(|&last| last <= ARC_MS_MAX);
    require(below(forward) && below(&backward), "no road takes longer than six days")?;
    let is_whole =
        |values: &[u32]| values.last().is_none_or(|last| last.is_multiple_of(roads.tick.ms()));
    let are_whole = is_whole(forward) && is_whole(&backward);
    require(are_whole, "roads take whole ticks")?;
    let parts = roads.first_part[road] as usize..roads.first_part[road + 1] as usize;
    let starts = roads.part_start[parts].iter().copied();
    require(are_starts(starts, mm.len()), "parts are in order")
}

/// Whether runs of a road of so many points begin at its start, one after the other, each before its last point.
fn are_starts(starts: impl Iterator<Item = u32> + Clone, n_points: usize) -> bool {
    starts.clone().next() == Some(0)
        && starts.clone().is_sorted_by(|a, b| a < b)
        && starts.last().is_some_and(|last| (last as usize) + 1 < n_points)
}

/// Checks the ways, and gives them to their roads.
fn take_ways(wire: WaysWire, roads: &mut Roads) -> Result<(), RegionError> {
    let n_pieces = wire.start.len();
    let tables_agree = n_pieces == wire.id.len()
        && n_pieces == wire.along.len()
        && n_pieces < ROWS_MAX
        && wire.n_ways.len() == roads.n();
    require(tables_agree, "way tables agree")?;
    roads.first_way = firsts(&wire.n_ways, 1, n_pieces)
        .ok_or(RegionError::Inconsistent { what: "every road has a way" })?;
    let mut id = 0_i64;
    let pieces = wire.start.into_iter().zip(wire.id).zip(wire.along);
    roads.ways = pieces
        .map(|((start, difference), along)| {
            id = id.wrapping_add(difference);
            WayPiece { start, id, along }
        })
        .collect();
    let in_order = (0..roads.n()).all(|road| {
        let starts = roads.ways(road).iter().map(|piece| piece.start);
        are_starts(starts, roads.road(road).points.len())
    });
    require(in_order, "ways are in order")
}

/// The graph with its departures and twins.
fn graph_of(
    wire: GraphWire,
    roads: &Roads,
) -> Result<(Graph, Vec<Departure>, Vec<Twin>), RegionError> {
    let points = points_of(wire.lat, wire.lon)?;
    let n_arcs = wire.course.len();
    let tables_agree = n_arcs == wire.tail.len() && n_arcs == wire.head.len();
    require(tables_agree && n_arcs < ROWS_MAX && !points.is_empty(), "arc tables agree")?;
    let mut arcs = Vec::with_capacity(n_arcs);
    let ends = sums(wire.tail).zip(sums(wire.head));
    for ((tail, head), course) in ends.zip(wire.course) {
        let (tail, head) = (tail.cast_unsigned(), head.cast_unsigned());
        let is_node = |node: u32| (node as usize) < points.len();
        require(is_node(tail) && is_node(head), "every arc joins two nodes")?;
        let road = course as usize / 2;
        require(road < roads.n(), "every arc follows a road")?;
        let time = roads.road(road).duration_ms(heading_of(course));
        require(time > 0, "every arc takes time")?;
        arcs.push(Arc { tail, head, time, course, turn: 0 });
    }
    for (row, ms) in wire.turns {
        let arc = arcs.get_mut(row as usize).filter(|_| ms <= TURN_MS_MAX);
        let arc = arc.ok_or(RegionError::Inconsistent { what: "every turn leads into an arc" })?;
        require(ms.is_multiple_of(roads.tick.ms()), "turns take whole ticks")?;
        arc.turn = ms;
        arc.time = arc.time.saturating_add(ms).min(ARC_MS_MAX);
    }
    let is_node = |node: u32| (node as usize) < points.len();
    require(
        wire.twins.iter().all(|twin| is_node(twin.inward) && is_node(twin.outward)),
        "every twin is a node",
    )?;
    let in_order = wire.twins.is_sorted_by(|a, b| a.inward < b.inward);
    require(in_order, "every node has one twin")?;
    let mut is_driven = vec![false; roads.n() * 2];
    arcs.iter().for_each(|arc| is_driven[arc.course as usize] = true);
    let expected = (0..row(is_driven.len())).filter(|&course| is_driven[course as usize]);
    let departing = wire.departures.iter().map(|&(course, _, _)| course);
    require(departing.eq(expected), "every course that is driven has one departure")?;
    let graph = Graph::new(points, arcs);
    let is_known = |&(course, tail, head): &Departure| {
        let is_it = |arc: &Arc| arc.head == head && arc.course == course;
        (tail as usize) < graph.n_nodes() && graph.out_arcs(tail).iter().any(is_it)
    };
    require(wire.departures.iter().all(is_known), "every departure is an arc")?;
    Ok((graph, wire.departures, wire.twins))
}
