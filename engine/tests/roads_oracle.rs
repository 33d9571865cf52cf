//! The oracle contract, on the bundled island and on random maps: exact, matrix equals single query, paths add up,
//! restrictions hold, and nothing depends on the number of threads.
#![expect(
    clippy::unwrap_used,
    clippy::cast_possible_truncation,
    clippy::cast_possible_wrap,
    reason = "helpers of tests: small numbers, and a failure is a failed test"
)]

mod roads_common;

use std::sync::LazyLock;

use sharxi_engine::geo::LatLon;
use sharxi_engine::ids::{NodeId, RoadId};
use sharxi_engine::import::map::{MapData, MapNode, MapWay};
use sharxi_engine::import::{Profile, import_map, import_pbf};
use sharxi_engine::oracle::{Location, Oracle, Path};
use sharxi_engine::region::Region;
use sharxi_engine::units::Millis;

const ISLAND_PBF: &[u8] = include_bytes!("../../data/regions/isle-of-man.osm.pbf");

static ISLAND: LazyLock<Region> =
    LazyLock::new(|| import_pbf(ISLAND_PBF, &Profile::default(), &|_, _| {}).unwrap().0);

/// SplitMix64; the seed is part of every failure message.
struct Random(u64);

impl Random {
    fn below(&mut self, n: usize) -> usize {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let z = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        usize::try_from((z ^ (z >> 31)) % n as u64).unwrap()
    }

    fn node(&mut self, region: &Region) -> Location {
        Location::Node(NodeId::new(self.below(region.n_nodes()) as u32))
    }

    /// Anywhere: mostly along roads, at their very ends too, sometimes on nodes.
    fn location(&mut self, region: &Region) -> Location {
        if self.below(8) == 0 {
            return self.node(region);
        }
        let road = RoadId::new(self.below(region.roads().len()) as u32);
        let length = region.arcs().find(|arc| arc.road == road).unwrap().length.get() as usize;
        let along_mm = match self.below(6) {
            0 => 0,
            1 => length,
            _ => self.below(length + 1),
        };
        Location::Along { road, along_mm: along_mm as u32 }
    }
}

/// A grid town with holes, one-way streets and uneven lengths.
fn random_town(seed: u64) -> Region {
    random_town_for(&Profile::default(), seed)
}

fn random_town_for(profile: &Profile, seed: u64) -> Region {
    let mut random = Random(seed);
    let (width, height) = (3 + random.below(9), 3 + random.below(9));
    let id = |x: usize, y: usize| (y * width + x) as i64;
    let mut nodes = Vec::new();
    for y in 0..height {
        for x in 0..width {
            let lat = (y * 1000 + random.below(700)) as f64 * 1e-6;
            let lon = (x * 1000 + random.below(700)) as f64 * 1e-6;
            let point = LatLon::from_degrees(lat, lon).unwrap();
            nodes.push(MapNode { id: id(x, y), point, tags: [].into_iter().collect() });
        }
    }
    let mut ways = Vec::new();
    for y in 0..height {
        for x in 0..width {
            for (nx, ny) in [(x + 1, y), (x, y + 1)] {
                if nx < width && ny < height && random.below(5) > 0 {
                    let oneway = ["no", "no", "yes", "-1"][random.below(4)];
                    let class = ["residential", "primary"][random.below(2)];
                    let tags = [("highway", class), ("oneway", oneway)].into_iter().collect();
                    let refs = vec![id(x, y), id(nx, ny)];
                    ways.push(MapWay { id: ways.len() as i64, refs, tags });
                }
            }
        }
    }
    import_map(&MapData::new(nodes, ways, Vec::new()), profile).unwrap().0
}

fn check_nodes(region: &Region, source: NodeId) {
    let truth = region.reference_times_from(source);
    let backward = region.reference_times_to(source);
    for (idx, (&from_source, &to_source)) in truth.iter().zip(&backward).enumerate() {
        let other = Location::Node(NodeId::new(idx as u32));
        assert_eq!(region.time(Location::Node(source), other), from_source);
        assert_eq!(region.time(other, Location::Node(source)), to_source);
    }
}

#[test]
fn every_answer_equals_dijkstra_in_random_towns() {
    for seed in 0..60 {
        let region = random_town(seed);
        for node in 0..region.n_nodes() {
            check_nodes(&region, NodeId::new(node as u32));
        }
    }
}

#[test]
fn answers_equal_dijkstra_on_the_island() {
    let mut random = Random(1);
    for _ in 0..20 {
        check_nodes(&ISLAND, NodeId::new(random.below(ISLAND.n_nodes()) as u32));
    }
}

/// Everything that a path promises; gives back its duration.
fn check_path(region: &Region, path: &Path) {
    let arcs: Vec<_> = region.arcs().collect();
    for pair in path.waypoints.windows(2) {
        let first = arcs.partition_point(|arc| (arc.tail, arc.head) < (pair[0].node, pair[1].node));
        let arc = arcs[first];
        assert_eq!((arc.tail, arc.head), (pair[0].node, pair[1].node));
        assert_eq!(pair[0].elapsed + arc.time, pair[1].elapsed);
        assert_eq!(pair[0].driven + arc.length, pair[1].driven);
    }
    for [tail, head] in [path.first_arc, path.last_arc] {
        let is_arc = arcs.iter().any(|arc| (arc.tail, arc.head) == (tail, head));
        assert!(tail == head || is_arc);
    }
    if let (Some(first), Some(last)) = (path.waypoints.first(), path.waypoints.last()) {
        assert_eq!((path.first_arc[1], path.last_arc[0]), (first.node, last.node));
    }
    let shape = region.path_geometry(path);
    assert_eq!(shape.first().unwrap(), &(region.point(path.from), Millis::ZERO));
    assert_eq!(shape.last().unwrap(), &(region.point(path.to), path.duration));
    assert!(shape.is_sorted_by_key(|&(_, elapsed)| elapsed));
    let legs = region.legs(path);
    assert_eq!(legs.iter().map(|leg| leg.distance.get()).sum::<u64>(), path.distance.get());
    let drawn: f64 = shape.windows(2).map(|pair| pair[0].0.distance_m(pair[1].0)).sum();
    let driven = path.distance.as_meters_f64();
    assert!((drawn - driven).abs() < 1.0 + driven * 1e-3, "{drawn} drawn, {driven} driven");
}

#[test]
fn paths_add_up_and_matrices_equal_single_queries() {
    let mut random = Random(2);
    for region in [&*ISLAND, &random_town(1001), &random_town(1002)] {
        let from: Vec<_> = (0..30).map(|_| random.location(region)).collect();
        let to: Vec<_> = (0..40).map(|_| random.location(region)).collect();
        let mut cells = vec![Millis::ZERO; from.len() * to.len()];
        region.times(&from, &to, &mut cells);
        let mut column = vec![Millis::ZERO; from.len()];
        region.times_to(&from, to[0], &mut column);
        for (s, &source) in from.iter().enumerate() {
            assert_eq!(column[s], cells[s * to.len()]);
            for (t, &target) in to.iter().enumerate() {
                let time = region.time(source, target);
                assert_eq!(cells[s * to.len() + t], time, "{source:?} {target:?}");
                let path = region.path(source, target).unwrap();
                assert_eq!(path.duration, time, "{source:?} {target:?}");
                if (s + t) % 8 == 0 {
                    check_path(region, &path);
                }
            }
        }
    }
}

#[test]
fn large_matrices_are_the_same_on_any_number_of_threads() {
    let mut random = Random(3);
    let from: Vec<_> = (0..150).map(|_| random.location(&ISLAND)).collect();
    let in_pool = |threads: usize| {
        let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
        let mut cells = vec![Millis::ZERO; from.len() * from.len()];
        pool.install(|| ISLAND.times(&from, &from, &mut cells));
        cells
    };
    assert_eq!(in_pool(1), in_pool(3));
    let import_in = |threads: usize| {
        let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
        pool.install(|| import_pbf(ISLAND_PBF, &Profile::default(), &|_, _| {}).unwrap().0.encode())
    };
    assert!(import_in(1) == import_in(3));
}

/// Without turns that are forbidden or take time a stop never pays: the triangle inequality holds for all places.
#[test]
fn a_stop_never_saves_time() {
    let profile = Profile::parse("[turns]\nmax_s = 0").unwrap();
    for seed in 100..110 {
        let region = random_town_for(&profile, seed);
        let mut random = Random(seed);
        let places: Vec<_> = (0..20).map(|_| random.location(&region)).collect();
        for &a in &places {
            for &b in &places {
                for &c in &places {
                    let over = region.time(a, b) + region.time(b, c);
                    assert!(region.time(a, c) <= over, "seed {seed}: {a:?} {b:?} {c:?}");
                }
            }
        }
    }
}

/// With them it holds between nodes, which remember what they were reached by.
#[test]
fn between_nodes_the_triangle_inequality_holds_under_restrictions() {
    let mut random = Random(4);
    // A stop where trips may not pass through begins another trip.
    let is_alone = |place: &Location| match *place {
        Location::Node(node) => ISLAND.end_nodes(node).count() == 1,
        Location::Along { .. } => false,
    };
    for _ in 0..5_000 {
        let [a, b, c] = [(); 3].map(|()| random.node(&ISLAND));
        if !is_alone(&b) {
            continue;
        }
        assert!(ISLAND.time(a, c) <= ISLAND.time(a, b) + ISLAND.time(b, c));
    }
}

#[test]
fn snapping_finds_the_nearest_road() {
    let mut random = Random(5);
    let (south_west, north_east) = ISLAND.bounds();
    let roads: Vec<_> = ISLAND.roads().collect();
    for _ in 0..40 {
        let share = |random: &mut Random| random.below(1000) as f64 / 1000.0;
        let lat = south_west.lat() + (north_east.lat() - south_west.lat()) * share(&mut random);
        let lon = south_west.lon() + (north_east.lon() - south_west.lon()) * share(&mut random);
        let point = LatLon::from_degrees(lat, lon).unwrap();
        let snap = ISLAND.snap(point, 1e6).unwrap();
        assert_eq!(ISLAND.point(snap.location), snap.point);
        assert!((point.distance_m(snap.point) - snap.distance_m).abs() < 0.05);
        let vertices = roads.iter().flat_map(|road| road.geometry);
        let nearest = vertices.map(|v| v.distance_m(point)).fold(f64::INFINITY, f64::min);
        assert!(snap.distance_m <= nearest + 0.02, "{} {nearest}", snap.distance_m);
        assert_eq!(ISLAND.snap(point, snap.distance_m - 1.0), None);
        let again = ISLAND.snap(snap.point, 1.0).unwrap();
        assert!(again.distance_m < 0.05);
    }
}

#[test]
fn an_equal_place_is_no_drive_away_and_a_foreign_one_is_never_reached() {
    let mut random = Random(6);
    for _ in 0..200 {
        let here = random.location(&ISLAND);
        assert_eq!(ISLAND.time(here, here), Millis::ZERO);
        let path = ISLAND.path(here, here).unwrap();
        assert_eq!((path.duration, path.distance.get()), (Millis::ZERO, 0));
    }
    let foreign = [
        Location::Node(NodeId::new(u32::MAX)),
        Location::Along { road: RoadId::new(u32::MAX), along_mm: 0 },
    ];
    let here = random.location(&ISLAND);
    for place in foreign {
        assert_eq!(ISLAND.time(here, place), Millis::INFINITE);
        assert_eq!(ISLAND.time(place, here), Millis::INFINITE);
        assert_eq!(ISLAND.time(place, place), Millis::INFINITE);
        assert_eq!(ISLAND.path(here, place), None);
        let _ = (ISLAND.arc_at(place), ISLAND.point(place));
    }
}

#[test]
fn the_island_is_what_it_should_be() {
    let profile = Profile::parse(roads_common::PLAIN_CAR).unwrap();
    let (region, report) = import_pbf(ISLAND_PBF, &profile, &|_, _| {}).unwrap();
    assert!(report.drives_left);
    let within = |found: usize, expected: f64| (found as f64 / expected - 1.0).abs() < 0.05;
    assert!(within(report.junction_nodes, 8131.0), "{report:?}");
    assert!(within(report.junction_arcs, 18149.0), "{report:?}");
    assert_eq!((report.restrictions, report.restrictions_used), (24, 24));
    assert!(region.attribution().contains("OpenStreetMap"));
    assert_eq!(report.roads, region.roads().len());
    let named = |kind: &str| region.places().iter().filter(|p| p.kind.as_str() == kind).count();
    assert_eq!((named("hamlet"), named("village"), named("town")), (56, 24, 4));
    let stops = region.attractors().iter().filter(|a| a.kind.as_str() == "bus_stop").count();
    assert_eq!(stops, 225);
}
