//! What one decision takes on the island: the exact best insertion over a fleet that is busy.
//!
//! The fleet is loaded with one request a vehicle, none of which has been driven yet, so that every schedule has visits.

#![allow(
    missing_docs,
    clippy::unwrap_used,
    clippy::expect_used,
    reason = "criterion's macros; a benchmark"
)]
#![allow(clippy::allow_attributes, reason = "a benchmark")]

use std::hint::black_box;
use std::sync::Arc;

use criterion::{BenchmarkId, Criterion, criterion_group, criterion_main};
use sharxi_benches::{Picks, island};
use sharxi_engine::demand::request::{Name, Party, RideRequest, When};
use sharxi_engine::dispatcher::Dispatcher;
use sharxi_engine::dispatcher::command::Command;
use sharxi_engine::fleet::vehicle::VehicleSpec;
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
        party: Party::new(1, 0).unwrap(),
        when: When::Now,
        accept_at_once: true,
    }
}

fn busy_fleet(region: &Arc<Region>, vehicles: u32) -> Dispatcher {
    let oracle: Arc<dyn Oracle> = Arc::<Region>::clone(region);
    let policy = Policy { reposition: false, reoptimise: false, ..Policy::default() };
    let mut dispatcher = Dispatcher::new(oracle, policy, &[]);
    let mut picks = Picks::new(1, region);
    for id in 0..vehicles {
        let spec = VehicleSpec {
            name: Name::new(format!("v{id}")).unwrap(),
            kind: Name::new("minibus").unwrap(),
            seats: 8,
            wheelchairs: 0,
            start: picks.location(),
            shift_start: START,
            shift_end: START + Millis::from_secs(86_400),
        };
        dispatcher.apply(START, Command::StartShift(spec)).unwrap();
    }
    for id in 0..vehicles {
        let ride = request(format!("r{id}"), picks.location(), picks.location());
        dispatcher.apply(START, Command::RequestRide(ride)).unwrap();
    }
    dispatcher
}

fn one_insertion(criterion: &mut Criterion) {
    let region = Arc::new(island());
    let mut group = criterion.benchmark_group("one_insertion");
    for vehicles in [50, 200, 1_000] {
        let dispatcher = busy_fleet(&region, vehicles);
        let mut picks = Picks::new(2, &region);
        let rides: Vec<RideRequest> = (0..512)
            .map(|id| request(format!("q{id}"), picks.location(), picks.location()))
            .collect();
        let mut next = 0;
        group.bench_function(BenchmarkId::from_parameter(vehicles), |bencher| {
            bencher.iter(|| {
                next = (next + 1) % rides.len();
                black_box(dispatcher.quote(&rides[next], START))
            });
        });
    }
    group.finish();
}

criterion_group!(benches, one_insertion);
criterion_main!(benches);
