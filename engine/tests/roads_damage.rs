//! Damaged, truncated and foreign files: an error or a region, never a panic, and no more memory than the file is worth.
#![expect(
    clippy::unwrap_used,
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "helpers of tests: small numbers, and a failure is a failed test"
)]

use sharxi_engine::import::{BlobFault, ImportError, Profile, import_pbf};
use sharxi_engine::oracle::{Location, Oracle};
use sharxi_engine::region::{Region, RegionError};

const ISLAND_PBF: &[u8] = include_bytes!("../../data/regions/isle-of-man.osm.pbf");

fn import(bytes: &[u8]) -> Result<Region, ImportError> {
    import_pbf(bytes, &Profile::built_in("car").unwrap(), &|_, _| {}).map(|(region, _)| region)
}

/// The first `n` blobs of the bundled map, whole.
fn blobs(n: usize) -> &'static [u8] {
    let mut end = 0;
    for _ in 0..n {
        end += frame_len(&ISLAND_PBF[end..]);
    }
    &ISLAND_PBF[..end]
}

/// Reads the frame by hand: the length of the blob is field 3 of its header.
fn frame_len(bytes: &[u8]) -> usize {
    let header_len = u32::from_be_bytes(*bytes.first_chunk().unwrap()) as usize;
    let header = &bytes[4..4 + header_len];
    let type_len = usize::from(header[1]);
    assert_eq!((header[0], header[2 + type_len]), (0x0a, 0x18));
    let varint = header[3 + type_len..].iter();
    let blob_len = varint.enumerate().fold(0, |n, (i, &b)| n | usize::from(b & 0x7f) << (7 * i));
    4 + header_len + blob_len
}

#[test]
fn the_error_names_the_blob_and_its_place() {
    let start = blobs(3).len();
    let mut bytes = blobs(4).to_vec();
    let middle = usize::midpoint(start, bytes.len());
    bytes[middle] ^= 0x10;
    let error = import(&bytes).err().unwrap();
    assert!(
        matches!(error, ImportError::Blob { idx: 3, offset, .. } if offset == start),
        "{error}"
    );
    assert!(error.to_string().starts_with(&format!("decode blob 3 at byte {start}: ")), "{error}");
}

#[test]
fn foreign_and_empty_files_are_refused() {
    assert!(matches!(import(b""), Err(ImportError::Empty)));
    let fault = |bytes: &[u8]| match import(bytes) {
        Err(ImportError::Blob { idx: 0, offset: 0, fault }) => fault,
        other => panic!("{:?}", other.err()),
    };
    assert!(matches!(fault(b"<?xml version='1.0'?>"), BlobFault::HeaderLength { .. }));
    assert!(matches!(fault(b"abc"), BlobFault::Truncated { .. }));
    assert!(matches!(fault(&[0; 64]), BlobFault::HeaderLength { found: 0 }));
    assert!(matches!(fault(&[0, 0, 0, 9, 1, 2]), BlobFault::Truncated { .. }));
    // Data without the header before it.
    assert!(matches!(fault(&blobs(2)[blobs(1).len()..]), BlobFault::NoHeader));
}

#[test]
fn declared_sizes_are_not_believed() {
    // A header that announces 2 GB and one that announces a negative length.
    for varint in [
        &[0xff, 0xff, 0xff, 0xff, 0x07][..],
        &[0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x01],
    ] {
        let mut header = vec![0x0a, 9];
        header.extend(b"OSMHeader");
        header.push(0x18);
        header.extend(varint);
        let mut bytes = u32::try_from(header.len()).unwrap().to_be_bytes().to_vec();
        bytes.extend(&header);
        bytes.extend([0; 100]);
        let error = import(&bytes).err().unwrap();
        assert!(
            matches!(error, ImportError::Blob { fault: BlobFault::BlobLength { .. }, .. }),
            "{error}"
        );
    }
}

#[test]
fn a_map_cut_off_anywhere_is_an_error_unless_between_blobs() {
    let whole = blobs(2);
    let ends = [blobs(1).len(), whole.len()];
    for len in (0..whole.len()).step_by(97).chain(0..200) {
        let result = import(&whole[..len]);
        assert!(result.is_err(), "{len}");
        if !ends.contains(&len) && len > 0 {
            assert!(matches!(result, Err(ImportError::Blob { .. })), "{len}");
        }
    }
}

#[test]
fn a_flipped_bit_in_a_map_never_panics() {
    // The header blob densely, the data blobs here and there; most flips are caught by the checksum of zlib.
    let whole = blobs(3);
    let dense = 0..blobs(1).len();
    let sparse = (dense.end..whole.len()).step_by(1_499);
    for (at, bit) in dense.flat_map(|at| [(at, 0), (at, 7)]).chain(sparse.map(|at| (at, at % 8))) {
        let mut bytes = whole.to_vec();
        bytes[at] ^= 1 << bit;
        drop(import(&bytes));
    }
}

/// Uncompressed blocks have no checksum: here flips reach the decoder and what reads its elements.
#[test]
fn a_flipped_bit_in_a_raw_block_never_panics() {
    let whole = raw_map();
    assert!(import(&whole).is_ok());
    let mut n_contained = 0;
    for at in 0..whole.len() {
        for bit in 0..8 {
            let mut bytes = whole.clone();
            bytes[at] ^= 1 << bit;
            let fault = import(&bytes).err();
            let panicked =
                |e| matches!(e, ImportError::Blob { fault: BlobFault::Panicked { .. }, .. });
            n_contained += usize::from(fault.is_some_and(panicked));
        }
    }
    // Else this test would not show that panics of the decoder are contained.
    assert!(n_contained > 0);
}

/// A map of three nodes, two streets and a restriction as protocol buffers written by hand, without compression.
fn raw_map() -> Vec<u8> {
    fn field(number: u8, payload: &[u8]) -> Vec<u8> {
        assert!(payload.len() < 128 * 128);
        let mut bytes = vec![number << 3 | 2];
        varint(payload.len() as u64, &mut bytes);
        bytes.extend(payload);
        bytes
    }
    fn varint(mut value: u64, bytes: &mut Vec<u8>) {
        while value >= 128 {
            bytes.push(value as u8 | 128);
            value >>= 7;
        }
        bytes.push(value as u8);
    }
    fn packed(values: &[u64]) -> Vec<u8> {
        let mut bytes = Vec::new();
        values.iter().for_each(|&value| varint(value, &mut bytes));
        bytes
    }
    fn number(field: u8, value: u64) -> Vec<u8> {
        let mut bytes = vec![field << 3];
        varint(value, &mut bytes);
        bytes
    }
    fn zigzag(value: i64) -> u64 {
        ((value << 1) ^ (value >> 63)) as u64
    }
    fn signed(values: &[i64]) -> Vec<u8> {
        packed(&values.iter().map(|&value| zigzag(value)).collect::<Vec<_>>())
    }
    fn frame(kind: &str, block: &[u8]) -> Vec<u8> {
        let blob = field(1, block);
        let header = [field(1, kind.as_bytes()), number(3, blob.len() as u64)].concat();
        let length = u32::try_from(header.len()).unwrap().to_be_bytes();
        [&length[..], &header, &blob].concat()
    }
    let strings =
        ["", "highway", "primary", "type", "restriction", "no_u_turn", "from", "via", "to"];
    let table: Vec<u8> = strings.iter().flat_map(|s| field(1, s.as_bytes())).collect();
    let dense = [
        field(1, &signed(&[1, 1, 1])),
        field(8, &signed(&[500_000_000, 10_000, 10_000])),
        field(9, &signed(&[70_000_000, 20_000, -10_000])),
    ]
    .concat();
    let way = |id: u64, refs: &[i64]| {
        [number(1, id), field(2, &packed(&[1])), field(3, &packed(&[2])), field(8, &signed(refs))]
            .concat()
    };
    let relation = [
        number(1, 9),
        field(2, &packed(&[3, 4])),
        field(3, &packed(&[4, 5])),
        field(8, &packed(&[6, 7, 8])),
        field(9, &signed(&[1, 1, -1])),
        field(10, &packed(&[1, 0, 1])),
    ]
    .concat();
    let group = [
        field(2, &dense),
        field(3, &way(1, &[1, 1])),
        field(3, &way(2, &[2, 1])),
        field(4, &relation),
    ]
    .concat();
    let header = [field(4, b"OsmSchema-V0.6"), field(4, b"DenseNodes")].concat();
    let block = [field(1, &table), field(2, &group)].concat();
    [frame("OSMHeader", &header), frame("OSMData", &block)].concat()
}

#[test]
fn a_region_file_comes_back_as_it_was() {
    let region = import(ISLAND_PBF).unwrap().named("Ellan Vannin");
    let bytes = region.encode();
    let again = Region::decode(&bytes).unwrap();
    assert_eq!(again.name(), "Ellan Vannin");
    assert_eq!(again.fingerprint(), region.fingerprint());
    assert_eq!((again.places(), again.attractors()), (region.places(), region.attractors()));
    assert!(again.arcs().eq(region.arcs()));
    assert!(again.roads().eq(region.roads()));
    assert!(again.encode() == bytes);
    assert_ne!(import(&raw_map()).unwrap().fingerprint(), region.fingerprint());
}

/// `docs/formats.md` describes this layout. Whoever changes it changes the document and the number of the format.
#[test]
fn format_4_is_what_the_document_says() {
    let bytes = import(&raw_map()).unwrap().encode();
    let number = |at: usize| u32::from_le_bytes(*bytes[at..].first_chunk().unwrap());
    assert_eq!((&bytes[..8], number(8), number(12)), (&b"SHARXIRG"[..], 4, 6));
    let tags: Vec<&[u8]> = (0..6).map(|section| &bytes[16 + 20 * section..][..4]).collect();
    assert_eq!(tags, [b"META", b"ROAD", b"WAYS", b"GRPH", b"PLAC", b"ATTR"]);
    let length = |section: usize| number(20 + 20 * section) as usize;
    assert_eq!(144 + (0..6).map(length).sum::<usize>(), bytes.len());
    // No name, profile "car", nothing left out; no places, no attractors.
    assert_eq!(&bytes[144..][..length(0)], b"\0\x03car\0");
    assert_eq!(&bytes[bytes.len() - 2..], [0, 0]);
    let section = |nth: usize| &bytes[144 + (0..nth).map(length).sum::<usize>()..][..length(nth)];
    assert_eq!(hex(section(1)), ROADS);
    assert_eq!(hex(section(2)), WAYS);
    assert_eq!(hex(section(3)), GRAPH);
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

const ROADS: &str = "00020202048094ebdc03a09c0100a09c010480f6e042c0b802009f9c010400e08d16df8d16b091100400a09c019f9c01887204a09c019f9c018872877202040402010102000002ffffffff0fffffffff0f00";
const WAYS: &str = "020101020000020202020101";
const GRAPH: &str = "04c0cceddc039f9c01009f9c0104a092e242a09c0100bfb802050002020002050403000603050302020100040003010102030202000300020100a09c0100";

#[test]
fn a_truncated_or_longer_region_file_is_refused() {
    let bytes = import(&raw_map()).unwrap().encode();
    assert!(Region::decode(&bytes).is_ok());
    for len in 0..bytes.len() {
        assert!(Region::decode(&bytes[..len]).is_err(), "{len}");
    }
    let longer = [&bytes[..], &[0]].concat();
    let found = longer.len() as u64;
    let error = Region::decode(&longer).err();
    assert_eq!(error, Some(RegionError::Length { expected: found - 1, found }));
    assert_eq!(Region::decode(ISLAND_PBF).err(), Some(RegionError::Foreign));
    for other in [3, 5] {
        let mut bytes = bytes.clone();
        bytes[8] = other;
        let error = Region::decode(&bytes).err().unwrap();
        assert_eq!(error, RegionError::Version { found: other.into() });
        assert!(
            error.to_string().ends_with("build it again from the map with `sharxi region build`")
        );
    }
}

#[test]
fn every_flipped_bit_of_a_region_file_is_found() {
    let bytes = import(&raw_map()).unwrap().encode();
    for at in 0..bytes.len() {
        for bit in 0..8 {
            let mut damaged = bytes.clone();
            damaged[at] ^= 1 << bit;
            assert!(Region::decode(&damaged).is_err(), "byte {at} bit {bit}");
        }
    }
}

/// Someone who repairs the checksums gets an error or a region that answers, not a panic.
#[test]
fn a_forged_region_file_never_panics() {
    use std::hash::Hasher;
    let checksum = |bytes: &[u8]| {
        let mut hasher = siphasher::sip::SipHasher13::new();
        hasher.write(bytes);
        hasher.finish().to_le_bytes()
    };
    let bytes = import(&raw_map()).unwrap().encode();
    for at in 144..bytes.len() {
        for change in [1, 2, 16, 127, 128, 255] {
            let mut forged = bytes.clone();
            forged[at] ^= change;
            let mut start = 144;
            for section in 0..6 {
                let entry = 16 + 20 * section;
                let length = u64::from_le_bytes(*forged[entry + 4..].first_chunk().unwrap());
                let end = start + usize::try_from(length).unwrap();
                let sum = checksum(&forged[start..end]);
                forged[entry + 12..entry + 20].copy_from_slice(&sum);
                start = end;
            }
            let sum = checksum(&forged[..136]);
            forged[136..144].copy_from_slice(&sum);
            if let Ok(region) = Region::decode(&forged) {
                exercise(&region);
            }
        }
    }
}

fn exercise(region: &Region) {
    let places: Vec<Location> = region
        .roads()
        .flat_map(|road| {
            [0, 1_000, u32::MAX].map(|along_mm| Location::Along { road: road.id, along_mm })
        })
        .chain(region.arcs().map(|arc| Location::Node(arc.head)))
        .collect();
    for &from in &places {
        for &to in &places {
            let path = region.path(from, to);
            assert_eq!(
                path.as_ref().map(|path| path.duration),
                Some(region.time(from, to)).filter(|t| !t.is_infinite())
            );
            if let Some(path) = path {
                let _ = (region.path_geometry(&path), region.legs(&path));
            }
        }
        assert!(region.snap(region.point(from), 1e9).is_some());
    }
}
