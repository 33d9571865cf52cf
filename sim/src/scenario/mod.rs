//! `scenario.toml`: which region, which demand, which fleet, which rules, from when to when.
//!
//! [`keys`] knows every key and finds the nearest one to a misspelt one; [`mod@file`] reads and checks the whole; the
//! `[policy]` table is that of the service. Paths in a scenario are relative to its file.

pub mod keys;

pub mod file;

mod uncertainty;

#[cfg(test)]
mod tests;
