//! The tables of a sweep: a row for each run, and a row for each setting over its seeds.

use std::collections::BTreeMap;
use std::fs::File;
use std::path::Path;

use serde_json::Value;

use crate::stats;
use crate::study::{self, StudyError};
use crate::sweep::grid::Setting;
use crate::sweep::runner::Manifest;
use crate::table::{Cell, Table, TableError};

/// Confidence of the intervals in `summary`.
pub const CONFIDENCE: f64 = 0.95;

/// Why the tables can't be written.
#[derive(Debug, thiserror::Error)]
#[expect(missing_docs, reason = "each variant is the error of the part that it names")]
pub enum ResultsError {
    #[error(transparent)]
    Table(#[from] TableError),
    #[error(transparent)]
    File(#[from] StudyError),
}

/// A row for each run: its name, seed, settings, breaches, and every figure. Figures that are objects have a column for
/// each part, such as `wait_s_p95`.
#[must_use]
pub fn runs(manifests: &[Manifest]) -> Table {
    let mut table = Table::new(["run", "seed"]);
    for manifest in manifests {
        let mut row = vec![
            ("run".to_owned(), Cell::Text(manifest.run.clone())),
            ("seed".to_owned(), Cell::from(&Value::from(manifest.inputs.seed))),
        ];
        row.extend(settings_cells(&manifest.inputs.settings));
        let breaches = manifest.audit_breaches.and_then(|n| i64::try_from(n).ok());
        row.push(("audit_breaches".to_owned(), breaches.map_or(Cell::Empty, Cell::Whole)));
        row.extend(figures(&manifest.kpi));
        table.push(row);
    }
    table
}

/// A row for each setting: how many days, and of every figure its mean over them with the interval by Student's t.
#[must_use]
pub fn summary(manifests: &[Manifest]) -> Table {
    let mut order: Vec<&[Setting]> = Vec::new();
    let mut days: BTreeMap<&[Setting], Vec<&Manifest>> = BTreeMap::new();
    for manifest in manifests {
        let settings = manifest.inputs.settings.as_slice();
        let of_setting = days.entry(settings).or_default();
        if of_setting.is_empty() {
            order.push(settings);
        }
        of_setting.push(manifest);
    }
    let mut table = Table::new(["days"]);
    for settings in order {
        let manifests = &days[settings];
        let mut row = settings_cells(settings);
        row.push(("days".to_owned(), Cell::Whole(i64::try_from(manifests.len()).unwrap_or(0))));
        let all: Vec<BTreeMap<String, Cell>> =
            manifests.iter().map(|manifest| figures(&manifest.kpi).collect()).collect();
        for (name, _) in manifests.first().iter().flat_map(|first| figures(&first.kpi)) {
            let values: Vec<f64> = all.iter().filter_map(|day| day.get(&name)?.number()).collect();
            let Some(mean) = stats::paired(&values, CONFIDENCE) else { continue };
            row.push((name.clone(), Cell::Real(rounded(mean.mean))));
            if let Some(interval) = mean.interval {
                row.push((format!("{name}_low"), Cell::Real(rounded(interval.low))));
                row.push((format!("{name}_high"), Cell::Real(rounded(interval.high))));
            }
        }
        table.push(row);
    }
    table
}

/// Writes `NAME.csv` and `NAME.parquet` into `folder`.
///
/// # Errors
/// [`ResultsError`].
pub fn write(folder: &Path, name: &str, table: &Table) -> Result<(), ResultsError> {
    table.write_csv(b',', study::create(&folder.join(format!("{name}.csv")))?)?;
    let path = folder.join(format!("{name}.parquet"));
    let file = File::create(&path).map_err(|source| StudyError::File { path, source })?;
    table.write_parquet(file)?;
    Ok(())
}

/// The figures of `kpi.json` as cells; an object becomes a cell for each of its parts.
pub fn figures(kpi: &Value) -> impl Iterator<Item = (String, Cell)> + '_ {
    let fields = kpi.as_object().into_iter().flatten();
    fields.flat_map(|(name, value)| match value {
        Value::Object(parts) => {
            let part = |(part, value): (&String, &Value)| (format!("{name}_{part}"), value.into());
            parts.iter().map(part).collect::<Vec<_>>()
        }
        other => vec![(name.clone(), other.into())],
    })
}

/// Settings as cells: numbers and switches as such.
fn settings_cells(settings: &[Setting]) -> Vec<(String, Cell)> {
    let cell = |text: &str| match serde_json::from_str::<Value>(text) {
        Ok(value @ (Value::Number(_) | Value::Bool(_))) => Cell::from(&value),
        _ => Cell::Text(text.to_owned()),
    };
    settings.iter().map(|(key, value)| (key.clone(), cell(value))).collect()
}

/// To a millionth: sums in another order would differ far behind that.
fn rounded(value: f64) -> f64 {
    (value * 1e6).round() / 1e6 + 0.0
}
