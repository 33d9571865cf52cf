//! The open problem: places and drives between them, vehicles on the road, requests that are still to be served.
//!
//! One type for a live fleet and for a published benchmark file. Times are whole units from an origin that the caller
//! chooses (milliseconds from the moment of a snapshot, say); drives count as cost in the same unit. What can no longer
//! be changed is folded away when the problem is made: a vehicle starts after its locked visits, and who has boarded
//! by then has only a drop-off left.

use std::fmt;

/// Later than any time of a problem; twice this still fits into an `i32`.
pub const NEVER: i32 = i32::MAX / 4;

/// No position, no vehicle.
pub(super) const NONE: u32 = u32::MAX;

/// Cost of leaving a rider without a vehicle who must not be: more than all that a plan can cost otherwise.
pub(super) const BROKEN: i64 = 1 << 48;

/// Most requests, vehicles or places in one problem; the dense matrix of so many places has 400 MB, and `Legs` 160 kB for each request.
pub const SIZE_MAX: usize = 10_000;

/// Places taken or there, up to four kinds (seats, wheelchair places, …), each at most [`Load::PART_MAX`].
#[derive(Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct Load(u64);

impl Load {
    /// Most of one kind.
    pub const PART_MAX: u16 = 0x3FFF;
    /// One bit a kind that no load reaches: what does not fit borrows it.
    const GUARD: u64 = 0x8000_8000_8000_8000;

    /// A load of so many of each kind; `None` beyond [`Load::PART_MAX`].
    #[must_use]
    pub fn new(parts: [u16; 4]) -> Option<Self> {
        parts.iter().all(|&part| part <= Self::PART_MAX).then(|| {
            Self(parts.iter().rev().fold(0, |packed, &part| (packed << 16) | u64::from(part)))
        })
    }

    /// Whether no kind is more than in `capacity`. All kinds in one subtraction.
    #[must_use]
    pub fn fits(self, capacity: Self) -> bool {
        (capacity.0 + Self::GUARD).wrapping_sub(self.0) & Self::GUARD == Self::GUARD
    }

    /// With `other` on top. Both must fit into some capacity.
    #[must_use]
    pub fn with(self, other: Self) -> Self {
        Self(self.0.wrapping_add(other.0))
    }

    /// Without `other`, which was part of it.
    #[must_use]
    pub fn without(self, other: Self) -> Self {
        Self(self.0.wrapping_sub(other.0))
    }

    /// How many in all kinds together.
    #[must_use]
    pub fn total(self) -> u64 {
        (0..4).map(|kind| (self.0 >> (16 * kind)) & 0xFFFF).sum()
    }
}

impl fmt::Debug for Load {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries((0..4).map(|kind| (self.0 >> (16 * kind)) & 0xFFFF)).finish()
    }
}

/// One visit of a request: the pickup has the even number `2 r`, the drop-off `2 r + 1`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct StopId(pub(super) u32);

impl StopId {
    /// The pickup of request `r`.
    #[must_use]
    pub const fn pickup(request: u32) -> Self {
        Self(2 * request)
    }

    /// The drop-off of request `r`.
    #[must_use]
    pub const fn dropoff(request: u32) -> Self {
        Self(2 * request + 1)
    }

    /// Whose.
    #[must_use]
    pub const fn request(self) -> u32 {
        self.0 / 2
    }

    /// Whether it is the pickup.
    #[must_use]
    pub const fn is_pickup(self) -> bool {
        self.0.is_multiple_of(2)
    }
}

/// Where and when a rider boards or alights.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Visit {
    /// Index of the place in the matrix.
    pub place: u32,
    /// It does not begin before.
    pub earliest: i32,
    /// It does not begin after.
    pub latest: i32,
    /// How long it takes.
    pub service: i32,
    /// Time of the stop itself, paid only by a vehicle that comes from another place.
    pub pull_in: i32,
    /// Cost of each unit of time by which it begins later: what the time of riders is worth.
    pub weight: i32,
}

/// What it means to leave a request out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Unserved {
    /// It is promised: never, if the given plan serves it.
    Never,
    /// It costs so much.
    Costs(u32),
}

/// A rider or party.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Request {
    /// Boarding; `None`: already on board of `vehicle`. Whoever is on board has the rest of the ride limit in the
    /// drop-off's `latest`.
    pub pickup: Option<Visit>,
    /// Alighting.
    pub dropoff: Visit,
    /// Places taken.
    pub load: Load,
    /// Longest time from the end of boarding to the begin of alighting.
    pub ride_max: Option<i32>,
    /// What it means to leave it out.
    pub unserved: Unserved,
    /// The only vehicle that may serve it.
    pub vehicle: Option<u32>,
}

/// A vehicle as it is now.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Vehicle {
    /// Place where it can be told to go elsewhere.
    pub start: u32,
    /// Time of that.
    pub ready: i32,
    /// Place where it has to end; `None`: wherever the last rider alights.
    pub end: Option<u32>,
    /// The last rider is off, or the end reached, no later than this.
    pub shift_end: i32,
    /// Places.
    pub capacity: Load,
    /// Longest time from its departure, which may be later than `ready`, to its end.
    pub duration_max: Option<i32>,
    /// Cost of using it at all.
    pub fixed_cost: u32,
    /// Its first visits, which stay as they are.
    pub locked: Vec<StopId>,
}

/// Why data make no problem.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ProblemError {
    /// Too large.
    #[error("{count} {what} are more than {SIZE_MAX}")]
    Size {
        /// Of what.
        what: &'static str,
        /// How many.
        count: usize,
    },
    /// The matrix is not square.
    #[error("a matrix of {places} places needs {needed} drives, not {found}")]
    Matrix {
        /// Places.
        places: usize,
        /// Their square.
        needed: usize,
        /// Entries given.
        found: usize,
    },
    /// A vehicle or request names what does not exist, or a number is out of range.
    #[error("{what} {index}: {why}")]
    Invalid {
        /// Vehicle or request.
        what: &'static str,
        /// Which.
        index: usize,
        /// What is wrong with it.
        why: &'static str,
    },
}

/// A visit as the search needs it.
#[derive(Clone, Copy, Debug)]
pub(super) struct Stop {
    pub(super) visit: Visit,
    pub(super) load: Load,
    pub(super) ride_max: i32,
}

/// The drives between a place and the two places of a request: a quarter of a line of cache.
#[derive(Clone, Copy, Debug)]
pub(super) struct Legs {
    pub(super) to_pickup: i32,
    pub(super) from_pickup: i32,
    pub(super) to_dropoff: i32,
    pub(super) from_dropoff: i32,
}

/// What is left to do for a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Task {
    /// Both visits.
    Ride,
    /// The drop-off only.
    Alight,
    /// Nothing: both visits are locked.
    Done,
}

/// The open problem, checked and laid out for the search.
#[derive(Clone, Debug)]
pub struct Problem {
    /// Places and one more, the nowhere at which an open route ends.
    width: usize,
    drives: Vec<i32>,
    /// By request and place, in one piece what an insertion between two places needs.
    legs: Vec<Legs>,
    pub(super) stops: Vec<Stop>,
    pub(super) tasks: Vec<Task>,
    pub(super) requests: Vec<Request>,
    pub(super) vehicles: Vec<Vehicle>,
    /// Load of each vehicle at its start.
    pub(super) on_board: Vec<Load>,
    /// Vehicles with the same number differ in nothing.
    pub(super) classes: Vec<u32>,
    /// Vehicles that could serve each request if they had nothing else to do.
    pub(super) allowed: Vec<Vec<u32>>,
    /// Whether a plan that keeps windows may still break a ride limit or a route's duration, or time has a cost.
    pub(super) needs_schedule: bool,
}

impl Problem {
    /// Checks the data. `drives[a * places + b]` is the drive from place `a` to place `b`; [`NEVER`] or more: no way.
    ///
    /// # Errors
    /// [`ProblemError`] if something is too large, inconsistent, or names what does not exist.
    pub fn new(
        places: usize,
        drives: &[u32],
        vehicles: Vec<Vehicle>,
        requests: Vec<Request>,
    ) -> Result<Self, ProblemError> {
        for (what, count) in
            [("places", places), ("vehicles", vehicles.len()), ("requests", requests.len())]
        {
            if SIZE_MAX < count {
                return Err(ProblemError::Size { what, count });
            }
        }
        let needed = places * places;
        if drives.len() != needed {
            return Err(ProblemError::Matrix { places, needed, found: drives.len() });
        }
        let width = places + 1;
        let mut problem = Self {
            width,
            drives: vec![0; width * width],
            legs: Vec::new(),
            stops: Vec::with_capacity(2 * requests.len()),
            tasks: Vec::with_capacity(requests.len()),
            on_board: vec![Load::default(); vehicles.len()],
            classes: Vec::new(),
            allowed: Vec::new(),
            needs_schedule: false,
            requests,
            vehicles,
        };
        for from in 0..places {
            for to in 0..places {
                let drive = i32::try_from(drives[from * places + to]).unwrap_or(NEVER).min(NEVER);
                problem.drives[from * width + to] = drive;
            }
        }
        problem.check(places)?;
        problem.lay_out();
        problem.fold_locked()?;
        problem.classify();
        Ok(problem)
    }

    fn check(&self, places: usize) -> Result<(), ProblemError> {
        let in_range = |time: i32| (-NEVER..=NEVER).contains(&time);
        let exists = |place: u32| (place as usize) < places;
        for (index, vehicle) in self.vehicles.iter().enumerate() {
            let wrong = |why| Err(ProblemError::Invalid { what: "vehicle", index, why });
            if !exists(vehicle.start) || !vehicle.end.is_none_or(exists) {
                return wrong("its start or end is no place of the matrix");
            }
            if !in_range(vehicle.ready) || !in_range(vehicle.shift_end) {
                return wrong("a time is out of range");
            }
            if vehicle.duration_max.is_some_and(|duration| duration < 0) {
                return wrong("its longest duration is negative");
            }
        }
        for (index, request) in self.requests.iter().enumerate() {
            let wrong = |why| Err(ProblemError::Invalid { what: "request", index, why });
            for visit in request.pickup.iter().chain([&request.dropoff]) {
                if !exists(visit.place) {
                    return wrong("a visit is at no place of the matrix");
                }
                if !in_range(visit.earliest) || !in_range(visit.latest) {
                    return wrong("a time is out of range");
                }
                if !(0..=NEVER / 2).contains(&visit.service)
                    || !(0..=NEVER / 2).contains(&visit.pull_in)
                {
                    return wrong("a service or stop time is out of range");
                }
                if !(0..=1_000).contains(&visit.weight) {
                    return wrong("the weight of its time is out of range");
                }
            }
            if request.ride_max.is_some_and(|ride| !(0..=NEVER).contains(&ride)) {
                return wrong("its ride limit is out of range");
            }
            let known = |vehicle: u32| (vehicle as usize) < self.vehicles.len();
            if !request.vehicle.is_none_or(known) {
                return wrong("its vehicle does not exist");
            }
            if request.pickup.is_none() && request.vehicle.is_none() {
                return wrong("it is on board of no vehicle");
            }
        }
        Ok(())
    }

    fn lay_out(&mut self) {
        for request in &self.requests {
            let ride_max = request.ride_max.unwrap_or(NEVER);
            let pickup = request.pickup.unwrap_or(request.dropoff);
            for visit in [pickup, request.dropoff] {
                self.stops.push(Stop { visit, load: request.load, ride_max });
                self.needs_schedule |= visit.weight != 0;
            }
            self.needs_schedule |= request.ride_max.is_some();
            self.tasks.push(if request.pickup.is_some() { Task::Ride } else { Task::Alight });
            if let (None, Some(vehicle)) = (request.pickup, request.vehicle) {
                let aboard = &mut self.on_board[vehicle as usize];
                *aboard = aboard.with(request.load);
            }
        }
        self.needs_schedule |= self.vehicles.iter().any(|vehicle| vehicle.duration_max.is_some());
        self.legs.reserve_exact(self.requests.len() * self.width);
        for pair in self.stops.as_chunks::<2>().0 {
            let [p, d] = pair.map(|stop| stop.visit.place as usize);
            let drive = |from: usize, to: usize| self.drives[from * self.width + to];
            self.legs.extend((0..self.width).map(|place| Legs {
                to_pickup: drive(place, p),
                from_pickup: drive(p, place),
                to_dropoff: drive(place, d),
                from_dropoff: drive(d, place),
            }));
        }
    }

    /// Lets each vehicle start where and when its locked visits are done.
    fn fold_locked(&mut self) -> Result<(), ProblemError> {
        for index in 0..self.vehicles.len() {
            let wrong = |why| ProblemError::Invalid { what: "vehicle", index, why };
            for stop_id in self.vehicles[index].locked.clone() {
                let request = stop_id.request() as usize;
                let stop = *self
                    .stops
                    .get(stop_id.0 as usize)
                    .ok_or(wrong("a locked visit does not exist"))?;
                let vehicle = &self.vehicles[index];
                let Visit { place, earliest, service, .. } = stop.visit;
                let begin = (vehicle.ready + self.travel(vehicle.start, &stop.visit)).max(earliest);
                let aboard = &mut self.on_board[index];
                match (stop_id.is_pickup(), self.tasks[request]) {
                    (true, Task::Ride) => {
                        *aboard = aboard.with(stop.load);
                        self.tasks[request] = Task::Alight;
                        let latest = begin.saturating_add(service).saturating_add(stop.ride_max);
                        let dropoff = &mut self.stops[stop_id.0 as usize + 1].visit;
                        dropoff.latest = dropoff.latest.min(latest);
                        self.requests[request].vehicle = u32::try_from(index).ok();
                    }
                    (false, Task::Alight)
                        if self.requests[request].vehicle == u32::try_from(index).ok() =>
                    {
                        *aboard = aboard.without(stop.load);
                        self.tasks[request] = Task::Done;
                    }
                    _ => {
                        return Err(wrong(
                            "a locked visit is out of order or of somebody else's rider",
                        ));
                    }
                }
                let vehicle = &mut self.vehicles[index];
                vehicle.start = place;
                vehicle.ready = (begin + service).min(NEVER);
            }
        }
        Ok(())
    }

    fn classify(&mut self) {
        let mut known: Vec<usize> = Vec::new();
        for index in 0..self.vehicles.len() {
            let same = |&other: &usize| {
                self.vehicles[other] == self.vehicles[index]
                    && self.on_board[other] == Load::default()
                    && self.on_board[index] == Load::default()
            };
            let class = known.iter().position(same).unwrap_or_else(|| {
                known.push(index);
                known.len() - 1
            });
            self.classes.push(narrow(class));
        }
        let allowed = |request: usize| -> Vec<u32> {
            if self.tasks[request] == Task::Done {
                return Vec::new();
            }
            if let Some(vehicle) = self.requests[request].vehicle {
                return vec![vehicle];
            }
            let pickup = &self.stops[2 * request];
            let reaches = |&vehicle: &u32| {
                let from = &self.vehicles[vehicle as usize];
                pickup.load.fits(from.capacity)
                    && from.ready + self.travel(from.start, &pickup.visit) <= pickup.visit.latest
            };
            (0..narrow(self.vehicles.len())).filter(reaches).collect()
        };
        self.allowed = (0..self.requests.len()).map(allowed).collect();
    }

    /// Leaves a request only the vehicles of which `may` is true; the one that it has must be among them.
    pub fn restrict(&mut self, request: u32, may: impl Fn(u32) -> bool) {
        let allowed = self.allowed.get_mut(request as usize);
        allowed.into_iter().for_each(|allowed| allowed.retain(|&vehicle| may(vehicle)));
    }

    /// Requests.
    #[must_use]
    pub fn n_requests(&self) -> usize {
        self.requests.len()
    }

    /// Vehicles.
    #[must_use]
    pub fn n_vehicles(&self) -> usize {
        self.vehicles.len()
    }

    /// The nowhere at which an open route ends: no time from anywhere.
    pub(super) fn nowhere(&self) -> u32 {
        narrow(self.width - 1)
    }

    /// The drives between the two places of `request` and every place.
    pub(super) fn legs(&self, request: u32) -> &[Legs] {
        let start = request as usize * self.width;
        &self.legs[start..start + self.width]
    }

    /// The drive from `from` to `to`.
    pub(super) fn drive(&self, from: u32, to: u32) -> i32 {
        self.drives[from as usize * self.width + to as usize]
    }

    /// The drive to a visit and the stop there.
    pub(super) fn travel(&self, from: u32, visit: &Visit) -> i32 {
        self.drive(from, visit.place) + if from == visit.place { 0 } else { visit.pull_in }
    }

    /// What it costs to leave `request` out.
    pub(super) fn penalty(&self, request: u32) -> i64 {
        match self.requests[request as usize].unserved {
            Unserved::Never => BROKEN,
            Unserved::Costs(cost) => i64::from(cost),
        }
    }
}

/// An index as it is stored; sizes are limited by [`SIZE_MAX`].
pub(super) fn narrow(index: usize) -> u32 {
    u32::try_from(index).unwrap_or(NONE)
}
