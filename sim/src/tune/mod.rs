//! The smallest fleet that serves a given share of the riders inside the promise, and where it should stand.
//!
//! [`search`] finds the size, [`days`] plays a fleet on the same days as every other (common random numbers), [`order`]
//! puts both together for each mix of vehicle sizes and tries the winner on days that the search has not seen.

pub mod search;

pub mod days;

pub mod order;

#[cfg(test)]
mod tests;
