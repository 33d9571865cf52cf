//! Tuning on the bundled island: two hours, small fleets.

use std::fs;
use std::path::Path;

use super::days::{Days, Rule};
use super::order::{ALONE, AS_IS, Order, Tuned, tune};
use crate::study::Land;
use crate::sweep::inputs::Base;

fn base(folder: &Path) -> (Base, Land) {
    let data = Path::new(env!("CARGO_MANIFEST_DIR")).join("../data");
    let region = data.join("regions/isle-of-man.osm.pbf");
    let text = format!(
        "region = {region:?}\ndemand = {:?}\nrequests_per_day = 600\nstart = \"2026-11-24T07:00:00+00:00\"\n\
         end = \"2026-11-24T08:00:00+00:00\"\nfleet.taxi = 1\n",
        data.join("demand/isle-of-man.toml")
    );
    let path = folder.join("scenario.toml");
    fs::write(&path, text).unwrap();
    let land = Land::load(&region, &|_, _| {}).unwrap();
    (Base { path: Some(path), ..Base::default() }, land)
}

fn order() -> Order {
    Order {
        served: 0.95,
        minibus_percents: vec![0, 100],
        seeds: vec![1, 2],
        fresh_seeds: vec![3, 4, 5],
        guess: 12,
        vehicles_max: 60,
        confidence: 0.95,
        n_threads: 2,
    }
}

fn text(tuned: &Tuned) -> String {
    serde_json::to_string(tuned).unwrap()
}

#[test]
fn the_smallest_fleet_is_good_on_every_day_and_one_vehicle_less_is_not() {
    let folder = tempfile::tempdir().unwrap();
    let (base, land) = base(folder.path());
    let order = order();
    let tuned = tune(&base, &land, &order, AS_IS, &|_| {}).unwrap();
    let best = tuned.best.clone().unwrap();
    let vehicles = best.vehicles.unwrap();
    assert!((5..60).contains(&vehicles), "{vehicles}");
    assert_eq!(usize::try_from(vehicles).unwrap(), tuned.fleet.len());
    assert_eq!(tuned.audit_breaches, 0);
    let probe = |n: u32| {
        let is_it = |probe: &&super::order::Probe| {
            probe.minibus_percent == best.minibus_percent && probe.vehicles == n
        };
        tuned.probes.iter().find(is_it).unwrap()
    };
    assert!(probe(vehicles).good && !probe(vehicles - 1).good);
    // Played to their ends, the days say the same: cutting short changes no verdict.
    let days = Days::prepare(&base, &order.seeds, &land).unwrap();
    for n in [vehicles - 1, vehicles] {
        let counts =
            [(if best.minibus_percent == 0 { "taxi" } else { "minibus" }.to_owned(), n)].into();
        let fleet = days.fleet(&counts, &days.stations()).unwrap();
        let rule = Rule { served: order.served, cut_short: false, n_threads: 1 };
        let whole = days.play(&fleet, &AS_IS.change, rule).unwrap();
        let good = whole.iter().all(|day| day.is_good(order.served));
        assert_eq!(good, n == vehicles, "{whole:?}");
    }
    let fresh = tuned.fresh.as_ref().unwrap();
    assert_eq!(fresh.days.len(), 3);
    assert!(fresh.days.iter().all(|day| !day.cut_short && day.audit_breaches == Some(0)));
    assert!(fresh.good_days_at_least <= f64::from(fresh.n_good) / 3.0);
    let on_one = tune(&base, &land, &Order { n_threads: 1, ..order }, AS_IS, &|_| {}).unwrap();
    assert_eq!(text(&tuned), text(&on_one));
}

#[test]
fn without_sharing_more_vehicles_are_needed_and_too_few_are_said_to_be_too_few() {
    let folder = tempfile::tempdir().unwrap();
    let (base, land) = base(folder.path());
    let order =
        Order { minibus_percents: vec![0], fresh_seeds: Vec::new(), seeds: vec![1], ..order() };
    let vehicles = |variant, order: &Order| {
        let tuned = tune(&base, &land, order, variant, &|_| {}).unwrap();
        assert_eq!((tuned.audit_breaches, tuned.fresh.is_none()), (0, true));
        tuned.best.and_then(|best| best.vehicles)
    };
    let (shared, unshared) = (vehicles(AS_IS, &order).unwrap(), vehicles(ALONE, &order).unwrap());
    assert!(shared < unshared, "{shared} {unshared}");
    let few = Order { vehicles_max: 2, ..order };
    assert_eq!(vehicles(AS_IS, &few), None);
}
