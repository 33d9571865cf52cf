//! Two fleets or policies on the same days: paired differences of every figure.

use serde::Serialize;

use crate::stats::{self, Paired};
use crate::sweep::results::figures;
use crate::sweep::runner::{Job, Manifest};
use crate::table::{Cell, Table};

/// Why two sides can't be compared.
#[derive(Debug, thiserror::Error)]
pub enum CompareError {
    /// Other riders.
    #[error(
        "compare: with seed {seed} the two sides do not have the same days ({what} differs); only fleet, policy, \
         pooling and uncertainty may"
    )]
    OtherDays {
        /// Which day.
        seed: u64,
        /// What differs.
        what: &'static str,
    },
}

/// One figure on both sides.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Line {
    /// Its name, such as `wait_s_p95`.
    pub figure: String,
    /// Mean of the first side.
    pub a: f64,
    /// Mean of the second.
    pub b: f64,
    /// Second minus first, day by day.
    pub difference: Paired,
    /// Days on which the second has more.
    pub days_more: usize,
    /// Days on which it has less.
    pub days_less: usize,
}

/// That both sides have the same riders on each day.
///
/// # Errors
/// [`CompareError::OtherDays`] for the first day on which they do not.
pub fn check_same_days(a: &[Job], b: &[Job]) -> Result<(), CompareError> {
    for (a, b) in a.iter().zip(b) {
        let hash = |job: &Job, role: &str| job.inputs.files.get(role).map(|file| file.hash.clone());
        let same = [
            ("seed", a.scenario.seed == b.scenario.seed),
            ("region", hash(a, "region") == hash(b, "region")),
            ("demand", hash(a, "demand") == hash(b, "demand")),
            ("requests_per_day", a.scenario.requests_per_day == b.scenario.requests_per_day),
            ("demand_share", a.scenario.demand_share.total_cmp(&b.scenario.demand_share).is_eq()),
            ("demand_jitter_s", a.scenario.demand_jitter_s == b.scenario.demand_jitter_s),
            ("start or end", a.scenario.period == b.scenario.period),
        ];
        if let Some(&(what, _)) = same.iter().find(|(_, same)| !same) {
            return Err(CompareError::OtherDays { seed: a.scenario.seed, what });
        }
    }
    Ok(())
}

/// Compares the figures of `a` and `b`, which are of the same days in the same order. A day on which a side has no value
/// for a figure does not count for it.
#[must_use]
pub fn compare(a: &[Manifest], b: &[Manifest], confidence: f64) -> Vec<Line> {
    let values = |manifest: &Manifest| figures(&manifest.kpi).collect::<Vec<(String, Cell)>>();
    let days: Vec<_> = a.iter().zip(b).map(|(a, b)| (values(a), values(b))).collect();
    let Some((first, _)) = days.first() else { return Vec::new() };
    let line = |(figure, _): &(String, Cell)| {
        let of = |side: &[(String, Cell)]| {
            side.iter().find(|(name, _)| name == figure).and_then(|(_, cell)| cell.number())
        };
        let pairs: Vec<(f64, f64)> = days.iter().filter_map(|(a, b)| of(a).zip(of(b))).collect();
        let differences: Vec<f64> = pairs.iter().map(|(a, b)| b - a).collect();
        let difference = stats::paired(&differences, confidence)?;
        let mean = |side: fn(&(f64, f64)) -> f64| {
            let values: Vec<f64> = pairs.iter().map(side).collect();
            stats::paired(&values, confidence).map(|paired| paired.mean)
        };
        Some(Line {
            figure: figure.clone(),
            a: mean(|pair| pair.0)?,
            b: mean(|pair| pair.1)?,
            difference,
            days_more: differences.iter().filter(|&&difference| difference > 0.0).count(),
            days_less: differences.iter().filter(|&&difference| difference < 0.0).count(),
        })
    };
    first.iter().filter_map(line).collect()
}

/// The comparison as a table.
#[must_use]
pub fn table(lines: &[Line]) -> Table {
    let mut table = Table::new([
        "figure",
        "days",
        "a",
        "b",
        "difference",
        "low",
        "high",
        "deviation",
        "p_value",
        "days_more",
        "days_less",
    ]);
    for line in lines {
        let difference = &line.difference;
        let real = |value: f64| Cell::Real((value * 1e6).round() / 1e6 + 0.0);
        let whole = |n: usize| i64::try_from(n).map_or(Cell::Empty, Cell::Whole);
        let maybe = |value: Option<f64>| value.map_or(Cell::Empty, real);
        let cells = [
            ("figure", Cell::Text(line.figure.clone())),
            ("days", whole(difference.n)),
            ("a", real(line.a)),
            ("b", real(line.b)),
            ("difference", real(difference.mean)),
            ("low", maybe(difference.interval.map(|interval| interval.low))),
            ("high", maybe(difference.interval.map(|interval| interval.high))),
            ("deviation", maybe(difference.deviation)),
            ("p_value", maybe(difference.p_value)),
            ("days_more", whole(line.days_more)),
            ("days_less", whole(line.days_less)),
        ];
        table.push(cells.map(|(name, cell)| (name.to_owned(), cell)));
    }
    table
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use serde_json::{Value, json};

    use super::*;
    use crate::sweep::inputs::Inputs;

    fn manifest(kpi: Value) -> Manifest {
        let inputs = Inputs {
            version: "0".into(),
            seed: 1,
            sets: Vec::new(),
            settings: Vec::new(),
            files: BTreeMap::new(),
        };
        Manifest {
            run: String::new(),
            inputs,
            kpi,
            audit_breaches: None,
            state_hash: String::new(),
            wall_s: 0.0,
        }
    }

    #[test]
    fn differences_are_taken_day_by_day() {
        let day = |rejected: u32, mean: Value| {
            manifest(json!({ "rejected": rejected, "wait_s": { "mean": mean } }))
        };
        let a = [day(10, json!(100.0)), day(30, json!(200.0)), day(20, json!(null))];
        let b = [day(8, json!(110.0)), day(29, json!(210.0)), day(20, json!(90.0))];
        let lines = compare(&a, &b, 0.95);
        assert_eq!(lines.len(), 2);
        let rejected = &lines[0];
        assert_eq!((rejected.a, rejected.b, rejected.difference.mean), (20.0, 19.0, -1.0));
        assert_eq!((rejected.days_more, rejected.days_less), (0, 2));
        // The days differ by 20 and more, the sides by one to two: pairing sees it.
        let interval = rejected.difference.interval.unwrap();
        assert!(interval.low > -4.0 && interval.high < 2.0, "{interval:?}");
        assert_eq!((lines[1].difference.n, lines[1].difference.mean), (2, 10.0));
        let mut out = Vec::new();
        table(&lines).write_csv(b',', &mut out).unwrap();
        let text = String::from_utf8(out).unwrap();
        assert!(text.contains("\nwait_s_mean,2,150,160,10,10,10,0,,2,0\n"), "{text}");
    }
}
