//! Unknown keys are errors that name the nearest known one.

/// A key that is none.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub struct UnknownKey {
    table: String,
    key: String,
    nearest: Option<String>,
}

impl std::fmt::Display for UnknownKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Self { table, key, nearest } = self;
        let dot = if table.is_empty() { "" } else { "." };
        write!(f, "read {table}{dot}{key}: there is no such key")?;
        match nearest {
            Some(nearest) => write!(f, "; did you mean {nearest}?"),
            None => Ok(()),
        }
    }
}

/// Whether every key of `table`, called `name`, is one of `known`.
///
/// # Errors
/// [`UnknownKey`] for the first that is not.
pub fn check_keys(name: &str, table: &toml::Table, known: &[&str]) -> Result<(), UnknownKey> {
    match table.keys().find(|key| !known.contains(&key.as_str())) {
        Some(key) => {
            let (table, key) = (name.to_owned(), key.clone());
            let nearest = nearest(&key, known).map(str::to_owned);
            Err(UnknownKey { table, key, nearest })
        }
        None => Ok(()),
    }
}

/// The known key most like `key`, the first in order among equals; none if all are quite unlike it.
#[must_use]
pub fn nearest<'a>(key: &str, known: &[&'a str]) -> Option<&'a str> {
    const LIKE: f64 = 0.7;
    let mut best: Option<(f64, &str)> = None;
    for &candidate in known {
        let like = strsim::jaro_winkler(key, candidate);
        if LIKE <= like && best.is_none_or(|(most, _)| most < like) {
            best = Some((like, candidate));
        }
    }
    best.map(|(_, candidate)| candidate)
}
