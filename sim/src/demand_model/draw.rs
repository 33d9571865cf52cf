//! One trip after another: who, what for, where, when, and how it is asked for.

use sharxi_engine::demand::request::{InvalidRequest, Name, Party, When};
use sharxi_engine::geo::LatLon;
use sharxi_engine::units::EngineTime;

use crate::clock::{self, DAY_MS, HOUR_MS, LocalClock};
use crate::demand::DemandRow;
use crate::demand_model::destinations::Destinations;
use crate::demand_model::homes::{self, Settled};
use crate::demand_model::profile::{Profile, Purpose, minute_of_day};
use crate::ground::Landscape;
use crate::rng::Rng;

const MINUTE_MS: i64 = 60_000;
/// Trips that are made at most.
const TRIPS_MAX: i64 = 1_000_000;
/// How often a trip is drawn again if nothing is far enough away.
const TRIES_MAX: u32 = 20;

/// What to make.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Order {
    /// The seed.
    pub seed: u64,
    /// Trips of a whole day; those outside the time from `start` to `end` are dropped.
    pub requests_per_day: u32,
    /// First moment at which somebody asks or travels.
    pub start: EngineTime,
    /// Nobody asks or wants to travel from here on.
    pub end: EngineTime,
    /// The region's clock.
    pub clock: LocalClock,
}

/// Why no demand could be made.
#[derive(Debug, thiserror::Error)]
pub enum ModelError {
    /// The map and the profile know no inhabited place.
    #[error("demand model: neither the map nor the profile has an inhabited place")]
    NoPlace,
    /// Nowhere to go.
    #[error("demand model: no trip could be drawn; the map has nothing that the purposes lead to")]
    NoTrip,
    /// More than fits.
    #[error("demand model: {n_trips} trips are too many; at most {TRIPS_MAX} are made")]
    TooMany {
        /// As asked for.
        n_trips: i64,
    },
    /// A party that can't be.
    #[error("demand model")]
    Party(#[from] InvalidRequest),
}

struct Model<'a> {
    profile: &'a Profile,
    places: Vec<Settled>,
    place_weights: Vec<f64>,
    /// On weekdays, and at the weekend.
    purpose_weights: [Vec<f64>; 2],
    destinations: Vec<Destinations>,
}

/// Makes the demand of a day (or of a part of it); rows are named `r0`, `r1` … in order of `requested_at`.
///
/// # Errors
/// [`ModelError`].
pub fn demand(
    profile: &Profile,
    landscape: &Landscape,
    order: Order,
) -> Result<Vec<DemandRow>, ModelError> {
    let first_day = order.clock.midnight(order.start);
    let n_days = (order.end.unix_ms() - first_day.unix_ms() + DAY_MS - 1) / DAY_MS;
    let n_trips = n_days.saturating_mul(i64::from(order.requests_per_day));
    if TRIPS_MAX < n_trips {
        return Err(ModelError::TooMany { n_trips });
    }
    let model = Model::new(profile, landscape)?;
    let mut trips = Vec::new();
    let mut day = 0;
    let mut midnight = first_day;
    while midnight < order.end {
        let is_weekend = order.clock.is_weekend(midnight);
        let n_of_day = trips_of_day(profile, order.requests_per_day, is_weekend);
        // Each day has streams of its own, however many trips it has.
        let first_stream = day * u64::from(u32::MAX);
        day += 1;
        for number in 0..n_of_day {
            let mut rng = Rng::new(order.seed, first_stream + number);
            let trip = model.trip((midnight, is_weekend), order, &mut rng)?;
            trips.extend(trip);
        }
        midnight = clock::shifted(midnight, DAY_MS);
    }
    trips.sort_by_key(|trip: &DemandRow| trip.requested_at);
    for (number, trip) in trips.iter_mut().enumerate() {
        trip.name = Name::new(format!("r{number}"))?;
    }
    Ok(trips)
}

/// At the weekend as the profile says, at most [`TRIPS_MAX`].
#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "saturates")]
fn trips_of_day(profile: &Profile, of_weekday: u32, is_weekend: bool) -> u64 {
    let factor = profile.weekend.as_ref().filter(|_| is_weekend).map_or(1.0, |at| at.requests);
    (f64::from(of_weekday) * factor).round().min(1e6) as u64
}

impl<'a> Model<'a> {
    fn new(profile: &'a Profile, landscape: &Landscape) -> Result<Self, ModelError> {
        let places = homes::settle(landscape, profile);
        if places.is_empty() {
            return Err(ModelError::NoPlace);
        }
        let destinations = profile
            .purposes
            .iter()
            .map(|purpose| Destinations::new(purpose, profile, landscape, &places))
            .collect();
        Ok(Self {
            profile,
            place_weights: places.iter().map(|place| f64::from(place.population)).collect(),
            purpose_weights: [false, true].map(|at_weekend| profile.purpose_shares(at_weekend)),
            places,
            destinations,
        })
    }

    /// A trip on the day that begins at `midnight`; `None` if it falls outside the time asked for.
    fn trip(
        &self,
        (midnight, is_weekend): (EngineTime, bool),
        order: Order,
        rng: &mut Rng,
    ) -> Result<Option<DemandRow>, ModelError> {
        let (home, goal, purpose) = self.ends(is_weekend, rng).ok_or(ModelError::NoTrip)?;
        let leads_home = rng.unit() < purpose.return_share;
        let party = self.party(rng)?;
        let wish = Wish::draw(purpose, leads_home, midnight, rng);
        let (from, to) = if leads_home { (goal, home) } else { (home, goal) };
        let travel_time = wish.time();
        if travel_time < order.start || order.end <= travel_time {
            return Ok(None);
        }
        let (requested_at, when) = self.asked(wish, order.start, rng);
        let name = Name::new("unnamed")?;
        Ok(Some(DemandRow {
            name,
            requested_at,
            when,
            from: six_decimals(from),
            to: six_decimals(to),
            party,
            walk_max: None,
        }))
    }

    /// A home, a destination and what leads there.
    fn ends(&self, is_weekend: bool, rng: &mut Rng) -> Option<(LatLon, LatLon, &'a Purpose)> {
        for _ in 0..TRIES_MAX {
            let home = self.places[rng.weighted(&self.place_weights)?].door(rng);
            let idx = rng.weighted(&self.purpose_weights[usize::from(is_weekend)])?;
            let goal = self.destinations[idx].draw(home, &self.places, rng);
            if let Some(goal) =
                goal.filter(|&goal| self.profile.trip_min_m <= home.distance_m(goal))
            {
                return Some((home, goal, &self.profile.purposes[idx]));
            }
        }
        None
    }

    fn party(&self, rng: &mut Rng) -> Result<Party, InvalidRequest> {
        let idx = rng.weighted(&self.profile.party.shares).unwrap_or(0);
        let passengers = u8::try_from(idx + 1).unwrap_or(1);
        let wheelchairs = u8::from(rng.unit() < self.profile.wheelchair.share);
        Party::new(passengers, wheelchairs)
    }

    /// When the rider asks. Who would have asked before `start` asks between then and the shortest notice; if there
    /// is no time for that, the ride is wanted at once.
    fn asked(&self, wish: Wish, start: EngineTime, rng: &mut Rng) -> (EngineTime, When) {
        let (Wish::DepartAt(time) | Wish::ArriveBy(time)) = wish else {
            return (wish.time(), When::Now);
        };
        let booking = &self.profile.booking;
        let latest = clock::shifted(time, -i64::from(booking.ahead_min) * MINUTE_MS);
        if latest < start {
            return (time, When::Now);
        }
        let earliest = clock::shifted(time, -i64::from(booking.ahead_max) * MINUTE_MS).max(start);
        let asked_s = rng.between(earliest.unix_ms() / 1000, latest.unix_ms() / 1000);
        let asked_at = EngineTime::from_unix_ms(asked_s * 1000).max(start);
        let when = match wish {
            Wish::ArriveBy(_) => When::ArriveBy(time),
            Wish::Now(_) | Wish::DepartAt(_) => When::DepartAt(time),
        };
        (asked_at, when)
    }
}

/// When somebody wants to travel.
#[derive(Clone, Copy, Debug)]
enum Wish {
    Now(EngineTime),
    DepartAt(EngineTime),
    ArriveBy(EngineTime),
}

impl Wish {
    fn draw(purpose: &Purpose, leads_home: bool, midnight: EngineTime, rng: &mut Rng) -> Self {
        let hours = if leads_home { &purpose.hours_home } else { &purpose.hours_out };
        let hour = rng.weighted(hours).unwrap_or(12);
        let within_s = rng.between(0, 3599);
        let hour_ms = i64::try_from(hour).unwrap_or(0) * HOUR_MS;
        let time = clock::shifted(midnight, hour_ms + within_s * 1000);
        let round_ms = i64::from(purpose.round_min) * MINUTE_MS;
        let since_ms = time.unix_ms() - midnight.unix_ms();
        let round = clock::shifted(midnight, since_ms / round_ms * round_ms);
        let kinds = purpose.kinds;
        match rng.weighted(&[kinds.now, kinds.depart_at, kinds.arrive_by]) {
            Some(1) => Self::DepartAt(round),
            Some(2) if !leads_home => {
                let bell = purpose.bells.get(rng.below(purpose.bells.len()));
                let minute = bell.and_then(|bell| minute_of_day(bell));
                let at_bell = |minute| clock::shifted(midnight, i64::from(minute) * MINUTE_MS);
                Self::ArriveBy(minute.map_or(round, at_bell))
            }
            _ => Self::Now(time),
        }
    }

    fn time(self) -> EngineTime {
        let (Self::Now(time) | Self::DepartAt(time) | Self::ArriveBy(time)) = self;
        time
    }
}

/// The point as the file will hold it.
fn six_decimals(point: LatLon) -> LatLon {
    let round = |e7: i32| {
        let half = if e7 < 0 { -5 } else { 5 };
        (e7 + half) / 10 * 10
    };
    LatLon::from_e7(round(point.lat_e7()), round(point.lon_e7())).unwrap_or(point)
}
