//! Sweeps on the bundled island: resumed, repeated, on one thread and two.

use std::cell::Cell;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicUsize, Ordering};

use super::grid::{self, Axis};
use super::inputs::{Base, Library};
use super::results;
use super::runner::{self, Effort, Job, Manifest, SweepError};

fn base(folder: &Path) -> Base {
    let data = Path::new(env!("CARGO_MANIFEST_DIR")).join("../data");
    let text = format!(
        "region = {:?}\ndemand = {:?}\nrequests_per_day = 1500\nstart = \"2026-11-24T06:00:00+00:00\"\n\
         end = \"2026-11-24T07:00:00+00:00\"\nfleet.taxi = 8\n",
        data.join("regions/isle-of-man.osm.pbf"),
        data.join("demand/isle-of-man.toml")
    );
    let path = folder.join("scenario.toml");
    fs::write(&path, text).unwrap();
    Base { path: Some(path), ..Base::default() }
}

fn jobs(base: &Base, library: &mut Library) -> Vec<Job> {
    let axes = [Axis::parse("fleet.taxi=4,12").unwrap()];
    runner::jobs(base, &grid::product(&axes).unwrap(), &[1, 2], library).unwrap()
}

fn tables(folder: &Path, manifests: &[Manifest]) -> Vec<Vec<u8>> {
    results::write(folder, "runs", &results::runs(manifests)).unwrap();
    results::write(folder, "summary", &results::summary(manifests)).unwrap();
    let names = ["runs.csv", "runs.parquet", "summary.csv", "summary.parquet"];
    names.iter().map(|name| fs::read(folder.join(name)).unwrap()).collect()
}

#[test]
fn a_sweep_goes_on_where_it_stopped_and_gives_the_same_tables_on_any_number_of_threads() {
    let folder = tempfile::tempdir().unwrap();
    let base = base(folder.path());
    let mut library = Library::default();
    let jobs = jobs(&base, &mut library);
    let mut swept = |name: &str, jobs: &[Job], n_threads| {
        let effort = Effort { n_threads, audit: true, progress: &|| {}, is_stopped: &|| false };
        let out = folder.path().join(name);
        let swept = runner::sweep(jobs, &mut library, &out, effort).unwrap();
        (tables(&out, &swept.manifests), swept)
    };
    let (whole, on_two) = swept("two", &jobs, 2);
    assert_eq!(on_two.n_reused, 0);
    assert!(on_two.manifests.iter().all(|manifest| manifest.audit_breaches == Some(0)));
    // The same days for every fleet, and more vehicles serve more of them.
    let figure = |idx: usize, name: &str| on_two.manifests[idx].kpi[name].as_u64().unwrap();
    assert_eq!(
        (figure(0, "requests"), figure(1, "requests")),
        (figure(2, "requests"), figure(3, "requests"))
    );
    assert!(figure(0, "promised") < figure(2, "promised"));
    // Stopped after one run, then with a torn file.
    let n_done = AtomicUsize::new(0);
    let progress = || {
        n_done.fetch_add(1, Ordering::Relaxed);
    };
    let is_stopped = || n_done.load(Ordering::Relaxed) == 1;
    let effort = Effort { n_threads: 1, audit: true, progress: &progress, is_stopped: &is_stopped };
    let stopped = runner::sweep(&jobs, &mut Library::default(), &folder.path().join("one"), effort);
    assert!(matches!(stopped, Err(SweepError::Stopped)));
    fs::write(folder.path().join(format!("one/runs/{}.json", jobs[3].run_id)), "{\"run\":")
        .unwrap();
    let (again, on_one) = swept("one", &jobs, 1);
    assert_eq!(on_one.n_reused, 1);
    assert!(again == whole, "the tables differ");
    assert_eq!(swept("one", &jobs, 2).1.n_reused, 4);
    let text = String::from_utf8(whole[0].clone()).unwrap();
    assert!(text.starts_with("run,seed,fleet.taxi,audit_breaches,"), "{text}");
    assert_eq!((text.lines().count(), String::from_utf8_lossy(&whole[2]).lines().count()), (5, 3));
}

#[test]
fn a_run_is_another_if_anything_that_it_depends_on_has_changed() {
    let folder = tempfile::tempdir().unwrap();
    let mut base = base(folder.path());
    let ids = |base: &Base| -> Vec<String> {
        jobs(base, &mut Library::default()).into_iter().map(|job| job.run_id).collect()
    };
    let before = ids(&base);
    assert_eq!(before, ids(&base));
    let path: PathBuf = base.path.clone().unwrap();
    let text = fs::read_to_string(&path).unwrap();
    fs::write(&path, text + "\n# another word\n").unwrap();
    let after = ids(&base);
    base.sets.push("policy.reposition=false".to_owned());
    let all: Vec<String> = [before, after, ids(&base)].concat();
    let mut different = all.clone();
    different.sort_unstable();
    different.dedup();
    assert_eq!(different.len(), 12, "{all:?}");
}

#[test]
fn a_run_that_fails_is_named_and_the_others_are_kept() {
    let folder = tempfile::tempdir().unwrap();
    let base = base(folder.path());
    let mut library = Library::default();
    let mut jobs = jobs(&base, &mut library);
    jobs.truncate(2);
    jobs[0].scenario.fleet = crate::scenario::file::Fleet::Counts([("tram".into(), 1)].into());
    let n_done = AtomicUsize::new(0);
    let progress = || {
        n_done.fetch_add(1, Ordering::Relaxed);
    };
    let effort = Effort { n_threads: 1, audit: false, progress: &progress, is_stopped: &|| false };
    let error = runner::sweep(&jobs, &mut library, folder.path(), effort).unwrap_err();
    assert!(error.to_string().contains("tram"), "{error}");
    assert_eq!(n_done.into_inner(), 2);
    let kept = Cell::new(0);
    for entry in fs::read_dir(folder.path().join("runs")).unwrap() {
        assert_eq!(entry.unwrap().path().extension().unwrap(), "json");
        kept.set(kept.get() + 1);
    }
    assert_eq!(kept.get(), 1);
    let varied = runner::jobs(&base, &[vec![("seed".into(), "3".into())]], &[1], &mut library);
    assert!(varied.unwrap_err().to_string().contains("--seeds"));
}
