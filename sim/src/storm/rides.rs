//! One ride as the checker knows it: what was asked, what was promised, how it went.

/// Where it stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stage {
    /// Asked, not answered.
    Requested,
    /// Offered.
    Offered,
    /// Promised, not on board.
    Promised,
    /// On board.
    Aboard,
    /// Left behind by a vehicle that broke down.
    Stranded,
    /// Over.
    Ended,
}

/// What the rider was told. Times in milliseconds since 1970.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Terms {
    /// Ready from.
    pub ready_at: i64,
    /// Boards at the latest.
    pub pickup_by: i64,
    /// Is off at the latest.
    pub dropoff_by: i64,
    /// The direct drive, in milliseconds.
    pub direct_ms: i64,
}

/// What was asked for.
#[derive(Clone, Debug, PartialEq)]
pub struct Asked {
    /// By whom.
    pub rider: String,
    /// `[lat, lon]`.
    pub from: [f64; 2],
    /// `[lat, lon]`.
    pub to: [f64; 2],
    /// People.
    pub passengers: u8,
    /// Of them in wheelchairs.
    pub wheelchairs: u8,
}

/// A ride.
#[derive(Clone, Debug)]
pub struct Ride {
    /// What was asked for.
    pub asked: Asked,
    /// Where it stands.
    pub stage: Stage,
    /// What was offered, then promised.
    pub terms: Option<Terms>,
    /// Who carries the rider, or is to.
    pub vehicle: Option<String>,
    /// The rider was told that the promise is at risk or broken.
    pub warned: bool,
    /// What was late and has to be said with it, before anything else is.
    pub unsaid: Option<String>,
    /// When they boarded first.
    pub boarded_at: Option<i64>,
    /// Where they wait.
    pub waits_at: [f64; 2],
}

/// What the checker knows of a vehicle.
#[derive(Clone, Debug)]
pub struct Cab {
    /// Seats.
    pub seats: u8,
    /// Wheelchair places.
    pub wheelchairs: u8,
    /// Where it stands; `None`: it drives.
    pub stands: Option<[f64; 2]>,
    /// On shift.
    pub is_on: bool,
    /// When it stopped or set off last.
    pub fact_at: i64,
}
