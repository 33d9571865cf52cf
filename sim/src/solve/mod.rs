//! The optimiser alone on published benchmark files and on snapshots of a running fleet.
//!
//! [`mod@format`] reads a file into an [`instance`]; [`run`] turns it into the optimiser's problem and seconds into slices of
//! work; [`checker`] judges routes with nothing but the instance, sharing no code with the optimiser.

pub mod checker;
pub mod format;
pub mod instance;
pub mod run;
