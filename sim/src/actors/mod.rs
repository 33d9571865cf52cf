//! Those who act in a study: riders who ask, vehicles that do what their plan says.

pub mod rider;
pub mod vehicle;
