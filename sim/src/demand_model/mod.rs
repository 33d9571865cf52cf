//! A day of demand in the countryside, made up from where people live and what they travel for.
//!
//! [`profile`] holds every assumption with its source; [`homes`] spreads the inhabitants along the streets of their
//! place; [`destinations`] draws where somebody goes (gravity: what a place offers, times how near it is);
//! [`draw`] puts a trip together; [`spots`] is where demand is expected at all.
//! Seeded: the same profile, map and seed give the same bytes.

pub mod profile;

pub mod homes;

pub mod destinations;

pub mod draw;

pub mod spots;

#[cfg(test)]
mod tests;
