//! `cargo fuzz run pbf`, see `docs/fuzzing.md`.
#![no_main]

use sharxi_fuzz::targets;

libfuzzer_sys::fuzz_target!(|data: &[u8]| targets::guarded(targets::pbf, data));
