//! Queries without labels give the same answers as with them.

use super::*;
use crate::import::{Profile, import_pbf};
use crate::oracle::{Location, Oracle};

const ISLAND_PBF: &[u8] = include_bytes!("../../../data/regions/isle-of-man.osm.pbf");

#[test]
fn answers_are_the_same_without_labels() {
    let (with, _) = import_pbf(ISLAND_PBF, &Profile::default(), &|_, _| {}).unwrap();
    let without = Region::with_label_limit(Contents::clone(&with.contents), 0).unwrap();
    assert!(with.has_labels() && !without.has_labels());
    let n = with.n_nodes() as u64;
    let mut state = 7_u64;
    let mut node = || {
        state =
            state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        Location::Node(NodeId::new(u32::try_from((state >> 33) % n).unwrap()))
    };
    for _ in 0..2_000 {
        let (from, to) = (node(), node());
        assert_eq!(with.time(from, to), without.time(from, to));
        assert_eq!(with.path(from, to), without.path(from, to));
    }
}

#[test]
fn labels_are_kept_up_to_their_limit() {
    let (region, _) = import_pbf(ISLAND_PBF, &Profile::default(), &|_, _| {}).unwrap();
    let bytes = region.hierarchy.label_bytes_needed();
    for (limit, kept) in [(bytes - 1, false), (bytes, true), (bytes + 1, true)] {
        let again = Region::with_label_limit(Contents::clone(&region.contents), limit).unwrap();
        assert_eq!(again.has_labels(), kept, "{limit}");
    }
}
