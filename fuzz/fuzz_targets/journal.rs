//! `cargo fuzz run journal`, see `docs/fuzzing.md`.
#![no_main]

use sharxi_fuzz::targets;

libfuzzer_sys::fuzz_target!(|data: &[u8]| targets::guarded(targets::journal, data));
