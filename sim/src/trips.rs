//! What became of each request, read from the event log.

use std::collections::BTreeMap;

use sharxi_engine::units::EngineTime;

use crate::event_log::{Record, RecordKind};

/// One request and what became of it.
#[derive(Clone, Debug, PartialEq)]
pub struct Trip {
    /// Its name.
    pub name: String,
    /// When it was asked.
    pub requested_at: EngineTime,
    /// From where, `[lat, lon]`.
    pub from: [f64; 2],
    /// To where, `[lat, lon]`.
    pub to: [f64; 2],
    /// People.
    pub passengers: u8,
    /// Of them in wheelchairs.
    pub wheelchairs: u8,
    /// How it was answered.
    pub answer: Answer,
}

/// How a request was answered.
#[derive(Clone, Debug, PartialEq)]
pub enum Answer {
    /// Not yet.
    None,
    /// Refused.
    Rejected {
        /// Why.
        reason: String,
    },
    /// Accepted.
    Promised(Ride),
}

/// An accepted ride.
#[derive(Clone, Debug, PartialEq)]
pub struct Ride {
    /// From when the wait runs.
    pub ready_at: EngineTime,
    /// Promised: on board by then.
    pub pickup_by: EngineTime,
    /// Promised: off by then.
    pub dropoff_by: EngineTime,
    /// The vehicle that comes, or came.
    pub vehicle: String,
    /// Direct drive in seconds.
    pub direct_s: f64,
    /// Seconds on foot at both ends.
    pub walk_s: f64,
    /// When boarding began.
    pub boarded_at: Option<EngineTime>,
    /// When the rider was off.
    pub alighted_at: Option<EngineTime>,
    /// Called off, or nobody came.
    pub cancelled: bool,
    /// Whether the promise was broken.
    pub broken: bool,
    /// Whether another ride was on board while the vehicle drove.
    pub pooled: bool,
}

impl Ride {
    /// Seconds from ready to boarding.
    #[must_use]
    pub fn wait_s(&self) -> Option<f64> {
        self.boarded_at.map(|boarded_at| boarded_at.since(self.ready_at).as_secs_f64())
    }

    /// Seconds on board.
    #[must_use]
    pub fn ride_s(&self) -> Option<f64> {
        let (boarded_at, alighted_at) = self.boarded_at.zip(self.alighted_at)?;
        Some(alighted_at.since(boarded_at).as_secs_f64())
    }
}

/// A time during which a vehicle did one thing.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Span {
    /// From.
    pub begin: EngineTime,
    /// Until.
    pub end: EngineTime,
    /// Whether it drove.
    pub driving: bool,
    /// Rides on board.
    pub rides: usize,
}

/// The day of one vehicle.
#[derive(Clone, Debug, PartialEq)]
pub struct VehicleDay {
    /// Its name.
    pub name: String,
    /// First record.
    pub shift_start: EngineTime,
    /// Last record.
    pub shift_end: EngineTime,
    /// What it did, without gaps.
    pub spans: Vec<Span>,
}

/// Everything that a log tells about requests and vehicles.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Story {
    /// In order of asking.
    pub trips: Vec<Trip>,
    /// In order of their first record.
    pub vehicles: Vec<VehicleDay>,
}

impl Story {
    /// The accepted rides, in order of asking.
    pub fn rides(&self) -> impl Iterator<Item = &Ride> {
        self.trips.iter().filter_map(|trip| match &trip.answer {
            Answer::Promised(ride) => Some(ride),
            Answer::None | Answer::Rejected { .. } => None,
        })
    }
}

#[derive(Default)]
struct Reader<'a> {
    story: Story,
    trip_idx: BTreeMap<&'a str, usize>,
    vehicle_idx: BTreeMap<&'a str, usize>,
    /// By vehicle: rides on board.
    aboard: Vec<Vec<usize>>,
    driving: Vec<bool>,
    since: Vec<EngineTime>,
}

/// Reads the log.
#[must_use]
pub fn read(records: &[Record]) -> Story {
    let mut reader = Reader::default();
    for record in records {
        reader.take(record);
    }
    let end = records.last().map_or(EngineTime::default(), |record| record.at);
    for idx in 0..reader.story.vehicles.len() {
        let (is_open, began) = (reader.since[idx] != EngineTime::NEVER, reader.since[idx]);
        if is_open && began < end {
            reader.close_span(idx, end);
        }
    }
    reader.story
}

impl<'a> Reader<'a> {
    fn take(&mut self, record: &'a Record) {
        let at = record.at;
        match &record.kind {
            RecordKind::Requested { request_id, from, to, passengers, wheelchairs, .. } => {
                self.trip_idx.insert(request_id, self.story.trips.len());
                self.story.trips.push(Trip {
                    name: request_id.clone(),
                    requested_at: at,
                    from: *from,
                    to: *to,
                    passengers: *passengers,
                    wheelchairs: *wheelchairs,
                    answer: Answer::None,
                });
            }
            RecordKind::Rejected { request_id, reason } => {
                if let Some(trip) = self.trip_mut(request_id) {
                    trip.answer = Answer::Rejected { reason: reason.clone() };
                }
            }
            RecordKind::Promised {
                request_id,
                vehicle_id,
                ready_at,
                pickup_by,
                dropoff_by,
                direct_s,
                walks,
            } => {
                let ride = Ride {
                    ready_at: ready_at.time,
                    pickup_by: pickup_by.time,
                    dropoff_by: dropoff_by.time,
                    vehicle: vehicle_id.clone(),
                    direct_s: *direct_s,
                    walk_s: walks.map_or(0.0, |walks| walks.walk_to_s + walks.walk_from_s),
                    boarded_at: None,
                    alighted_at: None,
                    cancelled: false,
                    broken: false,
                    pooled: false,
                };
                if let Some(trip) = self.trip_mut(request_id) {
                    trip.answer = Answer::Promised(ride);
                }
            }
            RecordKind::Cancelled { request_id, .. } | RecordKind::NoShow { request_id, .. } => {
                self.ride_mut(request_id, |ride| ride.cancelled = true);
            }
            RecordKind::PromiseBroken { request_id, .. } => {
                self.ride_mut(request_id, |ride| ride.broken = true);
            }
            RecordKind::Boarded { request_id, vehicle_id } => {
                self.ride_mut(request_id, |ride| ride.boarded_at = ride.boarded_at.or(Some(at)));
                self.change_aboard(vehicle_id, request_id, at, true);
            }
            RecordKind::Alighted { request_id, vehicle_id } => {
                self.ride_mut(request_id, |ride| ride.alighted_at = Some(at));
                self.change_aboard(vehicle_id, request_id, at, false);
            }
            RecordKind::ShiftStarted { vehicle_id, .. } => self.start(vehicle_id, at),
            RecordKind::Departed { vehicle_id, .. } => self.drive(vehicle_id, at, true),
            RecordKind::Arrived { vehicle_id, .. } => self.drive(vehicle_id, at, false),
            RecordKind::ShiftEnded { vehicle_id } | RecordKind::BrokeDown { vehicle_id, .. } => {
                if let Some(&idx) = self.vehicle_idx.get(vehicle_id.as_str()) {
                    self.close_span(idx, at);
                    self.since[idx] = EngineTime::NEVER;
                    self.aboard[idx].clear();
                }
            }
            RecordKind::Reassigned { request_id, vehicle_id, .. } => {
                self.ride_mut(request_id, |ride| ride.vehicle.clone_from(vehicle_id));
            }
            RecordKind::Repositioning { .. } | RecordKind::PromiseAtRisk { .. } => {}
        }
    }

    fn trip_mut(&mut self, name: &str) -> Option<&mut Trip> {
        let idx = *self.trip_idx.get(name)?;
        self.story.trips.get_mut(idx)
    }

    fn ride_mut(&mut self, name: &str, change: impl FnOnce(&mut Ride)) {
        if let Some(Trip { answer: Answer::Promised(ride), .. }) = self.trip_mut(name) {
            change(ride);
        }
    }

    fn start(&mut self, name: &'a str, at: EngineTime) {
        self.vehicle_idx.insert(name, self.story.vehicles.len());
        let (name, spans) = (name.to_owned(), Vec::new());
        self.story.vehicles.push(VehicleDay { name, shift_start: at, shift_end: at, spans });
        self.aboard.push(Vec::new());
        self.driving.push(false);
        self.since.push(at);
    }

    fn drive(&mut self, name: &str, at: EngineTime, sets_off: bool) {
        let Some(&idx) = self.vehicle_idx.get(name) else { return };
        self.close_span(idx, at);
        self.driving[idx] = sets_off;
        if sets_off && 1 < self.aboard[idx].len() {
            for &trip in &self.aboard[idx] {
                if let Answer::Promised(ride) = &mut self.story.trips[trip].answer {
                    ride.pooled = true;
                }
            }
        }
    }

    fn change_aboard(&mut self, vehicle: &str, request: &str, at: EngineTime, boards: bool) {
        let found = self.vehicle_idx.get(vehicle).zip(self.trip_idx.get(request));
        let Some((&idx, &trip)) = found else { return };
        self.close_span(idx, at);
        self.aboard[idx].retain(|&other| other != trip);
        if boards {
            self.aboard[idx].push(trip);
        }
    }

    fn close_span(&mut self, idx: usize, end: EngineTime) {
        let begin = self.since[idx];
        let vehicle = &mut self.story.vehicles[idx];
        vehicle.shift_end = end;
        if begin < end {
            let (driving, rides) = (self.driving[idx], self.aboard[idx].len());
            vehicle.spans.push(Span { begin, end, driving, rides });
        }
        self.since[idx] = end;
    }
}
