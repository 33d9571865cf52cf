//! The same riders without a shared taxi: in cars, in taxis for themselves, on a bus line; and the dispatcher with one
//! of its abilities switched off. So each is worth a number, and so is what is saved.
//!
//! [`assumptions`] holds what has to be taken for granted, with sources; [`drives`] the direct drive of each rider;
//! [`cars`], [`bus`] the two baselines without a dispatcher; [`table`] plays all and compares.

pub mod assumptions;

pub mod drives;

pub mod cars;

pub mod bus;

pub mod table;

#[cfg(test)]
mod tests;
