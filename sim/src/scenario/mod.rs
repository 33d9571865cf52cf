//! `scenario.toml`: which region, which demand, which fleet, which rules, from when to when.
//!
//! [`keys`] knows every key and finds the nearest one to a misspelt one; [`policy`] makes the engine's rules of the
//! `[policy]` table; [`file`] reads and checks the whole. Paths in a scenario are relative to its file.

pub mod keys;

pub mod policy;

pub mod file;

#[cfg(test)]
mod tests;
