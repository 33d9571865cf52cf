//! Every input that the fuzzer's corpus keeps, and every one that once was a finding, once more: `fuzz/corpus/TARGET/*`.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test")]
#![allow(clippy::print_stderr, clippy::allow_attributes, reason = "a test")]
#![allow(unreachable_pub, dead_code, reason = "shared with the fuzzer")]

#[path = "../../fuzz/src/targets.rs"]
mod targets;

use std::path::Path;

/// Bytes that the inputs kept for one target may have: they are in every clone.
const KEPT_BYTES_MAX: u64 = 1024 * 1024;

#[test]
fn the_corpora_are_survived() {
    let corpus = Path::new(env!("CARGO_MANIFEST_DIR")).join("../fuzz/corpus");
    for (name, target) in targets::TARGETS {
        let (mut n_inputs, mut n_bytes) = (0, 0);
        let mut paths: Vec<_> = std::fs::read_dir(corpus.join(name)).unwrap().collect();
        paths.sort_by_key(|entry| entry.as_ref().unwrap().path());
        for entry in paths {
            let path = entry.unwrap().path();
            let input = std::fs::read(&path).unwrap();
            n_bytes += input.len() as u64;
            n_inputs += 1;
            let survived = std::panic::catch_unwind(|| target(&input));
            assert!(survived.is_ok(), "{} ends in a panic", path.display());
        }
        assert!(0 < n_inputs, "nothing is kept for {name}");
        assert!(n_bytes <= KEPT_BYTES_MAX, "{n_bytes} bytes are kept for {name}");
    }
}

#[test]
fn what_the_targets_begin_with_works() {
    let region = targets::village();
    assert!(region.n_nodes() > 10);
    let journal = targets::whole_journal().unwrap();
    assert!(journal.starts_with(b"SQLite format 3"));
}
