//! Which runs a sweep has: every combination of the values of each key, or the lines of a list, each with every seed.

use std::io::Read;

/// Runs that a sweep may have.
pub const RUNS_MAX: usize = 1_000_000;

/// A key and the value that it is set to.
pub type Setting = (String, String);

/// Why there is no such sweep.
#[derive(Debug, thiserror::Error)]
pub enum GridError {
    /// Not `KEY=VALUES`.
    #[error("--vary {text}: must be KEY=VALUE,VALUE… or KEY=FROM..TO or KEY=FROM..TO..STEP")]
    Axis {
        /// As given.
        text: String,
    },
    /// No seeds.
    #[error("--seeds {text}: must be numbers such as 1,2,5 or a range such as 1..20")]
    Seeds {
        /// As given.
        text: String,
    },
    /// A key twice.
    #[error("{key} is varied twice")]
    Twice {
        /// Which.
        key: String,
    },
    /// More than fits.
    #[error("{found} runs are too many; at most {RUNS_MAX} are made")]
    TooMany {
        /// As asked for.
        found: usize,
    },
    /// A list that can't be read.
    #[error("read the list of runs")]
    List(#[from] csv::Error),
    /// A list without runs.
    #[error("the list of runs has no line below its keys")]
    EmptyList,
}

/// Values of one key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Axis {
    /// A key of a scenario.
    pub key: String,
    /// At least one.
    pub values: Vec<String>,
}

impl Axis {
    /// `KEY=20,40,60` or `KEY=20..60` or `KEY=20..60..20`, ends included.
    ///
    /// # Errors
    /// [`GridError::Axis`], [`GridError::TooMany`].
    pub fn parse(text: &str) -> Result<Self, GridError> {
        let error = || GridError::Axis { text: text.to_owned() };
        let (key, values) = text.split_once('=').ok_or_else(error)?;
        let key = key.trim().to_owned();
        let values = match range(values)? {
            Some(numbers) => numbers.iter().map(i64::to_string).collect(),
            None => values.split(',').map(|value| value.trim().to_owned()).collect::<Vec<_>>(),
        };
        let is_good = !key.is_empty() && !values.is_empty() && !values.contains(&String::new());
        if is_good { Ok(Self { key, values }) } else { Err(error()) }
    }
}

/// Seeds from `1,2,5` or `1..20`, ends included; a seed twice counts once.
///
/// # Errors
/// [`GridError::Seeds`], [`GridError::TooMany`].
pub fn seeds(text: &str) -> Result<Vec<u64>, GridError> {
    let error = || GridError::Seeds { text: text.to_owned() };
    let mut seeds: Vec<u64> = match range(text)? {
        Some(numbers) => {
            let seed = |&n: &i64| u64::try_from(n).map_err(|_negative| error());
            numbers.iter().map(seed).collect::<Result<_, _>>()?
        }
        None => {
            let seed = |part: &str| part.trim().parse().map_err(|_no_number| error());
            text.split(',').map(seed).collect::<Result<_, _>>()?
        }
    };
    seeds.sort_unstable();
    seeds.dedup();
    if seeds.is_empty() { Err(error()) } else { Ok(seeds) }
}

/// The whole numbers of `FROM..TO` or `FROM..TO..STEP`; `None` if it is no such range.
fn range(text: &str) -> Result<Option<Vec<i64>>, GridError> {
    let mut parts = text.split("..").map(|part| part.trim().parse::<i64>());
    let (Some(Ok(from)), Some(Ok(to))) = (parts.next(), parts.next()) else { return Ok(None) };
    let step = match (parts.next(), parts.next()) {
        (None, _) => 1,
        (Some(Ok(step)), None) if step > 0 => step,
        _ => return Ok(None),
    };
    let found = to.saturating_sub(from) / step;
    match usize::try_from(found) {
        Ok(found) if RUNS_MAX <= found => Err(GridError::TooMany { found }),
        _ => Ok(Some((from..=to).step_by(usize::try_from(step).unwrap_or(1)).collect())),
    }
}

/// Reads a list: keys in the first line, a run in each further line; an empty cell leaves the key as it is.
///
/// # Errors
/// [`GridError`].
pub fn list(input: impl Read) -> Result<Vec<Vec<Setting>>, GridError> {
    let mut reader = csv::Reader::from_reader(input);
    let keys = reader.headers()?.clone();
    let mut all = Vec::new();
    for record in reader.records() {
        let record = record?;
        let cells = keys.iter().zip(&record).map(|(key, value)| (key.trim(), value.trim()));
        let filled = cells.filter(|(_, value)| !value.is_empty());
        all.push(filled.map(|(key, value)| (key.to_owned(), value.to_owned())).collect());
        if RUNS_MAX < all.len() {
            return Err(GridError::TooMany { found: all.len() });
        }
    }
    if all.is_empty() { Err(GridError::EmptyList) } else { Ok(all) }
}

/// Every combination of the axes' values, the last axis fastest; one without settings if there is no axis.
///
/// # Errors
/// [`GridError::Twice`], [`GridError::TooMany`].
pub fn product(axes: &[Axis]) -> Result<Vec<Vec<Setting>>, GridError> {
    let mut all: Vec<Vec<Setting>> = vec![Vec::new()];
    for (idx, axis) in axes.iter().enumerate() {
        if axes[..idx].iter().any(|before| before.key == axis.key) {
            return Err(GridError::Twice { key: axis.key.clone() });
        }
        let found = all.len().saturating_mul(axis.values.len());
        if RUNS_MAX < found {
            return Err(GridError::TooMany { found });
        }
        let with = |settings: &Vec<Setting>, value: &String| {
            let mut settings = settings.clone();
            settings.push((axis.key.clone(), value.clone()));
            settings
        };
        all = all
            .iter()
            .flat_map(|settings| axis.values.iter().map(move |value| with(settings, value)))
            .collect();
    }
    Ok(all)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_are_lists_or_ranges() {
        let values = |text| Axis::parse(text).map(|axis| axis.values.join(" "));
        assert_eq!(values("fleet.taxi=20..60..20").unwrap(), "20 40 60");
        assert_eq!(values("fleet.taxi = 3..5").unwrap(), "3 4 5");
        assert_eq!(values("policy.max_wait_s=600, 900").unwrap(), "600 900");
        assert_eq!(values("fleet=a..b.csv").unwrap(), "a..b.csv");
        for wrong in ["seed", "=1", "seed=", "seed=1,,2", "seed=5..3"] {
            assert!(values(wrong).is_err(), "{wrong}");
        }
        assert!(matches!(Axis::parse("a=0..1000000"), Err(GridError::TooMany { .. })));
        assert_eq!(Axis::parse("a=0..999999").unwrap().values.len(), RUNS_MAX);
        assert_eq!(seeds("3,1,3").unwrap(), [1, 3]);
        assert_eq!(seeds("7..9").unwrap(), [7, 8, 9]);
        assert!(seeds("-1..3").is_err() && seeds("x").is_err() && seeds("").is_err());
    }

    #[test]
    fn a_grid_has_every_combination_once() {
        let axes = [Axis::parse("a=1,2").unwrap(), Axis::parse("b=x,y,z").unwrap()];
        let all = product(&axes).unwrap();
        let text = |settings: &Vec<Setting>| format!("{}{}", settings[0].1, settings[1].1);
        assert_eq!(all.iter().map(text).collect::<Vec<_>>().join(" "), "1x 1y 1z 2x 2y 2z");
        assert_eq!(product(&[]).unwrap(), [Vec::new()]);
        let twice = [axes[0].clone(), axes[0].clone()];
        assert!(matches!(product(&twice), Err(GridError::Twice { .. })));
        let wide = Axis::parse("c=1..1001").unwrap();
        let many = [Axis { key: "d".into(), ..wide.clone() }, wide];
        assert!(matches!(product(&many), Err(GridError::TooMany { found: 1_002_001 })));
    }

    #[test]
    fn a_list_has_a_run_a_line() {
        let runs = list("fleet.taxi,policy.reposition\n20,true\n30,\n".as_bytes()).unwrap();
        assert_eq!((runs[0].len(), runs[1].len()), (2, 1));
        assert!(matches!(list("a,b\n".as_bytes()), Err(GridError::EmptyList)));
        assert!(matches!(list("a,b\n1\n".as_bytes()), Err(GridError::List(_))));
    }
}
