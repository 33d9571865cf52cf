//! What riders ask for and what they were promised.

pub mod promise;
pub mod request;
pub mod ride;
pub mod walk;
