//! What can be wrong with a map file.

use thiserror::Error;

/// Why an extract was refused. The text fits after "failed to".
#[derive(Debug, Error)]
pub enum ImportError {
    /// The file has no blob at all.
    #[error("read the map: it is empty")]
    Empty,
    /// The file cannot be read on.
    #[error("read the map: {0}")]
    Read(#[from] std::io::Error),
    /// One blob cannot be read.
    #[error("decode blob {idx} at byte {offset}: {fault}")]
    Blob {
        /// Which blob, from 0.
        idx: usize,
        /// Where its frame begins.
        offset: usize,
        /// What is wrong with it.
        fault: BlobFault,
    },
    /// The extract holds more than the engine is built for.
    #[error("read the map: what is needed of it takes more than {limit} bytes")]
    TooLarge {
        /// Bytes allowed.
        limit: usize,
    },
    /// No road is left.
    #[error(
        "build roads: no two places of the map can be reached from one another by this profile"
    )]
    NoRoads,
    /// A table would not fit its ids.
    #[error("build roads: {rows} rows of {table} are too many")]
    TooManyRows {
        /// Which table.
        table: &'static str,
        /// Its rows.
        rows: usize,
    },
    /// The road network does not separate: no map looks like that.
    #[error(transparent)]
    Hierarchy(#[from] crate::routing::HierarchyError),
}

/// What is wrong with one blob.
#[derive(Debug, Error)]
pub enum BlobFault {
    /// The file ends inside it.
    #[error("{declared} bytes are declared and {left} are left")]
    Truncated {
        /// Bytes that the frame claims.
        declared: usize,
        /// Bytes of the file from its start.
        left: usize,
    },
    /// The length of the header is out of bounds.
    #[error(
        "a header of {found} bytes is not between 1 and 65535; this may not be an .osm.pbf file"
    )]
    HeaderLength {
        /// The length found.
        found: usize,
    },
    /// The length of the blob is out of bounds.
    #[error("a length of {found} bytes is not between 0 and 33554432")]
    BlobLength {
        /// The length found.
        found: i64,
    },
    /// The decoder refused it.
    #[error("{0}")]
    Decode(#[source] osmpbf::Error),
    /// The decoder panicked on it.
    #[error("the decoder gave up: {message}")]
    Panicked {
        /// What it said.
        message: String,
    },
    /// The first blob is not a header.
    #[error("the file does not begin with an OSMHeader")]
    NoHeader,
    /// The file needs a reader that can do more.
    #[error("the file requires the feature {name:?}, which is not supported")]
    Feature {
        /// The feature.
        name: String,
    },
}
