//! `.osm.pbf` bytes to [`MapData`]: framing, decoding, and the selection of what the import needs.
//!
//! The file is read twice, blob by blob: once for ways, restrictions and tagged nodes, once for the positions of the nodes these
//! ways use, so that memory grows with the roads, and neither with the buildings nor with the file. A few blobs at a time are
//! decoded in parallel; results are put together in file order. Format: OpenStreetMap wiki, "PBF Format".
//!
//! Damaged and foreign input gives an [`ImportError`] that names the blob. The framing is read here, because the
//! decoder takes a file that ends in the middle of a length field for a complete one.

use std::io::{Cursor, Read, Seek, SeekFrom};
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

/// Blobs in memory for each thread.
const BLOBS_A_THREAD: usize = 2;

/// One blob of the file with its frame.
struct Frame {
    idx: usize,
    offset: usize,
    bytes: Vec<u8>,
}

impl Frame {
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

/// Reads an extract with all tags. `progress` is called with (bytes done, bytes in all) from any thread.
///
/// # Errors
/// [`ImportError`] for anything that is not a whole, well-formed extract; never panics.
pub fn read_pbf(
    bytes: &[u8],
    progress: &(dyn Fn(u64, u64) + Sync),
) -> Result<MapData, ImportError> {
    read(Cursor::new(bytes), &|_| true, progress)
}

/// The same from a file. Of roads only tags are kept whose keys `is_read`.
pub(super) fn read(
    reader: impl Read + Seek,
    is_read: &(dyn Fn(&str) -> bool + Sync),
    progress: &(dyn Fn(u64, u64) + Sync),
) -> Result<MapData, ImportError> {
    let mut file = Frames::new(reader)?;
    let n_steps = file.len as u64 * 2;
    let n_done = AtomicU64::new(0);
    let budget = Budget(AtomicUsize::new(KEPT_BYTES_MAX));
    let step = |frame: &Frame| {
        let n = frame.bytes.len() as u64;
        progress(n_done.fetch_add(n, Ordering::Relaxed) + n, n_steps);
    };

    let mut all = Selection::default();
    let picked =
        |frame: &Frame| decode(frame, |b| select(b, is_read, &budget)).inspect(|_| step(frame));
    file.in_order(picked, |selection| {
        all.nodes.extend(selection.nodes);
        all.ways.extend(selection.ways);
        all.restrictions.extend(selection.restrictions);
    })?;
    budget.check()?;

    let needed = needed_ids(&all);
    // Tagged nodes come first, so that `MapData::new` keeps them and drops the bare copies.
    let located =
        |frame: &Frame| decode(frame, |b| locate(b, &needed, &budget)).inspect(|_| step(frame));
    file.in_order(located, |nodes| all.nodes.extend(nodes))?;
    budget.check()?;
    Ok(MapData::new(all.nodes, all.ways, all.restrictions))
}

/// A file cut into blobs: a big-endian length, a header of that length, a blob as long as the header says.
struct Frames<R> {
    reader: R,
    /// Bytes of the file.
    len: usize,
    /// Where the next frame begins, and which it is.
    offset: usize,
    idx: usize,
}

impl<R: Read + Seek> Frames<R> {
    fn new(mut reader: R) -> Result<Self, ImportError> {
        let len = usize::try_from(reader.seek(SeekFrom::End(0))?).unwrap_or(usize::MAX);
        if len == 0 { Err(ImportError::Empty) } else { Ok(Self { reader, len, offset: 0, idx: 0 }) }
    }

    /// Works on all blobs from the first on, a few at a time in parallel, and hands over what comes out in the order of the file.
    /// Of several faults among those few the first one is reported.
    fn in_order<T: Send>(
        &mut self,
        work: impl Fn(&Frame) -> Result<T, ImportError> + Sync + Send,
        mut take: impl FnMut(T),
    ) -> Result<(), ImportError> {
        self.reader.rewind()?;
        (self.offset, self.idx) = (0, 0);
        let in_flight = BLOBS_A_THREAD * rayon::current_num_threads();
        while self.offset < self.len {
            let (mut frames, mut fault) = (Vec::new(), None);
            while frames.len() < in_flight && self.offset < self.len && fault.is_none() {
                match self.next() {
                    Ok(frame) => frames.push(frame),
                    Err(error) => fault = Some(error),
                }
            }
            let results: Vec<Result<T, ImportError>> = frames.par_iter().map(&work).collect();
            for result in results {
                take(result?);
            }
            fault.map_or(Ok(()), Err)?;
        }
        Ok(())
    }

    fn next(&mut self) -> Result<Frame, ImportError> {
        let (idx, offset) = (self.idx, self.offset);
        let frame_fault = |fault| ImportError::Blob { idx, offset, fault };
        let mut bytes = Vec::new();
        self.extend(&mut bytes, 4)?;
        let length = bytes.first_chunk::<4>().map_or(0, |length| u32::from_be_bytes(*length));
        let header_len = usize::try_from(length).unwrap_or(usize::MAX);
        if header_len == 0 || header_len >= HEADER_BYTES_MAX {
            return Err(frame_fault(BlobFault::HeaderLength { found: header_len }));
        }
        self.extend(&mut bytes, header_len)?;
        let blob_len = blob_len(&bytes).map_err(frame_fault)?;
        self.extend(&mut bytes, blob_len)?;
        (self.offset, self.idx) = (offset + bytes.len(), idx + 1);
        Ok(Frame { idx, offset, bytes })
    }

    /// Reads `n` bytes more of the frame that begins with `bytes`.
    fn extend(&mut self, bytes: &mut Vec<u8>, n: usize) -> Result<(), ImportError> {
        let (start, left) = (bytes.len(), self.len - self.offset);
        if start + n > left {
            let fault = BlobFault::Truncated { declared: start + n, left };
            return Err(ImportError::Blob { idx: self.idx, offset: self.offset, fault });
        }
        bytes.resize(start + n, 0);
        Ok(self.reader.read_exact(&mut bytes[start..])?)
    }
}

/// Bytes of the blob that follows a header, given with its length.
fn blob_len(framed_header: &[u8]) -> Result<usize, BlobFault> {
    let header = contain(|| {
        BlobReader::new_seekable(Cursor::new(framed_header))?.next_header_skip_blob().transpose()
    })?
    .ok_or(BlobFault::HeaderLength { found: framed_header.len() })?
    .0;
    let found = header.get_blob_size();
    let len = usize::try_from(found).ok().filter(|&len| len <= BLOB_BYTES_MAX);
    len.ok_or(BlobFault::BlobLength { found: i64::from(found) })
}

fn needed_ids(selection: &Selection) -> Vec<i64> {
    let mut ids: Vec<i64> =
        selection.ways.iter().flat_map(|way| way.refs.iter().copied()).collect();
    ids.sort_unstable();
    ids.dedup();
    ids
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
    frame: &Frame,
    pick: impl Fn(&PrimitiveBlock) -> T,
) -> Result<T, ImportError> {
    let mut unknown_feature = None;
    let picked = contain(|| {
        let Some(blob) = BlobReader::new(frame.bytes.as_slice()).next().transpose()? else {
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

fn starts_with_header(frame: &Frame) -> bool {
    contain(|| BlobReader::new(frame.bytes.as_slice()).next().transpose())
        .is_ok_and(|blob| blob.is_some_and(|blob| blob.get_type() == BlobType::OsmHeader))
}

/// The first reading of a block.
fn select(
    block: &PrimitiveBlock,
    is_read: &(dyn Fn(&str) -> bool + Sync),
    budget: &Budget,
) -> Selection {
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
            selection.ways.extend(wanted_way(&way, is_read, budget));
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
fn wanted_way(
    way: &osmpbf::Way<'_>,
    is_read: &dyn Fn(&str) -> bool,
    budget: &Budget,
) -> Option<MapWay> {
    let is_driven = way.tags().any(|(key, value)| match key {
        "highway" => RoadClass::from_tag(value).is_some(),
        "route" => matches!(value, "ferry" | "shuttle_train"),
        _ => false,
    });
    let attracts = poi::is_wanted(way.tags());
    // Paths on which nobody drives are only counted.
    let is_listed = || way.tags().any(|(key, _)| key == "highway") || attracts;
    let n_refs = match is_driven {
        true => usize::MAX,
        false if is_listed() => 1,
        false => return None,
    };
    let tags = way.tags().filter(|(key, _)| attracts || is_read(key));
    let tags = kept(tags, way.raw_refs().len().min(n_refs) * size_of::<i64>(), budget)?;
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
