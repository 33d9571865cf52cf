//! Newtype ids: one per table, so that a node can never be used as an arc.

use serde::{Deserialize, Serialize};

macro_rules! id {
    ($(#[$doc:meta])* $name:ident) => {
        $(#[$doc])*
        #[derive(
            Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize,
        )]
        pub struct $name(u32);

        impl $name {
            /// The id of row `idx` of its table.
            #[must_use]
            pub const fn new(idx: u32) -> Self {
                Self(idx)
            }

            /// The row in its table.
            #[must_use]
            pub const fn idx(self) -> usize {
                self.0 as usize
            }

            /// The bare number, for encodings.
            #[must_use]
            pub const fn get(self) -> u32 {
                self.0
            }
        }
    };
}

id!(
    /// A node of the routing graph. The exported graph (`sharxi region export`) calls it `get() + 1`.
    NodeId
);
id!(
    /// A directed arc of the routing graph.
    ArcId
);
id!(
    /// A stretch of road between two junctions, in one piece whatever the directions that may be driven.
    RoadId
);
id!(
    /// A vehicle of the fleet, numbered in the order of joining; the number of one that left long ago is given again.
    VehicleId
);
id!(
    /// A ride request, numbered in the order of arrival.
    RequestId
);
