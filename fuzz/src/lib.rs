//! What is fuzzed, in [`targets`]; `fuzz_targets` hands each to libFuzzer.

pub mod targets;
