//! Readers of the file formats: Li & Lim, Cordeau's dial-a-ride, Sartori & Buriol, and scenes of a running fleet.

use serde::Deserialize;

use super::instance::{Car, Instance, Node, Ride};

/// Most nodes of a file: as many as the optimiser takes.
const NODES_MAX: usize = 10_000;

/// A file format.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Format {
    /// Pickup and delivery with time windows, Li and Lim 2001: straight distances, fewer vehicles first.
    Lilim,
    /// Dial-a-ride, Cordeau and Laporte 2003, Cordeau 2006: straight distances, ride limits and route durations.
    Darp,
    /// Pickup and delivery on road times, Sartori and Buriol 2020: whole minutes, fewer vehicles first.
    Sartori,
    /// A running fleet as JSON: seconds, every vehicle where it is, open routes, ride limits.
    Scene,
}

/// Why a file is no instance.
#[derive(Debug, thiserror::Error)]
pub enum FormatError {
    /// A line is wrong.
    #[error("line {line}: {why}")]
    Line {
        /// Which, from 1.
        line: usize,
        /// What is wrong.
        why: String,
    },
    /// The whole is wrong.
    #[error("{0}")]
    Whole(String),
    /// It is not the JSON of a scene.
    #[error("this is no scene: {0}")]
    Json(#[from] serde_json::Error),
}

impl Format {
    /// Reads a file's text.
    ///
    /// # Errors
    /// [`FormatError`] with the line, if it is not whole, consistent and of this format.
    pub fn read(self, name: &str, text: &str) -> Result<Instance, FormatError> {
        let mut instance = match self {
            Self::Lilim => lilim(text)?,
            Self::Darp => darp(text)?,
            Self::Sartori => sartori(text)?,
            Self::Scene => scene(text)?,
        };
        name.clone_into(&mut instance.name);
        check(&instance)?;
        Ok(instance)
    }
}

/// What holds in every format.
fn check(instance: &Instance) -> Result<(), FormatError> {
    let whole = |why: String| Err(FormatError::Whole(why));
    let n_nodes = instance.nodes.len();
    if NODES_MAX < n_nodes || NODES_MAX < instance.cars.len() {
        return whole(format!("more than {NODES_MAX} nodes or vehicles"));
    }
    if instance.rides.is_empty() || instance.cars.is_empty() {
        return whole("it has no request or no vehicle".to_owned());
    }
    let mut seen = vec![false; n_nodes];
    for ride in &instance.rides {
        for node in [ride.pickup, ride.delivery] {
            match seen.get_mut(node) {
                Some(seen) if !*seen => *seen = true,
                Some(_) => return whole(format!("node {node} belongs to two requests")),
                None => return whole(format!("node {node} does not exist")),
            }
        }
        let (pickup, delivery) = (instance.nodes[ride.pickup], instance.nodes[ride.delivery]);
        if pickup.load <= 0 || pickup.load != -delivery.load {
            return whole(format!(
                "the loads of pickup {} and delivery {} are {} and {}",
                ride.pickup, ride.delivery, pickup.load, delivery.load
            ));
        }
    }
    let known = |node: usize| node < n_nodes;
    if instance.cars.iter().any(|car| !known(car.start) || !car.end.is_none_or(known)) {
        return whole("a vehicle starts or ends at a node that does not exist".to_owned());
    }
    let limits = instance.cars.iter().flat_map(|car| [car.ready, car.until]);
    let windows = instance.nodes.iter().flat_map(|node| [node.earliest, node.latest, node.service]);
    let most = instance
        .times
        .iter()
        .copied()
        .chain(windows)
        .chain(limits)
        .map(f64::abs)
        .fold(0.0, f64::max);
    if 1e8 < most {
        return whole("a time or distance is beyond 100,000,000".to_owned());
    }
    Ok(())
}

/// The numbers of one line.
struct Row {
    line: usize,
    numbers: Vec<f64>,
}

impl Row {
    fn error<T>(&self, why: impl Into<String>) -> Result<T, FormatError> {
        Err(FormatError::Line { line: self.line, why: why.into() })
    }

    fn expect(&self, count: usize, what: &str) -> Result<&[f64], FormatError> {
        if self.numbers.len() == count {
            Ok(&self.numbers)
        } else {
            self.error(format!("{what} needs {count} numbers, not {}", self.numbers.len()))
        }
    }

    /// A whole number of at least 0 at a position.
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "whole and in range, as checked"
    )]
    fn count(&self, at: usize) -> Result<usize, FormatError> {
        match self.numbers.get(at) {
            Some(&value) if value.fract() == 0.0 && (0.0..=1e6).contains(&value) => {
                Ok(value as usize)
            }
            _ => self.error(format!("number {} has to be whole and from 0 to 1000000", at + 1)),
        }
    }

    fn capacity(&self, at: usize) -> Result<u16, FormatError> {
        match self.count(at)? {
            capacity @ 1..=16_383 => Ok(u16::try_from(capacity).unwrap_or(u16::MAX)),
            _ => self.error("the capacity has to be from 1 to 16383"),
        }
    }

    #[expect(clippy::cast_possible_truncation, reason = "whole and in range, as checked")]
    fn load(&self, at: usize) -> Result<i32, FormatError> {
        match self.numbers.get(at) {
            Some(&value) if value.fract() == 0.0 && value.abs() <= 16_383.0 => Ok(value as i32),
            _ => self.error("a load has to be whole and at most 16383"),
        }
    }
}

/// All lines that are not blank, from line number `first` on.
fn rows<'a>(lines: impl Iterator<Item = &'a str>, first: usize) -> Result<Vec<Row>, FormatError> {
    let mut rows = Vec::new();
    for (line, text) in (first..).zip(lines) {
        let parse = |word: &str| word.parse::<f64>().ok().filter(|number| number.is_finite());
        let numbers: Option<Vec<f64>> = text.split_whitespace().map(parse).collect();
        match numbers {
            Some(numbers) if numbers.is_empty() => {}
            Some(numbers) => rows.push(Row { line, numbers }),
            None => {
                let why = format!("{:?} is not a row of numbers", text.trim());
                return Err(FormatError::Line { line, why });
            }
        }
    }
    Ok(rows)
}

/// The first row and the rest.
fn headed(rows: &[Row]) -> Result<(&Row, &Row, &[Row]), FormatError> {
    match rows {
        [head, depot, rest @ ..] if !rest.is_empty() => Ok((head, depot, rest)),
        _ => Err(FormatError::Whole("the file ends before the first request".to_owned())),
    }
}

fn depot_cars(count: usize, depot: Node, capacity: u16, duration_max: Option<f64>) -> Vec<Car> {
    let car = Car {
        start: 0,
        end: Some(0),
        ready: depot.earliest,
        until: depot.latest,
        capacity,
        duration_max,
    };
    vec![car; count]
}

fn lilim(text: &str) -> Result<Instance, FormatError> {
    let rows = rows(text.lines(), 1)?;
    let (head, _, _) = headed(&rows)?;
    head.expect(3, "the head (vehicles, capacity, speed)")?;
    let mut instance = Instance { is_fewer_first: true, ..Instance::default() };
    let mut points = Vec::new();
    for (id, row) in rows[1..].iter().enumerate() {
        let numbers = row.expect(9, "a task")?;
        if row.count(0)? != id {
            return row.error(format!("task {id} is expected here"));
        }
        points.push([numbers[1], numbers[2]]);
        instance.nodes.push(Node {
            load: row.load(3)?,
            earliest: numbers[4],
            latest: numbers[5],
            service: numbers[6],
        });
        let delivery = row.count(8)?;
        if delivery != 0 {
            if rows.get(delivery + 1).and_then(|other| other.count(7).ok()) != Some(id) {
                return row.error(format!("task {delivery} does not name {id} as its pickup"));
            }
            instance.rides.push(Ride { pickup: id, delivery, ride_max: None });
        }
    }
    instance.cars =
        depot_cars(head.count(0)?.min(NODES_MAX + 1), instance.nodes[0], head.capacity(1)?, None);
    if 2 * instance.rides.len() + 1 != instance.nodes.len() {
        return Err(FormatError::Whole("a task is neither pickup nor delivery".to_owned()));
    }
    instance.set_euclidean(&points);
    Ok(instance)
}

fn darp(text: &str) -> Result<Instance, FormatError> {
    let rows = rows(text.lines(), 1)?;
    let (head, _, _) = headed(&rows)?;
    let limits =
        head.expect(5, "the head (vehicles, requests, route duration, capacity, ride limit)")?;
    let mut tasks = &rows[1..];
    // Some files name the depot again at the end.
    if tasks.len().is_multiple_of(2) {
        tasks = &tasks[..tasks.len() - 1];
    }
    let n_rides = tasks.len() / 2;
    let named = head.count(1)?;
    if named != n_rides && named != 2 * n_rides {
        return head.error(format!("{named} requests are named but {n_rides} follow"));
    }
    let mut instance = Instance::default();
    let mut points = Vec::new();
    for (id, row) in tasks.iter().enumerate() {
        let numbers = row.expect(7, "a visit")?;
        if row.count(0)? != id {
            return row.error(format!("visit {id} is expected here"));
        }
        points.push([numbers[1], numbers[2]]);
        instance.nodes.push(Node {
            service: numbers[3],
            load: row.load(4)?,
            earliest: numbers[5],
            latest: numbers[6],
        });
    }
    let ride_max = Some(limits[4]);
    instance.rides =
        (1..=n_rides).map(|pickup| Ride { pickup, delivery: pickup + n_rides, ride_max }).collect();
    for ride in &instance.rides {
        // Files of the set write deliveries with either sign.
        instance.nodes[ride.delivery].load = -instance.nodes[ride.pickup].load;
    }
    let duration_max = Some(limits[2]);
    instance.cars = depot_cars(
        head.count(0)?.min(NODES_MAX + 1),
        instance.nodes[0],
        head.capacity(3)?,
        duration_max,
    );
    instance.set_euclidean(&points);
    Ok(instance)
}

fn sartori(text: &str) -> Result<Instance, FormatError> {
    let field = |name: &str| {
        let value =
            text.lines().take(10).find_map(|line| line.strip_prefix(name)?.strip_prefix(':'));
        let missing = || FormatError::Whole(format!("{name} is missing or no number"));
        value.and_then(|value| value.trim().parse::<usize>().ok()).ok_or_else(missing)
    };
    let (size, capacity) = (field("SIZE")?, field("CAPACITY")?);
    if NODES_MAX < size {
        return Err(FormatError::Whole(format!("more than {NODES_MAX} nodes")));
    }
    let section = |name: &str| {
        let at = text.lines().position(|line| line.trim() == name);
        let at = at.ok_or_else(|| FormatError::Whole(format!("the section {name} is missing")))?;
        let rows = rows(text.lines().skip(at + 1).take(size), at + 2)?;
        if rows.len() == size {
            Ok(rows)
        } else {
            Err(FormatError::Whole(format!("{name} needs {size} lines, not {}", rows.len())))
        }
    };
    let mut instance = Instance { is_fewer_first: true, ..Instance::default() };
    for (id, row) in section("NODES")?.iter().enumerate() {
        let numbers = row.expect(9, "a node")?;
        if row.count(0)? != id {
            return row.error(format!("node {id} is expected here"));
        }
        instance.nodes.push(Node {
            load: row.load(3)?,
            earliest: numbers[4],
            latest: numbers[5],
            service: numbers[6],
        });
        let delivery = row.count(8)?;
        if delivery != 0 {
            instance.rides.push(Ride { pickup: id, delivery, ride_max: None });
        }
    }
    for row in section("EDGES")? {
        let times = row.expect(size, "a line of the matrix")?;
        if times.iter().any(|&time| time < 0.0) {
            return row.error("a time is negative");
        }
        instance.times.extend_from_slice(times);
    }
    let capacity = u16::try_from(capacity).unwrap_or(u16::MAX);
    let Some(&depot) = instance.nodes.first() else {
        return Err(FormatError::Whole("it has no depot".to_owned()));
    };
    // The number of vehicles is free: one for each request is enough.
    instance.cars = depot_cars(instance.rides.len(), depot, capacity, None);
    Ok(instance)
}

/// What the scene generator of the running-fleet comparison exports.
#[derive(Debug, Deserialize)]
struct Scene {
    /// Vehicles; vehicle `k` is at place `k`.
    v: usize,
    /// Pickup, delivery, load, earliest and latest pickup, latest delivery, longest ride.
    req: Vec<(usize, usize, i32, f64, f64, f64, f64)>,
    /// Seconds between places.
    m: Vec<Vec<f64>>,
    /// Places by vehicle.
    #[serde(default)]
    plan: Vec<Vec<usize>>,
}

/// Seconds of a stop, places of a vehicle and seconds of a shift in every scene.
const SCENE: (f64, u16, f64) = (30.0, 8, 4.0 * 3600.0);

fn scene(text: &str) -> Result<Instance, FormatError> {
    let scene: Scene = serde_json::from_str(text)?;
    let (service, capacity, until) = SCENE;
    let n_places = scene.m.len();
    if scene.m.iter().any(|row| row.len() != n_places) {
        return Err(FormatError::Whole("the matrix is not square".to_owned()));
    }
    let mut instance = Instance {
        nodes: vec![Node::default(); n_places],
        times: scene.m.concat(),
        plan: scene.plan,
        ..Instance::default()
    };
    if instance.times.iter().any(|&time| time < 0.0) {
        return Err(FormatError::Whole("a time is negative".to_owned()));
    }
    for (pickup, delivery, load, earliest, latest, deadline, ride_max) in scene.req {
        if n_places <= pickup || n_places <= delivery {
            return Err(FormatError::Whole(format!("request {pickup}, {delivery} is at no place")));
        }
        instance.nodes[pickup] = Node { earliest, latest, service, load };
        instance.nodes[delivery] = Node { earliest: 0.0, latest: deadline, service, load: -load };
        instance.rides.push(Ride { pickup, delivery, ride_max: Some(ride_max) });
    }
    let car = |start| Car { start, end: None, ready: 0.0, until, capacity, duration_max: None };
    instance.cars = (0..scene.v.min(NODES_MAX + 1)).map(car).collect();
    Ok(instance)
}
