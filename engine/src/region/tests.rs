//! Queries without labels give the same answers as with them.

use super::*;
use crate::import::{Profile, import_pbf};
use crate::oracle::{Location, Oracle};

const ISLAND_PBF: &[u8] = include_bytes!("../../../data/regions/isle-of-man.osm.pbf");

fn island() -> Region {
    import_pbf(ISLAND_PBF, &Profile::default(), &|_, _| {}).unwrap().0
}

#[test]
fn answers_are_the_same_without_labels() {
    let (with, without) = (island(), island().with_label_limit(0));
    assert!(with.has_labels() && !without.has_labels());
    assert!(without.index_bytes() < with.index_bytes());
    let (n, n_roads) = (with.n_nodes() as u64, with.roads().len() as u64);
    let mut state = 7_u64;
    let mut below = |n: u64| {
        state =
            state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        u32::try_from((state >> 33) % n).unwrap()
    };
    let mut places = Vec::new();
    for _ in 0..2_000 {
        places.push(Location::Node(NodeId::new(below(n))));
        let road = RoadId::new(below(n_roads));
        places.push(Location::Along { road, along_mm: below(100_000) });
    }
    for pair in places.windows(2).chain(places.chunks(2).map(|pair| pair)) {
        let (from, to) = (pair[0], pair[1]);
        assert_eq!(with.time(from, to), without.time(from, to));
        assert_eq!(with.path(from, to), without.path(from, to));
    }
    // Between nodes alone, and between all kinds of places.
    let nodes: Vec<Location> = places.iter().copied().step_by(2).collect();
    for places in [&nodes[..150], &places[..150]] {
        let mut tables = [&with, &without].map(|region| {
            let mut cells = vec![Millis::ZERO; places.len() * places.len()];
            region.times(places, places, &mut cells);
            cells
        });
        assert!(tables[0] == tables[1]);
        for (cell, idx) in tables[0].iter_mut().zip(0..) {
            let (from, to) = (places[idx / places.len()], places[idx % places.len()]);
            assert_eq!(*cell, with.time(from, to));
        }
    }
}

#[test]
fn labels_are_kept_up_to_their_limit() {
    let mut region = island();
    let bytes = region.label_bytes_needed();
    for (limit, kept) in [(bytes - 1, false), (bytes, true), (bytes + 1, true), (0, false)] {
        region = region.with_label_limit(limit);
        assert_eq!(region.has_labels(), kept, "{limit}");
        let slower = TrafficChange {
            scope: Scope::All,
            directions: Directions::Both,
            effect: Effect::TimePercent(200),
        };
        assert_eq!(region.with_traffic(&[slower]).unwrap().has_labels(), kept, "{limit}");
    }
}

/// Ten times an hour and more: far beyond what labels hold.
#[test]
fn times_that_do_not_fit_labels_are_exact_all_the_same() {
    let slower = TrafficChange {
        scope: Scope::All,
        directions: Directions::Both,
        effect: Effect::TimePercent(2_000),
    };
    let closed = TrafficChange {
        scope: Scope::Class(RoadClass::Primary),
        directions: Directions::Forward,
        effect: Effect::Closed,
    };
    for changes in [vec![slower.clone()], vec![slower, closed]] {
        let region = island().with_traffic(&changes).unwrap();
        assert!(region.has_labels());
        let nodes: Vec<Location> = (0..region.n_nodes())
            .step_by(37)
            .map(|n| Location::Node(NodeId::new(row(n))))
            .collect();
        let from = &nodes[..20.min(nodes.len())];
        let mut cells = vec![Millis::ZERO; from.len() * nodes.len()];
        region.times(from, &nodes, &mut cells);
        let mut n_far = 0;
        for (source, cells) in (0..).step_by(37).zip(cells.chunks(nodes.len())) {
            let truth = region.reference_times_from(NodeId::new(source));
            for (&cell, &to) in cells.iter().zip(&nodes) {
                let Location::Node(node) = to else { continue };
                assert_eq!(cell, truth[node.idx()]);
                assert_eq!(region.time(Location::Node(NodeId::new(source)), to), cell);
                n_far += usize::from(cell > Millis::new(6_553_500) && !cell.is_infinite());
            }
        }
        assert!(n_far > 100, "{n_far}");
        let path = region.path(nodes[0], nodes[nodes.len() - 1]);
        let time = region.time(nodes[0], nodes[nodes.len() - 1]);
        assert_eq!(path.map_or(Millis::INFINITE, |path| path.duration), time);
    }
}
