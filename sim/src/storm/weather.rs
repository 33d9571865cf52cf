//! What a seed brings: how long, how many, and which faults.

use crate::rng::Rng;

/// A minute in milliseconds.
pub const MINUTE_MS: i64 = 60_000;

/// What strikes the service.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Strike {
    /// It is killed between two turns.
    Now,
    /// It is killed in the middle of the next write; the disk keeps any part of it.
    Write,
    /// The next write fails, and it ends by itself.
    FullDisk,
    /// It is stopped in good order.
    Stop,
}

/// The whole of it. Times are milliseconds since the beginning.
#[derive(Clone, Debug)]
pub struct Weather {
    /// Until when things fail.
    pub safety_ms: i64,
    /// How many vehicles.
    pub n_vehicles: u32,
    /// How many people have the app.
    pub n_riders: u32,
    /// How many rides they ask for.
    pub n_trips: u32,
    /// The policy's `react`, in seconds.
    pub react_s: u32,
    /// The policy's `stop`, in seconds.
    pub stop_s: u32,
    /// Whether plans of several vehicles are changed together.
    pub reoptimise: bool,
    /// When the service is struck, and how.
    pub strikes: Vec<(i64, Strike)>,
    /// When the wall clock is set, and by how much.
    pub steps: Vec<(i64, i64)>,
    /// Share of messages that are lost.
    pub lost: f64,
    /// Share of messages that come twice.
    pub doubled: f64,
    /// Share of messages that take up to a minute.
    pub late: f64,
    /// Share of messages with which the connection breaks.
    pub breaks: f64,
    /// Inputs that may wait for the core.
    pub queue: usize,
    /// Messages that may wait for a reader.
    pub outbox: usize,
    /// Commands from snapshot to snapshot.
    pub snapshot_every: u64,
    /// Pages of the log until it is copied into the file.
    pub log_pages: u32,
    /// Commands from state hash to state hash.
    pub hash_every: u64,
}

impl Weather {
    /// That of a seed.
    #[must_use]
    pub fn of(seed: u64) -> Self {
        let mut rng = Rng::new(seed, 1);
        let safety_ms = rng.between(20, 45) * MINUTE_MS;
        let some = |rng: &mut Rng, max: usize| rng.below(max + 1);
        let n_strikes = some(&mut rng, 6);
        let strikes = (0..n_strikes).map(|_| {
            let strike = match rng.below(8) {
                0 | 1 => Strike::Now,
                2 => Strike::FullDisk,
                3 => Strike::Stop,
                _ => Strike::Write,
            };
            (rng.between(MINUTE_MS, safety_ms), strike)
        });
        let mut strikes: Vec<(i64, Strike)> = strikes.collect();
        strikes.sort_by_key(|(at, _)| *at);
        let n_steps = some(&mut rng, 3);
        let steps = (0..n_steps)
            .map(|_| (rng.between(0, safety_ms), rng.between(-600, 600) * 1_000))
            .collect();
        let share =
            |rng: &mut Rng, max: f64| if rng.below(4) == 0 { 0.0 } else { rng.unit() * max };
        let tiny = |rng: &mut Rng, low: i64, high: i64, usual: usize| {
            let is_tiny = rng.below(3) == 0;
            if is_tiny { usize::try_from(rng.between(low, high)).unwrap_or(usual) } else { usual }
        };
        let count = |rng: &mut Rng, low, high| u32::try_from(rng.between(low, high)).unwrap_or(1);
        Self {
            safety_ms,
            n_vehicles: count(&mut rng, 2, 6),
            n_riders: count(&mut rng, 3, 10),
            n_trips: count(&mut rng, 10, 45),
            react_s: [0, 10][rng.below(2)],
            stop_s: [0, 20][rng.below(2)],
            reoptimise: rng.below(2) == 0,
            strikes,
            steps,
            lost: share(&mut rng, 0.15),
            doubled: share(&mut rng, 0.15),
            late: share(&mut rng, 0.1),
            breaks: share(&mut rng, 0.02),
            queue: tiny(&mut rng, 1, 6, 256),
            outbox: tiny(&mut rng, 64, 128, 4_096),
            snapshot_every: [0, 20, 100][rng.below(3)],
            log_pages: [8, 40, 1_000][rng.below(3)],
            hash_every: [1, 7, 64][rng.below(3)],
        }
    }
}
