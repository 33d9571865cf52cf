//! Many runs of one scenario: any keys, any values, many seeds.
//!
//! [`grid`] says which runs; [`inputs`] what a run depends on, so that a run that is done is never repeated and one whose
//! inputs have changed is; [`runner`] plays them side by side and keeps each in a file of its own; [`results`] makes the
//! tables. The tables are the same bytes on any number of threads, and whether or not the sweep was interrupted.

pub mod grid;

pub mod inputs;

pub mod runner;

pub mod results;

#[cfg(test)]
mod tests;
