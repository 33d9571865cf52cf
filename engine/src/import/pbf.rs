//! `.osm.pbf` bytes to [`MapData`]: framing, decoding, and the selection of what the import needs.
//!
//! The file is read twice: once for ways, restrictions and tagged nodes, once for the positions of the nodes these
//! ways use, so that memory grows with the roads and not with the buildings. Blobs are decoded in parallel; results
//! are put together in file order. Format: OpenStreetMap wiki, "PBF Format".
//!
//! Damaged and foreign input gives an [`ImportError`] that names the blob. The framing is read here, because the
//! decoder takes a file that ends in the middle of a length field for a complete one.

use std::io::Cursor;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};

use osmpbf::{BlobDecode, BlobReader, BlobType, Element, PrimitiveBlock, RelMemberType};
use rayon::prelude::*;

use super::error::{BlobFault, ImportError};
use super::map::{MapData, MapNode, MapRelation, MapWay, Member, MemberKind, Tags};
use super::poi;
use super::profile::RoadClass;
use crate::geo::LatLon;

/// Bytes of one blob header; the format asks readers to refuse more.
const HEADER_BYTES_MAX: usize = 64 * 1024;
/// Bytes of one blob; the format asks readers to refuse more.
const BLOB_BYTES_MAX: usize = 32 * 1024 * 1024;
/// Bytes kept of one extract, about: enough for a country of roads.
const KEPT_BYTES_MAX: usize = 4 << 30;
/// Bytes of one key or value; OpenStreetMap allows 255 characters. Longer tags are left out.
const TAG_BYTES_MAX: usize = 1024;
/// What a reader must understand; anything else that a file declares as required is refused.
const FEATURES: [&str; 3] = ["OsmSchema-V0.6", "DenseNodes", "HistoricalInformation"];

/// One blob of the file with its frame.
struct Frame<'a> {
    idx: usize,
    offset: usize,
    bytes: &'a [u8],
}

impl Frame<'_> {
    fn fault(&self, fault: BlobFault) -> ImportError {
        ImportError::Blob { idx: self.idx, offset: self.offset, fault }
    }
}

/// What one blob contributed to the first reading.
#[derive(Default)]
struct Selection {
    nodes: Vec<MapNode>,
    ways: Vec<MapWay>,
    restrictions: Vec<MapRelation>,
}

/// What is left of [`KEPT_BYTES_MAX`], shared by all threads. A small blob can refer to one long string a million
/// times, so the bound must hold while blobs are decoded and not only afterwards.
struct Budget(AtomicUsize);

impl Budget {
    /// Takes `bytes`; `false` once more has been asked for than there is.
    fn take(&self, bytes: usize) -> bool {
        self.0
            .fetch_update(Ordering::Relaxed, Ordering::Relaxed, |left| left.checked_sub(bytes))
            .inspect_err(|_| self.0.store(0, Ordering::Relaxed))
            .is_ok()
    }

    fn check(&self) -> Result<(), ImportError> {
        match self.0.load(Ordering::Relaxed) {
            0 => Err(ImportError::TooLarge { limit: KEPT_BYTES_MAX }),
            _ => Ok(()),
        }
    }
}

/// Reads an extract. `progress` is called with (blobs done, blobs in all) from any thread.
///
/// # Errors
/// [`ImportError`] for anything that is not a whole, well-formed extract; never panics.
pub fn read_pbf(
    bytes: &[u8],
    progress: &(dyn Fn(u64, u64) + Sync),
) -> Result<MapData, ImportError> {
    let frames = split_frames(bytes)?;
    let n_steps = frames.len() as u64 * 2;
    let n_done = AtomicU64::new(0);
    let budget = Budget(AtomicUsize::new(KEPT_BYTES_MAX));
    let step = || progress(n_done.fetch_add(1, Ordering::Relaxed) + 1, n_steps);

    let selections =
        in_order(&frames, |frame| decode(frame, |b| select(b, &budget)).inspect(|_| step()))?;
    budget.check()?;
    let mut all = Selection::default();
    for selection in selections {
        all.nodes.extend(selection.nodes);
        all.ways.extend(selection.ways);
        all.restrictions.extend(selection.restrictions);
    }

    let needed = needed_ids(&all);
    let positions = in_order(&frames, |frame| {
        decode(frame, |b| locate(b, &needed, &budget)).inspect(|_| step())
    })?;
    budget.check()?;
    // Tagged nodes come first, so that `MapData::new` keeps them and drops the bare copies.
    all.nodes.extend(positions.into_iter().flatten());
    Ok(MapData::new(all.nodes, all.ways, all.restrictions))
}

/// Works on all blobs in parallel; of several faults the first one in the file is reported.
fn in_order<T: Send>(
    frames: &[Frame<'_>],
    work: impl Fn(&Frame<'_>) -> Result<T, ImportError> + Sync + Send,
) -> Result<Vec<T>, ImportError> {
    let results: Vec<Result<T, ImportError>> = frames.par_iter().map(work).collect();
    results.into_iter().collect()
}

fn needed_ids(selection: &Selection) -> Vec<i64> {
    let mut ids: Vec<i64> =
        selection.ways.iter().flat_map(|way| way.refs.iter().copied()).collect();
    ids.sort_unstable();
    ids.dedup();
    ids
}

/// Cuts the file into blobs: a big-endian length, a header of that length, a blob as long as the header says.
fn split_frames(bytes: &[u8]) -> Result<Vec<Frame<'_>>, ImportError> {
    let mut frames = Vec::new();
    let mut offset = 0;
    while let Some(rest) = bytes.get(offset..).filter(|rest| !rest.is_empty()) {
        let idx = frames.len();
        let whole = frame_len(rest).map_err(|fault| ImportError::Blob { idx, offset, fault })?;
        let frame = rest.get(..whole).ok_or(ImportError::Blob {
            idx,
            offset,
            fault: BlobFault::Truncated { declared: whole, left: rest.len() },
        })?;
        frames.push(Frame { idx, offset, bytes: frame });
        offset += whole;
    }
    if frames.is_empty() { Err(ImportError::Empty) } else { Ok(frames) }
}

/// Bytes of the frame at the start of `rest`, not checked against its end.
fn frame_len(rest: &[u8]) -> Result<usize, BlobFault> {
    let truncated = |declared| BlobFault::Truncated { declared, left: rest.len() };
    let length = rest.first_chunk::<4>().ok_or(truncated(4))?;
    let header_len = usize::try_from(u32::from_be_bytes(*length)).unwrap_or(usize::MAX);
    if header_len == 0 || header_len >= HEADER_BYTES_MAX {
        return Err(BlobFault::HeaderLength { found: header_len });
    }
    let framed_header = rest.get(..4 + header_len).ok_or(truncated(4 + header_len))?;
    let header = contain(|| {
        BlobReader::new_seekable(Cursor::new(framed_header))?.next_header_skip_blob().transpose()
    })?
    .ok_or(truncated(4 + header_len))?
    .0;
    let blob_len = usize::try_from(header.get_blob_size()).unwrap_or(usize::MAX);
    if blob_len > BLOB_BYTES_MAX {
        return Err(BlobFault::BlobLength { found: i64::from(header.get_blob_size()) });
    }
    Ok(4 + header_len + blob_len)
}

/// Runs third-party decoding and turns its panics into a [`BlobFault`].
///
/// Why `catch_unwind`: osmpbf 0.3.8 unwraps the type of a relation member and adds delta-coded numbers unchecked, so a
/// flipped bit can make it panic, and a map file is outside input that must never end the process. What unwinds is
/// dropped here, nothing of it is used again, hence `AssertUnwindSafe`. Only the decoder and the small closures that
/// copy its elements run inside; the panic hook is left alone.
fn contain<T>(work: impl FnOnce() -> Result<T, osmpbf::Error>) -> Result<T, BlobFault> {
    match catch_unwind(AssertUnwindSafe(work)) {
        Ok(Ok(value)) => Ok(value),
        Ok(Err(source)) => Err(BlobFault::Decode(source)),
        Err(payload) => {
            let message = payload
                .downcast_ref::<&str>()
                .map(|text| (*text).to_owned())
                .or_else(|| payload.downcast_ref::<String>().cloned())
                .unwrap_or_else(|| "no message".to_owned());
            Err(BlobFault::Panicked { message })
        }
    }
}

/// Decodes one blob and hands its block to `pick`. Header blobs are checked, unknown kinds skipped.
fn decode<T: Default>(
    frame: &Frame<'_>,
    pick: impl Fn(&PrimitiveBlock) -> T,
) -> Result<T, ImportError> {
    let mut unknown_feature = None;
    let picked = contain(|| {
        let Some(blob) = BlobReader::new(frame.bytes).next().transpose()? else {
            return Ok(T::default());
        };
        if matches!(blob.get_type(), BlobType::Unknown(_)) {
            return Ok(T::default());
        }
        match blob.decode()? {
            BlobDecode::OsmHeader(header) => {
                unknown_feature = header
                    .required_features()
                    .iter()
                    .find(|feature| !FEATURES.contains(&feature.as_str()))
                    .cloned();
                Ok(T::default())
            }
            BlobDecode::OsmData(block) => Ok(pick(&block)),
            BlobDecode::Unknown(_) => Ok(T::default()),
        }
    })
    .map_err(|fault| frame.fault(fault))?;
    match unknown_feature {
        Some(name) => Err(frame.fault(BlobFault::Feature { name })),
        None if frame.idx == 0 && !starts_with_header(frame) => {
            Err(frame.fault(BlobFault::NoHeader))
        }
        None => Ok(picked),
    }
}

fn starts_with_header(frame: &Frame<'_>) -> bool {
    contain(|| BlobReader::new(frame.bytes).next().transpose())
        .is_ok_and(|blob| blob.is_some_and(|blob| blob.get_type() == BlobType::OsmHeader))
}

/// The first reading of a block.
fn select(block: &PrimitiveBlock, budget: &Budget) -> Selection {
    let mut selection = Selection::default();
    for group in block.groups() {
        for node in group.nodes().filter(|node| is_wanted_node(node.tags())) {
            let position = (node.nano_lat(), node.nano_lon());
            selection.nodes.extend(tagged(node.id(), position, node.tags(), budget));
        }
        for node in group.dense_nodes().filter(|node| is_wanted_node(node.tags())) {
            let position = (node.nano_lat(), node.nano_lon());
            selection.nodes.extend(tagged(node.id(), position, node.tags(), budget));
        }
        for way in group.ways() {
            selection.ways.extend(wanted_way(&way, budget));
        }
        for relation in group.relations() {
            selection.restrictions.extend(wanted_restriction(&relation, budget));
        }
    }
    selection
}

fn is_wanted_node<'a>(tags: impl Iterator<Item = (&'a str, &'a str)>) -> bool {
    let mut tags = tags.peekable();
    tags.peek().is_some() && {
        let tags: Vec<_> = tags.collect();
        tags.iter().copied().any(is_on_road) || poi::is_wanted(tags.iter().copied())
    }
}

/// Whether a tag of a node can hold up or stop who drives there.
fn is_on_road((key, value): (&str, &str)) -> bool {
    const SIGNS: [&str; 5] = ["traffic_signals", "stop", "give_way", "crossing", "mini_roundabout"];
    match key {
        "barrier" => true,
        "highway" => SIGNS.contains(&value),
        "railway" => value == "level_crossing",
        _ => false,
    }
}

/// The tags to keep, if the budget still has room for them and for `bytes` more.
fn kept<'a>(
    tags: impl Iterator<Item = (&'a str, &'a str)> + Clone,
    bytes: usize,
    budget: &Budget,
) -> Option<Tags> {
    let tags = tags.filter(|(k, v)| k.len() <= TAG_BYTES_MAX && v.len() <= TAG_BYTES_MAX);
    // A tag costs two fat pointers and its text.
    let tag_bytes: usize = tags.clone().map(|(k, v)| 32 + k.len() + v.len()).sum();
    budget.take(bytes + tag_bytes + size_of::<MapWay>()).then(|| tags.collect())
}

fn tagged<'a>(
    id: i64,
    (nano_lat, nano_lon): (i64, i64),
    tags: impl Iterator<Item = (&'a str, &'a str)> + Clone,
    budget: &Budget,
) -> Option<MapNode> {
    let point = point_of(nano_lat, nano_lon)?;
    Some(MapNode { id, point, tags: kept(tags, 0, budget)? })
}

/// Roads and ferries with all their nodes; other ways only if they attract trips or are to be counted, with their first node.
fn wanted_way(way: &osmpbf::Way<'_>, budget: &Budget) -> Option<MapWay> {
    let is_driven = way.tags().any(|(key, value)| match key {
        "highway" => RoadClass::from_tag(value).is_some(),
        "route" => matches!(value, "ferry" | "shuttle_train"),
        _ => false,
    });
    // Paths on which nobody drives are only counted.
    let is_listed = || way.tags().any(|(key, _)| key == "highway") || poi::is_wanted(way.tags());
    let n_refs = match is_driven {
        true => usize::MAX,
        false if is_listed() => 1,
        false => return None,
    };
    let tags = kept(way.tags(), way.raw_refs().len().min(n_refs) * size_of::<i64>(), budget)?;
    Some(MapWay { id: way.id(), refs: way.refs().take(n_refs).collect(), tags })
}

fn wanted_restriction(relation: &osmpbf::Relation<'_>, budget: &Budget) -> Option<MapRelation> {
    let is_restriction = |(k, v): (&str, &str)| k == "type" && v.starts_with("restriction");
    if !relation.tags().any(is_restriction) {
        return None;
    }
    let tags = kept(relation.tags(), relation.members().len() * size_of::<Member>(), budget)?;
    Some(MapRelation {
        id: relation.id(),
        tags,
        members: relation.members().map(|m| member(&m)).collect(),
    })
}

fn member(member: &osmpbf::RelMember<'_>) -> Member {
    let kind = match member.member_type {
        RelMemberType::Node => MemberKind::Node,
        RelMemberType::Way => MemberKind::Way,
        RelMemberType::Relation => MemberKind::Relation,
    };
    Member { kind, id: member.member_id, role: role_of(member).into() }
}

/// The role, or nothing for one that is longer than any in use.
fn role_of<'a>(member: &osmpbf::RelMember<'a>) -> &'a str {
    member.role().ok().filter(|role| role.len() <= 16).unwrap_or_default()
}

/// The second reading of a block: positions of the nodes in `needed` (sorted).
fn locate(block: &PrimitiveBlock, needed: &[i64], budget: &Budget) -> Vec<MapNode> {
    block
        .elements()
        .filter_map(|element| match element {
            Element::Node(node) => Some((node.id(), node.nano_lat(), node.nano_lon())),
            Element::DenseNode(node) => Some((node.id(), node.nano_lat(), node.nano_lon())),
            Element::Way(_) | Element::Relation(_) => None,
        })
        .filter(|(id, _, _)| needed.binary_search(id).is_ok())
        .filter(|_| budget.take(size_of::<MapNode>()))
        .filter_map(|(id, lat, lon)| {
            Some(MapNode { id, point: point_of(lat, lon)?, tags: Tags::default() })
        })
        .collect()
}

/// A point from 1e-9 degrees, rounded to the nearest 1e-7; `None` off the globe.
fn point_of(nano_lat: i64, nano_lon: i64) -> Option<LatLon> {
    let e7 = |nano: i64| i32::try_from((nano.saturating_add(50)).div_euclid(100)).ok();
    LatLon::from_e7(e7(nano_lat)?, e7(nano_lon)?)
}
