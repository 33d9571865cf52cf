//! Traffic as a table: CSV with a row for each way or class of road.

use sharxi_engine::region::{Effect, Scope, TrafficChange};

use super::{
    DIRECTIONS, Feed, FeedError, ONE_EFFECT, PERCENT, ROWS_MAX, SPEED, class, closed, directions,
    percent, speed,
};

/// The columns there are; `way_id` or `class` and one of the last three are needed, in any order.
pub const COLUMNS: [&str; 6] = ["way_id", "class", "direction", "speed_kmh", "percent", "closed"];

/// One row with its place, to say what is wrong with it.
struct Row<'a> {
    line: u64,
    record: &'a csv::StringRecord,
    column_of: &'a [Option<usize>; COLUMNS.len()],
}

impl Row<'_> {
    /// The value in a column; empty if there is no such column.
    fn get(&self, name: &str) -> &str {
        let column = COLUMNS.iter().position(|column| *column == name);
        let idx = column.and_then(|column| *self.column_of.get(column)?);
        idx.and_then(|idx| self.record.get(idx)).unwrap_or("")
    }

    /// The value in a column, read; `None` if it is empty.
    fn read<T>(
        &self,
        name: &str,
        allowed: &'static str,
        parse: impl Fn(&str) -> Option<T>,
    ) -> Result<Option<T>, FeedError> {
        let found = self.get(name);
        if found.is_empty() {
            return Ok(None);
        }
        parse(found).map(Some).ok_or_else(|| FeedError::Value {
            place: format!("line {} column {name}", self.line),
            found: format!("{:?}", found.chars().take(40).collect::<String>()),
            allowed,
        })
    }

    fn rule(&self, rule: &'static str) -> FeedError {
        FeedError::Rule { place: format!("line {}", self.line), rule }
    }

    fn change(&self) -> Result<TrafficChange, FeedError> {
        let way =
            self.read("way_id", "the id of an OpenStreetMap way", |text| text.parse().ok())?;
        let class = self.read("class", "a class of roads such as primary or residential", class)?;
        let scope = match (way, class) {
            (Some(way), None) => Scope::Ways(vec![way]),
            (None, Some(class)) => Scope::Class(class),
            _ => return Err(self.rule("either way_id or class must be given")),
        };
        let along = self.read("direction", DIRECTIONS, directions)?;
        let effects: [Option<Effect>; 3] = [
            self.read("speed_kmh", SPEED, |text| speed(text.parse().ok()?))?,
            self.read("percent", PERCENT, |text| percent(text.parse().ok()?))?,
            self.read("closed", "true or false", |text| text.parse().ok().map(closed))?,
        ];
        let mut given = effects.into_iter().flatten();
        let (Some(effect), None) = (given.next(), given.next()) else {
            return Err(self.rule(ONE_EFFECT));
        };
        let directions = along.unwrap_or(sharxi_engine::region::Directions::Both);
        Ok(TrafficChange { scope, directions, effect })
    }
}

/// Reads a table. `known` are the ways of the region, in order.
///
/// # Errors
/// [`FeedError`] with line and column for the first thing that is not as documented; then nothing is taken.
pub fn read(text: &[u8], known: &[i64]) -> Result<Feed, FeedError> {
    let mut reader = csv::ReaderBuilder::new().trim(csv::Trim::All).from_reader(text);
    let syntax = |error: csv::Error| FeedError::Syntax { what: error.to_string() };
    let headers = reader.headers().map_err(syntax)?.clone();
    if is_node_pairs(&headers) {
        return Err(FeedError::NodePairs);
    }
    let mut column_of = [None; COLUMNS.len()];
    for (idx, header) in headers.iter().enumerate() {
        let known = COLUMNS.iter().position(|column| *column == header);
        let Some(slot) = known.and_then(|column| column_of.get_mut(column)) else {
            let header: String = header.chars().take(40).collect();
            return Err(FeedError::Columns { what: format!("there is no column {header:?}") });
        };
        if slot.replace(idx).is_some() {
            return Err(FeedError::Columns { what: format!("column {header:?} comes twice") });
        }
    }
    let mut feed = Feed::default();
    for record in reader.records() {
        let record = record.map_err(syntax)?;
        if feed.rows == ROWS_MAX {
            return Err(FeedError::TooLong { limit: ROWS_MAX });
        }
        feed.rows += 1;
        let line = record.position().map_or(0, csv::Position::line);
        feed.push(Row { line, record: &record, column_of: &column_of }.change()?, known);
    }
    Ok(feed)
}

/// Whether the first line is one of OSRM's `from_node,to_node,speed[,rate]`, which has no names of columns, or names them so.
fn is_node_pairs(first: &csv::StringRecord) -> bool {
    let fields: Vec<&str> = first.iter().collect();
    match fields.as_slice() {
        [from, to, rest @ ..] if (1..=2).contains(&rest.len()) => {
            let are_ids = [from, to].into_iter().all(|id| id.parse::<u64>().is_ok());
            are_ids || (from.starts_with("from") && to.starts_with("to"))
        }
        _ => false,
    }
}
