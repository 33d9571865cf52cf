//! What one decision takes: the exact best insertion over a fleet that is busy, a step that makes its plans better, and the
//! review of a fleet that is idle.
//!
//! On the bundled island, and on the Vulkaneifel if the folder `shared/data/osm` is beside the repository. The busy fleet is
//! loaded with one request a vehicle, at most 1,000, none of which has been driven yet. A review looks at every idle vehicle and
//! sends it to where it is worth most.

#![allow(
    missing_docs,
    clippy::unwrap_used,
    clippy::expect_used,
    reason = "criterion's macros; a benchmark"
)]
#![allow(clippy::allow_attributes, reason = "a benchmark")]

use std::hint::black_box;
use std::sync::Arc;

use criterion::{BatchSize, BenchmarkId, Criterion, criterion_group, criterion_main};
use sharxi_benches::{Picks, island};
use sharxi_engine::demand::request::{Name, Party, RideRequest, When};
use sharxi_engine::dispatcher::Dispatcher;
use sharxi_engine::dispatcher::Spot;
use sharxi_engine::dispatcher::command::Command;
use sharxi_engine::fleet::vehicle::{Fittings, VehicleSpec};
use sharxi_engine::import::{Profile, import_pbf};
use sharxi_engine::oracle::{Location, Oracle};
use sharxi_engine::planning::policy::Policy;
use sharxi_engine::region::Region;
use sharxi_engine::units::{EngineTime, Millis};

const START: EngineTime = EngineTime::from_unix_ms(1_764_000_000_000);

fn request(name: String, from: Location, to: Location) -> RideRequest {
    RideRequest {
        name: Name::new(name).unwrap(),
        from,
        to,
        pickups: Vec::new(),
        dropoffs: Vec::new(),
        party: Party::new(1, 0).unwrap(),
        when: When::Now,
        accept_at_once: true,
    }
}

/// The Vulkaneifel, for developers; without it only the island is measured.
const VULKANEIFEL: &str =
    concat!(env!("CARGO_MANIFEST_DIR"), "/../../shared/data/osm/vulkaneifel-matsim-2021.osm.pbf");
const FLEETS: [u32; 4] = [50, 200, 1_000, 10_000];
/// Vehicles that have a rider.
const BUSY_MAX: u32 = 1_000;

fn regions() -> Vec<(&'static str, Arc<Region>)> {
    let mut regions = vec![("island", Arc::new(island()))];
    if let Ok(bytes) = std::fs::read(VULKANEIFEL) {
        let (region, _) = import_pbf(&bytes, &Profile::default(), &|_, _| {}).unwrap();
        regions.push(("vulkaneifel", Arc::new(region)));
    }
    regions
}

/// Vehicles at random places.
fn fleet(region: &Arc<Region>, policy: Policy, spots: &[Spot], vehicles: u32) -> Dispatcher {
    let oracle: Arc<dyn Oracle> = Arc::<Region>::clone(region);
    let mut dispatcher = Dispatcher::new(oracle, policy, spots);
    let mut picks = Picks::new(1, region);
    for id in 0..vehicles {
        let spec = VehicleSpec {
            name: Name::new(format!("v{id}")).unwrap(),
            kind: Name::new("minibus").unwrap(),
            seats: 8,
            wheelchairs: 0,
            fittings: Fittings::default(),
            start: picks.location(),
            shift_start: START,
            shift_end: START + Millis::from_secs(86_400),
        };
        dispatcher.apply(START, Command::StartShift(spec)).unwrap();
    }
    dispatcher
}

fn busy_fleet(region: &Arc<Region>, vehicles: u32, reoptimise: bool) -> Dispatcher {
    let policy = Policy { reposition: false, reoptimise, ..Policy::default() };
    let mut dispatcher = fleet(region, policy, &[], vehicles);
    let mut picks = Picks::new(3, region);
    for id in 0..vehicles.min(BUSY_MAX) {
        let ride = request(format!("r{id}"), picks.location(), picks.location());
        dispatcher.apply(START, Command::RequestRide(ride)).unwrap();
    }
    dispatcher
}

/// The plans around a pickup are made better, with the default budget.
fn one_improvement(criterion: &mut Criterion) {
    for (name, region) in regions() {
        let mut group = criterion.benchmark_group(format!("one_improvement/{name}"));
        for vehicles in FLEETS.into_iter().filter(|&vehicles| vehicles <= 1_000) {
            let dispatcher = busy_fleet(&region, vehicles, true);
            let tests = dispatcher.policy().improvement_tests;
            let mut picks = Picks::new(2, &region);
            let places: Vec<Location> = (0..128).map(|_| picks.location()).collect();
            let mut next = 0;
            group.bench_function(BenchmarkId::from_parameter(vehicles), |bencher| {
                bencher.iter(|| {
                    next = (next + 1) % places.len();
                    black_box(dispatcher.improvement(places[next], tests))
                });
            });
        }
        group.finish();
    }
}

fn one_insertion(criterion: &mut Criterion) {
    for (name, region) in regions() {
        let mut group = criterion.benchmark_group(format!("one_insertion/{name}"));
        for vehicles in FLEETS {
            let dispatcher = busy_fleet(&region, vehicles, false);
            let mut picks = Picks::new(2, &region);
            let rides: Vec<RideRequest> = (0..512)
                .map(|id| request(format!("q{id}"), picks.location(), picks.location()))
                .collect();
            let mut next = 0;
            group.bench_function(BenchmarkId::from_parameter(vehicles), |bencher| {
                bencher.iter(|| {
                    next = (next + 1) % rides.len();
                    black_box(dispatcher.quote(&rides[next], START, false))
                });
            });
        }
        group.finish();
    }
}

/// The first review of a shift, at which all vehicles stand where they started.
fn one_review(criterion: &mut Criterion) {
    for (name, region) in regions() {
        let mut group = criterion.benchmark_group(format!("one_review/{name}"));
        group.sample_size(10);
        let mut picks = Picks::new(4, &region);
        let spots: Vec<Spot> =
            (1..=64).map(|weight| Spot { location: picks.location(), weight }).collect();
        // A review is quadratic in the vehicles: 10,000 would take minutes.
        for vehicles in FLEETS.into_iter().filter(|&vehicles| vehicles <= 1_000) {
            let start = || {
                let dispatcher = fleet(&region, Policy::default(), &spots, vehicles);
                let review = dispatcher.next_wakeup().unwrap();
                (dispatcher, review)
            };
            group.bench_function(BenchmarkId::from_parameter(vehicles), |bencher| {
                bencher.iter_batched(
                    start,
                    |(mut dispatcher, review)| {
                        let events = dispatcher.apply(review, Command::Tick).unwrap();
                        black_box((dispatcher, events))
                    },
                    BatchSize::LargeInput,
                );
            });
        }
        group.finish();
    }
}

criterion_group!(benches, one_insertion, one_improvement, one_review);
criterion_main!(benches);
