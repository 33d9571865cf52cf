//! Columns that a file of the design may have besides its fixed ones.

use csv::StringRecord;
use sharxi_engine::units::Millis;

/// Where each of `extras` stands in a first line that begins with `fixed` and goes on with any of `extras`, each once;
/// `None` for any other first line.
#[must_use]
pub fn extras<const N: usize>(
    head: &StringRecord,
    fixed: &[&str],
    extras: &[&str; N],
) -> Option<[Option<usize>; N]> {
    if head.len() < fixed.len() || head.iter().zip(fixed).any(|(found, wanted)| found != *wanted) {
        return None;
    }
    let mut found = [None; N];
    for (idx, name) in head.iter().enumerate().skip(fixed.len()) {
        let k = extras.iter().position(|extra| *extra == name)?;
        if found[k].replace(idx).is_some() {
            return None;
        }
    }
    Some(found)
}

/// Which of the columns `names` have something in any of `rows`.
#[must_use]
pub fn filled<const N: usize>(
    names: [&str; N],
    rows: &(impl Iterator<Item = [String; N]> + Clone),
) -> Vec<usize> {
    (0..names.len()).filter(|&k| rows.clone().any(|row| !row[k].is_empty())).collect()
}

/// Seconds up to `most`, rounded to milliseconds.
#[must_use]
#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "the range is checked")]
pub fn seconds(text: &str, most: Millis) -> Option<Millis> {
    let seconds: f64 = text.parse().ok()?;
    let is_possible = (0.0..=most.as_secs_f64()).contains(&seconds);
    is_possible.then(|| Millis::new((seconds * 1000.0).round() as u32))
}
