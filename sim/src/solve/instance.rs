//! A pickup-and-delivery instance as its file has it, in doubles.

use sharxi_engine::optimiser::problem::{
    Load, NEVER, Problem, ProblemError, Request, StopId, Unserved, Vehicle, Visit,
};

/// A place with what is to be done there.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Node {
    /// It does not begin before.
    pub earliest: f64,
    /// It does not begin after.
    pub latest: f64,
    /// How long it takes.
    pub service: f64,
    /// Who boards (positive) or alights.
    pub load: i32,
}

/// A pickup and its delivery.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Ride {
    /// Node of the pickup.
    pub pickup: usize,
    /// Node of the delivery.
    pub delivery: usize,
    /// Longest time on board.
    pub ride_max: Option<f64>,
}

/// A vehicle.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Car {
    /// Node where it starts.
    pub start: usize,
    /// Node where it ends; `None`: anywhere.
    pub end: Option<usize>,
    /// It does not leave before.
    pub ready: f64,
    /// It is done by then.
    pub until: f64,
    /// Places.
    pub capacity: u16,
    /// Longest time from its departure to its end.
    pub duration_max: Option<f64>,
}

/// An instance.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Instance {
    /// Name in the file, or of the file.
    pub name: String,
    /// Nodes.
    pub nodes: Vec<Node>,
    /// `times[a * nodes + b]`, time and distance at once.
    pub times: Vec<f64>,
    /// Rides.
    pub rides: Vec<Ride>,
    /// Vehicles.
    pub cars: Vec<Car>,
    /// Whether fewer vehicles count before less distance.
    pub is_fewer_first: bool,
    /// A plan to begin with: nodes by vehicle.
    pub plan: Vec<Vec<usize>>,
}

/// What one vehicle more may save in distance; more than any detour in a published file.
const VEHICLE_COST: f64 = 10_000.0;

impl Instance {
    /// Time and distance from one node to another.
    #[must_use]
    pub fn time(&self, from: usize, to: usize) -> f64 {
        self.times.get(from * self.nodes.len() + to).copied().unwrap_or(f64::INFINITY)
    }

    /// Sets the times to the straight distances.
    pub(crate) fn set_euclidean(&mut self, points: &[[f64; 2]]) {
        let distance = |a: &[f64; 2], b: &[f64; 2]| (a[0] - b[0]).hypot(a[1] - b[1]);
        self.times = points
            .iter()
            .flat_map(|from| points.iter().map(move |to| distance(from, to)))
            .collect();
    }

    /// Units of the optimiser in one unit of the file: the finest power of ten up to 100,000 that its numbers allow, or 1
    /// for whole numbers.
    #[must_use]
    pub fn scale(&self) -> f64 {
        if self.times.iter().all(|time| time.fract() == 0.0) {
            return 1.0;
        }
        let latest = self.nodes.iter().map(|node| node.latest + node.service);
        let largest = latest.chain(self.times.iter().copied()).fold(1.0, f64::max);
        let mut scale = 100_000.0;
        while 1.0 < scale && f64::from(NEVER) * 0.9 < largest * scale {
            scale /= 10.0;
        }
        scale
    }

    /// The same for the optimiser, rounded against the plan: what keeps the rounded limits keeps the real ones.
    ///
    /// # Errors
    /// [`ProblemError`] if it is too large.
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "numbers of a file are below NEVER times the scale"
    )]
    pub fn problem(&self) -> Result<Problem, ProblemError> {
        let scale = self.scale();
        // Whole numbers stay whole although their products are not exact.
        let up = |value: f64| (value * scale - 1e-4).ceil() as i32;
        let down = |value: f64| (value * scale + 1e-4).floor() as i32;
        let capped = |value: f64| down(value.min(f64::from(NEVER) / scale));
        let drives: Vec<u32> =
            self.times.iter().map(|&time| u32::try_from(up(time)).unwrap_or(0)).collect();
        let load = |count: i32| {
            Load::new([u16::try_from(count).unwrap_or(u16::MAX).min(Load::PART_MAX), 0, 0, 0])
                .unwrap_or_default()
        };
        let visit = |node: usize| {
            let Node { earliest, latest, service, .. } = self.nodes[node];
            Visit {
                place: u32::try_from(node).unwrap_or(u32::MAX),
                earliest: up(earliest),
                latest: capped(latest),
                service: up(service),
                pull_in: 0,
                weight: 0,
            }
        };
        let place = |node: usize| u32::try_from(node).unwrap_or(u32::MAX);
        let fixed_cost = if self.is_fewer_first { (VEHICLE_COST * scale) as u32 } else { 0 };
        let vehicles = self.cars.iter().map(|car| Vehicle {
            start: place(car.start),
            ready: up(car.ready),
            end: car.end.map(place),
            shift_end: capped(car.until),
            capacity: load(i32::from(car.capacity)),
            duration_max: car.duration_max.map(capped),
            fixed_cost,
            locked: Vec::new(),
        });
        let requests = self.rides.iter().map(|ride| Request {
            pickup: Some(visit(ride.pickup)),
            dropoff: visit(ride.delivery),
            load: load(self.nodes[ride.pickup].load),
            ride_max: ride.ride_max.map(capped),
            unserved: Unserved::Never,
            vehicle: None,
        });
        Problem::new(self.nodes.len(), &drives, vehicles.collect(), requests.collect())
    }

    /// The given plan for the optimiser.
    #[must_use]
    pub fn start(&self) -> Vec<Vec<StopId>> {
        let mut stops = vec![None; self.nodes.len()];
        for (request, ride) in (0..).zip(&self.rides) {
            stops[ride.pickup] = Some(StopId::pickup(request));
            stops[ride.delivery] = Some(StopId::dropoff(request));
        }
        let route = |nodes: &Vec<usize>| {
            nodes.iter().filter_map(|&node| stops.get(node).copied().flatten()).collect()
        };
        self.plan.iter().map(route).collect()
    }

    /// Nodes by vehicle of the optimiser's routes.
    #[must_use]
    pub fn routes(&self, routes: &[Vec<StopId>]) -> Vec<Vec<usize>> {
        let node = |stop: &StopId| {
            let ride = self.rides.get(stop.request() as usize)?;
            Some(if stop.is_pickup() { ride.pickup } else { ride.delivery })
        };
        routes.iter().map(|stops| stops.iter().filter_map(node).collect()).collect()
    }
}
