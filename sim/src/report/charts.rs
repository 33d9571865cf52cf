//! The charts of a study.

use sharxi_engine::units::EngineTime;

use crate::clock::HOUR_MS;
use crate::report::svg::{Plot, escape};
use crate::scenario::file::Period;
use crate::trips::{Answer, Ride, Story, VehicleDay};

/// Width of a bar of the wait histogram.
const MINUTE_S: f64 = 60.0;
/// Rides that the scatter chart shows at most.
const DOTS_MAX: usize = 2_000;
/// Vehicles that the timelines show at most.
const TIMELINES_MAX: usize = 120;

fn rides(story: &Story) -> impl Iterator<Item = (&crate::trips::Trip, &Ride)> {
    story.trips.iter().filter_map(|trip| match &trip.answer {
        Answer::Promised(ride) => Some((trip, ride)),
        Answer::None | Answer::Rejected { .. } => None,
    })
}

/// How long riders waited, by minute, with the promised limit.
#[must_use]
pub fn waits(story: &Story, max_wait_s: f64) -> String {
    let mut counts: Vec<f64> = vec![0.0; 1 + index(max_wait_s / MINUTE_S)];
    for wait_s in rides(story).filter_map(|(_, ride)| ride.wait_s()) {
        let minute = index(wait_s / MINUTE_S);
        if counts.len() <= minute {
            counts.resize(minute + 1, 0.0);
        }
        counts[minute] += 1.0;
    }
    let limit_min = max_wait_s / MINUTE_S;
    let most = counts.iter().copied().fold(0.0, f64::max);
    let mut plot = Plot::new("Waits by minute", count(counts.len()), most);
    for (minute, &n) in counts.iter().enumerate() {
        let class = if count(minute) < limit_min { "good" } else { "bad" };
        let title = format!("{minute} to {} min: {n:.0} rides", minute + 1);
        plot.bar(count(minute), 1.0, 0.0, n, class, &title);
        plot.tick(count(minute), &minute.to_string());
    }
    plot.mark(limit_min, &format!("{limit_min:.0} min promised"));
    plot.finish("minutes waited", "rides")
}

/// Median and 95th percentile of the wait, by the hour from which it ran.
#[must_use]
pub fn waits_by_hour(story: &Story, period: Period, max_wait_s: f64) -> String {
    let hours = Hours::new(period);
    let mut by_hour: Vec<Vec<f64>> = vec![Vec::new(); hours.n];
    for (_, ride) in rides(story) {
        if let (Some(hour), Some(wait_s)) = (hours.of(ride.ready_at), ride.wait_s()) {
            by_hour[hour].push(wait_s / 60.0);
        }
    }
    let mut plot = Plot::new("Waits by hour", count(hours.n), max_wait_s / 60.0);
    for (hour, waits) in by_hour.into_iter().enumerate() {
        let spread = crate::kpi::spread(waits.into_iter());
        if let (Some(p50), Some(p95)) = (spread.p50, spread.p95) {
            plot.bar(count(hour), 1.0, 0.0, p95, "soft", &format!("95 % within {p95:.1} min"));
            plot.bar(count(hour), 1.0, 0.0, p50, "good", &format!("half within {p50:.1} min"));
        }
    }
    hours.ticks(&mut plot);
    plot.finish("hour", "minutes: median, 95 %")
}

/// Requests by hour: served and refused.
#[must_use]
pub fn requests_by_hour(story: &Story, period: Period) -> String {
    let hours = Hours::new(period);
    let (mut served, mut refused) = (vec![0.0; hours.n], vec![0.0; hours.n]);
    for trip in &story.trips {
        if let Some(hour) = hours.of(trip.requested_at) {
            match trip.answer {
                Answer::Promised(_) => served[hour] += 1.0,
                Answer::None | Answer::Rejected { .. } => refused[hour] += 1.0,
            }
        }
    }
    let most = served.iter().zip(&refused).map(|(a, b)| a + b).fold(0.0, f64::max);
    let mut plot = Plot::new("Requests by hour", count(hours.n), most);
    for hour in 0..hours.n {
        let (yes, no) = (served[hour], refused[hour]);
        plot.bar(count(hour), 1.0, 0.0, yes, "good", &format!("{yes:.0} promised"));
        plot.bar(count(hour), 1.0, yes, no, "bad", &format!("{no:.0} refused"));
    }
    hours.ticks(&mut plot);
    plot.finish("hour", "requests")
}

/// What the fleet did, by quarter of an hour: with riders, empty on the road, standing.
#[must_use]
pub fn occupancy(story: &Story, period: Period) -> String {
    const SLOT_MS: i64 = HOUR_MS / 4;
    let hours = Hours::new(period);
    let n_slots = hours.n * 4;
    let (mut with_riders, mut shared, mut empty) =
        (vec![0.0; n_slots], vec![0.0; n_slots], vec![0.0; n_slots]);
    for span in story.vehicles.iter().flat_map(|day| &day.spans) {
        let row = match (span.rides, span.driving) {
            (0, false) => continue,
            (0, true) => &mut empty,
            (1, _) => &mut with_riders,
            _ => &mut shared,
        };
        for (slot, cell) in row.iter_mut().enumerate() {
            let begin = period.start.unix_ms() + i64::try_from(slot).unwrap_or(0) * SLOT_MS;
            let overlap_ms =
                span.end.unix_ms().min(begin + SLOT_MS) - span.begin.unix_ms().max(begin);
            *cell += ms(overlap_ms.max(0)) / ms(SLOT_MS);
        }
    }
    let mut plot = Plot::new("Vehicles at work", count(n_slots), count(story.vehicles.len()));
    for slot in 0..n_slots {
        let mut base = 0.0;
        let parts = [
            (&shared, "good", "shared"),
            (&with_riders, "soft", "one ride"),
            (&empty, "idle", "empty"),
        ];
        for (row, class, word) in parts {
            plot.bar(count(slot), 1.0, base, row[slot], class, &format!("{:.0} {word}", row[slot]));
            base += row[slot];
        }
    }
    for hour in (0..=hours.n).step_by(hours.step()) {
        plot.tick(count(hour * 4), &hours.name(hour));
    }
    plot.finish("time", "vehicles: shared, one ride, empty")
}

/// Time on board against the direct drive.
#[must_use]
pub fn ride_against_direct(story: &Story, alpha: f64, beta_s: f64) -> String {
    let points: Vec<(f64, f64)> = rides(story)
        .filter_map(|(_, ride)| Some((ride.direct_s / 60.0, ride.ride_s()? / 60.0)))
        .collect();
    let x_max = points.iter().map(|point| point.0).fold(1.0, f64::max);
    let y_max = points.iter().map(|point| point.1).fold(1.0, f64::max);
    let mut plot = Plot::new("Ride against direct drive", x_max, y_max);
    let every = points.len().div_ceil(DOTS_MAX).max(1);
    for &(x, y) in points.iter().step_by(every) {
        plot.dot(x, y, "dot");
    }
    let limit = |x: f64| (x, alpha * x + beta_s / 60.0);
    plot.line(&[limit(0.0), limit(x_max)], "mark");
    plot.line(&[(0.0, 0.0), (x_max, x_max)], "plain");
    for step in 0..=5 {
        let x = x_max * f64::from(step) / 5.0;
        plot.tick(x, &format!("{x:.0}"));
    }
    plot.finish("minutes direct", "minutes on board")
}

/// What each vehicle did over the day.
#[must_use]
pub fn timelines(story: &Story, period: Period) -> String {
    let end = story.vehicles.iter().map(|day| day.shift_end).max().unwrap_or(period.end);
    let begin = period.start;
    let whole_ms = ms(end.unix_ms() - begin.unix_ms()).max(1.0);
    let x =
        |time: EngineTime| 100.0 + ms(time.unix_ms() - begin.unix_ms()).max(0.0) / whole_ms * 590.0;
    let shown: Vec<&VehicleDay> = story.vehicles.iter().take(TIMELINES_MAX).collect();
    let mut body = String::new();
    for (row, day) in shown.iter().enumerate() {
        let y = count(row) * 8.0;
        body.push_str(&format!(
            "<text class=\"small\" x=\"96\" y=\"{:.0}\" text-anchor=\"end\">{}</text>",
            y + 6.5,
            escape(&day.name)
        ));
        // One path for each kind of time keeps the page small.
        let mut paths = [String::new(), String::new(), String::new()];
        for span in &day.spans {
            let path = match (span.rides, span.driving) {
                (0, false) => continue,
                (0, true) => &mut paths[0],
                (1, _) => &mut paths[1],
                _ => &mut paths[2],
            };
            path.push_str(&format!("M{:.1} {y:.0}H{:.1}", x(span.begin), x(span.end)));
        }
        for (path, class) in paths.iter().zip(["idle", "soft", "good"]) {
            if !path.is_empty() {
                body.push_str(&format!(
                    "<path class=\"span {class}\" transform=\"translate(0 4)\" d=\"{path}\"/>"
                ));
            }
        }
    }
    let height = count(shown.len()) * 8.0 + 4.0;
    format!(
        "<svg role=\"img\" aria-label=\"What each vehicle did\" viewBox=\"0 0 700 {height:.0}\">{body}</svg>"
    )
}

/// The hours of a period.
struct Hours {
    period: Period,
    n: usize,
}

impl Hours {
    fn new(period: Period) -> Self {
        let span_ms = (period.end.unix_ms() - period.start.unix_ms()).max(1);
        let n = usize::try_from((span_ms + HOUR_MS - 1) / HOUR_MS).unwrap_or(1);
        Self { period, n }
    }

    fn of(&self, time: EngineTime) -> Option<usize> {
        let since_ms = time.unix_ms() - self.period.start.unix_ms();
        usize::try_from(since_ms.div_euclid(HOUR_MS)).ok().filter(|&hour| hour < self.n)
    }

    fn step(&self) -> usize {
        self.n.div_ceil(12).max(1)
    }

    fn name(&self, hour: usize) -> String {
        let ms = i64::try_from(hour).unwrap_or(0) * HOUR_MS;
        self.period.clock.format_hm(crate::clock::shifted(self.period.start, ms))
    }

    fn ticks(&self, plot: &mut Plot) {
        for hour in (0..=self.n).step_by(self.step()) {
            plot.tick(count(hour), &self.name(hour));
        }
    }
}

#[expect(clippy::cast_precision_loss, reason = "counts are exact")]
fn count(n: usize) -> f64 {
    n as f64
}

#[expect(clippy::cast_precision_loss, reason = "a few days are exact")]
fn ms(ms: i64) -> f64 {
    ms as f64
}

#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "saturates")]
fn index(value: f64) -> usize {
    value.floor() as usize
}
