//! Map in, region out: OpenStreetMap extracts to road networks.
//!
//! `pbf` decodes bytes to `map::MapData`; `keys` says what of them is needed; `profile` and `rules` (with `access`, `speed`,
//! `conditional`) say what a vehicle makes of tags; `build` cuts ways at junctions (with `waits` and `villages`);
//! `ferries` and `tracks` close what leads nowhere; `turns`
//! resolves restrictions; `graph` does the rest. No file is opened here.

mod access;
mod build;
mod conditional;
mod error;
mod ferries;
mod keys;
pub mod map;
mod pbf;
pub mod poi;
mod profile;
pub mod report;
mod rules;
mod run;
mod side;
mod speed;
mod tracks;
mod turns;
mod villages;
mod waits;

pub use error::{BlobFault, ImportError};
pub use pbf::read_pbf;
pub use poi::{Attractor, AttractorKind, Place, PlaceKind};
pub use profile::{Profile, ProfileError, RoadClass};
pub use report::{Dropped, Element, ImportReport, RestrictionRefusal};
pub use rules::WayRefusal;
pub use run::{import_map, import_pbf, import_reader};
