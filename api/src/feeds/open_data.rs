//! Waits and coverage by cell, as CSV and GeoJSON. What may be told is decided in [`super::waits`] and [`super::live`].

use serde_json::{Value, json};

use super::live::Live;
use super::model::Feeds;
use super::waits::{Cell, K};

/// What is measured in each cell: its name and the value of each row.
type Column<'a> = (&'static str, Vec<Value>);

/// A table with a row for each cell.
pub struct Cells<'a> {
    cells: Vec<Cell>,
    columns: Vec<Column<'a>>,
    feeds: &'a Feeds,
}

/// The tables by name.
pub const TABLES: [&str; 2] = ["waits", "coverage"];

/// A table by name; `None` if there is no such one.
#[must_use]
pub fn table<'a>(name: &str, feeds: &'a Feeds, live: &Live) -> Option<Cells<'a>> {
    match name {
        "waits" => {
            let rows = &live.waits;
            let column = |name, value: &dyn Fn(&super::waits::Tally) -> Value| {
                (name, rows.iter().map(|(_, tally)| value(tally)).collect())
            };
            Some(Cells {
                cells: rows.iter().map(|&(cell, _)| cell).collect(),
                columns: vec![
                    column("rides", &|tally| json!(tally.rides)),
                    column("wait_mean_s", &|tally| {
                        json!((tally.wait_ms / tally.rides.max(1)).div_ceil(1000))
                    }),
                    column("within_5_min", &|tally| share(tally.within[0], tally.rides)),
                    column("within_10_min", &|tally| share(tally.within[1], tally.rides)),
                    column("within_15_min", &|tally| share(tally.within[2], tally.rides)),
                ],
                feeds,
            })
        }
        "coverage" => {
            let rows = &live.covered;
            let column = |name, value: &dyn Fn(&super::live::Covered) -> Value| {
                (name, rows.iter().map(|(_, covered)| value(covered)).collect())
            };
            Some(Cells {
                cells: rows.iter().map(|&(cell, _)| cell).collect(),
                columns: vec![
                    column("inhabitants", &|covered| json!(covered.inhabitants)),
                    column("samples", &|covered| json!(covered.samples)),
                    column("covered_share", &|covered| share(covered.within, covered.samples)),
                ],
                feeds,
            })
        }
        _ => None,
    }
}

/// Rounded to thousandths.
#[expect(clippy::cast_precision_loss, reason = "counts in a report")]
fn share(part: u64, whole: u64) -> Value {
    json!((part as f64 / whole.max(1) as f64 * 1000.0).round() / 1000.0)
}

impl Cells<'_> {
    /// With one line a cell, named by its centre.
    ///
    /// # Errors
    /// [`csv::Error`], which does not happen in memory.
    pub fn csv(&self) -> Result<Vec<u8>, csv::Error> {
        let mut writer = csv::Writer::from_writer(Vec::new());
        let names = self.columns.iter().map(|(name, _)| *name);
        writer.write_record(["cell", "lat", "lon"].into_iter().chain(names))?;
        for (nth, &cell) in self.cells.iter().enumerate() {
            let [[south, west], [north, east]] = self.feeds.grid.corners(cell);
            let centre =
                [(south, north), (west, east)].map(|(a, b)| format!("{:.5}", f64::midpoint(a, b)));
            let values = self.columns.iter().filter_map(|(_, values)| values.get(nth));
            writer.write_record(
                [name(cell)].into_iter().chain(centre).chain(values.map(ToString::to_string)),
            )?;
        }
        writer.into_inner().map_err(|error| error.into_error().into())
    }

    /// With one square a cell.
    #[must_use]
    pub fn geojson(&self) -> Value {
        let feature = |(nth, &cell): (usize, &Cell)| {
            let [[south, west], [north, east]] = self.feeds.grid.corners(cell);
            let ring = [[west, south], [east, south], [east, north], [west, north], [west, south]];
            let values = self
                .columns
                .iter()
                .filter_map(|(name, values)| Some(((*name).to_owned(), values.get(nth)?.clone())));
            let properties: serde_json::Map<String, Value> = values.collect();
            json!({ "type": "Feature", "id": name(cell), "properties": properties,
                    "geometry": { "type": "Polygon", "coordinates": [ring] } })
        };
        let features: Vec<Value> = self.cells.iter().enumerate().map(feature).collect();
        json!({ "type": "FeatureCollection", "features": features })
    }
}

fn name((x, y): Cell) -> String {
    format!("{x}_{y}")
}

/// What there is, and by which rules.
#[must_use]
pub fn index(feeds: &Feeds) -> Value {
    let files = TABLES.iter().flat_map(|table| {
        ["csv", "geojson"].map(|ending| format!("{}/open-data/{table}.{ending}", feeds.public_url))
    });
    let feeds_at =
        ["gofs/gofs.json", "gtfs-flex.zip", "gtfs-rt/vehicle-positions.pb", "gtfs-rt/alerts.pb"]
            .map(|name| format!("{}/feeds/{name}", feeds.public_url));
    json!({ "title": feeds.name, "files": files.collect::<Vec<_>>(), "k": K, "feeds": feeds_at })
}
