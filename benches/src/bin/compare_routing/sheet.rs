//! Clocks, figures of rounds, and the table made of them.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::time::Instant;

use rustix::time::{ClockId, clock_gettime};

/// The engine that ratios refer to.
pub(crate) const OURS: &str = "sharxi";

/// Seconds of CPU that this thread has used.
#[expect(clippy::cast_precision_loss, reason = "seconds of a benchmark")]
fn cpu_s() -> f64 {
    let now = clock_gettime(ClockId::ThreadCPUTime);
    now.tv_sec as f64 + now.tv_nsec as f64 * 1e-9
}

/// Seconds of CPU that the work took on this thread.
pub(crate) fn cpu_of(work: impl FnOnce()) -> f64 {
    timed(work).1
}

/// What the work makes, and the seconds of CPU that it takes on this thread.
pub(crate) fn timed<T>(work: impl FnOnce() -> T) -> (T, f64) {
    let before = cpu_s();
    let made = work();
    (made, cpu_s() - before)
}

/// Seconds on the wall that the work took.
pub(crate) fn wall_of(work: impl FnOnce()) -> f64 {
    let started = Instant::now();
    work();
    started.elapsed().as_secs_f64()
}

/// Median nanoseconds of single calls on the wall, less what reading the clock takes.
pub(crate) fn isolated_ns<T>(items: &[T], mut work: impl FnMut(&T)) -> f64 {
    let timed = |work: &mut dyn FnMut(&T)| {
        let each = items.iter().map(|item| {
            let started = Instant::now();
            work(item);
            started.elapsed().as_secs_f64() * 1e9
        });
        median(each.collect())
    };
    let clock = timed(&mut |item| {
        std::hint::black_box(item);
    });
    (timed(&mut work) - clock).max(0.0)
}

/// The middle value.
pub(crate) fn median(mut values: Vec<f64>) -> f64 {
    values.sort_by(f64::total_cmp);
    values.get(values.len() / 2).copied().unwrap_or(0.0)
}

/// What is measured, in which unit.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Measure {
    /// Place in the table.
    pub(crate) place: u8,
    pub(crate) name: &'static str,
    pub(crate) unit: &'static str,
}

/// One value a round for each measure and engine.
#[derive(Default)]
pub(crate) struct Sheet {
    rounds: BTreeMap<Measure, Vec<(&'static str, Vec<f64>)>>,
}

impl Sheet {
    pub(crate) fn put(&mut self, measure: Measure, engine: &'static str, value: f64) {
        let row = self.rounds.entry(measure).or_default();
        match row.iter_mut().find(|(name, _)| *name == engine) {
            Some((_, values)) => values.push(value),
            None => row.push((engine, vec![value])),
        }
    }

    /// A Markdown table: medians over the rounds, least and most, and how many times ours the others took, the median
    /// of the ratios round by round.
    pub(crate) fn table(&self) -> String {
        let mut text =
            "| measure | engine | median | least .. most | times ours |\n|---|---|---:|---:|---:|\n".to_owned();
        for (measure, row) in &self.rounds {
            let ours = row.iter().find(|(name, _)| *name == OURS).map(|(_, values)| values);
            for (engine, values) in row {
                let least = values.iter().copied().fold(f64::INFINITY, f64::min);
                let most = values.iter().copied().fold(0.0, f64::max);
                let ratio = ours.filter(|_| *engine != OURS).map_or(String::new(), |ours| {
                    let ratios = values.iter().zip(ours).map(|(theirs, ours)| theirs / ours);
                    format!("{:.2}", median(ratios.collect()))
                });
                let middle = median(values.clone());
                let _ = writeln!(
                    text,
                    "| {} | {engine} | {middle:.3} {} | {least:.3} .. {most:.3} | {ratio} |",
                    measure.name, measure.unit
                );
            }
        }
        text
    }

    /// All values, one line each: measure, unit, engine, values of the rounds.
    pub(crate) fn raw(&self) -> String {
        let mut text = String::new();
        for (measure, row) in &self.rounds {
            for (engine, values) in row {
                let values: Vec<String> =
                    values.iter().map(|value| format!("{value:.4}")).collect();
                let _ = writeln!(
                    text,
                    "{}\t{}\t{engine}\t{}",
                    measure.name,
                    measure.unit,
                    values.join("\t")
                );
            }
        }
        text
    }
}
