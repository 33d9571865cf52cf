//! Plans as they are handed in and out: the visits of each vehicle, who is left out, and what it costs.

use super::problem::{NONE, Problem, StopId, Task, narrow};
use super::route::Route;
use super::work::Work;

/// Visits of one vehicle with their begins in the earliest schedule that keeps all limits.
pub type TimedVisits = Vec<(StopId, i32)>;

/// A feasible plan.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Plan {
    /// Visits of each vehicle in order, locked ones included.
    pub routes: Vec<Vec<StopId>>,
    /// Requests that no vehicle serves, ascending.
    pub unserved: Vec<u32>,
    /// Cost of the routes and of the unserved.
    pub cost: i64,
}

/// Why given routes are no plan.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum PlanError {
    /// More routes than vehicles.
    #[error("{routes} routes for {vehicles} vehicles")]
    Routes {
        /// Given.
        routes: usize,
        /// There.
        vehicles: usize,
    },
    /// A route does not begin with the vehicle's locked visits.
    #[error("the route of vehicle {vehicle} does not begin with its locked visits")]
    Locked {
        /// Which.
        vehicle: usize,
    },
    /// A visit is missing, twice, out of order, in the wrong vehicle, or does not exist.
    #[error(
        "the visits of request {request} in the route of vehicle {vehicle} are not one pickup and then one drop-off that it may do"
    )]
    Visits {
        /// Whose.
        request: u32,
        /// In which.
        vehicle: usize,
    },
    /// No schedule keeps all windows, loads, ride limits and the duration.
    #[error("no schedule of vehicle {vehicle} keeps windows, places, ride limits and duration")]
    Infeasible {
        /// Which.
        vehicle: usize,
    },
}

impl Problem {
    /// Begins of the visits of a route of `vehicle`, locked ones left out: the earliest schedule that keeps all limits.
    /// A pickup may begin later than the vehicle could, so that the ride gets no longer than allowed.
    ///
    /// # Errors
    /// [`PlanError`] if there is none.
    pub fn schedule(&self, vehicle: usize, visits: &[StopId]) -> Result<TimedVisits, PlanError> {
        let stops = self.open_stops(vehicle, visits)?;
        let mut route = Route::default();
        let mut position = vec![NONE; self.stops.len()];
        if !route.build(self, narrow(vehicle), &stops, &mut position) {
            return Err(PlanError::Infeasible { vehicle });
        }
        let nodes = route.nodes.iter().filter(|node| node.stop != NONE);
        Ok(nodes.map(|node| (StopId(node.stop), node.begin)).collect())
    }

    /// The visits behind the locked ones, checked for everything but times and loads.
    fn open_stops(&self, vehicle: usize, visits: &[StopId]) -> Result<Vec<u32>, PlanError> {
        let locked = self.vehicles.get(vehicle).map_or(&[][..], |spec| &spec.locked);
        let open = visits.strip_prefix(locked).ok_or(PlanError::Locked { vehicle })?;
        for (k, stop) in open.iter().enumerate() {
            let request = stop.request();
            let wrong = PlanError::Visits { request, vehicle };
            let task = *self.tasks.get(request as usize).ok_or(wrong)?;
            let count = |wanted: StopId| open.iter().filter(|&&other| other == wanted).count();
            let (pickups, dropoffs) =
                (count(StopId::pickup(request)), count(StopId::dropoff(request)));
            let in_order = stop.is_pickup()
                || task == Task::Alight
                || open[..k].contains(&StopId::pickup(request));
            let wanted = match task {
                Task::Ride => (1, 1),
                Task::Alight => (0, 1),
                Task::Done => return Err(wrong),
            };
            let may =
                self.requests[request as usize].vehicle.is_none_or(|own| own as usize == vehicle);
            if (pickups, dropoffs) != wanted || !in_order || !may {
                return Err(wrong);
            }
        }
        Ok(open.iter().map(|stop| stop.0).collect())
    }

    /// The plan that drives these routes (missing ones are empty) and leaves everybody else out.
    ///
    /// # Errors
    /// [`PlanError`] if a route is not feasible or somebody is in two of them.
    pub fn plan(&self, routes: &[Vec<StopId>]) -> Result<Plan, PlanError> {
        self.start(routes).map(|work| work.plan())
    }

    pub(super) fn start(&self, routes: &[Vec<StopId>]) -> Result<Work<'_>, PlanError> {
        if self.n_vehicles() < routes.len() {
            return Err(PlanError::Routes { routes: routes.len(), vehicles: self.n_vehicles() });
        }
        let mut work = Work::new(self);
        for (vehicle, visits) in routes.iter().enumerate() {
            let stops = self.open_stops(vehicle, visits)?;
            let elsewhere = stops.iter().find(|&&stop| work.home[stop as usize / 2] != NONE);
            if let Some(stop) = elsewhere {
                return Err(PlanError::Visits { request: stop / 2, vehicle });
            }
            if !work.assign(narrow(vehicle), &stops) {
                return Err(PlanError::Infeasible { vehicle });
            }
        }
        work.begin();
        Ok(work)
    }
}

impl Work<'_> {
    /// The plan as it is.
    pub(super) fn plan(&self) -> Plan {
        let locked = self.problem.vehicles.iter().map(|vehicle| vehicle.locked.clone());
        let routes = self.routes.iter().zip(locked);
        let routes = routes.map(|(route, mut visits)| {
            visits.extend(route.stops().map(StopId));
            visits
        });
        let mut unserved = self.unserved.clone();
        unserved.sort_unstable();
        Plan { routes: routes.collect(), unserved, cost: self.cost }
    }
}
