//! Benchmark files: small ones are solved and checked, damaged ones are errors, and the checker finds planted faults.

#![allow(clippy::unwrap_used, clippy::allow_attributes, reason = "a test")]

use sharxi_sim::solve::checker;
use sharxi_sim::solve::format::Format;
use sharxi_sim::solve::run::{Effort, solve};

const LILIM: &str = "3 10 1\n0 0 0 0 0 500 0 0 0\n1 3 4 5 0 100 10 0 2\n2 6 8 -5 0 200 10 1 0\n\
                     3 -3 4 7 0 300 10 0 4\n4 -6 8 -7 0 400 10 3 0\n";
const DARP: &str = "1 2 480 3 30\n0 0 0 0 0 0 480\n1 1 1 3 1 0 400\n2 5 5 3 1 0 400\n3 9 9 3 -1 0 400\n\
                    4 7 7 3 -1 0 400\n5 0 0 0 0 0 480\n";
const SARTORI: &str = "NAME: tiny\nSIZE: 3\nCAPACITY: 9\nNODES\n0 0 0 0 0 240 0 0 0\n1 0 0 4 0 100 5 0 2\n\
                       2 0 0 -4 0 200 5 1 0\nEDGES\n0 3 4\n3 0 5\n4 5 0\nEOF\n";
const SCENE: &str = r#"{"v":1,"req":[[1,2,1,0,900,2000,700]],"m":[[0,60,90],[60,0,300],[90,300,0]],"plan":[[1,2]]}"#;

const FILES: [(Format, &str); 4] = [
    (Format::Lilim, LILIM),
    (Format::Darp, DARP),
    (Format::Sartori, SARTORI),
    (Format::Scene, SCENE),
];

#[test]
fn small_files_are_solved() {
    let expected = [(1, 34.85), (1, 25.46), (1, 12.0), (1, 360.0)];
    for ((format, text), (vehicles, distance)) in FILES.into_iter().zip(expected) {
        let instance = format.read("tiny", text).unwrap();
        // A clock that moves with each look makes a budget of so many looks.
        let looks = std::sync::atomic::AtomicU32::new(0);
        let clock = || f64::from(looks.fetch_add(1, std::sync::atomic::Ordering::Relaxed));
        for threads in [1, 2] {
            let effort = Effort { seconds: 50.0, threads, seed: 1 };
            let solution = solve(&instance, effort, &clock, &|_| {}).unwrap();
            let verdict = checker::check(&instance, &solution.routes);
            assert!(verdict.is_good(), "{format:?}: {verdict:?}");
            assert_eq!(verdict.vehicles, vehicles, "{format:?}");
            assert!((verdict.distance - distance).abs() < 0.01, "{format:?}: {verdict:?}");
        }
    }
}

#[test]
fn damaged_files_are_errors() {
    for (format, text) in FILES {
        for end in 0..text.trim_end().len() {
            // What is cut off within the last number or line may still be a file.
            if let Ok(instance) = format.read("cut", &text[..end]) {
                assert!(!instance.rides.is_empty(), "{format:?} up to {end}");
            }
        }
        for (from, to) in [("1", "x"), ("0", "nan"), ("2", "-99")] {
            let damaged = text.replace(from, to);
            assert!(format.read("damaged", &damaged).is_err(), "{format:?}: {from} -> {to}");
        }
        assert!(format.read("empty", "").is_err());
    }
    let wrong = [
        ("1 3 4 5 0 100 10 0 2", "1 3 4 5 0 100 10 0 4", "does not name 1"),
        ("2 6 8 -5 0", "2 6 8 -6 0", "loads"),
        ("3 10 1", "3 0 1", "capacity"),
        ("3 10 1", "0 10 1", "no vehicle"),
        ("2 6 8", "7 6 8", "line 4"),
    ];
    for (from, to, why) in wrong {
        let error = Format::Lilim.read("wrong", &LILIM.replace(from, to)).unwrap_err().to_string();
        assert!(error.contains(why), "{error}");
    }
}

#[test]
fn planted_faults_are_found() {
    let instance = Format::Lilim.read("tiny", LILIM).unwrap();
    let faults = |routes: &[Vec<usize>]| checker::check(&instance, routes).faults.join("; ");
    assert_eq!(faults(&[vec![1, 2], vec![3, 4]]), "");
    assert_eq!(checker::check(&instance, &[vec![1, 2]]).unserved, 1);
    assert!(faults(&[vec![1, 3, 2, 4]]).contains("load 12 of 10"));
    assert!(faults(&[vec![2, 1]]).contains("before its pickup"));
    assert!(faults(&[vec![1], vec![2]]).contains("apart"));
    assert!(faults(&[vec![1, 2, 1]]).contains("twice"));
    assert!(faults(&[vec![1, 99, 2]]).contains("does not exist"));
    assert!(faults(&[vec![0, 1, 2]]).contains("of no request"));
    assert!(faults(&vec![Vec::new(); 4]).contains("4 routes for 3 vehicles"));
    let late = LILIM.replace("0 100 10 0 2", "0 4 10 0 2");
    let late = Format::Lilim.read("late", &late).unwrap();
    assert!(checker::check(&late, &[vec![1, 2]]).faults.join("").contains("windows"));
    let long = Format::Darp.read("long", &DARP.replace("3 30", "3 7")).unwrap();
    assert!(checker::check(&long, &[vec![1, 2, 4, 3]]).faults.join("").contains("ride limits"));
}
